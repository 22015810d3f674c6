"""How systems are asked: against a server that really misbehaves (its own tests are those of the dialect)."""

from __future__ import annotations

import email.utils
import logging
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.http import Http
from connectors.paging import ahead, side_by_side
from connectors.patience import NO_PATIENCE, Patience
from impact.model import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from tests.dialect import Dialect, Faults, Play, Reply, Request, playing

GOOD = {"items": [1, 2]}
TOKEN = "token 1-14-c0ffee"
QUICK = Patience(attempts=3, seconds=5, longest_wait=2, backoff=0.01, jitter=0.01)
PEOPLE = {"query": "Requestor = 'eva@example.org'"}


TROUBLE: Mapping[str, tuple[str | int, Mapping[str, str]]] = {
    "/limited": (429, {}),
    "/limited-seconds": (429, {"Retry-After": "1"}),
    "/limited-nonsense": (429, {"Retry-After": "soon, I hope"}),
    "/limited-day": (429, {"Retry-After": "86400"}),
    "/down": (503, {}),
    "/reset": ("reset", {}),
    "/slow": ("slow", {}),
    "/cut": ("cut", {}),
    "/truncated": ("truncated", {}),
    "/html": ("html", {}),
    "/empty": ("empty", {}),
    "/elsewhere": ("elsewhere", {}),
    "/unauthorized": (401, {}),
    "/forbidden": (403, {}),
    "/missing": (404, {}),
}
"""What goes wrong at which address."""


class Plain(Dialect):
    """Says the same to everybody at every address, but for a few."""

    def signed_in(self, request: Request) -> bool:
        return True

    def answer(self, request: Request) -> Reply:
        odd = {
            "/nothing": Reply(b"", 204),
            "/nearby": Reply(b"", 302, {"Location": "/good"}),
            "/circle": Reply(b"", 302, {"Location": "/circle"}),
            "/cookie": Reply(GOOD, 200, {"Set-Cookie": "session=secret; Path=/"}),
            "/query": Reply({"message": "Unknown field: eva@example.org"}, 400),
        }
        return odd.get(request.path, Reply(GOOD))


@pytest.fixture
def other() -> Iterator[Play]:
    with playing(Plain()) as server:
        yield server


@pytest.fixture
def server(other: Play) -> Iterator[Play]:
    """A server in trouble at some addresses: always, or as often as ``faults.times`` says."""
    with playing(Plain()) as server:

        def fall_into_trouble(number: int) -> None:
            kind, headers = TROUBLE.get(server.asked[-1].path, ("", {}))
            if server.asked[-1].path == "/limited-date":
                kind, headers = 429, {"Retry-After": email.utils.formatdate(time.time() + 1, usegmt=True)}
            server.faults = Faults(kind, times=server.faults.times, headers=headers, other=other.url)

        server.faults.times = None
        server.before = fall_into_trouble
        yield server


@pytest.fixture
def session(server: Play) -> Iterator[Http]:
    session = Http(server.url, headers={"Authorization": TOKEN}, patience=QUICK, timeout=(2, 2))
    yield session
    session.close()


def paths(server: Play) -> list[str]:
    return [request.path for request in server.asked]


@pytest.mark.parametrize(
    "path", ["/limited", "/limited-seconds", "/limited-date", "/limited-nonsense", "/down", "/reset", "/cut"]
)
def test_a_passing_failure_is_repeated(server: Play, session: Http, path: str) -> None:
    server.faults.times = 1
    assert session.get(path) == GOOD
    assert paths(server) == [path, path]


@pytest.mark.parametrize(("path", "requests"), [("/limited", 4), ("/down", 4), ("/reset", 4), ("/cut", 3)])
def test_a_lasting_failure_is_given_up_after_a_few_attempts(
    server: Play, session: Http, path: str, requests: int
) -> None:
    with pytest.raises(SourceUnavailable, match=path):
        session.get(path)
    assert paths(server) == [path] * requests


def test_a_server_that_does_not_answer_in_time_is_unavailable(server: Play) -> None:
    hasty = Http(server.url, patience=NO_PATIENCE, timeout=(2, 0.2))
    with pytest.raises(SourceUnavailable, match="/slow: no answer"):
        hasty.get("/slow")


