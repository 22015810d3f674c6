"""The data page and the explanation in every state: demo, nothing read, read, source down, running, rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from impact import opening, settings, sync
from impact.model import Change, ChangeService, Ticket
from impact.store import Store, StreamState
from impact.sync import PROGRESS_FILE
from impact.ui import connect
from impact.ui import data as parts

ROOT = Path(__file__).resolve().parent.parent
SOURCE = """
[sources.desk]
kind = "files"
folder = '{folder}'
path = "tickets.csv"
table = "ticket"
key = ["no"]
timezone = "UTC"
[sources.desk.columns]
number = "no"
opened_at = "opened"
service_id = "service"
"""
LINES = "no,opened,service\n1,2026-09-01 08:00,VPN\n2,2026-09-31 08:00,VPN\n3,2026-09-02 08:00,\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder and no source; nothing is warmed or loaded in the background."""
    (tmp_path / "secrets.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IMPACT_SECRETS", str(tmp_path / "secrets.toml"))
    monkeypatch.setattr(opening.Opening, "keep_warm", lambda self: None)
    st.cache_resource.clear()
    yield tmp_path / "home"
    st.cache_resource.clear()


@pytest.fixture
def desk(home: Path) -> Path:
    """One configured source of files: three tickets, one with an impossible date, one without a service."""
    folder = home.parent
    (folder / "tickets.csv").write_text(LINES, encoding="utf-8")
    (folder / "secrets.toml").write_text(SOURCE.format(folder=folder.as_posix()), encoding="utf-8")
    return home


def page(name: str) -> AppTest:
    """The page, run once; nothing may have gone wrong on the way."""
    at = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120).run()
    assert [error.value for error in at.exception] == []
    return at


def texts(at: AppTest) -> str:
    """Everything said on the page."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: at.markdown,
        lambda: at.info,
        lambda: at.warning,
        lambda: at.error,
        lambda: at.success,
        lambda: at.caption,
    )
    return "\n".join(str(element.value) for kind in kinds for element in kind())


def headers(at: AppTest) -> list[str]:
    """The headings of the page."""
    return [header.value for header in at.header]


def demo(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo organisation of one ticket, said to be complete."""
    monkeypatch.setattr(opening, "is_current", lambda folder, today: True)
    at = datetime(2026, 9, 1, 8, tzinfo=UTC)
    row = Ticket(id="demo:ticket:1", source="demo", source_key="1", number="1", opened_at=at)
    Store(home / "demo").upsert("ticket", [row], fetched_at=at)


