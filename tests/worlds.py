"""Simulated service panels with known effects, to judge estimates by; knows nothing of how effects are estimated.

A world has what real service desks have: weekday profiles, holidays, shared and own seasons, common factors that
services follow more or less, shared shocks, own noise with memory, drift, trends, unrecorded incidents and level
shifts, and counts that vary more than Poisson. ``rough`` worlds have all of it; calm ones the same noise x 0.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from scipy.special import expit, logit, ndtr

from impact.estimate import Panel, Rollout
from impact.estimation.panel import Floats, Shape, day_types

Family = Literal["tickets", "rating", "duration", "share"]
FIRST_ON = date(2023, 1, 2)
CALM = 0.4
DEPARTMENT = 10
"""Neighbouring services that share a common factor of their own."""
GRADES = np.arange(1, 6)


@dataclass(frozen=True)
class Planned:
    """A change to simulate: ``size`` is a log ratio (tickets, duration), points (rating) or a share (0.1 = 10 pp)."""

    change_id: str
    services: tuple[int, ...]
    day: int
    size: float


@dataclass(frozen=True)
class World:
    """A simulated panel, its rollouts and holidays, and the mean tickets or answers a day of each service.

    ``moved`` is what all changes together do to each service and day, ``weight`` the expected answers of a day;
    ``expected(service, moved of that service)`` is the true mean of each day.
    """

    panel: Panel
    rollouts: list[Rollout]
    holidays: frozenset[date]
    volume: Floats
    plan: tuple[Planned, ...]
    moved: Floats
    weight: Floats
    expected: Callable[[int, Floats], Floats]

    def truth(self, change: Planned, service: int, shape: Shape) -> float:
        """True mean effect of a change on one service over the post window of a shape."""
        days = slice(change.day + shape.lead, change.day + shape.reach + 1)
        moved = self.moved[service]
        held = moved.copy()
        held[change.day :] -= change.size
        there, without = self.expected(service, moved)[days], self.expected(service, held)[days]
        if self.panel.kind == "count":
            return float(np.log(there.sum() / without.sum()))
        weight = self.weight[service, days]
        return float((weight * (there - without)).sum() / weight.sum())


def holidays(first_on: date, days: int) -> frozenset[date]:
    """Nine fixed dates a year."""
    fixed = ((1, 1), (1, 6), (5, 1), (5, 8), (8, 15), (11, 1), (12, 24), (12, 25), (12, 26))
    last = first_on + timedelta(days=days)
    years = range(first_on.year, last.year + 1)
    return frozenset(d for y in years for m, k in fixed if first_on <= (d := date(y, m, k)) < last)


def remembering(rng: np.random.Generator, rows: int, days: int, *, memory: float, sd: float) -> Floats:
    """Rows of AR(1) noise with standard deviation ``sd``."""
    shocks = rng.normal(0.0, sd * np.sqrt(1 - memory**2), (rows, days))
    out = np.empty((rows, days))
    out[:, 0] = rng.normal(0.0, sd, rows)
    for t in range(1, days):
        out[:, t] = memory * out[:, t - 1] + shocks[:, t]
    return out


def latent(rng: np.random.Generator, services: int, days: int, *, rough: bool) -> Floats:
    """Movement of each service's log level that no change explains, shape (services, days)."""
    scale = 1.0 if rough else CALM
    year = 2 * np.pi * np.arange(days) / 365.25
    follow = rng.lognormal(0.0, 0.4, services)[:, None]
    out = follow * (0.12 * np.cos(year + rng.uniform(0, 7))) + rng.uniform(0, 0.1, (services, 1)) * np.cos(
        year + rng.uniform(0, 7, (services, 1))
    )
    out = out + rng.normal(0, 0.08, (services, 1)) * np.arange(days) / 365.25
    noise = follow * remembering(rng, 1, days, memory=0.9, sd=0.10)
    for _ in range(2):
        noise = noise + rng.normal(0.4, 0.5, (services, 1)) * remembering(rng, 1, days, memory=0.8, sd=0.08)
    departments = remembering(rng, services // DEPARTMENT + 1, days, memory=0.85, sd=0.06)
    noise = noise + departments[np.arange(services) // DEPARTMENT]
    noise = noise + shared_shocks(rng, services, days)
    noise = noise + remembering(rng, services, days, memory=0.7, sd=1.0) * rng.uniform(0.06, 0.14, (services, 1))
    noise = noise + np.cumsum(rng.normal(0, 0.006, (services, days)), axis=1)
    noise = noise + level_shifts(rng, services, days)
    return out + scale * noise


def shared_shocks(rng: np.random.Generator, services: int, days: int) -> Floats:
    """About six a year: 1 to 5 days on which half of the services rise by up to three quarters."""
    out = np.zeros((services, days))
    for _ in range(rng.poisson(6 * days / 365)):
        start, length = rng.integers(days), rng.integers(1, 6)
        hit = rng.random(services) < 0.5
        out[hit, start : start + length] += rng.uniform(0.1, 0.5) * rng.uniform(0.5, 1.5, (hit.sum(), 1))
    return out


def level_shifts(rng: np.random.Generator, services: int, days: int) -> Floats:
    """A lasting step of a service that nobody recorded, once in three years each."""
    out = np.zeros((services, days))
    for s in range(services):
        for _ in range(rng.poisson(days / 1095)):
            out[s, rng.integers(days) :] += rng.normal(0, 0.2)
    return out


def incidents(rng: np.random.Generator, services: int, days: int) -> Floats:
    """Log of the factor of unrecorded incidents: 1.5 a year and service, 1 to 3 days of 1.5 to 4 times the tickets."""
    out = np.zeros((services, days))
    for s in range(services):
        for _ in range(rng.poisson(1.5 * days / 365)):
            start = rng.integers(days)
            out[s, start : start + rng.integers(1, 4)] += np.log(rng.uniform(1.5, 4.0))
    return out


def week(rng: np.random.Generator, services: int, types: np.ndarray) -> Floats:
    """Log of the day-type profile of each service, shape (services, days)."""
    profile = np.zeros((services, 8))
    profile[:, :5] = np.array([0.15, 0.05, 0.0, -0.02, -0.1]) + rng.normal(0, 0.08, (services, 5))
    profile[:, 5:7] = np.log(rng.uniform(0.1, 0.7, (services, 1))) + rng.normal(0, 0.1, (services, 2))
    profile[:, 7] = profile[:, 6] + rng.normal(0, 0.1, services)
    return profile[:, types]


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


def simulate(
    rng: np.random.Generator,
    family: Family,
    *,
    services: int = 140,
    days: int = 730,
    rough: bool = True,
    plan: Sequence[Planned] = (),
    volumes: dict[int, float] | None = None,
) -> World:
    """One panel of a family; ``volumes`` fixes the mean per day of single services, the others have 0.3 to 200."""
    off = holidays(FIRST_ON, days)
    types = day_types(FIRST_ON, days, off)
    volume = np.exp(rng.uniform(np.log(0.3), np.log(200.0), services))
    for s, value in (volumes or {}).items():
        volume[s] = value
    moved = np.zeros((services, days))
    for change in plan:
        moved[list(change.services), change.day :] += change.size
    noise = latent(rng, services, days, rough=rough)
    profile = week(rng, services, types)
    profile -= np.log(np.exp(profile).mean(axis=1, keepdims=True))
    rate = volume[:, None] * np.exp(
        profile + (noise if family == "tickets" else 0.5 * latent(rng, services, days, rough=rough))
    )
    if family == "tickets":
        rate = rate * np.exp(incidents(rng, services, days) * (1.0 if rough else CALM))
        n, total, squares = tickets(rng, rate * np.exp(moved))
        base = np.log(rate)
    else:
        n = rng.poisson(rate).astype(np.float64)
        base = BASES[family](rng.random((services, 1)), noise)
        total, squares = {"rating": ratings, "duration": durations, "share": shares}[family](rng, n, base, moved)
    kind: Literal["count", "mean", "share"] = (
        "count" if family == "tickets" else "share" if family == "share" else "mean"
    )
    names = tuple(f"s{s:03d}" for s in range(services))
    panel = Panel(family, kind, names, FIRST_ON, n, total, squares, log=family == "duration")
    rollouts = [Rollout(c.change_id, names[s], FIRST_ON + timedelta(days=c.day)) for c in plan for s in c.services]
    true_mean = TRUE_MEANS[family]
    return World(panel, rollouts, off, volume, tuple(plan), moved, rate, lambda s, moved_s: true_mean(base[s], moved_s))


def tickets(rng: np.random.Generator, rate: Floats) -> tuple[Floats, Floats, Floats]:
    """Counts with variance 1 to 2.5 times the mean, a fixed factor per service."""
    excess = rng.uniform(0.02, 1.5, (len(rate), 1))
    total = rng.poisson(rng.gamma(rate / excess, excess)).astype(np.float64)
    return np.ones_like(total), total, np.zeros_like(total)


def ratings(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Answers from 1 to 5, rounded from a latent opinion; the ends of the scale hold effects back."""
    upper = ndtr((GRADES[:-1] + 0.5 - (base + moved)[..., None]) / 1.1)
    edges = np.concatenate([np.zeros((*n.shape, 1)), upper, np.ones((*n.shape, 1))], axis=-1)
    chosen = rng.multinomial(n.astype(np.int64), np.diff(edges, axis=-1))
    return (chosen @ GRADES).astype(np.float64), (chosen @ GRADES**2).astype(np.float64)


def durations(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Sums and sums of squares of log minutes, spread 1.2 within a day."""
    mean = base + moved
    total = n * mean + 1.2 * np.sqrt(n) * rng.normal(size=n.shape)
    inner = 1.44 * 2.0 * rng.gamma(np.maximum(n - 1, 1e-9) / 2)
    return total, np.where(n > 0, total**2 / np.maximum(n, 1) + inner * (n > 1), 0.0)


def shares(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Events among n trials, the probability varying from day to day."""
    p = true_share(base, moved)
    daily = rng.beta(40 * p, 40 * (1 - p))
    return rng.binomial(n.astype(np.int64), daily).astype(np.float64), np.zeros_like(n)


def true_rating(base: Floats, moved: Floats) -> Floats:
    """Expected answer where the latent one is ``base`` + ``moved``."""
    return np.asarray(5.0 - ndtr((GRADES[:-1] + 0.5 - (base + moved)[..., None]) / 1.1).sum(axis=-1))


def true_share(base: Floats, moved: Floats) -> Floats:
    """Probability of an event: the change adds to it, within 0.5 and 99.5 %."""
    return np.asarray(np.clip(expit(base) + moved, 0.005, 0.995))


BASES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "rating": lambda place, noise: 2.6 + 1.4 * place - 0.5 * noise,
    "duration": lambda place, noise: 4.5 + 3.0 * place + noise,
    "share": lambda place, noise: logit(0.15 + 0.55 * place) + noise,
}
TRUE_MEANS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "tickets": lambda base, moved: np.exp(base + moved),
    "rating": true_rating,
    "duration": lambda base, moved: base + moved,
    "share": true_share,
}
