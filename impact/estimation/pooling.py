"""Readings of one or several services as one effect with test and interval; not which readings belong together.

Services share shocks that no comparison removes, so several services tell less than as many independent ones. Their
correlations, and the tails of randomly composed groups on placebo days, take care of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from impact.estimation.comparison import without
from impact.estimation.correlation import Correlations, correlations
from impact.estimation.panel import Bools, Floats, Ints
from impact.estimation.placebo import UPPER, Placebos, days_per_reading, tail

DRAW_SEED = 20_240_229
"""Fixed seed of the random placebo groups: the same panel always gives the same answer."""
POWER = 0.84
"""Normal quantile of the 80 % chance at which the smallest detectable effect is found."""
PASSES = 24
END = 7.0
"""Log ratios are reported within a factor of about 1,000 either way."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which readings are pooled: N readings of ``services`` at rollout-day indexes ``at``, in groups 0 .. count - 1.

    ``members`` and ``member_of`` are pairs: the services left out of the comparison of which reading.
    """

    services: Ints
    at: Ints
    group: Ints
    count: int
    members: Ints
    member_of: Ints

    @property
    def sizes(self) -> Ints:
        """Number of readings per group."""
        return np.bincount(self.group, minlength=self.count)


@dataclass(frozen=True, eq=False)
class Parts:
    """Readings before they are judged: difference, its variance and share of the pooled effect, per reading;
    the pooled effect, its standard error and correlation factor, per group."""

    g: Floats
    movement: Floats
    left: Ints
    unchanged: Ints
    variance: Floats
    share: Floats
    effect: Floats
    inflation: Floats
    se: Floats


@dataclass(frozen=True, eq=False)
class Judged:
    """Effect, interval, test and smallest detectable effect per group, with the parts they come from."""

    parts: Parts
    low: Floats
    high: Floats
    p_value: Floats
    se: Floats
    detectable: Floats


@dataclass(frozen=True, eq=False)
class Pooling:
    """Correlations between services on placebo days, and the tails of random groups by size, found when needed."""

    placebos: Placebos
    tails: dict[int, tuple[float, float]] = field(default_factory=dict)

    @cached_property
    def correlations(self) -> Correlations:
        """Correlation of every pair of services."""
        return correlations(self.placebos)


def judge(pool: Pooling, groups: Groups, raised: Floats | float = 1.0) -> Judged:
    """Test and interval of every group. A group of one reading uses the tails of readings like it.

    ``raised`` is the factor by which the bar is raised (per group): the interval is as much wider, and the p-value is
    the smallest level at which the test with the raised bar rejects.
    """
    parts = read(pool, groups)
    stretch, freedom = group_tails(pool, groups)
    t = stdtrit(freedom, UPPER) * stretch * raised
    p_value = 2.0 * stdtr(freedom, -np.abs(parts.effect) / (stretch * raised * parts.se))
    if pool.placebos.kind == "count":
        low, high = inverted(pool, groups, parts, t=t)
    else:
        low, high = parts.effect - t * parts.se, parts.effect + t * parts.se
    detectable = (stdtrit(freedom, UPPER) * raised + POWER) * stretch * parts.se
    return Judged(parts, low, high, p_value, stretch * parts.se, detectable)


def read(pool: Pooling, groups: Groups, *, placebo_days: bool = False) -> Parts:
    """Effect and standard error of every group: inverse-variance mean of its readings, widened by correlation.

    ``placebo_days`` says that the readings themselves are placebos: their correlations are then learnt from other
    days, as those of a real change always are.
    """
    placebo, s, at = pool.placebos, groups.services, groups.at
    movement = np.zeros(len(s))
    left = unchanged = np.zeros(len(s), dtype=np.int64)
    if placebo.compared:
        others, left, unchanged = without(placebo.group, at, members=groups.members, member_of=groups.member_of)
        movement = placebo.group.loading[s] * others
    g = placebo.cells.d[s, at] - movement
    variance = placebo.spread.expected(placebo.cells.v[s, at]) * placebo.factor[s, at]
    inverse = 1.0 / variance
    total = np.bincount(groups.group, inverse, minlength=groups.count)
    share = inverse / total[groups.group]
    effect = added(groups, share * g)
    inflation = correlation_factor(pool, groups, 1.0 / np.sqrt(variance), placebo_days=placebo_days)
    return Parts(g, movement, left, unchanged, variance, share, effect, inflation, np.sqrt(inflation / total))


def added(groups: Groups, values: Floats) -> Floats:
    """Sums of per-reading values over the readings of each group."""
    return np.asarray(np.bincount(groups.group, values, minlength=groups.count), dtype=np.float64)


def correlation_factor(pool: Pooling, groups: Groups, weight: Floats, *, placebo_days: bool) -> Floats:
    """Variance of a group's pooled reading against independent readings, at least one half; 1 for single readings.

    Readings on different dates share shocks only as far as their windows overlap.
    """
    sizes = groups.sizes
    out = np.ones(groups.count)
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        return out
    order = np.argsort(groups.group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    for size in np.unique(sizes[several]):
        same = np.flatnonzero(sizes == size)
        step = max(1, 2_000_000 // int(size) ** 2)
        for begin in range(0, len(same), step):
            part = same[begin : begin + step]
            index = order[starts[part][:, None] + np.arange(size)[None, :]]
            out[part] = _factor(pool, groups, index, weight=weight[index], placebo_days=placebo_days)
    return np.maximum(out, 0.5)


def _factor(pool: Pooling, groups: Groups, index: Ints, *, weight: Floats, placebo_days: bool) -> Floats:
    s, at = groups.services[index], groups.at[index]
    shape, known = pool.placebos.cells.shape, pool.correlations
    if placebo_days:
        pairs = known.others[known.stretch(at[:, 0])[:, None, None], s[:, :, None], s[:, None, :]]
    else:
        pairs = known.whole[s[:, :, None], s[:, None, :]]
    if (at != at[:, :1]).any():
        apart = np.abs(at[:, :, None] - at[:, None, :]) / (shape.pre + shape.post)
        pairs = pairs * np.maximum(0.0, 1.0 - apart)
    total = np.einsum("gi,gij,gj->g", weight, pairs, weight)
    return np.asarray(total / (weight * weight).sum(axis=1))


def group_tails(pool: Pooling, groups: Groups) -> tuple[Floats, Floats]:
    """Stretch and degrees of freedom for every group."""
    placebo, sizes = pool.placebos, groups.sizes
    stretch, freedom = np.ones(groups.count), np.full(groups.count, 200.0)
    single = sizes[groups.group] == 1
    alone = groups.group[single]
    stretch[alone], freedom[alone] = placebo.tails.of(placebo.cells.v[groups.services[single], groups.at[single]])
    for size in np.unique(sizes[sizes > 1]):
        key = bucket(int(size), placebo.cells.size[0])
        if key not in pool.tails:
            pool.tails[key] = random_tail(pool, key)
        stretch[sizes == size], freedom[sizes == size] = pool.tails[key]
    return stretch, freedom


def bucket(size: int, services: int) -> int:
    """Group size whose tails are used for a size: itself when small or broad, else the nearest of a geometric row."""
    if size <= 4 or size > services / 4:
        return min(size, services)
    row = np.array([4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512])
    return int(min(row[np.argmin(np.abs(np.log(row / size)))], services))


def random_tail(pool: Pooling, size: int) -> tuple[float, float]:
    """Tails of randomly composed groups of ``size`` services on days when none of them was changed."""
    placebo = pool.placebos
    cells: Bools = placebo.clean
    if not (cells.sum(axis=0) >= size).any():
        cells = placebo.cells.telling
    days = np.flatnonzero(cells.sum(axis=0) >= size)
    if not len(days):
        return placebo.tails.of(np.array([np.median(placebo.cells.v)]))[0][0], float(placebo.tails.freedom.min())
    draws = int(np.clip(24_000 // size, 600, 4_000))
    at = days[np.linspace(0, len(days) - 1, draws).astype(np.int64)]
    keys = np.random.default_rng([DRAW_SEED, size]).random((draws, cells.shape[0])) + 2.0 * ~cells[:, at].T
    chosen = np.argpartition(keys, size - 1, axis=1)[:, :size]
    groups = same_day_groups(chosen, at)
    parts = read(pool, groups, placebo_days=True)
    shape = placebo.cells.shape
    independent = len(days) / days_per_reading(shape) * max(1.0, cells.shape[0] / size)
    return tail(np.abs(parts.effect) / parts.se, independent)


def same_day_groups(chosen: Ints, at: Ints) -> Groups:
    """Groups of services (rows of ``chosen``) that are all read on the row's rollout day."""
    count, size = chosen.shape
    group = np.repeat(np.arange(count), size)
    return Groups(
        services=chosen.ravel(),
        at=np.repeat(at, size),
        group=group,
        count=count,
        members=np.repeat(chosen, size, axis=0).ravel(),
        member_of=np.repeat(np.arange(count * size), size),
    )


