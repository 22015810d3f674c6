"""Daily facts follow the rows: refreshed step by step they equal facts from scratch, and a sum done by hand."""

from __future__ import annotations

import dataclasses
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact.metrics import BY_NAME, METRICS
from impact.model import SatisfactionResponse, Ticket
from impact.storage import facts
from impact.storage.snapshot import Snapshot
from impact.store import Store

FIRST = datetime(2026, 1, 10, 12, tzinfo=UTC)
SUMMED = (
    "SELECT metric, day_on, service_id, team_id, SUM(n) AS n, SUM(total) AS total, SUM(total_sq) AS total_sq "
    "FROM daily_fact GROUP BY metric, day_on, service_id, team_id"
)


def ticket(key: int, version: int, chance: random.Random) -> Ticket:
    """A ticket whose every field may differ from one version to the next, its month included."""
    opened_at = FIRST + timedelta(days=chance.randrange(90))
    resolved_at = opened_at + timedelta(hours=chance.randrange(-2, 900)) if chance.random() < 0.8 else None
    return Ticket(
        id=f"t{key}",
        source="desk",
        source_key=str(key),
        source_updated_at=FIRST + timedelta(days=400, minutes=version),
        number=str(key),
        kind=chance.choice(("incident", "request", "question")),
        status=chance.choice(("closed", "cancelled")),
        opened_at=opened_at,
        first_resolved_at=resolved_at,
        reopened_at=resolved_at + timedelta(days=chance.randrange(30)) if resolved_at else None,
        reopened_count=chance.choice((None, 0, 1)),
        reassigned_count=chance.choice((None, 0, 1)),
        within_target=chance.choice((None, True, False)),
        channel_raw=chance.choice((None, "web")),
        channel=chance.choice(("portal", "mail")),
        service_id=chance.choice((None, "mail", "print")),
        team_id=chance.choice((None, "desk")),
    )


def answer(key: int, version: int, chance: random.Random) -> SatisfactionResponse:
    """An answer that may name a ticket that is not stored yet, or never will be."""
    asked_at = FIRST + timedelta(days=chance.randrange(90)) if chance.random() < 0.9 else None
    score = chance.choice((None, 1.0, 4.0, 5.0))
    return SatisfactionResponse(
        id=f"r{key}",
        source="desk",
        source_key=str(key),
        source_updated_at=FIRST + timedelta(days=400, minutes=version),
        instrument=chance.choice(("csat", "nps")),
        asked_at=asked_at,
        answered_at=(asked_at or FIRST) + timedelta(days=3) if score else None,
        score_raw=score,
        score_ratio=(score - 1) / 4 if score else None,
        scale_min=1,
        scale_max=5,
        ticket_id=chance.choice((None, *(f"t{n}" for n in range(40)))),
        service_id=chance.choice((None, "print")),
    )


def cells(snapshot: Snapshot, sql: str) -> dict[tuple[Any, ...], tuple[int, float, float]]:
    """Sums by metric, day, service and team; rounded, because engines add in any order."""
    rows = snapshot.query(sql).to_pylist()
    keys = ("metric", "day_on", "service_id", "team_id")
    return {tuple(r[k] for k in keys): (r["n"], round(r["total"], 6), round(r["total_sq"], 6)) for r in rows}


def from_scratch(snapshot: Snapshot) -> dict[tuple[Any, ...], tuple[int, float, float]]:
    """The same sums straight from the tables, each metric's own definition run over everything."""
    every = " UNION ALL ".join(
        f"SELECT '{m.name}' AS metric, day_on, service_id, team_id, n, total, total_sq FROM ({m.facts})"
        for m in METRICS
    )
    return cells(snapshot, every)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.tuples(st.sampled_from("ts"), st.integers(1, 25), st.booleans()), min_size=1, max_size=7),
)
def test_facts_refreshed_step_by_step_equal_facts_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[tuple[str, int, bool]]
) -> None:
    store, chance = Store(tmp_path_factory.mktemp("facts")), random.Random(seed)
    for version, (kind, count, refresh) in enumerate([*steps, ("t", 1, True)]):
        keys = chance.sample(range(40), count)
        if kind == "t":
            store.upsert("ticket", [ticket(key, version, chance) for key in keys], fetched_at=FIRST)
        else:
            answers = [answer(key, version, chance) for key in keys]
            store.upsert("satisfaction_response", answers, fetched_at=FIRST)
        if refresh:
            store.refresh_facts()
            snapshot = store.snapshot()
            assert cells(snapshot, SUMMED) == from_scratch(snapshot)


def test_facts_are_the_sums_done_by_hand(tmp_path: Path) -> None:
    store = Store(tmp_path)
    hours = {"a": 1, "b": 10, "c": 2000}
    rows = [
        Ticket(
            id=key,
            source="desk",
            source_key=key,
            number=key,
            opened_at=FIRST,
            first_resolved_at=FIRST + timedelta(hours=hours[key]),
            reopened_count=int(key == "a"),
            reopened_at=FIRST + timedelta(days=2) if key == "a" else None,
            service_id="mail",
        )
        for key in hours
    ]
    store.upsert("ticket", rows, fetched_at=FIRST)
    store.refresh_facts()
    found = cells(store.snapshot(), SUMMED)
    minutes = [60, 600, 7 * 24 * 60]  # the third is capped at seven days
    opened = FIRST.date()
    assert found[("tickets", opened, "mail", None)] == (3, 3.0, 0.0)
    assert found[("time_to_resolve", opened, "mail", None)] == (
        3,
        round(sum(math.log(m) for m in minutes), 6),
        round(sum(math.log(m) ** 2 for m in minutes), 6),
    )
    assert found[("reopened", opened, "mail", None)] == (2, 1.0, 0.0)
    assert found[("reopened", (FIRST + timedelta(hours=2000)).date(), "mail", None)] == (1, 0.0, 0.0)


def test_only_the_months_that_changed_are_summed_again(tmp_path: Path) -> None:
    store, chance = Store(tmp_path), random.Random(1)
    store.upsert("ticket", [ticket(key, 0, chance) for key in range(40)], fetched_at=FIRST)
    store.refresh_facts()

    def parts() -> dict[str, str]:
        files = (path for path in (tmp_path / "store/1/daily_fact").rglob("*.parquet"))
        return {path.parent.parent.name: path.name for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)}

    before = parts()
    late = Ticket(id="new", source="desk", source_key="new", number="new", opened_at=FIRST.replace(month=3))
    store.upsert("ticket", [late], fetched_at=FIRST)
    store.refresh_facts()
    after = parts()
    assert [part for part in after if after[part] != before.get(part)] == ["part=ticket-2026-03"]


def test_a_changed_definition_sums_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, chance = Store(tmp_path), random.Random(1)
    store.upsert("ticket", [ticket(key, 0, chance) for key in range(40)], fetched_at=FIRST)
    store.refresh_facts()
    sql = "SELECT metric, SUM(total) AS t FROM daily_fact WHERE metric = 'tickets' GROUP BY metric"
    assert store.snapshot().query(sql).to_pylist() == [{"metric": "tickets", "t": 40.0}]
    fewer = dataclasses.replace(BY_NAME["tickets"], where="source_key <> '7'")
    monkeypatch.setattr(facts, "METRICS", [fewer])
    store.refresh_facts()
    assert store.snapshot().query(sql).to_pylist() == [{"metric": "tickets", "t": 39.0}]
