"""Weighted sums of readings with different windows that leave one effect over, with what they scatter by.

Knows readings and which unknown effects are in each; not which readings a change should be told from, and no tails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from impact.estimation.comparison import without
from impact.estimation.panel import Bools, Floats, Ints
from impact.estimation.pooling import Pooling

FOUND = 1e-6
"""Weights leave the asked effect over when the sum of each effect's weights is this close to what it should be."""
UNEQUAL = 0.3
"""What another change does to a service is taken to scatter by this part of what it does on average: no change is
trusted to do exactly the same everywhere."""
LEAST_INFLATION = 0.5
"""Readings that move against each other are never trusted to cancel more than half of the variance."""


@dataclass(frozen=True, eq=False)
class Contrasts:
    """C questions of M readings each: arrays (C, M) of window shape (index), service and day index of the first day.

    ``design`` (C, M, effects) says which unknown effects each reading contains; the first is the one asked for.
    ``members`` and ``member_of`` are pairs: the services left out of the comparison of which question.
    """

    shape: Ints
    service: Ints
    at: Ints
    design: Floats
    members: Ints
    member_of: Ints

    @property
    def size(self) -> tuple[int, int]:
        """Questions, and readings of each."""
        return int(self.shape.shape[0]), int(self.shape.shape[1])

    @cached_property
    def apart(self) -> bool:
        """Other effects than the asked one are in the readings."""
        return bool(self.design[:, :, 1:].any())


@dataclass(frozen=True, eq=False)
class Looked:
    """Readings of contrasts, arrays (C, M): difference beyond the comparison, sampling variance, expected square,
    movement of the comparison, services left in it and how many of these had no change."""

    g: Floats
    v: Floats
    variance: Floats
    movement: Floats
    left: Ints
    unchanged: Ints


@dataclass(frozen=True, eq=False)
class Summed:
    """Contrasts put together: weight of each reading (C, M), effect, variance and its inflation by correlation (C,).

    ``unequal`` is the part of the variance that comes from other changes acting differently on different services.
    ``found`` questions have weights that leave the asked effect over and nothing else.
    """

    looked: Looked
    weight: Floats
    effect: Floats
    variance: Floats
    inflation: Floats
    unequal: Floats
    found: Bools


def summed(pools: Sequence[Pooling], asked: Contrasts, *, usual: int, placebo_days: bool = False) -> Summed:
    """Weigh the readings so that the asked effect remains, with the least variance that sampling and noise allow.

    Weighted least squares: with X the design and D the variances, the weights are the first row of
    (X' D^-1 X)^-1 X' D^-1. Their variance counts the correlations between readings, see ``correlated``; ``usual`` is
    the pool whose services' correlations are used. ``placebo_days`` learns these from other days than the readings', on
    which no other change acts either.
    """
    looked = look(pools, asked)
    solution, found = solved(asked.design, looked.variance)
    weight = solution[:, 0, :]
    effect = (weight * looked.g).sum(axis=1)
    alone = (weight**2 * looked.variance).sum(axis=1)
    scaled = weight * np.sqrt(looked.variance)
    pairs = correlated(pools, asked, usual=usual, placebo_days=placebo_days)
    whole = np.einsum("ci,cij,cj->c", scaled, pairs, scaled)
    inflation = np.maximum(whole / np.maximum(alone, 1e-300), LEAST_INFLATION)
    unequal = np.zeros(len(alone)) if placebo_days else scattered(asked.design, solution, looked)
    return Summed(looked, weight, effect, alone * inflation + unequal, inflation, unequal, found)


def solved(design: Floats, variance: Floats) -> tuple[Floats, Bools]:
    """Weights (C, effects, M) that give each effect from the readings, and whether those of the first leave exactly it
    over; design (C, M, effects)."""
    scale = 1.0 / np.sqrt(variance)
    solution = np.linalg.pinv(design * scale[:, :, None]) * scale[:, None, :]
    left = np.einsum("cm,cmq->cq", solution[:, 0, :], design)
    wanted = np.zeros(design.shape[2])
    wanted[0] = 1.0
    return solution, np.asarray(np.abs(left - wanted).max(axis=1) < FOUND)


