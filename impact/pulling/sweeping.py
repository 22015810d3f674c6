"""Asks a source which records exist and marks those it does not list. Decides when, and which list is believed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors import Stream
from impact.model import ImpactError, SourceUnavailable, StoreError
from impact.pulling.progress import Progress
from impact.store import Listing, StreamState

if TYPE_CHECKING:
    from impact.pulling.source import Source

FEW = 10
MOST_GONE_RATIO = 0.2
"""A list that lacks more records than FEW and than this share is more likely wrong than all of them deleted."""


@dataclass(frozen=True)
class Sweeping:
    """``days`` between two looks (0: only when asked); ``now``: look at once; ``trusting``: whatever the list lacks."""

    days: int = 7
    now: bool = False
    trusting: bool = False


def sweep(
    source: Source, stream: Stream, http: Any, state: StreamState, sweeping: Sweeping, *, first: bool
) -> StreamState:
    """Look, where it is due, which records of a stream that was just read in full are gone.

    The first pass has just seen all there is, so that only the next look is dated. A list that cannot be had or
    believed is noted and marks nothing.
    """
    if first and not sweeping.now:
        state = replace(state, swept_at=state.finished_at)
    elif _due(state, sweeping):
        state = _look(source, stream, http, state, sweeping)
    else:
        return state
    source.store.set_state(state)
    return state


def _due(state: StreamState, sweeping: Sweeping) -> bool:
    if sweeping.now or not sweeping.days:
        return sweeping.now
    ended = state.finished_at
    return state.swept_at is None or ended is None or ended - state.swept_at >= timedelta(days=sweeping.days)


def _look(source: Source, stream: Stream, http: Any, state: StreamState, sweeping: Sweeping) -> StreamState:
    begun = time.monotonic()
    try:
        found = source.store.mark_missing(
            stream.tables[0], source.name, stream.name, _told(source, stream, http, begun),
            at=source.clock(), believe=lambda listing: sweeping.trusting or believable(listing),
        )  # fmt: skip
    except StoreError:
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, ImpactError) else type(error).__name__
        tried_at = state.swept_at if isinstance(error, SourceUnavailable) else source.clock()
        note = f"Which records still exist could not be read: {reason}"
        return replace(state, swept_at=tried_at, note=note, seconds=state.seconds + time.monotonic() - begun)
    state = replace(state, swept_at=source.clock(), seconds=state.seconds + time.monotonic() - begun, note="")
    if sweeping.trusting or believable(found):
        return replace(state, missing=found.missing)
    return replace(state, note=distrusted(found, source.name))


def believable(found: Listing) -> bool:
    """Whether a list of what exists is complete enough to be believed."""
    if not found.listed:
        return not found.present
    return found.gone <= max(FEW, MOST_GONE_RATIO * found.present)


def distrusted(found: Listing, source: str) -> str:
    """Why a list was not believed, and what to do."""
    return (
        f"The source lists {found.listed:,} records as existing, and {found.gone:,} of {found.present:,} stored ones "
        "are not among them. So many are rarely deleted at once, so none was marked as missing. Check the rights of "
        f"the account and the filters of the source; if they are gone, run: sync {source} --sweep --trust-list."
    )


def _told(source: Source, stream: Stream, http: Any, begun: float) -> Iterator[Iterable[str]]:
    """The portions of the list, each told as progress."""
    assert stream.ids is not None
    count = 0
    for portion in stream.ids(http, source.own):
        keys = list(portion)
        count += len(keys)
        told = Progress(source.name, f"{stream.name}, which still exist", count, None, time.monotonic() - begun)
        source.reporter.tell(told)
        yield keys
