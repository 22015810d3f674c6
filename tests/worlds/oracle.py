"""What could at best be known of a change: by one who knows the level of every day and only suffers from chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from impact.estimation.panel import Shape
from tests.worlds.plans import Planned
from tests.worlds.world import World

LEVEL = 0.95


@dataclass(frozen=True)
class Told:
    """An effect with its 95 % interval and p-value."""

    effect: float
    low: float
    high: float
    p_value: float


def oracle(world: World, change: Planned, service: int, shape: Shape) -> Told:
    """The effect on one service over the post window of a shape, by one who knows the expected level of each of these
    days without the change, and how much chance alone moves their sum; a two-sided score test.

    No estimate from data can do better on average than the power of this test. Counts: the interval are the means m
    whose (y - m) squared is at most z squared times the variance at m, as a ratio to the expected level.
    """
    days = slice(change.day + shape.lead, change.day + shape.reach + 1)
    without = world.without(change, service)
    total = float(world.panel.total[service, days].sum())
    known, variance = world.expected(service, without)[days], world.variance(service, without)[days]
    z = float(ndtri(0.5 + LEVEL / 2))
    if world.panel.kind == "count":
        level = float(known.sum())
        per_ticket = float(variance.sum()) / level
        p = 2 * ndtr(-abs(total - level) / np.sqrt(per_ticket * level))
        middle, reach = total + z * z * per_ticket / 2, z * np.sqrt(per_ticket * (total + z * z * per_ticket / 4))
        ends = np.log(np.maximum([total + 0.5, middle - reach, middle + reach], 1e-9) / level)
        return Told(float(ends[0]), float(ends[1]), float(ends[2]), float(p))
    n = world.panel.n[service, days]
    answers = max(float(n.sum()), 1.0)
    effect = (total - float((n * known).sum())) / answers
    se = float(np.sqrt(variance.sum())) / answers
    p = 2 * ndtr(-abs(effect) / se) if se > 0 else 1.0
    return Told(effect, effect - z * se, effect + z * se, float(p))
