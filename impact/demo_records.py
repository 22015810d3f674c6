"""Writes the demo organisation's meetings: effects stated before rollouts, decisions, and what was seen on their day.

What was seen is estimated from the days up to the meeting only, by the same engine. Knows the minutes, not the truth.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from impact import analysis
from impact.agenda import propose
from impact.demo_organisation.minutes import MEETINGS, MINUTES, PROMISES, Minute, Promise
from impact.demo_organisation.world import workday
from impact.evidence import gather
from impact.figures import as_json, change_figures
from impact.observed import Evidence
from impact.portfolio import ChangeView, MilestoneView, Portfolio, readiness, slip
from impact.records import Decision, Statement
from impact.settings import Reporting
from impact.state import State, decision_id, open_state, statement_id
from impact.store import Store
from impact.words.meeting_words import suggested_title

DAYS_BETWEEN = 14
SAID_AT, DECIDED_AT = time(9, 30), time(14, 0)
"""When people write down what they expect, and when the room decides; UTC."""


def write(store: Store, home: Path, *, today: date, reporting: Reporting) -> None:
    """Fill the records below ``home``, which are made anew, with what was stated and decided before ``today``."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    clock = _Clock()
    state = open_state(home, clock=clock)
    try:
        snapshot = store.snapshot()
        evidence = gather(snapshot, reporting)
        shown = {
            ago: _as_seen(analysis.portfolio(snapshot, known_on(evidence, day), today=day, version="", rates={}), day)
            for ago in MEETINGS
            for day in [workday(today - timedelta(days=ago))]
        }
        latest = shown[MEETINGS[-1]]
        changes = {change.title: change for change in latest.changes}
        for promise in PROMISES:
            _state(state, clock, promise, changes[promise.title], today=today)
        for minute in MINUTES:
            if minute.ago not in MEETINGS:
                _decide(state, clock, minute, changes[minute.title], today=today, meeting_id=None)
        for ago, portfolio in shown.items():
            _hold(state, clock, portfolio, today=today, ago=ago, version=snapshot.version)
    finally:
        state.close()


class _Clock:
    """Tells the moment at which something was written down."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def known_on(evidence: Evidence, day: date) -> Evidence:
    """The evidence as it was in the morning of ``day``: complete to the day before, later rollouts unknown."""
    if evidence.data_to is None:
        return evidence
    later = max(evidence.data_to - (day - timedelta(days=1)), timedelta(0))
    return replace(
        evidence,
        rollouts=tuple(rollout for rollout in evidence.rollouts if rollout.on < day),
        until={name: until - later for name, until in evidence.until.items()},
        data_to=evidence.data_to - later,
    )


def _as_seen(portfolio: Portfolio, day: date) -> Portfolio:
    """The same changes, with milestones that were done later still open."""
    return replace(portfolio, changes=tuple(_change_as_seen(change, day) for change in portfolio.changes))


def _change_as_seen(change: ChangeView, day: date) -> ChangeView:
    steps = tuple(
        _open_again(step, day) if step.done_on and step.done_on >= day else step for step in change.milestones
    )
    design, business = readiness(steps, "design"), readiness(steps, "business")
    return replace(change, milestones=steps, design=design, business=business)


def _open_again(step: MilestoneView, day: date) -> MilestoneView:
    late = slip(step.due_on, None, status="open", today=day)
    return replace(step, status="open", done_on=None, slip_days=late)


def _state(state: State, clock: _Clock, promise: Promise, change: ChangeView, *, today: date) -> None:
    live = change.rollout_on or change.planned_on
    if live is None or live + timedelta(days=promise.days) >= today:
        return
    said_on = live + timedelta(days=promise.days)
    clock.now = datetime.combine(said_on, SAID_AT, UTC)
    known = state.statement(statement_id(change.id, promise.metric))
    state.state_impact(
        Statement(
            id=statement_id(change.id, promise.metric),
            change_id=change.id,
            metric=promise.metric,
            expected=promise.expected,
            matters=promise.matters,
            review_on=live + timedelta(days=promise.review),
            if_met=promise.if_met,
            if_missed=promise.if_missed,
            note=promise.note,
        ),
        seen_revision=known.revision if known else 0,
        rollout_on=change.rollout_on,
        today=said_on,
    )


def _hold(state: State, clock: _Clock, portfolio: Portfolio, *, today: date, ago: int, version: str) -> None:
    """A meeting with the agenda that was proposed then and the decisions it took."""
    day = workday(today - timedelta(days=ago))
    next_on = max(day + timedelta(days=DAYS_BETWEEN), today) if ago == MEETINGS[-1] else day + timedelta(DAYS_BETWEEN)
    clock.now = datetime.combine(day, DECIDED_AT, UTC)
    talked = {minute.title for minute in MINUTES if minute.ago == ago}
    decided = replace(portfolio, changes=tuple(c for c in portfolio.changes if c.title in talked))
    agenda = propose(decided, state.decisions(), state.statements(), meeting_on=day, next_on=next_on)
    meeting = state.open_meeting(day, title=suggested_title(day, None), next_on=next_on, agenda=agenda)
    changes = {change.title: change for change in portfolio.changes}
    for minute in MINUTES:
        if minute.ago == ago:
            clock.now += timedelta(minutes=7)
            seen = change_figures(changes[minute.title], metrics=portfolio.metrics, today=day)
            frozen = state.freeze(f"{version}, days before {day}", as_json(seen))
            _decide(state, clock, minute, changes[minute.title], today=today, meeting_id=meeting.id, frozen_id=frozen)
    state.change_meeting(replace(meeting, closed_at=clock.now + timedelta(minutes=20)), seen_revision=meeting.revision)


def _decide(
    state: State,
    clock: _Clock,
    minute: Minute,
    change: ChangeView,
    *,
    today: date,
    meeting_id: str | None,
    frozen_id: str | None = None,
) -> None:
    day = workday(today - timedelta(days=minute.ago))
    if meeting_id is None:
        clock.now = datetime.combine(day, DECIDED_AT, UTC)
    due, review = (None if days is None else day + timedelta(days=days) for days in (minute.due, minute.review))
    state.record(
        Decision(
            id=decision_id(change.id, meeting=meeting_id, decided_on=day),
            change_id=change.id,
            kind=minute.kind,
            other=minute.other,
            reason=minute.reason,
            owner=minute.owner,
            decided_on=day,
            meeting_id=meeting_id,
            due_on=due,
            review_on=review,
            word=change.word,
            asked=change.decide,
            frozen_id=frozen_id,
        ),
        seen_revision=0,
    )
