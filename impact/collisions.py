"""Which changes meet: on one service or for the same people, so near that they cannot be told apart; which fall into a
freeze; and what changes like a coming one brought before. Dates and links only: no figures of its own, no words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from impact.estimate import SHAPES
from impact.portfolio import NEIGHBOUR_DAYS, ChangeView, Neighbour
from impact.sections import Freeze

LEAST_GAP = 4
"""Days from one rollout to the next on a service from which both have at least three days of their own on each side,
the fewest the engine reads."""
BEFORE, AFTER = SHAPES[0].pre, SHAPES[0].post
"""Days before and after a rollout that the planned reading compares."""
LEAST_ALIKE = 3
"""With fewer changes like it, nothing can be told of a coming one."""
MOST_ALIKE = 12
"""Of the changes like a coming one, so many are asked on its services or in its team: the latest."""
MOST_NEAR = 12
"""Of the changes that follow one on a service or for the same people, so many are told: the nearest, among those to
come and among those of the past. Where hundreds go live in a week, all pairs of them would tell nobody more."""

Basis = Literal["service", "team"]
Closeness = Literal["together", "short", "before", "near"]
"""Cannot be told apart; told apart in fewer days than planned; one lies in the days before the other; only near."""


@dataclass(frozen=True)
class Side:
    """A change where it meets another: its days there, planned ones for a change that is not live."""

    change_id: str
    number: str
    title: str
    on: date
    to: date
    live: bool


@dataclass(frozen=True)
class Collision:
    """Two changes that meet. ``services`` and ``segments`` are what they share; ``gap_days`` the days from the last day
    of the first to the first day of the second, 0 where they overlap."""

    first: Side
    second: Side
    services: tuple[str, ...]
    segments: tuple[str, ...]
    gap_days: int

    @property
    def closeness(self) -> Closeness:
        """What the days between mean for telling them apart."""
        return closeness(self.gap_days)

    @property
    def alone_from(self) -> date:
        """The first day on which the second could go live and leave both all their days."""
        return self.first.to + timedelta(days=AFTER + 1)

    @property
    def least_from(self) -> date:
        """The first day on which the second could go live and be told apart at all."""
        return self.first.to + timedelta(days=LEAST_GAP)

    @property
    def coming(self) -> bool:
        """Whether the second can still be moved."""
        return not self.second.live

    @property
    def ids(self) -> tuple[str, str]:
        """Both changes."""
        return self.first.change_id, self.second.change_id


@dataclass(frozen=True)
class Frozen:
    """A rollout inside a freeze."""

    side: Side
    freeze: Freeze


@dataclass(frozen=True)
class Alike:
    """Extra tickets of past changes like a coming one: their median, the lowest and the highest. ``basis`` says whether
    they share a service with it, or only the team; the kind of change they share always."""

    median: float
    low: float
    high: float
    count: int
    basis: Basis


@dataclass(frozen=True)
class TooFew:
    """Too few past changes like it with a known bump."""

    count: int
    needed: int = LEAST_ALIKE


@dataclass(frozen=True)
class _Met:
    kind: Literal["services", "segments"]
    id: str
    name: str
    side: Side


def collisions(changes: Sequence[ChangeView], today: date) -> tuple[Collision, ...]:
    """Pairs of changes that meet and are worth a look (see ``matters``): coming ones first and of these the next, then
    the latest of the past. A pair is told once, by the nearest of its days. Of changes that only the same people felt,
    those of the last weeks."""
    at: dict[tuple[str, str], list[_Met]] = defaultdict(list)
    for change in changes:
        for met in _meets(change, today):
            if met.kind == "services" or (today - met.side.to).days <= BEFORE:
                at[met.kind, met.id].append(met)
    pairs: dict[tuple[str, str], list[tuple[_Met, _Met]]] = defaultdict(list)
    for (kind, _), found in at.items():
        for a, b in _near(found, BEFORE if kind == "services" else AFTER):
            ends = sorted((a.side.change_id, b.side.change_id))
            pairs[ends[0], ends[1]].append((a, b))
    every = [one for one in map(_collision, pairs.values()) if matters(one)]
    coming = sorted((c for c in every if c.coming), key=lambda c: (c.second.on, c.first.on, c.ids))
    past = sorted((c for c in every if not c.coming), key=lambda c: (-c.second.on.toordinal(), c.ids))
    return (*coming, *past)


def _near(found: Sequence[_Met], within: int) -> Iterator[tuple[_Met, _Met]]:
    """Pairs of different changes among those that meet one service or group, the earlier one first: each with the
    nearest that follow it."""
    ordered = sorted(found, key=lambda m: (m.side.on, m.side.to, m.side.change_id))
    live, coming = [m for m in ordered if m.side.live], [m for m in ordered if not m.side.live]
    for place, first in enumerate(live, 1):
        yield from _following(first, live, place, within)
        yield from _following(first, coming, 0, within)
    for place, first in enumerate(coming, 1):
        yield from _following(first, coming, place, within)


def _following(first: _Met, others: Sequence[_Met], place: int, within: int) -> Iterator[tuple[_Met, _Met]]:
    told = 0
    while told < MOST_NEAR and place < len(others) and _gap(first.side, others[place].side) <= within:
        if others[place].side.change_id != first.side.change_id:
            told += 1
            yield first, others[place]
        place += 1


def _gap(first: Side, second: Side) -> int:
    return max(0, (second.on - first.to).days)


def _collision(met: Sequence[tuple[_Met, _Met]]) -> Collision:
    # services decide where there are any: figures are compared service by service
    on_services = [pair for pair in met if pair[0].kind == "services"]
    first, second = min(on_services or met, key=lambda pair: (_gap(pair[0].side, pair[1].side), pair[0].side.on))
    gap = _gap(first.side, second.side)
    names = {kind: tuple(sorted({a.name for a, _ in met if a.kind == kind})) for kind in ("services", "segments")}
    return Collision(first.side, second.side, names["services"], names["segments"], gap)


def closeness(gap_days: int) -> Closeness:
    """What so many days between two rollouts on one service mean for telling them apart."""
    if gap_days < LEAST_GAP:
        return "together"
    if gap_days <= AFTER:
        return "short"
    return "before" if gap_days <= BEFORE else "near"


def matters(found: Collision) -> bool:
    """Whether it should be looked at: too near to be told apart or only less surely; a coming one on a service also
    where one lies in the days before the other, because it can still be moved."""
    return found.closeness in ("together", "short") or (
        found.coming and bool(found.services) and found.closeness == "before"
    )


def _meets(change: ChangeView, today: date) -> Iterator[_Met]:
    """Where and when a change is, or is to be, met. None for a cancelled one and for one without a day to count on: a
    planned day that has passed says nothing."""
    if change.status == "cancelled":
        return
    live = change.rollout_on is not None
    if not live and change.status in ("done", "rolled_back"):
        return
    usual = change.rollout_on or change.planned_on
    for kind, links in (("services", change.services), ("segments", change.segments)):
        for link in links:
            on = link.rollout_on or usual
            if on is None or (not live and on < today):
                continue
            to = getattr(link, "rollout_to", None) or on
            side = Side(change.id, change.number, change.title, on, max(on, to), live and on <= today)
            yield _Met("services" if kind == "services" else "segments", link.id, link.name, side)


def around(
    change: ChangeView, changes: Sequence[ChangeView], today: date, *, within: int = NEIGHBOUR_DAYS
) -> tuple[Neighbour, ...]:
    """The other changes near this one's days, live or planned, with the services and the groups they share with it."""
    found: dict[str, list[_Met]] = defaultdict(list)
    mine = list(_meets(change, today))
    for other in changes:
        for met in _meets(other, today) if other.id != change.id else ():
            same = (own.side for own in mine if (own.kind, own.id) == (met.kind, met.id))
            if any(max(_gap(own, met.side), _gap(met.side, own)) <= within for own in same):
                found[other.id].append(met)
    return tuple(sorted(map(_neighbour, found.values()), key=lambda n: (n.rollout_on, n.change_id)))


