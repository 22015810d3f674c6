"""How the lists of Freshservice are read: what is asked, order proved or pages counted, workspace by workspace."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from impact.model import SourceChanged, SourceRefused
from tests.dialect import BEGIN, Request
from tests.freshservice_played import asked, by_key, played

LATER = BEGIN + timedelta(days=60)


def pages_of(requests: list[Request]) -> list[str]:
    return [request.get("page") for request in requests]


def test_each_list_is_asked_since_an_instant_with_stats_in_the_order_of_updates() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 3)
        at.read("tickets", BEGIN)
        trash, spam, plain = asked(at, "tickets")
    page = {"per_page": "5", "page": "1"}
    since = {"updated_since": "2026-03-02T07:59:59Z"}  # a second before: the API does not say whether it is included
    assert plain == since | page | {"include": "stats", "order_by": "updated_at", "order_type": "asc"}
    assert trash == since | page | {"include": "stats", "filter": "deleted"}
    assert spam == since | page | {"include": "stats", "filter": "spam"}


def test_records_older_than_the_30_days_that_a_plain_list_shows_arrive() -> None:
    with played() as (at, vendor):
        vendor.fill("changes", 2)
        vendor.now = LATER
        vendor.fill("changes", 2)
        assert len(by_key(at.read("changes"))) == 4
        assert {query["updated_since"] for query in asked(at, "changes")} == {"1999-12-31T23:59:59Z"}


def test_each_request_begins_at_the_newest_stamp_and_never_counts_pages() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 12)
        got = at.read("tickets")
        plain = [query for query in asked(at, "tickets") if "filter" not in query]
    assert len(got.keys) == len(set(got.keys)) == 12
    assert {query["page"] for query in plain} == {"1"}
    assert [query["updated_since"] for query in plain][1:3] == ["2026-03-02T08:00:34Z", "2026-03-02T08:01:02Z"]


def test_without_links_to_a_next_page_a_full_page_is_followed_by_one_more_request() -> None:
    with played() as (at, vendor):
        vendor.links = False
        vendor.fill("segments", 10)
        assert set(by_key(at.read("segments"))) == at.there("segments")
        assert [query["page"] for query in asked(at, "departments")] == ["1", "2", "3"]
        vendor.fill("tickets", 10)
        assert set(at.read("tickets").keys) == at.there("tickets")


def test_tickets_that_leave_a_crowded_second_while_its_pages_are_read_hide_no_other() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 4)
        vendor.fill("tickets", 14, every=timedelta(0))
        vendor.fill("tickets", 6)
        crowd = vendor.records["tickets"][4:18]

        def meanwhile(number: int) -> None:
            if at.play.asked[-1].get("page") == "3" and "moved" not in vendor.quirks:
                vendor.quirks.add("moved")
                for place in (4, 5, 6):  # on pages that have been read: those that follow move up
                    vendor.touch("tickets", place)

        at.play.before = meanwhile
        got = at.read("tickets")
    assert "moved" in vendor.quirks
    assert {str(ticket["id"]) for ticket in crowd} <= set(got.keys)


# An account that ignores the order


def test_without_the_order_of_updates_pages_are_counted_and_the_bookmark_waits_for_the_end() -> None:
    with played() as (at, vendor):
        vendor.sorts = False
        vendor.fill("tickets", 23)
        vendor.touch("tickets", 2)
        got = at.read("tickets")
    assert set(got.keys) == at.there("tickets")
    assert [page.cursor for page in got.pages] == [None] * len(got.pages)
    assert [page.bookmark for page in got.pages[:-1]] == [None] * (len(got.pages) - 1)
    assert got.bookmark is not None


def test_a_ticket_deleted_while_pages_are_counted_hides_no_other() -> None:
    with played() as (at, vendor):
        vendor.sorts = False
        vendor.fill("tickets", 23)
        vendor.touch("tickets", 2)
        at.play.time_passes()

        def delete(number: int) -> None:
            if number == 7:  # the newest tickets have been read: those that follow move up by one
                vendor.touch("tickets", 22)
                vendor.records["tickets"][22]["deleted"] = True

        at.play.before = delete
        got = at.read("tickets")
    assert pages_of(at.play.asked)[4:7] == ["1", "1", "2"]
    assert set(got.keys) == at.there("tickets")


def test_a_list_that_can_neither_be_counted_nor_cut_ends_with_an_error() -> None:
    with played(last_page=3) as (at, vendor):
        vendor.sorts = False
        vendor.fill("tickets", 23)
        vendor.touch("tickets", 2)
        got = at.read("tickets")
    assert isinstance(got.error, SourceChanged)
    assert "more than last_page = 3 pages" in str(got.error)
    assert got.bookmark is None


def test_numbers_in_the_order_of_updates_prove_no_order_so_pages_are_counted_too() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 12)
        for number, ticket in enumerate(vendor.records["tickets"]):
            ticket["id"] = 200 + number
        got = at.read("tickets")
        plain = [query for query in asked(at, "tickets") if "filter" not in query]
    assert len(got.keys) == len(set(got.keys)) == 12
    assert [query["page"] for query in plain if query["updated_since"].startswith("1999")] == ["1", "1", "2", "3"]


# Workspaces


@pytest.mark.parametrize(
    ("chosen", "spaces"), [((), ["2", "5"]), (["hr"], ["5"]), (["2"], ["2"])], ids=["all", "by name", "by number"]
)
def test_workspaces_are_read_one_by_one(chosen: Any, spaces: list[str]) -> None:
    with played(workspaces=chosen) as (at, vendor):
        vendor.spaces = {2: "IT", 5: "HR"}
        vendor.unknown.clear()
        vendor.fill("changes", 4)
        vendor.records["changes"][3]["workspace_id"] = 5
        got = at.read("changes")
        plain = [query for query in asked(at, "changes") if query.get("order_type") == "asc"]
    assert set(got.keys) == {
        at.dialect.key("changes", c) for c in vendor.records["changes"] if str(c["workspace_id"]) in spaces
    }
    assert [query["workspace_id"] for query in plain] == spaces
    assert [query["workspace_id"] for query in asked(at, "change_form_fields")] == spaces


def test_a_pass_that_breaks_off_goes_on_in_its_workspace_and_is_dated_by_its_beginning() -> None:
    with played() as (at, vendor):
        vendor.spaces = {2: "IT", 5: "HR"}
        vendor.unknown.clear()
        vendor.fill("tickets", 23)
        for ticket in vendor.records["tickets"][12:]:
            ticket["workspace_id"] = 5
        at.play.time_passes()
        broken = at.read("tickets", most=4)
        cursor = str(broken.pages[-1].cursor)
        begun = cursor.rpartition("|")[2]
        assert (cursor[:2], broken.bookmark) == ("5|", None)
        at.play.asked.clear()
        rest = at.next(broken)
        plain = [query for query in asked(at, "tickets") if "filter" not in query]
    assert {query["workspace_id"] for query in plain} == {"5"}
    assert set(broken.keys) | set(rest.keys) == at.there("tickets")
    assert rest.bookmark == datetime.fromisoformat(begun)


def test_a_break_while_the_trash_is_read_again_keeps_the_place_in_the_list() -> None:
    with played() as (at, vendor):
        vendor.fill("tickets", 12)
        vendor.records["tickets"][0]["deleted"] = True
        cursor = "|2026-03-02T08:00:40Z|2026-03-02T08:00:50Z"
        broken = at.read("tickets", None, cursor, most=1)
        assert [payload["gone"] for payload in broken.payloads] == ["deleted"]
        assert broken.pages[-1].cursor == cursor


def test_a_workspace_that_is_not_seen_and_a_refused_list_of_them_end_the_stream() -> None:
    with played(workspaces=["Finance"]) as (at, vendor):
        vendor.spaces = {2: "IT"}
        vendor.unknown.clear()
        assert "'finance' is not seen in Freshservice. It sees: IT (2)" in str(at.read("tickets").error)
        vendor.refused.add("workspaces")
        assert isinstance(at.read("tickets").error, SourceRefused)
    with played(workspaces=["none"]) as (at, vendor):
        vendor.refused.add("workspaces")
        vendor.fill("tickets", 1)
        assert len(by_key(at.read("tickets"))) == 1
