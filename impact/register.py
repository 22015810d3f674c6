"""The impact register: what somebody expected of a change beforehand, judged by what was measured at the review date.

One pure rule on the likely range; knows readings and statements, no storage, no words and no layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from impact.estimate import Estimate
from impact.metrics import Metric
from impact.portfolio import ChangeView, Reading
from impact.records import DecisionKind, Statement
from impact.run_rate import settled
from impact.words.amounts import shown

Outcome = Literal["met", "partly", "missed", "cannot_tell", "not_yet", "not_stated", "withdrawn"]
Why = Literal[
    "as_expected", "more", "less", "too_small", "wrong_way", "no_harm", "harm", "holds_both", "right_way_only",
    "no_reading", "on_hold", "cancelled", "before_review", "not_live", "days_to_come", "only_after", "never",
    "withdrawn",
]  # fmt: skip
"""What decided, in the order of the outcomes above; `judge` and `judged` say when each applies."""


ROUNDING = 1e-9
"""An end that lies on a limit reaches it, whatever floating-point numbers make of it."""


@dataclass(frozen=True)
class Bounds:
    """A measured effect and its range in the unit shown (percent, points or minutes), with its sign."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Judgement:
    """What became of a statement. ``statement`` is the revision that counts, made before the rollout; ``then`` is what
    it said is to be done now, None where its rule names nothing. ``later`` counts revisions made after the rollout.
    ``from_on`` is the day from which more can be said, where waiting helps."""

    outcome: Outcome
    why: Why
    statement: Statement | None = None
    reading: Reading | None = None
    measured: Bounds | None = None
    then: DecisionKind | None = None
    later: int = 0
    from_on: date | None = None


def judge(metric: Metric, expected: float, matters: float, measured: Bounds) -> tuple[Outcome, Why]:
    """The rule. All numbers in the unit shown; counted towards the good side, so that more is better:

    * missed, *too small* or *wrong way*: the whole range is below the smallest effect that matters (and below zero)
    * met, *as expected* or *more*: the whole range is at least that, and reaches the expected effect (or lies beyond
      it)
    * partly, *less*: the whole range is on the good side, and below the expected effect
    * cannot tell: the range holds both; *right way only* where it is on the good side and reaches the expected effect,
      but also effects too small to matter

    Where no improvement is expected (zero, or a limit to the harm): met, *no harm*, when the whole range is above that
    limit, which is at least the smallest effect that matters; missed, *harm*, when it is below; cannot tell in between.
    """
    sign = -1.0 if metric.better == "fewer" else 1.0
    hoped, least = sign * expected, abs(matters)
    low, high = sorted((sign * measured.low, sign * measured.high))
    low, high = low + ROUNDING, high + ROUNDING
    if hoped <= 0:
        limit = min(hoped, -least)
        return (
            ("met", "no_harm")
            if low >= limit
            else ("missed", "harm")
            if high < limit
            else ("cannot_tell", "holds_both")
        )
    if high < least:
        return "missed", "wrong_way" if high < 0 else "too_small"
    if low >= least and high >= hoped:
        return "met", "more" if low > hoped else "as_expected"
    if low > 0:
        return ("partly", "less") if high < hoped else ("cannot_tell", "right_way_only")
    return "cannot_tell", "holds_both"


def marked(history: Sequence[Statement], rollout_on: date | None, zone: str) -> tuple[Statement, ...]:
    """The same revisions, each marked ``after_rollout`` where it was made on the day of the rollout or later, in the
    reporting ``zone``. When it was recorded, the rollout may not have been read from its source yet."""
    if rollout_on is None:
        return tuple(history)
    return tuple(
        replace(one, after_rollout=True)
        if one.recorded_at is not None and one.recorded_at.astimezone(ZoneInfo(zone)).date() >= rollout_on
        else one
        for one in history
    )


def to_judge(history: Sequence[Statement]) -> Statement | None:
    """The revision that counts: the last one that is not marked as made after the rollout; None where there is none."""
    return next((one for one in reversed(history) if not one.after_rollout), None)


def judged(
    change: ChangeView, metric: str, history: Sequence[Statement], *, today: date, zone: str
) -> Judgement:  # fmt: skip
    """What became of what was said of one measure; ``history`` are its revisions, the oldest first, and may be empty.
    ``zone`` is the reporting time zone."""
    history = marked(history, change.rollout_on, zone)
    own, later = to_judge(history), sum(one.after_rollout for one in history)
    if own is None:
        return Judgement("not_stated", "only_after" if later else "never", later=later)
    if own.withdrawn:
        return Judgement("withdrawn", "withdrawn", own, later=later)
    if change.status == "cancelled":
        return Judgement("cannot_tell", "cancelled", own, later=later)
    if change.rollout_on is None:
        return Judgement("not_yet", "not_live", own, later=later, from_on=own.review_on)
    if today < own.review_on:
        return Judgement("not_yet", "before_review", own, later=later, from_on=own.review_on)
    reading = at_review(change.reading(metric), own.review_on)
    if reading is None:
        return _unread(change.reading(metric), own, later=later)
    result = reading.result
    assert isinstance(result, Estimate)
    measured = Bounds(*(shown(reading.metric, x) for x in (result.effect, result.low, result.high)))
    outcome, why = judge(reading.metric, own.expected, own.matters, measured)
    then = own.if_met if outcome == "met" else own.if_missed if outcome == "missed" else None
    return Judgement(outcome, why, own, reading, measured, then, later)


def at_review(reading: Reading, review_on: date) -> Reading | None:
    """The reading that speaks for the change on its review day: of those complete by then the one over most days, else
    the first that became complete later. Chosen by dates, never by what it says."""
    return settled(reading, matured_by=review_on) or settled(reading)


def _unread(reading: Reading, own: Statement, *, later: int) -> Judgement:
    """The review date has come, and there is no final figure."""
    if reading.verdict.hold is not None:
        return Judgement("cannot_tell", "on_hold", own, reading, later=later)
    preliminary = isinstance(reading.result, Estimate) and reading.result.look is not None
    if preliminary or reading.verdict.reason == "too_early":
        final = reading.result.final_from if isinstance(reading.result, Estimate) else reading.verdict.from_on
        return Judgement("not_yet", "days_to_come", own, reading, later=later, from_on=final)
    return Judgement("cannot_tell", "no_reading", own, reading, later=later)