def _neighbour(met: Sequence[_Met]) -> Neighbour:
    first, last = min(m.side.on for m in met), max(m.side.to for m in met)
    side = met[0].side
    names = {kind: tuple(sorted({m.name for m in met if m.kind == kind})) for kind in ("services", "segments")}
    to = last if last > first else None
    return Neighbour(side.change_id, side.number, side.title, first, names["services"], names["segments"], to)


def in_freeze(changes: Sequence[ChangeView], freezes: Sequence[Freeze], today: date) -> tuple[Frozen, ...]:
    """Rollouts, live or planned, on days of a freeze: coming ones first, then the latest."""
    found = []
    for change in changes:
        sides = {met.side for met in _meets(change, today)} or set(_alone(change, today))
        for freeze in freezes:
            inside = [s for s in sides if s.on <= freeze.last_on and s.to >= freeze.first_on]
            if inside:
                found.append(Frozen(min(inside, key=lambda s: s.on), freeze))
    coming = sorted((f for f in found if not f.side.live), key=lambda f: (f.side.on, f.side.number))
    past = sorted((f for f in found if f.side.live), key=lambda f: (-f.side.on.toordinal(), f.side.number))
    return (*coming, *past)


def _alone(change: ChangeView, today: date) -> Iterator[Side]:
    """The days of a change that is linked to no service and no group."""
    on = change.rollout_on or change.planned_on
    stopped = change.status in ("cancelled", "done", "rolled_back") and change.rollout_on is None
    if on is not None and not stopped and (change.rollout_on is not None or on >= today):
        yield Side(change.id, change.number, change.title, on, on, change.rollout_on is not None)