def test_demo_data_are_called_invented_and_offer_real_sources_instead_of_a_sync(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo(home, monkeypatch)
    at = page("data")
    assert "This is invented data" in headers(at)
    assert [button.label for button in at.button if button.label == "Sync now"] == []
    assert [expander.label for expander in at.expander] == [
        title for title, _ in parts.source_words.connect_sections(connect.EXAMPLE)
    ]
    assert any('kind = "request_tracker"' in code.value for code in at.code)


def test_a_source_that_was_never_read_offers_the_first_sync_and_shows_no_zeros(desk: Path) -> None:
    at = page("data")
    assert "Nothing has been read yet. Configured: desk." in texts(at)
    assert [button.label for button in at.button] == ["Sync now"]
    assert len(at.metric) == 0


def test_what_was_read_is_shown_with_dates_links_and_rejected_rows(desk: Path) -> None:
    sync.run(settings.load())
    at = page("data")
    assert {metric.label: metric.value for metric in at.metric} == {
        "Changes": "none",
        "Tickets": "2",
        "Survey answers, none sent": "none",
        "Rejected records": "1",
    }
    cells = "\n".join(table.value.to_string() for table in at.table)
    assert "1 Sep 2026 to 2 Sep 2026" in cells
    assert "1 of 2" in cells
    assert "2026\\-09\\-31 08\\:00" in cells
    assert "tickets.csv" in cells
    assert "1 record could not be read and counts nowhere." in texts(at)


def test_a_source_that_is_down_is_named_and_the_last_good_data_stay(desk: Path) -> None:
    sync.run(settings.load())
    store = Store(desk)
    last = next(state for state in store.state() if state.stream == "ticket")
    down = StreamState(
        "desk", "ticket", complete_at=last.complete_at, ok_at=last.ok_at, outcome="failed", message="no answer"
    )
    store.set_state(down)
    at = page("data")
    assert any("desk could not be read in full (ticket)" in warning.value for warning in at.warning)
    assert any("desk \\(ticket\\)\\: no answer" in warning.value for warning in at.warning)
    assert {metric.label: metric.value for metric in at.metric}["Tickets"] == "2"


def test_a_sync_at_work_elsewhere_is_shown_and_the_button_waits(desk: Path) -> None:
    sync.run(settings.load())
    (desk / PROGRESS_FILE).write_text(
        '{"source": "desk", "stream": "ticket", "read": 500, "total": 2000, "left_seconds": 12.0}', encoding="utf-8"
    )
    at = page("data")
    assert at.button[0].disabled
    assert [bar.proto.text for bar in at.get("progress")] == [
        r"desk, ticket\: 500 of 2,000 read, about 12 seconds left"
    ]


def test_a_click_after_another_session_started_one_says_so(desk: Path) -> None:
    sync.run(settings.load())
    at = page("data")
    (desk / PROGRESS_FILE).write_text("{}", encoding="utf-8")
    at.button[0].click().run()
    assert "A sync was at work already, so no second one was started." in texts(at)


def test_a_click_reads_what_changed_and_tells_the_end(desk: Path) -> None:
    at = page("data")
    at.button[0].click().run()
    parts.syncing().wait(desk, 120)
    at.run()
    assert [error.value for error in at.exception] == []
    assert [success.value for success in at.success if "The sync ended" in success.value] != [], texts(at)
    assert {metric.label: metric.value for metric in at.metric}["Tickets"] == "2"


def test_a_wrong_setting_found_by_the_sync_is_told_on_the_page(desk: Path) -> None:
    wrong = (desk.parent / "secrets.toml").read_text(encoding="utf-8").replace('"ticket"', '"tickets"', 1)
    (desk.parent / "secrets.toml").write_text(wrong, encoding="utf-8")
    at = page("data")
    at.button[0].click().run()
    parts.syncing().wait(desk, 120)
    at.run()
    assert any("a setting is wrong" in error.value for error in at.error), texts(at)


def test_stored_data_whose_source_is_gone_from_the_settings_stay_readable(desk: Path) -> None:
    sync.run(settings.load())
    (desk.parent / "secrets.toml").write_text("", encoding="utf-8")
    at = page("data")
    assert [button.label for button in at.button if button.label == "Sync now"] == []
    assert "Connect a source" in headers(at)
    assert {metric.label: metric.value for metric in at.metric}["Tickets"] == "2"


def test_without_data_the_explanation_stands_and_no_rate_is_invented(desk: Path) -> None:
    at = page("how_to_read")
    assert headers(at) == [
        "Special cases",
        "What the marks mean",
        "How to read a likely range",
        "What it cannot do",
        "How often it is wrong here",
        "What every measure means",
    ]
    assert "There are no tickets yet to learn it from." in texts(at)


def test_the_false_alarm_rate_of_the_installation_is_shown_with_what_it_puts_on_hold(desk: Path) -> None:
    rows, first = [], date.today() - timedelta(days=420)
    for service in range(12):
        for day in range(419):
            for n in range(1 + (day * 7 + service * 3) % 4):
                at = datetime.combine(first + timedelta(days=day), datetime.min.time(), tzinfo=UTC)
                key = f"{service}-{day}-{n}"
                rows.append(Ticket(id=f"desk:ticket:{key}", source="desk", source_key=key, number=key, opened_at=at,
                                   service_id=f"desk:service:{service}"))  # fmt: skip
    live = datetime.combine(first + timedelta(days=200), datetime.min.time(), tzinfo=UTC)
    store = Store(desk)
    one = Change(id="desk:change:1", source="desk", source_key="1", number="1", title="A", rollout_start_at=live)
    link = ChangeService(
        id="desk:change_service:1", source="desk", source_key="1", change_id=one.id, service_id="desk:service:0"
    )
    for table, found in (("ticket", rows), ("change", [one]), ("change_service", [link])):
        store.upsert(table, found, fetched_at=live)
    store.refresh_facts()
    at = page("how_to_read")
    rates = next(table.value for table in at.table if "False alarms" in table.value.columns)
    tickets = rates[rates["Measure"] == "Tickets"].iloc[0]
    assert tickets["False alarms"].endswith("%")
    assert " to " in tickets["Likely range"]
    assert int(tickets["Pretended changes"].split(",")[0]) > 100


@pytest.mark.parametrize(
    ("headers", "here"),
    [
        ({"Origin": "http://localhost:8501"}, True),
        ({"Origin": "http://127.0.0.1:8501"}, True),
        ({"Origin": "http://[::1]:8501"}, True),
        ({"Origin": "https://impact.example.com"}, False),
        ({"Origin": "http://localhost.example.com"}, False),
        ({"Origin": "http://localhost:8501", "X-Forwarded-For": "10.0.0.7"}, False),
        ({}, False),
    ],
)
def test_only_a_browser_on_the_same_machine_may_write_credentials(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], here: bool
) -> None:
    monkeypatch.setattr(connect.st, "context", SimpleNamespace(headers=headers))
    assert connect.is_here() is here


@pytest.mark.parametrize("allowed", ["here", "nobody"])
def test_the_button_is_there_only_where_it_is_allowed(
    desk: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    with (desk.parent / "secrets.toml").open("a", encoding="utf-8") as file:
        file.write(f'[setup]\nfrom_page = "{allowed}"\n')
    monkeypatch.setattr(connect, "is_here", lambda: True)
    labels = [button.label for button in page("data").button]
    assert ("Connect a source" in labels) is (allowed == "here")
