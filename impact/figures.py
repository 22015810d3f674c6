"""Every figure of one change as the screen shows it, kept as text with the number behind it, so that it can be frozen.

Decides and words nothing: texts come from ``wording`` and ``words``. What an older release froze stays readable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from impact import selection, wording
from impact.bump_cost import BumpCost
from impact.charts.board_plan import milestone_told
from impact.estimate import Estimate, NotEstimable
from impact.figure_records import (
    ChangeFigures,
    EndFigures,
    Figure,
    FigureTable,
    MeasureFigures,
    StepFigures,
)
from impact.metrics import Metric
from impact.plain_json import as_json, made
from impact.portfolio import ChangeView, MilestoneView, Reading
from impact.words import pack_words, readings
from impact.words.amounts import shown
from impact.words.costs import cost_rows

__all__ = [
    "NOT_THERE",
    "ChangeFigures",
    "Difference",
    "EndFigures",
    "Figure",
    "FigureTable",
    "MeasureFigures",
    "StepFigures",
    "as_json",
    "change_figures",
    "differences",
    "from_json",
    "told",
]  # fmt: skip

Difference = tuple[str, str, str]
"""What it is, the text then, the text now."""
NOT_THERE = "not shown"
"""Stands in a difference for a figure that one of the two did not have."""


def change_figures(
    change: ChangeView,
    *,
    metrics: Sequence[Metric],
    today: date,
    cost: BumpCost | None = None,
    case: Sequence[Figure] = (),
    tables: Sequence[FigureTable] = (),
) -> ChangeFigures:
    """All figures of a change. ``metrics`` are the measures that have facts (``Portfolio.metrics``); ``case`` and
    ``tables`` are what other parts of the page show, as made there."""
    shown_metrics = selection.measures(metrics)
    leading = selection.leading_metric(change, metrics) if change.rollout_on else ""
    read = change.reading(leading) if leading else None
    return ChangeFigures(
        id=change.id,
        number=change.number,
        title=change.title,
        team=change.team or "no team",
        url=change.url,
        today=today,
        group=change.group,
        word=change.word,
        word_label=wording.word_label(change.word),
        facts=pack_words.facts_in_line(change),
        stands=wording.stands(change),
        felt=wording.headline(change) if change.word == "not_rolled_out" else wording.felt(change),
        headline=wording.headline(change),
        so_far=readings.so_far_text(change),
        asked=pack_words.questions(change),
        requirement=change.requirement or pack_words.NOT_RECORDED,
        expected_outcome=change.expected_outcome or pack_words.NOT_RECORDED,
        cost=pack_words.cost_text(change),
        benefit=pack_words.benefit_text(change),
        sponsor="named" if change.has_sponsor else "none named",
        leading=leading,
        measures=tuple(_measure(change, change.reading(m.name)) for m in shown_metrics),
        bump=_bump(cost),
        milestones=tuple(_step(step) for step in change.milestones),
        readiness=tuple(
            EndFigures(name=name, text=pack_words.readiness_text(name, end), ratio=end.ratio, done=end.done,
                       total=end.total)
            for name, end in (("Design", change.design), ("Business", change.business))
        ),
        case=tuple(case),
        nearby=pack_words.nearby(change, read, today=today),
        waiting="" if change.rollout_on else pack_words.waiting(change, today=today),
        tables=tuple(tables),
    )  # fmt: skip


def _measure(change: ChangeView, reading: Reading) -> MeasureFigures:
    said: dict[str, Any] = {
        "metric": reading.metric.name,
        "label": reading.metric.label,
        "on_board": reading.metric.on_board is not None,
        "word": reading.verdict.word,
        "word_label": wording.word_label(reading.verdict.word),
        "preliminary": reading.preliminary,
        "sentence": wording.sentence(change, reading),
        "possible_from": reading.verdict.from_on,
    }
    result = reading.result
    if not isinstance(result, Estimate):
        why = readings.why_none(reading)
        told = filter(None, [f"{why[:1].upper()}{why[1:]}.", readings.together_short(reading)])
        return MeasureFigures(**said, short=" ".join(told))
    before, after, unit = wording.before_after(reading)
    return MeasureFigures(
        **said,
        before=before,
        after=after,
        unit=unit,
        expected=wording.expected_text(reading),
        effect=wording.effect_text(reading),
        range=wording.range_text(reading),
        basis=readings.rests_on(change, reading),
        effect_value=shown(reading.metric, result.effect),
        low_value=shown(reading.metric, result.low),
        high_value=shown(reading.metric, result.high),
        before_value=result.before,
        after_value=result.after,
        expected_value=result.expected_after,
        n_before=result.n_before,
        n_after=result.n_after,
    )


def _bump(cost: BumpCost | None) -> tuple[Figure, ...]:
    if cost is None or isinstance(cost.bump, NotEstimable):
        return ()
    bump, found = cost.bump, []
    numbers: dict[str, tuple[float, float, float]] = {"Extra tickets": (bump.extra, bump.low, bump.high)}
    if cost.lost is not None:
        numbers["Extra hours"] = cost.lost.hours
    for name, money in (("Cost of handling", cost.handling), ("Cost of lost work", cost.lost_money)):
        if money is not None:
            numbers[name] = (money.amount, money.low, money.high)
    for label, text in cost_rows(cost):
        value, low, high = next((n for name, n in numbers.items() if label.startswith(name)), (None, None, None))
        found.append(Figure(label=label, text=text, value=value, low=low, high=high))
    return tuple(found)


def _step(step: MilestoneView) -> StepFigures:
    told = milestone_told(step)
    mark = "late" if step.overdue else step.status if step.status in ("done", "cancelled") else "open"
    return StepFigures(
        title=step.title, end=step.end, mark=mark, planned=wording.when(step.due_on), state=told["short"],
        fact=told["fact"], planned_on=step.due_on, done_on=step.done_on, slip_days=step.slip_days,
    )  # fmt: skip


# --- then and now ------------------------------------------------------------------------------------------------


def differences(then: ChangeFigures, now: ChangeFigures) -> tuple[Difference, ...]:
    """Every text that differs, in the order of the page: what it is, what it said, what it says; empty: none."""
    old, new = dict(told(then)), dict(told(now))
    labels = [*new, *(label for label in old if label not in new)]
    pairs = ((label, old.get(label, NOT_THERE), new.get(label, NOT_THERE)) for label in labels)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def told(figures: ChangeFigures) -> Iterator[tuple[str, str]]:
    """Every text that is shown, with what it is; no name comes twice."""
    count: dict[str, int] = {}
    for label, text in _told(figures):
        count[label] = count.get(label, 0) + 1
        yield (label if count[label] == 1 else f"{label} ({count[label]})"), text


def _told(figures: ChangeFigures) -> Iterator[tuple[str, str]]:
    yield "Title", figures.title
    yield "Where it stands", " · ".join(figures.facts)
    yield "What customers felt", figures.headline
    yield "So far", figures.so_far
    yield "Asked of the room", " ".join(figures.asked)
    for measure in figures.measures:
        answer = measure.word_label + (", preliminary" if measure.preliminary else "")
        yield f"{measure.label}: answer", answer
        if measure.short:
            yield f"{measure.label}: why no figure", measure.short
            continue
        yield f"{measure.label}: before → after", f"{measure.before} → {measure.after} {measure.unit}"
        yield f"{measure.label}: expected", measure.expected
        yield f"{measure.label}: effect", measure.effect
        yield f"{measure.label}: likely range", measure.range
        yield f"{measure.label}: based on", measure.basis
    for line in (*figures.bump, *figures.case):
        yield line.label, line.text
    yield "Customer requirement", figures.requirement
    yield "What customers should notice", figures.expected_outcome
    yield "Cost", figures.cost
    yield "Expected benefit", figures.benefit
    yield "Sponsor", figures.sponsor
    for step in figures.milestones:
        yield f"Milestone {step.title}", f"planned {step.planned}, {step.fact}"
    for end in figures.readiness:
        yield f"{end.name} readiness", end.text
    yield "Near it", " ".join(figures.nearby)
    for table in figures.tables:
        for row in table.rows:
            yield f"{table.title}: {row[0]}", " · ".join(row[1:])


def from_json(mapping: Mapping[str, Any]) -> ChangeFigures:
    """The figures that ``as_json`` wrote. What an older release did not know yet has its default."""
    return made(ChangeFigures, mapping)
