"""Does readiness pay: which changes count as told in time, and a comparison of two groups that is as sure as it
says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.portfolio import covered, groups_of
from impact.estimation.two_groups import LEAST_GROUP, group_mean, paule_mandel, two_groups
from impact.portfolio import ChangeView, MilestoneView
from impact.readiness_outcome import NoOutcome, ReadinessOutcome, readiness_outcome, told_in_time
from impact.words import plan_words
from tests.sample import TODAY, answered, change, milestone, refused

ON = TODAY - timedelta(days=60)


def step(kind: str, done: int | None, *, end: str = "business", status: str | None = None) -> MilestoneView:
    """A milestone done so many days after the rollout; None: open."""
    return replace(milestone(kind.title(), end, -70, None if done is None else done - 60, status=status), kind=kind)


def live(*steps: MilestoneView, name: str = "C", tickets: float = 0.0, half: float = 10.0) -> ChangeView:
    return change(name, f"Change {name}", {"tickets": answered("tickets", tickets, half, on=ON)}, milestones=steps)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((step("communication", -3), step("training", 0)), True),
        ((step("communication", -3), step("training", 1)), False),
        ((step("communication", -3), step("training", None)), False),
        ((step("communication", -3), step("training", 9, status="cancelled")), True),
        ((step("communication", -3), step("training", 9, end="design")), True),
        ((step("other", 9),), None),
        ((), None),
        ((step("training", None, status="done"),), None),
    ],
)
def test_people_are_told_in_time_when_all_of_it_was_done_by_the_rollout_day(
    steps: tuple[MilestoneView, ...], told: bool | None
) -> None:
    assert told_in_time(live(*steps)) is told
    assert told_in_time(change("C", "Planned", rollout=None, planned=4, milestones=steps)) is None


def portfolio(ready: int, late: int, *, gap: float) -> list[ChangeView]:
    """Changes told in time with ``gap`` percent fewer tickets than the others, give or take."""
    spread = (-6, 4, 0, 7, -5, 3, -2, 5)
    views = [live(step("training", -1), name=f"R{i}", tickets=gap + spread[i % 8]) for i in range(ready)]
    return views + [live(step("training", 9), name=f"L{i}", tickets=spread[(i + 3) % 8]) for i in range(late)]


def test_changes_told_in_time_are_compared_with_the_others() -> None:
    found = readiness_outcome(portfolio(9, 6, gap=-30))
    assert isinstance(found, ReadinessOutcome)
    assert (len(found.told), len(found.not_told)) == (9, 6)
    assert np.expm1(found.difference.value) == pytest.approx(-0.30, abs=0.04)
    assert found.difference.high < 0
    text = plan_words.readiness_text(found)
    assert text.startswith("Changes told and trained in time were followed by about 3")
    assert "9 changes told and trained in time, 6 not" in text


def test_a_range_that_holds_no_difference_is_no_clear_difference() -> None:
    found = readiness_outcome(portfolio(6, 6, gap=0))
    assert "No clear difference" in plan_words.readiness_text(found)


def test_too_few_changes_or_no_milestones_cannot_tell() -> None:
    few = readiness_outcome(portfolio(9, 4, gap=-30))
    assert few == NoOutcome("few", 9, 4, LEAST_GROUP)
    assert "at least 5 of each" in plan_words.readiness_text(few)
    assert readiness_outcome([change("C", "Bare", milestones=())]) == NoOutcome("no_milestones", 0, 0)
    assert "cannot be told" in plan_words.readiness_text(NoOutcome("no_milestones", 0, 0))


def test_changes_without_a_final_figure_of_their_tickets_count_nowhere() -> None:
    silent = change("S", "Silent", {"tickets": refused("tickets", "too_early")}, milestones=(step("training", -1),))
    found = readiness_outcome([*portfolio(6, 6, gap=-30), silent])
    assert isinstance(found, ReadinessOutcome)
    assert silent.id not in found.told


def test_the_spread_of_equal_effects_is_none_and_of_different_ones_is_found() -> None:
    rng = np.random.default_rng(1)
    se = np.full(400, 0.1)
    assert paule_mandel(np.full(9, 0.2), se[:9]) == 0.0
    found = paule_mandel(rng.normal(0.0, 0.3, 400) + rng.normal(0.0, 0.1, 400), se)
    assert found**0.5 == pytest.approx(0.3, abs=0.03)
    assert group_mean(np.array([0.1, 0.3]), np.array([0.1, 0.1])).mean == pytest.approx(0.2)


def test_fewer_than_five_on_either_side_are_not_compared() -> None:
    five, four = (np.zeros(5), np.ones(5)), (np.zeros(4), np.ones(4))
    assert two_groups(five, five) is not None
    assert two_groups(five, four) is None


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 20), (8, 30)])
@pytest.mark.parametrize("gap", [0.0, -0.3])
def test_ranges_hold_the_true_difference_in_about_95_of_100_cases(first: int, second: int, gap: float) -> None:
    rng = np.random.default_rng([first, second, 3])
    held = [covered(groups_of(rng, first, second, gap=gap, spread=(0.2, 0.2)), gap) for _ in range(1_200)]
    assert 0.925 <= np.mean(held) <= 0.975


def test_comparing_without_the_spread_of_the_effects_raises_many_false_alarms() -> None:
    """The check of the check: a fixed-effect comparison must fail."""
    rng = np.random.default_rng(9)
    alarms = 0
    for _ in range(400):
        (a, s), (b, t) = groups_of(rng, 8, 30, gap=0.0, spread=(0.3, 0.3))
        w, v = 1 / s**2, 1 / t**2
        gap = (w @ a) / w.sum() - (v @ b) / v.sum()
        alarms += abs(gap) > 1.96 * (1 / w.sum() + 1 / v.sum()) ** 0.5
    assert alarms / 400 > 0.2
