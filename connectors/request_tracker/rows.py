"""What a Request Tracker record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.links import segment_named, service_named, touched
from connectors.request_tracker.queries import set_instant
from connectors.request_tracker.settings import RtSettings
from connectors.request_tracker.values import (
    common,
    date_in,
    events_of,
    first_of,
    priority_of,
    reader,
    sent_at,
    values_of,
)
from connectors.settings import SEGMENTS
from connectors.values import (
    Rows,
    Unreadable,
    amounts,
    day_of,
    earliest,
    guarded,
    key_of,
    number,
    or_error,
    score,
    text_of,
    whole,
)
from connectors.words import ROLLED_OUT, SOLVED
from impact.model import (
    END_OF_KIND,
    Better,
    Change,
    Instrument,
    Milestone,
    Rejected,
    SatisfactionResponse,
    Segment,
    Service,
    Team,
    Ticket,
    row_id,
    score_ratio,
    to_choice,
)

NOT_SENT = ("no", "false", "0")


@guarded("id")
def team_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A queue is a team."""
    name = text_of(payload.get("Name"))
    if name is None:
        raise Unreadable("Name", "", "a queue without a name")
    key = key_of(payload)
    yield Team(**settings.row("team", key), name=name)


@guarded("id")
def change_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A ticket of a change queue: the change, its services and its segments."""
    key, raw = key_of(payload), text_of(payload.get("Status"))
    fields = reader(payload, settings, "change")
    status = to_choice(raw, settings.words["change_status"])
    team = _named_team(payload, settings, fields("team"))
    costs, wrong = amounts(fields)
    begun, ended = _rollout(payload, settings, status, fields)
    outcome_raw = fields("outcome") or (raw if status in (*ROLLED_OUT, "cancelled") else None)
    outcome = (
        to_choice(outcome_raw, settings.words["change_outcome"], "unknown") if status != "cancelled" else "unknown"
    )
    yield Change(
        **common(payload, settings, "change"),
        number=key,
        title=text_of(payload.get("Subject")) or f"Ticket {key}",
        kind=cast(Any, to_choice(fields("kind"), settings.words["change_kind"])),
        kind_raw=fields("kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome),
        outcome_raw=outcome_raw,
        risk=cast(Any, to_choice(fields("risk"), settings.words["change_risk"], "unknown")),
        risk_raw=fields("risk"),
        planned_start_at=date_in(payload, "Starts"),
        planned_end_at=date_in(payload, "Due"),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team.id if team else _team(payload, settings),
        sponsor_key=first_of(payload.get("Sponsor")),
        requirement=fields("requirement"),
        expected_outcome=fields("expected_outcome"),
        **costs,
    )
    yield from (error.rejection(key) for error in wrong)
    if team and team.source_key != payload.get("TeamQueue"):  # queues come with their own names
        yield team
    services = [service_named(settings.name, name) for name in values_of(payload, settings.field("change", "service"))]
    each_once = {service.id: service for service in reversed(services)}.values()
    yield from touched(settings.name, key, each_once, _segments(payload, settings, "change"))


def _rollout(
    payload: Payload, settings: RtSettings, status: str, fields: Callable[[str], str | None]
) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: a configured date field; else the first move into a status of rolling out; else,
    for a change that was rolled out, its date Resolved. ``Started`` only says that work began.

    Dates that the ticket itself carries win over later ones of its history, which then was written after the fact.
    """
    start, end = (set_instant(f"rollout_{edge}_at", fields(f"rollout_{edge}_at")) for edge in ("start", "end"))
    if status == "cancelled":
        return start, end
    starting = settings.words_for("change_rollout", "started")
    ending = settings.words_for("change_status", "done", "rolled_back")
    events = events_of(payload, "Status")
    begun = next((at for at, _, new in events if new in starting or new in ending), None)
    ended = next((at for at, _, new in events if new in ending), None)
    if status in ROLLED_OUT:
        ended = earliest(ended, date_in(payload, "Resolved"))
        begun = earliest(begun, ended)
    end = end or ended
    return start or begun, end


