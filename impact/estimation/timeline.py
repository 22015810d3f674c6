"""Which recorded changes lie how close to each other on a service, and which window shapes they leave room for.

Knows dates and services only, no figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from impact.estimation.panel import Bools, Floats, Ints, Panel, Rollout, Shape

FAR = 10**7
"""Days to a neighbour that does not exist."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Rollouts sorted by change, service and date, without repetitions, beside arrays of the same length.

    ``service`` is the row of the panel (-1: not in it), ``day`` the day index (may lie outside the panel), ``lasted``
    the days from the first to the last day of a gradual rollout (0: one day). ``since`` is the days from the last day
    of the rollouts before it on the service, ``until`` those to the first day of the next (0: at the same time).
    ``by_service`` orders rollouts by service and day; ``place`` is where each stands in that order.
    """

    rollouts: tuple[Rollout, ...]
    service: Ints
    day: Ints
    lasted: Ints
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
        row, longest = self.row, self.longest
        place = self.place[index]
        service, day, *_ = row[place]
        first, last = day - shape.pre, day + shape.reach
        names: set[str] = set()
        k = place - 1
        while k >= 0 and row[k][0] == service and row[k][1] + longest >= first:
            if row[k][1] + row[k][2] >= first:
                names.add(row[k][3])
            k -= 1
        k = place + 1
        while k < len(row) and row[k][0] == service and row[k][1] <= last:
            names.add(row[k][3])
            k += 1
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
    def row(self) -> list[tuple[int, int, int, str]]:
        """Service, first day, further days and change of every rollout, by service and day."""
        order = self.by_service
        names = [self.rollouts[i].change_id for i in order.tolist()]
        return list(
            zip(self.service[order].tolist(), self.day[order].tolist(), self.lasted[order].tolist(), names, strict=True)
        )

    @cached_property
    def longest(self) -> int:
        """Further days of the longest gradual rollout."""
        return int(self.lasted.max(initial=0))

    def counts(self, panel: Panel) -> Floats:
        """Number of rollouts under way per service and day of the panel."""
        out = np.zeros(panel.total.shape)
        for further in range(self.longest + 1):
            day = self.day + further
            inside = (self.service >= 0) & (day >= 0) & (day < panel.day_count) & (self.lasted >= further)
            np.add.at(out, (self.service[inside], day[inside]), 1.0)
        return out


def timeline(panel: Panel, rollouts: Sequence[Rollout]) -> Timeline:
    """Place rollouts on a panel; repeated ones count once (with the longest duration), in whatever order they come."""
    longest: dict[tuple[str, str, date], Rollout] = {}
    for r in rollouts:
        key = (r.change_id, r.service, r.on)
        if key not in longest or r.last_on > longest[key].last_on:
            longest[key] = r
    unique = [longest[key] for key in sorted(longest)]
    row = {name: i for i, name in enumerate(panel.services)}
    service = np.array([row.get(r.service, -1) for r in unique], dtype=np.int64)
    first = panel.first_on.toordinal()
    day = np.array([r.on.toordinal() - first for r in unique], dtype=np.int64)
    lasted = np.array([(r.to - r.on).days if r.to else 0 for r in unique], dtype=np.int64)
    order = np.lexsort((day, service))
    since, until = distances(service[order], day[order], day[order] + lasted[order])
    place = np.argsort(order)
    return Timeline(tuple(unique), service, day, lasted, since[place], until[place], order, tuple(place.tolist()))


def distances(service: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Days since the rollouts before and until the one after, of rollouts sorted by service and first day.

    A rollout that began earlier may end later than all others, so the latest end so far counts.
    """
    since, until = np.full(len(service), FAR), np.full(len(service), FAR)
    if len(service) < 2:
        return since, until
    same = (service[1:] == service[:-1]) & (service[1:] >= 0)
    apart = (service - service.min()) * (2 * FAR)
    latest = np.maximum.accumulate(apart + last)[:-1] - apart[1:]
    since[1:][same] = np.maximum(first[1:] - latest, 0)[same]
    until[:-1][same] = (first[1:] - first[:-1])[same]
    tied = same & (first[1:] == first[:-1])
    since[:-1][tied] = 0
    return since, until
