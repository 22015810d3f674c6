"""Where tests keep records: a SQLite file and a database of a real PostgreSQL, each empty. Knows no record."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from impact.state import State
from tests import postgres


@dataclass(frozen=True)
class Place:
    """A database that holds nothing yet. What is opened here is closed when the test ends."""

    url: str
    password: str = ""
    opened: list[Any] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """sqlite or postgresql."""
        return sa.make_url(self.url).get_backend_name()

    def open(self, **options: Any) -> State:
        """The records there, as one program sees them."""
        state = State(self.url, password=self.password, **options)
        self.opened.append(state)
        return state

    @contextmanager
    def raw(self) -> Iterator[sa.Connection]:
        """A transaction that goes round the program, as an SQL script does."""
        engine = sa.create_engine(sa.make_url(self.url).set(password=self.password or None), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            yield connection

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows by SQL."""
        with self.raw() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(text)]


@pytest.fixture(scope="session")
def records_server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL for tests of records; not in CI without one."""
    if postgres.find_binaries() is None:
        missing = f"PostgreSQL is not installed: apt-get install {' '.join(postgres.PACKAGES)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with postgres.running() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        found = Place(f"sqlite:///{tmp_path / 'records.db'}")
    else:
        server: postgres.Postgres = request.getfixturevalue("records_server")
        found = Place(server.url, server.password)
        with found.raw() as connection:
            connection.exec_driver_sql("SET lock_timeout = '5s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    yield found
    for state in found.opened:
        state.close()
