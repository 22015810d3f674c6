"""Where everything stands on the board: rows in pixels, columns as shares of the width. Knows no marks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from impact.metrics import Metric
from impact.portfolio import ChangeView
from impact.verdict import GROUPS, Group

GROUP_NAMES: dict[Group, str] = {
    "decide": "Needs a decision",
    "early": "Too early to tell",
    "open": "Open questions",
    "landed": "Landed well",
    "coming": "Coming up",
}
HEAD, HEADING, ROW, FOOT = 58, 24, 26, 34
"""Heights in pixels: column titles, a group's heading, a change, the legend."""
LABEL_END, STRIPS_END, PLAN_START, PLAN_END, NEXT_START = 0.240, 0.618, 0.636, 0.842, 0.856
"""Where the parts end, as shares of the width: names, effects, plan, next step."""
STRIP_GAP = 0.012
LIMITS = {"percent": math.log(2.0), "points": 1.0, "share": 0.20}
"""Half width of the scales on the effect's own scale: half to double of what was expected (a log ratio), points of a
rating, 20 percentage points. Fixed, so that pictures of different days can be compared; what reaches beyond is clipped
and marked."""
ENDS = {"percent": ("−50", "+100"), "points": ("−1", "+1"), "share": ("−20", "+20")}
UNITS = {"percent": "%", "points": "of 5", "share": "points"}
LONGEST_TITLE = 15
DAYS_BACK, DAYS_AHEAD, DAYS_LEAST = 300, 150, 60


@dataclass(frozen=True)
class Row:
    """A line of the board, from ``top`` to ``bottom`` in pixels: a group's heading, or a change. ``count`` changes of
    the group are drawn, of ``total`` on all pages."""

    top: float
    bottom: float
    group: Group
    count: int
    total: int
    change: ChangeView | None = None

    @property
    def y(self) -> float:
        """The middle."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Strip:
    """The column of one measure: where it lies and how an effect is placed in it."""

    metric: Metric
    left: float
    right: float

    @property
    def limit(self) -> float:
        """Half width of the scale, on the effect's own scale."""
        return LIMITS[self.metric.scale]

    @property
    def title(self) -> str:
        """The measure's name, short enough for a narrow window."""
        return self.metric.label if len(self.metric.label) <= LONGEST_TITLE else self.metric.short

    def x(self, effect: float, *, within: float = 1.0) -> float:
        """Place of an effect on the width, clipped to the strip or to a part of it."""
        part = max(-within, min(within, effect / self.limit))
        return self.left + (self.right - self.left) * (part + 1) / 2


@dataclass(frozen=True)
class Plan:
    """The column of milestones: dates from ``first`` to ``last``."""

    first: date
    last: date
    today: date

    def x(self, on: date) -> float:
        """Place of a day on the width; clipped to the column."""
        part = (on - self.first).days / (self.last - self.first).days
        return PLAN_START + (PLAN_END - PLAN_START) * max(0.0, min(1.0, part))

    def shows(self, on: date | None) -> bool:
        """Whether a day lies inside."""
        return on is not None and self.first <= on <= self.last


def rows_of(changes: Sequence[ChangeView], totals: Mapping[Group, int] | None = None) -> tuple[Row, ...]:
    """Headings and changes in reading order, each with its place. Groups without a change have no heading.
    ``totals``: how many changes each group has on all pages, where these are one page of several."""
    rows: list[Row] = []
    top = float(HEAD)
    for name in GROUPS:
        mine = [change for change in changes if change.group == name]
        for index, change in enumerate([None, *mine] if mine else []):
            height = HEADING if index == 0 else ROW
            rows.append(Row(top, top + height, name, len(mine), (totals or {}).get(name, len(mine)), change))
            top += height
    return tuple(rows)


def strips_of(metrics: Sequence[Metric]) -> tuple[Strip, ...]:
    """Columns for the board measures that have facts, side by side."""
    shown = sorted((m for m in metrics if m.on_board), key=lambda m: m.on_board or 0)
    width = (STRIPS_END - LABEL_END) / max(1, len(shown))
    starts = (LABEL_END + i * width for i in range(len(shown)))
    gap = STRIP_GAP / 2
    return tuple(Strip(m, left + gap, left + width - gap) for m, left in zip(shown, starts, strict=True))


def plan_of(changes: Sequence[ChangeView], today: date) -> Plan:
    """A time scale around today that holds the shown milestones, at most 10 months back and 5 ahead."""
    days = [d for c in changes for d in _dates(c)]
    first = max(min([*days, today - timedelta(DAYS_LEAST)]), today - timedelta(DAYS_BACK))
    last = min(max([*days, today + timedelta(DAYS_LEAST)]), today + timedelta(DAYS_AHEAD))
    return Plan(first - timedelta(5), last + timedelta(5), today)


def _dates(change: ChangeView) -> list[date]:
    found = [d for m in change.milestones for d in (m.due_on, m.done_on)]
    return [d for d in (*found, change.rollout_on, change.planned_on) if d is not None]
