"""What an estimate says, and what is said instead when there is none; not how either is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from impact.estimation.panel import Kind, Shape

Reason = Literal["cannot_be_separated", "too_early", "too_little_data", "too_little_history", "no_data"]
"""Why there is no estimate:

* cannot_be_separated: another change on the same service is too close for any window shape
* too_early: the days after the rollout are not complete yet
* too_little_data: fewer than 10 tickets, or 5 observations on either side
* too_little_history: the panel has too few days without changes to know what chance does
* no_data: the service or the date is not in the panel, or nothing was recorded around it
"""

ReadingName = Literal["planned", "first_days", "lasting", "late"]
"""Which days after a rollout are read: the planned window, its first three days with spikes, the two weeks after the
first days are over, or four weeks."""
Method = Literal["separate", "joint", "bundle"]
"""Alone in its windows; separated from overlapping changes by a joint estimate; or all overlapping changes as one."""

BROAD = "broad change"
NO_COMPARISON = "no comparison group"
CHANGED_COMPARISON = "comparison services had changes too"
SPIKES = "spikes left out"
EQUAL_EFFECTS = "other changes taken to act alike on all their services"
NOT_TELLING = "too little data to tell"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The effect of one change on one metric, with its interval and test.

    ``effect``, ``low``, ``high``, ``smallest_detectable`` and ``se`` are log ratios for counts and log means, plain
    differences for means and shares. ``service`` is None for all services of the change together. ``before``,
    ``after`` and ``expected_after`` are tickets a day, means or shares; ``expected_after`` is what the comparison
    says would have come without the change. ``smallest_detectable`` is the effect that would have been found with
    80 % chance. ``n_before`` and ``n_after`` are tickets (count), observations (mean) or trials (share).
    ``q_value`` is the false-discovery rate (Benjamini-Hochberg) over all estimates of the metric and reading made
    together. ``shrunk`` is the effect pulled towards 0 as far as chance makes large effects look larger, for ranked
    lists.

    ``look`` is the number of days after the rollout that a preliminary reading saw, None for a final one;
    ``multiplier`` is by how much that raised the bar, already inside ``p_value``, ``low`` and ``high``. Preliminary
    readings also tell how many days the final one has (``final_days``) and the first day on which it can be made
    (``final_from``). ``together`` names the other changes that are read with this one (bundle) or separated from it
    (joint).
    """

    change_id: str
    metric: str
    kind: Kind
    service: str | None
    effect: float
    low: float
    high: float
    p_value: float
    q_value: float
    smallest_detectable: float
    n_before: int
    n_after: int
    before: float
    after: float
    expected_after: float
    shape: Shape
    pre_from: date
    pre_to: date
    post_from: date
    post_to: date
    control_services: int
    loading: float
    se: float
    services: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reading: ReadingName = "planned"
    look: int | None = None
    multiplier: float = 1.0
    final_days: int | None = None
    final_from: date | None = None
    method: Method = "separate"
    together: tuple[str, ...] = ()
    shrunk: float | None = None


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Why a change has no estimate for a metric: what is needed, what is there, and when it may be possible.

    ``blocking`` names the changes in the way; ``possible_from`` is None where waiting does not help. ``needed`` and
    ``have`` count days (cannot be separated, too early), tickets or observations (too little data) or independent
    placebo readings (too little history); for no data they count known days before the rollout, and are None when the
    panel has none of the services. ``n_before`` and ``n_after`` are known only when windows were read.
    """

    change_id: str
    metric: str
    service: str | None
    reason: Reason
    needed: int | None = None
    have: int | None = None
    blocking: tuple[str, ...] = ()
    possible_from: date | None = None
    smallest_detectable: float | None = None
    shape: Shape | None = None
    n_before: int | None = None
    n_after: int | None = None
    reading: ReadingName = "planned"
