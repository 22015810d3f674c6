"""What all services outside a change did in any days after it, against the days before it; judges nothing.

The comparison of the estimate, for single changes and any number of periods at once instead of everywhere.
"""

from __future__ import annotations

import numpy as np

from impact.estimation.comparison import CHANGED_WEIGHT, CLIP, count_spread
from impact.estimation.panel import Floats, Ints
from impact.estimation.placebo import fit_spread
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Study
from impact.estimation.windows import count_difference, share_variance


def following(common: Study, pool: Pooling, *, members: Ints, start: int, first: Ints, end: Ints) -> Floats:
    """Movement of the services that are not ``members``, one value per period.

    Periods run from day index ``first`` to before ``end``; each is compared with ``shape.pre`` days up to ``start``.
    Log ratios for counts, differences for means and shares; 0 where there is nothing to compare with.
    """
    placebo, sums, last = pool.placebos, common.sums, common.panel.day_count
    low, high = np.clip(first, 0, last), np.clip(end, 0, last)
    begin = max(0, start - placebo.cells.shape.pre)
    services, day = np.arange(len(sums.raw))[:, None], np.array([[start]])
    level = sums.recent.at(placebo.cells.shape.pre, services, day)
    before = [*level, sums.raw[:, [start]] - sums.raw[:, [begin]]]
    after = [x[:, high] - x[:, low] for x in (sums.value, sums.weight, sums.raw)]
    if placebo.kind == "count":
        d, v = count_difference(before[0], after[0], before[1], after[1])
        variance = count_spread(v)
    else:
        n0, n1 = np.maximum(before[1], 1.0), np.maximum(after[1], 1.0)
        mean = placebo.kind == "mean"
        plain = sums.weight[:, [start]] - sums.weight[:, [begin]]
        own = sums.variance[:, None] if mean else share_variance(before[2] + after[2], plain + n1)
        d = after[0] / n1 - before[0] / n0
        variance = fit_spread(placebo.cells.d, placebo.cells.v, placebo.clean).expected(own * (1.0 / n0 + 1.0 / n1))
    weight = np.where((before[1] > 0) & (after[1] > 0), 1.0 / variance, 0.0)
    rollouts = np.concatenate([np.zeros((len(d), 1)), np.cumsum(common.counts, axis=1)], axis=1)
    changed = rollouts[:, np.maximum(high, start)] - rollouts[:, np.minimum(low, begin)] > 0
    weight = np.where(changed, CHANGED_WEIGHT * weight, weight)
    weight[members] = 0.0
    total = np.maximum(weight.sum(axis=0), 1e-12)
    centre = (weight * d).sum(axis=0) / total
    reach = CLIP * np.sqrt(variance)
    return np.asarray((weight * np.clip(d, centre - reach, centre + reach)).sum(axis=0) / total)
