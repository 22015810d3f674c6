"""What a Request Tracker record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from connectors import Payload
from connectors.request_tracker.queries import whole
from connectors.request_tracker.settings import SEGMENTS, RtSettings
from connectors.request_tracker.values import (
    Unreadable,
    amount_or_error,
    common,
    date_in,
    day_of,
    earliest,
    events_of,
    first_of,
    key_of,
    milestone_kind,
    moment,
    priority_of,
    reader,
    score_of,
    sent_at,
    text_of,
    values_of,
)
from impact.model import (
    Better,
    Change,
    ChangeSegment,
    ChangeService,
    Dimension,
    Instrument,
    Milestone,
    Rejected,
    Row,
    SatisfactionResponse,
    Segment,
    Service,
    Team,
    Ticket,
    row_id,
    score_ratio,
    to_choice,
)

Rows = Iterator[Row | Rejected]
NOT_SENT = ("no", "false", "0")
AMOUNTS = ("planned_cost", "actual_cost", "expected_benefit_hours", "expected_benefit_money")


def guarded(convert: Callable[[Payload, RtSettings], Rows]) -> Callable[[Payload, RtSettings], Rows]:
    """The same conversion, where what cannot be read becomes a Rejected with its reason; rows before it stay."""

    def convert_or_reject(payload: Payload, settings: RtSettings) -> Rows:
        try:
            yield from convert(payload, settings)
        except Unreadable as error:
            yield Rejected(str(payload.get("id", "?")), str(error), column=error.column, value=error.value)
        except (AttributeError, LookupError, TypeError) as error:
            yield Rejected(str(payload.get("id", "?")), f"the record has an unknown shape ({type(error).__name__})")

    return convert_or_reject


@guarded
def team_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A queue is a team."""
    name = text_of(payload.get("Name"))
    if name is None:
        raise Unreadable("Name", "", "a queue without a name")
    key = key_of(payload)
    yield Team(id=row_id(settings.name, "team", key), source=settings.name, source_key=key, name=name)


@guarded
def change_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A ticket of a change queue: the change, its services and its segments."""
    key, raw = key_of(payload), text_of(payload.get("Status"))
    fields = reader(payload, settings, "change")
    status = to_choice(raw, settings.words["change_status"])
    team = _named_team(payload, settings, fields("team"))
    amounts: dict[str, Any] = {name: amount_or_error(name, fields(name)) for name in AMOUNTS}
    begun, ended = _rollout(payload, settings, status, fields)
    outcome_raw = fields("outcome") or (raw if status in ("done", "rolled_back", "cancelled") else None)
    yield Change(
        **common(payload, settings, "change"),
        number=key,
        title=text_of(payload.get("Subject")) or f"Ticket {key}",
        kind=cast(Any, to_choice(fields("kind"), settings.words["change_kind"])),
        kind_raw=fields("kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, to_choice(outcome_raw, settings.words["change_outcome"], "unknown")),
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
        **{name: amount for name, amount in amounts.items() if not isinstance(amount, Unreadable)},
    )
    for error in amounts.values():
        if isinstance(error, Unreadable):  # the change is worth more than its cost
            yield Rejected(key, str(error), column=error.column, value=error.value)
    if team and team.source_key != payload.get("TeamQueue"):  # queues come with their own names
        yield team
    yield from _touched(payload, settings, key)


def _touched(payload: Payload, settings: RtSettings, key: str) -> Rows:
    """The services and segments that a change names, and its links to them."""
    identity = row_id(settings.name, "change", key)
    services = [_service(settings.name, name) for name in values_of(payload, settings.field("change", "service"))]
    for service in {service.id: service for service in reversed(services)}.values():
        yield service
        link = f"{key}:{service.source_key}"
        yield ChangeService(
            id=row_id(settings.name, "change_service", link),
            source=settings.name,
            source_key=link,
            change_id=identity,
            service_id=service.id,
        )
    for segment in _segments(payload, settings, "change"):
        yield segment
        link = f"{key}:{segment.source_key}"
        yield ChangeSegment(
            id=row_id(settings.name, "change_segment", link),
            source=settings.name,
            source_key=link,
            change_id=identity,
            segment_id=segment.id,
        )


def _rollout(
    payload: Payload, settings: RtSettings, status: str, fields: Callable[[str], str | None]
) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: a configured date field; else the first move into a status of rolling out; else,
    for a change that was rolled out, its date Resolved. ``Started`` only says that work began.

    Dates that the ticket itself carries win over later ones of its history, which then was written after the fact.
    """
    start, end = (moment(f"rollout_{edge}_at", fields(f"rollout_{edge}_at")) for edge in ("start", "end"))
    if status == "cancelled":
        return start, end
    starting = settings.words_for("change_rollout", "started")
    ending = settings.words_for("change_status", "done", "rolled_back")
    events = events_of(payload, "Status")
    begun = next((at for at, _, new in events if new in starting or new in ending), None)
    ended = next((at for at, _, new in events if new in ending), None)
    if status in ("done", "rolled_back"):
        ended = earliest(ended, date_in(payload, "Resolved"))
        begun = earliest(begun, ended)
    end = end or ended
    return start or begun, end


