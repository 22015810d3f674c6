"""The demo organisation's Request Tracker: its REST 2.0 interface on loopback, for the real connector to read.

Knows HTTP and records; the world is drawn here, in a process of its own, so that what the changes truly did never
enters the process that estimates it. Ends when its standard input is closed, which is when its parent ends.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.query import Column, QueryError, select
from impact.demo_organisation.records import QUEUES, Records
from impact.demo_organisation.transactions import Transactions
from impact.demo_organisation.world import World, world
from impact.model import SourceUnavailable

ROOT = "/REST/2.0/"
MOST_PER_PAGE, USUAL_PER_PAGE = 100, 20
USER = "dashboard"
START_SECONDS = 120.0
_Rows = NDArray[np.int64]
Fields = tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Answer:
    """A status and what goes out as JSON."""

    status: int
    content: Any


@dataclass(frozen=True)
class _Listing:
    """Records that can be searched: how many, their columns, and how one is written."""

    rows: int
    columns: Mapping[str, Column]
    item: Callable[[int, tuple[str, ...], Mapping[str, tuple[str, ...]]], dict[str, Any]]


class Service:
    """Answers requests as Request Tracker 5 does. No sockets in here."""

    def __init__(self, organisation: World, address: str) -> None:
        self.address = address
        self.records = Records(organisation, address)
        self.transactions = Transactions(self.records)
        self._listings = {
            "tickets": _Listing(self.records.rows, self.records.columns, self.records.item),
            "transactions": _Listing(self.transactions.rows, self.transactions.columns, self.transactions.item),
        }
        self._found: dict[tuple[Any, ...], _Rows] = {}
        self._sequences: dict[tuple[Any, ...], _Rows] = {}

    def answer(self, path: str, arguments: list[tuple[str, str]]) -> Answer:
        """The answer to a GET, or to a POST whose form is among ``arguments``."""
        name = path.removeprefix(ROOT)
        given = dict(arguments)
        names, expand = _fields(given)
        if name in self._listings:
            return self._search(name, path, arguments)
        if name in ("queues", "queues/all"):
            items = [self.records.queue_record(queue, names) for queue in range(len(QUEUES))]
            return Answer(200, self._page(path, arguments, len(items), lambda first, last: items[first:last]))
        if name == "rt":
            return Answer(200, {"Version": "5.0.3", "Plugins": []})
        match = re.fullmatch(r"ticket/(\d+)(/history)?", name)
        if match and 1 <= int(match[1]) <= self.records.rows:
            if match[2]:
                mine = [("query", f"ObjectId = {match[1]}"), *[a for a in arguments if a[0] != "query"]]
                return self._search("transactions", path, mine)
            every = tuple(name for name in names or _WHOLE)
            return Answer(200, self.records.item(int(self.records.row_of[int(match[1]) - 1]), every, expand))
        return Answer(404, {"message": "Not Found"})

    def _search(self, name: str, path: str, arguments: list[tuple[str, str]]) -> Answer:
        listing, given = self._listings[name], dict(arguments)
        order = [value for key, value in arguments if key == "orderby"]
        direction = [value.upper() for key, value in arguments if key == "order"]
        try:
            rows = self._rows(name, listing, given.get("query", ""), tuple(order), tuple(direction))
        except QueryError as error:
            return Answer(400, {"message": f"{error}\n"})
        names, expand = _fields(given)

        def items(first: int, last: int) -> list[dict[str, Any]]:
            return [listing.item(int(row), names, expand) for row in rows[first:last]]

        return Answer(200, self._page(path, arguments, int(rows.size), items))

    def _rows(
        self, name: str, listing: _Listing, query: str, order: tuple[str, ...], direction: tuple[str, ...]
    ) -> _Rows:
        """Rows found, in order; a field that cannot order is left out. Kept, for the next page asks the same."""
        key = (name, query, order, direction)
        if key not in self._found:
            mask = select(query, listing.columns, listing.rows)
            sequence = self._sequence(name, listing, order, direction)
            while len(self._found) >= 16:
                self._found.pop(next(iter(self._found)))
            self._found[key] = sequence[mask[sequence]]
        return self._found[key]

    def _sequence(self, name: str, listing: _Listing, order: tuple[str, ...], direction: tuple[str, ...]) -> _Rows:
        """All rows in the order asked for, then by id."""
        key = (name, order, direction)
        if key not in self._sequences:
            keys = [listing.columns["id"].values]
            for place, field in reversed(list(enumerate(order))):
                column = listing.columns.get(field)
                if column is not None and column.kind != "text":
                    down = direction[place : place + 1] == ("DESC",)
                    keys.append(-column.values if down else column.values)
            self._sequences[key] = np.lexsort(tuple(keys))
        return self._sequences[key]

    def _page(
        self,
        path: str,
        arguments: list[tuple[str, str]],
        total: int,
        items: Callable[[int, int], list[dict[str, Any]]],
    ) -> dict[str, Any]:
        """One page as Request Tracker counts: at most 100 items, empty beyond the end, whole addresses as links."""
        given = dict(arguments)
        per_page = min(MOST_PER_PAGE, _whole(given.get("per_page"), USUAL_PER_PAGE))
        page = _whole(given.get("page"), 1)
        pages = math.ceil(total / per_page)
        found = items((page - 1) * per_page, page * per_page)
        content: dict[str, Any] = {"count": len(found), "total": total, "per_page": per_page, "page": page}
        content["items"], content["pages"] = found, pages or 0.0
        rest = [(key, value) for key, value in arguments if key != "page"]

        def link(to: int) -> str:
            return f"{self.address}{path}?{urlencode([*rest, ('page', str(to))])}"

        if pages and page < pages:
            content["next_page"] = link(page + 1)
        if pages and page > 1:
            content["prev_page"] = link(min(page - 1, pages))
        return content


_WHOLE = (
    "Subject", "Status", "Type", "Queue", "Priority", "Owner", "Requestor", "Created", "LastUpdated", "Starts", "Due",
    "Started", "Resolved", "Told", "TimeWorked", "TimeEstimated", "CustomFields", "_hyperlinks",
)  # fmt: skip


def _whole(text: str | None, usual: int) -> int:
    return int(text) if text and re.fullmatch(r"\d+", text) and int(text) else usual


def _fields(given: Mapping[str, str]) -> Fields:
    """``fields=A,B`` and ``fields[A]=X,Y`` of a request."""
    names = tuple(name for name in given.get("fields", "").split(",") if name)
    expand = {
        key[7:-1]: tuple(name for name in value.split(",") if name)
        for key, value in given.items()
        if key.startswith("fields[") and key.endswith("]")
    }
    return names, expand


class _Asked(BaseHTTPRequestHandler):
    """One connection. ``service`` and ``allowed`` are set by serve()."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    service: Service
    allowed: frozenset[str]

    def do_GET(self) -> None:
        """Answer a search or a record."""
        self._reply([])

    def do_POST(self) -> None:
        """A search whose query comes in the body, as a form."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._reply(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))

    def _reply(self, form: list[tuple[str, str]]) -> None:
        parts = urlsplit(self.path)
        if self.headers.get("Authorization") not in self.allowed:
            answer = Answer(401, {"message": "Unauthorized"})
        elif not parts.path.startswith(ROOT):
            answer = Answer(404, {"message": "Not Found"})
        else:
            answer = self.service.answer(parts.path, [*parse_qsl(parts.query, keep_blank_values=True), *form])
        body = json.dumps(answer.content, separators=(",", ":")).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: a query can hold what nobody else should read."""


