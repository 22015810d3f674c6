"""Measures the store with a million tickets: load, daily upsert, facts, version poll. Knows only the public API.

    python benchmarks/store.py [--tickets 1000000] [--folder FOLDER]

Every step runs in a process of its own and prints wall time, processor time and peak memory. Rows are made from a
fixed seed in the order in which a source would deliver them (oldest update first), 20,000 to a batch, each with
its raw payload; making them is timed separately, because connectors do that, not the store.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from impact.metrics import BOARD, BY_NAME
from impact.model import Row, SatisfactionResponse, Ticket
from impact.store import RawRecord, Store

BATCH = 20_000
DAYS = 1095
FIRST = datetime(2023, 6, 1, tzinfo=UTC)
SERVICES, TEAMS_EACH = 200, 5
KINDS = ("incident", "incident", "request", "question")
CHANNELS = ("portal", "mail", "phone", "chat")
RECENT_DAYS = 42


def ticket(number: int, opened_at: datetime, chance: random.Random, *, version: int = 0) -> tuple[Ticket, RawRecord]:
    """One ticket and the payload it came from."""
    service = int(SERVICES * chance.random() ** 2)
    team = service * TEAMS_EACH + int(TEAMS_EACH * chance.random() ** 2)
    hours = chance.lognormvariate(2.0, 1.4)
    resolved_at = opened_at + timedelta(hours=hours)
    updated_at = resolved_at + timedelta(days=400 * version)  # a later version is newer, whenever it was resolved
    reopened = chance.random() < 0.05
    channel = CHANNELS[int(4 * chance.random())]
    row = Ticket(
        id=f"desk:ticket:{number}",
        source="desk",
        source_key=str(number),
        url=f"https://desk.example.com/ticket/{number}",
        source_updated_at=updated_at,
        number=f"INC{number:08d}",
        kind=KINDS[int(4 * chance.random())],  # type: ignore[arg-type]
        kind_raw="Incident",
        priority=1 + int(5 * chance.random()),
        priority_raw="P3",
        status="closed",
        status_raw=f"closed v{version}",
        opened_at=opened_at,
        first_reply_at=opened_at + timedelta(hours=hours / 4),
        resolved_at=resolved_at,
        first_resolved_at=resolved_at,
        reopened_at=resolved_at + timedelta(days=2) if reopened else None,
        closed_at=resolved_at + timedelta(days=3),
        reopened_count=int(reopened),
        reassigned_count=int(3 * chance.random()),
        within_target=hours < 24,
        channel=channel,  # type: ignore[arg-type]
        channel_raw=channel,
        service_id=f"desk:service:{service}",
        team_id=f"desk:team:{team}",
        segment_ids=(f"desk:segment:{service % 5}",),
        person_key=f"{number % 30_000:016x}",
    )
    payload = {
        "id": number,
        "ref": row.number,
        "status": row.status_raw,
        "priority": row.priority,
        "created": opened_at.isoformat(),
        "resolved": resolved_at.isoformat(),
        "updated": updated_at.isoformat(),
        "service": {"id": service, "name": f"Service {service}"},
        "team": {"id": team, "name": f"Team {team}"},
        "channel": channel,
        "reopened": row.reopened_count,
        "reassigned": row.reassigned_count,
        "person": row.person_key,
        "links": [{"ref": "self", "url": row.url}],
    }
    return row, RawRecord(str(number), updated_at, payload)


def answer(of: Ticket, chance: random.Random) -> SatisfactionResponse:
    """One answer to the survey about a ticket."""
    score = float(1 + int(5 * chance.random() ** 0.5))
    return SatisfactionResponse(
        id=f"desk:survey:{of.source_key}",
        source="desk",
        source_key=of.source_key,
        source_updated_at=of.resolved_at,
        asked_at=of.resolved_at,
        answered_at=of.resolved_at,
        score_raw=score,
        scale_min=1,
        scale_max=5,
        score_ratio=(score - 1) / 4,
        ticket_id=of.id,
    )


def batches(count: int) -> Iterator[tuple[list[Ticket], list[RawRecord], list[SatisfactionResponse]]]:
    """``count`` tickets in the order of their last update, a quarter of them with a survey answer."""
    chance = random.Random(7)
    pending: list[tuple[Ticket, RawRecord]] = []
    for number in range(count):
        opened_at = FIRST + timedelta(days=DAYS * number / count)
        pending.append(ticket(number, opened_at, chance))
        if len(pending) == 2 * BATCH or number == count - 1:
            pending.sort(key=lambda pair: pair[1].updated_at or FIRST)
            while len(pending) >= BATCH or (pending and number == count - 1):
                batch, pending = pending[:BATCH], pending[BATCH:]
                rows = [row for row, _ in batch]
                yield rows, [record for _, record in batch], [answer(r, chance) for r in rows if chance.random() < 0.25]


def load(home: Path, count: int) -> None:
    """Initial load: rows, raw payloads, facts."""
    store = Store(home, zone="Europe/Paris")
    at = FIRST + timedelta(days=DAYS)
    making, begun, last = 0.0, time.perf_counter(), time.perf_counter()
    making_cpu, cpu_last, cpu_begun = 0.0, time.process_time(), time.process_time()
    spent: dict[str, float] = {}
    with store.writing():
        for rows, records, answers in batches(count):
            making += time.perf_counter() - last
            making_cpu += time.process_time() - cpu_last
            for name, step in _steps(store, rows, records, answers, at):
                start = time.perf_counter()
                step()
                spent[name] = spent.get(name, 0) + time.perf_counter() - start
            last, cpu_last = time.perf_counter(), time.process_time()
        start = time.perf_counter()
        store.refresh_facts()
        spent["facts"] = time.perf_counter() - start
        store.tidy()
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    cpu = time.process_time() - cpu_begun - making_cpu
    print(f"  store {time.perf_counter() - begun - making:.1f} s wall, {cpu:.1f} s processor ({parts})")
    print(f"  making the rows: {making:.1f} s wall, {making_cpu:.1f} s processor beside")


def _steps(
    store: Store, rows: list[Ticket], records: list[RawRecord], answers: list[SatisfactionResponse], at: datetime
) -> tuple[tuple[str, Callable[[], object]], ...]:
    tickets: list[Row] = list(rows)
    return (
        ("raw", lambda: store.append_raw("desk", "tickets", records, fetched_at=at)),
        ("tickets", lambda: store.upsert("ticket", tickets, fetched_at=at)),
        ("surveys", lambda: store.upsert("satisfaction_response", answers, fetched_at=at)),
    )


def recent(home: Path, count: int) -> None:
    """One per cent of all tickets changed, all opened in the last six weeks."""
    chance = random.Random(8)
    first = int(count * (1 - RECENT_DAYS / DAYS))
    numbers = sorted(chance.sample(range(first, count), count // 100))
    pairs = [ticket(n, FIRST + timedelta(days=DAYS * n / count), random.Random(n), version=1) for n in numbers]
    store = Store(home, zone="Europe/Paris")
    at = FIRST + timedelta(days=DAYS, hours=1)
    start = time.perf_counter()
    with store.writing():
        store.append_raw("desk", "tickets", [record for _, record in pairs], fetched_at=at)
        counts = store.upsert("ticket", [row for row, _ in pairs], fetched_at=at)
        rows_done = time.perf_counter() - start
        store.refresh_facts()
    print(f"  {counts}: {time.perf_counter() - start:.2f} s (raw and rows {rows_done:.2f} s, the rest facts)")


def again(home: Path, count: int) -> None:
    """The same one per cent once more: nothing changed, so nothing may be written."""
    before = Store(home, zone="Europe/Paris").version()
    recent(home, count)
    print(f"  version moved: {Store(home).version() != before}")


def query(home: Path, count: int) -> None:
    """All services by day of the board's measures (and one more), from daily facts."""
    names = [metric.name for metric in BOARD]
    names += [name for name in ("within_target",) if name in BY_NAME]
    listed = ", ".join(f"'{name}'" for name in names[:6])
    sql = (
        "SELECT metric, service_id, day_on, SUM(n) AS n, SUM(total) AS total, SUM(total_sq) AS total_sq "
        f"FROM daily_fact WHERE metric IN ({listed}) GROUP BY metric, service_id, day_on"
    )
    store = Store(home)
    start = time.perf_counter()
    snapshot = store.snapshot()
    opened = time.perf_counter() - start
    for attempt in ("first", "again"):
        start = time.perf_counter()
        rows = snapshot.query(sql).num_rows
        print(f"  {attempt}: {time.perf_counter() - start:.2f} s, {rows:,} rows (opening {opened:.2f} s)")
    facts = snapshot.query("SELECT COUNT(*) AS n FROM daily_fact").to_pylist()[0]["n"]
    print(f"  daily facts kept: {facts:,} rows for {count:,} tickets")


