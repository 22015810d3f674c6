"""What people record in and around steering meetings: meetings, decisions, statements of expected impact, and how each
is named, so that links and two writers mean the same. Values only: knows no storage, no layout and no estimates.

Every record has revisions: an edit makes a new one, whoever edits says which one they saw, and none is ever lost.
``*_by`` is the keyed hash of a signed-in person, or empty; never a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from impact.model import ImpactError
from impact.verdict import Word

DecisionKind = Literal["continue", "fix_first", "pause", "roll_back", "close_benefit", "other"]
"""Go on; repair before anything else; stop the rollout where it is; take it back; done and paid back; said in words."""
AgendaReason = Literal["decide", "worse", "review", "rolling_out", "late", "hand"]
"""Needs a decision; customers are worse off; review due; rolls out before the next meeting; late; put on by hand."""


@dataclass(frozen=True, kw_only=True)
class AgendaItem:
    """A change on the agenda of a meeting, why it is there, and what somebody noted about it."""

    change_id: str
    reasons: tuple[AgendaReason, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A steering meeting of the whole portfolio (``team_id`` None) or of one team.

    ``id`` is stable and may stand in links. ``frozen_id`` names the figures its newest pack holds; ``closed_at`` is
    None while decisions are still recorded.
    """

    id: str
    held_on: date
    title: str
    team_id: str | None = None
    next_on: date | None = None
    agenda: tuple[AgendaItem, ...] = ()
    frozen_id: str | None = None
    closed_at: datetime | None = None
    revision: int = 0
    recorded_at: datetime | None = None
    recorded_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about a change: in a meeting, or without one (``meeting_id`` None) on a day.

    ``other`` says what, for the kind "other". ``owner`` is a role or a team. ``word`` and ``asked`` are the change's
    word and what was asked of the room when it was decided; ``frozen_id`` names the figures that were seen then. A
    withdrawn decision stays on record and counts for nothing. ``first_at`` is when its first revision was recorded.
    """

    id: str
    change_id: str
    kind: DecisionKind
    reason: str
    owner: str
    decided_on: date
    meeting_id: str | None = None
    other: str = ""
    due_on: date | None = None
    review_on: date | None = None
    word: Word | None = None
    asked: tuple[str, ...] = ()
    data_version: str = ""
    frozen_id: str | None = None
    withdrawn: bool = False
    revision: int = 0
    recorded_at: datetime | None = None
    recorded_by: str = ""
    first_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """An entry of the impact register: the effect somebody expects of a change on one measure, said beforehand.

    ``expected`` and ``matters`` are in the unit the measure is shown in: percent for counts and durations, points for
    ratings and shares, minutes for lost time; ``expected`` has a sign, ``matters`` is the smallest effect worth having.
    On ``review_on`` the measured effect decides: ``if_met`` or ``if_missed`` is what then is to be done.
    ``after_rollout`` marks a revision made when customers had met the change already: it is shown, and not judged.
    """

    id: str
    change_id: str
    metric: str
    expected: float
    matters: float
    review_on: date
    if_met: DecisionKind = "continue"
    if_missed: DecisionKind = "fix_first"
    note: str = ""
    withdrawn: bool = False
    after_rollout: bool = False
    revision: int = 0
    recorded_at: datetime | None = None
    recorded_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """Figures as they were shown at one version of the data; ``content`` is plain JSON."""

    id: str
    data_version: str
    frozen_at: datetime
    content: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One write, as it stands in the log that is only ever added to. ``before`` is None for the first revision."""

    number: int
    at: datetime
    by: str
    table: Literal["meeting", "decision", "statement", "frozen"]
    record_id: str
    revision: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


class Conflict(ImpactError):
    """Somebody else recorded a newer revision meanwhile: it is in ``current``, and nothing was written."""

    def __init__(self, current: Meeting | Decision | Statement) -> None:
        super().__init__(
            "Somebody else recorded this while you were writing. Yours is not saved yet: look at both, then keep the "
            "other one or save yours on top of it."
        )
        self.current = current


def meeting_id(held_on: date, team_id: str | None = None) -> str:
    """``2026-12-01`` for the meeting of the whole portfolio, ``2026-12-01~team`` for that of one team."""
    return held_on.isoformat() if team_id is None else f"{held_on.isoformat()}~{team_id}"


def decision_id(change_id: str, *, meeting: str | None = None, decided_on: date | None = None) -> str:
    """One decision for a change in a meeting, or, without a meeting, for a change on a day."""
    if meeting is None and decided_on is None:
        raise ValueError("a decision is named after its meeting or after its day")
    return f"{meeting or (decided_on and decided_on.isoformat())}/{change_id}"


def statement_id(change_id: str, metric: str) -> str:
    """One statement for a change and a measure."""
    return f"{change_id}/{metric}"
