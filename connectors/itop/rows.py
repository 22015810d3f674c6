"""What teams, services, groups of customers and work orders of an iTop mean here: payloads to rows, purely."""

from __future__ import annotations

from typing import Any, cast

from connectors import Payload
from connectors.itop.record import Record
from connectors.itop.settings import ItopSettings
from connectors.values import Rows, Unreadable, day_of, guarded, text_of
from impact.model import Milestone, Segment, Service, Team, row_id

KINDS_OF_SEGMENT = {"Organization": ("organization", "department"), "Location": ("location", "location")}


@guarded("id")
def team_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """A team."""
    record = Record(payload, settings, "ticket")
    yield Team(**record.row("team"), name=text_of(record.raw.get("name")) or f"Team {record.key}")


@guarded("id")
def service_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """A service of the catalogue."""
    record = Record(payload, settings, "ticket")
    yield Service(**record.row("service"), name=text_of(record.raw.get("name")) or f"Service {record.key}")


@guarded("id")
def segment_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """An organization (a department) or a location."""
    record = Record(payload, settings, "ticket")
    if record.kind not in KINDS_OF_SEGMENT:
        raise Unreadable("class", record.kind, "neither an organization nor a location")
    kind, dimension = KINDS_OF_SEGMENT[record.kind]
    parent = text_of(record.raw.get("parent_id"))
    yield Segment(
        **record.row("segment", f"{kind}:{record.key}"),
        name=text_of(record.raw.get("name")) or f"{record.kind} {record.key}",
        dimension=cast(Any, dimension),
        parent_id=row_id(settings.name, "segment", f"{kind}:{parent}") if parent not in (None, "0") else None,
    )


@guarded("id")
def milestone_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """A work order of a change. iTop does not say when one was done; its history may."""
    record = Record(payload, settings, "milestone")
    change = text_of(record.raw.get("ticket_id"))
    if change in (None, "0"):
        raise Unreadable("ticket_id", record.raw.get("ticket_id"), "a work order without a change")
    raw, kind = text_of(record.raw.get("status")), record.text("kind")
    status = record.word("milestone_status", raw)
    done = record.at("done_on")
    if status == "done" and not done:
        words = settings.words["milestone_status"]
        ends = [at for at, _, new in record.moves("status") or () if words.get(new.lower()) == "done"]
        done = ends[-1] if ends else None
    yield Milestone(
        **record.row("milestone"),
        change_id=row_id(settings.name, "change", change),
        title=record.text("title") or f"Work order {record.key}",
        kind=record.word("milestone_kind", kind),
        kind_raw=kind,
        planned_start_on=day_of(record.at("planned_start_on"), settings.day_zone),
        due_on=day_of(record.at("due_on"), settings.day_zone),
        done_on=day_of(done, settings.day_zone) if status == "done" else None,
        status=status,
        status_raw=raw,
        audience=record.text("audience"),
        channel=record.text("channel"),
    )
