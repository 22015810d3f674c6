"""How tests read a GLPI that is played on loopback. Knows no expectation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import connectors
from tests.dialect import Play, Request, playing
from tests.dialects.glpi import Vendor

CONNECTOR = connectors.load("glpi")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
SETTINGS = {"url": "https://glpi.example.com", "user_token": "t"}


def own(**keys: Any) -> Any:
    return connectors.read_settings(CONNECTOR, "glpi", {**SETTINGS, **keys})


@contextmanager
def served(**keys: Any) -> Iterator[tuple[Vendor, Play, Callable[..., list[Any]]]]:
    """A GLPI, how it is played, and a way to read a stream of it."""
    vendor = Vendor()
    with playing(vendor) as play:
        settings = connectors.read_settings(CONNECTOR, "glpi", {**vendor.settings(play.url), "retries": 0, **keys})

        def read(name: str, since: datetime | None = None) -> list[Any]:
            http = CONNECTOR.open(settings)
            try:
                return [record for page in STREAMS[name].fetch(http, settings, since) for record in page.records]
            finally:
                http.close()

        yield vendor, play, read
        assert not play.broken, play.broken[0]


def rows_of(name: str, payload: Any, settings: Any) -> list[Any]:
    return list(STREAMS[name].convert(payload, settings))


def asked(play: Play, path: str) -> list[Request]:
    return [request for request in play.asked if request.path == f"/apirest.php/{path}"]
