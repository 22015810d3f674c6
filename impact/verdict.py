"""The decision rule: from estimates to one word per measure and one per change, with the reasons as data.

Pure: no clock, no layout, no sentences (those are in wording).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from impact.estimate import Estimate, NotEstimable
from impact.holds import Hold
from impact.metrics import Metric

Word = Literal[
    "worse",
    "better",
    "leaning_worse",
    "leaning_better",
    "mixed",
    "no_change",
    "cannot_tell",
    "too_early",
    "cannot_separate",
    "too_little",
    "not_rolled_out",
    "no_data",
    "on_hold",
]
FALSE_DISCOVERY_RATE = 0.10
"""Of the effects named as such, about this share may be false."""
HINT_LEVEL = 0.05
TOO_COARSE = {"percent": math.log(2.0), "points": 1.0, "share": 0.20, "minutes": 60.0}
"""When only effects larger than this could have been found, the data are too few to say anything."""
NPS_POINTS = 25.0
"""The same for the net promoter score: an eighth of its 200 points."""
LOOKS = (3, 5, 7, 10, 14, 21, 28)
"""Days after a rollout at which a reading is made before its last day."""
LOOK_AHEAD_DAYS = 14
"""A rollout this near needs people to be ready."""


@dataclass(frozen=True)
class Verdict:
    """What one measure says about one change.

    ``reason`` is the rule that decided, ``reasons`` all rules that were met on the way, in order and ending with it:
    codes that wording turns into sentences. ``from_on`` is the first day on which an answer, or the next one, is
    possible; ``blocking`` are the changes that stand in the way; ``hold`` is the rate that put it on hold.
    """

    word: Word
    reason: str
    from_on: date | None = None
    blocking: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    hold: Hold | None = None


def judge(metric: Metric, result: Estimate | NotEstimable, *, hold: Hold | None = None) -> Verdict:
    """One measure's word. The order of the rules is: no estimate, on hold, too early, too little data, smaller than
    what matters, effect, hint, cannot tell.

    An effect whose whole interval lies inside the margin is no real change even where it is clear of zero: it is
    known to be too small to matter. A reading made before its last day can name an effect or a hint; without one it
    is too early, and ``from_on`` is the day of the next look. ``from_on`` counts the days a figure needs to mature.
    """
    if isinstance(result, NotEstimable):
        return _unanswered(metric, result)
    reasons = _circumstances(metric, result)
    if hold is not None:
        return _found("on_hold", f"hold_{hold.cause}", reasons, hold=hold)
    inside = _inside(metric, result)
    if result.look is not None and (inside or not _beyond_chance(result)):
        return _found("too_early", "inside_so_far" if inside else "wide_so_far", reasons, _next_look(metric, result))
    if result.smallest_detectable > too_coarse(metric) and not _clear(result):
        return _found("too_little", "coarse", reasons)
    if inside:
        return _found("no_change", "small" if _clear(result) else "inside_margin", reasons)
    if not _beyond_chance(result):
        return _found("cannot_tell", "wide", reasons)
    reasons, from_on = (*reasons, "clear"), _next_look(metric, result)
    good = result.effect < 0 if metric.better == "fewer" else result.effect > 0
    if result.q_value is not None and result.q_value <= FALSE_DISCOVERY_RATE:
        return _found("better" if good else "worse", "effect", reasons, from_on)
    return _found("leaning_better" if good else "leaning_worse", "hint", reasons, from_on)


def _found(
    word: Word, reason: str, before: tuple[str, ...], from_on: date | None = None, *, hold: Hold | None = None
) -> Verdict:
    return Verdict(word, reason, from_on, reasons=(*before, reason), hold=hold)


def _circumstances(metric: Metric, result: Estimate) -> tuple[str, ...]:
    """What is known of a reading before its range is looked at, as codes: how it was freed from other changes, how
    much of it is complete, which days it reads, and whether its measure can only raise an alarm."""
    found = {"separate": "alone", "joint": "joint", "bundle": "bundle"}[result.method]
    return (
        found,
        *(("preliminary",) if result.look is not None else ("complete",)),
        *((result.reading,) if result.reading != "planned" else ()),
        *(("guardrail",) if metric.role == "guardrail" else ()),
    )


def _inside(metric: Metric, result: Estimate) -> bool:
    margin = math.log1p(metric.matters) if metric.scale == "percent" else metric.matters
    return -margin <= result.low and result.high <= margin


def _beyond_chance(result: Estimate) -> bool:
    return result.p_value < HINT_LEVEL and _clear(result)


def _next_look(metric: Metric, result: Estimate) -> date | None:
    """The day from which the next reading of an early one is possible; None for a final reading."""
    if result.look is None:
        return None
    later = [look for look in LOOKS if result.look < look < (result.final_days or 0)]
    soonest = result.post_to + timedelta(days=later[0] - result.look + 1) if later else result.final_from
    return None if soonest is None else soonest + timedelta(days=metric.matures_days)


def too_coarse(metric: Metric) -> float:
    """The smallest detectable effect above which the data are called too few, on the effect's scale."""
    return NPS_POINTS if metric.unit.startswith("points -100") else TOO_COARSE[metric.scale]


