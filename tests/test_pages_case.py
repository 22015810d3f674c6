"""The business case and the impact register on screen, without a browser: every state of a change, and totals."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.records import Statement
from impact.state import State, statement_id
from tests import sample
from tests.sample_server import SampleOpening

PAGE = """
import streamlit as st
from impact import ui
from impact.ui import case, register

view = ui.open_page("change")
change = view.portfolio.change(st.query_params["change"])
case.section(view, change)
register.section(view, change)
case.portfolio_section(view)
register.portfolio_section(view)
"""
PLANNED, LIVE = "CHG-119", "CHG-110"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Runs both sections for a change: ``opened(number)`` gives the page and the records."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    monkeypatch.setenv("IMPACT_RATES__CURRENCY", "EUR")
    monkeypatch.setenv("IMPACT_RATES__PER_TICKET", "18.5")
    opening = SampleOpening(sample.portfolio())
    monkeypatch.setattr(ui, "opening", lambda: opening)

    def run(number: str) -> tuple[AppTest, State]:
        at = AppTest.from_string(PAGE, default_timeout=60)
        at.query_params["change"] = number
        return at.run(), opening.state(opening.place(ui.settings_module.load()))

    return run


def told(at: AppTest) -> str:
    """Everything written, tables included."""
    assert not at.exception, at.exception
    parts = [str(part.value) for part in (*at.header, *at.markdown, *at.success, *at.warning, *at.error)]
    tables = [str(cell) for table in at.table for cell in table.value.to_numpy().ravel()]
    return "\n".join([*parts, *tables]).replace("\\", "")


def statement(change_id: str, **more: Any) -> Statement:
    base: dict[str, Any] = {"metric": "tickets", "expected": -20.0, "matters": 5.0,
                            "review_on": sample.TODAY + timedelta(days=60)}  # fmt: skip
    metric = more.get("metric", "tickets")
    return Statement(id=statement_id(change_id, metric), change_id=change_id, **(base | more))


def stated(state: State, one: Statement, *, today: date, **more: Any) -> None:
    """State something in the records of ``state`` on a day of the past."""
    then = State(f"sqlite:///{state.where}", clock=lambda: datetime.combine(today, time(9), UTC))
    then.state_impact(one, today=today, **more)
    then.close()


@pytest.mark.parametrize("number", [c.number for c in sample.every_state()])
def test_every_state_of_a_change_has_a_business_case_and_a_register(opened: Any, number: str) -> None:
    at, _ = opened(number)
    text = told(at)
    assert "Business case" in text
    assert "What was expected beforehand" in text
    assert "None" not in text
    assert "nan" not in text.lower().split()


def test_money_stands_in_the_table_with_its_range_and_the_missing_setting_is_named(opened: Any) -> None:
    text = told(opened(LIVE)[0])
    assert "lost on top (likely" in text
    assert "per_lost_hour" in text


def test_what_is_stated_before_the_rollout_is_kept_and_shown(opened: Any) -> None:
    at, state = opened(PLANNED)
    assert "Nobody stated beforehand what to expect" in told(at)
    change = sample.portfolio().change(PLANNED)
    assert change is not None
    state.state_impact(statement(change.id), seen_revision=0, rollout_on=change.planned_on, today=sample.TODAY)
    text = told(opened(PLANNED)[0])
    assert "Expected: tickets fall by 20" in text
    assert "It can be changed until the rollout" in text


def test_what_is_stated_after_the_rollout_is_shown_and_not_judged(opened: Any) -> None:
    _, state = opened(LIVE)
    change = sample.portfolio().change(LIVE)
    assert change is not None
    on = change.rollout_on
    assert on is not None
    first = statement(change.id, review_on=on + timedelta(days=30))
    stated(state, first, seen_revision=0, rollout_on=on, today=on - timedelta(days=5))
    later = statement(change.id, expected=30.0, review_on=on + timedelta(days=30))
    stated(state, later, seen_revision=1, rollout_on=on, today=sample.TODAY)
    text = told(opened(LIVE)[0])
    assert "Missed, it went the wrong way: expected" in text
    assert "Frozen at the rollout" in text
    assert "1 edit after the rollout: kept below, not judged" in text


def test_totals_stand_on_the_portfolio_with_their_warning(opened: Any) -> None:
    _, state = opened(LIVE)
    for number in (LIVE, "CHG-115", "CHG-113"):
        change = sample.portfolio().change(number)
        assert change is not None
        on = change.rollout_on
        assert on is not None
        one = statement(change.id, review_on=on + timedelta(days=30))
        stated(state, one, seen_revision=0, rollout_on=on, today=on - timedelta(days=5))
    text = told(opened(LIVE)[0])
    assert "3 statements made beforehand, 3 of them judged" in text
    assert "they are not what all changes did" in text
    assert "Whether readiness pays cannot be told" in text


def drawn(at: AppTest, number: str) -> AppTest:
    """The same page with the form to state something open."""
    change = sample.portfolio().change(number)
    assert change is not None
    at.session_state[f"register form {change.id}"] = True
    return at.run()


def test_an_effect_that_would_harm_customers_is_only_kept_when_it_is_said_to_be_meant(opened: Any) -> None:
    at, state = opened(PLANNED)
    drawn(at, PLANNED).number_input[0].set_value(25.0).run()
    save = next(button for button in at.button if button.label == "Save")
    assert save.disabled
    at.checkbox[0].check().run()
    next(button for button in at.button if button.label == "Save").click().run()
    assert [one.expected for one in state.statements()] == [25.0]


def test_what_is_typed_is_still_there_after_another_run_of_the_page(opened: Any) -> None:
    at, _ = opened(PLANNED)
    drawn(at, PLANNED).text_area[0].set_value("Fewer calls about lost pages").run()
    measures = at.selectbox[0]
    first, other = measures.value, measures.options[1]
    measures.select(other).run()
    at.selectbox[0].set_value(first).run()
    assert at.text_area[0].value == "Fewer calls about lost pages"
