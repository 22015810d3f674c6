"""A small organisation whose customers belong to groups, stored: one change that one location felt, locations too small
to be shown, and a location whose people seldom answer. Everything is invented; nobody is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from impact import analysis
from impact.model import (
    Change,
    ChangeSegment,
    ChangeService,
    Population,
    Row,
    SatisfactionResponse,
    Segment,
    Service,
    Ticket,
)
from impact.observed import Evidence
from impact.portfolio import ChangeView
from impact.sections import Privacy
from impact.settings import Settings
from impact.store import Snapshot, Store

FIRST = date(2026, 1, 5)
DAYS = 180
TODAY = FIRST + timedelta(days=DAYS)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
ROLLOUT = FIRST + timedelta(days=120)
RECENT = FIRST + timedelta(days=DAYS - 6)
SERVICES = tuple(f"s{i:02}" for i in range(12))
PLACES = {"ayr": 60, "bath": 45, "cork": 30, "deal": 3}
"""Locations and how many people they have."""
PARTS = (0.5, 0.3, 0.17, 0.03)
FELT, LONELY = "s03", "s05"
"""The service whose change Ayr felt, and one that only people of Bath use."""


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def row(kind: type[Row], table: str, key: str, **values: Any) -> Any:
    return kind(id=f"desk:{table}:{key}", source="desk", source_key=key, **values)


def place(name: str) -> str:
    return f"desk:segment:location:{name}"


def contacts(rng: np.random.Generator) -> Iterator[tuple[Ticket, SatisfactionResponse | None]]:
    """About nine tickets a day and service; from ROLLOUT on three times as many of FELT come from Ayr. Every second
    customer is asked; four in five answer, of Ayr one in five."""
    names = list(PLACES)
    for service in SERVICES:
        for n in range(DAYS):
            day = FIRST + timedelta(days=n)
            rates = 9.0 * np.array(PARTS)
            if service == FELT and day > ROLLOUT:
                rates[0] *= 3.0
            if service == LONELY:
                rates = np.array([0.0, 9.0, 0.0, 0.0])
            for where, count in enumerate(rng.poisson(rates)):
                for k in range(count):
                    yield _contact(rng, f"{service}-{n}-{names[where]}-{k}", service, day, names[where])


def _contact(
    rng: np.random.Generator, key: str, service: str, day: date, where: str
) -> tuple[Ticket, SatisfactionResponse | None]:
    opened = at(day, int(rng.integers(7, 18)))
    solved = opened + timedelta(hours=float(rng.lognormal(1.0, 0.6)))
    ticket = row(
        Ticket, "ticket", key, number=key, opened_at=opened, resolved_at=solved, first_resolved_at=solved,
        status="resolved", reopened_count=int(rng.random() < 0.1), channel="portal" if rng.random() < 0.4 else "phone",
        channel_raw="seen", service_id=f"desk:service:{service}", segment_ids=(place(where),),
        person_key=f"{where}-{int(rng.integers(PLACES[where]))}",
    )  # fmt: skip
    if rng.random() < 0.5:
        return ticket, None
    answers = rng.random() < (0.2 if where == "ayr" else 0.8)
    score = float(np.clip(np.rint(rng.normal(3.6, 0.9)), 1, 5)) if answers else None
    survey = row(
        SatisfactionResponse, "satisfaction_response", key, asked_at=solved,
        answered_at=solved + timedelta(hours=5) if answers else None, score_raw=score, scale_min=1.0, scale_max=5.0,
        score_ratio=None if score is None else (score - 1) / 4, ticket_id=ticket.id, segment_ids=(place(where),),
    )  # fmt: skip
    return ticket, survey


def change(key: str, service: str, rollout: date | None) -> list[Row]:
    head = row(
        Change, "change", key, number=f"CHG-{key}", title=f"Change {key}", status="done" if rollout else "planned",
        rollout_start_at=at(rollout) if rollout else None,
    )  # fmt: skip
    link = row(ChangeService, "change_service", key, change_id=head.id, service_id=f"desk:service:{service}")
    return [head, link]


def filled(folder: Path, *, more: Sequence[Row] = ()) -> Store:
    """The organisation as it stands on TODAY, with ``more`` rows."""
    store = Store(folder, zone="UTC")
    both = list(contacts(np.random.default_rng(11)))
    rows: list[Row] = [ticket for ticket, _ in both]
    rows += [survey for _, survey in both if survey is not None]
    rows += [row(Service, "service", name, name=name.upper()) for name in SERVICES]
    rows += [
        Segment(id=place(name), source="desk", source_key=name, name=name.title(), dimension="location")
        for name in PLACES
    ]
    rows += [
        row(Population, "population", name, segment_id=place(name), from_on=FIRST, people_count=count)
        for name, count in PLACES.items()
    ]
    rows += change("felt", FELT, ROLLOUT) + change("lonely", LONELY, ROLLOUT) + change("recent", "s07", RECENT)
    rows += change("planned", "s08", None)
    named = {"change_id": "desk:change:felt", "segment_id": place("ayr")}
    rows += [row(ChangeSegment, "change_segment", "felt-ayr", **named)]
    for kind, table in TABLES.items():
        store.upsert(table, [one for one in [*rows, *more] if type(one) is kind], fetched_at=NOW)
    store.refresh_facts()
    return store


TABLES: dict[type[Row], str] = {
    Ticket: "ticket", SatisfactionResponse: "satisfaction_response", Service: "service", Segment: "segment",
    Population: "population", Change: "change", ChangeService: "change_service", ChangeSegment: "change_segment",
}  # fmt: skip


def settings(folder: Path, smallest: int = 5) -> Settings:
    return Settings(home=folder, privacy=Privacy(smallest_group=smallest))


class Read:
    """A store as it was read: snapshot, evidence and changes by key."""

    def __init__(self, store: Store) -> None:
        self.home = store.home
        self.snapshot: Snapshot = store.snapshot()
        self.evidence: Evidence = analysis.gather(self.snapshot, Settings(home=store.home).reporting)
        found = analysis.portfolio(self.snapshot, self.evidence, today=TODAY, version="v")
        self.changes: dict[str, ChangeView] = {one.id.rsplit(":", 1)[1]: one for one in found.changes}
        self.portfolio = found
