"""Which service, team and segments a record names, and how its configured fields are read. Pure; knows no whole row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors import Payload
from connectors.freshservice.settings import FreshserviceSettings
from connectors.links import segment_named, service_named
from connectors.settings import SEGMENTS
from connectors.values import instant, items, key_of, mapping, text_of, whole
from impact.model import Segment, Service, row_id

BY_NUMBER = ("department_id", "location_id")
"""Fields that hold the number of a listed department or location; all others hold names."""


def common(payload: Payload, settings: FreshserviceSettings, table: str, page: str) -> dict[str, Any]:
    """What every row made of a change or a ticket carries."""
    key, updated = key_of(payload), instant("updated_at", payload.get("updated_at"))
    return settings.row(table, key, page=f"a/{page}/{key}", updated_at=updated)


def said(payload: Payload, name: str) -> tuple[str | None, str | None]:
    """(label, value) of a configured field; the first of many."""
    value = mapping(payload.get("fields")).get(name)
    if isinstance(value, Mapping):
        return text_of(value.get("label")), text_of(value.get("id"))
    if isinstance(value, list):
        return None, next(filter(None, map(text_of, value)), None)
    return None, text_of(value)


def word_of(payload: Payload, name: str) -> str | None:
    """A configured field as people read it."""
    label, value = said(payload, name)
    return label or value


def words_of(payload: Payload, name: str) -> list[str]:
    """All values of a configured field."""
    value = mapping(payload.get("fields")).get(name)
    if isinstance(value, list):
        return list(dict.fromkeys(text for text in map(text_of, value) if text))
    word = word_of(payload, name)
    return [word] if word else []


def labelled(payload: Payload, name: str) -> tuple[str | None, str | None]:
    """(label, number) of a field whose number has a label in this account."""
    return text_of(mapping(payload.get("labels")).get(name)), text_of(payload.get(name))


def team_of(payload: Payload, settings: FreshserviceSettings) -> str | None:
    """The id of the group that a record is assigned to."""
    number = whole(payload.get("group_id"))
    return row_id(settings.name, "team", number) if number else None


def services_of(payload: Payload, settings: FreshserviceSettings) -> list[Service]:
    """The services of a record, each once, from the first place that names any. A service is known by its name: a
    ticket names the service that a change touches by its name only."""
    for place in settings.services_from:
        if place == "field":
            names = words_of(payload, "service")
        else:
            names = [name for one in items(payload.get(place)) if (name := text_of(one.get("name")))]
        if names:
            return list({found.id: found for found in (service_named(settings.name, name) for name in names)}.values())
    return []


def segments_of(payload: Payload, settings: FreshserviceSettings, part: str) -> Iterator[tuple[str, Segment | None]]:
    """(key, row) of the groups of customers that a record names; without a row where it names them by the number that
    they have in the lists of departments and locations."""
    for dimension in SEGMENTS:
        listed = settings.field(part, dimension) in BY_NUMBER
        for word in words_of(payload, dimension):
            named = None if listed else segment_named(settings.name, dimension, word)
            yield named.source_key if named else f"{dimension}:{word}", named


def segment_ids(payload: Payload, settings: FreshserviceSettings, part: str) -> tuple[str, ...]:
    """Ids of the same groups, each once."""
    keys = dict.fromkeys(key for key, _ in segments_of(payload, settings, part))
    return tuple(row_id(settings.name, "segment", key) for key in keys)
