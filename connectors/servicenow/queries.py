"""Encoded queries of a ServiceNow that prove their own answers. Knows no table and no HTTP.

A condition that ServiceNow does not understand is dropped without a word, so every row is held against what was asked.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from impact.model import SourceChanged, SourceRefused

Item = dict[str, Any]
UPDATED, ID = "sys_updated_on", "sys_id"
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
PLAIN_ID = re.compile(r"[\w-]{1,64}")
COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Unproven(SourceChanged):
    """Rows came that were not asked for, or in another order."""


class NoTable(SourceChanged):
    """The instance has no such table."""


class NoRight(SourceRefused):
    """The user that reads may not read a table."""


@dataclass(frozen=True)
class Where:
    """One condition of an encoded query; ``value`` is a tuple for the operator IN."""

    field: str
    operator: str
    value: str | tuple[str, ...]

    @property
    def text(self) -> str:
        """As the query has it."""
        return f"{self.field}{self.operator}{self.value if isinstance(self.value, str) else ','.join(self.value)}"

    def holds(self, row: Item) -> bool:
        """Whether a row fulfils it. A field that the user may not read proves nothing."""
        have = row.get(self.field)
        if have is None:
            return True
        if isinstance(self.value, tuple):
            return str(have) in self.value
        return COMPARED[self.operator](str(have).lower(), self.value.lower())

    def finds(self, row: Item) -> bool:
        """Whether an instance finds a row by it. A row without a stamp or an id is found by the start of a list only,
        so that it is told once."""
        return self.holds(row) and (self.field in row or self.operator == ">=" or self.field not in (UPDATED, ID))


@dataclass(frozen=True)
class Query:
    """Blocks of conditions (one of them must hold) and the order of the answer."""

    blocks: tuple[tuple[Where, ...], ...]
    order: tuple[str, ...] = (UPDATED, ID)
    newest_first: bool = False

    @property
    def text(self) -> str:
        """The encoded query. ``^NQ`` begins another block."""
        blocks = "^NQ".join("^".join(where.text for where in block) for block in self.blocks)
        order = "^".join(f"ORDERBY{'DESC' * self.newest_first}{field}" for field in self.order)
        return "^".join(filter(None, (blocks, order)))

    @property
    def fields(self) -> tuple[str, ...]:
        """What must be asked for, so that the answer can be proved."""
        return (*self.order, *(where.field for block in self.blocks for where in block))

    def sorted(self, rows: Iterable[Item]) -> tuple[Item, ...]:
        """Rows in the order that was asked for."""
        return tuple(sorted(rows, key=self._place, reverse=self.newest_first))

    def _place(self, row: Item) -> tuple[str, ...]:
        return tuple(str(row.get(field, "")).lower() for field in self.order)

    def among(self, rows: Iterable[Item], limit: int, offset: int = 0) -> Answer:
        """What an instance that has these rows would answer."""
        found = self.sorted(
            row for row in rows if any(all(where.finds(row) for where in block) for block in self.blocks)
        )
        return Answer(found[offset : offset + limit], len(found), limit)

    def prove(self, table: str, rows: Iterable[Item]) -> None:
        """Raise Unproven unless each row was asked for, and all come in the order that was asked for."""
        last: tuple[str, ...] = ()
        for row in rows:
            here = self._place(row)
            ordered = "" in here or not last or (here <= last if self.newest_first else here >= last)
            if not ordered or not any(all(where.holds(row) for where in block) for block in self.blocks):
                raise Unproven(
                    f"{table} of ServiceNow was asked for some records in some order and gave others. Nothing can be "
                    "synchronised safely. The user that reads needs the time zone GMT; try keyset = 'plain'."
                )
            last = last if "" in here else here


@dataclass(frozen=True)
class Answer:
    """One page. ``total``: how many records the query has, the hidden ones too; ``limit``: how many were asked for;
    ``next_offset``: where the next page begins, if that is told."""

    rows: tuple[Item, ...]
    total: int | None
    limit: int
    next_offset: int | None = None

    @property
    def complete(self) -> bool:
        """Whether all that the query has is on this page, and nothing was hidden."""
        return self.total is not None and self.total <= len(self.rows) < self.limit


def stamped(at: datetime) -> str:
    """An instant as queries have it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
