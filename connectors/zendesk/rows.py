"""What a Zendesk record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.links import change_service, touched
from connectors.values import AMOUNTS, Rows, Unreadable, day_of, guarded, instant, mapping, number, text_of
from connectors.words import ROLLED_OUT
from connectors.zendesk.answers import rating_rows
from connectors.zendesk.fields import (
    Side,
    begins,
    change_ids_of,
    common,
    count,
    ends,
    key_of,
    meaning,
    minutes_after,
    segments_of,
    services_of,
    shown,
    team_of,
)
from connectors.zendesk.records import CHANGE, MILESTONE
from connectors.zendesk.settings import ZendeskSettings
from impact.model import Change, Milestone, Segment, Service, Team, Ticket, row_id

RESOLVED = ("resolved", "closed", "merged")
DELETED, SOLVED, CLOSED = "deleted", "solved", "closed"
AGENT_PAGE = "agent/tickets/"


@guarded("id")
def team_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A group."""
    side = Side()
    yield Team(**common(payload, settings, "team", side), name=_named(payload, "group"))
    yield from side.rejections(key_of(payload))


@guarded("id")
def service_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A choice of the field that names services, or a record of the object that holds them."""
    key, side = key_of(payload).casefold(), Side()
    row = common({**payload, "id": key}, settings, "service", side)
    yield Service(**row, name=_named(payload, "service"))
    yield from side.rejections(key)


@guarded("id")
def segment_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """An organization."""
    key, side = key_of(payload), Side()
    row = common({**payload, "id": f"organization:{key}"}, settings, "segment", side)
    url = f"{settings.site}/agent/organizations/{key}" if settings.web_links else None
    dimension: Any = settings.organizations_are or "other"
    yield Segment(**{**row, "url": url}, name=_named(payload, "organization"), dimension=dimension)
    yield from side.rejections(key)


def _named(payload: Payload, what: str) -> str:
    name = text_of(payload.get("name"))
    if name is None:
        raise Unreadable("name", payload.get("name"), f"{what} without a name")
    return name


@guarded("id")
def ticket_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A ticket: a change, a step of a change, or a customer's, as its reader found it to be."""
    role = payload.get("role")
    if role == CHANGE:
        yield from _change_rows(payload, settings, AGENT_PAGE)
    elif role == MILESTONE:
        yield from _milestone_rows(payload, settings)
    else:
        yield from _customer_rows(payload, settings)


