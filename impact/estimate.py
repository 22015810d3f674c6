"""What a change did to a metric: effect, interval and test against placebo dates, or why that cannot be said.

This is the public interface of the statistics: arrays in, results out. No data frames, no files, no clock; knows
nothing of which direction is good, of money or of words on a page.

Method: the days after a rollout are compared with the weeks before it, what happened to all other services in the
same days is subtracted, and the rest is judged against the differences found when a rollout is pretended on days
without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from impact.estimation.answers import Reading, answers, reading
from impact.estimation.comparison import LEAST_SERVICES
from impact.estimation.counterfactual import Counterfactual, counterfactual
from impact.estimation.honesty import PlaceboRate, placebo_rate
from impact.estimation.panel import INTERVAL_LEVEL, SHAPES, Kind, Panel, Rollout, Shape
from impact.estimation.pooling import Groups, Pooling, judge
from impact.estimation.questions import (
    Asked,
    Study,
    by_change,
    by_service,
    chosen_shapes,
    refusal,
    study,
    too_little_history,
)
from impact.estimation.results import Estimate, NotEstimable, Reason

__all__ = [
    "INTERVAL_LEVEL",
    "SHAPES",
    "Counterfactual",
    "Estimate",
    "Kind",
    "NotEstimable",
    "Panel",
    "PlaceboRate",
    "Reason",
    "Rollout",
    "Shape",
    "adjusted",
    "counterfactual",
    "estimate",
    "placebo_rate",
]


def estimate(
    panel: Panel,
    rollouts: Sequence[Rollout],
    *,
    shapes: Sequence[Shape] = SHAPES,
    holidays: frozenset[date] = frozenset(),
    until: date | None = None,
    per_service: bool = False,
) -> list[Estimate | NotEstimable]:
    """Effect of every change on one metric, or why it cannot be said; one result per change, sorted by change.

    ``rollouts`` must hold every recorded change, also those nobody asks about: they say which days are free of
    changes. ``shapes`` are tried largest first. ``until`` is the last day with complete data. ``per_service`` adds
    one result per change and service. Services or dates that the panel does not have give ``NotEstimable``. The
    result does not depend on the order of services or rollouts; arguments are not changed.
    """
    common = study(panel, rollouts, shapes=tuple(shapes), holidays=holidays, until=until)
    results = _answered(common, by_change(common.line))
    if per_service:
        results += _answered(common, by_service(common.line))
        results.sort(key=lambda r: (r.change_id, r.service is not None, r.service or ""))
    return results


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


def _answered(common: Study, asked: list[Asked]) -> list[Estimate | NotEstimable]:
    """Results in the order asked, with q-values over all of them."""
    chosen = chosen_shapes(common, asked)
    results: list[Estimate | NotEstimable | None] = [None] * len(asked)
    readings: list[Reading] = []
    for k, shape in enumerate(common.shapes):
        rows = [i for i, own in enumerate(chosen) if own == k]
        pool = common.pool(shape) if rows else None
        if pool is not None:
            readings += _readings(common, k, pool, asked=asked, rows=rows)
        for i in rows if pool is None else ():
            results[i] = too_little_history(common, asked[i], shape)
    told = [i for read in readings for i, telling in zip(read.rows, read.telling.tolist(), strict=True) if telling]
    p_values = np.concatenate([read.judged.p_value[read.telling] for read in readings]) if readings else np.empty(0)
    q = dict(zip(told, adjusted(p_values.tolist()), strict=True))
    for read in readings:
        for i, answer in zip(
            read.rows, answers(common, asked, read, q_values=[q.get(i, 1.0) for i in read.rows]), strict=True
        ):
            results[i] = answer
    return [r if r is not None else refusal(common, a) for r, a in zip(results, asked, strict=True)]


def _readings(common: Study, k: int, pool: Pooling, *, asked: list[Asked], rows: list[int]) -> list[Reading]:
    """Questions that share a shape, judged; those that leave too few services to compare with are read without."""
    groups = _groups(common, k, pool, asked=[asked[i] for i in rows])
    judged = judge(pool, groups)
    first = reading(rows, pool.placebos, groups=groups, judged=judged)
    if not pool.placebos.compared:
        return [first]
    left = np.full(groups.count, np.iinfo(np.int64).max)
    np.minimum.at(left, groups.group, judged.parts.left)
    thin = [i for i, n in zip(rows, left.tolist(), strict=True) if n < LEAST_SERVICES]
    alone = common.pool(common.shapes[k], compared=False) if thin else None
    if alone is None:
        return [first]
    again = _groups(common, k, alone, asked=[asked[i] for i in thin])
    found = [reading(thin, alone.placebos, groups=again, judged=judge(alone, again))]
    rest = [i for i, n in zip(rows, left.tolist(), strict=True) if n >= LEAST_SERVICES]
    if rest:
        others = _groups(common, k, pool, asked=[asked[i] for i in rest])
        found.append(reading(rest, pool.placebos, groups=others, judged=judge(pool, others)))
    return found


def _groups(common: Study, k: int, pool: Pooling, *, asked: list[Asked]) -> Groups:
    """Readings per question: those with enough data; where none has, all, so that the result can say what it takes."""
    line, telling, pre = common.line, pool.placebos.cells.telling, common.shapes[k].pre
    day, service, fitting = line.day.tolist(), line.service.tolist(), common.fits[:, k].tolist()
    services: list[int] = []
    at: list[int] = []
    group: list[int] = []
    members: list[int] = []
    member_of: list[int] = []
    for g, row in enumerate(asked):
        own = [i for i in row.rollouts if fitting[i]]
        for i in [i for i in own if telling[service[i], day[i] - pre]] or own:
            member_of += [len(services)] * len(row.members)
            members += row.members
            services.append(service[i])
            at.append(day[i] - pre)
            group.append(g)
    s, t, owner, out, of = (np.array(x, dtype=np.int64) for x in (services, at, group, members, member_of))
    return Groups(s, t, owner, len(asked), out, of)
