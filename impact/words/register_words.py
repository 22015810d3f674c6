"""The impact register in words: what was expected, what came of it, what it adds up to. Decides nothing.

Plain sentences; effects are told with their ranges, and never as caused by the change.
"""

from __future__ import annotations

from impact.case_values import Unit
from impact.metrics import BY_NAME, Metric
from impact.portfolio import ChangeView
from impact.records import DecisionKind, Statement
from impact.register import Judgement, Outcome
from impact.register_totals import MetricTotal, RegisterTotals
from impact.run_rate import Amount
from impact.words.amounts import effect_text, inside_of, nouns_of, range_text, unit_of
from impact.words.case_words import saved_text
from impact.words.circumstances import reading_label
from impact.words.formats import MINUS, SPACE, at, listed, number, plural, span, when
from impact.words.readings import why_none

OUTCOMES: dict[Outcome, str] = {
    "met": "Met",
    "partly": "Partly met",
    "missed": "Missed",
    "cannot_tell": "Cannot tell",
    "not_yet": "Not yet",
    "not_stated": "Never stated beforehand",
    "withdrawn": "Withdrawn",
}
DECISIONS: dict[DecisionKind, str] = {
    "continue": "go on",
    "fix_first": "fix first",
    "pause": "pause",
    "roll_back": "roll back",
    "close_benefit": "close, benefit realised",
    "other": "as the note says",
}
FROZEN = "Frozen at the rollout: this is what is judged. Later edits are kept beside it and change nothing."
OPEN = "It can be changed until the rollout; from then on it is frozen."
HARM_MEANT = "This would be worse for customers than without the change. It is meant so."
LATE = "Customers have met this change already: what is stated now is kept and shown, and not judged."
ONLY_JUDGED = (
    "Only changes of which somebody said beforehand what to expect, and whose review day has come, are in these sums: "
    "they are not what all changes did. Measured effects are pulled towards those of all changes, because the largest "
    "owe some of their size to chance."
)
RULE = (
    "Met: the whole likely range is at least the smallest effect that matters, and reaches what was expected. Partly: "
    "the whole range is on the good side, and below what was expected. Missed: the whole range is below the smallest "
    "effect that matters. Otherwise it cannot be told."
)


def unit_text(metric: Metric) -> str:
    """What an effect of this measure is stated in: %, points, minutes."""
    return "%" if metric.scale == "percent" else f"{unit_of(metric)}s"


def amount_text(metric: Metric, value: float, *, signed: bool = False) -> str:
    """An effect in the unit it is stated in: 20 %, −0.3 points, 5 minutes."""
    digits = 0 if float(value).is_integer() else 1 if float(value * 10).is_integer() else 2
    text = number(abs(value), digits)
    sign = (MINUS if value < 0 else "+") if signed and value else ""
    unit = unit_text(metric)
    return f"{sign}{text}{SPACE}{unit.removesuffix('s') if text == '1' and unit != '%' else unit}"


def expected_text(metric: Metric, statement: Statement) -> str:
    """What was expected, as a sentence without its end: tickets fall by 20 %."""
    nouns = nouns_of(metric)
    subject, many = inside_of(nouns.subject), nouns.plural
    if not statement.expected:
        return f"{subject} {'do' if many else 'does'} not get worse"
    verb = ("rise" if many else "rises") if statement.expected > 0 else ("fall" if many else "falls")
    return f"{subject} {verb} by {amount_text(metric, abs(statement.expected))}"


def statement_text(statement: Statement) -> str:
    """A statement as two sentences."""
    metric = BY_NAME[statement.metric]
    return (
        f"Expected: {expected_text(metric, statement)}; {amount_text(metric, statement.matters)} is the smallest "
        f"effect that matters. Review on {when(statement.review_on)}: {DECISIONS[statement.if_met]} if met, "
        f"{DECISIONS[statement.if_missed]} if missed."
    )


def revision_text(statement: Statement, zone: str = "UTC") -> str:
    """Which revision it is, when it was made and whether that was in time."""
    when_made = at(statement.recorded_at, zone) if statement.recorded_at else "just now"
    late = ", after the rollout" if statement.after_rollout else ""
    gone = ", withdrawn" if statement.withdrawn else ""
    return f"Revision {number(statement.revision)}, {when_made}{late}{gone}"


def outcome_label(outcome: Outcome) -> str:
    """The outcome as it is shown."""
    return OUTCOMES[outcome]


def judgement_text(change: ChangeView, judgement: Judgement) -> str:
    """What became of a statement, with the measured effect, its range and what is to be done now."""
    told = _told(change, judgement)
    then = f" The rule said: {DECISIONS[judgement.then]}." if judgement.then is not None else ""
    return f"{told}{then}"


