"""Ranges of monthly savings hold the truth as often as they say, also where errors go together."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.business_case import Told, lasting_world, told
from impact.estimate import Panel, Rollout
from impact.estimation.errors_together import errors_together

FIRST, SERVICES, DAYS = date(2025, 1, 6), 20, 400


@pytest.fixture(scope="module")
def tied() -> tuple[list[Told], float]:
    cases, errors = [], []
    for number, rough in ((0, True), (1, True), (2, False)):
        found, together = told(lasting_world(np.random.default_rng([5, number]), rough=rough, tied=True))
        cases += found
        errors.append(together)
    return cases, float(np.mean(errors[:2]))


@pytest.mark.parametrize("figure", ["tickets", "hours, measured", "money, measured"])
def test_ranges_of_monthly_savings_hold_the_truth_in_about_95_of_100_cases(
    tied: tuple[list[Told], float], figure: str
) -> None:
    cases, _ = tied
    assert len(cases) > 500
    assert 0.925 <= np.mean([case.held(figure, figure.split(",")[0]) for case in cases]) <= 0.98


def test_taking_errors_that_go_together_for_independent_ones_makes_ranges_too_narrow(
    tied: tuple[list[Told], float],
) -> None:
    cases, together = tied
    assert together > 0.3

    def held(figure: str) -> float:
        return float(np.mean([case.held(figure, "money") for case in cases]))

    assert held("money, none") < held("money, measured") - 0.01
    assert held("money, always") > held("money, measured")


def panels(rng: np.random.Generator, shared: float) -> tuple[Panel, Panel]:
    """Tickets and minutes whose weekly noise has ``shared`` of its variance in common."""
    weeks = np.repeat(rng.standard_normal((2, SERVICES, DAYS // 7 + 1)), 7, axis=2)[:, :, :DAYS]
    noise = np.sqrt(shared) * weeks[0] + np.sqrt(1 - shared) * weeks[1]
    total = rng.poisson(80.0 * np.exp(0.3 * weeks[0])).astype(np.float64)
    each, n = 30.0 + 6.0 * noise, np.full((SERVICES, DAYS), 400.0)
    names = tuple(f"s{i:02d}" for i in range(SERVICES))
    none = np.zeros_like(total)
    return (
        Panel("tickets", "count", names, FIRST, none, total, none),
        Panel("lost_time", "mean", names, FIRST + timedelta(days=0), n, n * each, n * (each**2 + 25.0)),
    )


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_how_far_errors_go_together_is_measured_on_days_without_a_change(shared: float) -> None:
    first, second = panels(np.random.default_rng(3), shared)
    found = errors_together(first, second, [Rollout("c", "s00", FIRST + timedelta(days=200))])
    assert found == pytest.approx(np.sqrt(shared), abs=0.15)


def test_a_panel_that_begins_later_is_lined_up_by_its_dates() -> None:
    first, second = panels(np.random.default_rng(3), 1.0)
    later = FIRST + timedelta(days=70)
    cut = Panel("lost_time", "mean", second.services, later, second.n[:, 70:], second.total[:, 70:],
                second.total_sq[:, 70:])  # fmt: skip
    assert errors_together(first, cut, []) == pytest.approx(1.0, abs=0.15)


def test_without_history_it_is_unknown_and_different_services_are_refused() -> None:
    first, second = panels(np.random.default_rng(3), 0.5)
    short = [
        Panel(p.metric, p.kind, p.services, FIRST, p.n[:, :40], p.total[:, :40], p.total_sq[:, :40])
        for p in (first, second)
    ]
    assert errors_together(short[0], short[1], []) is None
    fewer = Panel("lost_time", "mean", second.services[1:], FIRST, second.n[1:], second.total[1:], second.total_sq[1:])
    with pytest.raises(ValueError, match="different services"):
        errors_together(first, fewer, [])
