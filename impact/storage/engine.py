"""Runs SQL over Parquet files with DuckDB. Knows no table by name; the only module that speaks to an engine.

``Engine`` is the seam: any class with ``query(sql, params)`` that answers the same plain SQL can take its place.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from impact.model import StoreError
from impact.storage.columns import sql_type
from impact.storage.delta import DataFile

MEMORY = "800MB"
"""What one engine may hold in memory before it uses the disk."""


class Engine(Protocol):
    """Answers SQL."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The result of one SELECT; ``?`` in ``sql`` are replaced by ``params``."""
        ...


class DuckEngine:
    """DuckDB inside this process over fixed ``views`` (name -> SELECT). Safe to use from several threads at once."""

    def __init__(self, views: Mapping[str, str] | None = None) -> None:
        self._database = connect()
        self._lock = threading.Lock()
        with _readable():
            for name, select in (views or {}).items():
                self._database.execute(f"CREATE VIEW {name} AS {select}")

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """See Engine. Whole-number sums come as int64 and decimals as float64, so callers meet plain numbers only."""
        with self._lock:
            cursor = self._database.cursor()
        with _readable(), contextlib.closing(cursor):
            return plain_numbers(cursor.sql(sql, params=list(params) or None).to_arrow_table())


def connect() -> duckdb.DuckDBPyConnection:
    """A private in-memory database that spills to the system's temporary folder and reports instants in UTC."""
    database = duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "temp_directory": str(Path(tempfile.gettempdir()) / f"impact-duckdb-{os.getpid()}"),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
        }
    )
    database.execute("SET GLOBAL TimeZone='UTC'")
    return database


@contextlib.contextmanager
def workbench() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one piece of work; its temporary tables go with it. Raises StoreError for unreadable files."""
    with _readable(), contextlib.closing(_shared(os.getpid()).cursor()) as database:
        yield database


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        first = str(error).splitlines()[0]
        raise StoreError(
            f"A data file cannot be read or written: {first}. Check the data folder and the space on its disk; "
            "`python -m impact rebuild` makes the tables anew from the raw records."
        ) from error


@functools.lru_cache(maxsize=1)
def _shared(process: int) -> duckdb.DuckDBPyConnection:
    """One database for all work of a process (a forked process gets its own: threads do not survive a fork)."""
    return connect()


def plain_numbers(table: pa.Table) -> pa.Table:
    """Decimals, which DuckDB makes of sums and literals, as int64 (no decimals) or float64."""
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            kind = pa.int64() if field.type.scale == 0 else pa.float64()
            table = table.set_column(index, field.name, table.column(index).cast(kind))
    return table


def select_files(
    root: Path, files: Sequence[DataFile], schema: pa.Schema, *, extra: Sequence[str] = (), where: str = "TRUE"
) -> str:
    """SQL that reads ``files`` as ``schema``: columns that old files lack are NULL, columns not in it are left out.

    ``extra`` names further columns of a file: ``filename`` or a partition column.
    """
    typed = ", ".join(f'CAST(NULL AS {sql_type(field.type)}) AS "{field.name}"' for field in schema)
    names = ", ".join([f'"{field.name}"' for field in schema] + [f'"{name}"' for name in extra])
    nothing = f"SELECT {typed}" + "".join(f", CAST(NULL AS VARCHAR) AS {name}" for name in extra) + " WHERE FALSE"
    if not files:
        return nothing
    listed = ", ".join(text(str(root / file.path)) for file in files)
    hive = "true, hive_types_autocast => false" if set(extra) - {"filename"} else "false"
    named = ", filename => true" if "filename" in extra else ""
    read = f"SELECT * FROM read_parquet([{listed}], union_by_name => true, hive_partitioning => {hive}{named})"
    return f"SELECT {names} FROM ({nothing} UNION ALL BY NAME {read}) WHERE {where}"


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def write_files(
    database: duckdb.DuckDBPyConnection, select: str, root: Path, *, partition_by: Sequence[str] = ()
) -> tuple[DataFile, ...]:
    """Write what ``select`` gives as new Parquet files below ``root``, one or more per partition."""
    root.mkdir(parents=True, exist_ok=True)
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, RETURN_STATS true"
    if partition_by:
        options += f", PARTITION_BY ({', '.join(partition_by)}), FILENAME_PATTERN 'part-{{uuid}}', APPEND true"
        target = str(root)
    else:
        token = database.execute("SELECT CAST(uuid() AS VARCHAR)").fetchall()[0][0]
        target = str(root / f"part-{token}.parquet")
    result = database.execute(f"COPY ({select}) TO {text(target)} ({options})")
    columns = [column[0] for column in result.description]
    return tuple(_written(dict(zip(columns, row, strict=True)), root, partition_by) for row in result.fetchall())


def _written(stats: Mapping[str, Any], root: Path, partition_by: Iterable[str]) -> DataFile:
    partition = tuple((name, str(stats["partition_keys"][name])) for name in partition_by)
    path = Path(stats["filename"]).relative_to(root).as_posix()
    return DataFile(path, partition, stats["count"], stats["file_size_bytes"])
