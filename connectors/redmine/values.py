"""How single values of a Redmine record are read: dates, numbers, words, events. Knows no whole row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, cast

from connectors import Payload
from connectors.redmine.queries import instant, whole
from connectors.redmine.settings import RedmineSettings
from connectors.redmine.words import RULES
from impact.model import END_OF_KIND, MilestoneKind, row_id

SCORE = re.compile(r"-?\d+(?:[.,]\d+)?")
"""A number at the beginning of a score such as ``4 - good``."""
DAY = re.compile(r"\d{4}-\d\d-\d\d")
LAST_SECOND = time(23, 59, 59)
Event = tuple[datetime, Mapping[str, Any]]


class Unreadable(ValueError):
    """A value that cannot be what its field says."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value = column, str(value)[:80]


def key_of(payload: Payload) -> str:
    """The number of an issue; Unreadable without one."""
    number = whole(payload.get("id"))
    if number is None:
        raise Unreadable("id", payload.get("id"), "a record without a number")
    return str(number)


def common(payload: Payload, settings: RedmineSettings, table: str) -> dict[str, Any]:
    """What every row made of an issue carries."""
    key = key_of(payload)
    return {
        "id": row_id(settings.name, table, key),
        "source": settings.name,
        "source_key": key,
        "url": f"{settings.url.rstrip('/')}/issues/{key}" if settings.web_links else None,
        "source_updated_at": date_in(payload, "updated_on"),
    }


def reader(payload: Payload) -> Callable[[str], str | None]:
    """A function that gives the first value of a canonical field; None where it is not set."""
    return lambda name: next(iter(values_of(payload, name)), None)


def values_of(payload: Payload, name: str) -> list[str]:
    """All values of a canonical field, without empty ones."""
    found = (payload.get("fields") or {}).get(name)
    return [text for text in map(text_of, found) if text] if isinstance(found, list) else []


def name_in(payload: Payload, key: str) -> str | None:
    """The name of what the record names under ``key``, such as its status."""
    value = payload.get(key)
    return text_of(value.get("name")) if isinstance(value, Mapping) else None


def meaning(name: object, closed: object, settings: RedmineSettings, part: str) -> str:
    """A status in our words: the configured or built-in ones, else by whether it is closed.

    A closed status that nobody knows may be a rejection: it makes no change and no milestone done.
    """
    known = settings.words[f"{part}_status"].get(str(name).strip().lower())
    if known:
        return known
    if part == "change" or not isinstance(closed, bool):
        return "other"
    return ("closed" if part == "ticket" else "other") if closed else "open"


def status_of(payload: Payload, settings: RedmineSettings, part: str) -> tuple[str, str | None]:
    """Our word and the source's own for the status of an issue."""
    raw = name_in(payload, "status")
    return meaning(raw, is_closed(payload), settings, part) if raw else "other", raw


def is_closed(payload: Payload) -> bool | None:
    """Whether the issue is closed, as Redmine itself sees it."""
    status = payload.get("status")
    closed = status.get("is_closed") if isinstance(status, Mapping) else None
    return closed if isinstance(closed, bool) else None


def closed_at(payload: Payload) -> datetime | None:
    """When the issue was closed, while it is: Redmine keeps the date when an issue is opened again."""
    return date_in(payload, "closed_on") if is_closed(payload) else None


def events_of(payload: Payload, kind: str) -> list[Event]:
    """(when, what) of the events of a kind, oldest first."""
    found = []
    for event in payload.get("history") or ():
        at = date_in(event, "at") if event.get("kind") == kind else None
        if at:
            found.append((at, event))
    return sorted(found, key=lambda event: event[0])


def moves(payload: Payload, settings: RedmineSettings, part: str) -> list[tuple[datetime, str, str]]:
    """(when, from, to) of the status changes in our words, and the source's own for where it went, oldest first."""
    return [
        (at, _meant(event.get("old"), settings, part), _meant(event.get("new"), settings, part))
        for at, event in events_of(payload, "status")
    ]


def _meant(status: object, settings: RedmineSettings, part: str) -> str:
    if not isinstance(status, Mapping):
        return "other"
    return meaning(status.get("name"), status.get("is_closed"), settings, part)


def date_in(payload: Mapping[str, Any], column: str) -> datetime | None:
    """An instant of the record, UTC; None when it is not set; Unreadable for other text."""
    try:
        return instant(payload.get(column))
    except (ValueError, OverflowError):
        raise Unreadable(column, payload.get(column), "not a date") from None


def day_in(payload: Mapping[str, Any], column: str) -> date | None:
    """A plain day of the record; None when it is not set; Unreadable for other text."""
    text = payload.get(column)
    if text in (None, ""):
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Unreadable(column, text, "not a day") from None


def instant_of_day(day: date | None, settings: RedmineSettings, at: time = time.min) -> datetime | None:
    """The first (or another) moment of a day in the configured zone, UTC."""
    if day is None:
        return None
    try:
        return datetime.combine(day, at, settings.zone).astimezone(UTC)
    except OverflowError:
        raise Unreadable("day", day, "a year that is out of range") from None


def moment(column: str, text: str | None, settings: RedmineSettings, at: time = time.min) -> datetime | None:
    """A custom field as an instant: a day in the configured zone, or a time of its own. Unreadable for other text."""
    if text is None:
        return None
    if DAY.fullmatch(text):
        return instant_of_day(day_in({column: text}, column), settings, at)
    return date_in({column: text}, column)


def day_of(at: datetime | None, settings: RedmineSettings) -> date | None:
    """The day of an instant in the configured zone."""
    return at.astimezone(settings.zone).date() if at else None


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest known instant."""
    return min((at for at in moments if at), default=None)


def amount_or_error(column: str, text: str | None) -> float | Unreadable | None:
    """An amount, None when it is not set. What is wrong with it comes back, not up: its change is worth more."""
    if text is None:
        return None
    try:
        number = float(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        number = math.nan
    return number if math.isfinite(number) else Unreadable(column, text, "not a plain number such as 1250.50")


def score_of(word: str, settings: RedmineSettings) -> float:
    """The score of an answer: by the configured words, else the number it begins with."""
    known = settings.words["csat"].get(word.lower())
    found = SCORE.match(known or word)
    if not found:
        raise Unreadable(settings.field("ticket", "csat"), word, "a score that is no number; name it in values.csat")
    return float(found.group().replace(",", "."))


def ratio_of(percent: object) -> float | None:
    """A percentage as 0..1; None for anything else."""
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        return None
    return percent / 100


def text_of(value: object) -> str | None:
    """A plain value as text; None when it is empty or no plain value."""
    return (str(value).strip() or None) if value is not None and not isinstance(value, dict | list) else None


def milestone_kind(word: str | None, title: str, settings: RedmineSettings) -> tuple[str, str]:
    """Kind and end of a milestone by the first rule that fits its type, else its title."""
    rules = (*settings.milestone_rules, *RULES)
    for text in (word, title):
        for rule in rules if text else ():
            if any(_has_word(str(text), str(part)) for part in rule.get("contains", ())):
                kind = str(rule.get("kind", "other"))
                return kind, str(rule.get("end") or END_OF_KIND[cast(MilestoneKind, kind)])
    return "other", "other"


def _has_word(text: str, start: str) -> bool:
    """Whether a word of the text begins so, in any case: "train" is in "Training day", not in "constraint". Up to three
    letters must be the whole word: "cab" is not in "cabling"."""
    end = r"(?!\w)" if len(start) <= 3 else ""
    return re.search(rf"(?<!\w){re.escape(start)}{end}", text, re.IGNORECASE) is not None
