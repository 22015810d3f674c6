"""Measures monthly savings on simulated changes with lasting effects: ``python -m benchmarks.business_case``; how
often the ranges of tickets, hours and money hold the truth, and what else was tried.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from benchmarks.estimates.table import Row
from impact.bump_cost import Source
from impact.estimate import Estimate, Panel
from impact.metrics import BY_NAME
from impact.observed import Evidence
from impact.readings import answers, judged
from impact.run_rate import DAYS_A_MONTH, Amount, monthly
from impact.savings import savings
from impact.settings import Rates
from impact.tied_errors import errors_by_source
from tests.sample import change
from tests.transient_worlds import Bumped, TransientWorld, lost_minutes, transient_world

SEED = 20_260_803
RATES = Rates("EUR", 18.5, 42.0)
FOR_GOOD = 1_000_000
Errors = Mapping[Source, float | None]


@dataclass(frozen=True)
class Told:
    """One change: the found figure by name, and the true one by what it counts."""

    found: dict[str, Amount]
    true: dict[str, float]

    def held(self, name: str, what: str) -> bool:
        """Whether the range holds the truth."""
        return self.found[name].low <= self.true[what] <= self.found[name].high


def lasting_world(rng: np.random.Generator, *, rough: bool, tied: bool, services: int = 60) -> TransientWorld:
    """Changes whose effects last: tickets -40 to +50 % or nothing, minutes a ticket alike. ``tied``: on busy days
    tickets also cost more minutes each, so that the errors of both go together."""
    plan = []
    for s in range(services):
        day = int(rng.integers(100, 250))
        while day < 690:
            size, slower = (float(np.log1p(rng.uniform(-0.4, 0.5))) if rng.random() < 0.6 else 0.0 for _ in range(2))
            plan.append(Bumped(f"s{s:03d}-{day}", s, day, size, FOR_GOOD, "step", slower))
            day += int(rng.integers(110, 260))
    world = transient_world(rng, services=services, rough=rough, plan=plan)
    if not tied:
        return world
    each = world.minutes_each * (world.rate / world.rate.mean(axis=1, keepdims=True)) ** 0.7
    told = lost_minutes(rng, world.tickets.total, each * np.exp(world.slower))
    minutes = Panel("lost_time", "mean", world.minutes.services, world.minutes.first_on, *told)
    return replace(world, minutes=minutes, minutes_each=each)


def told(world: TransientWorld) -> tuple[list[Told], float]:
    """Every change with a final figure, and the measured correlation of errors."""
    panels = {"tickets": world.tickets, "lost_time": world.minutes}
    last = world.tickets.last_on
    evidence = Evidence(panels, tuple(world.rollouts), world.holidays, dict.fromkeys(panels, last), last)
    errors = errors_by_source(evidence)
    found = answers(evidence)
    out = []
    for one in world.plan:
        own = found.get(one.change_id, {})
        readings = {name: judged(BY_NAME[name], own[name]) for name in own}
        view = change(one.change_id, one.change_id, readings)
        variants: dict[str, Errors] = {"measured": errors, "none": {"reported": 0.0}, "always": {"reported": 1.0}}
        both = {name: monthly(view, given) for name, given in variants.items()}
        base = both["measured"]
        if base is None or base.waited is None:
            continue
        result = base.basis.result
        assert isinstance(result, Estimate)
        figures = {"tickets": base.tickets, "tickets, from what came": _from_after(result)}
        for name, m in both.items():
            assert m is not None
            assert m.waited is not None
            saved = savings(world.tickets.first_on, m, rates=RATES, cost=None)
            figures |= {f"hours, {name}": m.waited, f"money, {name}": saved.a_month()}
        out.append(Told(figures, _truth(world, one, result)))
    return out, errors["reported"] or 0.0


def _from_after(result: Estimate) -> Amount:
    """The other way to see it: tickets that came x (exp(-effect) - 1)."""
    came = result.expected_after * np.exp(result.effect) * DAYS_A_MONTH
    value, low, high = (float(came * np.expm1(-x)) for x in (result.effect, result.high, result.low))
    return Amount(value, low, high)


def _truth(world: TransientWorld, one: Bumped, result: Estimate) -> dict[str, float]:
    """True savings a month over the days that were read, against the same days without this change."""
    first = (result.post_from - world.tickets.first_on).days
    days = slice(first, first + (result.post_to - result.post_from) // timedelta(days=1) + 1)
    s = one.service
    without = world.rate[s, days] * np.exp(world.moved[s, days] - one.size)
    each = world.minutes_each[s, days] * np.exp(world.slower[s, days] - one.slower)
    tickets = -float((without * np.expm1(one.size)).mean()) * DAYS_A_MONTH
    hours = -float((without * each * np.expm1(one.size + one.slower)).mean()) * DAYS_A_MONTH / 60.0
    return {"tickets": tickets, "hours": hours, "money": 18.5 * tickets + 42.0 * hours}


def case_rows(panels: int) -> list[Row]:
    """Coverage in rough and calm worlds, with errors that go together or not."""
    table = []
    for rough in (True, False):
        for tied in (False, True):
            cases: list[Told] = []
            errors = []
            for number in range(panels):
                rng = np.random.default_rng([SEED, number, int(rough), int(tied)])
                found, together = told(lasting_world(rng, rough=rough, tied=tied))
                cases += found
                errors.append(together)
            name = f"{'rough' if rough else 'calm'}{', errors tied' if tied else ''}"
            table.append(Row(f"{name}: correlation of errors", float(np.mean(errors)), -1, 1, panels, "{:.2f}"))
            for figure in cases[0].found:
                what = figure.split(",")[0]
                held = float(np.mean([case.held(figure, what) for case in cases]))
                ours = figure in ("tickets", "hours, measured", "money, measured")
                least, most = (0.93, 0.97) if ours else (-np.inf, np.inf)
                table.append(Row(f"{name}: coverage, {figure}", held, least, most, len(cases)))
                wide = np.median([c.found[figure].high - c.found[figure].low for c in cases])
                table.append(
                    Row(f"{name}: median width, {figure}", float(wide), -np.inf, np.inf, len(cases), "{:,.0f}")
                )
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure monthly savings on simulated changes.")
    parser.add_argument("--panels", type=int, default=8, help="worlds of each kind (default 8)")
    table = case_rows(parser.parse_args().panels)
    print("| figure | accepted | found | cases | |\n|---|---|---|---|---|")
    print("\n".join(row.text() for row in table))
    return 0 if all(row.accepted for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
