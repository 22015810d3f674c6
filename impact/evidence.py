"""What the engine is given: panels, rollouts and complete days, read from one snapshot of the store. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from impact.estimate import Panel, Rollout
from impact.metrics import BY_NAME
from impact.observed import Evidence
from impact.settings import Reporting
from impact.store import Snapshot

MOST_ROLLOUT_DAYS = 56
"""A record that says it took longer was more likely closed late."""


def gather(snapshot: Snapshot, reporting: Reporting) -> Evidence:
    """Read panels and rollouts of the whole installation. Metrics without any fact have no panel."""
    complete = complete_days(snapshot, reporting)
    data_to = max(complete.values(), default=None)
    panels = read_panels(snapshot, complete)
    rollouts = tuple(
        rollout
        for rollout in rollouts_of(snapshot, ZoneInfo(reporting.timezone))
        if data_to is None or rollout.on <= data_to + timedelta(days=1)
    )
    if data_to is None:
        return Evidence(panels, rollouts, frozenset(), {}, None)
    first = min((p.first_on for p in panels.values()), default=data_to)
    until = {name: data_to - timedelta(days=BY_NAME[name].matures_days) for name in panels}
    return Evidence(panels, rollouts, reporting.holidays_between(first, data_to), until, data_to)


def rollouts_of(snapshot: Snapshot, zone: ZoneInfo) -> tuple[Rollout, ...]:
    """When each change went live on each of its services. A service with a day of its own went live on that day; the
    others between the change's first and last instant. Cancelled changes and those without a day have none."""
    found = rows(
        snapshot,
        "SELECT c.id, s.service_id, COALESCE(s.rollout_on, c.rollout_on) AS rolled_on, "
        "s.rollout_on IS NOT NULL AS own_day, c.rollout_start_at, c.rollout_end_at, c.status "
        "FROM change c JOIN change_service s ON s.change_id = c.id "
        "WHERE COALESCE(s.rollout_on, c.rollout_on) IS NOT NULL AND c.status <> 'cancelled' "
        "ORDER BY c.id, s.service_id",
    )
    return tuple(
        Rollout(change_id, service_id, on, None if own else last_day(start, end, status=status, zone=zone))
        for change_id, service_id, on, own, start, end, status in found
    )


def last_day(start: datetime | None, end: datetime | None, *, status: str, zone: ZoneInfo) -> date | None:
    """The last day of a rollout that took at least a day and at most MOST_ROLLOUT_DAYS; None for one done at once (also
    overnight), and where the end says something else: when it was taken back, or when its record was closed at last."""
    if start is None or end is None or status == "rolled_back":
        return None
    if not timedelta(days=1) <= _aware(end) - _aware(start) <= timedelta(days=MOST_ROLLOUT_DAYS):
        return None
    return _aware(end).astimezone(zone).date()


def complete_days(snapshot: Snapshot, reporting: Reporting) -> dict[str, date]:
    """The last complete day of every source that delivered tickets.

    A pass that came to its end says up to which instant everything has been read; the day it falls in is not
    complete. A source whose first pass has not come to its end has no complete day; one without any pass (rows put
    in by other means) is complete up to its newest ticket.
    """
    zone = ZoneInfo(reporting.timezone)
    newest = dict(
        rows(
            snapshot,
            "SELECT source, MAX(opened_on) AS newest_on FROM ticket WHERE opened_on IS NOT NULL GROUP BY source "
            "ORDER BY source",
        )
    )
    passes = rows(
        snapshot,
        "SELECT source, MIN(complete_at) AS read_to, COUNT(ok_at) AS ended FROM stream_state "
        "WHERE stream IN ('tickets', 'ticket') GROUP BY source",
    )
    days: dict[str, date] = dict(newest)
    for source, read_to, ended in passes:
        if read_to is not None:
            days[source] = _aware(read_to).astimezone(zone).date() - timedelta(days=1)
        elif not ended:
            days.pop(source, None)
    return {source: day for source, day in days.items() if source in newest}


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))


def read_panels(snapshot: Snapshot, complete: Mapping[str, date]) -> dict[str, Panel]:
    """One panel per metric that has facts, over the services seen in any of them.

    ``complete`` names each source's last complete day: later days of its services are unknown, not days without
    tickets, so that a source that stopped answering never looks like an improvement.
    """
    table = snapshot.query(
        "SELECT metric, service_id, day_on, SUM(n) AS n, SUM(total) AS total, SUM(total_sq) AS total_sq "
        "FROM daily_fact WHERE service_id IS NOT NULL GROUP BY metric, service_id, day_on"
    )
    if table.num_rows == 0 or not complete:
        return {}
    metric_of, metrics = _codes(table["metric"])
    service_of, services = _codes(table["service_id"])
    days = table["day_on"].to_numpy().astype("datetime64[D]")
    columns = {name: table[name].to_numpy().astype(np.float64) for name in ("n", "total", "total_sq")}
    newest = max(complete.values())
    last = np.datetime64(newest, "D")
    ends = np.array([np.datetime64(complete.get(s.split(":", 1)[0], newest), "D") for s in services])
    panels = {}
    for code, name in enumerate(metrics):
        mine = (metric_of == code) & (days <= last)
        if name not in BY_NAME or not mine.any():
            continue
        first = days[mine].min()
        width = int((last - first).astype(int)) + 1
        place = service_of[mine] * width + (days[mine] - first).astype(int)
        arrays = {
            key: np.bincount(place, values[mine], len(services) * width).astype(np.float64).reshape(-1, width)
            for key, values in columns.items()
        }
        metric = BY_NAME[name]
        unknown = np.arange(width)[None, :] > (ends - first).astype(int)[:, None]
        arrays["n"][unknown] = arrays["total_sq"][unknown] = 0.0
        arrays["total"][unknown] = np.nan if metric.kind == "count" else 0.0
        panels[name] = Panel(name, metric.kind, tuple(services), first.item(), **arrays, log=metric.log)
    return panels


def _codes(column: Any) -> tuple[np.ndarray[Any, Any], list[str]]:
    values, codes = np.unique(column.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return codes, [str(value) for value in values]


def rows(snapshot: Snapshot, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query as tuples."""
    table = snapshot.query(sql, params)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []
