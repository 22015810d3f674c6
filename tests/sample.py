"""Invented changes in every state a page can meet, made without a store. Dates are around TODAY."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from impact.estimate import SHAPES, Estimate, NotEstimable, Panel, PlaceboRate, Rollout, Shape
from impact.metrics import BOARD, BY_NAME, METRICS, Metric
from impact.observed import Evidence
from impact.portfolio import ChangeView, MilestoneView, Neighbour, Portfolio, Reading, ServiceLink, readiness, slip
from impact.ranking import worst_first
from impact.verdict import Standing, Verdict, decisions, group, judge, overall
from impact.words.amounts import shown

TODAY = date(2026, 11, 23)
DATA_TO = date(2026, 11, 22)
LEVELS = {"tickets": 41.0, "time_to_resolve": math.log(380), "satisfaction": 3.9, "reopened": 0.071}
FULL = {"tickets": (-22, 5), "time_to_resolve": (-12, 6), "satisfaction": (0.3, 0.2), "reopened": (-3, 2)}
"""Effect and half width of the range, in percent of expected, points, percentage points."""


def answered(
    metric: str, effect: float, half: float, *, on: date, shape: Shape = SHAPES[0], q: float = 0.01
) -> Reading:
    """A reading whose effect and half width are in shown units: percent, points or percentage points."""
    m = BY_NAME[metric]
    ends = [_scaled(m, x) for x in (effect, effect - half, effect + half)]
    before = LEVELS.get(metric, 0.34)
    expected = before * 1.02 if m.kind == "count" else before
    after = expected * math.exp(ends[0]) if m.kind == "count" else expected + ends[0]
    clear = ends[1] > 0 or ends[2] < 0
    result = Estimate(
        "c", metric, m.kind, None, ends[0], ends[1], ends[2], 0.002 if clear else 0.4, q if clear else 0.5,
        abs(ends[2] - ends[1]) * 0.7, 1722, 431, before, after, expected, shape, on - timedelta(days=shape.pre),
        on - timedelta(days=1), on + timedelta(days=1), on + timedelta(days=shape.reach), 52, 0.9, 0.03, ("s1",),
    )  # fmt: skip
    return Reading(m, result, judge(m, result))


def _scaled(metric: Metric, value: float) -> float:
    if metric.scale == "percent":
        return math.log1p(max(value, -99) / 100)
    return value / 100 if metric.scale == "share" else value


def refused(metric: str, reason: Any, **known: Any) -> Reading:
    """A reading that the engine does not give."""
    m = BY_NAME[metric]
    result = NotEstimable("c", metric, None, reason, **known)
    return Reading(m, result, judge(m, result))


def absent(metric: str, reason: str = "no_facts") -> Reading:
    """A reading of a measure that no source delivers."""
    word: Any = "not_rolled_out" if reason == "not_rolled_out" else "no_data"
    return Reading(BY_NAME[metric], None, Verdict(word, reason))


def milestone(title: str, end: str, due: int, done: int | None, *, status: str | None = None) -> MilestoneView:
    """``due`` and ``done`` in days from TODAY."""
    status = status or ("open" if done is None else "done")
    due_on, done_on = TODAY + timedelta(days=due), None if done is None else TODAY + timedelta(days=done)
    late = slip(due_on, done_on, status=status, today=TODAY)
    return MilestoneView(title, end, "other", None, due_on, done_on, status, 1.0, late, None, None)


def plan(rollout: int, *, late: int = 4, open_from: int = 0) -> tuple[MilestoneView, ...]:
    """Six milestones around a rollout ``rollout`` days from TODAY; those from ``open_from`` days on are open."""
    steps = (
        ("Requirement agreed", "design", -120), ("Design approved", "design", -80), ("Build tested", "design", -35),
        ("Service desk briefed", "business", -14), ("Rollout", "rollout", 0), ("Benefits reviewed", "review", 60),
    )  # fmt: skip
    return tuple(
        milestone(title, end, rollout + offset, rollout + offset + late if rollout + offset < open_from else None)
        for title, end, offset in steps
    )


def change(
    number: str,
    title: str,
    readings: dict[str, Reading] | None = None,
    *,
    rollout: int | None = -60,
    planned: int | None = None,
    milestones: tuple[MilestoneView, ...] | None = None,
    team: str | None = "Identity",
    **more: Any,
) -> ChangeView:
    """One change; measures not given have no facts. ``rollout`` and ``planned`` in days from TODAY."""
    rollout_on = None if rollout is None else TODAY + timedelta(days=rollout)
    planned_on = rollout_on if planned is None else TODAY + timedelta(days=planned)
    given = readings or {}
    missing = "not_rolled_out" if rollout_on is None else "no_facts"
    all_readings = tuple(given.get(m.name, absent(m.name, missing)) for m in METRICS)
    steps = plan(rollout if rollout is not None else (planned or 0)) if milestones is None else milestones
    status = more.pop("status", "done" if rollout_on else "planned")
    word = overall([(r.metric, r.verdict) for r in all_readings], rollout_on is not None)
    design, business = readiness(steps, "design"), readiness(steps, "business")
    standing = Standing(
        today=TODAY, status=status, outcome=more.get("outcome", "successful"), rolled_out=rollout_on is not None,
        planned_on=planned_on, overdue_milestones=sum(m.overdue for m in steps), business_readiness=business.ratio,
    )  # fmt: skip
    decide = decisions(word, standing)
    base: dict[str, Any] = {
        "id": f"itsm:change:{number}", "source": "itsm", "number": number, "title": title, "url": None,
        "kind": "normal", "status": status, "status_raw": "deployed", "outcome": "successful", "outcome_raw": None,
        "risk": "medium", "team_id": team and f"itsm:team:{team.lower()}", "team": team, "has_sponsor": True,
        "requirement": "Colleagues want to sign in once", "expected_outcome": "Fewer password tickets",
        "planned_cost": 240_000.0, "actual_cost": 210_000.0, "expected_benefit_hours": 1400.0,
        "expected_benefit_money": None, "planned_on": planned_on, "planned_end_on": None, "rollout_on": rollout_on,
        "services": (ServiceLink("s1", "Sign-in", rollout_on, "changed", "source"),), "milestones": steps,
        "readings": all_readings, "neighbours": (), "design": design, "business": business, "word": word,
        "decide": decide, "group": group(word, decide),
    }  # fmt: skip
    return ChangeView(**(base | more))


def in_other_ways(reading: Reading, on: date, *, services: tuple[str, ...] = ()) -> Reading:
    """The same reading with the first days, the days after them and four weeks beside it, and service by service."""
    name, effect = reading.metric.name, shown(reading.metric, reading.result.effect)  # type: ignore[union-attr]
    others = (
        as_read(answered(name, effect * 1.9, 30, on=on, shape=Shape(42, 3, 0)), reading="first_days"),
        as_read(answered(name, effect * 0.8, 7, on=on, shape=Shape(42, 14, 4)), reading="lasting"),
        as_read(refused(name, "too_early", needed=28, have=20, possible_from=on + timedelta(days=29)), reading="late"),
    )
    own = tuple(as_read(answered(name, effect * (0.7 + 0.5 * i), 16, on=on), service=s) for i, s in enumerate(services))
    return replace(reading, others=others, services=own)


def as_read(read: Reading, **more: Any) -> Reading:
    """The same reading with other marks on its result: which days, which look, which service, with which changes."""
    assert read.result is not None
    result = replace(read.result, **more)
    return Reading(read.metric, result, judge(read.metric, result))


def full(on: date, **effects: tuple[float, float]) -> dict[str, Reading]:
    """Readings of the board measures (and CSAT), those named with other effects."""
    wanted: dict[str, tuple[float, float]] = {**FULL, "self_service": (4, 3), "csat": (4, 3), **effects}
    return {name: answered(name, effect, half, on=on) for name, (effect, half) in wanted.items()}


def every_state() -> tuple[ChangeView, ...]:
    """One change of each kind: what a steering view has to cope with."""
    on = TODAY - timedelta(days=60)
    unsure = {
        "tickets": (-3, 18), "time_to_resolve": (2, 20), "satisfaction": (0.1, 0.6), "reopened": (1, 5),
        "self_service": (1, 8),
    }  # fmt: skip
    worse = {"tickets": (14, 6), "time_to_resolve": (60, 22), "satisfaction": (-0.4, 0.2), "reopened": (1, 3)}
    none = {"tickets": (1, 3), "time_to_resolve": (-1, 4), "satisfaction": (0.02, 0.05), "reopened": (0.2, 1),
            "self_service": (0.5, 2)}  # fmt: skip
    early = {m.name: refused(m.name, "too_early", needed=14, have=5, possible_from=TODAY + timedelta(days=9))
             for m in BOARD}  # fmt: skip
    overlap = {m.name: refused(m.name, "cannot_be_separated", needed=22, have=6, blocking=("itsm:change:CHG-110",))
               for m in BOARD}  # fmt: skip
    near = (Neighbour("itsm:change:CHG-110", "CHG-110", "Card payment gateway switch", on + timedelta(days=6),
                      ("Sign-in",)),)  # fmt: skip
    few = {m.name: refused(m.name, "too_little_data", needed=10, have=3) for m in BOARD}
    bundle = as_read(answered("tickets", 18, 9, on=on), method="bundle", together=("itsm:change:CHG-110",))
    overlap["tickets"] = replace(overlap["tickets"], bundle=bundle)
    lately = TODAY - timedelta(days=6)
    look = answered("tickets", 130, 70, on=lately, shape=Shape(42, 5))
    recent = early | {
        "tickets": in_other_ways(as_read(look, look=5, multiplier=1.4, final_days=14,
                                         final_from=lately + timedelta(days=15)), lately)
    }  # fmt: skip
    gradual = tuple(
        ServiceLink(
            f"s{i}", name, on + timedelta(days=start), "changed", "source", True, on + timedelta(days=start + 6)
        )
        for i, name, start in ((1, "Sign-in", 0), (2, "Mail", 0), (3, "Wi-Fi", 12))
    )
    spread = full(on) | {"tickets": in_other_ways(answered("tickets", -22, 5, on=on), on, services=("s1", "s2", "s3"))}
    return (
        change("CHG-110", "Card payment gateway switch", full(on, **worse, self_service=(-1, 4)), team="Payments"),
        change("CHG-111", "Laptop refresh wave 2", full(on, tickets=(19, 8), reopened=(-4, 2)), team="Workplace",
               milestones=(*plan(-60)[:5], milestone("Training held", "business", -35, None))),
        change("CHG-112", "Payroll query chat assistant", early, rollout=-2, team="Self-service"),
        change("CHG-113", "Single sign-on for field staff, contractors and seasonal colleagues in every branch "
               "including the warehouses", full(on, **unsure)),
        change("CHG-114", "Mail gateway", overlap, neighbours=near, team="Network"),
        change("CHG-115", "Wi-Fi upgrade in branches", spread, team="Network", services=gradual),
        change("CHG-116", "Self-service portal redesign", full(on, self_service=(12, 4)), team="Self-service"),
        change("CHG-117", "Certificate renewal", full(on, **none), milestones=(), team=None),
        change("CHG-118", "Archive move", few, team="Workplace", milestones=()),
        change("CHG-119", "Printing follow-me", rollout=None, planned=9, team="Workplace"),
        change("CHG-120", "New expenses form", rollout=None, planned=40, team="Payments"),
        change("CHG-121", "Firewall rule tidy-up", {}, services=(), milestones=(), team="Network"),
        change("CHG-123", "Roster on the phone", recent, rollout=-6, team="Workplace", milestones=plan(-6)),
        change("CHG-122", "Badge readers", {"tickets": answered("tickets", -9, 7, on=on, q=0.3)}, team="Workplace"),
    )  # fmt: skip


def portfolio(changes: tuple[ChangeView, ...] | None = None, **more: Any) -> Portfolio:
    """A portfolio in the order the analysis gives."""
    chosen = every_state() if changes is None else changes
    ordered = worst_first(chosen, TODAY)
    teams = tuple(sorted({(c.team_id, c.team) for c in ordered if c.team_id and c.team}, key=lambda t: t[1]))
    known = tuple(m for m in METRICS if m.on_board or m.name == "csat")
    base = Portfolio("v1", TODAY, DATA_TO, ordered, teams, known, dict.fromkeys((m.name for m in known), rate()))
    return replace(base, **more)


def rate(share: float = 0.047) -> PlaceboRate:
    """A false-alarm rate measured on one class of services."""
    cases = 2_000
    own = PlaceboRate("5 to 20 a day", round(share * cases), cases, share, share - 0.015, share + 0.015)
    whole = replace(own, label="all", classes=(own,), independent=500.0)
    return replace(whole, volumes={f"s{i}": 8.0 for i in range(1, 13)})


def many(count: int) -> tuple[ChangeView, ...]:
    """So many changes, the states in turn."""
    kinds = every_state()
    return tuple(
        replace(c, id=f"itsm:change:C{i}", number=f"C{i}", title=f"{c.title} {i}")
        for i, c in ((i, kinds[i % len(kinds)]) for i in range(count))
    )


def evidence() -> Evidence:
    """Invented tickets and answers of 420 days on twelve services, with the rollouts of the sample on one of them."""
    rng = np.random.default_rng(7)
    names = tuple(f"s{i}" for i in range(1, 13))
    days = 420
    first = DATA_TO - timedelta(days=days - 1)
    weekday = np.array([1.2, 1.1, 1.0, 1.0, 0.9, 0.2, 0.1])[(first.weekday() + np.arange(days)) % 7]
    counts = rng.poisson(np.linspace(8, 40, 12)[:, None] * weekday).astype(float)
    answers = np.ceil(counts / 4)
    none = np.zeros_like(counts)
    panels = {
        "tickets": Panel("tickets", "count", names, first, none, counts, none),
        "satisfaction": Panel("satisfaction", "mean", names, first, answers, 4 * answers, 17 * answers),
    }
    rollouts = tuple(Rollout(c.id, "s1", c.rollout_on) for c in every_state() if c.rollout_on and c.services)
    return Evidence(panels, rollouts, frozenset(), dict.fromkeys(panels, DATA_TO), DATA_TO)