def poll(home: Path, count: int) -> None:
    """What a page asks before it uses its cache."""
    store = Store(home)
    store.version()
    start = time.perf_counter()
    for _ in range(1000):
        store.version()
    print(f"  {time.perf_counter() - start:.3f} ms each, {store.version()}")


STEPS: dict[str, Callable[[Path, int], None]] = {
    "load": load,
    "recent": recent,
    "again": again,
    "query": query,
    "poll": poll,
}


def main() -> None:
    """Run every step, or the one named by ``--step`` in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="an empty folder to keep; default: a temporary one, deleted")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        STEPS[given.step](given.folder, given.tickets)
        return
    busy = f", {os.getloadavg()[0]:.1f} of them busy before the run" if hasattr(os, "getloadavg") else ""
    print(f"{given.tickets:,} tickets, {os.cpu_count()} processors{busy}")
    with tempfile.TemporaryDirectory() as temporary:
        home = given.folder or Path(temporary)
        for step in STEPS:
            print(f"{step}: {(STEPS[step].__doc__ or '').strip()}", flush=True)
            begun = time.perf_counter()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, __file__, "--step", step, "--folder", str(home), "--tickets", str(given.tickets)]
            peak = _run(command)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            wall = time.perf_counter() - begun
            print(f"  process: {wall:.1f} s wall, {cpu:.1f} s processor, {peak:,.0f} MB peak", flush=True)
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
        print(f"on disk: {size / 1e6:,.0f} MB")


def _run(command: list[str]) -> float:
    """Run to the end; gives the peak resident memory in MB. Exits when the step failed."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"step failed: {' '.join(command)}")
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
