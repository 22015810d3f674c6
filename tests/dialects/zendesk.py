"""Zendesk as its documentation has it: the cursor export of tickets, lists by cursor, ratings, organizations, custom
objects. Knows no connector."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.dialect import SECRET, Dialect, Reply, Request

EMAIL = "eva@example.org"
SIZE = 5
API = "/api/v2"
SERVICE_FIELD, OUTCOME_FIELD = 27642, 27650
LISTS = {
    "groups": "teams",
    "satisfaction_ratings": "surveys",
    "custom_objects/change/records": "changes",
}
"""Lists by cursor that hold records of a stream."""
NAMES = {"custom_objects/change/records": "custom_object_records"}
IN_ONE_PIECE = ("ticket_forms", "custom_statuses")
METRICS = {
    "reopens": 0,
    "group_stations": 1,
    "solved_at": None,
    "reply_time_in_minutes": {"calendar": 14, "business": 14},
}


def text(at: datetime) -> str:
    """An instant as Zendesk writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Vendor(Dialect):
    """An account whose changes are records of a custom object, so that they have a stream of their own."""

    kind = "zendesk"
    streams = ("tickets", "changes", "surveys", "segments", "teams", "services")
    exempt: Mapping[str, str] = {"expired_session": "there are no sessions: every request carries its credentials"}

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, list[dict[str, Any]]] = {"custom_statuses": [], "ticket_forms": []}
        """Short lists that belong to no stream, by path."""
        self.closed: set[str] = set()
        """Paths that this account's plan does not have."""
        self.responses: list[dict[str, Any]] = []
        self.fields: list[dict[str, Any]] = []
        """Ticket fields beside the one that names services."""
        self.beside: dict[str, list[dict[str, Any]]] = {}
        """What comes beside the tickets of a page where it is asked for."""
        self._pages = 0
        self._repeated = False
        self._last: list[dict[str, Any]] = []

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "email": EMAIL,
            "api_token": SECRET,
            "page_size": SIZE,
            "export_page_size": SIZE,
            "changes_from": "custom_object",
            "change_object": "change",
        }

    def signed_in(self, request: Request) -> bool:
        proof = base64.b64encode(f"{EMAIL}/token:{SECRET}".encode()).decode()
        return request.headers.get("authorization") in (f"Basic {proof}", f"Bearer {SECRET}")

    def refusal(self) -> Reply:
        return Reply({"error": "Couldn't authenticate you"}, 401)

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        return f"organization:{record['id']}" if stream == "segments" else str(record["id"])

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        record: dict[str, Any] = {"id": number + 100, "created_at": text(at), "updated_at": text(at)}
        if stream == "tickets":
            return record | {
                "generated_timestamp": int(at.timestamp()),
                "type": "incident",
                "status": "open",
                "priority": "high",
                "via": {"channel": "email"},
                "subject": "VPN drops at Eva's desk",
                "requester_id": 2091,
                "group_id": 101,
                "organization_id": 101,
                "tags": [],
                "custom_fields": [{"id": SERVICE_FIELD, "value": "svc_101"}],
            }
        if stream == "surveys":
            return record | {"ticket_id": 101, "score": "good", "requester_id": 2091, "comment": "Quick"}
        if stream == "changes":
            fields = {"planned_start": "2026-03-10", "service": "svc_101", "risk": "low"}
            return record | {"id": f"01HX{number:04}", "name": f"Change {number}", "custom_object_fields": fields}
        if stream == "services":
            return {"id": f"svc_{number + 100}", "name": f"Service {number}", "value": f"svc_{number + 100}"}
        return record | {"name": f"{stream} {number}"}

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["updated_at"] = text(at)
        if "generated_timestamp" in record:
            record["generated_timestamp"] = int(at.timestamp())

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(f"{API}/")
        if not request.path.startswith(f"{API}/") or path in self.closed:
            closed = path in self.closed
            return Reply({"error": "Forbidden" if closed else "InvalidEndpoint"}, 403 if closed else 404)
        if path == "incremental/tickets/cursor.json":
            return self.export(request)
        if path == "incremental/organizations.json":
            return self._organizations(request)
        if path == "tickets/count.json":
            return Reply({"count": {"value": self.total(self.records["tickets"]), "refreshed_at": text(self.now)}})
        rows = self._listed(path, request)
        if rows is None:
            return Reply({"error": "InvalidEndpoint", "description": "Not found"}, 404)
        name = NAMES.get(path, path.rpartition("/")[2])
        if path in IN_ONE_PIECE:
            if request.get("page[size]", ""):
                return Reply({"error": {"title": "Invalid attribute", "message": "page must be an integer"}}, 400)
            return Reply({name: rows, "next_page": None, "count": len(rows)})
        return self._by_cursor(name, rows, request)

    def _listed(self, path: str, request: Request) -> list[dict[str, Any]] | None:
        if path == "ticket_fields":
            options = self.records["services"]
            service = {"id": SERVICE_FIELD, "type": "tagger", "title": "Service", "removable": True, "active": True}
            return [service | {"custom_field_options": options}, *self.fields]
        if path == "guide/survey_responses":
            begin = "" if "ignores_filter" in self.quirks else request.get("filter[created_at_start]")
            return [row for row in self.responses if _seconds(row.get("created_at")) >= int(begin or 0)]
        if path in LISTS:
            rows = self.records[LISTS[path]]
            begin = "" if "ignores_filter" in self.quirks else request.get("start_time")
            return [row for row in rows if not begin or _seconds(row["updated_at"]) >= int(begin)]
        return self.lists.get(path)

    def _by_cursor(self, name: str, rows: Sequence[Any], request: Request) -> Reply:
        size = min(int(request.get("page[size]", "100")), 100)
        asked = request.get("page[after]", "c0")
        begin = int(asked.strip("cx"))
        end = begin + size
        if "short_pages" in self.quirks and end < len(rows):
            end = begin if asked == "c3" else begin + size - 2  # an empty page, then shorter ones
        if "repeated_page" in self.quirks and begin == 2 * size:
            self.quirks.discard("repeated_page")
            begin, end = size, 2 * size
        after = f"c{end}x" if end == begin else f"c{end}"
        meta = {"has_more": end < len(rows), "after_cursor": after, "before_cursor": asked}
        return Reply({name: list(rows[begin:end]), "meta": meta, "links": {"next": None}})

    def export(self, request: Request) -> Reply:
        """A page of the cursor export."""
        size = int(request.get("per_page", "1000"))
        rows = sorted(self.records["tickets"], key=lambda row: (row["generated_timestamp"], row["id"]))
        asked, cursor = request.get("start_time"), request.get("cursor")
        if cursor:
            place = _place(cursor)
            if place is None:
                return Reply({"error": "InvalidCursor", "description": "The cursor is not known"}, 422)
        else:
            place = (0 if "ignores_filter" in self.quirks else int(asked), 0)
        following = [row for row in rows if (row["generated_timestamp"], row["id"]) > place]
        if cursor and "repeated_page" in self.quirks and not self._repeated and self._pages == 2:
            self._repeated = True
            return self._page_of(request, [row for row in rows if row in self._last], place, last=False)
        self._pages += 1
        if "short_pages" in self.quirks and self._pages == 2 and len(following) > size:
            return self._page_of(request, [], place, last=False)  # the cursor moves on, though nothing is shown
        page = self.page(following, 0, size)
        self._last = page
        end = (page[-1]["generated_timestamp"], page[-1]["id"]) if page else place
        return self._page_of(request, page, end, last=len(page) == len(following))

    def _page_of(self, request: Request, page: list[Any], end: tuple[int, int], *, last: bool) -> Reply:
        asked = request.get("include").split(",")
        if "metric_sets" in asked:
            page = [{**row, "metric_set": row.get("metric_set", METRICS)} for row in page]
        cursor = _cursor(end, self._pages if not page else 0)
        more = {name: rows for name, rows in self.beside.items() if name in asked}
        return Reply({"tickets": page, **more, "after_cursor": cursor, "end_of_stream": last})

    def _organizations(self, request: Request) -> Reply:
        begin = 0 if "ignores_filter" in self.quirks else int(request.get("start_time"))
        rows = sorted(self.records["segments"], key=lambda row: row["updated_at"])
        rows = [row for row in rows if _seconds(row["updated_at"]) >= begin]
        end = _seconds(rows[: 2 * SIZE][-1]["updated_at"]) if rows else begin
        page = [row for row in rows if _seconds(row["updated_at"]) <= end]  # a second is never torn apart
        return Reply({"organizations": page, "count": len(page), "end_time": end, "next_page": None})


def _seconds(instant: str | None) -> int:
    return int(datetime.fromisoformat(instant).timestamp()) if instant else 0


def _cursor(place: tuple[int, int], turn: int) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}|{place[1]}|{turn}".encode()).decode()


def _place(cursor: str) -> tuple[int, int] | None:
    try:
        seconds, number, _ = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        return int(seconds), int(number)
    except ValueError:
        return None
