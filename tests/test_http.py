"""How systems are asked: against a server that really misbehaves."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.http import Http
from connectors.paging import ahead
from connectors.patience import NO_PATIENCE, Patience
from impact.model import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from tests.bad_server import GOOD, HTML, BadServer, bad_server

TOKEN = "token 1-14-c0ffee"
QUICK = Patience(attempts=3, seconds=5, longest_wait=2, backoff=0.01, jitter=0.01)
PEOPLE = {"query": "Requestor = 'eva@example.org'"}


@pytest.fixture
def other() -> Iterator[BadServer]:
    with bad_server() as server:
        yield server


@pytest.fixture
def server(other: BadServer) -> Iterator[BadServer]:
    with bad_server(other.url) as server:
        yield server


@pytest.fixture
def session(server: BadServer) -> Iterator[Http]:
    session = Http(server.url, headers={"Authorization": TOKEN}, patience=QUICK, timeout=(2, 2))
    yield session
    session.close()


def raw(server: BadServer, path: str) -> tuple[int, dict[str, str], bytes]:
    """What the server answers, read with nothing of ours between."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


# The server really misbehaves


@pytest.mark.parametrize(
    ("path", "status", "header", "body"),
    [
        ("/good", 200, ("Content-Type", "application/json"), GOOD),
        ("/limited", 429, ("Retry-After", None), b"{}"),
        ("/limited-seconds", 429, ("Retry-After", "1"), b"{}"),
        ("/limited-day", 429, ("Retry-After", "86400"), b"{}"),
        ("/limited-nonsense", 429, ("Retry-After", "soon, I hope"), b"{}"),
        ("/down", 503, ("Content-Type", "text/html"), b"<html>maintenance</html>"),
        ("/truncated", 200, ("Content-Length", "9"), GOOD[:9]),
        ("/html", 200, ("Content-Type", "text/html; charset=utf-8"), HTML),
        ("/empty", 200, ("Content-Length", "0"), b""),
        ("/nothing", 204, ("Content-Length", None), b""),
        ("/nearby", 302, ("Location", "/good"), b""),
        ("/cookie", 200, ("Set-Cookie", "session=secret; Path=/"), GOOD),
        ("/unauthorized", 401, ("Content-Type", "application/json"), b'{"message":"Unauthorized"}'),
        ("/query", 400, ("Content-Type", "application/json"), b'{"message":"Unknown field: eva@example.org"}'),
    ],
)
def test_the_bad_server_answers_as_it_should(
    server: BadServer, path: str, status: int, header: tuple[str, str | None], body: bytes
) -> None:
    answered, headers, content = raw(server, path)
    assert (answered, headers.get(header[0]), content) == (status, header[1], body)


def test_the_bad_server_really_resets_connections(server: BadServer) -> None:
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        raw(server, "/reset")


def test_the_bad_server_really_breaks_off(server: BadServer) -> None:
    with pytest.raises(http.client.IncompleteRead):
        raw(server, "/short")


def test_the_bad_server_really_sends_people_elsewhere(server: BadServer, other: BadServer) -> None:
    assert raw(server, "/elsewhere")[1]["Location"] == f"{other.url}/good"
    assert other.url != server.url


def test_the_bad_server_recovers_after_as_many_failures_as_told(server: BadServer) -> None:
    server.failures["/down"] = 2
    assert [raw(server, "/down")[0] for _ in range(3)] == [503, 503, 200]


# What comes of it


@pytest.mark.parametrize(
    "path", ["/limited", "/limited-seconds", "/limited-date", "/limited-nonsense", "/down", "/reset", "/short"]
)
def test_a_passing_failure_is_repeated(server: BadServer, session: Http, path: str) -> None:
    server.failures[path] = 1
    assert session.get(path) == {"items": [1, 2]}
    assert server.paths() == [path, path]


@pytest.mark.parametrize(("path", "requests"), [("/limited", 4), ("/down", 4), ("/reset", 4), ("/short", 3)])
def test_a_lasting_failure_is_given_up_after_a_few_attempts(
    server: BadServer, session: Http, path: str, requests: int
) -> None:
    with pytest.raises(SourceUnavailable, match=path):
        session.get(path)
    assert server.paths() == [path] * requests


def test_a_server_that_does_not_answer_in_time_is_unavailable(server: BadServer) -> None:
    hasty = Http(server.url, patience=NO_PATIENCE, timeout=(2, 0.2))
    with pytest.raises(SourceUnavailable, match="/slow: no answer"):
        hasty.get("/slow")


def test_a_host_where_nobody_listens_is_unavailable(server: BadServer) -> None:
    nobody = Http("http://127.0.0.1:9", patience=NO_PATIENCE)
    with pytest.raises(SourceUnavailable, match="connection refused"):
        nobody.get("/good")


