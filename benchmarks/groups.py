"""How often answers by group of customers are wrong: false alarms, coverage and words on simulated organisations.

    python -m benchmarks.groups --panels 10

Prints one row a family and size of group: false alarms of groups that felt nothing, how often the likely range holds
the true effect, and over all groups of one change how often any is called better or worse although none felt anything,
and how often groups that felt the same are said to differ. 40 services x 6 groups, 730 days, 3 changes a year and
service; rough and calm worlds in turn; windows of 42 days before and 14 after.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from impact.estimate import Estimate, Shape, adjusted, estimate
from impact.groups import unlike_at_chance
from impact.verdict import FALSE_DISCOVERY_RATE
from tests.group_worlds import simulate_groups
from tests.worlds import Family

FAMILIES: dict[Family, tuple[float, ...]] = {
    "tickets": (0.0, 0.0, -0.35, 0.35),
    "rating": (0.0, 0.0, -0.4, 0.4),
    "duration": (0.0, 0.0, -0.4, 0.4),
    "share": (0.0, 0.0, -0.1, 0.1),
}
SHAPE = Shape(42, 14)
SIZES = ((0.0, 1.0), (1.0, 5.0), (5.0, 1e9))
"""Tickets or answers a day of a group."""


@dataclass
class Counted:
    """What was seen of one family and size of group: p-values of groups without effect, and whether ranges hold."""

    p_values: list[float] = field(default_factory=list)
    inside: list[bool] = field(default_factory=list)


@dataclass
class Whole:
    """What was seen of whole changes: named though nothing happened, said to differ though all groups felt the same."""

    named: list[bool] = field(default_factory=list)
    differ: list[bool] = field(default_factory=list)


def measured(family: Family, panels: int) -> tuple[dict[tuple[float, float], Counted], Whole]:
    """The answers of several panels of one family."""
    by_size: dict[tuple[float, float], Counted] = defaultdict(Counted)
    whole = Whole()
    for seed in range(panels):
        rng = np.random.default_rng([61, seed])
        world, changes = simulate_groups(rng, family, rough=seed % 2 == 0, sizes=FAMILIES[family])
        found = {
            one.change_id: one
            for one in estimate(world.panel, world.rollouts, shapes=(SHAPE,), holidays=world.holidays)
            if isinstance(one, Estimate)
        }
        for own in changes.values():
            told = [(plan, found[plan.change_id]) for plan in own if plan.change_id in found]
            for plan, one in told:
                volume = world.volume[plan.services[0]]
                counted = by_size[next(size for size in SIZES if size[0] <= volume < size[1])]
                if plan.size == 0:
                    counted.p_values.append(one.p_value)
                counted.inside.append(one.low <= world.truth(plan, plan.services[0], SHAPE) <= one.high)
            if len(told) > 1:
                if own[0].size == 0:
                    q_values = adjusted([one.p_value for _, one in told])
                    whole.named.append(min(q_values) <= FALSE_DISCOVERY_RATE)
                whole.differ.append(unlike_at_chance([one for _, one in told]) < 0.05)
    return by_size, whole


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How often answers by group are wrong, on simulated organisations.")
    parser.add_argument("--panels", type=int, default=10, help="panels per family (default: 10)")
    given = parser.parse_args()
    print("| family | a day and group | groups without effect | false alarms | range holds the truth |")
    print("|---|---|---|---|---|")
    wholes = {}
    for family in FAMILIES:
        by_size, wholes[family] = measured(family, given.panels)
        every = Counted()
        for size in SIZES:
            every.p_values += by_size[size].p_values
            every.inside += by_size[size].inside
            print(_row(family, size, by_size[size]), flush=True)
        print(_row(family, None, every), flush=True)
    print(
        "\n| family | changes | any group named though none felt anything | said to differ though all felt the same |"
    )
    print("|---|---|---|---|")
    for family, one in wholes.items():
        print(f"| {family} | {len(one.differ)} | {_percent(one.named)} | {_percent(one.differ)} |")


def _row(family: str, size: tuple[float, float] | None, counted: Counted) -> str:
    label = "all" if size is None else f"under {size[1]:g}" if not size[0] else f"{size[0]:g} or more"
    if size is not None and size[0] and size[1] < 1e9:
        label = f"{size[0]:g} to {size[1]:g}"
    alarms = [p < 0.05 for p in counted.p_values]
    return f"| {family} | {label} | {len(alarms)} | {_percent(alarms)} | {_percent(counted.inside)} |"


def _percent(values: list[bool]) -> str:
    return f"{100 * float(np.mean(values)):.1f} %" if values else "–"


if __name__ == "__main__":
    main()
