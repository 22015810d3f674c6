"""What the tickets and surveys of a Freshservice mean in canonical rows. Pure: knows no HTTP and no clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.freshservice.links import (
    common,
    labelled,
    said,
    segment_ids,
    segments_of,
    services_of,
    team_of,
    word_of,
)
from connectors.freshservice.settings import FreshserviceSettings
from connectors.values import Rows, Unreadable, guarded, instant, key_of, mapping, number, text_of
from connectors.words import SOLVED
from impact.model import Better, Instrument, SatisfactionResponse, Ticket, row_id, score_ratio


@guarded("id")
def ticket_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """An incident or a service request."""
    key, opened = key_of(payload), instant("created_at", payload.get("created_at"))
    if opened is None:
        raise Unreadable("created_at", payload.get("created_at"), "a ticket without a creation date")
    status, raw = ticket_status(payload, settings)
    service = next(iter(services_of(payload, settings)), None)
    dates = _dates(payload, settings, status, opened)
    due = instant("due_by", payload.get("due_by"))
    priority = settings.meaning("priority", *labelled(payload, "priority"))
    causes, others = _changes(payload)
    yield Ticket(
        **common(payload, settings, "ticket", "tickets"),
        number=key,
        kind=cast(Any, settings.meaning("ticket_kind", *said(payload, "kind")) or "other"),
        kind_raw=word_of(payload, "kind"),
        priority=int(priority) if priority else None,
        priority_raw=next(filter(None, labelled(payload, "priority")), None),
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        **dates,
        within_target=dates["resolved_at"] <= due if dates["resolved_at"] and due else None,
        channel=cast(Any, settings.meaning("channel", *said(payload, "channel")) or "other"),
        channel_raw=word_of(payload, "channel"),
        service_id=service.id if service else None,
        team_id=team_of(payload, settings),
        segment_ids=segment_ids(payload, settings, "ticket"),
        person_key=text_of(payload.get("person")),
        caused_by_change_id=row_id(settings.name, "change", causes[0]) if causes else None,
        change_ids=tuple(row_id(settings.name, "change", other) for other in others),
    )
    yield from (segment for _, segment in segments_of(payload, settings, "ticket") if segment)
    if service:
        yield service


def ticket_status(payload: Payload, settings: FreshserviceSettings) -> tuple[str, str | None]:
    """Our word and Freshservice's for where a ticket stands; what lies in the trash or among spam is cancelled."""
    for word in ("deleted", "spam"):
        if payload.get(word) is True or payload.get("gone") == word:
            return "cancelled", word
    label, value = labelled(payload, "status")
    return settings.meaning("ticket_status", label, value) or "other", label or value


def _dates(payload: Payload, settings: FreshserviceSettings, status: str, opened: datetime) -> dict[str, Any]:
    """First answer, resolution, reopening and closing, as far as the stats of a ticket tell them.

    They keep the latest resolution and the latest reopening only. So a count of 1 means once or more, and the first
    resolution of a ticket that was resolved again after a reopening is unknown.
    """
    stats = mapping(payload.get("stats"))
    replied, resolved, closed, again = (
        instant(key, stats.get(key)) for key in ("first_responded_at", "resolved_at", "closed_at", "opened_at")
    )
    reopened = again if settings.reopenings and again and again > opened else None
    ended = resolved or closed
    first = ended if ended and not (reopened and ended > reopened) else None
    return {
        "first_reply_at": replied,
        "resolved_at": ended if status in SOLVED else None,
        "first_resolved_at": first,
        "reopened_at": reopened,
        "closed_at": closed if status == "closed" else None,
        "reopened_count": int(bool(reopened)) if stats and settings.reopenings else None,
    }


def _changes(payload: Payload) -> tuple[list[str], list[str]]:
    """Numbers of the changes that caused a ticket, and of all others that it names."""
    causes, led_to = (_numbers(payload.get(key)) for key in ("caused_by", "led_to"))
    return causes[:1], [one for one in dict.fromkeys([*causes[1:], *led_to]) if one not in causes[:1]]


def _numbers(value: object) -> list[str]:
    return [text for text in map(text_of, value) if text] if isinstance(value, list) else []


@guarded("id")
def survey_rows(payload: Payload, settings: FreshserviceSettings) -> Rows:
    """The survey of a ticket: answered, or asked only. Without an answer nobody knows whether it was sent, so there is
    a row only where ``csat_asked`` says that every solved ticket is asked."""
    key, answer = key_of(payload), mapping(payload.get("answer"))
    stats = mapping(payload.get("stats"))
    score = number("acquired_score", answer.get("acquired_score"))
    if score is None and not answer and settings.csat_asked != "resolved":
        return
    answered = instant("created_at", answer.get("created_at")) or instant("updated_at", answer.get("updated_at"))
    solved = instant("resolved_at", stats.get("resolved_at")) or instant("closed_at", stats.get("closed_at"))
    most = number("total_score", answer.get("total_score"))
    if score is not None and (most is None or not settings.csat_min <= score <= most or most <= settings.csat_min):
        raise Unreadable("acquired_score", score, f"a score outside its scale {settings.csat_min:g} to {most}")
    if score is not None and answered is None:
        raise Unreadable("created_at", answer.get("created_at"), "an answer without a date")
    asked = solved if settings.csat_asked == "resolved" else None
    service = next(iter(services_of(payload, settings)), None)
    highest = settings.csat_max if score is None or most is None else most
    better = cast(Better, settings.csat_better)
    stamped = {"updated_at": answer.get("updated_at") or payload.get("updated_at")}
    yield SatisfactionResponse(
        **common({**payload, **stamped}, settings, "satisfaction_response", "tickets"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=asked or (answered if score is None else None),
        answered_at=answered if score is not None else None,
        score_raw=score,
        scale_min=settings.csat_min,
        scale_max=highest,
        better=better,
        score_ratio=score_ratio(score, scale_min=settings.csat_min, scale_max=highest, better=better),
        ticket_id=row_id(settings.name, "ticket", key),
        service_id=service.id if service else None,
        segment_ids=segment_ids(payload, settings, "ticket"),
    )
