"""Changes that cannot be told apart, read as one: the days before the first against the days after the last of them.

Knows nothing of what part any single one of them has in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from impact.estimation.designs import Design, Told, designs_of
from impact.estimation.overlap_answers import Question, answered
from impact.estimation.questions import Asked, Study
from impact.estimation.results import Estimate
from impact.estimation.runs import Runs

SIZES = ((42, 14), (28, 14), (14, 14), (28, 7), (14, 7))
"""Windows of a bundle, days before the first rollout and after the last."""
LEAST = (14, 7)
"""Rollouts with fewer days between them, before and after, belong to one bundle."""


def bundle_answers(common: Study, asked: Sequence[Asked]) -> dict[int, Estimate]:
    """The joint effect of each asked change and those too close to it on its services, by index; q-values are still 1.

    On every service, the days between the first and the last rollout of the bundle belong to neither side.
    ``together`` names the other changes. Left out are changes whose bundle goes on for more than four weeks, whose
    days after the last rollout are not over on all services, and those with too little data. Only for the planned
    reading.
    """
    if common.reading != "planned" or not asked:
        return {}
    runs = Runs(common.line, LEAST)
    questions = []
    for index, row in enumerate(asked):
        design = _design(runs, row)
        if design is not None and design.last < common.panel.day_count:
            names = {name for one in design.told for name in one.run.changes}
            questions.append(Question(index, row, design, tuple(sorted(names - {row.change_id}))))
    return answered(common, questions, method="bundle")


def possible_from(common: Study, asked: Sequence[Asked]) -> list[date | None]:
    """The date from which each change, which cannot be separated now, has a joint or a bundle reading, whichever is
    first, if nothing else goes live; None where waiting does not help, or where only a bundle can be read, now."""
    designs, runs = designs_of(common), Runs(common.line, LEAST)
    days = []
    for row in asked:
        last = [design.last for design in (designs.of(row), _design(runs, row)) if design is not None]
        days.append(min((day for day in last if day >= common.panel.day_count), default=None))
    return [None if day is None else common.panel.on(day + 1) for day in days]


def _design(runs: Runs, row: Asked) -> Design | None:
    """The bundle on each of the change's services, as one effect; None where it leaves no windows."""
    found = dict.fromkeys(run for i in row.rollouts if (run := runs.around(i)) is not None)
    told = [
        Told(run, shape, own=True)
        for run in found
        if (shape := run.largest(SIZES)) is not None and run.first >= shape.pre
    ]
    return Design(tuple(told), (row.change_id,)) if told else None
