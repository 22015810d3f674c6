"""A source of invented tickets for the tests of a pass: what it holds, how it fails, which records it says exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors import Connector, Page, Stream
from impact import sync
from impact.model import Rejected, Row, Team, Ticket, row_id
from impact.sections import Sync
from impact.settings import Settings
from impact.store import Store

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class DeskSettings:
    name: str
    desk: str = field(default="one", metadata={"help": "which desk"})


@dataclass
class Desk:
    """A source of invented tickets that can be told to fail."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    fail_after: int | None = None
    error: Exception | None = None
    asked: list[datetime | None] = field(default_factory=list)
    looks: int = 0

    def fetch(self, http: object, settings: DeskSettings, since: datetime | None) -> Iterator[Page]:
        self.asked.append(since)
        due = [t for t in self.tickets if since is None or t["updated"] >= since.isoformat()]
        for number, start in enumerate(range(0, len(due), 2)):
            if self.error and number == (self.fail_after or 0):
                raise self.error
            page = due[start : start + 2]
            yield Page(tuple(page), bookmark=datetime.fromisoformat(page[-1]["updated"]), total=len(due))
        if self.error and not due:
            raise self.error


def convert(payload: Mapping[str, Any], settings: DeskSettings) -> Iterator[Row | Rejected]:
    if payload.get("team"):
        team = row_id(settings.name, "team", payload["team"])
        yield Team(id=team, source=settings.name, source_key=payload["team"], name=payload["team"])
    yield Ticket(
        id=row_id(settings.name, "ticket", payload["id"]),
        source=settings.name,
        source_key=str(payload["id"]),
        source_updated_at=datetime.fromisoformat(payload["updated"]),
        number=f"T{payload['id']}",
        opened_at=datetime.fromisoformat(payload["opened"]),
        person_key=payload["customer"],
    )


def stream(desk: Desk, name: str = "tickets") -> Stream:
    return Stream(
        name=name,
        tables=("ticket", "team"),
        fetch=desk.fetch,
        convert=convert,
        key=lambda payload: str(payload["id"]),
        updated_at=lambda payload: datetime.fromisoformat(payload["updated"]),
        people=("customer",),
    )


def ticket(number: int, **changes: Any) -> dict[str, Any]:
    at = (START + timedelta(hours=number)).isoformat()
    return {"id": number, "opened": at, "updated": at, "customer": f"person{number}@example.org"} | changes


@dataclass
class Office:
    """A data folder with named desks as its sources."""

    home: Path
    desks: dict[str, list[Stream]] = field(default_factory=dict)
    sweep_days: int = 7

    @property
    def settings(self) -> Settings:
        sources = {name: {"kind": name} for name in self.desks}
        return Settings(home=self.home, sources=sources, sync=Sync(self.sweep_days))

    @property
    def store(self) -> Store:
        return Store(self.home)

    def sync(self, **options: Any) -> sync.Report:
        return sync.run(self.settings, store=self.store, **options)

    def tickets(self) -> list[str]:
        return self.store.snapshot().query("SELECT number FROM ticket ORDER BY number")["number"].to_pylist()


def an_office(home: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose desks are found as connectors by their names."""
    result = Office(home)
    monkeypatch.setattr(
        connectors,
        "load",
        lambda kind: Connector(
            kind=kind,
            title=kind,
            settings=DeskSettings,
            streams=tuple(result.desks[kind]),
            open=lambda settings: object(),  # type: ignore[arg-type,return-value]
        ),
    )
    return result
