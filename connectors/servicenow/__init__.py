"""ServiceNow, read over its Table API: its streams and how it is opened. What is asked, kept and meant is told in the
parts beside this file."""

from __future__ import annotations

from connectors import Connector, Stream
from connectors.servicenow.check import own_fields, tell
from connectors.servicenow.parts import key_of, stamp
from connectors.servicenow.reading import (
    read_changes,
    read_milestones,
    read_services,
    read_teams,
    read_tickets,
    resume_milestones,
    resume_tickets,
    sweep,
)
from connectors.servicenow.rows import change_rows, milestone_rows, service_rows, team_rows
from connectors.servicenow.session import open_session
from connectors.servicenow.settings import ServiceNowSettings
from connectors.servicenow.survey_reading import SENT, read_surveys
from connectors.servicenow.surveys import survey_rows
from connectors.servicenow.tickets import ticket_rows

CONNECTOR = Connector(
    kind="servicenow",
    title="ServiceNow",
    settings=ServiceNowSettings,
    streams=(
        Stream("teams", ("team",), read_teams, team_rows, key_of, stamp),
        Stream("services", ("service",), read_services, service_rows, key_of, stamp),
        Stream(
            "changes",
            ("change", "change_service", "service", "change_segment", "segment"),
            read_changes,
            change_rows,
            key_of,
            stamp,
            people=("sponsor",),
            ids=sweep("change_request"),
        ),
        Stream(
            "milestones",
            ("milestone",),
            read_milestones,
            milestone_rows,
            key_of,
            stamp,
            resume=resume_milestones,
            ids=sweep("change_task"),
        ),
        Stream(
            "tickets",
            ("ticket", "service", "segment"),
            read_tickets,
            ticket_rows,
            key_of,
            stamp,
            people=("requester",),
            resume=resume_tickets,
            ids=sweep(),
        ),
        Stream(
            "surveys", ("satisfaction_response", "segment"), read_surveys, survey_rows, key_of, stamp, ids=sweep(SENT)
        ),
    ),
    open=open_session,
    check=tell,
    own_fields=own_fields,
    lacks=(
        "ServiceNow has no money on changes: costs and benefits come from own fields (fields.change).",
        "It does not tell how many people a group of customers has.",
        "It shows neither deleted nor archived records: what is gone is found by comparing lists of ids.",
    ),
)
