"""Records as rows of a table and as plain JSON, and back. Knows fields, no database and no rules."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from impact.keeping import schema
from impact.records import AgendaItem, AuditEntry, Decision, Frozen, Meeting, Statement

Kept = TypeVar("Kept", bound=Meeting | Decision | Statement)
TABLES: Mapping[type[Any], sa.Table] = {
    Meeting: schema.MEETING,
    Decision: schema.DECISION,
    Statement: schema.STATEMENT,
}
_STAMP = {"id": "", "revision": 0, "recorded_at": None, "recorded_by": ""}
"""What is said about a revision rather than in it."""
FIRST_AT = "first_at"
"""Known of a decision, and no column of its own: its first revision has it."""


def as_row(record: Meeting | Decision | Statement) -> dict[str, Any]:
    """Column -> value; lists of a record become plain JSON."""
    row = {field.name: getattr(record, field.name) for field in dataclasses.fields(record) if field.name != FIRST_AT}
    if "agenda" in row:
        row["agenda"] = [dataclasses.asdict(item) for item in row["agenda"]]
    if "asked" in row:
        row["asked"] = list(row["asked"])
    return row


def records(kind: type[Kept], rows: sa.Result[Any]) -> list[Kept]:
    """The records that rows hold."""
    names = tuple(map(str, rows.keys()))
    return [_record(kind, dict(zip(names, row, strict=True))) for row in rows]


def _record(kind: type[Kept], values: dict[str, Any]) -> Kept:
    if "agenda" in values:
        values["agenda"] = tuple(
            AgendaItem(change_id=item["change_id"], reasons=tuple(item["reasons"]), note=item["note"])
            for item in values["agenda"]
        )
    if "asked" in values:
        values["asked"] = tuple(values["asked"])
    return kind(**values)


def content(record: Meeting | Decision | Statement) -> dict[str, Any]:
    """What a revision says, as plain JSON: dates and instants as ISO text; who and when stand beside it."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in as_row(record).items()
        if name not in _STAMP
    }


def same(one: Kept, other: Kept) -> bool:
    """Whether two revisions say the same; when and by whom, and whether that was after the rollout, set aside."""
    return all(
        getattr(one, field.name) == getattr(other, field.name)
        for field in dataclasses.fields(one)
        if field.name not in _STAMP and field.name not in ("after_rollout", FIRST_AT)
    )


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError where it has no offset."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no offset from UTC")
    return at.astimezone(UTC)


def entry_from_row(row: sa.RowMapping) -> AuditEntry:
    """One line of the audit."""
    return AuditEntry(
        number=row["number"],
        at=row["recorded_at"],
        by=row["recorded_by"],
        table=row["record_table"],
        record_id=row["record_id"],
        revision=row["revision"],
        before=row["before"],
        after=row["after"],
    )


def frozen_from_row(row: sa.RowMapping) -> Frozen:
    """Figures as they were frozen."""
    return Frozen(
        id=row["id"],
        data_version=row["data_version"],
        frozen_at=row["frozen_at"],
        content=json.loads(row["content"]),
    )
