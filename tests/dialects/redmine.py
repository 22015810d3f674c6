"""How a Redmine answers: issues of three trackers, filtered and sorted as asked. Knows no connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.dialect import SECRET, Dialect, Reply, Request

TRACKERS = {"changes": 1, "tickets": 2, "milestones": 3}
NAMES = {1: "Change", 2: "Incident", 3: "Task"}
STATUSES = [{"id": 1, "name": "New", "is_closed": False}, {"id": 5, "name": "Closed", "is_closed": True}]
FIRST = {"changes": 0, "tickets": 1000, "milestones": 5000}
"""Issues of all trackers are numbered together."""
PROJECT = {"id": 1, "name": "Service Desk", "identifier": "desk"}


class Vendor(Dialect):
    """A Redmine with one project, whose custom fields and groups only administrators may list."""

    kind = "redmine"
    streams = ("tickets", "changes", "milestones")
    exempt: ClassVar[Mapping[str, str]] = {
        "short_pages": "Redmine counts and pages only what the user may see, so that no page but the last is short.",
    }

    def settings(self, url: str) -> dict[str, Any]:
        trackers = {"ticket_trackers": ["Incident"], "milestone_trackers": ["Task"]}
        return {"url": url, "api_key": SECRET, "change_trackers": ["Change"], "page_size": 5, **trackers}

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("x-redmine-api-key") == SECRET

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        tracker = TRACKERS[stream]
        if stream == "milestones" and not self.records["changes"]:
            self.records["changes"].append(self.make("changes", 1, at))
        issue = {
            "id": FIRST[stream] + number,
            "project": {"id": PROJECT["id"], "name": PROJECT["name"]},
            "tracker": {"id": tracker, "name": NAMES[tracker]},
            "status": STATUSES[number % 3 == 0],
            "priority": {"id": 2, "name": "Normal"},
            "author": {"id": 7, "name": "Eva Example"},
            "subject": f"Something {number}",
            "start_date": f"{at:%Y-%m-%d}",
            "due_date": None,
            "done_ratio": 0,
            "created_on": _text(at),
            "closed_on": _text(at) if number % 3 == 0 else None,
            "custom_fields": [{"id": 1, "name": "Service", "value": "Mail"}],
        }
        self.stamp(stream, issue, at)
        return issue | ({"parent": {"id": self.records["changes"][0]["id"]}} if stream == "milestones" else {})

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["updated_on"] = _text(at)

    def answer(self, request: Request) -> Reply:
        plain = {
            "/users/current.json": {"user": {"id": 3, "login": "reader", "api_key": SECRET}},
            "/trackers.json": {"trackers": [{"id": key, "name": name} for key, name in NAMES.items()]},
            "/issue_statuses.json": {"issue_statuses": STATUSES},
            "/projects.json": {"projects": [PROJECT], "total_count": 1},
            "/projects/1/memberships.json": {"memberships": [], "total_count": 0},
        }
        if request.path in plain:
            return Reply(plain[request.path])
        if request.path in ("/custom_fields.json", "/groups.json"):
            return Reply({}, 403)
        if request.path == "/issues.json":
            return self._listed(request)
        number = int(re.fullmatch(r"/issues/(\d+)\.json", request.path)[1])  # type: ignore[index]
        found = next((issue for issue in self._issues() if issue["id"] == number), None)
        return Reply({"issue": {**found, "journals": _journals(found)}}) if found else Reply({}, 404)

    def _issues(self) -> list[dict[str, Any]]:
        return [issue for issues in self.records.values() for issue in issues]

    def _listed(self, request: Request) -> Reply:
        asked = [
            (name, request.get(f"op[{name}]"), request.get(f"v[{name}][]"))
            for key, name in request.query
            if key == "f[]"
        ]
        rows = [issue for issue in self._issues() if all(self._fits(issue, request, *one) for one in asked)]
        if request.get("sort").startswith("updated_on"):
            rows.sort(key=lambda issue: (issue["updated_on"], issue["id"]))
        else:
            rows.sort(key=lambda issue: issue["id"], reverse=request.get("sort") == "id:desc")
        offset, limit = int(request.get("offset", "0")), min(100, int(request.get("limit", "25")))
        total = self.total(rows, limit)
        return Reply({"issues": self.page(rows, offset, limit), "total_count": total, "offset": offset, "limit": limit})

    def _fits(self, issue: Mapping[str, Any], request: Request, name: str, operator: str, value: str) -> bool:
        if name == "updated_on":
            begins = _text(datetime.fromisoformat(value) - timedelta(seconds=1))  # as it really does
            return "ignores_filter" in self.quirks or issue["updated_on"] >= begins
        if (name, operator) == ("issue_id", ">="):
            return bool(issue["id"] >= int(value))
        if name == "status_id":
            return operator == "*" or issue["status"]["is_closed"]
        if (name, operator) == ("parent_id", "*"):
            return "parent" in issue
        of: Mapping[str, Callable[[], Any]] = {
            "tracker_id": lambda: issue["tracker"]["id"],
            "project_id": lambda: issue["project"]["id"],
            "parent_id": lambda: issue.get("parent", {}).get("id"),
            "issue_id": lambda: issue["id"],
        }
        values = [v for key, text in request.query if key == f"v[{name}][]" for v in text.split(",")]
        return str(of[name]()) in values


def _journals(issue: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not issue["closed_on"]:
        return []
    moved = {"property": "attr", "name": "status_id", "old_value": "1", "new_value": "5"}
    return [
        {"id": 1, "user": {"id": 9, "name": "Ann"}, "notes": "", "created_on": issue["closed_on"], "details": [moved]}
    ]


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
