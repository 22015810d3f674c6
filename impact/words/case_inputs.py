"""What the figures of a business case are made of, in words: inputs with their origin, formulas, why one is unknown.

Knows amounts as they were found; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from impact.bump_cost import BumpCost
from impact.case_values import Input, Why
from impact.estimation.bump import Bump
from impact.estimation.results import Estimate, NotEstimable
from impact.portfolio import ChangeView, Reading
from impact.run_rate import DAYS_A_MONTH, Amount, Monthly, minutes_of
from impact.settings import Rates
from impact.words.amounts import effect_text, range_text
from impact.words.circumstances import reading_label
from impact.words.formats import SPACE, UNKNOWN, level, listed, number, percent, plural, span, when
from impact.words.readings import why_none
from impact.words.sentences import not_live

SOURCE_ORIGIN = "recorded in the source of the change"
PLANNED_ORIGIN = "typed beforehand, recorded in the source of the change; not measured"
RATE_HELP = {
    "per_ticket": "what handling a ticket costs",
    "per_lost_hour": "what an hour of lost work costs",
    "lost_part_of_waiting": "which part of the wait for a solution is lost to work",
}
FORMULAS = {
    "tickets": "tickets expected a day x part of them avoided x days a month; each end of the range with its end",
    "handling": "tickets avoided x cost of a ticket",
    "hours": "tickets expected a day x minutes expected a ticket x part of both saved x days a month",
    "waiting": "hours of waiting saved, as for lost hours, x the part of a wait that is lost to work",
    "lost_work": "hours of lost work saved x cost of an hour",
    "money": "handling saved + lost work saved; their ranges are joined as far as their errors go together",
    "only_handling": "handling saved alone: what lost work is worth is not known",
    "only_lost_work": "lost work saved alone: what handling a ticket costs is not known",
    "so_far": (
        "days of the bump as they were found + later days x the monthly figure; no day counts twice, and both ranges "
        "are added up as if all errors went the same way"
    ),
    "no_bump": "days since the rollout x the monthly figure; the days of the bump cannot be told apart",
    "break_even": (
        "first day after the bump + (cost - saved until then) / money saved a month; the earliest day with the upper "
        "ends of both ranges, the latest with the lower ones"
    ),
}


def money(value: float, currency: str) -> str:
    """A plain amount of money: EUR 18.50; EUR 240,000."""
    text = number(value, 0 if abs(value) >= 100 or float(value).is_integer() else 2)
    return f"{currency}{SPACE}{text}" if currency else text


def setting(name: str, rates: Rates) -> Input:
    """A configured rate with its unit and where it is set."""
    value = getattr(rates, name)
    if value is None:
        told = UNKNOWN
    elif name == "lost_part_of_waiting":
        told = percent(value)
    else:
        told = f"{money(value, rates.currency)} {'a ticket' if name == 'per_ticket' else 'an hour'}"
    label = {"per_ticket": "Cost of a ticket", "per_lost_hour": "Cost of an hour of lost work",
             "lost_part_of_waiting": "Part of a wait lost to work"}[name]  # fmt: skip
    return Input(label, told, f"setting [rates] {name}")


def read_over(reading: Reading) -> str:
    """Where a measured figure comes from: which reading, its days, and what it was compared with."""
    result = _estimate(reading)
    others = plural(result.control_services, "other service") if result.control_services else "the weeks before only"
    return (
        f"measured: {reading_label(result.reading).lower()}, {span(result.post_from, result.post_to)}, against "
        f"{span(result.pre_from, result.pre_to)} and {others}"
    )


def effect(label: str, reading: Reading) -> Input:
    """A measured effect with its range."""
    return Input(label, f"{effect_text(reading)} ({range_text(reading)})", read_over(reading))


def tickets_inputs(monthly: Monthly) -> tuple[Input, ...]:
    """What tickets avoided a month are made of."""
    result = _estimate(monthly.basis)
    return (
        Input("Tickets expected without the change", f"{level(result.expected_after)} a day", read_over(monthly.basis)),
        effect("Effect on tickets", monthly.basis),
        Input("Days a month", number(DAYS_A_MONTH, 1), "a year's days / 12"),
    )


def hours_inputs(monthly: Monthly, rates: Rates) -> tuple[Input, ...]:
    """What hours saved a month are made of."""
    if monthly.minutes is None:
        return ()
    reported = monthly.source == "reported"
    name = "Minutes of work lost a ticket" if reported else "Minutes from opening to solution"
    origin = "reported by colleagues" if reported else "modelled from time to resolve, the typical (geometric) mean"
    expected = minutes_of(monthly.minutes).expected
    errors = "always (could not be measured)" if monthly.errors is None else number(monthly.errors, 2)
    found = [
        *tickets_inputs(monthly),
        Input(f"{name}, expected", level(expected), f"{origin}; {read_over(monthly.minutes)}"),
        effect(f"Effect on {name[:1].lower()}{name[1:]}", monthly.minutes),
        Input("How far both errors go together", errors, "correlation on this installation's dates without a change"),
    ]
    return tuple(found if reported else [*found, setting("lost_part_of_waiting", rates)])


def figure(label: str, amount: Amount, unit: str, currency: str = "") -> Input:
    """A figure that another one is made of."""
    return Input(label, f"{told(amount, unit, currency)}", "opens to its own inputs")


def told(amount: Amount, unit: str, currency: str = "") -> str:
    """A figure with its range, plainly: 120 (likely 80 to 160) tickets."""
    if unit == "money":
        return (
            f"{money(amount.value, currency)} (likely {money(amount.low, currency)} to {money(amount.high, currency)})"
        )
    return f"{level(amount.value)} (likely {level(amount.low)} to {level(amount.high)}) {unit}"


def bump_input(cost: BumpCost | None, saved: Amount | None, unit: str, currency: str = "") -> Input:
    """What the days of the bump saved, or cost, as they were found; why that cannot be told."""
    if cost is None or saved is None or not isinstance(cost.bump, Bump):
        return Input("Saved in the days of the bump", "cannot be told apart", "counted at the monthly figure")
    bump = cost.bump
    return Input(
        "Saved in the days of the bump",
        told(saved, unit, currency),
        f"observed against expected, {span(bump.first_on, bump.last_on)}; a bump is negative here",
    )


def later_input(first_on: date, to: date) -> Input:
    """The days that count at the monthly rate."""
    count = max((to - first_on).days + 1, 0)
    which = span(first_on, to) if count else "none yet"
    return Input("Later days", plural(count, "day"), f"{which}; data are complete to {when(to)}")


def unknown_text(why: Why, change: ChangeView, missing: tuple[str, ...] = ()) -> str:
    """Why a figure is unknown, as a sentence."""
    if why == "not_recorded":
        return "Not recorded in the source of the change."
    if why in ("not_live", "cancelled"):
        return not_live(change)
    if why == "rolled_back":
        return "The change is rolled back: it saves nothing a month any more."
    if why == "no_reading":
        return f"Cannot tell: {_no_reading(change)}"
    if why == "no_minutes":
        return "Cannot tell: neither lost time nor the time to resolve can be told over the days of the tickets."
    return settings_text(missing)


def settings_text(names: Sequence[str]) -> str:
    """Which settings would show a figure."""
    said = listed([f"{RATE_HELP[name]} (`{name}`)" for name in names])
    return f"To see this in money and hours of lost work, say in the section `[rates]` of the settings {said}."


def _no_reading(change: ChangeView) -> str:
    """Why no reading of the tickets speaks for a month."""
    reading = change.reading("tickets")
    if reading.verdict.hold is not None:
        return "answers about its tickets are on hold."
    if isinstance(reading.result, Estimate) and reading.result.look is not None:
        final_on = reading.result.final_from
        until = f" The last day is complete on {when(final_on)}." if final_on else ""
        return f"what is known of its tickets is preliminary.{until}"
    if isinstance(reading.result, NotEstimable) and reading.result.reason == "cannot_be_separated":
        return "another change on the same services is too close."
    return f"the effect on its tickets has no figure ({why_none(reading)})."


def _estimate(reading: Reading) -> Estimate:
    if not isinstance(reading.result, Estimate):
        raise ValueError(f"{reading.metric.name} has no estimate here")
    return reading.result
