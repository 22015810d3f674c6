"""Day by day, what was observed around a change and what was to be expected without it; judges nothing.

For drawing: the same level before, day pattern, comparison and placebo spread as the estimate, spread out over days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from scipy.special import stdtrit

from impact.estimation.comparison import CHANGED_WEIGHT, CLIP, LEAST_SERVICES, count_spread
from impact.estimation.panel import SHAPES, Floats, Ints, Kind, Panel, Rollout, Shape, day_types
from impact.estimation.pattern import profile
from impact.estimation.placebo import UPPER, Spread, fit_spread
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Study, by_change, study
from impact.estimation.windows import count_difference, share_variance

HORIZONS = (1, 14, 28, 56, 112)
"""Days after the rollout at which the width of the band is measured; between them it is interpolated."""


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Observed and expected figures of a change's services together, one entry per day of ``days``.

    Counts are tickets a day, other values means or shares of the day. ``low`` and ``high`` are where 95 % of single
    values of ``days_per_point`` days fall on placebo dates; for counts they can be added up over such periods.
    ``n`` is the number of observations of the day (tickets for counts), the weight when days are averaged. NaN
    stands where nothing is known.
    """

    change_id: str
    metric: str
    kind: Kind
    days: tuple[date, ...]
    observed: Floats
    expected: Floats
    low: Floats
    high: Floats
    n: Floats
    services: tuple[str, ...]
    compared: bool


@dataclass(frozen=True, eq=False)
class _Asked:
    """Services of a change with their rollout days, and the day indexes to draw."""

    services: Ints
    rollouts: Ints
    days: Ints
    members: Ints


def counterfactual(
    panel: Panel,
    rollouts: Sequence[Rollout],
    change_id: str,
    *,
    shape: Shape = SHAPES[0],
    holidays: frozenset[date] = frozenset(),
    from_on: date,
    to_on: date,
    until: date | None = None,
    days_per_point: int = 7,
) -> Counterfactual | None:
    """Observed and expected figures from ``from_on`` to ``to_on``, cut at the last day of data.

    ``shape`` says how many days before the rollout give the level. None when no service of the change has known days
    there, or no day asked for is in the panel. Without 8 services to compare with, only level and pattern count.
    """
    common = study(panel, rollouts, shapes=(shape,), holidays=holidays, until=until)
    asked = _asked(common, change_id, shape, from_on=from_on, to_on=to_on)
    if asked is None:
        return None
    pool = common.pool(shape)
    left = len(common.panel.services) - len(asked.members)
    compared = pool is not None and pool.placebos.compared and left >= LEAST_SERVICES
    movement = (
        _movement(common, asked, shape, pool=pool, width=days_per_point) if pool is not None and compared else None
    )
    observed, expected, parts, n = _lines(common, asked, shape, movement=movement)
    types = day_types(common.panel.first_on, common.panel.day_count, holidays)
    plain = replace(common, sums=profile(common.panel, types, capped=False), pools={})
    width = _width(plain, asked, shape, share=parts, days_per_point=days_per_point, compared=compared)
    if common.panel.kind == "count":
        low, high = expected * np.exp(-width), expected * np.exp(width)
    else:
        low, high = expected - width, expected + width
    if common.panel.kind == "share":
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    return Counterfactual(
        change_id, common.panel.metric, common.panel.kind, tuple(common.panel.on(int(t)) for t in asked.days),
        observed, expected, low, high, n, tuple(common.panel.services[s] for s in asked.services), compared,
    )  # fmt: skip


def _asked(common: Study, change_id: str, shape: Shape, *, from_on: date, to_on: date) -> _Asked | None:
    line, panel = common.line, common.panel
    row = next((a for a in by_change(line) if a.change_id == change_id), None)
    first = max(0, (from_on - panel.first_on).days)
    days = np.arange(first, min(panel.day_count - 1, (to_on - panel.first_on).days) + 1)
    if row is None or not len(days):
        return None
    found: dict[int, int] = {}
    for i in row.rollouts:
        s, t = int(line.service[i]), int(line.day[i])
        if s >= 0 and 0 < t <= panel.day_count and s not in found:
            start = max(0, t - shape.pre)
            if common.sums.weight[s, t] - common.sums.weight[s, start] > 0:
                found[s] = t
    if not found:
        return None
    services = np.array(sorted(found), dtype=np.int64)
    starts = np.array([found[int(s)] for s in services], dtype=np.int64)
    return _Asked(services, starts, days, np.array(row.members, dtype=np.int64))


def _movement(common: Study, asked: _Asked, shape: Shape, *, pool: Pooling, width: int) -> Floats:
    """What each service was to follow of the others, (services of the change, days): level of ``width`` days around
    each day against the days before the rollout."""
    placebo = pool.placebos
    spread = fit_spread(placebo.cells.d, placebo.cells.v, placebo.clean)
    out = np.zeros((len(asked.services), len(asked.days)))
    for start in np.unique(asked.rollouts):
        moved = _others(common, asked, shape, start=int(start), width=width, spread=spread)
        same = asked.rollouts == start
        out[same] = placebo.group.loading[asked.services[same]][:, None] * moved[None, :]
    return out


