"""Weighted sums of readings: weights, correlations and placebos by hand, and honest on simulated worlds."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest
from scipy.special import stdtr

from impact.estimate import SHAPES, Estimate, Shape
from impact.estimation.contrast_tails import moved
from impact.estimation.contrasts import Contrasts, Looked, correlated, scattered, solved
from impact.estimation.joint import joint_answers
from impact.estimation.panel import Panel
from impact.estimation.pattern import profile
from impact.estimation.placebo import placebos
from impact.estimation.pooling import Pooling
from impact.estimation.questions import Study, by_change, study
from tests.worlds import Family, World, simulate
from tests.worlds.close import plan_pairs, plan_sets

EFFECTS: dict[Family, tuple[float, ...]] = {
    "tickets": (-0.69, -0.29, 0.22, 0.405),
    "rating": (-0.8, -0.4, 0.4),
    "duration": (-0.4, -0.29, 0.22, 0.405),
    "share": (-0.1, 0.1),
}
NONE = np.empty(0, dtype=np.int64)


def pools(shapes: tuple[Shape, ...]) -> list[Pooling]:
    """Placebo readings of 12 services with 20 tickets a day."""
    total = np.random.default_rng(1).poisson(20.0, (12, 400)).astype(np.float64)
    panel = Panel("m", "count", tuple("abcdefghijkl"), date(2024, 1, 1), total, total, total)
    sums = profile(panel, np.arange(400) % 7)
    found = [placebos("count", sums, shape=shape, counts=np.zeros_like(total)) for shape in shapes]
    return [Pooling(one) for one in found if one is not None]


def contrasts(shape: list[int], service: list[int], at: list[int], design: list[list[float]]) -> Contrasts:
    """One question."""
    shapes, services, days = (np.array([x], dtype=np.int64) for x in (shape, service, at))
    return Contrasts(shapes, services, days, np.array([design]), NONE, NONE)


def test_weights_leave_the_asked_effect_over_and_prefer_exact_readings() -> None:
    both_and_other = np.array([[[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]]])
    weight, found = solved(both_and_other, np.array([[1.0, 4.0, 1.0]]))
    assert weight[0, 0] == pytest.approx([0.8, 0.2, -1.0])
    assert found.tolist() == [True]


def test_two_effects_that_are_always_together_cannot_be_solved() -> None:
    assert solved(np.array([[[1.0, 1.0], [1.0, 1.0]]]), np.ones((1, 2)))[1].tolist() == [False]


def test_three_changes_that_share_services_two_by_two_are_solved() -> None:
    around = np.array([[[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]])
    weight, found = solved(around, np.ones((1, 3)))
    assert weight[0, 0] == pytest.approx([0.5, 0.5, -0.5])
    assert found.tolist() == [True]


def test_another_change_is_taken_to_scatter_between_services_by_three_tenths_of_its_effect() -> None:
    design = np.array([[[1.0, 1.0], [0.0, 1.0]]])
    g, exact = np.array([[1.5, 0.5]]), np.full((1, 2), 1e-12)
    none = np.zeros((1, 2), dtype=np.int64)
    read = Looked(g, exact, exact, np.zeros((1, 2)), none, none)
    assert scattered(design, solved(design, exact)[0], read)[0] == pytest.approx(2 * (0.3 * 0.5) ** 2)


def test_days_after_one_rollout_that_are_those_before_the_next_make_readings_move_apart() -> None:
    known = pools((Shape(6, 6), Shape(12, 6)))
    one, other = [1.0, 0.0], [0.0, 1.0]
    next_to = contrasts([0, 0], [3, 3], [100, 107], [one, other])
    assert correlated(known, next_to, usual=0, placebo_days=False)[0, 0, 1] == pytest.approx(-0.5)
    again = contrasts([0, 1], [3, 3], [100, 94], [one, one])
    expected = (1 / 12 + 1 / 6) / np.sqrt((1 / 6 + 1 / 6) * (1 / 12 + 1 / 6))
    assert correlated(known, again, usual=0, placebo_days=False)[0, 0, 1] == pytest.approx(expected)
    apart = contrasts([0, 0], [3, 3], [100, 200], [one, one])
    assert correlated(known, apart, usual=0, placebo_days=False)[0, 0, 1] == 0.0


def test_placebo_sums_keep_windows_distances_and_services_and_stay_on_allowed_cells() -> None:
    asked = contrasts([0, 1, 0], [3, 3, 5], [100, 110, 120], [[1.0], [1.0], [1.0]])
    cells = np.random.default_rng(2).random((2, 12, 300)) < 0.7
    drawn = moved(asked, cells)
    assert len(drawn.shape) > 300
    assert (drawn.shape == [0, 1, 0]).all()
    assert (drawn.at - drawn.at[:, :1] == [0, 10, 20]).all()
    assert (drawn.service[:, 0] == drawn.service[:, 1]).all()
    assert (drawn.service[:, 0] != drawn.service[:, 2]).all()
    assert cells[drawn.shape, drawn.service, drawn.at].all()
    assert len(np.unique(drawn.service[:, 0])) == 12


def told(world: World) -> tuple[Study, list[Estimate]]:
    common = study(world.panel, world.rollouts, shapes=SHAPES, holidays=world.holidays, until=None)
    return common, list(joint_answers(common, by_change(common.line)).values())


@cache
def beside_a_neighbour(family: Family) -> tuple[list[float], list[bool], list[float]]:
    """p-values and coverage of changes without effect 5 to 7 days from one with an effect, read jointly; and p-values
    of the standard window read straight over the other change."""
    p: list[float] = []
    covered: list[bool] = []
    plain: list[float] = []
    for seed in range(2):
        rng = np.random.default_rng([31, seed])
        plan = plan_pairs(rng, 140, 730, neighbours=EFFECTS[family])
        common, found = told(simulate(rng, family, plan=plan, rough=seed % 2 == 0))
        null = [e for e in found if e.change_id.startswith("null")]
        p += [e.p_value for e in null]
        covered += [e.low <= 0 <= e.high for e in null]
        pool = common.pool(SHAPES[0])
        assert pool is not None
        placebo, pre = pool.placebos, SHAPES[0].pre
        for change in (c for c in plan if c.size == 0):
            s, at = change.services[0], change.day - pre
            if placebo.cells.telling[s, at]:
                stretch, freedom = placebo.tails.of(placebo.cells.v[s, at : at + 1])
                z = abs(placebo.g[s, at]) / (placebo.se[s, at] * stretch[0])
                plain.append(float(2.0 * stdtr(freedom[0], -z)))
    return p, covered, plain


def calibrated(p: list[float]) -> bool:
    """3.5 to 6.5 % below 0.05, and hardly any below 0.001, of more than 1,000."""
    assert len(p) > 1000
    return bool(0.035 <= (np.array(p) < 0.05).mean() <= 0.065 and (np.array(p) < 0.001).mean() <= 0.004)


@pytest.mark.parametrize("family", EFFECTS)
def test_the_effect_of_a_neighbour_does_not_leak_into_a_change_without_effect(family: Family) -> None:
    p, covered, _ = beside_a_neighbour(family)
    assert calibrated(p)
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("family", EFFECTS)
def test_windows_over_the_neighbour_fail_the_same_check(family: Family) -> None:
    plain = beside_a_neighbour(family)[2]
    assert not calibrated(plain)
    assert (np.array(plain) < 0.05).mean() > 0.10


@pytest.mark.parametrize("family", ["tickets", "rating"])
def test_changes_on_overlapping_sets_of_services_are_told_apart_with_about_five_percent_false_alarms(
    family: Family,
) -> None:
    p, sizes = [], []
    for seed in range(3):
        rng = np.random.default_rng([33, seed])
        plan = plan_sets(rng, 140, 730, a_year=5, sizes=(0.0, 0.0, *EFFECTS[family]))
        size = {c.change_id: c.size for c in plan}
        _, found = told(simulate(rng, family, plan=plan, rough=seed % 2 == 0))
        p += [e.p_value for e in found if size[e.change_id] == 0]
        sizes += [len(e.services) for e in found]
    assert len(p) > 250
    assert np.mean(np.array(sizes) > 1) > 0.4
    assert 0.015 <= (np.array(p) < 0.05).mean() <= 0.08
