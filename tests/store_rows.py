"""An empty store, tickets to put into it and a way to ask it: what tests of the store share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from impact.model import Ticket
from impact.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def empty_store(folder: Path) -> Store:
    return Store(folder / "my data", zone="Europe/Paris")


def ticket(key: object, **values: Any) -> Ticket:
    given = {"number": str(key), "opened_at": NOON, **values}
    return Ticket(id=f"desk:ticket:{key}", source="desk", source_key=str(key), **given)


def ask(store: Store, sql: str) -> list[dict[str, Any]]:
    return store.snapshot().query(sql).to_pylist()
