"""What is recorded, as tables for files: every revision, in the database's own columns. Knows no file format."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from impact.keeping import schema

_TYPES: tuple[tuple[type, pa.DataType], ...] = (
    (schema.Instant, pa.timestamp("us", tz="UTC")),
    (schema.Json, pa.string()),
    (sa.Date, pa.date32()),
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Double, pa.float64()),
    (sa.Text, pa.string()),
)
"""The first that fits; lists become their JSON text, which is exact and one cell."""


def read(connection: sa.Connection, table: sa.Table) -> pa.Table:
    """All rows of a table in the order of its key."""
    fields = [(column.name, _type(column)) for column in table.columns]
    rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
    columns = zip(*rows, strict=True) if rows else [()] * len(fields)
    arrays = [
        pa.array([schema.canonical(value) if value is not None else None for value in values], pa.string())
        if isinstance(column.type, schema.Json)
        else pa.array(values, kind)
        for column, (_, kind), values in zip(table.columns, fields, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _type(column: sa.Column[object]) -> pa.DataType:
    return next(arrow for kind, arrow in _TYPES if isinstance(column.type, kind))
