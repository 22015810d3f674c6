"""Which rollouts on a service follow each other so closely that they can only be read as one, and with which windows.

Knows dates only, no figures. Which windows are read follows from the dates of the rollouts alone, never from where the
data end: a reading is made once, when its days are over, and does not change with every further day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from impact.estimation.panel import Shape
from impact.estimation.readings import ramp
from impact.estimation.timeline import FAR, Timeline

LONGEST_RUN = 27
"""Days from the first to the last day of rollouts read as one: more, and before and after are months apart."""


@dataclass(frozen=True)
class Run:
    """Rollouts on one service (row of the panel) that are read as one, from day ``first`` to day ``last``.

    ``since`` and ``until`` are the days from the rollout before and to the one after. ``changes`` are sorted.
    """

    service: int
    first: int
    last: int
    since: int
    until: int
    changes: tuple[str, ...]

    @property
    def lead(self) -> int:
        """Days from the first rollout to the first day after the last, rounded up so that few shapes are read."""
        return 1 if self.last == self.first else 1 + ramp(self.last - self.first)

    def fits(self, shape: Shape) -> bool:
        """No other rollout on the service in the windows, and none of its own either."""
        room = self.first + shape.reach < self.last + self.until
        return room and self.since > shape.pre and shape.lead >= self.lead

    def complete(self, shape: Shape, days: int) -> bool:
        """The first ``days`` days of the panel hold both windows."""
        return self.first >= shape.pre and self.first + shape.reach < days

    def largest(self, sizes: Sequence[tuple[int, int]]) -> Shape | None:
        """The shape with the most information that fits, of windows given as days before and after."""
        lead, room = self.lead, self.last + self.until - self.first
        fits = [(pre, post) for pre, post in sizes if lead + post - 1 < room and self.since > pre]
        if not fits:
            return None
        _, pre, post = max((pre * post / (pre + post), pre, post) for pre, post in fits)
        return Shape(pre, post, lead)


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of all rollouts of a timeline, found when asked for.

    ``least`` is the smallest window, days before and after, that must lie between a run and the rollouts around it.
    """

    line: Timeline
    least: tuple[int, int]
    known: dict[int, Run | None] = field(default_factory=dict)
    rows: dict[int, _Row] = field(default_factory=dict)

    def around(self, index: int) -> Run | None:
        """The run of a rollout: with it the rollouts too close to it, those too close to these, and so on.

        None for services that the panel does not have, and where that goes on for more than four weeks.
        """
        if index not in self.known:
            self.known[index] = self._found(index)
        return self.known[index]

    def _found(self, index: int) -> Run | None:
        if not self.line.placed[index]:
            return None
        row = self._row(int(self.line.service[index]))
        low = high = row.order.index(index)
        pre, post = self.least
        while row.last[high] - row.first[low] <= LONGEST_RUN:
            since, until = row.since(low), row.until(low, high)
            if since <= pre:
                low -= 1
            elif until <= post:
                high += 1
            else:
                last = max(row.last[low : high + 1])
                changes = tuple(sorted(set(row.change[low : high + 1])))
                whole = last - row.first[low] <= LONGEST_RUN
                return Run(row.service, row.first[low], last, since, until, changes) if whole else None
        return None

    def _row(self, service: int) -> _Row:
        if not self.rows:
            self.rows.update(_rows(self.line))
        return self.rows[service]


@dataclass(frozen=True)
class _Row:
    """Rollouts of one service by first day: indexes into the timeline, days, changes, and the latest end so far."""

    service: int
    order: list[int]
    first: list[int]
    last: list[int]
    latest: list[int]
    change: list[str]

    def since(self, low: int) -> int:
        """Days from the end of all rollouts before the one at ``low``."""
        return self.first[low] - self.latest[low - 1] if low else FAR

    def until(self, low: int, high: int) -> int:
        """Days from the end of the rollouts at ``low`` to ``high`` to the next."""
        if high + 1 == len(self.order):
            return FAR
        return self.first[high + 1] - (self.last[low] if low == high else max(self.last[low : high + 1]))


def _rows(line: Timeline) -> dict[int, _Row]:
    day, lasted, service = line.day.tolist(), line.lasted.tolist(), line.service.tolist()
    own: dict[int, list[int]] = {}
    for i in line.by_service.tolist():
        own.setdefault(service[i], []).append(i)
    rows = {}
    for s, order in own.items():
        last = [day[i] + lasted[i] for i in order]
        latest = list(last)
        for k in range(1, len(last)):
            latest[k] = max(latest[k - 1], last[k])
        names = [line.rollouts[i].change_id for i in order]
        rows[s] = _Row(s, order, [day[i] for i in order], last, latest, names)
    return rows
