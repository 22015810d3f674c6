"""What a bump cost: from panels and rates to figures, and every sentence about it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from impact.bump_cost import BumpCost, Lost, Money
from impact.costs import bump_of, cost_study
from impact.estimate import NotEstimable, Panel, Rollout
from impact.estimation.bump import Bump, WorstDay
from impact.estimation.lost_minutes import ExtraMinutes
from impact.observed import Evidence
from impact.settings import Rates
from impact.words.costs import cost_lines, cost_rows

GOLDEN = Path(__file__).parent / "golden" / "costs.txt"
FORBIDDEN = re.compile(r"\b(significant|p|CI|baseline|confidence|regress\w*|treatment)\b", re.IGNORECASE)
FIRST, DAYS, SERVICES, ROLLED = date(2026, 1, 5), 300, 12, 200
NAMES = tuple(f"s{k:02d}" for k in range(SERVICES))
FULL = Rates("EUR", 20.0, 40.0, 0.25)


def evidence(*, reported: bool = True, modelled: bool = True) -> Evidence:
    """Twenty tickets a day on every service, 15 more for ten days after the rollout on the first; 30 reported lost
    minutes a ticket; solved after an hour."""
    rng = np.random.default_rng(5)
    total = rng.poisson(20.0, (SERVICES, DAYS)).astype(np.float64)
    total[0, ROLLED : ROLLED + 10] += 15
    n = np.full_like(total, 5.0)
    each = rng.normal(30.0, 3.0, total.shape)
    hours = rng.normal(math.log(60.0), 0.1, total.shape)
    panels = {"tickets": Panel("tickets", "count", NAMES, FIRST, np.ones_like(total), total, np.zeros_like(total))}
    if reported:
        panels["lost_time"] = Panel("lost_time", "mean", NAMES, FIRST, n, n * each, n * each**2)
    if modelled:
        panels["time_to_resolve"] = Panel(
            "time_to_resolve", "mean", NAMES, FIRST, total, total * hours, total * hours**2, log=True
        )
    last = FIRST + timedelta(days=DAYS - 1)
    rollouts = (Rollout("c", "s00", FIRST + timedelta(days=ROLLED)),)
    until = {name: last - timedelta(days=7 if name == "time_to_resolve" else 0) for name in panels}
    return Evidence(panels, rollouts, frozenset(), until, last)


def cost_of(rates: Rates, *, reported: bool = True, modelled: bool = True) -> BumpCost:
    found = bump_of(cost_study(evidence(reported=reported, modelled=modelled)), "c", rates)
    assert found is not None
    return found


def test_reported_minutes_are_taken_where_there_are_any_and_modelled_ones_are_not_added() -> None:
    found = cost_of(FULL)
    assert found.lost is not None
    assert found.lost.source == "reported"
    assert found.lost.hours[0] == pytest.approx(150 * 30 / 60, rel=0.3)


def test_without_reports_hours_of_waiting_are_modelled_and_a_part_of_them_is_priced() -> None:
    found = cost_of(FULL, reported=False)
    assert found.lost is not None
    assert found.lost_money is not None
    assert found.lost.source == "modelled"
    assert found.lost.hours[0] == pytest.approx(150 * 60 / 60, rel=0.3)
    assert found.lost_money.amount == pytest.approx(found.lost.hours[0] * 0.25 * 40)


def test_money_is_the_figure_and_both_ends_of_its_range_times_the_rate() -> None:
    found = cost_of(FULL)
    assert isinstance(found.bump, Bump)
    assert found.lost is not None
    assert found.handling == Money(20 * found.bump.extra, 20 * found.bump.low, 20 * found.bump.high, "EUR")
    low, high = found.lost.hours[1:]
    assert found.lost_money == Money(40 * found.lost.hours[0], 40 * low, 40 * high, "EUR")
    assert found.missing == ()


@pytest.mark.parametrize(
    ("rates", "reported", "missing"),
    [
        (Rates(), True, ("per_ticket", "per_lost_hour")),
        (Rates(), False, ("per_ticket", "per_lost_hour", "lost_part_of_waiting")),
        (Rates(per_ticket=20.0, per_lost_hour=40.0), True, ("currency",)),
    ],
)
def test_without_a_rate_there_is_no_money_and_the_setting_is_named(
    rates: Rates, reported: bool, missing: tuple[str, ...]
) -> None:
    found = cost_of(rates, reported=reported)
    assert found.missing == missing
    assert (found.handling is None) == (rates.per_ticket is None)
    assert (found.lost_money is None) == (rates.per_lost_hour is None)


def test_without_any_minutes_only_tickets_are_told() -> None:
    found = cost_of(FULL, reported=False, modelled=False)
    assert (found.lost, found.lost_money) == (None, None)
    assert found.handling is not None


def test_a_change_that_was_not_rolled_out_has_no_costs() -> None:
    assert bump_of(cost_study(evidence()), "planned", FULL) is None
    assert bump_of(cost_study(Evidence({}, (), frozenset(), {}, None)), "c", FULL) is None


def bump(extra: float, low: float, high: float, normal: int | None, **more: object) -> Bump:
    values: dict[str, object] = {
        "change_id": "c", "metric": "tickets", "days": 28, "first_on": date(2026, 9, 7), "last_on": date(2026, 10, 4),
        "observed": 500.0 + extra, "expected": 500.0, "extra": extra, "low": low, "high": high, "normal_after": normal,
        "watched": 63, "ended_by": "horizon", "worst": WorstDay(date(2026, 9, 7), 31.0, 12.2), "services": ("s1",),
        "compared": True,
    }  # fmt: skip
    return Bump(**values | more)  # type: ignore[arg-type]


def minutes(extra: float, low: float, high: float) -> ExtraMinutes:
    return ExtraMinutes("c", "lost_time", 28, 9e4 + extra, 9e4, extra, low, high, 31.0, 30.0, 88)


def told() -> Iterator[tuple[str, BumpCost]]:
    """Every kind of cost that can be found."""
    plain = bump(141, 92, 188, 11)
    for name, found in {
        "a bump": plain,
        "not over yet": bump(141, 92, 188, None, watched=26, ended_by="data", days=21),
        "another change came": bump(141, 92, 188, None, watched=16, ended_by="change", days=14),
        "lasts": bump(141, 92, 188, None),
        "one day": bump(9, 1.2, 17, 1, days=7),
        "spread thinly": bump(141, 12, 270, 0),
        "seen but not clear in all": bump(30, -25, 85, 4),
        "none": bump(4, -38, 46, 0),
        "fewer": bump(-60, -88, -32, 0),
        "thousands": bump(5_230, 3_110, 7_350, 19),
        "nothing at all": bump(0, 0, 0, 0, worst=None),
    }.items():
        yield name, BumpCost(found, None, None, None, ())
    reported, unclear = Lost("reported", minutes(3_100, 1_200, 5_000), 1.0), minutes(600, -900, 2_100)
    modelled = minutes(18_600, 12_000, 25_000)
    yield "reported", BumpCost(plain, reported, None, None, ("per_ticket", "per_lost_hour"))
    yield "reported, unclear", BumpCost(plain, Lost("reported", unclear, 1.0), None, None, ("per_ticket",))
    yield "reported, fewer", BumpCost(plain, Lost("reported", minutes(-3_100, -5_000, -1_200), 1.0), None, None, ())
    yield "modelled", BumpCost(plain, Lost("modelled", modelled, None), None, None, ("lost_part_of_waiting",))
    part = Lost("modelled", modelled, 0.25)
    yield "priced", BumpCost(plain, part, Money(2_608, 1_702, 3_478, "EUR"), Money(3_255, 2_100, 4_375, "EUR"), ())
    saved, open_ended = Money(-1_110, -1_628, -592, "£"), Money(400, -600, 1_400, "")
    yield "saved, and no currency", BumpCost(plain, reported, saved, open_ended, ("currency",))
    for reason, more in {
        "too_early": {"possible_from": date(2026, 9, 14)},
        "cannot_be_separated": {"blocking": ("other", "third")},
        "too_little_data": {"needed": 10, "have": 3},
        "too_little_history": {},
        "no_data": {},
    }.items():
        refused = NotEstimable("c", "tickets", None, reason, **more)  # type: ignore[arg-type]
        yield reason, BumpCost(refused, None, None, None, ())


def everything() -> str:
    """All texts, one a line, no-break spaces shown as plain ones."""
    lines = []
    for name, cost in told():
        lines += [f"{name} => {text}" for text in cost_lines(cost, {"other": "CHG-7"})]
        lines += [f"{name}, {label} => {text}" for label, text in cost_rows(cost)]
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ") + "\n"


def test_every_text_about_costs_is_the_one_that_was_agreed() -> None:
    assert everything() == GOLDEN.read_text(encoding="utf-8")


def test_no_text_about_costs_uses_statistics_slang() -> None:
    assert [line for line in everything().splitlines() if FORBIDDEN.search(line.split(" => ")[1])] == []


def test_money_is_said_only_where_there_is_a_rate() -> None:
    for name, cost in told():
        lines = " ".join(cost_lines(cost))
        assert ("cost " in lines or "saved" in lines) == (cost.handling is not None), name


if __name__ == "__main__":
    GOLDEN.write_text(everything(), encoding="utf-8")
