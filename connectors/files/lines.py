"""Which lines of which files become records: filters, the latest row of a log, keys used twice. Knows no table's rules.

Holds one entry per key, never one per line, so that a long log is read in bounded memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from connectors.files.cells import CellError, Value, as_text
from connectors.files.plan import PEOPLE, Cell, Reading
from connectors.files.rows import key_of, linked_key, rejected, to_rows, to_value, words_of
from connectors.files.tables import Line, find_files, read_lines
from connectors.files.text import File
from impact.model import Rejected, SourceChanged

PROBE_LINES = 200
PROBE_LEAST = 20
HAPPENED = frozenset(
    {
        "opened_at",
        "first_reply_at",
        "resolved_at",
        "first_resolved_at",
        "reopened_at",
        "closed_at",
        "asked_at",
        "answered_at",
        "source_updated_at",
        "rollout_start_at",
        "rollout_end_at",
        "done_on",
    }
)
"""Fields that say when something happened: the newest one is where the data end. Planned dates are not among them."""


def lines_of(table: str, folder: Path, source: str, readings: Sequence[Reading]) -> Iterator[dict[str, Any] | Rejected]:
    """The lines that the mapping turns into rows of ``table``; a key that was there before is rejected."""
    seen: dict[str, str] = {}
    for reading in readings:
        if reading.table != table:
            continue
        files = find_files(folder, reading.path)
        latest = _Latest(reading, files) if reading.latest_by else None
        for file in files:
            for item in _probed(reading, file, source, _payloads(reading, file, latest)):
                if isinstance(item, Rejected) or not reading.key:
                    yield item
                elif item["key"] in seen:
                    reason = (
                        f"the key {item['key']!r} is already used by {seen[item['key']]}. Set latest_by if the file "
                        "holds several versions of a row, or add a column to key"
                    )
                    yield rejected(item, reason, column=" | ".join(reading.key), value=item["number"])
                else:
                    seen[item["key"]] = item["place"]
                    yield item


def _payloads(reading: Reading, file: File, latest: _Latest | None) -> Iterator[dict[str, Any] | Rejected]:
    kept, person = reading.kept_columns, PEOPLE.get(reading.table, "")
    happened = tuple(cell for cell in reading.cells if cell.field.name in HAPPENED and cell.columns)
    for line in _chosen(reading, file):
        if isinstance(line, Rejected):
            yield line
            continue
        place = file.place(line.number)
        try:
            number = key_of(reading, line.cells) if reading.key else f"{file.name}:{line.number}"
            logged = latest.of(number, file, line) if latest else None
        except CellError as error:
            yield Rejected(key=f"{file.name}:{line.number}", reason=str(error), place=place)
            continue
        if latest and logged is None:
            continue
        payload: dict[str, Any] = {
            "read": reading.name,
            "key": f"{number}/{reading.label}" if reading.label else number,
            "number": number,
            "place": place,
            "cells": {column: line.cells[column] for column in kept},
        }
        if logged:
            payload["logged"] = logged
        if reading.person_column:
            word = as_text(line.cells[reading.person_column])
            payload["people"] = {person: None if word in reading.person_missing else word}
        _date(payload, happened)
        yield payload


def _chosen(reading: Reading, file: File) -> Iterator[Line | Rejected]:
    """The lines that ``only`` and ``without`` leave."""
    for line in read_lines(file, reading.layout, reading.read_columns, dated=reading.dated_columns):
        if isinstance(line, Line) and (
            any(as_text(line.cells[column]) not in words for column, words in reading.only.items())
            or any(as_text(line.cells[column]) in words for column, words in reading.without.items())
        ):
            continue
        yield line


def _date(payload: dict[str, Any], cells: tuple[Cell, ...]) -> None:
    """Note when the line's latest event happened and when it was last changed; unreadable dates are for convert."""
    for cell in cells:
        try:
            moments = [to_value(cell, word) for word in words_of(cell, payload)]
        except CellError:
            continue
        for moment in moments:
            if not isinstance(moment, datetime):
                moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
            payload["happened"] = max(moment, payload.get("happened", moment))
            if cell.field.name == "source_updated_at":
                payload["updated_at"] = moment.isoformat()


