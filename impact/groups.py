"""What the customers of each group felt of a change: location by location, department by department, beside how many of
them answered. Knows the engine, the verdict and which groups are too small to be shown; no words and no layout.

A group is read over the very days over which the change itself is read, against the groups of services that were not
changed, by the same engine. Only complete readings are told by group: days that grow would give away, day by day, what
a few people did. A change that has to be told apart from others is not told by group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scipy.special import chdtrc, ndtri

from impact.estimate import INTERVAL_LEVEL, Estimate, NotEstimable, Panel, Rollout, Shape, adjusted, estimate
from impact.evidence import complete_days
from impact.group_answers import answering
from impact.group_facts import (
    NO_GROUP,
    Group,
    Unit,
    Window,
    chosen,
    group_days,
    groups_in,
    named_groups,
    people_behind,
    read_panels,
    span_of,
    unit_name,
    units,
)
from impact.group_privacy import hidden_groups, is_small
from impact.group_values import GroupReading, GroupsOfChange, Refusal, State
from impact.metrics import BOARD, BY_NAME, Metric
from impact.observed import Evidence
from impact.portfolio import ChangeView, Reading
from impact.settings import Settings
from impact.store import Snapshot
from impact.verdict import judge

__all__ = [
    "GroupReading",
    "GroupsOfChange",
    "Refusal",
    "State",
    "differing",
    "groups_of",
    "readable",
    "unlike_at_chance",
]

Results = Mapping[str, Mapping[str, Estimate | NotEstimable]]
"""Measure -> group -> what the engine says."""
REFUSALS: Mapping[str, Refusal] = {
    "too_early": "too_early", "cannot_separate": "overlap", "too_little": "too_little"
}  # fmt: skip


@dataclass(frozen=True)
class _Case:
    """What is read of one change: a window shape by measure, and the days of each unit by measure."""

    change: ChangeView
    evidence: Evidence
    shapes: Mapping[str, Shape]
    windows: Mapping[str, Mapping[Unit, Window]]
    own_days: Mapping[Unit, date]

    @property
    def services(self) -> frozenset[str]:
        """All services of the change; none of their groups is compared with."""
        return frozenset(r.service for r in self.evidence.rollouts if r.change_id == self.change.id)


def groups_of(
    snapshot: Snapshot, evidence: Evidence, change: ChangeView, dimension: str, *, settings: Settings, today: date
) -> GroupsOfChange:
    """A change by the groups of ``dimension`` ("location", "department", ...); see GroupsOfChange.

    The false-discovery rate of every answer is over all figures shown. Costs about a second: keep the result by data
    version.
    """
    found = GroupsOfChange(change.id, dimension, "shown", settings.privacy.smallest_group)
    if change.rollout_on is None:
        return replace(found, state="not_rolled_out")
    groups = groups_in(snapshot, dimension, today=today)
    if not groups:
        return replace(found, state="no_groups")
    shapes, unread = readable(change, evidence)
    metrics = tuple(change.reading(name).metric for name in shapes)
    found = replace(found, measures=metrics, unread=unread)
    if not shapes:
        return replace(found, state="not_read")
    case = _case(snapshot, evidence, change, shapes=shapes, groups=groups)
    people = people_behind(snapshot, case.windows, metrics, {group.id for group in groups})
    first = people[metrics[0].name]
    there = [group for group in groups if any(first.get(group.id, ()))]
    if len(there) < 2:
        return replace(found, state="one_group" if there else "none_named")
    hidden = _hidden(people, groups, found.smallest)
    there.sort(key=lambda group: (-len(set().union(*first[group.id])), group.name))
    shown = [group for group in there if group.id not in hidden[metrics[0].name]]
    found = replace(found, hidden=len(there) - len(shown))
    return (
        _told(snapshot, found, case, shown, hidden=hidden, settings=settings)
        if shown
        else replace(found, state="all_hidden")
    )


def readable(change: ChangeView, evidence: Evidence) -> tuple[dict[str, Shape], tuple[tuple[Metric, Refusal], ...]]:
    """The board measures of a change that can be read by group, each with the days it is read over; and why the others
    cannot: the change's own reading is not complete, not told apart, or not there."""
    shapes: dict[str, Shape] = {}
    unread: list[tuple[Metric, Refusal]] = []
    for name in (metric.name for metric in BOARD):
        reading = change.reading(name)
        result = reading.result
        if name not in evidence.panels:
            unread.append((reading.metric, "no_data"))
        elif not isinstance(result, Estimate):
            unread.append((reading.metric, REFUSALS.get(reading.verdict.word, "no_data")))
        elif result.look is not None:
            unread.append((reading.metric, "too_early"))
        elif result.method != "separate":
            unread.append((reading.metric, "overlap"))
        else:
            shapes[name] = result.shape
    return shapes, tuple(unread)


