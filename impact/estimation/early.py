"""By how much the bar is raised for readings made before their last day, so that looking often costs little.

Measured on placebo days: how often some look would have raised an alarm where the final reading does not.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Floats, Shape
from impact.estimation.placebo import FEW_INDEPENDENT, UPPER, Placebos
from impact.estimation.questions import Study
from impact.estimation.readings import looks

EXTRA_ALARMS = 0.004
"""Part of all changes without effect that may raise an alarm at a look and none at the end."""
LEAST_ALARMS = 3.0
"""A level is measured where this many independent placebo readings lie beyond it, and carried on from there."""
PACE = 3
"""Looks are compared on every third placebo day."""


def bar(common: Study, shape: Shape, *, compared: bool = True, dates: int = 1) -> float:
    """Factor by which a difference must be larger at a look before the last day of ``shape`` than at the end.

    So large that on placebo days at most 0.4 % raise an alarm at some look and not at the end; at least 1. Services
    that follow on ``dates`` different days bring as many rounds of looks, which share the allowance. Where too few
    placebo readings exist to count such rare alarms, more frequent ones are counted and carried on along Student's
    t; with fewer than 60, the factor is the one for looks that have nothing in common (Bonferroni), which is larger.
    """
    key = (shape, compared, dates)
    if key not in common.bars:
        common.bars[key] = _bar(common, shape, compared=compared, allowed=EXTRA_ALARMS / dates)
    return common.bars[key]


def _bar(common: Study, shape: Shape, *, compared: bool, allowed: float) -> float:
    final = common.pool(shape, compared=compared)
    pools = [common.pool(look, compared=compared) for look in looks(shape)]
    early = [pool.placebos for pool in pools if pool is not None]
    if final is None or not early:
        return 1.0
    freedom = float(np.median(final.placebos.tails.freedom))

    def apart(level: float) -> float:
        return float(stdtrit(freedom, 1.0 - level / (2 * len(early))) / stdtrit(freedom, UPPER))

    days = final.placebos.cells.size[1]
    clean = final.placebos.clean[:, :days:PACE]
    for placebo in early:
        clean = clean & placebo.cells.telling[:, :days:PACE]
    if final.placebos.independent < FEW_INDEPENDENT or not clean.any():
        return max(1.0, apart(allowed))
    largest = np.max([_against_bar(placebo, days)[clean] for placebo in early], axis=0)
    largest[_against_bar(final.placebos, days)[clean] > 1.0] = 0.0
    level = max(allowed, LEAST_ALARMS / final.placebos.independent)
    return max(1.0, float(np.quantile(largest, 1.0 - level)) * apart(allowed) / apart(level))


def _against_bar(placebo: Placebos, days: int) -> Floats:
    """Absolute placebo differences as multiples of what is called an effect at the 5 % level."""
    v = placebo.cells.v[:, :days:PACE]
    stretch, freedom = placebo.tails.of(v)
    reach = stdtrit(freedom, 0.5 + INTERVAL_LEVEL / 2) * stretch
    return np.asarray(np.abs(placebo.g[:, :days:PACE]) / (reach * placebo.se[:, :days:PACE]))
