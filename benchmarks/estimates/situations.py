"""Rows on changes that are not a plain step: looked at early, gradual, fading, spilling over, made after a spike, or
in a young panel."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from benchmarks.estimates.cases import SEED, SIZES, VOLUMES, alarm_rate, answered
from benchmarks.estimates.table import Row, shown
from impact.estimate import Estimate, estimate
from tests.worlds import FIRST_ON, Planned, World, after_spikes, plan_changes, plan_one_each, simulate

LOOKS = (3, 5, 7, 10, 14, 21, 28)


def looks_rows(panels: int) -> list[Row]:
    """The same changes read with data up to 3, 5, 7, 10, 14, 21 and 28 days after them: any alarm at all."""
    null: list[list[int]] = []
    real: list[list[int]] = []
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 700])
        plan = looked_at_plan(rng)
        world = simulate(rng, "tickets", rough=number % 2 == 0, plan=plan, volumes=VOLUMES)
        alarms = looked_at(world)
        null += [alarms[c.change_id] for c in plan if c.size == 0]
        real += [alarms[c.change_id] for c in plan if c.size != 0 and c.services[0] < 20]
    early, end = [days[:1] != [] and days[0] < 14 for days in null], [14 in days for days in null]
    return [
        Row(
            "7 looks: any alarm without effect", float(np.mean([bool(days) for days in null])), -np.inf, 0.06, len(null)
        ),
        shown("7 looks: an alarm before day 14", float(np.mean(early)), len(null)),
        shown("7 looks: an alarm at day 14, which is final", float(np.mean(end)), len(null)),
        shown(
            "7 looks: -50 % of 20 a day seen by day 28", float(np.mean([bool(x) for x in real])), len(real), "{:.2f}"
        ),
        shown(
            "7 looks: the same by day 7", float(np.mean([min(x, default=99) <= 7 for x in real])), len(real), "{:.2f}"
        ),
    ]


def looked_at_plan(rng: np.random.Generator) -> list[Planned]:
    """On each of three days changes on 30 services, one in five of them with an effect."""
    plan = []
    for day in (260, 450, 640):
        for s in rng.choice(140, 30, replace=False):
            size = SIZES["tickets"][0] if rng.random() < 0.2 else 0.0
            plan.append(Planned(f"{day}-{s}", (int(s),), day, size))
    return plan


def looked_at(world: World) -> dict[str, list[int]]:
    """Days after the rollout at which each change raised an alarm."""
    alarms: dict[str, list[int]] = {c.change_id: [] for c in world.plan}
    for day in sorted({c.day for c in world.plan}):
        own = {c.change_id for c in world.plan if c.day == day}
        for look in LOOKS:
            until = FIRST_ON + timedelta(days=day + look)
            for e in estimate(world.panel, world.rollouts, holidays=world.holidays, until=until):
                if e.change_id in own and isinstance(e, Estimate) and e.p_value < 0.05:
                    alarms[e.change_id].append(look)
    return alarms


def ramp_rows(panels: int) -> list[Row]:
    """Rollouts that take 7 or 14 days, recorded as such: read after they are complete."""
    null, covered = [], []
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 800])
        plan = plan_changes(rng, range(140), 716, a_year=4, sizes=(0.0,) * 4 + SIZES["tickets"], gap=75)
        plan = [Planned(c.change_id, c.services, c.day, c.size, takes=int(rng.choice((7, 14)))) for c in plan]
        world = simulate(rng, "tickets", rough=number < panels, plan=plan, volumes=VOLUMES)
        by_id = {c.change_id: c for c in plan}
        for e in answered(world):
            c = by_id[e.change_id]
            null += [e.p_value] if c.size == 0 else []
            covered += [inside(world, c, e)] if c.size != 0 else []
    return [
        Row("rollout over 7 or 14 days: false alarms", alarm_rate(null), 0.04, 0.06, len(null)),
        Row("rollout over 7 or 14 days: coverage of real effects", float(np.mean(covered)), 0.94, 0.96, len(covered)),
    ]


def transient_rows(panels: int) -> list[Row]:
    """A jump of 70 % that halves every 4 days, and no effect: in the first days, as planned, and what lasts."""
    found: dict[str, list[tuple[bool, float, bool]]] = {"first_days": [], "planned": [], "lasting": []}
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 900])
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=(0.0, float(np.log(1.7))), gap=60)
        plan = [Planned(c.change_id, c.services, c.day, c.size, fades=4.0) for c in plan]
        world = simulate(rng, "tickets", rough=number < panels, plan=plan, volumes=VOLUMES)
        by_id = {c.change_id: c for c in plan}
        readings = estimate(world.panel, world.rollouts, holidays=world.holidays, readings=tuple(found))
        for e in readings:
            if isinstance(e, Estimate):
                c = by_id[e.change_id]
                found[e.reading].append((c.size == 0, e.p_value, inside(world, c, e)))
    rows = []
    for name, answers in found.items():
        text = name.replace("_", " ")
        null = [p for still, p, _ in answers if still]
        covered = [held for still, _, held in answers if not still]
        rows.append(Row(f"jump that fades, {text}: false alarms without one", alarm_rate(null), 0.04, 0.06, len(null)))
        rows.append(Row(f"jump that fades, {text}: coverage", float(np.mean(covered)), 0.925, 0.97, len(covered)))
    return rows


def spill_rows(panels: int) -> list[Row]:
    """A change of +40 % on 3 services of which 30 % also reaches 14 others, which nobody records."""
    covered, off = [], []
    for number in range(4 * panels):
        rng = np.random.default_rng([SEED, number, 1000])
        plan = []
        for day in range(100, 700, 80):
            chosen = [int(s) for s in rng.choice(140, 17, replace=False)]
            plan.append(
                Planned(str(day), tuple(chosen[:3]), day, float(np.log(1.4)), spill=0.3, spills_to=tuple(chosen[3:]))
            )
        world = simulate(rng, "tickets", rough=number < 2 * panels, plan=plan)
        by_id = {c.change_id: c for c in plan}
        for e in answered(world):
            truth = by_id[e.change_id].size
            covered.append(e.low <= truth <= e.high)
            off.append(e.effect - truth)
    return [
        Row("spill-over to a tenth of the services: coverage", float(np.mean(covered)), 0.925, 0.97, len(covered)),
        Row("spill-over: mean error of the log estimate", float(np.mean(off)), -0.03, 0.03, len(off)),
    ]


def spike_rows(panels: int) -> list[Row]:
    """Changes without effect, a fifth of them made because tickets had just spiked."""
    p: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * panels):
        rng = np.random.default_rng([SEED, number, 1100])
        world = after_spikes(rng, simulate(rng, "tickets", rough=number < panels, volumes=VOLUMES), part=0.2)
        for e in answered(world):
            p[e.change_id.endswith("!")].append(e.p_value)
    whole = p[True] + p[False]
    return [
        Row("a fifth made after a spike: false alarms", alarm_rate(whole), 0.04, 0.06, len(whole)),
        shown("of these, the ones made after a spike: false alarms", alarm_rate(p[True]), len(p[True])),
    ]


def short_rows(panels: int) -> list[Row]:
    """60 services over 8 to 20 weeks, one change each on a third of them."""
    p: list[float] = []
    asked = 0
    for number in range(8 * panels):
        rng = np.random.default_rng([SEED, number, 1200])
        days = int(rng.integers(56, 141))
        plan = plan_one_each(rng, range(60), first=20, last=days - 9, sizes=(0.0,), part=1 / 3)
        asked += len(plan)
        p += [e.p_value for e in answered(simulate(rng, "tickets", services=60, days=days, plan=plan))]
    return [
        Row("8 to 20 weeks of history: false alarms", alarm_rate(p), 0.04, 0.065, len(p)),
        shown("8 to 20 weeks of history: answered share", len(p) / asked, asked, "{:.2f}"),
    ]


def inside(world: World, change: Planned, e: Estimate) -> bool:
    """Whether the interval of a change on one service contains its true mean effect."""
    return bool(e.low <= world.truth(change, change.services[0], e.shape) <= e.high)
