"""Which of the demo organisation's invented people open tickets: services have departments that use them more, and some
changes hit some groups more than others. Knows numbers only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.story import DEPARTMENTS, LOCATIONS, SERVICES, ChangePlan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def skews_of(
    rollouts: Iterable[tuple[int, ChangePlan]], department: Ints, location: Ints
) -> dict[int, list[tuple[int, Floats]]]:
    """Service -> (first day, weight of every person from then on) of changes that hit some groups more than others.
    ``rollouts``: the day of each rollout, counted like the days of tickets, and its plan."""
    rows = {service.name: row for row, service in enumerate(SERVICES)}
    found: dict[int, list[tuple[int, Floats]]] = {}
    for start, plan in rollouts:
        if not plan.skew:
            continue
        weight = np.ones(department.size)
        for name, times in plan.skew.items():
            mine = department == DEPARTMENTS.index(name) if name in DEPARTMENTS else location == LOCATIONS.index(name)
            weight[mine] *= times
        for name in plan.services:
            found.setdefault(rows[name], []).append((start, weight))
    return found


def persons(
    rng: np.random.Generator,
    service: Ints,
    day: Ints,
    department: Ints,
    *,
    skews: dict[int, list[tuple[int, Floats]]],
) -> Ints:
    """Customers of each ticket: every service has departments that use it more; a change may hit some groups more."""
    use = rng.dirichlet(np.full(len(DEPARTMENTS), 2.5), len(SERVICES)) + 0.02
    weight = use[:, department] * rng.gamma(1.2, 1.0, department.size)
    draw = rng.random(service.size)
    person = np.empty(service.size, dtype=np.int64)
    for row in range(len(SERVICES)):
        for start, skew in [(0, np.ones(department.size)), *skews.get(row, ())]:
            mine = (service == row) & (day >= start)
            cumulated = np.cumsum(weight[row] * skew)
            person[mine] = np.searchsorted(cumulated, draw[mine] * cumulated[-1])
    return person
