"""Every way a measure of a change is read, with its word: over the planned days and others, service by service, and
together with the changes in its way. Knows the engine and the rule; no store, no milestones, no layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from impact.estimate import SHAPES, Estimate, NotEstimable, Panel, PlaceboRate, ReadingName, estimate
from impact.holds import hold
from impact.metrics import Metric
from impact.observed import Evidence
from impact.portfolio import Reading
from impact.verdict import judge

READINGS: tuple[ReadingName, ...] = ("planned", "first_days", "lasting", "late")
"""The planned reading decides; the others stand beside it."""
Result = Estimate | NotEstimable


@dataclass(frozen=True)
class Answers:
    """What the engine says of one change and one measure, sorted by how it was read."""

    planned: Result
    others: tuple[Result, ...] = ()
    services: tuple[Result, ...] = ()
    bundle: Result | None = None


def answers(evidence: Evidence) -> dict[str, dict[str, Answers]]:
    """Change -> measure -> answers; one pass of the engine per measure and kind of question."""
    found: dict[str, dict[str, Answers]] = defaultdict(dict)
    for name, panel in evidence.panels.items():
        for change_id, own in _by_change(_asked(evidence, panel)).items():
            if (sorted_out := _sorted_out(own)) is not None:
                found[change_id][name] = sorted_out
    return dict(found)


def _asked(evidence: Evidence, panel: Panel) -> list[Result]:
    return estimate(
        panel,
        evidence.rollouts,
        shapes=SHAPES,
        holidays=evidence.holidays,
        until=evidence.until[panel.metric],
        readings=READINGS,
        per_service=True,
        bundles=True,
    )


def _by_change(results: Iterable[Result]) -> Mapping[str, list[Result]]:
    found: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        found[result.change_id].append(result)
    return found


def _sorted_out(results: list[Result]) -> Answers | None:
    whole = [r for r in results if r.service is None]
    planned = next((r for r in whole if r.reading == "planned" and not _is_bundle(r)), None)
    if planned is None:
        return None
    others = [r for r in whole if r.reading != "planned" and not _is_bundle(r)]
    services = tuple(r for r in results if r.service is not None and r.reading == "planned")
    return Answers(
        planned,
        tuple(sorted(others, key=lambda r: READINGS.index(r.reading))),
        services if len(services) > 1 else (),
        next((r for r in whole if r.reading == "planned" and _is_bundle(r)), None),
    )


def _is_bundle(result: Result) -> bool:
    return isinstance(result, Estimate) and result.method == "bundle"


def judged(metric: Metric, own: Answers, *, rate: PlaceboRate | None = None) -> Reading:
    """The measure's reading with all the others below it, each with its own word. ``rate`` is the measure's
    false-alarm rate, which may put them on hold."""
    reading = _one(metric, own.planned, rate)
    return replace(
        reading,
        others=tuple(_one(metric, r, rate) for r in own.others),
        services=tuple(_one(metric, r, rate) for r in own.services),
        bundle=_one(metric, own.bundle, rate) if own.bundle is not None else None,
    )


def _one(metric: Metric, result: Result, rate: PlaceboRate | None) -> Reading:
    on_hold = hold(rate, result.services) if isinstance(result, Estimate) else None
    return Reading(metric, result, judge(metric, result, hold=on_hold))
