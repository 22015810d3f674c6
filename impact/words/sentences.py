"""The sentences about a change: its word, its headline, one per measure, and what the room is asked to decide.

An effect is told against what was expected without the change, and never as caused by it: these are observations,
not an experiment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from impact.estimation.results import Estimate, NotEstimable
from impact.metrics import Metric
from impact.portfolio import ChangeView, Reading
from impact.verdict import Verdict, Word
from impact.words.amounts import between, inside_of, margin_text, nouns_of, rounded, size_text
from impact.words.circumstances import WHICH_OF_THEM, opened, opening, preliminary
from impact.words.formats import days, listed, number, percent, plural, when
from impact.words.holds import hold_text

WORDS: dict[Word, str] = {
    "worse": "Worse",
    "better": "Better",
    "leaning_worse": "Leaning worse",
    "leaning_better": "Leaning better",
    "mixed": "Mixed",
    "no_change": "No real change",
    "cannot_tell": "Cannot tell",
    "too_early": "Too early",
    "cannot_separate": "Cannot separate",
    "too_little": "Too little data",
    "not_rolled_out": "Not rolled out",
    "no_data": "No data",
    "on_hold": "On hold",
}
HEADLINES: dict[Word, str] = {
    "worse": "Customers are worse off.",
    "better": "Customers are better off.",
    "leaning_worse": "There is a hint that customers are worse off.",
    "leaning_better": "There is a hint that customers are better off.",
    "mixed": "Customers are better off in one way and worse off in another.",
    "no_change": "No real change for customers.",
    "cannot_tell": "We cannot tell what customers felt.",
    "too_early": "It is too early to tell what customers felt.",
    "cannot_separate": "We cannot separate this change from another one.",
    "too_little": "There is too little data to tell what customers felt.",
    "not_rolled_out": "Not rolled out yet.",
    "no_data": "There is no data on what customers felt.",
    "on_hold": "What customers felt is on hold.",
}
_STRIPS: dict[Word, str] = {
    "too_early": "too early",
    "cannot_separate": "overlap",
    "too_little": "too few",
    "no_data": "no data",
    "not_rolled_out": "not live",
    "on_hold": "on hold",
}
WAITING = "Waiting does not help."
WITHOUT = "what we would have expected without the change"
OBSERVATION = (
    "These are observations, not an experiment: a clear answer means more than chance, on this date and these "
    "services. It does not prove that the change is the reason."
)
RANGE_HELP = (
    "The likely range is a 95 % interval: made this way, 95 of 100 such ranges hold the true effect. "
    "Whether one particular range does, nobody can know."
)


def word_label(word: Word) -> str:
    """The word as it is shown."""
    return WORDS[word]


def strip_text(verdict: Verdict) -> str:
    """What stands in a cell of the board in place of a bar; empty where there is a bar."""
    return _STRIPS.get(verdict.word, "")


def sentence(change: ChangeView, reading: Reading) -> str:
    """One measure of one change in one sentence."""
    if isinstance(reading.result, Estimate):
        return _estimated(change, reading.metric, reading.result, reading.verdict)
    return " ".join(unanswered(change, reading))


def bundle_text(change: ChangeView, bundle: Reading) -> str:
    """What a reading of several changes together says; which of them it was stays open."""
    return f"{sentence(change, bundle)} {WHICH_OF_THEM}"


def _estimated(change: ChangeView, metric: Metric, result: Estimate, verdict: Verdict) -> str:
    """One reading in one sentence, and when the next one is possible where it is preliminary."""
    if verdict.hold is not None:
        return f"On hold: {hold_text(metric, verdict.hold)}."
    return f"{_told(change, metric, result, verdict)}{preliminary(result, verdict)}"


def _told(change: ChangeView, metric: Metric, result: Estimate, verdict: Verdict) -> str:
    r, nouns = rounded(metric, result), nouns_of(metric)
    begin = opening(change, result)
    inside = f"{begin[:1].lower()}{begin[1:]}{inside_of(nouns.subject)}"
    subject = f"{begin}{inside_of(nouns.subject)}" if begin else nouns.subject
    moved = f"{'rose' if result.effect > 0 else 'fell'} by {r.about()} against {WITHOUT} (likely {r.ends()})"
    likely = f"(likely {between(r, nouns)})"
    match verdict.word, verdict.reason:
        case (("better" | "worse"), _):
            return f"{subject} {moved}."
        case (("leaning_better" | "leaning_worse"), _):
            return f"There is a hint that {inside} {moved}; among this many changes, chance alone can do that."
        case _, "small":
            return f"{subject} {moved}: less than the {margin_text(metric)} that would matter."
        case "too_early", _:
            return f"It is too early to tell whether {inside} changed against {WITHOUT} {likely}."
        case "no_change", _:
            return f"{subject} stayed within {margin_text(metric)} of {WITHOUT} {likely}."
        case "too_little", _:
            least = size_text(metric, result.smallest_detectable)
            return (
                f"There is too little data to tell whether {inside} changed against {WITHOUT} {likely}: "
                f"only a change of at least {least} would have been found."
            )
    return f"We cannot tell whether {inside} changed against {WITHOUT} {likely}."


def unanswered(change: ChangeView, reading: Reading) -> Iterator[str]:
    verdict, nouns = reading.verdict, nouns_of(reading.metric)
    inside = inside_of(nouns.subject)
    if verdict.reason == "too_early":
        yield f"It is too early to tell whether {inside} changed: the days after the rollout are not complete yet."
        if verdict.from_on:
            yield f"An answer is possible from {when(verdict.from_on)}."
    elif verdict.reason == "cannot_be_separated":
        yield f"We cannot tell what this change did to {inside}: {_in_the_way(change, verdict)}."
        yield f"An answer is possible from {when(verdict.from_on)}." if verdict.from_on else WAITING
    elif verdict.reason == "too_little_data":
        yield f"There is too little data to tell whether {inside} changed: {_few(reading)}."
    elif verdict.reason == "too_little_history":
        move = "move" if nouns.plural else "moves"
        yield f"There is too little history without changes to know how much {inside} {move} by chance."
    elif verdict.reason == "not_rolled_out":
        yield not_live(change)
    elif verdict.reason == "no_service":
        yield "No service is linked to this change, so there is nothing to compare."
    elif verdict.reason == "no_facts":
        yield f"No source delivers what {inside} {'are' if nouns.plural else 'is'} counted from."
    elif verdict.reason == "no_facts_for_service":
        yield f"For the services of this change, no {nouns.many} are recorded."
    else:
        yield f"Around the rollout, no {nouns.many} are recorded."


def _few(reading: Reading) -> str:
    """How many observations there are and how many are needed: tickets together, all others on each side."""
    result, nouns = reading.result, nouns_of(reading.metric)
    if not isinstance(result, NotEstimable) or result.have is None or result.needed is None:
        return f"too few {nouns.many} around the rollout"
    needed = number(result.needed)
    if result.n_before is None or result.n_after is None:
        return f"{plural(result.have, nouns.one, nouns.many)} around the rollout, where {needed} are needed"
    counted = f"{plural(result.n_before, nouns.one, nouns.many)} before and {number(result.n_after)} after the rollout"
    sides = "" if reading.metric.kind == "count" else " on each side"
    together = result.n_before + result.n_after if not sides else min(result.n_before, result.n_after)
    if together >= result.needed:
        return f"{counted} on several services; not one of them has the {needed}{sides} that are needed"
    return f"{counted}, where {needed} are needed{sides}"


def _in_the_way(change: ChangeView, verdict: Verdict) -> str:
    known = {n.change_id: f"{n.number} {n.title} ({when(n.rollout_on)})" for n in change.neighbours}
    others = [known.get(i, f"change {i.split(':', 2)[-1]}") for i in verdict.blocking if i != change.id]
    if not others:
        return "it went live on the same service more than once within a few weeks"
    verb = "is another change" if len(others) == 1 else "are other changes"
    return f"too close to it on the same services {verb}, {listed(others)}"


def not_live(change: ChangeView) -> str:
    if change.status == "cancelled":
        return "Cancelled; it never reached customers."
    if change.status in ("done", "rolled_back"):
        return "No rollout date is recorded, so before and after cannot be compared."
    if change.planned_on is None:
        return "No rollout date is planned."
    return f"The rollout is planned for {when(change.planned_on)}."


def stands(change: ChangeView) -> str:
    """Where a change stands in a few words: live, planned, cancelled or rolled back, with the day."""
    if change.rollout_on is not None:
        live = f"live since {when(change.rollout_on)}"
        if change.status == "rolled_back":
            return f"live from {when(change.rollout_on)}, rolled back since"
        return f"{live}, closed as failed" if change.outcome == "failed" else live
    planned = "" if change.planned_on is None else f", rollout was planned for {when(change.planned_on)}"
    if change.status == "cancelled":
        return f"cancelled{planned}"
    if change.status in ("done", "rolled_back"):
        return f"{'done' if change.status == 'done' else 'rolled back'}, rollout day not recorded"
    return "no rollout date planned" if change.planned_on is None else f"rollout planned {when(change.planned_on)}"


def gone(change: ChangeView) -> str:
    """Since when the source no longer lists the change; empty where it does."""
    return f"no longer listed by {change.source} since {when(change.missing_at.date())}" if change.missing_at else ""


def felt(change: ChangeView) -> str:
    """The headline alone; of a change that is rolled back it speaks in the past."""
    told = HEADLINES[change.word]
    if change.status == "rolled_back" and change.rollout_on is not None:
        return f"{told.replace(' are ', ' were ')} The change is rolled back."
    return told


def headline(change: ChangeView) -> str:
    """What customers felt, and the leading measure's sentence."""
    if change.word == "not_rolled_out":
        live = not_live(change)
        return live if change.status in ("cancelled", "done", "rolled_back") else f"{HEADLINES[change.word]} {live}"
    leading = [r for r in (leading_reading(change, word) for word in _leading_words(change.word)) if r is not None]
    return " ".join([felt(change), *filter(None, (_below_headline(change, reading) for reading in leading))])


