"""GLPI, read over its REST API: its streams and how it is opened. What is asked, kept and meant is told in the parts
beside this file."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors import Connector, Payload, Stream
from connectors.glpi import check, entries, lists, reading, rows
from connectors.glpi.session import open_session
from connectors.glpi.settings import LEGACY, GlpiSettings
from connectors.values import stored_key, text_of


def _listed(payload: Payload) -> str:
    """Entries of several lists share their numbers."""
    return f"{text_of(payload.get('kind')) or ''}:{payload['id']}"


def _stamp(payload: Payload) -> datetime | None:
    """The update stamp as fetch put it there, in UTC: GLPI's own has no zone."""
    try:
        at = datetime.fromisoformat(str(payload.get("updated_at")))
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _legacy(settings: GlpiSettings) -> bool:
    return settings.api == LEGACY


CONNECTOR = Connector(
    kind="glpi",
    title="GLPI",
    settings=GlpiSettings,
    streams=(
        Stream("teams", ("team",), lists.fetch_teams, entries.team_rows, stored_key, whole=True),
        Stream("services", ("service",), lists.fetch_services, entries.service_rows, _listed, whole=True),
        Stream("segments", ("segment",), lists.fetch_segments, entries.segment_rows, _listed, whole=True),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment"),
            reading.fetch_changes,
            rows.change_rows,
            stored_key,
            _stamp,
            people=("sponsor.*",),
            resume=reading.resume_changes,
            ids=lists.change_ids,
        ),
        Stream(
            "milestones",
            ("milestone",),
            lists.fetch_milestones,
            entries.milestone_rows,
            stored_key,
            _stamp,
            wanted=_legacy,
            whole=True,
            ids=lists.milestone_ids,
        ),
        Stream(
            "tickets",
            ("ticket", "service", "segment"),
            reading.fetch_tickets,
            rows.ticket_rows,
            stored_key,
            _stamp,
            people=("requesters.*",),
            resume=reading.resume_tickets,
            ids=lists.ticket_ids,
        ),
        Stream(
            "surveys",
            ("satisfaction_response",),
            lists.fetch_surveys,
            entries.survey_rows,
            stored_key,
            wanted=_legacy,
            ids=lists.survey_ids,
        ),
    ),
    open=open_session,
    check=check.tell,
    own_fields=check.own_fields,
    lacks=(
        "GLPI has no outcome, risk, kind or planned start of a change: fields of plugins and words of the settings "
        "tell them, and the windows of tasks the planned start.",
        "Its links between tickets and changes have no direction: they name a cause only with cause_links = true.",
        "It does not tell what was purged: the sweep of ids finds it.",
    ),
)
