"""What a change of an iTop means here: a payload to rows, purely.

iTop has planned dates only and no outcome; when customers met a change is told by the history of its status.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.itop.record import Record, named_service, segments, service_key
from connectors.itop.settings import ItopSettings
from connectors.links import service_named
from connectors.values import Rows, amounts, guarded, items, plain, text_of
from connectors.words import ROLLED_OUT
from impact.model import Change, ChangeSegment, ChangeService, Service, row_id


@guarded("id")
def change_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """A change with the services and groups of customers it touches."""
    record = Record(payload, settings, "change")
    raw = text_of(record.raw.get("status"))
    status = record.word("change_status", raw)
    kind = record.text("kind") or (record.kind != "Change" and record.kind) or text_of(record.raw.get("category"))
    outcome = record.text("outcome")
    costs, wrong = amounts(record.value)
    yield from (error.rejection(record.key) for error in wrong)
    start, end = (None, None) if status == "cancelled" else _rollout(record, status)
    reference = text_of(record.raw.get("ref")) or record.key
    yield Change(
        **record.row("change"),
        number=reference,
        title=record.text("title") or reference,
        kind=record.word("change_kind", kind or None),
        kind_raw=kind or None,
        status=status,
        status_raw=raw,
        outcome="unknown" if status == "cancelled" else record.word("change_outcome", outcome, "unknown"),
        outcome_raw=outcome,
        risk=record.word("change_risk", record.text("risk"), "unknown"),
        risk_raw=record.text("risk"),
        planned_start_at=record.at("planned_start_at"),
        planned_end_at=record.at("planned_end_at"),
        rollout_start_at=start,
        rollout_end_at=end,
        team_id=record.team(),
        sponsor_key=text_of(payload.get("sponsor")),
        requirement=plain(record.value("requirement")),
        expected_outcome=plain(record.value("expected_outcome")),
        **costs,
    )
    yield from _services_of(record)
    for segment_id, segment in segments(record):
        if segment:
            yield segment
        key = f"{record.key}-{segment_id.partition(':segment:')[2]}"
        link = settings.row("change_segment", key, updated_at=record.updated_at)
        yield ChangeSegment(**link, change_id=row_id(settings.name, "change", record.key), segment_id=segment_id)


def _rollout(record: Record, status: str) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: a configured field; else what ``rollout_from`` says, for what was rolled out."""
    start, end = record.at("rollout_start_at"), record.at("rollout_end_at")
    chosen = record.settings.rollout_from
    if start or end or chosen == "field" or status not in ("running", *ROLLED_OUT):
        return start, end
    if chosen == "plan":
        return record.at("planned_start_at"), record.at("planned_end_at") if status != "running" else None
    if chosen == "close":
        closed = record.at("closed_at")
        return closed, closed
    words = record.settings.words["change_status"]
    moves = [(at, words.get(old.lower()), words.get(new.lower())) for at, old, new in record.moves("status") or ()]
    begun = next((at for at, _, new in moves if new in ("running", *ROLLED_OUT)), None)
    ended = [at for at, old, new in moves if new in ROLLED_OUT and old not in ROLLED_OUT]
    return begun, ended[-1] if ended and status in ROLLED_OUT else None


def _services_of(record: Record) -> Iterator[Service | ChangeService]:
    """The service that a configured field names; configuration items, and the services these are part of."""
    settings, change = record.settings, row_id(record.settings.name, "change", record.key)
    touched: dict[str, str] = {}
    named = record.reference("service")
    if named and (service := named_service(record, named)):
        yield service
    if named:
        touched[service_key(named)] = "changed"
    for item in items(record.payload.get("cis")):
        number, role = text_of(item.get("id")), record.word("ci_role", text_of(item.get("role")), "changed")
        if number in (None, "0") or role == "none":
            continue
        parts = item.get("services")
        parents = (
            [key for part in parts if (key := text_of(part)) not in (None, "0")] if isinstance(parts, list) else []
        )
        parent = row_id(settings.name, "service", parents[0]) if len(parents) == 1 else None
        name = text_of(item.get("name")) or f"Configuration item {number}"
        yield replace(service_named(settings.name, name, f"ci:{number}"), parent_id=parent)
        for key in (f"ci:{number}", *map(str, parents)):
            if touched.get(key) != "changed":
                touched[key] = role
    for key, role in touched.items():
        link = settings.row("change_service", f"{record.key}-{key}", updated_at=record.updated_at)
        service_id = row_id(settings.name, "service", key)
        yield ChangeService(**link, change_id=change, service_id=service_id, role=cast(Any, role))