def _clear(result: Estimate) -> bool:
    return result.low > 0 or result.high < 0


def _unanswered(metric: Metric, result: NotEstimable) -> Verdict:
    from_on = result.possible_from
    if from_on is not None:
        from_on += timedelta(days=metric.matures_days)
    words: dict[str, Word] = {
        "cannot_be_separated": "cannot_separate",
        "too_little_data": "too_little",
        "too_little_history": "too_little",
        "too_early": "too_early",
        "no_data": "no_data",
    }
    word = words.get(result.reason, "no_data")
    return Verdict(word, result.reason, from_on, tuple(result.blocking), (result.reason,))


@dataclass(frozen=True)
class Standing:
    """Where a change stands besides what customers felt."""

    today: date
    status: str
    outcome: str
    rolled_out: bool
    planned_on: date | None
    overdue_milestones: int
    business_readiness: float | None


def overall(
    verdicts: Sequence[tuple[Metric, Verdict]], rolled_out: bool, *, goals: Collection[str] | None = None
) -> Word:
    """One word for the change, from its board measures: any measure clearly worse makes the change worse (mixed when
    a goal is clearly better); one goal clearly better and none worse makes it better; no change only when every
    answered measure says so and none is still to come or on hold. While one is, a change that nothing can be told
    about is too early. Guardrails can only raise an alarm: one that is better makes no change better.

    ``goals`` names the measures this change is meant to move, in place of those whose role says so.
    """
    if not rolled_out:
        return "not_rolled_out"
    told = [(m.role == "goal" if goals is None else m.name in goals, v.word) for m, v in verdicts if m.on_board]
    words = {word for is_goal, word in told if is_goal or word not in ("better", "leaning_better")}
    if "worse" in words:
        return "mixed" if "better" in words else "worse"
    if "better" in words:
        return "better"
    for word in _AFTER_EFFECTS:
        if word in words:
            return word
    if "no_change" in words:
        return "no_change"
    silent: Word = "cannot_tell" if told and not words else "no_data"
    return next((word for word in _NOTHING_TOLD if word in words), silent)


_AFTER_EFFECTS: tuple[Word, ...] = ("leaning_worse", "leaning_better", "too_early", "on_hold", "cannot_tell")
"""What is said of a change without a clear effect, the first that applies."""
_NOTHING_TOLD: tuple[Word, ...] = ("cannot_separate", "too_little")


def decisions(word: Word, standing: Standing) -> tuple[str, ...]:
    """Why the room should decide something today, as codes that wording turns into sentences, the most pressing
    first; empty: nothing is due.

    A change that was cancelled or rolled back has been decided. One that its source calls done is not overdue for
    want of a rollout date.
    """
    if standing.status in ("cancelled", "rolled_back"):
        return ()
    reasons: list[str] = []
    if word in ("worse", "mixed"):
        reasons.append(word)
    if standing.outcome == "failed":
        reasons.append("failed")
    if not standing.rolled_out and standing.status != "done" and standing.planned_on is not None:
        days = (standing.planned_on - standing.today).days
        if days < 0:
            reasons.append("rollout_overdue")
        elif days <= LOOK_AHEAD_DAYS and standing.business_readiness is not None and standing.business_readiness < 1:
            reasons.append("not_ready")
    if standing.overdue_milestones and not (standing.rolled_out and word in ("better", "no_change")):
        reasons.append("overdue")
    return tuple(reasons)


Group = Literal["decide", "early", "coming", "landed", "open"]
GROUPS: tuple[Group, ...] = ("decide", "early", "open", "landed", "coming")
"""The order of the steering view's groups."""


def group(word: Word, reasons: Sequence[str]) -> Group:
    """Which group of the steering view a change belongs to."""
    if reasons:
        return "decide"
    if word == "not_rolled_out":
        return "coming"
    if word == "too_early":
        return "early"
    if word in ("better", "no_change", "leaning_better"):
        return "landed"
    return "open"


_ORDER: tuple[Word, ...] = (
    "worse",
    "mixed",
    "leaning_worse",
    "too_early",
    "on_hold",
    "cannot_tell",
    "cannot_separate",
    "too_little",
    "no_data",
    "no_change",
    "leaning_better",
    "better",
    "not_rolled_out",
)


def rank(word: Word) -> int:
    """Sort order inside a group: worst news first."""
    return _ORDER.index(word)
