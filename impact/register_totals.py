"""What the impact register adds up to over the portfolio, and what all changes together save: sums of effects pulled
towards the others, because among many estimates the largest owe some of their size to chance.

Knows readings, statements and rates; no storage, no words and no layout.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from impact.estimate import Estimate
from impact.estimation.panel import Floats
from impact.estimation.pulled_totals import DRAWS, Grid, ends, learnt, pulled_draws
from impact.metrics import BY_NAME
from impact.portfolio import ChangeView, Reading
from impact.records import Statement
from impact.register import Judgement, judged
from impact.run_rate import DAYS_A_MONTH, MODELLED, REPORTED, TICKETS, Amount, Monthly, minutes_of, settled
from impact.settings import Rates

SUMMED = (TICKETS, "incidents", "requests", REPORTED, MODELLED)
"""Measures whose effects add up to something people count: tickets, or hours."""
LEAST_CHANGES = 3
"""From fewer changes nothing is learnt of how far luck reaches."""
SEED = 20_261_101
NORMAL = 1.959964
"""Half widths of a 95 % range are so many standard errors."""


@dataclass(frozen=True)
class MetricTotal:
    """One measure over all statements: how many said and judged, and of the judged ones that can be measured
    (``summed``) what was expected and what was measured a month, in ``unit``; savings are positive. ``plain`` is the
    sum of the effects as they were measured. None where there is nothing to add up."""

    metric: str
    unit: str
    stated: int
    judged: int
    outcomes: Mapping[str, int]
    summed: int
    expected: float | None = None
    measured: Amount | None = None
    plain: float | None = None


@dataclass(frozen=True)
class RegisterTotals:
    """The whole register. ``live`` changes customers have met; ``without`` of them were never stated beforehand."""

    totals: tuple[MetricTotal, ...]
    stated: int
    judged: int
    live: int
    without: int


def register_totals(
    changes: Sequence[ChangeView], histories: Mapping[str, Sequence[Statement]], *, today: date, zone: str
) -> RegisterTotals:
    """Totals over all statements; ``histories`` are the revisions of each by its id, ``zone`` is the reporting one."""
    known = {change.id: change for change in changes}
    found: dict[str, list[tuple[ChangeView, Judgement]]] = {}
    for history in histories.values():
        change = known.get(history[0].change_id) if history else None
        if change is not None:
            metric = history[0].metric
            told = judged(change, metric, history, today=today, zone=zone)
            found.setdefault(metric, []).append((change, told))
    order = [name for name in BY_NAME if name in found]
    totals = tuple(_total(name, found[name], changes) for name in order)
    stated = {change.id for own in found.values() for change, told in own if told.statement is not None}
    live = [c for c in changes if c.rollout_on is not None and c.status != "cancelled"]
    return RegisterTotals(
        totals, sum(t.stated for t in totals), sum(t.judged for t in totals), len(live),
        sum(c.id not in stated for c in live),
    )  # fmt: skip


def _total(name: str, own: Sequence[tuple[ChangeView, Judgement]], changes: Sequence[ChangeView]) -> MetricTotal:
    outcomes = Counter(told.outcome for _, told in own)
    stated = [pair for pair in own if pair[1].statement is not None and pair[1].outcome != "withdrawn"]
    measured = [(c, told) for c, told in stated if told.measured is not None]
    unit = "tickets" if BY_NAME[name].kind == "count" else "hours"
    by_outcome = {str(name): count for name, count in outcomes.items()}
    base = MetricTotal(name, unit if name in SUMMED else "", len(stated), len(measured), by_outcome, 0)
    parts = [(told, usual) for c, told in measured if (usual := usual_of(c, told.reading)) is not None]
    grid = known_effects(name, changes)
    if name not in SUMMED or not parts or grid is None:
        return base
    effects, se = estimates([told.reading for told, _ in parts if told.reading is not None])
    volume = np.array([each for _, each in parts])
    draws = pulled_draws(effects, se, grid, rng=np.random.default_rng(SEED))
    hoped = np.array([_log(told, told.statement.expected) for told, _ in parts if told.statement is not None])
    return MetricTotal(
        base.metric, base.unit, base.stated, base.judged, base.outcomes, len(parts),
        float((volume * -np.expm1(hoped)).sum()), Amount(*ends((volume * -np.expm1(draws)).sum(axis=1))),
        float((volume * -np.expm1(effects)).sum()),
    )  # fmt: skip


def _log(told: Judgement, expected: float) -> float:
    """An effect in the unit shown as a log ratio of what was expected without the change."""
    reading = told.reading
    if reading is None or reading.metric.scale == "percent":
        return math.log1p(max(expected, -99.0) / 100.0)
    return math.log(max(1.0 + expected / minutes_of(reading).expected, 0.01))


def known_effects(name: str, changes: Sequence[ChangeView]) -> Grid | None:
    """What the settled effects of one measure over all changes say of how large effects are here; None with fewer than
    three of them. All changes count, also those that nobody stated anything about: leaving them out would be
    choosing."""
    if name not in SUMMED:
        return None
    readings = [r for change in changes if (r := settled(change.reading(name))) is not None]
    return learnt(*estimates(readings)) if len(readings) >= LEAST_CHANGES else None


def estimates(readings: Sequence[Reading]) -> tuple[Floats, Floats]:
    """Log ratios and their standard errors, as sure as their likely ranges say."""
    told = []
    for reading in readings:
        if reading.metric.scale == "percent":
            result = reading.result
            assert isinstance(result, Estimate)
            told.append((result.effect, (result.high - result.low) / (2.0 * NORMAL)))
        else:
            change = minutes_of(reading).change
            told.append((change.value, (change.high - change.low) / (2.0 * NORMAL)))
    effects, se = (np.array(column, dtype=np.float64) for column in zip(*told, strict=True))
    return effects, np.maximum(se, 1e-6)


def usual_of(change: ChangeView, reading: Reading | None) -> float | None:
    """Tickets, or hours of waiting or of lost work, expected a month without the change; None where they are
    unknown."""
    if reading is None:
        return None
    if reading.metric.kind == "count":
        assert isinstance(reading.result, Estimate)
        return reading.result.expected_after * DAYS_A_MONTH
    tickets = settled(change.reading(TICKETS))
    if tickets is None or not isinstance(tickets.result, Estimate):
        return None
    return tickets.result.expected_after * DAYS_A_MONTH * minutes_of(reading).expected / 60.0


@dataclass(frozen=True)
class RealisedTotal:
    """What the changes of a portfolio save a month, effects pulled: tickets, hours of lost work and money, None where
    none of the changes tells it. ``plain_money`` is the sum of the money as it was measured; ``counted`` of ``live``
    changes have a figure."""

    counted: int
    live: int
    tickets: Amount | None
    hours: Amount | None
    money: Amount | None
    plain_money: float | None
    currency: str


def realised_total(
    changes: Sequence[ChangeView], monthlies: Mapping[str, Monthly | None], *, rates: Rates
) -> RealisedTotal:
    """Benefits of all live changes a month. ``monthlies`` are the numbers behind each change's case, by id; a change
    that is rolled back or cancelled saves nothing any more and is left out."""
    live = [c for c in changes if c.rollout_on is not None and c.status not in ("cancelled", "rolled_back")]
    known = [(c, m) for c in live if (m := monthlies.get(c.id)) is not None]
    grid = known_effects(TICKETS, changes)
    if not known or grid is None:
        return RealisedTotal(len(known), len(live), None, None, None, None, rates.currency)
    rng = np.random.default_rng(SEED)
    effects, se = estimates([m.basis for _, m in known])
    noise = rng.standard_normal((DRAWS, len(known)))
    ratio = np.exp(pulled_draws(effects, se, grid, rng=rng, noise=noise))
    usual = np.array([_expected(m) * DAYS_A_MONTH for _, m in known])
    tickets = usual * (1.0 - ratio)
    sources = _sources(known, changes, rates)
    hours = _hours(known, sources, usual=usual, ratio=ratio, noise=noise, rng=rng)
    money = _money(tickets, hours, rates)
    return RealisedTotal(
        len(known), len(live), Amount(*ends(tickets.sum(axis=1))),
        None if hours is None else Amount(*ends(hours.sum(axis=1))),
        None if money is None else Amount(*ends(money.sum(axis=1))),
        _plain(known, sources, rates), rates.currency,
    )  # fmt: skip


def _expected(monthly: Monthly) -> float:
    assert isinstance(monthly.basis.result, Estimate)
    return monthly.basis.result.expected_after


@dataclass(frozen=True)
class _Source:
    """Minutes that enough changes have to be counted: the part of them that is lost work, how large their effects are
    here, and which of the changes have them."""

    part: float
    grid: Grid
    mine: tuple[tuple[int, Reading], ...]


def _sources(
    known: Sequence[tuple[ChangeView, Monthly]], changes: Sequence[ChangeView], rates: Rates
) -> tuple[_Source, ...]:
    found = []
    for source, name in (("reported", REPORTED), ("modelled", MODELLED)):
        part = 1.0 if source == "reported" else rates.lost_part_of_waiting
        mine = tuple((i, m.minutes) for i, (_, m) in enumerate(known) if m.source == source and m.minutes is not None)
        grid = known_effects(name, changes)
        if mine and part is not None and grid is not None:
            found.append(_Source(part, grid, mine))
    return tuple(found)


def _hours(
    known: Sequence[tuple[ChangeView, Monthly]],
    sources: Sequence[_Source],
    *,
    usual: Floats,
    ratio: Floats,
    noise: Floats,
    rng: np.random.Generator,
) -> Floats | None:
    """Draws of the hours of lost work saved by each change; changes without them save none here. None where none has
    them."""
    saved = np.zeros_like(ratio)
    for source in sources:
        at = [i for i, _ in source.mine]
        together = np.array([known[i][1].errors if known[i][1].errors is not None else 1.0 for i in at])
        own = rng.standard_normal((DRAWS, len(at)))
        joined = together * noise[:, at] + np.sqrt(np.maximum(1.0 - together**2, 0.0)) * own
        effects, se = estimates([each for _, each in source.mine])
        each = np.exp(pulled_draws(effects, se, source.grid, rng=rng, noise=joined))
        expected = np.array([minutes_of(each).expected for _, each in source.mine]) / 60.0
        saved[:, at] = source.part * usual[at] * expected * (1.0 - ratio[:, at] * each)
    return saved if sources else None


def _money(tickets: Floats, hours: Floats | None, rates: Rates) -> Floats | None:
    parts = []
    if rates.per_ticket is not None:
        parts.append(rates.per_ticket * tickets)
    if hours is not None and rates.per_lost_hour is not None:
        parts.append(rates.per_lost_hour * hours)
    return sum(parts[1:], parts[0]) if parts else None


def _plain(known: Sequence[tuple[ChangeView, Monthly]], sources: Sequence[_Source], rates: Rates) -> float | None:
    """Money of all changes as it was measured, one by one: of the same tickets and hours as the total."""
    if rates.per_ticket is None and rates.per_lost_hour is None:
        return None
    total = sum(m.tickets.value for _, m in known) * (rates.per_ticket or 0.0)
    for source in sources:
        waited = (known[i][1].waited for i, _ in source.mine)
        total += source.part * sum(each.value for each in waited if each) * (rates.per_lost_hour or 0.0)
    return total
