"""One connector reading one server that plays its system, pass after pass as a sync does it. Knows no vendor and no
expectation: it tells what came, and what of it differs from what the server has."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from unittest import mock

import connectors
from connectors import Connector, Page, Stream
from impact.model import (
    TABLE_OF,
    Rejected,
)
from impact.people import hide_people
from tests.dialect import Dialect, Faults, Play, playing

Make = Callable[[], Dialect]
Complaints = Iterator[str]
MANY, FEW = 23, 7
"""Records of the stream that has most (more than four pages), and of the others."""


@dataclass(frozen=True)
class Pass:
    """What one pass over a stream brought: its pages, the error that ended it, and by which key each record arrived."""

    stream: Stream
    settings: Any
    pages: tuple[Page, ...]
    error: Exception | None = None

    @property
    def payloads(self) -> list[Any]:
        """All records in the order they came."""
        return [record for page in self.pages for record in page.records]

    @cached_property
    def rows(self) -> list[Any]:
        """Rows of the stream's main table, and what was rejected."""
        people = self.stream.people_paths(self.settings)
        hidden = (hide_people(payload, people, b"contract") for payload in self.payloads)
        rows = [row for payload in hidden for row in self.stream.convert(payload, self.settings)]
        main = self.stream.tables[0]
        return [row for row in rows if isinstance(row, Rejected) or TABLE_OF[type(row)] == main]

    @property
    def keys(self) -> list[str]:
        """Source keys of the main rows in the order they came."""
        return [row.source_key for row in self.rows if not isinstance(row, Rejected)]

    @property
    def bookmark(self) -> datetime | None:
        """Where the next pass begins."""
        return next((page.bookmark for page in reversed(self.pages) if page.bookmark), None)


@dataclass
class Case:
    """A connector that reads a playing server. ``pauses``: how long it would have waited, in seconds; nobody does."""

    connector: Connector
    play: Play
    settings: Any
    pauses: list[float] = field(default_factory=list)

    @property
    def dialect(self) -> Dialect:
        """What the server knows."""
        return self.play.dialect

    @property
    def main(self) -> str:
        """The stream with most records."""
        return self.dialect.streams[0]

    def stream(self, name: str) -> Stream:
        """A stream of the connector by its name."""
        return next(stream for stream in self.connector.streams if stream.name == name)

    def there(self, name: str) -> set[str]:
        """Keys of the records that the server has."""
        return {self.dialect.key(name, record) for record in self.dialect.records[name]}

    def read(self, name: str, since: datetime | None = None, cursor: str | None = None, most: int = 10_000) -> Pass:
        """One pass, in a session of its own, given up after ``most`` pages with records."""
        stream = self.stream(name)
        pages: list[Page] = []
        error: Exception | None = None
        http = None
        try:
            http = self.connector.open(self.settings)
            if cursor is not None and stream.resume:
                reading = stream.resume(http, self.settings, since, cursor)
            else:
                reading = stream.fetch(http, self.settings, since)
            for page in reading:
                pages.append(page)
                if sum(bool(p.records) for p in pages) >= most:
                    break
            if hasattr(reading, "close"):
                reading.close()
        except Exception as caught:
            error = caught
        finally:
            if http is not None:
                http.close()
        return Pass(stream, self.settings, tuple(pages), error)

    def next(self, before: Pass) -> Pass:
        """The pass after another one, as a sync does it: from the last cursor, else from the bookmark."""
        cursor = before.pages[-1].cursor if before.pages else None
        return self.read(before.stream.name, before.bookmark, cursor)

    def strike(self, kind: str | int, *, first: int = 0, times: int | None = None, **more: Any) -> None:
        """From now on things go wrong, after ``first`` more good answers."""
        self.play.asked.clear()
        self.play.hit = 0
        self.pauses.clear()
        self.play.faults = Faults(kind, first=first, times=times, **more)


@contextmanager
def case(connector: Connector, make: Make, **own: Any) -> Iterator[Case]:
    """A connector that reads a new dialect, with settings of ``own`` as far as it has such."""
    dialect = make()
    pauses: list[float] = []
    with playing(dialect) as play, mock.patch("time.sleep", side_effect=pauses.append):
        declared = {f.name for f in dataclasses.fields(connector.settings)}
        section = {**dialect.settings(play.url), **{key: value for key, value in own.items() if key in declared}}
        yield Case(connector, play, connectors.read_settings(connector, "played", section), pauses)
        assert not play.broken, play.broken[0]


def swept(connector: Connector, settings: Any, stream: str) -> Iterator[str]:
    """The keys that a sweep of a stream names, one after the other."""
    ids = next(one.ids for one in connector.streams if one.name == stream)
    assert ids, f"{stream} cannot be swept"
    http = connector.open(settings)
    try:
        for portion in ids(http, settings):
            yield from portion
    finally:
        http.close()


def filled(at: Case, count: int = MANY, **more: Any) -> None:
    at.dialect.fill(at.main, count, **more)
    at.play.time_passes()


def compared(at: Case, got: Pass, *, moved: Iterable[str] = (), gone: Iterable[str] = ()) -> Complaints:
    """What is lost, invented or given twice in a pass that should have brought everything. ``moved``: keys that may
    come again, because they were changed meanwhile; ``gone``: keys that may be missing or not."""
    name = got.stream.name
    if got.error:
        yield f"{name}: {told(got.error)}"
        return
    yield from (f"{name}: {r.key} is rejected: {r.reason} ({r.column})" for r in got.rows if isinstance(r, Rejected))
    there, came = at.there(name), Counter(got.keys)
    if lost := sorted(there - set(came) - set(gone)):
        yield f"{name}: {len(lost)} of {len(there)} records are lost, such as {lost[0]}"
    if odd := sorted(set(came) - there - set(gone)):
        yield f"{name}: {odd[0]} is not the key of any record"
    if name == at.main and (twice := sorted(k for k, n in came.items() if n > 1 and k not in moved)):
        yield f"{name}: {len(twice)} records came more than once in one pass, such as {twice[0]}"


def told(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"
