"""How a Request Tracker answers over REST2: tickets of three queues, searched as TicketSQL asks. Knows no connector."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.dialect import SECRET, Dialect, Reply, Request

QUEUES = {"changes": "1", "tickets": "2", "milestones": "3"}
NAMES = {"1": "Changes", "2": "Desk", "3": "Steps"}
FIRST = {"changes": 0, "tickets": 1000, "milestones": 5000}
"""Tickets of all queues are numbered together."""
CONDITION = re.compile(r"(\w+) (?:(IS NOT NULL)|(>=|<=|>|<|=) (?:'([^']*)'|(\d+)))")
COMPARED = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq}


class Vendor(Dialect):
    """A Request Tracker with a queue of changes, one of their steps and one of customers' tickets."""

    kind = "request_tracker"
    streams = ("tickets", "changes", "milestones")

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "token": SECRET, "change_queues": ["Changes"], "ticket_queues": ["Desk"], "page_size": 5}

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"token {SECRET}"

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        if stream == "milestones" and not self.records["changes"]:
            self.records["changes"].append(self.make("changes", 1, at))
        ended = number % 3 == 0
        ticket: dict[str, Any] = {
            "id": FIRST[stream] + number,
            "type": "ticket",
            "Queue": {"id": QUEUES[stream], "type": "queue"},
            "Subject": f"Something {number}",
            "Status": "resolved" if ended else "new",
            "Priority": "0",
            "Created": _text(at),
            "Starts": "1970-01-01T00:00:00Z",
            "Due": "1970-01-01T00:00:00Z",
            "Resolved": _text(at) if ended else "1970-01-01T00:00:00Z",
            "CustomFields": [{"id": "1", "name": "Service", "values": ["Mail"]}],
            "Requestor": [{"id": "eva@example.org", "type": "user"}],
            "_hyperlinks": [],
        }
        if stream == "milestones":
            ticket["_hyperlinks"] = [{"ref": "parent", "type": "ticket", "id": str(self.records["changes"][0]["id"])}]
        self.stamp(stream, ticket, at)
        return ticket

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["LastUpdated"] = _text(at)

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/REST/2.0/")
        if path == "rt":
            return Reply({"Version": "5.0.3"})
        if path == "queues/all":
            return Reply(_page([{"id": key, "Name": name, "Disabled": "0"} for key, name in NAMES.items()], 3))
        if path == "transactions":
            return Reply(_page([], None))
        assert path == "tickets", path
        rows = [t for tickets in self.records.values() for t in tickets if self._found(t, request.get("query"))]
        keys = [value for name, value in request.query if name == "orderby"]
        rows.sort(key=lambda row: tuple(row[key] for key in keys), reverse=request.get("order") == "DESC")
        size = min(100, int(request.get("per_page", "20")))
        offset = (int(request.get("page", "1")) - 1) * size
        if offset >= len(rows) and "short_pages" not in self.quirks:
            offset = max(0, len(rows) - 1) // size * size  # a page beyond the end is the last one again
        more = self.more(rows, offset, size)
        hidden = "short_pages" in self.quirks  # rows that the user may not see: then it does not say how many there are
        return Reply(_page(self.page(rows, offset, size), None if hidden else self.total(rows, size), more=more))

    def _found(self, ticket: Mapping[str, Any], query: str) -> bool:
        def judged(condition: re.Match[str]) -> str:
            return str(self._holds(ticket, condition))

        words = CONDITION.sub(judged, query).replace("AND", "and").replace("OR", "or")
        assert re.fullmatch(r"(True|False|and|or|[() ])+", words), query
        return bool(eval(words))

    def _holds(self, ticket: Mapping[str, Any], condition: re.Match[str]) -> bool:
        name, there, how, text, number = condition.groups()
        parents = [int(link["id"]) for link in ticket["_hyperlinks"]]
        if there:
            return bool(parents) and name == "MemberOf"
        if name == "MemberOf":
            return int(number) in parents
        if name == "LastUpdated":
            said = f"{datetime.fromisoformat(ticket[name]):%Y-%m-%d %H:%M:%S}"
            return "ignores_filter" in self.quirks or bool(COMPARED[how](said, text))
        if name == "Status":
            return bool(ticket["Status"] == "resolved") if text == "__Inactive__" else bool(ticket["Status"] == text)
        value = {"Queue": int(ticket["Queue"]["id"]), "id": ticket["id"], "EffectiveId": ticket["id"]}[name]
        return bool(COMPARED[how](value, int(number)))


def _page(items: list[dict[str, Any]], total: int | None, *, more: bool = False) -> dict[str, Any]:
    page = {"items": items, "count": len(items), "total": total}
    return page | ({"next_page": "the address of the next page"} if more else {})


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
