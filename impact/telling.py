"""Who was told of a change, who was trained, and who was not: groups of customers against messages and training.

Pure: plan values in, plan values out. Knows no words on screen and no layout; says nothing of single people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from impact.portfolio import ChangeView, MilestoneView

State = Literal["done", "late", "planned", "unknown", "nothing"]
"""Done; open past its day; still to come; done, but for whom is not recorded; nothing planned."""
EVERYONE = frozenset({
    "everyone", "everybody", "all", "all concerned", "everyone concerned", "everybody concerned", "all affected",
    "everyone affected", "all colleagues", "all staff", "all users", "all customers", "all employees",
    "whole organisation", "whole company", "alle", "alle betroffenen", "alle mitarbeitenden", "alle anwender",
    "alle kolleginnen und kollegen", "tous", "toutes et tous", "tout le monde", "tous les utilisateurs",
    "tous les collaborateurs",
})  # fmt: skip
"""Audiences that are every group a change touches."""
BETWEEN = r"(?:[,;/&+|\n]|\band\b|\bund\b|\bet\b)"
FILLING = r"(?:(?:all|the|everyone in|everybody in|colleagues in|staff in|users in|people in|alle|die|le|la|les)\s+)*"
"""What may stand before a group's name."""


@dataclass(frozen=True)
class Reached:
    """How far a group is with one thing, being told or being trained.

    ``on`` is the day it was done, or is planned; ``late_days`` how long it is overdue. ``in_time`` says whether it was
    done, or is planned, by the day the group meets the change; None where either day is not known.
    """

    state: State
    on: date | None = None
    channel: str | None = None
    late_days: int = 0
    in_time: bool | None = None


@dataclass(frozen=True)
class Group:
    """A stakeholder group: one the change touches (``segment_id``), or one that only a milestone names (None)."""

    name: str
    segment_id: str | None
    meets_on: date | None
    told: Reached
    trained: Reached

    @property
    def reached(self) -> bool:
        """Told, or trained, which tells too."""
        return "done" in (self.told.state, self.trained.state)


@dataclass(frozen=True)
class Step:
    """A message, a training or support made ready, the groups it is for, and whether it was in time."""

    milestone: MilestoneView
    groups: tuple[str, ...]
    everyone: bool
    in_time: bool | None


@dataclass(frozen=True)
class Telling:
    """Everything about who was told: ``groups`` in the order of the change's own, then those only milestones name."""

    has_sponsor: bool
    meets_on: date | None
    live: bool
    groups: tuple[Group, ...]
    steps: tuple[Step, ...]
    support: Reached


TOLD = ("communication",)
TRAINED = ("training",)
SUPPORT = ("support_ready",)


def telling(change: ChangeView, today: date) -> Telling:
    """Who is told and trained, from the change's groups and the audiences of its milestones.

    An audience names a group where it has its name, in any case, alone or in a list; "everyone concerned" is every
    group. A milestone without an audience tells nobody in particular: where no other does, being told is unknown.
    """
    names = tuple(segment.name for segment in change.segments)
    met = _Met(change.rollout_on or change.planned_on, change.rollout_on is not None, today)
    chosen = [m for m in change.milestones if m.kind in TOLD + TRAINED + SUPPORT and m.status != "cancelled"]
    read = [(m, *audiences(m.audience, names)) for m in chosen]
    steps = tuple(Step(m, found, everyone, _in_time(m, met)) for m, found, everyone in read)
    named = [name for s in steps if s.milestone.kind not in SUPPORT for name in s.groups]
    also = dict.fromkeys(name for name in named if name not in names)
    groups = [_group(s.name, s.id, steps, replace(met, on=s.rollout_on or met.on)) for s in change.segments]
    groups += [_group(name, None, steps, met) for name in also]
    if not groups and any(step.everyone for step in steps):
        groups = [_group("Everyone concerned", None, steps, met)]
    support = _reached([s.milestone for s in steps if s.milestone.kind in SUPPORT], met)
    return Telling(change.has_sponsor, met.on, met.live, tuple(groups), steps, support)


def audiences(text: str | None, names: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The groups an audience names, and whether it is everyone. Known names as they are spelled there, others as
    written."""
    left = " ".join((text or "").split())
    found: list[str] = []
    for name in sorted(names, key=len, reverse=True):
        bare = re.escape(" ".join(name.split()))
        pattern = rf"(^|{BETWEEN})\s*{FILLING}{bare}\s*(?=$|{BETWEEN})"
        left, count = re.subn(pattern, r"\1", left, flags=re.IGNORECASE)
        found += [name] if count else []
    if _plain(left) in EVERYONE:
        return _in_order(found, names), True
    parts = [part.strip(" .") for part in re.split(BETWEEN, left, flags=re.IGNORECASE)]
    others = dict.fromkeys(part for part in parts if part and _plain(part) not in EVERYONE)
    return (*_in_order(found, names), *others), any(_plain(part) in EVERYONE for part in parts)


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip(" .").split())


def _in_order(found: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name in found)


@dataclass(frozen=True)
class _Met:
    """When a group meets the change, whether the change is live, and today."""

    on: date | None
    live: bool
    today: date


def _group(name: str, segment_id: str | None, steps: Sequence[Step], met: _Met) -> Group:
    def mine(kinds: Sequence[str]) -> Reached:
        own = [s.milestone for s in steps if s.milestone.kind in kinds and (s.everyone or name in s.groups)]
        found = _reached(own, met)
        unnamed = [s.milestone for s in steps if s.milestone.kind in kinds and not s.groups and not s.everyone]
        if found.state != "done" and (vague := _reached(unnamed, met)).state == "done":
            return Reached("unknown", vague.on, vague.channel)
        return found

    return Group(name, segment_id, met.on, mine(TOLD), mine(TRAINED))


def _reached(own: Sequence[MilestoneView], met: _Met) -> Reached:
    """The first that was done; else the one most overdue; else the next planned; else nothing."""
    done = sorted((m for m in own if _done(m)), key=lambda m: m.done_on or date.max)
    if done:
        return Reached("done", done[0].done_on, done[0].channel, in_time=_in_time(done[0], met))
    coming = sorted(own, key=lambda m: m.due_on or date.max)
    if not coming:
        return Reached("nothing")
    first = coming[0]
    late = (met.today - first.due_on).days if first.due_on else 0
    if late > 0:
        return Reached("late", first.due_on, first.channel, late, False if met.live else None)
    return Reached("planned", first.due_on, first.channel, in_time=_in_time(first, met))


def _done(step: MilestoneView) -> bool:
    return step.status == "done" or step.done_on is not None


def _in_time(step: MilestoneView, met: _Met) -> bool | None:
    """Done, or planned, by the day of the rollout; what is done before a rollout still to come is in time."""
    if _done(step) and not met.live:
        return True
    on = step.done_on if _done(step) else step.due_on
    if on is None or met.on is None:
        return None
    return on <= met.on
