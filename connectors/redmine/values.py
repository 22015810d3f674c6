"""How single values of a Redmine record are read: dates, numbers, words, events. Knows no whole row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from connectors import Payload
from connectors.redmine.settings import RedmineSettings
from connectors.values import day, instant, key_of, text_of

Event = tuple[datetime, Mapping[str, Any]]


def common(payload: Payload, settings: RedmineSettings, table: str) -> dict[str, Any]:
    """What every row made of an issue carries."""
    key = key_of(payload)
    return settings.row(table, key, page=f"issues/{key}", updated_at=date_in(payload, "updated_on"))


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
    return instant(column, payload.get(column))


def day_in(payload: Mapping[str, Any], column: str) -> date | None:
    """A plain day of the record; None when it is not set; Unreadable for other text."""
    return day(column, payload.get(column))


def ratio_of(percent: object) -> float | None:
    """A percentage as 0..1; None for anything else."""
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        return None
    return percent / 100
