"""What happened to all other services in the same days, and how far each service follows it.

Knows differences and their variances; does not know how large chance is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.estimation.panel import Bools, Floats, Ints
from impact.estimation.windows import Windows

LEAST_SERVICES = 8
"""With fewer services than this to compare with, no comparison is made."""
COUNT_SLOPE, COUNT_FLOOR = 1.5, 0.02
"""Assumed spread of a count difference: 1.5 x sampling variance + 0.02 (about 14 % of unexplained movement)."""
CHANGED_WEIGHT = 0.05
"""Weight of a comparison service that had a change of its own in the window: it counts where little else is left."""
LOADING_PRIOR = 0.15
"""Pull of each service's loading towards 1, as a part of what the median service knows about its own."""
LOADING_MOST = 2.0
CLIP = 2.0
"""A comparison service may differ from the others by this many standard deviations before it is held back."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Movement of the other services, so that any set of services can be left out again.

    ``weight`` and ``moved`` (weight x clipped difference) are (services, rollout days); ``sum_weight`` and
    ``sum_moved`` add them up over services; ``loading`` is per service; ``others`` is the movement of all services
    but the own one, 0 where there is none. ``changed`` cells had a change of their own in the window.
    """

    weight: Floats
    moved: Floats
    sum_weight: Floats
    sum_moved: Floats
    loading: Floats
    others: Floats
    changed: Bools
    present: Bools


def count_spread(v: Floats) -> Floats:
    """Assumed variance of a raw count difference, from its sampling variance."""
    return COUNT_SLOPE * v + COUNT_FLOOR


def comparison(cells: Windows, spread: Floats, changed: Bools) -> Comparison:
    """Weighted movement of the other services at every rollout day.

    ``spread`` is the assumed variance of each raw difference. Differences are clipped at 2 standard deviations
    around the mean of the day, so that one service's incident does not move everybody's comparison.
    """
    weight = np.where(cells.usable, 1.0 / spread, 0.0)
    own = weight
    weight = np.where(changed, CHANGED_WEIGHT * weight, weight)
    centre = (weight * cells.d).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
    reach = CLIP * np.sqrt(spread)
    moved = weight * np.clip(cells.d, centre - reach, centre + reach)
    sum_weight, sum_moved = weight.sum(axis=0), moved.sum(axis=0)
    rest = sum_weight - weight
    others = np.where(rest > 1e-9, (sum_moved - moved) / np.maximum(rest, 1e-9), 0.0)
    loading = loadings(own, cells.d, others)
    return Comparison(weight, moved, sum_weight, sum_moved, loading, others, changed, cells.usable)


def loadings(weight: Floats, d: Floats, others: Floats) -> Floats:
    """How far each service follows the others: regression through zero, pulled towards 1, kept within 0 and 2."""
    power = weight * others
    square = (power * others).sum(axis=1)
    product = (power * d).sum(axis=1)
    pull = LOADING_PRIOR * float(np.median(square)) if len(square) else 0.0
    ratio = np.divide(product + pull, square + pull, out=np.ones_like(square), where=square + pull > 1e-12)
    return np.asarray(np.clip(ratio, 0.0, LOADING_MOST))


def without(group: Comparison, at: Ints, *, members: Ints, member_of: Ints) -> tuple[Floats, Ints, Ints]:
    """Movement of the services outside a set, for each of N readings.

    ``at`` (N,) is the rollout-day index; ``members`` and ``member_of`` (pairs) say which services are left out of
    which reading. Returns the movement (N,), the number of services left, and how many of these are unchanged.
    """
    days = at[member_of]
    size = len(at)
    sum_weight = group.sum_weight[at] - np.bincount(member_of, group.weight[members, days], minlength=size)
    sum_moved = group.sum_moved[at] - np.bincount(member_of, group.moved[members, days], minlength=size)
    present = group.present
    quiet = present & ~group.changed
    left = present.sum(axis=0)[at] - np.bincount(member_of, present[members, days], minlength=size)
    unchanged = quiet.sum(axis=0)[at] - np.bincount(member_of, quiet[members, days], minlength=size)
    moved = np.where(sum_weight > 1e-9, sum_moved / np.maximum(sum_weight, 1e-9), 0.0)
    return moved, np.rint(left).astype(np.int64), np.rint(unchanged).astype(np.int64)
