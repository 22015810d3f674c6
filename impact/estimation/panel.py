"""What a panel of daily figures, a rollout and a window shape are; not what any of them means for a change.

Only numpy: no data frames, no files, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["count", "mean", "share"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

INTERVAL_LEVEL = 0.95
"""Share of intervals that contain the true effect; the same level decides the test."""

HOLIDAY = 7
"""Day type of a holiday on a weekday; Monday to Sunday are 0 to 6."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One metric over services and days, as sums that can be added up.

    ``n``, ``total`` and ``total_sq`` are float arrays of shape (services, days), the first day being ``first_on``.

    * count: ``total`` is the number of tickets of the day; the other two are ignored. NaN means "not known".
    * mean: ``n`` observations, their sum and the sum of their squares. No observation is n = 0.
    * share: ``n`` trials and ``total`` events among them.

    ``log`` says that the mean is one of logarithms (durations), so that effects read as log ratios.
    Raises ValueError when the arrays do not have the shape (services, days) or a service is named twice.
    """

    metric: str
    kind: Kind
    services: tuple[str, ...]
    first_on: date
    n: Floats
    total: Floats
    total_sq: Floats
    log: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("count", "mean", "share"):
            raise ValueError(f"panel {self.metric!r}: kind is {self.kind!r}; allowed are 'count', 'mean' and 'share'")
        if len(set(self.services)) != len(self.services):
            raise ValueError(f"panel {self.metric!r} names a service twice; give every service one row")
        for name in ("n", "total", "total_sq"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[0] != len(self.services) or shape != self.total.shape:
                raise ValueError(
                    f"panel {self.metric!r}: array {name} has shape {shape}, total has {self.total.shape}; "
                    f"all three must be ({len(self.services)} services, days)"
                )

    @property
    def day_count(self) -> int:
        """Number of days in the panel."""
        return int(self.total.shape[1])

    @property
    def last_on(self) -> date:
        """Last day of the panel (the day before ``first_on`` when the panel is empty)."""
        return self.on(self.day_count - 1)

    def on(self, index: int) -> date:
        """The date of a day index; indexes outside the panel give dates outside it."""
        return self.first_on + timedelta(days=index)


@dataclass(frozen=True)
class Rollout:
    """A change going live on one service, on one day or bit by bit from ``on`` until ``to`` (None: on one day).

    A change on several services has several. Raises ValueError when ``to`` is before ``on``.
    """

    change_id: str
    service: str
    on: date
    to: date | None = None

    def __post_init__(self) -> None:
        if self.to is not None and self.to < self.on:
            raise ValueError(
                f"rollout of {self.change_id!r} on {self.service!r} ends on {self.to}, before it begins on {self.on}"
            )

    @property
    def last_on(self) -> date:
        """Last day of the rollout."""
        return self.to or self.on


@dataclass(frozen=True)
class Shape:
    """Which days are compared: ``pre`` days up to the day before a rollout, ``post`` days from ``lead`` days after it.

    The rollout day itself belongs to neither side (with lead 0: to the days after). Weekday patterns cancel best in
    multiples of 7.
    """

    pre: int
    post: int
    lead: int = 1

    def __post_init__(self) -> None:
        if self.pre < 1 or self.post < 1 or self.lead < 0:
            raise ValueError(
                f"window of {self.pre} days before, {self.post} after, lead {self.lead}: "
                "before and after need at least 1 day, the lead at least 0"
            )

    @property
    def reach(self) -> int:
        """Days after the rollout until the last compared day."""
        return self.lead + self.post - 1

    @property
    def information(self) -> float:
        """Grows with the precision that the shape gives: the harmonic sum of its two sides."""
        return self.pre * self.post / (self.pre + self.post)


SHAPES: tuple[Shape, ...] = (
    Shape(42, 14), Shape(84, 14), Shape(28, 14), Shape(14, 14), Shape(42, 7), Shape(28, 7), Shape(14, 7),
)  # fmt: skip
"""Window shapes, the standard one first. Among those in which no other change happened, a change is read with the one
whose readings have the smallest standard error on placebo days."""


def day_types(first_on: date, days: int, holidays: Iterable[date]) -> Ints:
    """Type of each day: 0 to 6 for Monday to Sunday, 7 for a holiday on a weekday. Shape (days,)."""
    types = (first_on.weekday() + np.arange(days, dtype=np.int64)) % 7
    for holiday in holidays:
        index = (holiday - first_on).days
        if 0 <= index < days and types[index] < 5:
            types[index] = HOLIDAY
    return types


def in_order(panel: Panel) -> Panel:
    """The same panel with services sorted by name, so that results do not depend on the order of rows."""
    order = sorted(range(len(panel.services)), key=panel.services.__getitem__)
    if order == list(range(len(order))):
        return panel
    return replace(
        panel,
        services=tuple(panel.services[i] for i in order),
        n=panel.n[order],
        total=panel.total[order],
        total_sq=panel.total_sq[order],
    )


def up_to(panel: Panel, until: date | None) -> Panel:
    """The panel without the days after ``until``: they are not complete, so they are not data."""
    if until is None or until >= panel.last_on:
        return panel
    days = max(0, (until - panel.first_on).days + 1)
    return replace(panel, n=panel.n[:, :days], total=panel.total[:, :days], total_sq=panel.total_sq[:, :days])
