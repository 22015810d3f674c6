"""A change's time axis as values: one horizontal scale, what is drawn in which lane, and what is left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import altair as alt
import pytest

from impact import analysis, slips
from impact.charts import time_axis
from impact.charts.time_places import AFTER, BEFORE, MOST_STEPS
from impact.portfolio import ChangeView, Neighbour, SegmentLink, ServiceLink
from impact.sections import Freeze
from tests import sample
from tests.sample import TODAY

FREEZES = (
    Freeze("Quarter end", TODAY - timedelta(days=75), TODAY - timedelta(days=66)),
    Freeze("Year-end freeze", TODAY + timedelta(days=2), TODAY + timedelta(days=45)),
    Freeze("Long gone", date(2020, 1, 1), date(2020, 1, 9)),
)
STATES = ("CHG-110", "CHG-111", "CHG-112", "CHG-114", "CHG-115", "CHG-117", "CHG-119", "CHG-121", "CHG-123")


def of(number: str) -> ChangeView:
    view = sample.portfolio().change(number)
    assert view is not None
    return view


@cache
def series_of(number: str, metric: str) -> Any:
    """Observed against expected of a sample change; one pass of the engine for all tests."""
    return analysis.series(evidence(), of(number), metric)


@cache
def evidence() -> Any:
    return sample.evidence()


def drawn(view: ChangeView, metric: str | None = "tickets", **more: Any) -> dict[str, Any]:
    reading = view.reading(metric) if metric and view.rollout_on else None
    found = series_of(view.number, metric) if metric else None
    known = slips.slip_record(sample.every_state())
    more.setdefault("forecasts", slips.forecast_of(view, known=known, today=TODAY))
    return time_axis.chart(found, view, reading, today=TODAY, **({"freezes": FREEZES} | more))


def rows(spec: dict[str, Any], *columns: str) -> list[dict[str, Any]]:
    return [row for each in spec["layer"] for row in each["data"]["values"] if all(c in row for c in columns)]


def said(spec: dict[str, Any]) -> list[str]:
    return [row["text"] for row in rows(spec, "text")]


def scales(spec: dict[str, Any], channel: str) -> set[str]:
    found = (each["encoding"].get(channel, {}) for each in spec["layer"])
    return {json.dumps(told["scale"]) for told in found if "field" in told}


@pytest.mark.parametrize("number", STATES)
def test_both_panels_share_one_horizontal_and_one_vertical_scale(number: str) -> None:
    spec = drawn(of(number))
    for channel in ("x", "y"):
        assert len(scales(spec, channel)) == 1, channel
        assert all("scale" in each["encoding"][channel] for each in spec["layer"]
                   if "field" in each["encoding"].get(channel, {}))  # fmt: skip


@pytest.mark.parametrize("number", STATES)
def test_every_state_of_a_change_is_valid_vega_lite_and_nothing_lies_outside(number: str) -> None:
    spec = drawn(of(number))
    alt.LayerChart.from_dict(spec)
    first, last = json.loads(scales(spec, "x").pop())["domain"]
    days = [row[name] for row in rows(spec, "on") for name in ("on", "to") if row.get(name)]
    assert days, "something is drawn"
    assert all(first <= day <= last for day in days)
    heights = [row[name] for row in rows(spec, "y") for name in ("y", "y2") if row.get(name) is not None]
    assert all(0 <= height <= spec["height"] for height in heights)


@pytest.mark.parametrize("number", ["CHG-110", "CHG-119"])
def test_no_mark_has_a_fixed_colour_that_vanishes_in_light_or_dark(number: str) -> None:
    plain = set(re.findall(r'"(?:fill|stroke)": "(#[0-9A-Fa-f]{6})"', json.dumps(drawn(of(number)))))
    shades = {colour: sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 3 for colour in plain}
    assert plain
    assert all(60 < shade < 200 for shade in shades.values()), shades


def test_what_happened_and_the_plan_stand_above_each_other_in_lanes_of_their_ends() -> None:
    found = said(drawn(of("CHG-111")))
    ends = ["Design: is it what customers need?", "Business: are people prepared?", "Rollout", "Around it"]
    assert [text for text in dict.fromkeys(found) if text in ends] == ends
    assert {"what happened", "expected", "likely range", "tickets a day"} <= set(found)
    assert {"Requirement agreed", "Training held"} <= set(found)
    assert any(text.startswith("35 days late") for text in found)


@pytest.mark.parametrize(("number", "metric"), [("CHG-119", "tickets"), ("CHG-110", None), ("CHG-121", "reopened")])
def test_without_figures_the_upper_panel_is_left_out_and_the_plan_is_drawn_all_the_same(
    number: str, metric: str | None
) -> None:
    spec, whole = drawn(of(number), metric), drawn(of("CHG-110"))
    assert "what happened" not in said(spec)
    assert rows(spec, "observed") == []
    assert spec["height"] < whole["height"]
    assert rows(spec, "on"), "the plan, or at least today"


def test_a_planned_rollout_is_named_with_its_day_and_a_live_one_with_all_of_its_days() -> None:
    assert "planned for 2 Dec 2026" in said(drawn(of("CHG-119")))
    assert "rolled out 24 Sep to 12 Oct 2026" in said(drawn(of("CHG-115")))


def test_a_rollout_in_stages_has_a_lane_for_each_day_with_its_services_and_groups() -> None:
    view = of("CHG-115")
    group = SegmentLink("g", "Branches north", "location", "affected", "source", TODAY + timedelta(days=8))
    found = said(drawn(replace(view, segments=(group,))))
    assert "Rollout, stage by stage" in found
    assert {
        "Sign-in and Mail",
        "24 to 30 Sep 2026",
        "Wi-Fi",
        "6 to 12 Oct 2026",
        "Branches north",
        "1 Dec 2026",
    } <= set(found)
    assert "Rollout, stage by stage" not in said(drawn(of("CHG-110"))), "one service has no stages"


def test_late_milestones_end_at_today_and_done_ones_keep_their_slip() -> None:
    spec = drawn(of("CHG-111"))
    late = [row for row in rows(spec, "kind", "told") if row["kind"] == "late"]
    assert [(row["step"], row["on"][:10]) for row in late] == [("Training held", str(TODAY))]
    assert len([row for row in rows(spec, "late", "to") if row["to"][:10] == str(TODAY)]) == 1


def test_a_forecast_is_hollow_with_its_range_and_is_only_for_what_is_open() -> None:
    view = of("CHG-119")
    ahead = slips.SlipForecast("Rollout", TODAY, TODAY + timedelta(days=12), TODAY + timedelta(days=8),
                               TODAY + timedelta(days=30), 3, 4)  # fmt: skip
    spec = drawn(view, forecasts={"Rollout": ahead, "Build tested": ahead})
    likely = [row for row in rows(spec, "kind", "told") if row["kind"] == "likely"]
    assert [(row["step"], row["on"][:10]) for row in likely] == [("Rollout", "2026-12-05")]
    assert likely[0]["likely"] == "likely 5 Dec (1 to 23 Dec)"
    assert {"to be expected"} <= set(said(spec))
    assert "to be expected" not in said(drawn(view, forecasts={}))
    hollow = next(each for each in spec["layer"] if likely[0] in each["data"]["values"])
    assert hollow["mark"]["fill"] == {"expr": "background"}


def test_freezes_near_it_are_bands_through_the_whole_height_and_far_ones_are_left_out() -> None:
    spec = drawn(of("CHG-110"))
    bands = [row for row in rows(spec, "top", "foot", "told") if row["told"].startswith("Freeze")]
    assert [row["name"] for row in bands] == ["Quarter end", "Year-end freeze"]
    assert {(row["top"], row["foot"]) for row in bands} == {(46.0, spec["height"] - 44.0)}
    assert (bands[0]["on"][:10], bands[0]["to"][:10]) == ("2026-09-09", "2026-09-19"), "its last day is inside"
    assert "Freezes" not in said(drawn(of("CHG-110"), freezes=()))


def test_other_changes_on_the_same_services_and_for_the_same_people_are_told_apart() -> None:
    near = Neighbour("x", "CHG-777", "New tills", TODAY - timedelta(days=50), (), ("Branches north",))
    found = said(drawn(of("CHG-114"), neighbours_by_people=(near,)))
    assert {"Same services", "CHG-110", "Same people", "CHG-777"} <= set(found)


def test_a_change_that_shares_services_and_people_is_one_neighbour_with_both() -> None:
    shared = of("CHG-114").neighbours
    by_people = (replace(shared[0], services=(), segments=("Branches north",)),)
    (found,) = time_axis.merged(shared, by_people)
    assert (found.services, found.segments) == (("Sign-in",), ("Branches north",))


def test_many_neighbours_keep_their_bands_and_take_two_lanes_at_most() -> None:
    view = of("CHG-114")
    near = tuple(replace(view.neighbours[0], change_id=f"n{i}", number=f"N{i}") for i in range(9))
    spec = drawn(replace(view, neighbours=near))
    assert {row["name"][:2] for row in rows(spec, "top", "where")} == {f"N{i}" for i in range(9)}
    assert {text for text in said(spec) if re.fullmatch(r"N\d", text)} == {"N0", "N1"}


def test_the_compared_windows_lie_on_exactly_their_days() -> None:
    view = of("CHG-110")
    result: Any = view.reading("tickets").result
    spec = drawn(view)
    shaded = {(row["on"][:10], row["to"][:10], row["text"]) for row in rows(spec, "to", "text", "top")}
    assert shaded == {
        (str(result.pre_from), str(result.pre_to + timedelta(days=1)), "42 days before"),
        (str(result.post_from), str(result.post_to + timedelta(days=1)), "14 days after"),
    }


def test_what_lies_far_from_the_rollout_is_said_at_the_edge_so_that_the_windows_stay_readable() -> None:
    view = of("CHG-110")
    early = sample.milestone("Idea", "design", -700, -698)
    after = sample.milestone("Second review", "review", 400, None)
    undated = replace(sample.milestone("Budget", "design", 0, None), due_on=None, slip_days=None)
    spec = drawn(replace(view, milestones=(*view.milestones, early, after, undated)), forecasts={})
    assert {"‹ done 25 Dec 2024", "planned 28 Dec 2027 ›", "no day planned"} <= set(said(spec))
    first, last = (date.fromisoformat(d[:10]) for d in json.loads(scales(spec, "x").pop())["domain"])
    assert (last - first).days <= BEFORE + AFTER + 10


def test_a_very_long_plan_keeps_its_open_milestones_in_view() -> None:
    steps = tuple(sample.milestone(f"Step {i}", "design", -100 + i, -100 + i) for i in range(30))
    opened = sample.milestone("Still open", "business", -140, None)
    spec = drawn(replace(of("CHG-110"), milestones=(*steps, opened)))
    lanes = [text for text in said(spec) if text.startswith(("Step", "Still"))]
    assert len(lanes) == MOST_STEPS
    assert "Still open" in lanes


def test_a_cancelled_milestone_has_no_lane() -> None:
    stopped = sample.milestone("Poster", "business", -20, None, status="cancelled")
    assert "Poster" not in said(drawn(replace(of("CHG-110"), milestones=(stopped,))))


@pytest.mark.parametrize("status", ["cancelled", "done", "rolled_back"])
def test_a_change_that_ended_without_a_rollout_is_drawn(status: str) -> None:
    view = replace(of("CHG-119"), status=status)
    spec = drawn(view)
    alt.LayerChart.from_dict(spec)
    assert "planned for 2 Dec 2026" not in said(spec), "its planned day means nothing any more"


def test_a_change_with_nothing_at_all_is_a_small_drawing_and_no_error() -> None:
    bare = replace(of("CHG-119"), milestones=(), services=(ServiceLink("s", "S", None, "changed", "source"),),
                   planned_on=None)  # fmt: skip
    spec = time_axis.chart(None, bare, None, today=TODAY)
    alt.LayerChart.from_dict(spec)
    assert spec["height"] < 200
