"""One payload of an iTop as rows need it: its values by canonical field, its moves, the services and groups named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors import Payload
from connectors.itop.settings import ItopSettings
from connectors.itop.times import moment
from connectors.links import segment_named, service_named
from connectors.settings import SEGMENTS
from connectors.values import Unreadable, items, mapping, text_of
from impact.model import Segment, Service, row_id, to_choice

PAGE = "pages/UI.php?operation=details&class={}&id={}"
OF_SEGMENT = {"department": "organization", "location": "location"}
"""Dimensions whose ids are those of a class."""


class Record:
    """A payload with what is read of it again and again."""

    def __init__(self, payload: Payload, settings: ItopSettings, part: str) -> None:
        self.payload, self.settings, self.codes = payload, settings, settings.codes[part]
        self.raw = mapping(payload.get("fields"))
        key = text_of(payload.get("id"))
        if key is None:
            raise Unreadable("id", payload.get("id"), "an object without an id")
        self.key = key
        self.kind = text_of(payload.get("class")) or ""

    def value(self, name: str) -> Any:
        """The value of a canonical field."""
        return self.raw.get(self.codes[name])

    def text(self, name: str) -> str | None:
        """The same as a text; None when it is empty."""
        return text_of(self.value(name))

    def reference(self, name: str) -> str | None:
        """A foreign key; "0" is none."""
        return None if (found := text_of(self.value(name))) in (None, "0") else found

    def at(self, name: str) -> datetime | None:
        """The same as an instant, UTC."""
        return self.moment(self.codes[name] or name, self.value(name))

    def moment(self, column: str, value: object) -> datetime | None:
        """A value as an instant, UTC, by this iTop's zone and form."""
        return moment(column, value, zone=self.settings.zone, date_format=self.settings.date_format)

    def word(self, part: str, raw: str | None, default: str = "other") -> Any:
        """Our word for one of iTop's."""
        return to_choice(raw, self.settings.words[part], default)

    def row(self, table: str, key: str | None = None) -> dict[str, Any]:
        """What every row carries."""
        page = PAGE.format(self.kind, self.key) if self.kind else ""
        return self.settings.row(table, key or self.key, page=page, updated_at=self.updated_at)

    @cached_property
    def updated_at(self) -> datetime | None:
        """When the object was updated last."""
        return self.moment("last_update", self.raw.get("last_update"))

    def team(self) -> str | None:
        """The id of the team it is assigned to."""
        return row_id(self.settings.name, "team", key) if (key := self.reference("team")) else None

    def moves(self, attribute: str) -> list[tuple[datetime, str, str]] | None:
        """Changes of a field as (when, old, new), oldest first; None where no history was read."""
        if not isinstance(self.payload.get("history"), list):
            return None
        found = []
        for entry in items(self.payload.get("history")):
            at = self.moment("date", entry.get("date"))
            if at and text_of(entry.get("attcode")) == attribute:
                found.append((at, text_of(entry.get("oldvalue")) or "", text_of(entry.get("newvalue")) or ""))
        return found


def service_key(value: str) -> str:
    """A service is known by its id; one that a field of text names, by that name whatever its case."""
    return value if value.isdigit() else f"name:{value.casefold()}"


def named_service(record: Record, value: str) -> Service | None:
    """The service that a text names; None for an id, whose row comes with the list of services."""
    return None if value.isdigit() else service_named(record.settings.name, value, service_key(value))


def segments(record: Record) -> Iterator[tuple[str, Segment | None]]:
    """Ids of the groups a record belongs to; with the group itself where only a text names it."""
    source = record.settings.name
    for dimension in SEGMENTS:
        value = record.reference(dimension)
        if dimension == "location" and not value:
            value = text_of(record.payload.get("location"))
        if value and value.isdigit() and dimension in OF_SEGMENT:
            yield row_id(source, "segment", f"{OF_SEGMENT[dimension]}:{value}"), None
        elif name := text_of(value):
            segment = segment_named(source, dimension, name)
            yield segment.id, segment
