"""Does readiness pay: did changes whose people were told and trained in time raise fewer tickets than the others?

An observation, not an experiment: well-prepared changes differ in other ways too. Knows milestones and readings; no
words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from impact.estimate import Estimate
from impact.estimation.two_groups import LEAST_GROUP, Difference, two_groups
from impact.portfolio import ChangeView
from impact.run_rate import TICKETS, final

PREPARING = ("communication", "training", "support_ready")
"""Kinds of milestones by which people are told and trained."""
NORMAL = 1.959964


@dataclass(frozen=True)
class ReadinessOutcome:
    """Changes told in time against the others, as log ratios of their tickets: ``difference.value`` below 0 means that
    tickets rose less after the changes told in time. ``told`` and ``not_told`` are ids of the changes in each group."""

    difference: Difference
    told: tuple[str, ...]
    not_told: tuple[str, ...]


@dataclass(frozen=True)
class NoOutcome:
    """Why that cannot be told: nobody records such milestones, or a group has fewer than ``needed`` changes with a
    final figure of their tickets. ``told`` and ``not_told`` are how many there are."""

    why: Literal["no_milestones", "few"]
    told: int
    not_told: int
    needed: int = LEAST_GROUP


def told_in_time(change: ChangeView) -> bool | None:
    """Whether everybody was told and trained in time: all business-end milestones of communication, training and
    support readiness were done on or before the rollout day. None where there are none, the rollout day is unknown, or
    one is done on an unknown day. Cancelled milestones do not count."""
    if change.rollout_on is None:
        return None
    mine = [m for m in change.milestones
            if m.end == "business" and m.kind in PREPARING and m.status != "cancelled"]  # fmt: skip
    if not mine or any(m.status == "done" and m.done_on is None for m in mine):
        return None
    return all(m.done_on is not None and m.done_on <= change.rollout_on for m in mine)


def readiness_outcome(changes: Sequence[ChangeView]) -> ReadinessOutcome | NoOutcome:
    """Compare the changes' tickets of the planned two weeks, where preparation should show, between both groups."""
    groups: dict[bool, list[tuple[str, float, float]]] = {True: [], False: []}
    known = 0
    for change in changes:
        told = told_in_time(change)
        known += told is not None
        reading = final(change.reading(TICKETS), "planned")
        if told is None or reading is None or not isinstance(reading.result, Estimate):
            continue
        result = reading.result
        groups[told].append((change.id, result.effect, (result.high - result.low) / (2.0 * NORMAL)))
    yes, no = groups[True], groups[False]
    found = two_groups(_columns(yes), _columns(no)) if min(len(yes), len(no)) >= LEAST_GROUP else None
    if found is None:
        return NoOutcome("few" if known else "no_milestones", len(yes), len(no))
    return ReadinessOutcome(found, tuple(row[0] for row in yes), tuple(row[0] for row in no))


def _columns(rows: Sequence[tuple[str, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row[1] for row in rows]), np.array([max(row[2], 1e-6) for row in rows])
