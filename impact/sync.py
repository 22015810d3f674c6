"""One pass over the configured sources: fetch, keep raw, convert, upsert, move the bookmark, report.

Knows no vendor (connectors are found by name) and no layout. A batch is stored before its bookmark moves and every
write is an upsert, so a pass that dies at any moment is completed by the next one.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors import Connector, Stream
from impact.model import (
    TABLE_OF,
    Rejected,
    Row,
    SettingsError,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from impact.people import hide_people, person_key
from impact.settings import Settings
from impact.sources import configured, converted, safely, wanted
from impact.store import RawRecord, Store, StreamState

BATCH_RECORDS = 20_000
BATCH_SECONDS = 20.0
PROGRESS_FILE = "sync-progress.json"


@dataclass(frozen=True)
class Progress:
    """How far a pass is. ``total`` is None where the source does not say how much there is."""

    source: str
    stream: str
    read: int
    total: int | None
    elapsed_seconds: float
    done: bool = False

    @property
    def ratio(self) -> float | None:
        """0..1, or None where the total is unknown."""
        return min(1.0, self.read / self.total) if self.total else (1.0 if self.done else None)

    @property
    def left_seconds(self) -> float | None:
        """Estimated time left for this stream, from its speed so far."""
        if not self.total or not self.read:
            return None
        return max(0.0, self.elapsed_seconds * (self.total - self.read) / self.read)


@dataclass(frozen=True)
class Report:
    """What a pass did: one final state per stream. ``failed`` names the sources that could not be read in full."""

    streams: tuple[StreamState, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Sources with at least one stream that failed or was refused."""
        return tuple(sorted({s.source for s in self.streams if s.outcome != "ok"}))

    @property
    def exit_code(self) -> int:
        """0 all read, 1 some source failed."""
        return 1 if self.failed else 0


def now_utc() -> datetime:
    """The clock of a pass; tests give their own."""
    return datetime.now(UTC)


def run(
    settings: Settings,
    *,
    store: Store | None = None,
    only: str | None = None,
    full: bool = False,
    progress: Callable[[Progress], None] | None = None,
    clock: Callable[[], datetime] = now_utc,
) -> Report:
    """Pull what changed from every configured source, or from ``only`` that one; ``full`` reads from the beginning.

    Raises SettingsError for wrong settings (nothing is read) and StoreBusy when another pass is running. A source
    that fails is reported and stops nobody else.
    """
    sources = configured(settings, only)
    store = store or Store(settings.home, zone=settings.reporting.timezone)
    with store.writing():
        reporter = _Reporter(settings.home, progress)
        states: list[StreamState] = []
        try:
            for name, (connector, own) in sources.items():
                source = _Source(name, connector, own, store, person_key(settings.home), reporter, clock)
                states.extend(source.pull(full=full))
            reporter.tell(Progress("", "daily facts", 0, None, 0.0))
            store.refresh_facts()
            store.tidy()
        finally:
            reporter.close()
    return Report(tuple(states))


def rebuild(settings: Settings, *, store: Store | None = None) -> None:
    """Make canonical tables and daily facts anew from raw, with today's mappings; nothing is fetched."""
    store = store or Store(settings.home, zone=settings.reporting.timezone)
    sources = configured(settings)
    streams = {
        (name, stream.name): (stream, own) for name, (connector, own) in sources.items() for stream in connector.streams
    }

    def convert(source: str, stream_name: str, payloads: Iterable[Any]) -> Iterator[Row | Rejected]:
        if (source, stream_name) not in streams:
            raise SettingsError(
                f"Raw records of source {source!r}, stream {stream_name!r} are stored, but no such source is "
                "configured. Configure it again, or remove its raw records."
            )
        stream, own = streams[(source, stream_name)]
        yield from converted(stream, payloads, own)

    with store.writing():
        store.rebuild(convert)


class _Reporter:
    """Tells a pass's progress to the caller and, for pages in another process, in a small file."""

    def __init__(self, home: Path, callback: Callable[[Progress], None] | None) -> None:
        self._file = home / PROGRESS_FILE
        self._callback = callback
        self._told = 0.0

    def tell(self, progress: Progress) -> None:
        if self._callback:
            self._callback(progress)
        if time.monotonic() - self._told >= 0.3 or progress.done:
            self._told = time.monotonic()
            draft = self._file.with_suffix(".tmp")
            content = {"pid": os.getpid(), **progress.__dict__, "left_seconds": progress.left_seconds}
            draft.write_text(json.dumps(content), encoding="utf-8")
            draft.replace(self._file)

    def close(self) -> None:
        self._file.unlink(missing_ok=True)


