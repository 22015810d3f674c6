"""The columns of every stored table and how rows become typed columns. Knows no files and no queries.

Beside the model's own fields a table has *derived* columns, typed once when a row comes in: dates in the reporting
time zone and durations in whole minutes. Pages and metrics then need no date arithmetic, whose rounding differs
from engine to engine.
"""

from __future__ import annotations

import dataclasses
import operator
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

import pyarrow as pa
import pyarrow.compute as pc

from impact.model import TABLES, Row, StoreError, UnfitError, fields

ABSURD_MINUTES = 10 * 366 * 24 * 60
"""A duration above ten years is a wrong clock, not a fact: it is stored as unknown."""

_UNFIT = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)
INSTANT = pa.timestamp("us", tz="UTC")
_ARROW: Mapping[type, pa.DataType] = types.MappingProxyType(
    {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        datetime: INSTANT,
        date: pa.date32(),
        tuple: pa.list_(pa.string()),
    }
)
_SQL: Mapping[pa.DataType, str] = types.MappingProxyType(
    {
        pa.string(): "VARCHAR",
        pa.int64(): "BIGINT",
        pa.float64(): "DOUBLE",
        pa.bool_(): "BOOLEAN",
        INSTANT: "TIMESTAMPTZ",
        pa.date32(): "DATE",
        pa.list_(pa.string()): "VARCHAR[]",
    }
)


@dataclass(frozen=True, slots=True)
class Derived:
    """A column typed at ingestion. ``sql`` is its expression over the model's fields; ``{zone}`` the time zone."""

    name: str
    type: type
    help: str
    unit: str
    sql: str


def _day(name: str, instant: str, help: str) -> Derived:
    return Derived(
        name, date, help, "date in the reporting time zone", f"CAST(timezone('{{zone}}', {instant}) AS DATE)"
    )


def _minutes(name: str, start: str, end: str, help: str) -> Derived:
    spent = f"(epoch_us({end}) - epoch_us({start})) // 60000000"
    sql = f"CASE WHEN {end} >= {start} AND {spent} <= {ABSURD_MINUTES} THEN {spent} END"
    return Derived(name, int, help + "; unknown when negative or above ten years", "minutes", sql)


_RESOLVED = "COALESCE(first_resolved_at, resolved_at)"

DERIVED: Mapping[str, tuple[Derived, ...]] = types.MappingProxyType(
    {
        "ticket": (
            _day("opened_on", "opened_at", "Day it was opened"),
            _day("first_resolved_on", _RESOLVED, "Day of the first resolution, else of the only one known"),
            _minutes("resolve_minutes", "opened_at", _RESOLVED, "From opened to first resolved, else to resolved"),
            _minutes("reopen_minutes", _RESOLVED, "reopened_at", "From first resolved to reopened"),
        ),
        "satisfaction_response": (
            _day("asked_on", "asked_at", "Day it was sent"),
            _day("answered_on", "answered_at", "Day it was answered"),
        ),
        "change": (
            _day("rollout_on", "rollout_start_at", "Day customers first met the change"),
            _day("planned_on", "planned_start_at", "Planned first day of the rollout"),
            _day("planned_end_on", "planned_end_at", "Planned last day of the rollout"),
        ),
    }
)

CREATED_AT: Mapping[str, str] = types.MappingProxyType(
    {"ticket": "opened_at", "satisfaction_response": "COALESCE(asked_at, answered_at)"}
)
"""Tables kept by creation month, and the instant that tells it the first time a row is seen."""


def model_schema(table: str) -> pa.Schema:
    """The model's own fields of ``table`` as Arrow columns, all nullable."""
    return pa.schema([(field.name, _ARROW[field.type]) for field in fields(table)])


def stored_schema(table: str) -> pa.Schema:
    """Every stored column of ``table``: the model's fields, then the derived ones."""
    derived = [pa.field(column.name, _ARROW[column.type]) for column in DERIVED.get(table, ())]
    return pa.schema([*model_schema(table), *derived])


