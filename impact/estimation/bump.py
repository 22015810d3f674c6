"""The bump after a change: extra tickets, the worst day, and the days until a week is like any other again.

Pure arrays: knows no metric's meaning, no minutes, no money and no words. A bump begins on the rollout day itself,
and its total is summed over a number of days that was fixed before anybody looked at the figures: a sum that stops
when the figures look normal again stops at a lucky moment, and its range holds the whole bump about half of the time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from impact.estimation.bump_cases import BUMP_SHAPES, Case, case_of, fitting, too_little_history
from impact.estimation.following import following
from impact.estimation.panel import Bools, Floats, Ints, Panel, Rollout, Shape
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Study, study
from impact.estimation.results import NotEstimable
from impact.estimation.sums import reaches, together, usual_spikes, variance_of_expected, with_spikes
from impact.estimation.windows import LEAST_TICKETS

WEEK = 7
RUNNING = 3
"""Days running on which the week then beginning must be usual."""
WATCHED = 56
"""Days after the rollout within which a bump is watched; what lasts longer is an effect, not a bump."""
LEADS = (0, 7, 14, 28, 49)
"""Days after the rollout at which the usual range of a week is measured; between them it is interpolated."""


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The day with the most tickets above what was expected."""

    on: date
    observed: float
    expected: float


@dataclass(frozen=True, slots=True)
class Bump:
    """What came on top after a change, on its services together.

    ``extra`` is observed minus expected tickets over ``days`` days from the rollout day of each service, with its
    95 % interval. ``normal_after`` is the first day (0: the rollout day) from which the mean of the 7 days then
    beginning has stayed within the usual range, or below it, for 3 days running: 0 for a change without a bump,
    None while that has not been seen in the ``watched`` days after the rollout. ``ended_by`` names what ended the
    watching: the data, another change on the service, or its 56 days. ``worst`` is None where no day was above
    expectation.
    """

    change_id: str
    metric: str
    days: int
    first_on: date
    last_on: date
    observed: float
    expected: float
    extra: float
    low: float
    high: float
    normal_after: int | None
    watched: int
    ended_by: str
    worst: WorstDay | None
    services: tuple[str, ...]
    compared: bool


@dataclass(frozen=True, eq=False)
class Expected:
    """Observed and expected tickets per service of a case over periods after its rollout days; all (services,
    periods). ``v`` is the sampling variance of the log ratio, told by the days before alone."""

    observed: Floats
    expected: Floats
    v: Floats


@dataclass(frozen=True, eq=False)
class Weeks:
    """The log ratio of observed to expected tickets in the week that begins on each day after the rollout, and the
    upper end of its usual range."""

    ratio: Floats
    limit: Floats


@dataclass(frozen=True, eq=False)
class BumpStudy:
    """One count panel prepared for any number of bumps; yardsticks are made once per shape and kept."""

    common: Study
    made: dict[tuple[Shape, bool], Pooling | None]

    @cached_property
    def fits(self) -> Bools:
        """(rollouts, shapes): the shape can be read at the rollout."""
        return fitting(self.common)

    def pool(self, shape: Shape, *, compared: bool) -> Pooling | None:
        """The yardstick of sums for a shape; None when too few days without changes exist."""
        key = (shape, compared)
        if key not in self.made:
            self.made[key] = with_spikes(self.common, shape, compared=compared)
        return self.made[key]


def bump_study(
    panel: Panel, rollouts: Sequence[Rollout], *, holidays: frozenset[date] = frozenset(), until: date | None = None
) -> BumpStudy:
    """Prepare a panel. ``rollouts`` must hold every recorded change; ``until`` is the last day with complete data."""
    return BumpStudy(study(panel, rollouts, shapes=BUMP_SHAPES, holidays=holidays, until=until), {})


def bumps(prepared: BumpStudy, changes: Collection[str] | None = None) -> list[Bump | NotEstimable]:
    """The bump of each change named (of all when None), sorted by change. Unknown changes are left out.

    NotEstimable where another change is within a week, the first week is not complete, or too little is known.
    """
    names = sorted({r.change_id for r in prepared.common.line.rollouts})
    return [_bump(prepared, name) for name in names if changes is None or name in changes]


def extras(prepared: BumpStudy, changes: Collection[str]) -> dict[str, float]:
    """The extra tickets of each of these changes alone, as ``bumps`` tells them but sooner; a change for which that
    cannot be told is left out."""
    known = {r.change_id for r in prepared.common.line.rollouts}
    found = {name: _totalled(prepared, name) for name in sorted(known.intersection(changes))}
    return {
        name: float(told[2].observed.sum()) - float(told[2].expected.sum())
        for name, told in found.items()
        if not isinstance(told, NotEstimable)
    }


def _totalled(prepared: BumpStudy, change_id: str) -> tuple[Case, Pooling, Expected] | NotEstimable:
    """What a change is compared with, and its tickets and the expected ones in all the days of its bump."""
    common = prepared.common
    case = case_of(common, change_id, prepared.fits)
    if isinstance(case, NotEstimable):
        return case
    pool = prepared.pool(case.shape, compared=case.compared)
    if pool is None:
        return too_little_history(common, case)
    before = tickets_before(common, case)
    if before.sum() < LEAST_TICKETS:
        return NotEstimable(
            change_id, common.panel.metric, None, "too_little_data", LEAST_TICKETS, round(float(before.sum())),
            shape=case.shape,
        )  # fmt: skip
    return case, pool, expected_tickets(common, case, pool, first=np.array([0]), end=np.array([case.shape.post]))


