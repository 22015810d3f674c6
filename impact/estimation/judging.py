"""Questions about one panel and reading, answered together: shape by shape, with false-discovery rates over all.

Knows the order of the steps; how each is done stands in the modules it calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from impact.estimation.answers import Reading, answers, telling
from impact.estimation.choosing import Choice, choices
from impact.estimation.comparison import LEAST_SERVICES
from impact.estimation.early import bar
from impact.estimation.false_discovery import adjusted
from impact.estimation.overlapping import bundles, told_apart
from impact.estimation.panel import Shape
from impact.estimation.pooling import Groups, Pooling, judge
from impact.estimation.questions import Asked, Study
from impact.estimation.refusals import nothing_yet, refusal, too_early, too_little_history
from impact.estimation.results import Estimate, NotEstimable
from impact.estimation.shrinking import pulled


def answered(common: Study, asked: Sequence[Asked], *, bundled: bool = False) -> list[Estimate | NotEstimable]:
    """Results in the order asked, with q-values over all of them; then the bundles of refused changes if wanted."""
    results: dict[int, Estimate | NotEstimable] = {}
    by_shape: dict[Shape, dict[int, Choice]] = {}
    for i, (row, choice) in enumerate(zip(asked, choices(common, asked), strict=True)):
        if choice is None:
            results[i] = refusal(common, row)
        elif choice.read is None:
            results[i] = too_early(common, row, choice)
        else:
            by_shape.setdefault(choice.read, {})[i] = choice
    readings: list[Reading] = []
    for shape, rows in by_shape.items():
        pool = common.pool(shape)
        if pool is None:
            results |= {i: _without_placebos(common, asked[i], choice) for i, choice in rows.items()}
        else:
            readings += _readings(common, pool, asked=asked, rows=rows)
    results |= told_apart(common, asked, results)
    among = _among_all(readings, {i: one for i, one in results.items() if isinstance(one, Estimate)})
    for i, (q_value, shrunk) in among.items():
        one = results.get(i)
        if isinstance(one, Estimate):
            results[i] = replace(one, q_value=q_value, shrunk=shrunk)
    for read in readings:
        q_values, shrunk_effects = zip(*(among.get(i, (1.0, None)) for i in read.rows), strict=True)
        written = answers(common, asked, read, q_values=q_values, shrunk=shrunk_effects)
        results |= dict(zip(read.rows, written, strict=True))
    whole = [results[i] for i in range(len(asked))]
    return [*whole, *bundles(common, asked, results)] if bundled else whole


def _among_all(readings: Sequence[Reading], apart: Mapping[int, Estimate]) -> dict[int, tuple[float, float]]:
    """q-value and shrunk effect of every question that is told something, by its row: those of ``readings`` and those
    told ``apart`` from others."""
    told = [i for read in readings for i, tells in zip(read.rows, read.telling.tolist(), strict=True) if tells]
    some = list(apart.values())
    columns = [(read.judged.p_value, read.judged.parts.effect, read.judged.se, read.telling) for read in readings]
    p_values, effects, se = (
        np.concatenate([*(column[k][column[3]] for column in columns), np.array(own, dtype=np.float64)])
        for k, own in enumerate(([e.p_value for e in some], [e.effect for e in some], [e.se for e in some]))
    )
    pairs = zip(adjusted(p_values.tolist()), pulled(effects, se).tolist(), strict=True)
    return dict(zip([*told, *apart], pairs, strict=True))


def _without_placebos(common: Study, row: Asked, choice: Choice) -> NotEstimable:
    """Windows of no day hold enough: at an early look perhaps because they are so short."""
    if choice.look is not None and common.pool(choice.shape) is not None:
        return nothing_yet(common, row, choice)
    return too_little_history(common, row, choice.shape)


def _readings(common: Study, pool: Pooling, *, asked: Sequence[Asked], rows: dict[int, Choice]) -> list[Reading]:
    """Questions that share a shape, judged; those that leave too few services to compare with are read without."""
    first = _reading(common, pool, asked=asked, rows=rows)
    if not pool.placebos.compared:
        return [first]
    left = np.full(first.groups.count, np.iinfo(np.int64).max)
    np.minimum.at(left, first.groups.group, first.judged.parts.left)
    thin = {i: rows[i] for i, n in zip(rows, left.tolist(), strict=True) if n < LEAST_SERVICES}
    alone = common.pool(pool.placebos.cells.shape, compared=False) if thin else None
    if alone is None:
        return [first]
    found = [_reading(common, alone, asked=asked, rows=thin)]
    rest = {i: choice for i, choice in rows.items() if i not in thin}
    return [*found, _reading(common, pool, asked=asked, rows=rest)] if rest else found


def _reading(common: Study, pool: Pooling, *, asked: Sequence[Asked], rows: dict[int, Choice]) -> Reading:
    groups = _groups(common, pool, [(asked[i], choice) for i, choice in rows.items()])
    compared = pool.placebos.compared
    raised = np.array([
        1.0 if one.look is None else bar(common, one.shape, compared=compared, dates=one.dates)
        for one in rows.values()
    ])  # fmt: skip
    return Reading(
        tuple(rows), tuple(rows.values()), raised, pool.placebos, groups, judge(pool, groups, raised),
        telling(pool.placebos, groups),
    )  # fmt: skip


def _groups(common: Study, pool: Pooling, asked: Sequence[tuple[Asked, Choice]]) -> Groups:
    """Readings per question: those with enough data; where none has, all, so that the result can say what it takes."""
    line, cells = common.line, pool.placebos.cells
    day, service, tells, pre = line.day.tolist(), line.service.tolist(), cells.telling, cells.shape.pre
    services: list[int] = []
    at: list[int] = []
    group: list[int] = []
    members: list[int] = []
    member_of: list[int] = []
    for g, (row, choice) in enumerate(asked):
        own = choice.rollouts
        for i in [i for i in own if tells[service[i], day[i] - pre]] or own:
            member_of += [len(services)] * len(row.members)
            members += row.members
            services.append(service[i])
            at.append(day[i] - pre)
            group.append(g)
    s, t, owner, out, of = (np.array(x, dtype=np.int64) for x in (services, at, group, members, member_of))
    return Groups(s, t, owner, len(asked), out, of)
