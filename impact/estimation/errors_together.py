"""How the errors of two measures go together, measured on dates without a change: whether weeks in which one strays
from what is expected are weeks in which the other does. Pure arrays; knows no measure's meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from impact.estimation.panel import SHAPES, Panel, Rollout, Shape
from impact.estimation.placebo import LEAST_INDEPENDENT, days_per_reading
from impact.estimation.questions import study


def errors_together(
    first: Panel,
    second: Panel,
    rollouts: Sequence[Rollout],
    *,
    holidays: frozenset[date] = frozenset(),
    until: date | None = None,
    shape: Shape = SHAPES[0],
) -> float | None:
    """Correlation (-1..1) of placebo readings of two panels with the same services, services and dates alike; None
    where too few dates without a change are there to learn it from. Raises ValueError when the services differ.
    """
    if sorted(first.services) != sorted(second.services):
        raise ValueError(f"panels {first.metric!r} and {second.metric!r} have different services; give both the same")
    last = min(day for day in (first.last_on, second.last_on, until) if day is not None)
    found = []
    for panel in (first, second):
        pool = study(panel, rollouts, shapes=(shape,), holidays=holidays, until=last).placebo(shape)
        if pool is None:
            return None
        found.append((pool.g / pool.se, pool.clean, (panel.first_on - first.first_on).days))
    (a, a_clean, _), (b, b_clean, later) = found
    # both are read at dates counted from their own first day
    start, end = max(0, later), min(a.shape[1], b.shape[1] + later)
    if end <= start:
        return None
    ours, theirs = slice(start, end), slice(start - later, end - later)
    both = a_clean[:, ours] & b_clean[:, theirs] & np.isfinite(a[:, ours]) & np.isfinite(b[:, theirs])
    if both.sum() / days_per_reading(shape) < LEAST_INDEPENDENT:
        return None
    x, y = a[:, ours][both], b[:, theirs][both]
    square = float((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / square**0.5) if square > 0 else None
