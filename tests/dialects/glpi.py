"""How a GLPI 10 answers over its legacy REST API: sessions, lists with ranges, searches by number, blocks of records.

Statuses, error codes and the quirks of its ranges are those of a live 10.0.16. Times are the server's own, without a
zone; here UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.dialect import SECRET, Dialect, Reply, Request

TYPES = {
    "tickets": "Ticket",
    "changes": "Change",
    "milestones": "ChangeTask",
    "surveys": "TicketSatisfaction",
    "teams": "Group",
    "services": "ITILCategory",
}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "1": {"name": "Title", "field": "name"},
    "2": {"name": "ID", "field": "id"},
    "12": {"name": "Status", "field": "status"},
    "16": {"name": "Closing date", "field": "closedate"},
    "19": {"name": "Last update", "field": "date_mod"},
}
PARENTS = {"Ticket": "tickets_id", "Change": "changes_id"}


class Vendor(Dialect):
    """A GLPI that shows everything to one user. ``more``: rows of further tables by their type; ``own``: search options
    of plugins by number, with the column that they show; ``refused``: types that the user may not read."""

    kind = "glpi"
    streams = tuple(TYPES)
    exempt: Mapping[str, str] = {}

    def __init__(self) -> None:
        super().__init__()
        self.more: dict[str, list[dict[str, Any]]] = {}
        self.own: dict[str, Mapping[str, str]] = {}
        self.refused: set[str] = set()
        self.current: Callable[[], str] = lambda: written(max(datetime.now(UTC), self.now))
        self.session = 0
        self.latest: dict[str, int] = {}

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "user_token": f"user-{SECRET}",
            "app_token": f"app-{SECRET}",
            "page_size": 5,
            "overlap_minutes": 0,
        }

    def signed_in(self, request: Request) -> bool:
        if request.headers.get("app-token") != f"app-{SECRET}":
            return False
        if request.path == "/apirest.php/initSession":
            return request.headers.get("authorization") == f"user_token user-{SECRET}"
        return not self.expired and request.headers.get("session-token") == self._token()

    def _token(self) -> str:
        return f"session-{self.session}-{SECRET}"

    def refusal(self) -> Reply:
        return Reply(["ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid"], 401)

    # Records

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        stamp = written(at)
        number = self.latest[stream] = max(number, self.latest.get(stream, 0) + 1)  # ids are never given twice
        if stream == "tickets":
            return {
                **{"id": number, "name": f"Printer &#38; paper {number}", "date": stamp, "date_creation": stamp},
                **{"date_mod": stamp, "status": 1 + number % 6, "type": 1 + number % 2, "priority": 1 + number % 6},
                **{"solvedate": stamp if number % 6 > 3 else None, "closedate": stamp if number % 6 > 4 else None},
                **{"entities_id": 0, "locations_id": 0, "itilcategories_id": 1, "requesttypes_id": 1, "is_deleted": 0},
            }
        if stream == "changes":
            return {
                **{"id": number, "name": f"Change {number}", "status": 6, "date_mod": stamp, "date_creation": stamp},
                **{"solvedate": stamp, "closedate": stamp, "time_to_resolve": stamp, "global_validation": 1},
                **{"entities_id": 0, "locations_id": 0, "itilcategories_id": 1, "is_deleted": 0},
            }
        if stream == "milestones":
            if not self.records["changes"]:
                self.fill("changes", 1)
            return {
                **{"id": number, "changes_id": 1, "state": 1, "content": f"&#60;p&#62;Step {number}&#60;/p&#62;"},
                **{"begin": stamp, "end": stamp, "date_mod": stamp, "taskcategories_id": 0},
            }
        if stream == "surveys":
            return {
                **{"id": number, "tickets_id": number, "type": 1, "date_begin": stamp, "date_answered": None},
                **{"satisfaction": None, "comment": None},
            }
        return {"id": number, "name": f"{stream} {number}", "completename": f"All > {number}", "date_mod": stamp}

    def key(self, stream: str, record: Mapping[str, Any]) -> str:
        return f"category:{record['id']}" if stream == "services" else str(record["id"])

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        if stream == "surveys":
            record.update({"date_answered": written(at), "satisfaction": 4})
        else:
            record["date_mod"] = written(at)

    # Answers

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/apirest.php/")
        if path == "initSession":
            self.expired, self.session = False, self.session + 1
            return Reply({"session_token": self._token()})
        if path in ("changeActiveEntities", "changeActiveProfile", "killSession"):
            return Reply(True)
        if path == "getMyProfiles":
            return Reply({"myprofiles": [{"id": 4, "name": "Super-Admin"}]})
        if path == "getFullSession":
            return Reply({"session": {"glpi_currenttime": self.current(), "glpiname": "eva"}})
        if path == "getGlpiConfig":
            return Reply({"cfg_glpi": {"version": "10.0.16"}})
        if path == "getMultipleItems":
            return self._several(request)
        verb, _, rest = path.partition("/")
        if verb == "listSearchOptions":
            return Reply({"common": {"name": "Characteristics"}, **self._options(rest)})
        if verb == "search":
            return self._search(rest, request)
        return self._list(path.split("/"), request)

    def _rows(self, itemtype: str) -> list[dict[str, Any]] | None:
        stream = next((name for name, known in TYPES.items() if known == itemtype), None)
        return self.records[stream] if stream else self.more.get(itemtype, [])

    def _list(self, parts: Sequence[str], request: Request) -> Reply:
        itemtype = parts[-1]
        if itemtype in self.refused:
            return Reply(["ERROR_RIGHT_MISSING", "You don't have permission to perform this action."], 403)
        rows = list(self._rows(itemtype) or ())
        if len(parts) == 3:
            owner, number = PARENTS[parts[0]], int(parts[1])
            if not any(row["id"] == number for row in self._rows(parts[0]) or ()):
                return Reply(["ERROR_ITEM_NOT_FOUND", "Item not found"], 404)
            rows = [row for row in rows if row.get(owner, row.get("items_id")) == number]
        trash = int(request.get("is_deleted") == "true")
        rows = [row for row in rows if row.get("is_deleted", trash) == trash]
        rows.sort(key=lambda row: row[request.get("sort", "id")], reverse=request.get("order") == "DESC")
        first, last = map(int, request.get("range", "0-50").split("-"))
        total = self.total(rows, last - first + 1)
        if first > len(rows):
            return Reply(["ERROR_RANGE_EXCEED_TOTAL", f"Provided range exceed total count of data: {total}"], 400)
        shown = rows[first : last + 1]
        if request.get("only_id") == "true":
            shown = [{"id": row["id"]} for row in shown]
        headers = {"Accept-Range": f"{itemtype} 1000"}
        if total:
            headers["Content-Range"] = f"{first}-{min(last, total - 1)}/{total}"
        return Reply(shown, 206 if last - first + 1 < total else 200, headers)

    def _options(self, itemtype: str) -> dict[str, Mapping[str, Any]]:
        table = {"Ticket": "glpi_tickets", "Change": "glpi_changes"}.get(itemtype, "")
        core = {n: {**about, "table": table, "uid": f"{itemtype}.{about['field']}"} for n, about in OPTIONS.items()}
        own = {n: {**about, "uid": f"{itemtype}.PluginFields.{about['field']}"} for n, about in self.own.items()}
        return core | own

    def _search(self, itemtype: str, request: Request) -> Reply:
        if itemtype in self.refused:
            return Reply(["ERROR_RIGHT_MISSING", "You don't have permission to perform this action."], 403)
        asked = dict(request.query)
        fields = {number: str(about["field"]) for number, about in self._options(itemtype).items()}
        trash = int(asked.get("is_deleted", "0"))
        rows = [row for row in self._rows(itemtype) or () if row.get("is_deleted", 0) == trash]
        numbers = range(sum(key.endswith("[field]") for key in asked))
        tests = [
            self._criterion({k: asked[f"criteria[{n}][{k}]"] for k in ("field", "searchtype", "value")}, fields)
            for n in numbers
        ]
        either = asked.get("criteria[1][link]") == "OR"
        rows = [row for row in rows if (any if either else all)(test(row) for test in tests)]
        rows.sort(key=lambda row: row[fields[asked["sort"]]])
        first, last = map(int, asked["range"].split("-"))
        total = self.total(rows, last - first + 1)
        if first > total:
            return Reply(["ERROR_RANGE_EXCEED_TOTAL", f"Provided range exceed total count of data: {total}"], 400)
        shown = self.page(rows, first, last - first + 1)
        columns = {asked[key] for key in asked if key.startswith("forcedisplay")} | {"1", "2"}
        said = {"totalcount": total, "count": len(shown), "content-range": f"{first}-{min(last, total - 1)}/{total}"}
        if shown:
            said["data"] = [{number: row.get(fields[number]) for number in columns} for row in shown]
        return Reply(said, 206 if len(shown) < total else 200)

    def _criterion(self, said: Mapping[str, str], fields: Mapping[str, str]) -> Callable[[Mapping[str, Any]], bool]:
        column, value = fields[said["field"]], said["value"]
        if said["searchtype"] == "morethan":
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value), value
            if "ignores_filter" in self.quirks:
                return lambda row: True
            return lambda row: str(row.get(column)) > value
        if said["searchtype"] == "equals":
            return lambda row: str(row.get(column)) == value
        assert said["searchtype"] == "contains", said
        return lambda row: int(row[column]) > int(value[1:])

    def _several(self, request: Request) -> Reply:
        asked = dict(request.query)
        found = []
        for n in range(sum(key.endswith("[itemtype]") for key in asked)):
            rows = self._rows(asked[f"items[{n}][itemtype]"]) or ()
            row = next((row for row in rows if row["id"] == int(asked[f"items[{n}][items_id]"])), None)
            if row is None:
                return Reply(["ERROR_ITEM_NOT_FOUND", "Item not found"], 404)
            if row.get("hidden"):
                return Reply(["ERROR_RIGHT_MISSING", "You don't have permission to perform this action."], 403)
            found.append(row)
        return Reply(found)


def written(at: datetime) -> str:
    """An instant as the server writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
