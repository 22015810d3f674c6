"""Plans in which changes lie close together: one after another, or on sets of services that overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.worlds.noise import DEPARTMENT
from tests.worlds.plans import Planned


def plan_pairs(
    rng: np.random.Generator, services: int, days: int, *, neighbours: Sequence[float], gap: tuple[int, int] = (5, 7)
) -> list[Planned]:
    """Every 120 days two changes on each service, ``gap`` days apart: one without effect, and before or after it one
    with an effect from ``neighbours``, called "null ..." and "neighbour ..."."""
    plan = []
    for s in range(services):
        for k, start in enumerate(range(60 + int(rng.integers(60)), days - 30, 120)):
            other = start + int(rng.integers(gap[0], gap[1] + 1))
            null, beside = (start, other) if rng.random() < 0.5 else (other, start)
            plan.append(Planned(f"null {s}-{k}", (s,), null, 0.0))
            plan.append(Planned(f"neighbour {s}-{k}", (s,), beside, float(rng.choice(neighbours))))
    return plan


def plan_sets(
    rng: np.random.Generator, services: int, days: int, *, a_year: float, sizes: Sequence[float]
) -> list[Planned]:
    """Changes on 2 to 6 services each, half of them of one department, until each service has ``a_year`` of them.

    Four in ten are joined by another change on most of the same services and up to three others, on the same day or
    up to three days later.
    """
    plan: list[Planned] = []
    missing = a_year * services * days / 365
    while missing > 0:
        first = DEPARTMENT * int(rng.integers(services // DEPARTMENT))
        near = first + np.arange(DEPARTMENT) if rng.random() < 0.5 else np.arange(services)
        chosen = rng.choice(near, int(rng.integers(2, 7)), replace=False)
        day = int(rng.integers(45, days - 16))
        sets = [(chosen, day)]
        if rng.random() < 0.4:
            others = rng.choice(np.setdiff1d(np.arange(services), chosen), int(rng.integers(4)), replace=False)
            joined = np.concatenate([chosen[: max(1, len(chosen) - 1)], others])
            sets.append((joined, day + int(rng.choice([0, 0, 1, 3]))))
        for own, on in sets:
            size = float(rng.choice(sizes))
            plan.append(Planned(f"c{len(plan):04d}", tuple(int(s) for s in own), on, size))
            missing -= len(own)
    return plan
