"""Measures the estimates on simulated worlds with known effects and prints one table; changes nothing.

    python -m benchmarks.estimates [--panels 20] [--skip-speed]

Every row names what is measured, what is accepted and what was found. Exit code 1 when a row is not accepted.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from benchmarks.estimates.table import Row, printed
from impact.estimate import SHAPES, Estimate, NotEstimable, Shape, estimate
from impact.estimation.panel import Floats, Panel
from tests.worlds import Family, Planned, World, plan_changes, simulate

SEED = 7
WHOLE = (SHAPES[0],)
SIZES: dict[Family, tuple[float, ...]] = {
    "tickets": tuple(float(np.log(x)) for x in (0.5, 0.75, 1.25, 1.5)),
    "rating": (-0.8, -0.4, 0.2, 0.4),
    "duration": tuple(float(np.log(x)) for x in (0.67, 0.8, 1.25, 1.5)),
    "share": (-0.1, -0.05, 0.05, 0.1),
}
VOLUMES = dict.fromkeys(range(20), 20.0) | dict.fromkeys(range(20, 35), 50.0) | dict.fromkeys(range(35, 50), 10.0)
STRATA = ((0.0, 2.0), (2.0, 10.0), (10.0, 50.0), (50.0, 1e9))


@dataclass(frozen=True)
class Cases:
    """Answered changes of many panels, one entry each; ``poisson`` is the p-value of a Poisson rate ratio."""

    world: Floats
    size: Floats
    p: Floats
    low: Floats
    high: Floats
    truth: Floats
    volume: Floats
    rough: Floats
    poisson: Floats

    def rate(self, mask: np.ndarray) -> float:
        """False alarms or power: share of p below 0.05."""
        return float((self.p[mask] < 0.05).mean())


def poisson_p(panel: Panel, change: Planned, shape: Shape) -> float:
    """The negative twin: a two-sided Poisson rate ratio, which ignores all that moves besides chance."""
    y = panel.total[change.services[0]]
    before = y[change.day - shape.pre : change.day].sum() + 0.5
    after = y[change.day + shape.lead : change.day + shape.reach + 1].sum() + 0.5
    z = np.log(after / shape.post * shape.pre / before) / np.sqrt(1 / before + 1 / after)
    return float(2 * ndtr(-abs(z)))


def collect(family: Family, panels: int) -> Cases:
    """Half the changes without effect, half with one, in rough and in calm worlds."""
    rows = []
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, len(family)])
        sizes = (0.0,) * len(SIZES[family]) + SIZES[family]
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=sizes, gap=60)
        rough = number < panels
        world = simulate(rng, family, rough=rough, plan=plan, volumes=VOLUMES)
        found = {r.change_id: r for r in answered(world, WHOLE)}
        for c in plan:
            e = found.get(c.change_id)
            if e is None:
                continue
            truth = world.truth(c, c.services[0], e.shape)
            poisson = poisson_p(world.panel, c, e.shape) if family == "tickets" else np.nan
            volume = world.volume[c.services[0]]
            rows.append((number, c.size, e.p_value, e.low, e.high, truth, volume, rough, poisson))
    return Cases(*np.array(rows, dtype=np.float64).T)


def answered(world: World, shapes: tuple[Shape, ...]) -> list[Estimate]:
    """Estimates of a world, without those that could not be made."""
    found = estimate(world.panel, world.rollouts, shapes=shapes, holidays=world.holidays)
    return [r for r in found if isinstance(r, Estimate)]


def family_rows(family: Family, panels: int) -> list[Row]:
    """False alarms, tails, coverage and agreement of interval and test for one family, and its power."""
    cases = collect(family, panels)
    null = cases.size == 0
    covered = (cases.low <= cases.truth) & (cases.truth <= cases.high)
    panel_rates = [cases.rate(null & (cases.world == w)) for w in np.unique(cases.world)]
    count = int(null.sum())
    rows = [
        Row(f"{family}: false alarms, mean over panels", float(np.mean(panel_rates)), 0.04, 0.06, count),
        Row(f"{family}: false alarms, lowest panel", min(panel_rates), -np.inf, np.inf, count),
        Row(f"{family}: false alarms, highest panel", max(panel_rates), -np.inf, np.inf, count),
    ]
    for low, high in STRATA:
        mask = null & (cases.volume >= low) & (cases.volume < high)
        name = f"{family}: false alarms, {low:g} to {high:g} a day" if high < 1e9 else f"{family}: over {low:g} a day"
        rows.append(Row(name, cases.rate(mask), 0.03, 0.075, int(mask.sum())))
    rows.append(Row(f"{family}: p < .001 without effect", float((cases.p[null] < 0.001).mean()), -np.inf, 0.003, count))
    rows.append(Row(f"{family}: coverage", float(covered.mean()), 0.94, 0.96, len(covered)))
    for size in np.unique(cases.size):
        mask = cases.size == size
        rows.append(
            Row(f"{family}: coverage, effect {size:+.2f}", float(covered[mask].mean()), 0.925, 0.97, int(mask.sum()))
        )
    excludes = (cases.low > 0) | (cases.high < 0)
    apart = float((excludes != (cases.p < 0.05)).mean())
    rows.append(Row(f"{family}: interval and test disagree", apart, -np.inf, 0.005, len(cases.p)))
    if family == "tickets":
        twin = float((cases.poisson[null] < 0.05).mean())
        rows.append(Row("Poisson rate ratio instead: false alarms", twin, 0.20, np.inf, count))
    return rows + power_rows(family, cases)


def power_rows(family: Family, cases: Cases) -> list[Row]:
    """How often effects that are there are found."""
    down, up = float(np.log(0.75)), float(np.log(1.25))
    half, most = float(np.log(0.5)), float(np.log(1.5))
    asked: dict[Family, list[tuple[str, float, tuple[float, ...], bool | None, float]]] = {
        "tickets": [
            ("20 a day, rough, -25 %", 20, (down,), True, 0.40),
            ("20 a day, rough, +-50 %", 20, (half, most), True, 0.70),
            ("20 a day, calm, +-25 %", 20, (down, up), False, 0.45),
            ("20 a day, calm, +-50 %", 20, (half, most), False, 0.90),
            ("50 a day, calm, +-25 %", 50, (down, up), False, 0.75),
        ],
        "rating": [("10 a day, rough, +-0.4", 10, (-0.4, 0.4), True, 0.60)],
        "share": [("20 a day, rough, +-10 pp", 20, (-0.1, 0.1), True, 0.55)],
        "duration": [("20 a day, rough, +50 %", 20, (most,), True, 0.75)],
    }
    rows = []
    for name, volume, sizes, rough, least in asked[family]:
        mask = (cases.volume == volume) & np.isin(np.round(cases.size, 6), np.round(sizes, 6)) & (cases.rough == rough)
        rows.append(Row(f"{family}: power, {name}", cases.rate(mask), least, np.inf, int(mask.sum()), "{:.2f}"))
    return rows


def dense_rows(panels: int) -> list[Row]:
    """Thirteen changes a year on every service, all window shapes."""
    asked, alarms, null = 0, 0, 0
    for number in range(panels):
        rng = np.random.default_rng([SEED, number, 100])
        plan = plan_changes(rng, range(140), 730, a_year=13, sizes=(0.0,) * 5 + SIZES["tickets"][1:])
        world = simulate(rng, "tickets", plan=plan)
        size = {c.change_id: c.size for c in plan}
        found = answered(world, SHAPES)
        asked += len(plan)
        p = np.array([e.p_value for e in found if size[e.change_id] == 0])
        alarms, null = alarms + int((p < 0.05).sum()), null + len(p)
        if number == 0:
            answered_share = len(found) / len(plan)
        else:
            answered_share += len(found) / len(plan)
    return [
        Row("dense changes: false alarms of the answered", alarms / null, 0.04, 0.065, null),
        Row("dense changes: answered share", answered_share / panels, 0.40, np.inf, asked, "{:.2f}"),
    ]


def few_services_row(panels: int) -> Row:
    """Five services: nothing to compare with."""
    p: list[float] = []
    for number in range(20 * panels):
        rng = np.random.default_rng([SEED, number, 200])
        plan = plan_changes(rng, range(5), 730, a_year=4, sizes=(0.0,), gap=60)
        p += [e.p_value for e in answered(simulate(rng, "tickets", services=5, plan=plan), WHOLE)]
    return Row("5 services: false alarms", float((np.array(p) < 0.05).mean()), -np.inf, 0.07, len(p))


def broad_row(panels: int) -> Row:
    """One change of +30 % on 60 % of the services."""
    found: list[float] = []
    for number in range(panels):
        rng = np.random.default_rng([SEED, number, 300])
        services = tuple(sorted(int(s) for s in rng.choice(140, 84, replace=False)))
        change = Planned("broad", services, int(rng.integers(60, 700)), float(np.log(1.3)))
        found += [e.effect for e in answered(simulate(rng, "tickets", plan=[change]), WHOLE)]
    return Row("change on 60 % of services, +30 %: mean log estimate", float(np.mean(found)), 0.23, 0.30, len(found))


def pooled_rows(panels: int) -> list[Row]:
    """Changes without effect on several services: any, and neighbours that share their department's troubles."""
    p: dict[str, list[float]] = {}
    for number in range(4 * panels):
        rng = np.random.default_rng([SEED, number, 400])
        family: Family = ("tickets", "rating", "duration", "share")[number % 4]
        for e in answered(simulate(rng, family, plan=pooled_plan(rng), rough=number % 8 < 4), SHAPES):
            p.setdefault(e.change_id.split("|")[0], []).append(e.p_value)
    rows = []
    for name, x in p.items():
        rows.append(Row(f"pooled, {name}: false alarms", float((np.array(x) < 0.05).mean()), 0.04, 0.06, len(x)))
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


