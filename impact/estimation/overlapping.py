"""What is said of changes with others in their windows: told apart, read as one, or from when on; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from impact.estimation.bundle import bundle_answers, possible_from
from impact.estimation.false_discovery import adjusted
from impact.estimation.joint import joint_answers
from impact.estimation.questions import Asked, Study
from impact.estimation.results import Estimate, NotEstimable

RECENT = 120
"""Rollouts longer ago have all the days that any reading could still wait for."""


def told_apart(
    common: Study, asked: Sequence[Asked], results: Mapping[int, Estimate | NotEstimable]
) -> dict[int, Estimate | NotEstimable]:
    """Joint estimates (q-values still 1) of refused questions where they can be made, by index; the other refusals with
    the day from which an answer is possible. ``results`` are by index too."""
    if not common.overlaps:
        return {}
    refused = _refused(results)
    found: dict[int, Estimate | NotEstimable] = {
        refused[k]: one for k, one in joint_answers(common, [asked[i] for i in refused]).items()
    }
    line, days = common.line, common.panel.day_count
    recent = [
        i for i in refused
        if i not in found and max(int(line.day[k]) for k in asked[i].rollouts) + RECENT + asked[i].ramp >= days
    ]  # fmt: skip
    for i, day in zip(recent, possible_from(common, [asked[i] for i in recent]), strict=True):
        answer = results[i]
        if day is not None and isinstance(answer, NotEstimable):
            found[i] = replace(answer, possible_from=day)
    return found


def bundles(common: Study, asked: Sequence[Asked], results: Mapping[int, Estimate | NotEstimable]) -> list[Estimate]:
    """For every question still refused, its change and those in its way read as one; q-values among these."""
    refused = _refused(results)
    found = list(bundle_answers(common, [asked[i] for i in refused]).values()) if common.overlaps else []
    q_values = adjusted([one.p_value for one in found])
    return [replace(one, q_value=q) for one, q in zip(found, q_values, strict=True)]


def _refused(results: Mapping[int, Estimate | NotEstimable]) -> list[int]:
    return sorted(
        i for i, one in results.items() if isinstance(one, NotEstimable) and one.reason == "cannot_be_separated"
    )
