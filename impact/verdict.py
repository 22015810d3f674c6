"""The decision rule: from estimates to one word per measure and one per change, with the reasons as data.

Pure: no clock, no layout, no sentences (those are in wording).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from impact.estimate import Estimate, NotEstimable
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
]
FALSE_DISCOVERY_RATE = 0.10
"""Of the effects named as such, about this share may be false."""
HINT_LEVEL = 0.05
TOO_COARSE = {"percent": math.log(2.0), "points": 1.0, "share": 0.20}
"""When only effects larger than this could have been found, the data are too few to say anything."""
NPS_POINTS = 25.0
"""The same for the net promoter score: an eighth of its 200 points."""
LOOK_AHEAD_DAYS = 14
"""A rollout this near needs people to be ready."""


@dataclass(frozen=True)
class Verdict:
    """What one measure says about one change. ``reason`` is a code wording turns into a sentence; ``from_on`` is the
    first day on which an answer is possible; ``blocking`` are the changes that stand in the way."""

    word: Word
    reason: str
    from_on: date | None = None
    blocking: tuple[str, ...] = ()


def judge(metric: Metric, result: Estimate | NotEstimable) -> Verdict:
    """One measure's word. The order of the rules is: not separable, too little data, smaller than what matters,
    effect, hint, cannot tell. ``from_on`` counts the days a figure needs to mature.

    An effect whose whole interval lies inside the margin is no real change even where it is clear of zero: it is
    known to be too small to matter.
    """
    if isinstance(result, NotEstimable):
        return _unanswered(metric, result)
    if result.smallest_detectable > too_coarse(metric) and not _clear(result):
        return Verdict("too_little", "coarse")
    margin = math.log1p(metric.matters) if metric.scale == "percent" else metric.matters
    if -margin <= result.low and result.high <= margin:
        return Verdict("no_change", "small" if _clear(result) else "inside_margin")
    good = result.effect < 0 if metric.better == "fewer" else result.effect > 0
    if result.p_value < HINT_LEVEL and _clear(result):
        sure = result.q_value is not None and result.q_value <= FALSE_DISCOVERY_RATE
        if sure:
            return Verdict("better" if good else "worse", "effect")
        return Verdict("leaning_better" if good else "leaning_worse", "hint")
    return Verdict("cannot_tell", "wide")


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
    return Verdict(words.get(result.reason, "no_data"), result.reason, from_on, tuple(result.blocking))


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


def overall(verdicts: Sequence[tuple[Metric, Verdict]], rolled_out: bool) -> Word:
    """One word for the change, from its board measures: any measure clearly worse makes the change worse (mixed when
    another is clearly better); one clearly better and none worse makes it better; no change only when every answered
    measure says so and none is still to come. While one is, a change that nothing can be told about is too early."""
    if not rolled_out:
        return "not_rolled_out"
    words = [verdict.word for metric, verdict in verdicts if metric.on_board]
    if "worse" in words:
        return "mixed" if "better" in words else "worse"
    if "better" in words:
        return "better"
    for word in _AFTER_EFFECTS:
        if word in words:
            return word
    return "no_change" if "no_change" in words else _nothing_told(words)


_AFTER_EFFECTS: tuple[Word, ...] = ("leaning_worse", "leaning_better", "too_early", "cannot_tell")
"""What is said of a change without a clear effect, the first that applies."""


def _nothing_told(words: Sequence[Word]) -> Word:
    order: tuple[Word, ...] = ("cannot_separate", "too_little")
    return next((word for word in order if word in words), "no_data")


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
