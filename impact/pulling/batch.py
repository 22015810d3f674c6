"""Makes rows of pages, people hidden, and stores them: raw first, then rows, then rejections. Knows no source and no
bookmark."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from connectors import Page, Stream
from impact.model import TABLE_OF, Rejected, Row, UnfitError
from impact.people import hider
from impact.sources import converted, safely
from impact.store import Counts, RawRecord, Store

Item = TypeVar("Item")


@dataclass(frozen=True)
class Tally:
    """What came of a batch: records read and rejected, and the rows of the stream's main table."""

    read: int
    rejected: int
    rows: Counts


@dataclass(frozen=True)
class Made:
    """A page without people, and what became of its records: ``rows`` has an entry for each of ``raw``."""

    page: Page
    raw: tuple[RawRecord, ...]
    rows: tuple[tuple[Row | Rejected, ...], ...]
    rejected: tuple[Rejected, ...]

    @property
    def records(self) -> Sequence[Any]:
        """The payloads."""
        return self.page.records


class Keeper:
    """Where the payloads of one stream of one source go."""

    def __init__(self, source: str, stream: Stream, own: Any, *, store: Store, person_key: bytes) -> None:
        self.source, self.stream, self._own, self._store = source, stream, own, store
        self._hide = hider(stream.people_paths(own), person_key)

    def make(self, page: Page) -> Made:
        """What ``keep`` takes. Touches no store, so that it can be done while earlier pages are stored."""
        return self._made(replace(page, records=tuple(self._hide(payload) for payload in page.records)))

    def keep(self, pages: Sequence[Made], *, at: datetime) -> Tally:
        """Raw first, then rows with the stream's main table last: the order makes a kill harmless.

        A payload or row that the store cannot take is rejected with the reason; the others are stored.
        """
        try:
            unfit = self._keep_raw(pages, at)
        except UnicodeEncodeError:
            pages = [self._made(replace(made.page, records=tuple(map(_whole_text, made.records)))) for made in pages]
            unfit = self._keep_raw(pages, at)
        rejected = [refused for made in pages for refused in made.rejected]
        rejected += [Rejected(record.key, reason) for record, reason in unfit]
        refused = {id(record) for record, _ in unfit}
        kept: list[str] = []
        rows: dict[type, dict[int, Row]] = defaultdict(dict)
        for made in pages:
            for record, items in zip(made.raw, made.rows, strict=True):
                if id(record) in refused:
                    continue
                kept.append(record.key)
                for item in items:
                    if isinstance(item, Rejected):
                        rejected.append(item)
                    else:
                        rows[type(item)][id(item)] = item  # one service object comes with many tickets
        counts, unfit_rows = self._keep_rows({TABLE_OF[of]: list(found.values()) for of, found in rows.items()}, at)
        rejected += unfit_rows
        self._store.clear_rejected(self.source, self.stream.name, kept)
        if rejected:
            self._store.reject(self.source, self.stream.name, rejected, at=at)
        return Tally(sum(len(made.records) for made in pages), len(rejected), counts)

    def _made(self, page: Page) -> Made:
        read_key, read_time = self.stream.key, self.stream.updated_at
        records, rows, rejected = [], [], list(page.rejected)
        for payload in page.records:
            key = safely(read_key, payload)
            if key:
                records.append(RawRecord(str(key), safely(read_time, payload), payload))
                rows.append(tuple(converted(self.stream, (payload,), self._own)))
            else:
                rejected.append(Rejected("?", "has no readable key"))
        return Made(page, tuple(records), tuple(rows), tuple(rejected))

    def _keep_raw(self, pages: Sequence[Made], at: datetime) -> list[tuple[RawRecord, str]]:
        def write(some: Sequence[RawRecord]) -> None:
            self._store.append_raw(self.source, self.stream.name, some, fetched_at=at)

        return _each_that_fits(write, [record for made in pages for record in made.raw])

    def _keep_rows(self, rows: Mapping[str, Sequence[Row]], at: datetime) -> tuple[Counts, list[Rejected]]:
        main, counts, rejected = self.stream.tables[0], [Counts()], []
        for table in sorted(rows, key=lambda name: name == main):

            def write(some: Sequence[Row], table: str = table) -> None:
                stored = self._store.upsert(table, some, fetched_at=at, only_named=table != main)
                if table == main:
                    counts.append(stored)

            rejected += [Rejected(row.source_key, reason) for row, reason in _each_that_fits(write, rows[table])]
        return sum(counts, Counts()), rejected


def _each_that_fits(write: Callable[[Sequence[Item]], None], items: Sequence[Item]) -> list[tuple[Item, str]]:
    """Write all items that the store can take, in portions as large as that allows; gives the others and why."""
    if not items:
        return []
    try:
        write(items)
    except UnfitError as error:
        if len(items) == 1:
            return [(items[0], str(error))]
        half = len(items) // 2
        return [*_each_that_fits(write, items[:half]), *_each_that_fits(write, items[half:])]
    return []


def _whole_text(payload: Mapping[str, Any]) -> Any:
    """The payload with a question mark for every half of a character, which a source leaves where it cuts a text."""
    return json.loads(json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace"))
