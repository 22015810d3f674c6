"""Progress on a terminal: one line that is drawn again; elsewhere a line now and then. Knows no command."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

SECONDS_BETWEEN_DRAWINGS = 0.1
SECONDS_BETWEEN_LINES = 10.0
CLEAR = "\r\x1b[K"


class ProgressLine:
    """Told as often as one likes; shows what was told last no more often than a reader can follow."""

    def __init__(self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = sys.stderr if out is None else out
        self._clock = clock
        self._drawn = self._out.isatty()
        self._shown = clock()

    def tell(self, text: str, *, last: bool = False) -> None:
        """Show ``text``; the ``last`` one of a piece of work always."""
        now = self._clock()
        if not last and now - self._shown < (SECONDS_BETWEEN_DRAWINGS if self._drawn else SECONDS_BETWEEN_LINES):
            return
        self._shown = now
        if self._drawn:
            text = f"{CLEAR}{text[: shutil.get_terminal_size().columns - 1]}"
        print(text, end="" if self._drawn else "\n", file=self._out, flush=True)

    def close(self) -> None:
        """Leave the line empty for what is printed next."""
        if self._drawn:
            print(CLEAR, end="", file=self._out, flush=True)
