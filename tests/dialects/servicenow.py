"""ServiceNow's Table API as far as the connector asks it: encoded queries with ^NQ, dot-walked fields, records that the
user may not see, conditions dropped without a word. Knows no connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.dialect import SECRET, Dialect, Reply, Request

Row = dict[str, Any]
CONDITION = re.compile(r"([a-z][a-z0-9_.]*)(>=|<=|=|>|<|IN)(.*)")
COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda have, asked: have == asked,
    ">": lambda have, asked: have > asked,
    ">=": lambda have, asked: have >= asked,
    "<": lambda have, asked: have < asked,
    "<=": lambda have, asked: have <= asked,
    "IN": lambda have, asked: have in asked.split(","),
}
TABLES = {
    "changes": "change_request",
    "milestones": "change_task",
    "surveys": "asmt_assessment_instance",
    "teams": "sys_user_group",
    "services": "cmdb_ci_service",
}
FAILED = {"status": "failure"}


def identity(kind: str, number: int) -> str:
    """A sys_id. Ids do not follow the order in which records are made."""
    return f"{number * 7919 % 0xFFFF:04x}{kind.encode().hex():0<28.28}"


class Vendor(Dialect):
    """One instance. ``others``: rows of further tables. ``closed``: tables that the user may not read; ``absent``:
    tables that there are none of. ``knows_nq``: whether ^NQ begins another block. ``user_zone``: how far the user's
    clock is ahead of UTC, in which conditions are read. ``patience``: how many rows a page may ask for."""

    kind = "servicenow"
    streams = ("tickets", "changes", "milestones", "surveys", "teams", "services")
    exempt: ClassVar[Mapping[str, str]] = {
        "repeated_page": "pages are asked for by the place where they begin, never by a number"
    }

    def __init__(self) -> None:
        super().__init__()
        self.others: dict[str, list[Row]] = {
            "sys_choice": [],
            "asmt_metric_type": [{"sys_id": "5" * 32, "evaluation_method": "survey"}],
            "asmt_metric": [
                {
                    "sys_id": "6" * 32,
                    "metric_type": "5" * 32,
                    "name": "How satisfied are you?",
                    "datatype": "scale",
                    "min": "1",
                    "max": "5",
                    "scale_definition": "high",
                }
            ],
            "asmt_metric_result": [],
            "task_sla": [],
            "task_ci": [],
            "pm_project_task": [],
        }
        self.closed: set[str] = set()
        self.absent: set[str] = set()
        self.knows_nq, self.version, self.patience = True, 2, 100_000
        self.user_zone = timedelta(0)
        self._tokens = 0

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "client_id": "desk", "client_secret": f"client-{SECRET}", "page_size": 5}

    def signed_in(self, request: Request) -> bool:
        if request.path == "/oauth_token.do":
            return request.form().get("client_secret") == f"client-{SECRET}"
        return not self.expired and request.headers.get("authorization") == f"Bearer {SECRET}-{self._tokens}"

    def make(self, stream: str, number: int, at: datetime) -> Row:
        row: Row = {"sys_id": identity(stream, number), "sys_created_on": _text(at), "sys_updated_on": _text(at)}
        if stream == "tickets":
            table = "sc_req_item" if number % 4 == 0 else "incident"
            return row | {
                "sys_class_name": table,
                "number": f"{'RITM' if number % 4 == 0 else 'INC'}{number:07}",
                "state": "2",
                "opened_at": _text(at),
                "caller_id": f"user-{number % 3}",
            }
        if stream == "milestones":
            parent = self._parent("changes", number, at)
            return row | {"change_request": parent, "short_description": f"Step {number}", "state": "1"}
        if stream == "changes":
            return row | {"number": f"CHG{number:07}", "short_description": "A change", "state": "-1", "active": "true"}
        if stream == "surveys":
            return row | {"metric_type": "5" * 32, "state": "ready", "trigger_table": "incident"}
        return row | {"name": f"{stream} {number}"}

    def _parent(self, stream: str, number: int, at: datetime) -> str:
        if not self.records[stream]:
            self.records[stream].append(self.make(stream, 1, at))
        return str(self.records[stream][number % len(self.records[stream])]["sys_id"])

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        return str(record["sys_id"])

    def stamp(self, stream: str, record: Row, at: datetime) -> None:
        record["sys_updated_on"] = _text(at)

    def error_in_200(self) -> Reply:
        error = {"message": "Transaction cancelled: maximum execution time exceeded", "detail": "See the log"}
        return Reply({"result": [], "error": error, **FAILED})

    def refusal(self) -> Reply:
        return _failure(401, "User Not Authenticated")

    def answer(self, request: Request) -> Reply:
        if request.path == "/oauth_token.do":
            self._tokens, self.expired = self._tokens + 1, False
            return Reply({"access_token": f"{SECRET}-{self._tokens}", "token_type": "Bearer", "expires_in": 1799})
        table = request.path.removeprefix("/api/now/table/")
        if table in self.absent:
            return _failure(400, f"Invalid table {table}")
        if table in self.closed:
            return _failure(403, "Insufficient rights to query records")
        limit, offset = int(request.get("sysparm_limit", "10000")), int(request.get("sysparm_offset", "0"))
        if limit > self.patience:
            return self.error_in_200()
        rows = self._found(table, request.get("sysparm_query"))
        if not rows and self.version == 1:
            return _failure(404, "No Record found")
        asked = [field for field in request.get("sysparm_fields").split(",") if field]
        page = [
            {field: self._walk(row, field) for field in asked} if asked else row
            for row in self.page(rows, offset, limit)
        ]
        counted = request.get("sysparm_no_count") != "true"
        return Reply({"result": page}, headers={"X-Total-Count": str(self.total(rows, limit))} if counted else {})

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        if table in ("incident", "sc_req_item"):
            return [row for row in self.records["tickets"] if row["sys_class_name"] == table]
        stream = next((stream for stream, name in TABLES.items() if name == table), None)
        return self.records[stream] if stream else self.others.get(table, [])

    def _found(self, table: str, query: str) -> list[Row]:
        rows = self.rows(table)
        orders = re.findall(r"ORDERBY(DESC)?([a-z_]+)", query)
        conditions = re.sub(r"\^?ORDERBY(DESC)?[a-z_]+", "", query)
        blocks = conditions.split("^NQ") if self.knows_nq else [conditions]
        found = [row for row in rows if any(self._holds(table, row, block.split("^")) for block in blocks)]
        for down, field in reversed(orders):
            found.sort(key=lambda row: str(row.get(field, "")), reverse=bool(down))
        return found

    def _holds(self, table: str, row: Row, conditions: Iterable[str]) -> bool:
        for condition in filter(None, conditions):
            parts = CONDITION.fullmatch(condition)
            if not parts or not self._known(table, parts[1].partition(".")[0]):
                continue  # as the vendor does: what is not understood is dropped
            field, compare, asked = parts.groups()
            if field == "sys_updated_on" and "ignores_filter" in self.quirks:
                continue
            if field == "sys_updated_on" and self.user_zone:
                asked = _text(datetime.fromisoformat(asked) - self.user_zone)
            if not COMPARED[compare](self._walk(row, field), asked):
                return False
        return True

    def _known(self, table: str, field: str) -> bool:
        return any(field in row for row in self.rows(table))

    def _walk(self, row: Row, path: str) -> str:
        head, _, rest = path.partition(".")
        value = row.get(path, row.get(head, ""))
        if not rest or path in row:
            return str(value)
        everywhere = [*self.records.values(), *self.others.values()]
        other = next((other for rows in everywhere for other in rows if other.get("sys_id") == value), {})
        return self._walk(other, rest)


def _text(at: datetime) -> str:
    return f"{at.replace(tzinfo=at.tzinfo or UTC):%Y-%m-%d %H:%M:%S}"


def _failure(status: int, message: str) -> Reply:
    return Reply({"error": {"message": message, "detail": None}, **FAILED}, status)
