"""Daily sums and people by service and group of customers, read from one snapshot: panels, like those of services, and
who stands behind a figure. Knows the SQL; judges nothing and hides nothing.

Each measure's own SQL is asked again over views of the same names in which every ticket and answer stands once for each
of its groups. A *unit* is a service and a group: what a service is in the panels of whole services.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from impact.estimate import Panel, Shape
from impact.evidence import rows
from impact.metrics import Metric
from impact.observed import Evidence
from impact.store import Snapshot

MOST_COMPARED = 240
"""Units of other services that are compared with; where there are more, evenly taken from all volumes."""
DAYS_BEFORE, DAYS_AFTER = 2 * 365, 365
"""Days further from the rollout than this tell little more of how far chance goes."""
LEAST_TICKETS, TICKET_DAYS = 5.0, 56
"""A unit is compared with where it usually has this many tickets in so many days: half of what a reading needs."""
LEAST_ANSWERS, ANSWER_DAYS = 2.5, 14
"""The same for answers and trials."""
NO_GROUP = ""
"""Stands for tickets and answers without a group of the dimension."""

Unit = tuple[str, str]
"""Ids of a service and a group."""


@dataclass(frozen=True)
class Group:
    """A group of customers. ``people`` is how many it has in all, as a source says; None where none does."""

    id: str
    name: str
    people: int | None = None


@dataclass(frozen=True)
class Window:
    """The days compared of one unit, both ends included."""

    pre_from: date
    pre_to: date
    post_from: date
    post_to: date

    @classmethod
    def around(cls, on: date, shape: Shape) -> Window:
        """The days that a shape compares around a rollout day."""
        after = on + timedelta(days=shape.lead)
        return cls(on - timedelta(days=shape.pre), on - timedelta(days=1), after, on + timedelta(days=shape.reach))

    def side(self, day: date) -> int | None:
        """0 for a day before the rollout, 1 for one after it, None outside."""
        if self.pre_from <= day <= self.pre_to:
            return 0
        return 1 if self.post_from <= day <= self.post_to else None


def span_of(evidence: Evidence, rollout_on: date) -> tuple[date, date]:
    """The first and the last day of panels for a rollout day."""
    known = min((panel.first_on for panel in evidence.panels.values()), default=rollout_on)
    last = evidence.data_to or rollout_on
    return max(known, rollout_on - timedelta(DAYS_BEFORE)), min(last, rollout_on + timedelta(DAYS_AFTER))


def dimensions(snapshot: Snapshot) -> tuple[str, ...]:
    """The dimensions of which any source delivers groups, in the model's own order."""
    known = ("location", "department", "role", "device", "tier", "other")
    found = {name for (name,) in rows(snapshot, "SELECT DISTINCT dimension FROM segment")}
    return tuple(name for name in known if name in found)


def groups_in(snapshot: Snapshot, dimension: str, *, today: date) -> tuple[Group, ...]:
    """The groups of a dimension by name, with the newest count of their people that does not lie in the future."""
    people: dict[str, int] = {}
    for segment, count in rows(
        snapshot,
        "SELECT segment_id, people_count FROM population WHERE segment_id IS NOT NULL AND service_id IS NULL "
        "AND from_on <= ? ORDER BY from_on",
        (today,),
    ):
        people[segment] = count
    return tuple(
        Group(id, name, people.get(id))
        for id, name in rows(
            snapshot, "SELECT id, name FROM segment WHERE dimension = ? ORDER BY name, id", (dimension,)
        )
    )


def group_days(snapshot: Snapshot) -> dict[Unit, date]:
    """The own rollout day of a group of a change in a staged rollout, by (change, group)."""
    sql = "SELECT change_id, segment_id, rollout_on FROM change_segment WHERE rollout_on IS NOT NULL"
    return {(change, segment): on for change, segment, on in rows(snapshot, sql)}


