"""Reading the playing Zendesk stream by stream, as a sync does it: pages, and the rows of their records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest import mock

import connectors
from connectors import Page
from impact.model import Rejected, Row
from tests.dialect import Play, Request, playing
from tests.dialects.zendesk import Vendor

CONNECTOR = connectors.load("zendesk")
EXPORT = "/api/v2/incremental/tickets/cursor.json"


@dataclass
class Read:
    """What a pass over one stream brought."""

    pages: list[Page]
    rows: list[Row | Rejected]

    def of(self, kind: type[Any]) -> list[Any]:
        """The rows of one kind."""
        return [row for row in self.rows if type(row) is kind]


def settings(play: Play, **own: Any) -> Any:
    """Settings that read the playing account, with others of ``own``."""
    return connectors.read_settings(CONNECTOR, "desk", {**play.dialect.settings(play.url), **own})


def read(play: Play, name: str, since: datetime | None = None, cursor: str | None = None, **own: Any) -> Read:
    """One pass over a stream, from a cursor on where one is given."""
    stream = next(stream for stream in CONNECTOR.streams if stream.name == name)
    mine = settings(play, **own)
    http = CONNECTOR.open(mine)
    try:
        reading = stream.resume(http, mine, since, cursor) if cursor and stream.resume else None
        pages = list(reading or stream.fetch(http, mine, since))
    finally:
        http.close()
    rows = [row for page in pages for record in page.records for row in stream.convert(record, mine)]
    return Read(pages, rows)


def told(play: Play, **own: Any) -> list[str]:
    """What ``check`` says."""
    mine = settings(play, **own)
    return list(CONNECTOR.check(CONNECTOR.open(mine), mine))


def exports(play: Play) -> list[Request]:
    """The requests to the export of tickets."""
    return [request for request in play.asked if request.path == EXPORT]


@contextmanager
def account() -> Iterator[tuple[Vendor, Play]]:
    """An empty account and the server that plays it; nobody waits."""
    vendor = Vendor()
    with playing(vendor) as play, mock.patch("time.sleep"):
        yield vendor, play
    assert not play.broken
