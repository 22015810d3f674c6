"""The demo's meetings: written down through the same records as anybody's, with what could be known on their day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from impact.demo_organisation.changes import CHANGES
from impact.demo_organisation.minutes import MEETINGS, MINUTES, PROMISES, Minute
from impact.demo_organisation.story import TEAMS
from impact.demo_records import known_on
from impact.estimate import Panel, Rollout
from impact.metrics import BY_NAME
from impact.observed import Evidence

DAY = date(2026, 11, 10)
DATA_TO = date(2026, 11, 22)


def evidence() -> Evidence:
    none = np.zeros((1, 30))
    panel = Panel("tickets", "count", ("s",), date(2026, 10, 24), none, none, none)
    rollouts = tuple(Rollout(name, "s", on) for name, on in (("old", DAY - timedelta(days=9)), ("new", DAY)))
    return Evidence(
        {"tickets": panel}, rollouts, frozenset(), {"tickets": DATA_TO, "reopened": date(2026, 11, 8)}, DATA_TO
    )


def test_on_the_morning_of_a_meeting_days_are_complete_to_the_evening_before() -> None:
    known = known_on(evidence(), DAY)
    assert known.data_to == date(2026, 11, 9)
    assert known.until == {"tickets": date(2026, 11, 9), "reopened": date(2026, 10, 26)}


def test_rollouts_of_that_day_and_later_are_not_known_yet() -> None:
    assert [rollout.change_id for rollout in known_on(evidence(), DAY).rollouts] == ["old"]


def test_a_day_after_all_data_knows_what_is_there_and_no_more() -> None:
    known = known_on(evidence(), DATA_TO + timedelta(days=5))
    assert (known.data_to, known.until) == (DATA_TO, evidence().until)


def test_everything_written_down_is_about_a_change_that_exists() -> None:
    titles = {plan.title for plan in CHANGES}
    assert {promise.title for promise in PROMISES} <= titles
    assert {minute.title for minute in MINUTES} <= titles


def test_owners_are_teams_and_measures_are_known() -> None:
    assert {minute.owner for minute in MINUTES} <= set(TEAMS)
    assert {promise.metric for promise in PROMISES} <= set(BY_NAME)


@pytest.mark.parametrize("minute", [m for m in MINUTES if m.ago not in MEETINGS], ids=lambda m: m.title)
def test_no_decision_is_older_than_the_rollout_it_speaks_of(minute: Minute) -> None:
    plan = next(plan for plan in CHANGES if plan.title == minute.title)
    assert minute.ago < plan.ago
