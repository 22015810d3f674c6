"""The demo organisation as numbers: tickets, surveys, changes and milestones drawn from a seed, up to a given day.

Knows no vendor, no server and no clock: the same seed and day give the same world. What each change truly did is
kept in ``World.truths`` for tests and benchmarks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.changes import CHANGES
from impact.demo_organisation.noise import DAYS, expected_tickets, share_by_day
from impact.demo_organisation.people import persons, skews_of
from impact.demo_organisation.story import (
    DEPARTMENTS,
    LOCATIONS,
    PLANS,
    SERVICES,
    ChangePlan,
    Effect,
    Step,
    Truth,
)
from impact.settings import Freeze, Rates, Reporting

SEED = 20
REPORTING = Reporting(timezone="UTC", country="DE")
"""How the demo's figures are dated, and whose public holidays its customers have."""
FREEZES = (("Year-end freeze", (12, 15), (1, 6)), ("Stocktake", (9, 1), (9, 4)))
"""Name, first and last day (month, day) of the days on which nothing goes live."""
RATES = Rates(currency="EUR", per_ticket=18.5, per_lost_hour=42.0, lost_part_of_waiting=0.25)
"""What tickets and lost work cost the demo organisation."""
CHANNELS = ("portal", "chat", "mail", "phone", "walk_in", "")
PEOPLE = 3_000
SURVEYED = 0.85
"""Part of the resolved tickets whose customer is asked."""
TELLING = 0.7
"""Part of those who answer that also say how many minutes of work they lost."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def freezes(today: date) -> tuple[Freeze, ...]:
    """The freezes from two years before ``today`` to the end of the next."""
    found = []
    for year in range(today.year - 2, today.year + 1):
        for name, first, last in FREEZES:
            first_on = date(year, *first)
            found.append(Freeze(name, first_on, date(year + (last < first), *last)))
    return tuple(sorted(found, key=lambda freeze: freeze.first_on))


@dataclass(frozen=True)
class MilestoneFact:
    """A milestone with its planned and actual days; ``done_on`` None means not yet."""

    step: Step
    start_on: date
    due_on: date
    done_on: date | None
    cancelled: bool


@dataclass(frozen=True)
class ChangeFact:
    """A change with its days. ``rollout_on`` is None while it is not rolled out; ``ended_on`` None while it runs."""

    plan: ChangePlan
    created_on: date
    planned_on: date
    planned_end_on: date
    rollout_on: date | None
    ended_on: date | None
    closed_on: date | None
    milestones: tuple[MilestoneFact, ...]


@dataclass(frozen=True, eq=False)
class Tickets:
    """One array entry per ticket, oldest first. Times are seconds since 1970 in UTC; -1 is "not (yet)"."""

    opened: Ints
    service: Ints
    person: Ints
    channel: Ints
    incident: NDArray[np.bool_]
    priority: Ints
    first_reply: Ints
    first_resolved: Ints
    reopened: Ints
    resolved: Ints
    rejected: NDArray[np.bool_]
    reassigned: Ints
    asked: Ints
    answered: Ints
    score: Ints
    lost: Ints

    def __len__(self) -> int:
        return int(self.opened.size)


@dataclass(frozen=True)
class TruthFact:
    """What a change really did: known here, and to nobody who is served."""

    title: str
    services: tuple[str, ...]
    rollout_on: date | None
    truth: Truth
    effect: Effect


@dataclass(frozen=True, eq=False)
class World:
    """The whole organisation on one day. ``department`` and ``location`` are per person."""

    seed: int
    today: date
    changes: tuple[ChangeFact, ...]
    tickets: Tickets
    department: Ints
    location: Ints

    @property
    def truths(self) -> tuple[TruthFact, ...]:
        """Every change's true effect, newest rollout first."""
        return tuple(
            TruthFact(c.plan.title, c.plan.services, c.rollout_on, c.plan.truth, c.plan.effect) for c in self.changes
        )


