"""Zendesk Support, read over its REST interface: its streams and how it is opened. What is asked, kept and meant is
told in the parts beside this file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors import Connector, Payload, Stream
from connectors.http import Http
from connectors.values import text_of
from connectors.zendesk.answers import answer_rows
from connectors.zendesk.check import own_fields, tell
from connectors.zendesk.queries import stamp
from connectors.zendesk.reading import (
    change_ids,
    read_changes,
    read_segments,
    read_services,
    read_teams,
    read_tickets,
    resume_tickets,
)
from connectors.zendesk.rows import object_rows, segment_rows, service_rows, team_rows, ticket_rows
from connectors.zendesk.settings import ZendeskSettings
from connectors.zendesk.surveys import read_surveys, systems_of


def open_session(settings: ZendeskSettings) -> Http:
    """A session with this account; nothing is asked yet."""
    if settings.access_token:
        return _session(settings, headers={"Authorization": f"Bearer {settings.access_token}"})
    return _session(settings, basic=(f"{settings.email.removesuffix('/token')}/token", settings.api_token))


def _session(settings: ZendeskSettings, **proof: Any) -> Http:
    return replace(settings, url=settings.site).session(path="/api/v2", **proof)


def _key(payload: Payload) -> str:
    return text_of(payload.get("id")) or ""


CHANGE_TABLES = ("change", "change_service", "service", "change_segment", "segment", "team")
CONNECTOR = Connector(
    kind="zendesk",
    title="Zendesk",
    settings=ZendeskSettings,
    streams=(
        Stream("teams", ("team",), read_teams, team_rows, _key, stamp, whole=True),
        Stream("services", ("service",), read_services, service_rows, _key, stamp, whole=True),
        Stream(
            "segments",
            ("segment",),
            read_segments,
            segment_rows,
            _key,
            stamp,
            wanted=lambda settings: bool(settings.organizations_are),
        ),
        Stream(
            "changes",
            CHANGE_TABLES,
            read_changes,
            object_rows,
            _key,
            stamp,
            people=("sponsor.*",),
            wanted=lambda settings: settings.changes_from == "custom_object",
            whole=True,
            ids=change_ids,
        ),
        Stream(
            "tickets",
            ("ticket", *CHANGE_TABLES, "milestone", "satisfaction_response"),
            read_tickets,
            ticket_rows,
            _key,
            stamp,
            people=("requester", "sponsor.*"),
            resume=resume_tickets,
        ),
        Stream(
            "surveys",
            ("satisfaction_response",),
            read_surveys,
            answer_rows,
            _key,
            stamp,
            wanted=lambda settings: bool(systems_of(settings)),
        ),
    ),
    open=open_session,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "Zendesk has no changes, milestones or services of its own: a form, problems, a tag or a custom object, tasks "
        "and ticket fields stand for them.",
        "It does not tell with a ticket whether it was solved within its service level target; that stays unknown.",
        "It tells how often a ticket was reopened, not when; the exact time of a first resolution before a reopening "
        "comes in whole minutes.",
        "Tickets that were deleted for good, and groups and organizations that were deleted, are not told of.",
    ),
)
