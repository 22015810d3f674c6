"""The charts as values: what is drawn where, and what must never happen."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import altair as alt
import numpy as np
import pytest

from impact import analysis
from impact.charts import BETTER, MARKS, WORSE, board, series
from impact.charts.board_places import Strip, rows_of
from impact.estimate import Estimate
from impact.metrics import BOARD, BY_NAME
from impact.verdict import GROUPS
from impact.words.formats import when
from tests import sample
from tests.sample import DATA_TO, TODAY

EMPTY_OF_TIME = "a mark with a fixed dark or light colour vanishes in one of the two themes"


def drawn(changes: tuple[Any, ...] | None = None) -> dict[str, Any]:
    return board.board(sample.every_state() if changes is None else changes, BOARD, today=TODAY)


def values(spec: dict[str, Any], *columns: str) -> list[dict[str, Any]]:
    """Rows of all layers that have all the columns."""
    return [row for each in spec["layer"] for row in each["data"]["values"] if all(c in row for c in columns)]


def texts_of(spec: dict[str, Any], change: str) -> list[str]:
    return [row["text"] for row in values(spec, "text", "change") if row["change"] == f"itsm:change:{change}"]


def test_all_layers_of_the_board_share_one_vertical_scale_so_no_row_can_slip_against_another() -> None:
    scales = [json.dumps(each["encoding"]["y"]["scale"]) for each in drawn()["layer"]]
    assert len(scales) > 20
    assert set(scales) == {scales[0]}


def test_the_board_and_both_charts_of_a_change_are_valid_vega_lite() -> None:
    worse = sample.portfolio().change("CHG-110")
    assert worse is not None
    found = analysis.series(sample.evidence(), worse, "tickets")
    assert found is not None
    specs = [drawn(), series.observed_expected(found, worse, worse.reading("tickets")), series.timetable(worse, TODAY)]
    for spec in specs:
        alt.LayerChart.from_dict(spec)


def test_a_board_without_changes_is_drawn_too() -> None:
    assert drawn(())["height"] < 100


@pytest.mark.parametrize("spec", [drawn(), series.timetable(sample.every_state()[0], TODAY)])
def test_no_mark_has_a_fixed_colour_that_vanishes_in_light_or_dark(spec: dict[str, Any]) -> None:
    plain = re.findall(r'"(?:fill|stroke|color)": "(#[0-9A-Fa-f]{6})"', json.dumps(spec))
    shades = {colour: sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 3 for colour in plain}
    assert all(60 < shade < 200 for shade in shades.values()), (EMPTY_OF_TIME, shades)


def test_headings_and_changes_fill_the_board_without_gaps_or_overlaps() -> None:
    rows = rows_of(sample.every_state())
    assert [row.bottom for row in rows[:-1]] == [row.top for row in rows[1:]]
    assert len(rows) == len(sample.every_state()) + len({c.group for c in sample.every_state()})
    assert [row.group for row in rows if row.change is None] == list(GROUPS)


def test_what_cannot_be_estimated_is_said_in_words_and_never_drawn_as_a_mark_at_zero() -> None:
    spec = drawn()
    assert "too early, first answer possible 2 Dec 2026" in texts_of(spec, "CHG-112")
    assert "overlaps with CHG-110" in texts_of(spec, "CHG-114")
    assert "too little data" in texts_of(spec, "CHG-118")
    assert "not rolled out, planned for 2 Dec 2026" in texts_of(spec, "CHG-119")
    assert "no data: no service is linked" in texts_of(spec, "CHG-121")
    assert texts_of(spec, "CHG-122").count("no data") == 4
    unanswered = {f"itsm:change:CHG-{n}" for n in (112, 114, 118, 119, 120, 121)}
    assert not unanswered & {row["change"] for row in values(spec, "measure")}


def test_every_drawn_effect_carries_its_range_and_what_it_rests_on() -> None:
    effects = values(drawn(), "measure")
    assert len(effects) > 60
    assert all("likely between" in row["range"] for row in effects)
    assert all("compared with 52 other services" in row["basis"] for row in effects)


def test_better_is_a_blue_triangle_up_and_worse_a_vermilion_one_down() -> None:
    assert (MARKS["better"].shape, MARKS["better"].colour) == ("triangle-up", BETTER)
    assert (MARKS["worse"].shape, MARKS["worse"].colour) == ("triangle-down", WORSE)
    looks = [(mark.shape, mark.filled) for word, mark in MARKS.items() if word not in ("too_early", "too_little")]
    assert len(set(looks)) == len(looks), "two words with one shape could only be told apart by colour"


def test_a_range_beyond_the_scale_is_cut_at_the_edge_and_gets_an_arrow() -> None:
    on = TODAY - timedelta(days=60)
    wide = sample.change("W", "Wide", {"tickets": sample.answered("tickets", 90, 60, on=on)})
    spec = board.board([wide], [BY_NAME["tickets"]], today=TODAY)
    right = max(row["x2"] for row in values(spec, "measure", "x2"))
    arrows = [row for row in values(spec, "measure", "shape") if row["shape"] == "triangle-right"]
    assert [row["x"] for row in arrows] == [right]
    assert "150" in arrows[0]["range"], "the tooltip tells the uncut end"


@pytest.mark.parametrize(
    ("metric", "effect", "share_of_half"),
    [("tickets", 0.6931, 1.0), ("tickets", -0.3466, -0.5), ("satisfaction", 0.5, 0.5), ("reopened", -0.05, -0.25)],
)
def test_an_effect_stands_where_the_scale_of_its_unit_says(metric: str, effect: float, share_of_half: float) -> None:
    strip = Strip(BY_NAME[metric], 0.4, 0.6)
    assert strip.x(effect) == pytest.approx(0.5 + 0.1 * share_of_half, abs=1e-4)


def test_percent_strips_share_one_scale_and_points_have_their_own() -> None:
    limits = {m.name: Strip(m, 0, 1).limit for m in BOARD}
    assert limits["tickets"] == limits["time_to_resolve"]
    assert len({limits["tickets"], limits["satisfaction"], limits["reopened"]}) == 3


def test_a_late_milestone_is_a_triangle_at_today_with_its_delay_drawn_from_its_due_day() -> None:
    spec = drawn()
    late = [
        row
        for row in values(spec, "told")
        if "open, 35 days late" in row["told"] and row.get("x2", row["x"]) != row["x"]
    ]
    today = next(row["x"] for row in values(spec, "text") if row["text"] == "today")
    assert late
    assert {row["x2"] for row in late} == {today}


def test_every_row_of_the_board_opens_its_change_wherever_it_is_clicked() -> None:
    ground = next(each for each in drawn()["layer"] if "params" in each)
    assert {row["change"] for row in ground["data"]["values"]} == {c.id for c in sample.every_state()}
    assert ground["params"][0] == {"name": "change", "select": {"type": "point", "fields": ["change"]}}


@pytest.mark.parametrize("change", sample.every_state(), ids=lambda c: c.number)
def test_the_last_column_is_never_empty(change: Any) -> None:
    assert board.next_step(change)


def test_weeks_are_counted_from_the_rollout_so_that_none_mixes_before_and_after() -> None:
    change = sample.portfolio().change("CHG-110")
    assert change is not None
    assert change.rollout_on is not None
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    weeks = series.points(found, BY_NAME["tickets"], change.rollout_on)
    last_before = max(w.first for w in weeks if w.first < change.rollout_on)
    first_after = min(w.first for w in weeks if w.first > change.rollout_on)
    assert last_before == change.rollout_on - timedelta(days=7)
    assert first_after == change.rollout_on + timedelta(days=1)


def test_a_week_shows_the_mean_of_its_days() -> None:
    change = sample.portfolio().change("CHG-110")
    assert change is not None
    assert change.rollout_on is not None
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    after = [i for i, day in enumerate(found.days) if 1 <= (day - change.rollout_on).days <= 7]
    weeks = series.points(found, BY_NAME["tickets"], change.rollout_on)
    week = next(w for w in weeks if w.first == change.rollout_on + timedelta(days=1))
    assert week.observed == pytest.approx(sum(found.observed[i] for i in after) / 7)


@pytest.mark.parametrize(
    ("metric", "engine", "shown"),
    [
        ("tickets", 41.0, 41.0),
        ("time_to_resolve", 5.886104, 6.0),
        ("reopened", 0.071, 7.1),
        ("satisfaction", 3.9, 3.9),
        ("satisfaction", 5.4, 5.0),
        ("satisfaction", 0.7, 1.0),
        ("nps", -104.0, -100.0),
    ],
)
def test_levels_are_drawn_in_the_unit_people_read(metric: str, engine: float, shown: float) -> None:
    assert series.in_unit(BY_NAME[metric], engine) == pytest.approx(shown, rel=1e-3)


def test_the_compared_windows_are_shaded_over_exactly_their_days() -> None:
    change = sample.portfolio().change("CHG-110")
    assert change is not None
    reading = change.reading("tickets")
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    assert isinstance(reading.result, Estimate)
    shaded = values(series.observed_expected(found, change, reading), "end", "text")
    assert {(row["on"][:10], row["end"][:10]) for row in shaded} == {
        (str(reading.result.pre_from), str(reading.result.pre_to + timedelta(days=1))),
        (str(reading.result.post_from), str(reading.result.post_to + timedelta(days=1))),
    }


def test_other_rollouts_are_named_in_the_chart_even_when_there_are_many() -> None:
    change = sample.portfolio().change("CHG-114")
    assert change is not None
    near = tuple(replace(change.neighbours[0], change_id=f"n{i}", number=f"N{i}") for i in range(9))
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    spec = series.observed_expected(found, replace(change, neighbours=near), change.reading("tickets"))
    ticks = {row["text"] for each in spec["layer"] for row in each["data"]["values"] if each["mark"]["type"] == "rule"
             and "where" in row}  # fmt: skip
    assert ticks == {f"N{i}" for i in range(9)}


def test_a_change_without_a_rollout_has_no_before_and_after_to_draw() -> None:
    coming = sample.portfolio().change("CHG-119")
    worse = sample.portfolio().change("CHG-110")
    assert coming is not None
    assert worse is not None
    assert analysis.series(sample.evidence(), coming, "tickets") is None
    found = analysis.series(sample.evidence(), worse, "tickets")
    assert found is not None
    with pytest.raises(ValueError, match="CHG-119 has no rollout date"):
        series.observed_expected(found, coming, coming.reading("tickets"))


def test_data_end_where_the_chart_ends() -> None:
    change = sample.portfolio().change("CHG-112")
    assert change is not None
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    assert found.days[-1] <= DATA_TO


def test_no_line_is_drawn_over_weeks_of_which_nothing_is_known() -> None:
    change = sample.portfolio().change("CHG-110")
    assert change is not None
    assert change.rollout_on is not None
    found = analysis.series(sample.evidence(), change, "tickets")
    assert found is not None
    silent = [
        change.rollout_on + timedelta(days=8) <= day <= change.rollout_on + timedelta(days=14) for day in found.days
    ]
    holed = replace(found, observed=np.where(silent, np.nan, found.observed))
    spec = series.observed_expected(holed, change, change.reading("tickets"))
    line = next(each for each in spec["layer"] if each["mark"]["type"] == "line" and "strokeDash" not in each["mark"])
    empty = [row["on"] for row in line["data"]["values"] if row["observed"] is None]
    assert empty == [f"{change.rollout_on + timedelta(days=11)}T00:00:00"]
    whole = series.observed_expected(found, change, change.reading("tickets"))
    assert [row for row in values(whole, "observed") if row["observed"] is None] == []
    points = next(each for each in spec["layer"] if each["mark"]["type"] == "point")
    assert all(row["observed"] is not None for row in points["data"]["values"])


def test_a_group_that_goes_on_on_another_page_says_how_many_it_has() -> None:
    changes = sample.every_state()
    landed = sum(change.group == "landed" for change in changes)
    alone = [row["text"] for row in values(drawn(changes), "text")]
    spec = board.board(changes, BOARD, today=TODAY, totals={"landed": 1234})
    paged = [row["text"] for row in values(spec, "text")]
    assert f"Landed well · {landed}" in alone
    assert f"Landed well · {landed} of 1,234" in paged


def test_a_cancelled_change_is_never_said_to_be_all_done() -> None:
    steps = (
        sample.milestone("Requirement agreed", "design", -700, -698),
        sample.milestone("Rollout", "rollout", -600, None, status="cancelled"),
    )
    stopped = sample.change("CHG-130", "Desk booking", rollout=None, planned=-600, milestones=steps, status="cancelled")
    assert f"stopped after {when(TODAY - timedelta(days=698))}" in texts_of(drawn((stopped,)), "CHG-130")


def test_a_chart_spans_all_days_asked_for_and_is_not_drawn_from_three_weeks() -> None:
    change = sample.portfolio().change("CHG-110")
    assert change is not None
    assert change.rollout_on is not None
    found = analysis.series(sample.evidence(), change, "satisfaction")
    assert found is not None
    metric, rollout_on = BY_NAME["satisfaction"], change.rollout_on

    def known(weeks: int) -> Any:
        """The same with nothing known but the first weeks after the rollout."""
        kept = [1 <= (day - rollout_on).days <= 7 * weeks for day in found.days]
        return replace(found, observed=np.where(kept, found.observed, np.nan))

    assert series.drawable(known(4), change, metric)
    assert not series.drawable(known(3), change, metric)
    spec = series.observed_expected(known(4), change, change.reading("satisfaction"))
    ends = [f"{found.days[0]}T00:00:00", f"{found.days[-1] + timedelta(days=1)}T00:00:00"]
    assert {json.dumps(each["encoding"]["x"]["scale"]["domain"]) for each in spec["layer"]} == {json.dumps(ends)}
