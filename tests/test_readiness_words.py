"""How readiness is said: what is missing, what weighs how much, what was sorted by words."""

from __future__ import annotations

from datetime import date

from impact.portfolio import Readiness, readiness
from impact.words.formats import SPACE
from impact.words.readiness_words import missing_text, ready_text, sorted_text
from tests.samples import change, milestone

LATE = milestone("Training held", due_on=date(2026, 10, 19), slip_days=35)
COMING = milestone("Service desk briefed", due_on=date(2026, 12, 3))
UNDATED = milestone("Posters")
DONE = milestone("Told", status="done")


def test_what_is_missing_is_said_overdue_first_with_its_day() -> None:
    end = readiness([COMING, DONE, UNDATED, LATE], "business")
    assert missing_text(end) == "Training held, 35 days late; Service desk briefed, due 3 Dec; Posters, no day planned"
    assert ready_text(end) == f"25{SPACE}%: 1 of 4 milestones; missing: {missing_text(end)}"


def test_what_a_milestone_weighs_is_said_where_not_all_weigh_the_same() -> None:
    heavy = milestone("Training held", due_on=date(2026, 12, 3), weight=3.0)
    assert missing_text(readiness([heavy, DONE], "business")) == f"Training held (75{SPACE}% of it), due 3 Dec"


def test_many_missing_milestones_are_counted_after_the_first_three() -> None:
    steps = [milestone(f"Step {i}", due_on=date(2026, 12, i + 1)) for i in range(6)]
    assert missing_text(readiness(steps, "business")).endswith("Step 2, due 3 Dec; and 3 more")


def test_an_end_that_is_ready_misses_nothing_and_one_without_milestones_is_unknown() -> None:
    assert ready_text(readiness([milestone("Tell", end="design", status="done")], "design")) == (
        f"100{SPACE}%: 1 of 1 milestone"
    )
    nothing = Readiness(None, 0, 0, ())
    assert ready_text(nothing) == "unknown: no milestones of this end, or all cancelled"


def test_milestones_sorted_by_their_words_are_named_with_their_kind() -> None:
    steps = (milestone("Roadshow", kind="communication", by_rule=True), DONE)
    assert (
        sorted_text(change(milestones=steps)) == "Sorted by their words, not by the source: Roadshow (communication)."
    )
    assert sorted_text(change(milestones=(DONE,))) == ""
