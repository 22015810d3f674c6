"""The business case of a change: from its readings, the recorded amounts and the configured rates to figures with their
ranges. Decides no effect; knows no layout.

The break-even day assumes that every later month goes on like the measured one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta

from impact.bump_cost import BumpCost, Source
from impact.case_values import (
    MOST_YEARS,
    BreakEven,
    Case,
    Figure,
    Input,
    Kind,
    NoBreakEven,
    Told,
    Unit,
    Unknown,
    Why,
)
from impact.observed import Evidence
from impact.portfolio import ChangeView
from impact.run_rate import DAYS_A_MONTH, Amount, Monthly, monthly
from impact.savings import Saving, Savings, savings
from impact.settings import Rates
from impact.tied_errors import errors_by_source
from impact.words import case_inputs as words
from impact.words.formats import number

__all__ = [
    "BreakEven", "Case", "Figure", "Input", "NoBreakEven", "Told", "Unknown", "business_case", "errors_by_source",
]  # fmt: skip


def business_case(
    change: ChangeView,
    *,
    evidence: Evidence,
    rates: Rates,
    cost: BumpCost | None,
    today: date,
    errors: Mapping[Source, float | None] | None = None,
) -> Case:
    """The business case as it stands on ``today``.

    ``cost`` is what the bump cost (None: unknown). ``errors`` says how errors of tickets and of minutes go together; it
    is made from ``evidence`` unless it is given, which saves time for many changes and gives the same figures.
    """
    known = errors_by_source(evidence) if errors is None else errors
    measured = monthly(change, known) if change.rollout_on is not None else None
    why = _nothing(change, measured)
    if why is not None or measured is None or change.rollout_on is None:
        return _case(change, rates, today=today, why=why or "no_reading")
    saved = savings(change.rollout_on, measured, rates=rates, cost=cost)
    return _measured(change, measured, saved, rates=rates, cost=cost, to=evidence.data_to or today, today=today)


def _nothing(change: ChangeView, measured: Monthly | None) -> Why | None:
    """Why nothing can be said of what a change saves."""
    if change.status == "cancelled":
        return "cancelled"
    if change.rollout_on is None:
        return "not_live"
    if change.status == "rolled_back":
        return "rolled_back"
    return "no_reading" if measured is None else None


def _recorded(change: ChangeView, rates: Rates) -> dict[str, Told]:
    """The amounts that people typed."""
    typed: tuple[tuple[str, str, float | None, Unit, Kind], ...] = (
        ("planned_cost", "Planned cost", change.planned_cost, "money", "planned"),
        ("actual_cost", "Actual cost", change.actual_cost, "money", "recorded"),
        ("planned_hours", "Planned hours saved a month", change.expected_benefit_hours, "hours", "planned"),
        ("planned_money", "Planned money saved a month", change.expected_benefit_money, "money", "planned"),
    )
    found: dict[str, Told] = {}
    for name, label, value, unit, kind in typed:
        if value is None:
            found[name] = Unknown(label, kind, "not_recorded", words.unknown_text("not_recorded", change))
            continue
        found[name] = _typed(label, value, unit, kind=kind, currency=rates.currency)
    return found


def _typed(label: str, value: float, unit: Unit, *, kind: Kind, currency: str) -> Figure:
    of = currency if unit == "money" else ""
    text = words.money(value, of) if unit == "money" else number(value)
    origin = words.PLANNED_ORIGIN if kind == "planned" else words.SOURCE_ORIGIN
    return Figure(label, value, None, None, unit, kind, of, "as it was written down", (Input(label, text, origin),))


_LABELS: dict[str, tuple[str, Kind]] = {
    "tickets": ("Tickets avoided a month", "measured"),
    "handling": ("Handling saved a month", "measured"),
    "hours": ("Hours of lost work saved a month", "measured"),
    "lost_work": ("Lost work saved a month", "measured"),
    "money": ("Money saved a month", "measured"),
    "tickets_so_far": ("Tickets avoided so far", "so_far"),
    "hours_so_far": ("Hours of lost work saved so far", "so_far"),
    "money_so_far": ("Money saved so far", "so_far"),
}


def _case(change: ChangeView, rates: Rates, *, today: date, why: Why) -> Case:
    """A case of which nothing is measured."""
    none = {name: Unknown(label, kind, why, words.unknown_text(why, change)) for name, (label, kind) in _LABELS.items()}
    return Case(
        change.id, rates.currency, **_recorded(change, rates), **none,
        break_even=NoBreakEven("benefit", none["money"]), monthly=None, counted_to=None, today=today,
    )  # fmt: skip


def _measured(
    change: ChangeView,
    measured: Monthly,
    saved: Savings,
    *,
    rates: Rates,
    cost: BumpCost | None,
    to: date,
    today: date,
) -> Case:
    recorded = _recorded(change, rates)
    told = _each(change, measured, saved, rates=rates)
    told |= _so_far(saved, told, cost=cost, to=to)
    return Case(
        change.id, rates.currency, **recorded, **told, monthly=measured, counted_to=to, today=today,
        break_even=_break_even(change, recorded, told["money"], saved=saved, cost=cost),
    )  # fmt: skip


def _figure(
    name: str, amount: Amount, unit: Unit, *, formula: str, inputs: tuple[Input, ...], currency: str = ""
) -> Figure:
    label, kind = _LABELS[name]
    return Figure(
        label, amount.value, amount.low, amount.high, unit, kind, currency, words.FORMULAS[formula], inputs
    )  # fmt: skip


def _each(change: ChangeView, measured: Monthly, saved: Savings, *, rates: Rates) -> dict[str, Told]:
    """Every figure of a month."""

    def none(name: str, why: Why, *missing: str) -> Unknown:
        label, kind = _LABELS[name]
        return Unknown(label, kind, why, words.unknown_text(why, change, missing), missing)

    money, unit = rates.currency, words.figure("Tickets avoided a month", measured.tickets, "tickets")
    found: dict[str, Told] = {
        "tickets": _figure("tickets", measured.tickets, "tickets", formula="tickets",
                           inputs=words.tickets_inputs(measured)),
        "handling": none("handling", "no_rate", "per_ticket"),
        "hours": none("hours", "no_minutes") if measured.waited is None
        else none("hours", "no_part", "lost_part_of_waiting"),
    }  # fmt: skip
    if saved.handling is not None:
        found["handling"] = _figure("handling", saved.handling.a_month, "money", formula="handling", currency=money,
                                    inputs=(unit, words.setting("per_ticket", rates)))  # fmt: skip
    if saved.hours is not None:
        formula = "hours" if measured.source == "reported" else "waiting"
        found["hours"] = _figure("hours", saved.hours.a_month, "hours", formula=formula,
                                 inputs=words.hours_inputs(measured, rates))  # fmt: skip
    hours = found["hours"]
    price = ("per_lost_hour",) if rates.per_lost_hour is None else ()
    if isinstance(hours, Unknown):
        found["lost_work"] = none("lost_work", hours.why, *hours.missing, *(price if hours.missing else ()))
    else:
        found["lost_work"] = none("lost_work", "no_rate", *price)
    if saved.lost_work is not None and saved.hours is not None:
        made = (words.figure("Hours of lost work saved a month", saved.hours.a_month, "hours"),
                words.setting("per_lost_hour", rates))  # fmt: skip
        found["lost_work"] = _figure("lost_work", saved.lost_work.a_month, "money", formula="lost_work", inputs=made,
                                     currency=money)  # fmt: skip
    found["money"] = none("money", "no_rate", "per_ticket", "per_lost_hour")
    if saved.money:
        found["money"] = _figure("money", saved.a_month(), "money", formula=_joint(saved), currency=money,
                                 inputs=_parts(found))  # fmt: skip
    return found


def _joint(saved: Savings) -> str:
    return "money" if len(saved.money) == 2 else "only_handling" if saved.handling is not None else "only_lost_work"


def _parts(found: Mapping[str, Told]) -> tuple[Input, ...]:
    """Both amounts of money as inputs; one that is unknown with its reason."""
    parts = []
    for name in ("handling", "lost_work"):
        part = found[name]
        if isinstance(part, Figure):
            parts.append(words.figure(part.label, part.amount, "money", part.currency))
        else:
            parts.append(Input(part.label, "unknown", part.text))
    return tuple(parts)


def _so_far(saved: Savings, a_month: Mapping[str, Told], *, cost: BumpCost | None, to: date) -> dict[str, Told]:
    """The same figures from the rollout to the last complete day."""
    found: dict[str, Told] = {}
    for name, part in (("tickets", saved.tickets), ("hours", saved.hours)):
        month = a_month[name]
        label, kind = _LABELS[f"{name}_so_far"]
        if isinstance(month, Unknown):
            found[f"{name}_so_far"] = Unknown(label, kind, month.why, month.text, month.missing)
        elif part is not None:
            found[f"{name}_so_far"] = _since(f"{name}_so_far", part, month, cost=cost, to=to)
    month, (label, kind) = a_month["money"], _LABELS["money_so_far"]
    if isinstance(month, Unknown):
        found["money_so_far"] = Unknown(label, kind, month.why, month.text, month.missing)
        return found
    parts = tuple(
        words.figure(f"{label} so far", part.until(to), "money", month.currency)
        for label, part in (("Handling saved", saved.handling), ("Lost work saved", saved.lost_work))
        if part is not None
    )
    inputs = (*parts, words.later_input(max(part.later_on for part in saved.money), to))
    found["money_so_far"] = _figure("money_so_far", saved.until(to), "money", formula=_joint(saved), inputs=inputs,
                                    currency=month.currency)  # fmt: skip
    return found


def _since(name: str, part: Saving, month: Figure, *, cost: BumpCost | None, to: date) -> Figure:
    inputs = (
        words.bump_input(cost, part.bump, month.unit),
        words.later_input(part.later_on, to),
        words.figure(month.label, month.amount, month.unit, month.currency),
    )
    formula = "so_far" if part.bump is not None else "no_bump"
    return _figure(name, part.until(to), month.unit, formula=formula, inputs=inputs)


def _break_even(
    change: ChangeView, recorded: Mapping[str, Told], month: Told, *, saved: Savings, cost: BumpCost | None
) -> BreakEven | NoBreakEven:
    """The day, from the actual cost where it is recorded, else the planned one."""
    actual, planned = recorded["actual_cost"], recorded["planned_cost"]
    if isinstance(month, Unknown):
        return NoBreakEven("benefit", month)
    spent = actual if isinstance(actual, Figure) else planned
    if isinstance(spent, Unknown):
        return NoBreakEven("cost", spent)
    start = max(part.later_on for part in saved.money)
    by_then = saved.until(start - timedelta(days=1))
    first = change.rollout_on or start
    days = [
        _paid(spent.value - kept, rate, start=start, first=first)
        for kept, rate in zip(_ends(by_then), _ends(month.amount), strict=True)
    ]
    inputs = (
        Input(f"{spent.label}", words.money(spent.value, spent.currency), spent.inputs[0].origin),
        words.bump_input(cost, by_then, "money", month.currency),
        words.figure(month.label, month.amount, "money", month.currency),
    )
    on, latest, earliest = days
    return BreakEven(on, earliest, latest, spent, words.FORMULAS["break_even"], inputs)


def _ends(amount: Amount) -> tuple[float, float, float]:
    return amount.value, amount.low, amount.high


def _paid(need: float, a_month: float, *, start: date, first: date) -> date | None:
    """The day on which ``need`` has come in at a monthly rate, at the earliest the rollout day; None for never."""
    if need <= 0:
        return max(first, start - timedelta(days=1))
    if a_month <= 0:
        return None
    days = math.ceil(need / a_month * DAYS_A_MONTH)
    return start + timedelta(days=days - 1) if days <= MOST_YEARS * 365 else None
