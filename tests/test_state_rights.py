"""Records that may not be written, or only be added to: what may be read is read, and what is refused is said."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from impact.model import StoreError
from impact.state import open_state
from tests.record_places import Place
from tests.test_state import PAUSE
from tests.test_state_database import fill

ROOT = Path(__file__).resolve().parent.parent
READ_ONLY = """
import os, sys
from pathlib import Path
from impact.model import StoreError
from impact.state import open_state
from tests.test_state import PAUSE
if os.geteuid() == 0:  # who may write everywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    state = open_state(Path(sys.argv[1]))
    print("read", state.version(), state.read_only, state.decisions()[0].kind)
    state.record(PAUSE, seen_revision=2)
except StoreError as error:
    print("told", error)
"""


def as_a_user_who_may_not_write(home: Path) -> str:
    """What a program says that has no right to write in the folder."""
    home.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    home.chmod(0o755)
    return done.stdout + done.stderr


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="impact-records-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_records_that_may_only_be_read_are_read_and_writing_is_refused(open_folder: Path) -> None:
    state = open_state(open_folder / "home")
    fill(state)
    state.close()
    (open_folder / "home/records.db").chmod(0o444)
    told = as_a_user_who_may_not_write(open_folder / "home")
    assert told.splitlines()[0] == "read 5 True roll_back"
    assert "may only be read here: nothing was recorded" in told.splitlines()[1]


def test_a_folder_that_cannot_be_written_is_said(open_folder: Path) -> None:
    (open_folder / "home").mkdir()
    told = as_a_user_who_may_not_write(open_folder / "home")
    assert told.startswith("told Nothing can be written to")
    assert "choose another data folder" in told


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        open_state(tmp_path / "home")


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_user_who_owns_nothing_records_and_one_who_may_only_read_is_told(place: Place) -> None:
    place.open()
    with place.raw() as connection:
        connection.exec_driver_sql(
            "DROP ROLE IF EXISTS dashboard; DROP ROLE IF EXISTS guest; "
            "CREATE ROLE dashboard LOGIN PASSWORD 'one'; CREATE ROLE guest LOGIN PASSWORD 'two'; "
            "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO dashboard; "
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest; "
            "GRANT USAGE ON SCHEMA public TO dashboard, guest"
        )
    dashboard = Place(place.url.replace("desk@", "dashboard@"), "one", place.opened)
    guest = Place(place.url.replace("desk@", "guest@"), "two", place.opened)
    saved = dashboard.open().record(PAUSE, seen_revision=0)
    for text in ("DELETE FROM audit", "ALTER TABLE audit DISABLE TRIGGER ALL"):
        with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
            dashboard.query(text)
    reader = guest.open()
    assert reader.decision(PAUSE.id) == saved
    with pytest.raises(StoreError, match="may only be read here; nothing was recorded"):
        reader.record(replace(PAUSE, reason="mine"), seen_revision=1)
