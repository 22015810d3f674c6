"""What may be recorded: each check gives the record tidied up, or says what is wrong, what is allowed and what to do.

Knows the rules of a record by itself; no storage, no other record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from impact.keeping.naming import HIDDEN
from impact.keeping.plain import in_utc
from impact.metrics import BY_NAME, LOST_CAP_MINUTES
from impact.model import ImpactError
from impact.records import (
    AgendaItem,
    AgendaReason,
    Decision,
    DecisionKind,
    Meeting,
    Statement,
    decision_id,
    meeting_id,
    statement_id,
)
from impact.verdict import Word

LONGEST = {"title": 200, "reason": 2000, "other": 200, "owner": 120, "note": 2000, "asked": 2000, "data_version": 200,
           "change": 300, "team": 300}  # fmt: skip
"""Characters a text may have."""
LARGEST = {"percent": 1000.0, "points": 200.0, "share": 100.0, "minutes": float(LOST_CAP_MINUTES)}
"""The largest effect on a measure of a scale that is taken for one and not for a slip of the pen, in its unit."""
UNITS = {"percent": "percent", "points": "points", "share": "percentage points", "minutes": "minutes"}
_PERSON = re.compile(r"[0-9a-f]{32}")
_MOST_ITEMS = 500


class RecordRefused(ImpactError):
    """Something cannot be recorded as it is. ``field`` is the field to correct, so that a form can point at it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def checked_person(by: str) -> str:
    """Empty, or a keyed hash: a name, a login or an address is refused without being repeated."""
    if by and not _PERSON.fullmatch(by):
        raise RecordRefused(
            "recorded_by", "Who records is kept as a keyed hash of 32 characters, or empty; this is neither."
        )
    return by


def checked_meeting(meeting: Meeting) -> Meeting:
    """A meeting with a title, an agenda of known reasons, and the id of its day and team."""
    if meeting.team_id is not None:
        _id("team", meeting.team_id, "The team of the meeting")
    expected = meeting_id(meeting.held_on, meeting.team_id)
    if meeting.id != expected:
        raise RecordRefused(
            "held_on",
            f"The meeting {meeting.id!r} cannot move to another day or team; that would be {expected!r}. "
            "Open a meeting for that day instead; this one stays on record.",
        )
    if meeting.next_on is not None and meeting.next_on <= meeting.held_on:
        raise RecordRefused(
            "next_on",
            f"The next meeting, {meeting.next_on}, is not after this one, {meeting.held_on}. Choose a later day.",
        )
    return replace(
        meeting,
        title=_text("title", meeting.title, "The title of the meeting", needed=True),
        agenda=_agenda(meeting.agenda),
        closed_at=None if meeting.closed_at is None else in_utc(meeting.closed_at),
    )


def _agenda(items: Iterable[AgendaItem]) -> tuple[AgendaItem, ...]:
    found: dict[str, AgendaItem] = {}
    for item in items:
        change_id = _id("change", item.change_id, "The change")
        if change_id in found:
            raise RecordRefused("agenda", f"The change {change_id!r} is on the agenda twice. Take one of them off.")
        for reason in item.reasons:
            _word("agenda", reason, get_args(AgendaReason), "A reason to be on the agenda")
        note = _text("note", item.note, f"The note on {change_id}")
        found[change_id] = AgendaItem(change_id=change_id, reasons=tuple(item.reasons), note=note)
    if len(found) > _MOST_ITEMS:
        raise RecordRefused("agenda", f"The agenda has {len(found)} changes; at most {_MOST_ITEMS} can be kept.")
    return tuple(found.values())


def checked_decision(decision: Decision) -> Decision:
    """A decision that says what, why, whose and until when. What stands in ``other`` counts for the kind "other" only
    and is left out for every other kind."""
    change_id = _id("change", decision.change_id, "The change")
    _named_after(decision)
    kind = _word("kind", decision.kind, get_args(DecisionKind), "The kind of decision")
    other = _text("other", decision.other if kind == "other" else "", "What was decided", needed=kind == "other")
    for field, what in (("due_on", "due"), ("review_on", "reviewed")):
        day: date | None = getattr(decision, field)
        if day is not None and day < decision.decided_on:
            raise RecordRefused(
                field,
                f"It would be {what} on {day}, before it was decided on {decision.decided_on}. "
                "Choose that day or a later one, or leave it open.",
            )
    if decision.word is not None:
        _word("word", decision.word, get_args(Word), "The word of the change")
    return replace(
        decision,
        change_id=change_id,
        other=other,
        reason=_text("reason", decision.reason, "The reason", needed=True),
        owner=_owner(decision.owner),
        asked=tuple(_text("asked", text, "What was asked", needed=True) for text in decision.asked),
        data_version=_text("data_version", decision.data_version, "The version of the data"),
    )


