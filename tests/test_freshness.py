"""What the data page reads from the store: counts, dates, links, orphans, rejected records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact import freshness
from impact.freshness import Link, Missing, Orphan, Stored
from impact.model import Change, ChangeService, Milestone, Rejected, SatisfactionResponse, Service, Ticket
from impact.store import RawRecord, Store

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)


def own(table: str, key: str) -> dict[str, Any]:
    """Id, source and key of a row."""
    return {"id": f"itsm:{table}:{key}", "source": "itsm", "source_key": key}


def ticket(key: str, **other: Any) -> Ticket:
    """A ticket opened on the first of September."""
    return Ticket(**own("ticket", key), number=key, **{"opened_at": AT, **other})


def answer(key: str, **other: Any) -> SatisfactionResponse:
    """A survey sent on the first of September."""
    return SatisfactionResponse(
        **own("satisfaction_response", key), scale_min=1, scale_max=5, **{"asked_at": AT, **other}
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three tickets, two changes, three surveys, and links that lead nowhere."""
    store = Store(tmp_path)
    vpn, mail = "itsm:service:vpn", "itsm:service:mail"
    rows = {
        "service": [Service(**own("service", "vpn"), name="VPN"), Service(**own("service", "mail"), name="Mail")],
        "change": [
            Change(**own("change", "1"), number="1", title="A", status="done", rollout_start_at=AT),
            Change(**own("change", "2"), number="2", title="B", status="done"),
        ],
        "change_service": [
            ChangeService(**own("change_service", "1"), change_id="itsm:change:1", service_id=vpn),
            ChangeService(**own("change_service", "2"), change_id="itsm:change:1", service_id=mail),
        ],
        "milestone": [
            Milestone(**own("milestone", "1"), change_id="itsm:change:2", title="Tell", due_on=date(2026, 8, 1))
        ],
        "ticket": [
            ticket("a", service_id=vpn, channel="portal", channel_raw="Portal", caused_by_change_id="itsm:change:1"),
            ticket("b", service_id=vpn, change_ids=("itsm:change:7", "itsm:change:8"), resolved_at=AT, status="closed"),
            ticket("c", opened_at=datetime(2026, 9, 20, tzinfo=UTC), caused_by_change_id="itsm:change:7"),
        ],
        "satisfaction_response": [
            answer("x", answered_at=AT, score_raw=4, ticket_id="itsm:ticket:a"),
            answer("y", answered_at=AT, score_raw=2, ticket_id="itsm:ticket:gone"),
            answer("z"),
        ],
    }
    for table, found in rows.items():
        store.upsert(table, found, fetched_at=AT)
    return store


def test_every_table_with_rows_says_how_many_and_from_when_to_when(store: Store) -> None:
    assert freshness.stored(store.snapshot()) == (
        Stored("ticket", 3, date(2026, 9, 1), date(2026, 9, 20)),
        Stored("satisfaction_response", 3, date(2026, 9, 1), date(2026, 9, 1)),
        Stored("change", 2, date(2026, 9, 1), date(2026, 9, 1)),
        Stored("service", 2, None, None),
        Stored("change_service", 2, None, None),
        Stored("milestone", 1, date(2026, 8, 1), date(2026, 8, 1)),
    )


@pytest.mark.parametrize(
    ("name", "linked", "total"),
    [
        ("ticket_service", 2, 3),
        ("ticket_resolved", 1, 1),
        ("ticket_channel", 1, 3),
        ("ticket_change", 1, 3),
        ("change_service", 1, 2),
        ("change_rollout", 1, 2),
        ("change_milestone", 1, 2),
        ("answer_ticket", 1, 2),
        ("answer_service", 1, 2),
        ("survey_answered", 2, 3),
    ],
)
def test_links_count_what_is_there_and_what_is_not(store: Store, name: str, linked: int, total: int) -> None:
    assert freshness.look(store.snapshot()).link(name) == Link(name, linked, total)


def test_changes_that_only_tickets_know_are_listed_the_most_named_first(store: Store) -> None:
    assert freshness.orphans(store.snapshot()) == (Orphan("7", 2), Orphan("8", 1))


def test_what_a_source_no_longer_lists_is_counted_by_table_with_its_first_day(store: Store) -> None:
    for key in ("a", "b", "c"):
        store.append_raw("itsm", "tickets", [RawRecord(key, None, {"no": key})], fetched_at=AT)
    later = AT + timedelta(days=1)
    store.mark_missing("ticket", "itsm", "tickets", [["a", "b"]], at=AT)
    store.mark_missing("ticket", "itsm", "tickets", [["a"]], at=later)
    assert freshness.missing(store.snapshot()) == (Missing("itsm", "ticket", 2, AT),)
    assert freshness.look(store.snapshot()).rows("ticket") == 3


def test_an_empty_store_holds_nothing_and_no_link_reads_as_zero(tmp_path: Path) -> None:
    held = freshness.look(Store(tmp_path).snapshot())
    assert (held.stored, held.links, held.orphans, held.rejected_count, held.rejected) == ((), (), (), 0, ())
    assert Link("ticket_service", 0, 0).ratio is None


def test_rejected_records_keep_their_place_and_reason(store: Store) -> None:
    broken = Rejected("7", "day 32 does not exist", column="opened", value="32.01.2026", place="log.csv line 8")
    store.reject("log", "tickets", [broken], at=AT)
    found = freshness.rejected(store.snapshot())
    assert [(r.place, r.column, r.value, r.reason) for r in found] == [
        ("log.csv line 8", "opened", "32.01.2026", "day 32 does not exist")
    ]
    assert freshness.rejected_reasons(store.snapshot()) == (("log", "tickets", "opened", 1),)


def test_of_many_rejected_records_the_page_shows_some_and_the_file_has_all(store: Store) -> None:
    store.reject("log", "tickets", [Rejected(str(n), "no date") for n in range(60)], at=AT)
    held = freshness.look(store.snapshot())
    assert (held.rejected_count, len(held.rejected)) == (60, freshness.SHOWN_REJECTED)
    file = freshness.as_csv(freshness.rejected(store.snapshot(), most=None))
    assert len(file.splitlines()) == 61


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_rejected_value_is_never_a_formula_in_the_file(store: Store, value: str) -> None:
    store.reject("log", "tickets", [Rejected("7", "odd", column="title", value=value)], at=AT)
    row = freshness.as_csv(freshness.rejected(store.snapshot())).splitlines()[1]
    assert f",'{value}," in row
