"""What changes in a real Redmine and what it refuses, as a sync, the connector and its check see it.

All changes are made in the project Board, which no other test reads.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from impact import sync
from impact.model import Change, Milestone, SatisfactionResponse, SourceRefused, Ticket
from impact.settings import Settings
from impact.store import Store
from tests import redmine_server
from tests.passes import swept
from tests.redmine_reads import CONNECTOR, Plan, read, settings, values
from tests.redmine_server import RedmineServer

pytestmark = pytest.mark.skipif(
    bool(redmine_server.why_not()) and not os.environ.get("CI"), reason=redmine_server.why_not() or "installed"
)
BOARD = {"projects": ["board"], "overlap_minutes": 0}


def names(server: RedmineServer, path: str, key: str) -> dict[str, int]:
    return {item["name"]: item["id"] for item in server.ask("GET", path)[key]}


def create(server: RedmineServer, tracker: str, **more: Any) -> str:
    trackers = names(server, "trackers.json", "trackers")
    issue = {"project_id": "board", "tracker_id": trackers[tracker], "subject": "Made by a test", **more}
    return str(server.ask("POST", "issues.json", json={"issue": issue})["issue"]["id"])


def counts(report: sync.Report) -> dict[str, tuple[int, int, int, int]]:
    return {s.stream: (s.read, s.new, s.changed, s.rejected) for s in report.streams if s.stream != "teams"}


def test_a_sync_brings_all_another_nothing_and_one_after_a_change_only_that(
    redmine: RedmineServer, redmine_plan: Plan, tmp_path: Path
) -> None:
    source = {**values(redmine, "admin", **BOARD), "kind": "redmine"}
    own = Settings(home=tmp_path, sources={"rm": source})
    hidden = [record["id"] for record in redmine_plan["tickets"] if record["project"] == "Board"]
    first = sync.run(own)
    assert first.exit_code == 0
    assert counts(first)["tickets"][0] == len(hidden) == 5
    again = sync.run(own)
    assert again.exit_code == 0
    assert counts(again) == {"changes": (0, 0, 0, 0), "milestones": (0, 0, 0, 0), "tickets": (0, 0, 0, 0)}
    closed = names(redmine, "issue_statuses.json", "issue_statuses")["Closed"]
    redmine.ask("PUT", f"issues/{hidden[2]}.json", json={"issue": {"status_id": closed, "notes": "Done."}})
    third = counts(sync.run(own))
    assert third["tickets"][0] == 1
    assert (third["changes"], third["milestones"]) == ((0, 0, 0, 0), (0, 0, 0, 0))
    rows = Store(tmp_path).snapshot().query("SELECT number, status, person_key FROM ticket ORDER BY number").to_pylist()
    assert {row["number"]: row["status"] for row in rows} == dict.fromkeys(hidden, "open") | {hidden[2]: "closed"}
    assert {len(row["person_key"]) for row in rows} == {32}
    asked = Store(tmp_path).snapshot().query("SELECT ticket_id, answered_at FROM satisfaction_response").to_pylist()
    assert asked == [{"ticket_id": f"rm:ticket:{hidden[2]}", "answered_at": None}]


def test_a_new_change_arrives_with_its_step_its_version_and_its_ticket(redmine: RedmineServer) -> None:
    since = datetime.now(UTC).replace(microsecond=0)
    version = redmine.ask("POST", "projects/board/versions.json", json={"version": {"name": "Pilot of tills"}})
    change = create(redmine, "Change", fixed_version_id=version["version"]["id"])
    step = create(redmine, "Task", parent_issue_id=change, due_date="2027-01-31")
    ticket = create(redmine, "Incident")
    redmine.ask("POST", f"issues/{ticket}/relations.json", json={"relation": {"issue_to_id": change}})
    own = settings(redmine, "admin", **BOARD)
    assert list(read(own, "changes", since).of(Change)) == [change]
    milestones = read(own, "milestones", since).of(Milestone)
    assert {key: row.title for key, row in milestones.items()} == {
        step: "Made by a test",
        f"{change}-version": "Pilot of tills",
    }
    assert str(milestones[step].due_on) == "2027-01-31"
    row = read(own, "tickets", since).of(Ticket)[ticket]
    assert row.caused_by_change_id == f"rm:change:{change}"
    version_id = version["version"]["id"]
    redmine.ask("PUT", f"versions/{version_id}.json", json={"version": {"due_date": "2027-02-28"}})
    later = datetime.now(UTC)  # the update of a version touches no issue
    assert str(read(own, "milestones", later).of(Milestone)[f"{change}-version"].due_on) == "2027-02-28"


def test_a_child_of_a_change_is_no_contact_of_a_customer(redmine: RedmineServer) -> None:
    since = datetime.now(UTC).replace(microsecond=0)
    change = create(redmine, "Change")
    child = create(redmine, "Request", parent_issue_id=change)
    own = settings(redmine, "admin", **BOARD, milestone_trackers=["Task", "Request"])
    assert child in read(own, "tickets", since).keys
    assert child not in read(own, "tickets", since).of(Ticket)
    assert read(own, "milestones", since).of(Milestone)[child].change_id == f"rm:change:{change}"


def test_a_score_counts_as_an_answer_when_somebody_gave_it_and_not_as_the_fields_default(
    redmine: RedmineServer, redmine_plan: Plan
) -> None:
    since = datetime.now(UTC).replace(microsecond=0)
    closed = names(redmine, "issue_statuses.json", "issue_statuses")["Closed"]
    field = redmine_plan["ids"]["fields"]["CSAT"]
    score = [{"id": field, "value": "5"}]
    default = create(redmine, "Incident", custom_fields=score)
    given = create(redmine, "Incident")
    redmine.ask("PUT", f"issues/{default}.json", json={"issue": {"status_id": closed}})
    redmine.ask("PUT", f"issues/{given}.json", json={"issue": {"status_id": closed}})
    redmine.ask("PUT", f"issues/{given}.json", json={"issue": {"custom_fields": score}})
    rows = read(settings(redmine, "admin", **BOARD, csat_default="5"), "tickets", since).of(SatisfactionResponse)
    assert {key: (rows[key].score_raw, bool(rows[key].answered_at)) for key in (default, given)} == {
        default: (None, False),
        given: (5.0, True),
    }


# What is refused, and what is said about it


@pytest.mark.parametrize(
    "wrong",
    [{"api_key": "0" * 40}, {"api_key": "", "username": "reader", "password": "wrong"}],
    ids=["key", "password"],
)
def test_wrong_credentials_are_refused_although_redmine_shows_public_projects_to_anybody(
    redmine: RedmineServer, wrong: dict[str, str]
) -> None:
    with pytest.raises(SourceRefused, match=r"users/current\.json answered 401"):
        read(settings(redmine, **wrong), "tickets")


def test_a_project_or_tracker_that_is_not_seen_is_refused_and_named(redmine: RedmineServer) -> None:
    with pytest.raises(SourceRefused, match="The project 'chg' is not seen in Redmine"):
        read(settings(redmine, "outsider", projects=["chg"]), "changes")
    with pytest.raises(SourceRefused, match=r"The tracker 'Chnage' is not seen in Redmine\. It sees: Bug, Feature"):
        read(settings(redmine, change_trackers=["Chnage"]), "changes")


def said(server: RedmineServer, user: str = "reader", **more: Any) -> list[str]:
    own = settings(server, user, **more)
    return list(CONNECTOR.check(CONNECTOR.open(own), own))


def test_check_tells_what_is_found_and_what_only_administrators_may_read(redmine: RedmineServer) -> None:
    found = said(redmine)
    assert found[0] == "signed in to Redmine"
    assert "3 projects are read: Changes, Network, Service Desk" in found
    assert (
        "2 groups are visible, members of projects (only administrators may list all): Desk team, Network team" in found
    )
    assert "40 changes" in found
    assert "600 tickets" in found
    assert any(s.startswith("definitions of custom fields cannot be read (only administrators may)") for s in found)
    assert any(s.startswith("custom fields of a ticket: CSAT (6), Channel (7), Service (1), Site (8)") for s in found)
    assert [s for s in found if s.startswith("PROBLEM")] == [
        "PROBLEM the status 'Parked' is not known; name it in values.ticket_status, else it counts as closed or open "
        "as Redmine has it."
    ]


@pytest.mark.parametrize(
    ("user", "more", "expected"),
    [
        ("reader", {"change_trackers": []}, "PROBLEM change_trackers is empty: no change and no milestone is read."),
        (
            "reader",
            {"fields": {"ticket": {"csat": "Stars"}}},
            "PROBLEM fields.ticket.csat = 'Stars' is not among them.",
        ),
        (
            "reader",
            {"values": {"ticket_status": {"open": ["Closed"]}}},
            "PROBLEM the status 'Closed' is closed in Redmine, but values.ticket_status has it as open.",
        ),
        ("outsider", {}, "PROBLEM no changes are visible: either there are none, or the right to view issues lacks."),
    ],
    ids=["no change tracker", "a field that does not exist", "a wrong word", "no right"],
)
def test_check_tells_what_is_missing(redmine: RedmineServer, user: str, more: dict[str, Any], expected: str) -> None:
    found = said(redmine, user, **more)
    assert any(sentence.startswith(expected) for sentence in found), found


@pytest.mark.parametrize(
    ("stream", "tracker"), [("tickets", "Incident"), ("changes", "Change"), ("milestones", "Task")]
)
def test_a_sweep_names_what_exists_and_not_what_was_deleted(redmine: RedmineServer, stream: str, tracker: str) -> None:
    own = settings(redmine, "admin", page_size=23, history=False)
    parent = {"parent_issue_id": create(redmine, "Change")} if stream == "milestones" else {}
    there = sorted(set(read(own, stream).keys))
    assert sorted(swept(CONNECTOR, own, stream)) == there
    made = create(redmine, tracker, **parent)
    assert sorted(swept(CONNECTOR, own, stream)) == sorted([*there, made])
    redmine.ask("DELETE", f"issues/{made}.json")
    assert sorted(swept(CONNECTOR, own, stream)) == there
