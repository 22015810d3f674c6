"""Plays Jira Cloud and Jira Data Center: issues of two projects, asked for in the query language, for a user in Berlin.
Knows no connector and no expectation."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.dialect import SECRET, Dialect, Reply, Request

ZONE = ZoneInfo("Europe/Berlin")
MOST_A_PAGE = 50
TYPES = {
    "tickets": {"id": "10001", "name": "[System] Incident", "subtask": False},
    "changes": {"id": "10012", "name": "[System] Change", "subtask": False},
    "milestones": {"id": "10013", "name": "Sub-task", "subtask": True},
}
PROJECTS = {"tickets": ("DESK", "Service desk"), "changes": ("CHG", "Changes"), "milestones": ("CHG", "Changes")}
FIRST_ID = {"tickets": 10_000, "changes": 20_000, "milestones": 30_000}
STATUSES = {"1": ("Open", "new"), "3": ("Implementing", "indeterminate"), "6": ("Done", "done")}
CSAT, CSAT_AT, SERVICES, TO_RESOLUTION = (f"customfield_{n}" for n in (10031, 10032, 10041, 10050))
FIELDS = [
    {"id": "duedate", "name": "Due date", "schema": {"type": "date", "system": "duedate"}},
    {"id": "components", "name": "Components", "schema": {"type": "array", "system": "components"}},
    {"id": CSAT, "name": "Zufriedenheit", "schema": {"custom": "com.atlassian.servicedesk:sd-request-feedback"}},
    {"id": CSAT_AT, "name": "Datum", "schema": {"custom": "com.atlassian.servicedesk:sd-request-feedback-date"}},
    {
        "id": SERVICES,
        "name": "Affected services",
        "schema": {"custom": "com.atlassian.jira.plugins.service-entity:service-entity-field-cftype"},
    },
    {"id": TO_RESOLUTION, "name": "Time to resolution", "schema": {"custom": "com.atlassian.servicedesk:sd-sla-field"}},
]
Record = dict[str, Any]
Test = Callable[[Record], bool]


def shown(at: datetime) -> str:
    """An instant as Jira shows it to this user."""
    return f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}.000{at.astimezone(ZONE):%z}"


def read(text: object) -> datetime:
    """An instant that ``shown`` wrote, UTC."""
    return datetime.fromisoformat(str(text)).astimezone(UTC)


class Vendor(Dialect):
    """A Jira Cloud, or a Data Center (``cloud`` = False)."""

    kind = "jira_service_management"
    streams = ("tickets", "changes", "milestones")
    exempt: Mapping[str, str] = {"repeated_page": "a token names the issue behind which the next page begins"}
    cloud = True

    def __init__(self) -> None:
        super().__init__()
        self.histories: dict[str, list[Record]] = {}
        self.versions: dict[str, list[Record]] = {"CHG": [], "DESK": []}
        self.queries: list[str] = []
        """The queries that were asked, in the order they came."""

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "email": "reader@example.org",
            "api_token": SECRET,
            "projects": ["CHG", "DESK"],
            "page_size": 5,
        }

    def signed_in(self, request: Request) -> bool:
        pair = base64.b64encode(f"reader@example.org:{SECRET}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def refusal(self) -> Reply:
        return Reply({"errorMessages": ["You are not authenticated."], "errors": {}}, 401)

    def make(self, stream: str, number: int, at: datetime) -> Record:
        key, name = PROJECTS[stream]
        identity = str(FIRST_ID[stream] + number)
        status, category = STATUSES["1"]
        fields: Record = {
            "issuetype": TYPES[stream],
            "project": {"id": "1", "key": key, "name": name},
            "summary": f"{stream} {number}",
            "status": {"id": "1", "name": status, "statusCategory": {"key": category}},
            "resolution": None,
            "resolutiondate": None,
            "created": shown(at),
            "updated": shown(at),
            "duedate": "2026-04-01",
            "reporter": {
                "accountId": f"5b10a:{number}",
                "displayName": "Eva Example",
                "emailAddress": "eva@example.org",
            },
            "priority": {"id": "3", "name": "Medium"},
            "issuelinks": [],
            "fixVersions": [],
        }
        if stream == "milestones":
            fields["parent"] = {"id": "20000", "key": "CHG-0", "fields": {"issuetype": TYPES["changes"]}}
        return {"id": identity, "key": f"{key}-{identity}", "fields": fields}

    def stamp(self, stream: str, record: Record, at: datetime) -> None:
        record["fields"]["updated"] = shown(at)

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(f"/rest/api/{3 if self.cloud else 2}/")
        plain: dict[str, Any] = {
            "myself": {"accountId": "5b10a", "emailAddress": "reader@example.org", "timeZone": ZONE.key},
            "field": FIELDS,
            "issuetype": list(TYPES.values()),
            "status": [
                {"id": key, "name": name, "statusCategory": {"key": category}}
                for key, (name, category) in STATUSES.items()
            ],
        }
        if path in plain:
            return Reply(plain[path])
        if found := re.fullmatch(r"project/(\w+)/versions", path):
            return Reply(self.versions[found[1]])
        if self.cloud and path in ("search/jql", "search/approximate-count", "changelog/bulkfetch"):
            return self._cloud(path, request.json())
        if not self.cloud and path == "search":
            return self._by_offset(request)
        return Reply({"errorMessages": ["dead link"]}, 404)

    def _cloud(self, path: str, asked: Record) -> Reply:
        if path == "changelog/bulkfetch":
            logs = [{"issueId": key, "changeHistories": self.histories.get(key, [])} for key in asked["issueIdsOrKeys"]]
            return Reply({"issueChangeLogs": [log for log in logs if log["changeHistories"]]})
        rows = self._found(asked["jql"])
        if path == "search/approximate-count":
            return Reply({"count": self.total(rows)})
        number, _, place = str(asked.get("nextPageToken") or "0~").partition("~")
        behind = [row for row in rows if _place(row, asked["jql"]) > place]
        empty = "short_pages" in self.quirks and number == "1"
        page = [] if empty else self.page(behind, 0, min(asked["maxResults"], MOST_A_PAGE))
        last = len(page) == len(behind)
        end = _place(page[-1], asked["jql"]) if page else place
        told: Record = {"issues": [_with(row, asked["fields"]) for row in page], "isLast": last}
        return Reply(told if last else told | {"nextPageToken": f"{int(number) + 1}~{end}"})

    def _by_offset(self, request: Request) -> Reply:
        rows = self._found(request.get("jql"))
        start, size = int(request.get("startAt", "0")), min(int(request.get("maxResults", "50")), MOST_A_PAGE)
        page = [_with(row, request.get("fields").split(",")) for row in self.page(rows, start, size)]
        if request.get("expand") == "changelog":
            page = [row | {"changelog": self._log(row)} for row in page]
        return Reply({"startAt": start, "maxResults": size, "total": self.total(rows), "issues": page})

    def _log(self, row: Record) -> Record:
        entries = self.histories.get(row["id"], [])
        return {"startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries}

    def _found(self, jql: str) -> list[Record]:
        self.queries.append(jql)
        tests = [self._test(part) for part in jql.partition(" ORDER BY ")[0].split(" AND ")]
        rows = [row for stream in self.streams for row in self.records[stream] if all(test(row) for test in tests)]
        return sorted(rows, key=lambda row: _place(row, jql), reverse="updated DESC" in jql)

    def _test(self, condition: str) -> Test:
        """One condition of a query; a question that this Jira would not understand is an error of the test."""
        if " OR " in condition:
            tests = [self._test(part) for part in condition.strip("()").split(" OR ")]
            return lambda row: any(test(row) for test in tests)
        if found := re.fullmatch(r"(project|issuetype) in \((.*)\)", condition):
            field, words = found[1], set(re.findall(r'"([^"]+)"|(\d+)', found[2]))
            wanted = {one or other for one, other in words}
            return lambda row: bool(wanted & {row["fields"][field].get(key) for key in ("id", "name", "key")})
        if found := re.fullmatch(r'(updated|cf\[\d+\]) >= "(\d{4}-\d\d-\d\d \d\d:\d\d)"', condition):
            name = found[1].replace("cf[", "customfield_").rstrip("]")
            begins = datetime.fromisoformat(found[2]).replace(tzinfo=ZONE).astimezone(UTC)
            if "ignores_filter" in self.quirks:
                return lambda row: True
            return lambda row: bool(row["fields"].get(name)) and read(row["fields"][name]) >= begins
        if condition == "fixVersion is not EMPTY":
            return lambda row: bool(row["fields"]["fixVersions"])
        raise AssertionError(f"a condition that nobody knows: {condition}")


class DataCenter(Vendor):
    """A Jira Data Center with a personal access token."""

    cloud = False
    exempt: Mapping[str, str] = {}

    def settings(self, url: str) -> dict[str, Any]:
        own = {"deployment": "data_center", "bearer_token": SECRET, "projects": ["CHG", "DESK"]}
        return {"url": url, "page_size": 5, **own}

    def signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {SECRET}"


def _place(row: Record, jql: str) -> str:
    """Where an issue stands in the order that a query asks for."""
    at = read(row["fields"]["created" if "ORDER BY created" in jql else "updated"])
    return f"{at:%Y-%m-%dT%H:%M:%S}|{row['id']}"


def _with(row: Record, fields: list[str]) -> Record:
    return {"id": row["id"], "key": row["key"], "fields": {k: v for k, v in row["fields"].items() if k in fields}}
