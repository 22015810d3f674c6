"""Which service, team and groups of customers a Jira record names, as rows. Knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from connectors import Payload
from connectors.jira_service_management.meaning import first_of, values_of
from connectors.jira_service_management.settings import SEGMENT_FIELDS, JiraSettings
from connectors.settings import SEGMENTS
from connectors.values import mapping, text_of
from impact.model import Dimension, Segment, Service, Team, row_id


def services_of(payload: Payload, settings: JiraSettings) -> list[Service]:
    """The services of a record, each once."""
    found = {name.casefold(): name for name in reversed(values_of(payload, "service"))}
    return [_service(settings.name, key, name) for key, name in reversed(found.items())]


def team_of(payload: Payload, settings: JiraSettings) -> Team | None:
    """The team that a record names, else its project: a desk of Jira Service Management is a project."""
    project = mapping(payload.get("project"))
    name, key = first_of(payload, "team"), text_of(project.get("key"))
    if name:
        return _team(settings.name, name.casefold(), name)
    return _team(settings.name, f"project:{key}", text_of(project.get("name")) or key) if key else None


def segments_of(payload: Payload, settings: JiraSettings) -> Iterator[Segment]:
    """The groups of customers that a record names."""
    for part in SEGMENT_FIELDS:
        for name in values_of(payload, part):
            yield _segment(settings.name, part, name)


def link(settings: JiraSettings, table: str, change: str, other: str) -> dict[str, Any]:
    """What every row that links a change to something carries."""
    key = f"{change}:{other}"
    return {
        "id": row_id(settings.name, table, key),
        "source": settings.name,
        "source_key": key,
        "change_id": row_id(settings.name, "change", change),
    }


@lru_cache(maxsize=4096)
def _service(source: str, key: str, name: str) -> Service:
    return Service(id=row_id(source, "service", key), source=source, source_key=key, name=name)


@lru_cache(maxsize=4096)
def _team(source: str, key: str, name: str) -> Team:
    return Team(id=row_id(source, "team", key), source=source, source_key=key, name=name)


@lru_cache(maxsize=4096)
def _segment(source: str, part: str, name: str) -> Segment:
    key = f"{part}:{name.casefold()}"
    dimension = cast(Dimension, part if part in SEGMENTS else "other")
    return Segment(id=row_id(source, "segment", key), source=source, source_key=key, name=name, dimension=dimension)
