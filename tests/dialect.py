"""A loopback server that plays an ITSM's dialect and misbehaves as told. Knows no connector; each dialect is one file
in ``tests/dialects/``, named like the connector that it is for, with a class ``Vendor`` (a ``Dialect``).

The dialect keeps records in the vendor's own form and answers requests from them. What goes wrong on the way (statuses,
pauses, cut lines, half answers, pages of another kind) is done here, the same for all.
"""

from __future__ import annotations

import email.utils
import importlib
import json
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).resolve().parent / "dialects"
BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Update stamp of the first record that ``fill`` makes."""
SIGN_IN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in, eva@example.org</title></head><body>Please sign in</body></html>"
)
SECRET = "s3cr3t-0f-th3-t3st"
"""Part of every credential of ``Dialect.settings``: no log, error or address may contain it."""


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """The first value of a parameter in the address."""
        return next((value for key, value in self.query if key == name), default)

    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))

    def json(self) -> Any:
        """The JSON of the body; None without one."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Reply:
    """What is sent back: ``body`` is bytes, or anything that JSON can hold."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode("utf-8")


class Dialect:
    """What a dialect says and knows; a subclass plays one vendor.

    ``records``: by stream name, the vendor's own records, each as ``make`` made it. ``streams``: the streams that
    ``fill`` knows, the one with most records (tickets) first. ``quirks``: what the vendor does badly just now, of
    ``QUIRKS``; a quirk that its paging cannot have is in ``exempt`` with the reason, and so is a check that does not
    apply.
    """

    QUIRKS = ("short_pages", "repeated_page", "lying_total", "ignores_filter")
    """short_pages: pages hold fewer records than asked for, the second one none, although more follow: records that the
    user may not see are counted and have a place in the list, and are cut out of every page (see ``more``).
    repeated_page: the third page of a list is the second once more. lying_total: the total that the server says is half
    of the truth. ignores_filter: the condition on update stamps has no effect. Each is also the name of its check."""

    kind = ""
    streams: tuple[str, ...] = ()
    exempt: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {stream: [] for stream in self.streams}
        self.quirks: set[str] = set()
        self.expired = False
        """Sessions given out before are no longer valid; a new sign-in makes it False again."""
        self.now = BEGIN
        """The instant of the latest update of any record; the server's clock is never behind it."""

    def settings(self, url: str) -> dict[str, Any]:
        """A section of settings that reads this server, with small pages (about 5 records) and a SECRET."""
        raise AssertionError("a dialect says how it is configured")

    def signed_in(self, request: Request) -> bool:
        """Whether a request carries the right credentials (the wrapper answers 401 otherwise)."""
        raise AssertionError("a dialect knows who may ask")

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        """A record of the vendor, the ``number``-th of its stream, created and updated at ``at``; parents that it names
        exist."""
        raise AssertionError("a dialect makes records")

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        """The source key that the record's main row must get."""
        return str(record["id"])

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        """Set the update stamp of a record, in the vendor's form."""
        raise AssertionError("a dialect stamps records")

    def answer(self, request: Request) -> Reply:
        """The vendor's answer to a request whose credentials are right."""
        raise AssertionError("a dialect answers")

    def error_in_200(self) -> Reply | None:
        """An error told with status 200, as this vendor does; None where it never does."""
        return None

    def refusal(self) -> Reply:
        """The answer to wrong credentials."""
        return Reply({"error": "unauthorized"}, 401)

    # What the checks do with it

    def fill(self, stream: str, count: int, *, every: timedelta = timedelta(seconds=7)) -> list[str]:
        """Add ``count`` records, each ``every`` later than the one before (0: all in one second); their keys."""
        made = []
        for _ in range(count):
            self.now += every
            made.append(self.make(stream, len(self.records[stream]) + 1, self.now))
            self.records[stream].append(made[-1])
        return [self.key(stream, record) for record in made]

    def touch(self, stream: str, index: int) -> str:
        """Somebody edits a record now; its key."""
        self.now += timedelta(seconds=7)
        record = self.records[stream][index]
        self.stamp(stream, record, self.now)
        return self.key(stream, record)

    def remove(self, stream: str, index: int) -> str:
        """Somebody deletes a record for good; its key."""
        return self.key(stream, self.records[stream].pop(index))

    def page(self, rows: Sequence[Any], offset: int, limit: int) -> list[Any]:
        """A page of a list by offset, as the present quirks have it. For vendors that page by a cursor or a key, use it
        with offset 0 on what follows the cursor."""
        if "repeated_page" in self.quirks and offset == 2 * limit:
            offset = limit
            self.quirks.discard("repeated_page")
        places = self._places(rows, limit)
        return [row for row in places[offset : offset + limit] if row is not None]

    def more(self, rows: Sequence[Any], offset: int, limit: int) -> bool:
        """Whether anything follows a page, for vendors that say so. Hidden records count as the vendor counts them."""
        return offset + limit < len(self._places(rows, limit))

    def total(self, rows: Sequence[Any], limit: int = 5) -> int:
        """How many the vendor says there are, hidden records included."""
        return len(rows) // 2 if "lying_total" in self.quirks else len(self._places(rows, limit))

    def _places(self, rows: Sequence[Any], limit: int) -> Sequence[Any]:
        """The list as the vendor counts it: a record that is hidden from the user has a place there (None)."""
        if "short_pages" not in self.quirks or limit < 3:
            return rows
        places: list[Any] = []
        left = iter(rows)
        for row in left:
            if len(places) == limit:  # the second page holds hidden records only
                places += [None] * limit
            places.append(row)
            if len(places) % limit == limit - 2:
                places += [None, None]
        return places


