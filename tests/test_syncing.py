"""A sync started from a page: one at a time, its progress, and how it ended. The child here is a small real process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from impact.sync import PROGRESS_FILE
from impact.syncing import LOG_FILE, Moment, Syncing, moment

ENDED_AT = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)


def sync_that(script: str) -> Syncing:
    """Syncs whose command is a line of Python."""
    return Syncing((sys.executable, "-c", script), clock=lambda: ENDED_AT)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Syncing]:
    """A sync of ``tmp_path`` that runs until the file ``go`` appears."""
    go = tmp_path / "go"
    syncing = sync_that(f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)")
    assert syncing.start(tmp_path)
    yield syncing
    go.touch()
    syncing.wait(tmp_path, 30)


def test_a_second_start_while_one_runs_starts_nothing(waiting: Syncing, tmp_path: Path) -> None:
    assert waiting.start(tmp_path) is False
    assert waiting.is_running(tmp_path)
    assert waiting.ended(tmp_path) is None


def test_another_data_folder_has_a_sync_of_its_own(waiting: Syncing, tmp_path: Path) -> None:
    assert waiting.is_running(tmp_path / "other") is False


def test_a_sync_at_work_in_another_process_is_not_joined_by_a_second(tmp_path: Path) -> None:
    (tmp_path / PROGRESS_FILE).write_text("{}", encoding="utf-8")
    syncing = sync_that("pass")
    assert syncing.start(tmp_path) is False
    assert syncing.is_running(tmp_path)


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("print('all read')", 0, ""),
        ("import sys; print('Process 7 has been writing.'); sys.exit(1)", 1, "Process 7 has been writing."),
        ("import sys; print('Settings: no url', file=sys.stderr); sys.exit(2)", 2, "Settings: no url"),
        ("raise RuntimeError('secret')", 1, "It ended unexpectedly; what happened is in {log}."),
        ("import sys; sys.exit(3)", 3, ""),
    ],
)
def test_how_a_sync_ended_is_told_without_tracebacks(tmp_path: Path, script: str, code: int, told: str) -> None:
    syncing = sync_that(script)
    assert syncing.start(tmp_path)
    syncing.wait(tmp_path, 30)
    assert syncing.is_running(tmp_path) is False
    how = syncing.ended(tmp_path)
    assert how is not None
    assert (how.code, how.at, how.told) == (code, ENDED_AT, told.format(log=tmp_path / LOG_FILE))


def test_after_one_has_ended_the_next_may_start(tmp_path: Path) -> None:
    syncing = sync_that("pass")
    for _ in range(2):
        assert syncing.start(tmp_path)
        syncing.wait(tmp_path, 30)
        assert syncing.ended(tmp_path) is not None


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="process groups of this kind are POSIX")
def test_a_sync_outlives_what_stops_the_server(waiting: Syncing, tmp_path: Path) -> None:
    child = waiting._running[tmp_path]
    assert os.getpgid(child.pid) != os.getpgid(0)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (
            {"source": "itsm", "stream": "tickets", "read": 50, "total": 200, "left_seconds": 3.0},
            Moment("itsm", "tickets", 50, 200, 3.0),
        ),
        (
            {"source": "itsm", "stream": "tickets", "read": 50, "total": 200, "left_seconds": 3.0, "rate": 50.0},
            Moment("itsm", "tickets", 50, 200, 3.0, 50.0),
        ),
        (
            {"source": "itsm", "stream": "tickets", "read": 50, "total": None, "left_seconds": None},
            Moment("itsm", "tickets", 50, None, None),
        ),
        ({"source": "itsm"}, None),
    ],
)
def test_progress_is_read_from_what_the_sync_writes(
    tmp_path: Path, written: dict[str, object], found: Moment | None
) -> None:
    (tmp_path / PROGRESS_FILE).write_text(json.dumps(written), encoding="utf-8")
    assert moment(tmp_path) == found


def test_without_a_progress_file_nothing_is_under_way(tmp_path: Path) -> None:
    assert moment(tmp_path) is None


def test_a_half_written_progress_file_is_no_progress(tmp_path: Path) -> None:
    (tmp_path / PROGRESS_FILE).write_text('{"source": "its', encoding="utf-8")
    assert moment(tmp_path) is None
