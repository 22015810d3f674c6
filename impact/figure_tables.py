"""What a change's page shows beside its readings, as figures and tables: business case, groups, who was told, what was
expected beforehand, when open milestones will be done. Knows the words; finds nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from impact.case_values import BreakEven, Case, Told, Unknown
from impact.case_values import Figure as Money
from impact.figure_records import GROUPS, PLANNED, Figure, FigureTable
from impact.groups import GroupsOfChange
from impact.metrics import BY_NAME
from impact.portfolio import ChangeView
from impact.records import Statement
from impact.register import judged
from impact.slips import SlipForecast
from impact.telling import Telling
from impact.words import case_words, group_words, plan_words, register_words, telling_words
from impact.words.formats import when


def case_figures(case: Case) -> tuple[Figure, ...]:
    """The rows of the business case, what was planned and what is measured each as a line of its own."""
    planned: Mapping[str, Told] = {"Cost": case.planned_cost, "Hours of lost work a month": case.planned_hours,
                                   "Money a month": case.planned_money}  # fmt: skip
    measured: Mapping[str, Told] = {
        "Cost": case.actual_cost, "Tickets a month": case.tickets, "Hours of lost work a month": case.hours,
        "Money a month": case.money, "Money since the rollout": case.money_so_far,
    }  # fmt: skip
    found = []
    for label, plan, came in case_words.case_rows(case):
        if plan != case_words.NONE:
            found.append(_money(f"{label}{PLANNED}", plan, planned.get(label)))
        found.append(_money(label, came, measured.get(label)))
    return tuple(found)


def _money(label: str, text: str, told: Told | None) -> Figure:
    if not isinstance(told, Money):
        return Figure(label=label, text=text)
    return Figure(label=label, text=text, value=told.value, low=told.low, high=told.high)


def is_known(case: Case) -> bool:
    """Whether there is anything to show of a business case: something planned, recorded or measured."""
    told = case_words.figures(case)
    return isinstance(case.break_even, BreakEven) or any(not isinstance(one, Unknown) for one in told)


def telling_table(telling: Telling) -> FigureTable:
    """Who was told and trained, group by group, with the sentence above it as its note."""
    live = telling.live
    rows = [
        (g.name, telling_words.told_text(g, live=live), telling_words.trained_text(g, live=live))
        for g in telling.groups
    ]  # fmt: skip
    note = f"{telling_words.summary(telling)} {telling_words.sponsor_text(telling)} · " + telling_words.support_text(
        telling
    )
    return FigureTable(name="telling", title="Who was told", columns=("Group", "Told", "Trained"), rows=tuple(rows),
                       note=note)  # fmt: skip


def groups_table(found: GroupsOfChange) -> FigureTable | None:
    """Before and after by group; groups below the minimum are counted and never listed. None without any group."""
    table = group_words.group_table(found)
    rows = tuple(zip(*table.values(), strict=True))
    if not rows:
        return None
    told = [group_words.headline(found), group_words.span_text(found), *group_words.notes(found)]
    title = f"Customers by {group_words.dimension_label(found.dimension).lower()}"
    note = " ".join(filter(None, told))
    return FigureTable(
        name=GROUPS, title=title, columns=tuple(table), rows=rows, note=note, smallest=found.smallest
    )  # fmt: skip


def register_table(
    change: ChangeView, histories: Sequence[Sequence[Statement]], *, today: date, zone: str
) -> FigureTable | None:  # fmt: skip
    """What was expected beforehand and what came of it, a row a measure; None where nothing was stated."""
    rows = []
    for history in histories:
        told = judged(change, history[0].metric, history, today=today, zone=zone)
        counted = told.statement or history[-1]
        rows.append((
            BY_NAME[counted.metric].label, register_words.statement_text(counted),
            register_words.outcome_label(told.outcome), register_words.judgement_text(change, told),
        ))  # fmt: skip
    columns = ("Measure", "Expected beforehand", "Outcome", "What came of it")
    return FigureTable(name="register", title="What was expected beforehand", columns=columns,
                       rows=tuple(rows)) if rows else None  # fmt: skip


def forecast_table(forecasts: Mapping[str, SlipForecast]) -> FigureTable | None:
    """When open milestones will likely be done; None where that cannot be told of any."""
    rows = tuple(
        (title, when(told.due_on), plan_words.forecast_text(told), plan_words.forecast_slip(told))
        for title, told in forecasts.items()
    )
    columns = ("Milestone", "Planned", "Forecast", "Then")
    return FigureTable(name="forecast", title="When open milestones will be done", columns=columns,
                       rows=rows) if rows else None  # fmt: skip
