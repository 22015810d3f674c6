"""What is kept of an issue and what it means: values of every shape, settings that decide, and recorded issues of a
real Jira, which are read where they lie and skipped where that folder is absent."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.jira_service_management.change_rows import change_rows, milestone_rows
from connectors.jira_service_management.records import Known, cycles, events, moment_of, people, slim, texts
from connectors.jira_service_management.settings import JiraSettings
from connectors.jira_service_management.site import Field
from connectors.jira_service_management.ticket_rows import ticket_rows
from connectors.jira_service_management.versions import version_keys
from impact.model import Change, Milestone, Rejected, SatisfactionResponse, Ticket

RECORDED = Path(__file__).resolve().parents[2] / "shared/data/payloads"
needs_recorded = pytest.mark.skipif(
    not (RECORDED / "devlake_jira").is_dir(), reason=f"no recorded payloads in {RECORDED.parent}"
)
COMPONENTS, DUE = Field("components", "Components", ""), Field("duedate", "Due date", "")
DESK = Known({"service": (COMPONENTS,)}, {"6": "done"}, ("[System] Change",))
Record = dict[str, Any]


def settings(**own: Any) -> JiraSettings:
    section = {"url": "https://example.atlassian.net", "email": "reader@example.org", "api_token": "composed", **own}
    made = connectors.read_settings(connectors.load("jira_service_management"), "jira", section)
    assert isinstance(made, JiraSettings)
    return made


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, []),
        ("", []),
        (3.5, ["3.5"]),
        ({"id": "10020", "value": "Normal"}, ["Normal"]),
        ({"value": "Europe", "child": {"value": "Berlin"}}, ["Europe - Berlin"]),
        ([{"id": "1", "name": "Network"}, {"id": "2", "name": "Mail"}], ["Network", "Mail"]),
        ([{"id": "ari:cloud:graph::service/1"}], ["ari:cloud:graph::service/1"]),
        ({"requestType": {"id": "7", "name": "Report an outage"}, "_links": {"web": "x"}}, ["Report an outage"]),
        ({"rating": 4}, ["4"]),
        ({"accountId": "5b10", "displayName": "Eva Example"}, []),
        ([{"name": "eva", "emailAddress": "eva@example.org", "displayName": "Eva Example"}], []),
        (
            {
                "type": "doc",
                "content": [
                    {"type": "paragraph", "content": [{"type": "text", "text": "Fewer calls, says"}]},
                    {"type": "mention", "attrs": {"text": "@Eva"}},
                ],
            },
            ["Fewer calls, says"],
        ),
    ],
)
def test_values_of_fields_become_texts_without_people(value: object, shown: list[str]) -> None:
    assert texts(value) == shown


def test_people_are_kept_by_the_systems_own_keys() -> None:
    cloud = {"accountId": "5b10", "displayName": "Eva Example"}
    server = {"key": "JIRAUSER1", "name": "eva", "displayName": "Eva Example"}
    assert people([cloud, server, "Eva"]) == ["5b10", "JIRAUSER1", "Eva"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1775041200000, "2026-04-01T11:00:00+00:00"),
        (1775041200, "2026-04-01T11:00:00+00:00"),
        ({"epochMillis": 1775041200000, "iso8601": "2026-04-01T13:00:00+0200"}, "2026-04-01T11:00:00+00:00"),
        ({"iso8601": "2026-04-01T13:00:00+0200"}, "2026-04-01T13:00:00+0200"),
        ("2026-04-01T13:00:00.000+0200", "2026-04-01T13:00:00.000+0200"),
        (None, None),
        (1e30, None),
    ],
)
def test_instants_come_as_numbers_objects_and_texts(value: object, read: str | None) -> None:
    assert moment_of(value) == read


def test_the_clock_of_a_service_level_tells_each_run() -> None:
    clock = {
        "completedCycles": [{"stopTime": {"epochMillis": 1775041200000}, "breached": True}],
        "ongoingCycle": {"breached": False, "paused": True},
    }
    runs = [{"stopped": "2026-04-01T11:00:00+00:00", "breached": True}, {"stopped": None, "breached": False}]
    assert list(cycles(clock)) == runs


def test_of_fields_with_one_name_the_first_that_is_filled_counts() -> None:
    two = (Field("customfield_1", "Team", ""), Field("customfield_2", "Team", ""))
    row = {"id": "1", "fields": {"customfield_1": None, "customfield_2": {"id": "7", "name": "Network"}}}
    assert slim(row, "ticket", settings(), Known({"team": two}))["fields"] == {"team": ["Network"]}


def test_of_a_history_only_moves_between_statuses_resolutions_and_teams_are_kept() -> None:
    entry = {
        "created": 1775041200000,
        "author": {"displayName": "Eva Example"},
        "items": [
            {"field": "status", "from": "1", "fromString": "Open", "to": "6", "toString": "Erledigt"},
            {"field": "description", "fromString": "secret", "toString": "other"},
            {"field": "assignee", "fromString": "Eva Example", "toString": None},
        ],
    }
    assert list(events([entry], DESK)) == [
        {
            "at": "2026-04-01T11:00:00+00:00",
            "kind": "status",
            "old": {"name": "Open", "category": None},
            "new": {"name": "Erledigt", "category": "done"},
        }
    ]


def change(payload: Record, **own: Any) -> Change:
    base = {"id": "1", "key": "CHG-1", "fields": {}, "created": "2026-03-02T09:00:00.000+0100"}
    return next(row for row in change_rows(base | payload, settings(**own)) if isinstance(row, Change))


def status(name: str, category: str, resolution: str | None = None) -> Record:
    return {"status": {"name": name, "category": category}, "resolution": resolution}


@pytest.mark.parametrize(
    ("payload", "meant"),
    [
        (status("Completed", "done", "Done"), "done"),
        (status("Completed", "done", "Won't Do"), "cancelled"),
        (status("Closed", "done", "Declined"), "cancelled"),
        (status("Abgelegt", "done", "Done"), "done"),
        (status("Abgelegt", "done"), "other"),
        (status("Abgelegt", "done", "Whatever"), "other"),
        (status("In Prüfung", "indeterminate"), "running"),
        (status("Awaiting CAB approval", "indeterminate"), "planned"),
        (status("Neu", "new"), "planned"),
        (status("Implementing", "indeterminate", "Won't Do"), "running"),
        (status("Rolled back", "done", "Won't Do"), "rolled_back"),
    ],
)
def test_a_refused_change_is_never_done_whatever_its_status_is_called(payload: Record, meant: str) -> None:
    row = change({**payload, "resolved": "2026-03-03T09:00:00.000+0100"})
    assert row.status == meant
    if meant == "cancelled":
        assert (row.outcome, row.rollout_start_at, row.rollout_end_at) == ("unknown", None, None)


def test_planned_dates_are_the_rollout_only_where_the_settings_say_so() -> None:
    fields = {"planned_start_at": ["2026-03-14T21:00:00.000+0100"], "planned_end_at": ["2026-03-15"]}
    done = status("Completed", "done", "Done") | {"resolved": "2026-03-20T09:00:00.000+0100", "fields": fields}
    planned, ended = datetime(2026, 3, 14, 20, tzinfo=UTC), datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert (change(done).planned_start_at, change(done).rollout_start_at) == (planned, ended)
    row = change(done, rollout_from_plan=True, day_timezone="Europe/Berlin")
    assert (row.rollout_start_at, row.rollout_end_at) == (planned, datetime(2026, 3, 15, 22, 59, 59, tzinfo=UTC))
    assert change(done | status("Planning", "new"), rollout_from_plan=True).rollout_start_at is None


def ticket(payload: Record, **own: Any) -> list[Any]:
    base = {"id": "1", "key": "DESK-1", "created": "2026-03-02T09:00:00.000+0100", "fields": {}}
    return list(ticket_rows(base | payload, settings(**own)))


def test_a_survey_that_nobody_answered_is_no_answer_and_counts_as_asked_only_by_setting() -> None:
    resolved = status("Resolved", "done", "Done") | {"resolved": "2026-03-03T09:00:00.000+0100"}
    portal = resolved | {"fields": {"csat": [], "request_type": ["Ask for access"]}}
    assert not any(isinstance(row, SatisfactionResponse) for row in ticket(portal))
    asked = [row for row in ticket(portal, csat_asked="resolved") if isinstance(row, SatisfactionResponse)]
    assert [(row.asked_at, row.answered_at, row.score_raw, row.score_ratio) for row in asked] == [
        (datetime(2026, 3, 3, 8, tzinfo=UTC), None, None, None)
    ]
    no_portal = resolved | {"fields": {"csat": [], "request_type": []}}
    assert not any(isinstance(row, SatisfactionResponse) for row in ticket(no_portal, csat_asked="resolved"))


def test_the_resolution_of_a_cancelled_ticket_is_none() -> None:
    at = "2026-03-03T09:00:00.000+0100"
    told = {"resolved": at, "history": [{"at": at, "kind": "resolution", "old": None, "new": "Won't do"}]}
    dates = [
        (row.status, row.resolved_at, row.first_resolved_at)
        for named in ("Canceled", "Resolved")
        for row in ticket(status(named, "done", "Won't do") | told)
        if isinstance(row, Ticket)
    ]
    solved = datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert dates == [("cancelled", None, None), ("resolved", solved, solved)]


def test_a_target_is_kept_or_missed_only_when_that_is_certain() -> None:
    def within(*runs: Record) -> bool | None:
        row = ticket({"sla": {"sla_resolution": list(runs)}})[0]
        assert isinstance(row, Ticket)
        return row.within_target

    kept, missed = ({"stopped": "2026-03-03T08:00:00Z", "breached": breached} for breached in (False, True))
    assert (within(), within(kept), within(kept, missed)) == (None, True, False)
    assert within({"stopped": None, "breached": False}) is None
    assert within(kept, {"stopped": None, "breached": True}) is False


# Recorded issues


def table(folder: str, name: str) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with (RECORDED / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def recorded() -> Iterator[tuple[Record, list[Record]]]:
    """The 33 issues of a real Jira, each with its history."""
    more: dict[str, list[Record]] = {}
    for line in table("devlake_jira", "_raw_jira_api_issue_changelogs"):
        more.setdefault(str(json.loads(line["input"])["issue_id"]), []).append(json.loads(line["data"]))
    for line in table("devlake_jira", "_raw_jira_api_issues"):
        issue = json.loads(line["data"])
        yield issue, [*(issue.get("changelog") or {}).get("histories", []), *more.get(issue["id"], [])]


def made(rows: Iterable[Any], kind: type[Any]) -> list[Any]:
    found = list(rows)
    assert [row for row in found if isinstance(row, Rejected)] == []
    return [row for row in found if isinstance(row, kind)]


@needs_recorded
def test_recorded_issues_become_changes_and_none_that_was_refused_is_done() -> None:
    own, known = settings(), Known({"planned_end_at": (DUE,)})
    records = [slim(issue, "change", own, known, log) for issue, log in recorded()]
    changes = made((row for record in records for row in change_rows(record, own)), Change)
    assert Counter((row.status, row.outcome_raw) for row in changes) == {
        ("done", "完成"): 25,
        ("cancelled", "Won't Do"): 5,
        ("planned", None): 3,
    }
    assert {row.outcome for row in changes} == {"unknown"}
    assert all(row.rollout_start_at is None for row in changes if row.status != "done")
    assert all(row.rollout_end_at for row in changes if row.status == "done")


@needs_recorded
def test_recorded_issues_become_tickets_with_their_own_dates() -> None:
    own = settings()
    issues = list(recorded())
    records = [slim(issue, "ticket", own, DESK, log) for issue, log in issues]
    tickets = made((row for record in records for row in ticket_rows(record, own)), Ticket)
    opened = {issue["id"]: datetime.fromisoformat(issue["fields"]["created"]) for issue, _ in issues}
    assert len(tickets) == 33
    assert {row.source_key: row.opened_at for row in tickets} == opened
    resolved = {i["id"]: i["fields"]["resolutiondate"] for i, _ in issues if i["fields"].get("resolutiondate")}
    assert {row.source_key: row.resolved_at for row in tickets if row.resolved_at} == {
        key: datetime.fromisoformat(text) for key, text in resolved.items()
    }
    people_named = {i["fields"]["reporter"]["displayName"] for i, _ in issues}
    assert people_named
    assert not any(name in json.dumps(record, ensure_ascii=False) for record in records for name in people_named)


@needs_recorded
def test_recorded_sub_tasks_and_versions_become_milestones() -> None:
    own, known = settings(), Known({"due_on": (DUE,)})
    issues = [(issue, log) for issue, log in recorded() if issue["fields"]["issuetype"]["subtask"]]
    steps = [slim(issue, "milestone", own, known) for issue, _ in issues]
    milestones = made((row for record in steps for row in milestone_rows(record, own)), Milestone)
    assert Counter(row.status for row in milestones) == {"done": 9, "cancelled": 3}
    assert {row.change_id for row in milestones} == {f"jira:change:{i['fields']['parent']['id']}" for i, _ in issues}
    assert any(version_keys(issue) for issue, _ in recorded())


@needs_recorded
def test_recorded_tables_of_another_jira_become_tickets_and_versions() -> None:
    """Tables of a warehouse, put back into the form in which Jira tells issues."""
    folder, own = "jira_fivetran_dbt_seeds", settings()
    names = {name: {row["id"]: row["name"] for row in table(folder, name)} for name in ("status", "issue_type")}
    rows = []
    for line in table(folder, "issue"):
        fields = {name: line[name].replace(" ", "T") + "Z" for name in ("created", "updated") if line.get(name)}
        fields["resolutiondate"] = line["resolved"].replace(" ", "T") + "Z" if line.get("resolved") else ""
        kind = {"id": line["issue_type"], "name": names["issue_type"].get(line["issue_type"])}
        issue = {"id": line["id"], "key": line["key"], "fields": fields | {"issuetype": kind}}
        issue["fields"]["status"] = {"id": line["status"], "name": names["status"].get(line["status"])}
        rows += list(ticket_rows(slim(issue, "ticket", own, DESK, []), own))
    assert sorted(row.number for row in made(rows, Ticket)) == ["TCP-1", "TP-10", "TP-12", "TP-8"]
    versions = [
        {
            "id": f"1-v{line['id']}",
            "change": "1",
            "version": {
                **{"name": line["name"], "startDate": line["start_date"], "releaseDate": line["release_date"]},
                "released": line["released"] == "true",
            },
        }
        for line in table(folder, "version")
    ]
    found = made((row for record in versions for row in milestone_rows(record, own)), Milestone)
    assert len(found) == len(versions) > 0
    dated = next(row for row in found if row.title == "v2.0")
    assert (dated.planned_start_on, dated.due_on, dated.done_on) == (date(2020, 5, 1), date(2020, 6, 1), None)
