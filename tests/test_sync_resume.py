"""A pass that breaks off goes on at the page where it stopped, and nothing that was read is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import Page, Stream
from impact import sync
from impact.model import SourceUnavailable
from impact.pulling import source
from impact.pulling.ahead import ReadAhead
from impact.pulling.batch import Keeper
from tests.desks import START, Desk, Office, an_office, stream, ticket


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Offices with one data folder."""
    return an_office(tmp_path / "data", monkeypatch)


@dataclass
class Export:
    """A source read by cursors only: page ``n`` says ``n`` + 1 is next; it breaks off before page ``break_at``."""

    tickets: list[dict[str, Any]]
    break_at: int | None = None
    asked: list[tuple[datetime | None, str | None]] = field(default_factory=list)

    def fetch(self, http: object, settings: object, since: datetime | None) -> Iterator[Page]:
        self.asked.append((since, None))
        yield from self._pages(0)

    def resume(self, http: object, settings: object, since: datetime | None, cursor: str) -> Iterator[Page]:
        self.asked.append((since, cursor))
        yield from self._pages(int(cursor))

    def _pages(self, first: int) -> Iterator[Page]:
        for number in range(first, len(self.tickets)):
            if number == self.break_at:
                raise SourceUnavailable("the export broke off")
            yield Page((self.tickets[number],), cursor=str(number + 1))

    def stream(self) -> Stream:
        return replace(stream(Desk()), fetch=self.fetch, resume=self.resume)


def test_a_broken_pass_goes_on_at_the_cursor_of_the_last_page_that_was_read(office: Office) -> None:
    export = Export([ticket(n) for n in range(5)], break_at=3)
    office.desks["desk"] = [export.stream()]
    (state,) = office.sync().streams
    assert (state.outcome, state.read, state.cursor) == ("failed", 3, "3")
    assert office.tickets() == ["T0", "T1", "T2"]
    export.break_at = None
    (state,) = office.sync().streams
    assert export.asked == [(None, None), (None, "3")]
    assert (state.outcome, state.read) == ("ok", 2)
    assert office.tickets() == ["T0", "T1", "T2", "T3", "T4"]


def test_a_cursor_on_the_last_page_is_given_to_the_next_pass(office: Office) -> None:
    export = Export([ticket(0), ticket(1)])
    office.desks["desk"] = [export.stream()]
    office.sync()
    export.tickets.append(ticket(2))
    (state,) = office.sync().streams
    assert export.asked[-1] == (None, "2")
    assert (state.read, state.new) == (1, 1)


def test_a_pass_without_a_page_keeps_the_cursor(office: Office) -> None:
    export = Export([ticket(0)])
    office.desks["desk"] = [export.stream()]
    for _ in range(3):
        office.sync()
    assert export.asked == [(None, None), (None, "1"), (None, "1")]


def test_a_full_pass_takes_no_notice_of_the_cursor(office: Office) -> None:
    export = Export([ticket(0), ticket(1)])
    office.desks["desk"] = [export.stream()]
    office.sync()
    office.sync(full=True)
    assert export.asked[-1] == (None, None)


def test_pages_that_were_not_yet_stored_are_stored_when_the_source_fails(office: Office) -> None:
    desk = Desk([ticket(n) for n in range(6)], fail_after=2, error=SourceUnavailable("gone"))
    office.desks["desk"] = [stream(desk)]
    (state,) = office.sync().streams
    assert (state.read, state.bookmark_at) == (4, START + timedelta(hours=3))
    assert office.tickets() == ["T0", "T1", "T2", "T3"]


def test_a_pass_that_somebody_stops_keeps_what_was_read_and_says_so(office: Office) -> None:
    def stop_after_two(told: sync.Progress) -> None:
        if told.read == 2 and not told.done:
            raise KeyboardInterrupt

    office.desks["desk"] = [stream(Desk([ticket(n) for n in range(6)]))]
    with pytest.raises(KeyboardInterrupt):
        office.sync(progress=stop_after_two)
    (state,) = office.store.state()
    assert (state.outcome, state.read, state.bookmark_at) == ("failed", 2, START + timedelta(hours=1))
    assert state.message.startswith("Stopped while it was read.")
    office.sync()
    assert len(office.tickets()) == 6


def test_a_fault_inside_a_connector_ends_its_stream_only_and_tells_no_value(office: Office) -> None:
    desk = Desk([ticket(0)], error=KeyError("token=abc"), fail_after=0)
    office.desks["broken"] = [stream(desk, "a"), stream(Desk([ticket(7)]), "b")]
    office.desks["fine"] = [stream(Desk([ticket(8)]))]
    states = {(s.source, s.stream): s for s in office.sync().streams}
    assert {key: state.outcome for key, state in states.items()} == {
        ("broken", "a"): "failed",
        ("broken", "b"): "ok",
        ("fine", "tickets"): "ok",
    }
    told = states["broken", "a"].message
    assert told.startswith("The connector broken failed: KeyError in desks.py line ")
    assert "abc" not in told


