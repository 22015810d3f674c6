"""Estimates stay calibrated where a change is not a plain step that is read once, after everything is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from impact.estimate import SHAPES, Estimate, estimate
from tests.worlds import FIRST_ON, OTHER, Planned, World, after_spikes, oracle, plan_changes, simulate

LOOKS = (3, 5, 7, 10, 14, 21, 28)
DOWN, UP = float(np.log(0.75)), float(np.log(1.25))


def answered(world: World) -> Iterator[tuple[Planned, Estimate]]:
    """Every change of a world with its estimate from the standard window."""
    planned = {c.change_id: c for c in world.plan}
    for found in estimate(world.panel, world.rollouts, shapes=SHAPES[:1], holidays=world.holidays):
        if isinstance(found, Estimate):
            yield planned[found.change_id], found


def alarms(p: list[float]) -> float:
    """Share of p-values below 0.05."""
    return float((np.array(p) < 0.05).mean())


def test_seven_looks_at_the_same_changes_raise_at_most_six_percent_false_alarms_up_to_chance() -> None:
    alarmed: dict[tuple[int, str], bool] = {}
    for seed in range(10):
        rng = np.random.default_rng([41, seed])
        plan = [
            Planned(f"{day}-{s}", (int(s),), day, 0.0) for day in (200, 320) for s in rng.choice(60, 18, replace=False)
        ]
        world = simulate(rng, "tickets", services=60, days=360, rough=seed % 2 == 0, plan=plan)
        for day in (200, 320):
            for look in LOOKS:
                until = FIRST_ON + timedelta(days=day + look)
                found = estimate(world.panel, world.rollouts, shapes=SHAPES[:1], holidays=world.holidays, until=until)
                for e in found:
                    if isinstance(e, Estimate) and e.change_id.startswith(f"{day}-"):
                        key = (seed, e.change_id)
                        alarmed[key] = alarmed.get(key, False) or e.p_value < 0.05
    assert len(alarmed) > 250
    assert np.mean(list(alarmed.values())) <= 0.06 + 2 * np.sqrt(0.06 * 0.94 / len(alarmed))


def test_rollouts_over_a_week_are_read_after_their_last_day_and_stay_calibrated() -> None:
    p, covered = [], []
    for seed in range(6):
        rng = np.random.default_rng([42, seed])
        plan = plan_changes(rng, range(100), 500, a_year=4, sizes=(0.0, -0.69, 0.405), gap=75)
        plan = [Planned(c.change_id, c.services, c.day, c.size, takes=7) for c in plan]
        world = simulate(rng, "tickets", services=100, days=520, rough=seed % 2 == 0, plan=plan)
        for change, found in answered(world):
            assert (found.post_from - FIRST_ON).days >= change.day + 8
            p += [found.p_value] if change.size == 0 else []
            covered.append(found.low <= world.truth(change, change.services[0], found.shape) <= found.high)
    assert len(p) > 500
    assert 0.03 <= alarms(p) <= 0.075
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("rough", [True, False], ids=["rough", "calm"])
def test_nothing_is_found_more_often_than_by_one_who_knows_every_level(rough: bool) -> None:
    ours: list[float] = []
    best: list[float] = []
    for seed in range(5):
        rng = np.random.default_rng([43, seed])
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=(0.0, DOWN, UP), gap=60)
        world = simulate(rng, "tickets", rough=rough, plan=plan, volumes=dict.fromkeys(range(70), 20.0))
        for change, found in answered(world):
            if change.size != 0 and change.services[0] < 70:
                ours.append(found.p_value)
                best.append(oracle(world, change, change.services[0], found.shape).p_value)
    assert len(ours) > 800
    assert alarms(ours) <= alarms(best)
    assert alarms(ours) >= (0.3 if rough else 0.6) * alarms(best)


def test_changes_made_because_tickets_had_spiked_raise_few_false_alarms() -> None:
    p: list[float] = []
    for seed in range(6):
        rng = np.random.default_rng([44, seed])
        world = after_spikes(rng, simulate(rng, "tickets", services=80, days=600, rough=seed % 2 == 0), part=0.5)
        p += [found.p_value for change, found in answered(world) if change.change_id.endswith("!")]
    assert len(p) > 250
    assert alarms(p) <= 0.08


def test_worlds_made_by_other_rules_find_the_estimates_calibrated_too() -> None:
    p, covered = [], []
    for seed in range(6):
        rng = np.random.default_rng([45, seed])
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=(0.0, -0.69, 0.405), gap=60)
        world = simulate(rng, "tickets", rough=seed % 2 == 0, plan=plan, noise=OTHER)
        for change, found in answered(world):
            p += [found.p_value] if change.size == 0 else []
            covered.append(found.low <= world.truth(change, change.services[0], found.shape) <= found.high)
    assert len(p) > 1000
    assert 0.035 <= alarms(p) <= 0.065
    assert 0.93 <= np.mean(covered) <= 0.97
