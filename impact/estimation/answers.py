"""Results written out from judged readings: levels, dates, counts and what to beware of; decides no effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from impact.estimation.choosing import Choice, final_day
from impact.estimation.comparison import LEAST_SERVICES
from impact.estimation.panel import INTERVAL_LEVEL, Bools, Floats, Ints
from impact.estimation.placebo import Placebos
from impact.estimation.pooling import Groups, Judged, added
from impact.estimation.questions import Asked, Study
from impact.estimation.refusals import nothing_yet
from impact.estimation.results import (
    BROAD,
    CHANGED_COMPARISON,
    NO_COMPARISON,
    NOT_TELLING,
    SPIKES,
    Estimate,
    NotEstimable,
)
from impact.estimation.windows import LEAST_OBSERVATIONS, LEAST_TICKETS

BROAD_SHARE = 0.2
"""A change on more than this part of all services leaves a thin comparison."""
SPIKE_SHARE = 0.1
"""Spikes are mentioned when more than this part of the tickets was cut."""
LEAST_LIMIT = 1e-9
"""Observations that never vary leave only rounding errors."""
LARGEST_TELLING_SHARE = 0.2
"""A share reading that could not have found 20 percentage points tells nothing."""


@dataclass(frozen=True, eq=False)
class Reading:
    """Judged groups of one shape: group ``k`` answers question ``rows[k]`` as ``choices[k]`` says, with a bar raised
    ``raised[k]`` times; ``telling`` groups had enough data."""

    rows: tuple[int, ...]
    choices: tuple[Choice, ...]
    raised: Floats
    placebo: Placebos
    groups: Groups
    judged: Judged
    telling: Bools


@dataclass(frozen=True, eq=False)
class _Summary:
    """Per group: levels per day or per observation, counts, dates as day indexes, and the thinnest comparison."""

    before: Floats
    after: Floats
    expected: Floats
    n_before: Floats
    n_after: Floats
    have: Floats
    first: Ints
    last: Ints
    left: Ints
    unchanged: Ints
    loading: Floats
    spikes: Floats


def telling(placebo: Placebos, groups: Groups) -> Bools:
    """Groups of which at least one reading has enough data."""
    return added(groups, placebo.cells.telling[groups.services, groups.at].astype(np.float64)) > 0


def answers(
    common: Study,
    asked: Sequence[Asked],
    read: Reading,
    *,
    q_values: Sequence[float],
    shrunk: Sequence[float | None],
) -> list[Estimate | NotEstimable]:
    """One result per group of a reading; ``q_values`` and ``shrunk`` effects are in the order of the groups."""
    facts = _summary(read)
    names = _named(common, read.groups)
    flags = _flags(common, read, facts, members=[len(asked[row].members) for row in read.rows])
    days = [common.panel.on(i) for i in range(common.panel.day_count)]
    columns = _columns(facts, read)
    panel, shape = common.panel, read.placebo.cells.shape
    out: list[Estimate | NotEstimable] = []
    for k, (row, choice, tells) in enumerate(zip(read.rows, read.choices, read.telling.tolist(), strict=True)):
        question = asked[row]
        if not tells:
            one = {name: values[k] for name, values in columns.items()}
            out.append(_too_little(common, question, choice, one=one))
            continue
        first, last = columns["first"][k], columns["last"][k]
        early = choice.look is not None
        out.append(Estimate(
            question.change_id, panel.metric, panel.kind, question.service, columns["effect"][k], columns["low"][k],
            columns["high"][k], columns["p"][k], q_values[k], columns["mde"][k], columns["n_before"][k],
            columns["n_after"][k], columns["before"][k], columns["after"][k], columns["expected"][k], shape,
            days[first], days[last + shape.pre - 1], days[first + shape.pre + shape.lead],
            days[last + shape.pre + shape.reach], columns["compared"][k], columns["loading"][k], columns["se"][k],
            names[k], flags[k], common.reading, choice.look, columns["raised"][k],
            choice.shape.post if early else None,
            panel.on(final_day(common, choice, question.rollouts)) if early else None, "separate", (), shrunk[k],
        ))  # fmt: skip
    return out


def _columns(facts: _Summary, read: Reading) -> dict[str, list[Any]]:
    """Arrays as lists of plain numbers, which rows are written from much faster."""
    judged = read.judged
    quiet = np.where(facts.unchanged >= LEAST_SERVICES, facts.unchanged, facts.left)
    arrays = vars(facts) | {
        "n_before": np.rint(facts.n_before).astype(np.int64),
        "n_after": np.rint(facts.n_after).astype(np.int64),
        "compared": quiet if read.placebo.compared else np.zeros_like(quiet),
        "effect": judged.parts.effect, "low": judged.low, "high": judged.high, "p": judged.p_value,
        "se": judged.se, "mde": judged.detectable, "raised": read.raised,
    }  # fmt: skip
    return {name: np.asarray(values).tolist() for name, values in arrays.items()}


def _too_little(common: Study, row: Asked, choice: Choice, *, one: dict[str, Any]) -> NotEstimable:
    """Too few tickets or observations; at an early look more may come."""
    if choice.look is not None:
        return nothing_yet(common, row, choice, n_before=one["n_before"], n_after=one["n_after"])
    n0, n1 = one["n_before"], one["n_after"]
    count = common.panel.kind == "count"
    return NotEstimable(
        row.change_id,
        common.panel.metric,
        row.service,
        "no_data" if not count and n0 + n1 == 0 else "too_little_data",
        needed=LEAST_TICKETS if count else LEAST_OBSERVATIONS,
        have=round(one["have"]),
        smallest_detectable=one["mde"] if count or (n0 and n1) else None,
        shape=choice.read,
        n_before=n0,
        n_after=n1,
        reading=common.reading,
    )


def _flags(common: Study, read: Reading, facts: _Summary, *, members: Sequence[int]) -> list[tuple[str, ...]]:
    """What to beware of, per group."""
    services, size, compared = len(common.panel.services), read.groups.count, read.placebo.compared
    broad = (np.array(members) > BROAD_SHARE * services) & (services >= LEAST_SERVICES)
    unsure = (read.judged.p_value >= 1 - INTERVAL_LEVEL) & (read.judged.detectable > largest_telling(common))
    found = (
        (BROAD, broad),
        (NO_COMPARISON, np.full(size, not compared)),
        (CHANGED_COMPARISON, (facts.unchanged < LEAST_SERVICES) & compared),
        (SPIKES, facts.spikes > SPIKE_SHARE),
        (NOT_TELLING, unsure),
    )
    code = sum((true.astype(np.int64) << bit for bit, (_, true) in enumerate(found)), np.zeros(size, dtype=np.int64))
    words = {c: tuple(name for bit, (name, _) in enumerate(found) if c >> bit & 1) for c in np.unique(code).tolist()}
    return [words[c] for c in code.tolist()]


def _summary(read: Reading) -> _Summary:
    groups, cells = read.groups, read.placebo.cells
    s, at, size = groups.services, groups.at, groups.count
    parts = read.judged.parts
    n0, n1 = cells.n_before[s, at], cells.n_after[s, at]
    have = np.zeros(size)
    np.maximum.at(have, groups.group, n0 + n1 if cells.kind == "count" else np.minimum(n0, n1))
    first, last = np.full(size, 10**9), np.full(size, -1)
    np.minimum.at(first, groups.group, at)
    np.maximum.at(last, groups.group, at)
    left, unchanged = np.full(size, 10**9), np.full(size, 10**9)
    np.minimum.at(left, groups.group, parts.left)
    np.minimum.at(unchanged, groups.group, parts.unchanged)
    sums0, sums1 = added(groups, n0), added(groups, n1)
    loading = added(groups, parts.share * read.placebo.group.loading[s]) * read.placebo.compared
    spikes = added(groups, cells.spikes[s, at] * (n0 + n1)) / np.maximum(sums0 + sums1, 1.0)
    before, after, expected = _levels(read)
    return _Summary(before, after, expected, sums0, sums1, have, first, last, left, unchanged, loading, spikes)


def _levels(read: Reading) -> tuple[Floats, Floats, Floats]:
    """Level before, after, and expected after without the change, per group."""
    groups, cells, parts = read.groups, read.placebo.cells, read.judged.parts
    s, at = groups.services, groups.at
    before, after = cells.before[s, at], cells.after[s, at]
    if cells.kind == "count":
        days0, days1 = np.maximum(cells.days_before[s, at], 1.0), np.maximum(cells.days_after[s, at], 1.0)
        rate = cells.value_before[s, at] / np.maximum(cells.expected_before[s, at], 1e-9)
        expected = rate * cells.expected_after[s, at] * np.exp(parts.movement) / days1
        return added(groups, before / days0), added(groups, after / days1), added(groups, expected)
    n0, n1 = cells.n_before[s, at], cells.n_after[s, at]
    whole0, whole1 = np.maximum(added(groups, n0), 1.0), np.maximum(added(groups, n1), 1.0)
    expected = added(groups, after - n1 * parts.g) / whole1
    return added(groups, before) / whole0, added(groups, after) / whole1, expected


def _named(common: Study, groups: Groups) -> list[tuple[str, ...]]:
    """Services whose readings each group pools, sorted."""
    names: list[set[str]] = [set() for _ in range(groups.count)]
    for g, s in zip(groups.group.tolist(), groups.services.tolist(), strict=True):
        names[g].add(common.panel.services[s])
    return [tuple(sorted(n)) for n in names]


def largest_telling(common: Study) -> float:
    """Smallest detectable effect above which a reading tells nothing: a doubling, 20 percentage points, or for other
    means one standard deviation of a single observation around its day type (about one point on a scale of 1 to 5)."""
    if common.panel.kind == "share":
        return LARGEST_TELLING_SHARE
    if common.panel.kind == "count" or common.panel.log:
        return math.log(2.0)
    return max(float(np.sqrt(np.median(_variance_of_one(common)))), LEAST_LIMIT)


def _variance_of_one(common: Study) -> Floats:
    """Variance of one observation around its day type, per service: within days and between them."""
    n, away = np.diff(common.sums.weight, axis=1), np.diff(common.sums.value, axis=1)
    total = np.maximum(n.sum(axis=1), 1.0)
    between = (away**2 / np.maximum(n, 1.0)).sum(axis=1) / total
    return np.asarray(common.sums.variance * np.maximum(1.0 - (n > 0).sum(axis=1) / total, 0.0) + between)
