"""What a change did to a metric: effect, interval and test against placebo dates, or why that cannot be said.

This is the public interface of the statistics: arrays in, results out. No data frames, no files, no clock; knows
nothing of which direction is good, of money or of words on a page.

Method: the days after a rollout are compared with the weeks before it, what happened to all other services in the
same days is subtracted, and the rest is judged against the differences found when a rollout is pretended on days
without one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from impact.estimation.counterfactual import Counterfactual, counterfactual
from impact.estimation.false_discovery import adjusted
from impact.estimation.honesty import PlaceboRate, placebo_rate
from impact.estimation.judging import answered
from impact.estimation.panel import INTERVAL_LEVEL, SHAPES, Kind, Panel, Rollout, Shape
from impact.estimation.questions import Asked, by_change, by_service, study
from impact.estimation.readings import READINGS, plan
from impact.estimation.results import Estimate, NotEstimable, ReadingName, Reason

__all__ = [
    "INTERVAL_LEVEL",
    "READINGS",
    "SHAPES",
    "Counterfactual",
    "Estimate",
    "Kind",
    "NotEstimable",
    "Panel",
    "PlaceboRate",
    "ReadingName",
    "Reason",
    "Rollout",
    "Shape",
    "adjusted",
    "counterfactual",
    "estimate",
    "placebo_rate",
]


def estimate(
    panel: Panel,
    rollouts: Sequence[Rollout],
    *,
    shapes: Sequence[Shape] = SHAPES,
    holidays: frozenset[date] = frozenset(),
    until: date | None = None,
    per_service: bool = False,
    readings: Sequence[ReadingName] = ("planned",),
    bundles: bool = False,
    changes: Collection[str] | None = None,
) -> list[Estimate | NotEstimable]:
    """Effect of every change on one metric, or why it cannot be said; one result per change and reading, sorted.

    ``rollouts`` must hold every recorded change, also those nobody asks about: they say which days are free of
    changes. Of the ``shapes`` without other changes in them the most precise is read. ``until`` is the last day with
    complete data: a planned reading made before its last day is preliminary, judged by a raised bar. ``per_service``
    adds one result per change and service. Changes with others in all their windows are told apart by a joint estimate
    where that is possible, unless other ``shapes`` than the standard ones are given; ``bundles`` adds, after each that
    is refused, the effect of it and those in its way together (method "bundle"). Where ``changes`` are named, only
    these are answered. Services or dates that the panel does not have give ``NotEstimable``. The result does not
    depend on the order of services or rollouts; arguments are not changed. Raises ValueError for an unknown reading.
    """
    plans = [plan(name, tuple(shapes)) for name in readings]
    common = study(panel, rollouts, shapes=tuple(shapes), holidays=holidays, until=until)
    results: list[Estimate | NotEstimable] = []
    for one in plans:
        own = common.planned(one)
        results += answered(own, _wanted(by_change(common.line), changes), bundled=bundles)
        if per_service:
            results += answered(own, _wanted(by_service(common.line), changes))
    if per_service or bundles or len(plans) > 1:
        place = {one.name: k for k, one in enumerate(plans)}
        results.sort(key=lambda r: (r.change_id, r.service is not None, r.service or "", place[r.reading], _bundle(r)))
    return results


def _wanted(asked: Sequence[Asked], changes: Collection[str] | None) -> list[Asked]:
    return [one for one in asked if changes is None or one.change_id in changes]


def _bundle(result: Estimate | NotEstimable) -> bool:
    return isinstance(result, Estimate) and result.method == "bundle"