@guarded("id")
def object_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A record of the custom object that holds changes."""
    yield from _change_rows(payload, settings, "")


def _change_rows(payload: Payload, settings: ZendeskSettings, page: str) -> Rows:
    key, side = key_of(payload), Side()
    status, raw = _change_status(payload, settings)
    team_id, team = team_of(payload, settings)
    outcome, outcome_raw = _outcome(payload, settings, status, raw)
    zone = settings.day_zone
    planned = (
        side(begins(zone), "planned_start_at", shown(payload, "planned_start_at")),
        side(ends(zone), "planned_end_at", shown(payload, "planned_end_at")),
    )
    begun, ended = _rollout(payload, settings, status, planned, side)
    yield Change(
        **common(payload, settings, "change", side, page),
        number=text_of(payload.get("external_id")) or key,
        title=text_of(payload.get("subject")) or text_of(payload.get("name")) or f"Change {key}",
        kind=cast(Any, meaning(payload, "kind", settings.words["change_kind"]) or "other"),
        kind_raw=shown(payload, "kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome),
        outcome_raw=outcome_raw,
        risk=cast(Any, meaning(payload, "risk", settings.words["change_risk"]) or "unknown"),
        risk_raw=shown(payload, "risk"),
        planned_start_at=planned[0],
        planned_end_at=planned[1],
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team_id,
        sponsor_key=_person(payload.get("sponsor")),
        requirement=shown(payload, "requirement"),
        expected_outcome=shown(payload, "expected_outcome"),
        **{name: side(number, name, shown(payload, name)) for name in AMOUNTS},
    )
    yield from side.rejections(key)
    if team:
        yield team
    yield from _touched(payload, settings, key)


def _touched(payload: Payload, settings: ZendeskSettings, key: str) -> Rows:
    """The services and groups that a change names, and its links to them; a row for a service that no list has."""
    for service, unlisted in services_of(payload, settings).items():
        if unlisted:
            yield unlisted
        yield change_service(settings.name, key, service)
    yield from touched(settings.name, key, (), segments_of(payload, settings))


def _change_status(payload: Payload, settings: ZendeskSettings) -> tuple[str, str | None]:
    """Where a change stands, and the word that says so: its field, else the ticket's status. Zendesk solves refused
    changes as it solves others: what was solved and is called refused or taken back by its outcome or a tag, was so."""
    words = settings.words["change_status"]
    status, raw = _status(payload, settings, "change")
    named = meaning(payload, "status", words)
    if shown(payload, "status") and raw != DELETED:
        status, raw = named or "other", shown(payload, "status")
    if status == "done":
        outcome = meaning(payload, "outcome", words)
        if outcome in ("cancelled", "rolled_back"):
            return outcome, shown(payload, "outcome")
        return _ended_by_tag(payload, words) or (status, raw)
    return status, raw


def _outcome(
    payload: Payload, settings: ZendeskSettings, status: str, status_raw: str | None
) -> tuple[str, str | None]:
    """How a change ended: as its field says, else as the word for its status does (``Failed``); solved says nothing."""
    words = settings.words["change_outcome"]
    raw = shown(payload, "outcome")
    if status == "cancelled":
        return "unknown", raw
    if raw is None and status in ROLLED_OUT and (status_raw or "").lower() in words:
        return words[(status_raw or "").lower()], status_raw
    return meaning(payload, "outcome", words) or "unknown", raw


def _ended_by_tag(payload: Payload, words: Mapping[str, str]) -> tuple[str, str] | None:
    tags = payload.get("tags")
    for tag in map(text_of, tags if isinstance(tags, list) else ()):
        if tag and words.get(tag.lower()) in ("cancelled", "rolled_back"):
            return words[tag.lower()], tag
    return None


def _status(payload: Payload, settings: ZendeskSettings, part: str) -> tuple[str, str | None]:
    """Our word for a ticket's status and its own: the custom status where its label is known, else the category that
    every custom status belongs to. Deleted is deleted, whatever else it was; a closed ticket keeps the custom status in
    which it was solved, and only one that says more than solved counts."""
    words = settings.words[f"{part}_status"]
    label, category = text_of(payload.get("custom_status")), text_of(payload.get("status"))
    if category == DELETED:
        return "cancelled", DELETED
    if category == CLOSED and words.get((label or SOLVED).lower(), words[SOLVED]) == words[SOLVED]:
        return words[CLOSED], label if label and label.lower() != SOLVED else CLOSED
    known = (words[word.lower()] for word in (label, category) if word and word.lower() in words)
    return next(known, "other"), label or category


def _rollout(
    payload: Payload,
    settings: ZendeskSettings,
    status: str,
    planned: tuple[datetime | None, datetime | None],
    side: Side,
) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: its fields, else where the settings allow it and it is done, its plan or the
    instant it was solved. A cancelled change was never met; one that was rolled back was met before it was solved."""
    if status == "cancelled":
        return None, None
    zone = settings.day_zone
    start = side(begins(zone), "rollout_start_at", shown(payload, "rollout_start_at"))
    end = side(ends(zone), "rollout_end_at", shown(payload, "rollout_end_at"))
    if start or end or status != "done":
        return start, end
    if settings.rollout_from_plan and planned[0]:
        return planned
    solved = side(instant, "solved_at", mapping(payload.get("metrics")).get("solved_at"))
    return (solved, solved) if settings.rollout_from_solved else (None, None)


