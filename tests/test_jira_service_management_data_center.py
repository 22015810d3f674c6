"""A Jira Data Center: pages by offset while issues vanish, and a mock of version 8.20 whose own counts are compared.

Of the promises that every connector is checked for, those about pages are checked here; Cloud is checked for all.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

import connectors
from connectors import Page
from impact.model import Change, Milestone, Ticket
from tests import contract_reading
from tests.contract_http import parallel_within_limit
from tests.dialect import playing
from tests.dialects.jira_service_management import DataCenter
from tests.passes import Make

CONNECTOR = connectors.load("jira_service_management")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
TODAY = datetime(2026, 11, 15, tzinfo=UTC)
STORIES, CONTACTS = ["Story"], ["Bug", "Task"]
Issue = dict[str, Any]


@pytest.mark.parametrize("check", [*contract_reading.CHECKS, parallel_within_limit], ids=lambda check: check.__name__)
def test_a_data_center_keeps_the_promises_too(check: Callable[[Any, Make], Iterator[str]]) -> None:
    assert list(check(CONNECTOR, DataCenter))[:5] == []


def settings_for(url: str, own: dict[str, Any]) -> Any:
    return connectors.read_settings(CONNECTOR, "jira", {"deployment": "data_center", "retries": 0, **own, "url": url})


def pages(url: str, stream: str, since: datetime | None = None, /, **own: Any) -> list[Page]:
    settings = settings_for(url, own)
    http = CONNECTOR.open(settings)
    try:
        return list(STREAMS[stream].fetch(http, settings, since))
    finally:
        http.close()


def rows(url: str, stream: str, kind: type[Any], since: datetime | None = None, /, **own: Any) -> dict[str, Any]:
    settings = settings_for(url, own)
    records = [record for page in pages(url, stream, since, **own) for record in page.records]
    made = [row for record in records for row in STREAMS[stream].convert(record, settings)]
    return {row.number if kind is not Milestone else row.source_key: row for row in made if isinstance(row, kind)}


def test_many_issues_that_vanish_before_those_still_to_come_hide_none_of_them() -> None:
    with playing(jira := DataCenter()) as play:
        kept = jira.fill("tickets", 60)[20:]
        own = jira.settings(play.url)

        def meanwhile(number: int) -> None:
            if number == 12:
                del jira.records["tickets"][:20]

        play.before = meanwhile
        came = [row.source_key for row in rows(play.url, "tickets", Ticket, **own).values()]
    assert set(kept) <= set(came)


def test_a_history_that_the_search_cuts_is_asked_for_by_itself() -> None:
    class Cutting(DataCenter):
        def _log(self, row: Issue) -> Issue:
            told = super()._log(row)
            return told | {"total": 9} if row["id"] == "10002" else told

    with playing(Cutting()) as play:
        play.dialect.fill("tickets", 3)
        got = rows(play.url, "tickets", Ticket, **play.dialect.settings(play.url))
        asked = [request.path for request in play.asked if "/issue/" in request.path]
    assert asked == ["/rest/api/2/issue/DESK-10002"]
    assert {key: row.reopened_count for key, row in got.items()} == {
        "DESK-10001": 0,
        "DESK-10002": None,
        "DESK-10003": 0,
    }


# jira820, a mock of Data Center 8.20 made by others


@pytest.fixture(scope="module")
def jira820() -> Iterator[str]:
    """The address of a running mock with its 364 issues."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"JIRA820_HOST": "127.0.0.1", "JIRA820_PORT": str(port), "JIRA820_DATE": f"{TODAY:%Y-%m-%d}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-m", "jira820"], env={**os.environ, **own}, **quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 30
        while server.poll() is None and time.monotonic() < until:
            try:
                requests.get(f"{url}/rest/api/2/serverInfo", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait()


def all_of(url: str, jql: str) -> dict[str, Issue]:
    """What the mock itself has, by key."""
    asked = {"jql": jql, "maxResults": "1000"}
    answer = requests.get(f"{url}/rest/api/2/search", params=asked, timeout=30).json()
    return {issue["key"]: issue["fields"] for issue in answer["issues"]}


def own_settings(**more: Any) -> dict[str, Any]:
    types = {"change_types": STORIES, "ticket_types": CONTACTS, "milestone_types": ["Sub-task"]}
    return {"bearer_token": "any", "page_size": 20, **types, **more}


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def test_a_full_pass_over_the_mock_brings_every_ticket_with_its_dates(jira820: str) -> None:
    there = all_of(jira820, 'issuetype in ("Bug", "Task")')
    got = rows(jira820, "tickets", Ticket, **own_settings())
    assert len(there) == len(got) == 106
    assert {key: row.opened_at for key, row in got.items()} == {k: instant(f["created"]) for k, f in there.items()}
    assert {key: row.source_updated_at for key, row in got.items()} == {
        key: instant(fields["updated"]) for key, fields in there.items()
    }
    resolved = {key: instant(fields["resolutiondate"]) for key, fields in there.items()}
    assert {key: row.resolved_at for key, row in got.items()} == resolved
    assert Counter(row.status for row in got.values()) == {"resolved": 66, "open": 40}
    assert all(row.reopened_count is not None for row in got.values()), "histories, which its search leaves out"


def test_a_full_pass_over_the_mock_brings_every_change_and_its_steps(jira820: str) -> None:
    stories, steps = all_of(jira820, "issuetype = Story"), all_of(jira820, "issuetype = Sub-task")
    changes = rows(jira820, "changes", Change, **own_settings(history=False))
    assert len(stories) == len(changes) == 106
    assert Counter(row.status for row in changes.values()) == {"done": 72, "running": 15, "planned": 19}
    versions = sum(len(fields["fixVersions"]) for fields in stories.values())
    of_stories = [s for s in steps.values() if s["parent"]["fields"]["issuetype"]["name"] == "Story"]
    milestones = rows(jira820, "milestones", Milestone, **own_settings())
    assert len(milestones) == versions + len(of_stories)
    assert {row.change_id for row in milestones.values()} <= {row.id for row in changes.values()}
    assert sum(row.status == "done" for row in milestones.values() if "-v" not in row.source_key) == 25


def test_a_later_pass_over_the_mock_brings_what_was_updated_since(jira820: str) -> None:
    since = TODAY - timedelta(days=20)
    there = all_of(jira820, f'issuetype in ("Bug", "Task") AND updated >= "{since:%Y-%m-%d}"')
    assert 0 < len(there) < 106
    assert set(rows(jira820, "tickets", Ticket, since, **own_settings())) == set(there)
    old = next(key for key in all_of(jira820, "issuetype = Task") if key not in there)
    address = f"{jira820}/rest/api/2/issue/{old}"
    assert requests.put(address, json={"fields": {"labels": ["edited"]}}, timeout=30).ok
    assert set(rows(jira820, "tickets", Ticket, since, **own_settings())) == {*there, old}


def test_the_sweep_of_ids_names_every_issue_of_the_mock(jira820: str) -> None:
    settings = settings_for(jira820, own_settings())
    there = {row.source_key for row in rows(jira820, "tickets", Ticket, **own_settings(history=False)).values()}
    assert STREAMS["tickets"].ids
    assert {key for some in STREAMS["tickets"].ids(CONNECTOR.open(settings), settings) for key in some} == there
