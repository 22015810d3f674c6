"""Results of weighted sums of readings, written out: levels, dates, counts and what to beware of; decides no effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from impact.estimation.answers import BROAD_SHARE, SPIKE_SHARE, largest_telling
from impact.estimation.comparison import LEAST_SERVICES
from impact.estimation.contrast_tests import Tested, tested
from impact.estimation.contrasts import Contrasts
from impact.estimation.designs import Design, Told, identified
from impact.estimation.panel import INTERVAL_LEVEL, Floats, Ints
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Asked, Study
from impact.estimation.results import (
    BROAD,
    CHANGED_COMPARISON,
    EQUAL_EFFECTS,
    NO_COMPARISON,
    NOT_TELLING,
    SPIKES,
    Estimate,
    Method,
)


@dataclass(frozen=True)
class Question:
    """A change and the readings that answer it; ``index`` is its place among those asked, ``together`` the changes
    read with it or separated from it."""

    index: int
    asked: Asked
    design: Design
    together: tuple[str, ...]


def answered(common: Study, questions: Sequence[Question], *, method: Method) -> dict[int, Estimate]:
    """Estimates by index, q-values still 1; without questions whose readings have too little data, whose windows are
    not over, or for which chance cannot be learnt from this panel."""
    batches: dict[tuple[int, bool], list[Question]] = {}
    for one in questions:
        told = [x for x in one.design.told if _telling(common, x)]
        design = Design(tuple(told), one.design.effects)
        if any(x.own for x in told) and (len(design.effects) == 1 or identified(design)):
            ready = Question(one.index, one.asked, design, one.together)
            batches.setdefault((len(told), len(design.effects) > 1), []).append(ready)
    out: dict[int, Estimate] = {}
    for key in sorted(batches):
        out |= _batch(common, batches[key], method=method)
    return out


def _telling(common: Study, one: Told) -> bool:
    pool = common.pool(one.shape) if one.run.complete(one.shape, common.panel.day_count) else None
    return pool is not None and bool(pool.placebos.cells.telling[one.run.service, one.run.first - one.shape.pre])


def _batch(common: Study, questions: Sequence[Question], *, method: Method) -> dict[int, Estimate]:
    """Questions with the same number of readings, judged and written out."""
    shapes = list(dict.fromkeys(x.shape for one in questions for x in one.design.told))
    pools = [pool for pool in (common.pool(shape) for shape in shapes) if pool is not None]
    contrasts = _contrasts(questions, {shape: k for k, shape in enumerate(shapes)})
    judged = tested(pools, contrasts)
    if judged is None:
        return {}
    facts = _facts(pools, contrasts, judged)
    compared = pools[0].placebos.compared
    limit = largest_telling(common)
    out = {}
    for k, one in enumerate(questions):
        if judged.sums.found[k] and (facts.left[k] >= LEAST_SERVICES or not compared):
            out[one.index] = _written(common, one, facts, judged, k=k, compared=compared, limit=limit, method=method)
    return out


def _contrasts(questions: Sequence[Question], place: dict[object, int]) -> Contrasts:
    most = max(len(one.design.effects) for one in questions)
    design = np.zeros((len(questions), len(questions[0].design.told), most))
    members: list[int] = []
    member_of: list[int] = []
    for k, one in enumerate(questions):
        design[k, :, : len(one.design.effects)] = one.design.matrix
        left_out = {x.run.service for x in one.design.told} | set(one.asked.members)
        members += sorted(left_out)
        member_of += [k] * len(left_out)
    rows = [[(place[x.shape], x.run.service, x.run.first - x.shape.pre) for x in q.design.told] for q in questions]
    cells = np.array(rows, dtype=np.int64)
    return Contrasts(
        cells[..., 0], cells[..., 1], cells[..., 2], design,
        np.array(members, dtype=np.int64), np.array(member_of, dtype=np.int64),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Facts:
    """Per question (C,): levels a day or an observation, tickets or observations, comparison, loading, spikes."""

    before: Floats
    after: Floats
    expected: Floats
    n_before: Floats
    n_after: Floats
    left: Ints
    unchanged: Ints
    loading: Floats
    spikes: Floats


def _facts(pools: Sequence[Pooling], asked: Contrasts, judged: Tested) -> _Facts:
    """What the asked change's own readings hold; readings that only take off another change count for nothing."""
    own = asked.design[:, :, 0] > 0
    sums, looked = judged.sums, judged.sums.looked
    names = ("before", "after", "value_before", "expected_before", "expected_after", "n_before", "n_after",
             "days_before", "days_after", "spikes")  # fmt: skip
    cell = {name: np.zeros(own.shape) for name in names}
    loading = np.zeros(own.shape)
    for k in np.unique(asked.shape).tolist():
        rows, placebo = asked.shape == k, pools[k].placebos
        s, at = asked.service[rows], asked.at[rows]
        for name in names:
            cell[name][rows] = getattr(placebo.cells, name)[s, at]
        loading[rows] = placebo.group.loading[s] * placebo.compared
    n0, n1 = ((cell[name] * own).sum(axis=1) for name in ("n_before", "n_after"))
    kind = pools[0].placebos.kind
    if kind == "count":
        rate = cell["value_before"] / np.maximum(cell["expected_before"], 1e-9)
        expected = rate * cell["expected_after"] * np.exp(looked.movement)
        days0, days1 = np.maximum(cell["days_before"], 1.0), np.maximum(cell["days_after"], 1.0)
        levels = [(x * own).sum(axis=1) for x in (cell["before"] / days0, cell["after"] / days1, expected / days1)]
    else:
        parts = (cell["before"], cell["after"], cell["after"] - cell["n_after"] * looked.g)
        whole = (np.maximum(n0, 1.0), np.maximum(n1, 1.0), np.maximum(n1, 1.0))
        levels = [(x * own).sum(axis=1) / n for x, n in zip(parts, whole, strict=True)]
    if asked.apart:
        levels[2] = levels[1] * np.exp(-sums.effect) if kind == "count" else levels[1] - sums.effect
    weight = sums.weight * own
    spikes = (cell["spikes"] * (cell["n_before"] + cell["n_after"]) * own).sum(axis=1) / np.maximum(n0 + n1, 1.0)
    loaded = (weight * loading).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    before, after, expected_now = levels
    return _Facts(
        before, after, expected_now, n0, n1, looked.left.min(axis=1), looked.unchanged.min(axis=1), loaded, spikes
    )


