"""A small HTTP server on loopback that misbehaves as told. Knows no connector; what it does has tests of its own."""

from __future__ import annotations

import email.utils
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

GOOD = b'{"items": [1, 2]}'
HTML = b"<!DOCTYPE html><html><head><title>Sign in, eva@example.org</title></head><body>Please sign in</body></html>"


@dataclass
class BadServer:
    """Its address, what it was asked so far, and how often each path fails before it answers well."""

    url: str = ""
    other: str = ""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """The paths asked for, in order, without queries."""
        return [urlsplit(path).path for path, _ in self.asked]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is part of the play."""


@contextmanager
def bad_server(other: str = "") -> Iterator[BadServer]:
    """A running server; ``other`` is the address of another one that it sends people to."""
    state = BadServer(other=other)
    server = _Quiet(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: BadServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            state.asked.append((self.path, dict(self.headers)))
            left = state.failures.get(path, 1_000_000)
            state.failures[path] = left - 1
            if left <= 0 or path == "/good":
                self._answer(200, GOOD)
            else:
                getattr(self, f"bad_{path.strip('/').replace('-', '_')}", self.bad_slow)()

        def bad_limited(self) -> None:
            self._answer(429, b"{}")

        def bad_limited_seconds(self) -> None:
            self._answer(429, b"{}", **{"Retry-After": "1"})

        def bad_limited_date(self) -> None:
            soon = email.utils.formatdate(time.time() + 1, usegmt=True)
            self._answer(429, b"{}", **{"Retry-After": soon})

        def bad_limited_nonsense(self) -> None:
            self._answer(429, b"{}", **{"Retry-After": "soon, I hope"})

        def bad_limited_day(self) -> None:
            self._answer(429, b"{}", **{"Retry-After": "86400"})

        def bad_down(self) -> None:
            self._answer(503, b"<html>maintenance</html>", **{"Content-Type": "text/html"})

        def bad_reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def bad_slow(self) -> None:
            time.sleep(1.0)
            self._answer(200, GOOD)

        def bad_short(self) -> None:
            self._answer(200, GOOD[:9], **{"Content-Length": str(len(GOOD))})
            self.close_connection = True

        def bad_truncated(self) -> None:
            self._answer(200, GOOD[:9])

        def bad_html(self) -> None:
            self._answer(200, HTML, **{"Content-Type": "text/html; charset=utf-8"})

        def bad_empty(self) -> None:
            self._answer(200, b"")

        def bad_nothing(self) -> None:
            self.send_response(204)
            self.end_headers()

        def bad_elsewhere(self) -> None:
            self._answer(302, b"", Location=f"{state.other}/good")

        def bad_nearby(self) -> None:
            self._answer(302, b"", Location="/good")

        def bad_circle(self) -> None:
            self._answer(302, b"", Location="/circle")

        def bad_cookie(self) -> None:
            self._answer(200, GOOD, **{"Set-Cookie": "session=secret; Path=/"})

        def bad_unauthorized(self) -> None:
            self._answer(401, b'{"message":"Unauthorized"}')

        def bad_forbidden(self) -> None:
            self._answer(403, b'{"message":"Forbidden"}')

        def bad_missing(self) -> None:
            self._answer(404, b"")

        def bad_query(self) -> None:
            self._answer(400, b'{"message":"Unknown field: eva@example.org"}')

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    return Handler
