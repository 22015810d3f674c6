"""From stored facts to what a meeting looks at: changes with their readings, milestones, readiness and overlaps.

Builds the panels, calls the engine, and puts milestones beside impact. Knows no layout and no words for the screen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from impact.estimate import SHAPES, Counterfactual, PlaceboRate, counterfactual, placebo_rate
from impact.evidence import gather, rows
from impact.metrics import METRICS, Metric
from impact.milestones import classified
from impact.observed import Evidence
from impact.portfolio import (
    NEIGHBOUR_DAYS,
    ChangeView,
    MilestoneView,
    Neighbour,
    Portfolio,
    Reading,
    SegmentLink,
    ServiceLink,
    readiness,
    slip,
)
from impact.ranking import worst_first
from impact.readings import Answers, answers, judged
from impact.sections import MilestoneRule
from impact.store import Snapshot
from impact.verdict import Standing, Verdict, decisions, group, overall

__all__ = ["Evidence", "false_alarms", "gather", "portfolio", "series"]


def portfolio(
    snapshot: Snapshot,
    evidence: Evidence,
    *,
    today: date,
    version: str,
    metrics: Sequence[Metric] = METRICS,
    rules: Sequence[MilestoneRule] = (),
    rates: Mapping[str, PlaceboRate | None] | None = None,
) -> Portfolio:
    """Every change with its readings. Two passes of the engine per metric: the answers, and how often it is wrong here,
    which puts answers on hold; the second is left out where ``rates`` are given. ``rules`` sort milestones by their
    words. The result is cached by data version."""
    results = answers(evidence)
    if rates is None:
        rates = {m.name: false_alarms(evidence, m.name) for m in metrics if m.name in evidence.panels}
    links = _links(snapshot, evidence)
    milestones = _milestones(snapshot, today, tuple(rules))
    segments = _segments(snapshot)
    names = dict(rows(snapshot, "SELECT id, name FROM team"))
    columns = list(_CHANGE_COLUMNS)
    changes = []
    heads = [
        dict(zip(columns, row, strict=True))
        for row in rows(snapshot, f"SELECT {', '.join(columns)} FROM change ORDER BY id")
    ]
    neighbours = _neighbours(heads, links)
    for head in heads:
        changes.append(
            _change_view(
                head,
                results=results.get(head["id"], {}),
                links=links.get(head["id"], ()),
                milestones=milestones.get(head["id"], ()),
                neighbours=neighbours.get(head["id"], ()),
                segments=segments.get(head["id"], ()),
                team=names.get(head["team_id"]),
                evidence=evidence,
                today=today,
                metrics=metrics,
                rates=rates,
            )
        )
    teams = sorted({(c.team_id, c.team or c.team_id) for c in changes if c.team_id}, key=lambda t: str(t[1]))
    shown = tuple(m for m in metrics if m.name in evidence.panels)
    return Portfolio(version, today, evidence.data_to, worst_first(changes, today), tuple(teams), shown, rates)


_CHANGE_COLUMNS = (
    "id",
    "source",
    "number",
    "title",
    "url",
    "kind",
    "status",
    "status_raw",
    "outcome",
    "outcome_raw",
    "risk",
    "team_id",
    "sponsor_key",
    "requirement",
    "expected_outcome",
    "planned_cost",
    "actual_cost",
    "expected_benefit_hours",
    "expected_benefit_money",
    "planned_on",
    "planned_end_on",
    "rollout_on",
    "missing_at",
)


def _change_view(
    head: dict[str, Any],
    *,
    results: Mapping[str, Answers],
    links: Sequence[ServiceLink],
    milestones: Sequence[MilestoneView],
    neighbours: Sequence[Neighbour],
    segments: Sequence[SegmentLink],
    team: str | None,
    evidence: Evidence,
    today: date,
    metrics: Sequence[Metric],
    rates: Mapping[str, PlaceboRate | None],
) -> ChangeView:
    first_on = min((link.rollout_on for link in links if link.rollout_on), default=head["rollout_on"])
    rolled_out = first_on is not None and first_on <= today and head["status"] != "cancelled"
    readings = tuple(
        _reading(
            metric,
            results.get(metric.name),
            rolled_out=rolled_out,
            linked=bool(links),
            delivered=metric.name in evidence.panels,
            rate=rates.get(metric.name),
        )
        for metric in metrics
    )
    word = overall([(r.metric, r.verdict) for r in readings], rolled_out)
    design, business = (readiness(milestones, end) for end in ("design", "business"))
    standing = Standing(
        today=today,
        status=head["status"],
        outcome=head["outcome"],
        rolled_out=rolled_out,
        planned_on=head["planned_on"],
        overdue_milestones=sum(m.overdue for m in milestones),
        business_readiness=business.ratio,
    )
    decide = decisions(word, standing)
    kept = {k: v for k, v in head.items() if k not in ("sponsor_key", "rollout_on")}
    return ChangeView(
        **kept,
        rollout_on=first_on if rolled_out else None,
        has_sponsor=head["sponsor_key"] is not None,
        team=team,
        services=tuple(links),
        milestones=tuple(milestones),
        readings=readings,
        neighbours=tuple(neighbours),
        segments=tuple(segments),
        design=design,
        business=business,
        word=word,
        decide=decide,
        group=group(word, decide),
    )


def _reading(
    metric: Metric,
    own: Answers | None,
    *,
    rolled_out: bool,
    linked: bool,
    delivered: bool,
    rate: PlaceboRate | None,
) -> Reading:
    if not rolled_out:
        return Reading(metric, None, Verdict("not_rolled_out", "not_rolled_out"))
    if not delivered:
        return Reading(metric, None, Verdict("no_data", "no_facts"))
    if not linked:
        return Reading(metric, None, Verdict("no_data", "no_service"))
    if own is None:
        return Reading(metric, None, Verdict("no_data", "no_facts_for_service"))
    return judged(metric, own, rate=rate)


def _links(snapshot: Snapshot, evidence: Evidence) -> dict[str, tuple[ServiceLink, ...]]:
    until = {(r.change_id, r.service): r.to for r in evidence.rollouts}
    links: dict[str, list[ServiceLink]] = defaultdict(list)
    for change_id, service_id, name, on, role, origin in rows(
        snapshot,
        "SELECT l.change_id, l.service_id, s.name, COALESCE(l.rollout_on, c.rollout_on) AS rolled_on, l.role, l.origin "
        "FROM change_service l LEFT JOIN service s ON s.id = l.service_id LEFT JOIN change c ON c.id = l.change_id "
        "ORDER BY l.change_id, s.name, l.service_id",
    ):
        label = name or service_id.split(":", 2)[-1]
        to = until.get((change_id, service_id))
        links[change_id].append(ServiceLink(service_id, label, on, role, origin, name is not None, to))
    return {change_id: tuple(found) for change_id, found in links.items()}


def _segments(snapshot: Snapshot) -> dict[str, tuple[SegmentLink, ...]]:
    """The groups each change touches, by dimension and name. A group no source delivers is called by its key."""
    links: dict[str, list[SegmentLink]] = defaultdict(list)
    for change_id, segment_id, name, dimension, role, origin, on in rows(
        snapshot,
        "SELECT l.change_id, l.segment_id, s.name, s.dimension, l.role, l.origin, l.rollout_on "
        "FROM change_segment l LEFT JOIN segment s ON s.id = l.segment_id "
        "ORDER BY l.change_id, s.dimension, s.name, l.segment_id",
    ):
        label = name or segment_id.split(":", 2)[-1]
        links[change_id].append(SegmentLink(segment_id, label, dimension or "other", role, origin, on))
    return {change_id: tuple(found) for change_id, found in links.items()}


def _milestones(
    snapshot: Snapshot, today: date, rules: tuple[MilestoneRule, ...]
) -> dict[str, tuple[MilestoneView, ...]]:
    found: dict[str, list[MilestoneView]] = defaultdict(list)
    for change_id, *rest in rows(
        snapshot,
        'SELECT change_id, title, "end", kind, kind_raw, planned_start_on, due_on, done_on, status, weight, audience, '
        "channel FROM milestone ORDER BY change_id, COALESCE(due_on, done_on), title",
    ):
        title, end, kind, kind_raw, start, due, done, status, weight, audience, channel = rest
        sorted_as = classified(title, kind_raw, kind, end, rules)
        found[change_id].append(
            MilestoneView(
                title,
                sorted_as.end,
                sorted_as.kind,
                start,
                due,
                done,
                status,
                weight,
                slip(due, done, status=status, today=today),
                audience,
                channel,
                kind_raw,
                sorted_as.by_rule,
            )
        )
    return {change_id: tuple(views) for change_id, views in found.items()}


def _neighbours(
    heads: Sequence[Mapping[str, Any]], links: Mapping[str, Sequence[ServiceLink]]
) -> dict[str, tuple[Neighbour, ...]]:
    """For each change, the other rolled-out changes on one of its services within NEIGHBOUR_DAYS of its rollout."""
    on_service: dict[str, list[tuple[ServiceLink, str]]] = defaultdict(list)
    head_of = {head["id"]: head for head in heads if head["status"] != "cancelled"}
    for change_id, found in links.items():
        for link in found:
            if link.rollout_on and change_id in head_of:
                on_service[link.id].append((link, change_id))
    result = {}
    for change_id, found in links.items():
        near: dict[str, list[ServiceLink]] = defaultdict(list)
        for link in found:
            for there, other in on_service[link.id] if link.rollout_on else ():
                if other != change_id and abs((there.rollout_on - link.rollout_on).days) <= NEIGHBOUR_DAYS:  # type: ignore[operator]
                    near[other].append(there)
        others = [_neighbour(head_of[other], there) for other, there in near.items()]
        result[change_id] = tuple(sorted(others, key=lambda n: (n.rollout_on, n.change_id)))
    return result


def _neighbour(head: Mapping[str, Any], there: Sequence[ServiceLink]) -> Neighbour:
    """A change as the neighbour it is on these of its services."""
    first = min(link.rollout_on for link in there if link.rollout_on)
    last = max(link.rollout_to or link.rollout_on for link in there if link.rollout_on)
    names = tuple(sorted({link.name for link in there}))
    to = last if last is not None and last > first else None
    return Neighbour(head["id"], head["number"], head["title"], first, names, rollout_to=to)


def series(evidence: Evidence, change: ChangeView, metric: str, *, days: int = 84) -> Counterfactual | None:
    """Observed against expected around a change's rollout, a point a week; None where there is nothing to show."""
    panel = evidence.panels.get(metric)
    if panel is None or change.rollout_on is None or evidence.data_to is None:
        return None
    result = change.reading(metric).result
    shape = getattr(result, "shape", None) or SHAPES[0]
    return counterfactual(
        panel,
        evidence.rollouts,
        change.id,
        shape=shape,
        holidays=evidence.holidays,
        from_on=max(panel.first_on, change.rollout_on - timedelta(days=days)),
        to_on=min(evidence.until[metric], change.rollout_on + timedelta(days=days)),
        days_per_point=7,
    )


def false_alarms(evidence: Evidence, metric: str) -> PlaceboRate | None:
    """How often the engine would call an effect on this installation's own dates without changes; None without data."""
    panel = evidence.panels.get(metric)
    if panel is None:
        return None
    until = evidence.until.get(metric)
    return placebo_rate(panel, evidence.rollouts, shape=SHAPES[0], holidays=evidence.holidays, until=until)