class _Source:
    """One source during one pass."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        own: Any,
        store: Store,
        key: bytes,
        reporter: _Reporter,
        clock: Callable[[], datetime],
    ) -> None:
        self.name, self.connector, self.own = name, connector, own
        self.store, self.key, self.reporter, self.clock = store, key, reporter, clock
        self.before = {s.stream: s for s in store.state() if s.source == name}

    def pull(self, *, full: bool) -> Iterator[StreamState]:
        """Every stream in turn. A refused or misunderstood stream is skipped; an unreachable source is given up."""
        gone: str | None = None
        http: Any = None
        for stream in wanted(self.connector, self.own):
            state = self._begin(stream)
            started = time.monotonic()
            try:
                if gone:
                    raise SourceUnavailable(gone)
                http = http or self.connector.open(self.own)
                state = self._pull_stream(stream, http, state, since=None if full else state.bookmark_at)
                if (full or stream.whole) and state.started_at:  # all was read again: older ones are about what is gone
                    self.store.clear_rejected_before(self.name, stream.name, state.started_at)
                state = replace(state, outcome="ok", message="", ok_at=self.clock(), complete_at=state.bookmark_at)
            except SourceRefused as error:
                state = replace(self._last(state), outcome="refused", message=str(error))
            except SourceUnavailable as error:
                gone = str(error)
                state = replace(self._last(state), outcome="failed", message=gone)
            except (SourceError, SettingsError) as error:
                state = replace(self._last(state), outcome="failed", message=str(error))
            state = replace(state, finished_at=self.clock(), seconds=time.monotonic() - started)
            self.store.set_state(state)
            self.reporter.tell(
                Progress(self.name, stream.name, state.read, state.read, time.monotonic() - started, done=True)
            )
            yield state

    def _begin(self, stream: Stream) -> StreamState:
        before = self.before.get(stream.name, StreamState(self.name, stream.name))
        state = StreamState(
            source=self.name,
            stream=stream.name,
            bookmark_at=before.bookmark_at,
            complete_at=before.complete_at,
            started_at=self.clock(),
            ok_at=before.ok_at,
            outcome="running",
        )
        self.store.set_state(state)
        self._latest = state
        return state

    def _last(self, state: StreamState) -> StreamState:
        """What had been stored of the stream when it failed."""
        return self._latest if self._latest.stream == state.stream else state

    def _pull_stream(self, stream: Stream, http: Any, state: StreamState, *, since: datetime | None) -> StreamState:
        batch: list[Any] = []
        dropped: list[Rejected] = []
        begun = last_stored = time.monotonic()
        read = 0
        for page in stream.fetch(http, self.own, since):
            read += len(page.records)
            batch.extend(page.records)
            dropped.extend(page.rejected)
            state = replace(state, bookmark_at=page.bookmark or state.bookmark_at, total=page.total or state.total)
            self.reporter.tell(Progress(self.name, stream.name, read, state.total, time.monotonic() - begun))
            if len(batch) >= BATCH_RECORDS or time.monotonic() - last_stored > BATCH_SECONDS:
                state = self._store(stream, batch, dropped, state)
                batch, dropped, last_stored = [], [], time.monotonic()
        return self._store(stream, batch, dropped, state)

    def _store(self, stream: Stream, batch: list[Any], dropped: list[Rejected], state: StreamState) -> StreamState:
        """Raw first, then rows (the stream's main table last), then the bookmark: the order makes a kill harmless."""
        at = self.clock()
        paths = stream.people_paths(self.own)
        payloads = [hide_people(payload, paths, self.key) for payload in batch] if paths else batch
        keyed = [(safely(stream.key, p), p) for p in payloads]
        raw = [RawRecord(key, safely(stream.updated_at, p), p) for key, p in keyed if key]
        self.store.append_raw(self.name, stream.name, raw, fetched_at=at)
        rows: dict[str, dict[int, Row]] = defaultdict(dict)
        rejected = [*dropped, *(Rejected("?", "has no readable key") for key, _ in keyed if not key)]
        payloads = [p for key, p in keyed if key]
        for item in converted(stream, payloads, self.own):
            if isinstance(item, Rejected):
                rejected.append(item)
            else:
                rows[TABLE_OF[type(item)]][id(item)] = item  # one service object comes with many tickets
        main = stream.tables[0]
        for table in sorted(rows, key=lambda name: name == main):
            counts = self.store.upsert(table, list(rows[table].values()), fetched_at=at)
            if table == main:
                state = replace(
                    state,
                    new=state.new + counts.new,
                    changed=state.changed + counts.changed,
                    unchanged=state.unchanged + counts.unchanged,
                )
        self.store.clear_rejected(self.name, stream.name, [record.key for record in raw])
        if rejected:
            self.store.reject(self.name, stream.name, rejected, at=at)
        state = replace(state, read=state.read + len(batch), rejected=state.rejected + len(rejected))
        self.store.set_state(state)
        self._latest = state
        return state