def inverted(pool: Pooling, groups: Groups, parts: Parts, *, t: Floats) -> tuple[Floats, Floats]:
    """Ends of the interval of a log ratio: effects that the same test would not reject.

    The sampling variance of a count depends on the effect itself: with r the ratio of expected tickets after to
    before under effect x, it is (1 + r)^2 / (r N). Solved by a damped fixed point.
    """
    placebo = pool.placebos
    cells, s, at = placebo.cells, groups.services, groups.at
    v, factor = cells.v[s, at], placebo.factor[s, at]
    ratio = cells.expected_after[s, at] / np.maximum(cells.expected_before[s, at], 1e-9)
    size = (1.0 + ratio) ** 2 / (ratio * v)

    def se(x: Floats) -> Floats:
        r = ratio * np.exp(x[groups.group])
        variance = placebo.spread.expected((1.0 + r) ** 2 / (r * size)) * factor
        pooled = np.bincount(groups.group, parts.share**2 * variance, minlength=groups.count)
        return np.asarray(np.sqrt(pooled * parts.inflation))

    def end(sign: float) -> Floats:
        x = np.clip(parts.effect, -END, END)
        for _ in range(PASSES):
            x = np.clip(0.5 * x + 0.5 * (parts.effect + sign * t * se(x)), -END, END)
        return x

    return np.minimum(end(-1.0), parts.effect), np.maximum(end(1.0), parts.effect)