def _case(
    snapshot: Snapshot, evidence: Evidence, change: ChangeView, *, shapes: Mapping[str, Shape], groups: Sequence[Group]
) -> _Case:
    """The days of every unit of the change: those of its service, or of the group where it has a day of its own."""
    own_days = group_days(snapshot)
    on = {rollout.service: rollout.on for rollout in evidence.rollouts if rollout.change_id == change.id}
    windows: dict[str, dict[Unit, Window]] = {}
    for name, shape in shapes.items():
        result = change.reading(name).result
        services = result.services if isinstance(result, Estimate) else ()
        windows[name] = {
            (service, group): Window.around(own_days.get((change.id, group), on[service]), shape)
            for service in services
            for group in (NO_GROUP, *(group.id for group in groups))
            if service in on
        }
    return _Case(change, evidence, shapes, windows, own_days)


def _hidden(
    people: Mapping[str, Mapping[str, tuple[set[str], set[str]]]], groups: Sequence[Group], smallest: int
) -> dict[str, frozenset[str]]:
    """The groups too small to be shown, by measure. Those of the first measure are hidden in every one."""
    nobody: tuple[set[str], set[str]] = (set(), set())
    always = frozenset(group.id for group in groups if group.people is not None and group.people < smallest)
    hidden: dict[str, frozenset[str]] = {}
    for name, found in people.items():
        own = {group.id: found.get(group.id, nobody) for group in groups}
        few = {group for group, periods in own.items() if is_small(periods, smallest)}
        covered = hidden_groups(own, found.get(NO_GROUP, nobody), smallest=smallest, always=always)
        hidden[name] = covered | few
        always = always if len(hidden) > 1 else hidden[name]
    return hidden


def _told(
    snapshot: Snapshot,
    found: GroupsOfChange,
    case: _Case,
    shown: Sequence[Group],
    *,
    hidden: Mapping[str, frozenset[str]],
    settings: Settings,
) -> GroupsOfChange:
    """The same with the figures of the groups that may be shown."""
    panels = _panels(snapshot, found, case, settings)
    results = {m.name: _results(panels[m.name], case, shown) for m in found.measures if m.name in panels}
    readings = _readings(found, case, shown, results=results, hidden=hidden)
    may = [group.id for group in shown if group.id not in hidden.get("satisfaction", {group.id})]
    until = case.evidence.until.get("response_rate")
    asked = answering(panels, case.windows.get("satisfaction", {}), may, until=until)
    named = named_groups(snapshot, case.change.id)
    differ = {m.name: differing([readings[group.id][m.name] for group in shown]) for m in found.measures}
    return replace(
        found,
        groups=tuple(GroupReading(g.id, g.name, g.id in named, readings[g.id], asked.get(g.id)) for g in shown),
        differ={name: chance for name, chance in differ.items() if chance is not None},
    )


def _panels(snapshot: Snapshot, found: GroupsOfChange, case: _Case, settings: Settings) -> dict[str, Panel]:
    """Panels over the units of the change's services and those compared with."""
    volumes = units(snapshot, found.dimension)
    first, last = span_of(case.evidence, case.change.rollout_on or date.max)
    complete = {source: min(day, last) for source, day in complete_days(snapshot, settings.reporting).items()}
    known = min((panel.first_on for panel in case.evidence.panels.values()), default=first)
    asked = chosen(volumes, case.services, ((case.evidence.data_to or last) - known).days + 1)
    metrics = [*found.measures, BY_NAME["response_rate"]]
    return read_panels(snapshot, metrics, asked, complete=complete, first_on=first, own=case.services)


