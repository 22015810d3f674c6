"""Several processes on one store: readers, writers, and writers that are killed. Knows the batches of store_writer."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from impact.store import Store, StoreBusy
from tests import store_writer
from tests.store_writer import BATCHES, CHANGED, NEW

ROOT = Path(__file__).resolve().parent.parent
KILLS = 30
REBUILD_KILLS = 8
ORDERED = {
    "ticket": "SELECT * FROM ticket ORDER BY id",
    "answers": "SELECT * FROM satisfaction_response ORDER BY id",
    "facts": "SELECT metric, day_on, service_id, team_id, SUM(n) AS n, ROUND(SUM(total), 6) AS total, "
    "ROUND(SUM(total_sq), 6) AS total_sq FROM daily_fact GROUP BY metric, day_on, service_id, team_id ORDER BY ALL",
}


@contextmanager
def writer(home: Path, *work: str) -> Iterator[subprocess.Popen[str]]:
    """A writing process that has begun; killed at the end whatever happened."""
    command = [sys.executable, "-m", "tests.store_writer", str(home), *work]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def everything(store: Store) -> dict[str, Any]:
    """All that a store holds, in a fixed order."""
    snapshot = store.snapshot()
    held = {name: snapshot.query(sql).to_pylist() for name, sql in ORDERED.items()}
    raw = [(r.key, r.updated_at, r.fetched_at, dict(r.payload)) for batch in store.raw() for r in batch]
    return {**held, "raw": sorted(raw), "state": store.state()}


def torn(store: Store) -> list[str]:
    """What is wrong with what a reader sees: rows twice, a batch in part, or rows behind the bookmark missing."""
    bookmark = next((state.read for state in store.state()), 0)
    snapshot = store.snapshot()
    wrong = [
        f"{table}: {row}"
        for table in ("ticket", "satisfaction_response")
        for row in snapshot.query(f"SELECT id, COUNT(*) AS n FROM {table} GROUP BY id HAVING COUNT(*) > 1").to_pylist()
    ]
    first = snapshot.query("SELECT kind_raw, COUNT(*) AS n FROM ticket GROUP BY kind_raw").to_pylist()
    wrong += [f"new tickets of a batch in part: {row}" for row in first if row["n"] != NEW]
    latest = max((int(row["kind_raw"].split()[1]) for row in first), default=-1)
    changed = snapshot.query("SELECT COUNT(*) AS n FROM ticket WHERE status_raw = ?", [f"batch {latest}"]).to_pylist()
    if latest > 0 and changed != [{"n": NEW + CHANGED}]:
        wrong.append(f"changed tickets of batch {latest} in part: {changed}")
    if len(first) < bookmark or latest + 1 != len(first):
        wrong.append(f"{len(first)} batches up to {latest}, but the bookmark says {bookmark}")
    return wrong


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What a run that nobody disturbs leaves."""
    store = Store(tmp_path_factory.mktemp("undisturbed"), zone="Europe/Paris")
    assert len(list(store_writer.sync(store))) == BATCHES * 5
    return store


def test_a_writer_killed_at_any_moment_leaves_no_half_state_and_the_next_run_completes(
    undisturbed: Store, tmp_path: Path
) -> None:
    chance = random.Random(20261123)
    store = Store(tmp_path, zone="Europe/Paris")
    for kill in range(KILLS):
        with writer(tmp_path, "sync") as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(8)):
                assert process.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            assert process.poll() is None
        assert process.returncode == -9
        assert torn(store) == [], f"after kill {kill + 1}"

    list(store_writer.sync(store))

    assert everything(store) == everything(undisturbed)


def test_a_rebuild_from_raw_equals_the_upserted_tables_and_a_killed_one_changes_nothing(undisturbed: Store) -> None:
    chance = random.Random(7)
    before, version = everything(undisturbed), undisturbed.version()
    for _ in range(REBUILD_KILLS):
        with writer(undisturbed.home, "rebuild"):
            time.sleep(chance.uniform(0, 0.4))
        assert everything(undisturbed) == before
    undisturbed.rebuild(store_writer.convert)

    assert undisturbed.version() != version
    assert everything(undisturbed) == before


def test_a_reader_sees_whole_batches_while_another_process_writes_and_neither_waits(tmp_path: Path) -> None:
    store = Store(tmp_path, zone="Europe/Paris")
    seen: set[str] = set()
    with writer(tmp_path, "sync", "20") as process:
        assert process.stdout is not None
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        while process.poll() is None:
            snapshot = store.snapshot()
            counts = [snapshot.query("SELECT COUNT(*) AS n FROM ticket").to_pylist() for _ in range(2)]
            assert counts[0] == counts[1]
            assert torn(store) == []
            seen.add(snapshot.version)
        drain.join()
    assert process.returncode == 0
    assert store.state()[0].read == 20
    assert len(seen) > 10, "the reader should have met many versions"


def test_a_second_writer_is_told_at_once_who_writes_and_reading_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path, zone="Europe/Paris")
    next(store_writer.sync(store, batches=1))
    with writer(tmp_path, "hold") as process:
        with (
            pytest.raises(StoreBusy, match=rf"Process {process.pid} has been writing since 20\d\d-.* UTC"),
            store.writing(),
        ):
            pytest.fail("a second writer was let in")
        with pytest.raises(StoreBusy):
            list(store_writer.sync(store))
        assert store.snapshot().query("SELECT COUNT(*) AS n FROM ticket").to_pylist() == [{"n": 0}]
    with store.writing():
        assert len(list(store_writer.sync(store, batches=1))) == 5


def test_another_thread_is_a_second_writer_too(tmp_path: Path) -> None:
    store, told = Store(tmp_path), []

    def write() -> None:
        try:
            with store.writing():
                told.append("let in")
        except StoreBusy as error:
            told.append(str(error))

    with store.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(told) == 1
    assert "has been writing since" in told[0]
