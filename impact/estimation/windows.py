"""The raw difference between the days after and before every possible rollout day, and its sampling variance.

Knows nothing of other services, of chance beyond sampling, or of which difference belongs to a real change.
All arrays are (services, rollout days); rollout day ``i`` of the array is day ``shape.pre + i`` of the panel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.estimation.panel import Bools, Floats, Ints, Kind, Shape
from impact.estimation.pattern import Profile, cumulated

LEAST_TICKETS = 10
"""A count needs this many tickets in both windows together."""
LEAST_OBSERVATIONS = 5
"""A mean or a share needs this many observations in each window."""
LEAST_KNOWN = 0.75
"""Part of the days of each window that must be known."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Differences of one panel for one shape, at every service and every possible rollout day.

    ``d`` is the raw difference (log ratio for counts, plain for means and shares), ``v`` its sampling variance.
    ``expected_before`` and ``expected_after`` are the tickets that the day pattern expects on each side (counts;
    observations otherwise), ``value_before`` the tickets without spikes; the two of the days before count older days
    less (see ``fading``), their ratio is the level. ``before`` and ``after`` are the recorded totals, ``n_before`` and
    ``n_after`` tickets or observations, all of them plain. ``spikes`` is the part of the tickets cut. ``usable`` cells
    have data on both sides; ``telling`` cells have enough of it to be read.
    """

    kind: Kind
    shape: Shape
    d: Floats
    v: Floats
    expected_before: Floats
    expected_after: Floats
    value_before: Floats
    before: Floats
    after: Floats
    n_before: Floats
    n_after: Floats
    days_before: Floats
    days_after: Floats
    spikes: Floats
    usable: Bools
    telling: Bools

    @property
    def size(self) -> tuple[int, int]:
        """Services and rollout days."""
        return int(self.d.shape[0]), int(self.d.shape[1])


def sides(cum: Floats, shape: Shape) -> tuple[Floats, Floats]:
    """Sums of the pre and the post window at every possible rollout day, from cumulative sums."""
    count = max(0, cum.shape[1] - shape.pre - shape.reach - 1)
    start = shape.pre + shape.lead
    pre = cum[:, shape.pre : shape.pre + count] - cum[:, :count]
    post = cum[:, start + shape.post : start + shape.post + count] - cum[:, start : start + count]
    return pre, post


def windows(kind: Kind, sums: Profile, shape: Shape) -> Windows:
    """Differences and sampling variances for every service and rollout day. Empty when the panel is too short."""
    value0, value1 = sides(sums.value, shape)
    weight0, weight1 = sides(sums.weight, shape)
    raw0, raw1 = sides(sums.raw, shape)
    known0, known1 = sides(sums.known, shape)
    level0, faded0 = sums.recent.before(shape.pre, value0.shape[1])
    usable = (known0 >= LEAST_KNOWN * shape.pre) & (known1 >= LEAST_KNOWN * shape.post)
    if kind == "count":
        usable &= (weight0 > 0) & (weight1 > 0)
        level0 = np.maximum(level0, 0.0)
        d, v = count_difference(level0, value1, faded0, weight1)
        telling = usable & (value0 + value1 >= LEAST_TICKETS)
        n0, n1 = raw0, raw1
        spikes = 1.0 - (value0 + value1) / np.maximum(raw0 + raw1, 1.0)
    else:
        usable &= (weight0 >= 1) & (weight1 >= 1)
        variance = sums.variance[:, None] if kind == "mean" else share_variance(raw0 + raw1, weight0 + weight1)
        n0, n1 = weight0, weight1
        safe0, safe1 = np.maximum(faded0, 1.0), np.maximum(n1, 1.0)
        d = value1 / safe1 - level0 / safe0
        v = variance * (1.0 / safe1 + 1.0 / safe0)
        telling = usable & (n0 >= LEAST_OBSERVATIONS) & (n1 >= LEAST_OBSERVATIONS)
        spikes = np.zeros_like(d)
    return Windows(
        kind=kind, shape=shape, d=d, v=v, expected_before=faded0, expected_after=weight1, value_before=level0,
        before=raw0, after=raw1, n_before=n0, n_after=n1, days_before=known0, days_after=known1,
        spikes=np.maximum(spikes, 0.0), usable=usable, telling=telling,
    )  # fmt: skip


def count_difference(o0: Floats, o1: Floats, e0: Floats, e1: Floats) -> tuple[Floats, Floats]:
    """Log ratio of tickets after to before, beyond what the day pattern expects, and its Poisson variance.

    The halves keep it finite at zero tickets and cancel when nothing changed.
    """
    expected = np.maximum(e0 + e1, 1e-9)
    level = (o0 + o1 + 0.5) / expected
    m0, m1 = e0 * level + 0.5, e1 * level + 0.5
    d = np.log((o1 + 0.5) * m0 / ((o0 + 0.5) * m1))
    return d, 1.0 / m0 + 1.0 / m1


def share_variance(events: Floats, trials: Floats) -> Floats:
    """Variance of one trial, p (1 - p), with p over both windows pulled slightly towards one half."""
    p = (events + 1.0) / (trials + 2.0)
    return np.clip(p * (1.0 - p), 1e-6, None)


def rollouts_within(counts: Floats, shape: Shape, *, before: int | None = None) -> Ints:
    """Recorded changes of each service from ``before`` days ahead of each rollout day to the end of its post window.

    ``counts`` is the number of rollouts per service and day; ``before`` defaults to the whole pre window.
    """
    cum = cumulated(counts)
    days = counts.shape[1]
    width = max(0, days - shape.pre - shape.reach)
    start = shape.pre - (shape.pre if before is None else before)
    end = shape.pre + shape.reach + 1
    return np.asarray(np.rint(cum[:, end : end + width] - cum[:, start : start + width]), dtype=np.int64)
