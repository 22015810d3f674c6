"""A backup of the records put back in the place of newer ones: nothing of what it replaced is shown any more."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from impact.records import Decision
from impact.state import open_state
from tests.test_state import NOW, PAUSE


def about(change: int) -> Decision:
    """The same decision on another change."""
    return replace(PAUSE, id=f"2026-12-01/desk:change:{change}", change_id=f"desk:change:{change}")


@pytest.mark.parametrize("in_place", [True, False])
def test_a_backup_put_back_and_written_on_is_told_apart_at_the_same_number_of_writes(
    tmp_path: Path, *, in_place: bool
) -> None:
    file, backup = tmp_path / "records.db", tmp_path / "elsewhere" / "records.db"
    state = open_state(tmp_path, clock=lambda: NOW)
    first = state.record(PAUSE, seen_revision=0)
    before = state.told_apart()
    restored = open_state(backup.parent, clock=lambda: NOW + timedelta(minutes=5))
    restored.copy_from(state)
    assert restored.told_apart() != before, "it lies elsewhere"
    state.record(replace(PAUSE, reason="lost"), seen_revision=1)
    lost = state.told_apart()
    assert (state.told_apart(), lost != before, state.decisions()[0].reason) == (lost, True, "lost")
    restored.record(replace(PAUSE, reason="written after the backup was put back"), seen_revision=first.revision)
    restored.close()
    if in_place:
        with sqlite3.connect(backup) as source, sqlite3.connect(file) as target:
            source.backup(target)
        source.close()
        target.close()
    else:
        state.close()
        for rest in tmp_path.glob("records.db*"):
            rest.unlink()
        shutil.copy(backup, file)
    assert state.version() == 2, "the number alone tells nothing"
    assert state.told_apart() not in (before, lost)
    assert [one.reason for one in state.decisions()] == ["written after the backup was put back"]
    state.close()


def test_what_was_read_before_a_backup_was_put_back_is_not_read_on(tmp_path: Path) -> None:
    state = open_state(tmp_path, clock=lambda: NOW)
    first = state.record(about(8), seen_revision=0)
    assert state.decisions() == (first,)
    other = open_state(tmp_path / "elsewhere", clock=lambda: NOW + timedelta(minutes=5))
    theirs = (other.record(about(9), seen_revision=0), other.record(PAUSE, seen_revision=0))
    other.close()
    with sqlite3.connect(tmp_path / "elsewhere/records.db") as source, sqlite3.connect(tmp_path / "records.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    assert set(state.decisions()) == set(theirs), "its second write follows a first one that was never seen"
    state.close()
