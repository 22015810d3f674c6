"""Rows on how long many estimates take in one thread, and how much memory; judges no estimate."""

from __future__ import annotations

import resource
import time

import numpy as np

from benchmarks.estimates.cases import SEED
from benchmarks.estimates.table import Row
from impact.estimate import SHAPES, Shape, estimate
from tests.worlds import Family, Planned, World, simulate

SIX: tuple[Family, ...] = ("tickets", "tickets", "rating", "duration", "share", "share")
STANDARD = (Shape(42, 14),)
SIX_SHAPES = (Shape(42, 14), Shape(28, 14), Shape(14, 14), Shape(42, 7), Shape(28, 7), Shape(14, 7))


def speed_rows(_panels: int) -> list[Row]:
    """10,000 changes on six metrics over 200 services, then 50,000 on one metric over 1,000, three years each."""
    rng = np.random.default_rng([SEED, 600])
    plan = scattered(rng, 10_000, services=200)
    worlds = [simulate(rng, family, services=200, days=1095, plan=plan) for family in SIX]
    rows = []
    for name, shapes, most in (("one shape", STANDARD, 3.0), ("six shapes", SIX_SHAPES, 15.0)):
        spent = sum(seconds(world, shapes) for world in worlds)
        rows.append(Row(f"10,000 changes x 6 metrics, {name}: s", spent, -np.inf, most, 60_000, "{:.2f}"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows.append(Row("the same: peak memory, GB", peak, -np.inf, 1.0, 60_000, "{:.2f}"))
    plan = scattered(rng, 50_000, services=1000)
    spent = seconds(simulate(rng, "tickets", services=1000, days=1095, plan=plan), SHAPES)
    return [*rows, Row("50,000 changes, 1,000 services, all shapes: s", spent, -np.inf, 60.0, 50_000, "{:.2f}")]


def scattered(rng: np.random.Generator, count: int, *, services: int) -> list[Planned]:
    """Changes that do nothing, on any service and day of three years."""
    days = rng.integers(45, 1080, count)
    return [Planned(f"c{k}", (int(rng.integers(services)),), int(day), 0.0) for k, day in enumerate(days)]


def seconds(world: World, shapes: tuple[Shape, ...]) -> float:
    """Processor time of reading every change."""
    begin = time.process_time()
    estimate(world.panel, world.rollouts, shapes=shapes, holidays=world.holidays)
    return time.process_time() - begin
