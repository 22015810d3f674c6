"""Minutes that customers lost on top after a change: tickets times minutes per ticket, observed minus expected.

Pure arrays: does not know whether the minutes were reported or follow from a model; the two are never added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from impact.estimation.bump import BumpStudy, bump_study, expected_tickets
from impact.estimation.bump_cases import BUMP_SHAPES, Case, case_of, fitting, too_little_history
from impact.estimation.following import following
from impact.estimation.panel import Bools, Panel, Rollout
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Study, study
from impact.estimation.results import NotEstimable
from impact.estimation.sums import reaches, together
from impact.estimation.windows import LEAST_OBSERVATIONS


@dataclass(frozen=True, slots=True)
class ExtraMinutes:
    """Extra minutes over ``days`` days from the rollout day, with their 95 % interval.

    ``observed`` is tickets times mean minutes per ticket (the geometric mean where the panel is one of logarithms),
    ``expected`` the same for what was expected without the change; ``each`` and ``each_expected`` are the minutes per
    ticket, told by ``answers`` observations after the rollout.
    """

    change_id: str
    metric: str
    days: int
    observed: float
    expected: float
    extra: float
    low: float
    high: float
    each: float
    each_expected: float
    answers: int


@dataclass(frozen=True, eq=False)
class MinutesStudy:
    """A count panel and a panel of minutes per ticket with the same services and rollouts, up to the same day."""

    tickets: BumpStudy
    each: Study

    @cached_property
    def fits(self) -> Bools:
        """(rollouts, shapes): the shape can be read at the rollout in the panel of minutes."""
        return fitting(self.each)


@dataclass(frozen=True, eq=False)
class _Each:
    """Minutes per ticket on the panel's own scale: observed, expected, and the half widths of each alone."""

    observed: float
    expected: float
    reach_observed: float
    reach_expected: float
    answers: float


def minutes_study(
    tickets: Panel,
    each: Panel,
    rollouts: Sequence[Rollout],
    *,
    holidays: frozenset[date] = frozenset(),
    until: date | None = None,
) -> MinutesStudy:
    """Prepare both panels up to the last day that both have. Raises ValueError when their services differ."""
    if sorted(tickets.services) != sorted(each.services):
        raise ValueError(f"panels {tickets.metric!r} and {each.metric!r} have different services; give both the same")
    last = min(x for x in (tickets.last_on, each.last_on, until) if x is not None)
    prepared = study(each, rollouts, shapes=BUMP_SHAPES, holidays=holidays, until=last)
    return MinutesStudy(bump_study(tickets, rollouts, holidays=holidays, until=last), prepared)


def extra_minutes(prepared: MinutesStudy, changes: Sequence[str] | None = None) -> list[ExtraMinutes | NotEstimable]:
    """Extra minutes of each change named (of all when None), sorted by change; NotEstimable as for its bump, or where
    fewer than 5 tickets on either side say how many minutes."""
    names = sorted({r.change_id for r in prepared.each.line.rollouts})
    return [_extra(prepared, name) for name in names if changes is None or name in changes]


def _extra(prepared: MinutesStudy, change_id: str) -> ExtraMinutes | NotEstimable:
    count, each = prepared.tickets.common, prepared.each
    fits = prepared.tickets.fits & prepared.fits
    case = case_of(count, change_id, fits)
    if isinstance(case, NotEstimable):
        return replace(case, metric=each.panel.metric)
    pool = prepared.tickets.pool(case.shape, compared=case.compared)
    minutes = each.pool(case.shape, compared=case.compared)
    if pool is None or minutes is None:
        return too_little_history(each, case)
    told = minutes_each(each, replace(case, starts=each.line.day[case.rollouts]), minutes)
    if told.answers < LEAST_OBSERVATIONS or not np.isfinite(told.reach_expected):
        return NotEstimable(
            change_id, each.panel.metric, None, "too_little_data", LEAST_OBSERVATIONS, round(told.answers),
            shape=case.shape,
        )  # fmt: skip
    return _product(case, pool, told, common=count, log=each.panel.log, metric=each.panel.metric)


