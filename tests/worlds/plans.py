"""Changes to simulate: when, on which services, and what each does to them day by day; no noise, no data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from impact.estimation.panel import Floats


@dataclass(frozen=True)
class Planned:
    """A change to simulate: ``size`` is a log ratio (tickets, duration), points (rating) or a share (0.1 = 10 pp).

    It works from its day on. ``takes`` days later a gradual rollout is complete, its effect growing evenly until then.
    ``fades`` is the number of days after which half of the effect is left (None: it lasts), ``stays`` what is left of
    it for ever. ``spill`` is the part of the effect that also reaches the services ``spills_to``, which nobody records.
    """

    change_id: str
    services: tuple[int, ...]
    day: int
    size: float
    takes: int = 0
    fades: float | None = None
    stays: float = 0.0
    spill: float = 0.0
    spills_to: tuple[int, ...] = ()

    def course(self, days: int) -> Floats:
        """What the change does to its own services on each day, shape (days,)."""
        since = np.arange(days) - self.day
        grown = np.minimum((since + 1) / (self.takes + 1), 1.0)
        left = 1.0 if self.fades is None else 0.5 ** (np.maximum(since, 0) / self.fades)
        return np.asarray(np.where(since >= 0, grown * (self.stays + (self.size - self.stays) * left), 0.0))

    def on(self, service: int, days: int) -> Floats:
        """What the change does to one service on each day, shape (days,)."""
        part = 1.0 if service in self.services else self.spill if service in self.spills_to else 0.0
        return part * self.course(days)


def moved_by(plan: Sequence[Planned], services: int, days: int) -> Floats:
    """What all changes together do to each service and day, shape (services, days)."""
    out = np.zeros((services, days))
    for change in plan:
        course = change.course(days)
        out[list(change.services)] += course
        out[[s for s in change.spills_to if s not in change.services]] += change.spill * course
    return out


def plan_changes(
    rng: np.random.Generator, services: Iterable[int], days: int, *, a_year: float, sizes: Sequence[float], gap: int = 0
) -> list[Planned]:
    """Changes on single services, evenly random with at least ``gap`` days between two, sizes drawn from ``sizes``."""
    out = []
    for s in services:
        taken: list[int] = []
        for _ in range(rng.poisson(a_year * days / 365) if gap == 0 else max(1, round(a_year * days / 365))):
            day = int(rng.integers(45, days - 16))
            if all(abs(day - other) > gap for other in taken) or gap == 0:
                taken.append(day)
        out += [Planned(f"s{s:03d}-{k}", (s,), day, float(rng.choice(sizes))) for k, day in enumerate(sorted(taken))]
    return out


def plan_one_each(
    rng: np.random.Generator,
    services: Iterable[int],
    *,
    first: int,
    last: int,
    sizes: Sequence[float],
    part: float = 1.0,
) -> list[Planned]:
    """One change on a ``part`` of the services each, on a day from ``first`` to ``last``."""
    chosen = [s for s in services if rng.random() < part]
    return [Planned(f"s{s:03d}", (s,), int(rng.integers(first, last + 1)), float(rng.choice(sizes))) for s in chosen]
