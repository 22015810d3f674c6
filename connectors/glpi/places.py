"""Which services and groups of customers a GLPI record names. Pure: knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from connectors import Payload
from connectors.glpi.settings import GlpiSettings
from connectors.settings import SEGMENTS
from connectors.values import items, mapping, plain, text_of, whole
from impact.model import Dimension, Segment, Service, row_id

COLUMNS = {"entity": "entities_id", "location": "locations_id"}


def services_of(payload: Payload, settings: GlpiSettings) -> Iterator[tuple[str, Service | None]]:
    """The services of a record, each once, from the first place that names any: key, and the row where no list of
    GLPI has it."""
    for place in settings.services_from:
        found = dict(_services_at(place, payload, settings))
        if found:
            yield from found.items()
            return


def _services_at(place: str, payload: Payload, settings: GlpiSettings) -> Iterator[tuple[str, Service | None]]:
    if place == "category":
        category = whole(payload.get("itilcategories_id"))
        if category and category > 0:  # 0 is none
            yield f"category:{category}", None
    elif place == "item":
        for item in items(payload.get("items")):
            kind, number = text_of(item.get("type")), whole(item.get("id"))
            if kind in settings.service_itemtypes and number:
                yield f"{kind}:{number}", None
    else:
        for name in _texts(payload, "service"):
            key = name.casefold()
            yield (
                key,
                Service(id=row_id(settings.name, "service", key), source=settings.name, source_key=key, name=name),
            )


def segment_ids(payload: Payload, settings: GlpiSettings) -> tuple[str, ...]:
    """Ids of the groups of customers that a record belongs to. Entity 0 is one: the root."""
    found = []
    for kind in settings.segments_from:
        number = whole(payload.get(COLUMNS[kind]))
        if number is not None and (number > 0 or (kind == "entity" and number == 0)):
            found.append(row_id(settings.name, "segment", f"{kind}:{number}"))
    return tuple(dict.fromkeys([*found, *(segment.id for segment in of_list(payload, settings))]))


def of_list(payload: Payload, settings: GlpiSettings) -> Iterator[Segment]:
    """Groups of customers that only fields of the settings name."""
    for dimension in SEGMENTS:
        for name in _texts(payload, dimension):
            key = f"{dimension}:{name.casefold()}"
            identity = row_id(settings.name, "segment", key)
            yield Segment(
                id=identity, source=settings.name, source_key=key, name=name, dimension=cast(Dimension, dimension)
            )


def _texts(payload: Payload, name: str) -> Iterator[str]:
    value = mapping(payload.get("fields")).get(name)
    for one in value if isinstance(value, list) else [value]:
        text = plain(one)
        if text:
            yield text
