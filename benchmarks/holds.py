"""How often answers are put on hold: rarely on healthy panels, and on those where the yardstick no longer fits.

    python -m benchmarks.holds --panels 10

Prints one row per kind of panel and family: panels with a hold, volume classes on hold, the causes, and the mean
false-alarm rate over all dates, in the last year, and in the weeks before changes. 140 services, 730 days, one change
a year and service; rough and calm worlds in turn.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np

from impact.estimate import PlaceboRate, placebo_rate
from impact.holds import class_hold, holds
from tests.broken_worlds import as_it_was, restless, triggered
from tests.worlds import Family, plan_changes, simulate

KINDS = {"healthy": as_it_was, "restless last year": restless, "triggered by spikes": triggered}
FAMILIES: dict[str, tuple[Family, ...]] = {
    "healthy": ("tickets", "rating", "duration", "share"),
    "restless last year": ("tickets",),
    "triggered by spikes": ("tickets",),
}


def measured(kind: str, family: Family, seed: int) -> PlaceboRate:
    """The false-alarm rate of one panel."""
    rng = np.random.default_rng([37, seed])
    plan = plan_changes(rng, range(140), 730, a_year=1, sizes=(0.0, -0.2, 0.2), gap=60)
    world = simulate(rng, family, rough=seed % 2 == 0, plan=plan)
    panel, rollouts = KINDS[kind](rng, world.panel, world.rollouts)
    rate = placebo_rate(panel, rollouts, holidays=world.holidays)
    assert rate is not None
    return rate


def row(kind: str, family: Family, panels: int) -> str:
    """One line of the table."""
    rates = [measured(kind, family, seed) for seed in range(panels)]
    found = [holds({family: rate}) for rate in rates]
    classes = [class_hold(rate, one.label) for rate in rates for one in rate.classes if one.cases]
    causes = Counter(hold.cause for one in found for _, hold in one)
    told = ", ".join(f"{cause} {count}" for cause, count in sorted(causes.items())) or "–"
    shown = (_mean(rates), _mean([r.lately for r in rates]), _mean([r.before for r in rates]))
    on_hold = sum(hold is not None for hold in classes)
    return (
        f"| {kind} | {family} | {sum(bool(one) for one in found)} of {panels} | {on_hold} of {len(classes)} | {told} | "
        f"{' | '.join(shown)} |"
    )


def _mean(rates: Sequence[PlaceboRate | None]) -> str:
    values = [rate.rate for rate in rates if rate is not None and rate.rate is not None]
    return f"{100 * float(np.mean(values)):.1f} %" if values else "–"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How often answers are put on hold, on healthy and on broken panels.")
    parser.add_argument("--panels", type=int, default=10, help="panels per row (default: 10)")
    given = parser.parse_args()
    print("| panels | family | with a hold | classes on hold | causes | all dates | last year | weeks before |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, families in FAMILIES.items():
        for family in families:
            print(row(kind, family, given.panels), flush=True)


if __name__ == "__main__":
    main()
