"""What a killed process of the kill test runs; a module of its own so that a fork server can load it once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from impact import sync
from impact.pulling import source as reading
from impact.settings import Settings

BATCH = 200


def pull(home: str, source: Mapping[str, Any]) -> None:
    """One pass in small batches, so that a kill at any moment falls between, before or inside many of them."""
    reading.BATCH_RECORDS = BATCH
    report = sync.run(Settings(home=Path(home), sources={"desk": source}))
    if report.exit_code:
        raise SystemExit("; ".join(state.message for state in report.streams if state.message))
