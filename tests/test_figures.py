"""The figures of a change as texts with their numbers: the same as the screen's, frozen and read back, then and now."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from impact import wording
from impact.charts import twins
from impact.figures import (
    NOT_THERE,
    ChangeFigures,
    Figure,
    FigureTable,
    as_json,
    change_figures,
    differences,
    from_json,
)
from impact.selection import measures
from tests import sample

PORTFOLIO = sample.portfolio()


def figures(number: str, **more: Any) -> ChangeFigures:
    change = PORTFOLIO.change(number)
    assert change is not None
    return change_figures(change, metrics=PORTFOLIO.metrics, today=sample.TODAY, **more)


def test_the_figures_of_a_measure_are_the_texts_of_the_table_on_screen() -> None:
    for change in PORTFOLIO.changes:
        table = twins.measures(change, measures(PORTFOLIO.metrics))
        rows = list(zip(*table.values(), strict=True))
        found = figures(change.number).measures
        assert [row[0] for row in rows] == [m.label for m in found]
        for row, m in zip(rows, found, strict=True):
            assert row[1] == m.word_label + (", preliminary" if m.preliminary else "")
            if m.short:
                assert row[2:4] == ("no figure", m.sentence)
            else:
                assert row[2:] == (m.effect, m.range, f"{m.before} → {m.after} {m.unit}; {m.expected} expected",
                                   m.basis)  # fmt: skip


def test_numbers_stand_behind_the_texts_in_the_unit_shown() -> None:
    tickets = figures("CHG-110").measure("tickets")
    assert tickets is not None
    assert (tickets.effect, tickets.n_before, tickets.n_after) == ("+14\N{NO-BREAK SPACE}%", 1722, 431)
    assert tickets.effect_value == pytest.approx(14.0)
    assert tickets.low_value == pytest.approx(8.0)
    assert tickets.high_value == pytest.approx(20.0)


def test_what_is_unknown_is_none_and_says_why() -> None:
    tickets = figures("CHG-118").measure("tickets")
    assert tickets is not None
    assert (tickets.effect, tickets.effect_value, tickets.n_before) == ("", None, None)
    assert tickets.short == "Too few tickets."


@pytest.mark.parametrize("number", [change.number for change in PORTFOLIO.changes])
def test_figures_of_every_state_come_back_from_json_as_they_were(number: str) -> None:
    table = FigureTable(name="groups", title="By group", columns=("Group", "Effect"), rows=(("Berlin", "+4"),))
    case = (Figure(label="Hours saved", text="about 90", value=90.0, low=40.0, high=140.0),)
    found = figures(number, tables=(table,), case=case)
    assert from_json(json.loads(json.dumps(as_json(found)))) == found


def test_figures_frozen_by_another_release_stay_readable() -> None:
    frozen = as_json(figures("CHG-110"))
    del frozen["tables"]
    frozen["colour_of_the_room"] = "green"
    assert from_json(frozen) == figures("CHG-110")


def test_the_same_figures_do_not_differ() -> None:
    assert [differences(figures(c.number), figures(c.number)) for c in PORTFOLIO.changes] == [()] * 14


def test_what_moved_between_two_data_versions_is_told_with_both_texts() -> None:
    then = figures("CHG-110")
    on = sample.TODAY - timedelta(days=60)
    change = PORTFOLIO.change("CHG-110")
    assert change is not None
    later = sample.change("CHG-110", change.title, sample.full(on, tickets=(9, 4)), team="Payments")
    now = change_figures(later, metrics=PORTFOLIO.metrics, today=sample.TODAY)
    found = {label: (old, new) for label, old, new in differences(then, now)}
    assert found["Tickets: effect"] == ("+14\N{NO-BREAK SPACE}%", "+9\N{NO-BREAK SPACE}%")
    assert found["Tickets: likely range"][1].startswith("likely between 5")
    assert "Reopened: effect" in found
    assert "Sponsor" not in found


def test_a_figure_that_only_one_of_both_has_is_said_to_be_missing_in_the_other() -> None:
    then = figures("CHG-110", case=(Figure(label="Hours saved", text="about 90"),))
    assert differences(then, figures("CHG-110")) == (("Hours saved", "about 90", NOT_THERE),)


def test_two_milestones_of_the_same_name_are_both_compared() -> None:
    change = PORTFOLIO.change("CHG-110")
    assert change is not None
    twice = (sample.milestone("Briefing", "business", -20, -18), sample.milestone("Briefing", "business", -9, None))
    moved = (twice[0], sample.milestone("Briefing", "business", -9, -1))
    old, new = (
        change_figures(replace(change, milestones=m), metrics=PORTFOLIO.metrics, today=sample.TODAY)
        for m in (twice, moved)
    )
    changed = [label for label, *_ in differences(old, new)]
    assert changed == ["Milestone Briefing (2)"]


def test_every_field_that_is_shown_takes_part_in_the_comparison() -> None:
    base = figures("CHG-110")
    silent = {
        "id",
        "number",
        "url",
        "team",
        "today",
        "group",
        "word",
        "word_label",
        "felt",
        "leading",
        "stands",
        "waiting",
    }
    for field in fields(ChangeFigures):
        value = getattr(base, field.name)
        if field.name in silent or not isinstance(value, str):
            continue
        assert differences(base, replace(base, **{field.name: "something else"})), field.name


def test_a_change_without_anything_recorded_has_figures_too() -> None:
    bare = sample.change("CHG-9", "Bare", {}, rollout=None, services=(), milestones=(), team=None, requirement=None,
                         expected_outcome=None, planned_cost=None, actual_cost=None, expected_benefit_hours=None,
                         has_sponsor=False, status="cancelled", planned_on=date(2026, 1, 5))  # fmt: skip
    found = change_figures(bare, metrics=PORTFOLIO.metrics, today=sample.TODAY)
    assert (found.requirement, found.cost, found.benefit, found.sponsor) == (
        "not recorded", "not recorded", "not recorded", "none named",
    )  # fmt: skip
    assert found.waiting == "Cancelled; it never reached customers."
    assert [end.ratio for end in found.readiness] == [None, None]
    assert found.facts[1:4] == ("no team", wording.stands(bare), "no service linked")
