"""How single values of a Request Tracker record are read: dates, numbers, words, events. Knows no whole row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors import Payload
from connectors.request_tracker.queries import set_instant
from connectors.request_tracker.settings import RtSettings
from connectors.values import Unreadable, key_of, text_of, whole


def common(payload: Payload, settings: RtSettings, table: str) -> dict[str, Any]:
    """What every row made of a ticket carries."""
    key = key_of(payload)
    page = f"Ticket/Display.html?id={key}"
    return settings.row(table, key, page=page, updated_at=date_in(payload, "LastUpdated"))


def reader(payload: Payload, settings: RtSettings, part: str) -> Callable[[str], str | None]:
    """A function that gives the first value of a canonical field; None where it is not set."""
    return lambda name: next(iter(values_of(payload, settings.field(part, name))), None)


def values_of(payload: Payload, custom_field: str) -> list[str]:
    """All values of a custom field, without empty ones."""
    if not custom_field:
        return []
    found = (payload.get("CustomFields") or {}).get(custom_field) or ()
    return [text for text in (text_of(value) for value in found) if text]


def events_of(payload: Payload, kind: str) -> list[tuple[datetime, str, str]]:
    """(when, from, to) of the transactions of a kind, oldest first, words in lower case."""
    found = []
    for event in payload.get("History") or ():
        at = date_in(event, "Created") if event.get("Type") == kind else None
        if at:
            found.append((at, str(event.get("OldValue") or "").lower(), str(event.get("NewValue") or "").lower()))
    return sorted(found, key=lambda event: event[0])


def date_in(payload: Mapping[str, Any], column: str) -> datetime | None:
    """A date of the record, UTC; None when it is not set; Unreadable for other text."""
    return set_instant(column, payload.get(column))


def sent_at(word: str | None) -> datetime | None:
    """When a survey was sent, where its field holds a date."""
    try:
        return set_instant("csat_sent", word)
    except Unreadable:
        return None  # the field only says that a survey was sent, not when


def priority_of(number: object, settings: RtSettings) -> int | None:
    """Priority 1 to 5 of a Request Tracker number, which grows with importance."""
    value = whole(number)
    return None if value is None else next((p for floor, p in settings.priorities if value >= floor), 5)


def first_of(values: object) -> str | None:
    """The first text of a list that is not empty."""
    return next((v for v in values if v and isinstance(v, str)), None) if isinstance(values, list) else None
