"""What an ordinary day of a service looks like, by day type, and which spikes are cut; not what a change did.

The result is a set of cumulative sums, so that any window of any shape is one subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from impact.estimation.fading import Fading, fading
from impact.estimation.panel import Bools, Floats, Ints, Panel

COUNT_PRIOR = 30.0
"""Tickets' worth of trust in the day profile of all services, against a service's own."""
MEAN_PRIOR = 50.0
"""Observations' worth of trust in the pooled day profile of a mean or a share."""
VARIANCE_PRIOR = 20.0
"""Degrees of freedom of the pooled variance within a day."""
MEDIAN_DAYS = 15
"""Length of the running median before and after a day that says which level a spike is measured from."""
CAP_WIDTH = 3.0
"""Spikes are cut this many standard deviations above the running median."""
RARE_DAY = 0.05
"""Day types with less than this part of an average day say nothing about the level."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Cumulative sums over days of one panel, each of shape (services, days + 1).

    ``value`` sums capped tickets (count) or observed minus expected (mean, share); ``weight`` sums the day pattern
    (count) or observations; ``raw`` sums totals as recorded; ``known`` counts days with data. ``variance`` is the
    variance of one observation within a day per service (mean only, else NaN); ``pattern`` is the expected day,
    relative to 1 for counts, absolute for means and shares, shape (services, days). ``recent`` sums value and weight
    with weights that fade by age, for the level before a rollout.
    """

    value: Floats
    weight: Floats
    raw: Floats
    known: Floats
    variance: Floats
    pattern: Floats
    recent: Fading


def profile(panel: Panel, types: Ints, *, capped: bool = True) -> Profile:
    """Day pattern, capped values and cumulative sums of a panel; ``types`` from ``day_types``.

    Days before the first ticket or observation of a service, and days that are NaN, are unknown: they count
    neither as zeros nor as days. ``capped=False`` keeps spikes (they are only ever cut for counts).
    """
    if panel.kind == "count":
        return _count_profile(panel, types, capped=capped)
    return _mean_profile(panel, types)


