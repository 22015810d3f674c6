"""What a change has saved, each day counted once: the days of the bump as found, later ones at the monthly rate.

Knows amounts and rates; knows no recorded cost, no sentences and no layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from impact.bump_cost import BumpCost
from impact.estimation.bump import Bump
from impact.run_rate import DAYS_A_MONTH, Amount, Monthly
from impact.settings import Rates


@dataclass(frozen=True)
class Saving:
    """What one quantity saved: in the days of the bump (None: cannot be told apart), and a month from ``later_on`` on.

    Negative where it costs.
    """

    bump: Amount | None
    later_on: date
    a_month: Amount

    def until(self, last_on: date) -> Amount:
        """Saved up to a day. Both parts share what was expected: their errors are taken to go the same way."""
        later = self.a_month.times(max((last_on - self.later_on).days + 1, 0) / DAYS_A_MONTH)
        return later if self.bump is None else self.bump.plus(later)

    def times(self, rate: float) -> Saving:
        """The same in another unit."""
        return Saving(None if self.bump is None else self.bump.times(rate), self.later_on, self.a_month.times(rate))


@dataclass(frozen=True)
class Savings:
    """Everything one change saves: tickets, hours of lost work, and what both are worth. None where it is unknown.

    ``together`` correlates the errors of tickets and hours.
    """

    tickets: Saving
    hours: Saving | None
    handling: Saving | None
    lost_work: Saving | None
    together: float

    @property
    def money(self) -> tuple[Saving, ...]:
        """The amounts of money that are known."""
        return tuple(part for part in (self.handling, self.lost_work) if part is not None)

    def a_month(self) -> Amount:
        """All money a month."""
        return self._joined([part.a_month for part in self.money])

    def until(self, last_on: date) -> Amount:
        """All money up to a day."""
        return self._joined([part.until(last_on) for part in self.money])

    def _joined(self, amounts: list[Amount]) -> Amount:
        """Both amounts rest on the same tickets: their errors are joined as far as those of tickets and hours go
        together."""
        first, *rest = amounts
        return first.plus(rest[0], together=self.together) if rest else first


def savings(rollout_on: date, measured: Monthly, *, rates: Rates, cost: BumpCost | None) -> Savings:
    """What a change saves. ``cost`` is what its bump cost; None, or a bump that cannot be told: all days count at the
    monthly rate."""
    bump = cost.bump if cost is not None and isinstance(cost.bump, Bump) else None
    extra = Amount(bump.extra, bump.low, bump.high).times(-1.0) if bump is not None else None
    later_on = bump.last_on + timedelta(days=1) if bump is not None else rollout_on
    tickets = Saving(extra, later_on, measured.tickets)
    hours = _hours(rollout_on, measured, rates=rates, cost=cost)
    return Savings(
        tickets,
        hours,
        None if rates.per_ticket is None else tickets.times(rates.per_ticket),
        None if hours is None or rates.per_lost_hour is None else hours.times(rates.per_lost_hour),
        measured.together,
    )


def _hours(rollout_on: date, measured: Monthly, *, rates: Rates, cost: BumpCost | None) -> Saving | None:
    """Hours of lost work. Extra hours are found over days of their own, which may be fewer than those of tickets."""
    part = 1.0 if measured.source == "reported" else rates.lost_part_of_waiting
    if measured.waited is None or part is None:
        return None
    a_month = measured.waited.times(part)
    lost = cost.lost if cost is not None else None
    if cost is None or lost is None or lost.at_work is None or not isinstance(cost.bump, Bump):
        return Saving(None, rollout_on, a_month)
    later_on = cost.bump.last_on + timedelta(days=1 + lost.found.days - cost.bump.days)
    return Saving(Amount(*lost.hours).times(-lost.at_work), later_on, a_month)
