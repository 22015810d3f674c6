"""Every page while the records cannot be reached: what needs none is shown, the rest is one sentence, never a trace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.model import StoreError, Ticket
from impact.store import Store
from tests import sample
from tests.browser import ROOT
from tests.sample_server import SampleOpening

SENTENCE = "The records cannot be reached: nobody answers at db.example.com."
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
NEED_RECORDS = {"decisions", "meeting"}


class Broken(SampleOpening):
    """Opens the sample; its records are gone."""

    def state(self, place: Any) -> Any:
        """Nobody answers."""
        raise StoreError(SENTENCE)

    def with_rows(self) -> None:
        """A store that can be counted, of one ticket: the Data page asks for rows."""
        at = datetime(2026, 9, 1, 8, tzinfo=UTC)
        self.store = Store(self.home)
        ticket = Ticket(id="desk:ticket:1", source="desk", source_key="1", number="1", opened_at=at)
        self.store.upsert("ticket", [ticket], fetched_at=at)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    opening = Broken(sample.portfolio())
    monkeypatch.setattr(ui, "opening", lambda: opening)

    def run(page: str, **address: str) -> AppTest:
        if page == "data":
            opening.with_rows()
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
        at.run()
        for name, value in address.items():
            at.query_params[name] = value
        return at.switch_page(f"pages/{page}.py").run()

    return run


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_its_records_says_so_and_shows_what_needs_none(shown: Any, page: str) -> None:
    at = shown(page)
    assert not at.exception, at.exception
    said = [one.value for one in (*at.error, *at.warning)]
    if page in NEED_RECORDS:
        assert said == [SENTENCE]
    else:
        assert not at.error
        assert at.title[0].value != "This page cannot be shown"


@pytest.mark.parametrize("number", ["CHG-110", "CHG-119"])
def test_a_change_is_shown_with_one_sentence_in_place_of_what_people_recorded(shown: Any, number: str) -> None:
    change = next(one for one in sample.every_state() if one.number == number)
    at = shown("change", change=change.id)
    assert not at.exception, at.exception
    assert [one.value for one in at.warning] == [SENTENCE, SENTENCE]  # expected effects, decisions
    assert "What was expected beforehand" in [one.value for one in at.header]
    assert change.title in at.title[0].value.replace("\\", "")
