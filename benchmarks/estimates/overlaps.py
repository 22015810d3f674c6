"""Rows on changes that lie close together: what is told apart, how honestly, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr

from benchmarks.estimates.cases import FAMILIES, SEED, SIZES, alarm_rate
from benchmarks.estimates.table import Row, shown
from impact.estimate import SHAPES, Estimate, NotEstimable, estimate
from impact.estimation.pooling import Pooling
from impact.estimation.questions import study
from tests.worlds import Planned, World, plan_changes, simulate
from tests.worlds.close import plan_pairs, plan_sets

Results = list[Estimate | NotEstimable]


def overlap_rows(panels: int) -> list[Row]:
    """Dense changes on single services, changes on overlapping sets of services, and close pairs."""
    return [*dense_family_rows(panels), *sets_rows(panels), *pairs_rows(panels)]


def dense_family_rows(panels: int) -> list[Row]:
    """Thirteen changes a year on every service, half of them with an effect, in rough and calm worlds."""
    rows = []
    for family in FAMILIES:
        p: list[float] = []
        covered: list[bool] = []
        asked = alone = joint = 0
        for number in range(max(2, panels // 2)):
            rng = np.random.default_rng([SEED, number, 700])
            sizes = (0.0,) * len(SIZES[family]) + SIZES[family]
            plan = plan_changes(rng, range(140), 730, a_year=13, sizes=sizes)
            world = simulate(rng, family, plan=plan, rough=number % 2 == 0)
            planned = {c.change_id: c for c in plan}
            found = told(world)
            asked += len(plan)
            alone += sum(e.method == "separate" for e in found)
            for e in (e for e in found if e.method == "joint"):
                change, joint = planned[e.change_id], joint + 1
                p += [e.p_value] * (change.size == 0)
                covered.append(e.low <= world.truth(change, change.services[0], e.shape) <= e.high)
        rows += honest(f"13 changes a year, {family}", p, covered)
        rows.append(shown(f"13 changes a year, {family}: answered without others in the windows", alone / asked, asked))
        rows.append(shown(f"13 changes a year, {family}: answered in all", (alone + joint) / asked, asked))
    return rows


def sets_rows(panels: int) -> list[Row]:
    """Changes on 2 to 6 services each, many of them together with others on overlapping sets; half without effect.

    Coverage is that of changes without effect, whose true effect is the same on all services.
    """
    p: list[float] = []
    covered: list[bool] = []
    asked = answers = 0
    for number in range(2 * panels):
        rng, family = np.random.default_rng([SEED, number, 710]), FAMILIES[number % 4]
        plan = plan_sets(rng, 140, 730, a_year=13, sizes=(0.0,) * len(SIZES[family]) + SIZES[family])
        null = {c.change_id for c in plan if c.size == 0}
        found = told(simulate(rng, family, plan=plan, rough=number % 8 < 4))
        asked, answers = asked + len(plan), answers + len(found)
        some = [e for e in found if e.method == "joint" and e.change_id in null]
        p += [e.p_value for e in some]
        covered += [e.low <= 0 <= e.high for e in some]
    return [
        *honest("overlapping sets of services", p, covered),
        shown("overlapping sets of services: answered", answers / asked, asked, "{:.2f}"),
    ]


def pairs_rows(panels: int) -> list[Row]:
    """Changes without effect 5 to 7 days from one of -25 to +50 %; read jointly, and as if the other were not there."""
    joint: list[float] = []
    plain: list[float] = []
    for number in range(panels):
        rng = np.random.default_rng([SEED, number, 720])
        plan = plan_pairs(rng, 140, 730, neighbours=SIZES["tickets"])
        world = simulate(rng, "tickets", plan=plan, rough=number % 2 == 0)
        joint += [e.p_value for e in told(world) if e.method == "joint" and e.change_id.startswith("null")]
        plain += plain_p(world, [c for c in plan if c.size == 0])
    return [
        Row("5 to 7 days from another change: false alarms", alarm_rate(joint), 0.04, 0.065, len(joint)),
        Row("the same, the other change left unnoticed", alarm_rate(plain), 0.15, np.inf, len(plain)),
    ]


def told(world: World) -> list[Estimate]:
    """What is answered in a world, with the method of each answer."""
    found = estimate(world.panel, world.rollouts, holidays=world.holidays)
    return [e for e in found if isinstance(e, Estimate)]


def plain_p(world: World, plan: Sequence[Planned]) -> list[float]:
    """The negative twin: the standard window read straight over the other change, judged like any other reading."""
    common = study(world.panel, world.rollouts, shapes=SHAPES, holidays=world.holidays, until=None)
    pool = common.pool(SHAPES[0])
    return [] if pool is None else [p for c in plan if (p := _over(pool, c)) is not None]


def _over(pool: Pooling, change: Planned) -> float | None:
    placebo, s, at = pool.placebos, change.services[0], change.day - SHAPES[0].pre
    if not placebo.cells.telling[s, at]:
        return None
    stretch, freedom = placebo.tails.of(placebo.cells.v[s, at : at + 1])
    z = abs(placebo.g[s, at]) / (placebo.se[s, at] * stretch[0])
    return float(2.0 * stdtr(freedom[0], -z))


def honest(name: str, p: Sequence[float], covered: Sequence[bool]) -> list[Row]:
    """False alarms and coverage of joint answers."""
    return [
        Row(f"{name}, told apart: false alarms", alarm_rate(p), 0.04, 0.065, len(p)),
        Row(f"{name}, told apart: coverage", float(np.mean(covered)), 0.94, 0.96, len(covered)),
    ]
