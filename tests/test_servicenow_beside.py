"""What a ServiceNow's other tables add to its records: labels, service levels, affected services, answers to surveys;
and what becomes of a stream when the user may not read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import connectors
from impact.model import (
    Change,
    ChangeService,
    Milestone,
    Rejected,
    SatisfactionResponse,
    Service,
    SourceChanged,
    SourceRefused,
    Ticket,
)
from tests.dialects.servicenow import Vendor, identity
from tests.passes import Case, Pass, case

CONNECTOR = connectors.load("servicenow")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SURVEY = "5" * 32
QUESTION = "6" * 32


@contextmanager
def playing(**own: Any) -> Iterator[tuple[Case, Vendor]]:
    with case(CONNECTOR, Vendor, **own) as at:
        assert isinstance(at.dialect, Vendor)
        yield at, at.dialect


def rows(got: Pass, kind: type[Any]) -> list[Any]:
    assert got.error is None, got.error
    found = [row for payload in got.payloads for row in got.stream.convert(payload, got.settings)]
    return [row for row in found if isinstance(row, kind)]


def choice(table: str, field: str, value: str, label: str, *, inactive: str = "false") -> dict[str, str]:
    key = f"{table}{field}{value}{inactive}".encode().hex()[:32]
    return {
        "sys_id": key,
        "name": table,
        "element": field,
        "value": value,
        "label": label,
        "language": "en",
        "inactive": inactive,
    }


@pytest.mark.parametrize(
    ("labels", "risk", "raw"),
    [
        ({"1": "High", "2": "Moderate", "3": "Low"}, "medium", "Moderate"),
        ({"1": "Very High", "2": "High", "3": "Moderate", "4": "Low"}, "high", "High"),
        ({}, "unknown", "2"),
    ],
)
def test_a_risk_means_what_the_instance_calls_it(labels: dict[str, str], risk: str, raw: str) -> None:
    with playing() as (at, vendor):
        vendor.fill("changes", 1)
        vendor.records["changes"][0]["risk"] = "2"
        choices = vendor.others["sys_choice"]
        choices += [choice("change_request", "risk", value, label) for value, label in labels.items()]
        choices.append(choice("change_request", "risk", "2", "Of old times", inactive="true") if labels else {})
        choices.append({**choice("change_request", "risk", "2", "Mittel"), "language": "de"})
        change = rows(at.read("changes"), Change)[0]
        assert (change.risk, change.risk_raw) == (risk, raw)


def test_a_table_without_choices_of_its_own_has_those_of_all_tasks() -> None:
    with playing() as (at, vendor):
        vendor.fill("tickets", 4)
        for row in vendor.records["tickets"]:
            row["state"] = "3"
        choices = vendor.others["sys_choice"]
        choices += [choice("task", "state", "3", "Closed Complete"), choice("incident", "state", "3", "On Hold")]
        tickets = {row.number: row.status for row in rows(at.read("tickets"), Ticket)}
        assert tickets["INC0000001"] == "waiting"
        assert tickets["RITM0000004"] == "closed"


def test_streams_go_on_without_the_tables_that_they_can_do_without_and_check_says_what_is_lost() -> None:
    with playing() as (at, vendor):
        for stream in reversed(vendor.streams):
            vendor.fill(stream, 3)
        vendor.closed = {"sys_choice", "task_sla", "asmt_metric"}
        vendor.absent = {"task_ci"}
        for stream in vendor.streams:
            assert {row.source_key for row in at.read(stream).rows} == at.there(stream)
        http = at.connector.open(at.settings)
        told = [text for text in at.connector.check(http, at.settings) if text.startswith("PROBLEM ")]
        assert [text.split()[1] for text in told] == ["sys_choice", "task_ci", "task_sla", "asmt_metric"]


def test_a_table_of_its_own_that_the_user_may_not_read_refuses_one_stream_only() -> None:
    with playing() as (at, vendor):
        vendor.fill("changes", 2)
        vendor.fill("tickets", 2)
        vendor.closed = {"change_request"}
        assert isinstance(at.read("changes").error, SourceRefused)
        assert "change_request" in str(at.read("changes").error)
        assert at.read("tickets").error is None


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("absent", [True, False])
def test_a_table_of_tickets_that_cannot_be_read_ends_the_pass_after_the_others(first: bool, absent: bool) -> None:
    with playing(ticket_tables=["sc_req_item", "incident"] if first else ["incident", "sc_req_item"]) as (at, vendor):
        vendor.fill("tickets", 20)
        incidents = {row["sys_id"] for row in vendor.rows("incident")}
        (vendor.absent if absent else vendor.closed).add("sc_req_item")
        broken = at.read("tickets")
        assert isinstance(broken.error, SourceChanged if absent else SourceRefused)
        assert "sc_req_item" in str(broken.error)
        assert set(broken.keys) == incidents
        assert broken.bookmark is None
        vendor.absent, vendor.closed = set(), set()
        again = at.next(broken)
        assert again.error is None
        assert {row["sys_id"] for row in vendor.rows("sc_req_item")} <= set(again.keys)


def test_service_levels_come_with_their_tickets_150_tickets_at_a_time() -> None:
    with playing(ticket_tables=["incident"], page_size=1000) as (at, vendor):
        vendor.fill("tickets", 240)
        first = identity("tickets", 1)
        vendor.records["tickets"][0].update(state="7", resolved_at="2026-03-02 09:00:00")
        level = {"task": first, "stage": "completed", "has_breached": "false"}
        vendor.others["task_sla"] += [
            {"sys_id": "1" * 32, **level, "sla.target": "response", "end_time": "2026-03-02 08:20:00"},
            {"sys_id": "2" * 32, **level, "sla.target": "resolution", "end_time": "2026-03-02 09:00:00"},
        ]
        tickets = {row.source_key: row for row in rows(at.read("tickets"), Ticket)}
        assert tickets[first].first_reply_at == datetime(2026, 3, 2, 8, 20, tzinfo=UTC)
        assert tickets[first].within_target is True
        assert tickets[identity("tickets", 2)].within_target is None
        portions = [r for r in at.play.asked if "taskIN" in r.get("sysparm_query")]
        assert [len(r.get("sysparm_query").split(",")) for r in portions] == [150, 30]


def test_a_service_that_is_added_to_a_change_later_is_found_by_the_next_pass() -> None:
    with playing(overlap_minutes=0) as (at, vendor):
        vendor.fill("changes", 3)
        vendor.fill("services", 1)
        at.play.time_passes()
        first = at.read("changes")
        assert rows(first, ChangeService) == []
        vendor.others["task_ci"].append(
            {
                "sys_id": "3" * 32,
                "task": identity("changes", 2),
                "task.sys_class_name": "change_request",
                "ci_item": identity("services", 1),
                "sys_updated_on": f"{vendor.now + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}",
            }
        )
        second = at.next(first)
        link = rows(second, ChangeService)[0]
        assert (link.change_id, link.role) == (f"played:change:{identity('changes', 2)}", "affected")
        assert link.service_id == f"played:service:{identity('services', 1)}"
        assert [row.source_key for row in rows(second, Change)] == [identity("changes", 2)]


def test_a_server_that_a_change_names_has_a_name_and_a_service_is_left_to_its_own_stream() -> None:
    with playing() as (at, vendor):
        vendor.fill("changes", 1)
        vendor.fill("services", 1)
        vendor.records["services"][0]["sys_class_name"] = "cmdb_ci_service_auto"
        vendor.others["cmdb_ci"] = [{"sys_id": "4" * 32, "name": "mailgw01", "sys_class_name": "cmdb_ci_linux_server"}]
        vendor.records["changes"][0].update(business_service=identity("services", 1), cmdb_ci="4" * 32)
        got = at.read("changes")
        assert [row.name for row in rows(got, Service)] == ["mailgw01"]
        assert {row.role for row in rows(got, ChangeService)} == {"changed"}
        assert len(rows(got, ChangeService)) == 2


def test_milestones_of_open_changes_are_read_again_and_those_of_closed_ones_are_not() -> None:
    with playing(overlap_minutes=0) as (at, vendor):
        vendor.fill("changes", 2)
        vendor.fill("milestones", 6)
        vendor.records["changes"][1].update(active="false", state="3")
        at.play.time_passes()
        again = at.next(at.read("milestones"))
        parents = {row.change_id for row in rows(again, Milestone)}
        assert parents == {f"played:change:{identity('changes', 1)}"}
        assert len(again.payloads) == 3


def test_milestones_of_projects_come_where_a_field_names_their_change() -> None:
    row = {"sys_id": "7" * 32, "short_description": "Pilot finished", "state": "3", "percent_complete": "100"}
    stamps = {"sys_updated_on": "2026-03-20 08:00:00", "end_date": "2026-03-19 23:30:00"}
    for field, count in (("", 0), ("u_change", 1)):
        with playing(project_change=field, day_timezone="Europe/Berlin") as (at, vendor):
            vendor.fill("milestones", 2)
            vendor.others["pm_project_task"] = [
                {**row, **stamps, "milestone": "true", "u_change": identity("changes", 1)},
                {**row, **stamps, "sys_id": "8" * 32, "milestone": "false", "u_change": identity("changes", 1)},
            ]
            of_projects = [row for row in rows(at.read("milestones"), Milestone) if row.title == "Pilot finished"]
            assert [row.due_on for row in of_projects] == [date(2026, 3, 20)] * count
            assert [row.progress_ratio for row in of_projects] == [1.0] * count
            stream = at.stream("milestones")
            assert stream.ids is not None
            http = at.connector.open(at.settings)
            swept = {key for portion in stream.ids(http, at.settings) for key in portion}
            assert ("7" * 32 in swept) == bool(count)


def answer(number: int, value: str, words: str) -> dict[str, str]:
    return {
        "sys_id": f"{number:032}",
        "instance": identity("surveys", number),
        "metric": QUESTION,
        "actual_value": value,
        "string_value": words,
    }


def test_only_a_survey_that_was_completed_has_a_score_and_its_words_are_not_kept() -> None:
    with playing() as (at, vendor):
        vendor.fill("surveys", 4)
        complete = {"taken_on": "2026-03-03 10:00:00"}
        for number, state in enumerate(("complete", "wip", "canceled", "complete")):
            vendor.records["surveys"][number].update(complete, state=state)
        vendor.others["asmt_metric_result"] += [
            answer(1, "5", "Ask Eva about it"),
            answer(2, "5", "Very satisfied"),
            answer(4, "1", "N/A"),
        ]
        got = at.read("surveys")
        told = [
            (row.answered_at is not None, row.score_raw, row.score_ratio) for row in rows(got, SatisfactionResponse)
        ]
        assert told == [(True, 5.0, 1.0), (False, None, None), (False, None, None), (True, None, None)]
        assert "Eva" not in repr(got.payloads)


def test_the_scale_comes_with_the_answer_where_questions_cannot_be_listed() -> None:
    with playing() as (at, vendor):
        vendor.closed = {"asmt_metric"}
        vendor.fill("surveys", 1)
        vendor.records["surveys"][0].update(state="complete", taken_on="2026-03-03 10:00:00")
        scale = {"metric.min": "0", "metric.max": "10", "metric.scale_definition": "low"}
        vendor.others["asmt_metric_result"] = [answer(1, "2", "2") | scale]
        row = rows(at.read("surveys"), SatisfactionResponse)[0]
        assert (row.scale_min, row.scale_max, row.better, row.score_raw, row.score_ratio) == (0, 10, "low", 2, 0.8)


def test_assessments_that_are_no_surveys_are_left_out() -> None:
    with playing() as (at, vendor):
        vendor.fill("surveys", 2)
        vendor.others["asmt_metric_type"].append({"sys_id": "9" * 32, "evaluation_method": "vendor"})
        vendor.records["surveys"][1]["metric_type"] = "9" * 32
        assert at.read("surveys").keys == [identity("surveys", 1)]


@pytest.mark.parametrize(("days", "again"), [(30, 3), (0, 0)])
def test_surveys_of_the_last_days_are_read_again(days: int, again: int) -> None:
    with playing(survey_days=days, overlap_minutes=0) as (at, vendor):
        at.play.time_passes()
        vendor.now -= timedelta(days=40)
        vendor.fill("surveys", 2)
        vendor.now += timedelta(days=35)
        vendor.fill("surveys", 3)
        first = at.read("surveys")
        assert len(first.payloads) == 5
        assert len(at.next(first).payloads) == again


@pytest.mark.parametrize(
    ("chosen", "score", "scale"),
    [
        ((), 3.5, (1, 5)),
        (("How satisfied are you?",), 4.0, (1, 5)),
        (("q-choice",), 2.0, (1, 3)),
        (("?",), None, (1, 5)),
    ],
)
def test_the_questions_that_count_are_ratings_or_those_that_the_settings_name(
    chosen: tuple[str, ...], score: float | None, scale: tuple[int, int]
) -> None:
    section = {"url": "https://example.service-now.com", "api_key": "k", "survey_questions": list(chosen)}
    settings = connectors.read_settings(CONNECTOR, "desk", section)
    questions = [
        {"id": "q1", "name": "How satisfied are you?", "datatype": "scale", "min": "1", "max": "5"},
        {"id": "q2", "name": "How easy was it?", "datatype": "likertscale", "min": "1", "max": "5"},
        {"id": "q-choice", "name": "Which desk?", "datatype": "choice", "min": "1", "max": "3"},
        {"id": "q-text", "name": "What else?", "datatype": "string", "min": "0", "max": "0"},
    ]
    given = {"q1": "4", "q2": "3", "q-choice": "2", "q-text": "-1"}
    payload = {
        "sys_id": "a" * 32,
        "state": "complete",
        "taken_on": "2026-03-03 10:00:00",
        "questions": questions,
        "answers": [{"question": key, "value": value} for key, value in given.items()],
    }
    stream = next(stream for stream in CONNECTOR.streams if stream.name == "surveys")
    row = next(row for row in stream.convert(payload, settings) if isinstance(row, SatisfactionResponse))
    assert (row.score_raw, (row.scale_min, row.scale_max)) == (score, scale)
    assert not [row for row in stream.convert(payload, settings) if isinstance(row, Rejected)]


@pytest.mark.parametrize(
    ("own", "given", "begins"),
    [
        (False, {"state": "3"}, None),
        (True, {"state": "3"}, "2026-03-01 20:00"),
        (True, {"state": "3", "work_start": "2026-03-02 01:00:00"}, "2026-03-02 01:00"),
        (True, {"state": "-1"}, None),
        (True, {"state": "4"}, None),
        (True, {"state": "3", "approval": "rejected"}, None),
    ],
)
def test_the_plan_is_taken_for_the_rollout_only_of_done_changes_and_only_when_asked(
    own: bool, given: dict[str, str], begins: str | None
) -> None:
    section = {"url": "https://example.service-now.com", "api_key": "k", "rollout_from_plan": own}
    settings = connectors.read_settings(CONNECTOR, "desk", section)
    stream = next(stream for stream in CONNECTOR.streams if stream.name == "changes")
    payload = {"sys_id": "a" * 32, "start_date": "2026-03-01 20:00:00", "end_date": "2026-03-01 22:00:00", **given}
    change = next(row for row in stream.convert(payload, settings) if isinstance(row, Change))
    assert (f"{change.rollout_start_at:%Y-%m-%d %H:%M}" if change.rollout_start_at else None) == begins


def test_check_tells_words_that_are_not_known_and_fields_that_the_company_added() -> None:
    with playing(fields={"change": {"risk": "u_hazard"}}) as (at, vendor):
        vendor.fill("changes", 1)
        vendor.records["changes"][0].update(u_planned_cost="5", u_colour="red", state="77")
        vendor.fill("tickets", 1)
        vendor.others["sys_choice"].append(choice("incident", "state", "2", "Parked"))
        vendor.records["tickets"][0]["state"] = "2"  # its number is known, whatever its label
        http = at.connector.open(at.settings)
        told = list(at.connector.check(http, at.settings))
        assert [text for text in told if text.startswith("PROBLEM ")] == [
            "PROBLEM the status '77' (77) of change_request is not known; name it in values.change_status.",
            "PROBLEM fields.change.risk = 'u_hazard' is not a field of change_request.",
        ]
        assert "own fields of change_request: u_colour, u_planned_cost" in told
        assert "of these, fields may want to name: u_planned_cost" in told
        assert [(own.part, own.name) for own in at.connector.own_fields(http, at.settings)] == [
            ("change", "u_colour"),
            ("change", "u_planned_cost"),
        ]
