"""One cell of a table: words to instants, days, numbers, flags. Knows formats; knows no file, no table, no mapping."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

Value = str | int | float | bool | None
"""A cell as it is kept: text as the file has it; numbers and flags where Excel or Parquet keep them as such; true
dates as ISO text with a ``T``; durations as ``h:mm:ss``."""

DATE_FORMATS = (
    "iso",
    "day-first",
    "day-first 12-hour",
    "month-first",
    "month-first 12-hour",
    "epoch-s",
    "epoch-ms",
    "excel-serial",
)
DATES_HELP = ", ".join(DATE_FORMATS) + ", or a pattern such as '%d.%m.%y %H:%M'"
DURATION_UNITS = {"seconds": 1 / 60, "minutes": 1.0, "hours": 60.0, "days": 1440.0}
TRUE_WORDS = frozenset({"true", "yes", "y", "1"})
FALSE_WORDS = frozenset({"false", "no", "n", "0"})

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?")
_OFFSET = re.compile(r"\s*(?:(Z|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)$", re.IGNORECASE)
_PARTS = re.compile(
    r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})"
    r"(?:,?[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:\s*([AaPp])\.?\s?[Mm]\.?)?)?"
)
_DURATION = re.compile(r"(\d+):([0-5]\d)(?::([0-5]\d))?")
LOST_DIGITS = re.compile(r"\d[.,]?\d*E\+\d+")
"""What a spreadsheet leaves of a long number in text: its last digits are gone."""
_EXCEL_DAY_ZERO = datetime(1899, 12, 30)
_EXCEL_DAYS = (1, 2_958_465)  # 1899-12-31 to 9999-12-31
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CellError(ValueError):
    """The cell cannot be read as declared; the text is the reason, written for the person who has the file."""


@dataclass(frozen=True)
class Dates:
    """How dates are written in a column. ``declared`` is one of DATE_FORMATS or a pattern; ``zone`` is where dates
    without an offset are (None: such a date is refused)."""

    declared: str
    zone: ZoneInfo | None

    def instant(self, cell: Value) -> datetime:
        """The cell as a UTC instant; a day without a time is its local midnight.

        A local time that the clock change skips is read with the offset before the change (02:30 becomes 03:30);
        one that happens twice is the first of the two. Raises CellError.
        """
        return _instant(cell, self.declared, self.zone)

    def day(self, cell: Value) -> date:
        """The cell as a day: as written, or, where it carries an offset, the day in ``zone``. Raises CellError."""
        moment = _moment(cell, self.declared)
        return moment.date() if moment.tzinfo is None else moment.astimezone(self.zone or UTC).date()


def wrong_dates(declared: str) -> str | None:
    """Why ``declared`` is no date format, in words; None when it is one."""
    if declared in DATE_FORMATS:
        return None
    if "%" not in declared:
        return f"is not a date format. Allowed: {DATES_HELP}"
    groups = {"the year (%Y or %y)": "Yy", "the month (%m, %b or %B)": "mbB", "the day (%d)": "d"}
    for name, letters in groups.items():
        if not any(f"%{letter}" in declared for letter in letters):
            return f"leaves the date ambiguous: it lacks {name}. Allowed: {DATES_HELP}"
    if "%I" in declared and "%p" not in declared:
        return "leaves the time ambiguous: %I (12-hour) needs %p (AM/PM). Use %H for 24 hours"
    return None


@lru_cache(maxsize=200_000, typed=True)  # logs repeat their instants; a miss costs ten times a hit
def _instant(cell: Value, declared: str, zone: ZoneInfo | None) -> datetime:
    moment = _moment(cell, declared)
    if moment.tzinfo is None:
        if zone is None:
            raise CellError("carries no offset; set timezone, such as timezone = 'Europe/Berlin'")
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise CellError("is outside the years 1 to 9999") from None


def _moment(cell: Value, declared: str) -> datetime:
    """The cell as a datetime, aware where the cell itself says where it is; midnight where it names no time."""
    if isinstance(cell, bool) or cell is None:
        raise CellError(f"is not a date; dates = {declared!r}")
    if declared in _NUMBERED:
        return _NUMBERED[declared](_plain_number(cell, declared))
    if not isinstance(cell, str):
        raise CellError(f"is a number, and dates = {declared!r}; set 'epoch-s', 'epoch-ms' or 'excel-serial'")
    if declared == "iso" or cell[10:11] == "T":
        return _iso(cell)
    if declared in _ORDERED:
        return _ordered(cell, declared)
    try:
        return datetime.strptime(cell, declared)
    except ValueError:
        raise CellError(f"does not follow the pattern dates = {declared!r}") from None


def _plain_number(cell: str | int | float, declared: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise CellError(f"is not a number, and dates = {declared!r} wants one") from None


def _since_epoch(milliseconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        raise CellError("is outside the years 1 to 9999; are seconds and milliseconds mixed up?") from None


def _excel_serial(days: float) -> datetime:
    if not _EXCEL_DAYS[0] <= days <= _EXCEL_DAYS[1]:
        raise CellError("is not a day number of Excel (1 is 1899-12-31, 45292 is 2024-01-01)")
    return _EXCEL_DAY_ZERO + timedelta(seconds=round(days * 86_400))  # a serial's fraction is not exact


_NUMBERED: dict[str, Callable[[float], datetime]] = {
    "epoch-s": lambda number: _since_epoch(number * 1000),
    "epoch-ms": _since_epoch,
    "excel-serial": _excel_serial,
}
_ORDERED = frozenset(name for name in DATE_FORMATS if name.startswith(("day-first", "month-first")))


def _offset(text: str) -> tuple[str, timezone | None]:
    found = _OFFSET.search(text, 10)
    if not found:
        return text, None
    rest = text[: found.start()]
    if found[1]:
        return rest, UTC
    if ":" not in rest:
        return text, None
    minutes = int(found[3]) * 60 + int(found[4] or 0)
    if minutes >= 24 * 60:
        raise CellError("has an offset of a day or more")
    return rest, timezone(timedelta(minutes=minutes if found[2] == "+" else -minutes))


def _iso(cell: str) -> datetime:
    text, offset = _offset(cell)
    if not _ISO.fullmatch(text):
        raise CellError(f"is not an ISO date such as 2024-03-31 09:05{_other_order(text)}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CellError(f"is no date: {error}") from None
    return moment.replace(tzinfo=offset)


def _other_order(text: str) -> str:
    found = _PARTS.fullmatch(text)
    if not found:
        return f"; set dates to one of: {DATES_HELP}"
    first, second = int(found[1]), int(found[2])
    twelve = " 12-hour" if found[7] else ""
    if max(first, second) <= 12:
        return f"; {first} may be the day or the month: set dates = 'day-first{twelve}' or 'month-first{twelve}'"
    return f"; set dates = '{'day' if first > 12 else 'month'}-first{twelve}'"


def _ordered(cell: str, declared: str) -> datetime:
    text, offset = _offset(cell)
    found = _PARTS.fullmatch(text)
    if not found:
        example = "31/03/2024 09:05" if declared.startswith("day") else "03/31/2024 09:05"
        raise CellError(f"is not a date such as {example}; dates = {declared!r}. Allowed: {DATES_HELP}")
    if len(found[3]) == 2:
        raise CellError("has a year of two digits; say which century with a pattern such as dates = '%d/%m/%y %H:%M'")
    day, month = (found[1], found[2]) if declared.startswith("day") else (found[2], found[1])
    hour = _hour(found[4], found[7], declared)
    try:
        moment = datetime(int(found[3]), int(month), int(day), hour, int(found[5] or 0), int(found[6] or 0))
    except ValueError as error:
        hint = ""
        if int(month) > 12 >= int(day):
            hint = f"; is the file {'month' if declared.startswith('day') else 'day'}-first?"
        raise CellError(f"is no date under dates = {declared!r}: {error}{hint}") from None
    return moment.replace(tzinfo=offset)


def _hour(hour: str | None, half: str | None, declared: str) -> int:
    if hour is None:
        return 0
    twelve = declared.endswith("12-hour")
    if twelve and half is None:
        raise CellError(f"lacks AM or PM, and dates = {declared!r} wants it")
    if half is None:
        return int(hour)
    if not twelve:
        raise CellError(f"has AM or PM; set dates = '{declared} 12-hour'")
    if not 1 <= int(hour) <= 12:
        raise CellError(f"has hour {hour} with AM or PM; 1 to 12 is allowed")
    return int(hour) % 12 + (12 if half in "Pp" else 0)


def read_number(cell: Value, *, decimal: str, thousands: str) -> float:
    """The cell as a number: ``decimal`` is the decimal mark, ``thousands`` the grouping mark ('' = none).

    A mark that is not declared is refused, never guessed: ``3,871`` is 3871 or 3.871. Raises CellError.
    """
    if isinstance(cell, bool) or cell is None:
        raise CellError("is not a number")
    if not isinstance(cell, str):
        return float(cell)
    found = _number_pattern(decimal, thousands).fullmatch(cell)
    if not found:
        other = next((mark for mark in ",.'" if mark in cell and mark not in (decimal, thousands)), None)
        hint = f"; decimal is {decimal!r} and thousands {thousands!r}: set decimal or thousands to {other!r}?"
        raise CellError("is not a number" + (hint if other else ""))
    text = cell.replace(thousands, "") if thousands else cell
    return float(text.replace(decimal, "."))


@lru_cache(maxsize=32)
def _number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    some_digit = rf"(?=[+-]?(?:{mark})?\d)"
    return re.compile(rf"{some_digit}[+-]?(?:{grouped}\d+)?(?:{mark}\d*)?(?:[eE][+-]?\d{{1,2}})?")


def read_whole(cell: Value, *, decimal: str, thousands: str) -> int:
    """The cell as a whole number; ``3.0`` is 3, ``3.5`` is refused. Raises CellError."""
    number = read_number(cell, decimal=decimal, thousands=thousands)
    if not number.is_integer():
        raise CellError("is not a whole number")
    return int(number)


def read_duration(cell: Value, *, unit: str, decimal: str, thousands: str) -> float:
    """The cell in minutes: ``h:mm`` or ``h:mm:ss``, or a number of ``unit`` (seconds, minutes, hours, days)."""
    found = _DURATION.fullmatch(cell) if isinstance(cell, str) else None
    if found:
        return int(found[1]) * 60 + int(found[2]) + int(found[3] or 0) / 60
    number = read_number(cell, decimal=decimal, thousands=thousands)
    if number < 0:
        raise CellError("is a negative duration")
    return number * DURATION_UNITS[unit]


def read_flag(cell: Value) -> bool:
    """The cell as yes or no, in English words or 1 and 0; other words come from the configuration. Raises CellError."""
    if isinstance(cell, bool):
        return cell
    word = as_text(cell).lower()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise CellError("is neither yes nor no; declare the word under values, such as 'J' = true")


def as_text(cell: Value) -> str:
    """The cell as text; a whole number has no decimal point and no exponent, so that a key stays a key."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return repr(cell)
