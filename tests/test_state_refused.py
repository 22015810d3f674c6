"""What cannot be recorded is refused with the field, the value, what is allowed and what to do; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact.metrics import METRICS
from impact.records import AgendaItem
from impact.state import LARGEST, LONGEST, RecordRefused, State, open_state
from tests.test_state import FEWER, PAUSE, TUESDAY


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    found = open_state(tmp_path)
    yield found
    assert found.version() == 0, "nothing was written"
    found.close()


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"kind": "go"}, "kind", "is 'go'. Allowed: continue, fix_first, pause, roll_back, close_benefit, other"),
        ({"kind": "other", "other": " "}, "other", "What was decided is missing"),
        ({"reason": " \n"}, "reason", "The reason is missing"),
        ({"reason": "x" * 2001}, "reason", "has 2,001 characters; at most 2,000"),
        ({"reason": "a\x00b"}, "reason", "a character that cannot be shown"),
        ({"reason": "a\ud800b"}, "reason", "a character that cannot be shown"),
        ({"owner": ""}, "owner", "The owner is missing"),
        ({"owner": "m.muster@example.com"}, "owner", "no person is recorded by name. Write a role or a team"),
        ({"owner": "CORP\\mmuster"}, "owner", "no person is recorded by name. Write a role or a team"),
        ({"due_on": TUESDAY - timedelta(1)}, "due_on", "due on 2026-11-30, before it was decided on 2026-12-01"),
        ({"review_on": TUESDAY - timedelta(1)}, "review_on", "reviewed on 2026-11-30, before it was decided"),
        ({"word": "bad"}, "word", "The word of the change is 'bad'. Allowed: worse, better,"),
        ({"id": "2026-12-01/another"}, "id", "it is named '2026-12-01/desk:change:7'"),
        ({"id": "someday/desk:change:7"}, "id", "it is named '2026-12-01/desk:change:7'"),
        ({"meeting_id": "2026-11-17"}, "id", "it is named '2026-11-17/desk:change:7'"),
        ({"change_id": ""}, "change_id", "The change is missing"),
        ({"change_id": " c", "id": "2026-12-01/ c"}, "change_id", "' c', with blanks around it"),
        ({"asked": ("",)}, "asked", "What was asked is missing"),
    ],
)
def test_a_decision_is_refused(state: State, changes: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(RecordRefused) as caught:
        state.record(replace(PAUSE, **changes), seen_revision=0)
    assert caught.value.field == field
    assert told in str(caught.value)
    assert "muster" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"metric": "joy", "id": "desk:change:7/joy"}, "metric", "There is no measure 'joy'. Measures: tickets, "),
        ({"id": "desk:change:8/tickets"}, "id", "it is named 'desk:change:7/tickets'"),
        ({"expected": 0.0}, "expected", "0 percent on Tickets is not possible. Allowed is more than -100 to 1000"),
        ({"expected": -100.0}, "expected", "more than -100 to 1000 percent, and not 0: a fall has a minus sign"),
        ({"expected": 1001.0}, "expected", "is not possible"),
        ({"expected": float("nan")}, "expected", "is not possible"),
        ({"expected": float("-inf")}, "expected", "is not possible"),
        ({"matters": 0.0}, "matters", "0 percent cannot be the smallest effect on Tickets that matters"),
        ({"matters": -5.0}, "matters", "Allowed is more than 0, to 1000 percent, without a sign"),
        ({"matters": float("inf")}, "matters", "without a sign"),
        ({"review_on": date(2026, 12, 10)}, "review_on", "it rolls out on 2026-12-10. Choose a later day"),
        ({"if_met": "cheer"}, "if_met", "What is to be done then is 'cheer'. Allowed: continue,"),
        ({"if_missed": ""}, "if_missed", "What is to be done then is ''"),
        ({"note": "x" * 2001}, "note", "at most 2,000"),
    ],
)
def test_a_statement_is_refused(state: State, changes: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(RecordRefused) as caught:
        state.state_impact(replace(FEWER, **changes), seen_revision=0, rollout_on=date(2026, 12, 10), today=TUESDAY)
    assert caught.value.field == field
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"title": ""}, "title", "The title of the meeting is missing"),
        ({"next_on": TUESDAY}, "next_on", "is not after this one, 2026-12-01"),
        ({"team_id": ""}, "team_id", "The team of the meeting is missing"),
        ({"agenda": [AgendaItem(change_id="c", reasons=("decide",))] * 2}, "agenda", "'c' is on the agenda twice"),
        ({"agenda": [AgendaItem(change_id="c", reasons=("why",))]}, "agenda", "'why'. Allowed: decide, worse,"),  # type: ignore[arg-type]
        ({"agenda": [AgendaItem(change_id="", reasons=())]}, "change_id", "The change is missing"),
        ({"agenda": [AgendaItem(change_id="c", reasons=(), note="x" * 2001)]}, "note", "The note on c has 2,001"),
        ({"by": "Maria Muster"}, "recorded_by", "a keyed hash of 32 characters, or empty"),
    ],
)
def test_a_meeting_is_refused(state: State, changes: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(RecordRefused) as caught:
        state.open_meeting(TUESDAY, **{"title": "Steering", **changes})
    assert caught.value.field == field
    assert told in str(caught.value)
    assert "Muster" not in str(caught.value)


def test_a_meeting_does_not_move_to_another_day(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    meeting = state.open_meeting(TUESDAY, title="Steering")
    with pytest.raises(RecordRefused, match="cannot move to another day or team") as caught:
        state.change_meeting(replace(meeting, held_on=date(2026, 12, 2)), seen_revision=1)
    assert caught.value.field == "held_on"
    assert state.meeting_history(meeting.id) == (meeting,)
    state.close()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_measure_takes_an_effect_within_its_scale_and_none_beyond(tmp_path: Path, metric: Any) -> None:
    state = open_state(tmp_path)
    one = replace(FEWER, id=f"c/{metric.name}", change_id="c", metric=metric.name)
    most = LARGEST[metric.scale]
    saved = state.state_impact(replace(one, expected=most), seen_revision=0, rollout_on=None, today=TUESDAY)
    assert saved.expected == most
    for beyond in (most * 1.01, -most * 1.01):
        with pytest.raises(RecordRefused):
            state.state_impact(replace(one, expected=beyond), seen_revision=1, rollout_on=None, today=TUESDAY)
    state.close()


def test_what_stands_beside_another_kind_is_left_out_and_the_longest_texts_are_kept(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    longest = replace(PAUSE, other="left over", reason="ä" * LONGEST["reason"], owner="x" * LONGEST["owner"])
    saved = state.record(longest, seen_revision=0)
    assert (saved.other, len(saved.reason), len(saved.owner)) == ("", 2000, 120)
    other = state.record(replace(saved, kind="other", other="Ask the vendor"), seen_revision=1)
    assert other.other == "Ask the vendor"
    state.close()


def test_a_decision_without_a_meeting_keeps_its_name_when_its_day_is_corrected(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    first = state.record(PAUSE, seen_revision=0)
    moved = state.record(replace(first, decided_on=date(2026, 11, 30)), seen_revision=1)
    assert (moved.id, moved.decided_on) == (PAUSE.id, date(2026, 11, 30))
    state.close()
