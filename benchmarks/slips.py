"""Measures forecasts of milestones: ``python -m benchmarks.slips [--data FOLDER]``; on simulated projects and, where
they are given, on the public milestones of OpenStack releases. Every forecast is made from what was known on its day.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.estimates.table import Row
from impact.estimation.slipping import LEAST_STEPS, PRIOR_STEPS, known_by, record, slip_ahead

Projects = list[list[tuple[int, int]]]
SEED = 20_260_801
COMPARED: dict[str, Callable[[list[float], float], float]] = {
    "as planned": lambda own, usual: 0.0,
    "usual slip of all": lambda own, usual: usual,
    "own median": lambda own, usual: float(np.median(own)),
    "own mean": lambda own, usual: float(np.mean(own)),
    "last slip carried on": lambda own, usual: own[-1],
    "own median pulled to the usual (level)": lambda own, usual: (
        (len(own) * float(np.median(own)) + PRIOR_STEPS * usual) / (len(own) + PRIOR_STEPS)
    ),
    "trend of own slips": lambda own, usual: own[-1] + (own[-1] - own[0]) / (len(own) - 1),
}


@dataclass(frozen=True)
class Told:
    """A forecast, what came true, and what every compared way would have said."""

    true: int
    value: int
    low: int
    high: int
    ahead: int
    overdue: bool
    others: dict[str, float]


def accumulating(rng: np.random.Generator, count: int) -> Projects:
    """Projects whose delays are carried on from step to step, and now and then made up for."""
    found = []
    for _ in range(count):
        due = int(rng.integers(0, 700)) + np.cumsum(rng.integers(14, 50, int(rng.integers(5, 11))))
        rate, slip, own = float(rng.choice([0, 0, 3, 8])), 0.0, []
        for day in due.tolist():
            slip += rng.exponential(rate + 1.0) - 0.5 - (rng.random() < 0.15) * min(slip, 6.0)
            own.append((day, round(day + slip + rng.normal(0.0, 1.5))))
        found.append(own)
    return found


def levels(rng: np.random.Generator, count: int) -> Projects:
    """Projects each with a level of its own, from which every step strays by itself."""
    found = []
    for _ in range(count):
        due = int(rng.integers(0, 700)) + np.cumsum(rng.integers(14, 50, int(rng.integers(5, 11))))
        level = rng.normal(3.0, 6.0)
        found.append([(day, round(day + level + 4.0 * rng.standard_t(4))) for day in due.tolist()])
    return found


def jumps(rng: np.random.Generator, count: int) -> Projects:
    """Projects that are mostly on time, with a long delay now and then."""
    found = []
    for _ in range(count):
        due = int(rng.integers(0, 700)) + np.cumsum(rng.integers(14, 50, int(rng.integers(5, 11))))
        slips = (rng.random(len(due)) < 0.15) * rng.exponential(25.0, len(due)) + rng.normal(-1.0, 2.0, len(due))
        found.append([(day, round(day + slip)) for day, slip in zip(due.tolist(), slips.tolist(), strict=True)])
    return found


def openstack(folder: Path) -> Projects:
    """Planned and actual milestones of OpenStack releases; a deliverable is one project over all its series."""
    own: dict[str, list[tuple[int, int]]] = defaultdict(list)
    with (folder / "milestones_planned_vs_actual.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            due = date.fromisoformat(row["planned_end"]).toordinal()
            own[row["deliverable"]].append((due, due + int(row["days_after_planned_end"])))
    return [sorted(steps) for steps in own.values()]


def walk(projects: Projects, *, origins: int, seed: int = SEED) -> list[Told]:
    """Forecast the next three open steps of every project on random days, from what was done by then."""
    rng = np.random.default_rng(seed)
    ends = sorted(end for own in projects for _, end in own)
    found = []
    for today in rng.integers(ends[int(0.3 * len(ends))], ends[-1], origins).tolist():
        done = [known_by(own, today) for own in projects]
        known = record([own for own in done if own])
        for own, so_far in zip(projects, done, strict=True):
            if len(so_far) < LEAST_STEPS:
                continue
            slips = [float(end - due) for due, end in sorted(so_far)]
            for ahead, (due, end) in enumerate(sorted(s for s in own if s[1] > today)[:3], 1):
                told = slip_ahead(known, slips, ahead=ahead, at_least=today - due)
                assert told is not None
                others = {name: max(way(slips, known.usual), float(today - due)) for name, way in COMPARED.items()}
                found.append(Told(end - due, told.value, told.low, told.high, ahead, today > due, others))
    return found


def coverage(found: Sequence[Told]) -> float:
    """Part of the ranges that hold the day."""
    return float(np.mean([told.low <= told.true <= told.high for told in found]))


def rows(name: str, found: list[Told], *, least: float = 0.925, most: float = 0.985) -> list[Row]:
    """Coverage, and the error of the forecast beside that of every compared way."""
    out = [Row(f"{name}: coverage", coverage(found), least, most, len(found))]
    late = [told for told in found if told.overdue]
    if late:
        out.append(Row(f"{name}: coverage, already overdue", coverage(late), -np.inf, np.inf, len(late)))
    ways = {"forecast": [abs(told.value - told.true) for told in found]}
    ways |= {way: [abs(told.others[way] - told.true) for told in found] for way in COMPARED}
    for way, away in ways.items():
        out.append(
            Row(f"{name}: {way}, median error in days", float(np.median(away)), -np.inf, np.inf, len(found), "{:.1f}")
        )
        out.append(
            Row(f"{name}: {way}, mean error in days", float(np.mean(away)), -np.inf, np.inf, len(found), "{:.1f}")
        )
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure forecasts of milestones.")
    parser.add_argument("--data", type=Path, help="folder of the public milestones (milestones_planned_vs_actual.csv)")
    given = parser.parse_args()
    table = []
    for world in (accumulating, levels, jumps):
        for count, panels in ((12, 20), (60, 6), (300, 2)):
            found: list[Told] = []
            for panel in range(panels):
                found += walk(world(np.random.default_rng([SEED, panel, count]), count), origins=12, seed=SEED + panel)
            own = rows(f"{world.__name__}, {count} projects", found, least=0.88)
            table += own if count == 300 else own[:2]
    if given.data is not None:
        table += rows("OpenStack", walk(openstack(given.data), origins=40), least=0.85)
    print("| figure | accepted | found | cases | |\n|---|---|---|---|---|")
    print("\n".join(row.text() for row in table))
    return 0 if all(row.accepted for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
