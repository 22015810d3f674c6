"""The customers of each group on screen: rows in one order on one scale, the words, the table, and every state."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import altair as alt
import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.charts.dumbbell import HEAD, ROW, dumbbells, levels, panels_of
from impact.estimate import Estimate, NotEstimable
from impact.groups import GroupsOfChange, Refusal, groups_of
from impact.metrics import BY_NAME
from impact.opening import Opening
from impact.portfolio import Reading
from impact.verdict import judge
from impact.words import group_words as words
from tests.group_store import TODAY, Read, filled, settings
from tests.test_charts import EMPTY_OF_TIME, values


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(filled(tmp_path_factory.mktemp("shown")))


@pytest.fixture(scope="module")
def found(read: Read) -> GroupsOfChange:
    """Ayr and Bath are shown, Cork covers Deal."""
    return told(read, "felt")


def told(read: Read, key: str, smallest: int = 5, dimension: str = "location") -> GroupsOfChange:
    return groups_of(
        read.snapshot, read.evidence, read.changes[key], dimension, settings=settings(read.home, smallest), today=TODAY
    )


# --- the chart ---------------------------------------------------------------------------------------------------


def test_groups_stand_in_one_order_and_at_one_height_in_every_measure(found: GroupsOfChange) -> None:
    spec = dumbbells(found)
    scales = {json.dumps(each["encoding"]["y"]["scale"]) for each in spec["layer"]}
    assert len(scales) == 1
    heights: dict[str, set[float]] = {}
    for row in values(spec, "group", "y"):
        heights.setdefault(row["group"], set()).add(row["y"])
    assert heights == {"Ayr": {HEAD + ROW / 2}, "Bath": {HEAD + ROW * 1.5}}


def test_every_measure_has_one_scale_for_all_groups_and_stays_in_its_column(found: GroupsOfChange) -> None:
    panels = panels_of(found)
    assert [panel.metric.name for panel in panels] == [
        "tickets", "time_to_resolve", "satisfaction", "reopened", "self_service",
    ]  # fmt: skip
    assert all(a.right < b.left for a, b in itertools.pairwise(panels))
    for panel in panels:
        places = [panel.x(value) for value in (-1e9, panel.least, panel.most, 1e9)]
        assert places == sorted(places)
        assert (places[0], places[-1]) == (panel.left, panel.right)


def test_equal_percentages_of_tickets_are_equal_lengths(found: GroupsOfChange) -> None:
    panel = panels_of(found)[0]
    low = panel.least * 1.05
    step = (panel.most / low / 1.05) ** 0.5
    first, second = panel.x(low * step) - panel.x(low), panel.x(low * step * step) - panel.x(low * step)
    assert first == pytest.approx(second)


def test_a_mark_is_outside_of_its_bar_exactly_where_the_likely_range_is_clear_of_zero(found: GroupsOfChange) -> None:
    seen = set()
    for group in found.groups:
        for reading in group.readings.values():
            assert reading is not None
            assert isinstance(reading.result, Estimate)
            one = levels(reading.metric, reading.result)
            clear = reading.result.low > 0 or reading.result.high < 0
            assert (not one.low <= one.after <= one.high) == clear
            seen.add(clear)
    assert seen == {True, False}


def test_the_chart_is_valid_and_holds_no_colour_of_one_theme(found: GroupsOfChange) -> None:
    spec = dumbbells(found)
    alt.LayerChart.from_dict(spec)
    for fixed in ("#000", "#fff", "black", "white"):
        assert f'"{fixed}"' not in json.dumps(spec).lower(), EMPTY_OF_TIME


def test_response_rates_with_their_range_stand_beside_satisfaction(found: GroupsOfChange) -> None:
    spec = dumbbells(found)
    ayr = found.groups[0].asked
    assert ayr is not None
    rates = [row for row in values(spec, "told", "range", "text") if row["y"] == HEAD + ROW / 2]
    assert {row["text"] for row in rates} >= {f"{ayr.rate:.0%}".replace("%", "\N{NO-BREAK SPACE}%")}
    satisfaction, reopened = panels_of(found)[2], panels_of(found)[3]
    assert all(satisfaction.right < row["x"] < reopened.left for row in rates)


def test_a_hidden_cell_is_a_word_and_nothing_hidden_is_in_the_chart_or_table(read: Read) -> None:
    strict = told(read, "felt", 30)
    spec = dumbbells(strict)
    assert [row["text"] for row in values(spec, "why", "text")] == ["hidden"] * len(strict.groups)
    whole = json.dumps(spec) + json.dumps(words.group_table(strict)) + " ".join(words.notes(strict))
    assert not any(name in whole for name in ("Cork", "Deal", "cork", "deal"))


def test_the_chart_names_its_dimension_so_that_paper_does(found: GroupsOfChange) -> None:
    titles = [row["text"] for row in values(dumbbells(found), "text") if row["y"] == 9 and row["x"] == 0.0]
    assert titles == ["Location"]


def test_without_groups_there_is_nothing_to_draw(read: Read) -> None:
    with pytest.raises(ValueError, match="not_rolled_out"):
        dumbbells(told(read, "planned"))


def test_cells_without_a_figure_say_why_and_leave_the_other_groups_their_scale(found: GroupsOfChange) -> None:
    metric = BY_NAME["tickets"]
    refused = NotEstimable("c", "tickets", None, "too_little_data", needed=10, have=3)
    none = Reading(metric, refused, judge(metric, refused))
    first = replace(found.groups[0], readings={**found.groups[0].readings, "tickets": none})
    spec = dumbbells(replace(found, groups=(first, *found.groups[1:])))
    assert [(row["group"], row["text"]) for row in values(spec, "why", "text")] == [("Ayr", "too few")]
    empty = tuple(replace(g, readings={**g.readings, "tickets": none}) for g in found.groups)
    assert panels_of(replace(found, groups=empty))[0].ticks == ()


# --- the words ---------------------------------------------------------------------------------------------------


def test_the_headline_names_who_is_worse_off_and_in_what(found: GroupsOfChange) -> None:
    assert words.headline(found) == "Ayr (tickets) is clearly worse off."
    calm = replace(found, groups=found.groups[1:])
    assert words.headline(calm) == "No single location shown is clearly better or worse off."
    alike = tuple(replace(found.groups[0], name=name) for name in ("Ayr", "Bath", "Cork"))
    assert words.headline(replace(found, groups=alike)) == "All 3 locations shown are clearly worse off (tickets)."


def test_the_notes_say_what_differs_who_answered_and_what_is_hidden(found: GroupsOfChange) -> None:
    differ, unlike, hidden = words.notes(found)
    assert differ == "The locations felt it differently in tickets: more than chance would make them differ."
    assert unlike.startswith("Those who answered are not like those who had tickets: Ayr opened ")
    assert hidden == "2 locations are hidden (fewer than 5 people, or hidden so that those cannot be computed)."
    alone = replace(found, hidden=1, dimension="department", differ={}, groups=())
    assert words.notes(alone) == (
        "1 department is hidden (fewer than 5 people, or hidden so that those cannot be computed).",
    )


def test_every_figure_in_the_table_has_its_range_and_what_it_rests_on(found: GroupsOfChange) -> None:
    table = words.group_table(found)
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    assert len(rows) == 10
    assert rows[0]["Group"] == "Ayr (named by the change)"
    for row in rows:
        assert row["Likely range"].startswith("likely ")
        assert " before, " in row["Based on"]
        assert "other services" in row["Based on"]
        assert (row["Who answered"] != "–") == (row["Measure"] == "Satisfaction")
    satisfied = next(row for row in rows if row["Measure"] == "Satisfaction")
    assert "surveys, " in satisfied["Who answered"]
    assert "(likely " in satisfied["Who answered"]


@pytest.mark.parametrize(
    ("key", "smallest", "dimension", "begins"),
    [
        ("planned", 5, "location", "Not live: groups are told once"),
        ("recent", 5, "location", "Too early: locations are told when the planned days are over, from "),
        ("lonely", 5, "location", "All tickets of this change come from one location"),
        ("felt", 200, "location", "Every location is hidden: fewer than 200 people"),
        ("felt", 5, "device", "No source delivers devices."),
    ],
)
def test_where_there_is_nothing_the_reason_is_one_sentence(
    read: Read, key: str, smallest: int, dimension: str, begins: str
) -> None:
    assert words.nothing_text(told(read, key, smallest, dimension), read.changes[key]).startswith(begins)


@pytest.mark.parametrize(
    ("why", "begins"),
    [("overlap", "Other changes on the same"), ("too_little", "There is too little"), ("no_data", "Nothing is")],
)
def test_a_change_that_cannot_be_read_says_why_its_groups_cannot(read: Read, why: Refusal, begins: str) -> None:
    unread = ((BY_NAME["tickets"], why),)
    found = GroupsOfChange("desk:change:felt", "location", "not_read", 5, unread=unread)
    assert words.nothing_text(found, read.changes["felt"]).startswith(begins)
    partly = replace(found, state="shown", measures=(BY_NAME["satisfaction"],))
    assert words.unread_text(partly).startswith("Not told by group: tickets: ")


def test_self_service_stands_beside_the_groups_and_lost_time_only_where_it_is_delivered(read: Read) -> None:
    rows = words.whole_rows(read.changes["felt"])
    assert [row.measure for row in rows] == ["Self-service share"]
    assert rows[0].range.startswith("likely ")
    assert words.whole_rows(read.changes["planned"]) == ()


# --- the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def page(read: Read, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("IMPACT_HOME", str(read.home))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    opening = Opening()
    monkeypatch.setattr(ui, "opening", lambda: opening)

    def script() -> None:
        import streamlit as st

        from impact import ui
        from impact.ui import groups

        view = ui.open_page("change")
        change = view.portfolio.change(st.query_params["change"])
        assert change is not None
        groups.section(view, change)

    def run(**address: str) -> AppTest:
        at = AppTest.from_function(script, default_timeout=60)
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        return at

    return run


def said(at: AppTest) -> str:
    """Everything written, without the marks that keep Markdown from reading it."""
    return "\n".join(str(part.value) for part in (*at.header, *at.markdown, *at.info)).replace("\\", "")


def test_the_section_shows_the_groups_of_the_dimension_in_the_address(page: Callable[..., AppTest]) -> None:
    at = page(change="CHG-felt", groups="location")
    assert "Ayr (tickets) is clearly worse off" in said(at)
    assert len(at.get("vega_lite_chart")) == 1
    assert "There are no groups by" not in said(at)


def test_an_unknown_dimension_is_said_and_the_first_is_shown(page: Callable[..., AppTest]) -> None:
    at = page(change="CHG-felt", groups="shoe size")
    assert "There are no groups by `'shoe size'`; those by location are shown." in said(at)
    assert len(at.get("vega_lite_chart")) == 1


@pytest.mark.parametrize("key", ["planned", "recent", "lonely"])
def test_a_change_without_groups_to_show_has_a_sentence_and_no_chart(page: Callable[..., AppTest], key: str) -> None:
    at = page(change=f"CHG-{key}")
    assert len(at.get("vega_lite_chart")) == 0
    assert "Which customers felt it" in said(at)


def test_without_any_groups_delivered_the_section_says_what_to_set(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impact.ui.groups.dimensions", lambda snapshot: ())
    assert "No source delivers groups of customers" in said(page(change="CHG-felt"))


def test_the_minimum_of_the_settings_holds_on_the_page(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPACT_PRIVACY__SMALLEST_GROUP", "200")
    at = page(change="CHG-felt")
    assert "Every location is hidden: fewer than 200 people" in said(at)
    assert len(at.get("vega_lite_chart")) == 0


def test_the_page_of_groups_needs_no_file(tmp_path: Path, read: Read) -> None:
    """The figures come from the store alone: the same again from a snapshot opened anew."""
    from impact.store import Store

    again = Store(read.home, zone="UTC").snapshot()
    found = groups_of(again, read.evidence, read.changes["felt"], "location", settings=settings(tmp_path), today=TODAY)
    assert found == told(read, "felt")
