"""Connecting a system in a real browser: questions, wrong and right answers, what was found, the first sync."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import dialect
from tests.browser import ROOT, Served, Visit, serve
from tests.dialect import SECRET, Play

MILLISECONDS_TO_SYNC = 120_000
TICKETS, CHANGES = 12, 4
TEAMS = """
[sources.teams]
kind = "files"
folder = '{folder}'
path = "teams.csv"
table = "team"
key = ["no"]
[sources.teams.columns]
name = "name"
"""


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A system with some changes and tickets."""
    vendor = dialect.load("redmine")
    vendor.fill("changes", CHANGES)
    vendor.fill("tickets", TICKETS)
    with dialect.playing(vendor) as playing:
        yield playing


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard with a source of teams, so that it does not load the demo first."""
    folder = tmp_path_factory.mktemp("connect")
    (folder / "teams.csv").write_text("no,name\n1,Network\n", encoding="utf-8")
    (folder / "secrets.toml").write_text(TEAMS.format(folder=folder.as_posix()), encoding="utf-8")
    with serve(ROOT / "dashboard.py", folder / "home", {"IMPACT_SECRETS": str(folder / "secrets.toml")}) as served:
        yield served


def test_a_system_is_connected_from_the_page_and_read(
    served: Served, play: Play, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    opened = visit(f"{served.url}/data")
    page = opened.page
    page.get_by_role("button", name="Connect a source").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Kind of system").click()
    page.get_by_role("option", name="Redmine").click()
    opened.settle()
    own = play.dialect.settings(play.url)
    dialog.get_by_label("Name of the source").fill("desk")
    dialog.get_by_label("Address of").fill(play.url)
    dialog.get_by_label("API access key").fill("a wrong one")
    dialog.get_by_label("Trackers that hold changes").fill(", ".join(own["change_trackers"]))
    opened.picture("connect-questions")
    assert opened.barriers() == []
    dialog.get_by_role("button", name="Try it").click()
    expect(dialog.get_by_text("It does not work yet")).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
    opened.settle()
    opened.picture("connect-refused")
    dialog.get_by_label("API access key").fill(own["api_key"])
    dialog.get_by_role("button", name="Try it").click()
    expect(dialog.get_by_text("It works")).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
    opened.settle()
    opened.picture("connect-found")
    assert opened.barriers() == []
    dialog.get_by_role("button", name="Write it and start the first sync").click()
    expect(page.get_by_text("The sync ended")).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
    opened.settle()
    opened.picture("connect-read")
    assert opened.errors == []
    written = tomllib.loads((served.log.parent.parent / "secrets.toml").read_text("utf-8"))["sources"]["desk"]
    assert (written["kind"], written["url"], written["api_key"]) == ("redmine", play.url, own["api_key"])
    expect(page.get_by_test_id("stMetric").filter(has_text="Tickets")).to_contain_text(str(TICKETS))
    expect(page.get_by_test_id("stMetric").filter(has_text="Changes")).to_contain_text(str(CHANGES))
    assert SECRET not in page.content()
    assert SECRET not in served.log.read_text("utf-8", errors="replace")
