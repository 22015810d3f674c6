"""Measures what is recorded in meetings: writes, the version that pages ask for, 5,000 decisions. Knows the public API.

    python benchmarks/records.py [--decisions 5000] [--postgresql]

SQLite in a temporary folder on the disk of ``--folder``; PostgreSQL is a throwaway server on loopback that does not
wait for its disk, so that its writes are those of the network and the program alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from impact.records import Decision
from impact.state import State, decision_id, open_state

DAY = date(2024, 1, 2)
THREADS = 8


def decision(number: int) -> Decision:
    """One of many: 12 changes a day."""
    day = DAY + timedelta(days=number // 12)
    change = f"desk:change:{number}"
    reason = "Tickets rose by about 14 % against what we would have expected; the second wave waits until that is over."
    return Decision(
        id=decision_id(change, decided_on=day),
        change_id=change,
        kind="pause",
        reason=reason,
        owner="Service owner payments",
        decided_on=day,
        due_on=day + timedelta(days=14),
        review_on=day + timedelta(days=42),
        word="worse",
        asked=("worse", "overdue"),
        data_version=str(number),
    )


def repeated(call: Callable[[], object], times: int) -> str:
    """Median and 99th percentile in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return f"median {statistics.median(taken):.3f} ms, 99 of 100 within {taken[int(len(taken) * 0.99)]:.3f} ms"


def writes(state: State, first: int, last: int) -> float:
    """Seconds for new decisions, one transaction each."""
    start = time.perf_counter()
    for number in range(first, last):
        state.record(decision(number), seen_revision=0)
    return time.perf_counter() - start


def threads(state: State, each: int) -> float:
    """Seconds for second revisions, by several threads at once."""
    found = {one.id: one for one in state.decisions()}

    def edit(own: int) -> None:
        for number in range(own, each * THREADS, THREADS):
            one = found[decision(number).id]
            state.record(replace(one, reason="Corrected."), seen_revision=1)

    writers = [threading.Thread(target=edit, args=(own,)) for own in range(THREADS)]
    start = time.perf_counter()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return time.perf_counter() - start


def measure(name: str, reopen: Callable[[], State], count: int) -> None:
    """All figures of one database."""
    start = time.perf_counter()
    state = reopen()
    print(f"{name}: made in {time.perf_counter() - start:.3f} s")
    seconds = writes(state, 0, count)
    print(f"  {count:,} decisions, one after the other: {count / seconds:,.0f} a second")
    each = min(100, count // THREADS)
    edits = each * THREADS
    print(f"  {edits:,} edits by {THREADS} threads at once: {edits / threads(state, each):,.0f} a second")
    print(f"  version(): {repeated(state.version, 2000)}")
    print(f"  decisions(), nothing written since: {repeated(state.decisions, 500)}")

    def first() -> None:
        state._known.clear()
        state.decisions()

    def after_a_write() -> None:
        one = state.decisions()[0]
        state.record(replace(one, withdrawn=not one.withdrawn), seen_revision=one.revision)
        start = time.perf_counter()
        state.decisions()
        taken.append((time.perf_counter() - start) * 1000)

    print(f"  decisions() of {len(state.decisions()):,} for the first time: {repeated(first, 20)}")
    taken: list[float] = []
    repeated(after_a_write, 20)
    print(f"  decisions() after a write: median {statistics.median(taken):.1f} ms")
    state.close()
    print(f"  opening it again: {repeated(lambda: reopen().close(), 20)}")


@contextmanager
def places(folder: Path | None, postgresql: bool) -> Iterator[Iterator[tuple[str, Callable[[], State]]]]:
    """The databases to measure, each as a function that opens it."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        found: list[tuple[str, Callable[[], State]]] = [("SQLite", lambda: open_state(Path(home)))]
        if not postgresql:
            yield iter(found)
            return
        from tests import postgres

        with postgres.running() as server:
            found.append(("PostgreSQL", lambda: State(server.url, password=server.password)))
            yield iter(found)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description="Measure what is recorded in meetings.")
    parser.add_argument("--decisions", type=int, default=5000)
    parser.add_argument("--folder", type=Path, help="where the SQLite file lies while it is measured")
    parser.add_argument("--postgresql", action="store_true", help="measure a throwaway PostgreSQL as well")
    given = parser.parse_args()
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f} at the start")
    with places(given.folder, given.postgresql) as found:
        for name, reopen in found:
            measure(name, reopen, given.decisions)


if __name__ == "__main__":
    main()
