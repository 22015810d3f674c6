"""How large differences are when nothing was changed: the yardstick of every test and interval.

Every service and day without a recorded change is a placebo rollout. Knows no real change's effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from impact.estimation.comparison import LEAST_SERVICES, Comparison, comparison, count_spread
from impact.estimation.panel import INTERVAL_LEVEL, Bools, Floats, Ints, Kind, Shape
from impact.estimation.pattern import Profile
from impact.estimation.windows import Windows, rollouts_within, windows

UPPER = 0.5 + INTERVAL_LEVEL / 2
FREEDOMS = np.array([3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 25.0, 60.0, 200.0])
"""Degrees of freedom tried for the tails of placebo differences."""
NORMAL = float(ndtri(UPPER))
NORMAL_MEDIAN = float(ndtri(0.75))
TAIL = 0.995
SLOPE_LEAST = 0.7
"""Differences cannot scatter much less than sampling alone makes them."""
CAP_RATIO = 9.0
"""A squared difference counts for at most this many times its expectation in any fit."""
OVERLAP = 0.75
"""Neighbouring placebo days share most of their windows: one independent reading per 0.75 (pre + post) days."""
FACTOR_PRIOR = 4.0
"""Independent readings' worth of trust in the spread of all services, against a service's own."""
GROUP_LEAST = 300
"""Placebo readings needed for a tail of its own."""
GROUP_PRIOR = 200.0
"""Independent readings' worth of trust in the tail of all readings, against that of a group with few."""
CLEAN_LEAST, NEARLY_CLEAN_LEAST = 0.15, 0.05
FEW_INDEPENDENT = 60.0
"""With fewer independent placebo readings than this, tails follow from the root mean square."""
LEAST_INDEPENDENT = 6.0
"""Fewer independent placebo readings than this say nothing about chance."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Expected square of a placebo difference, ``slope`` x sampling variance + ``floor``, and its capped mean ratio."""

    slope: float
    floor: float
    base: float

    def expected(self, v: Floats) -> Floats:
        """Expected squared difference for given sampling variances."""
        return self.slope * v + self.floor


@dataclass(frozen=True, eq=False)
class Tails:
    """Where 95 % of placebo readings end, in groups of equal size by sampling variance (``edges`` between them).

    A reading is judged by Student's t with ``freedom`` after division by ``stretch``.
    """

    edges: Floats
    stretch: Floats
    freedom: Floats

    def of(self, v: Floats) -> tuple[Floats, Floats]:
        """Stretch and degrees of freedom for given sampling variances."""
        group = np.searchsorted(self.edges, v, side="right")
        return self.stretch[group], self.freedom[group]


@dataclass(frozen=True, eq=False)
class Placebos:
    """One panel read at every service and day with one shape: differences beyond the comparison, spread and tails.

    ``g`` is the difference beyond the comparison, ``factor`` the service's own noisiness (leaving out the days
    around each reading), ``clean`` the cells that serve as placebos. ``independent`` is how many independent
    readings those are worth.
    """

    cells: Windows
    group: Comparison
    compared: bool
    g: Floats
    factor: Floats
    clean: Bools
    spread: Spread
    tails: Tails
    independent: float

    @property
    def kind(self) -> Kind:
        """Kind of the metric."""
        return self.cells.kind

    @property
    def se(self) -> Floats:
        """Standard error of every reading, before the stretch of the tails."""
        return np.sqrt(self.spread.expected(self.cells.v) * self.factor)


