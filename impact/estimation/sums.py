"""How far a sum of tickets after a pretended change strays from what was expected: the yardstick of extra tickets.

Like the yardstick of effects, but with the spikes after the date left in, because a bump is one. Knows no change.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Bools, Floats, Ints, Shape
from impact.estimation.pattern import Profile, cumulated
from impact.estimation.placebo import (
    CLEAN_LEAST,
    NORMAL,
    UPPER,
    Placebos,
    days_per_reading,
    fit_spread,
    fit_tails,
    service_factor,
)
from impact.estimation.pooling import DRAW_SEED, Pooling, bucket
from impact.estimation.questions import Study
from impact.estimation.windows import count_difference

SPIKE_PRIOR_DAYS = 730.0
"""Days' worth of trust in the usual spikes of all services, against a service's own."""
DRAWS = 2_000
"""Random groups that say how far sums over several services stray."""
TAIL_DAYS = 56
"""Days after a rollout in which the tail of its bump may still be there."""


def usual_spikes(sums: Profile, counts: Floats) -> Floats:
    """Recorded tickets per ticket that is left when spikes are cut, for every service.

    The level before a change is taken without spikes, so that one of them does not make everything after it look
    low; a usual amount of them is to be expected all the same. Days on which a change's bump may last do not count.
    A service's own history weighs against two years of all services', because spikes are rare.
    """
    rollouts = cumulated(counts)
    begin = np.maximum(np.arange(counts.shape[1]) - TAIL_DAYS, 0)
    quiet = rollouts[:, 1:] - rollouts[:, begin] < 0.5
    raw, value, known = ((np.diff(x, axis=1) * quiet).sum(axis=1) for x in (sums.raw, sums.value, sums.known))
    pooled = float(raw.sum()) / float(value.sum()) if value.sum() > 0 else 1.0
    own = np.where(value > 0, raw / np.maximum(value, 1.0), pooled)
    return np.asarray((known * own + SPIKE_PRIOR_DAYS * pooled) / (known + SPIKE_PRIOR_DAYS))


def variance_of_expected(before: Floats, weight0: Floats, weight1: Floats) -> Floats:
    """Sampling variance of log(after / before) when nothing changed, told by the days before alone.

    The days after may hold a bump: they say nothing of how sure the expectation is.
    """
    level = (before + 0.5) / np.maximum(weight0, 1e-9)
    return np.asarray(1.0 / (level * weight0 + 0.5) + 1.0 / (level * weight1 + 0.5))


def with_spikes(common: Study, shape: Shape, *, compared: bool) -> Pooling | None:
    """A count panel read everywhere with one shape, cut before the date and as recorded after it.

    None when too few days without changes exist to learn chance from. Other kinds have no spikes to cut.
    """
    pool = common.pool(shape, compared=compared)
    if pool is None or pool.placebos.kind != "count":
        return pool
    placebo = pool.placebos
    cells = placebo.cells
    d, _ = count_difference(cells.value_before, cells.after, cells.expected_before, cells.expected_after)
    d = d - np.log(usual_spikes(common.sums, common.counts))[:, None]
    v = variance_of_expected(cells.value_before, cells.expected_before, cells.expected_after)
    moved = placebo.group.loading[:, None] * placebo.group.others if placebo.compared else 0.0
    g = d - moved
    clean = quiet_cells(placebo, common.counts)
    independent = float(clean.sum()) / days_per_reading(shape)
    spread = fit_spread(g, v, clean)
    factor = service_factor(g, spread, v, clean=clean, reach=shape.pre + shape.post)
    z = np.abs(g) / np.sqrt(spread.expected(v) * factor)
    tails = fit_tails(z, v, clean, independent=independent, most=cells.size[0] // 15)
    told = replace(
        placebo, cells=replace(cells, d=d, v=v), g=g, factor=factor, clean=clean, spread=spread, tails=tails,
        independent=independent,
    )  # fmt: skip
    return Pooling(told)


def quiet_cells(placebo: Placebos, counts: Floats) -> Bools:
    """Placebo readings that no earlier change's bump can have touched: none went live in the 8 weeks before the
    windows either, as far as that leaves 15 % of all readings."""
    days = cumulated(counts)
    width = placebo.clean.shape[1]
    begin = np.maximum(np.arange(width) - TAIL_DAYS, 0)
    quiet = placebo.clean & (days[:, :width] - days[:, begin] < 0.5)
    return quiet if quiet.sum() >= CLEAN_LEAST * max(1, int(placebo.cells.telling.sum())) else placebo.clean


def reaches(pool: Pooling, services: Ints, at: Ints, v: Floats) -> tuple[Floats, Floats]:
    """Half width of 95 % of placebo readings per service, and the part of its square that sampling one more ticket
    or answer adds per unit of sampling variance. ``v`` is the sampling variance of each reading."""
    placebo = pool.placebos
    place = np.clip(at, 0, placebo.factor.shape[1] - 1)
    factor = placebo.factor[services, place]
    stretch, freedom = placebo.tails.of(v)
    times = stdtrit(freedom, UPPER) * stretch
    return times * np.sqrt(placebo.spread.expected(v) * factor), times**2 * placebo.spread.slope * factor


def together(pool: Pooling, services: Ints, reach: Floats) -> float:
    """Half width of a sum over services from each one's own share of it, by their correlations; never below
    independent ones' divided by two. Several are widened as far as sums over random groups of as many services, each
    counting by its tickets, stray beyond that on placebo days."""
    if len(services) == 1:
        return float(reach[0])
    pairs = pool.correlations.whole[np.ix_(services, services)]
    plain = float(np.sqrt(max(float(reach @ pairs @ reach), 0.5 * float(reach @ reach))))
    size = bucket(len(np.unique(services)), pool.placebos.cells.size[0])
    if size < 2:
        return plain
    key = -size  # the pool keeps the tails of precision-weighted groups under their size
    if key not in pool.tails:
        pool.tails[key] = (random_sums(pool, size), 0.0)
    return plain * pool.tails[key][0]


def random_sums(pool: Pooling, size: int) -> float:
    """How far the sums of 95 % of random groups of ``size`` services on placebo days stray, as a multiple of what
    ``together`` would say of them; at least 1. Correlations are learnt from other days than the group's."""
    placebo, known = pool.placebos, pool.correlations
    cells, clean = placebo.cells, placebo.clean
    days = np.flatnonzero(clean.sum(axis=0) >= size)
    if not len(days):
        return 1.0
    at = days[np.linspace(0, len(days) - 1, DRAWS).astype(np.int64)]
    keys = np.random.default_rng([DRAW_SEED, size, 1]).random((DRAWS, clean.shape[0])) + 2.0 * ~clean[:, at].T
    chosen = np.argpartition(keys, size - 1, axis=1)[:, :size]
    day = at[:, None]
    tickets = cells.value_before / np.maximum(cells.expected_before, 1e-9) * cells.expected_after
    share = tickets[chosen, day] / np.maximum(tickets[chosen, day].sum(axis=1, keepdims=True), 1e-9)
    stretch, freedom = placebo.tails.of(cells.v[chosen, day])
    reach = stdtrit(freedom, UPPER) * stretch * placebo.se[chosen, day] * share
    pairs = known.others[known.stretch(at)[:, None, None], chosen[:, :, None], chosen[:, None, :]]
    square = np.maximum(np.einsum("gi,gij,gj->g", reach, pairs, reach), 0.5 * (reach**2).sum(axis=1))
    strayed = np.abs((share * placebo.g[chosen, day]).sum(axis=1)) / np.sqrt(square)
    independent = len(days) / days_per_reading(cells.shape) * max(1.0, clean.shape[0] / size)
    unsure = float(stdtrit(max(independent, 2.0), UPPER)) / NORMAL
    return max(1.0, unsure * float(np.quantile(strayed, INTERVAL_LEVEL)))
