"""A look at a source before anything is stored: sign in, read one page of every stream, say what was found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors import Connector, Page, Stream
from impact.model import TABLE_OF, ImpactError, Rejected
from impact.settings import Settings
from impact.sources import configured, converted, wanted

PROBLEM = "PROBLEM"
"""Begins every sentence about something that does not work."""


@dataclass(frozen=True)
class Probe:
    """What one page of a stream brought. ``total``: how many records there are, where the source says so; ``rows``:
    rows by table; ``refused``: why records were rejected; ``problem``: why nothing could be read; ``seconds``: how long
    the page took."""

    stream: str
    records: int = 0
    total: int | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.problem:
            return f"{PROBLEM} {self.stream}: {self.problem}"
        total = f" of {self.total:,}" if self.total is not None else ""
        made = ", ".join(f"{count} {table}" for table, count in self.rows.items()) or "no rows"
        told = f"; {PROBLEM} {len(self.refused)} rejected, first reason: {self.refused[0]}" if self.refused else ""
        return f"{self.stream}: {self.records}{total} records on the first page -> {made}{told}"

    @property
    def all_seconds(self) -> float | None:
        """How long all records would take, one page after the other; None where the source does not say how many."""
        if self.total is None or not self.records:
            return 0.0 if not self.problem and not self.records else None
        return self.seconds * max(1.0, self.total / self.records)


def check(settings: Settings, only: str | None = None) -> Iterator[str]:
    """Sign in to each source, read one page of every stream, and say in sentences what was found or is missing."""
    for name, (connector, own) in configured(settings, only).items():
        yield f"{name} ({connector.title})"
        try:
            http = connector.open(own)
            for sentence in connector.check(http, own):
                yield f"  {sentence}"
            for stream in wanted(connector, own):
                yield f"  {probe(stream, http, own).sentence}"
        except ImpactError as error:
            yield f"  {PROBLEM} {error}"
        for sentence in connector.lacks:
            yield f"  {sentence}"


def probes(connector: Connector, http: Any, own: Any) -> Iterator[Probe]:
    """One page of every stream that the settings feed."""
    for stream in wanted(connector, own):
        yield probe(stream, http, own)


def probe(stream: Stream, http: Any, own: Any) -> Probe:
    """One page of a stream, converted; nothing is stored."""
    begun = time.monotonic()
    try:
        page = next(iter(stream.fetch(http, own, None)), Page(()))
    except ImpactError as error:
        return Probe(stream.name, problem=str(error))
    seconds = time.monotonic() - begun
    rows: Counter[str] = Counter()
    refused = [_told(rejected) for rejected in page.rejected]
    for item in converted(stream, page.records, own):
        if isinstance(item, Rejected):
            refused.append(_told(item))
        else:
            rows[TABLE_OF[type(item)]] += 1
    return Probe(stream.name, len(page.records), page.total, rows, tuple(refused), seconds=seconds)


def _told(rejected: Rejected) -> str:
    """Where and why; never the value, which may be anything."""
    where = ", ".join(filter(None, (rejected.place, rejected.column)))
    return f"{where}: {rejected.reason}" if where else rejected.reason
