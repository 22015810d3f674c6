"""Which service, team and segments a Redmine record names, as rows. Knows no change and no ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors import Payload
from connectors.links import segment_named, service_named
from connectors.redmine.settings import RedmineSettings
from connectors.redmine.values import name_in, values_of
from connectors.settings import SEGMENTS
from connectors.values import text_of, whole
from impact.model import Segment, Service, Team, row_id


def services_of(payload: Payload, settings: RedmineSettings) -> list[Service]:
    """The services of a record, each once: from the first place that names any."""
    for place in settings.services_from:
        if place == "field":
            found = [service_named(settings.name, name) for name in values_of(payload, "service")]
        else:
            name, key = name_in(payload, place), _number(payload, place)
            found = [service_named(settings.name, name, f"{place}:{key}")] if name and key else []
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
    return Team(**settings.row("team", key), name=name)


def segments_of(payload: Payload, settings: RedmineSettings) -> Iterator[Segment]:
    """The groups of customers that a record names."""
    for dimension in SEGMENTS:
        for name in values_of(payload, dimension):
            yield segment_named(settings.name, dimension, name)


def _number(payload: Payload, place: str) -> str | None:
    value = payload.get(place)
    number = whole(value.get("id")) if isinstance(value, Mapping) else None
    return text_of(number)