def record_schema(record: type[Any]) -> pa.Schema:
    """The columns of a plain dataclass of text, numbers, dates and instants (bookkeeping tables)."""
    hints = get_type_hints(record)
    columns = []
    for spec in dataclasses.fields(record):
        hint = hints[spec.name]
        kind = next((part for part in get_args(hint) if part is not type(None)), hint)
        columns.append((spec.name, _ARROW.get(kind, pa.string())))
    return pa.schema(columns)


def sql_type(kind: pa.DataType) -> str:
    """The SQL name of a column type, as plain as the engines agree on it."""
    return _SQL[kind]


def to_columns(table: str, rows: Sequence[Row] | pa.Table) -> pa.Table:
    """Model rows as Arrow columns. An Arrow table is taken as it is, once its columns fit.

    Raises UnfitError naming row and column when a value has the wrong type, an instant has no time zone, or a
    required value is missing.
    """
    if table not in TABLES:
        raise StoreError(f"There is no table {table!r}. Tables: {', '.join(TABLES)}.")
    made = _fit(table, rows) if isinstance(rows, pa.Table) else _from_rows(table, rows)
    for field in fields(table):
        if not field.optional and made.column(field.name).null_count:
            key = made.column("id")[pc.index(pc.is_null(made.column(field.name)), True).as_py()]
            raise UnfitError(f"{table}.{field.name} is empty in row {key}, but every row needs it.")
    return made


def _from_rows(table: str, rows: Sequence[Row]) -> pa.Table:
    kind = TABLES[table]
    for other in set(map(type, rows)) - {kind}:
        raise StoreError(f"A {other.__name__} row was given for table {table!r}, which keeps {kind.__name__}.")
    if not rows:
        return model_schema(table).empty_table()
    columns = []
    read_all = operator.attrgetter(*(field.name for field in fields(table)))
    for field, values in zip(fields(table), zip(*map(read_all, rows), strict=True), strict=True):
        if field.type is datetime:
            _check_zone(table, field.name, values, rows)
        columns.append(_column(table, field.name, values, rows))
    return pa.table(columns, schema=model_schema(table))


def _check_zone(table: str, name: str, values: Sequence[datetime | None], rows: Sequence[Row]) -> None:
    if None in {value.tzinfo for value in values if value is not None}:
        wrong = next(n for n, value in enumerate(values) if value is not None and value.tzinfo is None)
        raise UnfitError(
            f"{table}.{name} of row {rows[wrong].id} is {values[wrong]}, an instant without a time zone; give it one."
        )


def _column(table: str, name: str, values: Sequence[Any], rows: Sequence[Row]) -> pa.Array:
    kind = model_schema(table).field(name).type
    try:
        return pa.array(values, type=kind)
    except _UNFIT as error:
        for value, row in zip(values, rows, strict=True):
            try:
                pa.array([value], type=kind)
            except _UNFIT:
                raise UnfitError(f"{table}.{name} of row {row.id} is {value!r}, which is not {kind}.") from error
        raise UnfitError(f"{table}.{name} cannot be stored: {error}") from error


def _fit(table: str, given: pa.Table) -> pa.Table:
    """An Arrow table with our columns in our order; absent ones get the model's default."""
    schema = model_schema(table)
    unknown = sorted(set(given.column_names) - set(schema.names))
    if unknown:
        raise StoreError(f"Table {table!r} has no column {unknown[0]!r}. Columns: {', '.join(schema.names)}.")
    defaults = {spec.name: spec.default for spec in dataclasses.fields(TABLES[table])}
    columns = []
    for field in schema:
        if field.name in given.column_names:
            if pa.types.is_timestamp(field.type) and getattr(given.schema.field(field.name).type, "tz", "") is None:
                raise StoreError(f"{table}.{field.name} holds instants without a time zone; give them one.")
            try:
                columns.append(given.column(field.name).cast(field.type))
            except pa.ArrowInvalid as error:
                raise StoreError(f"{table}.{field.name} is {given.schema.field(field.name).type}: {error}") from error
        else:
            default = defaults[field.name]
            default = None if default is dataclasses.MISSING else default
            columns.append(pa.array([default] * given.num_rows, type=field.type))
    return pa.table(columns, schema=schema)
