"""Raw records: what sources sent, as JSON text, the newest per key. Knows no canonical row.

New payloads are appended; one that is identical to the newest stored of its key, or older, is not stored again.
Superseded payloads go when ``fold`` writes many small files into one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from impact.model import UnfitError
from impact.storage.columns import INSTANT
from impact.storage.delta import DeltaFolder
from impact.storage.engine import select_files, text, workbench, write_files

RAW_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("stream", pa.string()),
        ("key", pa.string()),
        ("updated_at", INSTANT),
        ("fetched_at", INSTANT),
        ("place", pa.int64()),  # the later of two payloads of a key has the higher one
        ("digest", pa.int64()),
        ("payload", pa.string()),
    ]
)
BATCH_ROWS = 10_000
SMALL_BYTES = 16_000_000
MANY_SMALL = 24


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as its source sent it. ``source``, ``stream`` and ``fetched_at`` are filled in when read back."""

    key: str
    updated_at: datetime | None
    payload: Mapping[str, Any]
    source: str = ""
    stream: str = ""
    fetched_at: datetime | None = None


def append(folder: DeltaFolder, source: str, stream: str, records: Sequence[RawRecord], *, fetched_at: datetime) -> int:
    """Keep the payloads that are new; gives how many were. Raises UnfitError for a payload that is no plain JSON."""
    if not records:
        return 0
    with workbench() as database:
        database.register("batch", _columns(folder, source, stream, records, fetched_at))
        once = ""  # sorting wide rows costs more than all the rest, so only when a key comes twice
        if len({record.key for record in records}) < len(records):
            once = "QUALIFY row_number() OVER (PARTITION BY key ORDER BY updated_at DESC NULLS LAST, line DESC) = 1"
        own = f"source = {text(source)} AND stream = {text(stream)}"
        known = select_files(folder.root, folder.files(), RAW_SCHEMA, where=own)
        wanted = (
            "WITH given AS (SELECT * EXCLUDE (line) REPLACE (CAST(md5_number_lower(payload) >> 1 AS BIGINT) AS digest) "
            f"FROM batch {once}), "
            "newest AS (SELECT key, max(place) AS place, arg_max(digest, place) AS digest, "
            f"max(updated_at) AS updated_at FROM ({known}) AS known WHERE key IN (SELECT key FROM given) GROUP BY key) "
            "SELECT given.* FROM given LEFT JOIN newest ON given.key = newest.key WHERE newest.key IS NULL "
            "OR (given.digest <> newest.digest AND (given.updated_at < newest.updated_at) IS NOT TRUE)"
        )
        fresh = database.sql(wanted).to_arrow_table()
        if fresh.num_rows:
            database.register("fresh", fresh)
            folder.commit(write_files(database, "SELECT * FROM fresh", folder.root))
        return int(fresh.num_rows)


def _columns(
    folder: DeltaFolder, source: str, stream: str, records: Sequence[RawRecord], fetched_at: datetime
) -> pa.Table:
    payloads = [_json(source, stream, record) for record in records]
    count = len(records)
    columns = [
        pa.repeat(pa.scalar(source, pa.string()), count),
        pa.repeat(pa.scalar(stream, pa.string()), count),
        pa.array([record.key for record in records], pa.string()),
        pa.array([record.updated_at for record in records], INSTANT),
        pa.repeat(pa.scalar(fetched_at, INSTANT), count),
        pa.repeat(pa.scalar(folder.version() + 1, pa.int64()), count),
        pa.nulls(count, pa.int64()),
        pa.array(payloads, pa.string()),
    ]
    return pa.table(columns, schema=RAW_SCHEMA).append_column("line", pa.array(range(count), pa.int64()))


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False, check_circular=False
).encode
_QUICK = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _json(source: str, stream: str, record: RawRecord) -> str:
    try:
        return _quickly(record.payload) or _encode(record.payload)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnfitError(
            f"The payload of record {record.key} of {source}/{stream} is not plain JSON: {error}. "
            "The connector must hand over text, numbers, yes/no, lists and objects only."
        ) from error


def _quickly(payload: Any) -> str | None:
    """The same text in a fifth of the time; None where only the standard library can write it or say what is wrong."""
    try:
        made = orjson.dumps(payload, option=_QUICK)
    except TypeError:
        return None
    if b"null" in made and not _finite(payload):  # numbers that JSON does not have would be null
        return None
    return made.decode()


def _finite(value: Any) -> bool:
    kind = type(value)
    if kind is dict:
        return all(map(_finite, value.values()))
    if kind is list or kind is tuple:
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def read(folder: DeltaFolder, source: str | None = None, stream: str | None = None) -> Iterator[list[RawRecord]]:
    """The newest payload of every key, in batches of one stream each, however many there are."""
    files = folder.files()
    if not files:
        return
    with workbench() as database:
        everything = select_files(folder.root, files, RAW_SCHEMA)
        streams = database.execute(f"SELECT DISTINCT source, stream FROM ({everything}) ORDER BY ALL").fetchall()
        for of_source, of_stream in streams:
            if source in (None, of_source) and stream in (None, of_stream):
                own = f"source = {text(of_source)} AND stream = {text(of_stream)}"
                rows = database.sql(_newest(select_files(folder.root, files, RAW_SCHEMA, where=own)))
                for batch in rows.to_arrow_reader(BATCH_ROWS):
                    if batch.num_rows:
                        yield [_record(row) for row in batch.to_pylist()]


def _newest(known: str) -> str:
    return (
        f"SELECT known.* FROM ({known}) AS known JOIN (SELECT source, stream, key, max(place) AS place "
        f"FROM ({known}) AS every GROUP BY source, stream, key) AS newest "
        "USING (source, stream, key, place)"
    )


def _record(row: Mapping[str, Any]) -> RawRecord:
    return RawRecord(
        key=row["key"],
        updated_at=row["updated_at"],
        payload=json.loads(row["payload"]),
        source=row["source"],
        stream=row["stream"],
        fetched_at=row["fetched_at"],
    )


def fold(folder: DeltaFolder) -> None:
    """Write many small files into one without the payloads that newer ones replaced."""
    files = folder.files()
    small = [file for file in files if file.size < SMALL_BYTES]
    if len(small) < MANY_SMALL:
        return
    with workbench() as database:
        names = ", ".join(field.name for field in RAW_SCHEMA)
        keys = pa.schema([field for field in RAW_SCHEMA if field.name in ("source", "stream", "key", "place")])
        every = select_files(folder.root, files, keys)
        newest = f"SELECT source, stream, key, max(place) AS place FROM ({every}) AS every GROUP BY source, stream, key"
        known = select_files(folder.root, small, RAW_SCHEMA)
        select = (
            f"SELECT {names} FROM ({known}) AS known SEMI JOIN ({newest}) AS newest USING (source, stream, key, place)"
        )
        folder.commit(write_files(database, select, folder.root), small)
