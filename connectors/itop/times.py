"""iTop's times: without an offset, in the server's time zone and the display form of the user that reads. Pure.

OQL takes them in one form, whatever the user's, and ignores an offset; so a moment in a query is local time, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from connectors.values import Unreadable, text_of

DEFAULT_FORMAT = "Y-m-d H:i:s"
LETTERS = {
    **{"d": "%d", "j": "%d", "m": "%m", "n": "%m", "Y": "%Y", "y": "%y"},
    **{"H": "%H", "G": "%H", "h": "%I", "g": "%I", "i": "%M", "s": "%S", "A": "%p", "a": "%p"},
}
"""PHP's letters of numeric dates and what Python calls them."""
QUARTER = timedelta(minutes=15)
LONGEST_REPEAT = 12
"""Quarters of an hour after a moment in which clocks that are set back may show an earlier time again."""


@lru_cache(maxsize=16)
def strptime_format(date_format: str) -> str:
    """PHP's form as Python's. Raises ValueError for a form that leaves something out or has other letters."""
    if any((letter.isalpha() and letter not in LETTERS) or letter == "%" for letter in date_format):
        raise ValueError(date_format)
    if not all(set(date_format) & set(some) for some in ("dj", "mn", "Yy", "HGhg", "i")):
        raise ValueError(date_format)
    return "".join(LETTERS.get(letter, letter) for letter in date_format)


def local(text: str, date_format: str) -> datetime:
    """A time or a day as iTop shows it, without a zone. Raises ValueError for any other text."""
    if date_format == DEFAULT_FORMAT:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None or "T" in text:
            raise ValueError(text)
        return at
    form = strptime_format(date_format)
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return datetime.strptime(text, form.split(" ")[0])


def moment(column: str, value: object, *, zone: tzinfo, date_format: str) -> datetime | None:
    """A value as an instant, UTC; None when it is empty; Unreadable for other text. A local time that comes twice is
    the first of the two."""
    text = text_of(value)
    if text is None or text.startswith("0000-00-00"):
        return None
    try:
        return local(text, date_format).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(
            column,
            value,
            f"not a date in the form {date_format}: give the user that reads the language English and the default date "
            "format, or set date_format to that user's form",
        ) from None


def earliest_local(since: datetime, zone: tzinfo) -> datetime:
    """The lowest local time that any moment from ``since`` on can show: clocks that are set back show some again."""
    quarter = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    later = [quarter + n * QUARTER for n in range(LONGEST_REPEAT + 5)]
    return min(at.astimezone(zone).replace(tzinfo=None) for at in (since, *(at for at in later if at > since)))


def literal(at: datetime) -> str:
    """A local time as OQL takes it."""
    return f"'{at:%Y-%m-%d %H:%M:%S}'"
