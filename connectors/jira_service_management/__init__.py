"""Jira Service Management, read over the REST interfaces of Jira Cloud and Data Center: its streams and how it is
opened. What is asked, kept and meant is told in the parts beside this file."""

from __future__ import annotations

from connectors import Connector, Stream
from connectors.http import Http
from connectors.jira_service_management.change_rows import change_rows, milestone_rows
from connectors.jira_service_management.check import own_fields, tell
from connectors.jira_service_management.reading import (
    change_ids,
    milestone_ids,
    read_changes,
    read_milestones,
    read_tickets,
    ticket_ids,
    updated_at,
)
from connectors.jira_service_management.settings import JiraSettings
from connectors.jira_service_management.ticket_rows import ticket_rows
from connectors.values import stored_key


def open_session(settings: JiraSettings) -> Http:
    """A session with this Jira; nothing is asked yet."""
    if settings.bearer_token:
        return settings.session(headers={"Authorization": f"Bearer {settings.bearer_token}"})
    if settings.email and settings.api_token:
        return settings.session(basic=(settings.email, settings.api_token))
    return settings.session(basic=(settings.username, settings.password))


CONNECTOR = Connector(
    kind="jira_service_management",
    title="Jira Service Management",
    settings=JiraSettings,
    streams=(
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment", "team"),
            read_changes,
            change_rows,
            stored_key,
            updated_at,
            people=("sponsor.*",),
            wanted=lambda settings: bool(settings.change_types),
            resume=read_changes,
            ids=change_ids,
        ),
        Stream(
            "milestones",
            ("milestone",),
            read_milestones,
            milestone_rows,
            stored_key,
            updated_at,
            wanted=lambda settings: bool(settings.change_types),
            resume=read_milestones,
            ids=milestone_ids,
        ),
        Stream(
            "tickets",
            ("ticket", "satisfaction_response", "service", "segment", "team"),
            read_tickets,
            ticket_rows,
            stored_key,
            updated_at,
            people=("reporter", "requester.*"),
            wanted=lambda settings: bool(settings.ticket_types),
            resume=read_tickets,
            ids=ticket_ids,
        ),
    ),
    open=open_session,
    check=tell,
    lacks=(
        "Jira has no changes or milestones of its own: issue types, sub-tasks and versions stand for them.",
        "It has no list of services or teams that a search tells: they come with the issues that name them.",
        "It does not tell who was asked for an answer and gave none, nor through which channel a request came.",
        "It has no money: costs and benefits come from custom fields.",
    ),
    own_fields=own_fields,
)
