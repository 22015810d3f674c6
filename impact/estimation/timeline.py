"""Which recorded changes lie how close to each other on a service, and which window shapes they leave room for.

Knows dates and services only, no figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from impact.estimation.panel import Bools, Floats, Ints, Panel, Rollout, Shape

FAR = 10**7
"""Days to a neighbour that does not exist."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Rollouts sorted by change, service and date, without repetitions, beside arrays of the same length.

    ``service`` is the row of the panel (-1: not in it), ``day`` the day index (may lie outside the panel),
    ``since`` and ``until`` the days from the previous and to the next rollout on the service (0: same day).
    ``by_service`` orders rollouts by service and day; ``place`` is where each stands in that order.
    """

    rollouts: tuple[Rollout, ...]
    service: Ints
    day: Ints
    since: Ints
    until: Ints
    by_service: Ints
    place: tuple[int, ...]

    def separable(self, shapes: Sequence[Shape]) -> Bools:
        """(rollouts, shapes): no other change on the service from the first to the last day of the windows."""
        pre = np.array([shape.pre for shape in shapes])
        reach = np.array([shape.reach for shape in shapes])
        return np.asarray((self.since[:, None] > pre) & (self.until[:, None] > reach))

    def blocking(self, index: int, shape: Shape) -> tuple[str, ...]:
        """Changes on the same service within the windows of ``shape`` around a rollout, sorted; also the change's
        own id when it went live on the service more than once."""
        row = self.row
        place = self.place[index]
        service, day, _ = row[place]
        first, last = day - shape.pre, day + shape.reach
        names: set[str] = set()
        for step in (-1, 1):
            k = place + step
            while 0 <= k < len(row) and row[k][0] == service and first <= row[k][1] <= last:
                names.add(row[k][2])
                k += step
        return tuple(sorted(names))

    @cached_property
    def placed(self) -> list[bool]:
        """Whether the panel has the service, per rollout."""
        return [s >= 0 for s in self.service.tolist()]

    @cached_property
    def room(self) -> list[int]:
        """Days to the nearer neighbour on the service, per rollout."""
        return [int(x) for x in np.minimum(self.since, self.until).tolist()]

    @cached_property
    def row(self) -> list[tuple[int, int, str]]:
        """Service, day and change of every rollout, by service and day."""
        order = self.by_service
        names = [self.rollouts[i].change_id for i in order.tolist()]
        return list(zip(self.service[order].tolist(), self.day[order].tolist(), names, strict=True))

    def counts(self, panel: Panel) -> Floats:
        """Number of rollouts per service and day of the panel."""
        out = np.zeros(panel.total.shape)
        inside = (self.service >= 0) & (self.day >= 0) & (self.day < panel.day_count)
        np.add.at(out, (self.service[inside], self.day[inside]), 1.0)
        return out


def timeline(panel: Panel, rollouts: Sequence[Rollout]) -> Timeline:
    """Place rollouts on a panel; repeated ones count once, in whatever order they come."""
    unique = sorted(set(rollouts), key=lambda r: (r.change_id, r.service, r.on))
    row = {name: i for i, name in enumerate(panel.services)}
    service = np.array([row.get(r.service, -1) for r in unique], dtype=np.int64)
    first = panel.first_on.toordinal()
    day = np.array([r.on.toordinal() - first for r in unique], dtype=np.int64)
    order = np.lexsort((day, service))
    since, until = np.full(len(unique), FAR), np.full(len(unique), FAR)
    if len(unique) > 1:
        near, far = order[:-1], order[1:]
        same = (service[near] == service[far]) & (service[near] >= 0)
        gap = day[far] - day[near]
        until[near[same]] = gap[same]
        since[far[same]] = gap[same]
        tied = gap == 0
        until[far[same & tied]] = 0
        since[near[same & tied]] = 0
    return Timeline(tuple(unique), service, day, since, until, order, tuple(np.argsort(order).tolist()))
