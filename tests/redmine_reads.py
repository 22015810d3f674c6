"""What one pass of the Redmine connector over a running server brings. Knows no expectation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest

import connectors
from connectors import Page
from connectors.redmine.settings import RedmineSettings
from impact.model import Rejected, Row
from tests import redmine_cached
from tests.redmine_server import RedmineServer

CONNECTOR = connectors.load("redmine")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
Plan = dict[str, Any]
HISTORIES_FROM = "2025-08-15"


class Read(NamedTuple):
    """What one pass over a stream brought."""

    pages: list[Page]
    rows: list[Row | Rejected]

    def of(self, kind: type[Any]) -> dict[str, Any]:
        """Rows of a kind by their source key."""
        return {row.source_key: row for row in self.rows if isinstance(row, kind)}

    @property
    def keys(self) -> list[str]:
        """The ids of the records, in the order they came."""
        return [str(record["id"]) for page in self.pages for record in page.records]

    @property
    def bookmark(self) -> datetime:
        """Where the next pass begins."""
        found = [page.bookmark for page in self.pages if page.bookmark]
        assert found
        return found[-1]


def values(server: RedmineServer, user: str = "reader", **more: Any) -> dict[str, Any]:
    """The settings of a source that reads this server, as a settings file has them."""
    own = {"url": server.url, "api_key": server.keys[user], "change_trackers": ["Change"], "retries": 3}
    trackers = {"ticket_trackers": ["Incident", "Request"], "milestone_trackers": ["Task"]}
    fields = {"ticket": {"location": "Site"}}
    statuses = {"change_status": {"running": ["Deploying"]}, "change_outcome": {"successful": ["Implemented"]}}
    return {**own, **trackers, "fields": fields, "values": statuses, **more}


def settings(server: RedmineServer, user: str = "reader", **more: Any) -> RedmineSettings:
    made = connectors.read_settings(CONNECTOR, "rm", values(server, user, **more))
    assert isinstance(made, RedmineSettings)
    return made


def read(own: RedmineSettings, stream: str, since: datetime | None = None) -> Read:
    http = CONNECTOR.open(own)
    try:
        pages = list(STREAMS[stream].fetch(http, own, since))
    finally:
        http.close()
    return Read(
        pages, [row for page in pages for record in page.records for row in STREAMS[stream].convert(record, own)]
    )


@pytest.fixture(scope="session")
def redmine_seeded() -> Iterator[tuple[RedmineServer, Plan]]:
    """A server with its plan. Tests that change something do so in the project Board, which nobody else reads."""
    with redmine_cached.seeded() as (server, plan):
        yield server, plan


@pytest.fixture(scope="session")
def redmine(redmine_seeded: tuple[RedmineServer, Plan]) -> RedmineServer:
    return redmine_seeded[0]


@pytest.fixture(scope="session")
def redmine_plan(redmine_seeded: tuple[RedmineServer, Plan]) -> Plan:
    return redmine_seeded[1]


@pytest.fixture(scope="session")
def redmine_all(redmine: RedmineServer) -> Read:
    """All tickets without their histories, which cost a request each."""
    return read(settings(redmine, history=False), "tickets")


@pytest.fixture(scope="session")
def redmine_tickets(redmine: RedmineServer) -> Read:
    """The tickets of the last months with their histories."""
    return read(settings(redmine, start=HISTORIES_FROM), "tickets")


@pytest.fixture(scope="session")
def redmine_changes(redmine: RedmineServer) -> Read:
    return read(settings(redmine, day_timezone="Europe/Oslo"), "changes")
