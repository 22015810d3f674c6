"""Redmine, read over its REST interface: its streams and how it is opened. What is asked, kept and meant is told in the
parts beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors import Connector, Stream
from connectors.http import Http
from connectors.redmine.check import own_fields, tell
from connectors.redmine.queries import stamp
from connectors.redmine.reading import (
    ids_of_changes,
    ids_of_milestones,
    ids_of_tickets,
    read_changes,
    read_milestones,
    read_teams,
    read_tickets,
)
from connectors.redmine.rows import change_rows, milestone_rows, team_rows, ticket_rows
from connectors.redmine.settings import RedmineSettings
from connectors.values import stored_key


def open_session(settings: RedmineSettings) -> Http:
    """A session with this Redmine; nothing is asked yet."""
    if settings.api_key:
        return settings.session(headers={"X-Redmine-API-Key": settings.api_key})
    return settings.session(basic=(settings.username, settings.password))


def _version_stamp(payload: Mapping[str, Any]) -> Any:
    version = payload.get("version")
    return stamp(version if isinstance(version, Mapping) else payload)


CONNECTOR = Connector(
    kind="redmine",
    title="Redmine",
    settings=RedmineSettings,
    streams=(
        Stream("teams", ("team",), read_teams, team_rows, stored_key, whole=True),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment", "team"),
            read_changes,
            change_rows,
            stored_key,
            stamp,
            people=("sponsor.*",),
            ids=ids_of_changes,
        ),
        Stream(
            "milestones",
            ("milestone",),
            read_milestones,
            milestone_rows,
            stored_key,
            _version_stamp,
            ids=ids_of_milestones,
        ),
        Stream(
            "tickets",
            ("ticket", "satisfaction_response", "service", "segment"),
            read_tickets,
            ticket_rows,
            stored_key,
            stamp,
            people=("author", "requester.*"),
            ids=ids_of_tickets,
        ),
    ),
    open=open_session,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "Redmine has no changes, services or surveys of its own: trackers and custom fields stand for them.",
        "It does not tell which issues were deleted or moved out of sight: a sweep of all numbers marks them.",
        "It has no money: costs and benefits come from custom fields; hours of time entries are not read.",
    ),
)
