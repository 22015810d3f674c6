"""Changes with a known truth and what the estimates say of them, in arrays; knows no limits and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers import Compared, poisson
from impact.estimate import SHAPES, Estimate, Shape, estimate
from impact.estimation.panel import Floats, day_types
from tests.worlds import OTHER, USUAL, Family, Noise, Planned, World, oracle, plan_changes, simulate

SEED = 7
FAMILIES: tuple[Family, ...] = ("tickets", "rating", "duration", "share")
SIZES: dict[Family, tuple[float, ...]] = {
    "tickets": tuple(float(np.log(x)) for x in (0.5, 0.75, 1.25, 1.5)),
    "rating": (-0.8, -0.4, 0.2, 0.4),
    "duration": tuple(float(np.log(x)) for x in (0.67, 0.8, 1.25, 1.5)),
    "share": (-0.1, -0.05, 0.05, 0.1),
}
VOLUMES = dict.fromkeys(range(20), 20.0) | dict.fromkeys(range(20, 35), 50.0) | dict.fromkeys(range(35, 50), 10.0)


@dataclass(frozen=True)
class Cases:
    """Answered changes of many panels, one entry each; ``poisson`` is the p-value of a Poisson rate ratio (NaN for
    other families), ``oracle`` that of one who knows the level of every day."""

    world: Floats
    size: Floats
    p: Floats
    low: Floats
    high: Floats
    truth: Floats
    volume: Floats
    rough: Floats
    poisson: Floats
    oracle: Floats

    def rate(self, mask: np.ndarray) -> float:
        """False alarms or power: share of p below 0.05."""
        return alarm_rate(self.p[mask])

    @property
    def covered(self) -> np.ndarray:
        """Whether each interval contains the truth."""
        return np.asarray((self.low <= self.truth) & (self.truth <= self.high))


def alarm_rate(p: Sequence[float] | Floats) -> float:
    """Share below 0.05; NaN when there is none to judge."""
    return float((np.asarray(p) < 0.05).mean()) if len(p) else float("nan")


def answered(world: World, shapes: tuple[Shape, ...] = SHAPES) -> list[Estimate]:
    """Estimates of a world, without those that could not be made."""
    found = estimate(world.panel, world.rollouts, shapes=shapes, holidays=world.holidays)
    return [r for r in found if isinstance(r, Estimate)]


def worlds_of(family: Family, panels: int, noise: Noise = USUAL) -> list[Callable[[], tuple[int, bool, World]]]:
    """Half the changes without effect, half with one, in ``panels`` rough and as many calm worlds, made when called."""

    def made(number: int) -> tuple[int, bool, World]:
        rng = np.random.default_rng([SEED, number, len(family), *([1] if noise is OTHER else [])])
        sizes = (0.0,) * len(SIZES[family]) + SIZES[family]
        plan = plan_changes(rng, range(140), 730, a_year=4, sizes=sizes, gap=60)
        rough = number < panels
        return number, rough, simulate(rng, family, rough=rough, plan=plan, volumes=VOLUMES, noise=noise)

    return [lambda number=number: made(number) for number in range(2 * panels)]  # type: ignore[misc]


def collect(family: Family, panels: int, noise: Noise = USUAL) -> Cases:
    """Every answered change of ``worlds_of``, as the command line reads it."""
    rows = []
    for make in worlds_of(family, panels, noise):
        number, rough, world = make()
        found = {r.change_id: r for r in answered(world)}
        for c in world.plan:
            e = found.get(c.change_id)
            if e is None:
                continue
            s = c.services[0]
            twin = poisson(compared(world, c, e.shape)).p_value if family == "tickets" else np.nan
            best = oracle(world, c, s, e.shape).p_value
            rows.append(
                (
                    number,
                    c.size,
                    e.p_value,
                    e.low,
                    e.high,
                    world.truth(c, s, e.shape),
                    world.volume[s],
                    rough,
                    twin,
                    best,
                )
            )
    return Cases(*np.array(rows, dtype=np.float64).T)


def compared(world: World, change: Planned, shape: Shape, *, most: int = 0) -> Compared:
    """The days of a change as other methods take them: tickets before and after, and those of the ``most`` services
    nearest in volume without a change of their own in these days."""
    first, last, day = change.day - shape.pre, change.day + shape.reach, change.day
    days = np.r_[first:day, day + shape.lead : last + 1]
    y, own = world.panel.total, change.services[0]
    types = day_types(world.panel.first_on, y.shape[1], world.holidays)[days]
    busy = {c.services[0] for c in world.plan if first <= c.day <= last} | {own} if most else set()
    free = [s for s in range(len(y)) if s not in busy] if most else []
    apart = np.abs(np.log(y[free][:, days].mean(axis=1) + 0.5) - np.log(y[own, days[: shape.pre]].mean() + 0.5))
    nearest = np.array(free, dtype=np.int64)[np.argsort(apart, kind="stable")[:most]]
    return Compared(y[own, days], types, shape.pre, y[nearest][:, days])
