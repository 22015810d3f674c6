"""The demo's server and a real Request Tracker 5 give the same answers to the same questions, trap by trap.

Every test runs twice, once against each; where no Request Tracker is installed its half is skipped, saying so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import requests

from impact.demo_organisation.server import serve
from impact.demo_organisation.world import SEED, world
from tests import rt_server

TOKEN = "1-14-0123456789abcdef"
FIELDS = "Subject,Status,Queue,Priority,Created,Due,Resolved,LastUpdated,CustomFields,Requestor,Nonsense"
CUSTOMERS = 24


@dataclass(frozen=True)
class Side:
    """One of the two servers."""

    url: str
    token: str

    def get(self, path: str, *arguments: tuple[str, str], token: str | None = None) -> requests.Response:
        headers = {"Authorization": f"token {token or self.token}"}
        return requests.get(f"{self.url}/REST/2.0/{path}", list(arguments), headers=headers, timeout=60)

    def search(self, query: str, *arguments: tuple[str, str], path: str = "tickets") -> dict[str, Any]:
        answer = self.get(path, ("query", query), *arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module", params=["the demo", "a real Request Tracker"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "the demo":
        server = serve(world(SEED, date(2026, 11, 23)), TOKEN)
        yield Side(f"http://127.0.0.1:{server.server_address[1]}", TOKEN)
        server.shutdown()
        server.server_close()
        return
    if reason := rt_server.why_not():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    folder = rt_server.temporary_folder("demo-agrees")
    try:
        queues = {"Changes": "change", "Payments": "default", "Milestones": "default"}
        fields = {"Service": ("Changes", "Payments"), "CSAT": ("Payments",)}
        rt_server.make_database(folder, rt_server.Site(queues, fields, ()))
        with rt_server.running(folder) as real:
            fill(real)
            yield Side(real.url, real.tokens[rt_server.ADMIN])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(real: rt_server.RtServer) -> None:
    """A change with a milestone, and customers' tickets of which one was answered, resolved and reopened.

    Dates in queries are read in the time zone of the user: the demo's is UTC, so this one's has to be.
    """
    real.ask("PUT", f"user/{rt_server.ADMIN}", json={"Timezone": "UTC"})
    change = real.ask("POST", "ticket", json={"Queue": "Changes", "Subject": "New tills", "Requestor": "a@example.org"})
    step = {"Queue": "Milestones", "Subject": "Test", "MemberOf": change["id"], "Requestor": "a@example.org"}
    real.ask("POST", "ticket", json=step)
    customer = {"Queue": "Payments", "Subject": "x", "Requestor": "b@example.org", "CustomFields": {"Service": "Tills"}}
    made = real.ask("POST", "tickets/bulk", json=[customer] * CUSTOMERS)
    first = made[0]["id"]
    for update in ({"CustomFields": {"CSAT": "4"}}, {"Status": "resolved"}, {"Status": "open"}, {"Status": "resolved"}):
        real.ask("PUT", f"ticket/{first}", json=update)


def shape(value: Any) -> Any:
    """What a value is made of, without what it says."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_a_wrong_token_is_refused_with_the_same_words(side: Side) -> None:
    answer = side.get("tickets", ("query", "id > 0"), token="1-14-wrong")
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Date"]


@pytest.mark.parametrize(("asked", "given"), [("20", 20), ("500", 100), ("0", 20), ("-3", 20), ("many", 20)])
def test_the_size_of_a_page_is_kept_within_limits_without_an_error(side: Side, asked: str, given: int) -> None:
    assert side.search("id > 0", ("per_page", asked))["per_page"] == given


def test_a_ticket_in_a_list_is_only_an_id_unless_fields_are_named(side: Side) -> None:
    item = side.search("id = 1")["items"][0]
    assert shape(item) == {"id": "str", "type": "str", "_url": "str"}


def test_a_resolved_ticket_with_an_answer_has_the_same_shape(side: Side) -> None:
    item = side.search("Queue = 'Payments' AND CF.{CSAT} IS NOT NULL AND Status = 'resolved'", ("fields", FIELDS))
    found = item["items"][0]
    field = {"id": "str", "type": "str", "name": "str", "values": ["str"], "_url": "str"}
    reference = {"id": "str", "type": "str", "_url": "str"}
    texts = (
        "id",
        "type",
        "_url",
        "Subject",
        "Status",
        "Priority",
        "Created",
        "Due",
        "Resolved",
        "LastUpdated",
        "Nonsense",
    )
    assert shape(found) == {
        **dict.fromkeys(texts, "str"), "Queue": reference, "Requestor": [reference], "CustomFields": [field]
    }  # fmt: skip
    assert {"CSAT", "Service"} <= {field["name"] for field in found["CustomFields"]}
    assert found["Nonsense"] == ""
    assert found["Resolved"].endswith("Z")


def test_parts_of_a_queue_come_when_they_are_named(side: Side) -> None:
    item = side.search("Queue = 'Payments'", ("fields", "Queue"), ("fields[Queue]", "Name,Lifecycle"))["items"][0]
    assert (item["Queue"]["Name"], item["Queue"]["Lifecycle"]) == ("Payments", "default")


def test_a_date_that_is_not_set_is_1970_and_a_field_without_value_is_left_out(side: Side) -> None:
    item = side.search("Queue = 'Payments' AND Status = 'new'", ("fields", "Resolved,CustomFields"))["items"][0]
    assert item["Resolved"] == "1970-01-01T00:00:00Z"
    assert "CSAT" not in {field["name"] for field in item["CustomFields"] if field["values"]}


