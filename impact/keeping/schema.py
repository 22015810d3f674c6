"""The tables records are kept in. Knows columns and types, no connection and no record's meaning.

Rows are only ever added: a record's newest state is its highest revision. ``HEAD`` is the newest migration; a test
compares these tables with what the migrations make.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

HEAD = "0002"
"""The migration that makes exactly the tables below."""
VERSION_TABLE = "alembic_version"


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps it as text without an offset, PostgreSQL with its own type."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(sa.types.TypeDecorator[Any]):
    """Plain JSON, kept as canonical text: the same value is the same text in every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else json.loads(value)


def canonical(value: object) -> str:
    """Keys sorted, no blanks, no escapes that are not needed. Raises ValueError and TypeError for what is no JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


METADATA = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)


def _needed(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _revisions(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A table with one row per revision of a record, counted from 1."""
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        _needed("recorded_at", Instant),
        _needed("recorded_by", sa.Text),
        *columns,
        sa.CheckConstraint("revision >= 1", name="counted"),
    )


FROZEN = sa.Table(
    "frozen",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _needed("data_version", sa.Text),
    _needed("frozen_at", Instant),
    _needed("content", sa.Text),
)
MEETING = _revisions(
    "meeting",
    _needed("held_on", sa.Date),
    _needed("title", sa.Text),
    sa.Column("team_id", sa.Text),
    sa.Column("next_on", sa.Date),
    _needed("agenda", Json),
    sa.Column("frozen_id", sa.Text, sa.ForeignKey(FROZEN.c.id)),
    sa.Column("closed_at", Instant),
)
DECISION = _revisions(
    "decision",
    _needed("change_id", sa.Text),
    _needed("kind", sa.Text),
    _needed("reason", sa.Text),
    _needed("owner", sa.Text),
    _needed("decided_on", sa.Date),
    sa.Column("meeting_id", sa.Text),
    _needed("other", sa.Text),
    sa.Column("due_on", sa.Date),
    sa.Column("review_on", sa.Date),
    sa.Column("word", sa.Text),
    _needed("asked", Json),
    _needed("data_version", sa.Text),
    sa.Column("frozen_id", sa.Text, sa.ForeignKey(FROZEN.c.id)),
    _needed("withdrawn", sa.Boolean),
)
STATEMENT = _revisions(
    "statement",
    _needed("change_id", sa.Text),
    _needed("metric", sa.Text),
    _needed("expected", sa.Double),
    _needed("matters", sa.Double),
    _needed("review_on", sa.Date),
    _needed("if_met", sa.Text),
    _needed("if_missed", sa.Text),
    _needed("note", sa.Text),
    _needed("withdrawn", sa.Boolean),
    _needed("after_rollout", sa.Boolean),
)
AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _needed("recorded_at", Instant),
    _needed("recorded_by", sa.Text),
    _needed("record_table", sa.Text),
    _needed("record_id", sa.Text),
    _needed("revision", sa.Integer),
    sa.Column("before", Json),
    _needed("after", Json),
    sa.UniqueConstraint("record_table", "record_id", "revision"),
)
"""Numbered from 1 without a gap; each revision of each record has one row."""
