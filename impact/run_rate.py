"""What a change does month by month once it has settled: tickets and hours with their ranges, from its readings.

Knows which reading speaks for a month and how ranges are combined; knows no money, no clock and no words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from impact.bump_cost import Source
from impact.estimate import Estimate, ReadingName
from impact.portfolio import ChangeView, Reading

DAYS_A_MONTH = 365.25 / 12
TICKETS, REPORTED, MODELLED = "tickets", "lost_time", "time_to_resolve"
"""Measures that savings come from."""
SETTLED: tuple[ReadingName, ...] = ("late", "lasting", "planned")
"""Which reading speaks for a month, the first that is final: four weeks hold most days and feel a bump of the first
days least; the two weeks from the fourth day on leave these out; the planned two weeks hold all of them. Chosen by what
is there, never by what it says."""
SOURCES: tuple[tuple[Source, str], ...] = (("reported", REPORTED), ("modelled", MODELLED))
LEAST_PART = 0.01
"""Minutes per ticket are not taken to fall below this part of what was expected."""
ALWAYS_TOGETHER = 1.0
"""Where it cannot be measured how two errors go together, they are taken to always add up: the widest range."""


@dataclass(frozen=True)
class Amount:
    """A figure with both ends of its likely range, low before high."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Amount:
        """Every part multiplied; a negative factor turns the range round."""
        ends = sorted((self.low * factor, self.high * factor))
        return Amount(self.value * factor, ends[0], ends[1])

    def plus(self, other: Amount, *, together: float = ALWAYS_TOGETHER) -> Amount:
        """The sum of two figures whose errors are correlated by ``together``: the distances to the ends are added as
        correlated errors are (Zou and Donner's method of recovered variances)."""
        value = self.value + other.value
        below = _joined(self.value - self.low, other.value - other.low, together)
        above = _joined(self.high - self.value, other.high - other.value, together)
        return Amount(value, value - below, value + above)


def _joined(one: float, other: float, together: float) -> float:
    return math.sqrt(max(one**2 + other**2 + 2.0 * together * one * other, 0.0))


@dataclass(frozen=True)
class Monthly:
    """What a change saves a month; negative where it costs.

    ``tickets`` are tickets avoided and ``waited`` hours of lost time saved (of waiting where ``source`` is modelled).
    ``together`` correlates the errors of the two; ``errors`` is the measured correlation of ticket and minute errors
    that it follows from, None where it could not be measured. ``basis`` and ``minutes`` are the readings used.
    """

    basis: Reading
    tickets: Amount
    minutes: Reading | None = None
    source: Source | None = None
    waited: Amount | None = None
    errors: float | None = None
    together: float = ALWAYS_TOGETHER


@dataclass(frozen=True)
class Minutes:
    """A reading of minutes per ticket: what was expected, and the log of what they changed to with its range."""

    expected: float
    change: Amount


def final(reading: Reading, name: ReadingName, *, matured_by: date | None = None) -> Reading | None:
    """The reading of those days where it is complete, its own and not on hold; with ``matured_by``, where its last day
    had become data by then."""
    for one in (reading, *reading.others):
        result = one.result
        if not isinstance(result, Estimate) or result.reading != name or result.look is not None:
            continue
        known_on = result.post_to + timedelta(days=one.metric.matures_days)
        if result.method != "bundle" and one.verdict.hold is None and (matured_by is None or known_on < matured_by):
            return one
    return None


def settled(reading: Reading, *, matured_by: date | None = None) -> Reading | None:
    """The reading that speaks for a month: the first of SETTLED that is final."""
    return next((r for name in SETTLED if (r := final(reading, name, matured_by=matured_by)) is not None), None)


def monthly(change: ChangeView, errors: Mapping[Source, float | None]) -> Monthly | None:
    """What the change saves a month; None where no reading of its tickets is final. Tickets and minutes are read over
    the same days; where no days have both, tickets alone are told."""
    tickets = change.reading(TICKETS)
    for source, name in SOURCES:
        for days in SETTLED:
            count, each = final(tickets, days), final(change.reading(name), days)
            if count is not None and each is not None:
                return _with_minutes(count, each, source=source, errors=errors.get(source))
    basis = settled(tickets)
    return None if basis is None else Monthly(basis, tickets_avoided(basis))


def tickets_avoided(basis: Reading) -> Amount:
    """Tickets avoided a month: those expected without the change x (1 - exp(effect)), each end with its end."""
    result = _estimate(basis)
    usual = result.expected_after * DAYS_A_MONTH
    return _saved(usual, Amount(result.effect, result.low, result.high))


def minutes_of(each: Reading) -> Minutes:
    """Minutes per ticket from a reading of reported minutes (a difference) or of time to resolve (a log ratio)."""
    result = _estimate(each)
    if each.metric.log:
        return Minutes(math.exp(result.expected_after), Amount(result.effect, result.low, result.high))
    expected = max(result.expected_after, 1e-9)
    parts = [math.log(max(1.0 + x / expected, LEAST_PART)) for x in (result.effect, result.low, result.high)]
    return Minutes(expected, Amount(*parts))


def hours_saved(count: Reading, each: Reading, together: float) -> Amount:
    """Hours saved a month: expected tickets x expected minutes x (1 - exp(both effects)). On the log scale the two
    effects of a product add up, and so do their errors, as correlated as they are."""
    tickets, minutes = _estimate(count), minutes_of(each)
    usual = tickets.expected_after * DAYS_A_MONTH * minutes.expected / 60.0
    both = Amount(tickets.effect, tickets.low, tickets.high).plus(minutes.change, together=together)
    return _saved(usual, both)


def _with_minutes(count: Reading, each: Reading, *, source: Source, errors: float | None) -> Monthly:
    known = ALWAYS_TOGETHER if errors is None else errors
    first, second = _reach(_estimate(count)), _spread(minutes_of(each).change)
    whole = _joined(first, second, known)
    together = (first + known * second) / whole if whole else ALWAYS_TOGETHER
    return Monthly(
        count, tickets_avoided(count), each, source, hours_saved(count, each, known), errors,
        min(max(together, -1.0), 1.0),
    )  # fmt: skip


def _saved(usual: float, log_ratio: Amount) -> Amount:
    """Usual x (1 - exp(log ratio)); the highest ratio saves least."""
    value, low, high = (-usual * math.expm1(min(x, 50.0)) for x in (log_ratio.value, log_ratio.high, log_ratio.low))
    return Amount(value, low, high)


def _reach(result: Estimate) -> float:
    return (result.high - result.low) / 2.0


def _spread(amount: Amount) -> float:
    return (amount.high - amount.low) / 2.0


def _estimate(reading: Reading) -> Estimate:
    if not isinstance(reading.result, Estimate):
        raise ValueError(f"{reading.metric.name} has no estimate here; ask `final` first")
    return reading.result
