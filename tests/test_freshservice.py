"""Freshservice: what of the trash, of tasks, causes and surveys arrives, and what its check tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.http import Http
from tests.dialect import BEGIN
from tests.dialects.freshservice import Vendor, written
from tests.freshservice_played import CONNECTOR, asked, by_key, played
from tests.passes import Case

LATER = BEGIN + timedelta(days=60)


# The trash


def test_what_is_deleted_or_spam_is_cancelled_and_what_is_restored_counts_again() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 4)
        first = at.read("tickets")
        assert {row.status for row in first.rows} == {"open"}
        vendor.touch("tickets", 0)
        vendor.touch("tickets", 1)
        vendor.records["tickets"][0]["deleted"] = True
        vendor.records["tickets"][1]["spam"] = True
        second = by_key(at.read("tickets", BEGIN))
        keys = [vendor.key("tickets", ticket) for ticket in vendor.records["tickets"]]
        assert [(second[key].status, second[key].status_raw) for key in keys[:3]] == [
            ("cancelled", "deleted"),
            ("cancelled", "spam"),
            ("open", "Open"),
        ]
        vendor.records["tickets"][0]["deleted"] = False
        vendor.touch("tickets", 0)
        assert by_key(at.read("tickets", BEGIN))[keys[0]].status == "open"


@pytest.mark.parametrize("flagged", [True, False], ids=["records say that they are not deleted", "they do not say"])
def test_a_filter_for_deleted_changes_that_has_no_effect_deletes_nothing(flagged: bool) -> None:
    with played() as (at, vendor):
        vendor.heeds_trash = False
        vendor.fill("changes", 7)
        if not flagged:
            for change in vendor.records["changes"]:
                del change["deleted"]
        got = at.read("changes")
    assert [payload for payload in got.payloads if "gone" in payload] == []
    assert set(got.keys) == at.there("changes")


def test_a_sweep_lists_what_is_in_the_trash_as_existing() -> None:
    with played() as (at, vendor):
        vendor.fill("changes", 3)
        vendor.records["changes"][1]["deleted"] = True
        stream = at.stream("changes")
        assert stream.ids
        http: Http = CONNECTOR.open(at.settings)
        found = {key for portion in stream.ids(http, at.settings) for key in portion}
        http.close()
    assert found == {str(change["id"]) for change in vendor.records["changes"]}
    assert all("include" not in query for query in asked(at, "changes") if "filter_name" not in query)


# Steps, lists, causes


def test_steps_of_open_changes_are_read_in_every_pass_and_of_closed_ones_only_when_they_were_updated() -> None:
    with played() as (at, vendor):
        vendor.fill("changes", 3)
        opened, reviewed, closed = vendor.records["changes"]
        reviewed["status"], closed["status"] = 5, 6
        vendor.fill("milestones", 1)
        for parent in (reviewed, closed):
            vendor.records["milestones"].append({**vendor.records["milestones"][0], "parent": parent["id"]})
        assert set(by_key(at.read("milestones"))) == at.there("milestones")
        at.play.asked.clear()
        task = vendor.records["milestones"][0] | {"status": 3, "closed_at": "2026-03-04T23:30:00Z"}
        vendor.records["milestones"][0] = task  # neither the task's stamp nor the change's moves
        again = by_key(at.read("milestones", LATER))
    assert set(again) == {f"{parent['id']}-{task['id']}" for parent in (opened, reviewed)}
    assert str(again[f"{opened['id']}-{task['id']}"].done_on) == "2026-03-05"  # a day in Berlin
    assert asked(at, f"changes/{closed['id']}/tasks") == []


def test_groups_are_found_where_older_descriptions_have_them() -> None:
    with played() as (at, vendor):
        vendor.fill("teams", 7)
        vendor.unknown.add("groups")
        assert set(by_key(at.read("teams"))) == at.there("teams")
        assert [query["page"] for query in asked(at, "agent_groups")] == ["1", "2"]


def test_services_are_assets_of_the_named_types_and_of_those_below() -> None:
    with played(service_types=["services"]) as (at, vendor):
        names = {1: ("Services", None), 2: ("IT Service", 1), 3: ("E-mail", 2), 4: ("Hardware", None)}
        vendor.asset_types = [{"id": i, "name": n, "parent_asset_type_id": p} for i, (n, p) in names.items()]
        vendor.assets = [
            {"display_id": 40 + i, "name": f"Asset of {n}", "asset_type_id": i, "updated_at": written(BEGIN)}
            for i, (n, _) in names.items()
        ]
        assert set(by_key(at.read("services"))) == {"asset of services", "asset of it service", "asset of e-mail"}
        assert [query["filter"] for query in asked(at, "assets")] == [f'"asset_type_id:{i}"' for i in (1, 2, 3)]


def test_causes_are_asked_ticket_by_ticket_and_only_of_recent_ones() -> None:
    with played(causes=True, cause_days=30) as (at, vendor):
        vendor.fill("tickets", 2)
        vendor.now = LATER
        vendor.fill("tickets", 2)
        old, _, new, plain = vendor.records["tickets"]
        new["changes_initiating_ticket"] = [{"id": 217, "subject": "Migrate"}]
        new["changes_initiated_by_ticket"] = [222]
        at.play.clock = LATER - datetime.now(UTC)
        rows = by_key(at.read("tickets"))
        assert asked(at, f"tickets/{new['id']}") == [{"include": "change"}]
        assert asked(at, f"tickets/{old['id']}") == []
    caused = rows[str(new["id"])]
    assert (caused.caused_by_change_id, caused.change_ids) == ("played:change:217", ("played:change:222",))
    assert rows[str(plain["id"])].caused_by_change_id is None


# Surveys


def solved(vendor: Vendor, at: datetime) -> dict[str, Any]:
    ticket = vendor._ticket(8000 + len(vendor.records["tickets"]), written(at), status=4)
    ticket["stats"]["resolved_at"] = written(at)
    vendor.records["tickets"].append(ticket)
    return ticket


def answered(vendor: Vendor, ticket: dict[str, Any], score: int, at: datetime) -> None:
    told = {"acquired_score": score, "total_score": 4}
    answer = {"id": 1, "ticket": ticket["id"], "score": told, "created_at": written(at), "updated_at": written(at)}
    vendor.records["surveys"].append(answer)


def survey_calls(at: Case) -> list[str]:
    return [request.path.split("/")[4] for request in at.play.asked if request.path.endswith("/csat_response")]


def test_only_tickets_solved_in_the_days_before_the_last_pass_are_asked_for_answers() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 2)  # open
        early, late = solved(vendor, BEGIN), solved(vendor, BEGIN + timedelta(days=20))
        answered(vendor, late, 4, BEGIN + timedelta(days=45))
        early["updated_at"] = written(BEGIN + timedelta(days=44))  # somebody wrote a note
        rows = by_key(at.read("surveys", BEGIN + timedelta(days=40)))
        assert survey_calls(at) == [str(late["id"])]
    (row,) = rows.values()
    assert (row.score_raw, row.scale_max, row.score_ratio, row.asked_at) == (4.0, 4.0, 1.0, None)
    assert row.answered_at == BEGIN + timedelta(days=45)


@pytest.mark.parametrize(("who", "asked_at"), [("answered", None), ("resolved", BEGIN)])
def test_no_answer_is_no_score_and_a_row_only_where_every_solved_ticket_is_asked(
    who: str, asked_at: datetime | None
) -> None:
    with played(csat_asked=who) as (at, vendor):
        solved(vendor, BEGIN)
        rows = list(by_key(at.read("surveys")).values())
    found = [(row.asked_at, row.answered_at, row.score_raw, row.score_ratio) for row in rows]
    assert found == ([(asked_at, None, None, None)] if asked_at else [])


def test_with_survey_hours_old_tickets_are_asked_again_only_after_them() -> None:
    with played(survey_hours=24) as (at, vendor):
        solved(vendor, BEGIN + timedelta(days=1))
        now = BEGIN + timedelta(days=10)
        calls = []
        before = None
        for hours in (0, 2, 26):
            at.play.clock = now + timedelta(hours=hours) - datetime.now(UTC)
            at.play.asked.clear()
            before = at.next(before) if before else at.read("surveys")
            assert before.error is None
            calls.append(len(survey_calls(at)))
    assert calls == [1, 0, 1]


# Limits and check


def test_a_pause_until_an_iso_instant_is_made() -> None:
    with played(retries=1) as (at, vendor):
        vendor.fill("tickets", 1)
        until = (datetime.now(UTC) + timedelta(seconds=50)).strftime("%Y-%m-%dT%H:%M:%SZ")
        at.strike(429, first=2, times=1, headers={"Retry-After": until})
        assert len(by_key(at.read("tickets"))) == 1
    assert 20 < max(at.pauses) <= 50


def told(at: Case) -> list[str]:
    http = CONNECTOR.open(at.settings)
    try:
        return list(CONNECTOR.check(http, at.settings))
    finally:
        http.close()


def test_check_tells_what_is_not_understood() -> None:
    with played(fields={"ticket": {"service": "Afected Service"}}, page_size=50) as (at, vendor):
        vendor.fill("tickets", 12)
        vendor.fill("changes", 3)
        for ticket in vendor.records["tickets"]:
            ticket["custom_fields"] = {"user_rating": None}
            ticket["stats"]["opened_at"] = ticket["created_at"]
        for change in vendor.records["changes"]:
            change.update(status=6, approval_status=2)
        vendor.records["changes"][0]["status"] = 9
        sentences = told(at)
    assert "signed in to Freshservice" in sentences
    assert "fields that look like satisfaction: user_rating" in sentences
    assert "approval status of 2 closed changes (2: 2); 2 count as cancelled" in sentences
    problems = " ".join(s for s in sentences if s.startswith("PROBLEM "))
    assert "more than half of the closed changes count as refused" in problems
    assert "the status '9' (9) of changes is not known" in problems
    assert "the status 'Waiting for customer' (6) of tickets" not in problems
    assert "fields.ticket.service = 'Afected Service' is not among the fields of tickets" in problems
    assert "12 of 12 tickets have opened_at in their stats" in problems


def test_check_goes_on_where_a_stream_is_refused() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 1)
        vendor.refused |= {"changes", "change_form_fields", "ticket_form_fields"}
        sentences = told(at)
        rows = by_key(at.read("tickets"))
    assert "PROBLEM changes are refused: the agent lacks the right, or the plan does not have them." in sentences
    assert any(s.startswith("PROBLEM the fields of tickets cannot be read") for s in sentences)
    assert "tickets updated since 2000-01-01: 1" in sentences
    assert [(row.status, row.status_raw) for row in rows.values()] == [("open", "2")]


def test_nobody_and_no_text_of_a_ticket_is_in_a_payload() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 1)
        (payload,) = at.read("tickets").payloads
    assert payload["person"] == "21000418007"
    assert "printer" not in str(payload)
    with played(requestors=False) as (at, vendor):
        vendor.fill("tickets", 1)
        assert "person" not in at.read("tickets").payloads[0]


def test_a_set_up_is_told_the_fields_of_changes_and_tickets_by_their_labels() -> None:
    with played() as (at, vendor):
        http = CONNECTOR.open(at.settings)
        found = {(one.part, one.name, one.label) for one in CONNECTOR.own_fields(http, at.settings)}
        http.close()
        assert {("change", "post_impl_result", "Result"), ("ticket", "affected_service", "Affected Service")} <= found
    with played(fields={"ticket": {"service": "affected SERVICE"}}) as (at, vendor):
        vendor.fill("tickets", 1)
        vendor.records["tickets"][0]["custom_fields"] = {"affected_service": "Payroll"}
        assert [row.service_id for row in at.read("tickets").rows] == ["played:service:payroll"]


# Changes


def test_a_change_that_was_taken_back_has_no_rollout_and_no_outcome() -> None:
    with played(fields={"change": {"outcome": "result"}}) as (at, vendor):
        vendor.fill("changes", 3)
        stages = {"pending_release_at": written(BEGIN), "pending_review_at": written(LATER), "closed_at": None}
        for change, status in zip(vendor.records["changes"], (2, 4, 5), strict=True):
            change.update(status=status, stats=stages, custom_fields={"post_impl_result": "Successful"})
        rows = by_key(at.read("changes"))
        found = [rows[str(change["id"])] for change in vendor.records["changes"]]
    assert [(row.status, row.rollout_start_at, row.rollout_end_at, row.outcome) for row in found] == [
        ("planned", None, None, "unknown"),
        ("running", BEGIN, None, "unknown"),
        ("done", BEGIN, LATER, "successful"),
    ]


@pytest.mark.parametrize(
    ("refused", "values", "kept"),
    [(10, {}, 20), (11, {}, 0), (11, {"change_approval": {"refused": ["3"], "other": ["1", "2"]}}, 20)],
    ids=["half", "more than half", "more than half, and the settings say what it means"],
)
def test_a_portfolio_is_not_cancelled_for_a_number_that_may_mean_something_else(
    refused: int, values: dict[str, Any], kept: int
) -> None:
    with played(values=values, page_size=100) as (at, vendor):
        vendor.fill("changes", 20)
        for number, change in enumerate(vendor.records["changes"]):
            change.update(status=6, approval_status=2 if number < refused else 1)
        got = at.read("changes")
    assert len(set(got.keys)) == kept
    assert (got.error is None) == bool(kept)
    if not kept:
        assert "values.change_approval" in str(got.error)


def test_an_answer_without_a_score_and_a_date_is_none() -> None:
    with played() as (at, vendor):
        answered(vendor, solved(vendor, BEGIN), 4, BEGIN)
        for answer in vendor.records["surveys"]:
            answer.update(score=None, created_at=None, updated_at=None)
        assert by_key(at.read("surveys")) == {}
