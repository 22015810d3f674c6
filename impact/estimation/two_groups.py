"""Whether two groups of estimates differ: a random-effects comparison of their means for few and unequal groups.

Each estimate has its own standard error, and the true effects of a group differ among themselves: their spread is
estimated in each group by itself (Paule and Mandel), means are weighted by both, and their errors are those of Hartung,
Knapp, Sidik and Jonkman with Welch's degrees of freedom, because the spread of a few effects is hardly known. Each
group counts one degree of freedom less than its mean takes, for its weights are estimates too. Pure arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Floats

LEAST_GROUP = 5
"""A group of fewer estimates is not compared."""
LEAST_SCATTER = 0.05
"""Estimates that agree better than one in a thousand groups of five does by chance are not taken to be that sure."""
STEPS = 60
"""Halvings of the interval in which the spread is looked for."""


@dataclass(frozen=True)
class GroupMean:
    """Mean of a group, its standard error, the spread (standard deviation) of the true effects, and how many."""

    mean: float
    se: float
    spread: float
    count: int


@dataclass(frozen=True)
class Difference:
    """First group minus second, with its 95 % interval and the two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float
    freedom: float
    first: GroupMean
    second: GroupMean


def two_groups(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> Difference | None:
    """Compare two groups of (estimates, standard errors), each (N,); None where one has fewer than 5."""
    if min(len(first[0]), len(second[0])) < LEAST_GROUP:
        return None
    a, b = group_mean(*first), group_mean(*second)
    variance = a.se**2 + b.se**2
    freedom = variance**2 / (a.se**4 / (a.count - 2) + b.se**4 / (b.count - 2))
    value, reach = a.mean - b.mean, float(stdtrit(freedom, 0.5 + INTERVAL_LEVEL / 2.0)) * variance**0.5
    p_value = 2.0 * float(stdtr(freedom, -abs(value) / variance**0.5))
    return Difference(value, value - reach, value + reach, p_value, freedom, a, b)


def group_mean(effects: Floats, se: Floats) -> GroupMean:
    """Weighted mean of a group; its error is what the weighted squares around the mean say."""
    square = paule_mandel(effects, se)
    weight = 1.0 / (se**2 + square)
    mean = float(weight @ effects / weight.sum())
    scatter = max(float(weight @ (effects - mean) ** 2) / (len(effects) - 1), LEAST_SCATTER)
    return GroupMean(mean, (scatter / float(weight.sum())) ** 0.5, square**0.5, len(effects))


def paule_mandel(effects: Floats, se: Floats) -> float:
    """Variance of the true effects with which the weighted squares around the mean are as large as expected; 0 where
    the standard errors alone explain them."""

    def excess(square: float) -> float:
        weight = 1.0 / (se**2 + square)
        mean = float(weight @ effects / weight.sum())
        return float(weight @ (effects - mean) ** 2) - (len(effects) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.ptp(effects)) ** 2 + 1e-9
    while excess(high) > 0:
        high *= 2.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2.0
