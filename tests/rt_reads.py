"""What one pass of the Request Tracker connector over a running server brings. Knows no expectation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest

import connectors
from connectors import Page
from connectors.request_tracker.settings import RtSettings
from impact.model import Rejected, Row
from tests import rt_cached
from tests.rt_seed import DESKS, Plan, Planned
from tests.rt_server import RtServer

CONNECTOR = connectors.load("request_tracker")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}


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


def settings(server: RtServer, user: str = "reader", **more: Any) -> RtSettings:
    values = {"url": server.url, "token": server.tokens[user], "change_queues": ["Changes"], "ticket_queues": DESKS}
    made = connectors.read_settings(CONNECTOR, "rt", {**values, "retries": 0, **more})
    assert isinstance(made, RtSettings)
    return made


def read(own: RtSettings, stream: str, since: datetime | None = None) -> Read:
    http = CONNECTOR.open(own)
    try:
        pages = list(STREAMS[stream].fetch(http, own, since))
    finally:
        http.close()
    return Read(
        pages, [row for page in pages for record in page.records for row in STREAMS[stream].convert(record, own)]
    )


def gone(record: Planned) -> bool:
    return record.merge_into is not None or any(status == "deleted" for _, status in record.statuses)


def at(moment: datetime) -> datetime:
    """As Request Tracker keeps it: whole seconds."""
    return moment.replace(microsecond=0)


@pytest.fixture(scope="session")
def rt_seeded() -> Iterator[tuple[RtServer, Plan]]:
    with rt_cached.seeded() as (server, plan):
        yield server, plan


@pytest.fixture(scope="session")
def rt(rt_seeded: tuple[RtServer, Plan]) -> RtServer:
    """A server that no test changes."""
    return rt_seeded[0]


@pytest.fixture(scope="session")
def rt_plan(rt_seeded: tuple[RtServer, Plan]) -> Plan:
    return rt_seeded[1]


@pytest.fixture(scope="session")
def rt_living() -> Iterator[tuple[RtServer, Plan]]:
    """A server of its own for tests that change tickets."""
    with rt_cached.seeded() as found:
        yield found


@pytest.fixture(scope="session")
def rt_tickets(rt: RtServer) -> Read:
    return read(settings(rt), "tickets")
