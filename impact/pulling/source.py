"""One source during one pass: its streams in turn, what a failure ends, where the next goes on. Knows no vendor."""

from __future__ import annotations

import contextlib
import gc
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors import Connector, Page, Stream
from impact.model import SettingsError, SourceError, SourceRefused, SourceUnavailable, StoreError
from impact.pulling.ahead import ReadAhead, weight
from impact.pulling.batch import Keeper, Made
from impact.pulling.progress import Progress, Reporter
from impact.pulling.sweeping import Sweeping, sweep
from impact.sources import wanted
from impact.store import Store, StreamState

BATCH_RECORDS = 20_000
BATCH_SECONDS = 20.0
MOST_AHEAD = 20_000
"""Records that wait with their rows while a batch is stored; with the batch, nearly all that a pass holds in memory."""
MOST_UNMADE = 2_000
"""Records that wait for their rows to be made, so that neither the source nor the making waits for the other."""
OBJECTS_UNSEARCHED = 200_000
"""Objects made before Python looks for garbage in cycles: a few thousand records with their rows."""
PATIENCE = 5.0
"""Seconds without a page after which a silent source is told to be at work."""


@dataclass(frozen=True)
class Source:
    """A configured source and where its records go."""

    name: str
    connector: Connector
    own: Any
    store: Store
    person_key: bytes
    reporter: Reporter
    clock: Callable[[], datetime]


def pull(source: Source, *, full: bool, sweeping: Sweeping) -> Iterator[StreamState]:
    """Every stream in turn, then the lists of what still exists where they are due.

    A refused or misunderstood stream is skipped; an unreachable source is given up. Raises StoreError, and nothing
    else that a source could cause.
    """
    before = {state.stream: state for state in source.store.state() if state.source == source.name}
    ended: list[tuple[Stream, StreamState]] = []
    gone: SourceUnavailable | None = None
    http: Any = None
    for stream in wanted(source.connector, source.own):
        reading = _Reading(source, stream, before.get(stream.name, StreamState(source.name, stream.name)))
        try:
            if gone:
                raise gone
            http = source.connector.open(source.own) if http is None else http
            state = reading.finish(http, full=full)
        except SourceUnavailable as error:
            gone, state = error, reading.end("failed", str(error))
        except SourceRefused as error:
            state = reading.end("refused", str(error))
        except (SourceError, SettingsError) as error:
            state = reading.end("failed", str(error))
        except StoreError:
            raise
        except KeyboardInterrupt:
            reading.end("failed", "Stopped while it was read. The next sync goes on from there.")
            raise
        except Exception as error:  # a fault of one connector ends nothing but its stream
            state = reading.end("failed", _fault(source.connector, error))
        ended.append((stream, state))
    for stream, state in ended:
        first = stream.name not in before or before[stream.name].ok_at is None
        if gone is None and state.outcome == "ok" and stream.ids is not None:
            state = sweep(source, stream, http, state, sweeping, first=first)
        yield state


def _fault(connector: Connector, error: Exception) -> str:
    """What went wrong inside a connector, without a value of the source."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.replace(chr(92), '/').rsplit('/', 1)[-1]} line {frame.lineno}"
    return f"The connector {connector.kind} failed: {type(error).__name__} in {place}. Please report it."


@contextlib.contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Payloads and rows hold no cycles, but each usual search for cycles looks at all of them again."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_UNSEARCHED, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class _Reading:
    """The reading of one stream: pages become batches; the bookmark and the cursor move with each batch stored."""

    def __init__(self, source: Source, stream: Stream, before: StreamState) -> None:
        self._source, self._stream, self._before = source, stream, before
        self._keeper = Keeper(source.name, stream, source.own, store=source.store, person_key=source.person_key)
        self._begun = self._stored = time.monotonic()
        self._read = 0
        self._waiting: list[Made] = []
        self._weight = 0
        self._state = replace(
            StreamState(source.name, stream.name),
            bookmark_at=before.bookmark_at,
            complete_at=before.complete_at,
            started_at=source.clock(),
            ok_at=before.ok_at,
            cursor=before.cursor,
            missing=before.missing,
            swept_at=before.swept_at,
            note=before.note,
        )
        source.store.set_state(self._state)

    def finish(self, http: Any, *, full: bool) -> StreamState:
        """Read to the end. What came before an error is stored before it is raised."""
        making = self._made(self._pages(http, full=full))
        with _rare_garbage_collection(), ReadAhead(making, most=MOST_AHEAD, patience=PATIENCE) as pages:
            try:
                for page in pages:
                    self._take(page)
            except StoreError:
                raise
            except BaseException:
                self._store()
                raise
        self._store()
        if (full or self._stream.whole) and self._state.started_at:  # older complaints are about what is gone
            self._source.store.clear_rejected_before(self._source.name, self._stream.name, self._state.started_at)
        self._state = replace(self._state, ok_at=self._source.clock(), complete_at=self._state.bookmark_at)
        return self.end("ok", "")

    def end(self, outcome: Any, message: str) -> StreamState:
        """Remember how it ended."""
        seconds = time.monotonic() - self._begun
        self._state = replace(
            self._state, outcome=outcome, message=message, finished_at=self._source.clock(), seconds=seconds
        )
        self._source.store.set_state(self._state)
        self._tell(self._state.read, done=True)
        return self._state

    def _pages(self, http: Any, *, full: bool) -> Iterator[Page]:
        """From the beginning, from the cursor of the last pass, or from its bookmark."""
        since, cursor = self._before.bookmark_at, self._before.cursor
        if full:
            return self._stream.fetch(http, self._source.own, None)
        if cursor is not None and self._stream.resume is not None:
            return self._stream.resume(http, self._source.own, since, cursor)
        return self._stream.fetch(http, self._source.own, since)

    def _made(self, pages: Iterator[Page]) -> Iterator[Made]:
        """The pages with their rows, made in the thread that asks for them while another one reads on."""
        with ReadAhead(pages, most=MOST_UNMADE, patience=PATIENCE) as reading:
            for page in reading:
                if page is not None:
                    yield self._keeper.make(page)

    def _take(self, made: Made | None) -> None:
        """Keep a page in mind, and store when there is enough or it has waited long enough; None: nothing came."""
        if made is not None:
            self._waiting.append(made)
            self._weight += weight(made)
            self._read += len(made.records)
            self._state = replace(self._state, total=made.page.total or self._state.total)
        self._tell(self._read)
        if self._weight >= BATCH_RECORDS or time.monotonic() - self._stored > BATCH_SECONDS:
            self._store()

    def _store(self) -> None:
        """The batch first, then where the next pass goes on."""
        self._stored = time.monotonic()
        if not self._waiting:
            return
        tally = self._keeper.keep(self._waiting, at=self._source.clock())
        state, pages = self._state, [made.page for made in self._waiting]
        bookmarks = [page.bookmark for page in pages if page.bookmark is not None]
        self._state = replace(
            state,
            bookmark_at=bookmarks[-1] if bookmarks else state.bookmark_at,
            cursor=pages[-1].cursor,
            read=state.read + tally.read,
            rejected=state.rejected + tally.rejected,
            new=state.new + tally.rows.new,
            changed=state.changed + tally.rows.changed,
            unchanged=state.unchanged + tally.rows.unchanged,
        )
        self._waiting, self._weight = [], 0
        self._source.store.set_state(self._state)
        self._stored = time.monotonic()

    def _tell(self, read: int, *, done: bool = False) -> None:
        total = read if done else self._state.total
        elapsed = time.monotonic() - self._begun
        self._source.reporter.tell(Progress(self._source.name, self._stream.name, read, total, elapsed, done=done))
