"""Tickets a day as a calendar: which days are known, how they are shaded and marked, and their table."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import altair as alt
import numpy as np
import pytest

from impact.charts import heat, timeline_twins
from impact.daily_tickets import Day, GoingLive, going_live, services_of, tickets_by_day
from impact.estimate import Panel
from impact.observed import Evidence
from impact.portfolio import ServiceLink
from impact.sections import Freeze
from tests import sample
from tests.sample import TODAY

MONDAY = date(2026, 11, 2)


def evidence(**more: Any) -> Evidence:
    """Two services over ten days from Monday 2 November: 1, 2, 3 … tickets, and 100 each day until the source of the
    second one stopped after eight days."""
    counts = np.array([np.arange(1.0, 11.0), np.full(10, 100.0)])
    counts[1, 8:] = np.nan
    none = np.zeros_like(counts)
    panel = Panel("tickets", "count", ("a", "b"), MONDAY, none, counts, none)
    until = {"tickets": MONDAY + timedelta(days=9)}
    return replace(Evidence({"tickets": panel}, (), frozenset(), until, until["tickets"]), **more)


def counts(services: set[str] | None, first: int = 0, last: int = 9) -> list[int | None]:
    start, end = (MONDAY + timedelta(days=offset) for offset in (first, last))
    return [day.tickets for day in tickets_by_day(evidence(), services, first=start, last=end)]


def test_tickets_of_a_day_are_summed_over_the_services_asked_for() -> None:
    assert counts({"a"}) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert counts(None)[:3] == [101, 102, 103]


def test_a_day_is_not_known_where_one_of_its_services_has_not_been_delivered() -> None:
    assert counts(None)[7:] == [108, None, None]


def test_days_before_the_first_and_after_the_last_known_one_are_not_zero() -> None:
    assert counts({"a"}, -2, 1) == [None, None, 1, 2]
    assert counts({"a"}, 8, 11) == [9, 10, None, None]
    assert counts({"elsewhere"}, 0, 1) == [None, None]


def test_without_tickets_no_day_is_known_and_holidays_still_are() -> None:
    bare = evidence(panels={}, holidays=frozenset({MONDAY}))
    found = tickets_by_day(bare, None, first=MONDAY, last=MONDAY + timedelta(days=1))
    assert found == (Day(MONDAY, None, True), Day(MONDAY + timedelta(days=1), None, False))


def test_rollouts_are_counted_once_a_day_and_planned_ones_only_while_they_can_come() -> None:
    twice = tuple(ServiceLink(s, s, TODAY - timedelta(days=5), "changed", "source") for s in "ab")
    wave = ServiceLink("c", "c", TODAY + timedelta(days=3), "changed", "source")
    live = sample.change("A", "Live", rollout=-5, services=(*twice, wave))
    coming = sample.change("B", "Coming", rollout=None, planned=3)
    gone = sample.change("C", "Overdue", rollout=None, planned=-3)
    stopped = sample.change("D", "Stopped", rollout=None, planned=4, status="cancelled")
    found = going_live((live, coming, gone, stopped), TODAY)
    assert {str(on): [(g.number, g.live) for g in there] for on, there in found.items()} == {
        "2026-11-18": [("A", True)],
        "2026-11-26": [("A", False), ("B", False)],
    }


def test_the_services_of_changes_are_those_they_touch() -> None:
    assert services_of(sample.every_state()) == {"s1", "s2", "s3"}


# --- the chart ---------------------------------------------------------------------------------------------------


def days(count: int = 28) -> tuple[Day, ...]:
    return tuple(Day(MONDAY + timedelta(days=i), 10 * i, False) for i in range(count))


def cells(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The cells by their day, as drawn."""
    return {row["day"]: row for each in spec["layer"] for row in each["data"]["values"]
            if "shade" in row and "day" in row}  # fmt: skip


def drawn(found: tuple[Day, ...], **more: Any) -> dict[str, Any]:
    return heat.heat(found, more.pop("rollouts", {}), today=more.pop("today", date(2026, 12, 1)), **more)


def test_all_layers_share_one_scale_each_way_and_the_chart_is_valid() -> None:
    freeze = Freeze("Freeze", MONDAY, MONDAY + timedelta(days=3))
    going = {
        MONDAY: (GoingLive("1", "CHG-1", "One", True),),
        MONDAY + timedelta(days=27): (GoingLive("2", "CHG-2", "Two", False),),
    }
    spec = drawn(days(), freezes=(freeze,), rollouts=going)
    for channel in ("x", "y"):
        assert len({json.dumps(each["encoding"][channel]["scale"]) for each in spec["layer"]}) == 1
    alt.LayerChart.from_dict(spec)


