"""Makes rows anew from raw records and fills a fresh set of tables with them. Knows no vendor: rows come by a function.

The rows of one payload get the time at which that payload was read, as they had when they were first stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from impact.model import TABLE_OF, Rejected, Row
from impact.storage.columns import INSTANT, to_columns
from impact.storage.raw import RawRecord
from impact.storage.tables import TableSet

ROWS = 20_000
"""So many rows of a table are gathered before they are stored."""

Convert = Callable[[str, str, Sequence[Mapping[str, Any]]], Iterable[Row | Rejected]]
"""``convert(source, stream, payloads)`` gives rows, or Rejected for a payload that makes none."""

Refused = Mapping[tuple[str, str], Sequence[Rejected]]


def fill(tables: TableSet, batches: Iterator[list[RawRecord]], convert: Convert) -> Refused:
    """Store the rows of every raw record in ``tables``; gives, per source and stream, what made no row."""
    refused: dict[tuple[str, str], list[Rejected]] = defaultdict(list)
    waiting: dict[str, list[tuple[pa.Table, pa.Array]]] = defaultdict(list)
    for batch in batches:
        origin = batch[0].source, batch[0].stream
        for at, records in _by_reading(batch).items():
            rows: dict[str, list[Row]] = defaultdict(list)
            for made in convert(*origin, [record.payload for record in records]):
                if isinstance(made, Rejected):
                    refused[origin].append(made)
                else:
                    rows[TABLE_OF[type(made)]].append(made)
            for table, found in rows.items():
                waiting[table].append((to_columns(table, found), pa.repeat(pa.scalar(at, INSTANT), len(found))))
        _store(tables, waiting, at_least=ROWS)
    _store(tables, waiting, at_least=1)
    return refused


def _by_reading(batch: Sequence[RawRecord]) -> Mapping[datetime | None, list[RawRecord]]:
    read: dict[datetime | None, list[RawRecord]] = defaultdict(list)
    for record in batch:
        read[record.fetched_at].append(record)
    return read


def _store(tables: TableSet, waiting: dict[str, list[tuple[pa.Table, pa.Array]]], *, at_least: int) -> None:
    for table, parts in waiting.items():
        if sum(part.num_rows for part, _ in parts) >= at_least:
            columns = pa.concat_tables([part for part, _ in parts])
            tables.upsert(table, columns, fetched_at=pa.concat_arrays([at for _, at in parts]))
            parts.clear()
