"""The simulated worlds do what they say, and the other methods are as good as their textbooks where these hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.peers import PEERS, Compared, quasi_poisson
from impact.estimate import Shape
from tests.worlds import OTHER, USUAL, Family, Noise, Planned, after_spikes, oracle, plan_changes, simulate

STEP = Planned("c", (0,), 3, 0.4)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (STEP, [0, 0, 0, 0.4, 0.4, 0.4, 0.4, 0.4]),
        (replace(STEP, takes=3), [0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.4]),
        (replace(STEP, fades=1.0), [0, 0, 0, 0.4, 0.2, 0.1, 0.05, 0.025]),
        (replace(STEP, fades=1.0, stays=-0.4), [0, 0, 0, 0.4, 0.0, -0.2, -0.3, -0.35]),
    ],
    ids=["step", "ramp over three more days", "jump that halves daily", "jump that turns into the opposite"],
)
def test_a_change_moves_its_service_as_planned(change: Planned, expected: list[float]) -> None:
    assert change.course(8) == pytest.approx(expected)


def test_spill_over_reaches_other_services_in_part_and_is_not_recorded() -> None:
    change = Planned("c", (0,), 30, 0.4, spill=0.25, spills_to=(2,))
    world = simulate(np.random.default_rng(1), "tickets", services=3, days=60, plan=[change])
    assert world.moved[:, 40] == pytest.approx([0.4, 0.0, 0.1])
    assert [(r.change_id, r.service) for r in world.rollouts] == [("c", "s000")]
    assert world.truth(change, 2, Shape(14, 7)) == pytest.approx(0.1)


def test_the_truth_of_a_fading_change_is_its_mean_over_the_days_read() -> None:
    change = Planned("c", (1,), 60, 0.8, fades=5.0)
    world = simulate(np.random.default_rng(2), "duration", services=4, days=120, plan=[change], volumes={1: 1000.0})
    early, late = world.truth(change, 1, Shape(14, 7)), world.truth(change, 1, Shape(14, 7, lead=28))
    assert 0.4 < early < 0.65
    assert 0.0 < late < 0.03


def test_a_rollout_that_takes_days_is_recorded_with_its_last_day() -> None:
    world = simulate(np.random.default_rng(1), "tickets", services=3, days=60, plan=[replace(STEP, takes=5)])
    (rollout,) = world.rollouts
    assert rollout.to is not None
    assert (rollout.to - rollout.on).days == 5


def test_changes_after_spikes_follow_days_with_many_more_tickets_than_before() -> None:
    world = after_spikes(
        np.random.default_rng(4), simulate(np.random.default_rng(3), "tickets", services=40, days=400), part=0.5
    )
    y = world.panel.total
    after = [c for c in world.plan if c.change_id.endswith("!")]
    assert len(after) > 20
    for change in after:
        s, day = change.services[0], change.day
        assert y[s, day - 2 : day].mean() >= 1.6 * y[s, day - 30 : day - 2].mean()


@pytest.mark.parametrize("noise", [USUAL, OTHER], ids=["usual", "other"])
@pytest.mark.parametrize("family", ["tickets", "rating", "duration", "share"])
def test_the_oracle_is_wrong_in_5_of_100_cases_and_its_interval_in_5_of_100(family: Family, noise: Noise) -> None:
    p, held = [], []
    for seed in range(4):
        rng = np.random.default_rng([31, seed])
        plan = plan_changes(rng, range(100), 500, a_year=4, sizes=(0.0, 0.1), gap=60)
        world = simulate(rng, family, services=100, days=500, plan=plan, noise=noise)
        for change in plan:
            told = oracle(world, change, change.services[0], Shape(42, 14))
            p += [told.p_value] if change.size == 0 else []
            held.append(told.low <= world.truth(change, change.services[0], Shape(42, 14)) <= told.high)
    assert len(p) > 600
    assert 0.03 <= (np.array(p) < 0.05).mean() <= 0.075
    assert 0.93 <= np.mean(held) <= 0.97


def days_of(rng: np.random.Generator, *, factor: float) -> Compared:
    """Independent Poisson days with a weekly profile: 42 before, 14 after, and 30 services without a change."""
    types = np.arange(56) % 7
    level = 20.0 * np.array([1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7])[types]
    y = rng.poisson(level * np.where(np.arange(56) < 42, 1.0, factor)).astype(np.float64)
    return Compared(y, types, 42, rng.poisson(level, (30, 56)).astype(np.float64))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("Welch's t", 0.08),
        ("Poisson rate ratio", 0.08),
        ("quasi-Poisson, Newey-West", 0.15),  # errors of Newey and West are known to be too small for 56 days
        ("difference in differences, Newey-West", 0.15),
    ],
)
def test_each_other_method_about_holds_its_level_where_days_are_independent(name: str, most: float) -> None:
    rng = np.random.default_rng(5)
    p = [PEERS[name](days_of(rng, factor=1.0)).p_value for _ in range(400)]
    assert (np.array(p) < 0.05).mean() <= most


@pytest.mark.parametrize("name", PEERS)
def test_each_other_method_finds_a_quarter_fewer_tickets_and_how_many(name: str) -> None:
    rng = np.random.default_rng(6)
    answers = [PEERS[name](days_of(rng, factor=0.75)) for _ in range(60)]
    assert np.mean([a.effect for a in answers]) == pytest.approx(np.log(0.75), abs=0.03)
    assert np.mean([a.low <= np.log(0.75) <= a.high for a in answers]) >= 0.85
    assert np.mean([a.p_value < 0.05 for a in answers]) >= 0.7


def test_quasi_poisson_with_day_types_gives_the_ratio_of_weeks_that_differ_by_a_factor_only() -> None:
    week = np.array([10.0, 20, 30, 20, 10, 4, 6])
    answer = quasi_poisson(
        Compared(np.concatenate([np.tile(week, 2), 1.5 * week]), np.arange(21) % 7, 14, np.empty((0, 21)))
    )
    assert answer.effect == pytest.approx(np.log(1.5), abs=1e-6)
