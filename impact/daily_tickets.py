"""How many tickets each day had, on all services or on some, with holidays and days that are not known. No judging."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from impact.observed import Evidence
from impact.portfolio import ChangeView

TICKETS = "tickets"


@dataclass(frozen=True)
class Day:
    """A day and its tickets; None where they are not known, which is also so for days to come."""

    on: date
    tickets: int | None
    holiday: bool


@dataclass(frozen=True)
class GoingLive:
    """A rollout on a day: the change and whether it has happened."""

    change_id: str
    number: str
    title: str
    live: bool


def tickets_by_day(evidence: Evidence, services: Collection[str] | None, *, first: date, last: date) -> tuple[Day, ...]:
    """Tickets of every day from ``first`` to ``last``, summed over ``services`` (None: all).

    A day is known when all these services are: where one's source had not delivered yet, the sum would look like quiet.
    Days before the first ticket of the installation, and all days without a panel, are not known.
    """
    panel = evidence.panels.get(TICKETS)
    until = evidence.until.get(TICKETS)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    if panel is None or until is None:
        return tuple(Day(on, None, on in evidence.holidays) for on in days)
    mine = [i for i, name in enumerate(panel.services) if services is None or name in services]
    sums = panel.total[mine].sum(axis=0) if mine else np.full(panel.day_count, np.nan)
    found = []
    for on in days:
        place = (on - panel.first_on).days
        known = 0 <= place < panel.day_count and on <= until and np.isfinite(sums[place])
        found.append(Day(on, round(float(sums[place])) if known else None, on in evidence.holidays))
    return tuple(found)


def services_of(changes: Sequence[ChangeView]) -> frozenset[str]:
    """The services that these changes touch."""
    return frozenset(service.id for change in changes for service in change.services)


def going_live(changes: Sequence[ChangeView], today: date) -> Mapping[date, tuple[GoingLive, ...]]:
    """Rollouts by day, actual and planned; each change once a day, however many services it has."""
    found: dict[date, dict[str, GoingLive]] = defaultdict(dict)
    for change in changes:
        if change.status == "cancelled":
            continue
        live = change.rollout_on is not None
        ended = not live and change.status in ("done", "rolled_back")
        usual = change.rollout_on or change.planned_on
        own = [s.rollout_on for s in change.services] or [None]
        for on in {day or usual for day in own} - {None}:
            if on is not None and not ended and (live or on >= today):
                found[on][change.id] = GoingLive(change.id, change.number, change.title, live and on <= today)
    return {on: tuple(there.values()) for on, there in sorted(found.items())}
