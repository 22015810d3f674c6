"""How Freshservice answers: numbered pages with a Link header, a default window of 30 days, workspaces, answers to
surveys ticket by ticket. Knows no connector."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.dialect import SECRET, Dialect, Reply, Request

KEY = f"key-{SECRET}"
ENCODED = base64.b64encode(f"{KEY}:X".encode()).decode()
MOST, USUAL = 100, 30
WINDOW = timedelta(days=30)
STATUSES = [(1, "Open"), (2, "Planning"), (3, "Awaiting Approval"), (4, "Pending Release"), (5, "Pending Review")]
CHANGE_FORM = [
    {"name": "status", "label": "Status", "choices": [{"id": i, "value": v} for i, v in (*STATUSES, (6, "Closed"))]},
    {"name": "approval_status", "label": "Approval Status", "choices": []},
    {"name": "risk", "label": "Risk", "choices": [{"id": 1, "value": "Low"}, {"id": 4, "value": "Very High"}]},
    {"name": "change_type", "label": "Change Type", "choices": [{"id": 3, "value": "Major"}]},
    {"name": "post_impl_result", "label": "Result", "choices": []},
]
TICKET_FORM = [
    {
        "name": "status",
        "label": "Status",
        "choices": [
            {"id": 2, "value": "Open"},
            {"id": 3, "value": "Pending"},
            {"id": 4, "value": "Resolved"},
            {"id": 5, "value": "Closed"},
            {"id": 6, "value": "Waiting for customer"},
        ],
    },
    {"name": "affected_service", "label": "Affected Service", "choices": []},
]
FLAGS = {"filter=deleted": "deleted", "filter=spam": "spam", "filter_name=deleted": "deleted"}


def written(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Vendor(Dialect):
    """One account. ``sorts`` False: order_by has no effect, lists come newest ticket first, as the API describes it.
    ``heeds_trash`` False: filters for deleted records have no effect. ``links`` False: a proxy takes the Link header
    away. ``spaces``: workspaces with their numbers; a list
    without workspace_id is that of the first. ``refused``, ``unknown``: paths that answer 403 and 404."""

    kind = "freshservice"
    streams = ("tickets", "changes", "milestones", "surveys", "teams", "segments")
    exempt: Mapping[str, str] = {"lying_total": "its answers hold no total"}

    def __init__(self) -> None:
        super().__init__()
        self.sorts = True
        self.spaces: dict[int, str] = {}
        self.refused: set[str] = set()
        self.unknown: set[str] = {"workspaces"}
        self.heeds_trash = self.links = True
        self.assets: list[dict[str, Any]] = []
        self.asset_types: list[dict[str, Any]] = []

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "url": url,
            "api_key": KEY,
            "page_size": 5,
            "service_types": (),
            "day_timezone": "Europe/Berlin",
        }

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Basic {ENCODED}"

    def refusal(self) -> Reply:
        return Reply(
            {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}, 401
        )

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        """Numbers go up in pairs that are swapped, so that the order of numbers is not that of updates."""
        key, told = 100 + (number ^ 1), written(at)
        if stream == "tickets":
            return self._ticket(key, told)
        if stream == "changes":
            return self._change(key, told)
        if stream == "milestones":
            parent = self._parent("changes", at)
            return {
                "id": key,
                "parent": parent["id"],
                "title": f"Step {number}",
                "status": 1,
                "due_date": told,
                "closed_at": None,
                "created_at": told,
                "updated_at": told,
                "deleted": False,
            }
        if stream == "surveys":
            ticket = self._ticket(5000 + number, told, status=4)
            ticket["stats"]["resolved_at"] = told
            self.records["tickets"].append(ticket)
            score = {"acquired_score": 1 + number % 4, "total_score": 4}
            return {"id": 900 + number, "ticket": ticket["id"], "score": score, "created_at": told, "updated_at": told}
        if stream == "teams":
            return {"id": key, "name": f"Group {number}", "created_at": told, "updated_at": told}
        return {"id": key, "name": f"Department {number}", "created_at": told, "updated_at": told}

    def _parent(self, stream: str, at: datetime) -> dict[str, Any]:
        if not self.records[stream]:
            self.records[stream].append(self.make(stream, 1, at))
        return self.records[stream][0]

    def _ticket(self, key: int, told: str, *, status: int = 2) -> dict[str, Any]:
        return {
            "id": key,
            "subject": "The printer of eva@example.org",
            "requester_id": 21000418006,
            "requested_for_id": 21000418007,
            "group_id": 101,
            "department_id": 101,
            "type": "Incident",
            "source": 2,
            "priority": 2,
            "status": status,
            "deleted": False,
            "spam": False,
            "due_by": told,
            "created_at": told,
            "updated_at": told,
            "custom_fields": {},
            "workspace_id": next(iter(self.spaces), 1),
            "stats": {"resolved_at": None, "closed_at": None, "first_responded_at": None, "opened_at": None},
        }

    def _change(self, key: int, told: str) -> dict[str, Any]:
        return {
            "id": key,
            "subject": f"Change {key}",
            "requester_id": 21000418006,
            "group_id": 101,
            "department_id": None,
            "status": 2,
            "approval_status": 4,
            "change_type": 3,
            "risk": 1,
            "planned_start_date": told,
            "planned_end_date": told,
            "created_at": told,
            "updated_at": told,
            "deleted": False,
            "custom_fields": {},
            "impacted_services": [],
            "assets": [],
            "workspace_id": next(iter(self.spaces), 1),
            "stats": {"pending_release_at": None, "pending_review_at": None, "closed_at": None},
        }

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        named = {"milestones": f"{record.get('parent')}-{record['id']}", "surveys": str(record.get("ticket"))}
        return named.get(stream) or (f"department:{record['id']}" if stream == "segments" else str(record["id"]))

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["updated_at"] = written(at)
        for ticket in self.records["tickets"]:
            if stream == "surveys" and ticket["id"] == record["ticket"]:  # answered when the ticket was closed
                ticket.update(status=5, updated_at=written(at), stats={**ticket["stats"], "closed_at": written(at)})

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v2/")
        if path in self.refused:
            return Reply({"code": "access_denied", "message": "You are not authorized to perform this action."}, 403)
        if path in self.unknown:
            return Reply({"code": "not_found", "message": "Not found"}, 404)
        if found := re.fullmatch(r"changes/(\d+)/tasks", path):
            return self._list(request, "tasks", [s for s in self.records["milestones"] if str(s["parent"]) == found[1]])
        if found := re.fullmatch(r"tickets/(\d+)/csat_response", path):
            return self._survey(int(found[1]))
        if found := re.fullmatch(r"tickets/(\d+)", path):
            return Reply({"ticket": next(t for t in self.records["tickets"] if str(t["id"]) == found[1])})
        if path in ("tickets", "changes"):
            return self._list(request, path, self._filtered(request, path))
        plain = {
            "workspaces": [{"id": key, "name": name} for key, name in self.spaces.items()],
            "groups": self.records["teams"],
            "departments": self.records["segments"],
            "agent_groups": self.records["teams"],
            "locations": [],
            "asset_types": self.asset_types,
            "assets": [
                one for one in self.assets if f'"asset_type_id:{one["asset_type_id"]}"' == request.get("filter")
            ],
        }
        if path in plain:
            return self._list(request, path, plain[path])
        if path in ("change_form_fields", "ticket_form_fields"):
            part = path.partition("_")[0]
            return Reply({f"{part}_fields": CHANGE_FORM if part == "change" else TICKET_FORM})
        return Reply({"code": "not_found", "message": path}, 404)

    def _survey(self, ticket: int) -> Reply:
        for answer in self.records["surveys"]:
            if answer["ticket"] == ticket:
                return Reply({"csat_response": {k: v for k, v in answer.items() if k != "ticket"}})
        return Reply({"code": "not_found", "message": "No answer"}, 404)

    def _filtered(self, request: Request, stream: str) -> list[dict[str, Any]]:
        """The plain list, or one in the trash; without updated_since only what was made in the last 30 days."""
        flag = next((FLAGS[word] for word in (f"{k}={v}" for k, v in request.query) if word in FLAGS), None)
        flag = flag if self.heeds_trash else None
        space = int(request.get("workspace_id") or next(iter(self.spaces), 1))
        rows = [row for row in self.records[stream] if row["workspace_id"] == space]
        rows = [row for row in rows if (row.get(flag) if flag else not (row.get("deleted") or row.get("spam")))]
        since = request.get("updated_since")
        if "ignores_filter" not in self.quirks:
            if since:
                rows = [row for row in rows if read(row["updated_at"]) >= read(since)]
            else:
                rows = [row for row in rows if read(row["created_at"]) >= self.now - WINDOW]
        if "stats" not in request.get("include").split(","):
            rows = [{key: value for key, value in row.items() if key != "stats"} for row in rows]
        if self.sorts and request.get("order_by") == "updated_at":
            return sorted(rows, key=lambda row: str(row["updated_at"]), reverse=request.get("order_type") != "asc")
        return sorted(rows, key=lambda row: (str(row["created_at"]), int(row["id"])), reverse=True)

    def _list(self, request: Request, key: str, rows: list[dict[str, Any]]) -> Reply:
        size, number = min(int(request.get("per_page") or USUAL), MOST), int(request.get("page") or 1)
        offset = (number - 1) * size
        link = f'<http://{request.headers.get("host")}{request.path}?page={number + 1}>; rel="next"'
        headers = {"Link": link} if self.links and self.more(rows, offset, size) else {}
        return Reply({key: self.page(rows, offset, size)}, headers=headers)
