"""When a planned step will be done, from the slips of the steps before it. Numbers of days only; knows no milestone.

Two ways to see a slip: each project has its own level (*level*: its median, pulled towards everybody's), or delays are
carried on from step to step (*last*). Which one holds here is measured on this organisation's own past, step by step as
it was known then; the range is that of the errors made there, as multiples of how much a project's slips usually vary.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from impact.estimation.panel import INTERVAL_LEVEL, Floats

Way = Literal["level", "last"]
WAYS: tuple[Way, ...] = ("level", "last")
Steps = Sequence[tuple[int, int]]
"""Done steps of one project: the day each was due and the day it was done, as day numbers."""
LEAST_STEPS = 3
"""A project with fewer done steps has no history to forecast from."""
FAR = 3
"""Steps ahead from which on all count alike."""
PRIOR_STEPS = 2.0
"""Done steps' worth of trust in everybody's slips, against a project's own."""
LEAST_CASES = 40
"""With fewer forecasts to learn from, their errors are taken to be like Student's t with 3 degrees of freedom."""
LEAST_SPREAD = 1.0
"""Days. Slips that never varied are not known to the hour."""
SCALE = 1.5
"""Spread of those errors, in the mean absolute differences that slips are measured by."""


@dataclass(frozen=True, eq=False)
class Record:
    """What the past of all projects says: ``usual`` slip and ``spread`` (mean absolute difference from a project's own
    median), which ``way`` forecast better, and its ``errors`` by steps ahead as multiples of a project's spread, over
    ``cases`` forecasts. ``wrong_by`` is the mean absolute error of each way in days, None without cases."""

    usual: float
    spread: float
    way: Way
    errors: tuple[Floats, ...]
    cases: int
    wrong_by: dict[Way, float | None]


@dataclass(frozen=True)
class Slip:
    """A forecast in whole days after the day it is due (negative: before), with its 95 % range, rounded outwards."""

    value: int
    low: int
    high: int


@dataclass(frozen=True)
class _Case:
    """One forecast of the past: the error of each way in days, the project's spread then, steps ahead."""

    errors: tuple[float, float]
    spread: float
    ahead: int


def record(projects: Sequence[Steps]) -> Record:
    """Forecast every step of the past from what was known when the step before it was done, and note the errors."""
    done = sorted((end, k) for k, steps in enumerate(projects) for _, end in steps)
    usual, spreads = _Running(), _Running()
    cases: list[_Case] = []
    told: set[tuple[int, int]] = set()
    for end, k in done:
        known = sorted((due, on) for due, on in projects[k] if on <= end)
        slips = [on - due for due, on in known]
        usual.add(float(slips[-1]))
        if len(slips) < LEAST_STEPS:
            continue
        own = _spread(slips, spreads.middle(LEAST_SPREAD))
        spreads.add(_away(slips))
        if (k, end) in told:
            continue
        told.add((k, end))
        ways = [_point(way, slips, usual.middle(0.0)) for way in WAYS]
        rest = sorted((due, on) for due, on in projects[k] if on > end)
        for ahead, (due, on) in enumerate(rest[:FAR], 1):
            first, second = (on - due - max(point, float(end - due)) for point in ways)
            cases.append(_Case((first, second), own, ahead))
    return _record(cases, usual.middle(0.0), spreads.middle(LEAST_SPREAD))


def _record(cases: Sequence[_Case], usual: float, spread: float) -> Record:
    wrong = {way: float(np.mean([abs(c.errors[i]) for c in cases])) if cases else None for i, way in enumerate(WAYS)}
    way = min(WAYS, key=lambda name: wrong[name] or 0.0) if len(cases) >= LEAST_CASES else WAYS[0]
    place = WAYS.index(way)
    errors = []
    for ahead in range(1, FAR + 1):
        mine = [c.errors[place] / c.spread for c in cases if c.ahead == ahead]
        errors.append(np.sort(np.array(mine if len(mine) >= LEAST_CASES else _assumed(ahead), dtype=np.float64)))
    return Record(usual, spread, way, tuple(errors), len(cases), wrong)


def _assumed(ahead: int) -> Floats:
    """Errors where too few were made to learn from: Student's t, wider the further ahead."""
    at = (np.arange(99) + 0.5) / 99
    return np.asarray(SCALE * np.sqrt(ahead) * stdtrit(3.0, at))


def slip_ahead(known: Record, slips: Sequence[float], *, ahead: int, at_least: float) -> Slip | None:
    """The slip of the step that comes ``ahead`` steps (1: the next one) after those done, whose ``slips`` are in the
    order of their due days. It is not done yet, so it slips by ``at_least`` so many days: today minus its due day, a
    negative number before that day. None with fewer than 3 slips."""
    if len(slips) < LEAST_STEPS:
        return None
    point, spread = _point(known.way, slips, known.usual), _spread(slips, known.spread)
    errors = known.errors[min(ahead, FAR) - 1]
    possible = point + spread * errors
    left = possible[possible >= at_least]
    if len(left) < 5:  # later than nearly all of the past: what is left of the range starts today
        above = spread * (errors[errors >= np.median(errors)] - np.median(errors))
        left = at_least + above
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    value = float(np.median(left))
    low, high = float(np.quantile(left, tail, method="lower")), float(np.quantile(left, 1.0 - tail, method="higher"))
    least = math.ceil(at_least)
    return Slip(max(round(value), least), max(math.floor(low), least), max(math.ceil(high), least))


def _point(way: Way, slips: Sequence[float], usual: float) -> float:
    if way == "last":
        return float(slips[-1])
    n = len(slips)
    return (n * _middle(sorted(slips)) + PRIOR_STEPS * usual) / (n + PRIOR_STEPS)


def _away(slips: Sequence[float]) -> float:
    middle = _middle(sorted(slips))
    return sum(abs(slip - middle) for slip in slips) / len(slips)


def _spread(slips: Sequence[float], usual: float) -> float:
    """How much a project's slips vary, pulled towards how much everybody's do."""
    n = len(slips)
    return max((n * _away(slips) + PRIOR_STEPS * usual) / (n + PRIOR_STEPS), LEAST_SPREAD)


class _Running:
    """The median of numbers that come one by one."""

    def __init__(self) -> None:
        self._sorted: list[float] = []

    def add(self, value: float) -> None:
        insort(self._sorted, value)

    def middle(self, otherwise: float) -> float:
        """The median so far; ``otherwise`` before the first."""
        return _middle(self._sorted) if self._sorted else otherwise


def _middle(values: Sequence[float]) -> float:
    """The median of sorted numbers; of few ones, faster than an array."""
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2.0


def known_by(steps: Steps, day: int) -> list[tuple[int, int]]:
    """Steps done by a day, in the order of the days they were done."""
    ordered = sorted(steps, key=lambda step: step[1])
    return ordered[: bisect_right([end for _, end in ordered], day)]
