"""An iTop 3 as the tests play it: one address, queries in OQL, errors with status 200, times without an offset. Knows
no connector."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.dialect import SECRET, Dialect, Reply, Request

Record = dict[str, Any]
ZONE = ZoneInfo("Europe/Paris")
CHILDREN = {"Change": ("RoutineChange", "NormalChange", "EmergencyChange")}
TICKET = (
    "id ref finalclass status operational_status org_id caller_id team_id start_date end_date last_update close_date"
)
CHANGE = f"{TICKET} title creation_date impact outage fallback"
SCHEMA: Mapping[str, str] = {
    **dict.fromkeys(("Change", *CHILDREN["Change"]), CHANGE),
    "UserRequest": f"{TICKET} title request_type priority origin service_id assignment_date resolution_date tto ttr "
    "sla_tto_passed sla_ttr_passed parent_change_id user_satisfaction user_comment",
    "Incident": f"{TICKET} title priority origin service_id assignment_date resolution_date tto ttr sla_tto_passed "
    "sla_ttr_passed parent_change_id user_satisfaction user_comment",
    "WorkOrder": "id name status ticket_id ticket_ref team_id start_date end_date",
    "Team": "id name org_id status",
    "Service": "id name org_id status",
    "Organization": "id name parent_id status",
    "Location": "id name org_id status",
    "Person": "id name first_name email org_id location_id",
    "SLT": "id name metric value unit",
    "lnkFunctionalCIToTicket": "id ticket_id functionalci_id functionalci_name impact_code",
    "lnkFunctionalCIToService": "id service_id functionalci_id",
    "CMDBChangeOpSetAttributeScalar": "id objclass objkey attcode date oldvalue newvalue userinfo",
}
QUERY = re.compile(r"SELECT (\w+)(?: AS w JOIN (\w+) AS c ON w\.ticket_id = c\.id)?(?: WHERE (.*))?")
COMPARED = re.compile(r"(\w+) (>=|=|!=|>) '([^']*)'")
LISTED = re.compile(r"(\w+) (NOT )?IN \(([^)]*)\)")
EMPTY = re.compile(r"ISNULL\((\w+)\)")
COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def naive(at: datetime) -> str:
    """An instant as this server shows it."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


