"""Measures reading 200,000 tickets from a server that answers every page after 20 to 50 ms: fetching alone, and until
the rows can be queried; ours beside a plain requests loop and dlt, all in one run.

    python benchmarks/sync.py [--tickets 200000] [--peers PYTHON] [--only WORD]

Each way runs in a process of its own, measured once its packages are loaded: records a second, processor time a
record, peak memory, and how many times the latency limit (the waiting alone, divided by the pages asked for at the same
time). PYTHON: an interpreter with requirements-peers.txt; without it the peers are left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import connectors
from benchmarks import slow_desk
from benchmarks.slow_desk import CONNECTOR, FASTEST, SLOWEST
from benchmarks.sync_peers import report

ROOT = Path(__file__).resolve().parent.parent
SIZE = 1000
WIDTHS = (1, 4, 8)


@dataclass(frozen=True)
class Way:
    """One way to read: its name, who does it, and how many pages are asked for at the same time."""

    name: str
    paging: str
    at_once: int = 1
    loads: bool = False
    peer: str = ""


WAYS = (
    *(Way(f"ours, offset, {n} at a time", "offset", n) for n in WIDTHS),
    Way("requests loop, offset", "offset", peer="requests-offset"),
    Way("dlt RESTClient, offset", "offset", peer="dlt-offset"),
    Way("ours, cursor", "cursor"),
    Way("requests loop, cursor", "cursor", peer="requests-cursor"),
    Way("dlt RESTClient, cursor", "cursor", peer="dlt-cursor"),
    Way("ours until queryable, offset, 4 at a time", "offset", 4, loads=True),
    Way("dlt until queryable, offset", "offset", loads=True, peer="dlt-load-offset"),
    Way("ours until queryable, cursor", "cursor", loads=True),
    Way("dlt until queryable, cursor", "cursor", loads=True, peer="dlt-load-cursor"),
)


def ours(way: Way, address: str, folder: Path) -> Callable[[], int]:
    """The work of one of our ways; it gives the number of tickets that came."""
    section = {"kind": CONNECTOR.kind, "url": address, "paging": way.paging, "parallel": way.at_once, "page_size": SIZE}
    own = connectors.read_settings(CONNECTOR, "desk", section)
    if not way.loads:
        return lambda: sum(len(page.records) for page in slow_desk.read(own.session(), own, None))
    from impact import sync
    from impact.settings import Settings
    from impact.store import Store

    def load() -> int:
        with mock.patch.object(connectors, "load", return_value=CONNECTOR):
            told = sync.run(Settings(home=folder, sources={"desk": section}))
        assert told.exit_code == 0, told
        counted = Store(folder, zone="UTC").snapshot().query("SELECT COUNT(*) AS n FROM ticket")
        return int(counted.column("n")[0].as_py())

    return load


@contextmanager
def served(tickets: int) -> Iterator[str]:
    """The address of a running server."""
    command = [sys.executable, str(ROOT / "benchmarks/slow_desk.py"), str(tickets), str(SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def measured(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes, as a program reports them. Raises SystemExit where it
    fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-1000:]}")
    wall, processor, peak = json.loads(done.stdout.splitlines()[-1])
    return wall, processor, peak


def main() -> None:
    """Run every way and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tickets", type=int, default=200_000)
    options.add_argument("--peers", metavar="PYTHON", help="interpreter that has dlt and requests")
    options.add_argument("--only", default="", metavar="WORD", help="only ways with this word in their names")
    options.add_argument("--way", help=argparse.SUPPRESS)
    options.add_argument("--address", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        chosen = next(way for way in WAYS if way.name == given.way)
        report(chosen.name, given.tickets, ours(chosen, given.address, given.folder))
        return
    waiting = given.tickets / SIZE * (FASTEST + SLOWEST) / 2
    print(f"{given.tickets:,} tickets, {SIZE} a page; the waiting alone: {waiting:.1f} s, one page after the other")
    print(f"{'':44} {'wall s':>7} {'rec/s':>8} {'CPU us/rec':>10} {'peak MB':>8} {'x limit':>8}")
    with served(given.tickets) as address:
        for way in (way for way in WAYS if given.only in way.name and (given.peers or not way.peer)):
            with tempfile.TemporaryDirectory() as folder:
                tail = [address, str(given.tickets), folder]
                if way.peer:
                    command = [str(Path(given.peers).absolute()), "benchmarks/sync_peers.py", way.peer, *tail]
                else:
                    flags = ["--way", way.name, "--address", address, "--tickets", str(given.tickets)]
                    command = [sys.executable, "benchmarks/sync.py", *flags, "--folder", folder]
                wall, used, peak = measured(command)
            limit = waiting / way.at_once
            rate, each = given.tickets / wall, used / given.tickets * 1e6
            print(f"{way.name:44} {wall:7.1f} {rate:8,.0f} {each:10.1f} {peak:8.0f} {wall / limit:8.2f}", flush=True)


if __name__ == "__main__":
    main()
