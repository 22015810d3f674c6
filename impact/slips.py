"""When open milestones will be done, from the change's own history of slips. Knows milestones and today; the way it is
forecast is in impact/estimation/slipping.py. No layout, no words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from impact.estimation.slipping import LEAST_STEPS, Record, record, slip_ahead
from impact.portfolio import ChangeView, MilestoneView

Lacks = Literal["few_done", "no_due_date", "stopped"]
"""Why there is no forecast: fewer than 3 milestones done with both dates known; no planned day; a stopped change."""


@dataclass(frozen=True)
class SlipForecast:
    """When an open milestone will likely be done: ``on``, between ``earliest`` and ``latest``. ``slip_days`` is ``on``
    minus the day it is due; ``done`` is on how many milestones of this change it rests."""

    title: str
    due_on: date
    on: date
    earliest: date
    latest: date
    slip_days: int
    done: int


@dataclass(frozen=True)
class NoForecast:
    """Why an open milestone has no forecast; ``done`` milestones with both dates are there and ``needed`` would be."""

    title: str
    due_on: date | None
    why: Lacks
    done: int
    needed: int = LEAST_STEPS


def slip_record(changes: Iterable[ChangeView]) -> Record:
    """What the slips of all changes say about how to forecast one; made once per data version."""
    return record([steps for change in changes if (steps := _done(change.milestones))])


def forecasts(change: ChangeView, *, known: Record, today: date) -> tuple[SlipForecast | NoForecast, ...]:
    """A forecast, or why there is none, for every milestone that is neither done nor cancelled, in the order of due
    days; none is earlier than today."""
    done = sorted(_done(change.milestones))
    slips = [end - due for due, end in done]
    open_ones = sorted(
        (m for m in change.milestones if m.done_on is None and m.status not in ("done", "cancelled")),
        key=lambda m: (m.due_on or date.max, m.title),
    )
    stopped = change.status in ("cancelled", "rolled_back")
    found: list[SlipForecast | NoForecast] = []
    for ahead, milestone in enumerate(open_ones, 1):
        if stopped or milestone.due_on is None:
            why: Lacks = "stopped" if stopped else "no_due_date"
            found.append(NoForecast(milestone.title, milestone.due_on, why, len(slips)))
            continue
        late = (today - milestone.due_on).days
        slip = slip_ahead(known, slips, ahead=ahead, at_least=late)
        if slip is None:
            found.append(NoForecast(milestone.title, milestone.due_on, "few_done", len(slips)))
            continue
        on, first, last = (milestone.due_on + timedelta(days=x) for x in (slip.value, slip.low, slip.high))
        found.append(SlipForecast(milestone.title, milestone.due_on, on, first, last, slip.value, len(slips)))
    return tuple(found)


def forecast_of(change: ChangeView, *, known: Record, today: date) -> dict[str, SlipForecast]:
    """Only those that there are, by title of the milestone."""
    return {f.title: f for f in forecasts(change, known=known, today=today) if isinstance(f, SlipForecast)}


def _done(milestones: Iterable[MilestoneView]) -> list[tuple[int, int]]:
    """Days on which milestones were due and done, where both are known."""
    return [(m.due_on.toordinal(), m.done_on.toordinal()) for m in milestones
            if m.due_on is not None and m.done_on is not None and m.status != "cancelled"]  # fmt: skip
