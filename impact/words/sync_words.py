"""What the command line says of a sync: how far it is, what it did, how fresh the streams are. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impact.passes import StreamState
from impact.words.source_words import OUTCOMES

UNKNOWN = "–"
_TITLES = ("source", "stream", "read", "new", "changed", "unchanged", "rejected", "missing", "seconds", "outcome")


def summary(states: Sequence[StreamState]) -> Iterator[str]:
    """A table with a line for every stream, then what sources answered where something went wrong."""
    yield from table(_TITLES, [_cells(state) for state in states], right=range(2, 9))
    for state in states:
        for told in filter(None, (state.message, state.note)):
            yield f"{state.source} {state.stream}: {told}"


def _cells(state: StreamState) -> tuple[str, ...]:
    counts = (state.read, state.new, state.changed, state.unchanged, state.rejected)
    missing = f"{state.missing:,}" if state.swept_at else UNKNOWN
    numbers = (*(f"{count:,}" for count in counts), missing, f"{state.seconds:.1f}")
    return (state.source, state.stream, *numbers, OUTCOMES[state.outcome].lower())


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> Iterator[str]:
    """Lines whose columns are aligned; those numbered in ``right`` to the right."""
    lines = [titles, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    for line in lines:
        cells = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def under_way(source: str, stream: str, *, read: int, total: int | None, rate: float | None, left: float | None) -> str:
    """How far a sync is: records, records a second and the time left, as far as they are known."""
    if not source:
        return stream
    of = f" of {total:,}" if total else ""
    pace = f", {rate:,.0f} records/s" if rate and rate >= 0.5 else ""
    remaining = f", about {_time(left)} left" if left else ""
    return f"{source} {stream}: {read:,}{of}{pace}{remaining}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def fresh(state: StreamState) -> str:
    """One line: a stream, how it was read last and up to when it is complete; where its records carry no such time,
    when it was last read in full."""
    if state.complete_at:
        to = f"complete to {state.complete_at:%Y-%m-%d %H:%M} UTC"
    else:
        to = f"read in full {state.ok_at:%Y-%m-%d %H:%M} UTC" if state.ok_at else "never read in full"
    missing = f"{state.missing:,} no longer at the source" if state.missing else ""
    told = "  ".join(filter(None, (to, missing, state.message, state.note)))
    return f"{state.stream:<22} {state.outcome:<8} {told}"
