"""What a meeting's agenda proposes, in which order, and how it is edited."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from impact.agenda import added, first_open, moved, neighbours, noted, propose, removed
from impact.portfolio import ChangeView
from impact.records import AgendaItem, Decision, Statement
from tests import sample
from tests.sample import TODAY

DAY = timedelta(days=1)
ON = TODAY - 60 * DAY
NEXT = TODAY + 14 * DAY


def proposed(*changes: ChangeView, decisions: Any = (), statements: Any = (), **more: Any) -> list[tuple[str, Any]]:
    """(number, reasons) in the order of the agenda of a meeting today, the next one in two weeks."""
    given: dict[str, Any] = {"meeting_on": TODAY, "next_on": NEXT}
    portfolio = sample.portfolio(changes or None)
    found = propose(portfolio, decisions, statements, **(given | more))
    return [(item.change_id.split(":")[-1], item.reasons) for item in found]


def decided(change: ChangeView, **more: Any) -> Decision:
    """Fix first, a week ago, when the same was asked; no dates."""
    base: dict[str, Any] = {
        "id": f"2026-11-16/{change.id}", "change_id": change.id, "kind": "fix_first", "reason": "Calls take long",
        "owner": "Payments", "decided_on": TODAY - 7 * DAY, "word": change.word, "asked": change.decide,
    }  # fmt: skip
    return Decision(**(base | more))


def stated(change: ChangeView, review: int, **more: Any) -> Statement:
    """An expected effect, to be looked at ``review`` days from today."""
    return Statement(
        id=f"{change.id}/tickets", change_id=change.id, metric="tickets", expected=-10, matters=3,
        review_on=TODAY + review * DAY, **more,
    )  # fmt: skip


WORSE = sample.change("W-1", "Worse", sample.full(ON, tickets=(14, 6)), milestones=())
FINE = sample.change("F-1", "Fine", sample.full(ON), milestones=())
COMING = sample.change("C-1", "Coming", rollout=None, planned=9, milestones=())
LATE = sample.change(
    "L-1", "Late", sample.full(ON), milestones=(sample.milestone("Benefits reviewed", "review", -5, None),)
)  # fmt: skip


def test_the_order_is_decide_worse_review_rolling_out_late_and_each_change_stands_once() -> None:
    followed = sample.change("W-2", "Worse and decided", sample.full(ON, tickets=(9, 6)), milestones=())
    agenda = proposed(
        LATE, COMING, FINE, followed, WORSE, decisions=[decided(followed)], statements=[stated(FINE, -1)]
    )  # fmt: skip
    assert agenda == [
        ("W-1", ("decide", "worse")),
        ("W-2", ("worse",)),
        ("F-1", ("review",)),
        ("C-1", ("rolling_out",)),
        ("L-1", ("late",)),
    ]


def test_a_change_without_a_reason_is_not_proposed() -> None:
    assert proposed(FINE) == []


def test_what_was_accepted_is_off_the_agenda_and_what_is_to_be_mended_is_followed() -> None:
    assert proposed(WORSE, decisions=[decided(WORSE, kind="continue")]) == []
    for kind in ("fix_first", "pause", "roll_back", "other"):
        assert proposed(WORSE, decisions=[decided(WORSE, kind=kind)]) == [("W-1", ("worse",))]


def test_a_change_that_was_taken_back_is_not_worse_any_more() -> None:
    gone = replace(WORSE, status="rolled_back", decide=())
    assert proposed(gone) == []


@pytest.mark.parametrize(
    ("dates", "due"),
    [
        ({"review_on": TODAY}, True),
        ({"review_on": TODAY - DAY}, True),
        ({"review_on": TODAY + DAY}, False),
        ({"due_on": TODAY}, False),
        ({"due_on": TODAY - DAY}, True),
        ({}, False),
    ],
)
def test_a_decision_is_due_for_review_on_its_day_and_once_its_due_day_has_passed(dates: Any, due: bool) -> None:
    agenda = proposed(FINE, decisions=[decided(FINE, **dates)])
    assert agenda == ([("F-1", ("review",))] if due else [])


def test_a_review_that_falls_before_the_meeting_counts_also_when_it_is_planned_ahead() -> None:
    decision = decided(WORSE, kind="continue", review_on=TODAY + 3 * DAY)
    assert proposed(WORSE, decisions=[decision]) == []
    later = proposed(WORSE, decisions=[decision], meeting_on=TODAY + 5 * DAY)
    assert later == [("W-1", ("decide", "worse", "review"))]


def test_an_expected_effect_is_due_on_its_day_until_the_room_decided_on_the_change() -> None:
    assert proposed(FINE, statements=[stated(FINE, 0)]) == [("F-1", ("review",))]
    assert proposed(FINE, statements=[stated(FINE, 1)]) == []
    assert proposed(FINE, statements=[stated(FINE, -8)], decisions=[decided(FINE)]) == []
    assert proposed(FINE, statements=[stated(FINE, -1)], decisions=[decided(FINE)]) == [("F-1", ("review",))]
    assert proposed(FINE, statements=[stated(FINE, -8, withdrawn=True)]) == []


@pytest.mark.parametrize(("planned", "there"), [(0, True), (14, True), (15, False)])
def test_a_rollout_from_this_meeting_to_the_next_one_is_on_the_agenda(planned: int, there: bool) -> None:
    coming = sample.change("C-1", "Coming", rollout=None, planned=planned, milestones=())
    assert proposed(coming) == ([("C-1", ("rolling_out",))] if there else [])


def test_a_cancelled_change_does_not_roll_out() -> None:
    assert proposed(replace(COMING, status="cancelled")) == []


def test_a_late_milestone_is_off_the_agenda_once_the_room_decided_on_it() -> None:
    assert proposed(LATE) == [("L-1", ("late",))]
    assert proposed(LATE, decisions=[decided(LATE, decided_on=TODAY - 6 * DAY)]) == [("L-1", ("late",))]
    assert proposed(LATE, decisions=[decided(LATE, decided_on=TODAY - 2 * DAY)]) == []


def test_a_team_sees_its_own_changes_only() -> None:
    other = sample.change("W-9", "Other", sample.full(ON, tickets=(14, 6)), team="Payments", milestones=())
    assert proposed(WORSE, other, team_id="itsm:team:payments") == [("W-9", ("decide", "worse"))]
    assert proposed(WORSE, other, team_id="nobody") == []


def test_an_empty_portfolio_has_an_empty_agenda() -> None:
    assert propose(sample.portfolio(()), (), (), meeting_on=TODAY, next_on=NEXT) == ()


def test_the_agenda_of_the_sample_holds_what_asks_for_something_and_nothing_else() -> None:
    numbers = [number for number, _ in proposed()]
    assert numbers[:3] == ["CHG-123", "CHG-110", "CHG-111"], "worse, in the order of the board"
    assert "CHG-119" in numbers, "rolls out in nine days"
    assert "CHG-117" not in numbers, "no real change and nothing late"


def test_ten_thousand_changes_are_sorted_in_one_pass() -> None:
    portfolio = sample.portfolio(sample.many(10_000))
    decisions = [decided(c) for c in portfolio.changes[::3]]
    began = time.thread_time()
    found = propose(portfolio, decisions, (), meeting_on=TODAY, next_on=NEXT)
    assert len(found) == len({item.change_id for item in found})
    assert 2_000 < len(found) < 9_000
    assert time.thread_time() - began < 5, "a scan of all decisions for each change would take minutes"


AGENDA = tuple(AgendaItem(change_id=i, reasons=("decide",)) for i in ("a", "b", "c"))


def order(agenda: tuple[AgendaItem, ...]) -> str:
    return "".join(item.change_id for item in agenda)


def test_items_are_moved_removed_added_and_noted_without_touching_the_others() -> None:
    assert order(moved(AGENDA, "c", -1)) == "acb"
    assert order(moved(AGENDA, "a", 1)) == "bac"
    assert order(moved(AGENDA, "a", -1)) == "abc"
    assert order(moved(AGENDA, "c", 5)) == "abc"
    assert order(moved(AGENDA, "nobody", 1)) == "abc"
    assert order(removed(AGENDA, "b")) == "ac"
    by_hand = AgendaItem(change_id="d", reasons=("hand",))
    assert order(added(AGENDA, [by_hand, AGENDA[0], by_hand])) == "abcd"
    assert [item.note for item in noted(AGENDA, "b", "Ask the desk")] == ["", "Ask the desk", ""]


def test_next_and_previous_end_at_the_ends() -> None:
    assert neighbours(AGENDA, "a") == (None, "b")
    assert neighbours(AGENDA, "b") == ("a", "c")
    assert neighbours(AGENDA, "c") == ("b", None)
    assert neighbours(AGENDA, "nobody") == (None, "a")
    assert neighbours((), "a") == (None, None)


def test_a_meeting_goes_on_with_the_first_open_change() -> None:
    assert first_open(AGENDA, {"a"}) == "b"
    assert first_open(AGENDA, {"a", "b", "c"}) == "a"
    assert first_open((), ()) is None
