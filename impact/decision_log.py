"""Which recorded decisions a page lists: by team, kind, period and search, and those whose review is due. Pure: knows
neither storage nor layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from impact.portfolio import ChangeView
from impact.records import Decision
from impact.selection import NO_TEAM

PERIODS: Mapping[str, tuple[str, int | None]] = {
    "3m": ("3 months", 91),
    "6m": ("6 months", 182),
    "12m": ("12 months", 365),
    "all": ("All", None),
}
"""Code in the address -> label and days back from today."""
USUAL_PERIOD = "12m"


@dataclass(frozen=True)
class LogFilters:
    """What the address asks for: a team's id or "", a kind or "", a period's code, words to search."""

    team: str = ""
    kind: str = ""
    period: str = USUAL_PERIOD
    search: str = ""


def listed(
    decisions: Iterable[Decision], changes: Mapping[str, ChangeView], filters: LogFilters, today: date
) -> tuple[Decision, ...]:
    """The decisions that pass all filters, in the order given. The team is that of the change; where no source delivers
    it any more, it belongs to none."""
    return tuple(d for d in decisions if _passes(d, changes.get(d.change_id), filters, today))


def _passes(decision: Decision, change: ChangeView | None, filters: LogFilters, today: date) -> bool:
    team = change.team_id if change else None
    if filters.team and team != (None if filters.team == NO_TEAM else filters.team):
        return False
    if filters.kind and decision.kind != filters.kind:
        return False
    back = PERIODS[filters.period][1]
    if back is not None and decision.decided_on < today - timedelta(days=back):
        return False
    about = f"{change.number} {change.title} {change.team or ''}" if change else decision.change_id
    text = f"{about} {decision.reason} {decision.other} {decision.owner}".casefold()
    return all(word in text for word in filters.search.casefold().split())


def due(in_force: Iterable[Decision], today: date) -> tuple[Decision, ...]:
    """Decisions in force whose review has come or whose due day has passed, the longest waiting first."""
    found = [(day, d) for d in in_force if (day := due_on(d, today)) is not None]
    return tuple(d for _, d in sorted(found, key=lambda pair: (pair[0], pair[1].id)))


def due_on(decision: Decision, today: date) -> date | None:
    """Since when a decision wants to be looked at again; None while it does not."""
    days = [decision.review_on] if decision.review_on and decision.review_on <= today else []
    if decision.due_on and decision.due_on < today:
        days.append(decision.due_on)
    return min(days, default=None)