def _told(change: ChangeView, judgement: Judgement) -> str:
    statement, reading = judgement.statement, judgement.reading
    if statement is None:
        if judgement.why == "only_after":
            return "Never stated beforehand: what is written here was written after the rollout."
        return "Nobody stated beforehand what to expect."
    if judgement.outcome == "withdrawn":
        return "The statement was withdrawn before the rollout."
    metric = BY_NAME[statement.metric]
    if judgement.measured is not None and reading is not None:
        measured = f"measured {effect_text(reading)} ({range_text(reading)})"
        return (
            f"{_because(metric, judgement)}: expected {_expected(metric, statement)}, {measured}, {_over(judgement)}."
        )
    match judgement.why:
        case "cancelled":
            return "The change was cancelled; there is nothing to judge."
        case "not_live":
            return f"Not rolled out yet. The review is on {when(statement.review_on)}."
        case "before_review":
            return f"Judged on {when(statement.review_on)}."
        case "days_to_come":
            later = f" A final figure is possible from {when(judgement.from_on)}." if judgement.from_on else ""
            return f"The review day has come, but the days to be compared are not complete.{later}"
        case "on_hold":
            return f"Cannot tell: answers about {inside_of(nouns_of(metric).subject)} are on hold."
    why = f" ({why_none(reading)})" if reading is not None else ""
    return f"Cannot tell: there is no figure of {inside_of(nouns_of(metric).subject)}{why}."


def _expected(metric: Metric, statement: Statement) -> str:
    return amount_text(metric, statement.expected, signed=True) if statement.expected else "no harm"


def _because(metric: Metric, judgement: Judgement) -> str:
    statement = judgement.statement
    least = amount_text(metric, statement.matters) if statement is not None else ""
    return {
        "as_expected": "Met",
        "more": "Met, and more than expected",
        "less": "Partly met, clearly less than expected",
        "too_small": f"Missed, less than the {least} that would matter",
        "wrong_way": "Missed, it went the wrong way",
        "no_harm": "Met, not worse than accepted",
        "harm": "Missed, more harm than was accepted",
        "right_way_only": f"Cannot tell: the right way, but it may be less than the {least} that matters",
        "holds_both": f"Cannot tell: the range holds both what was hoped for and less than the {least} that matters",
    }.get(judgement.why, OUTCOMES[judgement.outcome])


def _over(judgement: Judgement) -> str:
    reading = judgement.reading
    result = None if reading is None else reading.result
    post_from, post_to = getattr(result, "post_from", None), getattr(result, "post_to", None)
    if result is None or post_from is None or post_to is None:
        return ""
    return f"{inside_of(reading_label(result.reading))}, {span(post_from, post_to)}"


def judged_late(judgement: Judgement) -> str:
    """That something was edited after the rollout; empty where nothing was."""
    if not judgement.later:
        return ""
    return f"{plural(judgement.later, 'edit')} after the rollout: kept below, not judged."


# --- totals ------------------------------------------------------------------------------------------------------


def totals_text(totals: RegisterTotals) -> str:
    """How much of the portfolio is in the register, and which statements are in none of its sums."""
    left = _left_out(totals)
    if not totals.stated:
        return (
            f"Nobody has stated an expected effect yet, for none of {plural(totals.live, 'live change')}. State it on "
            f"the page of a change before its rollout.{left}"
        )
    return (
        f"{plural(totals.stated, 'statement')} made beforehand, {number(totals.judged)} of them judged by a measured "
        f"figure.{left} Of {plural(totals.live, 'live change')}, {number(totals.without)} were never stated beforehand."
    )


def _left_out(totals: RegisterTotals) -> str:
    """Statements that stand in the list of every statement and are not counted as made beforehand."""
    reasons = (("not_stated", "made after the rollout"), ("withdrawn", "withdrawn"))
    counts = [(sum(total.outcomes.get(name, 0) for total in totals.totals), why) for name, why in reasons]
    told = [f"{plural(count, 'more was', 'more were')} {why}" for count, why in counts if count]
    return f" {listed(told)}: listed below, counted nowhere." if told else ""


def totals_table(totals: RegisterTotals) -> dict[str, list[str]]:
    """A row for every measure: how many, what became of them, and expected beside measured a month."""
    rows = [_row(total) for total in totals.totals]
    names = ("Measure", "Stated", "Judged", "Outcomes", "Expected a month", "Measured a month, pulled")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _row(total: MetricTotal) -> tuple[str, ...]:
    metric = BY_NAME[total.metric]
    order = [name for name in OUTCOMES if total.outcomes.get(name)]
    outcomes = ", ".join(f"{total.outcomes[name]} {OUTCOMES[name].lower()}" for name in order)
    hoped = measured = "–"
    if total.expected is not None and total.measured is not None:
        unit: Unit = "tickets" if total.unit == "tickets" else "hours"
        hoped = _signed(total.expected, unit, total.metric)
        measured = f"{_sum(total.measured, unit, total.metric)}; {number(total.summed)} in it"
    return metric.label, number(total.stated), number(total.judged), outcomes or "–", hoped, measured


def _sum(amount: Amount, unit: Unit, metric: str) -> str:
    text = saved_text(amount, unit)
    if metric == "time_to_resolve":
        text = text.replace("hours lost on top", "more hours of waiting")
        text = text.replace("hours saved", "fewer hours of waiting")
    many = nouns_of(BY_NAME[metric]).many
    return text.replace("tickets", many) if metric != "tickets" and unit == "tickets" else text


def _signed(value: float, unit: Unit, metric: str) -> str:
    """An expected sum: 520 fewer tickets."""
    noun = nouns_of(BY_NAME[metric]).many if unit == "tickets" else (
        "hours of waiting" if metric == "time_to_resolve" else "hours lost"
    )  # fmt: skip
    return f"{number(abs(value))} {'fewer' if value >= 0 else 'more'} {noun}"
