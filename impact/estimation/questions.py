"""Which readings are asked of a panel, which window shape each gets, and why some get none; no effects here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from impact.estimation.panel import Bools, Floats, Panel, Rollout, Shape, day_types, in_order, up_to
from impact.estimation.pattern import Profile, profile
from impact.estimation.placebo import LEAST_INDEPENDENT, placebos
from impact.estimation.pooling import Pooling
from impact.estimation.results import NotEstimable
from impact.estimation.timeline import FAR, Timeline, timeline
from impact.estimation.windows import LEAST_KNOWN


@dataclass(frozen=True)
class Asked:
    """One result asked for: a change on all its services (``service`` None) or on one.

    ``rollouts`` are indexes into the timeline, ``members`` the panel rows of all services of the change: none of
    them serves as comparison.
    """

    change_id: str
    service: str | None
    rollouts: tuple[int, ...]
    members: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Study:
    """What all readings of one panel have in common.

    ``separable``, ``ended`` and ``known`` are (rollouts, shapes): no other change in the windows, days complete,
    enough days in the panel. Placebo readings are made once per shape and kept in ``pools``.
    """

    panel: Panel
    line: Timeline
    sums: Profile
    counts: Floats
    shapes: tuple[Shape, ...]
    separable: Bools
    ended: Bools
    known: Bools
    pools: dict[tuple[Shape, bool], Pooling | None]

    def pool(self, shape: Shape, *, compared: bool = True) -> Pooling | None:
        """The panel read everywhere with a shape; None when too few days without changes exist to learn chance from."""
        key = (shape, compared)
        if key not in self.pools:
            found = placebos(self.panel.kind, self.sums, shape=shape, counts=self.counts, compared=compared)
            self.pools[key] = None if found is None else Pooling(found)
        return self.pools[key]

    @cached_property
    def fits(self) -> Bools:
        """(rollouts, shapes): the shape can be read at the rollout."""
        return np.asarray(self.separable & self.ended & self.known)

    @cached_property
    def least(self) -> Shape:
        """The shape that is complete first."""
        return min(self.shapes, key=lambda shape: (shape.reach, shape.pre))

    @cached_property
    def first_known(self) -> list[int]:
        """Index of the first known day of each service; far in the future where there is none."""
        known = self.sums.known > 0
        return [int(x) for x in np.where(known.any(axis=1), np.argmax(known, axis=1) - 1, FAR).tolist()]

    @cached_property
    def separable_at_all(self) -> list[bool]:
        """Whether any shape leaves other changes out, per rollout."""
        return [any(x) for x in self.separable.tolist()]

    @cached_property
    def ended_at_all(self) -> list[bool]:
        """Whether any separable shape has all its days, per rollout."""
        return [any(x) for x in (self.separable & self.ended).tolist()]


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
    sums = profile(panel, day_types(panel.first_on, panel.day_count, holidays))
    reach = np.array([shape.reach for shape in shapes])
    ended = line.day[:, None] + reach[None, :] < panel.day_count
    known = np.column_stack([_known(sums, line, shape) for shape in shapes])
    return Study(panel, line, sums, line.counts(panel), shapes, line.separable(shapes), ended, known, {})


def _known(sums: Profile, line: Timeline, shape: Shape) -> Bools:
    """Whether enough days on both sides of each rollout are in the panel and known."""
    days = sums.known.shape[1] - 1
    inside = (line.service >= 0) & (line.day >= shape.pre) & (line.day + shape.reach < days)
    if not inside.any():
        return np.zeros(len(inside), dtype=np.bool_)
    t, s = np.where(inside, line.day, 0), np.where(inside, line.service, 0)
    before = sums.known[s, t] - sums.known[s, np.maximum(t - shape.pre, 0)]
    start, end = np.minimum(t + shape.lead, days), np.minimum(t + shape.reach + 1, days)
    after = sums.known[s, end] - sums.known[s, start]
    return np.asarray(inside & (before >= LEAST_KNOWN * shape.pre) & (after >= LEAST_KNOWN * shape.post))


def by_change(line: Timeline) -> list[Asked]:
    """One question per change, all its services together, sorted by change."""
    index: dict[str, list[int]] = {}
    for i, rollout in enumerate(line.rollouts):
        index.setdefault(rollout.change_id, []).append(i)
    service = line.service.tolist()
    return [
        Asked(change, None, tuple(own), tuple(sorted({service[i] for i in own} - {-1})))
        for change, own in index.items()
    ]


def by_service(line: Timeline) -> list[Asked]:
    """One question per change and service."""
    rows: list[Asked] = []
    for whole in by_change(line):
        index: dict[str, list[int]] = {}
        for i in whole.rollouts:
            index.setdefault(line.rollouts[i].service, []).append(i)
        rows += [Asked(whole.change_id, name, tuple(own), whole.members) for name, own in index.items()]
    return rows


def chosen_shapes(common: Study, asked: Sequence[Asked]) -> list[int]:
    """Shape index per question, -1 where none fits: the shape whose fitting rollouts carry the most information.

    For a change on one service that is the largest shape free of other changes.
    """
    if not asked:
        return []
    own = np.array([i for a in asked for i in a.rollouts], dtype=np.int64)
    row = np.repeat(np.arange(len(asked)), [len(a.rollouts) for a in asked])
    score = np.zeros((len(asked), len(common.shapes)))
    for k, shape in enumerate(common.shapes):
        score[:, k] = np.bincount(row, common.fits[own, k] * shape.information, minlength=len(asked))
    best = np.argmax(score, axis=1)
    return [int(x) for x in np.where(score.max(axis=1) > 0, best, -1)]


def refusal(common: Study, row: Asked) -> NotEstimable:
    """Why no shape fits: another change, days still to come, or days that the panel does not have."""
    line, panel, least = common.line, common.panel, common.least
    own = [i for i in row.rollouts if line.placed[i]]
    metric, change, service = panel.metric, row.change_id, row.service
    if not own:
        return NotEstimable(change, metric, service, "no_data")
    if not any(common.separable_at_all[i] for i in own):
        blocking = {name for i in own for name in line.blocking(i, least)}
        room = max(line.room[i] for i in own)
        return NotEstimable(
            change, metric, service, "cannot_be_separated", least.reach, room, blocking=tuple(sorted(blocking))
        )
    coming = [
        int(line.day[i]) + shape.reach
        for i in own
        for k, shape in enumerate(common.shapes)
        if common.separable[i, k] and line.day[i] - common.first_known[line.service[i]] >= shape.pre
    ]
    if coming and not any(common.ended_at_all[i] for i in own):
        day = min(coming)
        have = max(0, panel.day_count - 1 - min(int(line.day[i]) for i in own))
        return NotEstimable(change, metric, service, "too_early", least.reach, have, possible_from=panel.on(day + 1))
    known = common.sums.known
    have = max(int(known[line.service[i], min(max(int(line.day[i]), 0), panel.day_count)]) for i in own)
    return NotEstimable(change, metric, service, "no_data", least.pre, have)


def too_little_history(common: Study, row: Asked, shape: Shape) -> NotEstimable:
    """The windows fit, but the panel is too short or too full of changes to learn from it what chance does."""
    have = common.panel.day_count // (shape.pre + shape.post)
    needed = int(LEAST_INDEPENDENT)
    return NotEstimable(
        row.change_id,
        common.panel.metric,
        row.service,
        "too_little_history",
        needed,
        min(have, needed - 1),
        shape=shape,
    )
