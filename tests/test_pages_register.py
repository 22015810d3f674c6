"""The impact register over the portfolio, without a browser: how often the records are read and what is judged when."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.state import State
from impact.ui import register
from tests import sample
from tests.sample_server import SampleOpening
from tests.test_pages_case import stated, statement

PAGE = """
from impact import ui
from impact.ui import register

register.portfolio_section(ui.open_page("decisions"))
"""
LIVE = [c for c in sample.every_state() if c.rollout_on is not None and c.status != "cancelled"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, int]:
    """How often single histories and all of them were read, and statements were judged for the page."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    opening = SampleOpening(sample.portfolio())
    monkeypatch.setattr(ui, "opening", lambda: opening)
    state = opening.state(None)  # type: ignore[arg-type]
    for change in LIVE:
        on = change.rollout_on
        assert on is not None
        one = statement(change.id, review_on=on + timedelta(days=30))
        stated(state, one, seen_revision=0, rollout_on=on, today=on - timedelta(days=5))
    count = {"statement_history": 0, "statement_histories": 0, "judged": 0}

    def counted(name: str, own: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            count[name] += 1
            return own(*given, **more)

        return call

    for name in ("statement_history", "statement_histories"):
        monkeypatch.setattr(State, name, counted(name, getattr(State, name)))
    monkeypatch.setattr(register, "judged", counted("judged", register.judged))
    return count


def test_all_histories_are_read_in_one_look_and_once_while_nothing_is_written(asked: dict[str, int]) -> None:
    at = AppTest.from_string(PAGE, default_timeout=60).run()
    assert not at.exception, at.exception
    at.run()
    assert asked == {"statement_history": 0, "statement_histories": 1, "judged": 0}
    assert [one.label for one in at.expander] == [f"Every statement ({len(LIVE)})"]


def test_every_statement_is_judged_for_the_list_when_that_is_opened(asked: dict[str, int]) -> None:
    at = AppTest.from_string(PAGE, default_timeout=60)
    at.session_state["statements"] = True
    at.run()
    assert not at.exception, at.exception
    assert asked["judged"] == len(LIVE)
    shown = next(table.value for table in at.table if "Outcome" in table.value.columns)
    assert len(shown) == len(LIVE)
    reviews = [(c.rollout_on + timedelta(days=30), c.number) for c in LIVE if c.rollout_on]
    assert [text.replace("\\", "").split("[")[1].split()[0] for text in shown["Change"]] == [
        number for _, number in sorted(reviews, reverse=True)
    ]
