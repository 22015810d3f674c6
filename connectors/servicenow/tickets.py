"""What a ticket of a ServiceNow and its service levels mean in canonical rows. Pure: knows no HTTP and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors import Payload
from connectors.servicenow.parts import Reader, common, key_of, link, segments_of, services_of, yes
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import Unreadable, earliest, guarded, instant, items, or_error, text_of, whole
from connectors.words import SOLVED
from impact.model import Rejected, Row, Ticket


@guarded("sys_id")
def ticket_rows(payload: Payload, settings: ServiceNowSettings) -> Iterator[Row | Rejected]:
    """An incident, a requested item or a record of another table of tickets."""
    table = text_of(payload.get("table")) or "incident"
    key, read = key_of(payload), Reader(payload, settings, "ticket", table)
    opened = read.at("opened_at") or instant("sys_created_on", payload.get("sys_created_on"))
    if opened is None:
        raise Unreadable("opened_at", "", "a ticket without the date it was opened")
    status = read.meaning("status", "ticket_status", "other")
    named = services_of(payload, settings)
    segments = list(segments_of(payload, settings))
    reopened = whole(read("reopened_count"))
    closed = read.at("closed_at") if status in SOLVED else None
    resolved = (read.at("resolved_at") or closed) if status in SOLVED else None
    cause, cure = read("caused_by"), read("changes")
    priority = read.meaning("priority", "priority", "")
    levels = items(payload.get("sla"))
    replied = or_error(_first_response, "first_reply_at", levels)
    yield Ticket(
        **common(payload, settings, "ticket", table),
        number=read("number") or key,
        kind=read.meaning("kind", "ticket_kind", "other"),
        kind_raw=read.word("kind"),
        priority=int(priority) if priority else None,
        priority_raw=read.word("priority"),
        status=status,
        status_raw=read.word("status"),
        opened_at=opened,
        first_reply_at=None if isinstance(replied, Unreadable) else replied,
        resolved_at=resolved,
        first_resolved_at=None if reopened else resolved,
        reopened_at=read.at("reopened_at") if reopened == 1 else None,
        closed_at=closed if status == "closed" else None,
        reopened_count=reopened if reopened is not None and reopened >= 0 else None,
        reassigned_count=_count(read("reassigned_count")),
        within_target=_within_target(levels, settings) if status in SOLVED else None,
        channel=read.meaning("channel", "channel", "other"),
        channel_raw=read.word("channel"),
        service_id=link(settings, "service", named[0][0]) if named else None,
        team_id=link(settings, "team", read("team")),
        segment_ids=tuple(segment.id for segment in segments),
        person_key=text_of(payload.get("requester")),
        caused_by_change_id=link(settings, "change", cause),
        change_ids=_links(settings, cure, but=cause),
    )
    if isinstance(replied, Unreadable):
        yield replied.rejection(key)
    yield from segments
    if named and named[0][1]:
        yield named[0][1]


def _links(settings: ServiceNowSettings, cure: str | None, *, but: str | None) -> tuple[str, ...]:
    found = link(settings, "change", cure)
    return (found,) if found and cure != but else ()


def _count(text: str | None) -> int | None:
    found = whole(text)
    return found if found is not None and found >= 0 else None


def _alive(levels: Iterable[Mapping[str, Any]], target: str) -> list[Mapping[str, Any]]:
    """The service levels of a kind that were not called off."""
    return [
        level
        for level in levels
        if str(level.get("target")).lower() == target and str(level.get("stage")).lower() != "cancelled"
    ]


def _first_response(column: str, levels: Any) -> datetime | None:
    """When the response to the customer was given: the end of the earliest service level for it."""
    return earliest(*(instant(column, level.get("end_time")) for level in _alive(levels, "response")))


def _within_target(levels: Iterable[Mapping[str, Any]], settings: ServiceNowSettings) -> bool | None:
    """Whether a solved ticket kept what was promised for its resolution; None where nothing was, or it is not known."""
    counted = {kind.strip().lower() for kind in settings.sla_types}
    kept = [
        _kept(level)
        for level in _alive(levels, "resolution")
        if not counted or not level.get("type") or str(level.get("type")).lower() in counted
    ]
    if False in kept:
        return False
    return True if kept and None not in kept else None


def _kept(level: Mapping[str, Any]) -> bool | None:
    breached = yes(level.get("breached"))
    if breached is False and str(level.get("stage")).lower() in ("in_progress", "paused"):
        return None
    return None if breached is None else not breached
