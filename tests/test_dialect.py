"""The server that plays a vendor really misbehaves as it is told. Read with nothing of ours between."""

from __future__ import annotations

import email.utils
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.dialect import BEGIN, SECRET, SIGN_IN_PAGE, Dialect, Faults, Play, Reply, Request, playing

GOOD = {"items": [1, 2]}


class Plain(Dialect):
    """Says the same to whoever has the secret, with an error of its own at one address."""

    streams = ("tickets",)

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("x-key") == SECRET

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        return {"id": number, "at": at}

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["at"] = at

    def error_in_200(self) -> Reply:
        return Reply({"error": "no"})

    def answer(self, request: Request) -> Reply:
        if request.path == "/broken":
            raise KeyError("the dialect itself")
        return Reply({"said": request.json() or request.form()} if request.method == "POST" else GOOD)


@pytest.fixture
def play() -> Iterator[Play]:
    with playing(Plain()) as play:
        yield play


def ask(play: Play, path: str = "/good", *, method: str = "GET", body: str = "", key: str = SECRET) -> Any:
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection(play.url.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, body=body.encode(), headers={"X-Key": key})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_it_answers_who_signs_in_and_nobody_else(play: Play) -> None:
    assert json.loads(ask(play)[2]) == GOOD
    assert ask(play, key="wrong")[0] == 401
    assert [request.path for request in play.asked] == ["/good", "/good"]


def test_it_hears_parameters_forms_and_json(play: Play) -> None:
    ask(play, "/list?page=2&tag=a&tag=b&empty=")
    assert play.asked[0].query == [("page", "2"), ("tag", "a"), ("tag", "b"), ("empty", "")]
    assert (play.asked[0].get("page"), play.asked[0].get("tag"), play.asked[0].get("none")) == ("2", "a", "")
    assert json.loads(ask(play, method="POST", body='{"a": 1}')[2]) == {"said": {"a": 1}}


@pytest.mark.parametrize(
    ("kind", "status", "content"),
    [
        (429, 429, b"{}"),
        (503, 503, b"{}"),
        ("truncated", 200, b'{"result": [{"id": 1, "na'),
        ("html", 200, SIGN_IN_PAGE),
        ("empty", 200, b""),
        ("error_in_200", 200, b'{"error": "no"}'),
    ],
)
def test_a_fault_strikes_as_often_as_told_after_as_many_good_answers(
    play: Play, kind: str | int, status: int, content: bytes
) -> None:
    play.faults = Faults(kind, first=1, times=2, headers={"Retry-After": "7"})
    answers = [ask(play) for _ in range(4)]
    good = (200, json.dumps(GOOD).encode())
    assert [(answer[0], answer[2]) for answer in answers] == [good, (status, content), (status, content), good]
    assert play.hit == 2
    assert answers[1][1].get("Retry-After") == ("7" if isinstance(kind, int) else None)


def test_it_really_resets_connections(play: Play) -> None:
    play.faults = Faults("reset")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask(play)


def test_it_really_breaks_off(play: Play) -> None:
    play.faults = Faults("cut")
    with pytest.raises(http.client.IncompleteRead):
        ask(play)


def test_it_really_sends_people_elsewhere(play: Play) -> None:
    play.faults = Faults("elsewhere", other="http://127.0.0.1:9")
    status, headers, _ = ask(play)
    assert (status, headers["Location"]) == (302, "http://127.0.0.1:9/stolen")


def test_it_really_is_slow(play: Play) -> None:
    play.faults = Faults("slow", slow_seconds=30.0)
    connection = http.client.HTTPConnection(play.url.removeprefix("http://"), timeout=0.1)
    connection.request("GET", "/good")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_its_clock_can_be_wrong_and_is_never_behind_its_records(play: Play) -> None:
    play.clock = timedelta(minutes=10)
    ahead = email.utils.parsedate_to_datetime(ask(play)[1]["Date"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < ahead < timedelta(minutes=11)
    play.dialect.now = datetime(2990, 1, 1, tzinfo=UTC)
    assert email.utils.parsedate_to_datetime(ask(play)[1]["Date"]) == datetime(2990, 1, 1, tzinfo=UTC)


def test_it_counts_how_many_ask_at_once(play: Play) -> None:
    play.latency_seconds = 0.3
    threads = [threading.Thread(target=ask, args=(play,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert play.most_at_once == 3


def test_something_can_happen_before_a_request_is_answered(play: Play) -> None:
    play.before = lambda number: play.dialect.quirks.add(f"request {number}")
    ask(play)
    ask(play)
    assert play.dialect.quirks == {"request 1", "request 2"}


def test_an_error_of_the_dialect_itself_is_kept_and_no_play(play: Play) -> None:
    assert ask(play, "/broken")[0] == 500
    assert "the dialect itself" in play.broken[0]


def test_records_are_made_touched_and_removed() -> None:
    vendor = Plain()
    assert vendor.fill("tickets", 2) == ["1", "2"]
    assert vendor.fill("tickets", 1, every=timedelta(0)) == ["3"]
    assert [record["at"] - BEGIN for record in vendor.records["tickets"]] == [timedelta(seconds=s) for s in (7, 14, 14)]
    assert vendor.touch("tickets", 0) == "1"
    assert vendor.records["tickets"][0]["at"] == BEGIN + timedelta(seconds=21)
    assert vendor.remove("tickets", 1) == "2"
    assert [record["id"] for record in vendor.records["tickets"]] == [1, 3]


def pages(vendor: Dialect, rows: range) -> tuple[list[list[int]], int]:
    """All pages of five by offset, and the total."""
    found, offset = [vendor.page(rows, 0, 5)], 0
    while vendor.more(rows, offset, 5):
        offset += 5
        found.append(vendor.page(rows, offset, 5))
    return found, vendor.total(rows)


@pytest.mark.parametrize(
    ("quirk", "expected", "total"),
    [
        ("", [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12]], 13),
        ("short_pages", [[0, 1, 2], [], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12]], 26),
        ("repeated_page", [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [5, 6, 7, 8, 9]], 13),
        ("lying_total", [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12]], 6),
    ],
)
def test_pages_have_their_quirks(quirk: str, expected: list[list[int]], total: int) -> None:
    vendor = Plain()
    vendor.quirks = {quirk}
    assert pages(vendor, range(13)) == (expected, total)
    if quirk == "repeated_page":
        assert vendor.page(range(13), 10, 5) == [10, 11, 12]  # asked for again, it is right
