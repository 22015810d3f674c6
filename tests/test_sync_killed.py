"""A sync that is killed at any moment loses nothing and leaves no half state; the next one completes it."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from impact.demo_organisation.server import running
from impact.model import TABLES
from impact.people import KEY_FILE
from impact.store import Store
from tests import killed_sync

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and a fork server need POSIX"),
    pytest.mark.timeout(1800),  # many short passes; on a busy machine each takes its time
]
KILLS = 30
KILLS_A_ROUND = 10
"""After so many a pass is left alone: it has to complete what they left."""
TODAY = date(2026, 11, 23)
START = "2026-11-18"


@pytest.fixture(scope="module")
def source() -> Iterator[dict[str, Any]]:
    """Five days of the demo organisation, served in Request Tracker's shape by a process of its own."""
    with running(7, TODAY) as (url, token):
        yield {
            "kind": "request_tracker",
            "url": url,
            "token": token,
            "start": START,
            "change_queues": ["Changes"],
        }


def context() -> Any:
    """Processes that start in milliseconds: a fork server that has loaded everything once."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.killed_sync", "connectors.request_tracker"])
    return made


def content(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every stored row of every table without the moment it was read, in order, and every raw record."""
    store = Store(home)
    snapshot = store.snapshot()
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for name in (*TABLES, "daily_fact"):
        table = snapshot.query(f"SELECT * FROM {name}")
        kept = sorted(column for column in table.column_names if column != "fetched_at")
        columns = [[written(value) for value in table[column].to_pylist()] for column in kept]
        tables[name] = sorted(zip(*columns, strict=True))
    tables["raw"] = sorted(
        (record.stream, record.key, repr(sorted(record.payload.items()))) for batch in store.raw() for record in batch
    )
    return tables


def written(value: Any) -> str:
    """A value as text; of a sum the first nine digits, since adding in another order changes the last of sixteen."""
    return f"{value:.9g}" if isinstance(value, float) else repr(value)


def differences(found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Per table the first rows that only one of the two has."""
    return {
        name: sorted(set(found[name]) ^ set(rows))[:3] or ["rows stored twice"]
        for name, rows in wanted.items()
        if found[name] != rows
    }


def doubled(home: Path) -> int:
    """How many ids are stored more than once in a store that was just hit."""
    snapshot = Store(home).snapshot()
    return sum(
        int(snapshot.query(f"SELECT COUNT(*) - COUNT(DISTINCT id) AS n FROM {name}")["n"][0].as_py()) for name in TABLES
    )


def test_thirty_kills_at_random_moments_end_in_the_undisturbed_store(tmp_path: Path, source: dict[str, Any]) -> None:
    processes = context()
    whole = tmp_path / "whole"
    begun = time.monotonic()
    undisturbed = processes.Process(target=killed_sync.pull, args=(str(whole), source))
    undisturbed.start()
    undisturbed.join(300)
    assert undisturbed.exitcode == 0
    length = time.monotonic() - begun
    wanted = content(whole)
    assert len(wanted["ticket"]) > 300

    rng = random.Random(42)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        home = tmp_path / f"round{rounds}"
        home.mkdir()
        shutil.copy(whole / KEY_FILE, home)  # the same people get the same hashes
        for attempt in range(KILLS_A_ROUND + 1):
            child = processes.Process(target=killed_sync.pull, args=(str(home), source))
            child.start()
            child.join(rng.uniform(0.02, 0.6) * length if attempt < KILLS_A_ROUND else 300)
            if child.exitcode is not None:
                break
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            kills += 1
            if (home / "store").exists():
                assert doubled(home) == 0
        assert child.exitcode == 0, "a pass that is left alone after kills completes"
        assert differences(content(home), wanted) == {}, f"round {rounds} differs from the undisturbed store"
    assert kills >= KILLS
