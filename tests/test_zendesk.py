"""What Zendesk is asked for, and what its own ways mean: the export by cursor, deletions, merges."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

import connectors
from connectors.zendesk.queries import Zendesk
from impact.model import Rejected, Segment, SettingsError, SourceChanged, SourceRefused, Ticket
from tests.dialect import SECRET, Faults, Reply, playing
from tests.dialects.zendesk import SERVICE_FIELD, Vendor
from tests.zendesk_reads import CONNECTOR, account, exports, read, settings, told

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_export_is_asked_by_time_once_and_then_by_cursor_always_with_metric_sets() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 12)
        pages = read(play, "tickets", start="2026-01-01").pages
        asked = exports(play)
        assert [(r.get("start_time"), r.get("cursor")) for r in asked] == [
            ("1767225600", ""),
            ("", pages[0].cursor),
            ("", pages[1].cursor),
        ]
        assert {(r.get("include"), r.get("per_page")) for r in asked} == {("metric_sets", "5")}


def test_the_next_pass_begins_with_the_cursor_behind_the_last_page() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 7)
        cursor = read(play, "tickets").pages[-1].cursor
        new = vendor.fill("tickets", 1)
        play.asked.clear()
        second = read(play, "tickets", DAY, cursor)
        assert [row.source_key for row in second.of(Ticket)] == new
        assert (exports(play)[0].get("cursor"), exports(play)[0].get("start_time")) == (cursor, "")


def test_a_refused_cursor_begins_at_the_last_pass_less_the_overlap() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 3)
        since = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        assert len(read(play, "tickets", since, "gone", overlap_minutes=10).of(Ticket)) == 3
        assert [r.get("start_time") for r in exports(play)] == [
            "",
            str(int((since - timedelta(minutes=10)).timestamp())),
        ]


def test_a_server_that_gives_the_same_cursor_for_ever_is_given_up() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 7)
        stuck = {"tickets": [], "after_cursor": "stuck", "end_of_stream": False}
        with (
            mock.patch.object(vendor, "export", return_value=Reply(stuck)),
            pytest.raises(SourceChanged, match="cursor does not move on"),
        ):
            read(play, "tickets")
        assert len(exports(play)) < 10


@pytest.mark.parametrize("quirk", ["", "short_pages", "repeated_page"])
@pytest.mark.parametrize("name", ["teams", "surveys", "changes"])
def test_lists_are_read_to_the_end_that_zendesk_marks_each_record_once(name: str, quirk: str) -> None:
    with account() as (vendor, play):
        keys = vendor.fill(name, 23)
        vendor.quirks |= {quirk}
        found = [record["id"] for page in read(play, name).pages for record in page.records]
        assert found == keys


def test_organizations_go_on_from_the_end_of_each_page_until_it_moves_no_more() -> None:
    with account() as (vendor, play):
        keys = vendor.fill("segments", 23)
        found = {row.source_key for row in read(play, "segments", start="2026-03-02").rows if isinstance(row, Segment)}
        assert found == set(keys)
        stamps = [r.get("start_time") for r in play.asked if r.path.endswith("organizations.json")]
        ends = [vendor.records["segments"][n]["updated_at"] for n in (9, 18, 22)]
        expected = [DAY, *map(datetime.fromisoformat, ends)]
        assert stamps == [str(int(at.timestamp())) for at in expected]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "Basic " + base64.b64encode(f"eva@example.org/token:{SECRET}".encode()).decode()),
        ({"access_token": SECRET, "email": "", "api_token": ""}, f"Bearer {SECRET}"),
    ],
)
def test_credentials_are_an_api_token_or_an_access_token(own: dict[str, Any], expected: str) -> None:
    with account() as (_, play):
        read(play, "teams", **own)
        assert {request.headers["authorization"] for request in play.asked} == {expected}


def test_the_address_may_end_with_the_path_of_the_interface() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 1)
        (ticket,) = read(play, "tickets", url=f"{play.url}/api/v2").of(Ticket)
        assert ticket.url == f"{play.url}/agent/tickets/101"


def test_deleted_tickets_are_cancelled_and_merged_ones_merged() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 3)
        first, second, _ = vendor.records["tickets"]
        first |= {"status": "deleted", "subject": "SCRUBBED"}
        second |= {"status": "closed", "tags": ["vpn", "closed_by_merge"]}
        tickets = read(play, "tickets").of(Ticket)
        assert [(t.status, t.status_raw) for t in tickets] == [
            ("cancelled", "deleted"),
            ("merged", "closed"),
            ("open", "open"),
        ]


def test_a_user_who_is_no_administrator_is_told_so() -> None:
    with account() as (vendor, play):
        vendor.closed = {"incremental/tickets/cursor.json"}
        with pytest.raises(SourceRefused, match="for administrators only"):
            read(play, "tickets")


@pytest.mark.parametrize("name", ["tickets", "segments", "surveys"])
def test_what_did_not_change_since_then_proves_that_the_condition_had_no_effect(name: str) -> None:
    with account() as (vendor, play):
        vendor.fill(name, 3)
        vendor.quirks.add("ignores_filter")
        with pytest.raises(SourceChanged, match="asked for what changed since"):
            read(play, name, datetime(2026, 3, 3, tzinfo=UTC), survey_days=0)


def test_an_old_survey_response_proves_it_too() -> None:
    with account() as (vendor, play):
        vendor.responses = [{"id": "r1", "created_at": "2026-03-01T08:00:00Z", "answers": []}]
        vendor.quirks.add("ignores_filter")
        with pytest.raises(SourceChanged, match="survey responses since 2026-03-02T00:00:00Z"):
            read(play, "surveys", DAY, survey_days=0)


def test_a_page_of_a_proxy_instead_of_a_closed_list_closes_it_too() -> None:
    with account() as (_, play):
        own = settings(play)
        with mock.patch.object(Reply, "data", return_value=b"<html>Forbidden</html>"):
            play.faults = Faults(403)
            assert Zendesk(CONNECTOR.open(own), own).listed("groups", "groups") is None


def test_exports_are_asked_no_faster_than_the_settings_say() -> None:
    vendor = Vendor()
    with playing(vendor) as play, mock.patch("time.sleep") as pause:
        vendor.fill("tickets", 12)
        read(play, "tickets", exports_per_minute=10)
        waited = [call.args[0] for call in pause.call_args_list]
        assert sum(5 < seconds <= 12 for seconds in waited) == 2  # before the second and the third page


def test_people_are_numbers_and_nothing_they_wrote_is_kept() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 1)
        (record,) = read(play, "tickets").pages[0].records
        assert record["requester"] == "user:2091"
        assert not [value for value in record.values() if "Eva" in str(value)]
        assert "requester" not in read(play, "tickets", requestors=False).pages[0].records[0]


def test_a_ticket_without_a_number_is_not_passed_over_in_silence() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 1)
        vendor.records["tickets"][0]["id"] = None
        with mock.patch.object(vendor, "export", return_value=Reply({"tickets": vendor.records["tickets"]})):
            found = read(play, "tickets")
        stream = next(stream for stream in CONNECTOR.streams if stream.name == "tickets")
        (record,) = found.pages[0].records
        assert stream.key(record) == ""  # a sync lists it as a record without a readable key
        assert [row.reason for row in found.of(Rejected)] == ["a record without an id"]


def test_a_custom_status_means_what_its_label_or_else_its_category_means() -> None:
    with account() as (vendor, play):
        vendor.lists["custom_statuses"] = [
            {"id": 1, "agent_label": "With the vendor", "status_category": "pending"},
            {"id": 2, "agent_label": "Parked", "status_category": "open"},
        ]
        vendor.fill("tickets", 3)
        for row, number, status in zip(
            vendor.records["tickets"], (1, 2, 2), ("pending", "open", "solved"), strict=True
        ):
            row |= {"custom_status_id": number, "status": status}
        tickets = read(play, "tickets", values={"ticket_status": {"waiting": ["Parked"]}}).of(Ticket)
        assert [(t.status, t.status_raw) for t in tickets] == [
            ("waiting", "With the vendor"),
            ("waiting", "Parked"),
            ("resolved", "solved"),  # its custom status is of a category that it has left
        ]


def test_a_closed_ticket_is_closed_though_it_keeps_the_status_in_which_it_was_solved() -> None:
    with account() as (vendor, play):
        labels = ("Solved", "Fixed", "Answered by Eva's team", "Spam")
        vendor.lists["custom_statuses"] = [
            {"id": number, "agent_label": label, "status_category": "solved"} for number, label in enumerate(labels)
        ]
        vendor.fill("tickets", len(labels))
        for number, row in enumerate(vendor.records["tickets"]):
            row |= {"custom_status_id": number, "status": "closed"}
        assert [(t.status, t.status_raw) for t in read(play, "tickets").of(Ticket)] == [
            ("closed", "closed"),
            ("closed", "Fixed"),
            ("closed", "Answered by Eva's team"),
            ("cancelled", "Spam"),
        ]


def test_groups_of_customers_come_from_fields_of_people_and_organizations_only_where_set() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 1)
        vendor.beside = {
            "users": [{"id": 2091, "name": "Eva", "user_fields": {"site": "Lyon"}}],
            "organizations": [{"id": 101, "organization_fields": {"plan": "gold"}}],
        }
        own = {"user": {"location": "site"}, "organization": {"tier": "plan"}}
        (ticket,) = read(play, "tickets", fields=own).of(Ticket)
        assert exports(play)[-1].get("include") == "metric_sets,users,organizations"
        assert ticket.segment_ids == (
            "desk:segment:organization:101",
            "desk:segment:location:lyon",
            "desk:segment:tier:gold",
        )


def test_ticket_fields_are_found_by_title_or_id_and_the_first_filled_one_counts() -> None:
    with account() as (vendor, play):
        vendor.fields = [
            {"id": 1, "title": "Site", "active": False},
            {"id": 2, "title": "site", "active": True},
            {"id": 3, "raw_title": "Room", "title": "{{dc.room}}"},
        ]
        vendor.fill("tickets", 2)
        first, second = vendor.records["tickets"]
        first["custom_fields"] = [{"id": 1, "value": "old"}, {"id": 2, "value": "Lyon"}, {"id": 3, "value": "R1"}]
        second["custom_fields"] = [{"id": 1, "value": "old"}, {"id": 2, "value": None}]
        by_title = read(play, "tickets", fields={"ticket": {"location": "Site", "device": "Room"}}).of(Ticket)
        by_id = read(play, "tickets", fields={"ticket": {"location": "1"}}).of(Ticket)
        assert [t.segment_ids[1:] for t in by_title] == [
            ("desk:segment:location:lyon", "desk:segment:device:r1"),
            ("desk:segment:location:old",),
        ]
        assert [t.segment_ids[1:] for t in by_id] == [("desk:segment:location:old",)] * 2


def test_a_choice_is_a_service_by_its_value_and_the_list_of_choices_names_it() -> None:
    with account() as (vendor, play):
        vendor.fill("services", 1)
        vendor.fill("tickets", 2)
        vendor.records["tickets"][1]["custom_fields"] = [{"id": SERVICE_FIELD, "value": "svc_gone"}]
        assert [(s.source_key, s.name) for s in read(play, "services").rows] == [("svc_101", "Service 1")]
        found = read(play, "tickets")
        assert [t.service_id for t in found.of(Ticket)] == ["desk:service:svc_101", "desk:service:svc_gone"]
        named = [row.name for row in found.rows if type(row).__name__ == "Service"]
        assert named == ["svc_gone"]  # a choice that the list no longer has


def test_check_tells_what_is_there_and_what_is_missing() -> None:
    with account() as (vendor, play):
        vendor.fill("services", 1)
        vendor.fields = [{"id": 5, "title": "Root cause change"}, {"id": 6, "title": "Status", "removable": False}]
        vendor.fill("tickets", 3)
        play.time_passes()
        vendor.fill("tickets", 2)
        vendor.records["tickets"][-1]["via"] = {"channel": "carrier_pigeon"}
        vendor.lists["ticket_forms"] = [{"id": 1260, "name": "Change request"}]
        said = told(play, changes_from="", fields={"ticket": {"location": "Site"}})
        assert said[0] == "signed in to Zendesk"
        assert "2 ticket fields: Root cause change (5), Service (27642)" in said
        assert [text for text in said if "look as if they mattered" in text and "Root cause change (5)" in text]
        assert "PROBLEM fields.ticket.location = 'Site' is not among them." in said
        assert "PROBLEM changes_from is empty: no change and no milestone is read. Say what a change is." in said
        assert "ticket forms: Change request (1260)" in said
        assert "5 tickets" in said
        assert "of the first 2 that changed in the last 30 days: 0 changes, 0 milestones, 2 tickets" in said
        assert "words for channel that count as other: carrier_pigeon (values.channel may name them)" in said


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        ({"api_token": ""}, "lacks email and api_token, or access_token"),
        ({"changes_from": "queue"}, "changes_from has 'queue', which is not known"),
        ({"changes_from": "form"}, "changes_from = 'form' needs change_forms"),
        ({"changes_from": "tag"}, "changes_from = 'tag' needs change_tags"),
        ({"change_object": "../users"}, "is not the key of a custom object"),
        ({"satisfaction": "both"}, "satisfaction has 'both'"),
        ({"export_page_size": 2000}, "export_page_size = 2000 is not between 1 and 1000"),
        ({"page_size": 500}, "page_size = 500 is not between 1 and 100"),
        ({"csat_min": 5, "csat_max": 1}, "csat_min = 5 is not below csat_max = 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(own: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint.replace("(", r"\(")):
        connectors.read_settings(CONNECTOR, "desk", {**Vendor().settings("https://acme.zendesk.com"), **own})
