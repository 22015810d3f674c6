"""Figures that were kept, on the pages that show them again, where less may be shown today than then."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.figure_records import FigureTable
from impact.figures import as_json, change_figures
from impact.records import Decision
from impact.state import decision_id
from tests import sample
from tests.browser import ROOT
from tests.sample_server import SampleOpening

CHANGE = next(change for change in sample.every_state() if change.number == "CHG-110")
GROUPS = FigureTable(name="groups", title="By place", columns=("Place", "n"), rows=(("Lyon", "7"),), smallest=5)


@pytest.mark.parametrize(("smallest", "lyon"), [(5, True), (10, False)], ids=["as then", "raised since"])
@pytest.mark.parametrize("page", ["meeting", "decisions"])
def test_groups_that_were_kept_under_a_lower_minimum_are_not_shown_any_more(
    page: str, smallest: int, lyon: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    monkeypatch.setenv("IMPACT_PRIVACY__SMALLEST_GROUP", str(smallest))
    opening = SampleOpening(sample.portfolio())
    monkeypatch.setattr(ui, "opening", lambda: opening)
    state: Any = opening.state(None)  # type: ignore[arg-type]
    figures = change_figures(CHANGE, metrics=sample.portfolio().metrics, today=sample.TODAY, tables=(GROUPS,))
    frozen_id = state.freeze("v1", as_json(figures))
    on = date(2026, 11, 23)
    meeting = state.open_meeting(on, title="Steering meeting")
    made = Decision(
        id=decision_id(CHANGE.id, meeting=meeting.id, decided_on=on), change_id=CHANGE.id, kind="pause", reason="Wait",
        owner="Payments", decided_on=on, meeting_id=meeting.id, frozen_id=frozen_id,
    )  # fmt: skip
    state.record(made, seen_revision=0)
    at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
    at.run()
    address = {"meeting": meeting.id, "frozen": frozen_id} if page == "meeting" else {"decision": made.id}
    for name, value in address.items():
        at.query_params[name] = value
    at.session_state["differs"] = True
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception, at.exception
    cells = [str(cell).replace("\\", "") for table in at.table for cell in table.value.to_numpy().ravel()]
    assert ("By place: Lyon" in cells) is lyon
