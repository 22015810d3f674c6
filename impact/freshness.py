"""What is stored and how complete it is: counts, dates, links, rejected records. Knows SQL over the store's tables;
nothing of statistics or layout."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from impact.model import TABLES
from impact.store import Snapshot

DAY_OF = {
    "change": "rollout_on",
    "milestone": "due_on",
    "ticket": "opened_on",
    "satisfaction_response": "COALESCE(answered_on, asked_on)",
}
"""What dates the rows of a table; the others have no date of their own."""
SHOWN_REJECTED = 50


@dataclass(frozen=True)
class Stored:
    """One table: how many rows, and from which to which day (None: it has no dates, or no row)."""

    table: str
    rows: int
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True)
class Link:
    """How many of ``total`` rows have a link; what that means is for wording."""

    name: str
    linked: int
    total: int

    @property
    def ratio(self) -> float | None:
        """0..1, None where there are no rows."""
        return self.linked / self.total if self.total else None


@dataclass(frozen=True)
class Orphan:
    """A change that tickets name and no source delivers, and how many tickets do."""

    change: str
    tickets: int


@dataclass(frozen=True)
class Missing:
    """How many rows of a table a source no longer lists, and since when the first of them."""

    source: str
    table: str
    rows: int
    since: datetime


@dataclass(frozen=True)
class Rejection:
    """A record that could not become a row: where it stands and why. ``value`` is as the source has it."""

    source: str
    stream: str
    key: str
    place: str | None
    column: str | None
    value: str | None
    reason: str
    rejected_at: datetime | None


@dataclass(frozen=True)
class Holdings:
    """Everything the data page shows of one version of the store; ``rejected`` are the latest ones only."""

    stored: tuple[Stored, ...]
    links: tuple[Link, ...]
    orphans: tuple[Orphan, ...]
    rejected_count: int
    rejected: tuple[Rejection, ...]
    reasons: tuple[tuple[str, str, str, int], ...]
    missing: tuple[Missing, ...] = ()

    def rows(self, table: str) -> int:
        """Number of rows of a table."""
        return next((one.rows for one in self.stored if one.table == table), 0)

    def link(self, name: str) -> Link | None:
        """A link by name; None where there is nothing to link."""
        return next((one for one in self.links if one.name == name), None)


def look(snapshot: Snapshot) -> Holdings:
    """Ask for all of it."""
    named = named_changes(snapshot)
    return Holdings(
        stored(snapshot),
        (*links(snapshot), *([named] if named.total else [])),
        orphans(snapshot),
        rejected_count(snapshot),
        rejected(snapshot),
        rejected_reasons(snapshot),
        missing(snapshot),
    )


def stored(snapshot: Snapshot) -> tuple[Stored, ...]:
    """Every table with rows, largest first."""
    found = []
    for table in TABLES:
        day = DAY_OF.get(table)
        dates = f"MIN({day}), MAX({day})" if day else "CAST(NULL AS DATE), CAST(NULL AS DATE)"
        first = _rows(snapshot.query(f"SELECT COUNT(*) AS n, {dates} FROM {table}"))[0]
        found.append(Stored(table, int(first[0]), first[1], first[2]))
    return tuple(sorted((s for s in found if s.rows), key=lambda s: -s.rows))


def missing(snapshot: Snapshot) -> tuple[Missing, ...]:
    """What sources no longer list, by source and table."""
    found = []
    for table in TABLES:
        sql = (
            f"SELECT source, COUNT(*) AS n, MIN(missing_at) AS since FROM {table} WHERE missing_at IS NOT NULL "
            "GROUP BY source"
        )
        found += [Missing(source, table, int(n), since) for source, n, since in _rows(snapshot.query(sql))]
    return tuple(sorted(found, key=lambda one: (one.source, -one.rows)))


_LINKS = {
    "ticket_service": "SELECT COUNT(service_id), COUNT(*) FROM ticket",
    "ticket_resolved": "SELECT COUNT(first_resolved_on), COUNT(*) FROM ticket WHERE status IN ('resolved', 'closed')",
    "ticket_channel": "SELECT COUNT(channel_raw), COUNT(*) FROM ticket",
    "change_service": (
        "SELECT COUNT(DISTINCT CASE WHEN l.change_id IS NOT NULL THEN c.id END), COUNT(DISTINCT c.id) "
        "FROM change c LEFT JOIN change_service l ON l.change_id = c.id"
    ),
    "change_rollout": "SELECT COUNT(rollout_on), COUNT(*) FROM change WHERE status IN ('done', 'rolled_back')",
    "change_milestone": (
        "SELECT COUNT(DISTINCT CASE WHEN m.change_id IS NOT NULL THEN c.id END), COUNT(DISTINCT c.id) "
        "FROM change c LEFT JOIN milestone m ON m.change_id = c.id"
    ),
    "answer_ticket": (
        "SELECT COUNT(t.id), COUNT(*) FROM satisfaction_response r LEFT JOIN ticket t ON t.id = r.ticket_id "
        "WHERE r.answered_on IS NOT NULL"
    ),
    "answer_service": "SELECT COUNT(service_id), COUNT(*) FROM survey WHERE answered_on IS NOT NULL",
    "survey_answered": "SELECT COUNT(answered_on), COUNT(*) FROM satisfaction_response WHERE asked_on IS NOT NULL",
}


def links(snapshot: Snapshot) -> tuple[Link, ...]:
    """How much of what belongs together is linked, in the order it is shown; empty tables are left out."""
    found = (_link(name, snapshot, sql) for name, sql in _LINKS.items())
    return tuple(link for link in found if link.total)


def _link(name: str, snapshot: Snapshot, sql: str) -> Link:
    linked, total = _rows(snapshot.query(sql))[0]
    return Link(name, int(linked), int(total))


_NAMED = (
    "SELECT id, caused_by_change_id AS change_id FROM ticket WHERE caused_by_change_id IS NOT NULL "
    "UNION SELECT t.id, u.change_id FROM ticket t CROSS JOIN UNNEST(t.change_ids) AS u(change_id)"
)


def orphans(snapshot: Snapshot) -> tuple[Orphan, ...]:
    """Changes that tickets name and no source delivers, the most named first."""
    sql = (
        f"SELECT n.change_id, COUNT(*) AS tickets FROM ({_NAMED}) n LEFT JOIN change c ON c.id = n.change_id "
        "WHERE c.id IS NULL AND n.change_id IS NOT NULL GROUP BY n.change_id ORDER BY COUNT(*) DESC, n.change_id"
    )
    return tuple(Orphan(str(change).split(":", 2)[-1], int(n)) for change, n in _rows(snapshot.query(sql)))


def named_changes(snapshot: Snapshot) -> Link:
    """Tickets that name a change, and how many of them name one that is stored."""
    sql = (
        f"SELECT COUNT(DISTINCT CASE WHEN c.id IS NOT NULL THEN n.id END), COUNT(DISTINCT n.id) FROM ({_NAMED}) n "
        "LEFT JOIN change c ON c.id = n.change_id"
    )
    return _link("ticket_change", snapshot, sql)


def rejected_count(snapshot: Snapshot) -> int:
    """How many records are on the list of rejected ones."""
    return int(_rows(snapshot.query("SELECT COUNT(*) AS n FROM rejected"))[0][0])


def rejected_reasons(snapshot: Snapshot) -> tuple[tuple[str, str, str, int], ...]:
    """Source, stream, column or empty, and number of rejected records, the most frequent first."""
    sql = (
        "SELECT source, stream, COALESCE(column_name, '') AS column_name, COUNT(*) AS n FROM rejected "
        "GROUP BY source, stream, COALESCE(column_name, '') ORDER BY COUNT(*) DESC, source, stream, column_name"
    )
    return tuple((s, t, c, int(n)) for s, t, c, n in _rows(snapshot.query(sql)))


def rejected(snapshot: Snapshot, most: int | None = SHOWN_REJECTED) -> tuple[Rejection, ...]:
    """Rejected records, the latest first; all of them for ``most`` None."""
    limit = "" if most is None else f" LIMIT {int(most)}"
    sql = (
        "SELECT source, stream, key, place, column_name, value, reason, rejected_at FROM rejected "
        f"ORDER BY rejected_at DESC, source, stream, place, key{limit}"
    )
    return tuple(Rejection(*row) for row in _rows(snapshot.query(sql)))


def as_csv(found: tuple[Rejection, ...]) -> str:
    """Rejected records as CSV, one row each, with a header. A cell that a spreadsheet would run as a formula gets an
    apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["source", "stream", "key", "place", "column", "value", "reason", "rejected_at"])
    for one in found:
        at = one.rejected_at.isoformat() if one.rejected_at else ""
        cells = (one.source, one.stream, one.key, one.place, one.column, one.value, one.reason, at)
        writer.writerow([_harmless(cell or "") for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []
