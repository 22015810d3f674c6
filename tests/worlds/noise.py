"""What moves services besides changes, and how counts scatter around their expectation: the usual kind of world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from impact.estimation.panel import Floats

FIRST_ON = date(2023, 1, 2)
CALM = 0.4
DEPARTMENT = 10
"""Neighbouring services that share a common factor of their own."""

Counted = tuple[Floats, Callable[[int, Floats], Floats]]
"""Tickets of each service and day, and the variance of a service's days from their expected tickets."""


@dataclass(frozen=True)
class Noise:
    """A kind of world: ``latent`` moves log levels, ``counted`` draws tickets around the expected ones."""

    latent: Callable[[np.random.Generator, int, int, float], Floats]
    counted: Callable[[np.random.Generator, Floats], Counted]


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


def latent(rng: np.random.Generator, services: int, days: int, scale: float) -> Floats:
    """Movement of each service's log level that no change explains, shape (services, days)."""
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
    """Log of the day-type profile of each service, shape (services, days), the mean day being 1."""
    profile = np.zeros((services, 8))
    profile[:, :5] = np.array([0.15, 0.05, 0.0, -0.02, -0.1]) + rng.normal(0, 0.08, (services, 5))
    profile[:, 5:7] = np.log(rng.uniform(0.1, 0.7, (services, 1))) + rng.normal(0, 0.1, (services, 2))
    profile[:, 7] = profile[:, 6] + rng.normal(0, 0.1, services)
    daily = profile[:, types]
    daily -= np.log(np.exp(daily).mean(axis=1, keepdims=True))
    return np.asarray(daily)


def counted(rng: np.random.Generator, expected: Floats) -> Counted:
    """Counts with variance 1 to 2.5 times the mean, a fixed factor per service."""
    excess = rng.uniform(0.02, 1.5, (len(expected), 1))
    total = rng.poisson(rng.gamma(expected / excess, excess)).astype(np.float64)
    return total, lambda s, mean: (1.0 + excess[s]) * mean


USUAL = Noise(latent, counted)
