"""The tickets and answers behind one figure: what anybody may look at to check it. Never a person; knows no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from impact.estimate import Estimate
from impact.portfolio import Reading
from impact.store import Snapshot

MOST_ROWS = 10_000
"""Rows given out at once; the figure itself always counts all."""
TICKET_COLUMNS = {
    "ticket": ("Ticket", "number"),
    "kind": ("Kind", "kind"),
    "service": ("Service", "service_id"),
    "channel": ("Channel", "channel"),
    "minutes": ("Minutes to resolve", "resolve_minutes"),
    "reopened": ("Reopened", "reopened_count"),
}
ANSWER_COLUMNS = {
    "ticket": ("Ticket", "ticket_id"),
    "instrument": ("Question", "instrument"),
    "score": ("Answer", "score_raw"),
    "lowest": ("Scale from", "scale_min"),
    "highest": ("Scale to", "scale_max"),
    "service": ("Service", "service_id"),
}
"""Name in the query -> title and column."""


@dataclass(frozen=True)
class Rows:
    """Column title -> values, all of one length; ``total`` counts the rows that there are, shown or not."""

    columns: dict[str, list[Any]]
    total: int

    @property
    def shown(self) -> int:
        """How many rows are here."""
        return len(next(iter(self.columns.values()), []))


def behind(snapshot: Snapshot, reading: Reading, *, services: Mapping[str, str], most: int = MOST_ROWS) -> Rows:
    """Rows dated inside the two compared windows on the services that were read, newest first; at most ``most``.

    ``services`` names services by id. Empty where there is no estimate. Answers carry the day and the score, never
    who gave them.
    """
    result = reading.result
    if not isinstance(result, Estimate) or not result.services:
        return Rows({}, 0)
    day, table = reading.metric.day, reading.metric.table
    columns = TICKET_COLUMNS if table == "ticket" else ANSWER_COLUMNS
    marks = ", ".join("?" for _ in result.services)
    windows = f"(({day} >= ? AND {day} <= ?) OR ({day} >= ? AND {day} <= ?))"
    where = f"{reading.metric.where} AND service_id IN ({marks}) AND {windows}"
    params: Sequence[Any] = (*result.services, result.pre_from, result.pre_to, result.post_from, result.post_to)
    total = snapshot.query(f"SELECT COUNT(*) AS n FROM {table} WHERE {where}", params)["n"][0].as_py()
    if not total:
        return Rows({}, 0)
    chosen = ", ".join(f"{sql} AS {name}" for name, (_, sql) in columns.items())
    order = f"ORDER BY {day} DESC, {next(iter(columns))} LIMIT {most}"
    found = snapshot.query(f"SELECT {day} AS day_on, {chosen} FROM {table} WHERE {where} {order}", params)
    days = found["day_on"].to_pylist()
    shown: dict[str, list[Any]] = {
        "Day": days,
        "Window": ["after" if d > _last_before(result) else "before" for d in days],
    }
    shown |= {title: found[name].to_pylist() for name, (title, _) in columns.items()}
    shown["Service"] = [services.get(each, each) for each in shown["Service"]]
    return Rows(shown, int(total))


def _last_before(result: Estimate) -> date:
    return result.post_from - timedelta(days=1)
