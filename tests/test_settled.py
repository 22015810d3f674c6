"""When a decision settles what is asked of a meeting, and when the question is open again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from impact.charts.board import next_step, why_next
from impact.portfolio import ChangeView
from impact.records import Decision
from impact.settled import in_force, settle, settlements, settles
from tests import sample
from tests.sample import TODAY

DAY = timedelta(days=1)


def worse(**more: Any) -> ChangeView:
    """A change that made customers worse off 60 days ago."""
    felt = {"tickets": (14, 6), "time_to_resolve": (3, 9), "satisfaction": (-0.3, 0.2), "reopened": (1, 3)}
    found = sample.full(TODAY - 60 * DAY, **felt, self_service=(-1, 4))
    return sample.change("CHG-110", "Card payment gateway switch", found, **more)


def decided(change: ChangeView, **more: Any) -> Decision:
    """Fix first, two weeks ago, when the same was asked as today."""
    base: dict[str, Any] = {
        "id": f"2026-11-09/{change.id}", "change_id": change.id, "kind": "fix_first", "reason": "Terminals time out",
        "owner": "Payments", "decided_on": TODAY - 14 * DAY, "word": change.word, "asked": change.decide,
        "review_on": TODAY + 19 * DAY,
    }  # fmt: skip
    return Decision(**(base | more))


def test_a_decision_on_what_is_asked_settles_it_and_the_change_leaves_the_group_that_asks() -> None:
    change = worse()
    found = settle(sample.portfolio((change,)), [decided(change)], TODAY)
    assert change.decide == ("worse",)
    assert change.group == "decide"
    assert found.changes[0].decide == ()
    assert found.changes[0].group == "open"
    assert found.changes[0].word == "worse", "what customers felt stays as it is"


def test_which_decision_settled_a_change_can_be_told() -> None:
    change = worse()
    decision = decided(change)
    assert settlements([change], [decision], TODAY) == {change.id: decision}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"review_on": TODAY}, "its review is today"),
        ({"review_on": TODAY - DAY}, "its review has passed"),
        ({"asked": ()}, "nothing was asked then"),
        ({"asked": ("overdue",)}, "something else was asked then"),
        ({"word": "mixed"}, "customers were better off then"),
        ({"word": "too_early"}, "nothing was known against the change then"),
        ({"word": None}, "nobody knows how customers were then"),
        ({"word": "not_rolled_out"}, "it was taken before customers met the change"),
        ({"decided_on": TODAY - 61 * DAY}, "the rollout is newer"),
        ({"withdrawn": True}, "it was withdrawn"),
        ({"change_id": "itsm:change:CHG-999"}, "it speaks of another change"),
    ],
)
def test_a_question_is_open_again(more: dict[str, Any], why: str) -> None:
    change = worse()
    assert not settles(decided(change, **more), change, TODAY), why


def test_a_decision_without_a_review_settles_until_something_gets_worse() -> None:
    change = replace(worse(), word="mixed", decide=("mixed",))
    decision = decided(change, review_on=None)
    assert settles(decision, change, TODAY + 900 * DAY)
    assert not settles(decision, replace(change, word="worse", decide=("worse",)), TODAY)


def test_a_new_question_beside_a_settled_one_opens_both() -> None:
    change = worse()
    late = replace(change, decide=("worse", "overdue"))
    assert settlements([late], [decided(change)], TODAY) == {}


def test_a_question_less_than_before_stays_settled() -> None:
    change = worse()
    assert settles(decided(change, asked=("worse", "failed", "overdue")), change, TODAY)


def test_a_change_that_got_better_stays_settled() -> None:
    change = replace(worse(), word="leaning_worse", decide=("failed",))
    assert settles(decided(change, word="worse", asked=("worse", "failed")), change, TODAY)


def test_the_newest_decision_counts_and_a_withdrawn_one_for_nothing() -> None:
    change = worse()
    at = datetime(2026, 11, 9, 9, tzinfo=UTC)
    first = decided(change, recorded_at=at)
    second = decided(change, id="2026-11-09/again", kind="pause", recorded_at=at + timedelta(minutes=5))
    third = decided(change, id="2026-11-16/it", decided_on=TODAY - 7 * DAY, withdrawn=True)
    assert in_force([third, first, second]) == {change.id: second}
    assert in_force([second, first, third]) == {change.id: second}


def test_correcting_an_earlier_decision_of_the_day_does_not_put_it_above_a_later_one() -> None:
    change = worse()
    ten, two, four = (datetime(2026, 11, 9, hour, tzinfo=UTC) for hour in (10, 14, 16))
    corrected = decided(change, revision=2, first_at=ten, recorded_at=four)
    later = decided(change, id="2026-11-09~payments/it", kind="pause", revision=1, first_at=two, recorded_at=two)
    assert in_force([corrected, later]) == {change.id: later}
    assert in_force([later, corrected]) == {change.id: later}


def test_a_newer_decision_takes_the_place_of_one_that_would_still_settle() -> None:
    change = worse()
    newer = decided(change, id="x", decided_on=TODAY - DAY, review_on=TODAY)
    assert settlements([change], [decided(change), newer], TODAY) == {}


def test_a_portfolio_in_which_nothing_was_decided_is_the_same_one() -> None:
    portfolio = sample.portfolio()
    assert settle(portfolio, [], TODAY) is portfolio


def test_what_is_not_asked_is_not_settled() -> None:
    quiet = sample.change("CHG-1", "Quiet", sample.full(TODAY - 60 * DAY))
    assert quiet.decide == ()
    assert settlements([quiet], [decided(quiet)], TODAY) == {}


def test_a_change_that_is_not_live_is_settled_until_it_is() -> None:
    steps = (sample.milestone("Training held", "business", -5, None),)
    coming = sample.change("CHG-2", "Coming", rollout=None, planned=9, milestones=steps)
    assert coming.decide == ("not_ready", "overdue")
    decision = decided(coming, kind="continue", review_on=None, decided_on=TODAY - DAY)
    assert settles(decision, coming, TODAY)
    live = replace(coming, rollout_on=date(2026, 11, 30), word="too_early", decide=("overdue",))
    assert not settles(decision, live, date(2026, 12, 2))


def test_a_settled_change_tells_on_the_board_what_was_decided_and_when_it_is_looked_at_again() -> None:
    asked = next(c for c in sample.every_state() if c.decide)
    by = decided(asked, kind="fix_first", review_on=date(2026, 12, 12), word=asked.word, asked=asked.decide)
    (settled,) = settle(sample.portfolio((asked,)), [by], sample.TODAY).changes
    assert settled.decided == by
    assert next_step(settled) == "Fix first, review 12 Dec"
    assert why_next(settled).startswith("Decided: fix first, review 12 Dec 2026. Customers are worse off.")
