"""Which window shape each question is read with, and how many of its days after the rollout are read by now.

The choice knows where changes lie and how precise each shape is on placebo days; it never sees an effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import Floats, Shape
from impact.estimation.placebo import UPPER
from impact.estimation.questions import Asked, Room, Study
from impact.estimation.readings import looks

LONGER_LEAST = 0.5
"""A shape with more days after the rollout is preferred while it carries this part of the best shape's information."""
NEARLY_BEST = 0.94
"""Of shapes with equally many days after it, the first with this part of the best one's information is read: a gain of
less than 3 % in precision is not worth other days than usual."""
PACE = 7
"""How precise a shape is on a service is judged on every seventh day."""
UNKNOWN = 1e-9
"""Shapes whose precision is unknown come last, those with more days first."""


@dataclass(frozen=True)
class Choice:
    """The shape that decides (``shape``) and the one read now (``read``; None while no look has been reached).

    ``rollouts`` are read now. ``look`` is the days after the rollout seen by an early look, None for the final
    reading. ``dates`` is the number of different days on which the rollouts of the question took place.
    """

    shape: Shape
    read: Shape | None
    rollouts: tuple[int, ...]
    look: int | None = None
    dates: int = 1


def choices(common: Study, asked: Sequence[Asked]) -> list[Choice | None]:
    """Choice per question; None where no shape has room.

    Of the shapes without other changes in their windows, the one with the most information about the question: the
    sum over its services of 1 / squared standard error. Shapes with more days after the rollout come first as long as
    they carry at least half of that.
    """
    out: list[Choice | None] = [None] * len(asked)
    ramps: dict[int, list[int]] = {}
    for i, row in enumerate(asked):
        ramps.setdefault(row.ramp, []).append(i)
    for days, rows in ramps.items():
        room = common.room(days)
        best = _best(common, room, [asked[i] for i in rows])
        opened, ended = room.open.T.tolist(), room.ended.T.tolist()
        for i, k in zip(rows, best, strict=True):
            if k >= 0:
                own = tuple(j for j in asked[i].rollouts if opened[k][j])
                final = all(ended[k][j] for j in own)
                shape = room.shapes[k]
                out[i] = Choice(shape, shape, own) if final else _early(common, room, k, own)
    return out


def chosen_shapes(common: Study, asked: Sequence[Asked]) -> list[int]:
    """Index of the shape with the most days among those that are complete, -1 where none is: without early looks and
    without regard to precision."""
    fits = common.fits
    days = np.array([shape.information for shape in common.shapes])
    best = [days * fits[list(row.rollouts)].sum(axis=0) for row in asked]
    return [int(np.argmax(score)) if score.max(initial=0) > 0 else -1 for score in best]


def _best(common: Study, room: Room, asked: Sequence[Asked]) -> list[int]:
    """Index of the shape per question, -1 where none has room."""
    own = np.array([i for a in asked for i in a.rollouts], dtype=np.int64)
    row = np.repeat(np.arange(len(asked)), [len(a.rollouts) for a in asked])
    place = common.line.service[own]
    score = np.zeros((len(asked), len(room.shapes)))
    for k, shape in enumerate(room.shapes):
        fits = room.open[own, k]
        if fits.any():
            usual = replace(shape, lead=min(shape.lead, 1))  # later days after it are as noisy, and read already
            if usual not in common.precise:
                common.precise[usual] = precision(common, usual)
            score[:, k] = np.bincount(row, fits * common.precise[usual][place], minlength=len(asked))
    most = score.max(axis=1)
    best = np.full(len(asked), -1)
    posts = np.array([shape.post for shape in room.shapes])
    for post in sorted(set(posts.tolist())):
        same = np.where(posts == post, score, 0.0)
        top = same.max(axis=1)
        better = (top >= LONGER_LEAST * most) & (most > 0)
        best[better] = np.argmax(same >= NEARLY_BEST * top[:, None], axis=1)[better]
    return [int(k) for k in best]


def precision(common: Study, shape: Shape) -> Floats:
    """1 / squared standard error of a placebo reading with each service's median sampling variance, (services + 1,);
    the last is for services that the panel does not have. Nearly 0 where it is not known.

    How noisy a single service is does not count: that is known too roughly, and choosing by it would choose the window
    whose noise happens to look small. Standard errors learnt from few independent readings count as larger, as
    Student's t makes them.
    """
    days = UNKNOWN * shape.pre * shape.post / (shape.pre + shape.post)
    out = np.full(len(common.panel.services) + 1, days)
    pool = common.pool(shape)
    if pool is None:
        return out * UNKNOWN
    placebo = pool.placebos
    v, usable = placebo.cells.v[:, ::PACE], placebo.cells.usable[:, ::PACE]
    some = usable.any(axis=1)
    middle = np.nanmedian(np.where(usable[some], v[some], np.nan), axis=1)
    unsure = float(stdtrit(placebo.independent, UPPER)) ** 2
    out[:-1][some] = 1.0 / np.maximum(placebo.spread.expected(middle) * placebo.spread.base * unsure, 1e-24)
    return out


def _early(common: Study, room: Room, k: int, own: tuple[int, ...]) -> Choice:
    """The reading made before the last day: of several services, those and that look that tell most by now."""
    shape = room.shapes[k]
    seen = {i: int(room.seen[i, k]) for i in own}
    dates = len({int(common.line.day[i]) for i in own})
    most, found = 0.0, Choice(shape, None, own, dates=dates)
    if common.early:
        for one in (*looks(shape), shape):
            there = tuple(i for i in own if seen[i] >= one.post)
            tells = len(there) * one.information
            if there and tells >= most:
                most, found = tells, Choice(shape, one, there, one.post, dates)
    return found


def first_complete(common: Study, choice: Choice, own: Sequence[int]) -> int:
    """Day index from which the next reading of a question can be made: the day after its next look, or its last day."""
    shape, last = choice.shape, common.panel.day_count - 1
    steps = (*looks(shape), shape) if common.early else (shape,)
    ends = [int(common.line.day[i]) + replace(shape, post=one.post).reach for i in own for one in steps]
    return min((end for end in ends if end > last), default=last) + 1


def final_day(common: Study, choice: Choice, own: Sequence[int]) -> int:
    """Day index from which the final reading of a question can be made."""
    return max(int(common.line.day[i]) for i in own) + choice.shape.reach + 1
