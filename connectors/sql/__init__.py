"""Databases as a source: changes, milestones, tickets and answers by one query each, over SQLAlchemy. Knows no vendor.

The query itself says which column is what: its column names are the names of our fields. ``updated_at`` is the
watermark: only rows from there on are read again. Parts: ``settings`` (what is configured), ``reading`` (pages out of
the database), ``rows`` (one row to canonical rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from connectors import Connector, Page, Payload, Stream
from connectors.sql.reading import open_database, rows_of
from connectors.sql.rows import convert
from connectors.sql.settings import KEY, PEOPLE, PERSON, UPDATED, SqlSettings, columns_of
from impact.model import TABLES

_FIRST = ("service", "team", "segment")
_NAMED_TOO = {
    "ticket": ("service", "team", "segment"),
    "change": ("team",),
    "change_service": ("service",),
    "satisfaction_response": ("service", "segment"),
    "service": ("team",),
}
"""Tables whose rows also name rows of others."""


def check(engine: sa.Engine, settings: SqlSettings) -> Iterator[str]:
    """Which tables have no query, and which of our fields a query leaves unknown."""
    without = [table for table in ("change", "change_service", "milestone", "ticket", "satisfaction_response")
               if table not in settings.queries]  # fmt: skip
    if without:
        yield f"No query for: {', '.join(without)}. What they would say stays unknown."
    for table in settings.queries:
        page = next(iter(rows_of(engine, settings, table, None)), Page(()))
        there = {KEY, *(page.records[0]["cells"] if page.records else ())}
        lacking = [
            name
            for name in columns_of(table)[2:]
            if name not in there and name not in (PERSON, "url") and not name.endswith("_raw")
        ]
        if page.records:
            yield f"queries.{table} leaves unknown: {', '.join(lacking) or 'nothing'}."
        if page.records and UPDATED not in page.records[0]:
            yield f"queries.{table} has no column {UPDATED}: every sync reads all of its rows."


def _fetch(table: str) -> Callable[[sa.Engine, SqlSettings, datetime | None], Iterator[Page]]:
    def fetch(engine: sa.Engine, settings: SqlSettings, since: datetime | None) -> Iterator[Page]:
        yield from rows_of(engine, settings, table, since)

    return fetch


def _updated_at(payload: Payload) -> datetime | None:
    """The watermark of a row where it says its offset; without one it is a local time that only settings can place."""
    try:
        at = datetime.fromisoformat(str(payload.get(UPDATED) or ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _stream(table: str) -> Stream:
    return Stream(
        name=table,
        tables=(table, *_NAMED_TOO.get(table, ())),
        fetch=_fetch(table),
        convert=partial(convert, table=table),
        key=lambda payload: str(payload[KEY]),
        updated_at=_updated_at,
        people=(PERSON,) if table in PEOPLE else (),
        wanted=lambda settings: table in settings.queries,
    )


CONNECTOR = Connector(
    kind="sql",
    title="Database (any that SQLAlchemy speaks)",
    settings=SqlSettings,
    streams=tuple(_stream(table) for table in sorted(TABLES, key=lambda table: table not in _FIRST)),
    open=open_database,
    check=check,
    lacks=("A query does not say what was deleted: rows that vanish from it stay in the store.",),
    guide="docs/connectors/sql.md explains the queries; their columns are named like our fields.",
)
