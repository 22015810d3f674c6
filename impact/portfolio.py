"""What a change looks like to the meeting: readings, milestones, readiness, neighbours. Values only: no queries,
no engine, no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from impact.estimate import Estimate, NotEstimable, PlaceboRate
from impact.metrics import Metric
from impact.records import Decision
from impact.verdict import Group, Verdict, Word

NEIGHBOUR_DAYS = 56
"""Other changes this near, on the same services, are named beside an answer."""


@dataclass(frozen=True)
class ServiceLink:
    """A service a change touches. ``known`` is False for a link whose service no source delivers. ``rollout_to`` is the
    last day of a rollout that took days, None for one that was done at once."""

    id: str
    name: str
    rollout_on: date | None
    role: str
    origin: str
    known: bool = True
    rollout_to: date | None = None


@dataclass(frozen=True)
class SegmentLink:
    """A group of customers a change touches, and the group's own rollout day in a staged rollout."""

    id: str
    name: str
    dimension: str
    role: str
    origin: str
    rollout_on: date | None = None


@dataclass(frozen=True)
class MilestoneView:
    """A milestone and its slip: days from due to done, or to today while open and overdue; None where unknown.

    ``by_rule`` says that its kind and end were told by words, configured or built in, not by the source; ``kind_raw``
    is the source's own word.
    """

    title: str
    end: str
    kind: str
    planned_start_on: date | None
    due_on: date | None
    done_on: date | None
    status: str
    weight: float
    slip_days: int | None
    audience: str | None
    channel: str | None
    kind_raw: str | None = None
    by_rule: bool = False

    @property
    def overdue(self) -> bool:
        """Open although its day has passed."""
        return self.done_on is None and self.status not in ("done", "cancelled") and (self.slip_days or 0) > 0


@dataclass(frozen=True)
class Readiness:
    """Done weight over all weight at one end of the change; ``ratio`` None where that end has no milestones.

    ``open`` are the milestones still missing, overdue ones first and the latest of these first, then by planned day;
    ``missing`` their titles. ``weight`` is the weight of all that count.
    """

    ratio: float | None
    done: int
    total: int
    missing: tuple[str, ...]
    open: tuple[MilestoneView, ...] = ()
    weight: float = 0.0

    def share(self, step: MilestoneView) -> float | None:
        """How much of this end's readiness a milestone brings when it is done; None where nothing has weight."""
        return step.weight / self.weight if self.weight else None


@dataclass(frozen=True)
class Reading:
    """One measure of one change: the engine's answer and the word for it.

    ``others`` are the same measure read over other days than the planned ones, ``services`` the same days service by
    service (for a change on several), ``bundle`` this change and those in its way read as one.
    """

    metric: Metric
    result: Estimate | NotEstimable | None
    verdict: Verdict
    others: tuple[Reading, ...] = ()
    services: tuple[Reading, ...] = ()
    bundle: Reading | None = None

    @property
    def preliminary(self) -> bool:
        """Whether it was read before its last day, at one of the looks on the way."""
        return isinstance(self.result, Estimate) and self.result.look is not None


@dataclass(frozen=True)
class Neighbour:
    """Another change on the same services, or for the same groups of customers (``segments``), near this one's
    rollout; ``rollout_to`` is its last day where it took several."""

    change_id: str
    number: str
    title: str
    rollout_on: date
    services: tuple[str, ...]
    segments: tuple[str, ...] = ()
    rollout_to: date | None = None


@dataclass(frozen=True)
class ChangeView:
    """A change as the meeting sees it. ``planned_on`` and ``rollout_on`` are days in the reporting time zone;
    ``decided`` is the decision that settled what would be asked, see ``impact.settled``; ``missing_at`` says since when
    the source no longer lists it."""

    id: str
    source: str
    number: str
    title: str
    url: str | None
    kind: str
    status: str
    status_raw: str | None
    outcome: str
    outcome_raw: str | None
    risk: str
    team_id: str | None
    team: str | None
    has_sponsor: bool
    requirement: str | None
    expected_outcome: str | None
    planned_cost: float | None
    actual_cost: float | None
    expected_benefit_hours: float | None
    expected_benefit_money: float | None
    planned_on: date | None
    planned_end_on: date | None
    rollout_on: date | None
    services: tuple[ServiceLink, ...]
    milestones: tuple[MilestoneView, ...]
    readings: tuple[Reading, ...]
    neighbours: tuple[Neighbour, ...]
    design: Readiness
    business: Readiness
    word: Word
    decide: tuple[str, ...]
    group: Group
    segments: tuple[SegmentLink, ...] = ()
    decided: Decision | None = None
    missing_at: datetime | None = None

    def reading(self, metric: str) -> Reading:
        """The reading of one measure. Raises KeyError for a name that is not in METRICS."""
        return self._by_name[metric]

    @cached_property
    def _by_name(self) -> dict[str, Reading]:
        return {reading.metric.name: reading for reading in self.readings}

    @property
    def rollout_to(self) -> date | None:
        """Last day on which one of its services met the change; None where that is the first one, or unknown."""
        days = [link.rollout_to or link.rollout_on for link in self.services]
        last = max((day for day in days if day is not None), default=None)
        return last if last and self.rollout_on and last > self.rollout_on else None

    @property
    def overdue(self) -> tuple[MilestoneView, ...]:
        """Milestones that are open although their day has passed."""
        return tuple(m for m in self.milestones if m.overdue)


@dataclass(frozen=True)
class Portfolio:
    """All changes with their answers, at one version of the data. ``data_to`` is the last complete day; ``rates`` are
    the false-alarm rates by measure, None where there is too little history to measure one."""

    version: str
    today: date
    data_to: date | None
    changes: tuple[ChangeView, ...]
    teams: tuple[tuple[str, str], ...]
    metrics: tuple[Metric, ...]
    rates: Mapping[str, PlaceboRate | None] = field(default_factory=dict)

    def change(self, change_id: str) -> ChangeView | None:
        """The change with that id or number; None where there is none."""
        return self._by_id.get(change_id) or self._by_number.get(change_id)

    @cached_property
    def _by_id(self) -> dict[str, ChangeView]:
        return {change.id: change for change in self.changes}

    @cached_property
    def _by_number(self) -> dict[str, ChangeView]:
        return {change.number: change for change in reversed(self.changes)}


def slip(due: date | None, done: date | None, *, status: str, today: date) -> int | None:
    """Days late: done minus due; today minus due while open and overdue; None where it cannot be known. A cancelled
    milestone is not late."""
    if due is None or status == "cancelled":
        return None
    if done is not None:
        return (done - due).days
    if status == "done":
        return None
    return max(0, (today - due).days) if today > due else None


def readiness(milestones: Sequence[MilestoneView], end: str) -> Readiness:
    """Done weight over weight of the milestones of one end; a cancelled milestone counts nowhere."""
    mine = [m for m in milestones if m.end == end and m.status != "cancelled"]
    weight = sum(m.weight for m in mine)
    done = [m for m in mine if m.status == "done"]
    ratio = sum(m.weight for m in done) / weight if weight else None
    missing = tuple(sorted((m for m in mine if m.status != "done"), key=_most_pressing))
    return Readiness(ratio, len(done), len(mine), tuple(m.title for m in missing), missing, weight)


def _most_pressing(step: MilestoneView) -> tuple[bool, int, date, str]:
    late = (step.slip_days or 0) if step.overdue else 0
    return not step.overdue, -late, step.due_on or date.max, step.title
