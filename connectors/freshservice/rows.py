"""What the lists, changes and steps of a Freshservice mean in canonical rows. Pure: knows no HTTP and no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.freshservice.links import (
    common,
    labelled,
    said,
    segments_of,
    services_of,
    team_of,
    word_of,
)
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.words import CLOSED
from connectors.links import change_segment, service_named, touched
from connectors.values import (
    LAST_SECOND,
    Rows,
    Unreadable,
    amounts,
    day_of,
    guarded,
    instant,
    key_of,
    mapping,
    moment,
    text_of,
    whole,
)
from connectors.words import ROLLED_OUT
from impact.model import Change, Dimension, Milestone, Segment, Team, row_id

DIMENSIONS = ("department", "location")


@guarded("id")
def team_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """A group of agents."""
    key, name = key_of(payload), text_of(payload.get("name"))
    if name is None:
        raise Unreadable("name", payload.get("name"), "a group without a name")
    yield Team(**settings.row("team", key), name=name)


@guarded("display_id")
def service_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """An asset that is a service."""
    name = text_of(payload.get("name"))
    if name is None:
        raise Unreadable("name", payload.get("name"), "a service without a name")
    number_of = whole(payload.get("display_id"))
    yield replace(
        service_named(settings.name, name),
        url=f"{settings.site}/a/cmdb/items/{number_of}" if settings.web_links and number_of else None,
        source_updated_at=instant("updated_at", payload.get("updated_at")),
        owner_team_id=team_of(payload, settings),
        criticality=text_of(payload.get("impact")),
    )


@guarded("id")
def segment_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """A department or a location."""
    key, name, above = (text_of(payload.get(k)) for k in ("id", "name", "above"))
    dimension = text_of(payload.get("dimension"))
    if key is None or name is None or dimension not in DIMENSIONS:
        raise Unreadable("name", payload.get("name"), "a department or location without a key or a name")
    yield Segment(
        **settings.row("segment", key),
        name=name,
        dimension=cast(Dimension, dimension),
        parent_id=row_id(settings.name, "segment", above) if above else None,
    )


@guarded("id")
def change_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """A change, its services and its segments."""
    key = key_of(payload)
    status, raw = change_status(payload, settings)
    begun, ended = _rollout(payload, settings, status)
    costs, wrong = amounts(lambda name: word_of(payload, name))
    outcome = (
        settings.meaning("change_outcome", *said(payload, "outcome")) if status in (*ROLLED_OUT, "other") else None
    )
    yield Change(
        **common(payload, settings, "change", "changes"),
        number=f"CHN-{key}",
        title=text_of(payload.get("subject")) or f"CHN-{key}",
        kind=cast(Any, settings.meaning("change_kind", *said(payload, "kind")) or "other"),
        kind_raw=word_of(payload, "kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome or "unknown"),
        outcome_raw=word_of(payload, "outcome"),
        risk=cast(Any, settings.meaning("change_risk", *said(payload, "risk")) or "unknown"),
        risk_raw=word_of(payload, "risk"),
        planned_start_at=instant("planned_start_date", payload.get("planned_start_date")),
        planned_end_at=instant("planned_end_date", payload.get("planned_end_date")),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team_of(payload, settings),
        sponsor_key=text_of(payload.get("sponsor")),
        requirement=word_of(payload, "requirement"),
        expected_outcome=word_of(payload, "expected_outcome"),
        **costs,
    )
    yield from (error.rejection(key) for error in wrong)
    yield from _touched(payload, settings, key)


def change_status(payload: Payload, settings: FreshserviceSettings) -> tuple[str, str | None]:
    """Our word and Freshservice's for where a change stands. A change in the trash, or whose approval was refused or
    called off, is cancelled, whatever its status: closing such a change does not make it done."""
    label, value = labelled(payload, "status")
    raw = label or value
    if _gone(payload):
        return "cancelled", "deleted"
    if settings.meaning("change_approval", *labelled(payload, "approval_status")) == "refused":
        approval = next(filter(None, labelled(payload, "approval_status")), None)
        return "cancelled", f"{raw}, approval {approval}" if raw else f"approval {approval}"
    return settings.meaning("change_status", label, value) or "other", raw


def _gone(payload: Payload) -> bool:
    return payload.get("deleted") is True or payload.get("gone") == "deleted"


def _rollout(payload: Payload, settings: FreshserviceSettings, status: str) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: configured fields, else when it came into Pending Release and when it left that
    for Pending Review; a closed change that was never reviewed ended when it was closed. Never the planned dates. The
    stats keep a stage that a change was taken back from: one that is planned again has no dates, one that is in
    Pending Release again no end."""
    if status in ("planned", "cancelled"):
        return None, None
    stats, zone = mapping(payload.get("stats")), settings.day_zone
    start = moment("rollout_start_at", word_of(payload, "rollout_start_at"), zone)
    end = moment("rollout_end_at", word_of(payload, "rollout_end_at"), zone, LAST_SECOND)
    begun, reviewed, closed = (
        instant(key, stats.get(key)) for key in ("pending_release_at", "pending_review_at", "closed_at")
    )
    if status == "running":
        reviewed = None
    elif begun and reviewed is None and text_of(payload.get("status")) == CLOSED:
        reviewed = closed
    if start and reviewed and reviewed < start:  # the field tells of another day than the stages
        reviewed = None
    return start or begun, end or reviewed


def _touched(payload: Payload, settings: FreshserviceSettings, key: str) -> Rows:
    """The services and segments that a change names, and its links to them."""
    yield from touched(settings.name, key, services_of(payload, settings), ())
    for segment_key, segment in segments_of(payload, settings, "change"):
        if segment:
            yield segment
        yield change_segment(settings.name, key, segment_key)


def step_key(payload: Payload) -> str:
    """The key of a step: the change's number and its own."""
    return f"{payload['change']}-{payload['id']}"


@guarded("id")
def milestone_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """A step (task) of a change. Freshservice does not say what kind of step it is, unless a field does."""
    own, parent = key_of(payload), whole(payload.get("change"))
    if parent is None:
        raise Unreadable("change", payload.get("change"), "a step that belongs to no change")
    key, zone = f"{parent}-{own}", settings.day_zone
    updated = instant("updated_at", payload.get("updated_at"))
    value = text_of(payload.get("status"))
    status = "cancelled" if _gone(payload) else settings.meaning("milestone_status", value) or "other"
    planned = payload.get("planned_start_date") or payload.get("start_date")
    due = payload.get("due_date") or payload.get("planned_end_date")
    yield Milestone(
        **settings.row("milestone", key, page=f"a/changes/{parent}", updated_at=updated),
        change_id=row_id(settings.name, "change", parent),
        title=text_of(payload.get("title")) or f"Task {own}",
        kind=cast(Any, settings.meaning("milestone_kind", *said(payload, "kind")) or "other"),
        kind_raw=word_of(payload, "kind"),
        planned_start_on=day_of(instant("planned_start_date", planned), zone),
        due_on=day_of(instant("due_date", due), zone),
        done_on=day_of(instant("closed_at", payload.get("closed_at")), zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw="deleted" if _gone(payload) else TASK_STATUS.get(value or "", value),
        audience=word_of(payload, "audience"),
        channel=word_of(payload, "channel"),
    )


TASK_STATUS = {"1": "Open", "2": "In progress", "3": "Completed"}
"""What people see for the status of a task, which no list of the API names."""
