"""One Delta Lake table in a folder: its version, its data files, and commits that last. Knows no rows and no SQL.

Data files are written by the caller; ``commit`` makes them part of the table in one atomic step, after they have
reached the disk (the Delta library itself never asks the disk to keep anything). A process that dies before the
commit leaves files that no reader ever sees; ``unused`` names them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from impact.model import StoreError

_LOG_DAYS = 7
"""How long the log of commits is kept; data never depends on it."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table: path below the table's folder, partition values, rows and bytes."""

    path: str
    partition: tuple[tuple[str, str], ...]
    rows: int
    size: int


class DeltaFolder:
    """A table's folder. Reading needs no lock; only the holder of the store's writer lock may commit."""

    def __init__(self, root: Path, schema: pa.Schema, *, partition_by: Sequence[str] = ()) -> None:
        self.root, self.schema, self.partition_by = root, schema, tuple(partition_by)
        self._log = root / "_delta_log"
        self._head = -1
        self._table: DeltaTable | None = None  # kept open between commits: opening reads the whole log
        self._known: tuple[int, tuple[DataFile, ...]] = (-1, ())

    def version(self) -> int:
        """The newest version, -1 when there is no table. A look at one or two file names when nothing changed."""
        head = self._head
        if head < 0 or not self._entry(head).exists():
            head = self._newest()
        while head >= 0 and self._entry(head + 1).exists():
            head += 1
        self._head = head
        return head

    def files(self, version: int | None = None) -> tuple[DataFile, ...]:
        """The data files of a version (None: the newest), in a stable order."""
        version = self.version() if version is None else version
        known, files = self._known
        if version < 0:
            return ()
        if known != version:
            files = tuple(sorted(self._read(version), key=lambda file: file.path))
            self._known = (version, files)
        return files

    def commit(self, added: Iterable[DataFile], removed: Iterable[DataFile] = ()) -> None:
        """Make ``added`` part of the table and take ``removed`` out of it, both or neither."""
        added, removed = tuple(added), tuple(removed)
        _reach_disk(self.root / file.path for file in added)
        now = time.time_ns() // 1_000_000
        actions: list[AddAction | RemoveAction] = [
            AddAction(f.path, f.size, dict(f.partition), now, True, json.dumps({"numRecords": f.rows})) for f in added
        ]
        actions += [RemoveAction(f.path, True, now, size=f.size, partition_values=dict(f.partition)) for f in removed]
        before = self.files()
        with self._in_words("written"):
            table = self._for_writing()
            table.create_write_transaction(actions, "append", table.schema(), partition_by=list(self.partition_by))
        version = self.version()
        _reach_disk([self._entry(version)])
        gone = {file.path for file in removed}
        kept = [file for file in before if file.path not in gone]
        self._known = (version, tuple(sorted([*kept, *added], key=lambda file: file.path)))

    def unused(self) -> tuple[str, ...]:
        """Paths of data files below the folder that the newest version does not use: replaced, or never committed."""
        used = {file.path for file in self.files()}
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*.parquet"))
        return tuple(sorted(path for path in found if path not in used and not path.startswith("_delta_log/")))

    def _entry(self, version: int) -> Path:
        return self._log / f"{version:020d}.json"

    def _newest(self) -> int:
        try:
            names = os.listdir(self._log)  # noqa: PTH208 - names only, no paths
        except FileNotFoundError:
            return -1
        except OSError as error:
            raise StoreError(f"The data folder {self.root} cannot be read: {error.strerror}.") from error
        return max((int(name[:20]) for name in names if name.endswith(".json") and name[:20].isdigit()), default=-1)

    def _read(self, version: int) -> Iterable[DataFile]:
        with self._in_words("read"):
            table = DeltaTable(str(self.root), version=version)
            if table.protocol().reader_features:
                raise StoreError(
                    f"The table in {self.root} uses Delta features {table.protocol().reader_features} that are not "
                    "read here. Was it changed by another program? Restore it or run `python -m impact rebuild`."
                )
            actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        for action in actions:
            partition = tuple((name, action[f"partition.{name}"]) for name in self.partition_by)
            yield DataFile(unquote(action["path"]), partition, action["num_records"] or 0, action["size_bytes"])

    def _for_writing(self) -> DeltaTable:
        """The newest version, made first if there is none, with every column of the schema."""
        if self._table is None and self.version() < 0:
            self.root.mkdir(parents=True, exist_ok=True)
            partition = [pa.field(name, pa.string()) for name in self.partition_by]
            keep = {"delta.logRetentionDuration": f"interval {_LOG_DAYS} days"}
            self._table = DeltaTable.create(
                str(self.root),
                schema=pa.schema([*self.schema, *partition]),
                partition_by=list(self.partition_by),
                configuration=keep,
            )
        table = self._table or DeltaTable(str(self.root))
        table.update_incremental()
        known = {field.name for field in table.schema().fields}
        missing = [field for field in self.schema if field.name not in known]
        if missing:
            table.alter.add_columns(Schema.from_arrow(pa.schema(missing)).fields)
            table = DeltaTable(str(self.root))
        self._table = table
        return table

    @contextlib.contextmanager
    def _in_words(self, done: str) -> Iterator[None]:
        try:
            yield
        except (DeltaError, OSError, ValueError) as error:
            first = str(error).splitlines()[0][:300]
            raise StoreError(
                f"The table in {self.root} cannot be {done}: {first}. Check the folder and its rights; "
                "`python -m impact rebuild` makes the tables anew from the raw records."
            ) from error


def _reach_disk(paths: Iterable[Path]) -> None:
    """Wait until files and the folders that name them are on the disk, so that a power cut cannot undo them."""
    folders = set()
    for path in paths:
        _fsync(path)
        folders |= {path.parent, path.parent.parent}
    if os.name == "posix":  # other systems cannot open folders
        for folder in folders:
            _fsync(folder)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
