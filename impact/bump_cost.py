"""The figures of what a bump cost: extra tickets, hours and money with their likely ranges; not how they are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from impact.estimation.bump import Bump
from impact.estimation.lost_minutes import ExtraMinutes
from impact.estimation.results import NotEstimable

Source = Literal["reported", "modelled"]


@dataclass(frozen=True)
class Money:
    """An amount with its likely range, in ``currency`` (empty: not configured)."""

    amount: float
    low: float
    high: float
    currency: str


@dataclass(frozen=True)
class Lost:
    """Extra hours and where they come from. ``modelled`` hours are hours of waiting; ``at_work`` is the part of them
    taken for lost work (None: not configured; 1 for reported ones, which are lost work as they are)."""

    source: Source
    found: ExtraMinutes
    at_work: float | None

    @property
    def hours(self) -> tuple[float, float, float]:
        """Extra hours and both ends of their range."""
        return self.found.extra / 60, self.found.low / 60, self.found.high / 60


@dataclass(frozen=True)
class BumpCost:
    """Everything told of one change's bump.

    ``lost`` is None where neither lost time nor times to resolve can be read; ``handling`` (the service desk's cost of
    the extra tickets) and ``lost_money`` are None without the rates in ``missing``: settings that would show them.
    """

    bump: Bump | NotEstimable
    lost: Lost | None
    handling: Money | None
    lost_money: Money | None
    missing: tuple[str, ...]
