"""Rows on many changes together: dense ones, several services, nearly all services, few services, one real in ten."""

from __future__ import annotations

import numpy as np

from benchmarks.estimates.cases import FAMILIES, SEED, SIZES, alarm_rate, answered
from benchmarks.estimates.table import Row
from tests.worlds import Planned, plan_changes, simulate


def dense_rows(panels: int) -> list[Row]:
    """Thirteen changes a year on every service."""
    asked, found_part, null = 0, [], []
    for number in range(max(2, panels // 3)):
        rng = np.random.default_rng([SEED, number, 100])
        plan = plan_changes(rng, range(140), 730, a_year=13, sizes=(0.0,) * 5 + SIZES["tickets"][1:])
        size = {c.change_id: c.size for c in plan}
        found = answered(simulate(rng, "tickets", plan=plan))
        asked += len(plan)
        found_part.append(len(found) / len(plan))
        null += [e.p_value for e in found if size[e.change_id] == 0]
    return [
        Row("dense changes: false alarms of the answered", alarm_rate(null), 0.04, 0.065, len(null)),
        Row("dense changes: answered share", float(np.mean(found_part)), 0.40, np.inf, asked, "{:.2f}"),
    ]


def few_services_rows(panels: int) -> list[Row]:
    """Five services: nothing to compare with."""
    p: list[float] = []
    for number in range(20 * panels):
        rng = np.random.default_rng([SEED, number, 200])
        plan = plan_changes(rng, range(5), 730, a_year=4, sizes=(0.0,), gap=60)
        p += [e.p_value for e in answered(simulate(rng, "tickets", services=5, plan=plan))]
    return [Row("5 services: false alarms", alarm_rate(p), -np.inf, 0.07, len(p))]


def broad_rows(panels: int) -> list[Row]:
    """One change of +30 % on 60 % of the services."""
    found: list[float] = []
    for number in range(panels):
        rng = np.random.default_rng([SEED, number, 300])
        services = tuple(sorted(int(s) for s in rng.choice(140, 84, replace=False)))
        change = Planned("broad", services, int(rng.integers(60, 700)), float(np.log(1.3)))
        found += [e.effect for e in answered(simulate(rng, "tickets", plan=[change]))]
    mean = float(np.mean(found))
    return [Row("change on 60 % of services, +30 %: mean log estimate", mean, 0.23, 0.30, len(found))]


def pooled_rows(panels: int) -> list[Row]:
    """Changes without effect on several services: any, and neighbours that share their department's troubles."""
    p: dict[str, list[float]] = {}
    for number in range(4 * panels):
        rng = np.random.default_rng([SEED, number, 400])
        world = simulate(rng, FAMILIES[number % 4], plan=pooled_plan(rng), rough=number % 8 < 4)
        for e in answered(world):
            p.setdefault(e.change_id.split("|")[0], []).append(e.p_value)
    rows = [Row(f"pooled, {name}: false alarms", alarm_rate(x), 0.04, 0.06, len(x)) for name, x in p.items()]
    whole = np.concatenate(list(p.values()))
    return [*rows, Row("pooled: p < .001 without effect", float((whole < 0.001).mean()), -np.inf, 0.003, len(whole))]


def pooled_plan(rng: np.random.Generator) -> list[Planned]:
    """Every 60 days three changes on 8 services of a department, three on 8 others and six on 2 or 3 others."""
    plan = []
    for day in range(60, 700, 60):
        departments = 10 * rng.permutation(14)
        groups = [("8 of one department", d + rng.choice(10, 8, replace=False)) for d in departments[:3]]
        rest = rng.permutation((departments[3:, None] + np.arange(10)).ravel())
        parts = np.split(rest, np.cumsum([8, 8, 8, 2, 3, 2, 3, 2, 3]))[:-1]
        groups += [("8 services" if len(part) == 8 else "2 or 3 services", part) for part in parts]
        for k, (name, services) in enumerate(groups):
            plan.append(Planned(f"{name}|{day}-{k}", tuple(int(s) for s in services), day, 0.0))
    return plan


def discovery_rows(panels: int) -> list[Row]:
    """One change in ten has an effect: share of those named (q <= .10, p < .05) that have none."""
    shares, named = [], 0
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 500])
        plan = plan_changes(rng, range(140), 730, a_year=2, sizes=(0.0,) * 9 + (float(np.log(1.6)),), gap=60)
        size = {c.change_id: c.size for c in plan}
        found = [e for e in answered(simulate(rng, "tickets", plan=plan)) if e.q_value <= 0.10 and e.p_value < 0.05]
        named += len(found)
        shares.append(sum(size[e.change_id] == 0 for e in found) / max(len(found), 1))
    mean = float(np.mean(shares))
    return [Row("one change in ten real: false share among those named", mean, -np.inf, 0.13, named)]
