"""Pages of rows out of a database, oldest update first, by one streamed SELECT per table. Knows no field's meaning.

The configured query becomes a derived table of ours: what is read of it (from which watermark, in which order) is said
by SQLAlchemy in the database's own dialect. One statement sees one state of the data, so rows that change while it is
read are neither lost nor doubled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from connectors import Page, Payload
from connectors.sql.settings import KEY, PERSON, UPDATED, SqlSettings, columns_of
from impact.model import Rejected, SettingsError, SourceChanged, SourceError, SourceRefused, SourceUnavailable

_REFUSED = ("28", "42501")
"""SQLSTATE of wrong credentials and of a missing right."""
_UNKNOWN = ("42P01", "42703", "42601", "42000")
"""SQLSTATE of a table, a column or a query that does not exist."""
_AWAY = ("08", "57", "53")
_WAIT_SECONDS = 15
_COLON = re.compile(r"(?<![:\w\\]):(?=\w)")


def open_database(settings: SqlSettings) -> sa.Engine:
    """An engine; nothing is asked yet. Raises SettingsError when the driver of the address is not installed."""
    waits = {"connect_timeout": _WAIT_SECONDS} if settings.address.get_backend_name() in ("postgresql", "mysql") else {}
    level = "REPEATABLE READ" if settings.address.get_backend_name() == "postgresql" else None
    try:
        return sa.create_engine(
            settings.address, hide_parameters=True, connect_args=waits, poolclass=sa.NullPool,
            **({"isolation_level": level} if level else {}),
        )  # fmt: skip
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(f"url: the driver is not installed or not known: {error}. Install it with pip.") from None


def rows_of(engine: sa.Engine, settings: SqlSettings, table: str, since: datetime | None) -> Iterator[Page]:
    """Pages of one table. Without a watermark in the query every pass reads all of it.

    The bookmark is the newest watermark delivered. Raises SourceChanged for a column nobody knows, SourceRefused,
    SourceUnavailable and SourceError with the database's own words.
    """
    with _asked(engine, table) as connection:
        query = _derived(connection, settings, table)
        marked = UPDATED in query.c
        asked = sa.select(query)
        if marked:
            asked = asked.order_by(query.c[UPDATED], query.c[KEY])
            floor = _floor(connection, query, settings, since)
            if floor is not None:
                asked = asked.where(query.c[UPDATED] >= floor)
        else:
            asked = asked.order_by(query.c[KEY])
        total = connection.execute(sa.select(sa.func.count()).select_from(asked.order_by(None).subquery())).scalar()
        options = {"stream_results": True, "yield_per": settings.page_rows}
        seen: set[str] = set()
        with closing(connection.execution_options(**options).execute(asked)) as result:
            for part in result.mappings().partitions(settings.page_rows):
                yield _page(part, settings, total=total, seen=seen)


def _page(part: Any, settings: SqlSettings, *, total: int | None, seen: set[str]) -> Page:
    records: list[Payload] = []
    refused: list[Rejected] = []
    newest: datetime | None = None
    for row in part:
        payload = _payload(row)
        if not payload[KEY]:
            refused.append(Rejected(key="?", reason="has no key", column=KEY))
        elif payload[KEY] in seen:
            refused.append(Rejected(key=payload[KEY], reason="comes twice: key does not identify a row", column=KEY))
        else:
            seen.add(payload[KEY])
            records.append(payload)
        at = _utc(row.get(UPDATED), settings)
        newest = at if newest is None or (at is not None and at > newest) else newest
    return Page(tuple(records), bookmark=newest, total=total, rejected=tuple(refused))


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    cells = {name: plain(value) for name, value in row.items() if name not in (KEY, UPDATED, PERSON)}
    key = plain(row[KEY])
    payload: dict[str, Any] = {KEY: "" if key is None else str(key).strip(), "cells": cells}
    if UPDATED in row:
        payload[UPDATED] = plain(row[UPDATED])
    if row.get(PERSON) not in (None, ""):
        payload[PERSON] = str(row[PERSON])
    return payload


def plain(value: Any) -> Any:
    """A value as JSON keeps it: instants and days as ISO text, decimals as numbers, whole where they are whole."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds() / 60.0
    return str(value)


