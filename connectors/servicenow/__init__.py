"""ServiceNow, read over its Table API: its streams and how it is opened. What is asked, kept and meant is told in the
parts beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from connectors import Connector, Stream
from connectors.http import Http
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
from connectors.servicenow.settings import ServiceNowSettings
from connectors.servicenow.survey_reading import SENT, read_surveys
from connectors.servicenow.surveys import survey_rows
from connectors.servicenow.tickets import ticket_rows
from connectors.values import mapping
from impact.model import SourceRefused


def open_session(settings: ServiceNowSettings) -> Http:
    """A session with this instance; nothing is asked yet. A key goes before OAuth, and OAuth before a password."""
    if settings.api_key:
        return settings.session(headers={"x-sn-apikey": settings.api_key})
    if settings.client_id and settings.client_secret:
        return settings.session(sign_in=partial(sign_in, settings=settings))
    return settings.session(basic=(settings.username, settings.password))


def sign_in(http: Http, settings: ServiceNowSettings) -> Mapping[str, str]:
    """A token of OAuth client credentials. Raises SourceRefused where the instance gives none."""
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    answer = mapping(
        http.post("oauth_token.do", form=form | ({"scope": settings.scope} if settings.scope else {})).data
    )
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise SourceRefused(
            "ServiceNow gave no token for client_id and client_secret. Is the grant type client credentials switched "
            "on, and does the client have a user?"
        )
    return {"Authorization": f"Bearer {token}"}


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
