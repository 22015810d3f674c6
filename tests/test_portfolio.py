"""Milestones beside impact: when one is late, how ready an end is, and how a change is found."""

from __future__ import annotations

from datetime import date

import pytest

from impact.portfolio import Portfolio, Readiness, readiness, slip
from tests.samples import change, milestone, reading, refused

TODAY = date(2026, 11, 20)
DUE = date(2026, 11, 10)


@pytest.mark.parametrize(
    ("due", "done", "status", "days"),
    [
        (DUE, date(2026, 11, 14), "done", 4),
        (DUE, DUE, "done", 0),
        (DUE, date(2026, 11, 7), "done", -3),
        (DUE, date(2026, 11, 14), "other", 4),
        (DUE, None, "open", 10),
        (DUE, None, "other", 10),
        (TODAY, None, "open", None),
        (date(2026, 12, 1), None, "open", None),
        (DUE, None, "done", None),
        (None, DUE, "done", None),
        (None, None, "open", None),
        (DUE, None, "cancelled", None),
        (DUE, date(2026, 11, 14), "cancelled", None),
    ],
)
def test_slip_is_done_minus_due_or_today_minus_due_while_open(
    due: date | None, done: date | None, status: str, days: int | None
) -> None:
    assert slip(due, done, status=status, today=TODAY) == days


@pytest.mark.parametrize(
    ("status", "slip_days", "overdue"),
    [
        ("open", 10, True),
        ("open", None, False),
        ("other", 10, True),
        ("done", 10, False),
        ("done", None, False),
        ("cancelled", None, False),
    ],
)
def test_overdue_is_open_although_its_day_has_passed(status: str, slip_days: int | None, overdue: bool) -> None:
    assert milestone("Train", status=status, slip_days=slip_days).overdue is overdue


def test_a_milestone_done_on_a_day_is_not_overdue_whatever_its_status_says() -> None:
    found = milestone("Train", status="other", due_on=DUE, done_on=date(2026, 11, 14), slip_days=4)
    assert found.overdue is False


def test_readiness_is_done_weight_over_all_weight_of_one_end() -> None:
    steps = [
        milestone("Tell", status="done", weight=3.0),
        milestone("Train", weight=1.0),
        milestone("Poster", status="cancelled", weight=5.0),
        milestone("Draw", end="design", status="open", weight=7.0),
    ]
    assert readiness(steps, "business") == Readiness(0.75, 1, 2, ("Train",), (steps[1],), 4.0)
    assert readiness(steps, "design") == Readiness(0.0, 0, 1, ("Draw",), (steps[3],), 7.0)
    assert readiness(steps, "business").share(steps[1]) == 0.25


@pytest.mark.parametrize(
    "steps",
    [[], [milestone("Draw", end="design")], [milestone("Tell", status="cancelled")]],
    ids=["none at all", "none of that end", "only a cancelled one"],
)
def test_an_end_without_milestones_is_unknown_not_unready(steps: list[object]) -> None:
    assert readiness(steps, "business") == Readiness(None, 0, 0, ())  # type: ignore[arg-type]


def test_milestones_without_weight_leave_readiness_unknown() -> None:
    assert readiness([milestone("Tell", status="done", weight=0.0)], "business").ratio is None


def test_what_is_missing_is_told_with_the_latest_overdue_milestone_first() -> None:
    steps = [
        milestone("No day yet"),
        milestone("Next week", due_on=date(2026, 11, 27)),
        milestone("Ten days late", due_on=DUE, slip_days=10),
        milestone("Tomorrow", due_on=date(2026, 11, 21)),
        milestone("Forty days late", due_on=date(2026, 10, 11), slip_days=40),
        milestone("Held", status="done", due_on=DUE),
    ]
    found = readiness(steps, "business")
    assert found.missing == ("Forty days late", "Ten days late", "Tomorrow", "Next week", "No day yet")
    assert [step.title for step in found.open] == list(found.missing)


def test_a_change_is_found_by_its_id_or_its_number_and_never_guessed() -> None:
    view = change()
    found = Portfolio("1", TODAY, None, (view,), (), ())
    assert found.change("itsm:change:1") is view
    assert found.change("CHG-101") is view
    assert found.change("CHG-10") is None


def test_a_reading_is_found_by_the_name_of_its_measure() -> None:
    early = reading(refused("tickets", "too_early"))
    assert change("too_early", early).reading("tickets") is early
    with pytest.raises(KeyError, match="mood"):
        change("too_early", early).reading("mood")


def test_the_overdue_milestones_of_a_change_are_those_open_past_their_day() -> None:
    late, coming = milestone("Train", slip_days=10), milestone("Tell")
    assert change(milestones=(late, coming)).overdue == (late,)
