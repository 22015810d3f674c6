"""Which days are read when: early looks, gradual and staged rollouts, other readings, the most precise window."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from impact.estimate import READINGS, SHAPES, Estimate, NotEstimable, Panel, Rollout, Shape, estimate
from impact.estimation.early import bar
from impact.estimation.questions import study
from impact.estimation.readings import LOOKS, ramp
from impact.estimation.shrinking import mixture, pulled

START = date(2024, 1, 1)
WHOLE = SHAPES[:1]


def on(day: int) -> date:
    return START + timedelta(days=day)


def tickets(rate: np.ndarray, seed: int = 1) -> Panel:
    """A count panel with Poisson tickets at the given rates, shape (services, days)."""
    total = np.random.default_rng(seed).poisson(rate).astype(np.float64)
    names = tuple(f"s{i:02d}" for i in range(len(rate)))
    return Panel("tickets", "count", names, START, np.ones_like(total), total, np.zeros_like(total))


def flat(services: int = 30, days: int = 400, rate: float = 20.0) -> np.ndarray:
    return np.full((services, days), rate)


def one(results: list[Estimate | NotEstimable], change: str = "a") -> Estimate:
    (found,) = [r for r in results if r.change_id == change and r.service is None]
    assert isinstance(found, Estimate), found
    return found


@pytest.mark.parametrize(("seen", "look"), [(3, 3), (4, 3), (5, 5), (9, 7), (10, 10), (13, 10), (14, None), (40, None)])
def test_a_reading_before_its_last_day_sees_the_days_of_its_latest_look(seen: int, look: int | None) -> None:
    found = one(estimate(tickets(flat()), [Rollout("a", "s03", on(300))], shapes=WHOLE, until=on(300 + seen)))
    assert (found.look, found.shape) == (look, Shape(42, look or 14))
    assert (found.final_days, found.final_from) == ((14, on(315)) if look else (None, None))
    assert found.multiplier > 1.2 if look else found.multiplier == 1.0


def test_looks_longer_than_the_window_are_never_made() -> None:
    found = one(estimate(tickets(flat()), [Rollout("a", "s03", on(300))], shapes=[Shape(42, 5)], until=on(304)))
    assert (LOOKS[0], found.look, found.final_days) == (3, 3, 5)


def test_the_raised_bar_is_inside_the_test_and_inside_the_interval() -> None:
    panel, rollouts = tickets(flat()), [Rollout("a", "s03", on(300))]
    early = one(estimate(panel, rollouts, shapes=WHOLE, until=on(307)))
    exact = one(estimate(panel, rollouts, shapes=[Shape(42, 7)], until=on(307)))
    assert (early.effect, early.se) == (exact.effect, exact.se)
    assert early.high - early.low == pytest.approx(early.multiplier * (exact.high - exact.low), rel=0.05)
    assert early.p_value > exact.p_value
    assert early.smallest_detectable > exact.smallest_detectable


def test_interval_and_test_of_early_looks_agree() -> None:
    rate = flat(60, 400)
    rollouts = [Rollout(f"c{s:02d}", f"s{s:02d}", on(392)) for s in range(0, 60, 3)]
    rate[::3, 392:] *= np.exp(np.random.default_rng(5).normal(0, 0.3, (20, 1)))
    found = [r for seed in range(4) for r in estimate(tickets(rate, seed), rollouts, shapes=WHOLE)]
    told = [r for r in found if isinstance(r, Estimate)]
    assert len(told) == 80
    assert {r.look for r in told} == {7}
    assert 5 < sum(r.p_value < 0.05 for r in told) < 75
    assert [r.change_id for r in told if (r.low > 0 or r.high < 0) != (r.p_value < 0.05)] == []


def test_few_placebos_raise_the_bar_further_than_many() -> None:
    bars = []
    for services, days in ((10, 150), (60, 600)):
        common = study(tickets(flat(services, days)), [], shapes=WHOLE, holidays=frozenset(), until=None)
        bars.append(bar(common, WHOLE[0]))
    assert bars[0] > bars[1] > 1.2


def test_services_that_follow_later_share_the_allowance_for_early_alarms() -> None:
    common = study(tickets(flat(60, 600)), [], shapes=WHOLE, holidays=frozenset(), until=None)
    assert bar(common, WHOLE[0], dates=3) > bar(common, WHOLE[0])


def test_days_after_the_planned_window_do_not_move_it() -> None:
    panel, rollouts = tickets(flat()), [Rollout("a", "s03", on(300))]
    first, later = (one(estimate(panel, rollouts, until=on(day))) for day in (314, 390))
    assert (first.look, first.shape, first.post_to) == (None, later.shape, later.post_to)
    assert first.effect == pytest.approx(later.effect, abs=0.05)


def test_a_following_change_makes_the_shorter_window_final() -> None:
    rollouts = [Rollout("a", "s03", on(300)), Rollout("b", "s03", on(309))]
    found = one(estimate(tickets(flat()), rollouts, until=on(308)))
    assert (found.shape.post, found.look) == (7, None)


def test_too_few_observations_at_a_look_are_too_early_and_not_too_little() -> None:
    n = np.full((20, 400), 0.0)
    n[:, ::2] = 1.0
    panel = Panel("rating", "mean", tuple(f"s{i:02d}" for i in range(20)), START, n, 4 * n, 16 * n)
    (found,) = estimate(panel, [Rollout("a", "s03", on(300))], shapes=WHOLE, until=on(304))
    assert isinstance(found, NotEstimable)
    assert (found.reason, found.needed, found.have, found.possible_from) == ("too_early", 14, 3, on(306))


def test_each_reading_reads_its_own_days() -> None:
    rate = flat()
    rate[3, 300:304] *= 3
    results = estimate(tickets(rate), [Rollout("a", "s03", on(300))], readings=READINGS)
    found = {r.reading: r for r in results if isinstance(r, Estimate)}
    assert tuple(found) == READINGS == ("planned", "first_days", "lasting", "late")
    assert (found["first_days"].post_from, found["first_days"].post_to) == (on(300), on(302))
    assert (found["lasting"].post_from, found["lasting"].post_to) == (on(304), on(317))
    assert (found["late"].post_from, found["late"].post_to) == (on(301), on(328))
    assert found["first_days"].effect == pytest.approx(np.log(3), abs=0.3)
    assert found["lasting"].effect == pytest.approx(0.0, abs=0.25)


def test_the_first_days_keep_the_spikes_that_other_readings_cut() -> None:
    panel = tickets(flat())
    panel.total[3, 301] = 300.0
    results = estimate(panel, [Rollout("a", "s03", on(300))], readings=("planned", "first_days"))
    planned, first = (r for r in results if isinstance(r, Estimate))
    assert planned.effect == pytest.approx(0.0, abs=0.3)
    assert first.effect > 1.0


def test_each_reading_has_false_discovery_rates_of_its_own() -> None:
    rollouts = [Rollout(f"c{s}", f"s{s:02d}", on(300)) for s in range(10)]
    alone = estimate(tickets(flat()), rollouts)
    beside = estimate(tickets(flat()), rollouts, readings=("planned", "late"))
    assert [r for r in beside if r.reading == "planned"] == alone


def test_an_unknown_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="no reading 'soon'; allowed are planned, first_days, lasting, late"):
        estimate(tickets(flat()), [], readings=("soon",))  # type: ignore[arg-type]


def test_a_gradual_rollout_is_read_after_its_last_day_and_keeps_neighbours_away() -> None:
    rate = flat()
    rate[3, 300:310] *= np.linspace(1.0, 2.0, 10)
    rate[3, 310:] *= 2
    slow = Rollout("a", "s03", on(300), on(309))
    found = one(estimate(tickets(rate), [slow], shapes=WHOLE))
    assert (found.pre_to, found.post_from, found.post_to) == (on(299), on(310), on(323))
    assert found.effect == pytest.approx(np.log(2), abs=0.15)
    near = [slow, Rollout("b", "s03", on(323)), Rollout("c", "s03", on(360)), Rollout("d", "s04", on(300), on(320))]
    results = estimate(tickets(rate), [*near, Rollout("e", "s04", on(330)), Rollout("f", "s04", on(310))], shapes=WHOLE)
    refused = {r.change_id: r.blocking for r in results if isinstance(r, NotEstimable)}
    assert refused == {"a": ("b",), "b": ("a",), "c": ("b",), "d": ("e", "f"), "e": ("d", "f"), "f": ("d",)}


def test_durations_of_gradual_rollouts_are_rounded_up_to_a_few() -> None:
    assert [ramp(days) for days in (0, 1, 5, 9, 12, 500)] == [0, 2, 6, 9, 13, 500]
    with pytest.raises(ValueError, match="ends on 2024-01-01, before it begins on 2024-01-02"):
        Rollout("a", "s", on(1), on(0))


def test_a_staged_rollout_is_read_on_the_date_of_each_service() -> None:
    rate = flat()
    dates = {3: 250, 5: 270, 8: 300}
    for s, day in dates.items():
        rate[s, day:] *= 1.5
    rollouts = [Rollout("a", f"s{s:02d}", on(day)) for s, day in dates.items()]
    results = estimate(tickets(rate), rollouts, shapes=WHOLE, per_service=True)
    whole, *parts = [r for r in results if isinstance(r, Estimate)]
    assert [(r.pre_to, r.post_to) for r in parts] == [(on(day - 1), on(day + 14)) for day in dates.values()]
    assert (whole.pre_from, whole.post_to, whole.services) == (on(208), on(314), ("s03", "s05", "s08"))
    assert whole.effect == pytest.approx(np.log(1.5), abs=0.08)
    assert whole.n_after == sum(r.n_after for r in parts)


def test_a_staged_rollout_stays_preliminary_until_its_last_service_is_complete() -> None:
    rollouts = [Rollout("a", "s03", on(250)), Rollout("a", "s05", on(260)), Rollout("a", "s08", on(290))]
    expected = {252: None, 255: (5, ("s03",)), 268: (7, ("s03", "s05")), 275: (14, ("s03", "s05")),
                300: (10, ("s03", "s05", "s08")), 304: (None, ("s03", "s05", "s08"))}  # fmt: skip
    for day, seen in expected.items():
        (found,) = estimate(tickets(flat()), rollouts, shapes=WHOLE, until=on(day))
        got = (found.look, found.services) if isinstance(found, Estimate) else None
        assert got == seen, day
        if isinstance(found, Estimate) and found.look:
            assert found.final_from == on(305)


def test_a_long_window_before_is_read_where_it_is_more_precise() -> None:
    rate = flat(40, 700)
    rate[3] = 0.5
    rare = one(estimate(tickets(rate), [Rollout("a", "s03", on(500))]))
    assert rare.shape == Shape(84, 14)
    drifting = np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.05, (40, 700)), axis=1))
    busy = one(estimate(tickets(200 * drifting), [Rollout("a", "s03", on(500))]))
    assert busy.shape.pre < 42


def test_the_chosen_window_does_not_depend_on_what_the_change_did() -> None:
    shapes = []
    for factor in (0.5, 1.0, 2.0):
        rate = flat(40, 500, 0.5)
        rate[3, 300:] *= factor
        shapes.append(one(estimate(tickets(rate), [Rollout("a", "s03", on(300))])).shape)
    assert len(set(shapes)) == 1


def test_shrunk_effects_are_nearer_the_truth_and_rank_it_better() -> None:
    raw_error, shrunk_error, raw_top, shrunk_top = [], [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = np.where(rng.random(300) < 0.15, rng.normal(0, 0.35, 300), 0.0)
        se = rng.uniform(0.05, 0.3, 300)
        seen = true + se * rng.normal(size=300)
        shrunk = pulled(seen, se)
        raw_error.append(((seen - true) ** 2).mean())
        shrunk_error.append(((shrunk - true) ** 2).mean())
        raw_top.append(np.abs(true[np.argsort(-np.abs(seen))[:10]]).mean())
        shrunk_top.append(np.abs(true[np.argsort(-np.abs(shrunk))[:10]]).mean())
    assert np.mean(shrunk_error) < 0.3 * np.mean(raw_error)
    assert np.mean(shrunk_top) > 1.1 * np.mean(raw_top)


def test_the_mixture_finds_how_many_changes_have_an_effect_and_how_large() -> None:
    rng = np.random.default_rng(1)
    true = np.where(rng.random(5_000) < 0.2, rng.normal(0, 0.5, 5_000), 0.0)
    found = mixture(true + 0.1 * rng.normal(size=5_000), np.full(5_000, 0.1))
    assert found.share == pytest.approx(0.2, abs=0.05)
    assert found.variance == pytest.approx(0.25, rel=0.2)


def test_estimates_carry_their_shrunk_effect_and_a_handful_is_not_pulled() -> None:
    rate = flat(40, 400)
    rate[3, 300:] *= 2
    rollouts = [Rollout(f"c{s:02d}", f"s{s:02d}", on(300)) for s in range(12)]
    many = {r.change_id: r for r in estimate(tickets(rate), rollouts) if isinstance(r, Estimate)}
    assert many["c03"].shrunk == pytest.approx(many["c03"].effect, rel=0.1)
    rest = [r for name, r in many.items() if name != "c03"]
    assert all(abs(r.shrunk or 0.0) < 0.8 * abs(r.effect) for r in rest)
    few = estimate(tickets(rate), rollouts[:4])
    assert all(r.shrunk == r.effect for r in few if isinstance(r, Estimate))