def coming(changes: Sequence[ChangeView], today: date) -> tuple[ChangeView, ...]:
    """Changes that are planned for today or later, the next first."""
    found = [
        c
        for c in changes
        if c.rollout_on is None and c.planned_on is not None and c.planned_on >= today
        and c.status not in ("cancelled", "done", "rolled_back")
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda c: (c.planned_on or today, c.number)))


def expected(
    coming: Sequence[ChangeView],
    changes: Sequence[ChangeView],
    extra_of: Callable[[Collection[str]], Mapping[str, float]],
) -> dict[str, Alike | TooFew]:
    """What past changes like each of the coming ones brought in extra tickets, by the id of the coming one.
    ``extra_of`` gives the known bumps of the changes it is asked for, many at once: those on the same services, then
    those of the teams of coming changes for which these are too few."""
    places: dict[tuple[str, Basis, str], list[ChangeView]] = defaultdict(list)
    for past in sorted((c for c in changes if c.rollout_on is not None), key=_latest):
        for basis, of_kind in _places(past):
            for place in of_kind:
                places[past.kind, basis, place].append(past)
    like = {c.id: _past_like(c, places) for c in coming}
    extra = dict(extra_of({past.id for found in like.values() for past in found["service"]}))
    few = [found for found in like.values() if sum(past.id in extra for past in found["service"]) < LEAST_ALIKE]
    extra |= extra_of({past.id for found in few for past in found["team"] if past.id not in extra})
    return {c.id: _alike(like[c.id], extra) for c in coming}


def _latest(change: ChangeView) -> tuple[int, str]:
    return -(change.rollout_on or date.min).toordinal(), change.id


def _places(change: ChangeView) -> tuple[tuple[Basis, set[str]], ...]:
    """Where others can be like it: its services, its team."""
    team = set() if change.team_id is None else {change.team_id}
    return ("service", {link.id for link in change.services}), ("team", team)


def _past_like(
    change: ChangeView, places: Mapping[tuple[str, Basis, str], Sequence[ChangeView]]
) -> dict[Basis, list[ChangeView]]:
    """The latest live changes of the same kind on one of its services, and those of its team."""
    like: dict[Basis, list[ChangeView]] = {}
    for basis, of_kind in _places(change):
        latest = (past for place in of_kind for past in places.get((change.kind, basis, place), ())[:MOST_ALIKE])
        found = {past.id: past for past in latest}
        like[basis] = sorted(found.values(), key=_latest)[:MOST_ALIKE]
    return like


def _alike(like: Mapping[Basis, Sequence[ChangeView]], extra: Mapping[str, float]) -> Alike | TooFew:
    """Those on one of its services or, where fewer than three of them have a known bump, those of its team."""
    known = {basis: [extra[past.id] for past in found if past.id in extra] for basis, found in like.items()}
    for basis, values in known.items():
        if len(values) >= LEAST_ALIKE:
            return Alike(median(values), min(values), max(values), len(values), basis)
    return TooFew(max(map(len, known.values())))
