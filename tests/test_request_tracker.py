"""The connector's rows against the plan that was carried out in a real Request Tracker."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from impact.milestones import classified
from impact.model import (
    Change,
    ChangeService,
    Milestone,
    Rejected,
    Row,
    SatisfactionResponse,
    Segment,
    Team,
    Ticket,
)
from impact.people import hide_people
from tests import rt_cached, rt_server
from tests.passes import swept
from tests.rt_reads import CONNECTOR, STREAMS, Read, at, gone, read, settings
from tests.rt_seed import ALL, DESKS, Plan
from tests.rt_server import RtServer

pytestmark = pytest.mark.skipif(
    bool(rt_server.why_not()) and not os.environ.get("CI"), reason=rt_server.why_not() or "installed"
)
SAME_STAMP = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


# Everything that is there arrives, as it is


def test_every_ticket_arrives_once_but_for_merged_and_deleted_ones(rt_tickets: Read, rt_plan: Plan) -> None:
    expected = sorted(record.id for record in rt_plan.tickets if not gone(record))
    assert len(expected) == 1522
    assert sorted(rt_tickets.keys) == expected
    assert [row for row in rt_tickets.rows if isinstance(row, Rejected)] == []


def test_tickets_have_the_dates_and_reopenings_that_they_had(rt_tickets: Read, rt_plan: Plan) -> None:
    rows = rt_tickets.of(Ticket)
    found, expected = {}, {}
    for record in rt_plan.tickets:
        if gone(record):
            continue
        row = rows[record.id]
        found[record.id] = (row.opened_at, row.first_resolved_at, row.resolved_at, row.reopened_at, row.reopened_count)
        solved = [at(when) for when, status in record.statuses if status == "resolved"]
        back = [at(when) for when, status in record.statuses if status == "open"]
        last = record.statuses[-1][1] if record.statuses else "new"
        resolved = solved[-1] if last == "resolved" else None
        first = solved[0] if solved and (back or resolved) else None
        expected[record.id] = (at(record.created), first, resolved, back[0] if back else None, len(back))
    assert found == expected
    assert sum(row.reopened_count for row in rows.values()) > 50
    assert sum(row.resolved_at is None for row in rows.values()) > 100


def test_tickets_have_their_status_priority_channel_service_and_team(rt_tickets: Read, rt_plan: Plan) -> None:
    words = {"new": "open", "open": "open", "resolved": "resolved", "rejected": "cancelled"}
    channels = {"Phone": "phone", "E-Mail": "mail", "Portal": "portal", "Chat": "chat", "Walk-in": "walk_in"}
    rows = rt_tickets.of(Ticket)
    for record in (r for r in rt_plan.tickets if not gone(r)):
        row, fields = rows[record.id], record.body["CustomFields"]
        last = record.statuses[-1][1] if record.statuses else "new"
        assert (row.status, row.status_raw) == (words[last], last)
        assert (row.priority, row.priority_raw) == (
            {"0": 5, "50": 3, "100": 1}[record.body["Priority"]],
            record.body["Priority"],
        )
        assert (row.channel, row.channel_raw) == (channels.get(fields["Channel"], "other"), fields["Channel"])
        assert row.service_id == (f"rt:service:{fields['Service'].casefold()}" if "Service" in fields else None)
    moved = [r for r in rt_plan.tickets if any("Queue" in body for _, body in r.steps) and not gone(r)]
    assert moved
    assert {rows[r.id].reassigned_count for r in moved} == {1}


def test_answers_to_the_survey_have_their_score_and_day(rt_tickets: Read, rt_plan: Plan) -> None:
    expected = {
        record.id: (float(body["CustomFields"]["CSAT"]), at(when))
        for record in rt_plan.tickets
        for when, body in record.steps
        if "CustomFields" in body and not gone(record)
    }
    rows = rt_tickets.of(SatisfactionResponse)
    assert len(expected) > 400
    assert {key: (row.score_raw, row.answered_at) for key, row in rows.items()} == expected
    assert {row.score_ratio for row in rows.values()} == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_links_from_tickets_to_changes_arrive(rt_tickets: Read, rt_plan: Plan) -> None:
    expected = {}
    for record in (r for r in rt_plan.tickets if not gone(r)):
        place = record.refers_to if record.refers_to is not None else record.depends_on
        if place is not None:
            expected[record.id] = f"rt:change:{rt_plan.changes[place].id}"
    found = {key: row.caused_by_change_id for key, row in rt_tickets.of(Ticket).items() if row.caused_by_change_id}
    assert found == expected
    assert len(found) > 30


def test_changes_have_their_words_and_planned_dates(rt: RtServer, rt_plan: Plan) -> None:
    found = read(settings(rt), "changes")
    rows = found.of(Change)
    assert sorted(rows) == sorted(record.id for record in rt_plan.changes)
    assert len(rows) == 44
    words = {
        "requested": ("planned", "unknown"),
        "approved": ("planned", "unknown"),
        "deployed": ("done", "successful"),
        "failed": ("done", "failed"),
        "rolled_back": ("rolled_back", "failed"),
        "cancelled": ("cancelled", "unknown"),
    }
    kinds = {"Standard": "standard", "Normal": "normal", "Emergency": "emergency", "Wild guess": "other"}
    for record in rt_plan.changes:
        row, fields = rows[record.id], record.body["CustomFields"]
        last = record.statuses[-1][1] if record.statuses else "requested"
        assert (row.status, row.outcome, row.status_raw) == (*words[last], last)
        assert (row.kind, row.kind_raw) == (kinds[fields["Change Type"]], fields["Change Type"])
        assert (row.risk, row.planned_cost) == (fields["Risk"].lower(), float(fields["Planned Cost"]))
        assert row.planned_start_at == datetime.fromisoformat(record.body["Starts"])
        assert row.planned_end_at == datetime.fromisoformat(record.body["Due"])
        assert row.title == record.body["Subject"]
    links = {(row.change_id, row.service_id) for row in found.of(ChangeService).values()}
    assert links == {
        (f"rt:change:{r.id}", f"rt:service:{r.body['CustomFields']['Service'].casefold()}") for r in rt_plan.changes
    }


def test_a_rollout_begins_in_progress_and_ends_deployed_failed_or_rolled_back(rt: RtServer, rt_plan: Plan) -> None:
    found = {
        key: (row.rollout_start_at, row.rollout_end_at) for key, row in read(settings(rt), "changes").of(Change).items()
    }
    expected = {}
    for record in rt_plan.changes:
        entered = {status: at(when) for when, status in record.statuses}
        end = next((entered[word] for word in ("deployed", "failed", "rolled_back") if word in entered), None)
        expected[record.id] = (entered.get("in_progress"), end)
    assert found == expected
    assert sum(start is None for start, _ in found.values()) == 8  # cancelled, approved and requested ones


def test_child_tickets_of_changes_are_milestones_with_planned_and_actual_days(rt: RtServer, rt_plan: Plan) -> None:
    rows = read(settings(rt), "milestones").of(Milestone)
    assert sorted(rows) == sorted(record.id for record in rt_plan.tasks)
    kinds = {
        "Write": ("design", "design"),
        "Train": ("training", "business"),
        "Announce": ("communication", "business"),
        "Review": ("review", "review"),
    }
    for record in rt_plan.tasks:
        row = rows[record.id]
        assert row.change_id == f"rt:change:{rt_plan.changes[record.parent or 0].id}"
        assert row.due_on == datetime.fromisoformat(record.body["Due"]).date()
        assert row.planned_start_on == datetime.fromisoformat(record.body["Starts"]).date()
        done = [when.date() for when, status in record.statuses if status == "resolved"]
        assert (row.status, row.done_on) == (
            ("done", done[0]) if done else ("cancelled" if record.statuses else "open", None)
        )
        sorted_by_title = classified(row.title, row.kind_raw, row.kind, row.end)
        assert (row.kind, row.end) == ("other", "other")
        assert (sorted_by_title.kind, sorted_by_title.end) == kinds[record.body["Subject"].split()[0]]


def test_queues_are_teams(rt: RtServer) -> None:
    assert sorted(row.name for row in read(settings(rt), "teams").of(Team).values()) == sorted(ALL)


def test_rows_agree_with_what_the_server_says_about_single_tickets(rt: RtServer, rt_tickets: Read) -> None:
    rows = rt_tickets.of(Ticket)
    for key in sorted(rows)[::120]:
        said = rt.ask("GET", f"ticket/{key}")
        row = rows[key]
        fields = {field["name"]: field["values"] for field in said["CustomFields"]}
        assert row.opened_at == datetime.fromisoformat(said["Created"])
        assert row.source_updated_at == datetime.fromisoformat(said["LastUpdated"])
        assert (row.status_raw, row.priority_raw) == (said["Status"], said["Priority"])
        assert row.team_id == f"rt:team:{said['Queue']['id']}"
        assert row.channel_raw == fields["Channel"][0]
        if said["Status"] == "resolved":
            assert row.resolved_at == datetime.fromisoformat(said["Resolved"])


def test_counts_agree_with_what_the_server_says(rt: RtServer, rt_tickets: Read) -> None:
    for queue in DESKS:
        total = rt.ask("GET", "tickets", params={"query": f"Queue = '{queue}'", "per_page": 1})["total"]
        number = next(
            q["id"] for q in rt.ask("GET", "queues/all", params={"fields": "Name"})["items"] if q["Name"] == queue
        )
        assert sum(row.team_id == f"rt:team:{number}" for row in rt_tickets.of(Ticket).values()) == total
    assert rt_tickets.pages[0].total == len(rt_tickets.keys)


def test_people_are_only_where_they_are_hashed(rt: RtServer, rt_tickets: Read) -> None:
    stream = STREAMS["tickets"]
    plain = [record for page in rt_tickets.pages for record in page.records]
    assert "@desk.example" in str(plain)
    hidden = [hide_people(record, stream.people_paths(settings(rt)), b"key") for record in plain]
    assert "@desk.example" not in str(hidden)
    assert len({record["Requestor"][0]["id"] for record in hidden}) == 60
    changes = [r for page in read(settings(rt), "changes").pages for r in page.records]
    assert "Dana" in str(changes)
    assert "Dana" not in str([hide_people(r, STREAMS["changes"].people_paths(None), b"key") for r in changes])


def test_who_asked_can_be_left_out(rt: RtServer) -> None:
    found = read(settings(rt, requestors=False, start="2025-12-01"), "tickets")
    assert found.keys
    assert "@desk.example" not in str(found.pages)
    assert {row.person_key for row in found.of(Ticket).values()} == {None}


def test_the_organisation_of_who_asked_can_be_a_segment(rt: RtServer) -> None:
    own = settings(rt, fields={"ticket": {"department": "Requestor.Organization"}}, start="2025-11-01")
    found = read(own, "tickets")
    departments = {row.name: row.id for row in found.of(Segment).values()}
    assert sorted(departments) == ["Finance", "Human Resources", "Production", "Research", "Sales"]
    assert {row.dimension for row in found.of(Segment).values()} == {"department"}
    named = {number for row in found.of(Ticket).values() for number in row.segment_ids}
    assert named == set(departments.values())
    assert all(row.segment_ids for row in found.of(Ticket).values())


def test_without_history_reopenings_are_unknown_and_never_zero(rt: RtServer) -> None:
    rows = read(settings(rt, history=False, start="2025-10-01"), "tickets").of(Ticket)
    assert {(row.reopened_count, row.reopened_at, row.reassigned_count) for row in rows.values()} == {
        (None, None, None)
    }
    assert any(row.first_resolved_at for row in rows.values())


# However it is asked


@pytest.mark.parametrize("user", ["traveller", "londoner", "root"])
def test_the_time_zone_and_powers_of_the_user_that_reads_do_not_matter_for_tickets(
    rt: RtServer, rt_tickets: Read, user: str
) -> None:
    since = datetime(2025, 8, 20, 1, 30, tzinfo=UTC)  # clocks change on the way to the newest
    theirs = read(settings(rt, user), "tickets", since)
    expected = {key: row for key, row in rt_tickets.of(Ticket).items() if row.source_updated_at >= since}
    assert {key: row for key, row in theirs.of(Ticket).items() if row.status_raw != "merged"} == expected
    assert 200 < len(expected) < 800


@pytest.mark.parametrize("user", ["traveller", "londoner", "root"])
@pytest.mark.parametrize("since", [None, datetime(2025, 8, 20, 1, 30, tzinfo=UTC)], ids=["first", "later"])
@pytest.mark.parametrize("stream", ["changes", "milestones"])
def test_the_time_zone_and_powers_of_the_user_that_reads_do_not_matter_for_changes(
    rt: RtServer, user: str, stream: str, since: datetime | None
) -> None:
    mine, theirs = read(settings(rt), stream, since), read(settings(rt, user), stream, since)
    assert theirs.rows
    assert {row.id: row for row in theirs.rows if isinstance(row, Row)} == {
        row.id: row for row in mine.rows if isinstance(row, Row)
    }


def test_the_same_text_in_a_query_really_means_other_instants_for_other_users(rt: RtServer) -> None:
    newest = {"query": "id > 0", "fields": "LastUpdated", "orderby": "LastUpdated", "order": "DESC", "per_page": 1}
    ticket = rt.ask("GET", "tickets", params=newest)["items"][0]
    text = ticket["LastUpdated"].replace("T", " ").rstrip("Z")
    asked = {"query": f"id = {ticket['id']} AND LastUpdated >= '{text}' AND LastUpdated <= '{text}'"}
    totals = [rt.ask("GET", "tickets", user=user, params=asked)["total"] for user in ("reader", "traveller")]
    assert totals == [1, 0]


def test_the_size_of_pages_does_not_matter(rt: RtServer, rt_tickets: Read) -> None:
    start = datetime(2025, 10, 1, tzinfo=UTC)
    expected = {key for key, row in rt_tickets.of(Ticket).items() if row.source_updated_at >= start}
    found = read(settings(rt, page_size=37, start="2025-10-01"), "tickets")
    assert sorted(found.keys) == sorted(expected)
    assert len(expected) > 5 * 37


def test_more_tickets_with_one_update_stamp_than_fit_on_a_page_all_arrive(rt_tickets: Read) -> None:
    def same_stamp(database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE Tickets SET LastUpdated = '2026-01-15 12:00:00' WHERE id % 8 = 0")

    expected = {key for key in rt_tickets.keys if int(key) % 8 == 0}
    with rt_cached.seeded(same_stamp) as (changed, _):
        found = read(settings(changed, page_size=25, start="2026-01-15"), "tickets")
        again = read(settings(changed, page_size=25), "tickets", SAME_STAMP)
    assert len(expected) > 150
    assert {r["id"] for p in found.pages for r in p.records if r["LastUpdated"] == "2026-01-15T12:00:00Z"} == expected
    assert expected <= set(again.keys)
    assert len(found.keys) == len(set(found.keys))


def test_bookmarks_only_move_forward_and_nothing_before_them_is_missing(rt: RtServer, rt_tickets: Read) -> None:
    bookmarks = [page.bookmark for page in rt_tickets.pages if page.bookmark]
    assert len(bookmarks) > 5
    assert bookmarks == sorted(bookmarks)
    later = bookmarks[len(bookmarks) * 3 // 4]
    stored = {r["id"] for page in rt_tickets.pages[: len(bookmarks) * 3 // 4 + 1] for r in page.records}
    assert stored | set(read(settings(rt), "tickets", later).keys) == set(rt_tickets.keys)


def test_a_sweep_names_every_ticket_but_deleted_and_merged_ones(rt: RtServer, rt_plan: Plan) -> None:
    own = settings(rt, page_size=37)
    expected = sorted(record.id for record in rt_plan.tickets if not gone(record))
    assert sorted(swept(CONNECTOR, own, "tickets")) == expected
    assert sorted(swept(CONNECTOR, own, "milestones")) == sorted(record.id for record in rt_plan.tasks)
    assert sorted(swept(CONNECTOR, own, "changes")) == sorted(record.id for record in rt_plan.changes)