def world(seed: int, today: date) -> World:
    """Draw the organisation as it stands at the start of ``today``. Pure: same seed and day, same world."""
    changes = tuple(_change(plan, today, np.random.default_rng([seed, 1, n])) for n, plan in enumerate(CHANGES))
    people = np.random.default_rng([seed, 2])
    department = people.choice(len(DEPARTMENTS), PEOPLE, p=(0.3, 0.12, 0.08, 0.06, 0.16, 0.12, 0.1, 0.06))
    location = people.choice(len(LOCATIONS), PEOPLE, p=(0.28, 0.14, 0.2, 0.12, 0.26))
    tickets = _tickets(changes, today, seed=seed, department=department, location=location)
    return World(seed, today, changes, tickets, department, location)


@cache
def _holidays(year: int) -> frozenset[date]:
    return REPORTING.holidays_between(date(year, 1, 1), date(year, 12, 31))


def workday(day: date) -> date:
    """``day``, or the last working day before it."""
    while day.weekday() > 4 or day in _holidays(day.year):
        day -= timedelta(days=1)
    return day


def _change(plan: ChangePlan, today: date, rng: np.random.Generator) -> ChangeFact:
    live = plan.state in ("live", "rolled_back", "failed")
    actual = workday(today - timedelta(days=plan.ago))
    late = int(rng.choice((0, 0, 1, 2, 5, 7))) if live and plan.steps != "none" else 0
    planned = workday(actual - timedelta(days=late))
    steps = PLANS[plan.steps]
    milestones = tuple(_milestone(step, plan, planned, actual, today, rng) for step in steps)
    created = (min(m.start_on for m in milestones) if milestones else planned) - timedelta(days=9)
    until_back = plan.effect.days or 0 if plan.state == "rolled_back" else 0
    span = plan.staged + plan.rollout_days - 1
    ended = actual + timedelta(days=span + until_back)
    reviews = [m.done_on for m in milestones if m.step.kind == "review"]
    closed = (reviews[0] if reviews else ended) if live else None
    if plan.state in ("rolled_back", "failed"):
        closed = ended + timedelta(days=1)
    if plan.state == "cancelled":
        closed = planned - timedelta(days=45)
    return ChangeFact(
        plan=plan,
        created_on=min(created, today - timedelta(days=3)),
        planned_on=planned,
        planned_end_on=planned + timedelta(days=span),
        rollout_on=actual if live else None,
        ended_on=ended if live and ended < today else None,
        closed_on=closed if closed and closed < today else None,
        milestones=milestones,
    )


def _milestone(
    step: Step, plan: ChangePlan, planned: date, actual: date, today: date, rng: np.random.Generator
) -> MilestoneFact:
    due = workday(planned + timedelta(days=step.day))
    slip = plan.slips.get(step.kind, int(rng.choice((-3, -1, 0, 0, 0, 1, 2, 4))))
    done = actual if step.kind == "rollout" else workday(due + timedelta(days=slip))
    if step.kind not in ("rollout", "review", *plan.slips):
        done = min(done, actual - timedelta(days=1))
    stopped = {"cancelled": -60, "rolled_back": 0, "failed": 0}.get(plan.state)
    cancelled = stopped is not None and step.day > stopped
    reached = not cancelled and done < today and (step.kind != "rollout" or plan.state != "planned")
    start = due - timedelta(days=step.work_days)
    if step.kind in plan.audiences:
        step = replace(step, audience=plan.audiences[step.kind])
    return MilestoneFact(step, start, due, done if reached else None, cancelled)


def day_index(day: date, today: date) -> int:
    """Position of ``day`` among the DAYS days before ``today``."""
    return DAYS - (today - day).days


def effect_days(changes: tuple[ChangeFact, ...], today: date, measure: str) -> Floats:
    """Sum of true effects on ``measure`` per service and day; ratios (tickets, hours) as logarithms."""
    total = np.zeros((len(SERVICES), DAYS))
    rows = {service.name: row for row, service in enumerate(SERVICES)}
    for change in changes:
        size = float(getattr(change.plan.effect, measure))
        if change.rollout_on is None or size == 0.0:
            continue
        size = float(np.log1p(size)) if measure in ("tickets", "hours") else size
        for place, name in enumerate(change.plan.services):
            start = day_index(change.rollout_on, today) + (change.plan.staged if place else 0)
            end = DAYS if change.plan.effect.days is None else start + change.plan.effect.days
            grown = np.minimum(1.0, np.arange(1, max(0, end - start) + 1) / change.plan.rollout_days)
            total[rows[name], start:end] += size * grown
    return total


