"""One row of a query to canonical rows, or to a Rejected that says which column and why. Pure; asks no database."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from connectors import Payload
from connectors.sql.settings import DIMENSIONS, KEY, LINKS, PEOPLE, SqlSettings, columns_of
from impact.model import TABLES, Field, Rejected, Row, Segment, Service, Team, fields, row_id, score_ratio

_NAMED = {"service": Service, "team": Team}
_BY_KEY = ("number", "title", "name")
"""Fields that are the row's key where the query gives none."""
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
_RANGES = {"ratio 0..1": (0.0, 1.0), "1..5": (1.0, 5.0), "count": (0.0, math.inf)}
_SHOWN = 80


class Unreadable(ValueError):
    """A value that is not what its column promises; the text is the reason."""


def convert(payload: Payload, settings: SqlSettings, table: str) -> Iterator[Row | Rejected]:
    """The row of a table, and one for each service, team or group it names that has no query of its own."""
    cells: Mapping[str, Any] = payload.get("cells") or {}
    values: dict[str, Any] = {}
    named: list[Row] = []
    for column in columns_of(table)[2:]:
        cell = _cell(cells.get(column))
        if cell is None:
            continue
        try:
            if column.startswith("segment_") and column != "segment_id":
                dimension = column.removeprefix("segment_")
                values["segment_ids"] = (*values.get("segment_ids", ()), _segment_id(settings, dimension, text(cell)))
                named += _naming(settings, "segment", text(cell), dimension)
            elif column in LINKS or column == "parent_id":
                values[column] = row_id(settings.name, LINKS.get(column, table), text(cell))
                named += _naming(settings, LINKS.get(column, ""), text(cell), "")
            elif column != "person":
                values |= _value(table, _field(table, column), cell, settings)
        except Unreadable as error:
            yield _rejected(payload, str(error), column=column, value=cell)
            return
    if payload.get("person") and table in PEOPLE:
        values[PEOPLE[table]] = str(payload["person"])
    row = _finished(payload, settings, table, values)
    if isinstance(row, Row):
        yield from named
    yield row


def _finished(payload: Payload, settings: SqlSettings, table: str, values: dict[str, Any]) -> Row | Rejected:
    key = payload.get(KEY)
    if not isinstance(key, str) or not key:
        return Rejected(key="?", reason="has no key", column=KEY)
    for name in _required(table):
        if name not in values and name not in _BY_KEY:
            return _rejected(payload, f"is empty, and every {table} has {name}", column=name, value=None)
        values.setdefault(name, key)
    if table == "satisfaction_response":
        problem = _answered(values)
        if problem:
            return _rejected(payload, problem, column="score_raw", value=values["score_raw"])
    if table == "segment":
        key = f"{values.get('dimension', 'other')}:{key}"
    try:
        updated = instant(payload.get("updated_at"), settings)
    except Unreadable as error:
        return _rejected(payload, str(error), column="updated_at", value=payload.get("updated_at"))
    values["source_updated_at"] = updated
    return TABLES[table](id=row_id(settings.name, table, key), source=settings.name, source_key=key, **values)


def _answered(values: dict[str, Any]) -> str | None:
    """An answer without a score was asked and not answered; one outside its scale is a mistake."""
    score = values.get("score_raw")
    if score is None:
        if values.get("lost_minutes") is None:
            values.pop("answered_at", None)
        return None
    low, high = values["scale_min"], values["scale_max"]
    values["score_ratio"] = score_ratio(score, scale_min=low, scale_max=high, better=values.get("better", "high"))
    return f"is outside its scale {low:g} to {high:g}" if values["score_ratio"] is None else None


def _naming(settings: SqlSettings, table: str, word: str, dimension: str) -> Iterator[Row]:
    """A row for a named service, team or group, unless a query delivers them."""
    if table in settings.queries:
        return
    if table == "segment":
        if dimension:
            id = _segment_id(settings, dimension, word)
            yield Segment(id=id, source=settings.name, source_key=f"{dimension}:{word}", name=word,
                          dimension=dimension)  # type: ignore[arg-type]  # fmt: skip
    elif table in _NAMED:
        id = row_id(settings.name, table, word)
        yield _NAMED[table](id=id, source=settings.name, source_key=word, name=word)


