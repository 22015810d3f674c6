"""Brings one batch of rows into one table: what is new, what changed, what stayed. Knows no model and no vendor.

Only data files that hold a changed row are written anew, in one commit; a batch that changes nothing makes none.
A row stays in the partition in which it was first stored, so an edited creation date never doubles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from impact.storage.delta import DataFile, DeltaFolder
from impact.storage.engine import select_files, workbench, write_files

MONTH = "created_month"
SMALL_BYTES = 4_000_000
MANY_SMALL = 8
"""So many small files in one partition are folded into one by the next write that touches it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a batch were new, changed, or already stored just so (older copies count as unchanged)."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


def upsert(
    folder: DeltaFolder,
    batch: pa.Table,
    *,
    ignore: Sequence[str],
    month: str | None,
    derived: str = "",
    keep: Sequence[str] = (),
) -> Counts:
    """Store ``batch`` by ``id``.

    ``ignore``: columns that alone do not make a change. ``keep``: columns that stay as stored where the batch has no
    value. ``month``: SQL of the instant whose month partitions the table, None when it is not partitioned. ``derived``:
    further SQL columns. Of several rows with one id the newest ``source_updated_at``, then the last, counts; an older
    copy never replaces a newer one.
    """
    if not batch.num_rows:
        return Counts()
    with workbench() as database:
        total = _incoming(database, batch, month=month, derived=derived)
        files = folder.files()
        touched = _compare(database, folder, files, ignore, keep)
        new, changed = database.sql(
            "SELECT count(*) FILTER (fresh), count(*) FILTER (NOT fresh) FROM incoming JOIN wanted USING (id)"
        ).fetchall()[0]
        if new or changed:
            removed = _to_rewrite(database, files, touched)
            _write(database, folder, removed)
        return Counts(new, changed, total - new - changed)


def _incoming(database: duckdb.DuckDBPyConnection, batch: pa.Table, *, month: str | None, derived: str) -> int:
    """Table ``incoming``: the batch with derived columns and partition, one row per id."""
    once = ""
    if pc.count_distinct(batch.column("id")).as_py() < batch.num_rows:
        batch = batch.append_column("_place", pa.array(range(batch.num_rows), pa.int64()))
        once = "QUALIFY row_number() OVER (PARTITION BY id ORDER BY source_updated_at DESC NULLS LAST, _place DESC) = 1"
    place = " EXCLUDE (_place)" if once else ""
    created = f", COALESCE(strftime(timezone('UTC', {month}), '%Y-%m'), 'unknown') AS {MONTH}" if month else ""
    database.register("batch", batch)
    database.execute(f"CREATE TEMP TABLE incoming AS SELECT *{place}{derived}{created} FROM batch {once}")
    database.unregister("batch")
    return int(database.execute("SELECT count(*) FROM incoming").fetchall()[0][0])


def _compare(
    database: duckdb.DuckDBPyConnection,
    folder: DeltaFolder,
    files: Sequence[DataFile],
    ignore: Sequence[str],
    keep: Sequence[str],
) -> set[str]:
    """Tables ``wanted`` (id, fresh, and the partition to write it to). Gives the files that hold a changed row."""
    database.execute("CREATE TEMP TABLE wanted (id VARCHAR, fresh BOOLEAN, kept_in VARCHAR)")
    ids = pa.schema([("id", pa.string())])
    known = select_files(folder.root, files, ids, extra=["filename"])
    database.execute(
        f"CREATE TEMP TABLE present AS SELECT id, filename FROM ({known}) AS stored "
        "WHERE id IN (SELECT id FROM incoming)"
    )
    paths = {str(folder.root / file.path): file for file in files}
    holding = [paths[name] for (name,) in database.execute("SELECT DISTINCT filename FROM present").fetchall()]
    database.execute("INSERT INTO wanted SELECT id, TRUE, NULL FROM incoming ANTI JOIN present USING (id)")
    if not holding:
        return set()
    extra = ["filename", *folder.partition_by]
    stored = select_files(folder.root, holding, folder.schema, extra=extra)
    for column in keep:
        database.execute(
            f'UPDATE incoming SET "{column}" = stored."{column}" FROM ({stored}) AS stored '
            f'WHERE incoming.id = stored.id AND incoming."{column}" IS NULL AND stored."{column}" IS NOT NULL'
        )
    differs = " OR ".join(
        f'incoming."{field.name}" IS DISTINCT FROM stored."{field.name}"'
        for field in folder.schema
        if field.name not in ("id", *ignore)
    )
    kept_in = f"stored.{MONTH}" if folder.partition_by else "NULL"
    changed = database.sql(
        f"SELECT incoming.id, {kept_in} AS kept_in, filename FROM incoming "
        f"JOIN ({stored}) AS stored ON incoming.id = stored.id "
        "WHERE (incoming.source_updated_at < stored.source_updated_at) IS NOT TRUE "
        f"AND ({differs})"
    ).to_arrow_table()
    database.register("differing", changed)
    database.execute("INSERT INTO wanted SELECT id, FALSE, kept_in FROM differing")
    database.unregister("differing")
    return {paths[name].path for name in changed.column("filename").unique().to_pylist()}


def _to_rewrite(
    database: duckdb.DuckDBPyConnection, files: Sequence[DataFile], touched: set[str]
) -> tuple[DataFile, ...]:
    """The files to write anew: those with a changed row, and small ones that have become many."""
    column = MONTH if any(file.partition for file in files) else "NULL"
    months = {
        m for (m,) in database.execute(f"SELECT DISTINCT {column} FROM incoming JOIN wanted USING (id)").fetchall()
    }
    small: dict[str | None, list[DataFile]] = {}
    for file in files:
        month = dict(file.partition).get(MONTH)
        if file.size < SMALL_BYTES and month in months:
            small.setdefault(month, []).append(file)
    folded = {file.path for group in small.values() if len(group) >= MANY_SMALL for file in group}
    return tuple(file for file in files if file.path in touched | folded)


def _write(database: duckdb.DuckDBPyConnection, folder: DeltaFolder, removed: Sequence[DataFile]) -> None:
    names = ", ".join(f'"{field.name}"' for field in folder.schema)
    month = ""
    if folder.partition_by:
        names = f"{names}, {MONTH}"
        month = f" REPLACE (COALESCE(kept_in, {MONTH}) AS {MONTH})"
    select = f"SELECT {names} FROM (SELECT *{month} FROM incoming JOIN wanted USING (id))"
    if removed:
        kept = select_files(folder.root, removed, folder.schema, extra=folder.partition_by)
        select += f" UNION ALL SELECT {names} FROM ({kept}) AS stored ANTI JOIN wanted USING (id)"
    added = write_files(database, select, folder.root, partition_by=folder.partition_by)
    folder.commit(added, removed)
