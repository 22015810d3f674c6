"""The folder of a store: which tables are in use, who may write, what may be deleted. Knows no table's content."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from impact.model import StoreError

FORMAT = 1
KEEP_HOURS = 24
"""Files that no version uses any more stay this long: far longer than any query that may still read them."""


class StoreBusy(StoreError):
    """Another process is writing; readers are not affected."""


@dataclass(frozen=True, slots=True)
class Current:
    """What ``current.json`` says: the number of the folder with the canonical tables in use, and the reporting time
    zone in which their days are counted."""

    tables: int
    zone: str


class StoreFolder:
    """The folder ``root``. Made by the first write; another program's folder of that name is left alone."""

    def __init__(self, root: Path, *, clock: Callable[[], datetime]) -> None:
        self.root, self.clock = root, clock
        self._lock = FileLock(root / "writer.lock", timeout=0)
        self._understood: tuple[str, Current] | None = None

    def current(self) -> Current | None:
        """The tables in use; None when nothing was ever written. Raises StoreError for a folder that is no store."""
        try:
            written = (self.root / "current.json").read_text("utf-8")
        except FileNotFoundError:
            self._refuse_foreign()
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"The data folder {self.root} cannot be read: {error}.") from error
        if self._understood is None or self._understood[0] != written:
            self._understood = (written, self._understand(written))
        return self._understood[1]

    def switch(self, current: Current) -> None:
        """From now on these tables are in use: one step, seen by every reader at its next look."""
        self.write("current.json", json.dumps({"format": FORMAT, **asdict(current)}))

    def write(self, name: str, content: str) -> None:
        """Replace a small file as a whole: a reader, or a power cut, meets the old content or the new."""
        fresh = self.root / f"{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / name)

    @contextlib.contextmanager
    def writing(self, *, zone: str) -> Iterator[None]:
        """Be the only writer among processes and threads; a thread may nest it. ``zone`` is used for a new store.

        Raises StoreBusy at once when somebody else writes; the lock ends with the process that holds it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            known = self.current()
            held = self._lock.acquire()
        except Timeout:
            raise StoreBusy(self._who_writes()) from None
        except OSError as error:
            raise StoreError(f"The data folder {self.root} cannot be written: {error.strerror}.") from error
        with held:
            if self._lock.lock_counter == 1:
                self.write("writer.json", json.dumps({"pid": os.getpid(), "since": self.clock().isoformat()}))
            if known is None and self.current() is None:
                self.switch(Current(tables=1, zone=zone))
            yield

    def sweep(self, unused: Collection[str]) -> None:
        """Delete those of ``unused`` (paths below the folder) that were unused for KEEP_HOURS already.

        Since when is noted in ``unused.json`` at each call, because a file's own date says when it was made.
        """
        now = self.clock()
        try:
            noted = json.loads((self.root / "unused.json").read_text("utf-8"))
        except (OSError, ValueError):
            noted = {}
        since = {path: noted.get(path, now.isoformat()) for path in sorted(unused)}
        for path, start in list(since.items()):
            if (now - datetime.fromisoformat(start)).total_seconds() >= KEEP_HOURS * 3600:
                target = self.root / path
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
                del since[path]
        self.write("unused.json", json.dumps(since))

    def _understand(self, written: str) -> Current:
        try:
            said = json.loads(written)
            if said["format"] == FORMAT:
                return Current(tables=int(said["tables"]), zone=str(said["zone"]))
            found = f"format {said['format']}, this program reads format {FORMAT}"
        except (ValueError, KeyError, TypeError):
            found = "nothing that can be understood"
        raise StoreError(
            f"{self.root / 'current.json'} holds {found}. Use the program version that wrote it, "
            "or point IMPACT_HOME at another folder and sync again."
        )

    def _refuse_foreign(self) -> None:
        ours = {"writer.lock", "writer.json", "writer.json.new", "current.json", "current.json.new"}
        try:
            found = sorted(path.name for path in self.root.iterdir() if path.name not in ours)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"The data folder {self.root} cannot be read: {error.strerror}.") from error
        if found:
            raise StoreError(
                f"The folder {self.root} holds {found[0]!r} but no current.json, so it is not a store of this "
                "program. Point IMPACT_HOME at an empty folder."
            )

    def _who_writes(self) -> str:
        try:
            holder = json.loads((self.root / "writer.json").read_text("utf-8"))
            since = datetime.fromisoformat(holder["since"]).astimezone(UTC)
            who = f"Process {holder['pid']} has been writing since {since:%Y-%m-%d %H:%M:%S} UTC"
        except (OSError, ValueError, KeyError):
            who = "Another process is writing"
        return f"{who} to {self.root}. Wait until it has finished, then try again; reading goes on meanwhile."