def _bump(prepared: BumpStudy, change_id: str) -> Bump | NotEstimable:
    common = prepared.common
    told = _totalled(prepared, change_id)
    if isinstance(told, NotEstimable):
        return told
    case, pool, total = told
    low, high = total_range(pool, case, total)
    weeks, ended_by = weeks_after(prepared, case, pool)
    observed, expected = float(total.observed.sum()), float(total.expected.sum())
    names = tuple(sorted({common.panel.services[s] for s in case.services.tolist()}))
    return Bump(
        change_id, common.panel.metric, case.shape.post, common.panel.on(int(case.starts.min())),
        common.panel.on(int(case.starts.max()) + case.shape.post - 1), observed, expected, observed - expected,
        observed - expected - low, observed - expected + high, normal_after(weeks), len(weeks.ratio) + WEEK - 1,
        ended_by, _worst(common, case, pool), names, pool.placebos.compared,
    )  # fmt: skip


def tickets_before(common: Study, case: Case) -> Floats:
    """Tickets without spikes in the days before each service's rollout."""
    value, s, t = common.sums.value, case.services, case.starts
    return np.asarray(value[s, t] - value[s, t - case.shape.pre])


def expected_tickets(common: Study, case: Case, pool: Pooling, *, first: Ints, end: Ints, around: int = 0) -> Expected:
    """Observed tickets in periods after each rollout, and those that level, day pattern, usual spikes and the other
    services' movement led to expect. Periods begin ``first`` and end before ``end`` days after the rollout day; the
    movement is that of ``around`` days more on either side, because single days tell little of it."""
    sums, s, t = common.sums, case.services[:, None], case.starts[:, None]
    before, weight0 = sums.recent.at(case.shape.pre, s, t)
    low, high = t + first[None, :], t + end[None, :]
    weight1 = sums.weight[s, high] - sums.weight[s, low]
    moved = np.zeros(weight1.shape)
    if pool.placebos.compared:
        for start in np.unique(case.starts):
            others = following(
                common, pool, members=case.members, start=int(start),
                first=start + np.maximum(first - around, 0), end=start + end + around,
            )  # fmt: skip
            same = case.starts == start
            moved[same] = pool.placebos.group.loading[case.services[same]][:, None] * others[None, :]
    spikes = usual_spikes(sums, common.counts)[case.services][:, None]
    expected = spikes * before / np.maximum(weight0, 1e-9) * weight1 * np.exp(moved)
    return Expected(sums.raw[s, high] - sums.raw[s, low], expected, variance_of_expected(before, weight0, weight1))


def total_range(pool: Pooling, case: Case, total: Expected) -> tuple[float, float]:
    """How far below and above the extra tickets its 95 % interval reaches.

    What is expected is sure within a factor exp(h), h from placebo sums of the same length; tickets beyond the
    expected ones bring sampling noise of their own.
    """
    reach, sampling = reaches(pool, case.services, case.starts - case.shape.pre, total.v[:, 0])
    expected, over = total.expected[:, 0], np.maximum(total.observed[:, 0] - total.expected[:, 0], 0.0)
    whole = max(float(expected.sum()), 1e-9)
    h = together(pool, case.services, reach * expected / whole)
    more = float((sampling * over).sum())
    return float(np.hypot(whole * np.expm1(h), np.sqrt(more))), float(np.hypot(-whole * np.expm1(-h), np.sqrt(more)))


def weeks_after(prepared: BumpStudy, case: Case, pool: Pooling) -> tuple[Weeks, str]:
    """Every week that begins 0 to 56 days after the rollout, as far as the data and other changes let it be seen."""
    common = prepared.common
    room = int(common.line.until[case.rollouts].min())
    data = common.panel.day_count - int(case.starts.max())
    seen = min(room, data, WATCHED + WEEK)
    ended_by = "horizon" if seen == WATCHED + WEEK else "data" if seen == data else "change"
    first = np.arange(max(seen - WEEK + 1, 0))
    told = expected_tickets(common, case, pool, first=first, end=first + WEEK)
    whole = told.expected.sum(axis=0)
    ratio = np.log((told.observed.sum(axis=0) + 0.5) / (whole + 0.5))
    leads, halves = [], []
    for lead in (x for k, x in enumerate(LEADS) if k == 0 or LEADS[k - 1] < len(first)):
        week = prepared.pool(Shape(case.shape.pre, WEEK, lead), compared=case.compared)
        if week is None:
            break
        at = min(lead, len(first) - 1)
        reach, _ = reaches(week, case.services, case.starts - case.shape.pre, told.v[:, at])
        share = told.expected[:, at] / max(float(whole[at]), 1e-9)
        leads.append(lead)
        halves.append(together(week, case.services, reach * share))
    limit = np.interp(first, leads, halves) if leads else np.full(len(first), np.nan)
    return Weeks(ratio, limit), ended_by


def normal_after(weeks: Weeks) -> int | None:
    """First day whose week, and those of the two days after it, are not above the usual range; None if none is."""
    inside = weeks.ratio <= weeks.limit
    return next((k for k in range(len(inside) - RUNNING + 1) if inside[k : k + RUNNING].all()), None)


def _worst(common: Study, case: Case, pool: Pooling) -> WorstDay | None:
    """The calendar day with the most extra tickets over all services within the summed days."""
    first = np.arange(case.shape.post)
    day = expected_tickets(common, case, pool, first=first, end=first + 1, around=WEEK // 2)
    found: dict[int, tuple[float, float]] = {}
    for i, start in enumerate(case.starts.tolist()):
        for k in first.tolist():
            observed, expected = found.get(start + k, (0.0, 0.0))
            found[start + k] = (observed + float(day.observed[i, k]), expected + float(day.expected[i, k]))
    on, (observed, expected) = max(found.items(), key=lambda item: (item[1][0] - item[1][1], -item[0]))
    return WorstDay(common.panel.on(on), observed, expected) if observed > expected else None
