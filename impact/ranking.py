"""In which order changes are listed: the worst word first, then the largest harm. Pure: no layout, no words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from impact.estimate import Estimate
from impact.portfolio import ChangeView
from impact.verdict import rank, too_coarse
from impact.words.sentences import leading_reading


def worst_first(changes: Iterable[ChangeView], today: date) -> tuple[ChangeView, ...]:
    """The changes by word, then by harm, then the latest first."""

    def place(change: ChangeView) -> tuple[int, float, int, str]:
        on = change.rollout_on or change.planned_on or today
        return rank(change.word), -harm(change), -on.toordinal(), change.number

    return tuple(sorted(changes, key=place))


def harm(change: ChangeView) -> float:
    """How far the measure that carries the change's word went to the bad side, in units that compare between measures:
    parts of an effect that even few data would show. Negative on the good side, 0 without an estimate.

    The effect is the shrunk one: among many changes, the largest estimates owe some of their size to chance.
    """
    reading = leading_reading(change)
    if reading is None or not isinstance(reading.result, Estimate):
        return 0.0
    result, metric = reading.result, reading.metric
    effect = result.effect if result.shrunk is None else result.shrunk
    return (effect if metric.better == "fewer" else -effect) / too_coarse(metric)
