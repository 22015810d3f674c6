"""What all rows of a ServiceNow share: words, links, services and groups of customers. Pure; knows no whole row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors import Payload
from connectors.links import segment_named, service_named
from connectors.servicenow.settings import ServiceNowSettings
from connectors.settings import SEGMENTS
from connectors.values import Unreadable, instant, items, mapping, text_of
from impact.model import Segment, Service, row_id

LISTED_CLASSES = ("cmdb_ci_service", "service_offering")
"""Classes of configuration items that the stream of services brings, with more than a name."""


def key_of(payload: Payload) -> str:
    """The sys_id of a record. Raises Unreadable without one."""
    key = text_of(payload.get("sys_id"))
    if key is None:
        raise Unreadable("sys_id", payload.get("sys_id"), "a record without an id")
    return key


def stamp(payload: Payload) -> datetime | None:
    """When a record was last updated; None when unknown."""
    try:
        return instant("sys_updated_on", payload.get("sys_updated_on"))
    except Unreadable:
        return None


def common(payload: Payload, settings: ServiceNowSettings, table: str, source_table: str) -> dict[str, Any]:
    """What every row has."""
    key, updated = key_of(payload), instant("sys_updated_on", payload.get("sys_updated_on"))
    return settings.row(table, key, page=f"{source_table}.do?sys_id={key}", updated_at=updated)


class Reader:
    """The values of one record by canonical name, as ``fields`` has them."""

    def __init__(self, payload: Payload, settings: ServiceNowSettings, part: str, table: str) -> None:
        self._payload, self._settings, self._part, self._table = payload, settings, part, table
        self._labels = mapping(payload.get("labels"))

    def __call__(self, name: str) -> str | None:
        """The raw text of a field; None when it is empty or not read."""
        for path in self._settings.paths(self._table, self._part, name):
            value = text_of(self._payload.get(path))
            if value is not None:
                return value
        return None

    def at(self, name: str) -> datetime | None:
        """A field as an instant. Raises Unreadable."""
        return instant(name, self(name))

    def word(self, name: str) -> str | None:
        """The word that people see: the instance's label where it is known, else the raw value."""
        for path in self._settings.paths(self._table, self._part, name) if self._labels else ():
            label = text_of(self._labels.get(path))
            if label is not None:
                return label
        return self(name)

    def meaning(self, name: str, part: str, default: str) -> Any:
        """Our word for a field: by its label, by table and value, or by value; configured words come first. A table
        without numbers of its own has those of ``task``."""
        value = self(name)
        if value is None:
            return default
        shared = () if self._table == "incident" else (f"task:{value}",)
        said = ((self.word(name) or value).lower(), f"{self._table}:{value}".lower(), *shared, value.lower())
        for words in (self._settings.own_words.get(part), self._settings.words[part]):
            for word in said if words else ():
                if words and word in words:
                    return words[word]
        return default


def link(settings: ServiceNowSettings, table: str, key: str | None) -> str | None:
    """The id of a row that a record names."""
    return row_id(settings.name, table, key) if key else None


def services_of(payload: Payload, settings: ServiceNowSettings) -> list[tuple[str, Service | None]]:
    """Keys of the services that a record itself names, with a row for those that no other stream brings."""
    named = []
    for field in settings.services_from:
        key = text_of(payload.get(field))
        if key:
            named.append(_service(settings, key, payload.get(f"{field}.name"), payload.get(f"{field}.sys_class_name")))
    return named


def affected(payload: Payload, settings: ServiceNowSettings) -> list[tuple[str, Service | None]]:
    """The same for the services that other tables say a change affects."""
    found = items(payload.get("affected"))
    return [
        _service(settings, key, item.get("name"), item.get("class"))
        for item in found
        if (key := text_of(item.get("id")))
    ]


def _service(settings: ServiceNowSettings, key: str, name: object, kind: object) -> tuple[str, Service | None]:
    said = text_of(name)
    if said is None or (text_of(kind) or "").startswith(LISTED_CLASSES):
        return key, None
    return key, service_named(settings.name, said, key)


def segments_of(payload: Payload, settings: ServiceNowSettings) -> Iterator[Segment]:
    """The groups of customers that a record names."""
    named = mapping(payload.get("segments"))
    for dimension in SEGMENTS:
        about = mapping(named.get(dimension))
        word = text_of(about.get("id"))
        if word is None:
            continue
        yield segment_named(settings.name, dimension, text_of(about.get("name")) or word, f"{dimension}:{word}")


def yes(value: object) -> bool | None:
    """A raw yes/no value; None for anything else."""
    words: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
    return words.get(str(value).strip().lower())
