"""Many writers at once, in threads and processes, and writers that are killed: nothing is lost, nothing overwritten."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.record_places import Place
from tests.test_state import PAUSE

ROOT = Path(__file__).resolve().parent.parent
PROCESSES, THREADS, ROUNDS = 2, 4, 12


def start(place: Place, *work: str) -> subprocess.Popen[str]:
    """A writer that has opened the records and waits."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.record_writer", place.url, *work],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(place.password + "\n")
    process.stdin.flush()
    return process


def lines(process: subprocess.Popen[str], most: int | None = None) -> list[dict[str, Any]]:
    """What a writer said, as far as it came."""
    assert process.stdout is not None
    found = []
    while most is None or len(found) < most:
        line = process.stdout.readline()
        if not line.endswith("\n"):
            break
        found.append(json.loads(line))
    return found


def test_of_all_who_record_on_the_same_revision_exactly_one_wins_and_every_other_is_told(place: Place) -> None:
    writers = [start(place, "race", str(THREADS), str(ROUNDS)) for _ in range(PROCESSES)]
    for writer in writers:
        assert [set(line) for line in lines(writer, 1)] == [{"ready"}]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [line for writer in writers for line in lines(writer)]
    assert [writer.wait(60) for writer in writers] == [0] * PROCESSES
    for writer in writers:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.close()
        writer.stdout.close()
    won = {line["revision"]: line["won"] for line in said if "won" in line}
    lost = [line for line in said if "lost" in line]
    assert len(said) == PROCESSES * THREADS * ROUNDS
    assert len(won) + len(lost) == len(said), "no revision was won twice"
    assert len(won) >= ROUNDS
    assert len(lost) >= PROCESSES * (THREADS - 1) * ROUNDS, "at most one of a round's threads can win"
    assert [line for line in lost if line["current"] <= line["seen"]] == []
    state = place.open()
    history = state.decision_history(PAUSE.id)
    assert [(one.revision, one.reason) for one in history] == sorted(won.items())
    assert [one.revision for one in history] == list(range(1, len(won) + 1))
    assert [(entry.number, entry.revision) for entry in state.audit()[::-1]] == [(n, n) for n in sorted(won)]


def test_a_writer_killed_in_the_middle_loses_nothing_that_was_said_to_be_recorded(place: Place) -> None:
    told = 0
    for survived in (3, 17, 30):
        writer = start(place, "endless")
        said = lines(writer, survived + 1)[1:]
        writer.kill()
        said += lines(writer)
        assert writer.wait(60) == -9
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.close()
        writer.stdout.close()
        won = {line["revision"]: line["won"] for line in said}
        assert len(won) >= survived
        state = place.open()
        history = state.decision_history(PAUSE.id)
        assert len(history) - told - len(won) in (0, 1), "all that were told, and at most the one under way"
        assert [one.revision for one in history] == list(range(1, len(history) + 1))
        assert {one.revision: one.reason for one in history}.items() >= won.items()
        assert [entry.number for entry in state.audit()] == list(range(len(history), 0, -1))
        if place.kind == "sqlite":
            assert place.query("PRAGMA integrity_check") == [("ok",)]
        after = state.record(replace(PAUSE, reason=f"after {survived}"), seen_revision=len(history))
        told = after.revision