def _below_headline(change: ChangeView, reading: Reading) -> str:
    """The leading measure's sentence without what the headline has said already."""
    word, result, metric, told = reading.verdict.word, reading.result, reading.metric, sentence(change, reading)
    subject = nouns_of(metric).subject
    if isinstance(result, Estimate):
        if reading.verdict.hold is not None:
            return opened(f"{hold_text(metric, reading.verdict.hold)}.")
        likely = f"{subject}: likely {between(rounded(metric, result), nouns_of(metric))}"
        if word in ("cannot_tell", "too_early"):
            return f"{likely}, against {WITHOUT}.{preliminary(result, reading.verdict)}"
        if word == "too_little":
            least = size_text(metric, result.smallest_detectable)
            return f"{likely}; only a change of at least {least} would have been found."
        return opened(told.removeprefix("There is a hint that "))
    if word == "too_early":
        day = reading.verdict.from_on
        return f"A first answer is possible from {when(day)}." if day else "The days after it are not complete yet."
    if word == "cannot_separate":
        from_on = reading.verdict.from_on
        later = f"An answer is possible from {when(from_on)}." if from_on else WAITING
        return f"{opened(_in_the_way(change, reading.verdict))}. {later}"
    return f"{subject}: {_few(reading)}." if reading.verdict.reason == "too_little_data" else told