def test_a_column_is_a_week_and_a_row_a_day_of_the_week() -> None:
    found = cells(drawn(days()))
    monday, tuesday, next_monday = (
        found[d] for d in ("Monday, 2 Nov 2026", "Tuesday, 3 Nov 2026", "Monday, 9 Nov 2026")
    )
    assert monday["x"] == tuesday["x"] < next_monday["x"]
    assert monday["y"] == next_monday["y"] < tuesday["y"]


def test_more_tickets_are_never_paler_and_unknown_days_have_no_shade() -> None:
    holed = tuple(replace(day, tickets=None) if day.on.day == 9 else day for day in days())
    found = list(cells(drawn(holed)).values())
    known = sorted((c for c in found if c["count"].isdigit()), key=lambda c: int(c["count"]))
    assert [c["shade"] for c in known] == sorted(c["shade"] for c in known)
    (unknown,) = (c for c in found if c["shade"] is None)
    assert (unknown["day"], unknown["count"]) == ("Monday, 9 Nov 2026", "not known")
    crosses = [
        row
        for each in drawn(holed)["layer"]
        for row in each["data"]["values"]
        if row.get("text") == "×" and "day" in row
    ]
    assert [row["day"] for row in crosses] == ["Monday, 9 Nov 2026"]


def test_days_to_come_are_neither_unknown_nor_quiet() -> None:
    ahead = tuple(replace(day, tickets=None) for day in days(7))
    found = cells(drawn(ahead, today=MONDAY - timedelta(days=1)))
    assert {cell["count"] for cell in found.values()} == {"still to come"}
    spec = drawn(ahead, today=MONDAY - timedelta(days=1))
    assert not [
        row for each in spec["layer"] for row in each["data"]["values"] if row.get("text") == "×" and "day" in row
    ]


@pytest.mark.parametrize(
    ("most", "bounds"),
    [(0, (0, 1, 2, 3, 4, 5)), (3, (0, 1, 2, 3, 4, 5)), (60, (0, 10, 20, 30, 40, 50)),
     (400, (0, 70, 140, 210, 280, 350)), (9_000, (0, 1500, 3000, 4500, 6000, 7500))],
)  # fmt: skip
def test_shades_begin_at_round_numbers(most: int, bounds: tuple[int, ...]) -> None:
    assert heat.steps_of([most, 0]) == bounds


def test_a_calendar_without_days_is_drawn_too() -> None:
    spec = drawn(())
    alt.LayerChart.from_dict(spec)
    assert not [row for each in spec["layer"] for row in each["data"]["values"] if "day" in row]
    assert spec["height"] > 0


def test_weeks_are_whole_and_reach_as_far_as_the_period() -> None:
    first, last = heat.weeks_shown(TODAY, reach=365)
    assert (first.weekday(), last.weekday(), (TODAY - first).days // 7, last > TODAY) == (0, 6, 52, True)
    assert (TODAY - heat.weeks_shown(TODAY, reach=56)[0]).days // 7 == 26


def test_the_table_has_a_row_a_week_and_sums_only_weeks_that_are_known() -> None:
    holed = tuple(replace(day, tickets=None, holiday=True) if day.on.day == 9 else day for day in days(14))
    going = {MONDAY: (GoingLive("1", "CHG-1", "One", True), GoingLive("2", "CHG-2", "Two", False))}
    table = timeline_twins.weeks(holed, going, date(2026, 12, 1))
    assert table["Week from"] == ["2 Nov 2026", "9 Nov 2026"]
    assert table["Mon"] == ["0", "not known (holiday)"]
    assert table["Week"] == ["210", "not complete"]
    assert table["Rollouts"] == ["CHG-1 One and planned: CHG-2 Two", "no rollout"]


def test_the_export_has_a_row_a_day_and_leaves_unknown_figures_empty() -> None:
    table = timeline_twins.days((Day(MONDAY, 7, True), Day(MONDAY + timedelta(days=1), None, False)), {})
    assert table["Day"] == ["2026-11-02", "2026-11-03"]
    assert table["Tickets"] == ["7", ""]
    assert table["Holiday"] == ["yes", "no"]
