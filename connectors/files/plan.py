"""A checked mapping: which table is read from which path, and where each canonical field's value comes from.

Knows no configuration text (``mapping`` makes these from it) and no file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from connectors.files.cells import Dates, Value
from connectors.files.text import Layout
from impact.model import STAMPED, TABLES, Field

LINE_KEY = "#line"
"""The key of files whose rows have none: file name and line."""
LINKS = {
    "service_id": "service",
    "team_id": "team",
    "owner_team_id": "team",
    "segment_id": "segment",
    "segment_ids": "segment",
    "change_id": "change",
    "caused_by_change_id": "change",
    "change_ids": "change",
    "ticket_id": "ticket",
}
LINKING = ("change_service", "change_segment")
"""Tables whose rows are links: a cell that names several makes a row of each."""
PEOPLE = {"ticket": "person_key", "change": "sponsor_key"}
"""The one field of a table that stands for a person: its column is hashed before anything is stored."""
OWN_FIELDS = STAMPED | {"id", "source", "source_key", "score_ratio"}
"""Fields this connector sets itself."""
NAMED_BY_KEY = frozenset({"number", "title", "name"})
"""Fields that are the row's key where no column feeds them or the cell is empty."""


@dataclass(frozen=True)
class Cell:
    """Where a field's value comes from and how it is read.

    ``columns`` or a ``constant``; several columns are joined, in links by ``|`` as keys are, else by a blank.
    ``raw``: the field beside it that keeps the source's own word. ``words``: lower-case source word -> ours.
    ``link``: the table whose id the word becomes, in ``source``. ``every_row``: in a log, the words of all rows of
    the key, not only of the latest.
    """

    field: Field
    raw: str
    columns: tuple[str, ...]
    constant: Value
    words: Mapping[str, Value]
    missing: frozenset[str]
    dates: Dates
    decimal: str
    thousands: str
    unit: str
    link: str
    source: str
    dimension: str
    split: str
    every_row: bool


@dataclass(frozen=True)
class Reading:
    """One table read from one path. ``key`` is empty where rows are known by file and line; ``label`` tells apart
    several readings of one line (two survey questions) and is part of the row's key."""

    name: str
    label: str
    table: str
    path: str
    layout: Layout
    key: tuple[str, ...]
    latest_by: str
    order_dates: Dates
    only: Mapping[str, frozenset[str]]
    without: Mapping[str, frozenset[str]]
    cells: tuple[Cell, ...]
    person_column: str
    person_missing: frozenset[str]

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """The columns that feed a field: nothing else of a line is ever stored."""
        return tuple(dict.fromkeys(column for cell in self.cells for column in cell.columns))

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns that are read: those kept, those that pick or order rows, and the person's."""
        others = [*self.key, *self.only, *self.without, self.latest_by, self.person_column]
        return tuple(dict.fromkeys([*self.kept_columns, *filter(None, others)]))

    @property
    def dated_columns(self) -> frozenset[str]:
        """The columns whose bare numbers in Excel are dates."""
        cells = (c for c in self.cells if c.field.type in (date, datetime) and not c.dates.declared.startswith("epoch"))
        return frozenset(column for cell in cells for column in cell.columns)


@cache
def required(table: str) -> tuple[str, ...]:
    """The fields a row of ``table`` cannot be without, but for those this connector sets itself."""
    specs = dataclasses.fields(TABLES[table])
    return tuple(s.name for s in specs if s.default is dataclasses.MISSING and s.name not in OWN_FIELDS)
