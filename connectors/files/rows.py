"""One line of a file to one canonical row, or to a Rejected that says which column and why. Pure; reads no file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from connectors.files.cells import (
    LOST_DIGITS,
    CellError,
    Value,
    as_text,
    read_duration,
    read_flag,
    read_number,
    read_whole,
)
from connectors.files.plan import NAMED_BY_KEY, PEOPLE, Cell, Reading, required
from impact.model import TABLES, Rejected, Row, row_id, score_ratio

SHOWN_CHARACTERS = 80
KEY_JOINT = "|"
"""Between the columns of a key, in the row itself and in what links to it."""


def key_of(reading: Reading, cells: Mapping[str, Value]) -> str:
    """The row's own key from the reading's key columns. Raises CellError when one is empty or has lost its digits."""
    parts = []
    for column in reading.key:
        text = as_text(cells[column])
        if not text:
            raise CellError(f"key column {column!r} is empty")
        if LOST_DIGITS.fullmatch(text):
            raise CellError(
                f"key column {column!r} holds {text!r}: a spreadsheet has cut the number. Export it as text"
            )
        parts.append(text)
    return KEY_JOINT.join(parts)


def words_of(cell: Cell, payload: Mapping[str, Any]) -> Iterator[Value]:
    """The source's words for a cell that are not missing: none or one, several for lists and whole logs."""
    if cell.constant is not None:
        yield cell.constant
        return
    if cell.every_row:
        found: list[Value] = payload.get("logged", {}).get(cell.columns[0], [])
    elif len(cell.columns) == 1:
        found = [payload["cells"].get(cell.columns[0])]
    else:
        parts = [as_text(payload["cells"].get(column)) for column in cell.columns]
        found = [None if any(part in cell.missing for part in parts) else (KEY_JOINT if cell.link else " ").join(parts)]
    for word in found:
        if cell.split and word is not None:
            found_parts = (part.strip() for part in as_text(word).split(cell.split))
            yield from (part for part in found_parts if part not in cell.missing)
        elif word is not None and as_text(word) not in cell.missing:
            yield word


def to_value(cell: Cell, word: Value) -> Any:
    """The word as the field's type. Raises CellError with the reason."""
    ours = cell.words.get(as_text(word).lower(), word) if cell.words else word
    field = cell.field
    if field.choices:
        return _choice(cell, ours)
    if field.type is datetime:
        return cell.dates.instant(ours)
    if field.type is date:
        return cell.dates.day(ours)
    if field.type is bool:
        return read_flag(ours)
    if field.type in (int, float):
        return _number(cell, ours)
    text = as_text(ours)
    return row_id(cell.source, cell.link, linked_key(cell, text)) if cell.link else text


def linked_key(cell: Cell, word: str) -> str:
    """The key of the row a word links to: groups of different dimensions may have the same name."""
    return f"{cell.dimension}:{word}" if cell.link == "segment" else word


def _choice(cell: Cell, word: Value) -> str:
    choices = cell.field.choices
    text = as_text(word).lower()
    if text in choices:
        return text
    rest = next((choice for choice in ("other", "unknown") if choice in choices), None)
    if rest is None:
        raise CellError(f"is none of {', '.join(choices)}; declare the word under values")
    return rest


def _number(cell: Cell, word: Value) -> int | float | None:
    field = cell.field
    marks = {"decimal": cell.decimal, "thousands": cell.thousands}
    try:
        if field.name.endswith(("_minutes", "_hours")):
            minutes = read_duration(word, unit=cell.unit, **marks)
            return minutes if field.name.endswith("_minutes") else minutes / 60
        if field.unit == "ratio 0..1" and isinstance(word, str) and word.endswith("%"):
            return _within(field.unit, read_number(word[:-1].strip(), **marks) / 100)
        if field.type is float:
            return _within(field.unit, read_number(word, **marks))
        return int(_within(field.unit, read_whole(word, **marks)))
    except CellError as error:
        if cell.raw:  # the source's own word is kept beside it
            return None
        hint = f"; known words: {', '.join(cell.words)}" if cell.words else ""
        raise CellError(f"{error}{hint}") from None


_RANGES = {"ratio 0..1": (0.0, 1.0), "1..5": (1.0, 5.0), "count": (0.0, float("inf"))}


