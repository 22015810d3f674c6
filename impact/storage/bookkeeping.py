"""How far each stream was read and which records were rejected. Knows no rows and no sources.

Two small tables, each one file that is written anew when something in it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impact.model import Rejected
from impact.passes import StreamState
from impact.storage.columns import INSTANT, record_schema
from impact.storage.delta import DeltaFolder
from impact.storage.engine import workbench, write_files

STATE_SCHEMA = record_schema(StreamState)
REJECTED_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("stream", pa.string()),
        ("key", pa.string()),
        ("reason", pa.string()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("place", pa.string()),
        ("rejected_at", INSTANT),
    ]
)


def states(folder: DeltaFolder) -> list[StreamState]:
    """The state of every stream, by source and stream."""
    rows = sorted(_rows(folder), key=lambda row: (row["source"], row["stream"]))
    known = {field.name for field in fields(StreamState)}
    return [StreamState(**{name: value for name, value in row.items() if name in known}) for row in rows]


def keep_state(folder: DeltaFolder, state: StreamState) -> None:
    """Replace the state of the stream; no commit when it says the same already."""
    before = states(folder)
    others = [old for old in before if (old.source, old.stream) != (state.source, state.stream)]
    if [*others, state] != before or len(others) == len(before):
        _replace(folder, [asdict(old) for old in [*others, state]])


def reject(folder: DeltaFolder, source: str, stream: str, rejected: Sequence[Rejected], *, at: datetime) -> None:
    """Add rejected records; one already listed for the same key, place and column is replaced."""
    if not rejected:
        return
    rows = {_name(row): row for row in _rows(folder)}
    for record in rejected:
        row = {
            "source": source,
            "stream": stream,
            "key": record.key,
            "reason": record.reason,
            "column_name": record.column,
            "value": record.value,
            "place": record.place,
            "rejected_at": at,
        }
        rows[_name(row)] = row
    _replace(folder, list(rows.values()))


def clear(folder: DeltaFolder, source: str, stream: str, keys: Collection[str]) -> None:
    """Take records that are accepted now off the list; no commit when none of them is on it."""
    before = _rows(folder)
    accepted = set(keys)
    after = [row for row in before if (row["source"], row["stream"]) != (source, stream) or row["key"] not in accepted]
    if len(after) < len(before):
        _replace(folder, after)


def clear_before(folder: DeltaFolder, source: str, stream: str, moment: datetime) -> None:
    """Take a stream's records that were rejected before ``moment`` off the list; no commit when there are none."""
    before = _rows(folder)
    after = [
        row for row in before if (row["source"], row["stream"]) != (source, stream) or row["rejected_at"] >= moment
    ]
    if len(after) < len(before):
        _replace(folder, after)


def keys(folder: DeltaFolder) -> set[tuple[str, str, str]]:
    """Source, stream and key of every rejected record."""
    return {(row["source"], row["stream"], row["key"]) for row in _rows(folder)}


def _name(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("source", "stream", "key", "place", "column_name"))


def _rows(folder: DeltaFolder) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for file in folder.files():
        rows += pq.read_table(folder.root / file.path, partitioning=None).to_pylist()
    return rows


def _replace(folder: DeltaFolder, rows: list[dict[str, Any]]) -> None:
    before = folder.files()
    with workbench() as database:
        database.register("rows", pa.Table.from_pylist(rows, schema=folder.schema))
        folder.commit(write_files(database, "SELECT * FROM rows", folder.root), before)
