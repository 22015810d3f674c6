"""What an address asks for is told as it was written: nothing in it becomes a picture, a link or emphasis."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from tests import sample
from tests.browser import ROOT
from tests.sample import TODAY
from tests.sample_server import SampleOpening

EVIL = "![x](http://evil.example/p.png) **[sign in](http://evil.example)** `a` <b>"
SAFE = f"``'{EVIL}'``"
"""Code: as long as its fence is longer than any of its own, Markdown reads nothing in it."""
CHANGE = sample.every_state()[0].id


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SampleOpening:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    used = SampleOpening(sample.portfolio())
    monkeypatch.setattr(ui, "opening", lambda: used)
    return used


@pytest.mark.parametrize(
    ("page", "name", "address"),
    [
        ("steering", "team", {}),
        ("steering", "period", {}),
        ("change", "change", {}),
        ("change", "measure", {"change": CHANGE}),
        ("timeline", "by", {"period": "all"}),
        ("timeline", "team", {}),
        ("meeting", "meeting", {}),
        ("meeting", "change", {"meeting": TODAY.isoformat()}),
        ("decisions", "decision", {}),
        ("meeting", "frozen", {"meeting": TODAY.isoformat()}),
        ("decisions", "team", {}),
        ("decisions", "kind", {}),
        ("decisions", "since", {}),
    ],
)
def test_an_unknown_id_is_quoted_and_not_read_as_markdown(
    opening: SampleOpening, page: str, name: str, address: dict[str, str]
) -> None:
    opening.state(None).open_meeting(TODAY, title="Steering meeting")
    at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    for key, value in {**address, name: EVIL}.items():
        at.query_params[key] = value
    at = at.switch_page(f"pages/{page}.py").run()
    assert not at.exception, at.exception
    said = [str(one.value) for one in (*at.info, *at.warning, *at.error, *at.markdown, *at.header, *at.title)]
    assert [text for text in said if SAFE in text], said
    assert [text for text in said if "evil" in text.replace(SAFE, "")] == []
