"""How fresh the data are, in words; reads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from impact.passes import StreamState
from impact.portfolio import Portfolio
from impact.words.formats import at, days, listed, plural, when

LATE_DAYS = 14
"""Figures that end longer ago than this are called old, however lately the sources were read."""


def as_of(portfolio: Portfolio, states: Sequence[StreamState]) -> str:
    """Up to which day the data go, and whether all sources are fresh."""
    if portfolio.data_to is None:
        return "No data yet"
    sources = {state.source for state in states}
    old = {state.source for state in states if not _fresh(state, portfolio.today)}
    fresh = "" if not sources else f" · {plural(len(sources), 'source')}, "
    if _late(portfolio) and not old:
        fresh = fresh.removesuffix(", ")
    elif sources:
        fresh += "all fresh" if not old else f"{listed(sorted(old))} not fresh"
        fresh = fresh.replace("1 source, all fresh", "1 source, fresh")
    return f"Data to {when(portfolio.data_to)}{fresh}"


def _late(portfolio: Portfolio) -> int:
    """Days since the figures end, where those are too many; else 0."""
    past = (portfolio.today - portfolio.data_to).days if portfolio.data_to else 0
    return past if past > LATE_DAYS else 0


def _fresh(state: StreamState, today: date) -> bool:
    """Read without error, today or yesterday."""
    old = state.ok_at is None or (today - state.ok_at.date()).days > 1
    return state.outcome in ("ok", "running") and not old


def stale(portfolio: Portfolio, states: Sequence[StreamState], *, zone: str = "UTC") -> tuple[str, ...]:
    """A sentence for every source whose data are old or could not be read in full; empty when all are fresh."""
    found = []
    for source in sorted({state.source for state in states}):
        mine = [s for s in states if s.source == source and not _fresh(s, portfolio.today)]
        if not mine:
            continue
        last = min((s.ok_at for s in mine if s.ok_at), default=None)
        streams = listed(sorted(s.stream for s in mine))
        if any(s.outcome == "refused" for s in mine):
            what = f"refuses to be read ({streams})"
        elif any(s.outcome == "failed" for s in mine):
            what = f"could not be read in full ({streams})"
        else:
            what = f"is not fresh ({streams})"
        read = f"last read in full {at(last, zone)}" if last else "never read in full yet"
        figures = f"; figures are to {when(portfolio.data_to)}" if portfolio.data_to else ""
        found.append(f"{source} {what}: {read}{figures}.")
    if past := _late(portfolio):
        found.append(f"Figures end on {when(portfolio.data_to)}, {days(past)} ago: no source delivers newer tickets.")
    return tuple(found)