def test_a_page_beyond_the_end_is_empty_and_points_back_to_the_last_page(side: Side) -> None:
    whole = side.search("Queue = 'Payments'", ("per_page", "7"))
    beyond = side.search("Queue = 'Payments'", ("per_page", "7"), ("page", "99999"))
    assert (beyond["items"], beyond["count"], beyond["page"]) == ([], 0, 99999)
    assert (beyond["total"], beyond["pages"]) == (whole["total"], whole["pages"])
    assert beyond["prev_page"].endswith(f"page={whole['pages']}")
    assert "next_page" not in beyond


def test_the_next_page_is_a_whole_address_and_missing_on_the_last_one(side: Side) -> None:
    page = side.search("Queue = 'Changes'", ("per_page", "1"), ("orderby", "id"))
    last = side.search("Queue = 'Changes'", ("per_page", "1"), ("orderby", "id"), ("page", str(page["pages"])))
    assert ("next_page" in page) == (page["pages"] > 1)
    assert page.get("next_page", side.url).startswith(side.url)
    assert "next_page" not in last


@pytest.mark.parametrize("query", ["Nonsense = 1", "id >", "id > 0 AND", "Nonsense = 1 OR id > 0"])
def test_a_query_that_cannot_be_understood_is_refused_with_400(side: Side, query: str) -> None:
    answer = side.get("tickets", ("query", query))
    assert (answer.status_code, shape(answer.json())) == (400, {"message": "str"})


@pytest.mark.parametrize("query", ["", "id < 0", "Queue = 'There is none'"])
def test_a_search_that_finds_nothing_says_so_with_zero_pages(side: Side, query: str) -> None:
    page = side.search(query)
    assert (page["items"], page["total"], page["pages"], page["count"]) == ([], 0, 0.0, 0)


def test_a_queue_is_found_by_name_and_by_id(side: Side) -> None:
    queues = side.get("queues/all", ("fields", "Name,Lifecycle,Disabled"), ("per_page", "100")).json()["items"]
    number = next(queue["id"] for queue in queues if queue["Name"] == "Changes")
    assert side.search(f"(Queue = {number}) AND id > 0")["total"] == side.search("Queue = 'Changes'")["total"] > 0
    assert next(q["Lifecycle"] for q in queues if q["id"] == number) == "change"
    assert {q["Disabled"] for q in queues} == {"0"}


def test_a_search_that_starts_at_a_row_gives_the_rows_after_it(side: Side) -> None:
    order = (("fields", "LastUpdated"), ("orderby", "LastUpdated"), ("orderby", "id"), ("per_page", "10"))
    rows = side.search("Queue = 'Payments'", *order)["items"]
    stamp, number = rows[4]["LastUpdated"].replace("T", " ").removesuffix("Z"), rows[4]["id"]
    after = f"Queue = 'Payments' AND LastUpdated >= '{stamp}' AND (LastUpdated > '{stamp}' OR id > {number})"
    assert side.search(after, *order)["items"][:5] == rows[5:]


def test_rows_come_newest_first_when_that_is_asked_for(side: Side) -> None:
    order = (("orderby", "LastUpdated"), ("order", "DESC"), ("orderby", "id"), ("order", "DESC"))
    rows = side.search("id > 0", ("fields", "LastUpdated"), *order)["items"]
    assert len(rows) == 20
    keys = [(row["LastUpdated"], int(row["id"])) for row in rows]
    assert keys == sorted(keys, reverse=True)


def test_a_milestone_names_its_change_and_is_found_by_it(side: Side) -> None:
    step = side.search("MemberOf IS NOT NULL", ("fields", "_hyperlinks"))["items"][0]
    parent = next(link for link in step["_hyperlinks"] if link["ref"] == "parent")
    assert shape(parent) == {"ref": "str", "type": "str", "id": "str", "_url": "str"}
    assert parent["type"] == "ticket"
    children = side.search(f"(MemberOf = {parent['id']}) AND id > 0", ("per_page", "100"))["items"]
    assert step["id"] in {child["id"] for child in children}


def test_a_reopening_is_a_status_transaction_out_of_an_ended_status(side: Side) -> None:
    named = ("fields", "ObjectId,Type,Field,OldValue,NewValue,Created")
    rows = side.search(
        "ObjectType = 'RT::Ticket' AND Type = 'Status' AND OldValue = 'resolved'", named, path="transactions"
    )
    row = rows["items"][0]
    texts = ("id", "type", "_url", "ObjectId", "Type", "Field", "OldValue", "NewValue", "Created")
    assert shape(row) == dict.fromkeys(texts, "str")
    assert (row["Type"], row["Field"], row["NewValue"]) == ("Status", "Status", "open")


def test_an_answer_is_a_transaction_that_names_its_custom_field_by_number(side: Side) -> None:
    item = side.search("CF.{CSAT} IS NOT NULL", ("fields", "CustomFields"))["items"][0]
    field = next(field for field in item["CustomFields"] if field["name"] == "CSAT")
    answer = f"(Type = 'CustomField' AND (Field = '{field['id']}'))"
    query = f"ObjectType = 'RT::Ticket' AND (ObjectId = {item['id']}) AND {answer}"
    rows = side.search(query, ("fields", "ObjectId,NewValue"), path="transactions")["items"]
    assert [row["NewValue"] for row in rows] == field["values"]


def test_what_does_not_exist_is_answered_with_404(side: Side) -> None:
    assert [side.get(path).status_code for path in ("ticket/99999999", "nonsense")] == [404, 404]
