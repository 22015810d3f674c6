"""Connections to the database of records: short transactions, one writer at a time, failures in a sentence.

Knows SQLite and PostgreSQL; knows neither tables nor records. A write takes the database's one writer lock first
(SQLite: BEGIN IMMEDIATE, PostgreSQL: an advisory lock), so that what it reads inside is still true when it commits and
numbers are given in the order in which writes become visible.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from impact.model import SettingsError, StoreError

SECONDS_TO_WAIT = 15
"""How long a write waits for other writers, and whoever reads or writes for a free connection."""
SECONDS_TO_CONNECT = 3
"""How long a connection waits for a server that does not answer: pages wait for it."""
PATIENCE: Mapping[str, int | str] = {
    "connect_timeout": SECONDS_TO_CONNECT,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "options": f"-c statement_timeout={2 * SECONDS_TO_WAIT}s",
}
"""What PostgreSQL is told of waiting, where the address does not say otherwise: a server that fell silent is given up
within seconds, also in the middle of a conversation; a wait for a lock has a shorter limit of its own."""
WRITER_LOCK = 0x1A9AC7
"""The key of PostgreSQL's advisory lock; advisory locks are per database."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"


class Taken(StoreError):
    """The database refuses a row: its key is taken, or what it refers to is not there. Nothing was recorded."""