def named_groups(snapshot: Snapshot, change_id: str) -> frozenset[str]:
    """The groups that the source names as touched by a change."""
    found = rows(snapshot, "SELECT segment_id FROM change_segment WHERE change_id = ?", (change_id,))
    return frozenset(segment for (segment,) in found)


def units(snapshot: Snapshot, dimension: str) -> dict[Unit, int]:
    """How many tickets each unit of a dimension has in all."""
    found = rows(
        snapshot,
        "SELECT service_id, segment_id, COUNT(*) AS n FROM "
        "(SELECT service_id, UNNEST(segment_ids) AS segment_id FROM ticket) AS every "
        "WHERE service_id IS NOT NULL AND segment_id IN (SELECT id FROM segment WHERE dimension = ?) "
        "GROUP BY service_id, segment_id",
        (dimension,),
    )
    return {(service, segment): n for service, segment, n in found}


def chosen(volumes: Mapping[Unit, int], own: Collection[str], days: int) -> tuple[Unit, ...]:
    """All units of the services ``own``, and those of others that have enough tickets over ``days`` days to be
    compared with; MOST_COMPARED of them, evenly from the smallest to the largest. Sorted."""
    least = LEAST_TICKETS * days / TICKET_DAYS
    others = sorted((n, unit) for unit, n in volumes.items() if unit[0] not in own and n >= least)
    picked = np.unique(np.linspace(0, len(others) - 1, min(MOST_COMPARED, len(others))).round().astype(int))
    mine = [unit for unit in volumes if unit[0] in own]
    return tuple(sorted([*mine, *(others[i][1] for i in picked)]))


def read_panels(
    snapshot: Snapshot,
    metrics: Sequence[Metric],
    asked: Sequence[Unit],
    *,
    complete: Mapping[str, date],
    first_on: date,
    own: Collection[str],
) -> dict[str, Panel]:
    """One panel a measure over the units ``asked``, from ``first_on`` on; units of services other than ``own`` with
    hardly any data are left out of it. ``complete`` names each source's last complete day, as for whole services."""
    table = snapshot.query(*_sums(metrics, asked, first_on))
    last = max(complete.values())
    code, unit = table["metric"].to_numpy(), table["unit"].to_numpy()
    day = (table["day_on"].to_numpy().astype("datetime64[D]") - np.datetime64(first_on, "D")).astype(np.int64)
    width = (last - first_on).days + 1
    ends = np.array([(complete.get(service.split(":", 1)[0], last) - first_on).days for service, _ in asked])
    panels = {}
    for place, metric in enumerate(metrics):
        mine = (code == place) & (day < width)
        if not mine.any():
            continue
        at = unit[mine].astype(np.int64) * width + day[mine]
        arrays = {
            name: np.bincount(at, table[name].to_numpy()[mine].astype(np.float64), len(asked) * width)
            .astype(np.float64)
            .reshape(-1, width)
            for name in ("n", "total", "total_sq")
        }
        unknown = np.arange(width)[None, :] > ends[:, None]
        arrays["n"][unknown] = arrays["total_sq"][unknown] = 0.0
        arrays["total"][unknown] = np.nan if metric.kind == "count" else 0.0
        panels[metric.name] = _panel(metric, asked, arrays, first_on=first_on, own=own)
    return panels


def _panel(
    metric: Metric, asked: Sequence[Unit], arrays: Mapping[str, Any], *, first_on: date, own: Collection[str]
) -> Panel:
    """The panel without units of other services that have too little to be compared with."""
    count = metric.kind == "count"
    seen = np.nansum(arrays["total"] if count else arrays["n"], axis=1) / arrays["n"].shape[1]
    enough = seen * (TICKET_DAYS if count else ANSWER_DAYS) >= (LEAST_TICKETS if count else LEAST_ANSWERS)
    kept = [i for i, (service, _) in enumerate(asked) if enough[i] or service in own]
    names = tuple(unit_name(asked[i]) for i in kept)
    cut = {name: values[kept] for name, values in arrays.items()}
    return Panel(metric.name, metric.kind, names, first_on, **cut, log=metric.log)


