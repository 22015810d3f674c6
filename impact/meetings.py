"""Opening a steering meeting: its day, the day of the one after it, its title and its proposed agenda. Knows records
and words; no layout."""

from __future__ import annotations

from datetime import date, timedelta

from impact.agenda import MOST_PROPOSED, Agenda, propose
from impact.portfolio import Portfolio
from impact.records import Meeting
from impact.state import State
from impact.words.meeting_words import suggested_title

SATURDAY = 5


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= SATURDAY else 0)


def day_after(held_on: date, every_days: int) -> date:
    """The working day of the meeting after one of that day, where nobody said another."""
    return working_day(held_on + timedelta(days=every_days))


def next_day(meeting: Meeting, every_days: int) -> date:
    """The day of the meeting after this one: the recorded one, else the usual one."""
    return meeting.next_on or day_after(meeting.held_on, every_days)


def proposed(portfolio: Portfolio, state: State, held_on: date, next_on: date, team_id: str | None) -> Agenda:
    """All that asks for a meeting of that day, by what is recorded now."""
    decisions, statements = state.decisions(), state.statements()
    return propose(portfolio, decisions, statements, meeting_on=held_on, next_on=next_on, team_id=team_id)


def open_meeting(
    state: State,
    portfolio: Portfolio,
    held_on: date,
    *,
    every_days: int,
    team_id: str | None = None,
    agenda: Agenda | None = None,
    by: str = "",
) -> Meeting:
    """The meeting of that day and team as it is recorded; where there is none, it is opened with ``agenda``, or with
    the first of what is proposed. Raises ImpactError where it cannot be recorded."""
    next_on = day_after(held_on, every_days)
    if agenda is None:
        agenda = proposed(portfolio, state, held_on, next_on, team_id)[:MOST_PROPOSED]
    title = suggested_title(held_on, dict(portfolio.teams).get(team_id or ""))
    return state.open_meeting(held_on, title=title, team_id=team_id, next_on=next_on, agenda=agenda, by=by)
