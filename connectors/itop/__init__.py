"""iTop 2.7 to 3, read over its REST/JSON service: its streams and how it is opened. What is asked, kept and meant is
told in the parts beside this file."""

from __future__ import annotations

from connectors import Connector, Stream
from connectors.itop.changes import change_rows
from connectors.itop.check import own_fields, tell
from connectors.itop.reading import (
    ids_in,
    ids_of,
    read_changes,
    read_milestones,
    read_tickets,
    read_whole,
    segment_key,
    updated_at,
)
from connectors.itop.rows import milestone_rows, segment_rows, service_rows, team_rows
from connectors.itop.settings import ItopSettings
from connectors.itop.tickets import ticket_rows
from connectors.values import stored_key

TEAMS = read_whole([("Team", ())])
SERVICES = read_whole([("Service", ())])
SEGMENTS = read_whole([("Organization", ("parent_id",)), ("Location", ())])

CONNECTOR = Connector(
    kind="itop",
    title="iTop",
    settings=ItopSettings,
    streams=(
        Stream("teams", ("team",), TEAMS, team_rows, stored_key, whole=True, ids=ids_in(TEAMS, stored_key)),
        Stream(
            "services", ("service",), SERVICES, service_rows, stored_key, whole=True, ids=ids_in(SERVICES, stored_key)
        ),
        Stream(
            "segments",
            ("segment",),
            SEGMENTS,
            segment_rows,
            segment_key,
            whole=True,
            ids=ids_in(SEGMENTS, segment_key),
        ),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment"),
            read_changes,
            change_rows,
            stored_key,
            updated_at,
            people=("sponsor",),
            ids=ids_of("change"),
        ),
        Stream("milestones", ("milestone",), read_milestones, milestone_rows, stored_key, ids=ids_of("milestone")),
        Stream(
            "tickets",
            ("ticket", "satisfaction_response", "service", "segment"),
            read_tickets,
            ticket_rows,
            stored_key,
            updated_at,
            people=("person",),
            ids=ids_of("ticket"),
        ),
    ),
    open=ItopSettings.open,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "iTop has no outcome, risk or cost of a change but by fields of your own.",
        "It has planned dates only: when customers met a change comes from the history of its status.",
        "It has no survey of its own: a closed ticket that says 1 (the best) without a comment counts as not answered.",
    ),
)
