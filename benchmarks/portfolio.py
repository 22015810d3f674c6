"""Measures what is said of a whole portfolio: ``python -m benchmarks.portfolio``; comparisons of two groups of changes,
and sums of pulled effects. Knows simulated effects and their errors, no tickets.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from scipy.special import stdtrit

from benchmarks.estimates.table import Row
from impact.estimation.panel import Floats
from impact.estimation.pulled_totals import ends, learnt, pulled_draws
from impact.estimation.two_groups import two_groups

SEED = 20_260_802
Group = tuple[Floats, Floats]
SIZES = ((5, 5), (5, 20), (6, 12), (8, 30), (20, 20))
SPREADS = {
    "equal effects": (0.0, 0.0, "normal"),
    "spread 0.1": (0.1, 0.1, "normal"),
    "spread 0.3": (0.3, 0.3, "normal"),
    "spread 0.3 in the first group only": (0.3, 0.05, "normal"),
    "three in ten with an effect": (0.3, 0.3, "some"),
}
WORLDS = ("half with an effect", "mostly good", "none with an effect", "all around -10 %", "heavy tails")


def group_of(rng: np.random.Generator, count: int, *, mean: float, spread: float, kind: str = "normal") -> Group:
    """Estimates with standard errors between about 0.05 and 0.5, which are themselves known to about an eighth."""
    error = np.exp(rng.normal(-1.9, 0.6, count))
    own = rng.standard_normal(count)
    if kind == "some":
        own = np.where(rng.random(count) < 0.3, own / 0.3**0.5, 0.0)
    seen = mean + spread * own + error * rng.standard_normal(count)
    return seen, error * np.sqrt(rng.chisquare(30, count) / 30)


def groups_of(
    rng: np.random.Generator, first: int, second: int, *, gap: float, spread: tuple[float, float], kind: str = "normal"
) -> tuple[Group, Group]:
    """Two groups whose true means are ``gap`` apart."""
    return (
        group_of(rng, first, mean=gap, spread=spread[0], kind=kind),
        group_of(rng, second, mean=0.0, spread=spread[1], kind=kind),
    )


def covered(groups: tuple[Group, Group], gap: float) -> bool:
    """Whether the range of the difference holds the true one."""
    found = two_groups(*groups)
    assert found is not None
    return found.low <= gap <= found.high


def common_spread(groups: tuple[Group, Group], gap: float) -> bool:
    """Whether the range holds the true difference where both groups are taken to have the same spread."""
    (a, s), (b, t) = groups
    seen, error = np.concatenate([a, b]), np.concatenate([s, t])
    first, freedom = np.arange(len(seen)) < len(a), len(seen) - 2

    def fitted(square: float) -> tuple[float, float, float]:
        weight = 1.0 / (error**2 + square)
        one, other = (float(weight[g] @ seen[g] / weight[g].sum()) for g in (first, ~first))
        rest = float(weight @ (seen - np.where(first, one, other)) ** 2)
        return rest, one - other, float(1.0 / weight[first].sum() + 1.0 / weight[~first].sum())

    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if fitted(middle)[0] > freedom else (low, middle)
    rest, value, variance = fitted(low)
    reach = float(stdtrit(freedom, 0.975)) * (rest / freedom * variance) ** 0.5
    return abs(value - gap) <= reach


def compared(repeats: int) -> list[Row]:
    """Coverage and false alarms of the comparison of two groups."""
    rng = np.random.default_rng(SEED)
    table, held_all, quiet_all = [], [], []
    for name, (one, other, kind) in SPREADS.items():
        for first, second in SIZES:
            held, quiet = (
                [covered(groups_of(rng, first, second, gap=gap, spread=(one, other), kind=kind), gap)
                 for _ in range(repeats)]
                for gap in (-0.3, 0.0)
            )  # fmt: skip
            held_all += held
            quiet_all += quiet
            label = f"two groups, {first} and {second}, {name}"
            table.append(Row(f"{label}: coverage", float(np.mean(held)), 0.92, 0.98, repeats))
            table.append(Row(f"{label}: false alarms", 1.0 - float(np.mean(quiet)), 0.02, 0.08, repeats))
    one, other, kind = SPREADS["spread 0.3 in the first group only"]
    for first, second in SIZES:
        tried = [common_spread(groups_of(rng, first, second, gap=-0.3, spread=(one, other), kind=kind), -0.3)
                 for _ in range(repeats)]  # fmt: skip
        name = f"common spread, {first} and {second}, spread 0.3 in the first group only: coverage"
        table.append(Row(name, float(np.mean(tried)), -np.inf, np.inf, repeats))
    whole = Row("two groups, all: coverage", float(np.mean(held_all)), 0.935, 0.965, len(held_all))
    alarms = Row("two groups, all: false alarms", 1.0 - float(np.mean(quiet_all)), 0.035, 0.065, len(quiet_all))
    return [whole, alarms, *table]


def effects_of(rng: np.random.Generator, world: str, count: int) -> Floats:
    """True log ratios of the changes of a portfolio."""
    some = rng.random(count) < 0.5
    if world == WORLDS[0]:
        return np.where(some, rng.normal(0.0, 0.3, count), 0.0)
    if world == WORLDS[1]:
        return np.where(rng.random(count) < 0.7, rng.normal(-0.2, 0.12, count), 0.0)
    if world == WORLDS[2]:
        return np.zeros(count)
    if world == WORLDS[3]:
        return rng.normal(-0.1, 0.15, count)
    return np.where(some, 0.2 * rng.standard_t(3, count), 0.0)


def summed(rng: np.random.Generator, world: str, count: int, chosen: str) -> tuple[bool, bool, bool]:
    """Whether the range of a sum of tickets saved holds the true sum: pulled, pulled with narrower ends, and plain.

    ``chosen``: all changes, half of them whatever they show, or the quarter that looks best.
    """
    error = rng.uniform(0.06, 0.4, count)
    true = effects_of(rng, world, count)
    seen, usual = true + error * rng.standard_normal(count), rng.lognormal(6.0, 0.7, count)
    picked = {"all": np.arange(count), "half": rng.permutation(count)[: count // 2],
              "best quarter": np.argsort(seen)[: max(2, count // 4)]}[chosen]  # fmt: skip
    draws = pulled_draws(seen[picked], error[picked], learnt(seen, error), rng=rng)
    sums = (usual[picked] * -np.expm1(draws)).sum(axis=1)
    _, low, high = ends(sums)
    near, far = np.percentile(sums, [2.5, 97.5])
    truth = float((usual[picked] * -np.expm1(true[picked])).sum())
    plain = float((usual[picked] * -np.expm1(seen[picked])).sum())
    reach = 1.96 * float(np.sqrt(((usual[picked] * np.exp(seen[picked]) * error[picked]) ** 2).sum()))
    return low <= truth <= high, bool(near <= truth <= far), abs(plain - truth) <= reach


def totals(repeats: int) -> list[Row]:
    """Coverage of sums of pulled effects, and of plain sums beside them."""
    table, every = [], []
    for world in WORLDS:
        for count in (8, 20, 40):
            for chosen in ("all", "half", "best quarter"):
                rng = np.random.default_rng([SEED, WORLDS.index(world), count, len(chosen)])
                three = [summed(rng, world, count, chosen) for _ in range(repeats)]
                pulled, narrow, plain = (float(np.mean(column)) for column in zip(*three, strict=True))
                every += [one for one, _, _ in three]
                label = f"sum over {chosen} of {count}, {world}"
                table.append(Row(f"{label}: coverage, pulled", pulled, 0.88, 1.0, repeats))
                table.append(Row(f"{label}: coverage, pulled, ends at 2.5 %", narrow, -np.inf, np.inf, repeats))
                table.append(Row(f"{label}: coverage, plain sum", plain, -np.inf, np.inf, repeats))
    return [Row("sums, all: coverage, pulled", float(np.mean(every)), 0.94, 0.99, len(every)), *table]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what is said of a whole portfolio.")
    parser.add_argument("--repeats", type=int, default=1_000, help="simulated portfolios each (default 1,000)")
    parser.add_argument("--sums", type=int, default=150, help="the same for sums, which take longer (default 150)")
    given = parser.parse_args()
    table = compared(given.repeats) + totals(given.sums)
    print("| figure | accepted | found | cases | |\n|---|---|---|---|---|")
    print("\n".join(row.text() for row in table))
    return 0 if all(row.accepted for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
