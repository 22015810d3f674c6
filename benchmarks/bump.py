"""Measures bumps on simulated transient effects: ``python -m benchmarks.bump``; prints what was found beside what is
accepted. Knows the worlds, no real data."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.estimates.table import Row
from impact.estimation.bump import Bump, bump_study, bumps, weeks_after
from impact.estimation.bump_cases import Case, case_of
from impact.estimation.lost_minutes import ExtraMinutes, extra_minutes, minutes_study
from tests.transient_worlds import Bumped, transient_world

SEED = 20_240_301
STRATA = ((5.0, 12.0), (12.0, 30.0), (30.0, math.inf))
"""Usual tickets a day between which coverage is told apart."""


@dataclass(frozen=True)
class Told:
    """One simulated change with what was found and what is true. ``normal`` pairs found and true days back to normal;
    ``poisson`` says whether a Poisson interval would have held the true total."""

    change: Bumped
    volume: float
    found: Bump
    extra: float
    normal: tuple[int | None, int | None]
    minutes: tuple[ExtraMinutes, float] | None
    poisson: bool

    @property
    def covered(self) -> bool:
        """Whether the interval of the extra tickets holds the true ones."""
        return self.found.low <= self.extra <= self.found.high


def told(panels: int, *, rough: bool, services: int = 60, seed: int = SEED) -> list[Told]:
    """Every change of ``panels`` worlds that could be read."""
    out = []
    for number in range(panels):
        world = transient_world(np.random.default_rng([seed, number, int(rough)]), services=services, rough=rough)
        plan = {c.change_id: c for c in world.plan}
        prepared = bump_study(world.tickets, world.rollouts, holidays=world.holidays)
        both = minutes_study(world.tickets, world.minutes, world.rollouts, holidays=world.holidays)
        lost = {m.change_id: m for m in extra_minutes(both) if isinstance(m, ExtraMinutes)}
        for found in bumps(prepared):
            if not isinstance(found, Bump):
                continue
            c = plan[found.change_id]
            case = case_of(prepared.common, found.change_id, prepared.fits)
            assert isinstance(case, Case)
            pool = prepared.pool(case.shape, compared=case.compared)
            assert pool is not None
            limits = weeks_after(prepared, case, pool)[0].limit.tolist()
            m = lost.get(found.change_id)
            minutes = None if m is None else (m, world.extra_minutes(c, 0, m.days))
            true = world.extra_tickets(c, 0, found.days)
            normal = found.normal_after, world.normal_after(c, limits)
            poisson = abs(found.extra - true) <= 1.96 * math.sqrt(found.observed)
            out.append(Told(c, float(world.rate[c.service].mean()), found, true, normal, minutes, poisson))
    return out


def off_by(cases: Sequence[Told]) -> np.ndarray:
    """Days by which the days back to normal are wrong, where they are over by the truth; never found counts as 57."""
    pairs = [t.normal for t in cases if t.normal[1] is not None]
    return np.array([abs((57 if found is None else found) - (true or 0)) for found, true in pairs], dtype=np.float64)


def bump_rows(panels: int) -> list[Row]:
    """Coverage of extra tickets and minutes, and days back to normal, in rough and in calm worlds."""
    rows = []
    for rough in (True, False):
        world = "rough" if rough else "calm"
        cases = told(panels, rough=rough)
        rows += coverage_rows(world, cases)
        up = [t for t in cases if t.change.size > 0]
        away = off_by(up)
        rows.append(
            Row(f"bump, {world}: days to normal, median error", float(np.median(away)), 0, 2, len(away), "{:.1f}")
        )
        for form in ("step", "decay"):
            own = off_by([t for t in up if t.change.form == form and t.normal[1]])
            name = f"bump, {world}: the same, {form} outside the usual range"
            rows.append(Row(name, float(np.median(own)), -np.inf, np.inf, len(own), "{:.1f}"))
        flat = [t for t in cases if t.change.size == 0]
        seen = float(np.mean([t.normal[0] != 0 for t in flat]))
        rows.append(Row(f"bump, {world}: one seen where none is", seen, -np.inf, 0.06, len(flat)))
    return rows


def coverage_rows(world: str, cases: list[Told]) -> list[Row]:
    """Share of intervals that hold the truth: tickets, minutes, by volume, and of the negative twin."""

    def share(name: str, chosen: list[Told], low: float = 0.93, high: float = 0.97) -> Row:
        return Row(
            f"bump, {world}: coverage, {name}", float(np.mean([t.covered for t in chosen])), low, high, len(chosen)
        )

    rows = [share("extra tickets", cases)]
    rows.append(share("no bump", [t for t in cases if t.change.size == 0]))
    rows.append(share("+30 to +300 %", [t for t in cases if t.change.size > 0]))
    for low, high in STRATA:
        mine = [t for t in cases if low <= t.volume < high]
        name = f"{low:g} to {high:g} a day" if high < math.inf else f"over {low:g} a day"
        rows.append(share(name, mine, 0.92, 0.98))
    for name, some in (("extra minutes", cases), ("minutes, no bump", [t for t in cases if t.change.size == 0])):
        held = [m.low <= true <= m.high for m, true in (t.minutes for t in some if t.minutes)]
        rows.append(Row(f"bump, {world}: coverage, {name}", float(np.mean(held)), 0.93, 0.97, len(held)))
    twin = float(np.mean([t.poisson for t in cases]))
    rows.append(Row(f"bump, {world}: Poisson interval instead", twin, -np.inf, 0.80, len(cases)))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure bumps on simulated transient effects.")
    parser.add_argument("--panels", type=int, default=12, help="rough and calm panels each (default 12)")
    rows = bump_rows(parser.parse_args().panels)
    print("| figure | accepted | found | cases | |\n|---|---|---|---|---|")
    print("\n".join(row.text() for row in rows))
    return 0 if all(row.accepted for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