def minutes_each(common: Study, case: Case, pool: Pooling) -> _Each:
    """Mean minutes per ticket after the rollouts and as expected, over all services by their observations.

    Where one side of all services together has fewer than 5 observations, the half widths are infinite.
    """
    sums, s, t = common.sums, case.services, case.starts
    pre, post = case.shape.pre, case.shape.post
    n0, n1 = (sums.weight[s, a] - sums.weight[s, b] for a, b in ((t, t - pre), (t + post, t)))
    answers = float(n1.sum())
    usable = (n0 >= 1) & (n1 >= 1)
    if not usable.any() or min(float(n0.sum()), answers) < LEAST_OBSERVATIONS:
        return _Each(np.nan, np.nan, np.inf, np.inf, min(float(n0.sum()), answers))
    s, t, n0, n1 = s[usable], t[usable], n0[usable], n1[usable]
    moved = np.zeros(len(s))
    if pool.placebos.compared:
        for i, start in enumerate(t.tolist()):
            others = following(
                common, pool, members=case.members, start=start, first=np.array([start]), end=np.array([start + post])
            )
            moved[i] = pool.placebos.group.loading[s[i]] * others[0]
    rest0, n0 = sums.recent.at(pre, s, t)
    rest1 = sums.value[s, t + post] - sums.value[s, t]
    share = n1 / n1.sum()
    observed = float((sums.raw[s, t + post] - sums.raw[s, t]).sum() / n1.sum())
    g = rest1 / n1 - rest0 / n0 - moved
    variance = sums.variance[s]
    v = variance * (1.0 / n0 + 1.0 / n1)
    reach, sampling = reaches(pool, s, t - pre, v)
    whole = together(pool, s, share * reach)
    after = float((share**2 * sampling * variance / n1).sum())
    before = max(whole**2 - after, 0.0)
    return _Each(observed, observed - float((share * g).sum()), np.sqrt(after), np.sqrt(before), answers)


def _product(case: Case, pool: Pooling, told: _Each, *, common: Study, log: bool, metric: str) -> ExtraMinutes:
    """Tickets times minutes, each with what is sure of it.

    Delta method on O m1 - E m0: sampling of the tickets O and of the minutes m1 after the rollout, and what is unsure
    in the expected tickets E and minutes m0, add up as squares.
    """
    total = expected_tickets(common, case, pool, first=np.array([0]), end=np.array([case.shape.post]))
    tickets, usual = float(total.observed.sum()), float(total.expected.sum())
    reach, sampling = reaches(pool, case.services, case.starts - case.shape.pre, total.v[:, 0])
    h = together(pool, case.services, reach * total.expected[:, 0] / max(usual, 1e-9))
    each, each_expected = (np.exp(told.observed), np.exp(told.expected)) if log else (told.observed, told.expected)
    each, each_expected = float(each), max(float(each_expected), 0.0)
    own, other = (each, each_expected) if log else (1.0, 1.0)
    noise = float((sampling * total.observed[:, 0]).sum())
    plain = float((sampling * total.expected[:, 0]).sum())

    def away(factor: float) -> float:
        unsure = max((usual * factor) ** 2 - plain, 0.0)
        parts = (
            each**2 * noise, each_expected**2 * unsure,
            (tickets * own * told.reach_observed) ** 2, (usual * other * told.reach_expected) ** 2,
        )  # fmt: skip
        return float(np.sqrt(sum(parts)))

    observed, expected = tickets * each, usual * each_expected
    low, high = observed - expected - away(np.expm1(h)), observed - expected + away(-np.expm1(-h))
    return ExtraMinutes(
        case.change_id, metric, case.shape.post, observed, expected, observed - expected, low, high, each,
        each_expected, round(told.answers),
    )  # fmt: skip
