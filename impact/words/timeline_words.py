"""What is said about plans on a time axis and about changes that meet: milestones, slips, collisions, what is coming.

Knows no layout and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from impact.daily_tickets import GoingLive
from impact.portfolio import ChangeView, MilestoneView
from impact.words.formats import MONTHS, day_month, days, listed, span, when

END_NAMES: Mapping[str, str] = {
    "design": "Design: is it what customers need?",
    "business": "Business: are people prepared?",
    "rollout": "Rollout",
    "review": "Review",
    "other": "Other milestones",
}
"""The ends of a change in the order in which they are shown."""


def by_end(steps: Sequence[MilestoneView]) -> tuple[tuple[str, tuple[MilestoneView, ...]], ...]:
    """Milestones by the end they prepare, ends in their order and only those that have any."""
    found = [(end, tuple(step for step in steps if step.end == end)) for end in END_NAMES]
    return tuple((end, mine) for end, mine in found if mine)


def beside(step: MilestoneView, *, forecast: str = "") -> str:
    """What stands beside a milestone's mark: how late it is, for whom it was, what is to be expected of it."""
    late = step.slip_days or 0
    told = [f"{days(late)} late" if late > 0 and (step.done_on or step.overdue) else ""]
    if step.done_on is None and step.status == "done":
        told.append("done, day not recorded")
    elif step.done_on is None and not step.overdue and step.due_on is not None:
        told.append(day_month(step.due_on))
    told += [forecast, step.audience or "", step.channel or ""]
    return " · ".join(part for part in told if part)


def likely_text(on: date, first: date, last: date) -> str:
    """When a milestone is to be expected, with its likely range: likely 12 Dec (5 to 20 Dec)."""
    if first == last:
        return f"likely {day_month(on)}"
    ends = (
        f"{first.day} to {day_month(last)}" if first.month == last.month else f"{day_month(first)} to {day_month(last)}"
    )
    return f"likely {day_month(on)} ({ends})"


def beyond(step: MilestoneView, *, before: bool) -> str:
    """What stands at the edge for a milestone outside the days drawn."""
    on = step.done_on or step.due_on
    state = "done" if step.status == "done" else "planned"
    return f"‹ {state} {when(on)}" if before else f"{state} {when(on)} ›"


def no_day(step: MilestoneView) -> str:
    """What stands in the lane of a milestone without any day."""
    return "done, day not recorded" if step.status == "done" else "no day planned"


def month_starts(first: date, last: date) -> tuple[tuple[date, str], ...]:
    """The months that begin between two days, their names with the year at January and at the first."""
    found: list[tuple[date, str]] = []
    year, month = first.year, first.month
    while (on := date(year, month, 1)) <= last:
        if on >= first:
            named = f"{MONTHS[month - 1]} {year}" if month == 1 or not found else MONTHS[month - 1]
            found.append((on, named))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return tuple(found)


# --- the portfolio timeline --------------------------------------------------------------------------------------


def planned_text(change: ChangeView, planned: tuple[date, date] | None) -> str:
    """What was planned: 3 Mar to 9 Dec 2026, rollout 7 Sep 2026."""
    if planned is None:
        return "nothing planned is recorded"
    whole = span(*planned)
    return f"{whole}, rollout {when(change.planned_on)}" if change.planned_on else f"{whole}, no rollout date"


def actual_text(change: ChangeView, before: tuple[date, date] | None) -> str:
    """What has happened: begun 3 Mar 2026, live since 9 Sep 2026, 2 days late."""
    begun = f"begun {when(before[0])}" if before else "not begun"
    if change.rollout_on is None:
        return f"cancelled, {begun}" if change.status == "cancelled" else f"{begun}, not live"
    days_live = span(change.rollout_on, change.rollout_to) if change.rollout_to else when(change.rollout_on)
    late = (change.rollout_on - change.planned_on).days if change.planned_on else 0
    slip = f", {days(abs(late))} {'late' if late > 0 else 'early'}" if late else ""
    live = f"live {'from' if change.rollout_to else 'since'} {days_live}{slip}"
    return f"{begun}, {live}" if before and before[0] < change.rollout_on else live


def rollout_note(change: ChangeView, today: date) -> str:
    """What stands beside a change that is not live: its planned day, or how long that has passed."""
    if change.rollout_on is not None or change.planned_on is None:
        return ""
    late = (today - change.planned_on).days
    if late > 0:
        return f"not live, {days(late)} late"
    return day_month(change.planned_on)


def edge_text(change: ChangeView, parts: Sequence[tuple[date, date]], *, before: bool) -> str:
    """What stands in the line of a change outside the days drawn, or without any day."""
    if not parts:
        return "no day is recorded"
    if before:
        last = max(last for _, last in parts)
        return f"‹ cancelled, last day {when(last)}" if change.status == "cancelled" else f"‹ ended {when(last)}"
    return f"begins {when(min(first for first, _ in parts))} ›"


# --- the calendar ------------------------------------------------------------------------------------------------

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_text_of(on: date) -> str:
    """A day with its day of the week: Monday, 23 Nov 2026."""
    return f"{WEEKDAYS[on.weekday()]}, {when(on)}"


def going_live_text(there: Sequence[GoingLive]) -> str:
    """What goes live on a day: CHG-110 Card payment gateway switch; planned: CHG-119."""
    named = [f"{'' if g.live else 'planned: '}{g.number} {g.title}" for g in there]
    return listed(named, 5) or "no rollout"