def serve(organisation: World, token: str) -> ThreadingHTTPServer:
    """A server on a free loopback port, serving in a thread; end it with shutdown() and server_close()."""
    basic = base64.b64encode(f"{USER}:{token}".encode()).decode()

    class Asked(_Asked):
        allowed = frozenset((f"token {token}", f"Basic {basic}"))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    Asked.service = Service(organisation, f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def running(seed: int, today: date) -> Iterator[tuple[str, str]]:
    """The demo's server in a process of its own: yields its address and a token made for this run.

    Raises SourceUnavailable when it does not start.
    """
    token = f"1-14-{secrets.token_hex(16)}"
    with subprocess.Popen(
        [sys.executable, "-m", "impact.demo_organisation.server"],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        late = threading.Timer(START_SECONDS, process.kill)
        late.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            asked = {"seed": seed, "today": today.isoformat(), "token": token}
            with suppress(BrokenPipeError):  # it has ended already: then it names no port
                process.stdin.write(json.dumps(asked).encode() + b"\n")
            port = process.stdout.readline().decode().strip()
            late.cancel()
            if not port:
                raise SourceUnavailable("The demo's server did not start. Try again; nothing was stored.")
            yield f"http://127.0.0.1:{port}", token
        finally:
            late.cancel()
            process.kill()


def main() -> None:
    """Serve the organisation that standard input describes, until standard input is closed."""
    asked = json.loads(sys.stdin.readline())
    server = serve(world(int(asked["seed"]), date.fromisoformat(asked["today"])), str(asked["token"]))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # connections may still be open; nothing here needs to be written


if __name__ == "__main__":
    main()
