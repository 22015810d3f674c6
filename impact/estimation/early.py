"""By how much the bar is raised for readings made before their last day, so that looking often costs little.

Measured on placebo days: how often some look would have raised an alarm where the final reading does not.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Floats, Shape
from impact.estimation.placebo import UPPER, Placebos
from impact.estimation.questions import Study
from impact.estimation.readings import looks

EXTRA_ALARMS = 0.0075
"""Part of all changes without effect that may raise an alarm at a look and none at the end."""
LEAST_PLACEBOS = 400.0
"""With fewer independent placebo readings, alarms this rare cannot be counted."""
PACE = 3
"""Looks are compared on every third placebo day."""


def bar(common: Study, shape: Shape, *, compared: bool = True, dates: int = 1) -> float:
    """Factor by which a difference must be larger at a look before the last day of ``shape`` than at the end.

    So large that on placebo days at most 0.75 % raise an alarm at some look and not at the end; at least 1. Services
    that follow on ``dates`` different days bring as many rounds of looks, which share the allowance. Panels with too
    few placebo readings to count such rare alarms get at least the factor that would do for looks that have nothing
    in common (Bonferroni).
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
    apart = float(stdtrit(freedom, 1.0 - allowed / (2 * len(early))) / stdtrit(freedom, UPPER))
    days = final.placebos.cells.size[1]
    clean = final.placebos.clean[:, :days:PACE]
    for placebo in early:
        clean = clean & placebo.cells.telling[:, :days:PACE]
    if not clean.any():
        return apart
    largest = np.max([_against_bar(placebo, days)[clean] for placebo in early], axis=0)
    largest[_against_bar(final.placebos, days)[clean] > 1.0] = 0.0
    seen = float(np.quantile(largest, 1.0 - allowed))
    return max(1.0, seen if final.placebos.independent * allowed >= LEAST_PLACEBOS * EXTRA_ALARMS else max(seen, apart))


def _against_bar(placebo: Placebos, days: int) -> Floats:
    """Absolute placebo differences as multiples of what is called an effect at the 5 % level."""
    v = placebo.cells.v[:, :days:PACE]
    stretch, freedom = placebo.tails.of(v)
    reach = stdtrit(freedom, 0.5 + INTERVAL_LEVEL / 2) * stretch
    return np.asarray(np.abs(placebo.g[:, :days:PACE]) / (reach * placebo.se[:, :days:PACE]))
