"""Why an answer is what it is: what weakens it, what stands in its way, and its numbers row by row."""

from __future__ import annotations

from datetime import date, timedelta

from impact.estimation.answers import BROAD_SHARE, SPIKE_SHARE
from impact.estimation.panel import SHAPES
from impact.estimation.results import (
    BROAD,
    CHANGED_COMPARISON,
    EQUAL_EFFECTS,
    NO_COMPARISON,
    NOT_TELLING,
    SPIKES,
    Estimate,
    NotEstimable,
)
from impact.metrics import Metric
from impact.portfolio import ChangeView, Reading
from impact.verdict import FALSE_DISCOVERY_RATE
from impact.words.amounts import (
    before_after,
    compared_with,
    effect_text,
    expected_text,
    margin_text,
    nouns_of,
    range_text,
    size_text,
)
from impact.words.circumstances import OVERSTATED, gradual, separated, shrunk_text
from impact.words.formats import SPACE, days, listed, number, percent, plural, span, when
from impact.words.sentences import unanswered, word_label

FEW_SERVICES = 15
"""With fewer comparison services than this, their number is mentioned as a weakness."""


_FLAGS: dict[str, str] = {
    BROAD: f"The change touches more than {percent(BROAD_SHARE)} of all services: few untouched ones are left.",
    NO_COMPARISON: (
        "There are too few other services to compare with: whatever else happened in these weeks is in the figure."
    ),
    CHANGED_COMPARISON: "Some of the services compared with had changes of their own in these weeks.",
    SPIKES: f"More than {percent(SPIKE_SHARE)} of the tickets came in short spikes, which were cut off.",
    EQUAL_EFFECTS: (
        "It went live together with other changes on all of its services: what these did elsewhere is taken off, as if "
        "they did the same everywhere."
    ),
}
OLDER = "older days before the rollout count less, so this need not start from the plain figure before"


def flag_text(flag: str) -> str:
    """What a weakness of an estimate means; empty for the one that the verdict itself tells."""
    return "" if flag == NOT_TELLING else _FLAGS[flag]


def reasons(change: ChangeView, reading: Reading, *, today: date | None = None) -> tuple[str, ...]:
    """What stands in the way of a better answer and what else could be behind this one; empty when nothing is known.
    ``today`` lets a short reading say when the longer one is possible."""
    result = reading.result
    if not isinstance(result, Estimate):
        return (" ".join(unanswered(change, reading)),)
    found = [flag_text(flag) for flag in result.flags]
    if 0 < result.control_services < FEW_SERVICES:
        found.append(f"Only {plural(result.control_services, 'other service')} could be compared with.")
    found += [separated(change, result), gradual(result)]
    near = [
        n
        for n in change.neighbours
        if result.pre_from <= n.rollout_on <= result.post_to and n.change_id not in result.together
    ]
    if near:
        names = listed([f"{n.number} {n.title} ({when(n.rollout_on)})" for n in near])
        found.append(f"Part of this may be due to {names}, on some of the same services.")
    if change.status == "rolled_back":
        found.append("It is rolled back: some of the days compared may be without it, and hide a part of its effect.")
    linked = {link.id for link in change.services}
    if result.services and len(result.services) < len(linked):
        found.append(
            f"Read from {len(result.services)} of {plural(len(linked), 'service')}; the others have another change too "
            "close, or too little data."
        )
    found.append(_longer_reading(change, reading.metric, result, today))
    return tuple(text for text in found if text)


def _longer_reading(change: ChangeView, metric: Metric, result: Estimate, today: date | None) -> str:
    """When a reading over the full window is possible; empty when this one is it, or another change cuts it short."""
    if result.look is not None or result.reading != "planned":
        return ""
    full, rollout = SHAPES[0], result.pre_to + timedelta(days=1)
    end = rollout + timedelta(days=full.reach)
    cut = any(rollout < n.rollout_on <= end for n in change.neighbours)
    from_on = end + timedelta(days=metric.matures_days + 1)
    if result.shape.post >= full.post or cut or today is None or from_on <= today:
        return ""
    return f"These are the first {result.shape.post} days; a reading over {full.post} is possible from {when(from_on)}."