def _derived(connection: sa.Connection, settings: SqlSettings, table: str) -> sa.Subquery:
    """The configured query as a derived table with the names of its columns. Raises SourceChanged for others."""
    query = _COLON.sub(r"\\:", settings.query(table))  # a colon is the user's own, never a parameter of ours
    raw = f"SELECT * FROM ({query}\n) asked WHERE 1 = 0"
    names = [str(name) for name in connection.execute(sa.text(raw)).keys()]  # noqa: SIM118 (a result, not a dict)
    lower = [name.lower() for name in names]
    allowed = columns_of(table)
    unknown = [name for name in lower if name not in allowed]
    if unknown:
        raise SourceChanged(
            f"queries.{table} gives a column {unknown[0]!r}, and {table} has no such field. Rename it with AS, or "
            f"leave it out. Allowed: {', '.join(allowed)}."
        )
    if KEY not in lower:
        raise SourceChanged(f"queries.{table} gives no column {KEY!r}: the row's own key. Add '... AS {KEY}'.")
    if len(set(lower)) != len(lower):
        raise SourceChanged(f"queries.{table} gives a column twice: {', '.join(lower)}. Name each once.")
    inner = sa.text(query).columns(*[sa.column(name) for name in names]).subquery("asked")
    chosen = [inner.c[name].label(name.lower()) for name in names]
    return sa.select(*chosen).subquery("read_rows")


def _floor(connection: sa.Connection, query: sa.Subquery, settings: SqlSettings, since: datetime | None) -> Any:
    """From which watermark on to read, in the type the column has; None for everything."""
    if since is None and not settings.start:
        return None
    first = connection.execute(sa.select(query.c[UPDATED]).where(query.c[UPDATED].is_not(None)).limit(1)).scalar()
    if first is None:
        return None
    zone = settings.zone or UTC
    begin = datetime.combine(date.fromisoformat(settings.start), time(), zone) if settings.start else None
    back = since - timedelta(minutes=settings.overlap_minutes) if since is not None else None
    floor = max(at for at in (begin, back) if at is not None)
    if isinstance(first, datetime):
        return floor if first.tzinfo is not None else _local(floor, settings)
    if isinstance(first, date):
        return floor.astimezone(zone).date()
    text = str(first)
    if isinstance(first, str) and text[:4].isdigit() and text[4:5] == "-":
        local = floor if text.endswith(("Z", "+00:00")) else _local(floor, settings)
        return local.strftime("%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d %H:%M:%S")
    raise SourceChanged(f"{UPDATED} holds {text[:40]!r}, which is no timestamp. Cast it to one in the query.")


def _local(at: datetime, settings: SqlSettings) -> datetime:
    if settings.zone is None:
        raise SettingsError(
            f"{UPDATED} has no offset from UTC, so it is not known when it is. Set timezone, such as 'Europe/Berlin'."
        )
    return at.astimezone(settings.zone).replace(tzinfo=None)


def _utc(value: Any, settings: SqlSettings) -> datetime | None:
    """A watermark as a UTC instant; None where it cannot be told."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        if settings.zone is None:
            return None
        value = value.replace(tzinfo=settings.zone)
    at: datetime = value.astimezone(UTC)
    return at


@contextmanager
def _asked(engine: sa.Engine, table: str) -> Iterator[sa.Connection]:
    """A read-only connection; whatever the database answers becomes an error that names the table's query."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            yield connection
            connection.rollback()
    except DBAPIError as error:
        raise _told(error, table) from None
    except SQLAlchemyError as error:
        raise SourceError(f"queries.{table} could not be read: {type(error).__name__}.") from None


def _told(error: DBAPIError, table: str) -> SourceError:
    state = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
    words = " ".join(str(error.orig).split())[:300]
    if state.startswith(_REFUSED) or "authentication failed" in words or "Access denied" in words:
        return SourceRefused(f"The database refused queries.{table}: {words}")
    missing = state in _UNKNOWN or "no such table" in words or "no such column" in words or "syntax error" in words
    if missing:
        return SourceChanged(f"queries.{table} does not fit the database: {words}")
    if state.startswith(_AWAY) or error.connection_invalidated or not state:
        return SourceUnavailable(f"The database did not answer queries.{table}: {words}")
    return SourceError(f"queries.{table} could not be read: {words}")
