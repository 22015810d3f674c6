"""How a ServiceNow is asked: encoded queries that prove their own answers, and one page of a table. Knows no row.

Three things make it special: a condition that it does not understand is dropped without a word, so every row is held
against what was asked; records that the user may not see are cut out of a page after it was counted, so a short page,
even an empty one, is not the end; and an error may come with status 200.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.http import Answer as HttpAnswer
from connectors.http import Http
from connectors.paging import portions
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import mapping, text_of, whole
from impact.model import Rejected, SourceChanged, SourceError, SourceRefused, SourceUnavailable

Item = dict[str, Any]
UPDATED, ID = "sys_updated_on", "sys_id"
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
PLAIN_ID = re.compile(r"[\w-]{1,64}")
MOST_ROWS = 10_000
IDS_AT_ONCE = 150
"""As many as fit into an address."""
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
    """One page. ``total``: how many records the query has, the hidden ones too; ``limit``: how many were asked for."""

    rows: tuple[Item, ...]
    total: int | None
    limit: int

    @property
    def complete(self) -> bool:
        """Whether all that the query has is on this page, and nothing was hidden."""
        return self.total is not None and self.total <= len(self.rows) < self.limit


class Instance:
    """One ServiceNow during the pass of one stream, asked for rows of tables. Values are raw texts, empty ones left
    out."""

    def __init__(self, http: Http, settings: ServiceNowSettings) -> None:
        self.http, self.settings = http, settings
        self.two_blocks = settings.keyset != "plain"
        """Whether ^NQ is used; it is not any more once an answer shows that this instance does not know it."""
        self.unplaced: list[Rejected] = []
        """Records that came without an id or an update stamp."""
        self._sizes: dict[str, int] = {}

    @property
    def now(self) -> datetime:
        """The server's time at its latest answer."""
        return self.http.server_time or datetime.now(UTC)

    def page(
        self,
        table: str,
        query: Query,
        fields: Iterable[str],
        *,
        limit: int | None = None,
        offset: int = 0,
        count: bool = False,
    ) -> Answer:
        """One page of a table, proved. Half as many rows are asked for where the instance gives up on so many. Raises
        NoTable, Unproven, SourceChanged, SourceUnavailable, SourceRefused."""
        asked = tuple(dict.fromkeys((ID, *fields, *query.fields)))
        size = min(limit or self.settings.page_size, self._sizes.get(table, MOST_ROWS))
        while True:
            answer = self._ask(table, query, asked, size=size, offset=offset, count=count)
            data = mapping(answer.data)
            found = data.get("result")
            if not data.get("error") and isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
                rows = tuple(_slim(row, asked) for row in found)
                page = Answer(rows, whole(answer.headers.get("X-Total-Count")), size)
                if page.complete:  # then its order is of no account
                    page = replace(page, rows=query.sorted(rows))
                query.prove(table, page.rows)
                return page
            if answer.status == 404 and "no record" in _error(data):
                return Answer((), 0, size)  # version 1 of the interface says it so
            if answer.status == 403:
                raise NoRight(f"The user that reads may not read {table} of ServiceNow, or it is not licensed (403).")
            if answer.status == 404 or "invalid table" in _error(data):
                raise NoTable(f"ServiceNow has no table {table}, or url is not the address of an instance.")
            if answer.status != 200 or not data.get("error"):
                raise SourceChanged(f"{table} of ServiceNow came without its records. Is url the instance's address?")
            if size == 1 and not count:
                raise _gave_up(table, _error(data))
            size = max(1, size // 2)
            count = False  # counting may be what takes too long
            if limit != 1:
                self._sizes[table] = size

    def _ask(
        self, table: str, query: Query, fields: tuple[str, ...], *, size: int, offset: int, count: bool
    ) -> HttpAnswer:
        params = {
            "sysparm_query": query.text,
            "sysparm_fields": ",".join(fields),
            "sysparm_limit": str(size),
            "sysparm_display_value": "false",
            "sysparm_exclude_reference_link": "true",
            "sysparm_suppress_pagination_header": "true",
            "sysparm_no_count": "false" if count else "true",
        }
        if offset:
            params["sysparm_offset"] = str(offset)
        return self.http.ask(f"api/now/table/{table}", params, accept=(400, 403, 404))

    def visible(self, table: str, query: Query, fields: Iterable[str], *, limit: int | None = None) -> Answer:
        """The first page that has rows at all: hidden records may fill whole pages. No rows: there are none left."""
        offset = 0
        while True:
            answer = self.page(table, query, fields, limit=limit, offset=offset, count=True)
            if answer.rows or answer.total is None or answer.total <= offset + answer.limit:
                return answer
            offset += max(1, answer.limit // 2)  # overlapping, since records may leave the front meanwhile

    def count(self, table: str, *where: Where) -> int | None:
        """How many records there are, the hidden ones too; None where the instance does not say."""
        return self.page(table, Query((where,), ()), (), limit=1, count=True).total

    def listed(self, table: str, fields: Iterable[str], *where: Where, limit: int | None = None) -> Iterator[Item]:
        """Every row that fulfils ``where``, by its id, each once."""
        fields, after = tuple(fields), list[Where]()
        while True:
            answer = self.visible(table, Query(((*where, *after),), (ID,)), fields, limit=limit)
            yield from answer.rows
            if not answer.rows or answer.complete:
                return
            after = [Where(ID, ">", str(answer.rows[-1][ID]))]

    def beside(
        self, table: str, field: str, ids: Iterable[str], fields: Iterable[str], *where: Where
    ) -> dict[str, list[Item]]:
        """Rows of another table by the record that they name in ``field``."""
        found: dict[str, list[Item]] = {}
        plain = sorted({one for one in ids if PLAIN_ID.fullmatch(one)})
        for some in portions(plain, IDS_AT_ONCE):
            for row in self.listed(table, (field, *fields), Where(field, "IN", tuple(some)), *where):
                found.setdefault(str(row.get(field)), []).append(row)
        return found

    def may_read(self, table: str) -> bool:
        """Whether a table that a stream can do without is there and open to the user."""
        try:
            self.page(table, Query(((),), ()), (), limit=1)  # uncounted: such a table may hold millions
        except (NoRight, NoTable):
            return False
        return True


def stamped(at: datetime) -> str:
    """An instant as queries have it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _slim(row: Mapping[str, Any], fields: Iterable[str]) -> Item:
    values = ((field, _raw(row.get(field))) for field in fields)
    return {field: value for field, value in values if value is not None}


def _raw(value: Any) -> str | None:
    """The raw text, also where the instance gives objects with display values or links all the same."""
    return text_of(value.get("value") if isinstance(value, Mapping) else value)


def _gave_up(table: str, message: str) -> SourceError:
    if "transaction" in message or "execution time" in message:
        return SourceUnavailable(f"ServiceNow gave up on {table}, with single records too. The next sync tries again.")
    return SourceChanged(f"ServiceNow answered with an error instead of records of {table}, for single records too.")


def _error(data: Mapping[str, Any]) -> str:
    return str(mapping(data.get("error")).get("message")).lower()
