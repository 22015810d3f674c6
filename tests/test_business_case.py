"""What a change saves, what it cost, and when it has paid for itself: from readings and rates to sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from impact.bump_cost import BumpCost, Lost
from impact.business_case import BreakEven, Figure, NoBreakEven, Unknown, business_case
from impact.case_values import Case
from impact.estimation.bump import Bump
from impact.estimation.lost_minutes import ExtraMinutes
from impact.observed import Evidence
from impact.portfolio import ChangeView
from impact.register_totals import realised_total
from impact.run_rate import DAYS_A_MONTH, Amount, final, settled
from impact.settings import Rates
from impact.words import case_words
from tests.sample import DATA_TO, TODAY, answered, as_read, change, full, in_other_ways, refused

GOLDEN = Path(__file__).parent / "golden" / "business_case.txt"
FULL = Rates("EUR", 18.5, 42.0, 0.25)
ON = TODAY - timedelta(days=60)
NOTHING = Evidence({}, (), frozenset(), {}, DATA_TO)
APART = {"reported": 0.0, "modelled": 0.0}
"""Errors of tickets and minutes that have nothing to do with each other."""


def one(tickets: float = -22, half: float = 5, **more: object) -> ChangeView:
    return change("CHG-1", "Sign-in", full(ON, tickets=(tickets, half), time_to_resolve=(-12, 6)), **more)


def case_of(view: ChangeView, rates: Rates = FULL, cost: BumpCost | None = None, **errors: object) -> Case:
    return business_case(view, evidence=NOTHING, rates=rates, cost=cost, today=TODAY, errors=errors or APART)  # type: ignore[arg-type]


def figure(told: object) -> Figure:
    assert isinstance(told, Figure)
    return told


def bump_cost(extra: float, half: float, *, hours: float = 0.0, days: int = 28) -> BumpCost:
    bump = Bump("c", "tickets", days, ON, ON + timedelta(days=days - 1), 500 + extra, 500, extra, extra - half,
                extra + half, 5, 63, "horizon", None, ("s1",), True)  # fmt: skip
    minutes = ExtraMinutes("c", "time_to_resolve", days, 0, 0, 60 * hours, 60 * hours - 60, 60 * hours + 60, 0, 0, 50)
    return BumpCost(bump, Lost("modelled", minutes, 0.25), None, None, ())


def test_tickets_avoided_are_expected_tickets_times_the_part_avoided_and_ends_belong_to_ends() -> None:
    told = figure(case_of(one(-22, 5)).tickets)
    expected = 41.0 * 1.02 * DAYS_A_MONTH
    assert told.value == pytest.approx(0.22 * expected)
    assert (told.low, told.high) == (pytest.approx(0.17 * expected), pytest.approx(0.27 * expected))


def test_more_tickets_are_a_negative_benefit() -> None:
    case = case_of(one(14, 6))
    assert figure(case.tickets).value < 0
    assert figure(case.handling).value == pytest.approx(18.5 * figure(case.tickets).value)
    assert "lost on top" in case_words.told_text(case.handling)


def test_hours_are_tickets_times_minutes_and_a_part_of_the_waiting() -> None:
    told = figure(case_of(one()).hours)
    usual = 41.0 * 1.02 * DAYS_A_MONTH * 380 / 60 * 0.25
    assert told.value == pytest.approx(usual * (1 - 0.78 * 0.88))
    assert told.low is not None
    assert told.high is not None
    assert told.low < told.value < told.high


def test_errors_that_go_together_make_the_range_wider_and_unmeasured_ones_are_taken_to() -> None:
    def width(**errors: float | None) -> float:
        told = figure(case_of(one(), reported=0.0, **errors).hours)
        assert told.low is not None
        assert told.high is not None
        return told.high - told.low

    assert width(modelled=-0.5) < width(modelled=0.0) < width(modelled=0.5) < width(modelled=1.0)
    assert width(modelled=None) == pytest.approx(width(modelled=1.0))


def test_reported_minutes_are_taken_where_there_are_any_and_modelled_ones_are_not_added() -> None:
    given = full(ON) | {"lost_time": answered("lost_time", -6, 3, on=ON)}
    given["lost_time"] = as_read(given["lost_time"], expected_after=30.0)
    case = case_of(change("CHG-1", "Sign-in", given))
    assert case.monthly is not None
    assert case.monthly.source == "reported"
    assert figure(case.hours).value == pytest.approx(41.0 * 1.02 * DAYS_A_MONTH * 30 / 60 * (1 - 0.78 * 24 / 30))


def test_both_amounts_of_money_are_joined_as_far_as_they_go_together() -> None:
    case = case_of(one())
    money, handling, lost = (figure(told).amount for told in (case.money, case.handling, case.lost_work))
    assert money.value == pytest.approx(handling.value + lost.value)
    assert handling.low + lost.low < money.low < money.value
    assert money.value < money.high < handling.high + lost.high


def test_without_rates_there_are_tickets_and_hours_but_no_money_and_the_settings_are_named() -> None:
    case = case_of(one(), Rates(lost_part_of_waiting=0.25))
    assert isinstance(case.hours, Figure)
    assert isinstance(case.money, Unknown)
    assert case.money.missing == ("per_ticket", "per_lost_hour")
    assert isinstance(case.break_even, NoBreakEven)
    assert "`per_ticket`" in case.money.text
    assert case_words.told_text(case.money) == "not set: [rates] per_ticket or per_lost_hour"


def test_hours_of_waiting_are_no_lost_work_until_it_is_said_which_part_is() -> None:
    case = case_of(one(), Rates("EUR", 18.5, 42.0))
    assert isinstance(case.hours, Unknown)
    assert case.hours.missing == ("lost_part_of_waiting",)
    assert figure(case.money).value == figure(case.handling).value


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (change("C", "Planned", rollout=None, planned=9), "not_live"),
        (change("C", "Cancelled", full(ON), status="cancelled"), "cancelled"),
        (change("C", "Back", full(ON), status="rolled_back"), "rolled_back"),
        (change("C", "Early", {"tickets": as_read(answered("tickets", 130, 70, on=ON), look=5)}), "no_reading"),
        (change("C", "Near", {"tickets": refused("tickets", "cannot_be_separated")}), "no_reading"),
        (change("C", "Bare"), "no_reading"),
        (change("C", "Unlinked", {}, services=(), milestones=()), "no_reading"),
    ],
)
def test_without_a_final_figure_nothing_is_measured_and_the_reason_is_told(view: ChangeView, why: str) -> None:
    case = case_of(view)
    for told in (case.tickets, case.hours, case.money, case.money_so_far):
        assert isinstance(told, Unknown)
        assert told.why == why
        assert told.text
    assert isinstance(case.break_even, NoBreakEven)
    assert case.monthly is None
    assert len(case_words.case_rows(case)) == 6


def test_the_longest_final_reading_speaks_for_a_month_whatever_it_says() -> None:
    planned = in_other_ways(answered("tickets", -22, 5, on=ON), ON)
    assert settled(planned) is not None
    assert settled(planned).result.reading == "lasting"  # type: ignore[union-attr]
    late = as_read(answered("tickets", 3, 30, on=ON), reading="late")
    assert settled(replace(planned, others=(*planned.others[:2], late))) == late


def test_a_reading_that_is_preliminary_on_hold_or_of_several_changes_speaks_for_no_month() -> None:
    planned = answered("tickets", -22, 5, on=ON)
    assert final(planned, "planned") == planned
    assert final(as_read(planned, look=7), "planned") is None
    assert final(as_read(planned, method="bundle"), "planned") is None


def test_every_day_counts_once() -> None:
    bare, bumped = case_of(one()), case_of(one(), cost=bump_cost(-300.0, 60.0, hours=-100))
    month, days = figure(bare.tickets).value, (DATA_TO - ON).days + 1
    assert figure(bare.tickets_so_far).value == pytest.approx(month * days / DAYS_A_MONTH)
    assert figure(bumped.tickets_so_far).value == pytest.approx(300 + month * (days - 28) / DAYS_A_MONTH)
    hours = figure(bumped.hours).value
    assert figure(bumped.hours_so_far).value == pytest.approx(25 + hours * (days - 28) / DAYS_A_MONTH)


def test_a_bump_delays_the_break_even_day() -> None:
    plain, bumped = case_of(one()).break_even, case_of(one(), cost=bump_cost(400.0, 60.0, hours=400)).break_even
    assert isinstance(plain, BreakEven)
    assert isinstance(bumped, BreakEven)
    assert plain.on is not None
    assert bumped.on is not None
    assert bumped.on > plain.on


def test_the_break_even_day_is_the_cost_over_the_money_a_month() -> None:
    case = case_of(one())
    told = case.break_even
    assert isinstance(told, BreakEven)
    month = figure(case.money)
    needed = 210_000 / month.value * DAYS_A_MONTH
    assert told.on == ON + timedelta(days=math.ceil(needed) - 1)
    assert told.earliest is not None
    assert told.latest is not None
    assert told.earliest < told.on < told.latest


def test_a_range_that_holds_nothing_at_all_has_no_latest_day_and_a_loss_never_pays() -> None:
    unsure, loss = case_of(one(-10, 25)).break_even, case_of(one(30, 5)).break_even
    assert isinstance(unsure, BreakEven)
    assert unsure.latest is None
    assert unsure.earliest is not None
    assert isinstance(loss, BreakEven)
    assert (loss.on, loss.earliest, loss.latest) == (None, None, None)


def test_without_an_actual_cost_the_planned_one_has_to_come_back_and_without_both_it_is_unknown() -> None:
    planned = case_of(one(actual_cost=None)).break_even
    assert isinstance(planned, BreakEven)
    assert planned.cost.kind == "planned"
    nothing = case_of(one(actual_cost=None, planned_cost=None)).break_even
    assert isinstance(nothing, NoBreakEven)
    assert nothing.lacks == "cost"


def test_every_figure_opens_to_inputs_with_their_origin() -> None:
    case = case_of(one(), cost=bump_cost(-300.0, 60.0, hours=-100))
    known = [told for told in case_words.figures(case) if isinstance(told, Figure)]
    assert len(known) == 11
    for told in known:
        assert told.inputs
        assert told.formula
        assert all(part.label and part.value and part.origin for part in told.inputs)
    origins = {part.label: part.origin for part in figure(case.handling).inputs}
    assert origins["Cost of a ticket"] == "setting [rates] per_ticket"


def test_correlated_figures_add_up_between_independent_and_fully_dependent_ones() -> None:
    a = Amount(10.0, 7.0, 14.0)
    assert a.plus(a) == Amount(20.0, 14.0, 28.0)
    assert a.plus(a, together=0.0).high == pytest.approx(20 + math.sqrt(32))
    assert a.times(-1.0) == Amount(-10.0, -14.0, -7.0)


def test_the_total_of_all_changes_is_less_than_the_plain_sum_of_lucky_ones_and_says_so() -> None:
    rng_effects = (-40, -2, 1, 3, -1, 2, -3, 0.5)
    views = [replace(one(effect, 20), id=f"c{i}") for i, effect in enumerate(rng_effects)]
    found = realised_total(views, {v.id: case_of(v).monthly for v in views}, rates=FULL)
    assert found.money is not None
    assert found.plain_money is not None
    assert found.money.low < found.money.value < found.plain_money
    assert (found.counted, found.live) == (8, 8)
    assert "chance" in case_words.total_text(found)


def test_the_plain_sum_has_no_hours_that_the_total_leaves_out_because_too_few_changes_have_them() -> None:
    readings = full(ON, tickets=(-10, 5))
    few = {name: reading for name, reading in readings.items() if name not in ("time_to_resolve", "lost_time")}
    views = [change(f"C{i}", "Sign-in", readings if i < 2 else few) for i in range(8)]
    monthlies = {v.id: case_of(v).monthly for v in views}
    assert sum(m is not None and m.waited is not None for m in monthlies.values()) == 2
    found = realised_total(views, monthlies, rates=FULL)
    assert (found.hours, FULL.per_ticket is not None) == (None, True)
    tickets = sum(m.tickets.value for m in monthlies.values() if m is not None)
    assert found.plain_money == pytest.approx((FULL.per_ticket or 0.0) * tickets)


def test_a_total_needs_changes_with_a_figure() -> None:
    found = realised_total([change("C", "Bare")], {}, rates=FULL)
    assert (found.tickets, found.money) == (None, None)
    assert "cannot be told" in case_words.total_text(found)


def test_the_words_are_as_agreed() -> None:
    cases = {
        "saves": case_of(one(), cost=bump_cost(-300.0, 60.0, hours=-100)),
        "paid back": case_of(one(actual_cost=2_000.0), cost=bump_cost(-300.0, 60.0, hours=-100)),
        "unsure": case_of(one(-10, 25)),
        "costs": case_of(one(14, 6), cost=bump_cost(300.0, 60.0, hours=100)),
        "no rates": case_of(one(), Rates()),
        "no cost": case_of(one(actual_cost=None, planned_cost=None, expected_benefit_hours=None)),
        "not live": case_of(change("C", "Planned", rollout=None, planned=9, expected_benefit_money=9_000.0)),
        "cancelled": case_of(change("C", "Cancelled", full(ON), status="cancelled")),
        "too near": case_of(change("C", "Near", {"tickets": refused("tickets", "cannot_be_separated")})),
    }
    lines = []
    for name, case in cases.items():
        lines.append(f"== {name}")
        lines += [" | ".join(row) for row in case_words.case_rows(case)]
        lines += [case_words.break_even_sentence(case), *case_words.case_notes(case), case_words.why_none(case)]
    for told in case_words.figures(cases["saves"]):
        lines.append(f"-- {told.label}: {case_words.told_text(told)} = {getattr(told, 'formula', '')}")
        lines += [f"   {part.label}: {part.value} ({part.origin})" for part in getattr(told, "inputs", ())]
    assert "\n".join(line for line in lines if line) + "\n" == GOLDEN.read_text("utf-8")


def test_data_of_an_older_day_are_counted_up_to_that_day() -> None:
    old = replace(NOTHING, data_to=date(2026, 10, 1))
    case = business_case(one(), evidence=old, rates=FULL, cost=None, today=TODAY, errors=APART)  # type: ignore[arg-type]
    assert case.counted_to == date(2026, 10, 1)
    assert case_words.counted_text(case) == "Counted up to 1 Oct 2026, 53 days ago."
