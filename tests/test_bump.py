"""What a bump says, on panels small enough to know the answer, and when it is refused instead."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from impact.estimate import NotEstimable, Panel, Rollout
from impact.estimation.bump import Bump, Weeks, bump_study, bumps, extras, normal_after
from impact.estimation.lost_minutes import ExtraMinutes, extra_minutes, minutes_study

FIRST = date(2026, 1, 5)
DAYS, SERVICES, A_DAY = 300, 12, 20.0
ROLLED = 200
NAMES = tuple(f"s{k:02d}" for k in range(SERVICES))


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def poisson_days(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(A_DAY, (SERVICES, DAYS)).astype(np.float64)


def panel(total: np.ndarray) -> Panel:
    return Panel("tickets", "count", NAMES, FIRST, np.ones_like(total), total, np.zeros_like(total))


def minutes_panel(n: np.ndarray, each: np.ndarray) -> Panel:
    return Panel("lost_time", "mean", NAMES, FIRST, n, n * each, n * each * each)


def one(total: np.ndarray, *more: Rollout, until: int | None = None, day: int = ROLLED) -> Bump | NotEstimable:
    """The bump of change c on service s00."""
    rollouts = [Rollout("c", "s00", on(day)), *more]
    prepared = bump_study(panel(total), rollouts, until=None if until is None else on(until))
    return next(found for found in bumps(prepared) if found.change_id == "c")


def raised(extra: float, days: int, *, start: int = ROLLED) -> np.ndarray:
    total = poisson_days()
    total[0, start : start + days] += extra
    return total


def test_fifteen_more_a_day_for_ten_days_are_about_150_extra_tickets_and_normal_after_about_ten_days() -> None:
    found = one(raised(15, 10))
    assert isinstance(found, Bump)
    assert found.days == 28
    assert found.extra == pytest.approx(150, abs=45)
    assert found.low < 150 < found.high
    assert found.low > 0
    assert found.normal_after in (7, 8, 9, 10)
    assert (found.first_on, found.last_on) == (on(ROLLED), on(ROLLED + 27))


def test_the_worst_day_is_the_one_furthest_above_what_was_expected() -> None:
    total = raised(15, 10)
    total[0, ROLLED + 4] += 40
    found = one(total)
    assert isinstance(found, Bump)
    assert found.worst is not None
    assert found.worst.on == on(ROLLED + 4)
    assert found.worst.observed == total[0, ROLLED + 4]
    assert found.worst.expected == pytest.approx(A_DAY, rel=0.15)


def test_the_rollout_day_belongs_to_the_bump() -> None:
    total = poisson_days()
    total[0, ROLLED] += 200
    found = one(total)
    assert isinstance(found, Bump)
    assert found.extra == pytest.approx(200, abs=45)
    assert found.worst is not None
    assert found.worst.on == on(ROLLED)


def test_a_change_without_a_bump_is_back_to_normal_after_0_days_and_its_range_holds_nothing() -> None:
    found = one(poisson_days())
    assert isinstance(found, Bump)
    assert found.normal_after == 0
    assert found.low < 0 < found.high


def test_fewer_tickets_than_expected_are_no_bump() -> None:
    found = one(raised(-10, 90))
    assert isinstance(found, Bump)
    assert found.normal_after == 0
    assert found.high < 0


def test_a_bump_that_is_not_over_when_the_data_end_is_not_over_yet() -> None:
    found = one(raised(20, 60), until=ROLLED + 25)
    assert isinstance(found, Bump)
    assert (found.normal_after, found.watched, found.ended_by, found.days) == (None, 26, "data", 21)


def test_a_bump_into_which_the_next_change_falls_is_watched_until_then() -> None:
    found = one(raised(20, 60), Rollout("next", "s00", on(ROLLED + 16)))
    assert isinstance(found, Bump)
    assert (found.normal_after, found.watched, found.ended_by, found.days) == (None, 16, "change", 14)


def test_what_lasts_longer_than_eight_weeks_is_watched_no_longer() -> None:
    found = one(raised(20, 99))
    assert isinstance(found, Bump)
    assert (found.normal_after, found.watched, found.ended_by) == (None, 63, "horizon")


def test_a_spike_before_the_rollout_does_not_hide_the_bump_after_it() -> None:
    total = raised(15, 10)
    plain = one(total)
    total[0, ROLLED - 20 : ROLLED - 18] += 100
    spiked = one(total)
    assert isinstance(plain, Bump)
    assert isinstance(spiked, Bump)
    assert spiked.extra == pytest.approx(plain.extra, abs=40)


def test_what_happened_everywhere_is_no_bump_of_one_service() -> None:
    total = poisson_days()
    total[:, ROLLED : ROLLED + 14] += 20
    found = one(total)
    assert isinstance(found, Bump)
    assert found.compared
    assert found.low < 0 < found.high


def test_two_services_with_their_own_dates_are_added_up() -> None:
    total = raised(15, 10)
    total[1, ROLLED + 30 : ROLLED + 40] += 15
    found = one(total, Rollout("c", "s01", on(ROLLED + 30)))
    assert isinstance(found, Bump)
    assert found.services == ("s00", "s01")
    assert found.extra == pytest.approx(300, abs=80)
    assert found.low < 300 < found.high


def test_with_fewer_than_eight_other_services_nothing_is_compared() -> None:
    total = raised(15, 10)[:6]
    small = Panel("tickets", "count", NAMES[:6], FIRST, np.ones_like(total), total, np.zeros_like(total))
    (found,) = bumps(bump_study(small, [Rollout("c", "s00", on(ROLLED))]))
    assert isinstance(found, Bump)
    assert not found.compared
    assert found.low < 150 < found.high


def test_a_first_week_that_is_not_over_says_from_when_it_can_be_read() -> None:
    found = one(poisson_days(), until=ROLLED + 4)
    assert isinstance(found, NotEstimable)
    assert (found.reason, found.needed, found.have) == ("too_early", 7, 5)
    assert found.possible_from == on(ROLLED + 7)


def test_another_change_in_the_same_week_is_named() -> None:
    found = one(poisson_days(), Rollout("other", "s00", on(ROLLED + 3)))
    assert isinstance(found, NotEstimable)
    assert (found.reason, found.blocking) == ("cannot_be_separated", ("other",))


def test_a_service_that_is_not_in_the_data_gives_no_data() -> None:
    found = one(poisson_days(), day=-5)
    assert isinstance(found, NotEstimable)
    assert found.reason == "no_data"


def test_a_service_with_hardly_any_tickets_gives_too_little_data() -> None:
    total = poisson_days()
    total[0] = 0.0
    total[0, ::40] = 1.0
    found = one(total)
    assert isinstance(found, NotEstimable)
    assert (found.reason, found.needed) == ("too_little_data", 10)


@pytest.mark.parametrize(
    ("above", "expected"),
    [("000", 0), ("1000", 1), ("110100100011000", 7), ("0100000", 2), ("111", None), ("1100", None), ("", None)],
)
def test_normal_is_the_first_of_three_usual_weeks_running(above: str, expected: int | None) -> None:
    ratio = np.array([float(mark) for mark in above])
    assert normal_after(Weeks(ratio, np.full(len(ratio), 0.5))) == expected


def lost(total: np.ndarray, n: np.ndarray, each: np.ndarray) -> ExtraMinutes | NotEstimable:
    prepared = minutes_study(panel(total), minutes_panel(n, each), [Rollout("c", "s00", on(ROLLED))])
    (found,) = extra_minutes(prepared)
    return found


def test_150_more_tickets_of_30_minutes_are_about_4500_lost_minutes() -> None:
    each = np.random.default_rng(2).normal(30.0, 2.0, (SERVICES, DAYS))
    found = lost(raised(15, 10), np.full((SERVICES, DAYS), 5.0), each)
    assert isinstance(found, ExtraMinutes)
    assert found.extra == pytest.approx(4_500, abs=1_400)
    assert found.low < 4_500 < found.high
    assert found.low > 0
    assert (round(found.each), round(found.each_expected), found.answers) == (30, 30, 140)


def test_as_many_tickets_that_cost_twice_the_time_cost_minutes_too() -> None:
    each = np.random.default_rng(2).normal(30.0, 2.0, (SERVICES, DAYS))
    each[0, ROLLED : ROLLED + 28] += 30
    found = lost(poisson_days(), np.full((SERVICES, DAYS), 5.0), each)
    assert isinstance(found, ExtraMinutes)
    assert found.extra == pytest.approx(28 * A_DAY * 30, rel=0.2)
    assert found.low < 28 * A_DAY * 30 < found.high


def test_without_answers_after_the_rollout_no_minutes_are_told() -> None:
    n = np.full((SERVICES, DAYS), 5.0)
    n[0, ROLLED:] = 0.0
    found = lost(poisson_days(), n, np.full((SERVICES, DAYS), 30.0))
    assert isinstance(found, NotEstimable)
    assert found.reason == "too_little_data"


def test_panels_of_different_services_are_refused() -> None:
    total = poisson_days()
    other = Panel("lost_time", "mean", NAMES[:3], FIRST, total[:3], total[:3], total[:3])
    with pytest.raises(ValueError, match="different services"):
        minutes_study(panel(total), other, [])


def test_extra_tickets_alone_are_those_of_the_whole_bump_and_none_is_told_where_no_bump_is() -> None:
    rollouts = [Rollout("c", "s00", on(ROLLED)), Rollout("d", "s01", on(120)), Rollout("late", "s02", on(DAYS - 2))]
    prepared = bump_study(panel(raised(15, 10)), rollouts)
    told = {found.change_id: found.extra for found in bumps(prepared) if isinstance(found, Bump)}
    assert set(told) == {"c", "d"}
    assert extras(prepared, ("c", "d", "late", "unknown")) == told
