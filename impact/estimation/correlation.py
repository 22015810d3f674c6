"""Which services move together on placebo days beyond the comparison; not what that means for any change."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from impact.estimation.panel import Bools, Floats, Ints
from impact.estimation.placebo import OVERLAP, Placebos

PAIR_PRIOR = 1.0
"""Independent readings' worth of trust in the mean correlation, against a pair's own."""
PARTS = 4
"""Stretches of days, each of which is left out once."""
Z_MOST = 3.0


@dataclass(frozen=True, eq=False)
class Correlations:
    """Correlation of every pair of services: from all placebo days, and from all but one stretch of days.

    ``whole`` is (services, services), ``others`` (stretches, services, services): ``others[k]`` does not know the
    rollout days from ``edges[k]`` to ``edges[k + 1]``. A group is always judged by days other than its own, because
    on its own days any measured correlation looks right.
    """

    whole: Floats
    others: Floats
    edges: Ints

    def stretch(self, at: Ints) -> Ints:
        """Stretch of each rollout-day index."""
        return np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, len(self.others) - 1)


def correlations(placebo: Placebos) -> Correlations:
    """Correlation of every pair of services beyond the comparison, pulled towards the mean of all pairs.

    A pair's own correlation weighs as much as the independent readings behind it, the mean as much as one reading:
    services of one department move together for years, and only their own history shows it.
    """
    clean = placebo.clean
    z = np.where(clean, np.clip(placebo.g / placebo.se, -Z_MOST, Z_MOST), 0.0)
    edges = np.linspace(0, clean.shape[1], PARTS + 1).astype(np.int64)
    sums = np.array([products(z[:, a:b], clean[:, a:b]) for a, b in pairwise(edges.tolist())])
    total = sums.sum(axis=0)
    overlap = OVERLAP * (placebo.cells.shape.pre + placebo.cells.shape.post)
    whole = pulled(total, overlap)
    return Correlations(whole, np.array([pulled(total - own, overlap) for own in sums]), edges)


def products(z: Floats, clean: Bools) -> Floats:
    """Per pair of services over their common days: sum of products, sum of squares of the first, number of days."""
    seen = clean.astype(np.float64)
    return np.array([z @ z.T, (z * z) @ seen.T, seen @ seen.T])


def pulled(sums: Floats, overlap: float) -> Floats:
    """Correlations from sums of products, pulled towards the mean; ``overlap`` days are one independent reading."""
    product, square, shared = sums[0], sums[1], sums[2] / overlap
    raw = product / np.sqrt(np.maximum(square * square.T, 1e-12))
    off = ~np.eye(len(raw), dtype=bool) & (shared > 1.0)
    if not off.any():
        return np.eye(len(raw))
    mean = float(shared[off] @ raw[off]) / float(shared[off].sum())
    out = np.where(off, (PAIR_PRIOR * mean + shared * raw) / (PAIR_PRIOR + shared), mean)
    np.fill_diagonal(out, 1.0)
    return np.asarray(out)
