"""Which readings tell one change apart from those around it, and from when on they can be made; reads no figures.

A change is read on the services where it stands alone, in short windows between the rollouts before and after. Only
where it stands alone on none of its services, what the changes on the same days did to other services is taken off.
That takes effects to be alike on all services of a change, which holds at best for ratios: half a point of satisfaction
cannot be gained where nearly everybody is content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from impact.estimation.contrasts import solved
from impact.estimation.panel import Floats, Shape
from impact.estimation.questions import Asked, Study
from impact.estimation.runs import Run, Runs
from impact.estimation.timeline import Timeline

SHORT = (3, 3)
"""Fewest days between two rollouts, before and after, for readings of their own."""
SIZES = (
    (28, 14), (28, 7), (28, 4), (13, 13), (13, 6), (13, 4), (13, 3),
    (6, 13), (6, 6), (6, 4), (6, 3), (4, 4), (3, 6), (3, 3),
)  # fmt: skip
"""Windows of a joint estimate, days before and after. 6 and 13 leave room for a rollout every week or two."""
MOST_EFFECTS = 6
"""More changes than this on the same days are not told apart."""
MOST_WEIGHT = 3.0
"""Sum of the absolute weights of readings, above which their differences carry little but noise."""


@dataclass(frozen=True)
class Told:
    """One reading: a run of rollouts and the shape it is read with; ``own`` says that the asked change is in it."""

    run: Run
    shape: Shape
    own: bool


@dataclass(frozen=True)
class Design:
    """The readings that answer one question, and the changes whose effects are in them, the asked one first."""

    told: tuple[Told, ...]
    effects: tuple[str, ...]

    @property
    def last(self) -> int:
        """Index of the last day that is needed."""
        return max(one.run.first + one.shape.reach for one in self.told if one.own)

    @property
    def matrix(self) -> Floats:
        """(readings, effects): 1 where the reading contains the effect."""
        return np.array([[float(name in one.run.changes) for name in self.effects] for one in self.told])


@dataclass(frozen=True, eq=False)
class Designs:
    """Designs of the changes of one timeline; ``days`` is the number of days in the panel, ``ratios`` says that effects
    are ratios (counts, log durations)."""

    line: Timeline
    days: int
    ratios: bool
    runs: Runs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", Runs(self.line, SHORT))

    @cached_property
    def rollouts(self) -> dict[str, list[int]]:
        """Rollouts of every change, as indexes into the timeline."""
        out: dict[str, list[int]] = {}
        for i, rollout in enumerate(self.line.rollouts):
            out.setdefault(rollout.change_id, []).append(i)
        return out

    def of(self, row: Asked) -> Design | None:
        """How to tell a change from those around it; None where that cannot be. Days may be still to come."""
        own = self._told(row.rollouts, own=True)
        alone = [one for one in own if one.run.changes == (row.change_id,)]
        if alone:
            return Design(tuple(alone), (row.change_id,))
        others = sorted({name for one in own for name in one.run.changes} - {row.change_id})
        if not self.ratios or not own or len(others) >= MOST_EFFECTS:
            return None
        beside = [
            one
            for one in self._told([i for name in others for i in self.rollouts[name]], own=False)
            if set(one.run.changes) <= set(others) and one.run.complete(one.shape, self.days)
        ]
        design = Design((*own, *beside), (row.change_id, *others))
        return design if beside and identified(design) else None

    def _told(self, rollouts: Sequence[int], *, own: bool) -> list[Told]:
        """Every run of the rollouts once, with its largest shape; without those that no shape fits."""
        runs = dict.fromkeys(run for i in rollouts if (run := self.runs.around(i)) is not None)
        found = [(run, run.largest(SIZES)) for run in runs]
        return [Told(run, shape, own) for run, shape in found if shape is not None and run.first >= shape.pre]


def designs_of(common: Study) -> Designs:
    """The designs of one panel."""
    return Designs(common.line, common.panel.day_count, common.panel.kind == "count" or common.panel.log)


def identified(design: Design) -> bool:
    """The readings, weighed alike, leave the first effect over and nothing else, without weights that add noise."""
    solution, found = solved(design.matrix[None], np.ones((1, len(design.told))))
    return bool(found[0]) and float(np.abs(solution[0, 0]).sum()) <= MOST_WEIGHT