class Vendor(Dialect):
    """One iTop. ``refused``: classes that the user may not read; ``gone``: classes and ``class.field`` that it lacks;
    ``others``: objects of classes that are no stream, by class."""

    kind = "itop"
    streams = ("tickets", "milestones", "changes", "segments", "services", "teams")
    exempt: Mapping[str, str] = {
        "short_pages": "what the user may not see is left out by the query, before pages are cut"
    }

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.gone: set[str] = set()
        self.others: dict[str, list[Record]] = {kind: [] for kind in SCHEMA}
        self.ids = itertools.count(101)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "kind": "itop",
            "url": f"{url}/itop",
            "username": "reader",
            "password": SECRET,
            "page_size": 5,
            "list_size": 5,
        }

    def signed_in(self, request: Request) -> bool:
        form = request.form()
        by_form = form.get("auth_user") == "reader" and form.get("auth_pwd") == SECRET
        return by_form or request.headers.get("auth-token") == SECRET

    def refusal(self) -> Reply:
        return Reply({"code": 1, "message": "Error: Invalid login"})

    def error_in_200(self) -> Reply | None:
        return Reply({"code": 100, "message": "Error: Failed to issue SQL query"})

    def make(self, stream: str, number: int, at: datetime) -> Record:
        key, shown = str(next(self.ids)), naive(at)
        if stream in ("services", "teams", "segments"):
            kind = {"services": "Service", "teams": "Team", "segments": "Organization"}[stream]
            return {"class": kind, "id": key, "name": f"{kind} {number:03}", "parent_id": "0"}
        if stream == "milestones":
            change = self._some_change(at)
            times = {"start_date": shown, "end_date": ""}
            return {"class": "WorkOrder", "id": key, "name": f"Step {number:03}", "status": "open", **times} | {
                "ticket_id": change["id"],
                "ticket_ref": change["ref"],
            }
        common = {"id": key, "start_date": shown, "last_update": shown, "org_id": "3", "team_id": "8", "end_date": ""}
        if stream == "changes":
            kind = CHILDREN["Change"][number % 3]
            own = {"ref": f"C-{key:>06}", "title": f"Change {number}", "status": "assigned"}
            return {
                "class": kind,
                "finalclass": kind,
                **common,
                **own,
                "operational_status": "ongoing",
                "close_date": "",
            }
        kind = "Incident" if number % 3 == 0 else "UserRequest"
        own = {"ref": f"R-{key:>06}", "status": "closed", "operational_status": "closed", "caller_id": "40"}
        survey = {"user_satisfaction": "2", "user_comment": "ok", "request_type": "service_request"}
        times = {"tto": 60, "ttr": 300, "assignment_date": shown, "resolution_date": shown, "close_date": shown}
        links = {"service_id": "1", "parent_change_id": "0", "priority": "3", "origin": "mail", "sla_ttr_passed": "no"}
        return {"class": kind, "finalclass": kind, **common, **own, **survey, **times, **links}

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        return f"organization:{record['id']}" if stream == "segments" else str(record["id"])

    def stamp(self, stream: str, record: Record, at: datetime) -> None:
        if "last_update" in record:
            record["last_update"] = naive(at)

    def move(self, record: Record, attribute: str, new: str, at: datetime) -> None:
        """Somebody changes a field, and the history tells."""
        told = {"objclass": record["class"], "objkey": record["id"], "attcode": attribute, "userinfo": "Eva Muster"}
        values = {"date": naive(at), "oldvalue": record.get(attribute, ""), "newvalue": new}
        history = self.others["CMDBChangeOpSetAttributeScalar"]
        history.append({"class": "CMDBChangeOpSetAttributeScalar", "id": str(len(history) + 1), **told, **values})
        record[attribute] = new

    def answer(self, request: Request) -> Reply:
        if request.method != "POST" or request.path != "/itop/webservices/rest.php":
            return Reply(b"<h1>Not Found</h1>", 404, {"Content-Type": "text/html"})
        if request.get("version") not in ("1.3", "1.4"):
            return Reply({"code": 2, "message": "Error: Missing parameter 'version'"})
        asked = json.loads(request.form().get("json_data", "null"))
        if asked == {"operation": "list_operations"}:
            return Reply({"code": 0, "message": "Operations: 8", "version": "1.4", "operations": []})
        if not isinstance(asked, dict) or asked.get("operation") != "core/get":
            return Reply({"code": 11, "message": "Unknown operation"})
        return Reply(self._get(asked))

    def _some_change(self, at: datetime) -> Record:
        if not self.records["changes"]:
            self.fill("changes", 1)
        return self.records["changes"][0]

    def _get(self, asked: Mapping[str, Any]) -> Record:
        parsed = QUERY.fullmatch(asked["key"])
        if not parsed or parsed[1] not in SCHEMA or parsed[1] in self.gone or parsed[1] != asked["class"]:
            return {"code": 100, "message": f"Error: class: '{asked['class']}' is not a valid class"}
        kind, joined, where = parsed.groups()
        known = set(SCHEMA[kind].split()) | self._own_fields(kind)
        codes = known if asked["output_fields"] in ("*", "*+") else asked["output_fields"].split(",")
        for code in codes:
            if code not in known or f"{kind}.{code}" in self.gone:
                return {"code": 100, "message": f"Error: output_fields: invalid attribute code '{code}'"}
        if kind in self.refused:
            text = f"The current user does not have enough permissions for reading data of class {kind}"
            return {"code": 1, "message": text}
        rows = [row for row in self._objects(kind) if self._fulfils(row, where)]
        if joined:
            changes = {row["id"] for row in self._objects(joined)}
            rows = [row for row in rows if row["ticket_id"] in changes]
        limit = asked.get("limit", 0)
        page = self.page(rows, (asked.get("page", 1) - 1) * limit, limit) if limit else rows
        objects = {f"{row['class']}::{row['id']}": self._object(row, codes) for row in page}
        return {"code": 0, "message": f"Found: {self.total(rows)}", "objects": objects or None}

    def _own_fields(self, kind: str) -> set[str]:
        return {code for row in self._objects(kind) for code in row if code.startswith("x_")}

    def _objects(self, kind: str) -> list[Record]:
        """Objects of a class in the order that iTop has: newest first, or by name."""
        every = itertools.chain(*self.records.values(), *self.others.values())
        found = [row for row in every if row["class"] in (kind, *CHILDREN.get(kind, ()))]
        if found and "name" in found[0]:
            return sorted(found, key=lambda row: str(row["name"]))
        return sorted(found, key=lambda row: -int(row["id"]))

    @staticmethod
    def _object(row: Record, codes: Any) -> Record:
        fields = {code: row["id"] if code == "id" else row.get(code, "") for code in codes}
        return {"code": 0, "message": "", "class": row["class"], "key": row["id"], "fields": fields}

    def _fulfils(self, row: Record, where: str | None) -> bool:
        choices = where.split(" OR ") if where else []
        return not choices or any(all(self._holds(row, one) for one in part.split(" AND ")) for part in choices)

    def _holds(self, row: Record, condition: str) -> bool:
        if compared := COMPARED.fullmatch(condition):
            field, how, value = compared.groups()
            if field == "last_update" and "ignores_filter" in self.quirks:
                return True
            return bool(row.get(field)) and COMPARE[how](str(row[field]), value.rstrip("Z").replace("T", " "))
        if listed := LISTED.fullmatch(condition):
            among = str(row.get(listed[1])) in listed[3].replace("'", "").split(",")
            return among != bool(listed[2])
        if empty := EMPTY.fullmatch(condition):
            return not row.get(empty[1])
        raise ValueError(condition)
