"""Every metric on a handful of rows whose answer can be counted on fingers, the known traps among them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact.metrics import BOARD, BY_NAME, METRICS
from impact.model import Row, SatisfactionResponse, Ticket
from impact.store import Store

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def ticket(key: str, **values: Any) -> Ticket:
    return Ticket(id=key, source="desk", source_key=key, number=key, opened_at=DAY, service_id="mail", **values)


def answer(key: str, score: float | None, **values: Any) -> SatisfactionResponse:
    low, high = values.pop("scale", (1, 5))
    better = values.get("better", "high")
    ratio = None if score is None else (score - low) / (high - low)
    return SatisfactionResponse(
        id=key,
        source="desk",
        source_key=key,
        scale_min=low,
        scale_max=high,
        score_raw=score,
        score_ratio=1 - ratio if ratio is not None and better == "low" else ratio,
        service_id="mail",
        **{"answered_at": DAY if score is not None else None} | values,
    )


def summed(folder: Path, metric: str, rows: list[Row]) -> tuple[float, float]:
    """n and total of the metric over all days."""
    store = Store(folder)
    for table, kind in (("ticket", Ticket), ("satisfaction_response", SatisfactionResponse)):
        store.upsert(table, [row for row in rows if isinstance(row, kind)], fetched_at=DAY)
    found = store.snapshot().query(f"SELECT SUM(n) AS n, SUM(total) AS total FROM ({BY_NAME[metric].facts}) AS facts")
    (row,) = found.to_pylist()
    return float(row["n"] or 0), float(row["total"] or 0)


HOUR = timedelta(hours=1)
RESOLVED = {"status": "resolved", "resolved_at": DAY + HOUR, "first_resolved_at": DAY + HOUR}
NPS = {"instrument": "nps", "scale": (0, 10)}
CASES: list[tuple[str, str, list[Row], tuple[float, float]]] = [
    ("tickets", "one merged into another is counted there", [ticket("a"), ticket("b", status="merged")], (1, 1)),
    ("tickets", "every ticket counts", [ticket("a"), ticket("b", kind="request")], (2, 2)),
    ("incidents", "other kinds do not count", [ticket("a", kind="incident"), ticket("b", kind="request")], (1, 1)),
    ("requests", "other kinds do not count", [ticket("a", kind="incident"), ticket("b", kind="request")], (1, 1)),
    ("time_to_resolve", "the first resolution counts, not the last", [
        ticket("a", first_resolved_at=DAY + HOUR, resolved_at=DAY + 9 * HOUR, status="resolved")], (1, math.log(60))),
    ("time_to_resolve", "one still open counts as the cap", [ticket("a", status="open")], (1, math.log(7 * 1440))),
    ("time_to_resolve", "one resolved at an unknown time says nothing", [ticket("a", status="resolved")], (0, 0)),
    ("time_to_resolve", "a cancelled one says nothing", [ticket("a", **RESOLVED | {"status": "cancelled"})], (0, 0)),
    ("within_target", "unknown is neither kept nor missed", [
        ticket("a", within_target=True), ticket("b", within_target=False), ticket("c")], (2, 1)),
    ("first_assignment", "unknown is not first-assignment", [
        ticket("a", **RESOLVED, reassigned_count=0), ticket("b", **RESOLVED, reassigned_count=2),
        ticket("c", **RESOLVED)], (2, 1)),
    ("reopened", "only within fourteen days", [
        ticket("a", **RESOLVED, reopened_count=1, reopened_at=DAY + timedelta(days=13)),
        ticket("b", **RESOLVED, reopened_count=1, reopened_at=DAY + timedelta(days=20)),
        ticket("c", **RESOLVED, reopened_count=0), ticket("d", **RESOLVED)], (3, 1)),
    ("satisfaction", "an unanswered survey is no zero", [answer("a", 5), answer("b", 4), answer("c", None)], (2, 9)),
    ("satisfaction", "where 1 is best, 1 reads as 5", [answer("a", 1, scale=(1, 4), better="low")], (1, 5)),
    ("satisfaction", "NPS answers are not mixed in", [answer("a", 5), answer("b", 9, **NPS)], (1, 5)),
    ("csat", "the top two boxes", [answer(k, s) for k, s in zip("abc", (5, 4, 3), strict=True)], (3, 2)),
    ("csat", "where 1 is best, the two lowest", [
        answer(k, s, scale=(1, 4), better="low") for k, s in zip("abc", (1, 2, 3), strict=True)], (3, 2)),
    ("csat", "of good or bad, good only", [answer(k, s, scale=(0, 1)) for k, s in zip("abc", (1, 0, 1), strict=True)],
        (3, 2)),
    ("csat", "of three answers, the best only", [
        answer(k, s, scale=(1, 3), better="low") for k, s in zip("abc", (1, 2, 3), strict=True)], (3, 1)),
    ("nps", "promoters minus detractors, blanks are neither", [
        answer("a", 9, **NPS), answer("b", 8, **NPS), answer("c", 6, **NPS), answer("d", 10, **NPS),
        answer("e", None, **NPS)], (4, 100)),
    ("response_rate", "answered of those asked", [
        answer("a", 4, asked_at=DAY), answer("b", None, asked_at=DAY), answer("c", 5)], (2, 1)),
    ("lost_time", "only what was reported, and no more than a week's work", [
        answer("a", None, instrument="lost_time", lost_minutes=30.0, answered_at=DAY),
        answer("b", 4, lost_minutes=9_000.0), answer("c", 4), answer("d", 4, lost_minutes=-5.0)], (2, 30 + 2400)),
    ("self_service", "only where the channel is known", [
        ticket("a", channel="portal", channel_raw="Portal"), ticket("b", channel="phone", channel_raw="Phone"),
        ticket("c", channel="chat", channel_raw="Chat"), ticket("d")], (3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "promise", "rows", "expected"), CASES, ids=[f"{name}: {promise}" for name, promise, *_ in CASES]
)
def test_a_metric_counts_what_it_says(
    tmp_path: Path, metric: str, promise: str, rows: list[Row], expected: tuple[float, float]
) -> None:
    assert summed(tmp_path, metric, rows) == pytest.approx(expected)


def test_every_metric_has_a_case_and_the_board_has_five_strips_in_order() -> None:
    assert {name for name, *_ in CASES} == {metric.name for metric in METRICS}
    assert [m.name for m in BOARD] == ["tickets", "time_to_resolve", "satisfaction", "reopened", "self_service"]


def test_an_answer_takes_the_service_of_its_ticket(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.upsert("ticket", [ticket("a")], fetched_at=DAY)
    row = SatisfactionResponse(
        id="r", source="desk", source_key="r", scale_min=1, scale_max=5, score_raw=5, score_ratio=1.0,
        answered_at=DAY, ticket_id="a",
    )  # fmt: skip
    store.upsert("satisfaction_response", [row], fetched_at=DAY)
    store.refresh_facts()
    found = store.snapshot().query("SELECT service_id FROM daily_fact WHERE metric = 'csat'")
    assert found["service_id"].to_pylist() == ["mail"]
