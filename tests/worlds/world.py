"""Worlds put together: a panel, its changes and the truth about both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np

from impact.estimate import Panel, Rollout
from impact.estimation.panel import Floats, Shape, day_types
from tests.worlds.answers import ANSWERS
from tests.worlds.noise import CALM, FIRST_ON, USUAL, Noise, holidays, incidents, week
from tests.worlds.plans import Planned, moved_by

Family = Literal["tickets", "rating", "duration", "share"]


@dataclass(frozen=True)
class World:
    """A simulated panel, its rollouts and holidays, and the mean tickets or answers a day of each service.

    ``moved`` is what all changes together do to each service and day, ``weight`` the expected answers of a day;
    ``expected(service, moved of that service)`` is the true mean of each day, ``variance`` that of the day's total
    around it, from sampling alone.
    """

    panel: Panel
    rollouts: list[Rollout]
    holidays: frozenset[date]
    volume: Floats
    plan: tuple[Planned, ...]
    moved: Floats
    weight: Floats
    expected: Callable[[int, Floats], Floats]
    variance: Callable[[int, Floats], Floats]

    def without(self, change: Planned, service: int) -> Floats:
        """What the other changes do to a service, shape (days,)."""
        return np.asarray(self.moved[service] - change.on(service, self.panel.day_count))

    def truth(self, change: Planned, service: int, shape: Shape) -> float:
        """True mean effect of a change on one service over the post window of a shape."""
        days = slice(change.day + shape.lead, change.day + shape.reach + 1)
        there = self.expected(service, self.moved[service])[days]
        without = self.expected(service, self.without(change, service))[days]
        if self.panel.kind == "count":
            return float(np.log(there.sum() / without.sum()))
        weight = self.weight[service, days]
        return float((weight * (there - without)).sum() / weight.sum())


def simulate(
    rng: np.random.Generator,
    family: Family,
    *,
    services: int = 140,
    days: int = 730,
    rough: bool = True,
    plan: Sequence[Planned] = (),
    volumes: dict[int, float] | None = None,
    noise: Noise = USUAL,
) -> World:
    """One panel of a family; ``volumes`` fixes the mean per day of single services, the others have 0.3 to 200."""
    off = holidays(FIRST_ON, days)
    types = day_types(FIRST_ON, days, off)
    volume = np.exp(rng.uniform(np.log(0.3), np.log(200.0), services))
    for s, value in (volumes or {}).items():
        volume[s] = value
    moved = moved_by(plan, services, days)
    scale = 1.0 if rough else CALM
    level = noise.latent(rng, services, days, scale)
    profile = week(rng, services, types)
    rate = volume[:, None] * np.exp(
        profile + (level if family == "tickets" else 0.5 * noise.latent(rng, services, days, scale))
    )
    names = tuple(f"s{s:03d}" for s in range(services))
    rollouts = [rollout(c, names[s]) for c in plan for s in c.services]
    if family == "tickets":
        rate = rate * np.exp(incidents(rng, services, days) * scale)
        total, scatter = noise.counted(rng, rate * np.exp(moved))
        panel = Panel(family, "count", names, FIRST_ON, np.ones_like(total), total, np.zeros_like(total))
        return World(
            panel, rollouts, off, volume, tuple(plan), moved, rate,
            lambda s, by: np.exp(np.log(rate[s]) + by), lambda s, by: scatter(s, np.exp(np.log(rate[s]) + by)),
        )  # fmt: skip
    answered = ANSWERS[family]
    n = rng.poisson(rate).astype(np.float64)
    base = answered.base(rng.random((services, 1)), level)
    total, squares = answered.drawn(rng, n, base, moved)
    kind: Literal["mean", "share"] = "share" if family == "share" else "mean"
    panel = Panel(family, kind, names, FIRST_ON, n, total, squares, log=family == "duration")
    return World(
        panel, rollouts, off, volume, tuple(plan), moved, rate,
        lambda s, by: answered.mean(base[s], by), lambda s, by: answered.variance(n[s], base[s], by),
    )  # fmt: skip


def rollout(change: Planned, service: str) -> Rollout:
    """What is recorded of a change on one service."""
    on = FIRST_ON + timedelta(days=change.day)
    if not change.takes:
        return Rollout(change.change_id, service, on)
    return Rollout(change.change_id, service, on, to=on + timedelta(days=change.takes))


def after_spikes(rng: np.random.Generator, world: World, *, part: float, gap: int = 60) -> World:
    """The same panel with changes that do nothing, a ``part`` of them made because tickets had spiked: after two days
    with at least 1.6 times as many tickets as the four weeks before, and 6 more. Their names end in ``!``."""
    y = world.panel.total
    plan = []
    for s in range(len(y)):
        cum = np.concatenate([[0.0], np.cumsum(y[s])])
        days = np.arange(45, y.shape[1] - 16)
        usual, two = (cum[days - 1] - cum[days - 29]) / 28, (cum[days + 1] - cum[days - 1]) / 2
        spikes = 1 + days[(two >= 1.6 * usual) & (two >= usual + 6)]
        taken: list[int] = []
        for _ in range(6):
            after = len(spikes) > 0 and rng.random() < part
            found = int(rng.choice(spikes)) if after else int(rng.integers(45, y.shape[1] - 16))
            if all(abs(found - other) > gap for other in taken):
                taken.append(found)
        plan += [Planned(f"s{s:03d}-{t}{'!' if t in spikes else ''}", (s,), t, 0.0) for t in sorted(taken)]
    return replace(world, plan=tuple(plan), rollouts=[rollout(c, world.panel.services[c.services[0]]) for c in plan])
