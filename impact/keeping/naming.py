"""How meetings, decisions and statements are named, so that links and two writers mean the same. Knows no storage."""

from __future__ import annotations

import re
from datetime import date

HIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that cannot be shown, and that not every database keeps."""


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


def can_be_named(id: str) -> bool:
    """Whether anything can have this id; one from an address may be anything."""
    return HIDDEN.search(id) is None