def _tickets(changes: tuple[ChangeFact, ...], today: date, *, seed: int, department: Ints, location: Ints) -> Tickets:
    first = today - timedelta(days=DAYS)
    zero = int(datetime.combine(first, time(), UTC).timestamp())
    now = zero + DAYS * 86_400
    effects = {m: effect_days(changes, today, m) for m in Effect.__dataclass_fields__ if m != "days"}
    holidays = REPORTING.holidays_between(first, today)
    off = np.array([first + timedelta(days=d) in holidays for d in range(DAYS)])
    rng = np.random.default_rng([seed, 3])
    mean = expected_tickets(rng, first.weekday(), off, effects["tickets"])
    counts = rng.negative_binomial(mean / 0.25, 1 / 1.25)
    day = np.repeat(np.tile(np.arange(DAYS), len(SERVICES)), counts.ravel())
    service = np.repeat(np.repeat(np.arange(len(SERVICES)), DAYS), counts.ravel())
    opened = zero + day * 86_400 + _second_of_day(rng, day.size)
    order = np.argsort(opened, kind="stable")
    service, day, opened = service[order], day[order], opened[order]
    rollouts = [(day_index(c.rollout_on, today), c.plan) for c in changes if c.rollout_on]
    skews = skews_of(rollouts, department, location)
    person = persons(np.random.default_rng([seed, 4]), service, day, department, skews=skews)
    columns = _course(np.random.default_rng([seed, 5]), opened, service, day, zero=zero, now=now, effects=effects)
    survey: dict[str, Any] = _survey(
        np.random.default_rng([seed, 6]), columns, service, department[person], location[person],
        zero=zero, now=now, effect=effects["satisfaction"],
    )  # fmt: skip
    p_self = share_by_day(np.random.default_rng([seed, 7]), [s.self_service for s in SERVICES], effects["self_service"])
    channel = _channels(np.random.default_rng([seed, 8]), p_self[service, day], department[person])
    columns.pop("minutes")
    return Tickets(opened=opened, service=service, person=person, channel=channel, **columns, **survey)


def _second_of_day(rng: np.random.Generator, n: int) -> Ints:
    """Mostly in working hours, with a lunch dip and a thin tail at night."""
    hour = np.where(rng.random(n) < 0.55, rng.normal(9.2, 1.2, n), rng.normal(14.0, 1.6, n))
    hour = np.where(rng.random(n) < 0.04, rng.uniform(0, 24, n), hour)
    return np.asarray(np.clip(hour * 3_600, 60, 86_000), dtype=np.int64)


