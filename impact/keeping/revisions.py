"""Reads revisions, and adds one with its line in the audit. Knows the rows, not who asks or where they are.

Whoever adds holds the writer lock: what is read then is still the newest when it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from impact.keeping import schema
from impact.keeping.checking import RecordRefused
from impact.keeping.naming import can_be_named
from impact.keeping.plain import FIRST_AT, TABLES, Kept, as_row, content, records, same
from impact.model import StoreError
from impact.records import Conflict, Decision, Meeting, Statement


def _select(table: sa.Table) -> sa.Select[Any]:
    """Revisions; those of a decision with the instant of its first one."""
    if table is not schema.DECISION:
        return sa.select(table)
    first = table.alias()
    begun = sa.and_(first.c.id == table.c.id, first.c.revision == 1)
    return sa.select(table, first.c.recorded_at.label(FIRST_AT)).join_from(table, first, begun)


def version(connection: sa.Connection) -> int:
    """The number of the newest line of the audit; 0 where there is none."""
    return connection.execute(_VERSION).scalar() or 0


_VERSION = sa.select(sa.func.max(schema.AUDIT.c.number))


def line(connection: sa.Connection, number: int | None = None) -> Line | None:
    """A line of the audit, the newest one where no number is given; None where there is none."""
    number_of = schema.AUDIT.c.number
    query = _LINE.order_by(number_of.desc()).limit(1) if number is None else _LINE.where(number_of == number)
    row = connection.execute(query).first()
    return None if row is None else (row.number, row.recorded_at, row.recorded_by, row.record_id, row.revision)


Line = tuple[int, datetime, str, str, int]
"""What tells a line of the audit apart, also from the one of that number in another database or after a backup was
put back: its number, instant and writer, and the record and revision it is about."""
_AUDIT = schema.AUDIT.c
_LINE = sa.select(_AUDIT.number, _AUDIT.recorded_at, _AUDIT.recorded_by, _AUDIT.record_id, _AUDIT.revision)


def newest(connection: sa.Connection, kind: type[Kept], id: str) -> Kept | None:
    """A record as it is now."""
    if not can_be_named(id):
        return None
    table = TABLES[kind]
    query = _select(table).where(table.c.id == id).order_by(table.c.revision.desc()).limit(1)
    return next(iter(records(kind, connection.execute(query))), None)


def all_newest(connection: sa.Connection, kind: type[Kept]) -> list[Kept]:
    """Every record as it is now. A revision is the newest where no other follows it: revisions have no gaps."""
    table, later = TABLES[kind], TABLES[kind].alias()
    follows = sa.exists().where(later.c.id == table.c.id, later.c.revision == table.c.revision + 1)
    return records(kind, connection.execute(_select(table).where(~follows)))


def since(connection: sa.Connection, kind: type[Kept], number: int) -> list[Kept]:
    """Every revision recorded after a line of the audit, in that order."""
    table, audit = TABLES[kind], schema.AUDIT
    same_revision = sa.and_(
        audit.c.record_table == table.name, audit.c.record_id == table.c.id, audit.c.revision == table.c.revision
    )
    query = _select(table).join(audit, same_revision).where(audit.c.number > number).order_by(audit.c.number)
    return records(kind, connection.execute(query))


def history(connection: sa.Connection, kind: type[Kept], id: str | None = None) -> list[Kept]:
    """All revisions of one record, or of every one, oldest first."""
    if id is not None and not can_be_named(id):
        return []
    table = TABLES[kind]
    query = _select(table).order_by(table.c.id, table.c.revision)
    return records(kind, connection.execute(query if id is None else query.where(table.c.id == id)))


def add(connection: sa.Connection, record: Kept, seen_revision: int, *, at: datetime, by: str) -> Kept:
    """Record on top of the revision that was seen; gives the newest where it says the same.

    Raises Conflict where another one is the newest, RecordRefused where something the record names is not there.
    """
    current = newest(connection, type(record), record.id)
    revision = 0 if current is None else current.revision
    if revision != seen_revision:
        raise Conflict(current) if current is not None else _unknown(record, seen_revision)
    if current is not None and same(current, record):
        return current
    _check_references(connection, record)
    saved = replace(record, revision=revision + 1, recorded_at=at, recorded_by=by)
    if isinstance(saved, Decision):
        saved = replace(saved, first_at=at if current is None else getattr(current, FIRST_AT))
    table = TABLES[type(record)]
    connection.execute(table.insert(), as_row(saved))
    before = None if current is None else content(current)
    log(connection, table.name, (record.id, saved.revision), before, content(saved), at=at, by=by)
    return saved


def log(
    connection: sa.Connection,
    table: str,
    revision: tuple[str, int],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    at: datetime,
    by: str,
) -> None:
    """One line of the audit for a revision (its record's id and its number)."""
    row = {
        "number": version(connection) + 1,
        "recorded_at": at,
        "recorded_by": by,
        "record_table": table,
        "record_id": revision[0],
        "revision": revision[1],
        "before": before,
        "after": after,
    }
    connection.execute(schema.AUDIT.insert(), row)


def is_frozen(connection: sa.Connection, id: str) -> bool:
    """Whether figures are kept under an id."""
    return frozen_row(connection, id) is not None


def frozen_row(connection: sa.Connection, id: str) -> sa.RowMapping | None:
    """The row of figures kept under an id."""
    if not can_be_named(id):
        return None
    return connection.execute(sa.select(schema.FROZEN).where(schema.FROZEN.c.id == id)).mappings().first()


def _check_references(connection: sa.Connection, record: Meeting | Decision | Statement) -> None:
    """Meetings and frozen figures that a record names are there; nothing is ever removed, so they stay there."""
    meeting_id, frozen_id = getattr(record, "meeting_id", None), getattr(record, "frozen_id", None)
    if meeting_id is not None and newest(connection, Meeting, meeting_id) is None:
        raise RecordRefused(
            "meeting_id",
            f"There is no meeting {meeting_id!r}. Open it first, or record the decision without a meeting.",
        )
    if frozen_id is not None and not is_frozen(connection, frozen_id):
        raise RecordRefused("frozen_id", f"No figures are frozen as {frozen_id!r}. Freeze them first.")


def _unknown(record: Meeting | Decision | Statement, seen_revision: int) -> StoreError:
    return StoreError(
        f"Revision {seen_revision} of {record.id!r} was to be changed, and nothing is recorded under that name. "
        "Open it again; it may be in another database."
    )
