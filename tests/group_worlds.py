"""Simulated panels of services divided into groups of customers, which share what hits their service, with the true
effect on each group. Builds on the worlds of services; knows nothing of how effects are estimated."""

from __future__ import annotations

import numpy as np

from impact.estimation.panel import Floats
from tests.worlds import USUAL, Family, Noise, Planned, World, simulate

OWN = 0.5
"""What moves one group alone, against what moves its service."""


def divided(groups: int, noise: Noise = USUAL) -> Noise:
    """Noise of units that belong to services of ``groups`` units each: the service's own, and half as much of each
    group's own."""

    def latent(rng: np.random.Generator, units: int, days: int, scale: float) -> Floats:
        shared = np.repeat(noise.latent(rng, units // groups, days, scale), groups, axis=0)
        return np.asarray(shared + OWN * (noise.latent(rng, units, days, scale)))

    return Noise(latent, noise.counted)


def simulate_groups(
    rng: np.random.Generator,
    family: Family,
    *,
    services: int = 40,
    groups: int = 6,
    days: int = 730,
    rough: bool = True,
    sizes: tuple[float, ...] = (0.0,),
    a_year: float = 3.0,
    alike: bool = True,
) -> tuple[World, dict[str, list[Planned]]]:
    """A world whose units are groups of services, and its changes by name with one plan for each group.

    A change moves all groups of one service by one of ``sizes`` on one day, or, with ``alike`` False, each group by a
    size of its own. Services have 2 to 200 tickets a day, divided unevenly.
    """
    changes: dict[str, list[Planned]] = {}
    for service in range(services):
        taken: list[int] = []
        for _ in range(rng.poisson(a_year * days / 365)):
            day = int(rng.integers(60, days - 20))
            if all(abs(day - other) > 60 for other in taken):
                taken.append(day)
        for day in sorted(taken):
            one = float(rng.choice(sizes))
            name = f"c{service:03d}-{day}"
            changes[name] = [
                Planned(f"{name}|{g}", (service * groups + g,), day, one if alike else float(rng.choice(sizes)))
                for g in range(groups)
            ]
    parts = rng.dirichlet(np.full(groups, 2.0), services).ravel()
    volume = np.repeat(np.exp(rng.uniform(np.log(2.0), np.log(200.0), services)), groups) * np.maximum(parts, 0.01)
    plan = [one for own in changes.values() for one in own]
    world = simulate(
        rng, family, services=services * groups, days=days, rough=rough, plan=plan,
        volumes=dict(enumerate(volume.tolist())), noise=divided(groups),
    )  # fmt: skip
    return world, changes
