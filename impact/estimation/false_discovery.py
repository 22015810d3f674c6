"""How many of the effects named among many are none; knows p-values, not where they come from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """False-discovery rate of each p-value among all given (Benjamini and Hochberg 1995): at a threshold of 0.10,
    on average at most one in ten of the effects named is none."""
    p = np.asarray(p_values, dtype=np.float64)
    if not len(p):
        return []
    order = np.argsort(-p, kind="stable")
    rank = np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[order] = np.minimum.accumulate(np.minimum(p[order] * len(p) / rank, 1.0))
    return [float(x) for x in q]
