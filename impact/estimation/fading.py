"""How much each day before a rollout tells of the level on it: the less, the older it is; nothing of days after it.

Services drift. A long window averages sampling noise away but holds days that no longer tell much; weights that halve
from time to time have the better of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dtbtrs

from impact.estimation.panel import Floats, Ints

HALF_LIVES = np.array([14.0, 20.0, 28.0, 40.0, 56.0, 80.0, 112.0])
"""Days after which a day before the rollout counts half as much, from the busiest services to the quietest."""
USUAL, USUAL_VOLUME, SLOWING = 28.0, 20.0, 0.25
"""28 days at 20 tickets or answers a day; a sixteenth of that doubles it: rare events take longer to average."""
NOTHING = 1e-9
"""Sums below this are rounding errors of an empty window."""


@dataclass(frozen=True, eq=False)
class Fading:
    """Fading sums of one panel up to the day before each index, each of shape (services, days + 1).

    ``keep`` (services,) is the part of its weight that a day keeps when it is one day older. ``value`` and ``weight``
    add up those of the profile, each day times its weight by age; ``square`` is ``weight`` with these weights squared.
    """

    keep: Floats
    value: Floats
    weight: Floats
    square: Floats

    def before(self, pre: int, count: int) -> tuple[Floats, Floats]:
        """Value and weight of the ``pre`` days before each of ``count`` rollout days, the first being day ``pre``.

        Scaled to as many tickets or observations as equal weights would need to be as precise, so that sampling
        variances follow from them as from plain sums. Shape (services, count).
        """
        late, early = slice(pre, pre + count), slice(0, count)
        gone = (self.keep**pre)[:, None]
        value = self.value[:, late] - gone * self.value[:, early]
        weight = self.weight[:, late] - gone * self.weight[:, early]
        return precise(value, weight, self.square[:, late] - gone**2 * self.square[:, early])

    def at(self, pre: int, services: Ints, days: Ints) -> tuple[Floats, Floats]:
        """The same for single services and rollout days, index arrays that broadcast against each other.

        A window that begins before the data has the days that are there.
        """
        early = np.maximum(days - pre, 0)
        gone = self.keep[services] ** pre
        value = self.value[services, days] - gone * self.value[services, early]
        weight = self.weight[services, days] - gone * self.weight[services, early]
        return precise(value, weight, self.square[services, days] - gone**2 * self.square[services, early])


def precise(value: Floats, weight: Floats, square: Floats) -> tuple[Floats, Floats]:
    """Fading sums times weight / square: n days of equal weight keep their plain sum."""
    scale = np.divide(weight, square, out=np.zeros_like(weight), where=weight > NOTHING)
    return value * scale, weight * scale


def fading(value: Floats, weight: Floats, volume: Floats) -> Fading:
    """Fading sums of daily values and weights, (services, days); ``volume`` (services,) is tickets or answers a day."""
    wanted = USUAL * (USUAL_VOLUME / np.maximum(volume, NOTHING)) ** SLOWING
    place = np.abs(np.log(wanted[:, None] / HALF_LIVES)).argmin(axis=1)
    keep = 0.5 ** (1.0 / HALF_LIVES[place])
    sums = [np.zeros((value.shape[0], value.shape[1] + 1)) for _ in range(3)]
    for k in np.unique(place):
        rows = place == k
        part = 0.5 ** (1.0 / HALF_LIVES[k])
        for out, days, kept in zip(sums, (value, weight, weight), (part, part, part * part), strict=True):
            out[rows, 1:] = _summed(days[rows], kept)
    return Fading(keep, *sums)


def _summed(days: Floats, kept: float) -> Floats:
    """Sums of the days up to each, of which the next day keeps a part: s[t] - kept * s[t-1] = days[t], solved for s.

    ``scipy.signal.lfilter`` gives the same and takes a second to import.
    """
    if not days.size:
        return days
    steps = np.ones((2, days.shape[1]), order="F")
    steps[1] = -kept
    found, _ = dtbtrs(steps, days.T, uplo="L", diag="U")
    return np.asarray(found.T)
