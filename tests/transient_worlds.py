"""Simulated panels whose changes raise tickets for some days only, with their true extra tickets and lost minutes.

Builds on the worlds of lasting effects: the same weather, other effects. Knows nothing of how bumps are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from impact.estimate import Panel, Rollout
from impact.estimation.panel import Floats, day_types
from tests.worlds.noise import CALM, FIRST_ON, USUAL, Noise, holidays, incidents, week

ANSWERED = 0.3
"""Part of the tickets whose customer says how much time was lost."""


@dataclass(frozen=True)
class Bumped:
    """A change on one service that multiplies tickets by exp(``size``) on its first day.

    ``step``: for ``days`` days, then nothing; ``decay``: falling to 1/e of it within ``days`` days, for good after
    five times as many. ``slower`` is what it does to the minutes lost per ticket, as a log ratio that fades with it.
    """

    change_id: str
    service: int
    day: int
    size: float
    days: int
    form: Literal["step", "decay"]
    slower: float = 0.0

    def moved(self, days: int) -> Floats:
        """The part of its first day's effect that is left on each day of a panel."""
        since = np.arange(days) - self.day
        left = np.exp(-since / self.days) * (since < 5 * self.days) if self.form == "decay" else since < self.days
        return np.where(since >= 0, left, 0.0).astype(np.float64)


@dataclass(frozen=True)
class TransientWorld:
    """Tickets and lost minutes of a simulated organisation, with what they are on average, changed and unchanged.

    ``rate`` and ``minutes_each`` are the true tickets and minutes per ticket of each service and day without any
    change; ``moved`` and ``slower`` the log ratios that changes add.
    """

    tickets: Panel
    minutes: Panel
    rollouts: list[Rollout]
    holidays: frozenset[date]
    plan: tuple[Bumped, ...]
    rate: Floats
    moved: Floats
    minutes_each: Floats
    slower: Floats

    def extra_tickets(self, change: Bumped, first: int, end: int) -> float:
        """True extra tickets from ``first`` to before ``end`` days after the rollout."""
        s, days = change.service, slice(change.day + first, change.day + end)
        return float((self.rate[s, days] * np.expm1(self.moved[s, days])).sum())

    def extra_minutes(self, change: Bumped, first: int, end: int) -> float:
        """True extra lost minutes in the same days."""
        s, days = change.service, slice(change.day + first, change.day + end)
        usual = self.rate[s, days] * self.minutes_each[s, days]
        return float((usual * np.expm1(self.moved[s, days] + self.slower[s, days])).sum())

    def normal_after(self, change: Bumped, limits: Sequence[float]) -> int | None:
        """True days back to normal: the first day from which the true mean of the 7 days then beginning lies, three
        days running, within ``limits`` (log ratio to the expected, one per day after the rollout); None when that is
        after all limits."""
        s = change.service
        inside = []
        for k, limit in enumerate(limits):
            days = slice(change.day + k, change.day + k + 7)
            usual, changed = self.rate[s, days].sum(), (self.rate[s, days] * np.exp(self.moved[s, days])).sum()
            inside.append(bool(np.log(changed / usual) <= limit))
        return next((k for k in range(len(inside) - 2) if all(inside[k : k + 3])), None)


def transient_plan(
    rng: np.random.Generator, services: int, days: int, *, none: float = 0.3, gap: int = 110
) -> list[Bumped]:
    """Changes at least ``gap`` days apart on every service: a part of them without any bump, the others of +30 to
    +300 % for 3 to 30 days, half of these with more minutes lost per ticket."""
    plan = []
    for s in range(services):
        day = int(rng.integers(60, 60 + gap))
        while day < days - 65:
            size = 0.0 if rng.random() < none else float(np.log(rng.uniform(1.3, 4.0)))
            form: Literal["step", "decay"] = "step" if rng.random() < 0.5 else "decay"
            length = int(rng.integers(3, 31))
            slower = float(rng.uniform(0.1, 0.6)) if size and rng.random() < 0.5 else 0.0
            plan.append(Bumped(f"s{s:03d}-{day}", s, day, size, length, form, slower))
            day += gap + int(rng.integers(0, gap))
    return plan


def transient_world(
    rng: np.random.Generator,
    *,
    services: int = 60,
    days: int = 730,
    rough: bool = True,
    plan: Sequence[Bumped] | None = None,
    volumes: tuple[float, float] = (5.0, 100.0),
    noise: Noise = USUAL,
) -> TransientWorld:
    """One organisation of services with 5 to 100 tickets a day."""
    own = transient_plan(rng, services, days) if plan is None else list(plan)
    off = holidays(FIRST_ON, days)
    profile = week(rng, services, day_types(FIRST_ON, days, off))
    volume = np.exp(rng.uniform(*np.log(volumes), (services, 1)))
    scale = 1.0 if rough else CALM
    level = noise.latent(rng, services, days, scale) + scale * incidents(rng, services, days)
    rate = volume * np.exp(profile + level)
    moved, slower = np.zeros((services, days)), np.zeros((services, days))
    for change in own:
        moved[change.service] += change.size * change.moved(days)
        slower[change.service] += change.slower * change.moved(days)
    total, _ = noise.counted(rng, rate * np.exp(moved))
    each = rng.uniform(8.0, 60.0, (services, 1)) * np.exp(0.3 * noise.latent(rng, services, days, scale))
    names = tuple(f"s{s:03d}" for s in range(services))
    rollouts = [Rollout(c.change_id, names[c.service], FIRST_ON + timedelta(days=c.day)) for c in own]
    return TransientWorld(
        tickets=Panel("tickets", "count", names, FIRST_ON, np.ones_like(total), total, np.zeros_like(total)),
        minutes=Panel("lost_time", "mean", names, FIRST_ON, *lost_minutes(rng, total, each * np.exp(slower))),
        rollouts=rollouts, holidays=off, plan=tuple(own), rate=rate, moved=moved, minutes_each=each, slower=slower,
    )  # fmt: skip


def lost_minutes(rng: np.random.Generator, count: Floats, each: Floats) -> tuple[Floats, Floats, Floats]:
    """Answers, their sum and sum of squares: a part of the tickets, minutes with a long tail (gamma of shape 1.5)."""
    n = rng.binomial(count.astype(np.int64), ANSWERED)
    cell = np.repeat(np.arange(n.size), n.ravel())
    value = rng.gamma(1.5, each.ravel()[cell] / 1.5)
    total = np.bincount(cell, value, minlength=n.size).reshape(n.shape)
    squares = np.bincount(cell, value * value, minlength=n.size).reshape(n.shape)
    return n.astype(np.float64), total, squares
