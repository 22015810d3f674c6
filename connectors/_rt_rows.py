"""What a Request Tracker record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from connectors import Payload
from connectors._rt_queries import instant, whole
from connectors._rt_settings import END_OF_KIND, RULES, SEGMENTS, RtSettings
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
TRACE = re.compile(r"-?\d+(?:[.,]\d+)?")
"""A number at the beginning of a score such as ``4 - good``."""


class Unreadable(ValueError):
    """A value that cannot be what its field says."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value = column, str(value)[:80]


def guarded(convert: Callable[[Payload, RtSettings], Rows]) -> Callable[[Payload, RtSettings], Rows]:
    """The same conversion, where an unreadable record becomes a Rejected with its reason."""

    def convert_or_reject(payload: Payload, settings: RtSettings) -> Rows:
        try:
            rows = list(convert(payload, settings))
        except Unreadable as error:
            rows = [Rejected(str(payload.get("id", "?")), str(error), column=error.column, value=error.value)]
        except (AttributeError, KeyError, LookupError, TypeError) as error:
            reason = f"the record has an unknown shape ({type(error).__name__})"
            rows = [Rejected(str(payload.get("id", "?")), reason)]
        yield from rows

    return convert_or_reject


@guarded
def team_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A queue is a team."""
    name = _text(payload.get("Name"))
    if name is None:
        raise Unreadable("Name", "", "a queue without a name")
    key = _key(payload)
    yield Team(id=row_id(settings.name, "team", key), source=settings.name, source_key=key, name=name)


@guarded
def change_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A ticket of a change queue: the change, its services and its segments."""
    key, raw = _key(payload), _text(payload.get("Status"))
    fields = _fields(payload, settings, "change")
    status = to_choice(raw, settings.words["change_status"])
    team = _named_team(payload, settings, fields("team"))
    begun, ended = _rollout(payload, settings, status, fields)
    outcome_raw = fields("outcome") or raw
    identity = row_id(settings.name, "change", key)
    yield Change(
        **_common(payload, settings, "change"),
        number=key,
        title=_text(payload.get("Subject")) or f"Ticket {key}",
        kind=cast(Any, to_choice(fields("kind"), settings.words["change_kind"])),
        kind_raw=fields("kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, to_choice(outcome_raw, settings.words["change_outcome"], "unknown")),
        outcome_raw=outcome_raw,
        risk=cast(Any, to_choice(fields("risk"), settings.words["change_risk"], "unknown")),
        risk_raw=fields("risk"),
        planned_start_at=_date(payload, "Starts"),
        planned_end_at=_date(payload, "Due"),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team.id if team else _team(payload, settings),
        sponsor_key=_first(payload.get("Sponsor")),
        requirement=fields("requirement"),
        expected_outcome=fields("expected_outcome"),
        planned_cost=_number("planned_cost", fields("planned_cost")),
        actual_cost=_number("actual_cost", fields("actual_cost")),
        expected_benefit_hours=_number("expected_benefit_hours", fields("expected_benefit_hours")),
        expected_benefit_money=_number("expected_benefit_money", fields("expected_benefit_money")),
    )
    if team and team.source_key != payload.get("TeamQueue"):  # queues come with their own names
        yield team
    for name in _values(payload, settings.field("change", "service")):
        service = _service(settings.name, name)
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
    start, end = (_moment(f"rollout_{edge}_at", fields(f"rollout_{edge}_at")) for edge in ("start", "end"))
    if status == "cancelled":
        return start, end
    starting = settings.words_for("change_rollout", "started")
    ending = settings.words_for("change_status", "done", "rolled_back")
    events = _events(payload, "Status")
    begun = next((at for at, _, new in events if new in starting or new in ending), None)
    ended = next((at for at, _, new in events if new in ending), None)
    if status in ("done", "rolled_back"):
        ended = _earliest(ended, _date(payload, "Resolved"))
        begun = _earliest(begun, ended)
    end = end or ended
    return start or begun, end


@guarded
def milestone_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A child ticket of a change: one milestone for each change it belongs to."""
    key, raw = _key(payload), _text(payload.get("Status"))
    fields = _fields(payload, settings, "milestone")
    title = _text(payload.get("Subject")) or f"Ticket {key}"
    kind, end = _rule(fields("kind"), title, settings)
    status = to_choice(raw, settings.words["milestone_status"])
    for parent in payload.get("MemberOf") or ():
        common = _common(payload, settings, "milestone")
        common["id"] = row_id(settings.name, "milestone", f"{parent}-{key}")
        yield Milestone(
            **common,
            change_id=row_id(settings.name, "change", parent),
            title=title,
            end=cast(Any, end),
            kind=cast(Any, kind),
            kind_raw=fields("kind"),
            planned_start_on=_day(_date(payload, "Starts"), settings),
            due_on=_day(_date(payload, "Due"), settings),
            done_on=_day(_date(payload, "Resolved"), settings) if status == "done" else None,
            status=cast(Any, status),
            status_raw=raw,
            audience=fields("audience"),
            channel=fields("channel"),
        )


def _rule(word: str | None, title: str, settings: RtSettings) -> tuple[str, str]:
    """Kind and end of a milestone by the first rule that fits its type, else its title."""
    rules = (*settings.milestone_rules, *RULES)
    for text in (word, title):
        for rule in rules if text else ():
            if any(str(part).lower() in str(text).lower() for part in rule.get("contains", ())):
                kind = str(rule.get("kind", "other"))
                return kind, str(rule.get("end") or END_OF_KIND.get(kind, "other"))
    return "other", "other"


@guarded
def ticket_rows(payload: Payload, settings: RtSettings) -> Rows:
    """A customer's ticket with its answer to the survey. A step of a change is no customer's ticket: no row."""
    links = payload.get("Links") or {}
    if links.get("MemberOf"):
        return
    opened = _date(payload, "Created")
    if opened is None:
        raise Unreadable("Created", payload.get("Created"), "a ticket without a creation date")
    key, raw = _key(payload), _text(payload.get("Status"))
    fields = _fields(payload, settings, "ticket")
    status = to_choice(raw, settings.words["ticket_status"])
    service = _service(settings.name, fields("service")) if fields("service") else None
    segments = tuple(_segments(payload, settings, "ticket"))
    resolved = _date(payload, "Resolved") if status in ("resolved", "closed") else None
    due = _date(payload, "Due")
    causes = [i for kind in settings.cause_links for i in links.get(kind, ())]
    cause = max(causes, key=lambda i: whole(i) or 0, default=None)
    others = sorted({i for ids in links.values() for i in ids if i != cause}, key=lambda i: whole(i) or 0)
    yield Ticket(
        **_common(payload, settings, "ticket"),
        number=key,
        kind=cast(Any, to_choice(fields("kind"), settings.words["ticket_kind"])),
        kind_raw=fields("kind"),
        priority=_priority(payload.get("Priority"), settings),
        priority_raw=_text(payload.get("Priority")),
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        resolved_at=resolved,
        **_reopenings(payload, settings, resolved),
        closed_at=resolved if status == "closed" else None,
        within_target=resolved <= due if resolved and due else None,
        channel=cast(Any, to_choice(fields("channel"), settings.words["channel"])),
        channel_raw=fields("channel"),
        service_id=service.id if service else None,
        team_id=_team(payload, settings),
        segment_ids=tuple(s.id for s in segments),
        person_key=next((p["id"] for p in payload.get("Requestor") or () if p.get("id")), None),
        caused_by_change_id=row_id(settings.name, "change", cause) if cause else None,
        change_ids=tuple(row_id(settings.name, "change", i) for i in others),
    )
    yield from segments
    if service:
        yield service
    yield from _answer(payload, settings, fields, resolved=resolved, service=service, segments=segments)


def _reopenings(payload: Payload, settings: RtSettings, resolved: datetime | None) -> dict[str, Any]:
    """First resolution, first reopening, and how often it was reopened or moved; unknown where no history was read."""
    if "History" not in payload:
        return {"first_resolved_at": resolved}
    ended = settings.words_for("ticket_status", "resolved", "closed", "cancelled")
    solved = settings.words_for("ticket_status", "resolved", "closed")
    events = _events(payload, "Status")
    back = [at for at, old, new in events if old in ended and new not in ended]
    first = next((at for at, _, new in events if new in solved), None)
    return {
        "first_resolved_at": _earliest(first, resolved),
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
    if word is None and sent is None:
        return
    key = _key(payload)
    score = _score(word, settings)
    if score is not None and not settings.csat_min <= score <= settings.csat_max:
        yield Rejected(
            key,
            f"a score outside the scale {settings.csat_min:g} to {settings.csat_max:g}",
            column=settings.field("ticket", "csat"),
            value=word,
        )
        return
    answers = [at for at, _, new in _events(payload, "CustomField") if new]
    dated = (answers[-1] if answers else None) or resolved or _date(payload, "LastUpdated")
    better = cast(Better, settings.csat_better)
    yield SatisfactionResponse(
        **_common(payload, settings, "satisfaction_response"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=_sent(sent) or (resolved if sent else None),
        answered_at=dated if score is not None else None,
        score_raw=score,
        scale_min=settings.csat_min,
        scale_max=settings.csat_max,
        better=better,
        score_ratio=score_ratio(score, scale_min=settings.csat_min, scale_max=settings.csat_max, better=better),
        ticket_id=row_id(settings.name, "ticket", key),
        service_id=service.id if service else None,
        segment_ids=tuple(s.id for s in segments),
    )


def _score(word: str | None, settings: RtSettings) -> float | None:
    if word is None:
        return None
    known = settings.words["csat"].get(word.lower())
    found = TRACE.match(known or word)
    if not found:
        raise Unreadable(settings.field("ticket", "csat"), word, "a score that is no number; name it in values.csat")
    return float(found.group().replace(",", "."))


def _sent(word: str | None) -> datetime | None:
    try:
        return instant(word)
    except (ValueError, OverflowError):
        return None  # the field only says that a survey was sent, not when


def _common(payload: Payload, settings: RtSettings, table: str) -> dict[str, Any]:
    key = _key(payload)
    return {
        "id": row_id(settings.name, table, key),
        "source": settings.name,
        "source_key": key,
        "url": f"{settings.url.rstrip('/')}/Ticket/Display.html?id={key}",
        "source_updated_at": _date(payload, "LastUpdated"),
    }


def _key(payload: Payload) -> str:
    number = whole(payload.get("id"))
    if number is None:
        raise Unreadable("id", payload.get("id"), "a record without a number")
    return str(number)


def _fields(payload: Payload, settings: RtSettings, part: str) -> Callable[[str], str | None]:
    return lambda name: next(iter(_values(payload, settings.field(part, name))), None)


def _values(payload: Payload, custom_field: str) -> list[str]:
    if not custom_field:
        return []
    found = (payload.get("CustomFields") or {}).get(custom_field) or ()
    return [text for text in (_text(value) for value in found) if text]


def _events(payload: Payload, kind: str) -> list[tuple[datetime, str, str]]:
    """(when, from, to) of the transactions of a kind, oldest first, words in lower case."""
    found = []
    for event in payload.get("History") or ():
        at = _date(event, "Created") if event.get("Type") == kind else None
        if at:
            found.append((at, str(event.get("OldValue") or "").lower(), str(event.get("NewValue") or "").lower()))
    return sorted(found, key=lambda event: event[0])


def _date(payload: Mapping[str, Any], column: str) -> datetime | None:
    return _moment(column, payload.get(column))


def _moment(column: str, text: object) -> datetime | None:
    try:
        return instant(text)
    except (ValueError, OverflowError):
        raise Unreadable(column, text, "not a date") from None


def _day(at: datetime | None, settings: RtSettings) -> date | None:
    return at.astimezone(settings.zone).date() if at else None


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((at for at in moments if at), default=None)


def _number(column: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        raise Unreadable(column, text, "not a plain number such as 1250.50") from None


def _priority(number: object, settings: RtSettings) -> int | None:
    value = whole(number)
    return None if value is None else next((p for floor, p in settings.priorities if value >= floor), 5)


def _text(value: object) -> str | None:
    return (str(value).strip() or None) if value is not None and not isinstance(value, dict | list) else None


def _first(values: object) -> str | None:
    return next((str(v) for v in values if v), None) if isinstance(values, list) else None


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
            for name in payload.get(custom_field) or _values(payload, custom_field):
                yield _segment(settings.name, dimension, str(name))


@lru_cache(maxsize=4096)
def _segment(source: str, dimension: str, name: str) -> Segment:
    key = f"{dimension}:{name.casefold()}"
    identity = row_id(source, "segment", key)
    return Segment(id=identity, source=source, source_key=key, name=name, dimension=cast(Dimension, dimension))
