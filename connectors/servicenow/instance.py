"""One ServiceNow asked for rows of tables: pages that are proved, whole lists, what is beside records. Knows no row.

Records that the user may not see are cut out of a page after it was counted, so a short page, even an empty one, is not
the end; and an error may come with status 200. What answers may be no instance but a recording of one, which says the
same whatever is asked: then whole tables are read, and the queries are answered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.http import Answer as HttpAnswer
from connectors.http import Http
from connectors.paging import portions
from connectors.servicenow.queries import ID, PLAIN_ID, Answer, Item, NoRight, NoTable, Query, Unproven, Where
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import mapping, text_of, whole
from impact.model import Rejected, SourceChanged, SourceError, SourceUnavailable

MOST_ROWS = 10_000
IDS_AT_ONCE = 150
"""As many as fit into an address."""
NOBODYS = "0" * 32
"""An id that no record has."""


class Instance:
    """One ServiceNow during the pass of one stream, asked for rows of tables. Values are raw texts, empty ones left
    out."""

    def __init__(self, http: Http, settings: ServiceNowSettings) -> None:
        self.http, self.settings = http, settings
        self.two_blocks = settings.keyset != "plain"
        """Whether ^NQ is used; it is not any more once an answer shows that this instance does not know it."""
        self.unplaced: list[Rejected] = []
        """Records that came without an id or an update stamp."""
        self.recorded: set[str] = set()
        """Tables of which a recording answers."""
        self._recordings: dict[tuple[str, tuple[str, ...]], tuple[Item, ...]] = {}
        self._cut: dict[str, tuple[int, int]] = {}
        self._alive: set[str] = set()
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
        """One page of a table, proved. Raises NoTable, Unproven, SourceChanged, SourceUnavailable, SourceRefused."""
        asked = tuple(dict.fromkeys((ID, *fields, *query.fields)))
        if table not in self.recorded:
            answer = self._page(table, query, asked, limit=limit, offset=offset, count=count)
            try:
                query.prove(table, answer.rows)
            except Unproven:
                if not self._is_recording(table):
                    raise
            else:
                if len(answer.rows) <= answer.limit or not self._is_recording(table):
                    return answer
        return query.among(self._recording(table, asked), limit or self.settings.page_size, offset)

    def prove_whole(self) -> None:
        """Raise SourceChanged where a recording was read that holds only some of the records it counts."""
        for table, (there, total) in self._cut.items():
            raise SourceChanged(
                f"The records of {table} are a recording that holds {there:,} of {total:,}; what it lacks is not read."
            )

    def _is_recording(self, table: str) -> bool:
        """Whether records come also when one is asked for that nobody has."""
        if table not in self.recorded | self._alive:
            nobody = Query(((Where(ID, "=", NOBODYS),),), ())
            rows = self._page(table, nobody, (ID,), limit=1, offset=0, count=False).rows
            (self.recorded if rows else self._alive).add(table)
        return table in self.recorded

    def _recording(self, table: str, fields: tuple[str, ...]) -> tuple[Item, ...]:
        """All records of a recorded table, each once: pages as they were recorded, to one that brings nothing new."""
        known = self._recordings.get((table, fields))
        if known is not None:
            return known
        found: dict[str, Item] = {}
        offset, total, fresh = 0, 0, True
        while fresh and not 0 < total <= len(found):
            try:
                answer = self._page(table, Query(((),), (ID,)), fields, limit=None, offset=offset, count=True)
            except (SourceChanged, NoRight):
                if not found:
                    raise
                break  # no page was recorded there
            rows = {str(row.get(ID) or row): row for row in answer.rows}
            fresh = bool(rows.keys() - found)
            found |= rows
            total = max(total, answer.total or 0)
            offset = answer.next_offset or offset + len(answer.rows)
        if len(found) < total:
            self._cut[table] = len(found), total
        return self._recordings.setdefault((table, fields), tuple(found.values()))

    def _page(
        self, table: str, query: Query, asked: tuple[str, ...], *, limit: int | None, offset: int, count: bool
    ) -> Answer:
        """One page as it comes. Half as many rows are asked for where the instance gives up on so many."""
        size = min(limit or self.settings.page_size, self._sizes.get(table, MOST_ROWS))
        while True:
            answer = self._ask(table, query, asked, size=size, offset=offset, count=count)
            data = mapping(answer.data)
            found = data.get("result")
            if not data.get("error") and isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
                rows = tuple(_slim(row, asked) for row in found)
                page = Answer(rows, whole(answer.headers.get("X-Total-Count")), size, _next_offset(answer))
                return replace(page, rows=query.sorted(rows)) if page.complete else page  # all: in whatever order
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
        fields, after, first = tuple(fields), list[Where](), set[str]()
        while True:
            recorded = table in self.recorded
            answer = self.visible(table, Query(((*where, *after),), (ID,)), fields, limit=limit)
            if after and not recorded and table in self.recorded:  # its first page need not have the first ids
                after = []
                continue
            yield from (row for row in answer.rows if row[ID] not in first)
            if not answer.rows or answer.complete:
                return
            first = first or {str(row[ID]) for row in answer.rows}
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


def _next_offset(answer: HttpAnswer) -> int | None:
    link = answer.next_link
    return whole(next(iter(parse_qs(urlsplit(link).query).get("sysparm_offset", ())), None)) if link else None


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
