"""Why a question has no estimate: another change, days still to come, or days that the panel does not have."""

from __future__ import annotations

from impact.estimation.choosing import Choice, first_complete
from impact.estimation.panel import Shape
from impact.estimation.placebo import LEAST_INDEPENDENT
from impact.estimation.questions import Asked, Study
from impact.estimation.readings import looks
from impact.estimation.results import NotEstimable


def refusal(common: Study, row: Asked) -> NotEstimable:
    """No shape has room: because of another change, of days that are not over, or of days that are not known."""
    line, panel, room = common.line, common.panel, common.room(row.ramp)
    own = [i for i in row.rollouts if line.placed[i]]
    metric, change, service, least = panel.metric, row.change_id, row.service, room.least
    if not own:
        return NotEstimable(change, metric, service, "no_data", reading=common.reading)
    if not any(room.separable_at_all[i] for i in own):
        blocking = {name for i in own for name in line.blocking(i, least)}
        have = max(line.room[i] for i in own)
        return NotEstimable(
            change, metric, service, "cannot_be_separated", least.reach, have,
            blocking=tuple(sorted(blocking)), reading=common.reading,
        )  # fmt: skip
    if any(room.open_at_all[i] for i in own):
        steps = [(i, shape) for i in own for k, shape in enumerate(room.shapes) if room.open[i, k]]
        i, shape = min(steps, key=lambda step: int(line.day[step[0]]) + step[1].reach)
        return too_early(common, row, Choice(shape, None, (i,)))
    known = common.sums.known
    have = max(int(known[line.service[i], min(max(int(line.day[i]), 0), panel.day_count)]) for i in own)
    return NotEstimable(change, metric, service, "no_data", least.pre, have, reading=common.reading)


def too_early(common: Study, row: Asked, choice: Choice) -> NotEstimable:
    """The first look, or for readings without looks the last day, is still to come."""
    first = (*looks(choice.shape), choice.shape)[0] if common.early else choice.shape
    seen = max(common.panel.day_count - int(common.line.day[i]) - first.lead for i in choice.rollouts)
    return NotEstimable(
        row.change_id,
        common.panel.metric,
        row.service,
        "too_early",
        first.post,
        min(max(0, seen), first.post - 1),
        possible_from=common.panel.on(first_complete(common, choice, choice.rollouts)),
        reading=common.reading,
    )


def nothing_yet(
    common: Study, row: Asked, choice: Choice, *, n_before: int | None = None, n_after: int | None = None
) -> NotEstimable:
    """A look has been reached, but its days hold too little: the next one may tell more."""
    return NotEstimable(
        row.change_id, common.panel.metric, row.service, "too_early", choice.shape.post, choice.look,
        possible_from=common.panel.on(first_complete(common, choice, choice.rollouts)), shape=choice.read,
        n_before=n_before, n_after=n_after, reading=common.reading,
    )  # fmt: skip


def too_little_history(common: Study, row: Asked, shape: Shape) -> NotEstimable:
    """The windows fit, but the panel is too short or too full of changes to learn from it what chance does."""
    have = common.panel.day_count // (shape.pre + shape.post)
    needed = int(LEAST_INDEPENDENT)
    return NotEstimable(
        row.change_id,
        common.panel.metric,
        row.service,
        "too_little_history",
        needed,
        min(have, needed - 1),
        shape=shape,
        reading=common.reading,
    )
