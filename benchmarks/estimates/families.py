"""Rows on single changes with room around them: false alarms, coverage and power for each kind of metric."""

from __future__ import annotations

import numpy as np

from benchmarks.estimates.cases import FAMILIES, SEED, Cases, alarm_rate, answered, collect
from benchmarks.estimates.table import Row, shown
from tests.worlds import OTHER, USUAL, Family, Noise, oracle, plan_changes, simulate

STRATA = ((0.0, 2.0), (2.0, 10.0), (10.0, 50.0), (50.0, 1e9))
HALF, DOWN, UP, MOST = (float(np.log(x)) for x in (0.5, 0.75, 1.25, 1.5))
POWER: dict[Family, tuple[tuple[str, float, tuple[float, ...], bool, float], ...]] = {
    "tickets": (
        ("20 a day, rough, -25 %", 20, (DOWN,), True, 0.40),
        ("20 a day, rough, +25 %", 20, (UP,), True, -np.inf),
        ("20 a day, rough, +-50 %", 20, (HALF, MOST), True, 0.70),
        ("20 a day, calm, +-25 %", 20, (DOWN, UP), False, 0.45),
        ("20 a day, calm, +-50 %", 20, (HALF, MOST), False, 0.90),
        ("50 a day, calm, +-25 %", 50, (DOWN, UP), False, 0.75),
    ),
    "rating": (("10 a day, rough, +-0.4", 10, (-0.4, 0.4), True, 0.60),),
    "share": (("20 a day, rough, +-10 pp", 20, (-0.1, 0.1), True, 0.55),),
    "duration": (("20 a day, rough, +50 %", 20, (MOST,), True, 0.75),),
}
"""Name, answers a day, sizes, rough or calm, and the least power that is accepted."""
OF_THE_ORACLE = 0.80
"""Part of the oracle's power that is aimed at for 25 % of 20 tickets a day in a calm world."""


def rows(panels: int) -> list[Row]:
    """All families in the usual worlds."""
    return [row for family in FAMILIES for row in family_rows(family, panels)]


def other_rows(panels: int) -> list[Row]:
    """Tickets in worlds made by other rules."""
    return family_rows("tickets", panels, noise=OTHER)


def family_rows(family: Family, panels: int, noise: Noise = USUAL) -> list[Row]:
    """False alarms, tails, coverage and agreement of interval and test for one family, and its power."""
    cases = collect(family, panels, noise)
    name = family if noise is USUAL else f"other world, {family}"
    return [*alarm_rows(name, cases), *coverage_rows(name, cases), *power_rows(name, family, cases)]


def alarm_rows(name: str, cases: Cases) -> list[Row]:
    """False alarms on average, by panel and by volume, and how far their tail reaches."""
    null = cases.size == 0
    count = int(null.sum())
    panel_rates = [cases.rate(null & (cases.world == w)) for w in np.unique(cases.world)]
    rows = [
        Row(f"{name}: false alarms, mean over panels", float(np.mean(panel_rates)), 0.04, 0.06, count),
        shown(f"{name}: false alarms, lowest panel", min(panel_rates), count),
        shown(f"{name}: false alarms, highest panel", max(panel_rates), count),
    ]
    for rough in (True, False):
        mask = null & (cases.rough == rough)
        rows.append(shown(f"{name}: false alarms, {'rough' if rough else 'calm'}", cases.rate(mask), int(mask.sum())))
    for low, high in STRATA:
        mask = null & (cases.volume >= low) & (cases.volume < high)
        text = f"{low:g} to {high:g} a day" if high < 1e9 else f"over {low:g} a day"
        rows.append(Row(f"{name}: false alarms, {text}", cases.rate(mask), 0.03, 0.075, int(mask.sum())))
    rows.append(Row(f"{name}: p < .001 without effect", float((cases.p[null] < 0.001).mean()), -np.inf, 0.003, count))
    if not np.isnan(cases.poisson).any():
        twin = float((cases.poisson[null] < 0.05).mean())
        rows.append(Row(f"{name}: a Poisson rate ratio instead: false alarms", twin, 0.20, np.inf, count))
    return rows


def coverage_rows(name: str, cases: Cases) -> list[Row]:
    """How many intervals contain the truth, and whether interval and test agree."""
    covered = cases.covered
    rows = [Row(f"{name}: coverage", float(covered.mean()), 0.94, 0.96, len(covered))]
    for size in np.unique(cases.size):
        mask = cases.size == size
        rows.append(
            Row(f"{name}: coverage, effect {size:+.2f}", float(covered[mask].mean()), 0.925, 0.97, int(mask.sum()))
        )
    apart = float((((cases.low > 0) | (cases.high < 0)) != (cases.p < 0.05)).mean())
    return [*rows, Row(f"{name}: interval and test disagree", apart, -np.inf, 0.005, len(cases.p))]


def power_rows(name: str, family: Family, cases: Cases) -> list[Row]:
    """How often effects that are there are found, and how often one would find them who knows the level of every day.

    Limits hold for the usual worlds; in others the same figures are shown only.
    """
    rows = []
    for text, volume, sizes, rough, least in POWER[family]:
        mask = (cases.volume == volume) & np.isin(np.round(cases.size, 6), np.round(sizes, 6)) & (cases.rough == rough)
        count, least = int(mask.sum()), least if name == family else -np.inf
        power, best = cases.rate(mask), float((cases.oracle[mask] < 0.05).mean())
        rows.append(Row(f"{name}: power, {text}", power, least, np.inf, count, "{:.2f}"))
        rows.append(shown(f"{name}: the same, part of the oracle's {best:.2f}", power / best, count, "{:.2f}"))
    return rows


def oracle_rows(panels: int) -> list[Row]:
    """25 % of 20 tickets a day on half of the services, so that power is known to a hundredth."""
    ours: dict[tuple[bool, float], list[float]] = {}
    best: dict[tuple[bool, float], list[float]] = {}
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 1300])
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=(0.0, DOWN, UP), gap=60)
        rough = number % 2 == 0
        world = simulate(rng, "tickets", rough=rough, plan=plan, volumes=dict.fromkeys(range(70), 20.0))
        by_id = {c.change_id: c for c in plan if c.services[0] < 70}
        for e in answered(world):
            c = by_id.get(e.change_id)
            if c is not None:
                ours.setdefault((rough, c.size), []).append(e.p_value)
                best.setdefault((rough, c.size), []).append(oracle(world, c, c.services[0], e.shape).p_value)
    rows = []
    for rough, text, sizes in (
        (True, "rough, -25 %", (DOWN,)), (True, "rough, +25 %", (UP,)),
        (False, "calm, -25 %", (DOWN,)), (False, "calm, +25 %", (UP,)), (False, "calm, +-25 %", (DOWN, UP)),
    ):  # fmt: skip
        own = alarm_rate([p for size in sizes for p in ours[rough, size]])
        top = alarm_rate([p for size in sizes for p in best[rough, size]])
        count = sum(len(ours[rough, size]) for size in sizes)
        aimed = OF_THE_ORACLE if len(sizes) == 2 else -np.inf
        rows.append(shown(f"many on 20 a day, {text}: power", own, count))
        rows.append(Row(f"many on 20 a day, {text}: part of the oracle's {top:.3f}", own / top, aimed, np.inf, count))
    return rows
