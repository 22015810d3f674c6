"""Changes on several services: how far services move together is learnt from days other than the judged ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtrit

from impact.estimate import SHAPES
from impact.estimation.correlation import correlations
from impact.estimation.panel import Floats, day_types
from impact.estimation.pattern import profile
from impact.estimation.placebo import Placebos, placebos, tail
from impact.estimation.pooling import Pooling, random_tail, read, same_day_groups
from tests.worlds import simulate

DAYS = 500


@pytest.fixture(scope="module")
def placebo() -> Placebos:
    """A calm world of 20 services without any change, read everywhere."""
    world = simulate(np.random.default_rng(8), "duration", services=20, days=DAYS, rough=False)
    sums = profile(world.panel, day_types(world.panel.first_on, DAYS, world.holidays))
    found = placebos("mean", sums, shape=SHAPES[0], counts=np.zeros((20, DAYS)))
    assert found is not None
    return found


def test_correlations_for_a_stretch_of_days_do_not_know_these_days(placebo: Placebos) -> None:
    known = correlations(placebo)
    first, last = known.edges[1], known.edges[2]
    disturbed: Floats = placebo.g.copy()
    disturbed[:, first:last] = 0.3
    again = correlations(replace(placebo, g=disturbed))
    assert np.allclose(again.others[1], known.others[1], atol=1e-9)
    for k in (0, 2, 3):
        assert np.abs(again.others[k] - known.others[k]).max() > 0.05
    assert np.abs(again.whole - known.whole).max() > 0.05


def test_placebo_groups_are_judged_by_other_days_and_changes_by_all(placebo: Placebos) -> None:
    pool = Pooling(placebo)
    day = int(pool.correlations.edges[1]) + 3
    groups = same_day_groups(np.array([[2, 9]]), np.array([day]))
    weight = 1.0 / placebo.se[[2, 9], day]
    for table, placebo_days in ((pool.correlations.whole, False), (pool.correlations.others[1], True)):
        expected = 1 + 2 * weight[0] * weight[1] * table[2, 9] / (weight @ weight)
        found = read(pool, groups, placebo_days=placebo_days).inflation[0]
        assert found == pytest.approx(max(expected, 0.5))
    assert pool.correlations.whole[2, 9] != pool.correlations.others[1][2, 9]


def test_the_yardstick_of_groups_is_made_with_correlations_of_other_days(placebo: Placebos) -> None:
    pool, moving_as_one = Pooling(placebo), Pooling(placebo)
    known = pool.correlations
    moving_as_one.__dict__["correlations"] = replace(known, others=np.ones_like(known.others))
    plain, narrow = (random_tail(p, 4)[0] for p in (pool, moving_as_one))
    assert narrow < 0.7 * plain


def test_a_quantile_of_fewer_independent_readings_is_trusted_less() -> None:
    z = np.abs(np.random.default_rng(1).standard_normal(20_000))
    few, many = (stretch * stdtrit(freedom, 0.975) for stretch, freedom in (tail(z, 100.0), tail(z, 1e6)))
    assert few / many == pytest.approx(1.984 / 1.960, abs=0.001)


def test_readings_that_are_all_large_are_not_capped_to_small_ones() -> None:
    z = np.abs(np.random.default_rng(2).standard_normal(4_000))
    assert tail(4.0 * z, 20.0)[0] == pytest.approx(4.0 * tail(z, 20.0)[0], rel=0.01)