def scattered(design: Floats, solution: Floats, looked: Looked) -> Floats:
    """Variance (C,) that other changes bring in because they do not act alike on all their services.

    The effect of another change on one service is taken to scatter around its mean with 0.3 of that mean as standard
    deviation. The square of the mean is the estimated one less what chance adds to it.
    """
    effects = np.einsum("cqm,cm->cq", solution, looked.g)
    chance = np.einsum("cqm,cm->cq", solution**2, looked.variance)
    square = np.maximum(effects**2 - chance, 0.0)
    parts = np.einsum("cm,cmq->cq", solution[:, 0, :] ** 2, design)
    return np.asarray(UNEQUAL**2 * (square * parts)[:, 1:].sum(axis=1))


def look(pools: Sequence[Pooling], asked: Contrasts) -> Looked:
    """Read every cell of the contrasts with the placebo readings of its shape."""
    count, width = asked.size
    shape, s, at = asked.shape.ravel(), asked.service.ravel(), asked.at.ravel()
    g, v, variance, movement = (np.zeros(count * width) for _ in range(4))
    left, unchanged = (np.zeros(count * width, dtype=np.int64) for _ in range(2))
    order = np.argsort(asked.member_of, kind="stable")
    members = asked.members[order]
    sizes = np.bincount(asked.member_of, minlength=count)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    for k in np.unique(shape).tolist():
        rows, placebo = np.flatnonzero(shape == k), pools[k].placebos
        ss, tt = s[rows], at[rows]
        v[rows] = placebo.cells.v[ss, tt]
        variance[rows] = placebo.spread.expected(v[rows]) * placebo.factor[ss, tt]
        if placebo.compared:
            own = sizes[rows // width]
            pick = np.repeat(starts[rows // width] - np.cumsum(own) + own, own) + np.arange(own.sum())
            others, left[rows], unchanged[rows] = without(
                placebo.group, tt, members=members[pick], member_of=np.repeat(np.arange(len(rows)), own)
            )
            movement[rows] = placebo.group.loading[ss] * others
        g[rows] = placebo.cells.d[ss, tt] - movement[rows]
    size = (count, width)
    return Looked(
        g.reshape(size), v.reshape(size), variance.reshape(size), movement.reshape(size),
        left.reshape(size), unchanged.reshape(size),
    )  # fmt: skip


def correlated(pools: Sequence[Pooling], asked: Contrasts, *, usual: int, placebo_days: bool) -> Floats:
    """Correlation (C, M, M) of the readings of each contrast: that of the services times that of the windows.

    Windows are weights on days: 1 / post after, -1 / pre before. Two of them correlate by their product over days, as
    if days were independent: windows that share days move together, or against each other where the days after one
    rollout are those before the next.
    """
    s, at = asked.service, asked.at
    if asked.size[1] == 1:
        return np.ones((asked.size[0], 1, 1))
    known = pools[usual].correlations
    if placebo_days:
        pairs = known.others[known.stretch(at[:, 0])[:, None, None], s[:, :, None], s[:, None, :]]
    else:
        pairs = known.whole[s[:, :, None], s[:, None, :]]
    shapes = [pool.placebos.cells.shape for pool in pools]
    pre, post, lead = (
        np.array([getattr(shape, name) for shape in shapes])[asked.shape] for name in ("pre", "post", "lead")
    )
    before, after = (at, at + pre), (at + pre + lead, at + pre + lead + post)
    product = (
        _shared(before, before) / (pre[:, :, None] * pre[:, None, :])
        + _shared(after, after) / (post[:, :, None] * post[:, None, :])
        - _shared(before, after) / (pre[:, :, None] * post[:, None, :])
        - _shared(after, before) / (post[:, :, None] * pre[:, None, :])
    )
    size = np.sqrt(1.0 / pre + 1.0 / post)
    return np.asarray(pairs * product / (size[:, :, None] * size[:, None, :]))


def _shared(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> Floats:
    """Days that the windows of two readings share, (C, M, M)."""
    first = np.maximum(one[0][:, :, None], other[0][:, None, :])
    end = np.minimum(one[1][:, :, None], other[1][:, None, :])
    return np.asarray(np.maximum(end - first, 0), dtype=np.float64)
