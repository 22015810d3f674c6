"""Measures the pages in a headless browser beside an empty Streamlit page, and what a rerun costs the server.

    python benchmarks/pages.py [--loads 5] [--reruns 30] [--million] [--no-demo] [--folder FOLDER]

Servers run one after the other on loopback: an empty page, then the dashboard on the demo organisation and, with
``--million``, on a store of a million tickets made from a fixed seed (kept in FOLDER for the next run). Cold is a fresh
browser profile, warm the same profile again; both end when the page has run and its chart is drawn, and loads of the
empty page alternate with nothing else. Processor time of a rerun is the server process's own, from the kernel.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import store as store_benchmark
from impact.model import Change, ChangeService, Milestone, Service
from impact.store import Store
from tests.browser import FINISHED, FLAGS, ROOT, Served, find_chromium, serve

MILLION = 1_000_000
CHANGES = 120
CHART = ".st-key-board svg .mark-symbol path"
HOME_PATIENCE_SECONDS = 900


def loads(browser: Browser, url: str, times: int, *, chart: bool) -> tuple[list[float], list[float]]:
    """Seconds of cold and of warm loads, until the page has run and, where it has one, its chart is drawn."""
    cold, warm = [], []
    for _ in range(times):
        profile = browser.new_context(viewport={"width": 1440, "height": 900})
        page = profile.new_page()
        cold.append(_load(page, url, chart))
        warm.append(_load(page, url, chart))
        profile.close()
    return cold, warm


def _load(page: Page, url: str, chart: bool) -> float:
    begun = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(FINISHED, state="attached", timeout=120_000)
    if chart:
        page.wait_for_selector(CHART, state="attached", timeout=120_000)
    return time.perf_counter() - begun


def reruns(browser: Browser, served: Served, url: str, times: int) -> tuple[float, float]:
    """Milliseconds of a warm rerun: the server's processor time, and from the click to the page being ready."""
    profile = browser.new_context(viewport={"width": 1440, "height": 900})
    page = profile.new_page()
    _load(page, url, chart=True)
    labels = ("6 months", "12 months")
    for label in labels * 2:
        _choose(page, label)
    before, walls = processor_seconds(served.process.pid), []
    for index in range(times):
        begun = time.perf_counter()
        _choose(page, labels[index % 2])
        walls.append(time.perf_counter() - begun)
    spent = processor_seconds(served.process.pid) - before
    profile.close()
    return 1000 * spent / times, 1000 * statistics.median(walls)


def _choose(page: Page, label: str) -> None:
    page.get_by_text(label, exact=True).first.click()
    code = {"6 months": "6m", "12 months": "12m"}[label]
    page.wait_for_function(f"() => location.search.includes('period={code}')", timeout=30_000)
    page.wait_for_selector(FINISHED, state="attached", timeout=30_000)


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_warm(browser: Browser, url: str) -> float:
    """Seconds until a first visitor of a fresh server sees the board."""
    page = browser.new_page()
    begun = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(CHART, state="attached", timeout=1000 * HOME_PATIENCE_SECONDS)
    page.close()
    return time.perf_counter() - begun


def million(home: Path) -> None:
    """A store of a million tickets with changes and milestones, unless it is there already."""
    store = Store(home, zone="Europe/Paris")
    if not store.is_empty():
        return
    store_benchmark.load(home, MILLION)
    at, last = datetime.now(UTC), store_benchmark.FIRST + timedelta(days=store_benchmark.DAYS)
    changes, links, steps = [], [], []
    for number in range(CHANGES):
        on = last - timedelta(days=20 + 8 * number)
        own = {"source": "desk", "source_key": str(number)}
        changes.append(
            Change(id=f"desk:change:{number}", number=f"CHG{number:05d}", title=f"Change {number}", status="done",
                   outcome="successful", planned_start_at=on, rollout_start_at=on, **own)
        )  # fmt: skip
        service = f"desk:service:{(7 * number) % store_benchmark.SERVICES}"
        links.append(ChangeService(id=f"desk:link:{number}", change_id=changes[-1].id, service_id=service, **own))
        steps += [
            Milestone(id=f"desk:step:{number}-{k}", change_id=changes[-1].id, title=f"Step {k}", status="done",
                      due_on=(on - timedelta(days=14 * k)).date(), done_on=(on - timedelta(days=13 * k)).date(), **own)
            for k in range(6)
        ]  # fmt: skip
    services = [
        Service(id=f"desk:service:{k}", name=f"Service {k}", source="desk", source_key=str(k))
        for k in range(store_benchmark.SERVICES)
    ]
    for table, rows in (("service", services), ("change", changes), ("change_service", links), ("milestone", steps)):
        store.upsert(table, rows, fetched_at=at)
    store.refresh_facts()


@contextmanager
def empty_page(folder: Path) -> Iterator[Served]:
    """The least a Streamlit page can be."""
    script = folder / "empty.py"
    script.write_text("import streamlit as st\n\nst.title('Empty')\n", "utf-8")
    with serve(script, folder / "nothing") as served:
        yield served


def measured(name: str, browser: Browser, home: Path, given: argparse.Namespace, floor: tuple[float, float]) -> None:
    """Print one line about the dashboard on the data in ``home``."""
    with serve(ROOT / "server.py", home) as served:
        url = f"{served.url}/?period=12m"
        first = wait_until_warm(browser, url)
        cold, warm = loads(browser, url, given.loads, chart=True)
        cpu, wall = reruns(browser, served, url, given.reruns)
    row(name, cold, warm, floor)
    print(
        f"  first visitor of a fresh server {first:.1f} s; "
        f"warm rerun {cpu:.0f} ms server processor, {wall:.0f} ms in all"
    )


def row(name: str, cold: list[float], warm: list[float], floor: tuple[float, float] | None) -> tuple[float, float]:
    """Print medians and their ratio to the empty page."""
    middle = statistics.median(cold), statistics.median(warm)
    times = f" ({middle[0] / floor[0]:.1f} and {middle[1] / floor[1]:.1f} times the empty page)" if floor else ""
    print(f"{name}: cold {middle[0]:.2f} s, warm {middle[1]:.2f} s{times}", flush=True)
    return middle


def main() -> int:
    """Run all and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--loads", type=int, default=5)
    options.add_argument("--reruns", type=int, default=30)
    options.add_argument("--million", action="store_true")
    options.add_argument("--no-demo", action="store_true")
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    path = find_chromium()
    if path is None:
        print("No Chromium or Chrome found; `python3 run.py test` installs one.")
        return 2
    folder = given.folder or Path(tempfile.mkdtemp(prefix="pages-"))
    folder.mkdir(parents=True, exist_ok=True)
    if given.million:
        million(folder / "million")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with empty_page(folder) as served:
            floor = row("empty Streamlit page", *loads(browser, served.url, given.loads, chart=False), None)
        if not given.no_demo:
            measured("steering view, demo", browser, folder / "demo", given, floor)
        if given.million:
            measured("steering view, a million tickets", browser, folder / "million", given, floor)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
