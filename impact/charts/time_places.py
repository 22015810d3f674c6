"""Where everything stands on a change's time axis: days from left to right, panels and lanes in pixels. Knows no marks.

One horizontal scale for both panels: what happened above, the plan below. Pixels count downwards from the top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from impact.charts.series import Point
from impact.portfolio import ChangeView, MilestoneView
from impact.words.timeline_words import END_NAMES, by_end

HEAD, UPPER, SEAM, HEADING, ROW, FOOT = 46.0, 214.0, 34.0, 21.0, 20.0, 44.0
"""Heights: names of rollout and windows, the upper panel, the months, a heading, a lane, today and the legend."""
GUTTER = 212
"""Width left of the first day for the names of lanes and the values."""
USUAL_WIDTH = 880.0
CHARACTER = 6.8
"""Pixels that days get on a projector, and a letter takes: how far a text reaches is told from these."""
BEFORE, AFTER = 126, 126
"""Days shown at most around a rollout: more, and the compared windows can no longer be read."""
BACK, AHEAD = 240, 180
"""The same around today, for a change that is not live."""
LEAST = 21
MOST_STEPS = 14
"""Milestones with a lane of their own; of more, the ones nearest to the rollout and those that are open."""
MARGIN = 5


@dataclass(frozen=True)
class Lane:
    """A line of the lower panel: a heading, a milestone, or something named."""

    name: str
    top: float
    heading: bool = False
    step: MilestoneView | None = None
    key: str = ""

    @property
    def y(self) -> float:
        """The middle."""
        return self.top + (HEADING if self.heading else ROW) / 2


@dataclass(frozen=True)
class Places:
    """The whole drawing: days ``first`` to ``last``, lanes, and the values of the upper panel where there is one."""

    first: date
    last: date
    lanes: tuple[Lane, ...]
    low: float | None
    high: float | None
    ticks: tuple[float, ...]

    @property
    def seam(self) -> float:
        """Foot of the upper panel."""
        return HEAD + (UPPER if self.low is not None else 0.0)

    @property
    def bottom(self) -> float:
        """Foot of the lower panel."""
        last = self.lanes[-1].top + (HEADING if self.lanes[-1].heading else ROW) if self.lanes else self.seam + SEAM
        return last + 4

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        return self.bottom + FOOT

    def y(self, value: float | None) -> float | None:
        """Height of a value in the upper panel; None for an unknown one."""
        if value is None or self.low is None or self.high is None or not math.isfinite(value):
            return None
        part = (value - self.low) / (self.high - self.low)
        return HEAD + UPPER * (1 - max(0.0, min(1.0, part)))

    def shows(self, on: date | None) -> bool:
        """Whether a day lies inside."""
        return on is not None and self.first <= on <= self.last

    def part(self, on: date) -> float:
        """How far from the left a day lies, 0 to 1."""
        return max(0.0, min(1.0, (on - self.first).days / (self.last - self.first).days))


def reach(text: str) -> float:
    """How far a text reaches, as a part of the days' width."""
    return (len(text) * CHARACTER + 14) / USUAL_WIDTH


def places(
    change: ChangeView, weeks: Sequence[Point], *, days: tuple[date, date], named: Sequence[tuple[str, str]]
) -> Places:
    """Lay the drawing out between two ``days``. ``named`` are the key and name of lanes below the milestones, "" as key
    for a heading."""
    low, high, ticks = _values(weeks)
    top = HEAD + (UPPER if low is not None else 0.0) + SEAM
    lanes: list[Lane] = []
    parts: list[tuple[str, MilestoneView | None, str]] = []
    for end, steps in by_end(_chosen(change)):
        parts += [(END_NAMES[end], None, ""), *((step.title, step, "milestone") for step in steps)]
    parts += [(name, None, key) for key, name in named]
    for name, step, key in parts:
        lanes.append(Lane(name, top, not key, step, key))
        top += ROW if key else HEADING
    return Places(*days, tuple(lanes), low, high, ticks)


def _chosen(change: ChangeView) -> Sequence[MilestoneView]:
    steps = [m for m in change.milestones if m.status != "cancelled"]
    if len(steps) <= MOST_STEPS:
        return steps
    middle = change.rollout_on or change.planned_on

    def far(step: MilestoneView) -> tuple[bool, int]:
        on = step.done_on or step.due_on
        return step.status == "done", abs((on - middle).days) if on and middle else 10_000

    kept = set(map(id, sorted(steps, key=far)[:MOST_STEPS]))
    return [step for step in steps if id(step) in kept]


def ends(
    change: ChangeView, *, today: date, days: tuple[date, date] | None, more: Sequence[date] = ()
) -> tuple[date, date]:
    """First and last day drawn: the figures' own ``days`` and what of the plan and of ``more`` lies near enough."""
    planned = [d for m in change.milestones if m.status != "cancelled" for d in (m.due_on, m.done_on)]
    known = [d for d in (*planned, *more, change.planned_on, change.rollout_on, today) if d is not None]
    live = change.rollout_on is not None
    middle = change.rollout_on or today
    back, ahead = (BEFORE, AFTER) if live else (BACK, AHEAD)
    known += [*(days or ()), middle - timedelta(days=LEAST), middle + timedelta(days=LEAST)]
    inside = [d for d in known if -back <= (d - middle).days <= ahead]
    return min(inside) - timedelta(days=MARGIN), max(inside) + timedelta(days=MARGIN)


def _values(weeks: Sequence[Point]) -> tuple[float | None, float | None, tuple[float, ...]]:
    """Ends of the upper panel's scale and its ticks; None without figures."""
    found = [v for w in weeks for v in (w.observed, w.expected, w.low, w.high) if math.isfinite(v)]
    if not found:
        return None, None, ()
    low, high = min(found), max(found)
    step = _nice((high - low) / 4 or abs(high) / 4 or 1.0)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    if last <= first:
        last = first + step
    count = round((last - first) / step)
    return first, last, tuple(first + step * i for i in range(count + 1))


def _nice(step: float) -> float:
    """The next larger of 1, 2, 2.5, 5 and their tenfolds."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * part for part in (1.0, 2.0, 2.5, 5.0, 10.0) if size * part >= step * 0.999)
