"""Test, interval and smallest detectable effect of weighted sums of readings; not which sums, and no words.

The same test as for single windows, with the tails of the sums themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from impact.estimation.contrast_tails import tails
from impact.estimation.contrasts import Contrasts, Summed, summed
from impact.estimation.panel import Floats
from impact.estimation.placebo import UPPER
from impact.estimation.pooling import END, PASSES, POWER, Pooling


@dataclass(frozen=True, eq=False)
class Tested:
    """Per question (C,): interval, p-value, standard error with the tails' stretch, smallest detectable effect."""

    sums: Summed
    low: Floats
    high: Floats
    p_value: Floats
    se: Floats
    detectable: Floats


def tested(pools: Sequence[Pooling], asked: Contrasts) -> Tested | None:
    """Judge the sums; None when too few placebo sums exist to learn chance from.

    All questions have the same number of readings. Correlations are those of the shape that most readings have.
    """
    usual = int(np.bincount(asked.shape.ravel()).argmax())
    sums = summed(pools, asked, usual=usual)
    found = tails(pools, asked, usual=usual)
    if found is None:
        return None
    stretch, freedom = found
    se = stretch * np.sqrt(sums.variance)
    t = stdtrit(freedom, UPPER)
    p_value = 2.0 * stdtr(freedom, -np.abs(sums.effect) / se)
    if pools[usual].placebos.kind == "count":
        low, high = _inverted(pools, asked, sums, t=t * stretch)
    else:
        low, high = sums.effect - t * se, sums.effect + t * se
    return Tested(sums, low, high, p_value, se, (t + POWER) * se)


def _inverted(pools: Sequence[Pooling], asked: Contrasts, sums: Summed, *, t: Floats) -> tuple[Floats, Floats]:
    """Ends of the interval of a log ratio: effects that the same test would not reject.

    The sampling variance of a count depends on the effect itself: with r the ratio of expected tickets after to
    before under effect x, it is (1 + r)^2 / (r N). Solved by a damped fixed point. Readings without the asked change
    keep their variance.
    """
    cell, v = _cells(pools, asked), sums.looked.v
    size = (1.0 + cell.ratio) ** 2 / (cell.ratio * v)
    own = asked.design[:, :, 0] > 0
    rest = sums.looked.g - sums.effect[:, None] if asked.apart else np.zeros_like(v)

    def se(x: Floats) -> Floats:
        r = cell.ratio * np.exp(np.clip(x[:, None] + rest, -END, END))
        at_x = (cell.slope * (1.0 + r) ** 2 / (r * size) + cell.floor) * cell.factor
        variance = np.where(own, at_x, sums.looked.variance)
        return np.asarray(np.sqrt((sums.weight**2 * variance).sum(axis=1) * sums.inflation + sums.unequal))

    def end(sign: float) -> Floats:
        x = np.clip(sums.effect, -END, END)
        for _ in range(PASSES):
            x = np.clip(0.5 * x + 0.5 * (sums.effect + sign * t * se(x)), -END, END)
        return x

    return np.minimum(end(-1.0), sums.effect), np.maximum(end(1.0), sums.effect)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Per reading (C, M): expected tickets after to before, and what makes a sampling variance an expected square."""

    ratio: Floats
    slope: Floats
    floor: Floats
    factor: Floats


def _cells(pools: Sequence[Pooling], asked: Contrasts) -> _Cells:
    out = [np.ones(asked.shape.shape) for _ in range(4)]
    for k in np.unique(asked.shape).tolist():
        rows = asked.shape == k
        s, at, placebo = asked.service[rows], asked.at[rows], pools[k].placebos
        cells = placebo.cells
        out[0][rows] = cells.expected_after[s, at] / np.maximum(cells.expected_before[s, at], 1e-9)
        out[1][rows], out[2][rows] = placebo.spread.slope, placebo.spread.floor
        out[3][rows] = placebo.factor[s, at]
    return _Cells(*out)
