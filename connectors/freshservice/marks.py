"""Where a pass over the workspaces goes on when it broke off. Knows no stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.freshservice.account import Workspace
from connectors.freshservice.lists import stamp_of, told

BETWEEN = "|"


@dataclass(frozen=True)
class Mark:
    """A pass that began at ``begin`` has read all workspaces before ``number``, and that one up to ``reached``."""

    number: int
    reached: datetime
    begin: datetime | None

    def text(self, places: Sequence[Workspace], newest: datetime) -> str | None:
        """The cursor behind a page whose newest stamp is ``newest``; None where it is not known when the pass began."""
        return BETWEEN.join((places[self.number].key, told(newest), told(self.begin))) if self.begin else None


def mark_of(cursor: str, places: Sequence[Workspace], otherwise: Mark) -> Mark:
    """The mark that a cursor tells; ``otherwise`` for one that does not fit any more."""
    key, _, stamps = cursor.partition(BETWEEN)
    told_reached, _, told_begin = stamps.partition(BETWEEN)
    reached, begin = stamp_of(told_reached), stamp_of(told_begin)
    for number, place in enumerate(places):
        if place.key == key and reached and begin:
            return Mark(number, reached, min(begin, otherwise.begin or begin))
    return otherwise
