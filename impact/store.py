"""Where evidence lives: tables, raw records, bookmarks, versions and queries. Knows no vendor and no statistics.

Everything is below ``<home>/store``: Delta Lake tables that any engine can read, written by one process at a time and
read by any number without waiting. A rebuild writes a new set of tables beside the old and switches in one step.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import zoneinfo
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from impact.model import TABLES, Rejected, Row, StoreError
from impact.passes import StreamState
from impact.storage import bookkeeping, missing, raw
from impact.storage.columns import to_columns
from impact.storage.delta import DeltaFolder
from impact.storage.home import Current, StoreBusy, StoreFolder
from impact.storage.missing import Listing
from impact.storage.raw import RawRecord
from impact.storage.rebuilding import Convert, fill
from impact.storage.snapshot import Snapshot
from impact.storage.tables import TableSet
from impact.storage.upsert import Counts

__all__ = ["Convert", "Counts", "Listing", "RawRecord", "Snapshot", "Store", "StoreBusy", "StreamState"]


class Store:
    """The data folder ``home``. ``zone`` is the reporting time zone in which new rows get their ``*_on`` dates.

    Reading needs no lock. Every writing method takes the writer lock for itself; ``writing()`` holds it over several,
    for the thread that called it. Raises StoreError, in words, when the folder is not a store, cannot be read or
    cannot be written.
    """

    def __init__(
        self, home: Path, *, zone: str = "UTC", clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        if zone not in zoneinfo.available_timezones():
            raise StoreError(f"The reporting time zone {zone!r} is not known. Use a name such as 'Europe/Paris'.")
        self.home, self.zone, self.clock = Path(home), zone, clock
        root = self.home / "store"
        self._folder = StoreFolder(root, clock=clock)
        self._raw = DeltaFolder(root / "raw", raw.RAW_SCHEMA)
        self._states = DeltaFolder(root / "stream_state", bookkeeping.STATE_SCHEMA)
        self._rejected = DeltaFolder(root / "rejected", bookkeeping.REJECTED_SCHEMA)
        self._opening = threading.Lock()
        self._tables_now: tuple[Current, TableSet] | None = None
        self._snapshot_now: tuple[object, Snapshot] | None = None

    def version(self) -> str:
        """A text that changes exactly when a canonical table or the facts did; empty while nothing is stored."""
        tables = self._tables()
        return _named(tables, tables.versions())

    def is_empty(self) -> bool:
        """Whether no canonical row was ever stored."""
        return self.version() == ""

    def snapshot(self) -> Snapshot:
        """All tables at one moment: the tables' versions are read until two looks in a row agree."""
        with self._opening:
            moment = self._moment()
            while (again := self._moment()) != moment:
                moment = again
            if self._snapshot_now is None or self._snapshot_now[0] != moment:
                self._snapshot_now = (moment, self._open(*moment))
            return self._snapshot_now[1]

    def state(self) -> list[StreamState]:
        """How far every stream was read, by source and stream."""
        return bookkeeping.states(self._states)

    def raw(self, source: str | None = None, stream: str | None = None) -> Iterator[list[RawRecord]]:
        """The newest payload of every key, in batches of one stream each; memory does not grow with their number."""
        return raw.read(self._raw, source, stream)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer. Raises StoreBusy at once, saying who writes since when, when another process or thread
        is; the lock ends with the process that holds it, however that ends. May be nested."""
        with self._folder.writing(zone=self.zone):
            yield

    def upsert(
        self, table: str, rows: Sequence[Row] | pa.Table, *, fetched_at: datetime, only_named: bool = False
    ) -> Counts:
        """Store rows by ``id``: all of them or, when the process dies, none.

        Rows equal to what is stored, apart from ``fetched_at``, are not written; a batch of only such rows leaves
        the version as it was. Of rows with one id the newest ``source_updated_at``, then the last, counts; an older
        copy never replaces a newer one. An Arrow table with the model's columns is taken as well. A row that was marked
        as missing loses the mark, unless the rows are ``only_named`` by records of another kind; those take nothing of
        what a service's, team's or group's own list told.
        """
        columns = to_columns(table, rows)
        with self.writing():
            return self._tables_to_write().upsert(table, columns, fetched_at=fetched_at, only_named=only_named)

    def mark_missing(
        self,
        table: str,
        source: str,
        stream: str,
        keys: Iterable[Iterable[str]],
        *,
        at: datetime,
        believe: Callable[[Listing], bool] = lambda listing: True,
    ) -> Listing:
        """Mark the rows of ``table`` whose payloads came from this stream and whose ``source_key`` is not among
        ``keys``; take the mark from those that are. They are kept and stay in every count. Nothing is marked where
        ``believe`` says no to what the list would do."""
        with self.writing():
            folder = self._tables_to_write().folders[table]
            return missing.mark(folder, self._raw, (source, stream), keys, at=at, believe=believe)

    def append_raw(self, source: str, stream: str, records: Sequence[RawRecord], *, fetched_at: datetime) -> int:
        """Keep payloads; one identical to the newest of its key, or older, is not kept again. Gives how many were."""
        with self.writing():
            return raw.append(self._raw, source, stream, records, fetched_at=fetched_at)

    def reject(self, source: str, stream: str, rejected: Sequence[Rejected], *, at: datetime) -> None:
        """List records that could not become rows."""
        with self.writing():
            bookkeeping.reject(self._rejected, source, stream, rejected, at=at)

    def clear_rejected(self, source: str, stream: str, keys: Collection[str]) -> None:
        """Take records that were accepted now off the list."""
        with self.writing():
            bookkeeping.clear(self._rejected, source, stream, keys)

    def clear_rejected_before(self, source: str, stream: str, moment: datetime) -> None:
        """Take a stream's records that were rejected before ``moment`` off the list: the whole was read again since."""
        with self.writing():
            bookkeeping.clear_before(self._rejected, source, stream, moment)

    def set_state(self, state: StreamState) -> None:
        """Remember how far a stream was read."""
        with self.writing():
            bookkeeping.keep_state(self._states, state)

    def refresh_facts(self) -> None:
        """Bring daily facts up to date; only months whose tickets or surveys changed are summed again."""
        with self.writing():
            self._tables_to_write().refresh_facts()

    def rebuild(self, convert: Convert) -> None:
        """Canonical tables and facts anew from the raw records, in today's reporting time zone.

        Readers see the old tables until all is done. When ``convert`` raises, or the process dies, the old tables
        stay in use. Records that make no row are listed as rejected; those that now do leave the list.
        """
        with self.writing():
            number = int(self._tables().root.name) + 1
            shutil.rmtree(self._root / str(number), ignore_errors=True)
            fresh = TableSet(self._root / str(number), zone=self.zone)
            listed = bookkeeping.keys(self._rejected)
            tried: set[tuple[str, str, str]] = set()
            refused = fill(fresh, _noting(self.raw(), listed, tried), convert)
            for table in TABLES:
                missing.carry(self._tables().folders[table], fresh.folders[table])
            fresh.refresh_facts()
            self._folder.switch(Current(tables=number, zone=self.zone))
            for source, stream in {(source, stream) for source, stream, _ in tried}:
                self.clear_rejected(source, stream, [key for *of, key in tried if of == [source, stream]])
            for (source, stream), records in refused.items():
                self.reject(source, stream, records, at=self.clock())

    def start_over(self) -> None:
        """Forget everything: rows, facts, raw records, bookmarks and rejected records.

        Readers see an empty store, and versions they have never seen once rows come in again. The files of what was
        forgotten go with a tidy a day later.
        """
        with self.writing():
            number = int(self._tables().root.name) + 1
            shutil.rmtree(self._root / str(number), ignore_errors=True)
            for folder in (self._raw, self._states, self._rejected):
                if folder.files():
                    folder.commit((), folder.files())
            self._folder.switch(Current(tables=number, zone=self.zone))

    def tidy(self) -> None:
        """Fold small raw files and delete files that no version has used for a day. The version does not move."""
        with self.writing():
            raw.fold(self._raw)
            tables = self._tables()
            unused = {
                (folder.root / path).relative_to(self._root).as_posix()
                for folder in (self._raw, self._states, self._rejected, *tables.folders.values())
                for path in folder.unused()
            }
            others = {path.name for path in self._root.iterdir() if path.name.isdigit()} - {tables.root.name}
            self._folder.sweep(unused | others)

    @property
    def _root(self) -> Path:
        return self._folder.root

    def _tables(self) -> TableSet:
        """The canonical tables in use now."""
        current = self._folder.current() or Current(tables=1, zone=self.zone)
        if self._tables_now is None or self._tables_now[0] != current:
            self._tables_now = (current, TableSet(self._root / str(current.tables), zone=current.zone))
        return self._tables_now[1]

    def _tables_to_write(self) -> TableSet:
        tables = self._tables()
        if tables.zone != self.zone:
            if not self.is_empty():
                raise StoreError(
                    f"The stored days are days of {tables.zone}, but the reporting time zone is {self.zone} now. "
                    "Run `python -m impact rebuild` to count days anew, or set the time zone back."
                )
            self._folder.switch(Current(tables=int(tables.root.name), zone=self.zone))
        return self._tables()

    def _moment(self) -> tuple[TableSet, tuple[int, ...], tuple[int, int]]:
        tables = self._tables()
        return tables, tables.versions(), (self._rejected.version(), self._states.version())

    def _open(self, tables: TableSet, versions: tuple[int, ...], books: tuple[int, int]) -> Snapshot:
        folders = {**tables.folders, "rejected": self._rejected, "stream_state": self._states}
        files = {
            **tables.files(versions),
            "rejected": self._rejected.files(books[0]),
            "stream_state": self._states.files(books[1]),
        }
        return Snapshot(_named(tables, versions), folders, files)


def _named(tables: TableSet, versions: tuple[int, ...]) -> str:
    """One text for the versions of all tables; empty when there is no table."""
    if max(versions) < 0:
        return ""
    return ".".join([tables.root.name, *("x" if version < 0 else str(version) for version in versions)])


def _noting(
    batches: Iterator[list[RawRecord]], listed: Collection[tuple[str, str, str]], tried: set[tuple[str, str, str]]
) -> Iterator[list[RawRecord]]:
    """The batches as they are; records of them that are ``listed`` are added to ``tried``."""
    for batch in batches:
        tried.update({(r.source, r.stream, r.key) for r in batch}.intersection(listed))
        yield batch