@guarded("id")
def milestone_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A child ticket of a change: one milestone for each change it belongs to."""
    key, raw = key_of(payload), text_of(payload.get("Status"))
    fields = reader(payload, settings, "milestone")
    title = text_of(payload.get("Subject")) or f"Ticket {key}"
    kind = to_choice(fields("kind"), settings.words["milestone_kind"])
    status = to_choice(raw, settings.words["milestone_status"])
    for parent in payload.get("MemberOf") or ():
        own = common(payload, settings, "milestone")
        own["id"] = row_id(settings.name, "milestone", f"{parent}-{key}")
        yield Milestone(
            **own,
            change_id=row_id(settings.name, "change", parent),
            title=title,
            end=END_OF_KIND[cast(Any, kind)],
            kind=cast(Any, kind),
            kind_raw=fields("kind"),
            planned_start_on=day_of(date_in(payload, "Starts"), settings.day_zone),
            due_on=day_of(date_in(payload, "Due"), settings.day_zone),
            done_on=day_of(date_in(payload, "Resolved"), settings.day_zone) if status == "done" else None,
            status=cast(Any, status),
            status_raw=raw,
            audience=fields("audience"),
            channel=fields("channel"),
        )


@guarded("id")
def ticket_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A customer's ticket with its answer to the survey. A step of a change is no customer's ticket: no row."""
    links = payload.get("Links") or {}
    if links.get("MemberOf"):
        return
    opened = date_in(payload, "Created")
    if opened is None:
        raise Unreadable("Created", payload.get("Created"), "a ticket without a creation date")
    key, raw = key_of(payload), text_of(payload.get("Status"))
    fields = reader(payload, settings, "ticket")
    status = to_choice(raw, settings.words["ticket_status"])
    service = service_named(settings.name, named) if (named := fields("service")) else None
    segments = tuple(_segments(payload, settings, "ticket"))
    resolved = date_in(payload, "Resolved") if status in SOLVED else None
    history = _reopenings(payload, settings, resolved)
    due = date_in(payload, "Due")
    causes = [i for kind in settings.cause_links for i in links.get(kind, ())]
    cause = max(causes, key=lambda i: whole(i) or 0, default=None)
    others = sorted({i for ids in links.values() for i in ids if i != cause}, key=lambda i: whole(i) or 0)
    yield Ticket(
        **common(payload, settings, "ticket"),
        number=key,
        kind=cast(Any, to_choice(fields("kind"), settings.words["ticket_kind"])),
        kind_raw=fields("kind"),
        priority=priority_of(payload.get("Priority"), settings),
        priority_raw=text_of(payload.get("Priority")),
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        resolved_at=resolved,
        **history,
        closed_at=resolved if status == "closed" else None,
        within_target=resolved <= due if resolved and due else None,
        channel=cast(Any, to_choice(fields("channel"), settings.words["channel"])),
        channel_raw=fields("channel"),
        service_id=service.id if service else None,
        team_id=_team(payload, settings),
        segment_ids=tuple(s.id for s in segments),
        person_key=first_of([person.get("id") for person in payload.get("Requestor") or ()]),
        caused_by_change_id=row_id(settings.name, "change", cause) if cause else None,
        change_ids=tuple(row_id(settings.name, "change", i) for i in others),
    )
    yield from segments
    if service:
        yield service
    first = resolved or history["first_resolved_at"]
    yield from _answer(payload, settings, fields, resolved=first, service=service, segments=segments)


def _reopenings(payload: Payload, settings: RtSettings, resolved: datetime | None) -> dict[str, Any]:
    """First resolution, first reopening, and how often it was reopened or moved; unknown where no history was read."""
    if "History" not in payload:
        return {"first_resolved_at": resolved}
    ended = settings.words_for("ticket_status", "resolved", "closed", "cancelled", "merged")
    solved = settings.words_for("ticket_status", "resolved", "closed")
    events = events_of(payload, "Status")
    back = [at for at, old, new in events if old in ended and new not in ended]
    first = next((at for at, _, new in events if new in solved), None)
    return {
        "first_resolved_at": earliest(first, resolved),
        "reopened_at": back[0] if back else None,
        "reopened_count": len(back),
        "reassigned_count": sum(event.get("Type") == "Set" for event in payload["History"]),
    }


def _answer(
    payload: Payload,
    settings: RtSettings,
    fields: Callable[[str], str | None],
    *,
    resolved: datetime | None,
    service: Service | None,
    segments: tuple[Segment, ...],
) -> Rows:
    """The survey of a ticket: answered (the score's own change, else the resolution, dates it), or only sent."""
    word, sent = fields("csat"), fields("csat_sent")
    lost = or_error(number, "lost_minutes", fields("lost_minutes"))
    key = key_of(payload)
    if isinstance(lost, Unreadable):  # the answer is worth more than its minutes
        yield lost.rejection(key)
        lost = None
    if word is None and lost is None and (sent is None or sent.lower() in NOT_SENT):
        return
    given = score(settings.field("ticket", "csat"), word, settings.words["csat"])
    if given is not None and not settings.csat_min <= given <= settings.csat_max:
        yield Rejected(
            key,
            f"a score outside the scale {settings.csat_min:g} to {settings.csat_max:g}",
            column=settings.field("ticket", "csat"),
            value=word,
        )
        return
    answers = [at for at, _, new in events_of(payload, "CustomField") if new]
    dated = (answers[-1] if answers else None) or resolved or date_in(payload, "LastUpdated")
    better = cast(Better, settings.csat_better)
    yield SatisfactionResponse(
        **common(payload, settings, "satisfaction_response"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=sent_at(sent) or (resolved if sent and sent.lower() not in NOT_SENT else None),
        answered_at=dated if given is not None or lost is not None else None,
        score_raw=given,
        scale_min=settings.csat_min,
        scale_max=settings.csat_max,
        better=better,
        score_ratio=score_ratio(given, scale_min=settings.csat_min, scale_max=settings.csat_max, better=better),
        lost_minutes=lost,
        ticket_id=row_id(settings.name, "ticket", key),
        service_id=service.id if service else None,
        segment_ids=tuple(s.id for s in segments),
    )


def _named_team(payload: Payload, settings: RtSettings, name: str | None) -> Team | None:
    """The team that a change names, which is a queue's where a queue has that name; None where it names none."""
    if name is None:
        return None
    key = str(payload.get("TeamQueue") or name.casefold())
    return Team(**settings.row("team", key), name=name)


def _team(payload: Payload, settings: RtSettings) -> str | None:
    return row_id(settings.name, "team", payload["Queue"]) if payload.get("Queue") else None


def _segments(payload: Payload, settings: RtSettings, part: str) -> Iterator[Segment]:
    for dimension in SEGMENTS:
        custom_field = settings.field(part, dimension)
        if custom_field:
            for name in payload.get(custom_field) or values_of(payload, custom_field):
                yield segment_named(settings.name, dimension, str(name))
