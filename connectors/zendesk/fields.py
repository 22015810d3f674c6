"""What the fields of a Zendesk payload say: texts, words, moments, groups, links. Pure; makes no whole record.

A field holds texts; a choice holds its value (``svc_network``) and the name that people see (``Network``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from connectors import Payload
from connectors.links import segment_named, service_named
from connectors.settings import SEGMENTS
from connectors.values import LAST_SECOND, Unreadable, instant, mapping, moment, number, or_error, text_of, whole
from connectors.zendesk.settings import ZendeskSettings
from impact.model import Rejected, Segment, Service, Team, row_id

LONGEST_MINUTES = 60 * 24 * 366 * 100


class Side:
    """Values that a record is worth more than: one that cannot be read is unknown, and told beside the record."""

    def __init__(self) -> None:
        self.errors: list[Unreadable] = []

    def __call__(self, read: Callable[[str, object], Any], column: str, value: object) -> Any:
        """The value, or None where it cannot be read."""
        found = or_error(read, column, value)
        if isinstance(found, Unreadable):
            self.errors.append(found)
            return None
        return found

    def rejections(self, key: str) -> Iterator[Rejected]:
        """What was wrong so far."""
        return (error.rejection(key) for error in self.errors)


def key_of(payload: Payload) -> str:
    """The key of a record. Raises Unreadable where it has none."""
    key = text_of(payload.get("id"))
    if key is None:
        raise Unreadable("id", payload.get("id"), "a record without an id")
    return key


def common(payload: Payload, settings: ZendeskSettings, table: str, side: Side, page: str = "") -> dict[str, Any]:
    """What every row of a record carries. ``page``: the path of its page for people, before its key."""
    key, updated = key_of(payload), side(instant, "updated_at", payload.get("updated_at"))
    return settings.row(table, key, page=f"{page}{key}" if page else "", updated_at=updated)


def values_of(payload: Payload, name: str) -> list[tuple[str, str | None]]:
    """(value, name that people see) of a canonical field; the name is None where it is no choice from a list."""
    given = mapping(payload.get("fields")).get(name)
    if given is None:
        return []
    found = []
    for item in given if isinstance(given, list) else ():
        value = text_of(item.get("value") if isinstance(item, Mapping) else item)
        if value is not None:
            found.append((value, text_of(item.get("name")) if isinstance(item, Mapping) else None))
    return found


def shown(payload: Payload, name: str) -> str | None:
    """A canonical field as people see it; None where it is empty."""
    return next((label or value for value, label in values_of(payload, name)), None)


def meaning(payload: Payload, name: str, words: Mapping[str, str]) -> str | None:
    """Our word for a canonical field, by the name that people see or else its value; None where neither is known."""
    texts = [text for value, label in values_of(payload, name)[:1] for text in (label, value) if text]
    return next((words[text.lower()] for text in texts if text.lower() in words), None)


def begins(zone: tzinfo, at: time = time.min) -> Callable[[str, object], datetime | None]:
    """A reader of moments: a plain day begins (or ends) in ``zone``."""
    return lambda column, value: moment(column, value, zone, at)


def ends(zone: tzinfo) -> Callable[[str, object], datetime | None]:
    """A reader of moments at which something ended: a plain day is meant with all its hours."""
    return begins(zone, LAST_SECOND)


def count(column: str, value: object) -> int | None:
    """A number of times; None when it is not set."""
    if text_of(value) is None:
        return None
    found = whole(value)
    if found is None or not 0 <= found < 2**31:
        raise Unreadable(column, value, "not a number of times")
    return found


def minutes_after(start: datetime) -> Callable[[str, object], datetime | None]:
    """A reader of durations in minutes: the instant so long after ``start``."""

    def read(column: str, value: object) -> datetime | None:
        minutes = number(column, value)
        if minutes is None:
            return None
        if not 0 <= minutes < LONGEST_MINUTES:
            raise Unreadable(column, value, "not a duration in minutes")
        try:
            return (start + timedelta(minutes=minutes)).astimezone(UTC)
        except OverflowError:
            raise Unreadable(column, value, "a duration beyond all dates") from None

    return read


def services_of(payload: Payload, settings: ZendeskSettings) -> dict[str, Service | None]:
    """Keys of the services that a record names, with a row for those that no list of Zendesk describes."""
    listed = bool(settings.service_object)
    return {
        value.casefold(): None if label or listed else service_named(settings.name, value)
        for value, label in values_of(payload, "service")
    }


def segments_of(payload: Payload, settings: ZendeskSettings) -> list[Segment]:
    """The groups of customers that fields name, each once."""
    found = [
        segment_named(settings.name, dimension, label or value)
        for dimension in SEGMENTS
        for value, label in values_of(payload, dimension)
    ]
    return list({segment.id: segment for segment in found}.values())


def team_of(payload: Payload, settings: ZendeskSettings) -> tuple[str | None, Team | None]:
    """The id of a record's team: the one its field names (a group's id, or a name, with a row for it), else its
    group."""
    named = shown(payload, "team")
    if named is None or whole(named) is not None:
        group = named or text_of(payload.get("group_id"))
        return (row_id(settings.name, "team", group) if group else None), None
    team = Team(**settings.row("team", named.casefold()), name=named)
    return team.id, team


def change_ids_of(payload: Payload, name: str) -> list[str]:
    """Keys of the changes that a canonical field names."""
    return [key for value, _ in values_of(payload, name) if (key := value.removeprefix("#").strip())]
