"""How long the groups of one change take with a million tickets in 200 services, 8 locations and 30 departments.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.group_speed [--tickets 1000000] [--folder FOLDER]

Prints one row a dimension: the processor time of one change, read from the store and estimated anew, median and longest
of several changes, and the peak memory of the process. The folder is kept where one is named, and used again.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.store import DAYS, FIRST, SERVICES, batches
from impact import analysis
from impact.groups import groups_of
from impact.model import Change, ChangeService, Dimension, Row, Segment, Ticket
from impact.settings import Settings
from impact.store import Store

GROUPS: dict[Dimension, int] = {"location": 8, "department": 30}
CHANGES, ASKED = 100, 12
TODAY = (FIRST + timedelta(days=DAYS)).date()


def group(dimension: Dimension, person: str) -> str:
    """The group of a person: always the same one, some larger than others."""
    part = int(person, 16) * 2_654_435_761 % 2**32 / 2**32
    place = int(GROUPS[dimension] * (part if dimension == "location" else part * 97 % 1.0) ** 1.5)
    return f"desk:segment:{dimension}:{place}"


def surroundings() -> Iterator[tuple[str, Row]]:
    """Groups, and changes on one service each, the busier ones first."""
    for dimension, count in GROUPS.items():
        for n in range(count):
            key = f"{dimension}:{n}"
            yield (
                "segment",
                Segment(
                    id=f"desk:segment:{key}",
                    source="desk",
                    source_key=key,
                    name=f"{dimension} {n}",
                    dimension=dimension,
                ),
            )
    rng = np.random.default_rng(5)
    for n in range(CHANGES):
        on = FIRST + timedelta(days=int(rng.integers(150, DAYS - 60)))
        own = f"desk:change:{n}"
        yield "change", Change(
            id=own, source="desk", source_key=str(n), number=f"CHG{n}", title=f"Change {n}", status="done",
            rollout_start_at=on,
        )  # fmt: skip
        yield "change_service", ChangeService(
            id=f"desk:change_service:{n}", source="desk", source_key=str(n), change_id=own,
            service_id=f"desk:service:{n * SERVICES // CHANGES}",
        )  # fmt: skip


def filled(folder: Path, tickets: int) -> Store:
    """The store in ``folder``, filled where it is empty."""
    store = Store(folder)
    if not store.is_empty():
        return store
    for rows, _, answers in batches(tickets):
        own = [_with_groups(row) for row in rows]
        known = {row.id: row.segment_ids for row in own}
        store.upsert("ticket", own, fetched_at=FIRST)
        asked = [replace(one, segment_ids=known.get(one.ticket_id or "", ())) for one in answers]
        store.upsert("satisfaction_response", asked, fetched_at=FIRST)
    found = list(surroundings())
    for table in ("segment", "change", "change_service"):
        store.upsert(table, [row for name, row in found if name == table], fetched_at=FIRST)
    store.refresh_facts()
    return store


def _with_groups(row: Ticket) -> Ticket:
    return replace(row, segment_ids=tuple(group(dimension, row.person_key or "0") for dimension in GROUPS))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How long the groups of one change take.")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="tickets (default: a million)")
    parser.add_argument("--folder", type=Path, help="where the store is kept (default: a temporary folder)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        store = filled(given.folder or Path(temporary), given.tickets)
        settings = Settings(home=store.home)
        snapshot = store.snapshot()
        evidence = analysis.gather(snapshot, settings.reporting)
        found = analysis.portfolio(snapshot, evidence, today=TODAY, version="v")
        readable = [c for c in found.changes if getattr(c.reading("tickets").result, "shape", None)][:ASKED]
        print("| dimension | changes | groups shown | processor seconds, median | longest | peak memory |")
        print("|---|---|---|---|---|---|")
        for dimension in GROUPS:
            times, shown = [], []
            for change in readable:
                started = time.process_time()
                own = groups_of(snapshot, evidence, change, dimension, settings=settings, today=TODAY)
                times.append(time.process_time() - started)
                shown.append(len(own.groups))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"| {dimension} | {len(times)} | {np.median(shown):.0f} | {np.median(times):.2f} | {max(times):.2f} | "
                f"{peak:.0f} MB |"
            )


if __name__ == "__main__":
    main()
