"""How a steering meeting is opened, whoever opens it: the page, its end, or the command that makes a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from impact.agenda import MOST_PROPOSED
from impact.meetings import day_after, next_day, open_meeting, working_day
from impact.records import AgendaItem, Meeting
from impact.state import State, open_state
from tests import sample

MONDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 28)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    found = open_state(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize(("day", "moved"), [(27, 27), (28, 30), (29, 30), (30, 30)])
def test_a_proposed_day_is_a_working_day(day: int, moved: int) -> None:
    assert working_day(date(2026, 11, day)) == date(2026, 11, moved)


def test_the_next_meeting_is_the_recorded_one_or_on_the_working_day_after_the_usual_time() -> None:
    assert day_after(MONDAY, 14) == date(2026, 12, 7)
    assert day_after(SATURDAY, 14) == date(2026, 12, 14)
    assert next_day(Meeting(id="m", held_on=SATURDAY, title=""), 14) == date(2026, 12, 14)
    assert next_day(Meeting(id="m", held_on=SATURDAY, title="", next_on=SATURDAY), 14) == SATURDAY


def test_a_meeting_is_opened_once_with_what_asks_for_it(state: State) -> None:
    opened = open_meeting(state, sample.portfolio(), SATURDAY, every_days=14)
    assert (opened.title, opened.next_on) == ("Steering meeting, 28 Nov 2026", date(2026, 12, 14))
    assert "CHG-123" in [item.change_id.split(":")[-1] for item in opened.agenda]
    assert open_meeting(state, sample.portfolio(), SATURDAY, every_days=7, agenda=()) == opened
    assert state.version() == 1


def test_an_agenda_that_is_handed_over_is_kept_whole_and_a_proposed_one_ends_at_the_most(state: State) -> None:
    many = tuple(AgendaItem(change_id=f"c{i}", reasons=("hand",)) for i in range(MOST_PROPOSED + 5))
    assert open_meeting(state, sample.portfolio(), MONDAY, every_days=14, agenda=many).agenda == many
    asking = next(c for c in sample.portfolio().changes if c.number == "CHG-123")
    crowd = sample.portfolio(tuple(replace(asking, id=f"c{i}") for i in range(MOST_PROPOSED + 5)))
    assert len(open_meeting(state, crowd, SATURDAY, every_days=14).agenda) == MOST_PROPOSED
