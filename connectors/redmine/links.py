"""Which service, team and segments a Redmine record names, as rows. Knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import cast

from connectors import Payload
from connectors.redmine.queries import whole
from connectors.redmine.settings import SEGMENTS, RedmineSettings
from connectors.redmine.values import name_in, text_of, values_of
from impact.model import Dimension, Segment, Service, Team, row_id


def services_of(payload: Payload, settings: RedmineSettings) -> list[Service]:
    """The services of a record, each once: from the first place that names any."""
    for place in settings.services_from:
        if place == "field":
            found = [_service(settings.name, name.casefold(), name) for name in values_of(payload, "service")]
        else:
            name, key = name_in(payload, place), _number(payload, place)
            found = [_service(settings.name, f"{place}:{key}", name)] if name and key else []
        if found:
            return [service for n, service in enumerate(found) if service.id not in {s.id for s in found[:n]}]
    return []


def team_of(payload: Payload, settings: RedmineSettings) -> str | None:
    """The id of the team of a record: its group, else its project, as configured."""
    for place in settings.teams_from:
        key = _number(payload, "team" if place == "group" else "project")
        if key:
            return row_id(settings.name, "team", f"{place}:{key}")
    return None


def named_team(payload: Payload, settings: RedmineSettings) -> Team | None:
    """The team that a change names and that is no group; None where it names none."""
    name = next(iter(values_of(payload, "team")), None)
    if name is None or _number(payload, "team"):
        return None
    key = name.casefold()
    return Team(id=row_id(settings.name, "team", key), source=settings.name, source_key=key, name=name)


def segments_of(payload: Payload, settings: RedmineSettings) -> Iterator[Segment]:
    """The groups of customers that a record names."""
    for dimension in SEGMENTS:
        for name in values_of(payload, dimension):
            yield _segment(settings.name, dimension, name)


def _number(payload: Payload, place: str) -> str | None:
    value = payload.get(place)
    number = whole(value.get("id")) if isinstance(value, Mapping) else None
    return text_of(number)


@lru_cache(maxsize=4096)
def _service(source: str, key: str, name: str) -> Service:
    return Service(id=row_id(source, "service", key), source=source, source_key=key, name=name)


@lru_cache(maxsize=4096)
def _segment(source: str, dimension: str, name: str) -> Segment:
    key = f"{dimension}:{name.casefold()}"
    identity = row_id(source, "segment", key)
    return Segment(id=identity, source=source, source_key=key, name=name, dimension=cast(Dimension, dimension))