def test_a_host_where_nobody_listens_is_unavailable(server: Play) -> None:
    nobody = Http("http://127.0.0.1:9", patience=NO_PATIENCE)
    with pytest.raises(SourceUnavailable, match="connection refused"):
        nobody.get("/good")


def test_a_server_that_asks_for_a_long_pause_is_left_alone(server: Play, session: Http) -> None:
    with pytest.raises(SourceUnavailable, match="asks for a pause of 86400 s"):
        session.get("/limited-day")
    assert paths(server) == ["/limited-day"]


def test_patience_ends_in_time_too(server: Play) -> None:
    brief = Http(server.url, patience=Patience(attempts=100, seconds=0.2, backoff=0.05, jitter=0.0))
    with pytest.raises(SourceUnavailable):
        brief.get("/down")
    assert 2 <= len(server.asked) < 10


def test_repeating_can_be_switched_off(server: Play) -> None:
    with pytest.raises(SourceUnavailable):
        Http(server.url, patience=NO_PATIENCE).get("/down")
    assert paths(server) == ["/down"]


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/unauthorized", SourceRefused, "answered 401: it does not accept these credentials"),
        ("/forbidden", SourceRefused, "answered 403"),
        ("/missing", SourceChanged, "answered 404"),
        ("/query", SourceChanged, "answered 400: it did not understand the request"),
        ("/truncated", SourceChanged, r"answered 200 without readable JSON \(application/json, \d+ bytes, JSON that"),
        ("/html", SourceChanged, r"\(text/html, \d+ bytes, an HTML page\)"),
        ("/empty", SourceChanged, r"\(application/json, 0 bytes, empty\)"),
        ("/circle", SourceChanged, "answered 302"),
    ],
)
def test_a_definite_answer_is_never_repeated_and_told_in_words(
    server: Play, session: Http, path: str, error: type[SourceError], said: str
) -> None:
    with pytest.raises(error, match=said):
        session.get(path, PEOPLE)
    assert len(server.asked) == (4 if path == "/circle" else 1)


def test_no_content_is_no_error(session: Http) -> None:
    assert session.get("/nothing") is None


def test_a_missing_record_may_be_expected(session: Http) -> None:
    assert session.get("/missing", missing_ok=True) is None


def test_a_redirect_within_the_same_server_is_followed_with_credentials(server: Play, session: Http) -> None:
    assert session.get("/nearby") == GOOD
    assert [request.headers.get("authorization") for request in server.asked] == [TOKEN, TOKEN]


def test_a_redirect_to_another_server_is_refused_and_that_server_hears_nothing(session: Http, other: Play) -> None:
    with pytest.raises(SourceRefused, match=f"redirects to {other.url}. Credentials are only sent to"):
        session.get("/elsewhere")
    assert other.asked == []


def test_a_next_page_at_another_server_is_refused_and_that_server_hears_nothing(session: Http, other: Play) -> None:
    with pytest.raises(SourceRefused, match="as the place of its next page"):
        session.follow(f"{other.url}/good?page=2")
    assert other.asked == []


@pytest.mark.parametrize("link", ["{url}/good?page=2", "/good?page=2"])
def test_a_next_page_at_the_same_server_is_read_with_credentials(server: Play, session: Http, link: str) -> None:
    assert session.follow(link.format(url=server.url)).data == GOOD
    (asked,) = server.asked
    assert (asked.path, asked.query) == ("/good", [("page", "2")])
    assert asked.headers["authorization"] == TOKEN


def test_a_name_and_password_are_sent_as_basic_credentials(server: Play) -> None:
    Http(server.url, basic=("eva", "geheim"), patience=NO_PATIENCE).get("/good")
    assert server.asked[0].headers["authorization"] == "Basic ZXZhOmdlaGVpbQ=="


