"""What is a change in a Zendesk, by form, problem, tag or custom object; its steps, its end, and what it caused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from impact.model import Change, ChangeService, Milestone, Rejected, SettingsError, Ticket
from tests.dialect import BEGIN, Play
from tests.dialects.zendesk import Vendor
from tests.zendesk_reads import account, read, told

FORM = {"changes_from": "form", "change_forms": ["Change request"], "change_object": ""}
FORMS = [{"id": 1260, "name": "Change request"}, {"id": 1, "name": "Default"}]
OUTCOME = {
    "id": 50,
    "title": "Outcome",
    "custom_field_options": [
        {"name": "Successful", "value": "out_ok"},
        {"name": "Rejected", "value": "out_no"},
        {"name": "Rolled back", "value": "out_back"},
    ],
}
START, END, LINK, CAUSE = (
    {"id": 51, "title": "Actual Start", "type": "date"},
    {"id": 52, "title": "Planned Start", "type": "date"},
    {"id": 53, "title": "Change", "type": "lookup"},
    {"id": 54, "title": "Caused by Change", "type": "lookup"},
)


def desk(vendor: Vendor, *tickets: dict[str, Any], fields: dict[int, Any] | None = None) -> None:
    """An account with these tickets, numbered from 101; ``fields`` are ticket fields of the last one."""
    vendor.lists["ticket_forms"] = FORMS
    vendor.fields = [OUTCOME, START, END, LINK, CAUSE]
    vendor.fill("tickets", len(tickets))
    for row, own in zip(vendor.records["tickets"], tickets, strict=True):
        row |= own
    if fields:
        vendor.records["tickets"][-1]["custom_fields"] = [{"id": n, "value": value} for n, value in fields.items()]


def solved(**more: Any) -> dict[str, Any]:
    """A solved ticket on the form of changes."""
    metrics = {"solved_at": "2026-03-05T09:00:00Z", "reopens": 0}
    return {"ticket_form_id": 1260, "type": None, "status": "solved", "metric_set": metrics, **more}


def one_change(play: Play, **own: Any) -> Change:
    (change,) = read(play, "tickets", **{**FORM, **own}).of(Change)
    assert isinstance(change, Change)
    return change


def test_a_ticket_on_a_form_of_changes_is_a_change_and_no_customers_ticket() -> None:
    with account() as (vendor, play):
        desk(vendor, {"ticket_form_id": 1260, "subject": "New gateway"}, {"ticket_form_id": 1})
        by_name = read(play, "tickets", **FORM)
        by_id = read(play, "tickets", **{**FORM, "change_forms": ["1260"]})
        assert by_name.rows == by_id.rows
        assert [(c.source_key, c.title) for c in by_name.of(Change)] == [("101", "New gateway")]
        assert [t.source_key for t in by_name.of(Ticket)] == ["102"]


def test_a_form_that_is_not_there_is_named_with_those_that_are() -> None:
    with account() as (vendor, play):
        desk(vendor, {})
        with pytest.raises(
            SettingsError, match=r"'Changes', which is no ticket form .* It shows: Change request, Default"
        ):
            read(play, "tickets", **{**FORM, "change_forms": ["Changes"]})


def test_forms_that_cannot_be_listed_may_be_named_by_id() -> None:
    with account() as (vendor, play):
        desk(vendor, {"ticket_form_id": 1260})
        vendor.closed = {"ticket_forms"}
        assert len(read(play, "tickets", **{**FORM, "change_forms": ["1260"]}).of(Change)) == 1
        with pytest.raises(SettingsError, match="name forms by id"):
            read(play, "tickets", **FORM)


def test_where_problems_are_changes_an_incident_names_its_cause() -> None:
    with account() as (vendor, play):
        desk(vendor, {"type": "problem"}, {"type": "incident", "problem_id": 101}, {"type": "question"})
        found = read(play, "tickets", changes_from="problem")
        assert [c.id for c in found.of(Change)] == ["desk:change:101"]
        assert [t.caused_by_change_id for t in found.of(Ticket)] == ["desk:change:101", None]
        linked = read(play, "tickets", changes_from="problem", problem_link="link").of(Ticket)
        assert [(t.caused_by_change_id, t.change_ids) for t in linked] == [(None, ("desk:change:101",)), (None, ())]


def test_where_forms_are_changes_a_problem_is_a_problem_unless_the_settings_say_more() -> None:
    with account() as (vendor, play):
        desk(vendor, {"type": "problem"}, {"type": "incident", "problem_id": 101})
        tickets = read(play, "tickets", **FORM).of(Ticket)
        assert [(t.kind, t.caused_by_change_id, t.change_ids) for t in tickets] == [
            ("problem", None, ()),
            ("incident", None, ()),
        ]
        assert (
            read(play, "tickets", **FORM, problem_link="cause").of(Ticket)[1].caused_by_change_id == "desk:change:101"
        )


def test_a_tag_may_say_that_a_ticket_is_a_change() -> None:
    with account() as (vendor, play):
        desk(vendor, {"tags": ["vpn", "Change_Request"]}, {"tags": ["vpn"]})
        found = read(play, "tickets", changes_from="tag", change_tags=["change_request"])
        assert ([c.source_key for c in found.of(Change)], len(found.of(Ticket))) == (["101"], 1)


def test_the_field_for_the_cause_wins_over_the_problem_and_every_other_link_is_kept() -> None:
    with account() as (vendor, play):
        desk(vendor, {}, {"problem_id": 7, "tags": ["change_9"]}, fields={54: "#101"})
        ticket = read(play, "tickets", **FORM, problem_link="cause", change_tag_prefix="change_").of(Ticket)[-1]
        assert ticket.caused_by_change_id == "desk:change:101"
        assert ticket.change_ids == ("desk:change:7", "desk:change:9")


@pytest.mark.parametrize(
    ("task", "fields", "own"),
    [
        ({}, {53: "101"}, {}),
        ({"problem_id": 101}, {}, {}),
        ({"tags": ["change_101"]}, {}, {"change_tag_prefix": "change_"}),
    ],
    ids=["field", "problem", "tag"],
)
def test_a_task_that_names_a_change_is_a_step_of_it(task: dict[str, Any], fields: Any, own: dict[str, Any]) -> None:
    with account() as (vendor, play):
        metrics = {"solved_at": "2026-03-28T23:30:00Z"}
        due = {"type": "task", "due_at": "2026-03-29T21:30:00Z", "status": "solved", "metric_set": metrics}
        desk(vendor, {"ticket_form_id": 1260}, {**due, **task}, fields=fields)
        found = read(play, "tickets", **FORM, **own, day_timezone="Europe/Berlin")
        (step,) = found.of(Milestone)
        assert (step.change_id, step.status) == ("desk:change:101", "done")
        # the clock goes forward in the night between the two: UTC+1 before, UTC+2 after
        assert (step.done_on, step.due_on) == (date(2026, 3, 29), date(2026, 3, 29))
        assert found.of(Ticket) == []


def test_a_task_that_names_no_change_is_a_customers_request() -> None:
    with account() as (vendor, play):
        desk(vendor, {"type": "task"})
        found = read(play, "tickets", **FORM)
        assert ([t.kind for t in found.of(Ticket)], found.of(Milestone)) == (["request"], [])


REFUSED = [
    (solved(), {50: "out_no"}, ("cancelled", "Rejected", "unknown")),
    (solved(tags=["declined"]), {}, ("cancelled", "declined", "unknown")),
    (solved(status="closed", tags=["closed_by_merge"]), {}, ("cancelled", "closed_by_merge", "unknown")),
    (solved(custom_status_id=9), {}, ("cancelled", "Rejected", "unknown")),
    (solved(status="closed", custom_status_id=9), {}, ("cancelled", "Rejected", "unknown")),
    (solved(status="closed", custom_status_id=10), {}, ("done", "Failed", "failed")),
    (solved(status="deleted"), {}, ("cancelled", "deleted", "unknown")),
    (solved(), {50: "out_back"}, ("rolled_back", "Rolled back", "failed")),
    (solved(), {50: "out_ok"}, ("done", "solved", "successful")),
    (solved(), {}, ("done", "solved", "unknown")),
    (solved(status="open", tags=["declined"]), {}, ("running", "open", "unknown")),
]


@pytest.mark.parametrize(("ticket", "fields", "expected"), REFUSED)
def test_a_refused_change_is_never_done(ticket: dict[str, Any], fields: Any, expected: tuple[str, ...]) -> None:
    with account() as (vendor, play):
        vendor.lists["custom_statuses"] = [
            {"id": 9, "agent_label": "Rejected", "status_category": "solved"},
            {"id": 10, "agent_label": "Failed", "status_category": "solved"},
        ]
        desk(vendor, ticket, fields=fields)
        change = one_change(play)
        assert (change.status, change.status_raw, change.outcome) == expected
        assert (change.rollout_start_at is not None) == (change.status == "done")


def test_a_change_went_live_when_its_field_says_and_else_when_it_was_solved() -> None:
    with account() as (vendor, play):
        desk(vendor, solved(), fields={51: "2026-03-03", 52: "2026-03-01"})
        change = one_change(play, day_timezone="Europe/Berlin")
        assert change.rollout_start_at == datetime(2026, 3, 2, 23, tzinfo=UTC)
        assert change.rollout_end_at is None
        vendor.records["tickets"][0]["custom_fields"] = [{"id": 52, "value": "2026-03-01"}]
        assert one_change(play).rollout_start_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
        assert one_change(play, rollout_from_solved=False).rollout_start_at is None
        assert one_change(play, rollout_from_plan=True).rollout_start_at == datetime(2026, 3, 1, tzinfo=UTC)


def test_planned_dates_are_no_rollout_of_a_change_that_is_not_done() -> None:
    with account() as (vendor, play):
        desk(vendor, {"ticket_form_id": 1260, "status": "open"}, fields={52: "2026-03-01"})
        change = one_change(play, rollout_from_plan=True)
        assert (change.planned_start_at, change.rollout_start_at) == (datetime(2026, 3, 1, tzinfo=UTC), None)


def test_a_field_that_says_where_a_change_stands_wins_over_the_ticket() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 0)
        desk(vendor, solved(), fields={55: "Backed out"})
        vendor.fields.append({"id": 55, "title": "State"})
        change = one_change(play, fields={"change": {"status": "State"}})
        assert (change.status, change.status_raw) == ("rolled_back", "Backed out")
        vendor.records["tickets"][0]["custom_fields"] = [{"id": 55, "value": "Somewhere"}]
        assert one_change(play, fields={"change": {"status": "State"}}).status == "other"


def test_changes_in_a_custom_object_are_read_with_the_keys_of_its_fields() -> None:
    with account() as (vendor, play):
        vendor.fill("services", 1)
        vendor.fill("changes", 7)
        vendor.records["changes"][0] |= {
            "external_id": "CHG-204",
            "custom_object_fields": {
                "service": "svc_101",
                "state": "Closed",
                "actual_start": "2026-03-02T20:00:00+01:00",
                "planned_cost": "a lot",
            },
        }
        found = read(play, "changes", fields={"change": {"status": "state"}})
        change = found.of(Change)[0]
        assert len(found.of(Change)) == 7  # two pages
        assert (change.source_key, change.number, change.title) == ("01HX0001", "CHG-204", "Change 1")
        assert (change.status, change.rollout_start_at) == ("done", datetime(2026, 3, 2, 19, tzinfo=UTC))
        assert [(r.key, r.column) for r in found.of(Rejected)] == [("01HX0001", "planned_cost")]
        assert found.of(ChangeService)[0].service_id == "desk:service:svc_101"
        assert [row for row in found.rows if type(row).__name__ == "Service"] == []  # the list of choices names it


def test_tickets_and_tasks_name_records_of_the_custom_object() -> None:
    with account() as (vendor, play):
        desk(vendor, {"type": "incident"}, {"type": "task"}, fields={53: "01HX0001"})
        vendor.records["tickets"][0]["custom_fields"] = [{"id": 54, "value": "01HX0002"}]
        vendor.records["tickets"][0]["problem_id"] = 77
        found = read(play, "tickets")
        assert [t.caused_by_change_id for t in found.of(Ticket)] == ["desk:change:01HX0002"]
        assert [m.change_id for m in found.of(Milestone)] == ["desk:change:01HX0001"]


def test_a_custom_object_that_is_not_there_is_a_problem() -> None:
    with account() as (_, play):
        said = told(play, change_object="chnage")
        assert [text for text in said if text.startswith("PROBLEM there is no custom object 'chnage' for this user")]


def test_without_a_custom_object_the_stream_of_changes_asks_nothing() -> None:
    with account() as (vendor, play):
        desk(vendor, {})
        assert read(play, "changes", BEGIN, **FORM).pages == []
        assert play.asked == []


def test_check_reminds_that_solved_changes_count_as_done() -> None:
    with account() as (vendor, play):
        desk(vendor, {"ticket_form_id": 1260})
        said = told(play, **FORM)
        assert [text for text in said if text.startswith("a solved change counts as done unless")]
        undated = [
            text for text in told(play, **FORM, fields={"change": {"rollout_start_at": ""}}) if "went live" in text
        ]
        assert undated == [
            "no field tells when a change went live (fields.change.rollout_start_at): one that is done counts from the "
            "moment it was solved"
        ]
        assert not [text for text in said if "went live" in text]
        assert not [
            text for text in told(play, **FORM, fields={"change": {"status": "Outcome"}}) if "counts as done" in text
        ]
