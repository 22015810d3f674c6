"""Which changes a steering meeting should talk about, in which order and why. Pure: knows neither storage nor layout.

First what needs a decision, then where customers are worse off, what is due for review, what rolls out before the next
meeting, and what is late; a change is there once, with all its reasons. Whatever has none of them is not proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from impact.portfolio import ChangeView, Portfolio
from impact.records import AgendaItem, AgendaReason, Decision, DecisionKind, Statement
from impact.settled import in_force, settles

REASONS: tuple[AgendaReason, ...] = get_args(AgendaReason)
"""In the order of the agenda."""
TO_BE_FOLLOWED: tuple[DecisionKind, ...] = ("fix_first", "pause", "roll_back", "other")
"""Decisions that somebody has to carry out: while customers are worse off, each meeting looks at what came of it."""
ENDED = ("cancelled", "rolled_back")
MOST_PROPOSED = 40
"""Changes put on an agenda by proposal; more cannot be talked through. Others are added by hand."""


def propose(
    portfolio: Portfolio,
    decisions: Sequence[Decision],
    statements: Sequence[Statement],
    *,
    meeting_on: date,
    next_on: date,
    team_id: str | None = None,
) -> tuple[AgendaItem, ...]:
    """The agenda of a meeting of the whole portfolio, or of one team. ``next_on``: the day of the meeting after it."""
    newest = in_force(decisions)
    stated = defaultdict(list)
    for statement in statements:
        if not statement.withdrawn:
            stated[statement.change_id].append(statement)
    found = []
    for change in portfolio.changes:
        if team_id is not None and change.team_id != team_id:
            continue
        about = _About(change, newest.get(change.id), tuple(stated.get(change.id, ())), meeting_on, next_on)
        reasons = tuple(reason for reason in REASONS if reason in _TESTS and _TESTS[reason](about))
        if reasons:
            found.append(AgendaItem(change_id=change.id, reasons=reasons))
    return tuple(sorted(found, key=lambda item: REASONS.index(item.reasons[0])))


@dataclass(frozen=True)
class _About:
    """All that decides whether one change is on the agenda."""

    change: ChangeView
    decision: Decision | None
    statements: tuple[Statement, ...]
    meeting_on: date
    next_on: date

    @property
    def settled(self) -> bool:
        return self.decision is not None and settles(self.decision, self.change, self.meeting_on)


def _decide(about: _About) -> bool:
    return bool(about.change.decide) and not about.settled


def _worse(about: _About) -> bool:
    """Worse off, and neither taken back nor accepted as it is."""
    if about.change.word not in ("worse", "mixed") or about.change.status in ENDED:
        return False
    return not about.settled or (about.decision is not None and about.decision.kind in TO_BE_FOLLOWED)


def _review(about: _About) -> bool:
    decision = about.decision
    if decision is not None:
        if decision.review_on is not None and decision.review_on <= about.meeting_on:
            return True
        if decision.due_on is not None and decision.due_on < about.meeting_on:
            return True
    return any(s.review_on <= about.meeting_on and not _looked_at_since(about, s.review_on) for s in about.statements)


def _rolling_out(about: _About) -> bool:
    """Planned for a day from this meeting to the next, both included: on its day, the next one may come too late."""
    change = about.change
    if change.rollout_on is not None or change.planned_on is None or change.status in (*ENDED, "done"):
        return False
    return about.meeting_on <= change.planned_on <= about.next_on


def _late(about: _About) -> bool:
    """Milestones that are overdue, unless the room decided on the change after the last of them fell due."""
    change = about.change
    if not change.overdue or change.status in ENDED:
        return False
    last = max((m.due_on for m in change.overdue if m.due_on is not None), default=None)
    return last is None or not _looked_at_since(about, last)


def _looked_at_since(about: _About, day: date) -> bool:
    return about.decision is not None and about.decision.decided_on >= day


_TESTS: Mapping[AgendaReason, Callable[[_About], bool]] = {
    "decide": _decide,
    "worse": _worse,
    "review": _review,
    "rolling_out": _rolling_out,
    "late": _late,
}


# --- editing -----------------------------------------------------------------------------------------------------

Agenda = tuple[AgendaItem, ...]


def added(agenda: Agenda, items: Sequence[AgendaItem]) -> Agenda:
    """The agenda with ``items`` at its end; a change that is on it already stays where it is."""
    there = {item.change_id for item in agenda}
    new = {item.change_id: item for item in items if item.change_id not in there}
    return (*agenda, *new.values())


def carried_over(proposed: Agenda, before: Agenda, decided: Collection[str], told: str) -> Agenda:
    """The next meeting's agenda with whatever the one before it left undecided, which ``told`` is noted at: also what
    was put on by hand and what nothing asks for any more."""
    left = {
        item.change_id: replace(item, reasons=("hand",), note="; ".join(filter(None, [item.note, told])))
        for item in before
        if item.change_id not in decided
    }
    again = [replace(item, note=left[item.change_id].note) if item.change_id in left else item for item in proposed]
    return added(tuple(again), tuple(left.values()))


def removed(agenda: Agenda, change_id: str) -> Agenda:
    """The agenda without one change."""
    return tuple(item for item in agenda if item.change_id != change_id)


def moved(agenda: Agenda, change_id: str, steps: int) -> Agenda:
    """The agenda with one change further down (or, with negative ``steps``, up), at most to its end."""
    place = _place(agenda, change_id)
    if place is None:
        return agenda
    left = removed(agenda, change_id)
    there = min(max(place + steps, 0), len(left))
    return (*left[:there], agenda[place], *left[there:])


def noted(agenda: Agenda, change_id: str, note: str) -> Agenda:
    """The agenda with a note at one change."""
    return tuple(replace(item, note=note) if item.change_id == change_id else item for item in agenda)


def neighbours(agenda: Agenda, change_id: str) -> tuple[str | None, str | None]:
    """The changes before and after one on the agenda; before one that is not on it is none, and the first after it."""
    place = _place(agenda, change_id)
    if place is None:
        return None, agenda[0].change_id if agenda else None
    ids = [item.change_id for item in agenda]
    return ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None


def first_open(agenda: Agenda, decided: Collection[str]) -> str | None:
    """The first change on which nothing is decided yet, else the first one; None for an empty agenda."""
    ids = [item.change_id for item in agenda]
    return next((change_id for change_id in ids if change_id not in decided), ids[0] if ids else None)


def _place(agenda: Agenda, change_id: str) -> int | None:
    return next((i for i, item in enumerate(agenda) if item.change_id == change_id), None)
