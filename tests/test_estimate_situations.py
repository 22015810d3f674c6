"""Panels that are not like most: few services, broad changes, durations that are not over yet, gradual rollouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from impact.estimate import SHAPES, Estimate, NotEstimable, Panel, Rollout, estimate
from tests.worlds import FIRST_ON, Planned, plan_changes, simulate

START = date(2024, 1, 1)
CAP_DAYS = 28
NAMES = tuple(f"s{i:02d}" for i in range(20))


def on(day: int) -> date:
    return START + timedelta(days=day)


def alarm_rate(results: list[Estimate]) -> float:
    return float(np.mean([r.p_value < 0.05 for r in results]))


def durations(*, longer: float = 0.0) -> np.ndarray:
    """Log minutes of 12 tickets a service and day, about 3 days at the median; from day 300 on longer on s03."""
    rng = np.random.default_rng(6)
    found = rng.normal(np.log(3 * 1440), 1.1, (20, 400, 12))
    found[3, 300:] += longer
    return found


def known_by(minutes: np.ndarray, last: int, *, by_cohort: bool) -> Panel:
    """The panel as it stands on the evening of day ``last``: by cohorts, all durations held at 28 days; otherwise those
    of tickets that happen to be resolved already, by opening day."""
    minutes = minutes[:, : last + 1]
    age = (last + 1 - np.arange(last + 1))[None, :, None] * 1440.0
    done = np.exp(minutes) <= age
    held = np.log(np.minimum(np.exp(minutes), np.minimum(age, CAP_DAYS * 1440.0)))
    seen = np.ones_like(done) if by_cohort else done
    n, total, squares = (np.where(seen, x, 0.0).sum(axis=2) for x in (np.ones_like(held), held, held**2))
    return Panel("time_to_resolve", "mean", NAMES, START, n, total, squares, log=True)


def test_durations_of_young_tickets_are_not_data_until_their_cohort_is_old_enough() -> None:
    minutes, rollouts = durations(longer=0.7), [Rollout("slower", "s03", on(300))]
    young = known_by(minutes, 310, by_cohort=True)
    (early,) = estimate(young, rollouts, until=on(310 - CAP_DAYS))
    assert isinstance(early, NotEstimable)
    assert (early.reason, early.possible_from) == ("too_early", on(304))
    old = known_by(minutes, 314 + CAP_DAYS, by_cohort=True)
    (found,) = estimate(old, rollouts, until=on(314))
    assert isinstance(found, Estimate)
    assert found.look is None
    assert found.low < 0.6 < found.high
    assert found.p_value < 0.01


def test_a_fresh_slowdown_hides_among_tickets_that_happen_to_be_resolved() -> None:
    minutes = durations(longer=0.7)
    (naive,) = estimate(known_by(minutes, 304, by_cohort=False), [Rollout("slower", "s03", on(300))], shapes=SHAPES[:1])
    assert isinstance(naive, Estimate)
    assert naive.effect < 0.3


def test_fewer_than_eight_services_are_read_early_and_late_without_comparison() -> None:
    found: list[Estimate] = []
    for seed in range(25):
        rng = np.random.default_rng([27, seed])
        plan = plan_changes(rng, range(6), 600, a_year=2, sizes=(0.0,), gap=60)
        world = simulate(rng, "tickets", services=6, days=600, plan=plan)
        last = max(c.day for c in plan) + 5
        for until in (None, FIRST_ON + timedelta(days=last)):
            found += [
                r
                for r in estimate(world.panel, world.rollouts, holidays=world.holidays, until=until)
                if isinstance(r, Estimate)
            ]
    assert {r.control_services for r in found} == {0}
    assert all("no comparison group" in r.flags for r in found)
    early = [r for r in found if r.look is not None]
    assert len(early) >= 20
    assert min(r.multiplier for r in early) > 1.3
    assert alarm_rate(early) <= 0.05
    assert alarm_rate([r for r in found if r.look is None]) <= 0.08


def test_a_broad_change_without_effect_is_no_effect_and_flagged() -> None:
    found: list[Estimate] = []
    for seed in range(12):
        rng = np.random.default_rng([28, seed])
        plan = [Planned(f"c{k}", tuple(range(k % 2, 40, 2 + k % 3)), day, 0.0) for k, day in enumerate((150, 260, 370))]
        world = simulate(rng, "tickets", services=40, days=500, rough=seed % 2 == 0, plan=plan)
        found += [r for r in estimate(world.panel, world.rollouts, holidays=world.holidays) if isinstance(r, Estimate)]
    assert len(found) == 36
    assert all("broad change" in r.flags for r in found)
    assert alarm_rate(found) <= 0.15


def test_a_gradual_rollout_is_found_with_the_size_it_has_at_its_end() -> None:
    inside, alarms, cases = 0, 0, 0
    for seed in range(6):
        rng = np.random.default_rng([29, seed])
        plan = plan_changes(rng, range(60), 600, a_year=2, sizes=(0.0, 0.4), gap=90)
        world = simulate(rng, "duration", services=60, days=600, rough=seed % 2 == 0, plan=plan)
        total = world.panel.total.copy()
        lasts = {c.change_id: int(rng.integers(1, 13)) for c in plan}
        for c in plan:
            for k in range(lasts[c.change_id]):
                missing = c.size * (1 - (k + 1) / (lasts[c.change_id] + 1))
                total[c.services[0], c.day + k] -= missing * world.panel.n[c.services[0], c.day + k]
        rollouts = [replace(r, to=r.on + timedelta(days=lasts[r.change_id])) for r in world.rollouts]
        size = {c.change_id: c.size for c in plan}
        for r in estimate(replace(world.panel, total=total), rollouts, holidays=world.holidays):
            if isinstance(r, Estimate) and r.look is None:
                cases += 1
                inside += r.low <= size[r.change_id] <= r.high
                alarms += size[r.change_id] == 0 and r.p_value < 0.05
                assert r.post_from > next(x.last_on for x in rollouts if x.change_id == r.change_id)
    assert cases > 500
    assert 0.92 <= inside / cases <= 0.98
    assert alarms / cases <= 0.04
