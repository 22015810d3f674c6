"""What all readings of one panel have in common, which results are asked for, and which windows have room; no effects.

Which of the windows is read is decided in ``choosing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np

from impact.estimation.early import Looks
from impact.estimation.panel import Bools, Floats, Ints, Panel, Rollout, Shape, day_types, in_order, up_to
from impact.estimation.pattern import Profile, profile
from impact.estimation.placebo import Placebos, placebos
from impact.estimation.pooling import Pooling
from impact.estimation.readings import Plan, ramp, slowed
from impact.estimation.results import ReadingName
from impact.estimation.timeline import FAR, Timeline, timeline
from impact.estimation.windows import LEAST_KNOWN


@dataclass(frozen=True)
class Asked:
    """One result asked for: a change on all its services (``service`` None) or on one.

    ``rollouts`` are indexes into the timeline, ``members`` the panel rows of all services of the change: none of
    them serves as comparison. ``ramp`` is the days that the longest of the rollouts takes after its first, rounded up.
    """

    change_id: str
    service: str | None
    rollouts: tuple[int, ...]
    members: tuple[int, ...]
    ramp: int = 0


@dataclass(frozen=True, eq=False)
class Room:
    """Which window shapes have room around which rollout; arrays are (rollouts, shapes), ``seen`` too.

    ``separable``: no other change in the windows. ``known``: enough known days before the rollout and, once they are
    over, after it. ``seen`` is how many of the days after the rollout the panel has (negative before they begin).
    """

    shapes: tuple[Shape, ...]
    separable: Bools
    known: Bools
    seen: Ints

    @cached_property
    def ended(self) -> Bools:
        """All days after the rollout are in the panel."""
        return np.asarray(self.seen >= np.array([shape.post for shape in self.shapes]))

    @cached_property
    def open(self) -> Bools:
        """The shape can be read, or will be when its days are over."""
        return np.asarray(self.separable & self.known)

    @cached_property
    def separable_at_all(self) -> list[bool]:
        """Whether any shape is free of other changes, per rollout."""
        return [any(x) for x in self.separable.tolist()]

    @cached_property
    def open_at_all(self) -> list[bool]:
        """Whether any shape can be read now or later, per rollout."""
        return [any(x) for x in self.open.tolist()]

    @cached_property
    def least(self) -> Shape:
        """The shape that is complete first."""
        return min(self.shapes, key=lambda shape: (shape.reach, shape.pre))


@dataclass(frozen=True, eq=False)
class Study:
    """What all readings of one panel have in common.

    Placebo readings are made once per shape and kept in ``pools``. ``early`` says that the reading is made at looks
    before its last day, ``overlaps`` that changes with others in their windows may be told apart in other windows.
    """

    panel: Panel
    line: Timeline
    sums: Profile
    counts: Floats
    shapes: tuple[Shape, ...]
    pools: dict[tuple[Shape, bool], Pooling | None]
    types: Ints
    reading: ReadingName = "planned"
    early: bool = False
    overlaps: bool = False
    rooms: dict[int, Room] = field(default_factory=dict, init=False)
    looked: dict[tuple[Shape, bool], Looks | None] = field(default_factory=dict, init=False)
    precise: dict[Shape, Floats] = field(default_factory=dict, init=False)

    def pool(self, shape: Shape, *, compared: bool = True) -> Pooling | None:
        """The panel read everywhere with a shape; None when too few days without changes exist to learn chance from."""
        key = (shape, compared)
        if key not in self.pools:
            found = self._read(shape, compared=compared)
            self.pools[key] = None if found is None else Pooling(found)
        return self.pools[key]

    def placebo(self, shape: Shape, *, compared: bool = True) -> Placebos | None:
        """The same without keeping it."""
        if (shape, compared) in self.pools:
            pool = self.pools[shape, compared]
            return None if pool is None else pool.placebos
        return self._read(shape, compared=compared)

    def _read(self, shape: Shape, *, compared: bool) -> Placebos | None:
        return placebos(self.panel.kind, self.sums, shape=shape, counts=self.counts, compared=compared)

    def room(self, ramp: int = 0) -> Room:
        """Which shapes have room around each rollout when rollouts take ``ramp`` further days."""
        if ramp not in self.rooms:
            shapes = tuple(slowed(shape, ramp) for shape in self.shapes)
            seen = [self.panel.day_count - self.line.day - shape.lead for shape in shapes]
            known = [_known(self.sums, self.line, shape) for shape in shapes]
            self.rooms[ramp] = Room(shapes, self.line.separable(shapes), np.column_stack(known), np.column_stack(seen))
        return self.rooms[ramp]

    def planned(self, plan: Plan) -> Study:
        """The same panel for another reading; placebo readings are shared where spikes are treated alike."""
        own = replace(self, shapes=plan.shapes, reading=plan.name, early=plan.early, overlaps=plan.overlaps)
        if plan.capped:
            return own
        return replace(own, sums=profile(self.panel, self.types, capped=False), pools={})

    @property
    def fits(self) -> Bools:
        """(rollouts, shapes): the shape can be read at the rollout by now, if that took one day."""
        return np.asarray(self.room().open & self.room().ended)

    @cached_property
    def first_known(self) -> list[int]:
        """Index of the first known day of each service; far in the future where there is none."""
        known = self.sums.known > 0
        return [int(x) for x in np.where(known.any(axis=1), np.argmax(known, axis=1) - 1, FAR).tolist()]


def study(
    panel: Panel,
    rollouts: Sequence[Rollout],
    *,
    shapes: tuple[Shape, ...],
    holidays: frozenset[date],
    until: date | None,
) -> Study:
    """Sort, cut and sum up a panel and place its rollouts on it."""
    panel = in_order(up_to(panel, until))
    line = timeline(panel, rollouts)
    types = day_types(panel.first_on, panel.day_count, holidays)
    return Study(panel, line, profile(panel, types), line.counts(panel), shapes, {}, types)


def _known(sums: Profile, line: Timeline, shape: Shape) -> Bools:
    """Whether enough days on both sides of each rollout are known; of days to come it is taken for granted."""
    days = sums.known.shape[1] - 1
    inside = (line.service >= 0) & (line.day >= shape.pre)
    if not inside.any():
        return np.zeros(len(inside), dtype=np.bool_)
    s, t = np.where(inside, line.service, 0), np.where(inside, line.day, 0)

    def within(start: Ints, end: Ints) -> Floats:
        low, high = np.clip(start, 0, days), np.clip(end, 0, days)
        return np.asarray(sums.known[s, high] - sums.known[s, low] + (end - start) - (high - low))

    before = within(t - shape.pre, t)
    after = within(t + shape.lead, t + shape.reach + 1)
    started = sums.known[s, -1] > 0
    return np.asarray(inside & started & (before >= LEAST_KNOWN * shape.pre) & (after >= LEAST_KNOWN * shape.post))


def by_change(line: Timeline) -> list[Asked]:
    """One question per change, all its services together, sorted by change."""
    index: dict[str, list[int]] = {}
    for i, rollout in enumerate(line.rollouts):
        index.setdefault(rollout.change_id, []).append(i)
    service, lasted = line.service.tolist(), line.lasted.tolist()
    rows = []
    for change, own in index.items():
        places = [service[i] for i in own if service[i] >= 0]
        members = tuple(places) if len(places) == 1 else tuple(sorted(set(places)))
        rows.append(Asked(change, None, tuple(own), members, ramp(max(lasted[i] for i in own))))
    return rows


def by_service(line: Timeline) -> list[Asked]:
    """One question per change and service."""
    rows: list[Asked] = []
    lasted = line.lasted.tolist()
    for whole in by_change(line):
        index: dict[str, list[int]] = {}
        for i in whole.rollouts:
            index.setdefault(line.rollouts[i].service, []).append(i)
        rows += [
            Asked(whole.change_id, name, tuple(own), whole.members, ramp(max(lasted[i] for i in own)))
            for name, own in index.items()
        ]
    return rows
