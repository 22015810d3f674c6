"""iTop's times have no offset and its queries ignore one: zones, clock changes and display forms are allowed for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.itop import CONNECTOR
from connectors.itop.times import DEFAULT_FORMAT, earliest_local, local, moment
from connectors.values import Unreadable
from impact.model import Rejected, SourceChanged
from tests.dialects.itop import Vendor, naive
from tests.passes import Case, case

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def at() -> Iterator[Case]:
    with case(CONNECTOR, Vendor) as played:
        yield played


def having(at: Case, **own: Any) -> Case:
    return dataclasses.replace(at, settings=dataclasses.replace(at.settings, **own))


def sentences(at: Case) -> list[str]:
    return list(CONNECTOR.check(CONNECTOR.open(at.settings), at.settings))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("2026-01-15 12:00:00", "2026-01-15 11:00:00"),
        ("2026-07-15 12:00:00", "2026-07-15 10:00:00"),
        ("2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("2026-03-29 03:00:00", "2026-03-29 01:00:00"),
        ("2026-10-25 02:30:00", "2026-10-25 00:30:00"),
        ("2026-10-25 03:00:00", "2026-10-25 02:00:00"),
        ("2026-03-01", "2026-02-28 23:00:00"),
    ],
)
def test_a_time_is_local_to_the_server_whatever_the_season(shown: str, meant: str) -> None:
    assert moment("start_date", shown, zone=PARIS, date_format=DEFAULT_FORMAT) == utc(meant)


@pytest.mark.parametrize("nothing", ["", None, "0000-00-00 00:00:00", " "])
def test_no_date_is_no_date(nothing: object) -> None:
    assert moment("start_date", nothing, zone=PARIS, date_format=DEFAULT_FORMAT) is None


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("d/m/Y H:i:s", "02/03/2026 20:05:09"),
        ("m/d/Y h:i:s A", "03/02/2026 08:05:09 PM"),
        ("j.n.y G:i:s", "2.3.26 20:05:09"),
    ],
)
def test_the_form_of_the_reading_user_can_be_set(form: str, shown: str) -> None:
    assert local(shown, form) == datetime(2026, 3, 2, 20, 5, 9)


@pytest.mark.parametrize("odd", ["02/03/2026 20:05:09", "2026-03-02T20:05:09Z", "yesterday", "9999-99-99 00:00:00", 7])
def test_another_form_is_told_with_what_to_do(odd: object) -> None:
    with pytest.raises(Unreadable, match="language English and the default date format, or set date_format"):
        moment("start_date", odd, zone=PARIS, date_format=DEFAULT_FORMAT)


@pytest.mark.parametrize(
    ("since", "lowest"),
    [
        ("2026-07-15 10:00:00", "2026-07-15 12:00:00"),
        ("2026-10-24 23:59:00", "2026-10-25 01:59:00"),
        ("2026-10-25 00:30:00", "2026-10-25 02:00:00"),  # 02:30 before clocks are set back, 02:00 comes again
        ("2026-10-25 00:59:59", "2026-10-25 02:00:00"),
        ("2026-10-25 01:00:00", "2026-10-25 02:00:00"),
        ("2026-10-25 01:30:00", "2026-10-25 02:30:00"),
        ("2026-03-29 00:59:59", "2026-03-29 01:59:59"),
    ],
)
def test_a_pass_asks_from_the_lowest_local_time_that_may_still_come(since: str, lowest: str) -> None:
    assert earliest_local(utc(since), PARIS) == datetime.fromisoformat(lowest)


def test_queries_carry_local_time_without_an_offset(at: Case) -> None:
    at.dialect.fill("tickets", 1)
    at.read("tickets", utc("2026-07-15 10:10:00"))
    assert any("last_update >= '2026-07-15 12:00:00'" in r.form()["json_data"] for r in at.play.asked)


def test_what_is_edited_in_the_hour_that_comes_twice_is_found_by_the_next_pass(at: Case) -> None:
    at.dialect.now = utc("2026-10-25 00:52:00")
    at.dialect.fill("tickets", 7, every=timedelta(minutes=1))
    first = at.read("tickets")
    at.dialect.now = utc("2026-10-25 01:05:00")  # 02:05 once more, after 02:59
    key = at.dialect.touch("tickets", 2)
    assert at.dialect.records["tickets"][2]["last_update"] == "2026-10-25 02:05:07"
    assert key in at.next(first).keys


def test_a_zone_too_far_west_is_proved_by_updates_in_the_future(at: Case) -> None:
    at.dialect.fill("tickets", 1)
    at.play.time_passes()
    at.dialect.touch("tickets", 0)
    assert not any(text.startswith("PROBLEM") and "future" in text for text in sentences(at))
    told = sentences(having(at, timezone="America/New_York", day_timezone="America/New_York"))
    assert any(text.startswith("PROBLEM 1 of the class UserRequest were updated in the future") for text in told)


def test_no_update_is_passed_over_once_a_zone_too_far_west_is_corrected(at: Case) -> None:
    at.dialect.fill("tickets", 2)
    at.play.time_passes()
    at.dialect.touch("tickets", 0)
    before = having(at, timezone="America/New_York").read("tickets")
    assert before.bookmark is not None
    assert before.bookmark <= at.play.now()
    key = at.dialect.touch("tickets", 1)
    assert key in at.next(before).keys
    assert key in at.read("tickets", before.bookmark + timedelta(hours=6)).keys  # as an earlier version left it


def test_dates_in_the_form_of_another_language_stop_the_pass_and_say_why(at: Case) -> None:
    at.dialect.fill("tickets", 1)
    record = at.dialect.records["tickets"][0]
    record["last_update"] = "02/03/2026 20:05:09"
    error = at.read("tickets", utc("1990-01-01 00:00:00")).error
    assert error is None  # such a text is no later than any year, so iTop gives nothing
    record["last_update"] = "20/03/2026 20:05:09"
    error = at.read("tickets", utc("1990-01-01 00:00:00")).error
    assert isinstance(error, SourceChanged)
    assert "set date_format to that user's form" in str(error)


def test_a_record_with_a_date_in_another_form_is_rejected_with_column_and_value(at: Case) -> None:
    at.dialect.fill("changes", 1)
    at.dialect.records["changes"][0]["start_date"] = "3/2/26"
    [rejected] = at.read("changes").rows
    assert isinstance(rejected, Rejected)
    assert (rejected.column, rejected.value) == ("start_date", "3/2/26")


def test_days_of_work_orders_are_those_of_the_server_unless_another_zone_is_set(at: Case) -> None:
    late = utc("2026-03-01 23:30:00")
    at.dialect.fill("milestones", 1)
    at.dialect.records["milestones"][0]["end_date"] = naive(late)
    [payload] = at.read("milestones").payloads
    stream = at.stream("milestones")
    days = [
        row.due_on.isoformat()
        for zone in ("Europe/Paris", "UTC")
        for row in stream.convert(payload, having(at, day_timezone=zone).settings)
    ]
    assert days == ["2026-03-02", "2026-03-01"]


def test_what_never_got_a_stamp_is_read_by_a_full_pass(at: Case) -> None:
    keys = at.dialect.fill("tickets", 6)
    at.dialect.records["tickets"][2]["last_update"] = ""
    first = at.read("tickets")
    assert sorted(first.keys) == sorted(keys)
    assert first.bookmark == at.dialect.now
    assert "1 of the class Incident have no last_update; they are read by full passes only" in sentences(at)
