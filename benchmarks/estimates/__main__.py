"""Measures the estimates on simulated worlds with known effects and prints one table; changes nothing.

    python -m benchmarks.estimates --panels 20 [--only NAME] [--peers PYTHON ...]

Every row names what is measured, what is accepted and what was found. Exit code 1 when a row is not accepted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import bump
from benchmarks.estimates import crowds, families, overlaps, peer_table, situations, speed
from benchmarks.estimates.table import Row, printed

GROUPS: dict[str, Callable[[int], list[Row]]] = {
    "speed": speed.speed_rows,
    **{family: lambda panels, family=family: families.family_rows(family, panels) for family in families.FAMILIES},
    "other": families.other_rows,
    "oracle": families.oracle_rows,
    "dense": crowds.dense_rows,
    "overlaps": overlaps.overlap_rows,
    "few": crowds.few_services_rows,
    "broad": crowds.broad_rows,
    "pooled": crowds.pooled_rows,
    "discovery": crowds.discovery_rows,
    "looks": situations.looks_rows,
    "ramps": situations.ramp_rows,
    "transient": situations.transient_rows,
    "spill": situations.spill_rows,
    "spikes": situations.spike_rows,
    "short": situations.short_rows,
    "bump": bump.bump_rows,
}
"""Parts of the table by the name that ``--only`` takes."""
PEERS = "peers"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the estimates on simulated worlds with known effects.")
    parser.add_argument("--panels", type=int, default=20, help="rough panels per family, and as many calm (default 20)")
    parser.add_argument("--only", choices=[*GROUPS, PEERS], action="append", help="this part only; may be repeated")
    parser.add_argument("--peers", nargs="*", default=[], help="Python interpreters that have requirements-peers.txt")
    options = parser.parse_args()
    rows: list[Row] = []
    print(f"{options.panels} rough and {options.panels} calm worlds per family, 140 services x 730 days\n")
    for name, measure in GROUPS.items():
        if not options.only or name in options.only:
            rows += measure(options.panels)
    if rows:
        print(printed(rows), flush=True)
    if not options.only or PEERS in options.only:
        print(f"\n{peer_table.table(options.panels, options.peers)}")
    return 0 if all(row.accepted for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
