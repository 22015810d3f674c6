"""Brings the tables of a database to this version of the program when it is opened. Knows Alembic, no record.

Creating and upgrading is one transaction under the writer lock: two programs that open at once do it once, and one
that dies leaves what was there before.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from impact.keeping.database import SECONDS_TO_WAIT, Database
from impact.keeping.schema import HEAD, VERSION_TABLE
from impact.model import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in variables of the whole process."""


def bring_to_head(database: Database) -> None:
    """Make or upgrade the tables where they are not of this version; does next to nothing where they are.

    Raises StoreError, with nothing changed, for a database of a newer program and for one that needs an upgrade and
    may only be read.
    """
    with database.reading() as connection:
        if _is_ready(connection, database):
            return
    if database.read_only:
        raise StoreError(
            f"The records in {database.where} are of another version of this program and may only be read here, so "
            "they cannot be brought to this version. Open them once where they may be written."
        )
    if database.path is None:
        _upgrade(database)
        return
    try:
        with FileLock(f"{database.path}.lock", timeout=SECONDS_TO_WAIT * 4):
            with database.reading() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            _upgrade(database)
    except Timeout:
        raise StoreError(
            f"The records in {database.where} are being upgraded by another program for too long. Try again later."
        ) from None


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings: where the migrations are, and the connection they run on."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", FOLDER.as_posix().replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    found.attributes["connection"] = connection
    return found


def upgrade_to(connection: sa.Connection, revision: str) -> None:
    """Run the migrations up to ``revision`` in the transaction of the connection."""
    from alembic import command

    with _ONE_AT_A_TIME:
        command.upgrade(config(connection), revision)


def _upgrade(database: Database) -> None:
    with database.writing() as connection:
        found = version_of(connection)
        if found == HEAD:
            return
        if found is not None and found not in _known():
            raise _newer(database, found)
        upgrade_to(connection, HEAD)


def _is_ready(connection: sa.Connection, database: Database) -> bool:
    found = version_of(connection)
    if found is not None and found != HEAD and found not in _known():
        raise _newer(database, found)
    if found != HEAD:
        return False
    journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar() if database.path else "wal"
    return database.read_only or journal == "wal"


def version_of(connection: sa.Connection) -> str | None:
    """The newest migration a database has seen; None for one without our tables."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _newer(database: Database, found: str) -> StoreError:
    return StoreError(
        f"The records in {database.where} were written by a newer version of this program (their tables are of "
        f"version {found!r}, this program knows up to {HEAD!r}). Nothing was changed. Start the newer version."
    )


@cache
def _known() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())