class Database:
    """A SQLite file or a PostgreSQL database. Nothing is connected until something is read or written."""

    def __init__(self, url: str, password: str = "") -> None:
        self._url = _address(url, password)
        self._password = password
        self.kind = self._url.get_backend_name()
        self.path = Path(str(self._url.database)).absolute() if self.kind == SQLITE else None
        self.where = str(self.path) if self.path else _server(self._url)
        self._writing = threading.Lock()
        self._looking = threading.RLock()
        self._file: tuple[int, int] | None = None
        self._another: Callable[[], None] | None = None
        self._opening = False
        self.read_only = self._make_folder()
        self._engine = self._sqlite() if self.kind == SQLITE else self._postgresql()

    def _make_folder(self) -> bool:
        """Whether the file is there and may only be read. Raises StoreError where it can be neither made nor read."""
        if self.path is None:
            return False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            there = self.path.exists()
        except OSError as error:
            raise StoreError(
                f"The folder {self.path.parent} for the records cannot be made: {error.strerror}. "
                "Make it, or choose another data folder."
            ) from None
        writable = os.access(self.path.parent, os.W_OK | os.X_OK)
        if not there and not writable:
            raise StoreError(
                f"Nothing can be written to {self.path.parent}, where decisions and meetings are to be kept. "
                "Give the dashboard's user the right to write there, or choose another data folder."
            )
        return there and not (writable and os.access(self.path, os.W_OK))

    def _sqlite(self) -> sa.Engine:
        if self.read_only:
            engine = sa.create_engine("sqlite://", creator=self._open_to_read, poolclass=sa.pool.NullPool)
        else:
            engine = sa.create_engine(
                self._url, connect_args={"timeout": SECONDS_TO_WAIT}, max_overflow=20, pool_timeout=SECONDS_TO_WAIT
            )
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
        return engine

    def _open_to_read(self) -> sqlite3.Connection:
        """A file that cannot be written is read as it lies there, unless somebody else has it open to write."""
        wal = Path(f"{self.path}-wal")
        still = "" if wal.exists() and wal.stat().st_size else "&immutable=1"
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=ro{still}",
            uri=True,
            timeout=SECONDS_TO_WAIT,
            check_same_thread=False,
        )

    def _postgresql(self) -> sa.Engine:
        return sa.create_engine(
            self._url,
            connect_args={name: value for name, value in PATIENCE.items() if name not in self._url.query},
            pool_pre_ping=True,
            pool_timeout=SECONDS_TO_WAIT,
            hide_parameters=True,
        )

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for single SELECT statements, each of which sees one state. Waits for no writer."""
        self._look()
        with self._explained(), self._engine.connect() as connection:
            if self.kind == POSTGRESQL:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def reading_at_once(self) -> Iterator[sa.Connection]:
        """A connection for many SELECT statements, all of which see the state at the first one. Waits for no writer
        and holds none up."""
        self._look()
        with self._explained(), self._engine.connect() as connection:
            level = {"isolation_level": "REPEATABLE READ"} if self.kind == POSTGRESQL else {"at_once": True}
            connection = connection.execution_options(**level)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer runs beside; kept when the block ends, undone when it raises."""
        if self.read_only:
            raise StoreError(
                f"{self.where} may only be read here: nothing was recorded. Give the dashboard's user the right to "
                "write that file and its folder."
            )
        self._look()
        with self._explained(), self._writing, self._engine.connect() as connection:
            connection = connection.execution_options(writing=True)
            with connection.begin():
                if self.kind == POSTGRESQL:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{SECONDS_TO_WAIT}s'")
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))
                yield connection

    def watch(self, another: Callable[[], None]) -> None:
        """From now on call ``another`` where the file was removed or another one lies in its place: what was opened
        before has no name any more, and what is written there would be lost."""
        if self.path is not None and not self.read_only:
            self._file, self._another = _identity(self.path), another

    def _look(self) -> None:
        if self.path is None or self._another is None or _identity(self.path) == self._file:
            return
        with self._looking:
            if self._opening or _identity(self.path) == self._file:
                return
            self._opening = True
            try:
                self._engine.dispose()
                self._make_folder()
                self._another()
                self._file = _identity(self.path)
            finally:
                self._opening = False

    def close(self) -> None:
        """Give all connections back. The database can be used again afterwards."""
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Failures of the database as StoreError, in a sentence."""
        try:
            yield
        except sa.exc.IntegrityError as error:
            raise Taken(self._sentence(error.orig or error)) from None
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error, OSError) as error:
            raise StoreError(self._sentence(getattr(error, "orig", None) or error)) from None

    def _sentence(self, error: BaseException) -> str:
        told = " ".join(str(error).split()) or type(error).__name__
        if self._password:
            told = told.replace(self._password, "***")
        for words, meaning in _MEANINGS:
            if any(word in told for word in words):
                return f"The records in {self.where} {meaning} ({told[:200]})"
        verb = "cannot be used" if self.kind == SQLITE else "cannot be reached or used"
        return f"The records in {self.where} {verb}: {told[:400]}"


_MEANINGS = (
    (
        ("database is locked", "lock timeout", "database table is locked"),
        "are being written by somebody else for too long; nothing was recorded. Try again in a moment.",
    ),
    (
        ("readonly database", "permission denied for", "read-only transaction"),
        "may only be read here; nothing was recorded. Give the dashboard's user the right to write them.",
    ),
    (("disk is full", "No space left"), "have no room left on their disk; nothing was recorded. Make room."),
    (
        ("not a database", "malformed"),
        "are damaged or not a database of this program. Put a backup in their place; see docs/records.md.",
    ),
)


def _address(url: str, password: str) -> URL:
    """The address with its password. Raises SettingsError for what is neither SQLite nor PostgreSQL; never repeats the
    address, because it may hold a password in the wrong place."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError(
            "[records] url is not an SQLAlchemy address. Use 'postgresql+psycopg://user@host/database'."
        ) from None
    if parsed.password:
        raise SettingsError(
            "[records] url holds a password, and addresses are shown. Move it to the key password of [records]."
        )
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("postgresql+psycopg", "sqlite", "sqlite+pysqlite"):
        raise SettingsError(
            f"[records] url begins with {parsed.drivername!r}. Records are kept in PostgreSQL "
            "('postgresql+psycopg://user@host/database') or in a SQLite file ('sqlite:////folder/records.db')."
        )
    if not parsed.database or parsed.database == ":memory:":
        raise SettingsError("[records] url names no database. Add it at the end, such as '.../impact'.")
    return parsed.set(password=password) if password else parsed


def _server(url: URL) -> str:
    """A database in words that tell it apart: also two servers of one computer."""
    return f"{url.database} on {url.host or 'this computer'}{f':{url.port}' if url.port else ''}"


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file has a name now; None where none has."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _on_connect(connection: Any, _record: Any) -> None:
    """Transactions are begun by us alone, never by the driver on its own; what is committed outlasts a power cut."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {SECONDS_TO_WAIT * 1000:.0f}", "foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    """A write takes the writer lock at once; many SELECTs share a transaction, and a single one needs none."""
    options = connection.get_execution_options()
    if options.get("writing"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif options.get("at_once"):
        connection.exec_driver_sql("BEGIN")
