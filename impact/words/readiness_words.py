"""What is said about how ready an end of a change is: what is missing, what weighs how much, what words decided.

Knows no layout and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from impact.portfolio import ChangeView, MilestoneView, Readiness
from impact.words.formats import day_month, days, listed, percent, plural

MOST_NAMED = 4
KINDS: Mapping[str, str] = {
    "requirement": "requirement", "design": "design", "build": "build", "test": "test", "approval": "approval",
    "communication": "communication", "training": "training", "support_ready": "support ready", "rollout": "rollout",
    "review": "review", "other": "other",
}  # fmt: skip
"""Kinds of milestones as they are read."""


def missing_text(end: Readiness, *, clean: Callable[[str], str] = str) -> str:
    """What is still missing, overdue first: Training held, 35 days late; Service desk briefed, due 3 Dec. What a
    milestone weighs is told where not all weigh the same. Empty where nothing is missing. ``clean`` makes titles safe
    where they are shown."""
    told = [_missing(step, end, clean(step.title)) for step in end.open]
    if len(told) > MOST_NAMED:
        told = [*told[: MOST_NAMED - 1], f"and {len(told) - MOST_NAMED + 1} more"]
    return "; ".join(told)


def _missing(step: MilestoneView, end: Readiness, title: str) -> str:
    share = end.share(step)
    even = share is None or abs(share * end.total - 1) < 0.01
    weighs = "" if even else f" ({percent(share)} of it)"
    if step.overdue:
        return f"{title}{weighs}, {days(step.slip_days or 0)} late"
    return f"{title}{weighs}, {f'due {day_month(step.due_on)}' if step.due_on else 'no day planned'}"


def ready_text(end: Readiness, *, clean: Callable[[str], str] = str) -> str:
    """How ready an end is: 60 %: 3 of 5 milestones; missing: Training held, 35 days late."""
    if end.ratio is None:
        return "unknown: no milestones of this end, or all cancelled"
    missing = f"; missing: {missing_text(end, clean=clean)}" if end.open else ""
    return f"{percent(end.ratio)}: {end.done} of {plural(end.total, 'milestone')}{missing}"


def sorted_text(change: ChangeView) -> str:
    """Which milestones were sorted by words in their titles, because the source has no kind for them or because a rule
    of the settings speaks of them; empty where none were."""
    mine = [m for m in change.milestones if m.by_rule]
    if not mine:
        return ""
    named = listed([f"{m.title} ({KINDS.get(m.kind, m.kind)})" for m in mine])
    return f"Sorted by their words, not by the source: {named}."
