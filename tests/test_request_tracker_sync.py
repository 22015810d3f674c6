"""What changes in a real Request Tracker and what it refuses, as the connector sees it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impact.model import (
    Change,
    Milestone,
    SatisfactionResponse,
    SourceRefused,
    Ticket,
)
from tests import rt_server
from tests.rt_reads import CONNECTOR, Read, at, gone, read, settings
from tests.rt_seed import ENDED, Plan
from tests.rt_server import RtServer

pytestmark = pytest.mark.skipif(
    bool(rt_server.why_not()) and not os.environ.get("CI"), reason=rt_server.why_not() or "installed"
)


# What changes is seen, and only that


def test_a_ticket_that_changed_is_exactly_what_the_next_pass_brings(rt_living: tuple[RtServer, Plan]) -> None:
    rt, plan = rt_living
    own = settings(rt, overlap_minutes=0, start="2026-02-01")
    first = read(own, "tickets")
    record = next(r for r in plan.tickets if r.statuses and r.statuses[-1][1] == "resolved" and len(r.statuses) == 1)
    rt.ask("PUT", f"ticket/{record.id}", json={"Status": "open"})
    second = read(own, "tickets", first.bookmark)
    assert second.keys == [record.id]
    row = second.of(Ticket)[record.id]
    assert (row.status, row.reopened_count, row.resolved_at) == ("open", 1, None)
    assert row.first_resolved_at == at(record.statuses[0][0])
    assert row.reopened_at >= first.bookmark


def test_the_overlap_reads_what_was_read_a_little_before_again(rt_living: tuple[RtServer, Plan]) -> None:
    rt, plan = rt_living
    own = settings(rt, overlap_minutes=10, start="2026-02-01")
    record = next(r for r in plan.tickets if not r.statuses and not gone(r))
    rt.ask("PUT", f"ticket/{record.id}", json={"Priority": "90"})
    first = read(own, "tickets")
    again = read(own, "tickets", first.bookmark)
    assert record.id in again.keys
    assert len(again.keys) < 10


def test_deleted_and_merged_tickets_are_told_in_the_next_pass(rt_living: tuple[RtServer, Plan]) -> None:
    rt, plan = rt_living
    own = settings(rt, overlap_minutes=0, start="2026-02-01")
    first = read(own, "tickets")
    deleted, merged, target = [r.id for r in plan.tickets if r.statuses and r.statuses[-1][1] == "resolved"][5:8]
    rt.ask("PUT", f"ticket/{deleted}", json={"Status": "deleted"})
    rt.ask("PUT", f"ticket/{merged}", json={"MergeInto": target})
    rows = read(own, "tickets", first.bookmark).of(Ticket)
    told = {key: (rows[key].status, rows[key].status_raw) for key in (deleted, merged, target)}
    assert told == {  # what earlier tests changed in the same second may come too
        deleted: ("cancelled", "deleted"),
        merged: ("merged", "merged"),
        target: ("resolved", "resolved"),
    }


def test_a_change_and_a_milestone_that_changed_are_seen(rt_living: tuple[RtServer, Plan]) -> None:
    rt, plan = rt_living
    own = settings(rt, overlap_minutes=0, start="2026-02-01")
    changes, milestones = read(own, "changes"), read(own, "milestones")
    change = next(r for r in plan.changes if r.statuses and r.statuses[-1][1] == "deployed")
    task = next(t for t in plan.tasks if (plan.changes[t.parent or 0] is change and not t.statuses) or t.parent == 43)
    rt.ask("PUT", f"ticket/{change.id}", json={"Status": "rolled_back"})
    rt.ask("PUT", f"ticket/{task.id}", json={"Subject": "Train everybody"})
    seen = read(own, "changes", changes.bookmark)
    assert seen.keys == [change.id]
    row = seen.of(Change)[change.id]
    assert (row.status, row.outcome) == ("rolled_back", "failed")
    assert row.rollout_end_at == at(change.statuses[-1][0])  # the first end of the rollout stays
    assert read(own, "milestones", milestones.bookmark).of(Milestone)[task.id].title == "Train everybody"


def test_milestones_of_open_changes_are_read_in_every_pass(rt: RtServer, rt_plan: Plan) -> None:
    still_open = {n for n, r in enumerate(rt_plan.changes) if not r.statuses or r.statuses[-1][1] not in ENDED}
    expected = sorted(task.id for task in rt_plan.tasks if task.parent in still_open)
    assert expected
    assert sorted(set(read(settings(rt), "milestones", datetime.now(UTC)).keys)) == expected


def test_a_child_ticket_of_a_change_is_no_contact_of_a_customer(rt_living: tuple[RtServer, Plan]) -> None:
    rt, plan = rt_living
    body = {"Queue": "Network", "Subject": "Tell the network team", "MemberOf": plan.changes[0].id}
    number = str(rt.ask("POST", "ticket", json=body)["id"])
    own, since = settings(rt), datetime.now(UTC) - timedelta(minutes=5)
    assert number in read(own, "tickets", since).keys
    assert number not in read(own, "tickets", since).of(Ticket)
    assert read(own, "milestones", since).of(Milestone)[number].change_id == f"rt:change:{plan.changes[0].id}"


# What is refused, and what is said about it


@pytest.mark.parametrize(
    "wrong",
    [{"token": "1-14-0000000000"}, {"token": "", "username": "reader", "password": "wrong"}],
    ids=["token", "password"],
)
def test_wrong_credentials_are_refused(rt: RtServer, wrong: dict[str, str]) -> None:
    with pytest.raises(SourceRefused, match="answered 401"):
        read(settings(rt, **wrong), "tickets")


def test_a_name_and_password_do_as_well_as_a_token(rt: RtServer) -> None:
    own = settings(rt, token="", username="reader", password=rt.passwords["reader"])
    assert len(read(own, "changes").keys) == 44


@pytest.mark.parametrize(("user", "queues"), [("outsider", ["Changes"]), ("reader", ["Chnages"])])
def test_a_queue_that_is_not_seen_is_refused_and_named(rt: RtServer, user: str, queues: list[str]) -> None:
    with pytest.raises(SourceRefused, match=f"The queue '{queues[0]}' is not seen"):
        read(settings(rt, user, change_queues=queues), "changes")


def test_check_tells_what_is_found(rt: RtServer) -> None:
    own = settings(rt)
    said = list(CONNECTOR.check(CONNECTOR.open(own), own))
    assert said[0].startswith("signed in to Request Tracker 5.")
    assert "dates in queries are read as UTC, as a ticket proves" in said
    assert "5 queues are visible: Change Tasks, Changes, Network, Service Desk, Workplace" in said
    assert "44 changes" in said
    assert "1,522 tickets" in said
    assert "custom fields of a ticket: CSAT, Channel, Service" in said
    assert [sentence for sentence in said if sentence.startswith("PROBLEM")] == []


@pytest.mark.parametrize(
    ("user", "more", "expected"),
    [
        ("fieldless", {}, "PROBLEM no custom field of a ticket is visible: either none applies to its queues, or the"),
        ("reader", {"fields": {"ticket": {"csat": "Stars"}}}, "PROBLEM fields.ticket.csat = 'Stars' is not among"),
        ("reader", {"change_queues": []}, "PROBLEM change_queues is empty: no change and no milestone is read."),
        (
            "reader",
            {"values": {"change_status": {"planned": ["deployed"]}}},
            "PROBLEM the status 'deployed' ends a ticket in Request Tracker, but values.change_status has it as open.",
        ),
        ("traveller", {}, "dates in queries are read -5 h from UTC, the zone of the user that reads;"),
    ],
    ids=["no right to see fields", "a field that does not exist", "no change queue", "a wrong word", "another zone"],
)
def test_check_tells_what_is_missing(rt: RtServer, user: str, more: dict[str, Any], expected: str) -> None:
    own = settings(rt, user, **more)
    said = list(CONNECTOR.check(CONNECTOR.open(own), own))
    assert any(sentence.startswith(expected) for sentence in said), said


def test_without_the_right_to_see_fields_tickets_still_arrive(rt: RtServer, rt_tickets: Read) -> None:
    found = read(settings(rt, "fieldless", start="2025-11-01"), "tickets")
    assert len(found.keys) > 100
    assert set(found.keys) < set(rt_tickets.keys)
    assert found.of(SatisfactionResponse) == {}
    assert {row.service_id for row in found.of(Ticket).values()} == {None}
