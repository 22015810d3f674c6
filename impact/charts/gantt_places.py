"""Where everything stands on the portfolio timeline: rows in pixels, days as shares of the width. Knows no marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

from impact.portfolio import ChangeView

By = Literal["team", "service"]
FREEZES, MONTHS_HIGH, HEADING, ROW, FOOT = 24.0, 24.0, 25.0, 26.0, 38.0
"""Heights in pixels: names of freezes where there are any, months, a group's heading, a change, the legend."""
NAMES_END, START, END = 0.262, 0.272, 0.994
"""Where names end and days begin and end, as shares of the width."""
JUDGED = 14
"""Days after a rollout that are compared at least: its bar is drawn for these, as far as they are over."""
LEAST_BACK, LEAST_AHEAD, MOST_BACK, MOST_AHEAD = 70, 42, 730, 365
NO_TEAM, NO_SERVICE = "No team", "No service linked"

Entry = tuple[str, ChangeView]
"""A line of the timeline: the name of its group, and the change."""


@dataclass(frozen=True)
class Row:
    """A line from ``top`` to ``bottom``: a group's heading, or a change. ``count`` of the group's lines are drawn, of
    ``total`` on all pages."""

    top: float
    bottom: float
    group: str
    count: int
    total: int
    change: ChangeView | None = None

    @property
    def y(self) -> float:
        """The middle."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Days:
    """The days drawn, from ``first`` to ``last``, and today."""

    first: date
    last: date
    today: date

    def x(self, on: date) -> float:
        """Place of a day on the width, cut at the edges."""
        part = (on - self.first).days / (self.last - self.first).days
        return START + (END - START) * max(0.0, min(1.0, part))

    def shows(self, on: date | None) -> bool:
        """Whether a day lies inside."""
        return on is not None and self.first <= on <= self.last

    def touches(self, first: date, last: date) -> bool:
        """Whether any of these days lies inside."""
        return first <= self.last and last >= self.first


@dataclass(frozen=True)
class Course:
    """The days of one change: planned from and to, worked on until it was live (or until today), and the days after.

    Each pair is None where nothing of it is known or has begun.
    """

    planned: tuple[date, date] | None
    before: tuple[date, date] | None
    after: tuple[date, date] | None


def course(change: ChangeView, today: date) -> Course:
    """From its first milestone or planned start to its end, planned and actual."""
    steps = [m for m in change.milestones if m.status != "cancelled"]
    plan = [d for m in steps for d in (m.planned_start_on, m.due_on)] + [change.planned_on, change.planned_end_on]
    planned = sorted(d for d in plan if d is not None)
    done = sorted(m.done_on for m in steps if m.done_on is not None)
    begun = [d for d in (*(m.planned_start_on for m in steps), *done[:1]) if d is not None and d <= today]
    live, stopped = change.rollout_on, change.status == "cancelled"
    first = min(begun, default=live)
    until = live or (max(done, default=None) if stopped else today)
    after = None
    if live is not None:
        waits = any(m.done_on is None and m.status not in ("done", "cancelled") for m in steps)
        last = max([live + timedelta(days=JUDGED), change.rollout_to or live, *done, *([today] if waits else [])])
        after = (live, max(live, min(last, today)))
    return Course(
        (planned[0], planned[-1]) if planned else None,
        (first, until) if first is not None and until is not None and first <= until else None,
        after,
    )


def entries(changes: Sequence[ChangeView], by: By) -> tuple[Entry, ...]:
    """The lines in reading order: groups by name, those without a team or service last, inside a group by the day of
    the rollout. A change on several services has a line at each."""
    found: list[Entry] = []
    for change in changes:
        if by == "team":
            found.append((change.team or NO_TEAM, change))
        else:
            names = sorted({service.name for service in change.services}) or [NO_SERVICE]
            found += [(name, change) for name in names]
    last = date.max

    def order(entry: Entry) -> tuple[bool, str, str, date, str]:
        name, change = entry
        on = change.rollout_on or change.planned_on or last
        return name in (NO_TEAM, NO_SERVICE), name.casefold(), name, on, change.number

    return tuple(sorted(found, key=order))


def rows_of(lines: Sequence[Entry], *, head: float, totals: dict[str, int] | None = None) -> tuple[Row, ...]:
    """Headings and changes below ``head``, each with its place. ``totals``: lines of each group on all pages."""
    rows: list[Row] = []
    top = head
    for name, mine in groupby(lines, key=lambda entry: entry[0]):
        changes = [change for _, change in mine]
        for index, change in enumerate([None, *changes]):
            height = ROW if index else HEADING
            rows.append(Row(top, top + height, name, len(changes), (totals or {}).get(name, len(changes)), change))
            top += height
    return tuple(rows)


def days_of(changes: Sequence[ChangeView], today: date, *, reach: int | None) -> Days:
    """The days to draw: as far around today as the period reaches, and no further than there is anything."""
    courses = [course(change, today) for change in changes]
    known = [d for c in courses for pair in (c.planned, c.before, c.after) if pair for d in pair]
    back = min(MOST_BACK, (reach or MOST_BACK) + 35)
    ahead = min(MOST_AHEAD, (reach or MOST_AHEAD) + 35)
    first = max(min([*known, today - timedelta(days=LEAST_BACK)]), today - timedelta(days=back))
    last = min(max([*known, today + timedelta(days=LEAST_AHEAD)]), today + timedelta(days=ahead))
    return Days(first - timedelta(days=4), last + timedelta(days=4), today)
