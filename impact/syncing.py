"""A sync started from a page: one child process a data folder, how far it is, and how it ended. Knows no layout.

The child is the command ``python -m impact sync``; it outlives the page that started it, and no session can start a
second one while it runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from impact.opening import is_syncing
from impact.sync import PROGRESS_FILE

COMMAND = (sys.executable, "-m", "impact", "sync")
LOG_FILE = "sync.log"
TAIL_BYTES = 4_000


@dataclass(frozen=True)
class Moment:
    """How far a sync is. ``source`` is empty between sources; ``rate`` is in records a second; it, ``total`` and
    ``left_seconds`` are None where unknown."""

    source: str
    stream: str
    read: int
    total: int | None
    left_seconds: float | None
    rate: float | None = None

    @property
    def ratio(self) -> float | None:
        """0..1, or None where the total is unknown."""
        return min(1.0, self.read / self.total) if self.total else None


@dataclass(frozen=True)
class Ended:
    """How the last sync started here ended: ``code`` 0 all read, 1 some source failed, 2 wrong settings, else broken
    off. ``told`` is what it said about a failure, empty where it ended well or where that is only for the log."""

    code: int
    at: datetime
    told: str


class Syncing:
    """The syncs of one server, by data folder."""

    def __init__(
        self, command: Sequence[str] = COMMAND, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._command, self._clock = tuple(command), clock
        self._running: dict[Path, subprocess.Popen[bytes]] = {}
        self._ended: dict[Path, Ended] = {}
        self._guard = threading.Lock()

    def start(self, home: Path) -> bool:
        """Start a sync of ``home`` unless one is at work there, from here or from anywhere; says whether it did."""
        with self._guard:
            if self._at_work(home) or is_syncing(home):
                return False
            home.mkdir(parents=True, exist_ok=True)
            windows = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            own_group: dict[str, Any] = {"creationflags": windows} if windows else {"start_new_session": True}
            with (home / LOG_FILE).open("wb") as log:
                self._running[home] = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **own_group
                )
            self._ended.pop(home, None)
            return True

    def is_running(self, home: Path) -> bool:
        """Whether a sync is at work on ``home``, whoever started it."""
        with self._guard:
            return self._at_work(home) or is_syncing(home)

    def ended(self, home: Path) -> Ended | None:
        """How the last sync started from a page ended; None while one runs and before the first."""
        with self._guard:
            return None if self._at_work(home) else self._ended.get(home)

    def wait(self, home: Path, seconds: float) -> None:
        """Wait for the sync of ``home`` that was started here. Raises subprocess.TimeoutExpired."""
        child = self._running.get(home)
        if child is not None:
            child.wait(seconds)

    def _at_work(self, home: Path) -> bool:
        child = self._running.get(home)
        if child is None:
            return False
        code = child.poll()
        if code is None:
            return True
        del self._running[home]
        self._ended[home] = Ended(code, self._clock(), _told(home) if code else "")
        return False


def moment(home: Path) -> Moment | None:
    """How far the sync of ``home`` is; None where none has told anything yet."""
    try:
        told: Mapping[str, Any] = json.loads((home / PROGRESS_FILE).read_text(encoding="utf-8"))
        pace = told["left_seconds"], told.get("rate")
        return Moment(told["source"], told["stream"], int(told["read"]), told["total"], *pace)
    except (OSError, ValueError, KeyError):
        return None


def _told(home: Path) -> str:
    """The sentence a failed sync ended with. A traceback is for the log, not for the page."""
    try:
        text = (home / LOG_FILE).read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace")
    except OSError:
        return ""
    if "Traceback (most recent call last)" in text:
        return f"It ended unexpectedly; what happened is in {home / LOG_FILE}."
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
