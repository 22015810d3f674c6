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
DAY_OF = {
    "reopened": "first_resolved_on",
    "first_assignment": "first_resolved_on",
    "satisfaction": "answered_on",
    "csat": "answered_on",
    "nps": "answered_on",
    "response_rate": "asked_on",
}
"""The day by which a measure dates its rows, where that is not the day a ticket was opened."""
SURVEYED = {"satisfaction": "csat", "csat": "csat", "nps": "nps"}
"""The instrument a measure of surveys reads; the response rate reads them all."""


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
    day = DAY_OF.get(reading.metric.name, "opened_on")
    table, columns, condition = (
        _answers(reading.metric.name) if day in ("answered_on", "asked_on") else _tickets(reading.metric.name)
    )
    marks = ", ".join("?" for _ in result.services)
    windows = f"(({day} >= ? AND {day} <= ?) OR ({day} >= ? AND {day} <= ?))"
    where = f"{condition} AND service_id IN ({marks}) AND {windows}"
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


def _tickets(metric: str) -> tuple[str, dict[str, tuple[str, str]], str]:
    columns = {
        "ticket": ("Ticket", "number"),
        "kind": ("Kind", "kind"),
        "service": ("Service", "service_id"),
        "channel": ("Channel", "channel"),
        "minutes": ("Minutes to resolve", "resolve_minutes"),
        "reopened": ("Reopened", "reopened_count"),
    }
    kinds = {"incidents": "kind = 'incident'", "requests": "kind = 'request'"}
    known = {
        "time_to_resolve": "status <> 'cancelled'",
        "within_target": "within_target IS NOT NULL",
        "reopened": "reopened_count IS NOT NULL",
        "first_assignment": "reassigned_count IS NOT NULL",
        "self_service": "channel_raw IS NOT NULL",
    }
    return "ticket", columns, kinds.get(metric) or known.get(metric) or "1 = 1"


def _answers(metric: str) -> tuple[str, dict[str, tuple[str, str]], str]:
    columns = {
        "ticket": ("Ticket", "ticket_id"),
        "instrument": ("Question", "instrument"),
        "score": ("Answer", "score_raw"),
        "lowest": ("Scale from", "scale_min"),
        "highest": ("Scale to", "scale_max"),
        "service": ("Service", "service_id"),
    }
    asked = SURVEYED.get(metric)
    return "survey", columns, f"instrument = '{asked}' AND score_raw IS NOT NULL" if asked else "1 = 1"
