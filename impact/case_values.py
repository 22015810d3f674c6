"""The figures of a business case with their ranges and what they are made of; not how they are found, and no layout.

Planned figures were typed by people beforehand; measured ones are effects x rates and carry their likely range. What
cannot be told is `Unknown` with its reason, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from impact.run_rate import Amount, Monthly

Kind = Literal["planned", "recorded", "measured", "so_far"]
"""Typed beforehand; written down in the source; found by comparison, a month; the same since the rollout."""
Why = Literal[
    "not_recorded", "not_live", "cancelled", "rolled_back", "no_reading", "no_minutes", "no_rate", "no_part",
]  # fmt: skip
"""Why a figure is unknown:

* not_recorded: nobody wrote it down
* not_live, cancelled: customers have not met the change
* rolled_back: it brings nothing a month any more
* no_reading: no final estimate of its tickets
* no_minutes: neither lost time nor time to resolve can be told over the days for which tickets can
* no_rate: a setting is missing
* no_part: hours of waiting are known, but not which part of them is lost to work
"""
Unit = Literal["tickets", "hours", "money"]
MOST_YEARS = 30
"""A break-even day further away than this is none."""


@dataclass(frozen=True)
class Input:
    """What a figure is made of: a name, the value as text, and where that comes from."""

    label: str
    value: str
    origin: str


@dataclass(frozen=True)
class Figure:
    """A figure with its likely range (None for recorded and planned ones), what it counts, and how it was made:
    ``formula`` says in words how the ``inputs`` make it. ``currency`` may be empty: not configured."""

    label: str
    value: float
    low: float | None
    high: float | None
    unit: Unit
    kind: Kind
    currency: str = ""
    formula: str = ""
    inputs: tuple[Input, ...] = ()

    @property
    def amount(self) -> Amount:
        """The figure with its range; one without a range is its own."""
        return Amount(
            self.value,
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )


@dataclass(frozen=True)
class Unknown:
    """No figure, and why: as a code and in a sentence. ``missing`` names settings in [rates] that would give one."""

    label: str
    kind: Kind
    why: Why
    text: str
    missing: tuple[str, ...] = ()


Told = Figure | Unknown


@dataclass(frozen=True)
class BreakEven:
    """The day on which what was saved equals what was spent, if every month goes on like the measured one.

    ``on``, ``earliest`` and ``latest`` are None where that is not at this rate, or more than 30 years away. ``cost`` is
    the recorded amount that has to come back.
    """

    on: date | None
    earliest: date | None
    latest: date | None
    cost: Figure
    formula: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class NoBreakEven:
    """Why there is no break-even day: the cost or the benefit that is unknown."""

    lacks: Literal["cost", "benefit"]
    because: Unknown


@dataclass(frozen=True)
class Case:
    """The business case of one change.

    Measured figures are savings, a month (``tickets``, ``handling``, ``hours``, ``lost_work``, ``money``) or from the
    rollout to ``counted_to``; negative where the change costs. ``money`` is handling and lost work together.
    ``monthly`` are the numbers behind them; None where nothing is measured.
    """

    change_id: str
    currency: str
    planned_cost: Told
    actual_cost: Told
    planned_hours: Told
    planned_money: Told
    tickets: Told
    handling: Told
    hours: Told
    lost_work: Told
    money: Told
    tickets_so_far: Told
    hours_so_far: Told
    money_so_far: Told
    break_even: BreakEven | NoBreakEven
    monthly: Monthly | None
    counted_to: date | None
    today: date
