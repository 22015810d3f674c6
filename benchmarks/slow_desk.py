"""A loopback server with tickets in pages, each answered 20 to 50 ms after it was asked for, and the connector that
reads it with the same parts as the real ones. For measurements only; plays no vendor.

    python benchmarks/slow_desk.py TICKETS PAGE     prints its address and serves until it is ended
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from connectors import Connector, Page, Payload, Stream
from connectors.http import Http
from connectors.links import segment_named, service_named
from connectors.paging import ahead, side_by_side
from connectors.settings import SystemSettings, setting
from connectors.values import guarded, instant, text_of
from impact.model import Rejected, Row, Ticket, row_id, to_choice

FASTEST, SLOWEST = 0.020, 0.050
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = {"new": "open", "in progress": "open", "closed": "closed", "incident": "incident", "request": "request"}


def record(number: int, chance: random.Random) -> dict[str, Any]:
    """A ticket as a list endpoint gives it: about 640 bytes of JSON."""
    opened = FIRST + timedelta(minutes=5 * number)
    closed = opened + timedelta(hours=chance.lognormvariate(2.0, 1.4))
    service = int(200 * chance.random() ** 2)
    return {
        "id": f"{number:032x}",
        "number": f"INC{number:08d}",
        "type": "Incident" if chance.random() < 0.6 else "Request",
        "state": "Closed" if chance.random() < 0.9 else "In Progress",
        "priority": str(1 + int(5 * chance.random())),
        "opened_at": f"{opened:%Y-%m-%d %H:%M:%S}",
        "resolved_at": f"{closed:%Y-%m-%d %H:%M:%S}",
        "closed_at": f"{closed:%Y-%m-%d %H:%M:%S}",
        "updated_at": f"{closed:%Y-%m-%d %H:%M:%S}",
        "service": {"id": str(service), "name": f"Service {service}"},
        "team": str(service * 5 + int(5 * chance.random())),
        "site": f"Site {int(30 * chance.random())}",
        "contact_type": "phone" if chance.random() < 0.4 else "portal",
        "reassignment_count": str(int(3 * chance.random())),
        "reopen_count": "0",
        "caller": f"{int(5000 * chance.random()):032x}",
        "notes": "x" * 120,
    }


@dataclass(frozen=True, kw_only=True)
class DeskSettings(SystemSettings):
    """Where it is and how it is read."""

    parallel: int = setting("Pages asked for at the same time", 4)
    paging: str = setting("offset or cursor", "offset")


def read(http: Http, settings: DeskSettings, since: datetime | None) -> Iterator[Page]:
    """All tickets, by offset side by side, or by cursor with the next page read meanwhile."""
    return by_offset(http, settings) if settings.paging == "offset" else ahead(by_cursor(http))


def by_offset(http: Http, settings: DeskSettings) -> Iterator[Page]:
    """Pages side by side; the first one tells how many there are."""
    size = settings.page_size
    first = http.get("offset", {"offset": "0", "limit": str(size)})
    total = int(first["total"])
    yield Page(tuple(first["items"]), total=total)

    def page(offset: int) -> Page:
        found = http.get("offset", {"offset": str(offset), "limit": str(size)})
        return Page(tuple(found["items"]), total=total)

    yield from side_by_side(page, range(size, total, size), workers=settings.parallel)


def by_cursor(http: Http) -> Iterator[Page]:
    """One page after the other, as each names the next."""
    cursor, more = "0", True
    while more:
        found = http.get("cursor", {"cursor": cursor})
        yield Page(tuple(found["items"]), cursor=cursor)
        cursor, more = str(found["next"]), bool(found["more"])


def updated(payload: Payload) -> datetime | None:
    """When the ticket was last updated."""
    return instant("updated_at", payload["updated_at"])


@guarded("id")
def rows(payload: Payload, settings: DeskSettings) -> Iterator[Row | Rejected]:
    """A ticket with its service and its segment."""
    key, name = str(payload["id"]), settings.name
    service = service_named(name, payload["service"]["name"], payload["service"]["id"])
    segment = segment_named(name, "location", text_of(payload["site"]) or "?")
    opened = instant("opened_at", payload["opened_at"])
    if opened is None:
        yield Rejected(key, "has no date")
        return
    resolved = instant("resolved_at", payload["resolved_at"])
    yield Ticket(
        id=row_id(name, "ticket", key),
        source=name,
        source_key=key,
        source_updated_at=updated(payload),
        number=payload["number"],
        kind=cast(Any, to_choice(payload["type"], WORDS)),
        kind_raw=payload["type"],
        priority=int(payload["priority"]),
        status=cast(Any, to_choice(payload["state"], WORDS)),
        status_raw=payload["state"],
        opened_at=opened,
        resolved_at=resolved,
        first_resolved_at=resolved,
        closed_at=instant("closed_at", payload["closed_at"]),
        reopened_count=int(payload["reopen_count"]),
        reassigned_count=int(payload["reassignment_count"]),
        service_id=service.id,
        team_id=row_id(name, "team", payload["team"]),
        segment_ids=(segment.id,),
        person_key=text_of(payload["caller"]),
    )
    yield service
    yield segment


CONNECTOR = Connector(
    "slow_desk",
    "Slow desk",
    DeskSettings,
    (
        Stream(
            "tickets",
            ("ticket", "service", "segment"),
            read,
            rows,
            key=lambda payload: str(payload["id"]),
            updated_at=updated,
            people=("caller",),
        ),
    ),
    open=lambda settings: settings.session(),
)


class Desk:
    """Serves pages made beforehand, so that it is never what is waited for."""

    def __init__(self, tickets: int, size: int) -> None:
        chance = random.Random(20_261_128)
        made = [record(number, chance) for number in range(tickets)]
        pages = [made[start : start + size] for start in range(0, tickets, size)]
        self.offset = {
            start * size: json.dumps({"items": page, "total": tickets}).encode() for start, page in enumerate(pages)
        }
        self.cursor = [
            json.dumps({"items": page, "next": number + 1, "more": number + 1 < len(pages)}).encode()
            for number, page in enumerate(pages)
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it closes."""
        chance = random.Random(7)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                parts = urlsplit(head.split(b" ", 2)[1].decode())
                asked = parse_qs(parts.query)
                await asyncio.sleep(chance.uniform(FASTEST, SLOWEST))
                offset, cursor = int(asked.get("offset", ["0"])[0]), int(asked.get("cursor", ["0"])[0])
                body = self.offset[offset] if parts.path == "/offset" else self.cursor[cursor]
                start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main(tickets: int, size: int) -> None:
    """Serve until ended."""
    desk = Desk(tickets, size)
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0, limit=2**20)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