def _results(panel: Panel, case: _Case, shown: Sequence[Group]) -> dict[str, Estimate | NotEstimable]:
    """What the engine says of each group: the change on a group is a change of its own."""
    evidence, shape = case.evidence, case.shapes[panel.metric]
    of_service: dict[str, list[str]] = {}
    for name in panel.services:
        of_service.setdefault(name.split("|", 1)[0], []).append(name)
    rollouts = [
        _rollout(rollout, unit, case.own_days)
        for rollout in evidence.rollouts
        for unit in of_service.get(rollout.service, ())
    ]
    asked = {unit_name((case.change.id, group.id)): group.id for group in shown}
    answers = estimate(
        panel, rollouts, shapes=(Shape(shape.pre, shape.post),), holidays=evidence.holidays,
        until=evidence.until[panel.metric], changes=asked.keys(),
    )  # fmt: skip
    found: dict[str, Estimate | NotEstimable] = {}
    for one in answers:
        whole: Estimate | NotEstimable = replace(one, change_id=case.change.id)
        if isinstance(whole, Estimate):
            services = tuple(sorted({unit.split("|", 1)[0] for unit in whole.services}))
            whole = replace(whole, services=services)
            if whole.look is not None:
                whole = NotEstimable(
                    whole.change_id, panel.metric, None, "too_early", whole.final_days, whole.look,
                    possible_from=whole.final_from,
                )  # fmt: skip
        found[asked[one.change_id]] = whole
    return found


def _rollout(rollout: Rollout, unit: str, own_days: Mapping[Unit, date]) -> Rollout:
    """A rollout on a service as it met one of its groups."""
    group = unit.split("|", 1)[1]
    own = own_days.get((rollout.change_id, group))
    name = unit_name((rollout.change_id, group))
    return Rollout(name, unit, rollout.on, rollout.to) if own is None else Rollout(name, unit, own)


def _readings(
    found: GroupsOfChange,
    case: _Case,
    shown: Sequence[Group],
    *,
    results: Mapping[str, Mapping[str, Estimate | NotEstimable]],
    hidden: Mapping[str, frozenset[str]],
) -> dict[str, dict[str, Reading | None]]:
    """Group -> measure -> its reading, judged among all figures shown; None where it is hidden. A measure of the change
    that is on hold is on hold for its groups."""
    cells = {
        (group.id, m.name): results.get(m.name, {}).get(group.id)
        or NotEstimable(case.change.id, m.name, None, "no_data")
        for group in shown
        for m in found.measures
        if group.id not in hidden[m.name]
    }
    told = {cell: one for cell, one in cells.items() if isinstance(one, Estimate)}
    among = dict(zip(told, adjusted([one.p_value for one in told.values()]), strict=True))
    readings: dict[str, dict[str, Reading | None]] = {g.id: dict.fromkeys(case.shapes) for g in shown}
    for (group_id, name), one in cells.items():
        if isinstance(one, Estimate):
            one = replace(one, q_value=among[group_id, name])
        own = case.change.reading(name)
        readings[group_id][name] = Reading(own.metric, one, judge(own.metric, one, hold=own.verdict.hold))
    return readings


def differing(readings: Sequence[Reading | None]) -> float | None:
    """See GroupsOfChange.differ; None for fewer than two figures."""
    told = [r.result for r in readings if r is not None and isinstance(r.result, Estimate)]
    return unlike_at_chance(told) if len(told) > 1 else None


def unlike_at_chance(told: Sequence[Estimate]) -> float:
    """How often groups that all felt the same would come out as unlike as these (Cochran 1954, with the widths of the
    likely ranges). Groups of one service share what hits the service, and the ranges know it: an upper bound."""
    wide = 2.0 * float(ndtri(0.5 + INTERVAL_LEVEL / 2))
    weights = [(wide / max(one.high - one.low, 1e-9)) ** 2 for one in told]
    middle = sum(w * one.effect for w, one in zip(weights, told, strict=True)) / sum(weights)
    apart = sum(w * (one.effect - middle) ** 2 for w, one in zip(weights, told, strict=True))
    return float(chdtrc(len(told) - 1, apart))
