"""A decision while it is written: what is typed, what is missing, and the record that comes out of it. Pure: knows
neither storage nor layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

from impact.portfolio import ChangeView
from impact.records import Decision, DecisionKind, Meeting, decision_id

KINDS: tuple[DecisionKind, ...] = get_args(DecisionKind)
Missing = Literal["kind", "other", "reason", "owner", "owner_address", "due_early", "review_early"]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What stands in the form."""

    kind: DecisionKind | None = None
    other: str = ""
    reason: str = ""
    owner: str = ""
    due_on: date | None = None
    review_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """When and where a decision is taken: in a meeting, or without one. ``on`` is the day it counts from."""

    on: date
    meeting: Meeting | None = None

    def decision_id(self, change_id: str) -> str:
        """One decision a change and meeting; without a meeting, one a change and day."""
        return decision_id(change_id, meeting=self.meeting.id if self.meeting else None, decided_on=self.on)


def occasion(today: date, meeting: Meeting | None = None) -> Occasion:
    """A decision counts from its meeting's day, but never from a day that is still to come."""
    return Occasion(on=min(meeting.held_on, today) if meeting else today, meeting=meeting)


def first_draft(change: ChangeView, now: Occasion, *, every_days: int, before: Decision | None = None) -> Draft:
    """What stands in the form to begin with: this meeting's own decision where there is one, else the change's team
    and the day of the next meeting for the review."""
    if before is not None:
        return draft_of(before)
    following = now.meeting.next_on if now.meeting else None
    return Draft(owner=change.team or "", review_on=following or now.on + timedelta(days=every_days))


def review_once_chosen(draft: Draft, usual: date | None, *, was_closing: bool) -> date | None:
    """The review of a draft whose kind was just chosen. Closing a change needs none: the usual one that nobody touched
    goes, and comes back where something else is chosen after all."""
    closing = draft.kind == "close_benefit"
    if closing and draft.review_on == usual:
        return None
    return usual if was_closing and not closing and draft.review_on is None else draft.review_on


def draft_of(decision: Decision) -> Draft:
    """The form as it was filled in for a decision."""
    return Draft(
        kind=decision.kind,
        other=decision.other,
        reason=decision.reason,
        owner=decision.owner,
        due_on=decision.due_on,
        review_on=decision.review_on,
    )


def missing(draft: Draft, on: date) -> tuple[Missing, ...]:
    """What keeps a draft from being recorded, in the order of the form; empty: nothing."""
    return tuple(_missing(draft, on))


def _missing(draft: Draft, on: date) -> Iterator[Missing]:
    if draft.kind is None:
        yield "kind"
    if draft.kind == "other" and not draft.other.strip():
        yield "other"
    if not draft.reason.strip():
        yield "reason"
    if "@" in draft.owner or "\\" in draft.owner:
        yield "owner_address"
    elif not draft.owner.strip():
        yield "owner"
    if draft.due_on is not None and draft.due_on < on:
        yield "due_early"
    if draft.review_on is not None and draft.review_on <= on:
        yield "review_early"


def decided(
    draft: Draft,
    change: ChangeView,
    now: Occasion,
    *,
    asked: Sequence[str],
    data_version: str,
    frozen_id: str | None,
    before: Decision | None = None,
) -> Decision:
    """The record of a complete draft: with it go the change's word, what was asked, and the figures that were seen.
    ``before`` is the revision it replaces. Raises ValueError for a draft without a kind."""
    if draft.kind is None:
        raise ValueError("a decision needs a kind")
    meeting_id = now.meeting.id if now.meeting else before.meeting_id if before else None
    return Decision(
        id=now.decision_id(change.id),
        change_id=change.id,
        kind=draft.kind,
        reason=draft.reason.strip(),
        owner=draft.owner.strip(),
        decided_on=now.on,
        meeting_id=meeting_id,
        other=draft.other.strip() if draft.kind == "other" else "",
        due_on=draft.due_on,
        review_on=draft.review_on,
        word=change.word,
        asked=tuple(asked),
        data_version=data_version,
        frozen_id=frozen_id,
        revision=before.revision if before else 0,
    )


def asked_then(change: ChangeView, settling: Decision | None) -> tuple[str, ...]:
    """What is asked of the room about a change: also what only an earlier decision keeps quiet, so that the next one
    settles it too."""
    return change.decide or (settling.asked if settling is not None else ())


def withdrawn(decision: Decision) -> Decision:
    """The same decision, counting for nothing any more."""
    return replace(decision, withdrawn=True)
