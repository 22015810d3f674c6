"""Which services and groups of customers a GLPI record names. Pure: knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator

from connectors import Payload
from connectors.glpi.settings import GlpiSettings
from connectors.links import segment_named, service_named
from connectors.settings import SEGMENTS
from connectors.values import items, mapping, plain, text_of, whole
from impact.model import Segment, Service, row_id

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
            service = service_named(settings.name, name)
            yield service.source_key, service


def segment_keys(payload: Payload, settings: GlpiSettings) -> list[str]:
    """Keys of the groups of customers that a record belongs to. Entity 0 is one: the root."""
    found = []
    for kind in settings.segments_from:
        number = whole(payload.get(COLUMNS[kind]))
        if number is not None and (number > 0 or (kind == "entity" and number == 0)):
            found.append(f"{kind}:{number}")
    return list(dict.fromkeys([*found, *(segment.source_key for segment in of_list(payload, settings))]))


def segment_ids(payload: Payload, settings: GlpiSettings) -> tuple[str, ...]:
    """Ids of the same groups."""
    return tuple(row_id(settings.name, "segment", key) for key in segment_keys(payload, settings))


def of_list(payload: Payload, settings: GlpiSettings) -> Iterator[Segment]:
    """Groups of customers that only fields of the settings name."""
    for dimension in SEGMENTS:
        for name in _texts(payload, dimension):
            yield segment_named(settings.name, dimension, name)


def _texts(payload: Payload, name: str) -> Iterator[str]:
    value = mapping(payload.get("fields")).get(name)
    for one in value if isinstance(value, list) else [value]:
        text = plain(one)
        if text:
            yield text
