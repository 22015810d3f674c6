"""Which services of a change a bump can be read on, over how many days, or why on none; no figures are judged here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.estimation.comparison import LEAST_SERVICES
from impact.estimation.panel import Bools, Ints, Shape
from impact.estimation.placebo import LEAST_INDEPENDENT
from impact.estimation.questions import Study
from impact.estimation.results import NotEstimable
from impact.estimation.windows import LEAST_KNOWN

HORIZONS = (28, 21, 14, 7)
"""Days over which extra tickets are summed, the rollout day included: the most that are there and free of other
changes. They are fixed before anybody looks at the figures."""
BUMP_SHAPES: tuple[Shape, ...] = tuple(Shape(pre, days, 0) for days in HORIZONS for pre in (42, 28, 14))
LEAST = Shape(14, 7, 0)


@dataclass(frozen=True, eq=False)
class Case:
    """A change as it is read: ``rollouts`` are indexes into the timeline, ``services`` their panel rows, ``starts``
    their day indexes; ``members`` all rows that the change touches. ``compared``: enough other services are left."""

    change_id: str
    rollouts: Ints
    services: Ints
    starts: Ints
    members: Ints
    shape: Shape
    compared: bool


def fitting(common: Study) -> Bools:
    """(rollouts, shapes): no other change in the windows, and enough known days on both sides."""
    line, known, days = common.line, common.sums.known, common.panel.day_count
    found = np.zeros((len(line.service), len(BUMP_SHAPES)), dtype=np.bool_)
    for k, shape in enumerate(BUMP_SHAPES):
        fits = (line.service >= 0) & (line.day >= shape.pre) & (line.day + shape.post <= days)
        fits = fits & (line.since > shape.pre) & (line.until >= shape.post)
        s, t = np.where(fits, line.service, 0), np.where(fits, line.day, shape.pre)
        end = np.minimum(t + shape.post, days)
        before = known[s, np.minimum(t, days)] - known[s, np.minimum(t - shape.pre, days)]
        after = known[s, end] - known[s, np.minimum(t, days)]
        found[:, k] = fits & (before >= LEAST_KNOWN * shape.pre) & (after >= LEAST_KNOWN * shape.post)
    return found


def case_of(common: Study, change_id: str, fits: Bools) -> Case | NotEstimable:
    """A change with the shape whose fitting services carry the most information; ``fits`` is (rollouts, shapes)."""
    line = common.line
    own = np.array([i for i, r in enumerate(line.rollouts) if r.change_id == change_id], dtype=np.int64)
    told = (fits[own] * np.array([shape.information for shape in BUMP_SHAPES])).sum(axis=0)
    k = int(np.argmax(told))
    if not len(own) or told[k] <= 0:
        return _refusal(common, change_id, own)
    members = np.unique(line.service[own][line.service[own] >= 0])
    used = own[fits[own, k]]
    compared = len(common.panel.services) - len(members) >= LEAST_SERVICES
    return Case(change_id, used, line.service[used], line.day[used], members, BUMP_SHAPES[k], compared)


def too_little_history(common: Study, case: Case) -> NotEstimable:
    """The windows fit, but the panel is too short or too full of changes to say what chance does."""
    have = min(common.panel.day_count // (case.shape.pre + case.shape.post), int(LEAST_INDEPENDENT) - 1)
    needed = int(LEAST_INDEPENDENT)
    return NotEstimable(case.change_id, common.panel.metric, None, "too_little_history", needed, have, shape=case.shape)


def _refusal(common: Study, change_id: str, own: Ints) -> NotEstimable:
    """Why no shape fits: another change, days still to come, or days that the panel does not have."""
    line, panel = common.line, common.panel
    placed = [i for i in own.tolist() if line.service[i] >= 0]
    if not placed:
        return NotEstimable(change_id, panel.metric, None, "no_data")
    apart = [i for i in placed if line.since[i] > LEAST.pre and line.until[i] >= LEAST.post]
    if not apart:
        blocking = tuple(sorted({name for i in placed for name in line.blocking(i, LEAST)}))
        room = max(int(min(line.since[i], line.until[i])) for i in placed)
        return NotEstimable(change_id, panel.metric, None, "cannot_be_separated", LEAST.post, room, blocking=blocking)
    day = min(int(line.day[i]) for i in apart)
    seen = panel.day_count - day
    known = max(int(common.sums.known[line.service[i], min(max(day, 0), panel.day_count)]) for i in apart)
    if seen < LEAST.post and known >= LEAST.pre:
        return NotEstimable(
            change_id, panel.metric, None, "too_early", LEAST.post, max(0, seen),
            possible_from=panel.on(day + LEAST.post),
        )  # fmt: skip
    return NotEstimable(change_id, panel.metric, None, "no_data", LEAST.pre, known)
