"""One pass over the configured sources: fetch, keep raw, convert, upsert, move the bookmark, report.

Knows no vendor (connectors are found by name) and no layout. A batch is stored before its bookmark moves and every
write is an upsert, so a pass that dies at any moment is completed by the next one. Sources are read one after the
other: the writer lock belongs to one thread, and each source's own pages already come side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from impact.model import Rejected, Row, SettingsError
from impact.people import person_key
from impact.pulling.progress import PROGRESS_FILE, Progress, Reporter
from impact.pulling.source import Source, pull
from impact.pulling.sweeping import Sweeping
from impact.settings import Settings
from impact.sources import configured, converted
from impact.store import Store, StreamState

__all__ = ["PROGRESS_FILE", "Progress", "Report", "rebuild", "run"]


@dataclass(frozen=True)
class Report:
    """What a pass did: one final state per stream. ``failed`` names the sources that could not be read in full."""

    streams: tuple[StreamState, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Sources with at least one stream that failed or was refused."""
        return tuple(sorted({s.source for s in self.streams if s.outcome != "ok"}))

    @property
    def exit_code(self) -> int:
        """0 all read, 1 some source failed."""
        return 1 if self.failed else 0


def now_utc() -> datetime:
    """The clock of a pass; tests give their own."""
    return datetime.now(UTC)


def run(
    settings: Settings,
    *,
    store: Store | None = None,
    only: str | None = None,
    full: bool = False,
    sweep: bool = False,
    trust_list: bool = False,
    progress: Callable[[Progress], None] | None = None,
    clock: Callable[[], datetime] = now_utc,
) -> Report:
    """Pull what changed from every configured source, or from ``only`` that one; ``full`` reads from the beginning.

    ``sweep`` asks at once which records still exist, whenever it was last asked; ``trust_list`` believes the answer
    also where a large share of the stored records is not among them.

    Raises SettingsError for wrong settings (nothing is read) and StoreBusy when another pass is running. A source
    that fails is reported and stops nobody else.
    """
    sources = configured(settings, only)
    store = store or Store(settings.home, zone=settings.reporting.timezone)
    with store.writing():
        reporter = Reporter(settings.home, progress)
        sweeping = Sweeping(settings.sync.sweep_days, now=sweep, trusting=trust_list)
        states: list[StreamState] = []
        try:
            for name, (connector, own) in sources.items():
                source = Source(name, connector, own, store, person_key(settings.home), reporter, clock)
                states.extend(pull(source, full=full, sweeping=sweeping))
            reporter.tell(Progress("", "daily facts", 0, None, 0.0))
            store.refresh_facts()
            store.tidy()
        finally:
            reporter.close()
    return Report(tuple(states))


def rebuild(settings: Settings, *, store: Store | None = None) -> None:
    """Make canonical tables and daily facts anew from raw, with today's mappings; nothing is fetched."""
    store = store or Store(settings.home, zone=settings.reporting.timezone)
    sources = configured(settings)
    streams = {
        (name, stream.name): (stream, own) for name, (connector, own) in sources.items() for stream in connector.streams
    }

    def convert(source: str, stream_name: str, payloads: Iterable[Any]) -> Iterator[Row | Rejected]:
        if (source, stream_name) not in streams:
            raise SettingsError(
                f"Raw records of source {source!r}, stream {stream_name!r} are stored, but no such source is "
                "configured. Configure it again, or remove its raw records."
            )
        stream, own = streams[(source, stream_name)]
        yield from converted(stream, payloads, own)

    with store.writing():
        store.rebuild(convert)