def _written(
    common: Study,
    one: Question,
    facts: _Facts,
    judged: Tested,
    *,
    k: int,
    compared: bool,
    limit: float,
    method: Method,
) -> Estimate:
    panel, sums = common.panel, judged.sums
    runs = [(x.run, x.shape) for x in one.design.told if x.own]
    quiet = facts.unchanged[k] if facts.unchanged[k] >= LEAST_SERVICES else facts.left[k]
    return Estimate(
        one.asked.change_id, panel.metric, panel.kind, one.asked.service, float(sums.effect[k]), float(judged.low[k]),
        float(judged.high[k]), float(judged.p_value[k]), 1.0, float(judged.detectable[k]), round(facts.n_before[k]),
        round(facts.n_after[k]), float(facts.before[k]), float(facts.after[k]), float(facts.expected[k]),
        shape=max((shape for _, shape in runs), key=lambda shape: (shape.information, shape.pre)),
        pre_from=panel.on(min(run.first - shape.pre for run, shape in runs)),
        pre_to=panel.on(max(run.first - 1 for run, _ in runs)),
        post_from=panel.on(min(run.first + shape.lead for run, shape in runs)),
        post_to=panel.on(max(run.first + shape.reach for run, shape in runs)),
        control_services=int(quiet) if compared else 0,
        loading=float(facts.loading[k]),
        se=float(judged.se[k]),
        services=tuple(sorted({panel.services[run.service] for run, _ in runs})),
        flags=_flags(common, one, facts, judged, k=k, compared=compared, limit=limit),
        reading=common.reading, method=method, together=one.together,
    )  # fmt: skip


def _flags(
    common: Study, one: Question, facts: _Facts, judged: Tested, *, k: int, compared: bool, limit: float
) -> tuple[str, ...]:
    services = len(common.panel.services)
    unsure = judged.p_value[k] >= 1 - INTERVAL_LEVEL and judged.detectable[k] > limit
    found = (
        (BROAD, len(one.asked.members) > BROAD_SHARE * services and services >= LEAST_SERVICES),
        (NO_COMPARISON, not compared),
        (CHANGED_COMPARISON, compared and facts.unchanged[k] < LEAST_SERVICES),
        (SPIKES, facts.spikes[k] > SPIKE_SHARE),
        (EQUAL_EFFECTS, len(one.design.effects) > 1),
        (NOT_TELLING, unsure),
    )
    return tuple(name for name, true in found if true)
