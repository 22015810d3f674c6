"""Loads the demo organisation: starts its Request Tracker on loopback and pulls it in like any real source.

Knows where the demo's data go and when they are complete and of today; knows neither records nor true effects.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import connectors
from impact import demo_records, sync
from impact.demo_organisation.server import running
from impact.demo_organisation.world import REPORTING, SEED
from impact.model import SourceUnavailable
from impact.settings import Reporting, Settings
from impact.store import Store, StoreBusy

SOURCE = "demo"
KIND = "request_tracker"
MARKER = ".complete"
"""Says which demo the folder holds, and that it holds all of it."""
PATIENCE_SECONDS = 300.0
"""How long to wait for another process that is loading the demo."""
Tell = Callable[[str, float], None]


def is_current(home: Path, today: date, *, seed: int = SEED) -> bool:
    """Whether the folder holds the whole demo organisation as it stands on ``today``."""
    try:
        return (home / MARKER).read_text("utf-8") == _description(today, seed)
    except (OSError, UnicodeDecodeError):
        return False


def records_home(home: Path, today: date) -> Path:
    """Where the demo's meetings and decisions of ``today`` are kept: its changes have other numbers on another day."""
    return home / f"records-{today.isoformat()}"


def load(
    home: Path,
    *,
    today: date,
    seed: int = SEED,
    progress: Tell = lambda text, ratio: None,
    reporting: Reporting = REPORTING,
) -> None:
    """Fill ``home``, the demo's own data folder, with the organisation as it stands on ``today``.

    Does nothing when that is there already. Otherwise what is there (half a load, another day) is replaced. When
    another process is loading it, waits for that one. ``progress`` gets a sentence and a ratio 0..1. Raises
    SourceUnavailable when the server does not start or breaks off, StoreBusy when the other process takes too long.
    """
    store = Store(home, zone=reporting.timezone)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not is_current(home, today, seed=seed):
        try:
            with store.writing():
                if not is_current(home, today, seed=seed):
                    _load(store, today=today, seed=seed, progress=progress, reporting=reporting)
        except StoreBusy:
            if time.monotonic() > give_up:
                raise
            progress("Another process is loading the demo organisation", 0.0)
            time.sleep(0.5)
    progress("The demo organisation is ready", 1.0)


def _load(store: Store, *, today: date, seed: int, progress: Tell, reporting: Reporting) -> None:
    marker = store.home / MARKER
    marker.unlink(missing_ok=True)
    progress("Starting the demo organisation's service desk", 0.01)
    if store.state():
        store.start_over()
    with running(seed, today) as (address, token):
        configured = settings(store.home, url=address, token=token, reporting=reporting)
        report = sync.run(configured, store=store, full=True, progress=_Ratio(progress))
    broken = [state for state in report.streams if state.outcome != "ok"]
    if broken:
        raise SourceUnavailable(
            f"The demo organisation was not loaded: {broken[0].stream} {broken[0].outcome} ({broken[0].message}). "
            "Try again; it starts from the beginning."
        )
    progress("Writing down what was decided in the last meetings", 0.96)
    for old in store.home.glob("records-*"):
        shutil.rmtree(old, ignore_errors=True)
    demo_records.write(store, records_home(store.home, today), today=today, reporting=reporting)
    draft = marker.with_suffix(".new")
    draft.write_text(_description(today, seed), "utf-8")
    draft.replace(marker)


def settings(home: Path, *, url: str, token: str, reporting: Reporting = REPORTING) -> Settings:
    """Settings under which the demo's server is one source, with its own names of custom fields."""
    source = {
        "kind": KIND,
        "url": url,
        "token": token,
        "change_queues": ("Changes",),
        "web_links": False,  # the server ends with the load: there is no page to open
        "fields": {
            "change": {"location": "Location", "department": "Department"},
            "ticket": {
                "csat_sent": "Survey Sent",
                "lost_minutes": "Lost Minutes",
                "location": "Location",
                "department": "Department",
            },
        },
    }
    return Settings(home=home, sources={SOURCE: source}, reporting=reporting)


class _Ratio:
    """Turns the progress of streams into one ratio: tickets take nearly all of the time."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        names = [stream.name for stream in connectors.load(KIND).streams]
        self._weights = {name: 20.0 if name == "tickets" else 1.0 for name in names}
        self._done: set[str] = set()

    def __call__(self, progress: sync.Progress) -> None:
        if progress.done:
            self._done.add(progress.stream)
        finished = sum(weight for name, weight in self._weights.items() if name in self._done)
        part = 0.0 if progress.done else self._weights.get(progress.stream, 0.0) * (progress.ratio or 0.0)
        ratio = min(0.95, 0.02 + 0.9 * (finished + part) / sum(self._weights.values()))
        read = f"{progress.read:,}" + (f" of {progress.total:,}" if progress.total else "")
        sentence = f"Reading {progress.stream}: {read}" if progress.source else f"Counting {progress.stream}"
        self._tell(sentence, ratio)


def _description(today: date, seed: int) -> str:
    return json.dumps({"today": today.isoformat(), "seed": seed, "story": _story()})


@cache
def _story() -> str:
    """Changes when the invented organisation does, so that an older one is not mistaken for it."""
    folder = Path(__file__).parent / "demo_organisation"
    files = [*sorted(folder.glob("*.py")), Path(demo_records.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
