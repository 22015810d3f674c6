"""The connector's rows against what a real Redmine itself answers and the plan that was carried out in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from impact.milestones import classified
from impact.model import Change, ChangeService, Milestone, Rejected, SatisfactionResponse, Segment, Team, Ticket
from tests import redmine_server
from tests.redmine_reads import CONNECTOR, HISTORIES_FROM, Plan, Read, read, settings
from tests.redmine_seed import DESKS, GROUPS, text
from tests.redmine_server import RedmineServer

pytestmark = pytest.mark.skipif(
    bool(redmine_server.why_not()) and not os.environ.get("CI"), reason=redmine_server.why_not() or "installed"
)
STATUS = {
    "New": "open",
    "In Progress": "open",
    "Parked": "open",  # nobody knows the word; Redmine itself says that it is open
    "Resolved": "resolved",
    "Closed": "closed",
    "Rejected": "cancelled",
}


@cache
def own_answers(server: RedmineServer, tracker: str) -> dict[str, dict[str, Any]]:
    """All issues of a tracker as the server lists them, by id, read by plain offsets."""
    trackers = server.ask("GET", "trackers.json")["trackers"]
    number = next(t["id"] for t in trackers if t["name"] == tracker)
    found: dict[str, dict[str, Any]] = {}
    for offset in range(0, 10_000, 100):
        asked = {"tracker_id": number, "status_id": "*", "limit": 100, "offset": offset, "sort": "id"}
        page = server.ask("GET", "issues.json", user="reader", params=asked)
        found |= {str(issue["id"]): issue for issue in page["issues"]}
        if not page["issues"]:
            assert len(found) == page["total_count"]
            return found
    raise AssertionError("it never ends")


def at(instant: str | None) -> datetime | None:
    return datetime.fromisoformat(instant) if instant else None


def custom(issue: Mapping[str, Any], name: str) -> Any:
    return next((field["value"] for field in issue["custom_fields"] if field["name"] == name), None)


def statuses(record: Mapping[str, Any]) -> list[tuple[datetime, str]]:
    """When the plan set which status."""
    return [(datetime.fromisoformat(when), given["status"]) for when, _, given in record["steps"] if "status" in given]


def told(plan: Plan) -> list[dict[str, Any]]:
    """The tickets whose histories are read, as planned."""
    found = []
    for record in plan["tickets"]:
        last = record["steps"][-1][0] if record["steps"] else record["created"]
        if record["project"] in DESKS and last >= HISTORIES_FROM:
            found.append(record)
    return found


# Everything that is there arrives, as it is


def test_every_ticket_that_the_user_may_see_arrives_once(redmine_all: Read, redmine_plan: Plan) -> None:
    expected = sorted(record["id"] for record in redmine_plan["tickets"] if record["project"] in DESKS)
    assert len(expected) == 600
    assert sorted(redmine_all.keys) == expected
    assert [row for row in redmine_all.rows if isinstance(row, Rejected)] == []


def test_tickets_agree_with_the_server_field_by_field(redmine: RedmineServer, redmine_all: Read) -> None:
    answers = own_answers(redmine, "Incident") | own_answers(redmine, "Request")
    rows = redmine_all.of(Ticket)
    assert rows.keys() == answers.keys()
    priorities = {"Low": 5, "Normal": 4, "Urgent": 2}
    channels = {"Phone": "phone", "E-Mail": "mail", "Portal": "portal", "Fax": "other"}
    for key, issue in answers.items():
        row, status = rows[key], issue["status"]["name"]
        assert (row.status, row.status_raw) == (STATUS[status], status)
        assert (row.kind, row.kind_raw) == (issue["tracker"]["name"].lower(), issue["tracker"]["name"])
        assert (row.priority, row.priority_raw) == (priorities[issue["priority"]["name"]], issue["priority"]["name"])
        assert row.opened_at == at(issue["created_on"])
        assert row.source_updated_at == at(issue["updated_on"])
        closed = at(issue["closed_on"]) if status == "Closed" else None
        assert row.closed_at == closed
        assert (row.channel, row.channel_raw) == (channels[custom(issue, "Channel")], custom(issue, "Channel"))
        named = [name for name in custom(issue, "Service") or [] if name]
        category = (issue.get("category") or {}).get("id")
        service = named[0].casefold() if named else f"category:{category}" if category else None
        assert row.service_id == (f"rm:service:{service}" if service else None)
        assert row.segment_ids == (f"rm:segment:location:{custom(issue, 'Site').casefold()}",)
        assert row.url == f"{redmine.url}/issues/{key}"


def test_tickets_have_the_resolutions_and_reopenings_that_they_had(redmine_tickets: Read, redmine_plan: Plan) -> None:
    rows, found, expected = redmine_tickets.of(Ticket), {}, {}
    for record in told(redmine_plan):
        row = rows[record["id"]]
        found[record["id"]] = (row.first_resolved_at, row.resolved_at, row.reopened_at, row.reopened_count)
        solved = [when for when, status in statuses(record) if status in ("Closed", "Resolved")]
        back = [when for when, status in statuses(record) if status == "In Progress"]
        last = statuses(record)[-1][1] if record["steps"] and statuses(record) else "New"
        resolved = solved[-1] if solved and last in ("Closed", "Resolved") else None
        expected[record["id"]] = (solved[0] if solved else None, resolved, back[0] if back else None, len(back))
    assert found == expected
    assert sum(row.reopened_count for row in rows.values()) > 0
    assert sum(row.resolved_at is None for row in rows.values()) > 20


def test_the_first_answer_is_the_first_public_note_of_somebody_else(redmine_tickets: Read, redmine_plan: Plan) -> None:
    expected = {}
    for record in told(redmine_plan):
        notes = [when for when, _, given in record["steps"] if given.get("note") and not given.get("private")]
        expected[record["id"]] = at(notes[0]) if notes else None
    assert {key: row.first_reply_at for key, row in redmine_tickets.of(Ticket).items()} == expected
    assert sum(when is not None for when in expected.values()) > 60


def test_an_empty_survey_of_a_resolved_ticket_is_asked_and_not_answered(
    redmine_tickets: Read, redmine_plan: Plan
) -> None:
    rows = redmine_tickets.of(SatisfactionResponse)
    found = {key: (row.score_raw, row.answered_at) for key, row in rows.items()}
    expected: dict[str, Any] = {}
    for record in told(redmine_plan):
        given = [(when, g["fields"]["CSAT"]) for when, _, g in record["steps"] if "fields" in g]
        last = statuses(record)[-1][1] if statuses(record) else "New"
        if given:
            expected[record["id"]] = (float(given[0][1]), at(given[0][0]))
        elif last in ("Closed", "Resolved"):
            expected[record["id"]] = (None, None)
    assert found == expected
    assert sum(score is not None for score, _ in expected.values()) > 30
    assert sum(score is None for score, _ in expected.values()) > 60
    assert {row.score_ratio for row in rows.values()} == {None, 0.0, 0.25, 0.5, 0.75, 1.0}


def test_groups_are_teams_where_the_user_may_see_members(
    redmine: RedmineServer, redmine_tickets: Read, redmine_plan: Plan
) -> None:
    ids = redmine_plan["ids"]["groups"]
    teams = read(settings(redmine), "teams").of(Team)
    assert {key: row.name for key, row in teams.items() if key.startswith("group:")} == {
        f"group:{ids[name]}": name for name in GROUPS
    }
    names = {row.name for key, row in teams.items() if key.startswith("project:")}
    assert names == {"Changes", "Service Desk", "Network"}
    rows = redmine_tickets.of(Ticket)
    moved = 0
    for record in told(redmine_plan):
        given = [record["set"]["group"], *(g["group"] for _, _, g in record["steps"] if "group" in g)]
        expected = sum(a != b for a, b in pairwise(given))
        assert rows[record["id"]].reassigned_count == expected
        person = any("assignee" in g for _, _, g in record["steps"])
        team = f"project:{redmine_plan['ids']['projects'][record['project']]}" if person else f"group:{ids[given[-1]]}"
        assert rows[record["id"]].team_id == f"rm:team:{team}"
        moved += expected
    assert moved > 5


def test_relations_to_changes_arrive_as_causes_or_as_links(redmine_all: Read, redmine_plan: Plan) -> None:
    causes, others = {}, {}
    for record in redmine_plan["tickets"]:
        for kind, place, _ in record.get("relations") or ():
            change = f"rm:change:{redmine_plan['changes'][place]['id']}"
            (others if kind == "duplicates" else causes)[record["id"]] = change
    rows = redmine_all.of(Ticket)
    assert {key: row.caused_by_change_id for key, row in rows.items() if row.caused_by_change_id} == causes
    assert {key: row.change_ids for key, row in rows.items() if row.change_ids} == {k: (c,) for k, c in others.items()}
    assert len(causes) > 10
    assert len(others) > 3


def test_changes_agree_with_the_server_field_by_field(
    redmine: RedmineServer, redmine_changes: Read, redmine_plan: Plan
) -> None:
    found = redmine_changes
    rows, answers = found.of(Change), own_answers(redmine, "Change")
    assert len(rows) == 40
    assert rows.keys() == answers.keys()
    words = {
        "New": ("planned", "unknown"),
        "Implemented": ("done", "successful"),
        "Failed": ("done", "failed"),
        "Rolled back": ("rolled_back", "failed"),
        "Rejected": ("cancelled", "unknown"),
        "Cancelled": ("cancelled", "unknown"),
    }
    kinds = {"Standard": "standard", "Normal": "normal", "Emergency": "emergency", "Wild guess": "other"}
    oslo = ZoneInfo("Europe/Oslo")
    for record in redmine_plan["changes"]:
        row, issue = rows[record["id"]], answers[record["id"]]
        assert (row.status, row.outcome) == words[issue["status"]["name"]]
        assert (row.title, row.status_raw) == (issue["subject"], issue["status"]["name"])
        first, last = (date.fromisoformat(issue[key]) for key in ("start_date", "due_date"))
        assert row.planned_start_at == datetime.combine(first, time(), oslo)
        assert row.planned_end_at == datetime.combine(last, time(23, 59, 59), oslo)
        assert (row.kind, row.kind_raw) == (kinds[custom(issue, "Change Type")], custom(issue, "Change Type"))
        cost = custom(issue, "Planned Cost")
        assert row.planned_cost == (float(cost) if cost else None)
        assert row.sponsor_key == custom(issue, "Sponsor")  # hashed by the sync, before anything is stored
        deploying = [when for when, status in statuses(record) if status == "Deploying"]
        over = row.status in ("done", "rolled_back")
        assert row.rollout_start_at == (deploying[0] if over else None)
        assert row.rollout_end_at == (at(issue["closed_on"]) if over else None)
    links = {(r.change_id, r.service_id) for r in found.rows if isinstance(r, ChangeService)}
    assert links == {
        (f"rm:change:{key}", f"rm:service:{name.casefold()}")
        for key, issue in answers.items()
        for name in custom(issue, "Service")
    }


def test_a_rejected_change_is_cancelled_and_never_done(redmine_changes: Read) -> None:
    rows = redmine_changes.of(Change).values()
    rejected = [row for row in rows if row.status_raw in ("Rejected", "Cancelled")]
    assert len(rejected) == 6
    assert {(row.status, row.outcome, row.rollout_start_at, row.rollout_end_at) for row in rejected} == {
        ("cancelled", "unknown", None, None)
    }


def test_words_behind_the_numbers_of_key_and_value_lists_need_an_administrator(
    redmine: RedmineServer, redmine_plan: Plan
) -> None:
    by_admin = read(settings(redmine, "admin", projects=["chg"], history=False), "changes").of(Change)
    assert {key: row.risk_raw for key, row in by_admin.items()} == {
        record["id"]: record["set"]["fields"]["Risk"] for record in redmine_plan["changes"]
    }
    assert {row.risk for row in by_admin.values()} == {"low", "medium", "high"}
    mapped = {"change_risk": {"low": ["1"], "medium": ["2"], "high": ["3"]}}  # the numbers, for everybody else
    by_reader = read(settings(redmine, values=mapped, history=False), "changes").of(Change)
    assert {key: row.risk for key, row in by_reader.items()} == {key: row.risk for key, row in by_admin.items()}


def test_steps_of_changes_are_milestones(redmine: RedmineServer, redmine_plan: Plan) -> None:
    answers = own_answers(redmine, "Task")
    words = {"milestone_kind": {"approval": ["Approval"]}}
    rows = read(settings(redmine, milestones_from=["children"], values=words), "milestones").of(Milestone)
    assert rows.keys() == answers.keys()
    for record in redmine_plan["tasks"]:
        row, issue = rows[record["id"]], answers[record["id"]]
        closed = issue["status"]["name"] == "Closed"
        assert row.change_id == f"rm:change:{redmine_plan['changes'][record['parent']]['id']}"
        assert str(row.planned_start_on) == issue["start_date"]
        assert str(row.due_on) == issue["due_date"]
        assert row.status == {"New": "open", "Closed": "done", "Rejected": "cancelled"}[issue["status"]["name"]]
        assert row.done_on == (datetime.fromisoformat(issue["closed_on"]).date() if closed else None)
        assert row.progress_ratio == issue["done_ratio"] / 100
        approval = custom(issue, "Milestone Type") == "Approval"
        assert (row.kind, row.end) == (("approval", "design") if approval else ("other", "other"))
        kinds = {"Write": "design", "Train": "training", "Announce": "communication"}
        sorted_by_title = classified(row.title, row.kind_raw, row.kind, row.end).kind
        assert sorted_by_title == ("approval" if approval else kinds[row.title.split()[0]])
    assert len(rows) > 90


def test_the_version_of_a_change_is_a_milestone_with_the_progress_of_the_roadmap(
    redmine: RedmineServer, redmine_plan: Plan
) -> None:
    found = read(settings(redmine, milestones_from=["versions"]), "milestones").of(Milestone)
    targeted = [record for record in redmine_plan["changes"] if record["version"] is not None]
    assert sorted(found) == sorted(f"{record['id']}-version" for record in targeted)
    assert len(targeted) == 12
    changes = own_answers(redmine, "Change")
    for record in targeted:
        row, version = found[f"{record['id']}-version"], redmine_plan["versions"][record["version"]]
        assert (row.title, row.kind, row.status_raw) == (version["name"], "other", version["status"])
        assert (str(row.due_on) if row.due_on else None) == version["due"]
        assert row.progress_ratio == pytest.approx(version["percent"] / 100)
        ends = [changes[r["id"]]["closed_on"] for r in targeted if r["version"] == record["version"]]
        done = max(datetime.fromisoformat(end).date() for end in ends if end)
        assert row.done_on == (done if version["status"] == "closed" else None)
        assert row.status == ("done" if version["status"] == "closed" else "open")


def test_tickets_of_a_project_come_with_those_of_the_projects_below_it(
    redmine: RedmineServer, redmine_plan: Plan
) -> None:
    both = read(settings(redmine, projects=["sd"], history=False), "tickets")
    assert len(both.keys) == 600
    one = read(settings(redmine, projects=["Network"], history=False), "tickets")
    assert sorted(one.keys) == sorted(r["id"] for r in redmine_plan["tickets"] if r["project"] == "Network")
    assert {row.name for row in one.rows if isinstance(row, Segment)} == {"Lyon", "Oslo"}


# How it is read


@pytest.mark.parametrize("user", ["reader", "traveller"])
def test_a_pass_begins_at_its_instant_whatever_the_time_zone_of_the_user(
    redmine: RedmineServer, redmine_plan: Plan, user: str
) -> None:
    stamps = {key: at(issue["updated_on"]) for key, issue in own_answers(redmine, "Incident").items()}
    since = sorted(when for when in stamps.values() if when)[-20]
    found = read(settings(redmine, user, ticket_trackers=["Incident"], history=False), "tickets", since)
    assert found.keys == sorted((k for k, when in stamps.items() if when and when >= since), key=lambda k: stamps[k])  # type: ignore[arg-type,return-value]
    assert len(found.keys) == 20


@pytest.mark.parametrize("size", [23, 100])
def test_pages_of_any_size_bring_the_same_in_the_order_of_updates(
    redmine: RedmineServer, redmine_all: Read, size: int
) -> None:
    found = read(settings(redmine, page_size=size, history=False, start="2025-10-01"), "tickets")
    stamps = [record["updated_on"] for page in found.pages for record in page.records]
    assert stamps == sorted(stamps)
    everything = [record for page in redmine_all.pages for record in page.records]
    assert found.keys == [str(r["id"]) for r in everything if r["updated_on"] >= "2025-10-01"]
    assert len(found.keys) == 100
    bookmarks = [page.bookmark for page in found.pages]
    assert bookmarks == sorted(when for when in bookmarks if when)
    assert text(found.bookmark) > "2026"
    assert datetime.now(UTC) > found.bookmark


def test_no_person_and_no_title_of_a_ticket_leaves_the_connector_in_the_clear(redmine_tickets: Read) -> None:
    told = repr([record for page in redmine_tickets.pages for record in page.records])
    for secret in ("Ann", "Bob", "Example", "Customer", "We look into it", "internal", "Question"):
        assert secret not in told
    assert CONNECTOR.streams[3].people == ("author", "requester.*")
