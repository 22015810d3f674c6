"""Request Tracker 5 and 6, read over REST2: its streams and how it is opened. What is asked, kept and meant is told
in the parts beside this file."""

from __future__ import annotations

from connectors import Connector, Stream
from connectors.http import Http
from connectors.request_tracker.check import own_fields, tell
from connectors.request_tracker.queries import stamp
from connectors.request_tracker.reading import (
    ids_of_changes,
    ids_of_milestones,
    ids_of_tickets,
    read_changes,
    read_milestones,
    read_teams,
    read_tickets,
)
from connectors.request_tracker.rows import change_rows, milestone_rows, team_rows, ticket_rows
from connectors.request_tracker.settings import RtSettings
from connectors.values import stored_key


def open_session(settings: RtSettings) -> Http:
    """A session with this Request Tracker; nothing is asked yet."""
    if settings.token:
        return settings.session(headers={"Authorization": f"token {settings.token}"})
    return settings.session(basic=(settings.username, settings.password))


CONNECTOR = Connector(
    kind="request_tracker",
    title="Request Tracker",
    settings=RtSettings,
    streams=(
        Stream("teams", ("team",), read_teams, team_rows, stored_key, whole=True),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment", "team"),
            read_changes,
            change_rows,
            stored_key,
            stamp,
            people=("Sponsor.*",),
            ids=ids_of_changes,
        ),
        Stream("milestones", ("milestone",), read_milestones, milestone_rows, stored_key, stamp, ids=ids_of_milestones),
        Stream(
            "tickets",
            ("ticket", "satisfaction_response", "service", "segment"),
            read_tickets,
            ticket_rows,
            stored_key,
            stamp,
            people=("Requestor.*.id",),
            ids=ids_of_tickets,
        ),
    ),
    open=open_session,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "Request Tracker has no changes, services or surveys of its own: queues and custom fields stand for them.",
        "It does not tell which customers a change touches, nor when the service desk first answered.",
        "It does not tell how many surveys were sent, unless a custom field says so (fields.ticket.csat_sent).",
    ),
)
