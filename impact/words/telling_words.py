"""What is said about who was told and trained: a sentence for the change, a few words for each group and step.

Knows no layout and decides nothing.
"""

from __future__ import annotations

from datetime import date

from impact.portfolio import MilestoneView
from impact.telling import Group, Reached, Step, Telling
from impact.words.formats import days, listed, plural, when

KINDS = {"communication": "Message", "training": "Training", "support_ready": "Support ready"}


def sponsor_text(telling: Telling) -> str:
    """Whether somebody stands for the change."""
    return "Sponsor named" if telling.has_sponsor else "No sponsor named"


def summary(telling: Telling) -> str:
    """Who has not been told, first of all; else that everybody has, and whether in time; and who was trained late."""
    late = [g.name for g in telling.groups if telling.live and g.trained.on and g.trained.in_time is False]
    return " ".join(filter(None, [_told(telling), f"Trained only after it: {listed(late)}." if late else ""]))


def _told(telling: Telling) -> str:
    groups = telling.groups
    if not groups:
        if any(step.milestone.kind != "support_ready" for step in telling.steps):
            return "Messages or training are planned, but for whom is not recorded."
        return "No group of customers, no message and no training is recorded for this change."
    missing = [g.name for g in groups if not g.reached and g.told.state != "unknown"]
    if missing:
        return f"Not told{'' if telling.live else ' yet'}: {listed(missing)}."
    unknown = [g.name for g in groups if not g.reached]
    if unknown:
        return f"Not recorded whether told: {listed(unknown)}."
    late = [g.name for g in groups if telling.live and in_time(g) is False]
    if late:
        return f"Told only when the change was live: {listed(late)}."
    when_told = ""
    if telling.live and all(in_time(g) for g in groups):
        when_told = " before the rollout" if all(_before(g) for g in groups) else " by the day of the rollout"
    if len(groups) == 1:
        return f"Told{when_told}: {groups[0].name}."
    return f"{'Both' if len(groups) == 2 else f'All {len(groups)}'} groups were told{when_told}."


def _before(group: Group) -> bool:
    """Whether the group was told, or trained, on a day before it met the change."""
    days_done = [r.on for r in (group.told, group.trained) if r.state == "done" and r.on is not None]
    return group.meets_on is not None and any(on < group.meets_on for on in days_done)


def in_time(group: Group) -> bool | None:
    """Whether the group was told, or trained, by the day it met the change."""
    done = [r.in_time for r in (group.told, group.trained) if r.state == "done"]
    return True if True in done else None if None in done or not done else False


def told_text(group: Group, *, live: bool) -> str:
    """Whether and when a group was told: told 3 Sep 2026 by newsletter, 4 days before."""
    return _text(group.told, group, "told", live=live)


def trained_text(group: Group, *, live: bool) -> str:
    """The same for training; a dash where none is planned."""
    return "–" if group.trained.state == "nothing" else _text(group.trained, group, "trained", live=live)


def support_text(telling: Telling) -> str:
    """Whether those who are asked for help are prepared."""
    found = telling.support
    if found.state == "done":
        return f"Support ready since {when(found.on)}{_against(found, telling.meets_on, telling.live)}"
    if found.state == "late":
        return f"Support not ready: {days(found.late_days)} late"
    if found.state == "planned":
        return f"Support to be ready by {when(found.on)}" if found.on else "Support planned, no day yet"
    return "Nothing recorded about support being ready"


def mark(reached: Reached) -> str:
    """The shape that repeats the state: done, late, to come, unknown."""
    return {"done": "◆", "late": "▼", "planned": "○", "unknown": "?", "nothing": "–"}[reached.state]


def _text(reached: Reached, group: Group, verb: str, *, live: bool) -> str:
    through = f" ({reached.channel})" if reached.channel else ""
    if reached.state == "done":
        on = f" on {when(reached.on)}" if reached.on else ", day not recorded"
        return f"{verb}{on}{through}{_against(reached, group.meets_on, live)}"
    if reached.state == "unknown":
        done = {"told": "a message went out", "trained": "a training was held"}[verb]
        on = f" on {when(reached.on)}" if reached.on else ""
        return f"not recorded: {done}{on}, for whom is not said"
    if reached.state == "nothing":
        return f"not {verb}, nothing planned"
    day = f"planned for {when(reached.on)}" if reached.on else "planned, no day yet"
    if reached.state == "late":
        return f"not {verb}, {day}{through}: {days(reached.late_days)} late"
    after = ", after the rollout" if reached.in_time is False else ""
    return f"not {verb}, {day}{through}{after}"


def _against(reached: Reached, meets: date | None, live: bool) -> str:
    """How long before or after the rollout something was done."""
    if reached.on is None or meets is None or not live:
        return ""
    left = (meets - reached.on).days
    if left == 0:
        return ", on the day of the rollout"
    return f", {days(left)} before the rollout" if left > 0 else f", {days(-left)} after the rollout"


def for_whom(step: Step) -> str:
    """Whom a step is for."""
    named = listed(list(step.groups))
    if step.everyone:
        return f"{named} and everyone concerned" if named else "everyone concerned"
    return named or "not recorded"


def step_state(step: MilestoneView) -> str:
    """Where a step stands, with its slip."""
    late = step.slip_days or 0
    if step.done_on is not None:
        told = f"done {when(step.done_on)}"
        return f"{told}, {days(abs(late))} {'late' if late > 0 else 'early'}" if late else told
    if step.status == "done":
        return "done, day not recorded"
    return f"open, {days(late)} late" if step.overdue else "to come"


def count_text(telling: Telling) -> str:
    """How many steps are done, of how many."""
    done = sum(s.milestone.status == "done" or s.milestone.done_on is not None for s in telling.steps)
    return f"{done} of {plural(len(telling.steps), 'step')} done"
