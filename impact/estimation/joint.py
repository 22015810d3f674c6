"""Changes that follow each other closely, or share only some of their services, told apart; nothing for one at a time.

Rollouts on a service cut its days into pieces. What lies between two rollouts is read against what came before, in
windows as short as needed, down to three days on each side; several services are weighed together. Changes on the same
days of the same services are told apart only through services that have just one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from impact.estimation.designs import Design, designs_of
from impact.estimation.overlap_answers import Question, answered
from impact.estimation.panel import Shape
from impact.estimation.questions import Asked, Study
from impact.estimation.results import Estimate


def joint_answers(common: Study, asked: Sequence[Asked]) -> dict[int, Estimate]:
    """Effects of changes whose ordinary windows hold other changes, by index into ``asked``; q-values are still 1.

    Only for the planned reading. A change is left out where no readings tell it from the others, where the days after
    it are not over on all of its services, and where these have too little data. Windows follow from the dates of the
    rollouts alone, so that an answer does not change as days pass.
    """
    if common.reading != "planned" or not asked:
        return {}
    designs = designs_of(common)
    questions = []
    for index, row in enumerate(asked):
        design = designs.of(row)
        if design is not None and design.last < common.panel.day_count:
            questions.append(Question(index, row, design, separated_from(common, row, design)))
    return answered(common, questions, method="joint")


def separated_from(common: Study, row: Asked, design: Design) -> tuple[str, ...]:
    """The changes that a joint estimate was separated from: those on the same services in the ordinary windows."""
    least = common.room(row.ramp).least
    services = {one.run.service for one in design.told if one.own}
    names = set(design.effects)
    for i in row.rollouts:
        if int(common.line.service[i]) in services:
            names |= set(common.line.blocking(i, Shape(least.pre, least.post, least.lead)))
    return tuple(sorted(names - {row.change_id}))
