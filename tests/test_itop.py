"""What is special about iTop: its one address, errors inside good answers, fields and rights that differ from site to
site, surveys that look answered, and what is never done. Pages and faults are checked for all connectors alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connectors
from connectors.itop import CONNECTOR
from connectors.itop.queries import Itop
from impact.model import Rejected, SettingsError, SourceChanged, SourceError, SourceRefused
from tests.dialect import SECRET, Reply, Request
from tests.dialects.itop import Vendor, naive
from tests.passes import Case, case

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HISTORY = "CMDBChangeOpSetAttributeScalar"


@pytest.fixture
def at() -> Iterator[Case]:
    with case(CONNECTOR, Vendor) as played:
        yield played


def vendor(at: Case) -> Vendor:
    assert isinstance(at.dialect, Vendor)
    return at.dialect


def having(at: Case, **own: Any) -> Case:
    return dataclasses.replace(at, settings=dataclasses.replace(at.settings, **own))


def asked(at: Case) -> list[dict[str, Any]]:
    return [json.loads(request.form()["json_data"]) for request in at.play.asked]


def add(at: Case, stream: str, **fields: Any) -> dict[str, Any]:
    at.dialect.fill(stream, 1)
    record = at.dialect.records[stream][-1]
    record.update(fields)
    return record


def rows(at: Case, stream: str, kind: str) -> list[Any]:
    got = at.read(stream)
    assert got.error is None
    chosen = at.stream(stream)
    return [row for p in got.payloads for row in chosen.convert(p, at.settings) if type(row).__name__ == kind]


def sentences(at: Case) -> list[str]:
    http = CONNECTOR.open(at.settings)
    try:
        return list(CONNECTOR.check(http, at.settings))
    finally:
        http.close()


# How it is asked


def test_every_question_is_a_post_with_the_login_in_its_form_and_fields_named(at: Case) -> None:
    add(at, "tickets")
    at.read("tickets")
    first = at.play.asked[0]
    assert (first.method, first.path, first.query) == ("POST", "/itop/webservices/rest.php", [("version", "1.3")])
    assert (first.form()["auth_user"], first.form()["auth_pwd"]) == ("reader", SECRET)
    assert not any("*" in query["output_fields"] for query in asked(at))
    assert not any("page" in query and "limit" not in query for query in asked(at))
    by_id = [query for query in asked(at) if query["key"].startswith("SELECT Incident WHERE id IN")]
    listed = [query for query in asked(at) if query["key"].startswith("SELECT UserRequest WHERE last_update >= ")]
    assert (len(by_id), len(listed)) == (0, 1)
    assert (listed[0]["output_fields"], listed[0]["limit"], listed[0]["page"]) == ("id,last_update", 5, 1)


def test_a_token_goes_into_its_header_and_no_login_is_sent() -> None:
    with case(CONNECTOR, Vendor) as played:
        played = having(played, token=SECRET, username="", password="")
        add(played, "tickets")
        assert played.read("tickets").error is None
        assert played.play.asked[0].headers["auth-token"] == SECRET
        assert set(played.play.asked[0].form()) == {"json_data"}


@pytest.mark.parametrize(
    ("code", "message", "error", "told"),
    [
        (1, "Error: Invalid login eva", SourceRefused, "does not accept this user (code 1)"),
        (
            1,
            "The current user does not have enough permissions for reading data of class X",
            SourceRefused,
            "bulk-read",
        ),
        (5, "Missing auth_user", SourceRefused, "code 5"),
        (6, "Missing auth_pwd", SourceRefused, "code 6"),
        (10, "Unsupported version", SourceChanged, "set api_version"),
        (100, "Error: output_fields: invalid attribute code 'nope'", SourceChanged, "no field nope"),
        (100, "OQL error in SELECT eva", SourceChanged, "change_classes or ticket_classes"),
        (77, "eva", SourceChanged, "code 77"),
        (100, "Error: Failed to issue SQL query: SELECT eva", SourceChanged, "iTop itself failed"),
        (2006, "Error: MySQL server has gone away", SourceChanged, "tries again"),
        (100, "Error: class: 'SQL query' is not a valid class'", SourceChanged, "may not exist"),
    ],
)
def test_an_error_inside_a_good_answer_is_told_in_own_words(
    at: Case, code: int, message: str, error: type[SourceError], told: str
) -> None:
    vendor(at).answer = lambda request: Reply({"code": code, "message": message, "objects": None})  # type: ignore
    with pytest.raises(error) as caught:
        Itop(CONNECTOR.open(at.settings), at.settings).get("UserRequest", "id = 1")
    assert told in str(caught.value)
    assert "eva" not in str(caught.value)
    assert "SELECT" not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [[], {}, {"code": None}, {"code": 0, "objects": "none"}, {"code": 0, "objects": [3]}]
)
def test_an_answer_of_another_shape_is_no_empty_list(at: Case, answer: Any) -> None:
    vendor(at).answer = lambda request: Reply(answer)  # type: ignore
    with pytest.raises(SourceChanged):
        Itop(CONNECTOR.open(at.settings), at.settings).get("UserRequest")


def test_a_list_by_name_with_ties_is_read_in_full(at: Case) -> None:
    for number in range(23):
        add(at, "teams", name=f"Team {number % 2}")
    assert len(at.read("teams").keys) == 23


def test_a_field_that_this_itop_lacks_is_left_out_and_the_others_are_read(at: Case) -> None:
    vendor(at).gone |= {"UserRequest.tto", "UserRequest.parent_change_id"}
    add(at, "tickets", status="assigned")
    [ticket] = rows(at, "tickets", "Ticket")
    assert (ticket.status, ticket.first_reply_at, ticket.caused_by_change_id) == ("open", None, None)
    assert "the class UserRequest has no tto, parent_change_id; what they would tell stays unknown" in sentences(at)


def test_fields_are_tried_one_by_one_where_itop_does_not_name_the_unknown_one(at: Case) -> None:
    vendor(at).gone |= {"UserRequest.tto"}
    add(at, "tickets")
    good = at.dialect.answer

    def silent(request: Request) -> Reply:
        reply = good(request)
        return Reply({"code": 100, "message": "Error"}) if reply.body.get("code") == 100 else reply

    vendor(at).answer = silent  # type: ignore
    [ticket] = rows(at, "tickets", "Ticket")
    assert (ticket.first_reply_at, ticket.channel) == (None, "mail")


def test_a_class_that_does_not_exist_is_passed_over_but_not_all_of_them(at: Case) -> None:
    add(at, "tickets")
    vendor(at).gone |= {"Incident"}
    assert len(rows(at, "tickets", "Ticket")) == 1
    assert "there is no class Incident in this iTop, so it is passed over (ticket_classes)" in sentences(at)
    vendor(at).gone |= {"UserRequest"}
    assert str(at.read("tickets").error) == (
        "This iTop has none of the classes UserRequest, Incident. Correct ticket_classes."
    )


def test_a_class_that_may_not_be_read_is_a_refusal_of_its_stream_only(at: Case) -> None:
    add(at, "tickets")
    add(at, "changes")
    vendor(at).refused |= {"Incident"}
    assert isinstance(at.read("tickets").error, SourceRefused)
    assert len(rows(at, "changes", "Change")) == 1


# What is never done, and who has not answered


def test_rejected_and_not_approved_changes_are_never_done(at: Case) -> None:
    for status in ("rejected", "notapproved", "approved", "implemented", "monitored", "closed"):
        record = add(at, "changes", status="new", close_date=naive(AT), start_date=naive(AT))
        vendor(at).move(record, "status", status, AT)
    for chosen in ("history", "plan", "close"):
        found = {c.status_raw: (c.status, c.rollout_start_at, c.outcome) for c in _changes(at, rollout_from=chosen)}
        assert found == {
            "rejected": ("cancelled", None, "unknown"),
            "notapproved": ("planned", None, "unknown"),
            "approved": ("planned", None, "unknown"),
            "implemented": ("done", AT, "unknown"),
            "monitored": ("done", AT, "unknown"),
            "closed": ("done", AT, "unknown"),
        }


def _changes(at: Case, **own: Any) -> list[Any]:
    return rows(having(at, **own), "changes", "Change")


def test_a_rollout_is_when_the_history_says_implemented_and_unknown_without_it(at: Case) -> None:
    record = add(at, "changes", start_date=naive(AT), end_date=naive(AT + timedelta(hours=2)))
    moves = [("plannedscheduled", 1), ("approved", 2), ("implemented", 30), ("monitored", 40), ("closed", 90)]
    for status, hours in moves:
        vendor(at).move(record, "status", status, AT + timedelta(hours=hours))
    [change] = _changes(at)
    assert change.rollout_start_at == change.rollout_end_at == AT + timedelta(hours=30)
    assert "userinfo" not in json.dumps(asked(at))
    vendor(at).refused |= {HISTORY}
    [change] = _changes(at)
    assert (change.status, change.rollout_start_at, change.planned_start_at) == ("done", None, AT)
    assert any(text.startswith("PROBLEM no change gets rollout dates") for text in sentences(at))
    assert not any("rollout dates" in text for text in sentences(having(at, rollout_from="plan")))


@pytest.mark.parametrize(
    ("status", "value", "comment", "moves", "expected"),
    [
        ("new", "1", "", (), []),
        ("resolved", "1", "", (), []),
        ("rejected", "4", "", (), []),
        ("closed", "1", "", (), [(None, None)]),
        ("closed", "1", "<p> </p>", (), [(None, None)]),
        ("closed", "", "", (), [(None, None)]),
        ("closed", "1", "thank you", (), [(1.0, AT)]),
        ("closed", "1", "", ("3", "1"), [(1.0, AT)]),
        ("closed", "4", "", (), [(0.0, AT)]),
    ],
)
def test_a_survey_nobody_answered_never_reads_as_satisfied(
    at: Case, status: str, value: str, comment: str, moves: tuple[str, ...], expected: list[Any]
) -> None:
    record = add(at, "tickets", status=status, user_satisfaction="1", user_comment=comment, close_date=naive(AT))
    for new in moves:
        vendor(at).move(record, "user_satisfaction", new, AT)
    record["user_satisfaction"] = value
    found = rows(at, "tickets", "SatisfactionResponse")
    assert [(row.score_ratio, row.answered_at) for row in found] == expected


def test_a_survey_field_of_the_company_has_its_own_scale_and_is_empty_until_answered(at: Case) -> None:
    for value in ("", "1", "5"):
        add(at, "tickets", status="resolved", resolution_date=naive(AT), close_date="", user_comment="", x_stars=value)
    vendor(at).records["tickets"][2]["class"] = "UserRequest"
    own = having(at, fields={"ticket": {"csat": "x_stars"}}, csat_max=5.0, csat_better="high")
    found = rows(own, "tickets", "SatisfactionResponse")
    assert [(row.score_ratio, row.answered_at) for row in found] == [(None, None), (0.0, AT), (1.0, AT)]


def test_what_somebody_wrote_or_is_called_is_not_kept(at: Case) -> None:
    add(at, "tickets", user_comment="Kahlo was slow", caller_id="40")
    vendor(at).others["Person"].append({"class": "Person", "id": "40", "name": "Kahlo", "location_id": "5"})
    [payload] = at.read("tickets").payloads
    assert (payload["commented"], payload["person"], payload["location"]) == (True, "played:40", "5")
    assert "Kahlo" not in json.dumps(payload)
    assert "caller_id" not in payload["fields"]
    [payload] = having(at, requestors=False).read("tickets").payloads
    assert "person" not in payload
    assert payload["location"] == "5"


def test_targets_count_only_where_some_are_defined(at: Case) -> None:
    add(at, "tickets", sla_ttr_passed="no")
    assert [ticket.within_target for ticket in rows(at, "tickets", "Ticket")] == [None]
    vendor(at).others["SLT"].append({"class": "SLT", "id": "1", "metric": "ttr"})
    assert [ticket.within_target for ticket in rows(at, "tickets", "Ticket")] == [True]


# Beside the records


def test_work_orders_of_open_changes_are_read_every_time_and_those_of_closed_ones_once(at: Case) -> None:
    opened = add(at, "changes")
    ended = add(at, "changes", operational_status="closed", status="closed")
    first = add(at, "milestones", ticket_id=opened["id"])
    second = add(at, "milestones", ticket_id=ended["id"])
    add(at, "milestones", ticket_id="9999")  # of a customer's ticket
    got = at.read("milestones")
    assert sorted(got.keys) == sorted([first["id"], second["id"]])
    vendor(at).move(first, "status", "closed", AT)
    later = at.read("milestones", at.dialect.now + timedelta(days=1))
    assert [(row.source_key, row.status, row.done_on) for row in later.rows] == [(first["id"], "done", AT.date())]


def test_configuration_items_lead_to_the_services_they_are_part_of(at: Case) -> None:
    change = add(at, "changes")
    link = {"class": "lnkFunctionalCIToTicket", "ticket_id": change["id"], "functionalci_name": "Server"}
    others = vendor(at).others
    for number, role in (("7", "manual"), ("8", "computed"), ("9", "not_impacted")):
        own = {"id": number, "functionalci_id": number, "impact_code": role}
        others["lnkFunctionalCIToTicket"].append({**link, **own})
    part = {"class": "lnkFunctionalCIToService", "id": "1", "functionalci_id": "8", "service_id": "2"}
    others["lnkFunctionalCIToService"].append(part)
    found = {(row.service_id, row.role) for row in rows(at, "changes", "ChangeService")}
    assert found == {
        ("played:service:ci:7", "changed"),
        ("played:service:ci:8", "affected"),
        ("played:service:2", "affected"),
    }
    vendor(at).refused |= {"lnkFunctionalCIToTicket"}
    assert rows(at, "changes", "ChangeService") == []


def test_an_open_change_is_read_again_for_its_configuration_items(at: Case) -> None:
    opened, ended = add(at, "changes"), add(at, "changes", operational_status="closed", status="closed")
    first = at.read("changes")
    assert sorted(first.keys) == [opened["id"], ended["id"]]
    later = at.read("changes", at.dialect.now + timedelta(days=1))
    assert (later.keys, later.bookmark) == ([opened["id"]], at.dialect.now + timedelta(days=1))


def test_a_record_of_two_configured_classes_comes_once(at: Case) -> None:
    record = add(at, "changes")
    both = having(at, change_classes=("Change", record["class"]))
    assert both.read("changes").keys == [record["id"]]


# What is told beforehand


def test_check_tells_what_is_there_and_finds_nothing_wrong_with_a_good_itop(at: Case) -> None:
    for stream in ("teams", "services", "segments", "changes", "milestones", "tickets"):
        record = add(at, stream)
    vendor(at).move(record, "status", "resolved", AT)
    told = sentences(at)
    assert [text for text in told if text.startswith("PROBLEM")] == []
    assert "signed in to iTop (web service 1.4)" in told
    assert "1 objects of the class Change are visible" in told
    assert "1 work orders of the class Change become milestones" in told
    assert any("Europe/Paris (timezone)" in text for text in told)
    stamp = at.dialect.records["tickets"][0]["last_update"]
    assert any(f"the newest update of the class UserRequest is {stamp} in iTop" in text for text in told)


def test_check_tells_own_fields_unknown_words_and_configured_fields_that_are_not_there(at: Case) -> None:
    add(at, "changes", status="parked", x_risk="high")
    own = having(at, fields={"change": {"risk": "x_danger"}})
    told = sentences(own)
    assert "PROBLEM fields.change.risk = 'x_danger' is no field of the class Change." in told
    assert "fields of your own in the class Change, for fields.change: x_risk" in told
    assert any("PROBLEM the status 'parked' is not known" in text for text in told)
    http = CONNECTOR.open(at.settings)
    assert [(f.part, f.name, f.label) for f in CONNECTOR.own_fields(http, at.settings)] == [
        ("change", "x_risk", "x risk")
    ]


def test_check_tells_what_lacks_and_what_may_not_be_read(at: Case) -> None:
    add(at, "changes")
    vendor(at).gone |= {"lnkFunctionalCIToService", "WorkOrder"}
    vendor(at).refused |= {"Person", "UserRequest"}
    told = sentences(at)
    assert "PROBLEM the class Person may not be read by this user: the locations of customers stay unknown." in told
    assert any(text.startswith("there is no class lnkFunctionalCIToService in this iTop: ") for text in told)
    assert "there is no class WorkOrder in this iTop: no milestones" in told
    assert any(text.startswith("PROBLEM iTop refuses the class UserRequest to this user") for text in told)
    assert at.read("milestones").pages == ()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({}, "Set token, or username and password."),
        ({"timezone": "Paris"}, "timezone = 'Paris' is not a time zone"),
        ({"date_format": "l jS"}, "date_format = 'l jS' is not a form such as Y-m-d H:i:s."),
        ({"rollout_from": "guess"}, "Allowed: close, field, history, plan."),
        ({"change_classes": ["Change WHERE 1"]}, "which is no code of iTop"),
        ({"fields": {"change": {"risk": "a,b"}}}, "fields.change has 'a,b', which is no code of iTop"),
        ({"list_size": 0}, "list_size = 0 is not between 1 and 100000."),
    ],
)
def test_settings_that_make_no_sense_are_told(section: dict[str, Any], told: str) -> None:
    login = {"username": "reader", "password": "x"} if section else {}
    with pytest.raises(SettingsError) as caught:
        connectors.read_settings(CONNECTOR, "desk", {"url": "https://itop.example.com", **login, **section})
    assert told in str(caught.value)


def test_nothing_of_the_samples_is_rejected_without_a_reason() -> None:
    from tests.contract import samples

    given = samples(CONNECTOR)
    found = {
        row.key
        for stream in CONNECTOR.streams
        for payload in given.payloads[stream.name]
        for row in stream.convert(payload, given.settings)
        if isinstance(row, Rejected)
    }
    assert found == {"5", "6", "17", "19", "889", "890", "893"}
