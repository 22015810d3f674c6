"""A second kind of world, made by other rules than the usual one: no departments, stronger seasons, noise whose size
itself changes from week to week, levels that come back, and busy days that scatter more than quiet ones."""

from __future__ import annotations

import numpy as np

from impact.estimation.panel import Floats
from tests.worlds.noise import Counted, Noise, remembering


def latent(rng: np.random.Generator, services: int, days: int, scale: float) -> Floats:
    """Movement of each service's log level that no change explains, shape (services, days)."""
    year = 2 * np.pi * np.arange(days) / 365.25
    follow = rng.uniform(0.3, 1.7, (services, 1))
    shared = 0.20 * np.cos(year + rng.uniform(0, 7)) + 0.08 * np.cos(2 * year + rng.uniform(0, 7))
    own = rng.uniform(0, 0.2, (services, 1)) * np.cos(year + rng.uniform(0, 7, (services, 1)))
    noise = follow * remembering(rng, 1, days, memory=0.95, sd=0.08)
    noise = noise + remembering(rng, services, days, memory=0.98, sd=1.0) * rng.uniform(0.04, 0.12, (services, 1))
    return follow * shared + own + scale * (noise + weekly(rng, services, days))


def weekly(rng: np.random.Generator, services: int, days: int) -> Floats:
    """Noise that is one figure a week and service; good and bad weeks, in which it is larger, are common to all."""
    weeks = days // 7 + 2
    unrest = np.exp(remembering(rng, 1, weeks, memory=0.7, sd=0.4))
    size = rng.uniform(0.05, 0.15, (services, 1)) * unrest
    figures = size * rng.standard_t(6, (services, weeks))
    return np.asarray(np.repeat(figures, 7, axis=1)[:, :days])


def counted(rng: np.random.Generator, expected: Floats) -> Counted:
    """Counts with variance mean + mean squared / k, k from 15 to 150: the busier, the more beyond Poisson."""
    k = rng.uniform(15.0, 150.0, (len(expected), 1))
    total = rng.poisson(rng.gamma(k, expected / k)).astype(np.float64)
    return total, lambda s, mean: mean + mean**2 / k[s]


OTHER = Noise(latent, counted)
