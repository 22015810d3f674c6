"""One cell to one value: dates, numbers, durations and flags, each as declared and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.files.cells import (
    CellError,
    Dates,
    as_text,
    read_duration,
    read_flag,
    read_number,
    read_whole,
    wrong_dates,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("declared", "cell", "expected"),
    [
        ("day-first", "29/2/2016 01:16", "2016-02-29T00:16:00"),
        ("day-first", "9-9-2011 9:23", "2011-09-09T07:23:00"),
        ("day-first", "05.02.2012 13:32:57", "2012-02-05T12:32:57"),
        ("day-first 12-hour", "05/02/2012 12:05 am", "2012-02-04T23:05:00"),
        ("month-first", "12/08/2021", "2021-12-07T23:00:00"),
        ("month-first 12-hour", "12/08/2021 03:09:24 PM", "2021-12-08T14:09:24"),
        ("month-first 12-hour", "12/08/2021 12:00:00 PM", "2021-12-08T11:00:00"),
        ("iso", "2024-07-01 09:05", "2024-07-01T07:05:00"),
        ("iso", "2024-07-01", "2024-06-30T22:00:00"),
        ("iso", "2023-01-06T11:06:05Z", "2023-01-06T11:06:05"),
        ("iso", "2020-10-22T18:48:16+02:00", "2020-10-22T16:48:16"),
        ("iso", "2020-10-22 18:48:16.123456 -0530", "2020-10-23T00:18:16.123456"),
        ("day-first", "22/10/2020 18:48 +02:00", "2020-10-22T16:48:00"),
        ("epoch-s", "1700000000", "2023-11-14T22:13:20"),
        ("epoch-ms", 1700000000123, "2023-11-14T22:13:20.123000"),
        ("excel-serial", "45352.4583333", "2024-03-01T10:00:00"),
        ("%d-%b-%y %H:%M", "03-Mar-24 10:00", "2024-03-03T09:00:00"),
        ("%Y%m%d%H%M%z", "202403031000+0500", "2024-03-03T05:00:00"),
        ("month-first", "2024-03-01T10:00:00", "2024-03-01T09:00:00"),
    ],
)
def test_a_date_is_read_as_declared_and_becomes_a_utc_instant(declared: str, cell: str | int, expected: str) -> None:
    assert Dates(declared, BERLIN).instant(cell) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_day_first_and_month_first_read_the_same_cell_differently() -> None:
    assert Dates("day-first", None).day("03/04/2024") == date(2024, 4, 3)
    assert Dates("month-first", None).day("03/04/2024") == date(2024, 3, 4)


def test_a_local_time_skipped_by_the_clock_change_is_read_with_the_offset_before_it() -> None:
    assert Dates("iso", BERLIN).instant("2024-03-31 02:30") == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


def test_a_local_time_that_happens_twice_is_the_first_of_the_two() -> None:
    assert Dates("iso", BERLIN).instant("2024-10-27 02:30") == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert Dates("iso", BERLIN).instant("2024-10-27 03:00") == datetime(2024, 10, 27, 2, 0, tzinfo=UTC)


def test_a_day_is_kept_as_written_unless_the_cell_says_where_it_is() -> None:
    assert Dates("iso", BERLIN).day("2024-07-01 23:30") == date(2024, 7, 1)
    assert Dates("iso", BERLIN).day("2024-07-01T23:30:00Z") == date(2024, 7, 2)


@pytest.mark.parametrize(
    ("declared", "cell", "reason"),
    [
        ("iso", "03/04/2024", "3 may be the day or the month: set dates = 'day-first' or 'month-first'"),
        ("iso", "03/04/2024 5:00 PM", "set dates = 'day-first 12-hour' or 'month-first 12-hour'"),
        ("iso", "25/04/2024", "set dates = 'day-first'"),
        ("iso", "04/25/2024", "set dates = 'month-first'"),
        ("iso", "2024-02-30", "is no date"),
        ("iso", "yesterday", "is not an ISO date"),
        ("day-first", "04/25/2024", "is the file month-first?"),
        ("month-first", "25/04/2024", "is the file day-first?"),
        ("day-first", "5/3/16", "year of two digits"),
        ("day-first", "5/3/2016 3:00 PM", "has AM or PM; set dates = 'day-first 12-hour'"),
        ("day-first 12-hour", "5/3/2016 3:00", "lacks AM or PM"),
        ("day-first 12-hour", "5/3/2016 13:00 PM", "hour 13 with AM or PM"),
        ("day-first", 45352.5, "is a number"),
        ("epoch-s", "soon", "is not a number"),
        ("epoch-s", "1700000000000000", "seconds and milliseconds"),
        ("excel-serial", "99999999", "not a day number of Excel"),
        ("%d.%m.%y", "2024-03-01", "does not follow the pattern"),
        ("iso", "2024-01-01 10:00+99:00", "offset of a day or more"),
    ],
)
def test_a_cell_that_is_no_such_date_says_why_and_what_to_set(declared: str, cell: str | float, reason: str) -> None:
    with pytest.raises(CellError) as caught:
        Dates(declared, BERLIN).instant(cell)
    assert reason in str(caught.value)


def test_a_date_without_offset_and_without_time_zone_is_refused() -> None:
    with pytest.raises(CellError, match="set timezone"):
        Dates("iso", None).instant("2024-03-01 10:00")
    assert Dates("iso", None).instant("2024-03-01 10:00Z") == datetime(2024, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ("dd/mm/yyyy", "is not a date format. Allowed: iso, day-first"),
        ("%d/%m %H:%M", "lacks the year"),
        ("%Y-%d", "lacks the month"),
        ("%Y-%m", "lacks the day"),
        ("%d/%m/%Y %I:%M", "%I (12-hour) needs %p"),
    ],
)
def test_a_format_that_leaves_the_date_ambiguous_is_refused(declared: str, reason: str) -> None:
    assert reason in str(wrong_dates(declared))


def test_every_declared_format_and_full_patterns_are_accepted() -> None:
    assert [wrong_dates(d) for d in ("iso", "month-first 12-hour", "epoch-ms", "%d/%m/%Y %H:%M")] == [None] * 4


@pytest.mark.parametrize(
    ("cell", "decimal", "thousands", "expected"),
    [
        ("3871,691111", ",", "", 3871.691111),
        ("1.234.567,5", ",", ".", 1234567.5),
        ("1'234.5", ".", "'", 1234.5),
        ("-0.5", ".", "", -0.5),
        (".5", ".", "", 0.5),
        ("1E3", ".", "", 1000.0),
        (3871.69, ",", "", 3871.69),
    ],
)
def test_a_number_is_read_with_the_declared_marks(
    cell: str | float, decimal: str, thousands: str, expected: float
) -> None:
    assert read_number(cell, decimal=decimal, thousands=thousands) == expected


@pytest.mark.parametrize("cell", ["3,871", "1,2,3", "12 h", "nan", "inf", "", True, "--1", "1.2.3"])
def test_what_is_not_a_number_with_those_marks_is_refused_and_never_guessed(cell: str | bool) -> None:
    with pytest.raises(CellError, match="is not a number"):
        read_number(cell, decimal=".", thousands="")


def test_a_foreign_decimal_mark_is_named_in_the_reason() -> None:
    with pytest.raises(CellError, match=r"decimal is '\.'.*to ','\?"):
        read_number("3871,691111", decimal=".", thousands="")


def test_groups_must_have_three_digits() -> None:
    with pytest.raises(CellError, match="is not a number"):
        read_number("12.34,5", decimal=",", thousands=".")


def test_a_whole_number_may_be_written_with_a_decimal_point_but_not_with_a_fraction() -> None:
    assert read_whole("3.0", decimal=".", thousands="") == 3
    with pytest.raises(CellError, match="is not a whole number"):
        read_whole("3.5", decimal=".", thousands="")


@pytest.mark.parametrize(
    ("cell", "unit", "minutes"),
    [
        ("90", "seconds", 1.5),
        ("1,5", "hours", 90.0),
        ("2", "days", 2880.0),
        ("36:15", "minutes", 2175.0),
        ("0:01:30", "hours", 1.5),
    ],
)
def test_durations_become_minutes(cell: str, unit: str, minutes: float) -> None:
    assert read_duration(cell, unit=unit, decimal=",", thousands="") == minutes


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(CellError, match="negative"):
        read_duration("-1", unit="hours", decimal=".", thousands="")


def test_a_flag_is_a_known_word_or_refused() -> None:
    assert [read_flag(cell) for cell in ("true", "No", "1", 0, True)] == [True, False, True, False, True]
    with pytest.raises(CellError, match="declare the word under values"):
        read_flag("J")


def test_a_long_number_stays_a_key() -> None:
    assert [as_text(cell) for cell in (123456789012.0, 123456789012, "0042", 1.5, None)] == [
        "123456789012",
        "123456789012",
        "0042",
        "1.5",
        "",
    ]