def _within(unit: str, number: float) -> float:
    if not math.isfinite(number):
        raise CellError("is not a finite number")
    low, high = _RANGES.get(unit, (float("-inf"), float("inf")))
    if not low <= number <= high:
        raise CellError(f"is outside {low:g} to {high:g}")
    return number


def to_rows(reading: Reading, payload: Mapping[str, Any], source: str) -> Iterator[Row | Rejected]:
    """The rows of a payload: one, or where a cell names several that are linked, one for each of them."""
    cell = next((cell for cell in reading.cells if cell.split and cell.field.type is not tuple), None)
    if cell is None:
        yield to_row(reading, payload, source)
        return
    for word in dict.fromkeys(map(as_text, words_of(cell, payload))):
        own = {"key": f"{payload['key']}{KEY_JOINT}{word}", "cells": {**payload["cells"], cell.columns[0]: word}}
        yield to_row(reading, {**payload, **own}, source)


def to_row(reading: Reading, payload: Mapping[str, Any], source: str) -> Row | Rejected:
    """The canonical row of a payload, or why it cannot be one: file, line, column, value, reason."""
    values: dict[str, Any] = {}
    for cell in reading.cells:
        word: Value = None
        try:
            for word in words_of(cell, payload):
                value = to_value(cell, word)
                if cell.field.type is tuple:
                    values[cell.field.name] = (*values.get(cell.field.name, ()), value)
                    continue
                values[cell.field.name] = value
                if cell.raw and cell.columns:
                    values[cell.raw] = as_text(word)
        except CellError as error:
            return rejected(payload, str(error), column=" | ".join(cell.columns), value=as_text(word))
    person = payload.get("people", {}).get(PEOPLE.get(reading.table, ""))
    if person:
        values[PEOPLE[reading.table]] = person
    return _finished(reading, payload, source, values)


def rejected(
    payload: Mapping[str, Any], reason: str, *, column: str | None = None, value: str | None = None
) -> Rejected:
    """A Rejected for this payload, with the place it came from."""
    shown = value if value is None or len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "..."
    return Rejected(key=payload["key"], reason=reason, column=column, value=shown, place=payload["place"])


def _finished(reading: Reading, payload: Mapping[str, Any], source: str, values: dict[str, Any]) -> Row | Rejected:
    key = payload["key"]
    for name in required(reading.table):
        if name in values:
            continue
        if name not in NAMED_BY_KEY:
            reason = f"is empty, and every {reading.table} has {name}"
            return rejected(payload, reason, column=_column(reading, name), value="")
        values[name] = payload["number"]
    complete = _COMPLETE.get(reading.table)
    problem = complete(reading, values) if complete else None
    if problem:
        return rejected(payload, problem, column=_column(reading, "score_raw"), value=str(values.get("score_raw")))
    if reading.table == "segment":
        key = f"{values.get('dimension', 'other')}:{key}"
    return TABLES[reading.table](id=row_id(source, reading.table, key), source=source, source_key=key, **values)


def _column(reading: Reading, name: str) -> str:
    return " | ".join(column for cell in reading.cells if cell.field.name == name for column in cell.columns)


def _complete_ticket(reading: Reading, values: dict[str, Any]) -> str | None:
    """A file that knows one resolution only: it stands for the first one too."""
    if not any(cell.field.name == "first_resolved_at" for cell in reading.cells) and "resolved_at" in values:
        values["first_resolved_at"] = values["resolved_at"]
    return None


def _complete_milestone(reading: Reading, values: dict[str, Any]) -> str | None:
    """A file without a status: a milestone with a day of completion is done, any other open."""
    if not any(cell.field.name == "status" for cell in reading.cells):
        values["status"] = "done" if values.get("done_on") else "open"
    return None


def _complete_answer(reading: Reading, values: dict[str, Any]) -> str | None:
    """A blank answer was asked and not answered; an answer outside its scale is a mistake, not an answer."""
    score = values.get("score_raw")
    if score is None:
        if values.get("lost_minutes") is None:
            values["answered_at"] = None
        return None
    low, high = values["scale_min"], values["scale_max"]
    values["score_ratio"] = score_ratio(score, scale_min=low, scale_max=high, better=values.get("better", "high"))
    return f"is outside its scale {low:g} to {high:g}" if values["score_ratio"] is None else None


_COMPLETE = {
    "ticket": _complete_ticket,
    "milestone": _complete_milestone,
    "satisfaction_response": _complete_answer,
}
