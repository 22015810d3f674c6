"""From stored rows to the plan of a change: milestones sorted by their words, groups of customers, neighbours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact import analysis
from impact.model import Change, ChangeSegment, ChangeService, Milestone, Row, Segment, Service
from impact.portfolio import ChangeView, Portfolio, SegmentLink
from impact.sections import MilestoneRule
from impact.settings import Reporting
from impact.store import Store

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RULES = (MilestoneRule(("roadshow",), "communication", "business"),)


def row(of: type[Row], table: str, key: str, /, **values: Any) -> Any:
    return of(id=f"desk:{table}:{key}", source="desk", source_key=key, **values)


def change(key: str, start: int, **values: Any) -> Any:
    """A change on mail that went live ``start`` days from TODAY."""
    at = datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(days=start)
    return row(Change, "change", key, number=key, title=f"Change {key}", rollout_start_at=at, status="done", **values)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    store = Store(tmp_path_factory.mktemp("data"))
    mail = {"service_id": "desk:service:mail"}
    steps = (("Roadshow in the branches", "other", -20), ("Lastenheft", "other", -90), ("Wave 1", "training", -14))
    tables: dict[str, list[Row]] = {
        "change": [change("A", -30), change("B", -10, rollout_end_at=datetime(2026, 11, 16, 18, tzinfo=UTC))],
        "service": [row(Service, "service", "mail", name="Mail")],
        "change_service": [
            row(ChangeService, "change_service", key, change_id=f"desk:change:{key}", **mail) for key in "AB"
        ],
        "segment": [row(Segment, "segment", "north", name="Branches north", dimension="location")],
        "change_segment": [
            row(ChangeSegment, "change_segment", "1", change_id="desk:change:A", segment_id="desk:segment:north",
                rollout_on=date(2026, 10, 26)),
            row(ChangeSegment, "change_segment", "2", change_id="desk:change:A", segment_id="desk:segment:gone"),
        ],
        "milestone": [
            row(Milestone, "milestone", title, change_id="desk:change:A", title=title, kind=kind,
                due_on=TODAY + timedelta(days=due), status="open")
            for title, kind, due in steps
        ],
    }  # fmt: skip
    for table, rows in tables.items():
        store.upsert(table, rows, fetched_at=NOW)
    store.refresh_facts()
    snapshot = store.snapshot()
    given = analysis.gather(snapshot, Reporting())
    return analysis.portfolio(snapshot, given, today=TODAY, version="1", rules=RULES)


def found(seen: Portfolio, number: str) -> ChangeView:
    view = seen.change(number)
    assert view is not None
    return view


def test_milestones_of_any_source_are_sorted_by_configured_rules_and_then_by_built_in_words(seen: Portfolio) -> None:
    told = {m.title: (m.kind, m.end, m.by_rule) for m in found(seen, "A").milestones}
    assert told == {
        "Roadshow in the branches": ("communication", "business", True),
        "Lastenheft": ("requirement", "design", True),
        "Wave 1": ("training", "business", False),
    }


def test_readiness_counts_what_rules_have_sorted(seen: Portfolio) -> None:
    view = found(seen, "A")
    assert (view.design.total, view.business.total) == (1, 2)
    assert view.business.missing == ("Roadshow in the branches", "Wave 1")


def test_the_groups_a_change_touches_are_named_with_their_own_rollout_day(seen: Portfolio) -> None:
    assert found(seen, "A").segments == (
        SegmentLink("desk:segment:north", "Branches north", "location", "affected", "source", date(2026, 10, 26)),
        SegmentLink("desk:segment:gone", "gone", "other", "affected", "source", None),
    )
    assert found(seen, "B").segments == ()


def test_a_neighbour_that_took_days_tells_its_last_one(tmp_path: Path, seen: Portfolio) -> None:
    near = found(seen, "A").neighbours
    assert [(n.number, n.rollout_on, n.services) for n in near] == [("B", TODAY - timedelta(days=10), ("Mail",))]