def discovery_row(panels: int) -> Row:
    """One change in ten has an effect: share of those named (q <= .10, p < .05) that have none."""
    shares, named = [], 0
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 500])
        plan = plan_changes(rng, range(140), 730, a_year=2, sizes=(0.0,) * 9 + (float(np.log(1.6)),), gap=60)
        size = {c.change_id: c.size for c in plan}
        found = [e for e in answered(simulate(rng, "tickets", plan=plan), WHOLE) if e.q_value <= 0.10]
        named += len(found)
        shares.append(sum(size[e.change_id] == 0 for e in found) / max(len(found), 1))
    return Row("one change in ten real: false share among those named", float(np.mean(shares)), -np.inf, 0.13, named)


def speed_rows() -> list[Row]:
    """Ten thousand changes on six metrics, 200 services, three years, in one thread."""
    rng = np.random.default_rng([SEED, 600])
    families: tuple[Family, ...] = ("tickets", "tickets", "rating", "duration", "share", "share")
    days = rng.integers(45, 1080, 10_000)
    plan = [Planned(f"c{k}", (int(rng.integers(200)),), int(day), 0.0) for k, day in enumerate(days)]
    worlds = [simulate(rng, family, services=200, days=1095, plan=plan) for family in families]
    rows = []
    for name, shapes, most in (("one shape", WHOLE, 3.0), ("all shapes", SHAPES, 15.0)):
        begin = time.process_time()
        results: list[Estimate | NotEstimable] = []
        for world in worlds:
            results = estimate(world.panel, world.rollouts, shapes=shapes, holidays=world.holidays)
        spent = time.process_time() - begin
        rows.append(Row(f"10,000 changes x 6 metrics, {name}: s", spent, -np.inf, most, 6 * len(results), "{:.2f}"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows.append(Row("the same: peak memory, GB", peak, -np.inf, 1.0, 6 * 10_000, "{:.2f}"))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the estimates on simulated worlds with known effects.")
    parser.add_argument("--panels", type=int, default=20, help="panels per family and kind of world (default 20)")
    parser.add_argument("--skip-speed", action="store_true", help="leave out the speed rows")
    options = parser.parse_args()
    rows = [] if options.skip_speed else speed_rows()
    families: tuple[Family, ...] = ("tickets", "rating", "duration", "share")
    for family in families:
        rows += family_rows(family, options.panels)
    rows += [*dense_rows(max(2, options.panels // 3)), few_services_row(options.panels), broad_row(options.panels)]
    rows += [*pooled_rows(options.panels), discovery_row(options.panels)]
    print(f"{options.panels} rough and {options.panels} calm worlds per family, 140 services x 730 days\n")
    print(printed(rows))
    return 0 if all(row.accepted for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
