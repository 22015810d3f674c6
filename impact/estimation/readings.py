"""Which days each reading of a change compares: window shapes, lead, looks, gradual rollouts; reads nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from impact.estimation.panel import SHAPES, Shape
from impact.estimation.results import ReadingName

READINGS: tuple[ReadingName, ...] = ("planned", "first_days", "lasting", "late")
LOOKS = (3, 5, 7, 10, 14, 21, 28)
"""Days after a rollout at which a reading is made before its last day; on the days between nothing changes."""
RAMPS = (0, 2, 4, 6, 9, 13, 20, 27, 41, 59, 89, 179)
"""Durations that gradual rollouts are rounded up to, so that few different windows are read."""
FIRST_DAYS = (Shape(42, 3, 0), Shape(28, 3, 0), Shape(14, 3, 0))
LASTING = (Shape(42, 14, 4), Shape(84, 14, 4), Shape(28, 14, 4), Shape(14, 14, 4))
LATE = (Shape(42, 28), Shape(84, 28), Shape(28, 28))


@dataclass(frozen=True)
class Plan:
    """Window shapes of one reading, whether spikes are cut, whether it is made early at the looks, and whether changes
    with others in their windows are read in other windows."""

    name: ReadingName
    shapes: tuple[Shape, ...]
    capped: bool = True
    early: bool = False
    overlaps: bool = False


def plan(name: ReadingName, shapes: tuple[Shape, ...] = SHAPES) -> Plan:
    """How a reading is made; ``shapes`` are those of the planned one. Raises ValueError for an unknown name."""
    plans = {
        "planned": Plan("planned", shapes, early=True, overlaps=shapes == SHAPES),
        "first_days": Plan("first_days", FIRST_DAYS, capped=False),
        "lasting": Plan("lasting", LASTING),
        "late": Plan("late", LATE),
    }
    if name not in plans:
        raise ValueError(f"there is no reading {name!r}; allowed are {', '.join(plans)}")
    return plans[name]


@cache
def ramp(lasted: int) -> int:
    """Duration of a gradual rollout in days after its first, rounded up to one of ``RAMPS`` (beyond them exact)."""
    return next((days for days in RAMPS if days >= lasted), lasted)


def slowed(shape: Shape, days: int) -> Shape:
    """The shape for a rollout that takes ``days`` further days: what comes after the rollout moves back by as many.

    A shape without lead, which reads the first days, stays: it begins with the rollout.
    """
    return replace(shape, lead=shape.lead + days) if days and shape.lead else shape


def looks(shape: Shape) -> tuple[Shape, ...]:
    """The shapes of the early looks at a reading, shortest first."""
    return tuple(replace(shape, post=days) for days in LOOKS if days < shape.post)