@guarded
def milestone_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A child ticket of a change: one milestone for each change it belongs to."""
    key, raw = key_of(payload), text_of(payload.get("Status"))
    fields = reader(payload, settings, "milestone")
    title = text_of(payload.get("Subject")) or f"Ticket {key}"
    kind, end = milestone_kind(fields("kind"), title, settings)
    status = to_choice(raw, settings.words["milestone_status"])
    for parent in payload.get("MemberOf") or ():
        own = common(payload, settings, "milestone")
        own["id"] = row_id(settings.name, "milestone", f"{parent}-{key}")
        yield Milestone(
            **own,
            change_id=row_id(settings.name, "change", parent),
            title=title,
            end=cast(Any, end),
            kind=cast(Any, kind),
            kind_raw=fields("kind"),
            planned_start_on=day_of(date_in(payload, "Starts"), settings),
            due_on=day_of(date_in(payload, "Due"), settings),
            done_on=day_of(date_in(payload, "Resolved"), settings) if status == "done" else None,
            status=cast(Any, status),
            status_raw=raw,
            audience=fields("audience"),
            channel=fields("channel"),
        )


@guarded
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
    service = _service(settings.name, fields("service")) if fields("service") else None
    segments = tuple(_segments(payload, settings, "ticket"))
    resolved = date_in(payload, "Resolved") if status in ("resolved", "closed") else None
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
    lost = amount_or_error("lost_minutes", fields("lost_minutes"))
    key = key_of(payload)
    if isinstance(lost, Unreadable):  # the answer is worth more than its minutes
        yield Rejected(key, str(lost), column=lost.column, value=lost.value)
        lost = None
    if word is None and lost is None and (sent is None or sent.lower() in NOT_SENT):
        return
    score = score_of(word, settings)
    if score is not None and not settings.csat_min <= score <= settings.csat_max:
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
        answered_at=dated if score is not None or lost is not None else None,
        score_raw=score,
        scale_min=settings.csat_min,
        scale_max=settings.csat_max,
        better=better,
        score_ratio=score_ratio(score, scale_min=settings.csat_min, scale_max=settings.csat_max, better=better),
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
    return Team(id=row_id(settings.name, "team", key), source=settings.name, source_key=key, name=name)


def _team(payload: Payload, settings: RtSettings) -> str | None:
    return row_id(settings.name, "team", payload["Queue"]) if payload.get("Queue") else None


@lru_cache(maxsize=4096)
def _service(source: str, name: str | None) -> Service:
    """A service is known by its name in the custom field, whatever the spelling's case."""
    key = str(name).casefold()
    return Service(id=row_id(source, "service", key), source=source, source_key=key, name=str(name))


def _segments(payload: Payload, settings: RtSettings, part: str) -> Iterator[Segment]:
    for dimension in SEGMENTS:
        custom_field = settings.field(part, dimension)
        if custom_field:
            for name in payload.get(custom_field) or values_of(payload, custom_field):
                yield _segment(settings.name, dimension, str(name))


@lru_cache(maxsize=4096)
def _segment(source: str, dimension: str, name: str) -> Segment:
    key = f"{dimension}:{name.casefold()}"
    identity = row_id(source, "segment", key)
    return Segment(id=identity, source=source, source_key=key, name=name, dimension=cast(Dimension, dimension))