@dataclass
class Faults:
    """What goes wrong on the way. ``first``: the number of good answers before the trouble begins; ``times``: how many
    requests it then hits (None: all). ``kind``: reset, slow, truncated, cut (fewer bytes than announced), html, empty,
    elsewhere (redirect to ``other``), error_in_200, or a status such as 503 with ``headers``."""

    kind: str | int = ""
    first: int = 0
    times: int | None = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    other: str = ""
    slow_seconds: float = 1.0


@dataclass
class Play:
    """A running server: its address, what was asked, and what is to go wrong. ``before``: called with the number of a
    request (from 1) before it is answered, to change records meanwhile. ``clock``: how far its clock is ahead. Whoever
    waits here does it without ``time.sleep``, which checks replace."""

    dialect: Dialect
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    before: Callable[[int], None] = lambda number: None
    clock: timedelta = timedelta(0)
    latency_seconds: float = 0.0
    asked: list[Request] = field(default_factory=list)
    hit: int = 0
    most_at_once: int = 0
    broken: list[str] = field(default_factory=list)
    """Errors of the dialect itself, which are no play."""
    _now: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        """The server's clock, which is never behind the latest update of a record; whole seconds."""
        return max(datetime.now(UTC).replace(microsecond=0) + self.clock, self.dialect.now)

    def time_passes(self) -> None:
        """What happens to records from now on happens at the server's present time."""
        self.dialect.now = self.now()

    def reply(self, request: Request) -> Reply | str:
        """The answer to a request, or the word for a fault that is no answer."""
        with self._guard:
            self.asked.append(request)
            number = len(self.asked)
            self.before(number)
            faults = self.faults
            struck = bool(faults.kind) and number > faults.first and (faults.times is None or self.hit < faults.times)
            self.hit += struck
            if struck and isinstance(faults.kind, int):
                return Reply(b"{}", faults.kind, faults.headers)
            if struck and faults.kind == "error_in_200":
                return self.dialect.error_in_200() or self._good(request)
            return str(faults.kind) if struck else self._good(request)

    def _good(self, request: Request) -> Reply:
        try:
            return self.dialect.answer(request) if self.dialect.signed_in(request) else self.dialect.refusal()
        except Exception:
            self.broken.append(traceback.format_exc())
            return Reply({}, 500)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is part of the play."""


@contextmanager
def playing(dialect: Dialect) -> Iterator[Play]:
    """A running server that plays a dialect."""
    play = Play(dialect)
    server = _Quiet(("127.0.0.1", 0), _handler(play))
    play.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield play
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def dialects() -> tuple[str, ...]:
    """The kinds that have a dialect, by file name."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__"))


def load(kind: str) -> Dialect:
    """A new dialect without records."""
    made = importlib.import_module(f"tests.dialects.{kind}").Vendor()
    assert isinstance(made, Dialect)
    return made


def _handler(play: Play) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms for the client's acknowledgement

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qsl(parts.query, keep_blank_values=True)
            with play._guard:
                play._now += 1
                play.most_at_once = max(play.most_at_once, play._now)
            if play.latency_seconds:
                threading.Event().wait(play.latency_seconds)
            said = play.reply(Request(self.command, parts.path, query, headers, body))
            with play._guard:
                play._now -= 1
            self._say(said if isinstance(said, Reply) else Reply({}), said if isinstance(said, str) else "")

        def _say(self, reply: Reply, fault: str) -> None:
            data, headers = reply.data(), {"Content-Type": "application/json", **reply.headers}
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            if fault == "slow":
                threading.Event().wait(play.faults.slow_seconds)
            if fault == "html":
                data, headers["Content-Type"] = SIGN_IN_PAGE, "text/html; charset=utf-8"
            if fault == "empty":
                data = b""
            if fault == "truncated":
                data = b'{"result": [{"id": 1, "na'
            if fault == "elsewhere":
                self._send(302, b"", {**headers, "Location": f"{play.faults.other}/stolen"})
                return
            if fault == "cut":
                self.close_connection = True
                self._send(200, b'{"result": [', {**headers, "Content-Length": "5000"})
                return
            self._send(reply.status, data, headers)

        def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
            self.send_response_only(status)
            self.send_header("Date", email.utils.format_datetime(play.now(), usegmt=True))
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    return Handler