def _others(common: Study, asked: _Asked, shape: Shape, *, start: int, width: int, spread: Spread) -> Floats:
    """Weighted movement of the services outside the change, per day."""
    sums, last = common.sums, common.panel.day_count
    low = np.clip(asked.days - width // 2, 0, last)
    high = np.clip(asked.days + width - width // 2, 0, last)
    first = max(0, start - shape.pre)
    level = sums.recent.at(shape.pre, np.arange(len(sums.raw))[:, None], np.array([[start]]))
    before = [*level, *(x[:, [start]] - x[:, [first]] for x in (sums.raw, sums.weight))]
    after = [x[:, high] - x[:, low] for x in (sums.value, sums.weight, sums.raw)]
    d, v = _difference(common, before, after)
    variance = count_spread(v) if common.panel.kind == "count" else spread.expected(v)
    weight = np.where((before[1] > 0) & (after[1] > 0), 1.0 / variance, 0.0)
    rollouts = np.concatenate([np.zeros((len(d), 1)), np.cumsum(common.counts, axis=1)], axis=1)
    changed = rollouts[:, np.maximum(high, start)] - rollouts[:, np.minimum(low, first)] > 0
    weight = np.where(changed, CHANGED_WEIGHT * weight, weight)
    weight[asked.members] = 0.0
    total = np.maximum(weight.sum(axis=0), 1e-12)
    centre = (weight * d).sum(axis=0) / total
    reach = CLIP * np.sqrt(variance)
    return np.asarray((weight * np.clip(d, centre - reach, centre + reach)).sum(axis=0) / total)


def _difference(common: Study, before: list[Floats], after: list[Floats]) -> tuple[Floats, Floats]:
    """Difference and sampling variance between two sets of windows, as for the estimate."""
    if common.panel.kind == "count":
        return count_difference(before[0], after[0], before[1], after[1])
    n0, n1 = np.maximum(before[1], 1.0), np.maximum(after[1], 1.0)
    mean = common.panel.kind == "mean"
    variance = common.sums.variance[:, None] if mean else share_variance(before[2] + after[2], before[3] + n1)
    return after[0] / n1 - before[0] / n0, variance * (1.0 / n0 + 1.0 / n1)


def _lines(
    common: Study, asked: _Asked, shape: Shape, *, movement: Floats | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Observed, expected, each service's share of the expected (services, days), and observations per day."""
    sums, s, t = common.sums, asked.services[:, None], asked.days[None, :]
    level, weight = sums.recent.at(shape.pre, asked.services, asked.rollouts)
    known = (sums.known[s, t + 1] - sums.known[s, t]) > 0
    raw = np.where(known, sums.raw[s, t + 1] - sums.raw[s, t], 0.0)
    follow = np.zeros(known.shape) if movement is None else movement
    rate = (level / weight)[:, None]
    if common.panel.kind == "count":
        each = np.where(known, rate * sums.pattern[s, t] * np.exp(follow), 0.0)
        n, expected, observed = raw.sum(axis=0), each.sum(axis=0), raw.sum(axis=0)
        share = each / np.maximum(expected, 1e-12)
    else:
        seen = np.where(known, sums.weight[s, t + 1] - sums.weight[s, t], 0.0)
        n = seen.sum(axis=0)
        parts = np.where(n > 0, seen, np.where(known, weight[:, None], 0.0))
        share = parts / np.maximum(parts.sum(axis=0), 1e-12)
        expected = (share * (rate + sums.pattern[s, t] + follow)).sum(axis=0)
        observed = np.where(n > 0, raw.sum(axis=0) / np.maximum(n, 1.0), np.nan)
    some = known.any(axis=0)
    return np.where(some, observed, np.nan), np.where(some, expected, np.nan), share, n


def _width(common: Study, asked: _Asked, shape: Shape, share: Floats, *, days_per_point: int, compared: bool) -> Floats:
    """Half width of the band per day: placebo values of the same length, at growing distance from the rollout."""
    after = asked.days - asked.rollouts.min()
    furthest = max(int(after.max()), HORIZONS[0])
    horizons = [h for k, h in enumerate(HORIZONS) if k == 0 or HORIZONS[k - 1] < furthest]
    widths = []
    for lead in horizons:
        pool = common.pool(Shape(shape.pre, days_per_point, lead), compared=compared)
        if pool is None:
            break
        widths.append(_half_width(pool, asked.services, share))
    if not widths:
        return np.full(len(asked.days), np.nan)
    out = np.empty(len(asked.days))
    for k, distance in enumerate(after.tolist()):
        out[k] = np.interp(distance, horizons[: len(widths)], [w[k] for w in widths])
    return out


def _half_width(pool: Pooling, services: Ints, share: Floats) -> Floats:
    """Half width per day for the services together, from each one's median over its placebo dates."""
    placebo = pool.placebos
    stretch, freedom = placebo.tails.of(placebo.cells.v[services])
    reach = stdtrit(freedom, UPPER) * stretch * placebo.se[services]
    usable = placebo.cells.usable[services]
    own = np.array([np.median(r[u]) if u.any() else np.median(r) for r, u in zip(reach, usable, strict=True)])
    weighted = share * own[:, None]
    pairs = pool.correlations.whole[np.ix_(services, services)]
    return np.asarray(np.sqrt(np.maximum(np.einsum("id,ij,jd->d", weighted, pairs, weighted), 0.0)))
