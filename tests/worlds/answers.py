"""How answers, minutes and yes-or-no events come out around a latent level, and what their true means are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr

from impact.estimation.panel import Floats

GRADES = np.arange(1, 6)
BLUR = 1.1
"""Spread of single opinions around the latent one."""
WITHIN = 1.2
"""Spread of log minutes within a day."""
DAILY = 40.0
"""The probability of an event varies from day to day as if it were learnt from this many trials."""


@dataclass(frozen=True)
class Answered:
    """A family of means: ``base`` from a place in 0..1 and noise, ``drawn`` sums and sums of squares of n answers,
    ``mean`` the true mean, ``variance`` that of the sum of n answers."""

    base: Callable[[Floats, Floats], Floats]
    drawn: Callable[[np.random.Generator, Floats, Floats, Floats], tuple[Floats, Floats]]
    mean: Callable[[Floats, Floats], Floats]
    variance: Callable[[Floats, Floats, Floats], Floats]


def ratings(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Answers from 1 to 5, rounded from a latent opinion; the ends of the scale hold effects back."""
    chosen = rng.multinomial(n.astype(np.int64), rating_shares(base, moved))
    return (chosen @ GRADES).astype(np.float64), (chosen @ GRADES**2).astype(np.float64)


def rating_shares(base: Floats, moved: Floats) -> Floats:
    """Probability of each answer, shape (..., 5)."""
    upper = ndtr((GRADES[:-1] + 0.5 - (base + moved)[..., None]) / BLUR)
    ends = np.zeros((*upper.shape[:-1], 1))
    return np.asarray(np.diff(np.concatenate([ends, upper, ends + 1.0], axis=-1), axis=-1))


def true_rating(base: Floats, moved: Floats) -> Floats:
    """Expected answer where the latent one is ``base`` + ``moved``."""
    return np.asarray(5.0 - ndtr((GRADES[:-1] + 0.5 - (base + moved)[..., None]) / BLUR).sum(axis=-1))


def rating_variance(n: Floats, base: Floats, moved: Floats) -> Floats:
    """Variance of the sum of n answers."""
    shares = rating_shares(base, moved)
    return np.asarray(n * (shares @ GRADES**2 - (shares @ GRADES) ** 2))


def durations(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Sums and sums of squares of log minutes."""
    mean = base + moved
    total = n * mean + WITHIN * np.sqrt(n) * rng.normal(size=n.shape)
    inner = WITHIN**2 * 2.0 * rng.gamma(np.maximum(n - 1, 1e-9) / 2)
    return total, np.where(n > 0, total**2 / np.maximum(n, 1) + inner * (n > 1), 0.0)


def shares(rng: np.random.Generator, n: Floats, base: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Events among n trials, the probability varying from day to day."""
    p = true_share(base, moved)
    daily = rng.beta(DAILY * p, DAILY * (1 - p))
    return rng.binomial(n.astype(np.int64), daily).astype(np.float64), np.zeros_like(n)


def true_share(base: Floats, moved: Floats) -> Floats:
    """Probability of an event: the change adds to it, within 0.5 and 99.5 %."""
    return np.asarray(np.clip(expit(base) + moved, 0.005, 0.995))


def share_variance(n: Floats, base: Floats, moved: Floats) -> Floats:
    """Variance of the number of events among n (beta-binomial)."""
    p = true_share(base, moved)
    return np.asarray(n * p * (1 - p) * (1 + np.maximum(n - 1, 0) / (DAILY + 1)))


ANSWERS: dict[str, Answered] = {
    "rating": Answered(lambda place, noise: 2.6 + 1.4 * place - 0.5 * noise, ratings, true_rating, rating_variance),
    "duration": Answered(
        lambda place, noise: 4.5 + 3.0 * place + noise,
        durations,
        lambda base, moved: base + moved,
        lambda n, base, moved: WITHIN**2 * n,
    ),
    "share": Answered(lambda place, noise: logit(0.15 + 0.55 * place) + noise, shares, true_share, share_variance),
}