class _Latest:
    """Which line of a log counts for each key, and the words all its lines held. One entry per key, not per line."""

    def __init__(self, reading: Reading, files: tuple[File, ...]) -> None:
        self._reading = reading
        self._gathered = tuple({c.columns[0]: c.missing for c in reading.cells if c.every_row}.items())
        self._winner: dict[str, tuple[float, str, int]] = {}
        self._words: dict[str, dict[str, dict[Value, None]]] = {}
        for file in files:
            for line in _chosen(reading, file):
                if isinstance(line, Line):
                    self._note(file, line)

    def _note(self, file: File, line: Line) -> None:
        try:
            key, order = key_of(self._reading, line.cells), self._order(line)
        except CellError:
            return  # the second pass says so
        best = self._winner.get(key)
        if best is None or order >= best[0]:  # of equals the later line
            self._winner[key] = (order, file.name, line.number)
        for column, missing in self._gathered:
            word = line.cells[column]
            if word is not None and as_text(word) not in missing:
                self._words.setdefault(key, {}).setdefault(column, {})[word] = None

    def of(self, key: str, file: File, line: Line) -> dict[str, list[Value]] | None:
        """The words gathered for ``key`` when this line is the one that counts, else None. Raises CellError."""
        self._order(line)
        if self._winner[key][1:] != (file.name, line.number):
            return None
        return {column: list(words) for column, words in self._words.get(key, {}).items()}

    def _order(self, line: Line) -> float:
        cell = line.cells[self._reading.latest_by]
        try:
            return float(as_text(cell))
        except ValueError:
            pass
        try:
            return self._reading.order_dates.instant(cell).timestamp()
        except CellError as error:
            raise CellError(f"latest_by column {self._reading.latest_by!r}: {as_text(cell)!r} {error}") from None


def _probed(
    reading: Reading, file: File, source: str, items: Iterator[dict[str, Any] | Rejected]
) -> Iterator[dict[str, Any] | Rejected]:
    """The same items, unless one column fails in every line at the start: then the mapping is wrong, not the data."""
    first = list(islice(items, PROBE_LINES))
    rows = [row for item in first if not isinstance(item, Rejected) for row in to_rows(reading, item, source)]
    wrong = [row for row in rows if isinstance(row, Rejected)]
    if len(rows) >= PROBE_LEAST and len(wrong) == len(rows) and len({row.column for row in wrong}) == 1:
        raise SourceChanged(
            f"{file.name}: column {wrong[0].column!r} reads in none of the first {len(rows)} rows. "
            f"{wrong[0].place}: {wrong[0].value!r} {wrong[0].reason}. Nothing of {reading.table} was read."
        )
    yield from chain(first, items)


def named_in(reading: Reading, cells: Sequence[Cell], folder: Path) -> Iterator[dict[str, Any]]:
    """A record for every word that ``cells`` link by, at its first line."""
    current = [dataclasses.replace(cell, every_row=False) for cell in cells]
    met: set[tuple[int, tuple[Value, ...]]] = set()
    for file in find_files(folder, reading.path):
        for line in _chosen(reading, file):
            if isinstance(line, Rejected):
                continue
            for number, cell in enumerate(current):
                words = (number, tuple(line.cells[column] for column in cell.columns))
                if words not in met:  # most lines name what an earlier one named
                    met.add(words)
                    yield from _named(cell, file, line)


def _named(cell: Cell, file: File, line: Line) -> Iterator[dict[str, Any]]:
    for word in words_of(cell, {"cells": line.cells}):
        name = as_text(cell.words.get(as_text(word).lower(), word))
        yield {
            "named": name,
            "table": cell.link,
            "key": linked_key(cell, name),
            "dimension": cell.dimension,
            "place": file.place(line.number),
        }
