"""How far a pass is, told to the caller and, for pages in another process, in a small file. Knows no source."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRESS_FILE = "sync-progress.json"
SECONDS_BETWEEN_NOTES = 0.3


@dataclass(frozen=True)
class Progress:
    """How far a pass is. ``total`` is None where the source does not say how much there is."""

    source: str
    stream: str
    read: int
    total: int | None
    elapsed_seconds: float
    done: bool = False

    @property
    def ratio(self) -> float | None:
        """0..1, or None where the total is unknown."""
        return min(1.0, self.read / self.total) if self.total else (1.0 if self.done else None)

    @property
    def rate(self) -> float | None:
        """Records a second so far; None before there are any."""
        return self.read / self.elapsed_seconds if self.read and self.elapsed_seconds > 0 else None

    @property
    def left_seconds(self) -> float | None:
        """Estimated time left for this stream, from its speed so far."""
        return max(0.0, (self.total - self.read) / self.rate) if self.total and self.rate else None


class Reporter:
    """Tells the progress of a pass over the data folder ``home``."""

    def __init__(self, home: Path, callback: Callable[[Progress], None] | None) -> None:
        self._file = home / PROGRESS_FILE
        self._callback = callback
        self._told = 0.0

    def tell(self, progress: Progress) -> None:
        """Say it to the caller, and write it down where the last note is old enough."""
        if self._callback:
            self._callback(progress)
        if time.monotonic() - self._told >= SECONDS_BETWEEN_NOTES or progress.done:
            self._told = time.monotonic()
            draft = self._file.with_suffix(".tmp")
            measured = {"rate": progress.rate, "left_seconds": progress.left_seconds}
            draft.write_text(json.dumps({"pid": os.getpid(), **progress.__dict__, **measured}), encoding="utf-8")
            draft.replace(self._file)

    def close(self) -> None:
        """Take the note away: no pass is at work."""
        self._file.unlink(missing_ok=True)
