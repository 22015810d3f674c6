"""Effects pulled towards zero as far as chance makes the largest look larger, for ranked lists; judges none of them.

Among many estimates the largest are large partly by luck. Most changes do nothing measurable and some do: a mixture
of exactly no effect and normally distributed effects, learnt from all estimates of one metric and reading.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.estimation.panel import Floats

STEPS = 50
"""Steps of expectation maximisation; it has settled long before."""
LEAST_ESTIMATES = 5
"""With fewer estimates the mixture cannot be learnt, and none is pulled."""


@dataclass(frozen=True)
class Mixture:
    """Part of the changes that have an effect, and the variance of their effects."""

    share: float
    variance: float


def mixture(effects: Floats, se: Floats) -> Mixture:
    """Learn the mixture (1 - share) N(0, se^2) + share N(0, se^2 + variance) by expectation maximisation.

    ``effects`` and ``se`` are (N,), finite, se > 0. Starts at one half with the variance beyond sampling.
    """
    square, noise = effects**2, se**2
    share, variance = 0.5, max(float(np.mean(square - noise)), 0.1 * float(np.median(noise)))
    for _ in range(STEPS):
        real = responsibility(effects, se, Mixture(share, variance))
        share = float(np.clip(real.mean(), 1e-6, 1.0 - 1e-6))
        pull = variance / (variance + noise)
        expected = (pull * effects) ** 2 + pull * noise
        variance = max(float(real @ expected) / max(float(real.sum()), 1e-12), 1e-12)
    return Mixture(share, variance)


def responsibility(effects: Floats, se: Floats, known: Mixture) -> Floats:
    """Probability that each estimate belongs to a change with an effect."""
    noise, wide = se**2, se**2 + known.variance
    odds = (1.0 - known.share) / known.share * np.sqrt(wide / noise)
    return np.asarray(1.0 / (1.0 + odds * np.exp(-0.5 * effects**2 * (1.0 / noise - 1.0 / wide))))


def pulled(effects: Floats, se: Floats) -> Floats:
    """Effects pulled towards zero by the mixture learnt from them, (N,); unchanged where there are fewer than 5.

    Probability of an effect x variance / (variance + se^2) x estimate.
    """
    if len(effects) < LEAST_ESTIMATES:
        return effects
    known = mixture(effects, se)
    real = responsibility(effects, se, known)
    return np.asarray(real * known.variance / (known.variance + se**2) * effects)