def _course(
    rng: np.random.Generator, opened: Ints, service: Ints, day: Ints, *, zero: int, now: int, effects: dict[str, Floats]
) -> dict[str, Any]:
    """From opening to resolution: priority, first reply, reassignments, resolution, reopening."""
    n = opened.size
    hours = np.array([s.hours for s in SERVICES])
    drift = rng.normal(0, 0.1, (1, DAYS)) * 0.6 + rng.normal(0, 0.12, (len(SERVICES), DAYS))
    incident = rng.random(n) < np.array([s.incidents for s in SERVICES])[service]
    priority = rng.choice((2, 3, 4, 5), n, p=(0.06, 0.24, 0.5, 0.2))
    centre = np.log(hours * 60)[service] + (drift + effects["hours"])[service, day] + 0.12 * (priority - 4)
    minutes = np.exp(centre + rng.normal(0, 0.95, n))
    reply = opened + (60 * np.minimum(minutes * rng.uniform(0.05, 0.6, n), 2_000)).astype(np.int64)
    first_resolved = opened + np.maximum(120, (minutes * 60).astype(np.int64))
    rejected = rng.random(n) < 0.02
    p_reopen = share_by_day(rng, list(rng.uniform(0.045, 0.085, len(SERVICES))), effects["reopened"])
    at = np.clip((first_resolved - zero) // 86_400, 0, DAYS - 1)
    back = (rng.random(n) < p_reopen[service, at]) & ~rejected
    reopened = first_resolved + (86_400 * np.clip(rng.lognormal(0.4, 0.7, n), 0.05, 13)).astype(np.int64)
    again = reopened + np.maximum(300, (60 * minutes * rng.lognormal(-0.3, 0.5, n)).astype(np.int64))
    reopened = np.where(back & (reopened < now), reopened, -1)
    resolved = np.where(reopened >= 0, again, first_resolved)
    reassigned = rng.poisson(0.22 + 0.5 * (minutes > 3 * 60 * hours[service]))
    return {
        "incident": incident,
        "priority": priority,
        "first_reply": np.where(reply < now, reply, -1),
        "first_resolved": np.where(first_resolved < now, first_resolved, -1),
        "reopened": reopened,
        "resolved": np.where(resolved < now, resolved, -1),
        "rejected": rejected & (first_resolved < now),
        "reassigned": np.minimum(reassigned, 4),
        "minutes": minutes / (60 * hours[service]),
    }


def _survey(
    rng: np.random.Generator,
    course: dict[str, Any],
    service: Ints,
    department: Ints,
    location: Ints,
    *,
    zero: int,
    now: int,
    effect: Floats,
) -> dict[str, Ints]:
    """Who was asked, who answered, what: slower and reopened tickets please less, departments answer unequally."""
    n = service.size
    resolved = course["resolved"]
    asked = (rng.random(n) < SURVEYED) & (resolved >= 0) & ~course["rejected"]
    rate = np.array((0.17, 0.3, 0.33, 0.36, 0.2, 0.21, 0.28, 0.3))[department]
    rate = rate * np.array((1.0, 1.12, 0.9, 1.15, 0.95))[location]
    answered = resolved + (3_600 * np.clip(rng.lognormal(1.6, 1.2, n), 0.1, 160)).astype(np.int64)
    replies = asked & (rng.random(n) < rate) & (answered < now)
    at = np.clip((resolved - zero) // 86_400, 0, DAYS - 1)
    liking = rng.normal(0, 0.15, len(SERVICES))[service] + 1.15 * effect[service, at]
    liking = liking - 0.14 * np.log(course["minutes"]) - 0.6 * (course["reopened"] >= 0)
    score = np.clip(np.rint(3.95 + liking + rng.normal(0, 0.9, n)), 1, 5).astype(np.int64)
    tells = replies & (rng.random(n) < TELLING)
    return {
        "asked": np.where(asked, resolved, -1),
        "answered": np.where(replies, answered, -1),
        "score": np.where(replies, score, 0),
        "lost": np.where(tells, _lost_minutes(rng, course["minutes"], course["incident"]), -1),
    }


def _lost_minutes(rng: np.random.Generator, slowness: Floats, incident: NDArray[np.bool_]) -> Ints:
    """Minutes of work lost, told in steps of 5: more for incidents and, less than in proportion, for slow solutions."""
    typical = np.where(incident, 32.0, 14.0) * slowness**0.4
    return np.asarray(
        5 * np.rint(np.minimum(typical * rng.lognormal(0.0, 0.7, slowness.size), 480) / 5), dtype=np.int64
    )


def _channels(rng: np.random.Generator, p_self: Floats, department: Ints) -> Ints:
    """Positions in CHANNELS; the last one is unknown. Store and field staff help themselves less."""
    n = p_self.size
    leaning = np.array((-0.06, 0.07, 0.05, 0.04, -0.05, -0.07, 0.03, 0.09))[department]
    own = rng.random(n) < np.clip(p_self + leaning, 0.03, 0.95)
    channel = np.where(own, np.where(rng.random(n) < 0.78, 0, 1), rng.choice((2, 3, 4), n, p=(0.42, 0.47, 0.11)))
    return np.where(rng.random(n) < 0.015, 5, channel).astype(np.int64)
