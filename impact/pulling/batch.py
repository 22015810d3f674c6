"""Stores one batch of payloads: people hidden, raw first, then rows, then rejections. Knows no source, no bookmark."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


class Keeper:
    """Where the payloads of one stream of one source go."""

    def __init__(self, source: str, stream: Stream, own: Any, *, store: Store, person_key: bytes) -> None:
        self.source, self.stream, self._own, self._store = source, stream, own, store
        self._hide = hider(stream.people_paths(own), person_key)

    def keep(self, pages: Sequence[Page], *, at: datetime) -> Tally:
        """Raw first, then rows with the stream's main table last: the order makes a kill harmless.

        A payload or row that the store cannot take is rejected with the reason; the others are stored.
        """
        payloads = [self._hide(payload) for page in pages for payload in page.records]
        rejected = [refused for page in pages for refused in page.rejected]
        read = len(payloads)
        try:
            kept, unfit = self._keep_raw(payloads, at)
        except UnicodeEncodeError:
            kept, unfit = self._keep_raw([_whole_text(payload) for payload in payloads], at)
        rejected += unfit
        rows: dict[str, dict[int, Row]] = defaultdict(dict)
        for item in converted(self.stream, (record.payload for record in kept), self._own):
            if isinstance(item, Rejected):
                rejected.append(item)
            else:
                rows[TABLE_OF[type(item)]][id(item)] = item  # one service object comes with many tickets
        counts, unfit = self._keep_rows({table: list(found.values()) for table, found in rows.items()}, at)
        rejected += unfit
        self._store.clear_rejected(self.source, self.stream.name, [record.key for record in kept])
        if rejected:
            self._store.reject(self.source, self.stream.name, rejected, at=at)
        return Tally(read, len(rejected), counts)

    def _keep_raw(self, payloads: Sequence[Any], at: datetime) -> tuple[list[RawRecord], list[Rejected]]:
        read_key, read_time = self.stream.key, self.stream.updated_at
        records, rejected = [], []
        for payload in payloads:
            key = safely(read_key, payload)
            if key:
                records.append(RawRecord(str(key), safely(read_time, payload), payload))
            else:
                rejected.append(Rejected("?", "has no readable key"))

        def write(some: Sequence[RawRecord]) -> None:
            self._store.append_raw(self.source, self.stream.name, some, fetched_at=at)

        unfit = _each_that_fits(write, records)
        if unfit:
            refused = {id(record) for record, _ in unfit}
            records = [record for record in records if id(record) not in refused]
            rejected += [Rejected(record.key, reason) for record, reason in unfit]
        return records, rejected

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
