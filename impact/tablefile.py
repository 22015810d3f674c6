"""Writes a table to a CSV or Parquet file. Knows file formats, not what the columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from impact.csv_text import safe
from impact.model import SettingsError

if TYPE_CHECKING:
    from impact.store import Snapshot

BATCH_ROWS = 50_000


def write(snapshot: Snapshot, table: str, out: Path, format: str) -> int:
    """Write every row of a stored table, ordered by id where it has one; see ``write_rows``."""
    rows = snapshot.query(f"SELECT * FROM {table}")
    keys = [name for name in ("id", "metric", "day_on", "service_id", "team_id") if name in rows.column_names]
    return write_rows(rows.sort_by([(name, "ascending") for name in keys]), out, format)


def write_rows(rows: pa.Table, out: Path, format: str, *, typed: bool = False) -> int:
    """Write all rows as they come; returns their number.

    CSV: UTF-8, dates in ISO form, instants in UTC, lists joined with blanks, unknown values empty; texts that people
    ``typed`` here are written so that no spreadsheet takes one for a formula. The file appears complete or not at all.
    Raises SettingsError when the folder cannot be written.
    """
    draft = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if format == "parquet":
            pyarrow.parquet.write_table(rows, draft)
        else:
            _write_csv(_without_formulas(rows) if typed else rows, draft)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SettingsError(f"{out} cannot be written: {error.strerror or error}. Name another file.") from None
    return int(rows.num_rows)


def _write_csv(rows: pa.Table, out: Path) -> None:
    flat = pa.schema([pa.field(f.name, _flat_type(f.type)) for f in rows.schema])
    with pyarrow.csv.CSVWriter(out, flat) as writer:
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
            columns = [_flat(column) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=flat))


def _without_formulas(rows: pa.Table) -> pa.Table:
    for place, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            texts = [safe(text) if text is not None else None for text in rows.column(place).to_pylist()]
            rows = rows.set_column(place, field, pa.array(texts, pa.string()))
    return rows


def _flat_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) or pa.types.is_timestamp(kind) else kind


def _flat(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        return pa.array([" ".join(v) if v is not None else None for v in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(column.type):
        return pa.array([v.isoformat().replace("+00:00", "Z") if v else None for v in column.to_pylist()], pa.string())
    return column