def test_a_server_that_asks_for_a_long_pause_is_left_alone(server: BadServer, session: Http) -> None:
    with pytest.raises(SourceUnavailable, match="asks for a pause of 86400 s"):
        session.get("/limited-day")
    assert server.paths() == ["/limited-day"]


def test_patience_ends_in_time_too(server: BadServer) -> None:
    brief = Http(server.url, patience=Patience(attempts=100, seconds=0.2, backoff=0.05, jitter=0.0))
    with pytest.raises(SourceUnavailable):
        brief.get("/down")
    assert 2 <= len(server.asked) < 10


def test_repeating_can_be_switched_off(server: BadServer) -> None:
    with pytest.raises(SourceUnavailable):
        Http(server.url, patience=NO_PATIENCE).get("/down")
    assert server.paths() == ["/down"]


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/unauthorized", SourceRefused, "answered 401: it does not accept these credentials"),
        ("/forbidden", SourceRefused, "answered 403"),
        ("/missing", SourceChanged, "answered 404"),
        ("/query", SourceChanged, "answered 400: it did not understand the request"),
        ("/truncated", SourceChanged, r"answered 200 without readable JSON \(application/json, 9 bytes, JSON that"),
        ("/html", SourceChanged, r"\(text/html, \d+ bytes, an HTML page\)"),
        ("/empty", SourceChanged, r"\(application/json, 0 bytes, empty\)"),
        ("/circle", SourceChanged, "answered 302"),
    ],
)
def test_a_definite_answer_is_never_repeated_and_told_in_words(
    server: BadServer, session: Http, path: str, error: type[SourceError], said: str
) -> None:
    with pytest.raises(error, match=said):
        session.get(path, PEOPLE)
    assert len(server.asked) == (4 if path == "/circle" else 1)


def test_no_content_is_no_error(session: Http) -> None:
    assert session.get("/nothing") is None


def test_a_missing_record_may_be_expected(session: Http) -> None:
    assert session.get("/missing", missing_ok=True) is None


def test_a_redirect_within_the_same_server_is_followed_with_credentials(server: BadServer, session: Http) -> None:
    assert session.get("/nearby") == {"items": [1, 2]}
    assert [headers.get("Authorization") for _, headers in server.asked] == [TOKEN, TOKEN]


def test_a_redirect_to_another_server_is_refused_and_that_server_hears_nothing(session: Http, other: BadServer) -> None:
    with pytest.raises(SourceRefused, match=f"redirects to {other.url}. Credentials are only sent to"):
        session.get("/elsewhere")
    assert other.asked == []


def test_a_next_page_at_another_server_is_refused_and_that_server_hears_nothing(
    session: Http, other: BadServer
) -> None:
    with pytest.raises(SourceRefused, match="as the place of its next page"):
        session.follow(f"{other.url}/good?page=2")
    assert other.asked == []


@pytest.mark.parametrize("link", ["{url}/good?page=2", "/good?page=2"])
def test_a_next_page_at_the_same_server_is_read_with_credentials(server: BadServer, session: Http, link: str) -> None:
    assert session.follow(link.format(url=server.url)).data == {"items": [1, 2]}
    assert server.asked == [("/good?page=2", server.asked[0][1])]
    assert server.asked[0][1]["Authorization"] == TOKEN


def test_a_name_and_password_are_sent_as_basic_credentials(server: BadServer) -> None:
    Http(server.url, basic=("eva", "geheim"), patience=NO_PATIENCE).get("/good")
    assert server.asked[0][1]["Authorization"] == "Basic ZXZhOmdlaGVpbQ=="


def test_credentials_of_netrc_are_not_used(server: BadServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eva password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Http(server.url, patience=NO_PATIENCE).get("/good")
    assert "Authorization" not in server.asked[0][1]


def test_cookies_are_not_sent_back(server: BadServer, session: Http) -> None:
    session.get("/cookie")
    session.get("/good")
    assert "Cookie" not in server.asked[1][1]


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


def test_a_person_in_a_path_is_not_told(server: BadServer) -> None:
    with pytest.raises(SourceUnavailable, match="/user/…: no answer") as caught:
        Http(server.url, patience=NO_PATIENCE, timeout=(2, 0.1)).get("/user/eva@example.org")
    assert "eva" not in str(caught.value)


def test_the_clock_of_the_server_is_read_from_its_answers(session: Http) -> None:
    assert (session.server_time, session.clock_skew) == (None, None)
    session.get("/good")
    assert session.server_time is not None
    assert session.clock_skew is not None
    assert abs(session.server_time - datetime.now(UTC)) < timedelta(seconds=30)
    assert abs(session.clock_skew) < timedelta(seconds=30)


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
