"""The timeline page on many invented changes, without a browser: what it works out, keeps and leaves to a file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.costs import CostStudy
from impact.portfolio import ChangeView, ServiceLink
from impact.selection import PAGE_SIZE
from impact.ui import timeline
from tests import sample
from tests.browser import ROOT
from tests.sample_server import SampleOpening

Shown = Callable[..., AppTest]
COMING, PAST = 300, 900


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shown:
    """Runs the timeline page on an opening; the rest stands in the address."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")

    def run(opening: SampleOpening, **address: str) -> AppTest:
        monkeypatch.setattr(ui, "opening", lambda: opening)
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
        at.run()
        for name, value in address.items():
            at.query_params[name] = value
        at = at.switch_page("pages/timeline.py").run()
        assert not at.exception, at.exception
        return at

    return run


def many() -> tuple[ChangeView, ...]:
    """Hundreds of changes still to come and more that are live, on thirty services; each service has a past."""

    def one(i: int) -> ChangeView:
        on = 1 + i % 80 if i < COMING else -30 - i % 700
        link = ServiceLink(f"s{i % 30}", f"Service {i % 30}", None, "changed", "source")
        change = sample.change(f"C{i}", f"Change {i}", rollout=on if i >= COMING else None, planned=on, milestones=())
        return replace(change, services=(link,))

    return tuple(map(one, range(COMING + PAST)))


def test_with_hundreds_to_come_only_the_bumps_of_those_shown_are_worked_out_and_little_is_kept(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def extra_tickets(study: CostStudy, ids: Collection[str]) -> dict[str, float]:
        asked.extend(ids)
        return dict.fromkeys(ids, 7.0)

    monkeypatch.setattr(timeline, "extra_tickets", extra_tickets)
    opening = SampleOpening(sample.portfolio(many()))
    kept, get = set(), opening.kept.get
    monkeypatch.setattr(opening.kept, "get", lambda key, make: (kept.add(key), get(key, make))[1])
    at = shown(opening, period="all")
    rows = next(found.value for found in at.table if "Extra tickets to expect" in found.value.columns)
    assert len(rows) == PAGE_SIZE
    assert f":small[and {COMING - PAGE_SIZE} more, in the download]" in [str(m.value) for m in at.markdown]
    assert 0 < len(asked) <= 12 * 30, "the latest twelve on each of thirty services"
    assert len(kept) < 60, "a value a change would push out what other pages keep"
    before = len(asked)
    at.run()
    assert len(asked) == before, "nothing is worked out twice"


def test_many_lines_come_page_by_page_and_which_they_are_is_said(shown: Shown) -> None:
    at = shown(SampleOpening(sample.portfolio(many())), period="all")
    assert f"Lines 1 to {PAGE_SIZE} of {COMING + PAST:,}" in [str(m.value) for m in at.markdown]
    alone = shown(SampleOpening(sample.portfolio(many()[-PAGE_SIZE:])), period="all")
    assert not [m for m in alone.markdown if str(m.value).startswith("Lines")]