def _named_after(decision: Decision) -> None:
    named = decision.id.removesuffix(f"/{decision.change_id}")
    if decision.meeting_id is not None:
        right = named == decision.meeting_id
    else:
        right = re.fullmatch(r"\d{4}-\d{2}-\d{2}", named) is not None
    if not right or named == decision.id:
        expected = decision_id(decision.change_id, meeting=decision.meeting_id, decided_on=decision.decided_on)
        raise RecordRefused(
            "id", f"{decision.id!r} is not the id of this decision; it is named {expected!r}. Use decision_id()."
        )


def _owner(owner: str) -> str:
    text = _text("owner", owner, "The owner", needed=True)
    if "@" in text or "\\" in text:
        raise RecordRefused(
            "owner",
            "The owner looks like an address or a login of a person, and no person is recorded by name. "
            "Write a role or a team, such as 'Service owner payments' or 'Network team'.",
        )
    return text


def checked_statement(statement: Statement, *, rollout_on: date | None) -> Statement:
    """A statement about a measure that exists, with an effect that is possible on its scale."""
    change_id = _id("change", statement.change_id, "The change")
    metric = BY_NAME.get(statement.metric)
    if metric is None:
        raise RecordRefused(
            "metric", f"There is no measure {statement.metric!r}. Measures: {', '.join(BY_NAME)}. Choose one of them."
        )
    if statement.id != statement_id(change_id, metric.name):
        expected = statement_id(change_id, metric.name)
        raise RecordRefused(
            "id", f"{statement.id!r} is not the id of this statement; it is named {expected!r}. Use statement_id()."
        )
    if not statement.withdrawn and rollout_on is not None and statement.review_on <= rollout_on:
        raise RecordRefused(
            "review_on",
            f"The review on {statement.review_on} would be before customers have met the change: it rolls out on "
            f"{rollout_on}. Choose a later day.",
        )
    for field in ("if_met", "if_missed"):
        _word(field, getattr(statement, field), get_args(DecisionKind), "What is to be done then")
    return replace(
        statement,
        expected=_effect(statement.expected, metric.scale, metric.label),
        matters=_margin(statement.matters, metric.scale, metric.label),
        note=_text("note", statement.note, "The note"),
    )


def _effect(value: float, scale: str, label: str) -> float:
    most, unit = LARGEST[scale], UNITS[scale]
    ends, within = (f"{-most:g}", value >= -most) if scale != "percent" else ("more than -100", value > -100)
    if not (math.isfinite(value) and value != 0 and within and value <= most):
        raise RecordRefused(
            "expected",
            f"An expected effect of {value:g} {unit} on {label} is not possible. Allowed is {ends} to {most:g} {unit}, "
            "and not 0: a fall has a minus sign. Correct it.",
        )
    return float(value)


def _margin(value: float, scale: str, label: str) -> float:
    most, unit = LARGEST[scale], UNITS[scale]
    if not (math.isfinite(value) and 0 < value <= most):
        raise RecordRefused(
            "matters",
            f"{value:g} {unit} cannot be the smallest effect on {label} that matters. Allowed is more than 0, to "
            f"{most:g} {unit}, without a sign. Correct it.",
        )
    return float(value)


def _id(field: str, value: str, what: str) -> str:
    """An id as it stands in links: kept as it is."""
    if _text(field, value, what, needed=True) != value:
        raise RecordRefused(f"{field}_id", f"{what} is given as {value!r}, with blanks around it. Use the id as it is.")
    return value


def _word(field: str, value: Any, allowed: tuple[Any, ...], what: str) -> Any:
    if value not in allowed:
        raise RecordRefused(field, f"{what} is {value!r}. Allowed: {', '.join(allowed)}. Choose one of them.")
    return value


def _text(field: str, value: str, what: str, *, needed: bool = False) -> str:
    """A text without blanks around it, with plain line ends."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    name = f"{field}_id" if field in ("change", "team") else field
    if needed and not text:
        raise RecordRefused(name, f"{what} is missing. Write it in a few words.")
    if len(text) > LONGEST[field]:
        raise RecordRefused(
            name, f"{what} has {len(text):,} characters; at most {LONGEST[field]:,} can be kept. Shorten it."
        )
    if hidden := HIDDEN.search(text):
        raise RecordRefused(name, f"{what} holds a character that cannot be shown ({hidden[0]!r}). Take it out.")
    return text