def _milestone_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    key, side, change = key_of(payload), Side(), text_of(payload.get("change"))
    if change is None:
        raise Unreadable("change", payload.get("change"), "a step that belongs to no change")
    status, raw = _status(payload, settings, "milestone")
    if status == "done":
        status, raw = _ended_by_tag(payload, settings.words["milestone_status"]) or (status, raw)
    zone = settings.day_zone
    due = side(instant, "due_at", payload.get("due_at"))
    done = side(instant, "solved_at", mapping(payload.get("metrics")).get("solved_at"))
    start = side(begins(zone), "planned_start_on", shown(payload, "planned_start_on"))
    yield Milestone(
        **common(payload, settings, "milestone", side, AGENT_PAGE),
        change_id=row_id(settings.name, "change", change),
        title=text_of(payload.get("subject")) or f"Task {key}",
        kind=cast(Any, meaning(payload, "kind", settings.words["milestone_kind"]) or "other"),
        kind_raw=shown(payload, "kind"),
        planned_start_on=day_of(start, zone),
        due_on=day_of(due, zone),
        done_on=day_of(done, zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
        audience=shown(payload, "audience"),
        channel=shown(payload, "channel"),
    )
    yield from side.rejections(key)


def _customer_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    key, side = key_of(payload), Side()
    opened = instant("created_at", payload.get("created_at"))
    if opened is None:
        raise Unreadable("created_at", payload.get("created_at"), "a ticket without a creation date")
    status, raw = _status(payload, settings, "ticket")
    status = "merged" if payload.get("merged") is True else status
    kind_raw, priority_raw = shown(payload, "kind") or text_of(payload.get("type")), text_of(payload.get("priority"))
    channel_raw = shown(payload, "channel") or text_of(payload.get("channel"))
    priority = settings.words["priority"].get((priority_raw or "").lower())
    services, segments = services_of(payload, settings), segments_of(payload, settings)
    team_id, _ = team_of(payload, settings)
    times = _times(payload, status, opened, side)
    yield Ticket(
        **common(payload, settings, "ticket", side, AGENT_PAGE),
        number=key,
        kind=_word(payload, "kind", kind_raw, settings.words["ticket_kind"]),
        kind_raw=kind_raw,
        priority=int(priority) if priority else None,
        priority_raw=priority_raw,
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        **times,
        channel=_word(payload, "channel", channel_raw, settings.words["channel"]),
        channel_raw=channel_raw,
        service_id=next((row_id(settings.name, "service", service) for service in services), None),
        team_id=team_id,
        segment_ids=_segment_ids(payload, settings, segments),
        person_key=text_of(payload.get("requester")),
        **_causes(payload, settings),
    )
    yield from side.rejections(key)
    yield from segments
    yield from (service for service in services.values() if service)
    yield from rating_rows(payload, settings, times["resolved_at"])


def _word(payload: Payload, name: str, raw: str | None, words: Mapping[str, str]) -> Any:
    """Our word for a field where it is set, else for the ticket's own value."""
    return meaning(payload, name, words) or words.get((raw or "").lower(), "other")


def _times(payload: Payload, status: str, opened: datetime, side: Side) -> dict[str, Any]:
    """What the metric set tells; unknown where none came. Zendesk keeps the last solution as an instant and the first
    answer and solution as minutes since the ticket was opened."""
    metrics = mapping(payload.get("metrics"))
    solved = side(instant, "solved_at", metrics.get("solved_at"))
    moved = side(instant, "status_updated_at", metrics.get("status_updated_at"))
    reopens = side(count, "reopens", metrics.get("reopens"))
    stations = side(count, "group_stations", metrics.get("group_stations"))
    since = minutes_after(opened)
    first = side(since, "first_resolution_time_in_minutes", metrics.get("first_resolution_minutes"))
    return {
        "first_reply_at": side(since, "reply_time_in_minutes", metrics.get("first_reply_minutes")),
        "resolved_at": solved if status in RESOLVED else None,
        "first_resolved_at": solved if solved and reopens == 0 else first,
        "closed_at": moved if payload.get("status") == CLOSED else None,
        "reopened_count": reopens,
        "reassigned_count": None if stations is None else max(0, stations - 1),
    }


def _segment_ids(payload: Payload, settings: ZendeskSettings, named: list[Segment]) -> tuple[str, ...]:
    organization = text_of(payload.get("organization_id")) if settings.organizations_are else None
    own = [row_id(settings.name, "segment", f"organization:{organization}")] if organization else []
    return tuple(dict.fromkeys([*own, *(segment.id for segment in named)]))


def _causes(payload: Payload, settings: ZendeskSettings) -> dict[str, Any]:
    """The change that a ticket's field, else its problem, names as its cause; and all other changes it is linked to."""
    problem = text_of(payload.get("problem_id"))
    named, others = change_ids_of(payload, "caused_by"), change_ids_of(payload, "changes")
    linked = payload.get("linked")
    others += [key for key in map(text_of, linked if isinstance(linked, list) else ()) if key]
    if problem and settings.problem_role == "cause":
        named.append(problem)
    elif problem and settings.problem_role == "link":
        others.append(problem)
    cause = named[0] if named else None
    rest = [key for key in dict.fromkeys([*named, *others]) if key != cause]
    return {
        "caused_by_change_id": row_id(settings.name, "change", cause) if cause else None,
        "change_ids": tuple(row_id(settings.name, "change", key) for key in rest),
    }


def _person(sponsor: object) -> str | None:
    """The first of the hashed people."""
    return next((text for text in map(text_of, sponsor if isinstance(sponsor, list) else ()) if text), None)
