"""What statuses, resolutions and histories of a Jira mean in our words. Pure; knows no whole row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors import Payload
from connectors.jira_service_management.settings import JiraSettings
from connectors.values import Unreadable, instant, items, mapping, text_of, whole

Event = tuple[datetime, Mapping[str, Any]]
BY_CATEGORY: Mapping[str, Mapping[str, str]] = {
    "change": {"new": "planned", "indeterminate": "running"},
    "milestone": {"new": "open", "indeterminate": "open"},
    "ticket": {"new": "open", "indeterminate": "open", "done": "closed"},
}
"""What a status that no word knows means by its category. A change or step in an unknown status of the category done
may have been refused: its resolution decides."""


def key_of(payload: Payload) -> str:
    """The id of an issue, which stays when its key changes; Unreadable without one."""
    number = whole(payload.get("id"))
    if number is None:
        raise Unreadable("id", payload.get("id"), "an issue without an id")
    return str(number)


def common(payload: Payload, settings: JiraSettings, table: str) -> dict[str, Any]:
    """What every row made of an issue carries."""
    key, shown = key_of(payload), text_of(payload.get("key"))
    updated = instant("updated", payload.get("updated"))
    return settings.row(table, key, page=f"browse/{shown}" if shown else "", updated_at=updated)


def values_of(payload: Payload, name: str) -> list[str]:
    """All values of a canonical field, without empty ones."""
    found = mapping(payload.get("fields")).get(name)
    return [text for text in map(text_of, found) if text] if isinstance(found, list) else []


def first_of(payload: Payload, name: str) -> str | None:
    """The first value of a canonical field."""
    return next(iter(values_of(payload, name)), None)


def status_of(payload: Payload, settings: JiraSettings, part: str) -> tuple[str, str | None]:
    """Our word and Jira's own for the status of an issue."""
    status = mapping(payload.get("status"))
    return meant(status, settings, part, text_of(payload.get("resolution"))), text_of(status.get("name"))


def meant(status: object, settings: JiraSettings, part: str, resolution: str | None = None) -> str:
    """A status in our words: by its name, else by its category; a change or step that ended in a resolution such as
    *Won't do* never was carried out, whatever its status is called."""
    named = text_of(mapping(status).get("name")) or ""
    category = text_of(mapping(status).get("category")) or ""
    known = settings.words[f"{part}_status"].get(named.lower())
    closing = settings.words["resolution"].get((resolution or "").lower())
    ended = category == "done" if known is None else known == "done"
    if part != "ticket" and ended and closing:
        return closing
    return known or BY_CATEGORY[part].get(category, "other")


def events_of(payload: Payload, kind: str) -> list[Event]:
    """(when, what) of the events of a kind, oldest first; without those whose date cannot be read."""
    found = []
    for event in items(payload.get("history")):
        try:
            at = instant("history", event.get("at")) if event.get("kind") == kind else None
        except Unreadable:
            continue
        if at:
            found.append((at, event))
    return sorted(found, key=lambda event: event[0])


def moves(payload: Payload, settings: JiraSettings, part: str) -> list[tuple[datetime, str, str]]:
    """(when, from, to) of the moves between statuses in our words, oldest first."""
    return [
        (at, meant(event.get("old"), settings, part), meant(event.get("new"), settings, part))
        for at, event in events_of(payload, "status")
    ]


def person_in(value: object) -> str | None:
    """The first of the hashed people in a list."""
    return next(filter(None, map(text_of, value)), None) if isinstance(value, list) else None