def _leading_words(word: Word) -> tuple[Word, ...]:
    return ("worse", "better") if word == "mixed" else (word,)


def leading_reading(change: ChangeView, word: Word | None = None) -> Reading | None:
    """The board measure that carries the change's word: the clearest one; where nothing is estimated, the one that
    can be answered first. None where no measure carries it."""
    found = [r for r in change.readings if r.metric.on_board and r.verdict.word == (word or change.word)]

    def order(reading: Reading) -> tuple[float, date, int]:
        p = reading.result.p_value if isinstance(reading.result, Estimate) else 1.0
        return p, reading.verdict.from_on or date.max, reading.metric.on_board or 0

    return min(found, key=order, default=None)


_ASKED: dict[str, str] = {
    "worse": "Roll back, fix or keep?",
    "mixed": "Fix or keep?",
    "failed": "Roll back or try again?",
    "overdue": "Replan or pause?",
    "rollout_overdue": "New date or stop?",
    "not_ready": "Go or wait?",
}


def decide_short(code: str) -> str:
    """The question to the room in a few words."""
    return _ASKED[code]


def decide_text(code: str, change: ChangeView) -> str:
    """Why the room should decide something today, with the question."""
    return f"{_why_decide(code, change)} {_ASKED[code]}"


def _why_decide(code: str, change: ChangeView) -> str:
    if code in ("worse", "mixed"):
        return headline(change)
    if code == "failed":
        return "It was closed as failed and is not rolled back."
    if code == "overdue":
        late = max((m.slip_days or 0 for m in change.overdue), default=0)
        count = len(change.overdue)
        longest = f"is overdue by {days(late)}" if count == 1 else f"are overdue, the longest by {days(late)}"
        return f"{plural(count, 'milestone')} {longest}."
    if code == "rollout_overdue":
        return f"The rollout was planned for {when(change.planned_on)} and has not happened."
    if code == "not_ready":
        ready = change.business
        return (
            f"The rollout is planned for {when(change.planned_on)}; business readiness is {percent(ready.ratio)} "
            f"({ready.done} of {plural(ready.total, 'milestone')})."
        )
    raise KeyError(code)