def unit_name(unit: Unit) -> str:
    """A unit as a service of a panel."""
    return f"{unit[0]}|{unit[1]}"


def _sums(metrics: Sequence[Metric], asked: Sequence[Unit], first_on: date) -> tuple[str, list[Any]]:
    """One SELECT with every measure's sums by day and unit: its own SQL, with the unit in place of service and team."""
    listed = ", ".join(["(?, ?, ?)"] * len(asked))
    views = ", ".join(
        f"{table} AS (SELECT every.*, unit FROM (SELECT *, UNNEST(segment_ids) AS segment_id FROM {table}) AS every "
        "JOIN asked ON asked.service_id = every.service_id AND asked.segment_id = every.segment_id)"
        for table in ("ticket", "survey")
    )
    sums = " UNION ALL ".join(
        f"SELECT {place} AS metric, unit, day_on, n, CAST(total AS DOUBLE) AS total, CAST(total_sq AS DOUBLE) "
        f"AS total_sq FROM ({metric.facts.replace('service_id, team_id', 'unit')}) AS facts WHERE day_on >= ?"
        for place, metric in enumerate(metrics)
    )
    values = [value for place, unit in enumerate(asked) for value in (*unit, place)]
    head = f"WITH asked(service_id, segment_id, unit) AS (VALUES {listed}), {views} "
    return head + sums, [*values, *([first_on] * len(metrics))]


def people_behind(
    snapshot: Snapshot,
    windows: Mapping[str, Mapping[Unit, Window]],
    metrics: Sequence[Metric],
    groups: Collection[str],
) -> dict[str, dict[str, tuple[set[str], set[str]]]]:
    """Measure -> group -> the people whose tickets or answers it counts, before and after the rollout.

    ``windows`` holds the days of each unit by measure; those of a service's tickets without a group stand at NO_GROUP.
    Where a source names no person, every ticket or answer counts as one.
    """
    found: dict[str, dict[str, tuple[set[str], set[str]]]] = {
        m.name: defaultdict(lambda: (set(), set())) for m in metrics
    }
    for table in ("ticket", "survey"):
        mine = [metric for metric in metrics if metric.table == table]
        for service, person, segments, *days in _records(snapshot, table, mine, windows):
            own = [segment for segment in segments or () if segment in groups] or [NO_GROUP]
            for metric, day in zip(mine, days, strict=True):
                for group in own if day is not None else ():
                    window = windows[metric.name].get((service, group))
                    side = None if window is None else window.side(day)
                    if side is not None:
                        found[metric.name][group][side].add(person)
    return {name: dict(groups) for name, groups in found.items()}


def _records(
    snapshot: Snapshot, table: str, metrics: Sequence[Metric], windows: Mapping[str, Mapping[Unit, Window]]
) -> Iterator[tuple[Any, ...]]:
    """Service, person, groups, and the day on which each measure counts the record (None where it does not)."""
    every = [window for metric in metrics for window in windows[metric.name].values()]
    if not every:
        return
    services = sorted({service for metric in metrics for service, _ in windows[metric.name]})
    first, last = min(w.pre_from for w in every), max(w.post_to for w in every)
    days = ", ".join(f"CASE WHEN {m.where} THEN {m.day} END AS day_{i}" for i, m in enumerate(metrics))
    inside = " OR ".join(f"day_{i} BETWEEN ? AND ?" for i in range(len(metrics)))
    person = "COALESCE(person_key, id)"
    source = "ticket"
    if table == "survey":
        source = (
            "(SELECT survey.*, own.person_key FROM survey LEFT JOIN ticket AS own ON own.id = survey.ticket_id) "
            "AS survey"
        )
    listed = ", ".join("?" * len(services))
    yield from rows(
        snapshot,
        f"SELECT * FROM (SELECT service_id, {person} AS person, segment_ids, {days} FROM {source} "
        f"WHERE service_id IN ({listed})) AS counted WHERE {inside}",
        [*services, *([first, last] * len(metrics))],
    )
