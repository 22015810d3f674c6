"""A meeting's screen and the page of a change say the same of who was told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.portfolio import MilestoneView, SegmentLink
from impact.records import AgendaItem
from impact.words.formats import plain
from tests import sample
from tests.browser import ROOT
from tests.sample import TODAY
from tests.sample_server import SampleOpening

LYON = SegmentLink("g:lyon", "Lyon", "location", "affected", "source")
LILLE = SegmentLink("g:lille", "Lille", "location", "affected", "source")


def message(audience: str | None) -> MilestoneView:
    """A message that went out ten days before the rollout."""
    return replace(
        sample.milestone("Message sent", "business", -70, -70), kind="communication", audience=audience
    )  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "said"),
    [
        ("Lille", "Not told: Lyon."),
        ("everyone concerned", "Both groups were told before the rollout."),
        (None, "Not recorded whether told: Lyon and Lille."),
    ],
)
def test_who_was_told_reads_the_same_in_the_room_and_on_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, audience: str | None, said: str
) -> None:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    change = sample.change("T-1", "Till update", rollout=-60, milestones=(message(audience),), segments=(LYON, LILLE))
    opening = SampleOpening(sample.portfolio((change,)))
    opening.state(None).open_meeting(
        TODAY, title="Steering meeting", agenda=(AgendaItem(change_id=change.id, reasons=("hand",)),)
    )
    monkeypatch.setattr(ui, "opening", lambda: opening)

    def texts(page: str, **address: str) -> str:
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
        for key, value in address.items():
            at.query_params[key] = value
        at = at.switch_page(f"pages/{page}.py").run()
        assert not at.exception, at.exception
        return "\n".join(str(one.value) for one in at.markdown)

    assert plain(said) in texts("change", change=change.id)
    assert f"**Told** {plain(said)}" in texts("meeting", meeting=TODAY.isoformat(), change=change.id)
