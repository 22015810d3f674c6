"""The portfolio timeline as values: what is drawn on which line and day, and its table."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import altair as alt
import pytest

from impact.charts import BETTER, MARKS, UNSURE, WORSE, gantt, timeline_twins
from impact.charts.gantt_places import JUDGED, Course, course, days_of, entries, rows_of
from impact.portfolio import ChangeView, ServiceLink
from impact.sections import Freeze
from tests import sample
from tests.sample import TODAY

YEAR_END = Freeze("Year-end freeze", TODAY + timedelta(days=22), TODAY + timedelta(days=45))


TWO = (sample.milestone("A", "design", -60, -50), sample.milestone("B", "design", -30, -29))


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def of(number: str) -> ChangeView:
    view = sample.portfolio().change(number)
    assert view is not None
    return view


def drawn(changes: tuple[ChangeView, ...] | None = None, *, by: Any = "team", reach: int | None = None,
          **more: Any) -> dict[str, Any]:  # fmt: skip
    shown = sample.every_state() if changes is None else changes
    return gantt.gantt(entries(shown, by), days_of(shown, TODAY, reach=reach), **more)


def rows(spec: dict[str, Any], *columns: str) -> list[dict[str, Any]]:
    return [row for each in spec["layer"] for row in each["data"]["values"] if all(c in row for c in columns)]


def said(spec: dict[str, Any]) -> list[str]:
    return [row["text"] for row in rows(spec, "text")]


@pytest.mark.parametrize("by", ["team", "service"])
def test_all_layers_share_one_scale_each_way_so_that_no_line_or_day_can_slip(by: str) -> None:
    spec = drawn(by=by, freezes=(YEAR_END,))
    for channel in ("x", "y"):
        assert len({json.dumps(each["encoding"][channel]["scale"]) for each in spec["layer"]}) == 1
    alt.LayerChart.from_dict(spec)


def test_no_mark_has_a_fixed_colour_that_vanishes_in_light_or_dark() -> None:
    plain = set(re.findall(r'"(?:fill|stroke|colour)": "(#[0-9A-Fa-f]{6})"', json.dumps(drawn())))
    shades = {colour: sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 3 for colour in plain}
    assert {BETTER, WORSE, UNSURE} <= plain
    assert all(60 < shade < 200 for shade in shades.values()), shades


def test_a_change_is_planned_from_its_first_to_its_last_day_and_worked_on_until_it_is_live() -> None:
    found = course(of("CHG-110"), TODAY)
    assert found == Course((day(-180), day(0)), (day(-176), day(-60)), (day(-60), TODAY))


def test_after_the_rollout_the_compared_days_are_drawn_and_no_day_that_has_not_been() -> None:
    quiet = replace(of("CHG-117"), milestones=())
    assert course(quiet, TODAY).after == (day(-60), day(-60 + JUDGED))
    assert course(replace(quiet, rollout_on=day(-5)), TODAY).after == (day(-5), TODAY)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (replace(of("CHG-119"), milestones=(), planned_on=None), Course(None, None, None)),
        (replace(of("CHG-119"), milestones=()), Course((day(9), day(9)), None, None)),
        (replace(of("CHG-119"), milestones=(), planned_on=None, planned_end_on=day(20)),
         Course((day(20), day(20)), None, None)),
        (sample.change("X", "Stopped", rollout=None, planned=-10, status="cancelled", milestones=TWO),
         Course((day(-60), day(-10)), (day(-50), day(-29)), None)),
    ],
    ids=["nothing known", "a planned day only", "a planned end only", "cancelled"],
)  # fmt: skip
def test_a_change_with_partial_records_is_drawn_as_far_as_it_is_known(change: ChangeView, expected: Course) -> None:
    assert course(change, TODAY) == expected
    alt.LayerChart.from_dict(drawn((change,)))


def test_bars_after_the_rollout_have_the_colour_of_the_word_and_the_rollout_its_mark() -> None:
    spec = drawn()
    colours = {row["change"][-7:]: row["colour"] for row in rows(spec, "colour")}
    assert (colours["CHG-110"], colours["CHG-115"], colours["CHG-118"]) == (WORSE, BETTER, UNSURE)
    assert "CHG-119" not in colours, "not live, so nothing is felt"
    marks = {row["change"][-7:]: row["shape"] for row in rows(spec, "shape", "fact", "told")}
    assert marks["CHG-110"] == MARKS["worse"].shape
    assert marks["CHG-115"] == MARKS["better"].shape


def test_lines_are_grouped_by_team_and_those_without_one_stand_last() -> None:
    spec = drawn()
    heads = [text for text in said(spec) if " · " in text]
    assert heads == ["Identity · 1", "Network · 3", "Payments · 2", "Self-service · 2", "Workplace · 5", "No team · 1"]


def test_grouped_by_service_a_change_on_several_has_a_line_at_each() -> None:
    lines = entries(sample.every_state(), "service")
    assert [name for name, change in lines if change.number == "CHG-115"] == ["Mail", "Sign-in", "Wi-Fi"]
    assert [(name, change.number) for name, change in lines][-1] == ("No service linked", "CHG-121")


def test_a_group_that_goes_on_on_another_page_says_how_many_lines_it_has() -> None:
    assert "Workplace · 5 of 120" in said(drawn(totals={"Workplace": 120}))


def test_headings_and_lines_fill_the_chart_without_gaps() -> None:
    found = rows_of(entries(sample.every_state(), "team"), head=24.0)
    assert [row.bottom for row in found[:-1]] == [row.top for row in found[1:]]


def test_a_freeze_is_a_band_over_all_lines_and_takes_no_room_where_there_is_none() -> None:
    without, spec = drawn(), drawn(freezes=(YEAR_END, Freeze("Old", date(2020, 1, 1), date(2020, 1, 2))))
    assert "Year-end freeze" in said(spec)
    assert "Old" not in said(spec)
    assert spec["height"] == without["height"] + 24


@pytest.mark.parametrize(("planned", "note"), [(9, "2 Dec"), (-20, "not live, 20 days late"), (0, "23 Nov")])
def test_beside_a_planned_rollout_stands_its_day_or_how_late_it_is(planned: int, note: str) -> None:
    assert note in said(drawn((sample.change("X", "Coming", rollout=None, planned=planned, milestones=()),)))


def test_what_lies_outside_the_days_drawn_is_said_and_not_left_empty() -> None:
    old = sample.change("X", "Long ago", {}, rollout=-900, milestones=())
    far = sample.change("Y", "Far ahead", rollout=None, planned=800, milestones=())
    none = sample.change("Z", "No day", rollout=None, planned=None, milestones=())
    spec = drawn((old, far, replace(none, planned_on=None), of("CHG-110")), reach=91)
    assert {"‹ ended 20 Jun 2024", "begins 31 Jan 2029 ›", "no day is recorded"} <= set(said(spec))


def test_the_days_drawn_follow_the_period_and_always_hold_today() -> None:
    near = days_of(sample.every_state(), TODAY, reach=56)
    assert (near.first, near.last) == (day(-56 - 35 - 4), day(56 + 35 + 4))
    empty = days_of((), TODAY, reach=None)
    assert empty.first < TODAY < empty.last


def test_late_milestones_are_triangles_at_today() -> None:
    late = [row for row in rows(drawn(), "state", "step") if row["fact"].startswith("open") and "late" in row["fact"]]
    assert [(row["change"][-7:], row["step"]) for row in late] == [("CHG-111", "Training held")]
    assert late[0]["x"] == days_of(sample.every_state(), TODAY, reach=None).x(TODAY)


def test_an_empty_timeline_is_drawn_too() -> None:
    assert drawn(())["height"] < 100


def test_the_table_has_every_line_with_plan_fact_and_what_is_late() -> None:
    table = timeline_twins.timeline(entries((of("CHG-111"),), "team"), TODAY, "Team")
    assert {name: texts[0] for name, texts in table.items()} == {
        "Team": "Workplace",
        "Change": "[CHG\\-111 Laptop refresh wave 2](change?change=itsm%3Achange%3ACHG-111)",
        "Customers": "Mixed",
        "Planned": "27 May to 19 Oct 2026, rollout 24 Sep 2026",
        "Actual": "begun 31 May 2026, live since 24 Sep 2026",
        "Milestones": "5 of 6 milestones done",
        "Late": "Training held: open, 35 days late",
    }


def test_the_export_names_changes_without_links() -> None:
    table = timeline_twins.timeline(entries((of("CHG-117"),), "service"), TODAY, "Service", links=False)
    assert (table["Service"], table["Change"]) == (["Sign-in"], ["CHG-117 Certificate renewal"])
    assert table["Milestones"] == ["none recorded"]


def test_a_change_late_or_early_or_over_days_says_so() -> None:
    spread = (ServiceLink("s", "S", day(-60), "changed", "source", True, day(-50)),)
    late = replace(of("CHG-117"), planned_on=day(-67), services=spread)
    early = replace(of("CHG-117"), planned_on=day(-58))
    texts = timeline_twins.timeline(entries((late, early), "team"), TODAY, "Team")["Actual"]
    assert texts == ["live from 24 Sep to 4 Oct 2026, 7 days late", "live since 24 Sep 2026, 2 days early"]
