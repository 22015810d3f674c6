"""When answers are put on hold: the rule on made-up rates, and what it does to healthy and to broken panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from impact.estimate import Panel, PlaceboRate, Rollout, placebo_rate
from impact.holds import Hold, class_hold, hold, holds, outside
from tests.broken_worlds import as_it_was, restless, triggered
from tests.samples import measured
from tests.worlds import plan_changes, simulate

SMALL, LARGE = "under 1 a day", "over 20 a day"


@pytest.mark.parametrize(
    ("alarms", "cases", "side"),
    [
        (80, 1600, None),
        (49, 1600, None),
        (47, 1600, "few"),
        (127, 1600, None),
        (129, 1600, "many"),
        (14, 140, None),
        (16, 140, "many"),
        (0, 140, None),
        (0, 0, None),
    ],
)
def test_a_rate_counts_literally_with_many_cases_and_with_few_only_by_its_whole_range(
    alarms: int, cases: int, side: str | None
) -> None:
    """1,600 cases are worth 800 independent ones; the ranges of these samples reach three points to each side."""
    assert outside(measured("all", alarms, cases)) == side


def test_a_class_is_on_hold_for_its_own_rate_and_the_others_are_not() -> None:
    bad = measured(SMALL, 200, 1700)
    rate = measured("all", 250, 4000, classes=(bad, measured(LARGE, 115, 2300)), volumes={"a": 0.5, "b": 30.0})
    assert holds({"tickets": rate, "nps": None}) == (("tickets", Hold("many", bad)),)
    assert hold(rate, ["a"]) == Hold("many", bad)
    assert hold(rate, ["b"]) is None


def test_a_change_on_several_services_belongs_to_the_class_that_most_of_its_tickets_come_from() -> None:
    rate = measured("all", 5, 100, volumes={"a": 0.5, "b": 30.0, "c": 0.9})
    assert rate.class_of(["a", "b", "c"]) == LARGE
    assert rate.class_of(["a", "c"]) == SMALL
    assert rate.class_of(["unknown"]) is None


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        ({"lately": measured("all", 200, 1800)}, "lately"),
        ({"lately": measured("all", 10, 1800)}, None),
        ({"before": measured("all", 12, 40, worth=1.0)}, "before"),
        ({"before": measured("all", 0, 40, worth=1.0)}, None),
        ({}, None),
    ],
)
def test_a_restless_year_and_changes_after_unusual_weeks_are_reasons_too(
    other: dict[str, PlaceboRate], cause: str | None
) -> None:
    found = class_hold(measured("all", 100, 2000, **other), SMALL)
    assert (found.cause if found else None) == cause


def test_a_rate_that_cannot_be_measured_is_no_hold() -> None:
    assert class_hold(None, SMALL) is None
    assert class_hold(measured("all", 0, 0), SMALL) is None


@pytest.mark.parametrize(
    ("how", "causes"), [(as_it_was, set()), (restless, {"lately"}), (triggered, {"before"})], ids=lambda x: str(x)[:20]
)
def test_healthy_panels_are_left_alone_and_a_broken_yardstick_is_caught(
    how: Callable[..., tuple[Panel, list[Rollout]]], causes: set[str]
) -> None:
    for seed in range(2):
        rng = np.random.default_rng([31, seed])
        plan = plan_changes(rng, range(140), 730, a_year=1, sizes=(0.0, -0.2, 0.2), gap=60)
        world = simulate(rng, "tickets", rough=seed == 0, plan=plan)
        panel, rollouts = how(rng, world.panel, world.rollouts)
        rate = placebo_rate(panel, rollouts, holidays=world.holidays)
        assert {found.cause for _, found in holds({"tickets": rate})} == causes


def test_the_week_before_a_rollout_is_read_without_the_rollout_itself() -> None:
    """A panel where every change doubles tickets at once: the weeks before them stay as usual."""
    rng = np.random.default_rng(32)
    plan = plan_changes(rng, range(40), 400, a_year=2, sizes=(0.7,), gap=120)
    world = simulate(rng, "tickets", services=40, days=400, rough=False, plan=plan)
    rate = placebo_rate(world.panel, world.rollouts, holidays=world.holidays)
    assert rate is not None
    assert rate.before is not None
    assert rate.before.low is not None
    assert (rate.before.cases > 25, rate.before.low < 0.08) == (True, True)
    assert rate.lately is None, "400 days are too few to tell last year from before"
    moved = [replace(r, on=r.on + timedelta(days=7)) for r in world.rollouts]
    late = placebo_rate(world.panel, moved, holidays=world.holidays)
    assert late is not None
    assert late.before is not None
    assert late.before.low is not None
    assert late.before.low > 0.3, "rollouts recorded a week late have the doubling in the week before them"
