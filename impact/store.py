"""Where evidence lives: tables, raw records, bookmarks, versions and queries. Knows no vendor and no statistics.

Everything is below ``<home>/store``: Delta Lake tables that any engine can read, written by one process at a time and
read by any number without waiting. ``current.json`` names the folder of the canonical tables in use, so a rebuild
writes a new set beside it and then switches in one step.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from impact import bookkeeping, raw
from impact.bookkeeping import StreamState
from impact.columns import INSTANT, to_columns
from impact.delta import DeltaFolder
from impact.model import TABLE_OF, Rejected, Row, StoreError
from impact.raw import RawRecord
from impact.snapshot import Snapshot
from impact.tables import TableSet
from impact.upsert import Counts

__all__ = ["Counts", "RawRecord", "Snapshot", "Store", "StoreBusy", "StreamState"]

FORMAT = 1
KEEP_HOURS = 24
"""Files that no version uses any more stay this long: far longer than any query that may still read them."""
REBUILD_ROWS = 20_000

Convert = Callable[[str, str, Sequence[Mapping[str, Any]]], Iterable[Row | Rejected]]


class StoreBusy(StoreError):
    """Another process is writing; readers are not affected."""


class Store:
    """The data folder ``home``. ``zone`` is the reporting time zone in which new rows get their ``*_on`` dates.

    Reading needs no lock. Every writing method takes the writer lock for itself; ``writing()`` holds it over several.
    Raises StoreError, in words, when the folder is not a store, cannot be read or cannot be written.
    """

    def __init__(
        self, home: Path, *, zone: str = "UTC", clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        if zone not in zoneinfo.available_timezones():
            raise StoreError(f"The reporting time zone {zone!r} is not known. Use a name such as 'Europe/Paris'.")
        self.home, self.zone, self.clock = Path(home), zone, clock
        self._root = self.home / "store"
        self._lock = FileLock(self._root / "writer.lock", timeout=0)
        self._raw = DeltaFolder(self._root / "raw", raw.RAW_SCHEMA)
        self._states = DeltaFolder(self._root / "stream_state", bookkeeping.STATE_SCHEMA)
        self._rejected = DeltaFolder(self._root / "rejected", bookkeeping.REJECTED_SCHEMA)
        self._opening = threading.Lock()
        self._tables_now: tuple[str, TableSet] | None = None
        self._snapshot_now: tuple[object, Snapshot] | None = None

    # -- reading -----------------------------------------------------------------------------------------------

    def version(self) -> str:
        """A text that changes exactly when a canonical table or the facts did; empty while nothing is stored."""
        tables = self._tables()
        versions = tables.versions()
        return _named(tables, versions)

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

    # -- writing -----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer. Raises StoreBusy at once when another process (or thread) is; the lock ends with the
        process that holds it, however that ends. May be nested."""
        self._make_root()
        try:
            held = self._lock.acquire()
        except Timeout:
            raise StoreBusy(self._who_writes()) from None
        except OSError as error:
            raise StoreError(f"The data folder {self._root} cannot be written: {error.strerror}.") from error
        with held:
            if self._lock.lock_counter == 1:
                self._replace_text("writer.json", json.dumps({"pid": os.getpid(), "since": self.clock().isoformat()}))
            yield

    def upsert(self, table: str, rows: Sequence[Row] | pa.Table, *, fetched_at: datetime) -> Counts:
        """Store rows by ``id``: all of them or, when the process dies, none.

        Rows equal to what is stored, apart from ``fetched_at``, are not written; a batch of only such rows leaves
        the version as it was. Of rows with one id the newest ``source_updated_at``, then the last, counts; an older
        copy never replaces a newer one. An Arrow table with the model's columns is taken as well.
        """
        with self.writing():
            return self._tables_to_write().upsert(table, to_columns(table, rows), fetched_at=fetched_at)

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

    def set_state(self, state: StreamState) -> None:
        """Remember how far a stream was read."""
        with self.writing():
            bookkeeping.keep_state(self._states, state)

    def refresh_facts(self) -> None:
        """Bring daily facts up to date; only months whose tickets or surveys changed are summed again."""
        with self.writing():
            self._tables_to_write().refresh_facts()

    def rebuild(self, convert: Convert) -> None:
        """Canonical tables and facts anew from the raw records. Readers see the old tables until all is done.

        ``convert(source, stream, payloads)`` gives rows, or Rejected for a payload that makes none. When it raises,
        or the process dies, the old tables stay in use.
        """
        with self.writing():
            now = int(self._tables().root.name)
            shutil.rmtree(self._root / str(now + 1), ignore_errors=True)
            fresh = TableSet(self._root / str(now + 1), zone=self.zone)
            rejected = self._fill(fresh, convert)
            fresh.refresh_facts()
            self._switch(fresh)
            for (source, stream), records in rejected.items():
                self.reject(source, stream, records, at=self.clock())

    def start_over(self) -> None:
        """Forget everything: rows, facts, raw records, bookmarks and rejected records. Readers see an empty store,
        and a version they have never seen once rows come in again; the files go with the next tidy a day later."""
        with self.writing():
            fresh = TableSet(self._root / str(int(self._tables().root.name) + 1), zone=self.zone)
            shutil.rmtree(fresh.root, ignore_errors=True)
            for folder in (self._raw, self._states, self._rejected):
                if folder.files():
                    folder.commit((), folder.files())
            self._switch(fresh)

    def tidy(self) -> None:
        """Fold small raw files and delete files that no version has used for a day. Versions do not move."""
        with self.writing():
            raw.fold(self._raw)
            self._sweep()

    # -- inside ------------------------------------------------------------------------------------------------

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

    def _tables(self) -> TableSet:
        """The canonical tables in use now."""
        written = self._current_text()
        if self._tables_now is None or self._tables_now[0] != written:
            current = self._understood(written)
            self._tables_now = (written, TableSet(self._root / str(current["tables"]), zone=current["zone"]))
        return self._tables_now[1]

    def _tables_to_write(self) -> TableSet:
        tables = self._tables()
        if tables.zone != self.zone and not self.is_empty():
            raise StoreError(
                f"The stored days are days of {tables.zone}, but the reporting time zone is {self.zone} now. "
                "Run `python -m impact rebuild` to count days anew, or set the time zone back."
            )
        if tables.zone != self.zone:
            self._switch(TableSet(tables.root, zone=self.zone))
        return self._tables()

    def _current_text(self) -> str:
        try:
            return (self._root / "current.json").read_text("utf-8")
        except FileNotFoundError:
            self._refuse_foreign()
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"The data folder {self._root} cannot be read: {error}.") from error

    def _understood(self, written: str) -> dict[str, Any]:
        if not written:
            return {"tables": 1, "zone": self.zone}
        try:
            current = json.loads(written)
            if current["format"] == FORMAT:
                return {"tables": int(current["tables"]), "zone": str(current["zone"])}
            found = f"format {current['format']}, this program reads format {FORMAT}"
        except (ValueError, KeyError, TypeError):
            found = "nothing that can be understood"
        raise StoreError(
            f"{self._root / 'current.json'} holds {found}. Use the program version that wrote it, "
            "or point IMPACT_HOME at another folder and sync again."
        )

    def _refuse_foreign(self) -> None:
        """A folder of that name that somebody else filled is not touched."""
        ours = {"writer.lock", "writer.json", "current.json.new"}
        try:
            found = sorted(path.name for path in self._root.iterdir() if path.name not in ours)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"The data folder {self._root} cannot be read: {error.strerror}.") from error
        if found:
            raise StoreError(
                f"The folder {self._root} holds {found[0]!r} but no current.json, so it is not a store of this "
                "program. Point IMPACT_HOME at an empty folder."
            )

    def _make_root(self) -> None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            if not self._current_text():
                self._switch(TableSet(self._root / "1", zone=self.zone))
        except OSError as error:
            raise StoreError(f"The data folder {self._root} cannot be made: {error.strerror}.") from error

    def _switch(self, tables: TableSet) -> None:
        current = {"format": FORMAT, "tables": int(tables.root.name), "zone": tables.zone}
        self._replace_text("current.json", json.dumps(current))

    def _replace_text(self, name: str, content: str) -> None:
        fresh = self._root / f"{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._root / name)

    def _who_writes(self) -> str:
        try:
            holder = json.loads((self._root / "writer.json").read_text("utf-8"))
            who = f"Process {holder['pid']} has been writing since {holder['since'][:19].replace('T', ' ')} UTC"
        except (OSError, ValueError, KeyError):
            who = "Another process is writing"
        return f"{who} to {self._root}. Wait until it has finished, then try again; reading goes on meanwhile."

    def _fill(self, fresh: TableSet, convert: Convert) -> dict[tuple[str, str], list[Rejected]]:
        """Rows of all raw records into ``fresh``; gives the records that make no row."""
        rejected: dict[tuple[str, str], list[Rejected]] = defaultdict(list)
        waiting: dict[str, list[tuple[pa.Table, pa.Array]]] = defaultdict(list)
        for batch in self.raw():
            read: dict[datetime | None, list[RawRecord]] = defaultdict(list)
            for record in batch:
                read[record.fetched_at].append(record)
            origin = batch[0].source, batch[0].stream
            for at, records in read.items():
                rows: dict[str, list[Row]] = defaultdict(list)
                for made in convert(*origin, [record.payload for record in records]):
                    if isinstance(made, Rejected):
                        rejected[origin].append(made)
                    else:
                        rows[TABLE_OF[type(made)]].append(made)
                for table, found in rows.items():
                    waiting[table].append((to_columns(table, found), pa.repeat(pa.scalar(at, INSTANT), len(found))))
            _store_waiting(fresh, waiting, at_least=REBUILD_ROWS)
        _store_waiting(fresh, waiting, at_least=1)
        return rejected

    def _sweep(self) -> None:
        """Delete what has been unused for KEEP_HOURS: since when is noted in ``unused.json`` at each tidy."""
        now = self.clock()
        try:
            noted = json.loads((self._root / "unused.json").read_text("utf-8"))
        except (OSError, ValueError):
            noted = {}
        tables = self._tables()
        unused = {
            (folder.root / path).relative_to(self._root).as_posix()
            for folder in (self._raw, self._states, self._rejected, *tables.folders.values())
            for path in folder.sweep()
        }
        unused |= {p.name for p in self._root.iterdir() if p.name.isdigit() and p.name != tables.root.name}
        since = {path: noted.get(path, now.isoformat()) for path in sorted(unused)}
        for path, start in list(since.items()):
            if (now - datetime.fromisoformat(start)).total_seconds() >= KEEP_HOURS * 3600:
                target = self._root / path
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
                del since[path]
        self._replace_text("unused.json", json.dumps(since))


def _named(tables: TableSet, versions: tuple[int, ...]) -> str:
    """One text for the versions of all tables; empty when there is no table."""
    if max(versions) < 0:
        return ""
    return ".".join([tables.root.name, *("x" if version < 0 else str(version) for version in versions)])


def _store_waiting(
    fresh: TableSet, waiting: dict[str, list[tuple[pa.Table, pa.Array]]], *, at_least: int
) -> Counter[str]:
    """Upsert tables that have gathered enough rows and empty them."""
    stored: Counter[str] = Counter()
    for table, parts in waiting.items():
        rows = sum(part.num_rows for part, _ in parts)
        if rows >= at_least:
            columns = pa.concat_tables([part for part, _ in parts])
            fresh.upsert(table, columns, fetched_at=pa.concat_arrays([at for _, at in parts]))
            stored[table] += rows
            parts.clear()
    return stored
