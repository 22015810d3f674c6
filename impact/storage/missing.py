"""Rows that their source no longer lists: marks them, and takes the mark from those that are back. Deletes nothing.

Knows no source; whether a list is believed is the caller's to say. Only data files that hold a marked row are written
anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from impact.storage.columns import INSTANT
from impact.storage.delta import DeltaFolder
from impact.storage.engine import select_files, text, workbench, write_files

MISSING = "missing_at"
_MARKED = pa.schema([("id", pa.string()), (MISSING, INSTANT)])


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list of all keys that exist says about the rows of a stream that were not missing before.

    ``listed``: keys on the list. ``present``: such rows stored. ``gone``: those of them that are not on the list.
    ``missing``: all rows of the stream that are not on it, also those found missing earlier.
    """

    listed: int
    present: int
    gone: int
    missing: int


def mark(
    folder: DeltaFolder,
    raw: DeltaFolder,
    of: tuple[str, str],
    keys: Iterable[Iterable[str]],
    *,
    at: datetime,
    believe: Callable[[Listing], bool],
) -> Listing:
    """Compare the rows that came from ``of`` (source, stream) with ``keys``, given in portions; mark, where ``believe``
    says so, those that are not listed and were not marked before, and unmark those that are listed again."""
    source, stream = map(text, of)
    with workbench() as database:
        database.execute("CREATE TEMP TABLE listed (key VARCHAR)")
        for portion in keys:
            database.register("portion", pa.table({"key": pa.array(list(map(str, portion)), pa.string())}))
            database.execute("INSERT INTO listed SELECT key FROM portion")
            database.unregister("portion")
        own = select_files(raw.root, raw.files(), pa.schema([raw.schema.field(name) for name in _OWN]),
                           where=f"source = {source} AND stream = {stream}")  # fmt: skip
        rows = select_files(folder.root, folder.files(), pa.schema([folder.schema.field(name) for name in _ROW]),
                            where=f"source = {source}")  # fmt: skip
        database.execute(
            f"CREATE TEMP TABLE known AS SELECT id, {MISSING}, source_key IN (SELECT key FROM listed) AS is_listed "
            f"FROM ({rows}) AS stored WHERE source_key IN (SELECT key FROM ({own}) AS own)"
        )
        counted = database.execute(
            f"SELECT (SELECT count(DISTINCT key) FROM listed), count(*) FILTER ({MISSING} IS NULL), "
            f"count(*) FILTER ({MISSING} IS NULL AND NOT is_listed), count(*) FILTER (NOT is_listed) FROM known"
        ).fetchall()[0]
        found = Listing(*counted)
        if believe(found):
            database.execute(
                f"CREATE TEMP TABLE marks AS SELECT id, CASE WHEN NOT is_listed THEN {_instant(at)} END AS {MISSING} "
                f"FROM known WHERE is_listed = ({MISSING} IS NOT NULL)"
            )
            _write(database, folder)
        return found


_OWN = ("source", "stream", "key")
_ROW = ("id", "source", "source_key", MISSING)


def carry(old: DeltaFolder, fresh: DeltaFolder) -> None:
    """Mark in ``fresh`` what is marked in ``old``: lists of keys are not kept, so a table made anew needs the marks."""
    with workbench() as database:
        marked = select_files(old.root, old.files(), _MARKED, where=f"{MISSING} IS NOT NULL")
        database.execute(f"CREATE TEMP TABLE marks AS SELECT * FROM ({marked}) AS marked")
        _write(database, fresh)


def _write(database: duckdb.DuckDBPyConnection, folder: DeltaFolder) -> None:
    """Write the files anew that hold rows of the table ``marks``, with its marks."""
    files = {str(folder.root / file.path): file for file in folder.files()}
    ids = select_files(folder.root, folder.files(), pa.schema([("id", pa.string())]), extra=["filename"])
    found = database.execute(f"SELECT DISTINCT filename FROM ({ids}) AS stored SEMI JOIN marks USING (id)").fetchall()
    touched = [files[name] for (name,) in found]
    if not touched:
        return
    names = [field.name for field in folder.schema] + list(folder.partition_by)
    marked = f"CASE WHEN marks.id IS NULL THEN stored.{MISSING} ELSE marks.{MISSING} END AS {MISSING}"
    columns = ", ".join(marked if name == MISSING else f'stored."{name}"' for name in names)
    stored = select_files(folder.root, touched, folder.schema, extra=folder.partition_by)
    select = f"SELECT {columns} FROM ({stored}) AS stored LEFT JOIN marks ON marks.id = stored.id"
    folder.commit(write_files(database, select, folder.root, partition_by=folder.partition_by), touched)


def _instant(at: datetime) -> str:
    return f"CAST({text(at.isoformat())} AS TIMESTAMPTZ)"
