"""What estimates promise about their input, their refusals and their arithmetic; calibration has a file of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from impact.estimate import (
    SHAPES,
    Estimate,
    NotEstimable,
    Panel,
    Rollout,
    Shape,
    adjusted,
    counterfactual,
    estimate,
    placebo_rate,
)
from impact.estimation.panel import HOLIDAY, Kind, day_types
from tests.worlds import FIRST_ON, Planned, plan_changes, simulate

START = date(2024, 1, 1)
ORDINARY = SHAPES[2:]
"""Shapes without the joint estimate that the standard set brings along."""


def on(day: int) -> date:
    return START + timedelta(days=day)


def counts(rate: np.ndarray, seed: int = 1) -> Panel:
    """A count panel with Poisson tickets at the given rates, shape (services, days)."""
    total = np.random.default_rng(seed).poisson(rate).astype(np.float64)
    names = tuple(f"s{i:02d}" for i in range(len(rate)))
    return Panel("tickets", "count", names, START, np.ones_like(total), total, np.zeros_like(total))


def flat(services: int, days: int, rate: float = 20.0) -> np.ndarray:
    return np.full((services, days), rate)


def only(results: list[Estimate | NotEstimable], change: str) -> Estimate | NotEstimable:
    found = [r for r in results if r.change_id == change and r.service is None]
    assert len(found) == 1
    return found[0]


def estimated(results: list[Estimate | NotEstimable], change: str) -> Estimate:
    found = only(results, change)
    assert isinstance(found, Estimate), found
    return found


def refused(results: list[Estimate | NotEstimable], change: str) -> NotEstimable:
    found = only(results, change)
    assert isinstance(found, NotEstimable), found
    return found


def test_a_doubling_on_one_service_is_found_with_its_size_levels_and_dates() -> None:
    rate = flat(20, 300)
    rate[3, 200:] *= 2
    found = estimated(estimate(counts(rate), [Rollout("double", "s03", on(200))], shapes=SHAPES[:1]), "double")
    assert found.low < np.log(2) < found.high
    assert found.effect == pytest.approx(np.log(2), abs=0.15)
    assert found.p_value < 1e-6
    assert found.before == pytest.approx(20, rel=0.1)
    assert found.after == pytest.approx(40, rel=0.1)
    assert found.expected_after == pytest.approx(20, rel=0.1)
    assert (found.pre_from, found.pre_to, found.post_from, found.post_to) == (on(158), on(199), on(201), on(214))
    assert found.control_services == 19
    assert found.n_before == counts(rate).total[3, 158:200].sum()


def test_a_rise_of_all_services_together_is_not_an_effect_of_one_change() -> None:
    level = np.exp(np.random.default_rng(4).normal(0, 0.3, 300 // 10).repeat(10))
    level[200:] *= 1.5
    found = estimated(estimate(counts(flat(30, 300) * level), [Rollout("one", "s03", on(200))]), "one")
    assert found.low < 0 < found.high
    assert found.loading == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    ("previous", "following", "shape"),
    [(43, 15, Shape(42, 14)), (42, 15, Shape(28, 14)), (29, 15, Shape(28, 14)), (43, 14, Shape(42, 7)),
     (29, 8, Shape(28, 7)), (28, 15, Shape(14, 14)), (15, 8, Shape(14, 7))],
)  # fmt: skip
def test_the_largest_window_without_another_change_is_used(previous: int, following: int, shape: Shape) -> None:
    rollouts = [Rollout(c, "s03", on(t)) for c, t in (("a", 200 - previous), ("b", 200), ("c", 200 + following))]
    assert estimated(estimate(counts(flat(20, 400)), rollouts), "b").shape == shape


@pytest.mark.parametrize(
    ("previous", "following", "blocking"), [(14, 50, ("a",)), (50, 7, ("c",)), (10, 5, ("a", "c"))]
)
def test_a_change_too_close_to_others_is_refused_and_names_them(
    previous: int, following: int, blocking: tuple[str, ...]
) -> None:
    rollouts = [Rollout(c, "s03", on(t)) for c, t in (("a", 200 - previous), ("b", 200), ("c", 200 + following))]
    answer = refused(estimate(counts(flat(20, 400)), rollouts, shapes=ORDINARY), "b")
    assert (answer.reason, answer.blocking) == ("cannot_be_separated", blocking)


def test_two_changes_on_one_day_and_service_block_each_other() -> None:
    results = estimate(counts(flat(20, 400)), [Rollout("a", "s03", on(200)), Rollout("b", "s03", on(200))])
    assert refused(results, "a").blocking == ("b",)
    assert refused(results, "b").blocking == ("a",)


def test_changes_on_different_services_do_not_block_each_other() -> None:
    results = estimate(counts(flat(20, 400)), [Rollout("a", "s03", on(200)), Rollout("b", "s04", on(200))])
    assert isinstance(only(results, "a"), Estimate)
    assert isinstance(only(results, "b"), Estimate)


def test_days_after_until_are_not_data() -> None:
    panel, rollouts = counts(flat(20, 400)), [Rollout("a", "s03", on(200))]
    before = refused(estimate(panel, rollouts, until=on(202)), "a")
    assert (before.reason, before.needed, before.have, before.possible_from) == ("too_early", 3, 2, on(204))
    week = estimated(estimate(panel, rollouts, until=on(209)), "a")
    assert (week.shape.post, week.post_to, week.look) == (7, on(207), 7)
    assert (week.final_days, week.final_from) == (14, on(215))
    whole = estimated(estimate(panel, rollouts, until=on(214)), "a")
    assert (whole.shape.post, whole.look, whole.multiplier) == (14, None, 1.0)


def test_a_change_planned_after_the_panel_is_too_early() -> None:
    answer = refused(estimate(counts(flat(20, 100)), [Rollout("a", "s03", on(150))]), "a")
    assert (answer.reason, answer.possible_from) == ("too_early", on(154))


def test_a_change_without_days_before_it_is_never_promised_for_later() -> None:
    assert refused(estimate(counts(flat(20, 12)), [Rollout("a", "s03", on(10))]), "a").reason == "no_data"


@pytest.mark.parametrize(("service", "day"), [("nowhere", 200), ("s03", 5), ("s03", -30), ("nowhere", 500)])
def test_an_unknown_service_or_a_day_before_the_panel_gives_no_data(service: str, day: int) -> None:
    assert refused(estimate(counts(flat(20, 400)), [Rollout("a", service, on(day))]), "a").reason == "no_data"


def test_days_before_the_first_ticket_of_a_service_are_not_zeros() -> None:
    rate = flat(20, 300)
    rate[3, :190] = 0.0
    young = estimate(counts(rate), [Rollout("a", "s03", on(205))])
    assert estimated(young, "a").shape == Shape(14, 14)
    assert estimated(young, "a").effect == pytest.approx(0.0, abs=0.4)
    assert refused(estimate(counts(rate), [Rollout("a", "s03", on(195))]), "a").reason == "no_data"


def test_few_tickets_are_too_little_data_and_say_what_could_have_been_found() -> None:
    rate = flat(20, 300)
    rate[3] = 0.08
    panel = counts(rate, seed=5)
    answer = refused(estimate(panel, [Rollout("a", "s03", on(200))], shapes=SHAPES[:1]), "a")
    assert (answer.reason, answer.needed) == ("too_little_data", 10)
    assert answer.have == panel.total[3, 158:200].sum() + panel.total[3, 201:215].sum()
    assert answer.smallest_detectable is not None
    assert answer.smallest_detectable > np.log(2)


def test_a_short_panel_of_one_service_admits_that_it_does_not_know_chance() -> None:
    answer = refused(estimate(counts(flat(1, 70)), [Rollout("a", "s00", on(45))], shapes=SHAPES[:1]), "a")
    assert answer.reason == "too_little_history"


def test_one_service_alone_is_read_without_comparison() -> None:
    found = estimated(estimate(counts(flat(1, 700)), [Rollout("a", "s00", on(300))]), "a")
    assert "no comparison group" in found.flags
    assert (found.control_services, found.loading) == (0, 0.0)


def test_a_change_on_most_services_is_flagged_broad_and_on_nearly_all_has_no_comparison() -> None:
    panel = counts(flat(20, 700))
    half = [Rollout("a", name, on(300)) for name in panel.services[:10]]
    nearly = [Rollout("a", name, on(300)) for name in panel.services[:15]]
    assert estimated(estimate(panel, half), "a").flags == ("broad change",)
    assert set(estimated(estimate(panel, nearly), "a").flags) == {"broad change", "no comparison group"}


def test_a_broad_rise_is_still_seen_because_changed_services_are_left_out_of_the_comparison() -> None:
    change = Planned("broad", tuple(range(30)), 400, float(np.log(1.3)))
    world = simulate(np.random.default_rng(3), "tickets", services=50, plan=[change])
    found = estimated(estimate(world.panel, world.rollouts, holidays=world.holidays), "broad")
    assert found.low < np.log(1.3) < found.high
    assert found.p_value < 0.01


def test_several_services_are_pooled_and_told_one_by_one_when_asked() -> None:
    rate = flat(30, 400)
    rate[[3, 5, 8], 200:] *= 1.3
    rollouts = [Rollout("a", f"s{s:02d}", on(200)) for s in (3, 5, 8)]
    results = estimate(counts(rate), rollouts, shapes=SHAPES[:1], per_service=True)
    assert [r.service for r in results] == [None, "s03", "s05", "s08"]
    pooled, *single = [r for r in results if isinstance(r, Estimate)]
    assert pooled.services == ("s03", "s05", "s08")
    assert all(pooled.high - pooled.low < one.high - one.low for one in single)
    assert min(one.effect for one in single) < pooled.effect < max(one.effect for one in single)
    assert pooled.n_before == sum(one.n_before for one in single)


def test_a_service_that_cannot_be_read_is_left_out_of_the_pooled_effect() -> None:
    rollouts = [Rollout("a", "s03", on(200)), Rollout("a", "s04", on(200)), Rollout("b", "s04", on(198))]
    results = estimate(counts(flat(20, 400)), rollouts, shapes=ORDINARY)
    assert estimated(results, "a").services == ("s03",)
    assert refused(results, "b").blocking == ("a",)


def test_the_order_and_repetition_of_services_and_rollouts_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    world = simulate(
        rng, "tickets", services=30, days=400, plan=plan_changes(rng, range(30), 400, a_year=2, sizes=(0.0,))
    )
    panel = world.panel
    rollouts = [*world.rollouts, Rollout("several", "s001", on(200)), Rollout("several", "s020", on(200))]
    order = rng.permutation(30)
    shuffled = replace(
        panel, services=tuple(panel.services[i] for i in order),
        n=panel.n[order], total=panel.total[order], total_sq=panel.total_sq[order],
    )  # fmt: skip
    assert estimate(panel, rollouts, per_service=True) == estimate(
        shuffled, [*reversed(rollouts), *rollouts], per_service=True
    )


@pytest.mark.parametrize("kind", ["count", "mean", "share"])
def test_empty_services_unknown_days_and_empty_panels_are_safe(kind: Kind) -> None:
    rng = np.random.default_rng(6)
    n = rng.poisson(6.0, (12, 300)).astype(np.float64)
    total = rng.binomial(n.astype(int), 0.4).astype(np.float64)
    n[0], total[0] = 0.0, 0.0
    n[1], total[1] = np.nan, np.nan
    n[2, 100:130], total[2, 100:130] = np.nan, np.nan
    panel = Panel("m", kind, tuple("abcdefghijkl"), START, n, total, total.copy())
    rollouts = [Rollout(s, s, on(150)) for s in "abcd"]
    results = estimate(panel, rollouts)
    assert {r.change_id: type(r).__name__ for r in results} == {
        "a": "NotEstimable", "b": "NotEstimable", "c": "Estimate", "d": "Estimate",
    }  # fmt: skip
    assert all(np.isfinite([r.effect, r.low, r.high, r.p_value]).all() for r in results if isinstance(r, Estimate))
    nothing = Panel("m", kind, (), START, np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0)))
    assert refused(estimate(nothing, rollouts), "a").reason == "no_data"
    assert estimate(panel, []) == []


def test_arguments_are_not_changed() -> None:
    panel = counts(flat(12, 200))
    before = panel.total.copy()
    rollouts = [Rollout("b", "s03", on(100)), Rollout("a", "s04", on(90))]
    estimate(panel, rollouts)
    assert np.array_equal(panel.total, before)
    assert [r.change_id for r in rollouts] == ["b", "a"]


def test_a_single_spike_is_cut_and_said_so() -> None:
    rate = flat(20, 300)
    panel = counts(rate)
    panel.total[3, 205] = 400.0
    found = estimated(estimate(panel, [Rollout("a", "s03", on(200))]), "a")
    assert found.after == pytest.approx(47, rel=0.1)
    assert found.effect == pytest.approx(0.0, abs=0.2)
    assert "spikes left out" in found.flags


def test_a_mean_and_a_share_read_as_plain_differences() -> None:
    rng = np.random.default_rng(8)
    n = np.full((20, 300), 12.0)
    p = np.full((20, 300), 0.4)
    p[3, 200:] = 0.6
    events = rng.binomial(12, p).astype(np.float64)
    rollouts = [Rollout("a", "s03", on(200))]
    names = tuple(f"s{i:02d}" for i in range(20))
    for kind in ("mean", "share"):
        found = estimated(estimate(Panel("m", kind, names, START, n, events, events), rollouts, shapes=SHAPES[:1]), "a")
        assert found.low < 0.2 < found.high
        assert found.before == pytest.approx(events[3, 158:200].sum() / (42 * 12))
        assert found.expected_after == pytest.approx(found.after - found.effect)


def test_holidays_count_as_a_day_type_only_on_weekdays() -> None:
    types = day_types(date(2024, 12, 23), 7, [date(2024, 12, 25), date(2024, 12, 28)])
    assert types.tolist() == [0, 1, HOLIDAY, 3, 4, 5, 6]


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert adjusted([]) == []


def test_wrong_shapes_and_repeated_services_are_refused_in_words() -> None:
    wide, narrow = np.zeros((2, 3)), np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"array n has shape \(2, 2\)"):
        Panel("m", "count", ("a", "b"), START, narrow, wide, wide)
    with pytest.raises(ValueError, match="names a service twice"):
        Panel("m", "count", ("a", "a"), START, wide, wide, wide)
    with pytest.raises(ValueError, match="at least 1 day"):
        Shape(0, 14)


def test_the_chart_expects_the_old_level_and_observes_the_new_one() -> None:
    rate = flat(20, 400)
    rate[3, 200:] *= 2
    line = counterfactual(counts(rate), [Rollout("a", "s03", on(200))], "a", from_on=on(150), to_on=on(250))
    assert line is not None
    assert (line.days[0], line.days[-1], line.compared) == (on(150), on(250), True)
    weeks = slice(58, 93)
    assert line.observed[weeks].mean() == pytest.approx(40, rel=0.1)
    assert line.expected[weeks].mean() == pytest.approx(20, rel=0.1)
    assert line.high[weeks].max() < 40
    assert (line.low < line.expected).all()


def test_about_95_percent_of_placebo_weeks_lie_inside_the_band_of_the_chart() -> None:
    inside = weeks = 0
    for seed in range(3):
        world = simulate(np.random.default_rng([1, seed]), "tickets", services=40, days=500, rough=seed != 1)
        for s, day in enumerate(range(100, 420, 16)):
            rollouts = [Rollout("a", world.panel.services[s], FIRST_ON + timedelta(days=day))]
            first = FIRST_ON + timedelta(days=day + 1)
            line = counterfactual(
                world.panel, rollouts, "a", holidays=world.holidays, from_on=first, to_on=first + timedelta(days=27)
            )
            if line is None or np.nansum(line.expected) < 20:
                continue
            sums = [np.nansum(x.reshape(4, 7), axis=1) for x in (line.low, line.observed, line.high)]
            inside += int(((sums[0] <= sums[1]) & (sums[1] <= sums[2])).sum())
            weeks += 4
    assert weeks > 150
    assert 0.90 <= inside / weeks <= 0.99


def test_the_chart_of_an_unknown_change_is_none() -> None:
    assert counterfactual(counts(flat(9, 90)), [], "a", from_on=on(1), to_on=on(9)) is None


def test_the_placebo_rate_adds_up_over_volume_classes_and_is_none_without_history() -> None:
    world = simulate(np.random.default_rng(9), "tickets", services=40, days=500)
    rate = placebo_rate(world.panel, [], holidays=world.holidays)
    assert rate is not None
    assert rate.cases == sum(c.cases for c in rate.classes) > 1000
    assert rate.alarms == sum(c.alarms for c in rate.classes)
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 0.05 < rate.high
    assert placebo_rate(counts(flat(3, 40)), []) is None


def test_only_the_changes_asked_for_are_answered_and_the_others_still_say_which_days_are_free() -> None:
    panel = counts(flat(12, 200))
    rollouts = [Rollout("a", "s00", on(100)), Rollout("b", "s00", on(104)), Rollout("c", "s05", on(120))]
    whole = {r.change_id: r for r in estimate(panel, rollouts, shapes=ORDINARY)}
    asked = estimate(panel, rollouts, shapes=ORDINARY, changes=("a", "c"))
    assert [r.change_id for r in asked] == ["a", "c"]
    assert refused(asked, "a").blocking == ("b",)
    assert estimated(asked, "c").effect == estimated(list(whole.values()), "c").effect