def cumulated(values: Floats) -> Floats:
    """Running sums over days with a leading zero: shape (services, days) becomes (services, days + 1)."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def one_hot(types: Ints) -> Floats:
    """Shape (days, 8): one where the day has the type."""
    return np.asarray(types[:, None] == np.arange(8)[None, :], dtype=np.float64)


def since_first(active: Bools) -> Bools:
    """True from the first True of each row on."""
    return np.logical_or.accumulate(active, axis=1)


def _count_profile(panel: Panel, types: Ints, *, capped: bool) -> Profile:
    finite = np.isfinite(panel.total)
    y = np.where(finite, panel.total, 0.0)
    known = finite & since_first(y > 0)
    weights = count_weights(y, known, types)
    pattern = weights[:, types]
    exposure = pattern * known
    value = cap(y, exposure, known) if capped else y
    return Profile(
        value=cumulated(value),
        weight=cumulated(exposure),
        raw=cumulated(y),
        known=cumulated(known.astype(np.float64)),
        variance=np.full(len(panel.services), np.nan),
        pattern=pattern,
        recent=fading(value, exposure, y.sum(axis=1) / np.maximum(known.sum(axis=1), 1)),
    )


def count_weights(y: Floats, known: Bools, types: Ints) -> Floats:
    """Expected tickets by day type relative to the service's average day, shape (services, 8), mean 1 per service.

    A service's own profile is shrunk towards the median profile of the larger half of services:
    (tickets + 30 x shared) / (expected tickets + 30).
    """
    hot = one_hot(types)
    tickets = y @ hot
    days = known.astype(np.float64) @ hot
    level = tickets.sum(axis=1) / np.maximum(days.sum(axis=1), 1.0)
    expected = level[:, None] * days
    larger = np.argsort(-tickets.sum(axis=1), kind="stable")[: max(1, (len(y) + 1) // 2)]
    ratio = np.divide(tickets, expected, out=np.full_like(tickets, np.nan), where=expected > 0)[larger]
    seen = np.isfinite(ratio).any(axis=0)
    shared = np.ones(hot.shape[1])
    shared[seen] = np.nanmedian(ratio[:, seen], axis=0)
    weights = (tickets + COUNT_PRIOR * shared) / (expected + COUNT_PRIOR)
    mean = (weights * days).sum(axis=1) / np.maximum(days.sum(axis=1), 1.0)
    return np.asarray(weights / np.where(mean > 0, mean, 1.0)[:, None])


def cap(y: Floats, exposure: Floats, known: Bools) -> Floats:
    """Tickets with one-day spikes cut, so that an unrecorded incident does not pass for an effect.

    A spike is measured from the higher of the running medians just before and just after the day: a lasting step,
    which is what a change does, is therefore never cut. Shape (services, days) in and out.
    """
    if y.shape[1] < 2 * MEDIAN_DAYS:
        return y
    level = running_level(y, exposure) * exposure
    spread = np.sqrt(np.maximum(level, 0.5))
    distance = np.where(known, np.abs(y - level) / spread, np.nan)
    seen = known.any(axis=1)
    deviation = np.ones(len(y))
    if seen.all() and known.all():
        deviation = 1.4826 * np.median(distance, axis=1)
    elif seen.any():
        deviation[seen] = 1.4826 * np.nanmedian(distance[seen], axis=1)
    limit = np.ceil(level + CAP_WIDTH * np.maximum(deviation, 1.0)[:, None] * spread + 0.5)
    return np.asarray(np.minimum(y, limit))


def running_level(y: Floats, exposure: Floats) -> Floats:
    """Higher of the medians of y / exposure over the 15 days up to and the 15 days from each day."""
    telling = exposure >= RARE_DAY
    ratio = np.divide(y, exposure, out=np.zeros_like(y), where=telling)
    if not telling.all():
        last = np.maximum.accumulate(np.where(telling, np.arange(y.shape[1])[None, :], 0), axis=1)
        ratio = np.take_along_axis(ratio, last, axis=1)
    half = MEDIAN_DAYS // 2
    padded = np.pad(ratio, ((0, 0), (2 * half, 2 * half)), mode="reflect")
    medians = median_filter(padded.ravel(), size=MEDIAN_DAYS, mode="nearest").reshape(padded.shape)
    before = medians[:, half : half + y.shape[1]]
    after = medians[:, 3 * half : 3 * half + y.shape[1]]
    return np.asarray(np.maximum(before, after))


def _mean_profile(panel: Panel, types: Ints) -> Profile:
    seen = np.isfinite(panel.n) & np.isfinite(panel.total) & (panel.n > 0)
    n = np.where(seen, panel.n, 0.0)
    total = np.where(seen, panel.total, 0.0)
    pattern = mean_pattern(n, total, types)
    if panel.kind == "mean":
        squares = np.where(seen & np.isfinite(panel.total_sq), panel.total_sq, total * total / np.maximum(n, 1.0))
        variance = within_day_variance(n, total, squares, residual=total - n * pattern)
    else:
        variance = np.full(len(panel.services), np.nan)
    value, known = total - n * pattern, since_first(seen)
    return Profile(
        value=cumulated(value),
        weight=cumulated(n),
        raw=cumulated(total),
        known=cumulated(known.astype(np.float64)),
        variance=variance,
        pattern=pattern,
        recent=fading(value, n, n.sum(axis=1) / np.maximum(known.sum(axis=1), 1)),
    )


def mean_pattern(n: Floats, total: Floats, types: Ints) -> Floats:
    """Expected value of each day, shape (services, days): the service's mean plus its shrunk day-type residual."""
    hot = one_hot(types)
    overall = total.sum() / max(n.sum(), 1.0)
    own = np.where(n.sum(axis=1) > 0, total.sum(axis=1) / np.maximum(n.sum(axis=1), 1.0), overall)
    counts = n @ hot
    residual = (total - n * own[:, None]) @ hot
    pooled = residual.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)
    shift = (residual + MEAN_PRIOR * pooled) / (counts + MEAN_PRIOR)
    return np.asarray(own[:, None] + shift[:, types])


def within_day_variance(n: Floats, total: Floats, squares: Floats, *, residual: Floats) -> Floats:
    """Variance of one observation around its day's mean, per service, shrunk to that of all services.

    Where no day has two observations, the variance around the expected day is used instead.
    """
    count = np.maximum(n, 1.0)
    spread = np.maximum(squares - total * total / count, 0.0).sum(axis=1)
    freedom = np.maximum(n - 1.0, 0.0).sum(axis=1)
    if freedom.sum() <= 0:
        spread, freedom = (residual**2 / count).sum(axis=1), (n > 0).sum(axis=1).astype(np.float64)
    pool = spread.sum() / max(freedom.sum(), 1.0)
    return np.asarray((spread + VARIANCE_PRIOR * pool) / (freedom + VARIANCE_PRIOR))
