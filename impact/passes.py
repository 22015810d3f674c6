"""What is known of the last pass over one stream of a source. A record only: knows no store and no source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["ok", "failed", "refused", "running"]


@dataclass(frozen=True, slots=True)
class StreamState:
    """The last pass over one stream.

    ``bookmark_at``: where the next pass goes on. ``complete_at``: the bookmark with which the last pass that came to
    its end began the next; records come in the order of their last update, so that in the middle of a pass some that
    are older are still missing. ``cursor``: where to go on in the source's own words, if it has such.

    ``missing``: how many records the source no longer listed when it was last asked which exist, at ``swept_at``;
    ``note``: why that list was of no use, empty where it was.
    """

    source: str
    stream: str
    bookmark_at: datetime | None = None
    complete_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    ok_at: datetime | None = None
    outcome: Outcome = "running"
    message: str = ""
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    total: int | None = None
    cursor: str | None = None
    missing: int = 0
    swept_at: datetime | None = None
    note: str = ""