_RULES: dict[str, str] = {
    "alone": "No other recorded change on the services read falls into the days compared.",
    "joint": "Other changes fall into the days compared; they were separated by days and services they do not share.",
    "bundle": "Several changes are read together, because they cannot be told apart.",
    "complete": "All days it reads are complete.",
    "preliminary": "Its days are not complete: an early look, for which an effect has to be larger.",
    "first_days": "It reads the first days only, short spikes included.",
    "lasting": "It reads what is left when the first days are over.",
    "late": "It reads four weeks.",
    "guardrail": "This measure is a guardrail: it can raise an alarm, and never makes a change better.",
    "clear": "The whole likely range is on one side of zero and reaches beyond what matters.",
    "inside_so_far": "So far the whole likely range is smaller than what matters, but the days are not complete.",
    "wide_so_far": "So far the likely range includes zero, or chance alone can do that.",
    "hold_many": "The method raises more false alarms here than promised.",
    "hold_few": "The method raises fewer false alarms here than promised: its ranges are wider than they need to be.",
    "hold_lately": "In the last year the method raised more false alarms here than promised.",
    "hold_before": "Changes here follow unusual weeks, which end by themselves.",
    "effect": "The whole likely range is on one side of zero, and it stays clear among all changes looked at.",
    "hint": "The whole likely range is on one side of zero, but among all changes looked at chance can do that.",
    "small": "The whole likely range is smaller than what matters.",
    "inside_margin": "The whole likely range is smaller than what matters.",
    "wide": "The likely range includes zero and reaches beyond what matters.",
    "coarse": "Only an effect too large to be likely would have been found.",
    "too_early": "The days after the rollout are not complete.",
    "cannot_be_separated": "Another change on the same services is too close.",
    "too_little_data": "There are too few observations around the rollout.",
    "too_little_history": "There are too few days without changes to know what chance does.",
    "no_data": "Nothing is recorded around the rollout.",
    "no_facts": "No source delivers this measure.",
    "no_facts_for_service": "Nothing is recorded for the services of this change.",
    "no_service": "No service is linked to the change.",
    "not_rolled_out": "The change is not live.",
}


def rules(reading: Reading) -> tuple[str, ...]:
    """Every rule that was met on the way to the word, as sentences in order; the last one decided."""
    verdict = reading.verdict
    return tuple(_RULES[code] for code in verdict.reasons or (verdict.reason,))


def why(reading: Reading) -> tuple[tuple[str, str], ...]:
    """How the answer came about, row by row: what is told, and its numbers."""
    verdict, result, metric = reading.verdict, reading.result, reading.metric
    rows = [("Answer", word_label(verdict.word)), ("Rule", _RULES[verdict.reason])]
    if isinstance(result, Estimate):
        rows += _numbers(reading, metric, result)
    elif isinstance(result, NotEstimable) and result.needed is not None and result.have is not None:
        unit = "days" if result.reason in ("too_early", "cannot_be_separated", "no_data") else nouns_of(metric).many
        unit = "independent readings" if result.reason == "too_little_history" else unit
        rows.append(("Needed", _needed(reading, result, unit)))
    if verdict.from_on:
        rows.append(("Possible from", when(verdict.from_on)))
    own = ", set for this organisation" if metric.set_here else ""
    rows.append(("Smallest effect that matters", f"{margin_text(metric)}{own}"))
    return tuple(rows)


def _needed(reading: Reading, result: NotEstimable, unit: str) -> str:
    if result.reason == "too_little_data" and result.n_before is not None and result.n_after is not None:
        sides = "together" if reading.metric.kind == "count" else "on each side, on one service"
        there = f"{number(result.n_before)} and {number(result.n_after)}"
        return f"{number(result.needed)} {unit} {sides}; there are {there}"
    return f"{number(result.needed)} {unit}; there are {number(result.have)}"


def _numbers(reading: Reading, metric: Metric, result: Estimate) -> list[tuple[str, str]]:
    nouns = nouns_of(metric)
    before, after, unit = before_after(reading)
    windows = (
        ("Before", result.pre_from, result.pre_to, result.shape.pre, result.n_before, before),
        ("After", result.post_from, result.post_to, result.shape.post, result.n_after, after),
    )
    rows = [
        (name, f"{span(first, last)} ({days(n_days)}): {plural(n, nouns.one, nouns.many)}, {value}{SPACE}{unit}")
        for name, first, last, n_days, n, value in windows
    ]
    return [
        *rows,
        ("Expected after, without the change", f"{expected_text(reading)}; {OLDER}"),
        ("Comparison", compared_with(result)),
        ("Effect", f"{effect_text(reading)}, {range_text(reading)}"),
        *_early(result),
        ("By chance alone", f"a difference this large in {_odds(result.p_value)} on dates without a change"),
        ("Among all changes", f"named clear only while at most {percent(FALSE_DISCOVERY_RATE)} of such findings are "
         f"expected to be false; here {percent(result.q_value)}"),
        *_remaining(reading),
        ("Smallest effect found 4 times in 5", size_text(metric, result.smallest_detectable)),
    ]  # fmt: skip


def _remaining(reading: Reading) -> list[tuple[str, str]]:
    kept = shrunk_text(reading)
    return [("In a list of the largest", f"{kept}. {OVERSTATED}")] if kept else []


def _early(result: Estimate) -> list[tuple[str, str]]:
    if result.look is None:
        return []
    higher = f"; the bar is {number(result.multiplier, 2)} times as high, because looking often finds more by chance"
    return [("Seen so far", f"{days(result.look)} after the rollout{higher if result.multiplier > 1 else ''}")]


def _odds(p: float) -> str:
    if p >= 0.095:
        return f"{number(10 * p)} of 10 cases"
    if p >= 0.0095:
        return f"{number(100 * p)} of 100 cases"
    return f"{number(1000 * p)} of 1,000 cases" if p >= 0.00095 else "fewer than 1 of 1,000 cases"
