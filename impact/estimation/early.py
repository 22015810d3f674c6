"""By how much the bar is raised for readings made before their last day, so that looking often costs little.

Measured on placebo days: how often some look would have raised an alarm where the final reading does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Floats, Shape
from impact.estimation.placebo import FEW_INDEPENDENT, UPPER, Placebos
from impact.estimation.readings import looks

if TYPE_CHECKING:
    from impact.estimation.questions import Study

EXTRA_ALARMS = 0.002
"""Part of all changes without effect that may raise an alarm at a look and none at the end."""
LEAST_ALARMS = 3.0
"""A level is measured where this many independent placebo readings lie beyond it, and carried on from there."""
PACE = 3
"""Looks are compared on every third placebo day."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Placebo readings at the ``count`` looks before the last day of a shape: of each placebo the largest, in multiples
    of what is called an effect, 0 where the final reading raises an alarm itself. ``freedom`` is that of the final
    reading's tails, ``independent`` the number of independent readings behind it."""

    largest: Floats
    count: int
    freedom: float
    independent: float


def bar(common: Study, shape: Shape, *, compared: bool = True, dates: int = 1) -> float:
    """Factor by which a difference must be larger at a look before the last day of ``shape`` than at the end.

    So large that on placebo days at most 0.2 % raise an alarm at some look and not at the end; at least 1. Services
    that follow on ``dates`` different days bring as many rounds of looks, which share the allowance. Where too few
    placebo readings exist to count such rare alarms, more frequent ones are counted and carried on along Student's
    t; with fewer than 60, the factor is the one for looks that have nothing in common (Bonferroni), which is larger.
    """
    key = (shape, compared)
    if key not in common.looked:
        common.looked[key] = _looks(common, shape, compared=compared)
    known = common.looked[key]
    if known is None:
        return 1.0
    allowed = EXTRA_ALARMS / dates

    def apart(level: float) -> float:
        return float(stdtrit(known.freedom, 1.0 - level / (2 * known.count)) / stdtrit(known.freedom, UPPER))

    if known.independent < FEW_INDEPENDENT or not len(known.largest):
        return max(1.0, apart(allowed))
    level = max(allowed, LEAST_ALARMS / known.independent)
    return max(1.0, float(np.quantile(known.largest, 1.0 - level)) * apart(allowed) / apart(level))


def _looks(common: Study, shape: Shape, *, compared: bool) -> Looks | None:
    """None where there is no look. Placebo readings at looks that nobody reads are not kept: they take much room."""
    final = common.pool(shape, compared=compared)
    if final is None or not looks(shape):
        return None
    days = final.placebos.cells.size[1]
    clean = final.placebos.clean[:, :days:PACE]
    largest = np.zeros(clean.shape)
    for look in looks(shape):
        placebo = common.placebo(look, compared=compared)
        if placebo is not None:
            clean = clean & placebo.cells.telling[:, :days:PACE]
            largest = np.maximum(largest, _against_bar(placebo, days))
    largest[_against_bar(final.placebos, days) > 1.0] = 0.0
    freedom = float(np.median(final.placebos.tails.freedom))
    return Looks(largest[clean], len(looks(shape)), freedom, final.placebos.independent)


def _against_bar(placebo: Placebos, days: int) -> Floats:
    """Absolute placebo differences as multiples of what is called an effect at the 5 % level."""
    v = placebo.cells.v[:, :days:PACE]
    stretch, freedom = placebo.tails.of(v)
    reach = stdtrit(freedom, 0.5 + INTERVAL_LEVEL / 2) * stretch
    return np.asarray(np.abs(placebo.g[:, :days:PACE]) / (reach * placebo.se[:, :days:PACE]))