def test_credentials_of_netrc_are_not_used(server: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eva password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Http(server.url, patience=NO_PATIENCE).get("/good")
    assert "authorization" not in server.asked[0].headers


def test_cookies_are_not_sent_back(server: Play, session: Http) -> None:
    session.get("/cookie")
    session.get("/good")
    assert "cookie" not in server.asked[1].headers


@pytest.mark.parametrize("path", ["/limited", "/down", "/reset", "/html", "/query", "/unauthorized", "/elsewhere"])
def test_neither_tokens_nor_queries_nor_people_are_told(
    session: Http, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError) as caught:
        session.get(path, PEOPLE)
    told = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert [word for word in ("c0ffee", "eva", "Requestor", "query=") if word in told] == []
    assert path in caplog.text  # the log was really written


def test_a_person_in_a_path_is_not_told(server: Play) -> None:
    server.faults.kind, server.before = 503, lambda number: None
    with pytest.raises(SourceUnavailable, match="/user/… answered 503") as caught:
        Http(server.url, patience=NO_PATIENCE).get("/user/eva@example.org")
    assert "eva" not in str(caught.value)


def test_the_clock_of_the_server_is_read_from_its_answers(session: Http) -> None:
    assert (session.server_time, session.clock_skew) == (None, None)
    session.get("/good")
    assert session.server_time is not None
    assert session.clock_skew is not None
    assert abs(session.server_time - datetime.now(UTC)) < timedelta(seconds=30)
    assert abs(session.clock_skew) < timedelta(seconds=30)


def test_what_is_on_its_way_while_another_thread_signs_in_again_keeps_its_session() -> None:
    set_out, signing_in_again, arrived = threading.Event(), threading.Event(), threading.Event()
    opened: list[int] = []

    class Sessions(Plain):
        """At /over the first session is over."""

        def signed_in(self, request: Request) -> bool:
            return request.path != "/over" or request.headers["session"] == "2"

        def answer(self, request: Request) -> Reply:
            if request.path == "/long":
                arrived.set()
            return Reply(GOOD)

    def sign_in(http: Http) -> Mapping[str, str]:
        opened.append(1)
        http.get("sign-in")
        if len(opened) == 2:
            signing_in_again.set()
            assert arrived.wait(5)
        return {"Session": str(len(opened))}

    def slowly() -> Iterator[tuple[str, str]]:
        """Parameters that are ready only when the other thread signs in."""
        set_out.set()
        assert signing_in_again.wait(5)
        yield "page", "1"

    with playing(Sessions()) as server, ThreadPoolExecutor(1) as threads:
        http = Http(server.url, sign_in=sign_in, patience=NO_PATIENCE)
        long = threads.submit(http.get, "long", slowly())
        assert set_out.wait(5)
        assert http.get("over") == long.result(5) == GOOD
        http.close()
    sent = [(request.path, request.headers.get("session")) for request in server.asked]
    assert sent == [("/sign-in", None), ("/over", "1"), ("/sign-in", None), ("/long", "1"), ("/over", "2")]


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_requests_are_on_their_way_than_allowed_however_many_threads_ask(server: Play, at_once: int) -> None:
    server.latency_seconds = 0.01
    http = Http(server.url, patience=NO_PATIENCE, at_once=at_once)
    assert list(side_by_side(http.get, ["/good"] * 12, workers=6)) == [GOOD] * 12
    assert server.most_at_once == at_once


# Reading ahead


def test_reading_ahead_gives_the_same_pages_in_the_same_order() -> None:
    assert list(ahead(number for number in range(5))) == [0, 1, 2, 3, 4]


def test_an_error_while_reading_ahead_comes_after_the_pages_before_it() -> None:
    def pages() -> Generator[int, None, None]:
        yield 1
        raise SourceUnavailable("gone")

    reading = ahead(pages())
    assert next(reading) == 1
    with pytest.raises(SourceUnavailable, match="gone"):
        next(reading)


def test_reading_ahead_can_be_ended_early() -> None:
    closed = []

    def pages() -> Generator[int, None, None]:
        try:
            while True:
                yield len(closed)
        finally:
            closed.append("closed")

    reading = ahead(pages())
    next(reading)
    reading.close()
    assert closed == ["closed"]
