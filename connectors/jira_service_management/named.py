"""Which service, team and groups of customers a Jira record names, as rows. Knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from connectors import Payload
from connectors.jira_service_management.meaning import first_of, values_of
from connectors.jira_service_management.settings import SEGMENT_FIELDS, JiraSettings
from connectors.links import segment_named, service_named
from connectors.settings import SEGMENTS
from connectors.values import mapping, text_of
from impact.model import Segment, Service, Team, row_id


def services_of(payload: Payload, settings: JiraSettings) -> list[Service]:
    """The services of a record, each once."""
    found = {name.casefold(): name for name in reversed(values_of(payload, "service"))}
    return [service_named(settings.name, name) for name in reversed(found.values())]


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
        dimension = part if part in SEGMENTS else "other"
        for name in values_of(payload, part):
            yield segment_named(settings.name, dimension, name, f"{part}:{name.casefold()}")


@lru_cache(maxsize=4096)
def _team(source: str, key: str, name: str) -> Team:
    return Team(id=row_id(source, "team", key), source=source, source_key=key, name=name)
