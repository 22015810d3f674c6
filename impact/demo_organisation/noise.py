"""The weather of the demo organisation: weekdays, seasons, shared shocks and chance, before any change has an effect.

Knows services and their size, no changes and no calendar dates: days count 0..DAYS-1, rows are SERVICES in order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.story import SERVICES

DAYS = 731
SCALE = 0.84
"""Brings the services' volumes to about 100,000 tickets in DAYS days."""

Floats = NDArray[np.float64]


def ar1(rng: np.random.Generator, rows: int, *, phi: float, sd: float) -> Floats:
    """``rows`` independent stationary AR(1) series over all days with standard deviation ``sd``."""
    steps = rng.normal(0.0, sd * np.sqrt(1 - phi**2), (rows, DAYS))
    steps[:, 0] = rng.normal(0.0, sd, rows)
    for day in range(1, DAYS):
        steps[:, day] += phi * steps[:, day - 1]
    return steps


def expected_tickets(
    rng: np.random.Generator, first_weekday: int, holiday: NDArray[np.bool_], effect: Floats
) -> Floats:
    """Expected tickets per service and day: volume x weekday x season x shared and own noise x true effects.

    ``first_weekday`` is that of day 0 (Monday 0); ``holiday`` marks days off; ``effect`` is a log ratio.
    """
    n = len(SERVICES)
    day = np.arange(DAYS)
    weekday = (first_weekday + day) % 7
    week = np.array((1.3, 1.15, 1.08, 1.05, 0.95, 0.42, 0.3))
    profile = week ** rng.uniform(0.6, 1.3, (n, 1))
    profile = profile / profile.mean(axis=1, keepdims=True)
    level = np.log(SCALE * np.array([s.volume for s in SERVICES]))[:, None] + np.log(profile[:, weekday])
    level = level + np.where(holiday & (weekday < 5), np.log(0.4), 0.0)
    year = 2 * np.pi * day / 365.25
    shared = 0.06 * np.cos(year + 0.4) + 0.03 * np.cos(2 * year + 1.0) + ar1(rng, 1, phi=0.9, sd=0.07)[0]
    shared = shared + _shocks(rng)
    own = rng.uniform(0, 0.08, (n, 1)) * np.cos(year + rng.uniform(0, 2 * np.pi, (n, 1)))
    own = own + ar1(rng, n, phi=0.75, sd=0.07) + np.cumsum(rng.normal(0, 0.004, (n, DAYS)), axis=1)
    latent = rng.uniform(0.6, 1.3, (n, 1)) * shared + own + _incidents(rng)
    return np.asarray(np.exp(level + latent + effect))


def _shocks(rng: np.random.Generator) -> Floats:
    """A handful of days on which everybody has trouble: a power cut, a snow day, a bad update."""
    shock = np.zeros(DAYS)
    for start in rng.choice(DAYS - 5, 9, replace=False):
        shock[start : start + 2] += rng.uniform(0.2, 0.5)
    return shock


def _incidents(rng: np.random.Generator) -> Floats:
    """Unrecorded trouble of single services: a few days each, about once a year and service."""
    trouble = np.zeros((len(SERVICES), DAYS))
    for row in range(len(SERVICES)):
        for start in rng.integers(0, DAYS - 4, rng.poisson(2)):
            trouble[row, start : start + rng.integers(1, 4)] += rng.uniform(0.4, 1.1)
    return trouble


def share_by_day(rng: np.random.Generator, usual: Sequence[float], effect: Floats) -> Floats:
    """A share per service and day around its ``usual`` value, moved by ``effect``, always within 1 % and 97 %."""
    wander = ar1(rng, len(SERVICES), phi=0.8, sd=0.012) * np.sqrt(np.array(usual))[:, None]
    return np.asarray(np.clip(np.array(usual)[:, None] + wander + effect, 0.01, 0.97))