def test_a_row_that_cannot_be_stored_is_rejected_and_the_others_are_kept(office: Office) -> None:
    naive = ticket(1, opened="2026-03-02T08:00:00")
    office.desks["desk"] = [stream(Desk([ticket(0), naive, ticket(2), ticket(3)]))]
    (state,) = office.sync().streams
    assert (state.outcome, state.read, state.new, state.rejected) == ("ok", 4, 3, 1)
    (refused,) = office.store.snapshot().query("SELECT key, reason FROM rejected").to_pylist()
    assert refused["key"] == "1"
    assert "an instant without a time zone" in refused["reason"]


def test_a_payload_that_is_no_plain_json_is_rejected_and_the_others_are_kept(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(0), ticket(1, weight=float("nan")), ticket(2)]))]
    (state,) = office.sync().streams
    assert (state.new, state.rejected) == (2, 1)
    assert office.tickets() == ["T0", "T2"]


def test_half_a_character_at_the_end_of_a_cut_text_stops_nothing(office: Office) -> None:
    cut = ticket(1, team="Night \ud83d")
    office.desks["desk"] = [stream(Desk([ticket(0), cut]))]
    (state,) = office.sync().streams
    assert (state.outcome, state.new, state.rejected) == ("ok", 2, 0)
    assert office.store.snapshot().query("SELECT name FROM team")["name"].to_pylist() == ["Night ?"]


# -- pages read ahead ---------------------------------------------------------------------------------------------


def pages(count: int, size: int, read: list[int]) -> Iterator[Page]:
    """Pages of ``size`` records; each notes that it was read."""
    for number in range(count):
        read.append(number)
        yield Page(tuple({"id": n} for n in range(size)), bookmark=START + timedelta(hours=number))


def test_no_more_records_are_read_ahead_than_the_bound_allows() -> None:
    read: list[int] = []
    with ReadAhead(pages(100, 9, read), most=30, patience=30) as ahead:
        coming = iter(ahead)
        first = next(coming)
        assert first is not None
        assert first.bookmark == START
        assert len(read) <= 1 + 3 + 1, "with the caller, waiting, in the reader's hand"
        rest = [page for page in coming if page is not None]
    assert [page.bookmark for page in rest] == [START + timedelta(hours=n) for n in range(1, 100)]


def test_a_page_larger_than_the_bound_comes_all_the_same() -> None:
    with ReadAhead(pages(3, 50, []), most=10, patience=30) as ahead:
        assert [len(page.records) for page in ahead if page] == [50, 50, 50]


def test_while_a_source_is_silent_the_caller_is_woken_to_store_what_it_has() -> None:
    go = threading.Event()

    def slow() -> Iterator[Page]:
        yield Page(({"id": 1},))
        go.wait(60)
        yield Page(({"id": 2},))

    with ReadAhead(slow(), most=10, patience=0.01) as ahead:
        coming = iter(ahead)
        assert next(coming) == Page(({"id": 1},))
        assert next(coming) is None
        go.set()
        assert [page for page in coming if page] == [Page(({"id": 2},))]


def test_an_error_comes_after_the_pages_that_were_read_before_it() -> None:
    def failing() -> Iterator[Page]:
        yield Page(({"id": 1},))
        raise SourceUnavailable("gone")

    seen: list[Page] = []
    with ReadAhead(failing(), most=10, patience=30) as ahead, pytest.raises(SourceUnavailable):
        seen.extend(page for page in ahead if page)
    assert seen == [Page(({"id": 1},))]


def test_a_reader_that_is_given_up_ends_and_closes_its_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[Page]:
        try:
            while True:
                yield Page(({"id": 1},))
        finally:
            closed.set()

    with ReadAhead(endless(), most=10, patience=30) as ahead:
        next(iter(ahead))
    assert closed.is_set()


def test_batches_are_bounded_in_records_and_empty_pages_count_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []
    keep = Keeper.keep

    def counted(self: Keeper, waiting: Any, **rest: Any) -> Any:
        stored.append(len(waiting))
        return keep(self, waiting, **rest)

    monkeypatch.setattr(source, "BATCH_RECORDS", 6)
    monkeypatch.setattr(Keeper, "keep", counted)
    empty = replace(stream(Desk()), fetch=lambda http, own, since: iter([Page(())] * 14))
    office.desks["desk"] = [stream(Desk([ticket(n) for n in range(8)]), "a"), replace(empty, name="b")]
    office.sync()
    assert stored == [2, 2, 6, 6, 2]
