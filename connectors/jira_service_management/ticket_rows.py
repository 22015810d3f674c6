"""What an issue that is a customer's ticket means in canonical rows, and its answer to the survey. Pure: knows no HTTP,
no clock and no other record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.jira_service_management.meaning import (
    common,
    events_of,
    first_of,
    key_of,
    moves,
    person_in,
    status_of,
)
from connectors.jira_service_management.named import segments_of, services_of, team_of
from connectors.jira_service_management.settings import JiraSettings
from connectors.values import (
    Rows,
    Unreadable,
    earliest,
    guarded,
    instant,
    items,
    mapping,
    or_error,
    score,
    text_of,
    whole,
)
from connectors.words import SOLVED
from impact.model import Rejected, Row, SatisfactionResponse, Ticket, row_id, score_ratio, to_choice

UNSOLVED = ("open", "waiting")


@guarded("id")
def ticket_rows(payload: Payload, settings: JiraSettings) -> Rows:
    """A customer's ticket with its team, service, groups of customers and answer to the survey."""
    key, opened = key_of(payload), instant("created", payload.get("created"))
    if opened is None:
        raise Unreadable("created", payload.get("created"), "a ticket without a creation date")
    status, raw = status_of(payload, settings, "ticket")
    service, team = next(iter(services_of(payload, settings)), None), team_of(payload, settings)
    segments = tuple({segment.id: segment for segment in segments_of(payload, settings)}.values())
    past = _past(payload, settings, status)
    kind_raw = first_of(payload, "kind") or text_of(mapping(payload.get("type")).get("name"))
    priority_raw = text_of(payload.get("priority"))
    priority = settings.words["priority"].get((priority_raw or "").lower())
    cause, others = _changes(payload, settings)
    yield Ticket(
        **common(payload, settings, "ticket"),
        **past,
        number=text_of(payload.get("key")) or key,
        kind=cast(Any, to_choice(kind_raw, settings.words["ticket_kind"])),
        kind_raw=kind_raw,
        priority=int(priority) if priority else None,
        priority_raw=priority_raw,
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        first_reply_at=_first_reply(payload),
        within_target=_within_target(payload),
        channel=cast(Any, to_choice(first_of(payload, "channel"), settings.words["channel"])),
        channel_raw=first_of(payload, "channel"),
        service_id=service.id if service else None,
        team_id=team.id if team else None,
        segment_ids=tuple(segment.id for segment in segments),
        person_key=person_in(payload.get("requester")) or text_of(payload.get("reporter")),
        caused_by_change_id=row_id(settings.name, "change", cause) if cause else None,
        change_ids=tuple(row_id(settings.name, "change", number) for number in others),
    )
    yield from segments
    yield from filter(None, (service, team))
    about = {"service_id": service.id if service else None, "segment_ids": tuple(segment.id for segment in segments)}
    yield from _answer(payload, settings, past["resolved_at"], status, about)


def _past(payload: Payload, settings: JiraSettings, status: str) -> dict[str, Any]:
    """Resolutions, reopenings and moves between teams. Without a history, only what Jira says of the resolution now."""
    resolved = instant("resolved", payload.get("resolved"))
    if not isinstance(payload.get("history"), list):
        now = (resolved or instant("moved", payload.get("moved"))) if status in SOLVED else None
        return {"resolved_at": now, "first_resolved_at": now, "closed_at": now if status == "closed" else None}
    changes = moves(payload, settings, "ticket")
    solved = [at for at, old, new in changes if new in SOLVED and old not in SOLVED]
    back = [at for at, old, new in changes if old in SOLVED and new in UNSOLVED]
    if not solved and status != "cancelled":  # teams that resolve without moving the status
        told = events_of(payload, "resolution")
        solved = [at for at, event in told if text_of(event.get("new"))]
        back = [at for at, event in told if text_of(event.get("old")) and not text_of(event.get("new"))]
    now = (resolved or max(solved, default=None)) if status in SOLVED else None
    closed = [at for at, old, new in changes if new == "closed" and old != "closed"]
    return {
        "resolved_at": now,
        "first_resolved_at": earliest(*solved, now),
        "reopened_at": min(back, default=None),
        "reopened_count": len(back),
        "closed_at": max(closed, default=now) if status == "closed" else None,
        "reassigned_count": _reassigned(payload),
    }


def _reassigned(payload: Payload) -> int | None:
    """How often the team was another than before; a first team is no move. Unknown where there is no team field."""
    if "team" not in mapping(payload.get("fields")):
        return None
    told = events_of(payload, "team")
    return sum(bool(text_of(e.get("old"))) and text_of(e.get("old")) != text_of(e.get("new")) for _, e in told)


def _cycles(payload: Payload, name: str) -> list[tuple[datetime | None, bool]]:
    """(stopped, breached) of the clock of a service level; what cannot be read of it counts as running."""
    found = []
    for cycle in items(mapping(payload.get("sla")).get(name)):
        stopped = or_error(instant, name, cycle.get("stopped"))
        found.append((None if isinstance(stopped, Unreadable) else stopped, cycle.get("breached") is True))
    return found


def _first_reply(payload: Payload) -> datetime | None:
    return earliest(*(stopped for stopped, _ in _cycles(payload, "sla_first_reply")))


def _within_target(payload: Payload) -> bool | None:
    """Whether no run of the clock was breached; unknown while none was and one still runs."""
    runs = _cycles(payload, "sla_resolution")
    if any(breached for _, breached in runs):
        return False
    return True if runs and all(stopped for stopped, _ in runs) else None


def _changes(payload: Payload, settings: JiraSettings) -> tuple[str | None, list[str]]:
    """The change that a link names as the cause (the latest of several), and all others that are linked."""
    causing = {word.strip().lower() for word in settings.cause_links}
    linked = [(str(link.get("as")).lower(), whole(link.get("change"))) for link in items(payload.get("links"))]
    cause = max((n for word, n in linked if n is not None and word in causing), default=None)
    others = sorted({n for _, n in linked if n is not None and n != cause})
    return (str(cause) if cause is not None else None), list(map(str, others))


def _answer(
    payload: Payload, settings: JiraSettings, resolved: datetime | None, status: str, about: dict[str, Any]
) -> Iterator[Row | Rejected]:
    """The survey of a ticket: what was answered; where the settings say who was asked, also what was not."""
    asked = settings.csat_asked == "resolved" and status in SOLVED and bool(first_of(payload, "request_type"))
    said = score("csat", first_of(payload, "csat"), settings.words["csat"])
    if said is None and not asked:
        return
    if said is not None and not settings.csat_min <= said <= settings.csat_max:
        reason = f"a score outside the scale {settings.csat_min:g} to {settings.csat_max:g}"
        yield Rejected(key_of(payload), reason, column="csat", value=first_of(payload, "csat"))
        return
    answered = (
        instant("csat_at", first_of(payload, "csat_at")) or resolved or instant("updated", payload.get("updated"))
    )
    scale: dict[str, Any] = {"scale_min": settings.csat_min, "scale_max": settings.csat_max}
    scale["better"] = settings.csat_better
    yield SatisfactionResponse(
        **common(payload, settings, "satisfaction_response"),
        **scale,
        **about,
        instrument=cast(Any, settings.csat_instrument),
        asked_at=resolved if asked else None,
        answered_at=answered if said is not None else None,
        score_raw=said,
        score_ratio=score_ratio(said, **scale),
        ticket_id=row_id(settings.name, "ticket", key_of(payload)),
    )
