"""The demo's server answers as Request Tracker does, and never says what the changes truly did."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
import requests

from impact.demo_organisation.records import QUEUES, Records
from impact.demo_organisation.server import USER, serve
from impact.demo_organisation.story import Effect
from impact.demo_organisation.world import SEED, World, world

TODAY = date(2026, 11, 23)
TOKEN = "1-14-0123456789abcdef"
CHANGES, MILESTONES = QUEUES.index("Changes") + 1, QUEUES.index("Milestones") + 1


@dataclass(frozen=True)
class Client:
    """Asks the server and gives status and content."""

    address: str
    session: requests.Session

    def get(self, path: str, *arguments: tuple[str, str]) -> requests.Response:
        return self.session.get(f"{self.address}/REST/2.0/{path}", params=list(arguments), timeout=30)

    def page(self, query: str, *arguments: tuple[str, str], path: str = "tickets") -> dict[str, Any]:
        answer = self.get(path, ("query", query), *arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def in_query(stamp: str) -> str:
    """A date as queries take it: Request Tracker misreads the form that it writes itself."""
    return stamp.replace("T", " ").removesuffix("Z")


@pytest.fixture(scope="module")
def organisation() -> World:
    return world(SEED, TODAY)


@pytest.fixture(scope="module")
def client(organisation: World) -> Iterator[Client]:
    server = serve(organisation, TOKEN)
    with requests.Session() as session:
        session.headers["Authorization"] = f"token {TOKEN}"
        yield Client(f"http://127.0.0.1:{server.server_address[1]}", session)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "token 1-14-wrong"}, {"Authorization": f"Bearer {TOKEN}"}],
    ids=["no credentials", "a wrong token", "the word Bearer in place of token"],
)
def test_a_request_without_the_right_credentials_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = requests.get(f"{client.address}/REST/2.0/tickets", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_user_and_password_are_taken_in_place_of_a_token(client: Client) -> None:
    answer = requests.get(f"{client.address}/REST/2.0/rt", auth=(USER, TOKEN), timeout=30)
    assert answer.json()["Version"] == "5.0.3"


@pytest.mark.parametrize(
    ("asked", "given"), [("20", 20), ("100", 100), ("500", 100), ("0", 20), ("-3", 20), ("many", 20)]
)
def test_a_page_holds_at_most_100_tickets_whatever_is_asked_for(client: Client, asked: str, given: int) -> None:
    page = client.page("id > 0", ("per_page", asked))
    assert (page["per_page"], page["count"], len(page["items"])) == (given, given, given)


def test_pages_hold_20_tickets_when_nothing_is_asked_for(client: Client) -> None:
    assert client.page("id > 0")["per_page"] == 20


def test_a_list_gives_only_ids_unless_fields_are_named(client: Client) -> None:
    assert set(client.page("id = 7")["items"][0]) == {"id", "type", "_url"}


def test_ids_are_text_and_a_field_that_does_not_exist_is_empty(client: Client) -> None:
    item = client.page("id = 7", ("fields", "Subject,Nonsense"))["items"][0]
    assert (item["id"], item["Nonsense"]) == ("7", "")


def test_a_page_beyond_the_end_is_empty_and_names_the_last_page(client: Client) -> None:
    page = client.page(f"Queue = {CHANGES}", ("page", "99"), ("per_page", "30"))
    assert (page["items"], page["total"], page["pages"]) == ([], 40, 2)
    assert page["prev_page"].endswith("page=2")
    assert "next_page" not in page


def test_the_next_page_is_a_whole_address_that_goes_on_where_this_page_ends(client: Client) -> None:
    first = client.page(f"Queue = {CHANGES}", ("per_page", "30"), ("orderby", "id"))
    assert first["next_page"].startswith(f"{client.address}/REST/2.0/tickets?")
    second = client.session.get(first["next_page"], timeout=30).json()
    found = [int(item["id"]) for item in first["items"] + second["items"]]
    assert len(set(found)) == 40
    assert found == sorted(found)
    assert "next_page" not in second


@pytest.mark.parametrize(
    "query",
    [
        "Nonsense = 1",
        "id >",
        "id > 0 AND",
        "(id > 0",
        "id ~ 3",
        "id > 0 id < 9",
        "LastUpdated > '2026-01-01T00:00:00Z'",
    ],
)
def test_a_query_that_cannot_be_understood_is_answered_with_400_and_a_reason(client: Client, query: str) -> None:
    answer = client.get("tickets", ("query", query))
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_no_query_finds_nothing_and_is_no_error(client: Client) -> None:
    answer = client.get("tickets").json()
    assert (answer["items"], answer["total"], answer["pages"]) == ([], 0, 0.0)


def test_a_queue_can_be_named_by_name_or_by_id(client: Client) -> None:
    by_id = client.page(f"Queue = {CHANGES} AND id > 0")["total"]
    assert by_id == client.page("Queue = 'Changes'")["total"] == client.page("Lifecycle = 'change'")["total"] == 40


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Queue = 13 OR Queue = 14", 40 + 338),
        ("(Queue = 13 OR Queue = 14) AND MemberOf IS NULL", 40),
        ("MemberOf IS NOT NULL", 338),
        ("Queue = 13 AND Status != 'deployed'", 7),
        ("Queue = 13 AND Status = '__Inactive__'", 36),
        ("Queue = 13 AND RefersTo IS NOT NULL", 0),
        ("Queue = 'There is none'", 0),
    ],
)
def test_conditions_are_joined_as_in_the_real_system(client: Client, query: str, wanted: int) -> None:
    assert client.page(query)["total"] == wanted


def test_everything_updated_since_a_moment_is_found_and_nothing_before_it(client: Client) -> None:
    fields = (("fields", "LastUpdated"), ("orderby", "LastUpdated"), ("orderby", "id"), ("per_page", "100"))
    page = client.page("id > 0", *fields, ("page", "300"))
    stamp, number = in_query(page["items"][49]["LastUpdated"]), page["items"][49]["id"]
    rest = f"LastUpdated >= '{stamp}' AND (LastUpdated > '{stamp}' OR id > {number})"
    found = client.page(rest, *fields)["items"]
    assert found[:50] == page["items"][50:]
    assert client.page(rest)["total"] == page["total"] - 299 * 100 - 50


def test_tickets_come_in_the_order_asked_for(client: Client) -> None:
    newest = client.page(
        "id > 0", ("fields", "LastUpdated"), ("orderby", "LastUpdated"), ("order", "DESC"), ("orderby", "id")
    )
    found = [item["LastUpdated"] for item in newest["items"]]
    assert found == sorted(found, reverse=True)
    assert client.page(f"LastUpdated > '{in_query(found[0])}'")["total"] == 0


def test_a_date_that_is_not_set_is_1970(client: Client) -> None:
    open_ones = client.page("Status = 'new'", ("fields", "Resolved,Created"))["items"]
    assert {item["Resolved"] for item in open_ones} == {"1970-01-01T00:00:00Z"}
    assert all(item["Created"] > "2024" for item in open_ones)


def test_custom_fields_are_lists_of_text_and_left_out_when_empty(client: Client) -> None:
    item = client.page("Queue = 13 AND Status = 'deployed'", ("fields", "CustomFields"))["items"][0]
    assert all(isinstance(value, str) for field in item["CustomFields"] for value in field["values"])
    assert all(field["values"] for field in item["CustomFields"])
    several = [
        field["values"]
        for item in client.page("Queue = 13", ("fields", "CustomFields"), ("per_page", "100"))["items"]
        for field in item["CustomFields"]
        if field["name"] == "Service"
    ]
    assert ["Video meetings", "Meeting rooms"] in several


def test_a_milestone_names_its_change_as_parent(client: Client) -> None:
    item = client.page("MemberOf IS NOT NULL", ("fields", "_hyperlinks"))["items"][0]
    parent = next(link for link in item["_hyperlinks"] if link["ref"] == "parent")
    assert client.page(f"id = {parent['id']} AND Queue = 13")["total"] == 1
    children = client.page(f"MemberOf = {parent['id']}", ("per_page", "100"))["items"]
    assert item["id"] in {child["id"] for child in children}


def test_a_reopened_ticket_has_the_history_of_it(client: Client) -> None:
    fields = ("fields", "ObjectId,Type,Field,OldValue,NewValue,Created")
    back = client.page("Type = 'Status' AND OldValue = 'resolved'", fields, path="transactions")["items"]
    assert {row["NewValue"] for row in back} == {"open"}
    ticket = back[0]["ObjectId"]
    whole = client.page(
        f"ObjectType = 'RT::Ticket' AND (ObjectId = {ticket} OR ObjectId = 999999999) AND Type = 'Status'",
        fields, ("orderby", "id"), path="transactions",
    )["items"]  # fmt: skip
    assert [row["OldValue"] for row in whole][:2] == ["new", "resolved"]
    assert [row["Created"] for row in whole] == sorted(row["Created"] for row in whole)


def test_moves_between_queues_follow_each_other_to_the_queue_the_ticket_is_in(client: Client) -> None:
    asked = (("fields", "ObjectId,OldValue,NewValue"), ("orderby", "id"), ("per_page", "100"))
    moves = client.page("Type = 'Set' AND Field = 'Queue'", *asked, path="transactions")["items"]
    ticket, count = Counter(move["ObjectId"] for move in moves).most_common(1)[0]
    mine = client.page(f"ObjectId = {ticket} AND Type = 'Set'", *asked, path="transactions")["items"]
    assert len(mine) >= count >= 2
    assert all(before["NewValue"] == after["OldValue"] for before, after in pairwise(mine))
    assert client.page(f"id = {ticket} AND Queue = {mine[-1]['NewValue']}")["total"] == 1


def test_an_answer_to_a_survey_is_a_transaction_of_its_custom_field(client: Client) -> None:
    row = client.page(
        "Type = 'CustomField' AND Field = '5'", ("fields", "ObjectId,NewValue,Created"), path="transactions"
    )["items"][0]
    ticket = client.page(f"id = {row['ObjectId']}", ("fields", "CustomFields,LastUpdated"))["items"][0]
    assert next(f["values"] for f in ticket["CustomFields"] if f["id"] == "5") == [row["NewValue"]]
    assert ticket["LastUpdated"] >= row["Created"]


def test_a_record_that_does_not_exist_is_answered_with_404(client: Client) -> None:
    assert [client.get(path).status_code for path in ("ticket/99999999", "nonsense", "ticket/1")] == [404, 404, 200]


def test_no_record_says_what_a_change_truly_did(organisation: World) -> None:
    blind = replace(
        organisation,
        changes=tuple(replace(c, plan=replace(c.plan, truth="untold", effect=Effect())) for c in organisation.changes),
    )
    served, served_blind = Records(organisation, "http://demo"), Records(blind, "http://demo")
    names = ("Subject", "Status", "Created", "Starts", "Due", "Started", "Resolved", "LastUpdated", "CustomFields")
    for row in range(served.customers - 200, served.rows):
        assert json.dumps(served.item(row, names, {})) == json.dumps(served_blind.item(row, names, {}))


def test_no_record_names_a_person(client: Client) -> None:
    items = client.page("id > 0", ("fields", "Requestor,Owner,CustomFields"), ("fields[Requestor]", "Name,City"))[
        "items"
    ]
    names = {user["id"] for item in items for user in item["Requestor"]} | {item["Owner"]["id"] for item in items}
    assert all(name == "Nobody" or name.endswith("@demo.example") for name in names)
    assert all(name == "Nobody" or name.removeprefix("staff-")[:4].isdigit() for name in names)
