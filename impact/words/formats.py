"""How numbers, dates and amounts read on screen. Knows no metric, no verdict and no layout.

Unknown values read "unknown", never 0; negative numbers carry a typographic minus, and there is no minus zero.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, so that no line breaks there."""
UNKNOWN = "unknown"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators: 24,918; −3.5; unknown for None, NaN and infinity."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return f"{MINUS if negative else ''}{text}"


def level(value: float | None, *, like: float | None = None) -> str:
    """A level with about three digits: 1,234; 41.2; 0.35; under 0.01 for something smaller that is not zero. ``like``:
    another level that decides the digits, so that two values side by side have the same."""
    if value is None or not math.isfinite(value) or value == 0:
        return number(value)
    size = abs(value if like is None else like)
    digits = 0 if size >= 99.95 else 1 if size >= 0.995 else 2
    smallest = 10.0**-digits
    return f"under {number(smallest, digits)}" if 0 < value < smallest / 2 else number(value, digits)


def percent(ratio: float | None, digits: int = 0) -> str:
    """A share of 0..1 in percent: 12 %. Never rounds something to nothing, or almost all to all."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    step, text = 10.0**-digits, number(ratio * 100, digits)
    if ratio > 0 and text == number(0, digits):
        return f"under {number(step, digits)}{SPACE}%"
    if ratio < 1 and text == number(100, digits):
        return f"over {number(100 - step, digits)}{SPACE}%"
    return f"{text}{SPACE}%"


def duration(minutes: float | None, *, like: float | None = None) -> tuple[str, str]:
    """A duration and its unit; minutes below 90, else hours. ``like``: another duration that decides the unit, so
    that two values side by side share it."""
    if minutes is None or not math.isfinite(minutes):
        return UNKNOWN, ""
    if (minutes if like is None else like) < 90:
        text = "under 1" if 0 < minutes < 0.5 else number(minutes)
        return text, "minute" if text.endswith("1") and minutes < 2 else "minutes"
    text = level(minutes / 60, like=None if like is None else like / 60)
    return text, "hour" if text in ("1", "1.0") else "hours"


def plural(count: float, one: str, many: str | None = None, *, digits: int = 0) -> str:
    """A count with its noun: 1 ticket, 2 tickets, 0 tickets. ``many`` where it is not ``one`` with an s."""
    text = number(count, digits)
    return f"{text} {one if text in ('1', MINUS + '1') else (many or one + 's')}"


def days(count: int) -> str:
    """A number of days: 1 day, 35 days."""
    return plural(count, "day")


def when(day: date | None) -> str:
    """A date: 7 Sep 2026, the same in every locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day is not None else "no date"


def day_month(day: date) -> str:
    """A day whose year is told nearby: 7 Sep."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def unbroken(text: str) -> str:
    """The same text, kept on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def span(first: date, last: date) -> str:
    """A period, its year and month named once where they are the same: 7 to 20 Sep 2026."""
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {when(last)}" if first != last else when(last)
    if first.year == last.year:
        return f"{first.day} {MONTHS[first.month - 1]} to {when(last)}"
    return f"{when(first)} to {when(last)}"


def at(instant: datetime | None, zone: str = "UTC") -> str:
    """An instant as a person of that time zone reads it: 23 Nov 2026, 09:40."""
    if instant is None:
        return "never"
    aware = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo("UTC"))
    local = aware.astimezone(ZoneInfo(zone))
    return f"{when(local.date())}, {local:%H:%M}"


def listed(items: list[str] | tuple[str, ...], most: int = 4) -> str:
    """Items as a person lists them: A; A and B; A, B and C; and, when there are many, how many more."""
    if len(items) > most:
        return f"{', '.join(items[: most - 1])} and {len(items) - most + 1} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$:^])")
_ADDRESS = re.compile(r"(?<=http)(?=s?\\:)|(?<=ww)(?=w\.)|(?<=[\w.+-])(?=@[\w\\])", re.IGNORECASE)
"""Where an address of the web or of mail is taken apart; no backslash or entity keeps it from becoming a link."""
NOTHING = ":small[]"
"""An empty piece of small print: Streamlit draws nothing, and text is copied without it."""


def plain(text: str) -> str:
    """Text from a source, made safe where Streamlit reads Markdown: no emphasis, link, picture or formula comes out of
    it, also of no bare address."""
    return _ADDRESS.sub(NOTHING, _MARKS.sub(r"\\\1", " ".join(text.split())))


LONGEST_QUOTE = 200


def quoted(asked: str) -> str:
    """What an address or a person asked for, in quotes and as code: nothing in it is read as Markdown, and an address
    of the web in it is no link either. Long ones are cut."""
    text = repr(asked if len(asked) <= LONGEST_QUOTE else f"{asked[:LONGEST_QUOTE]} …")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}"
