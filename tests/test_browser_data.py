"""The data page and the explanation in a real browser: a sync from click to end, no barriers, readable on paper."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from impact.sync import PROGRESS_FILE
from tests.browser import ROOT, Served, Visit, serve

SOURCE = """
[sources.desk]
kind = "files"
folder = '{folder}'
timezone = "UTC"
[[sources.desk.read]]
table = "ticket"
path = "tickets.csv"
key = ["no"]
[sources.desk.read.columns]
number = "no"
opened_at = "opened"
service_id = "service"
[[sources.desk.read]]
table = "change"
path = "changes.csv"
key = ["no"]
[sources.desk.read.columns]
number = "no"
title = "title"
rollout_start_at = "live"
[[sources.desk.read]]
table = "change_service"
path = "changes.csv"
key = ["no"]
[sources.desk.read.columns]
change_id = "no"
service_id = "service"
"""
DAYS = 300
MILLISECONDS_TO_SYNC = 180_000


def tickets() -> str:
    """Twelve services, two or three tickets a day, and one line with an impossible date."""
    out = io.StringIO("no,opened,service\n")
    out.seek(0, io.SEEK_END)
    first, no = date.today() - timedelta(days=DAYS), 0
    for day in range(DAYS):
        for service in range(12):
            for _ in range(2 + (day * 5 + service) % 2):
                no += 1
                out.write(f"{no},{first + timedelta(days=day)} 09:00,Service {service}\n")
    out.write("T-broken,2026-02-31 09:00,![a picture](https://example.com/p.png)\n")
    return out.getvalue()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard with one source of files that was never read."""
    folder = tmp_path_factory.mktemp("data page")
    (folder / "tickets.csv").write_text(tickets(), encoding="utf-8")
    live = date.today() - timedelta(days=100)
    (folder / "changes.csv").write_text(f"no,title,live,service\nC1,New login,{live},Service 1\n", encoding="utf-8")
    secrets = folder / "secrets.toml"
    secrets.write_text(SOURCE.format(folder=folder.as_posix()), encoding="utf-8")
    with serve(ROOT / "dashboard.py", folder / "home", {"IMPACT_SECRETS": str(secrets)}) as served:
        yield served


@contextmanager
def held(home: Path) -> Iterator[None]:
    """A sync stopped in its tracks as soon as it tells how far it is, however fast this machine is."""
    told, ends = home / PROGRESS_FILE, time.monotonic() + MILLISECONDS_TO_SYNC / 1000
    while not told.is_file():
        assert time.monotonic() < ends, "no sync has told how far it is"
        time.sleep(0.005)
    pid = int(json.loads(told.read_text("utf-8"))["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def synced(served: Served, chromium: object) -> Served:
    """The same after a click on “Sync now”, watched from a second session on the way."""
    from tests.browser import open_visit

    with open_visit(chromium, f"{served.url}/") as first:  # type: ignore[arg-type]
        first.go(f"{served.url}/data")
        first.picture("data-never-read")
        assert first.barriers() == []
        first.page.get_by_role("button", name="Sync now").click()
        bar = first.page.get_by_test_id("stProgress")
        with held(served.log.parent), open_visit(chromium, f"{served.url}/data") as second:  # type: ignore[arg-type]
            expect(bar).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
            expect(second.page.get_by_role("button", name="Sync now")).to_be_disabled()
            expect(second.page.get_by_test_id("stProgress")).to_be_visible()
            second.picture("data-running")
            assert second.barriers() == []
        expect(first.page.get_by_text("The sync ended")).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
        assert first.errors == []
    return served


def test_a_sync_from_the_page_brings_the_data_and_lists_what_was_rejected(
    synced: Served, visit: Callable[..., Visit]
) -> None:
    page = visit(f"{synced.url}/data").page
    expect(page.get_by_test_id("stMetric").filter(has_text="Tickets")).to_contain_text("9,000")
    expect(page.get_by_role("table", name="State and freshness of every stream")).to_contain_text("Read in full")
    rejected = page.get_by_role("table", name="Rejected records and their reasons")
    expect(rejected).to_contain_text("2026-02-31")
    assert page.locator("[data-testid=stTable] img").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["data", "how-to-read"])
def test_nobody_is_kept_out(synced: Served, visit: Callable[..., Visit], name: str, dark: bool) -> None:
    opened = visit(f"{synced.url}/{name}", dark=dark)
    expect(opened.page.get_by_test_id("stProgress")).to_have_count(0, timeout=MILLISECONDS_TO_SYNC)
    opened.settle()
    opened.picture(f"{name}-{'dark' if dark else 'light'}")
    assert opened.barriers() == []
    assert opened.errors == []


@pytest.mark.parametrize("name", ["data", "how-to-read"])
def test_a_projector_needs_no_sideways_scrolling(synced: Served, visit: Callable[..., Visit], name: str) -> None:
    opened = visit(f"{synced.url}/{name}", width=1280, height=720)
    opened.picture(f"{name}-projector")
    wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
    assert opened.page.evaluate(wide) <= 1280


def test_the_false_alarm_rate_of_these_data_is_shown(synced: Served, visit: Callable[..., Visit]) -> None:
    page = visit(f"{synced.url}/how-to-read").page
    table = page.get_by_role("table", name="False-alarm rate of every measure")
    expect(table).to_be_visible(timeout=MILLISECONDS_TO_SYNC)
    expect(table.get_by_role("row").filter(has_text="Tickets")).to_contain_text("%")


def test_the_rejected_records_can_be_taken_away_as_a_file(
    synced: Served, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = visit(f"{synced.url}/data").page
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV").click()
    file = tmp_path / "rejected.csv"
    download.value.save_as(file)
    header, *rows = file.read_text(encoding="utf-8").splitlines()
    assert header.startswith("source,stream,key,place,column,value,reason")
    assert len(rows) == 1


def test_on_paper_headings_and_tables_stay_and_buttons_go(synced: Served, visit: Callable[..., Visit]) -> None:
    opened = visit(f"{synced.url}/data")
    opened.page.emulate_media(media="print")
    expect(opened.page.get_by_role("button", name="Sync now")).to_be_hidden()
    expect(opened.page.get_by_role("table", name="Rows and dates of every table")).to_be_visible()
    opened.picture("data-print")
