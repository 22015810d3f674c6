"""One pass over the sources: what is stored, in which order, and what a failure leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from impact import sync
from impact.model import (
    SettingsError,
    SourceChanged,
    SourceRefused,
    SourceUnavailable,
    StoreError,
)
from impact.pulling import source
from tests.desks import START, Desk, Office, an_office, stream, ticket


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Offices with one data folder."""
    return an_office(tmp_path / "data", monkeypatch)


def test_every_record_becomes_a_row_and_the_bookmark_moves_to_the_last_one(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(n) for n in range(5)]))]
    report = office.sync()
    (state,) = report.streams
    assert (state.read, state.new, state.changed, state.rejected, state.outcome) == (5, 5, 0, 0, "ok")
    assert state.bookmark_at == START + timedelta(hours=4)
    assert office.tickets() == ["T0", "T1", "T2", "T3", "T4"]
    assert report.exit_code == 0


def test_a_second_pass_asks_from_the_bookmark_and_changes_nothing(office: Office) -> None:
    desk = Desk([ticket(n) for n in range(5)])
    office.desks["desk"] = [stream(desk)]
    office.sync()
    version = office.store.version()
    (state,) = office.sync().streams
    assert desk.asked == [None, START + timedelta(hours=4)]
    assert (state.read, state.new, state.changed, state.unchanged) == (1, 0, 0, 1)
    assert office.store.version() == version


def test_a_full_pass_reads_everything_again(office: Office) -> None:
    desk = Desk([ticket(n) for n in range(3)])
    office.desks["desk"] = [stream(desk)]
    office.sync()
    office.sync(full=True)
    assert desk.asked == [None, None]
    assert office.tickets() == ["T0", "T1", "T2"]


def test_no_person_reaches_the_store_by_name(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(1)]))]
    office.sync()
    raw = [record.payload for batch in office.store.raw() for record in batch]
    (key,) = office.store.snapshot().query("SELECT person_key FROM ticket")["person_key"].to_pylist()
    assert raw[0]["customer"] == key
    assert "person1" not in json.dumps(raw)
    on_disk = b"".join(file.read_bytes() for file in office.home.rglob("*") if file.is_file())
    assert b"person1@example.org" not in on_disk


def test_a_broken_record_is_rejected_with_its_reason_and_stops_nobody(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(0), ticket(1, opened="soon"), ticket(2)]))]
    (state,) = office.sync().streams
    assert (state.rejected, state.outcome) == (1, "ok")
    assert office.tickets() == ["T0", "T2"]
    rejected = office.store.snapshot().query("SELECT key, reason FROM rejected").to_pylist()
    assert rejected[0]["key"] == "1"
    assert "ValueError" in rejected[0]["reason"]


def test_a_record_without_a_readable_key_is_rejected_too(office: Office) -> None:
    broken = ticket(1)
    del broken["id"]
    office.desks["desk"] = [stream(Desk([ticket(0), broken]))]
    (state,) = office.sync().streams
    assert (state.rejected, state.outcome) == (1, "ok")
    assert office.tickets() == ["T0"]


def test_a_mended_record_leaves_the_list_of_rejected_ones(office: Office) -> None:
    desk = Desk([ticket(0, opened="soon")])
    office.desks["desk"] = [stream(desk)]
    office.sync()
    desk.tickets = [ticket(0)]
    office.sync()
    assert office.store.snapshot().query("SELECT * FROM rejected").num_rows == 0
    assert office.tickets() == ["T0"]


def test_a_complaint_about_a_record_that_is_gone_leaves_the_list_once_all_was_read_again(office: Office) -> None:
    desk = Desk([ticket(0), ticket(1, opened="soon")])
    office.desks["desk"] = [stream(desk)]
    office.sync()
    desk.tickets = [ticket(0)]
    office.sync()
    assert office.store.snapshot().query("SELECT key FROM rejected")["key"].to_pylist() == ["1"]
    office.sync(full=True)
    assert office.store.snapshot().query("SELECT key FROM rejected")["key"].to_pylist() == []


