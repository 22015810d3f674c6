"""What a change did to a metric: effect, interval and test against placebo dates, or why that cannot be said.

This is the whole public interface of the statistics: arrays in, results out. No data frames, no files, no clock;
knows nothing of which direction is good, of money or of words on a page.

Method: the days after a rollout are compared with the weeks before it, what happened to all other services in the
same days is subtracted, and the rest is judged against the differences found when a rollout is pretended on days
without one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from impact.comparison import LEAST_SERVICES
from impact.panel import (
    INTERVAL_LEVEL,
    SHAPES,
    Bools,
    Floats,
    Ints,
    Kind,
    Panel,
    Rollout,
    Shape,
    day_types,
    in_order,
    up_to,
)
from impact.pattern import Profile, profile
from impact.placebo import LEAST_INDEPENDENT, Placebos, placebos
from impact.pooling import Groups, Judged, Pooling, added, judge, pooling
from impact.results import (
    BROAD,
    CHANGED_COMPARISON,
    NO_COMPARISON,
    NOT_TELLING,
    SPIKES,
    Estimate,
    NotEstimable,
    Reason,
)
from impact.timeline import Timeline, timeline
from impact.windows import LEAST_KNOWN, LEAST_OBSERVATIONS, LEAST_TICKETS

__all__ = [
    "INTERVAL_LEVEL",
    "SHAPES",
    "Estimate",
    "Kind",
    "NotEstimable",
    "Panel",
    "Reason",
    "Rollout",
    "Shape",
    "adjusted",
    "estimate",
]

BROAD_SHARE = 0.2
"""A change on more than this part of all services leaves a thin comparison."""
SPIKE_SHARE = 0.1
"""Spikes are mentioned when more than this part of the tickets was cut."""
LARGEST_TELLING_SHARE = 0.2
"""A share reading that could not have found 20 percentage points tells nothing."""


@dataclass(frozen=True, eq=False)
class _Study:
    """Everything that all readings of one panel have in common."""

    panel: Panel
    line: Timeline
    sums: Profile
    counts: Floats
    shapes: tuple[Shape, ...]
    separable: Bools
    ended: Bools
    known: Bools
    pools: dict[tuple[Shape, bool], Pooling | None]

    def pool(self, shape: Shape, *, compared: bool = True) -> Pooling | None:
        key = (shape, compared)
        if key not in self.pools:
            found = placebos(self.panel.kind, self.sums, self.counts, shape, compared=compared)
            self.pools[key] = None if found is None else pooling(found)
        return self.pools[key]


@dataclass(frozen=True)
class _Asked:
    """One row asked for: a change on all its services, or on one."""

    change_id: str
    service: str | None
    rollouts: tuple[int, ...]
    members: tuple[int, ...]


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
    study = _study(panel, rollouts, tuple(shapes), holidays, until)
    asked = _by_change(study)
    results = _answer(study, asked)
    if per_service:
        results += _answer(study, _by_service(study))
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


def _study(
    panel: Panel, rollouts: Sequence[Rollout], shapes: tuple[Shape, ...], holidays: frozenset[date], until: date | None
) -> _Study:
    panel = in_order(up_to(panel, until))
    line = timeline(panel, rollouts)
    sums = profile(panel, day_types(panel.first_on, panel.day_count, holidays))
    reach = np.array([shape.reach for shape in shapes])
    ended = line.day[:, None] + reach[None, :] < panel.day_count
    known = np.column_stack([_known(sums, line, shape) for shape in shapes])
    return _Study(panel, line, sums, line.counts(panel), shapes, line.separable(shapes), ended, known, {})


def _known(sums: Profile, line: Timeline, shape: Shape) -> Bools:
    """Whether enough days on both sides of each rollout are in the panel and known."""
    days = sums.known.shape[1] - 1
    inside = (line.service >= 0) & (line.day >= shape.pre) & (line.day + shape.reach < days)
    t, s = np.where(inside, line.day, 0), np.where(inside, line.service, 0)
    if not inside.any():
        return np.zeros(len(inside), dtype=np.bool_)
    before = sums.known[s, t] - sums.known[s, np.maximum(t - shape.pre, 0)]
    start, end = np.minimum(t + shape.lead, days), np.minimum(t + shape.reach + 1, days)
    after = sums.known[s, end] - sums.known[s, start]
    return np.asarray(inside & (before >= LEAST_KNOWN * shape.pre) & (after >= LEAST_KNOWN * shape.post))


def _by_change(study: _Study) -> list[_Asked]:
    """One row per change, all its services together."""
    index: dict[str, list[int]] = {}
    for i, rollout in enumerate(study.line.rollouts):
        index.setdefault(rollout.change_id, []).append(i)
    service = study.line.service.tolist()
    return [
        _Asked(change, None, tuple(own), tuple(sorted({service[i] for i in own} - {-1})))
        for change, own in index.items()
    ]


def _by_service(study: _Study) -> list[_Asked]:
    """One row per change and service; the comparison still leaves out all services of the change."""
    rows: list[_Asked] = []
    for whole in _by_change(study):
        index: dict[str, list[int]] = {}
        for i in whole.rollouts:
            index.setdefault(study.line.rollouts[i].service, []).append(i)
        rows += [_Asked(whole.change_id, name, tuple(own), whole.members) for name, own in index.items()]
    return rows


def _answer(study: _Study, asked: list[_Asked]) -> list[Estimate | NotEstimable]:
    """Results in the order asked, with q-values over all of them."""
    fits = study.separable & study.ended & study.known
    chosen = _choose(study, asked, fits)
    results: list[Estimate | NotEstimable | None] = [None] * len(asked)
    for k, shape in enumerate(study.shapes):
        rows = [i for i in range(len(asked)) if chosen[i] == k]
        pool = study.pool(shape) if rows else None
        if pool is not None:
            for i, result in zip(rows, _read(study, shape, pool, [asked[i] for i in rows], fits[:, k]), strict=True):
                results[i] = result
        else:
            for i in rows:
                results[i] = _too_little_history(study, asked[i], shape)
    done = [r if r is not None else _refusal(study, a) for r, a in zip(results, asked, strict=True)]
    return _with_q_values(done)


def _choose(study: _Study, asked: list[_Asked], fits: Bools) -> list[int]:
    """Shape index per row, -1 where none fits: the shape whose fitting rollouts carry the most information."""
    if not asked:
        return []
    own = np.fromiter((i for a in asked for i in a.rollouts), dtype=np.int64)
    row = np.repeat(np.arange(len(asked)), [len(a.rollouts) for a in asked])
    score = np.zeros((len(asked), len(study.shapes)))
    for k, shape in enumerate(study.shapes):
        score[:, k] = np.bincount(row, fits[own, k] * shape.information, minlength=len(asked))
    best = np.argmax(score, axis=1)
    return [int(b) if s > 0 else -1 for b, s in zip(best, score.max(axis=1), strict=True)]


def _read(
    study: _Study, shape: Shape, pool: Pooling, asked: list[_Asked], fits: Bools
) -> list[Estimate | NotEstimable]:
    """Results of rows that share a shape; broad changes are read again without comparison."""
    groups = _groups(study, shape, pool.placebos, asked, fits)
    judged = judge(pool, groups)
    results = _results(study, pool.placebos, asked, groups, judged)
    if not pool.placebos.compared:
        return results
    fewest = np.full(groups.count, np.iinfo(np.int64).max)
    np.minimum.at(fewest, groups.group, judged.parts.left)
    thin = np.flatnonzero(fewest < LEAST_SERVICES)
    alone = study.pool(shape, compared=False) if len(thin) else None
    if alone is not None:
        few = [asked[i] for i in thin]
        again = _groups(study, shape, alone.placebos, few, fits)
        found = _results(study, alone.placebos, few, again, judge(alone, again))
        for i, result in zip(thin, found, strict=True):
            results[i] = result
    return results


def _groups(study: _Study, shape: Shape, placebo: Placebos, asked: list[_Asked], fits: Bools) -> Groups:
    """Readings per row: those with enough data; where none has, all, so that the row can say what it would take."""
    line, telling = study.line, placebo.cells.telling
    services: list[int] = []
    at: list[int] = []
    group: list[int] = []
    members: list[int] = []
    member_of: list[int] = []
    day, service, fitting = line.day.tolist(), line.service.tolist(), fits.tolist()
    for g, row in enumerate(asked):
        own = [i for i in row.rollouts if fitting[i]]
        enough = [i for i in own if telling[service[i], day[i] - shape.pre]]
        for i in enough or own:
            member_of += [len(services)] * len(row.members)
            members += row.members
            services.append(service[i])
            at.append(day[i] - shape.pre)
            group.append(g)
    as_ints = (np.array(x, dtype=np.int64) for x in (services, at, group))
    s, t, owner = as_ints
    return Groups(s, t, owner, len(asked), np.array(members, dtype=np.int64), np.array(member_of, dtype=np.int64))


def _results(
    study: _Study, placebo: Placebos, asked: list[_Asked], groups: Groups, judged: Judged
) -> list[Estimate | NotEstimable]:
    """One result per row from judged groups."""
    cells, s, at = placebo.cells, groups.services, groups.at
    shape, size = cells.shape, groups.count

    def per_row(values: Floats) -> Floats:
        return added(groups, values)

    n0, n1 = cells.n_before[s, at], cells.n_after[s, at]
    level = _levels(placebo, groups, judged)
    first, last = np.full(size, 10**9), np.full(size, -1)
    np.minimum.at(first, groups.group, at)
    np.maximum.at(last, groups.group, at)
    least, unchanged = np.full(size, 10**9), np.full(size, 10**9)
    np.minimum.at(least, groups.group, judged.parts.left)
    np.minimum.at(unchanged, groups.group, judged.parts.unchanged)
    loading = per_row(judged.parts.share * placebo.group.loading[s]) if placebo.compared else np.zeros(size)
    spikes = per_row(cells.spikes[s, at] * (n0 + n1)) / np.maximum(per_row(n0 + n1), 1.0)
    telling = per_row(cells.telling[s, at].astype(np.float64)) > 0
    have = _have(placebo, groups)
    limit = _largest_telling(study, placebo)
    columns = zip(
        asked, judged.parts.effect.tolist(), judged.low.tolist(), judged.high.tolist(), judged.p_value.tolist(),
        judged.detectable.tolist(), np.rint(per_row(n0)).tolist(), np.rint(per_row(n1)).tolist(),
        *(x.tolist() for x in level), first.tolist(), last.tolist(), least.tolist(), unchanged.tolist(),
        loading.tolist(), judged.se.tolist(), spikes.tolist(), telling.tolist(), have.tolist(), strict=True,
    )  # fmt: skip
    dates = [study.panel.on(i) for i in range(study.panel.day_count)]
    named = _named(study, asked, groups)
    out: list[Estimate | NotEstimable] = []
    for k, (
        row,
        g,
        low,
        high,
        p,
        mde,
        a,
        b,
        before,
        after,
        expected,
        t0,
        t1,
        left,
        quiet,
        beta,
        se,
        cut,
        ok,
        got,
    ) in enumerate(columns):
        if not ok:
            needed = LEAST_TICKETS if study.panel.kind == "count" else LEAST_OBSERVATIONS
            reason: Reason = "no_data" if a + b == 0 and study.panel.kind != "count" else "too_little_data"
            out.append(
                NotEstimable(row.change_id, study.panel.metric, row.service, reason, needed, int(got), (), None,
                             mde if a and b else None, shape, int(a), int(b))
            )  # fmt: skip
            continue
        flags = _flags(study, placebo, row, left=left, unchanged=quiet, spikes=cut, silent=p >= 0.05 and mde > limit)
        control = 0 if not placebo.compared else quiet if quiet >= LEAST_SERVICES else left
        out.append(
            Estimate(row.change_id, study.panel.metric, study.panel.kind, row.service, g, low, high, p, p, mde,
                     int(a), int(b), before, after, expected, shape, dates[t0], dates[t1 + shape.pre - 1],
                     dates[t0 + shape.pre + shape.lead], dates[t1 + shape.pre + shape.reach], control, beta, se,
                     named[k], flags)
        )  # fmt: skip
    return out


def _named(study: _Study, asked: list[_Asked], groups: Groups) -> list[tuple[str, ...]]:
    """Services whose readings each row pools, sorted."""
    names: list[set[str]] = [set() for _ in asked]
    for g, s in zip(groups.group.tolist(), groups.services.tolist(), strict=True):
        names[g].add(study.panel.services[s])
    return [tuple(sorted(n)) for n in names]


def _levels(placebo: Placebos, groups: Groups, judged: Judged) -> tuple[Floats, Floats, Floats]:
    """Level before, after, and expected after without the change, per row."""
    cells, s, at = placebo.cells, groups.services, groups.at

    def per_row(values: Floats) -> Floats:
        return added(groups, values)

    before, after = cells.before[s, at], cells.after[s, at]
    if placebo.kind == "count":
        days0, days1 = np.maximum(cells.days_before[s, at], 1.0), np.maximum(cells.days_after[s, at], 1.0)
        rate = cells.value_before[s, at] / np.maximum(cells.expected_before[s, at], 1e-9)
        expected = rate * cells.expected_after[s, at] * np.exp(judged.parts.movement) / days1
        return per_row(before / days0), per_row(after / days1), per_row(expected)
    n0, n1 = cells.n_before[s, at], cells.n_after[s, at]
    whole0, whole1 = np.maximum(per_row(n0), 1.0), np.maximum(per_row(n1), 1.0)
    return per_row(before) / whole0, per_row(after) / whole1, per_row(after - n1 * judged.parts.g) / whole1


def _have(placebo: Placebos, groups: Groups) -> Ints:
    """Most tickets (count) or observations on the poorer side (mean, share) of any reading of each row."""
    cells, s, at = placebo.cells, groups.services, groups.at
    n0, n1 = cells.n_before[s, at], cells.n_after[s, at]
    out = np.zeros(groups.count)
    np.maximum.at(out, groups.group, n0 + n1 if placebo.kind == "count" else np.minimum(n0, n1))
    return np.rint(out).astype(np.int64)


def _largest_telling(study: _Study, placebo: Placebos) -> float:
    """Smallest detectable effect above which a reading tells nothing: a doubling, 20 percentage points, or for other
    means one standard deviation of a single observation (about one point on a scale of 1 to 5)."""
    if study.panel.kind == "share":
        return LARGEST_TELLING_SHARE
    if study.panel.kind == "count" or study.panel.log:
        return math.log(2.0)
    return float(np.sqrt(np.median(study.sums.variance)))


def _flags(
    study: _Study, placebo: Placebos, row: _Asked, *, left: int, unchanged: int, spikes: float, silent: bool
) -> tuple[str, ...]:
    broad = len(row.members) > BROAD_SHARE * len(study.panel.services) and len(study.panel.services) >= LEAST_SERVICES
    mixed = placebo.compared and unchanged < LEAST_SERVICES <= left
    found = (
        (BROAD, broad),
        (NO_COMPARISON, not placebo.compared),
        (CHANGED_COMPARISON, mixed),
        (SPIKES, spikes > SPIKE_SHARE),
        (NOT_TELLING, silent),
    )
    return tuple(name for name, true in found if true)


def _refusal(study: _Study, row: _Asked) -> NotEstimable:
    """Why no shape fits a row: another change, days still to come, or days that the panel does not have."""
    line, panel = study.line, study.panel
    own = [i for i in row.rollouts if line.service[i] >= 0]
    least = min(study.shapes, key=lambda shape: (shape.reach, shape.pre))
    metric, change, service = panel.metric, row.change_id, row.service
    if not own:
        return NotEstimable(change, metric, service, "no_data", least.pre, 0)
    early = [(i, k) for i in own for k in range(len(study.shapes)) if study.separable[i, k] and not study.ended[i, k]]
    if not any(study.separable[i].any() for i in own):
        blocking = sorted({name for i in own for name in line.blocking(i, least)})
        room = max(min(int(line.since[i]), int(line.until[i])) for i in own)
        return NotEstimable(change, metric, service, "cannot_be_separated", least.reach, room, tuple(blocking))
    if early and not any((study.separable[i] & study.ended[i]).any() for i in own):
        day = min(int(line.day[i]) + study.shapes[k].reach for i, k in early)
        i = min(own, key=lambda j: int(line.day[j]))
        have = max(0, panel.day_count - 1 - int(line.day[i]))
        return NotEstimable(change, metric, service, "too_early", least.reach, have, (), panel.on(day + 1))
    days = study.sums.known
    have = max(int(days[line.service[i], min(max(int(line.day[i]), 0), panel.day_count)]) for i in own)
    return NotEstimable(change, metric, service, "no_data", least.pre, have)


def _too_little_history(study: _Study, row: _Asked, shape: Shape) -> NotEstimable:
    have = int(study.known.any(axis=1).any()) * (study.panel.day_count // (shape.pre + shape.post))
    return NotEstimable(
        row.change_id, study.panel.metric, row.service, "too_little_history", int(LEAST_INDEPENDENT), have, (), None,
        None, shape,
    )  # fmt: skip


def _with_q_values(results: list[Estimate | NotEstimable]) -> list[Estimate | NotEstimable]:
    from dataclasses import replace

    found = [i for i, r in enumerate(results) if isinstance(r, Estimate)]
    q = adjusted([r.p_value for r in results if isinstance(r, Estimate)])
    out = list(results)
    for i, value in zip(found, q, strict=True):
        result = out[i]
        assert isinstance(result, Estimate)
        out[i] = replace(result, q_value=value)
    return out
