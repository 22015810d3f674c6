"""What a ServiceNow is asked, and what is made of its peculiar answers: conditions it drops, times it reads in the zone
of the user, pages it gives up on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

import connectors
from connectors import Page
from impact.model import SettingsError, SourceChanged, SourceRefused, SourceUnavailable
from tests.dialect import BEGIN, Request
from tests.dialects.servicenow import Vendor, identity
from tests.passes import Case, case, compared, filled

CONNECTOR = connectors.load("servicenow")


@contextmanager
def playing(**own: Any) -> Iterator[tuple[Case, Vendor]]:
    with case(CONNECTOR, Vendor, **own) as at:
        assert isinstance(at.dialect, Vendor)
        yield at, at.dialect


def asked(at: Case, table: str) -> list[Request]:
    return [request for request in at.play.asked if request.path == f"/api/now/table/{table}"]


def queries(at: Case, table: str) -> list[str]:
    return [request.get("sysparm_query") for request in asked(at, table)]


def test_pages_go_on_from_the_last_record_to_an_empty_page_that_is_asked_for_in_two_ways() -> None:
    with playing(ticket_tables=["incident"], parallel=1, sla=False) as (at, vendor):
        vendor.fill("tickets", 7)  # of which the fourth is no incident
        at.read("tickets")
        rows = vendor.rows("incident")
        fifth, last = rows[4], rows[5]
        order = "^ORDERBYsys_updated_on^ORDERBYsys_id"
        count, first, second, third, end = queries(at, "incident")
        assert count == "sys_updated_on>=2000-01-01 00:00:00"
        assert first == f"sys_updated_on>=2000-01-01 00:00:00{order}"
        at5, id5 = fifth["sys_updated_on"], fifth["sys_id"]
        assert second == f"sys_updated_on>{at5}^NQsys_id>={id5}^sys_updated_on={at5}{order}"
        at6, id6 = last["sys_updated_on"], last["sys_id"]
        assert third == f"sys_updated_on>{at6}^NQsys_id>={id6}^sys_updated_on={at6}{order}"
        assert end == f"sys_updated_on>={at6}{order}"


def test_only_named_fields_are_asked_for_as_raw_values() -> None:
    with playing() as (at, vendor):
        for stream in reversed(vendor.streams):
            vendor.fill(stream, 2)
        for stream in vendor.streams:
            at.strike("")
            at.read(stream)
            for request in (r for r in at.play.asked if r.method == "GET"):
                assert request.get("sysparm_display_value") == "false"
                assert request.get("sysparm_exclude_reference_link") == "true"
                assert request.get("sysparm_fields")
        at.strike("")
        at.read("tickets")
        told = set(asked(at, "incident")[-1].get("sysparm_fields").split(","))
        assert {"caller_id", "caller_id.department.name", "business_service.name", "caused_by", "rfc"} <= told
        assert not told & {"short_description", "description", "assigned_to", "comments", "work_notes", "close_notes"}


def test_who_asked_is_not_asked_for_when_people_are_not_wanted() -> None:
    with playing(requestors=False) as (at, vendor):
        vendor.fill("tickets", 5)
        got = at.read("tickets")
        assert "caller_id" not in asked(at, "incident")[-1].get("sysparm_fields").split(",")
        assert not any("requester" in payload for payload in got.payloads)


@pytest.mark.parametrize("every", [timedelta(seconds=7), timedelta(0)])
@pytest.mark.parametrize("keyset", ["auto", "plain"])
@pytest.mark.parametrize("parallel", [1, 4])
def test_an_instance_that_does_not_know_nq_loses_nothing(every: timedelta, keyset: str, parallel: int) -> None:
    with playing(keyset=keyset, parallel=parallel) as (at, vendor):
        vendor.knows_nq = False
        filled(at, every=every)
        assert list(compared(at, at.read("tickets"))) == []
        uses = any("^NQ" in query for query in queries(at, "incident"))
        assert uses == (keyset == "auto")


@pytest.mark.parametrize("parallel", [1, 4])
def test_an_instance_that_drops_all_that_stands_behind_nq_loses_nothing(parallel: int) -> None:
    class FirstBlockOnly(Vendor):
        def _found(self, table: str, query: str) -> list[dict[str, Any]]:
            first, _, rest = query.partition("^NQ")
            return super()._found(table, first + rest[max(0, rest.find("^ORDERBY")) :])

    with case(CONNECTOR, FirstBlockOnly, parallel=parallel) as at:
        filled(at)
        rows = at.dialect.records["tickets"]
        for row in rows[2:12]:  # a second that a page cannot hold, with others behind it
            row["sys_updated_on"] = rows[12]["sys_updated_on"]
        assert list(compared(at, at.read("tickets"))) == []


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-5)])
def test_a_user_whose_clock_is_not_utc_is_noticed_in_the_first_pass_and_by_check(ahead: timedelta) -> None:
    with playing() as (at, vendor):
        filled(at)
        vendor.fill("changes", 1)
        vendor.user_zone = ahead
        got = at.read("tickets")
        assert isinstance(got.error, SourceChanged)
        assert "GMT" in str(got.error)
        http = at.connector.open(at.settings)
        told = [text for text in at.connector.check(http, at.settings) if "GMT" in text]
        assert told == [
            "PROBLEM times in conditions are not read in UTC: set the time zone of the user that reads to GMT."
        ]


def test_half_as_many_rows_are_asked_for_where_the_instance_gives_up() -> None:
    with playing(parallel=1, page_size=40, ticket_tables=["incident"]) as (at, vendor):
        vendor.fill("tickets", 60)
        vendor.patience = 12
        got = at.read("tickets")
        assert got.error is None
        assert set(got.keys) == {row["sys_id"] for row in vendor.rows("incident")}
        limits = [int(request.get("sysparm_limit")) for request in asked(at, "incident")]
        assert limits[:5] == [1, 40, 20, 10, 10]
        assert max(limits[3:]) == 10


def test_an_instance_that_gives_up_on_single_rows_too_is_left_for_later() -> None:
    with playing() as (at, vendor):
        filled(at)
        vendor.patience = 0
        got = at.read("tickets")
        assert isinstance(got.error, SourceUnavailable)
        assert len(at.play.asked) < 15


def test_version_one_says_not_found_for_nothing() -> None:
    with playing() as (at, vendor):
        vendor.version = 1
        assert at.read("tickets", BEGIN).error is None
        filled(at)
        assert list(compared(at, at.read("tickets"))) == []


def test_answers_of_a_server_that_cannot_sort_count_only_where_all_is_on_one_page() -> None:
    class Unsorted(Vendor):
        def _found(self, table: str, query: str) -> list[dict[str, Any]]:
            found = super()._found(table, query)
            return sorted(found, key=lambda row: str(row.get("number")), reverse=True)

    for size, error in ((30, type(None)), (5, SourceChanged)):
        with case(CONNECTOR, Unsorted, page_size=size) as at:
            filled(at)
            got = at.read("tickets")
            assert isinstance(got.error, error)
            if got.error is None:
                assert list(compared(at, got)) == []
                stamps = [p["sys_updated_on"] for p in got.payloads if p["table"] == "incident"]
                assert stamps == sorted(stamps)


def test_a_row_without_a_stamp_is_told_and_a_list_of_such_rows_is_refused() -> None:
    with playing(ticket_tables=["incident"], parallel=1) as (at, vendor):
        vendor.fill("tickets", 3)
        vendor.records["tickets"][0]["sys_updated_on"] = "2026-03-02T08:00"
        got = at.read("tickets")
        told = [item.key for page in got.pages for item in page.rejected]
        assert set(told) == {identity("tickets", 1)}
        assert set(got.keys) == {identity("tickets", 2), identity("tickets", 3)}
        for row in vendor.records["tickets"]:
            row["sys_updated_on"] = "2026-03-02T08:00"
        assert isinstance(at.read("tickets").error, SourceChanged)


def test_a_pass_that_broke_off_in_the_second_table_goes_on_there_and_the_next_begins_where_the_first_did() -> None:
    with playing(parallel=1) as (at, vendor):
        vendor.fill("tickets", 40)
        began = at.play.now()

        def hours_pass(number: int) -> None:
            at.play.clock = timedelta(hours=3) if number > 12 else timedelta(0)

        at.play.before = hours_pass
        broken = at.read("tickets", most=8)  # six pages of incidents, two of requested items
        assert broken.bookmark is None
        vendor.now = began + timedelta(minutes=5)
        changed = vendor.touch("tickets", 0)  # an incident that was read already
        at.strike("")
        rest = at.next(broken)
        assert not asked(at, "incident")[1:]  # it is only counted
        assert set(broken.keys) | set(rest.keys) == at.there("tickets")
        assert changed not in rest.keys
        assert changed in at.next(rest).keys


def test_a_mark_of_tables_that_are_not_read_any_more_is_not_followed() -> None:
    with playing() as (at, vendor):
        filled(at)
        stamp = vendor.records["tickets"][-1]["sys_updated_on"]
        for mark in (f"{stamp}|problem|{stamp}|{'a' * 32}", f"{stamp}|incident|soon|{'a' * 32}", "|||", ""):
            assert list(compared(at, at.read("tickets", None, mark))) == []


def test_a_token_is_asked_for_with_the_clients_secret_and_renewed_without_the_old_one() -> None:
    with playing(scope="useraccount") as (at, vendor):
        filled(at)

        def expire(number: int) -> None:
            vendor.expired = vendor.expired or number == 6

        at.play.before = expire
        assert list(compared(at, at.read("tickets"))) == []
        first, second = [request for request in at.play.asked if request.path == "/oauth_token.do"]
        assert first.method == "POST"
        secret = str(at.settings.client_secret)
        form = {"grant_type": "client_credentials", "client_id": "desk", "client_secret": secret}
        assert first.form() == second.form() == form | {"scope": "useraccount"}
        assert "authorization" not in second.headers


def test_a_client_without_a_user_is_told() -> None:
    class NoUser(Vendor):
        def answer(self, request: Request) -> Any:
            answer = super().answer(request)
            return answer if request.path != "/oauth_token.do" else type(answer)({"error": "server_error"})

    with case(CONNECTOR, NoUser) as at:
        got = at.read("tickets")
        assert isinstance(got.error, SourceRefused)
        assert "does the client have a user?" in str(got.error)


@pytest.mark.parametrize(
    ("own", "header", "value"),
    [
        ({"username": "reader", "password": "pw"}, "authorization", "Basic cmVhZGVyOnB3"),
        ({"api_key": "k1"}, "x-sn-apikey", "k1"),
        ({"api_key": "k1", "username": "reader", "password": "pw"}, "x-sn-apikey", "k1"),
    ],
)
def test_a_password_or_a_key_is_sent_with_every_request(own: dict[str, str], header: str, value: str) -> None:
    with playing() as (at, vendor):
        vendor.signed_in = lambda request: request.headers.get(header) == value  # type: ignore[method-assign]
        filled(at)
        settings = connectors.read_settings(CONNECTOR, "desk", {"url": at.play.url, **own})
        http = CONNECTOR.open(settings)
        pages: list[Page] = list(next(s for s in CONNECTOR.streams if s.name == "tickets").fetch(http, settings, None))
        assert sum(len(page.records) for page in pages) == len(vendor.records["tickets"])
        http.close()


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (
            {"url": "example.service-now.com", "api_key": "k"},
            "url is not an address like https://example.service-now.com",
        ),
        ({"username": "reader"}, "lacks username and password, client_id and client_secret, or api_key"),
        ({"api_key": "k", "keyset": "offset"}, "keyset has 'offset', which is not known"),
        ({"api_key": "k", "page_size": 20000}, "page_size = 20000 is not between 1 and 10000"),
        ({"api_key": "k", "ticket_tables": []}, "ticket_tables is empty"),
        ({"api_key": "k", "ticket_tables": ["Incident"]}, "ticket_tables has 'Incident'"),
        ({"api_key": "k", "affected_from": ["task_ci"]}, "affected_from has 'task_ci'"),
        ({"api_key": "k", "survey_days": -1}, "survey_days cannot be negative"),
        ({"api_key": "k", "csat_min": 5.0}, "csat_min = 5.0 is not below csat_max = 5.0"),
        ({"api_key": "k", "fields": {"change": {"colour": "u_c"}}}, "fields.change has 'colour'"),
        ({"api_key": "k", "values": {"survey_state": {"lost": ["x"]}}}, "values.survey_state has 'lost'"),
    ],
)
def test_wrong_settings_are_refused_in_words(own: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        connectors.read_settings(CONNECTOR, "desk", {"url": "https://example.service-now.com", **own})