def test_a_stream_that_the_settings_do_not_feed_is_passed_over(office: Office) -> None:
    desk = Desk([ticket(0)])
    office.desks["desk"] = [replace(stream(desk), wanted=lambda settings: False)]
    assert office.sync().streams == ()
    assert desk.asked == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SourceUnavailable("desk did not answer"), "failed"),
        (SourceRefused("desk says no"), "refused"),
        (SourceChanged("desk speaks differently"), "failed"),
        (SettingsError("desk has no such sheet"), "failed"),
    ],
)
def test_what_came_before_a_failure_stays_and_the_next_pass_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: str
) -> None:
    monkeypatch.setattr(source, "BATCH_RECORDS", 2)
    desk = Desk([ticket(n) for n in range(6)], fail_after=2, error=error)
    office.desks["desk"] = [stream(desk)]
    (state,) = office.sync().streams
    assert (state.outcome, state.message, state.read) == (outcome, str(error), 4)
    assert (state.bookmark_at, state.complete_at) == (START + timedelta(hours=3), None)
    assert office.tickets() == ["T0", "T1", "T2", "T3"]
    desk.error = None
    report = office.sync()
    assert report.streams[0].complete_at == START + timedelta(hours=5)
    assert office.tickets() == ["T0", "T1", "T2", "T3", "T4", "T5"]
    assert report.exit_code == 0


def test_one_source_that_fails_stops_no_other(office: Office) -> None:
    office.desks["down"] = [stream(Desk(error=SourceUnavailable("down did not answer")))]
    office.desks["up"] = [stream(Desk([ticket(7)]))]
    report = office.sync()
    assert report.failed == ("down",)
    assert report.exit_code == 1
    assert office.tickets() == ["T7"]


def test_a_refused_stream_is_skipped_but_an_unreachable_source_is_given_up(office: Office) -> None:
    refused, gone, never = Desk(error=SourceRefused("no right")), Desk(error=SourceUnavailable("gone")), Desk()
    office.desks["desk"] = [stream(refused, "a"), stream(gone, "b"), stream(never, "c")]
    states = {s.stream: (s.outcome, s.message) for s in office.sync().streams}
    assert states == {"a": ("refused", "no right"), "b": ("failed", "gone"), "c": ("failed", "gone")}
    assert never.asked == []


def test_a_second_sync_at_the_same_time_says_so_and_ends(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(1)]))]
    with office.store.writing(), pytest.raises(StoreError, match="has been writing since"):
        office.sync()
    assert office.sync().exit_code == 0


def test_progress_is_told_and_its_file_is_gone_afterwards(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(n) for n in range(4)]))]
    told: list[sync.Progress] = []
    seen: list[bool] = []

    def listen(progress: sync.Progress) -> None:
        told.append(progress)
        seen.append((office.home / sync.PROGRESS_FILE).exists())

    office.sync(progress=listen)
    assert [(p.read, p.total) for p in told if p.stream == "tickets" and not p.done] == [(2, 4), (4, 4)]
    assert any(seen)
    assert not (office.home / sync.PROGRESS_FILE).exists()


def test_an_unknown_source_or_none_is_a_settings_error(office: Office) -> None:
    with pytest.raises(SettingsError, match="No source is configured"):
        office.sync()
    office.desks["desk"] = [stream(Desk())]
    with pytest.raises(SettingsError, match=r"no source 'disk'.*desk"):
        office.sync(only="disk")


def test_rebuilding_from_raw_gives_the_same_tables(office: Office) -> None:
    office.desks["desk"] = [stream(Desk([ticket(n, team="Night") for n in range(5)]))]
    office.sync()
    read: Callable[[], list[dict[str, Any]]] = lambda: (  # noqa: E731
        office.store.snapshot().query("SELECT * EXCLUDE (fetched_at) FROM ticket ORDER BY id").to_pylist()
    )
    before = read()
    sync.rebuild(office.settings, store=office.store)
    assert read() == before
    assert office.store.snapshot().query("SELECT name FROM team")["name"].to_pylist() == ["Night"]