def placebos(kind: Kind, sums: Profile, *, shape: Shape, counts: Floats, compared: bool = True) -> Placebos | None:
    """Read the panel everywhere with one shape; None when its windows do not fit or too few placebos exist.

    ``counts`` is the number of rollouts per service and day. ``compared=False`` leaves the comparison out, as do
    panels with fewer than 8 services: readings then carry everything that moved, and the spread says so.
    """
    cells = windows(kind, sums, shape)
    if 0 in cells.size:
        return None
    changed = rollouts_within(counts, shape) > 0
    clean = clean_cells(cells, counts, changed)
    independent = float(clean.sum()) / days_per_reading(shape)
    if independent < LEAST_INDEPENDENT:
        return None
    spread = count_spread(cells.v) if kind == "count" else fit_spread(cells.d, cells.v, clean).expected(cells.v)
    group = comparison(cells, spread, changed)
    compared = compared and cells.size[0] >= LEAST_SERVICES
    g = cells.d - group.loading[:, None] * group.others if compared else cells.d
    fitted = fit_spread(g, cells.v, clean)
    factor = service_factor(g, fitted, cells.v, clean=clean, reach=shape.pre + shape.post)
    z = np.abs(g) / np.sqrt(fitted.expected(cells.v) * factor)
    tails = fit_tails(z, cells.v, clean, independent=independent, most=cells.size[0] // 15)
    return Placebos(cells, group, compared, g, factor, clean, fitted, tails, independent)


def days_per_reading(shape: Shape) -> float:
    """Neighbouring placebo days that are worth one independent reading.

    The shorter side carries most of the variance and is left behind soonest: four times the harmonic sum of both
    sides, which is 0.75 (pre + post) days for 42 before and 14 after, and fewer where the sides differ more.
    """
    return 4.0 * shape.information


def clean_cells(cells: Windows, counts: Floats, changed: Bools) -> Bools:
    """Readings with enough data and no recorded change in their windows.

    Where changes are so dense that under 15 % are left, a change in the early part of the pre window is allowed;
    where that leaves under 5 %, every reading serves.
    """
    total = max(1, int(cells.telling.sum()))
    clean = cells.telling & ~changed
    if clean.sum() >= CLEAN_LEAST * total:
        return clean
    nearly = cells.telling & (rollouts_within(counts, cells.shape, before=min(cells.shape.post, cells.shape.pre)) == 0)
    return nearly if nearly.sum() >= NEARLY_CLEAN_LEAST * total else cells.telling


def fit_spread(g: Floats, v: Floats, clean: Bools) -> Spread:
    """Fit E[g squared] = slope x v + floor on every third placebo day, by weighted least squares in 8 passes."""
    pick = clean[:, ::3]
    square, x = g[:, ::3][pick] ** 2, v[:, ::3][pick]
    if len(x) < 2:
        pick = clean
        square, x = g[pick] ** 2, v[pick]
    slope, floor = 1.0, max(float(square.mean() - x.mean()), 0.0)
    for _ in range(8):
        mu = np.maximum(slope * x + floor, 1e-12)
        slope, floor = weighted_line(x, np.minimum(square, CAP_RATIO * mu), 1.0 / (mu * mu))
    mu = np.maximum(slope * x + floor, 1e-12)
    base = float(np.minimum(square / mu, CAP_RATIO).mean())
    return Spread(slope, floor, max(base, 0.05))


def weighted_line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and floor of y = slope x + floor with slope at least 0.7 and a floor above 0."""
    total = float(weight.sum())
    mean_x, mean_y = float(weight @ x) / total, float(weight @ y) / total
    centred = weight * (x - mean_x)
    square = float(centred @ x)
    slope = float(centred @ y) / square if square > 1e-12 * total * mean_x**2 else SLOPE_LEAST
    if mean_y - slope * mean_x < 0:
        slope = float((weight * x) @ y) / max(float((weight * x) @ x), 1e-300)
    slope = max(slope, SLOPE_LEAST)
    return slope, max(mean_y - slope * mean_x, 1e-4 * mean_y, 1e-12)


def service_factor(g: Floats, spread: Spread, v: Floats, *, clean: Bools, reach: int) -> Floats:
    """How noisy each service is against the average of all, leaving out ``reach`` days around each reading.

    (4 base + sum of capped ratios / overlap) / (4 + readings / overlap), per service and rollout day.
    """
    ratio = np.where(clean, np.minimum(g * g / spread.expected(v), CAP_RATIO), 0.0)
    days = g.shape[1]
    ends = np.arange(days)
    low, high = np.maximum(ends - reach, 0), np.minimum(ends + reach + 1, days)
    overlap = OVERLAP * reach

    def beyond(values: Floats) -> Floats:
        cum = np.zeros((values.shape[0], days + 1))
        np.cumsum(values, axis=1, out=cum[:, 1:])
        return (cum[:, -1:] - cum[:, high] + cum[:, low]) / overlap

    return np.asarray((FACTOR_PRIOR * spread.base + beyond(ratio)) / (FACTOR_PRIOR + beyond(clean.astype(np.float64))))


def fit_tails(z: Floats, v: Floats, clean: Bools, *, independent: float, most: int) -> Tails:
    """Stretch and degrees of freedom of placebo readings in ``most`` (1 to 8) groups by sampling variance.

    A group with few independent readings has the stretch of all readings, pulled towards its own.
    """
    z, v = z[clean], v[clean]
    count = int(np.clip(most, 1, 8))
    edges = np.unique(np.quantile(v, np.arange(1, count) / count)) if count > 1 else np.empty(0)
    whole = tail(z, independent)
    stretch, freedom = np.empty(len(edges) + 1), np.empty(len(edges) + 1)
    member: Ints = np.searchsorted(edges, v, side="right")
    for k in range(len(edges) + 1):
        mine = z[member == k]
        share = independent * len(mine) / max(len(z), 1)
        own = tail(mine, share) if len(mine) >= GROUP_LEAST else whole
        stretch[k], freedom[k] = own
        if share < FEW_INDEPENDENT <= independent:
            part = share / (share + GROUP_PRIOR)
            stretch[k], freedom[k] = own[0] ** part * whole[0] ** (1.0 - part), whole[1]
    return Tails(edges, stretch, freedom)


def tail(z: Floats, independent: float) -> tuple[float, float]:
    """Stretch and degrees of freedom of absolute placebo readings.

    The degrees of freedom are those whose t quantiles at 99.75 and 97.5 % stand in the ratio seen; never more than
    the independent readings allow. A quantile learnt from n readings is itself uncertain: it is widened as Student's t
    with n degrees of freedom widens the normal. Few independent readings have no reliable quantile: their root mean
    square takes its place, and their number the degrees of freedom, as in the classical t test; single readings are
    capped in it against the median, because all readings of broad groups are far above 1.
    """
    middle, outer = (float(x) for x in np.quantile(z, [INTERVAL_LEVEL, TAIL]))
    allowed = FREEDOMS[max(independent, FREEDOMS[0]) >= FREEDOMS]
    ratios = stdtrit(allowed, 0.5 + TAIL / 2) / stdtrit(allowed, UPPER)
    freedom = float(allowed[np.argmin(np.abs(ratios - outer / max(middle, 1e-12)))])
    if independent < FEW_INDEPENDENT:
        scale = max(1.0, float(np.median(z)) / NORMAL_MEDIAN)
        return max(float(np.sqrt(np.mean(np.minimum(z * z, CAP_RATIO * scale**2)))), 1e-6), float(allowed[-1])
    unsure = float(stdtrit(independent, UPPER)) / NORMAL
    return unsure * max(middle, 1e-6) / float(stdtrit(freedom, UPPER)), freedom
