"""Measures how the time of estimates grows with services and days, and what one more day of data costs; one table.

    python -m benchmarks.engine_speed

One thread, one metric (tickets), processor seconds; changes nothing and judges no estimate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from impact.estimate import Shape, estimate
from impact.estimation.panel import Panel, day_types
from impact.estimation.pattern import profile
from impact.estimation.placebo import placebos
from impact.estimation.timeline import timeline
from tests.worlds import Planned, World, simulate

SEED = 7
STANDARD = Shape(42, 14)
SIZES = ((100, 548), (200, 548), (200, 1095), (400, 1095), (800, 1095), (800, 2190))
"""Services and days; each step doubles one of them."""
CHANGES_PER_SERVICE = 50


def processor_seconds(work: Callable[[], object], *, rounds: int = 3) -> float:
    """Least processor time of a few runs: other programs on the machine only ever add to it."""
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def world(services: int, days: int) -> World:
    """A simulated panel with changes that do nothing, on any service and day."""
    rng = np.random.default_rng([SEED, services, days])
    when = rng.integers(45, days - 16, services * CHANGES_PER_SERVICE)
    plan = [Planned(f"c{k}", (int(rng.integers(services)),), int(day), 0.0) for k, day in enumerate(when)]
    return simulate(rng, "tickets", services=services, days=days, plan=plan)


def growth_rows() -> list[str]:
    """Seconds and seconds per million cells for each size."""
    rows = []
    for services, days in SIZES:
        case = world(services, days)
        whole = processor_seconds(
            partial(estimate, case.panel, case.rollouts, shapes=(STANDARD,), holidays=case.holidays)
        )
        cells = services * days / 1e6
        rows.append(f"| {services} services x {days} days | {whole:.2f} | {whole / cells:.2f} |")
    return rows


def parts_rows() -> list[str]:
    """What an estimate of 200 services and three years consists of, and the same with one more day."""
    case = world(200, 1096)
    rows = []
    for name, panel in (("three years", shortened(case.panel, 1095)), ("three years and a day", case.panel)):
        types = day_types(panel.first_on, panel.day_count, case.holidays)
        counts = timeline(panel, case.rollouts).counts(panel)
        sums = profile(panel, types)
        pattern = processor_seconds(partial(profile, panel, types))
        reading = processor_seconds(partial(placebos, "count", sums, shape=STANDARD, counts=counts))
        rows.append(f"| {name}: day pattern, spikes and sums | {pattern:.3f} | |")
        rows.append(f"| {name}: all placebo readings of one shape | {reading:.3f} | |")
    return rows


def shortened(panel: Panel, days: int) -> Panel:
    """The first days of a panel."""
    return replace(panel, n=panel.n[:, :days], total=panel.total[:, :days], total_sq=panel.total_sq[:, :days])


def main() -> None:
    print("| one metric, one window shape | seconds | per million service days |\n|---|---|---|")
    print("\n".join([*growth_rows(), *parts_rows()]))


if __name__ == "__main__":
    main()
