"""Freshservice, read over its REST API (version 2): its streams and how it is opened. What is asked, kept and meant is
told in the parts beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors import Connector, Stream
from connectors.freshservice.account import own_fields
from connectors.freshservice.catalogue import read_segments, read_services, read_teams
from connectors.freshservice.check import tell
from connectors.freshservice.children import read_milestones, read_surveys, resume_milestones, resume_surveys
from connectors.freshservice.lists import stamp
from connectors.freshservice.reading import (
    change_ids,
    read_changes,
    read_tickets,
    resume_changes,
    resume_tickets,
    ticket_ids,
)
from connectors.freshservice.rows import (
    change_rows,
    milestone_rows,
    segment_rows,
    service_rows,
    step_key,
    team_rows,
)
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.tickets import survey_rows, ticket_rows
from connectors.values import stored_key


def _answered_or_updated(payload: Mapping[str, Any]) -> datetime | None:
    answer = payload.get("answer")
    return stamp(answer if isinstance(answer, Mapping) else payload)


CONNECTOR = Connector(
    kind="freshservice",
    title="Freshservice",
    settings=FreshserviceSettings,
    streams=(
        Stream("teams", ("team",), read_teams, team_rows, stored_key, whole=True),
        Stream(
            "services",
            ("service",),
            read_services,
            service_rows,
            lambda payload: str(payload["display_id"]),
            stamp,
            wanted=lambda settings: bool(settings.service_types),
            whole=True,
        ),
        Stream("segments", ("segment",), read_segments, segment_rows, stored_key, whole=True),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment"),
            read_changes,
            change_rows,
            stored_key,
            stamp,
            people=("sponsor",),
            resume=resume_changes,
            ids=change_ids,
        ),
        Stream(
            "milestones", ("milestone",), read_milestones, milestone_rows, step_key, stamp, resume=resume_milestones
        ),
        Stream(
            "tickets",
            ("ticket", "service", "segment"),
            read_tickets,
            ticket_rows,
            stored_key,
            stamp,
            people=("person",),
            resume=resume_tickets,
            ids=ticket_ids,
        ),
        Stream(
            "surveys",
            ("satisfaction_response",),
            read_surveys,
            survey_rows,
            stored_key,
            _answered_or_updated,
            wanted=lambda settings: settings.surveys,
            resume=resume_surveys,
        ),
    ),
    open=FreshserviceSettings.open,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "Freshservice does not say how a change ended, nor its costs and benefits: custom fields stand for them.",
        "It has no actual dates of a rollout: the stages Pending Release and Pending Review stand for them, or custom "
        "fields.",
        "It does not tell whether a survey was sent, how often a ticket was reopened or moved, nor which tickets were "
        "merged.",
        "Tasks that are deleted from a change leave no trace; they stay as they were last read.",
    ),
)
