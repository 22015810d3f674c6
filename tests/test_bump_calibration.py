"""Ranges of extra tickets and minutes hold the truth as often as they say, and days back to normal are found."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bump import Told, off_by, told

PANELS = 3


@pytest.fixture(scope="module")
def cases() -> list[Told]:
    return told(PANELS, rough=True, seed=8) + told(PANELS, rough=False, seed=8)


def calibrated(held: list[bool]) -> bool:
    """Whether 92.5 to 97.5 % of the intervals hold the truth."""
    return 0.925 <= float(np.mean(held)) <= 0.975


def test_ranges_of_extra_tickets_hold_the_truth_in_about_95_of_100_cases(cases: list[Told]) -> None:
    assert len(cases) > 1_200
    assert calibrated([t.covered for t in cases])


def test_ranges_hold_the_truth_as_often_where_there_is_no_bump(cases: list[Told]) -> None:
    flat = [t for t in cases if t.change.size == 0]
    assert len(flat) > 350
    assert calibrated([t.covered for t in flat])


def test_ranges_of_extra_minutes_hold_the_truth_in_about_95_of_100_cases(cases: list[Told]) -> None:
    held = [m.low <= true <= m.high for m, true in (t.minutes for t in cases if t.minutes)]
    assert len(held) > 1_200
    assert calibrated(held)


def test_a_poisson_interval_does_not_pass_as_calibrated(cases: list[Told]) -> None:
    assert not calibrated([t.poisson for t in cases])
    assert np.mean([t.poisson for t in cases]) < 0.8


def test_days_back_to_normal_are_found_within_two_days_in_half_of_the_cases(cases: list[Told]) -> None:
    up = [t for t in cases if t.change.size > 0]
    assert np.median(off_by(up)) <= 2


def test_hardly_any_change_without_a_bump_is_said_to_have_one(cases: list[Told]) -> None:
    assert np.mean([t.normal[0] != 0 for t in cases if t.change.size == 0]) < 0.08