def _segment_id(settings: SqlSettings, dimension: str, word: str) -> str:
    return row_id(settings.name, "segment", f"{dimension if dimension in DIMENSIONS else 'other'}:{word}")


@cache
def _field(table: str, name: str) -> Field:
    return next(f for f in fields(table) if f.name == name)


@cache
def _required(table: str) -> tuple[str, ...]:
    own = {"id", "source", "source_key"}
    specs = dataclasses.fields(TABLES[table])
    return tuple(s.name for s in specs if s.default is dataclasses.MISSING and s.name not in own)


def _cell(value: Any) -> Any:
    """A value, or None where nothing is known."""
    if value is None or isinstance(value, list | dict) or (isinstance(value, str) and not value.strip()):
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _value(table: str, field: Field, cell: Any, settings: SqlSettings) -> dict[str, Any]:
    """The field with its value, and its own word where the table keeps one."""
    words = settings.words(table, field.name)
    if field.choices:
        return _choice(table, field, text(cell), words)
    if field.name == "priority":
        number = _number_or_none(words.get(text(cell).lower(), cell))
        known = number is not None and 1 <= number <= 5 and number == int(number)
        return {"priority": int(number or 0) if known else None, "priority_raw": text(cell)}
    if field.type is datetime:
        return {field.name: instant(cell, settings)}
    if field.type is date:
        return {field.name: day(cell, settings)}
    if field.type is bool:
        return {field.name: flag(words.get(text(cell).lower(), cell))}
    if field.type in (int, float):
        return {field.name: _within(field, _number(words.get(text(cell).lower(), cell)))}
    return {field.name: text(cell)}


def _choice(table: str, field: Field, word: str, words: Mapping[str, str]) -> dict[str, Any]:
    ours = words.get(word.lower(), word.lower())
    if ours not in field.choices:
        ours = next((rest for rest in ("unknown", "other") if rest in field.choices), "")
    if not ours:
        raise Unreadable(f"is none of {', '.join(field.choices)}; declare the word under values.{table}.{field.name}")
    raw = f"{field.name}_raw"
    return {field.name: ours, raw: word} if any(f.name == raw for f in fields(table)) else {field.name: ours}


def text(cell: Any) -> str:
    """A value as text: whole numbers without a fraction."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def instant(cell: Any, settings: SqlSettings) -> datetime | None:
    """A timestamp as a UTC instant. Raises Unreadable without an offset where no time zone is set."""
    if cell is None or cell == "":
        return None
    at = _moment(cell)
    if at.tzinfo is None:
        if settings.zone is None:
            raise Unreadable("has no offset from UTC. Set timezone to where the database's timestamps are")
        at = at.replace(tzinfo=settings.zone)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Unreadable("is outside the calendar") from None


def day(cell: Any, settings: SqlSettings) -> date:
    """A date; of a timestamp its day where it was recorded."""
    at = _moment(cell)
    if at.tzinfo is not None and settings.zone is not None:
        at = at.astimezone(settings.zone)
    return at.date()


def _moment(cell: Any) -> datetime:
    try:
        return datetime.fromisoformat(cell.strip() if isinstance(cell, str) else "")
    except (ValueError, OverflowError):
        raise Unreadable("is not a timestamp. Cast the column to one in the query") from None


def flag(cell: Any) -> bool:
    """A yes or no."""
    word = text(cell).lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise Unreadable("is neither true nor false; declare the word under values")


def _number(cell: Any) -> float:
    number = _number_or_none(cell)
    if number is None:
        raise Unreadable("is not a number")
    return number


def _number_or_none(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _within(field: Field, number: float) -> float | int:
    low, high = _RANGES.get(field.unit, (-math.inf, math.inf))
    if not low <= number <= high:
        raise Unreadable(f"is outside {low:g} to {high:g}")
    if field.type is float:
        return number
    if number != int(number):
        raise Unreadable("is not a whole number")
    return int(number)


def _rejected(payload: Payload, reason: str, *, column: str, value: Any) -> Rejected:
    shown = None if value is None else str(value)[:_SHOWN]
    return Rejected(key=str(payload.get(KEY) or "?"), reason=reason, column=column, value=shown)
