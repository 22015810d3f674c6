"""When answers are put on hold: this installation's own false-alarm rates are not what was promised. Knows no words.

The rule. A rate counts as it stands where enough independent cases are behind it that a healthy one stays inside the
limits; with fewer, only when its whole range lies outside, because few cases scatter widely. It is asked for the
volume class of a change's services first, then for all services, over all dates and over the last year; then whether
changes here follow unusual weeks. A rate that cannot be measured is no hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from impact.estimate import PlaceboRate

LEAST, MOST = 0.03, 0.08
"""A measured rate inside of this is as good as the promised one: a single installation scatters about it."""
PRECISE = 800.0
"""Independent cases with which chance takes a true rate of 5 % out of the limits in under 1 of 100 measurements."""

Cause = Literal["many", "few", "lately", "before"]
"""Too many false alarms on all dates, too few (ranges wider than they say), too many in the last year, or changes that
follow unusual weeks."""


@dataclass(frozen=True)
class Hold:
    """Why the answers of one measure are on hold, with the rate that says so: of a volume class, or of all services."""

    cause: Cause
    rate: PlaceboRate

    @property
    def whole(self) -> bool:
        """Whether it holds for every service."""
        return self.rate.label == "all"


def is_precise(rate: PlaceboRate) -> bool:
    """Whether enough independent cases are behind a rate to take it as it stands."""
    return rate.independent >= PRECISE


def outside(rate: PlaceboRate | None) -> Literal["many", "few"] | None:
    """On which side of the limits a rate lies; None inside of them, where chance may be the reason, or unmeasured."""
    if rate is None or rate.rate is None or rate.low is None or rate.high is None:
        return None
    least, most = (rate.rate, rate.rate) if is_precise(rate) else (rate.low, rate.high)
    return "many" if least > MOST else "few" if most < LEAST else None


def class_hold(rate: PlaceboRate | None, label: str | None) -> Hold | None:
    """The hold on one volume class of a measure (None: no class known); None where its answers stand."""
    if rate is None:
        return None
    own = rate.of_class(label) if label is not None else None
    recent = rate.lately.of_class(label) if rate.lately is not None and label is not None else None
    for found, late in ((own, recent), (rate, rate.lately)):
        if found is not None and (side := outside(found)):
            return Hold(side, found)
        if late is not None and outside(late) == "many":
            return Hold("lately", late)
    if rate.before is not None and outside(rate.before) == "many":
        return Hold("before", rate.before)
    return None


def hold(rate: PlaceboRate | None, services: Iterable[str]) -> Hold | None:
    """The hold on an answer about these services: that of the class most of their tickets or answers come from."""
    return None if rate is None else class_hold(rate, rate.class_of(services))


def holds(rates: Mapping[str, PlaceboRate | None]) -> tuple[tuple[str, Hold], ...]:
    """Every hold of an installation as (measure, hold): one for all services, or one for each class; none twice."""
    found: list[tuple[str, Hold]] = []
    for name, rate in rates.items():
        for label in (one.label for one in rate.classes if one.cases) if rate is not None else ():
            one = class_hold(rate, label)
            if one is not None and (name, one) not in found:
                found.append((name, one))
    return tuple(found)
