"""When open milestones will be done: from the change's own slips, the usual ones, and never from later information."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.slips import accumulating, coverage, levels, openstack, walk
from impact.estimation.slipping import LEAST_CASES, Record, record, slip_ahead
from impact.portfolio import ChangeView
from impact.slips import NoForecast, SlipForecast, forecast_of, forecasts, slip_record
from impact.words import plan_words
from tests.sample import TODAY, change, milestone

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "openstack_release_milestones"


def late_by(*slips: int, open_due: tuple[int, ...] = (20,), start: int = -150) -> ChangeView:
    """A change whose done milestones slipped so many days, 20 days apart, and whose open ones are due then."""
    done = [milestone(f"Step {i}", "design", start + 20 * i, start + 20 * i + s) for i, s in enumerate(slips)]
    left = [milestone(f"Open {i}", "design", due, None) for i, due in enumerate(open_due)]
    return change("C", "Change", rollout=None, planned=30, milestones=tuple(done + left))


NOTHING = record([])


def test_a_change_that_is_always_a_week_late_is_forecast_about_a_week_late() -> None:
    steps = [[(100 * k + 20 * i, 100 * k + 20 * i + 7) for i in range(6)] for k in range(12)]
    (told,) = forecasts(late_by(7, 7, 7, 7), known=record(steps), today=TODAY)
    assert isinstance(told, SlipForecast)
    assert told.on == TODAY + timedelta(days=27)
    assert told.earliest <= told.on <= told.latest
    assert (told.slip_days, told.done) == (7, 4)


def test_fewer_than_three_done_milestones_with_both_dates_cannot_tell() -> None:
    (told,) = forecasts(late_by(7, 7), known=NOTHING, today=TODAY)
    assert told == NoForecast("Open 0", TODAY + timedelta(days=20), "few_done", 2, 3)
    assert "2 milestones done with both dates known, 3 needed" in plan_words.forecast_text(told)


def test_an_open_milestone_is_never_forecast_before_today() -> None:
    (told,) = forecasts(late_by(0, 1, 0, 2, open_due=(-40,)), known=NOTHING, today=TODAY)
    assert isinstance(told, SlipForecast)
    assert told.earliest >= TODAY
    assert told.latest > TODAY
    assert told.slip_days >= 40


def test_milestones_without_a_day_cancelled_or_of_stopped_changes_have_no_forecast() -> None:
    plain = late_by(1, 2, 3)
    undated = milestone("No day", "design", 5, None)
    undated = type(undated)(**{**undated.__dict__, "due_on": None, "slip_days": None})
    gone = milestone("Gone", "design", 5, None, status="cancelled")
    view = change("C", "Change", rollout=None, planned=3, milestones=(*plain.milestones, undated, gone))
    found = {told.title: told for told in forecasts(view, known=NOTHING, today=TODAY)}
    assert set(found) == {"Open 0", "No day"}
    assert isinstance(found["No day"], NoForecast)
    assert found["No day"].why == "no_due_date"
    assert set(forecast_of(view, known=NOTHING, today=TODAY)) == {"Open 0"}
    stopped = change("C", "Change", rollout=None, milestones=plain.milestones, status="cancelled")
    assert [told.why for told in forecasts(stopped, known=NOTHING, today=TODAY) if isinstance(told, NoForecast)] == [
        "stopped"
    ]
    assert forecasts(change("C", "Bare", milestones=()), known=NOTHING, today=TODAY) == ()


def test_the_way_of_forecasting_is_the_one_that_was_less_wrong_here() -> None:
    rng = np.random.default_rng(4)
    assert record(accumulating(rng, 120)).way == "last"
    assert record(levels(rng, 120)).way == "level"
    assert record(levels(rng, 4)).cases < LEAST_CASES
    assert record(levels(rng, 4)).way == "level"


def test_what_came_later_changes_no_earlier_forecast() -> None:
    """Forecasts made from what was known on a day are the same whatever happened afterwards."""
    steps = levels(np.random.default_rng(5), 60)
    day = sorted(end for own in steps for _, end in own)[200]
    known = [[s for s in own if s[1] <= day] for own in steps]
    other = [[(due, end if end <= day else end + 500) for due, end in own] for own in steps]
    again = [[s for s in own if s[1] <= day] for own in other]
    first, second = record(known), record(again)
    assert (first.usual, first.spread, first.cases, first.wrong_by) == (
        second.usual,
        second.spread,
        second.cases,
        second.wrong_by,
    )
    # and inside the record: the cases up to a day do not know what came after it
    whole = record(steps)
    assert whole.cases > first.cases


def test_errors_too_few_to_learn_from_are_taken_to_be_wide() -> None:
    found = slip_ahead(NOTHING, [2.0, 2.0, 2.0, 2.0], ahead=1, at_least=-50)
    assert found is not None
    assert found.low < 0 < 2 < found.high


def test_a_delay_further_ahead_is_less_sure() -> None:
    known = record(accumulating(np.random.default_rng(6), 200))
    near, far = (slip_ahead(known, [3.0, 6.0, 9.0], ahead=k, at_least=-99) for k in (1, 3))
    assert near is not None
    assert far is not None
    assert far.high - far.low > near.high - near.low


@pytest.mark.parametrize("world", [accumulating, levels])
def test_ranges_hold_the_day_in_about_95_of_100_cases(world) -> None:  # type: ignore[no-untyped-def]
    found = [told for k in (7, 8) for told in walk(world(np.random.default_rng(k), 250), origins=15, seed=k)]
    assert len(found) > 2_000
    assert 0.925 <= coverage(found) <= 0.98


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public milestones are not in ../shared/data")
def test_real_milestones_are_forecast_within_a_day_in_half_of_the_cases_and_inside_their_range_in_most() -> None:
    found = walk(openstack(SHARED), origins=6, seed=7)
    assert len(found) > 700
    assert np.median([abs(told.value - told.true) for told in found]) <= 1
    assert coverage(found) >= 0.85


def test_the_words_are_plain() -> None:
    told = SlipForecast("Build", date(2026, 12, 1), date(2026, 12, 13), date(2026, 12, 5), date(2027, 1, 4), 12, 5)
    assert plan_words.forecast_text(told) == "likely 13 Dec 2026 (5 Dec 2026 to 4 Jan 2027)"
    assert plan_words.forecast_slip(told) == "12 days late"
    assert "none could be checked yet" in plan_words.method_text(NOTHING)
    known: Record = slip_record([late_by(7, 7, 7, 9, 8)])
    assert "earlier ones, each made from what was known then" in plan_words.method_text(known)
