"""Estimates keep their promises on simulated worlds: few false alarms, honest intervals, useful power."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr

from impact.estimate import SHAPES, Estimate, estimate
from tests.worlds import Family, Planned, World, plan_changes, simulate

PANELS = 6
EFFECTS: dict[Family, tuple[float, ...]] = {
    "tickets": (-0.69, 0.405),
    "rating": (-0.8, 0.4),
    "duration": (-0.4, 0.405),
    "share": (-0.1, 0.1),
}
Answers = list[tuple[Planned, World, Estimate]]


def answered(family: Family) -> Answers:
    out: Answers = []
    for seed in range(PANELS):
        rng = np.random.default_rng([21, seed])
        sizes = (0.0, 0.0, *EFFECTS[family])
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=sizes, gap=60)
        world = simulate(rng, family, rough=seed % 2 == 0, plan=plan, volumes=dict.fromkeys(range(30), 20.0))
        planned = {c.change_id: c for c in plan}
        for found in estimate(world.panel, world.rollouts, shapes=SHAPES[:1], holidays=world.holidays):
            if isinstance(found, Estimate):
                out.append((planned[found.change_id], world, found))
    return out


@pytest.fixture(scope="module")
def answers() -> Callable[[Family], Answers]:
    known: dict[Family, Answers] = {}

    def of(family: Family) -> Answers:
        if family not in known:
            known[family] = answered(family)
        return known[family]

    return of


def false_alarm_rate(p_values: list[float]) -> float:
    """Share below 0.05; calibrated means 3.5 to 6.5 % on about 2,000 changes without effect."""
    assert len(p_values) > 1500
    return float((np.array(p_values) < 0.05).mean())


def calibrated(rate: float) -> bool:
    return 0.035 <= rate <= 0.065


@pytest.mark.parametrize("family", EFFECTS)
def test_changes_without_effect_raise_about_five_percent_false_alarms(
    family: Family, answers: Callable[[Family], Answers]
) -> None:
    p = [e.p_value for c, _, e in answers(family) if c.size == 0]
    assert calibrated(false_alarm_rate(p))
    assert (np.array(p) < 0.001).mean() <= 0.004


def test_a_poisson_rate_ratio_fails_the_same_check(answers: Callable[[Family], Answers]) -> None:
    p = []
    for change, world, found in answers("tickets"):
        if change.size == 0:
            y, shape = world.panel.total[change.services[0]], found.shape
            before = y[change.day - shape.pre : change.day].sum() + 0.5
            after = y[change.day + shape.lead : change.day + shape.reach + 1].sum() + 0.5
            z = np.log(after / shape.post * shape.pre / before) / np.sqrt(1 / before + 1 / after)
            p.append(2 * ndtr(-abs(z)))
    assert not calibrated(false_alarm_rate(p))
    assert false_alarm_rate(p) > 0.20


@pytest.mark.parametrize("family", EFFECTS)
def test_intervals_contain_the_true_effect_in_about_95_percent(
    family: Family, answers: Callable[[Family], Answers]
) -> None:
    for sizes in ((0.0,), EFFECTS[family]):
        inside = [
            e.low <= w.truth(c, c.services[0], e.shape) <= e.high for c, w, e in answers(family) if c.size in sizes
        ]
        assert len(inside) > 1500
        assert 0.93 <= np.mean(inside) <= 0.97


@pytest.mark.parametrize("family", EFFECTS)
def test_interval_and_test_agree(family: Family, answers: Callable[[Family], Answers]) -> None:
    apart = [(e.low > 0 or e.high < 0) != (e.p_value < 0.05) for _, _, e in answers(family)]
    assert np.mean(apart) <= 0.005


@pytest.mark.parametrize(
    ("family", "size", "least"),
    [("tickets", -0.69, 0.85), ("rating", 0.4, 0.8), ("duration", 0.405, 0.75), ("share", 0.1, 0.5)],
)
def test_large_effects_on_twenty_a_day_are_found(
    family: Family, size: float, least: float, answers: Callable[[Family], Answers]
) -> None:
    p = [e.p_value for c, w, e in answers(family) if c.size == size and w.volume[c.services[0]] == 20.0]
    assert len(p) > 80
    assert (np.array(p) < 0.05).mean() >= least


def test_changes_on_several_services_raise_about_five_percent_false_alarms() -> None:
    p = []
    for seed in range(6):
        rng = np.random.default_rng([23, seed])
        plan = []
        for k, day in enumerate(range(60, 700, 12)):
            block = 10 * int(rng.integers(14)) + np.arange(10) if k % 2 else np.arange(140)
            chosen = rng.choice(block, int(rng.integers(2, 7)), replace=False)
            plan.append(Planned(f"c{k}", tuple(int(s) for s in chosen), day, 0.0))
        world = simulate(rng, "tickets", plan=plan)
        found = estimate(world.panel, world.rollouts, holidays=world.holidays)
        p += [e.p_value for e in found if isinstance(e, Estimate)]
    assert len(p) > 200
    assert 0.015 <= (np.array(p) < 0.05).mean() <= 0.08


def test_five_services_without_comparison_raise_at_most_seven_percent_false_alarms() -> None:
    p = []
    for seed in range(45):
        rng = np.random.default_rng([25, seed])
        plan = plan_changes(rng, range(5), 730, a_year=3, sizes=(0.0,), gap=60)
        world = simulate(rng, "tickets", services=5, plan=plan)
        found = estimate(world.panel, world.rollouts, shapes=SHAPES[:1], holidays=world.holidays)
        p += [e.p_value for e in found if isinstance(e, Estimate)]
    assert len(p) > 800
    assert (np.array(p) < 0.05).mean() <= 0.07
