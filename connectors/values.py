"""How single values of a record are read: texts, dates, numbers, scores. Pure; knows no vendor and no whole row."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache, wraps
from typing import Any, TypeVar

from connectors import Payload
from impact.model import Rejected, Row

SCORE = re.compile(r"-?\d+(?:[.,]\d+)?")
"""A number at the beginning of a score such as ``4 - good``."""
DAY = re.compile(r"\d{4}-\d\d-\d\d")
LAST_SECOND = time(23, 59, 59)
AMOUNTS = ("planned_cost", "actual_cost", "expected_benefit_hours", "expected_benefit_money")
"""What a change costs and brings."""
Settings = TypeVar("Settings")
Rows = Iterator[Row | Rejected]


class Unreadable(ValueError):
    """A value that cannot be what its field says."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value = column, str(value)[:80]

    def rejection(self, key: str) -> Rejected:
        """The same as what is shown of a record that was left out."""
        return Rejected(key, str(self), column=self.column, value=self.value)


def guarded(key: str) -> Callable[[Callable[[Payload, Settings], Rows]], Callable[[Payload, Settings], Rows]]:
    """The same conversion, where what cannot be read becomes a Rejected under the payload's ``key``; rows before it
    stay."""

    def named(payload: object) -> str:
        return str(mapping(payload).get(key) or "?")

    def guard(convert: Callable[[Payload, Settings], Rows]) -> Callable[[Payload, Settings], Rows]:
        @wraps(convert)
        def convert_or_reject(payload: Payload, settings: Settings) -> Rows:
            try:
                yield from convert(payload, settings)
            except Unreadable as error:
                yield error.rejection(named(payload))
            except (AttributeError, LookupError, TypeError) as error:
                yield Rejected(named(payload), f"the record has an unknown shape ({type(error).__name__})")

        return convert_or_reject

    return guard


def text_of(value: object) -> str | None:
    """A plain value as text; None when it is empty or no plain value."""
    if type(value) is str:  # nearly always
        return value.strip() or None
    return (str(value).strip() or None) if value is not None and not isinstance(value, dict | list) else None


def plain(value: object) -> str | None:
    """A text without markup and with its characters as people read them: ``&#38;`` is &; ``<p>a</p>`` is a."""
    text = text_of(value)
    if text is None:
        return None
    for _ in range(2):  # some systems escape what was escaped before
        text = html.unescape(text)
    return re.sub(r"\s+", " ", re.sub(r"</?[a-zA-Z][^>]*>", " ", text)).strip() or None


def whole(value: object) -> int | None:
    """A whole number that may come as text such as ``#7``, or as ``7.0``; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value).strip().removeprefix("#").removesuffix(".0"))
    except ValueError:
        return None


def number(column: str, value: object) -> float | None:
    """An amount; None when it is not set; Unreadable when it is not a plain number."""
    text = text_of(value)
    if text is None:
        return None
    try:
        found = float(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        found = math.nan
    if isinstance(value, bool) or not math.isfinite(found):
        raise Unreadable(column, value, "not a plain number such as 1250.50")
    return found


def or_error(read: Callable[[str, object], Any], column: str, value: object) -> Any:
    """``read(column, value)`` for records worth more than the value: what is wrong with it comes back, not up."""
    try:
        return read(column, value)
    except Unreadable as error:
        return error


def readable(
    read: Callable[[str, object], Any], columns: Mapping[str, object]
) -> tuple[dict[str, Any], list[Unreadable]]:
    """``read(column, value)`` for columns of a record that is worth more than they are: what could be read, and what is
    wrong with the others."""
    found = {column: or_error(read, column, value) for column, value in columns.items()}
    wrong = [value for value in found.values() if isinstance(value, Unreadable)]
    return {column: value for column, value in found.items() if not isinstance(value, Unreadable)}, wrong


def amounts(said: Callable[[str], object]) -> tuple[dict[str, Any], list[Unreadable]]:
    """What a change costs and brings, where ``said`` gives the value of each: what could be read, and what is wrong
    with the others. The change is worth more than its costs."""
    return readable(number, {name: said(name) for name in AMOUNTS})


def key_of(payload: Payload) -> str:
    """The number of a record under ``id``; Unreadable without one."""
    number = whole(payload.get("id"))
    if number is None:
        raise Unreadable("id", payload.get("id"), "a record without a number")
    return str(number)


def stored_key(payload: Payload) -> str:
    """What a payload has under ``id``, by which it is stored."""
    return str(payload["id"])


def instant(column: str, value: object, zone: tzinfo = UTC) -> datetime | None:
    """A text as an instant, UTC; one without an offset is in ``zone``. None when it is empty; Unreadable, naming
    ``column``, for other text. A local time that the clock change skips is read with the offset before it; one that
    happens twice is the first of the two."""
    text = text_of(value)
    if text is None:
        return None
    try:
        return _instant(text, zone)
    except (ValueError, OverflowError):
        raise Unreadable(column, value, "not a date") from None


@lru_cache(maxsize=65_536)  # a ticket's dates repeat one another, and its last update is read more than once
def _instant(text: str, zone: tzinfo) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = datetime.combine(at, at.time(), zone)  # ``replace`` takes five times as long
    return at.astimezone(UTC)


def day(column: str, value: object) -> date | None:
    """A plain day; None when it is empty; Unreadable for other text."""
    text = text_of(value)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable(column, value, "not a day") from None


def moment(column: str, value: object, zone: tzinfo, at: time = time.min) -> datetime | None:
    """A plain day as its first (or another) moment in ``zone``, or a text with a time of its own; UTC."""
    text = text_of(value)
    if text is None or not DAY.fullmatch(text):
        return instant(column, value, zone)
    named = day(column, text)
    try:
        return datetime.combine(named, at, zone).astimezone(UTC) if named else None
    except OverflowError:
        raise Unreadable(column, value, "a year that is out of range") from None


def day_of(at: datetime | None, zone: tzinfo) -> date | None:
    """The day of an instant in ``zone``."""
    return at.astimezone(zone).date() if at else None


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest known instant."""
    return min((at for at in moments if at), default=None)


def score(column: str, word: str | None, words: Mapping[str, str]) -> float | None:
    """The score of an answer: by the configured words, else the number it begins with. Unreadable for other text."""
    if word is None:
        return None
    said = words.get(word.lower())
    found = SCORE.match(said or word)
    if not found:
        raise Unreadable(column, word, "a score that is no number; name it in values.csat")
    return float(found.group().replace(",", "."))


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; empty for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
