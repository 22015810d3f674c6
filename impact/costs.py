"""What the bump after a change cost: extra tickets, lost minutes and money, from panels and rates; knows no words.

Reported and modelled minutes are two sources of one thing and never added up: where colleagues report lost time that is
taken, else waiting time is modelled from the time to resolve.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from impact.bump_cost import BumpCost, Lost, Money, Source
from impact.estimate import NotEstimable, Panel
from impact.estimation.bump import Bump, BumpStudy, bump_study, bumps, extras
from impact.estimation.lost_minutes import ExtraMinutes, MinutesStudy, extra_minutes, minutes_study
from impact.observed import Evidence
from impact.settings import Rates

TICKETS, REPORTED, MODELLED = "tickets", "lost_time", "time_to_resolve"
"""Metrics that the costs come from."""


@dataclass(frozen=True, eq=False)
class CostStudy:
    """The panels of one data version prepared for the bumps of any number of changes; made once and kept."""

    tickets: BumpStudy | None
    minutes: Mapping[Source, MinutesStudy]


def cost_study(evidence: Evidence) -> CostStudy:
    """Prepare tickets and minutes. Without tickets nothing can be told; without minutes no lost hours."""
    tickets = evidence.panels.get(TICKETS)
    if tickets is None:
        return CostStudy(None, {})
    prepared = bump_study(tickets, evidence.rollouts, holidays=evidence.holidays, until=evidence.until.get(TICKETS))
    sources: tuple[tuple[Source, str], ...] = (("reported", REPORTED), ("modelled", MODELLED))
    minutes = {source: _minutes(evidence, tickets, name) for source, name in sources if name in evidence.panels}
    return CostStudy(prepared, minutes)


def _minutes(evidence: Evidence, tickets: Panel, name: str) -> MinutesStudy:
    until = min(day for day in (evidence.until.get(TICKETS), evidence.until.get(name), tickets.last_on) if day)
    return minutes_study(tickets, evidence.panels[name], evidence.rollouts, holidays=evidence.holidays, until=until)


def bump_of(study: CostStudy, change_id: str, rates: Rates) -> BumpCost | None:
    """The bump of a change with its costs; None where no tickets are known or the change was not rolled out."""
    found = bumps(study.tickets, (change_id,)) if study.tickets is not None else []
    if not found:
        return None
    bump = found[0]
    lost = None if isinstance(bump, NotEstimable) else _lost(study, change_id, rates)
    handling = None
    if isinstance(bump, Bump) and rates.per_ticket is not None:
        handling = _money((bump.extra, bump.low, bump.high), rates.per_ticket, rates)
    lost_money = None
    if lost is not None and lost.at_work is not None and rates.per_lost_hour is not None:
        lost_money = _money(lost.hours, lost.at_work * rates.per_lost_hour, rates)
    return BumpCost(bump, lost, handling, lost_money, _missing(lost, rates))


def extra_tickets(study: CostStudy, change_ids: Collection[str]) -> dict[str, float]:
    """Extra tickets in the days after the rollout, by change; only those for which that can be told."""
    return extras(study.tickets, change_ids) if study.tickets is not None else {}


def _lost(study: CostStudy, change_id: str, rates: Rates) -> Lost | None:
    """Reported minutes where they can be read, else modelled ones."""
    sources: tuple[tuple[Source, float | None], ...] = (("reported", 1.0), ("modelled", rates.lost_part_of_waiting))
    for source, at_work in sources:
        prepared = study.minutes.get(source)
        for found in extra_minutes(prepared, (change_id,)) if prepared is not None else ():
            if isinstance(found, ExtraMinutes):
                return Lost(source, found, at_work)
    return None


def _money(amounts: tuple[float, float, float], rate: float, rates: Rates) -> Money:
    value, low, high = (rate * amount for amount in amounts)
    return Money(value, low, high, rates.currency)


def _missing(lost: Lost | None, rates: Rates) -> tuple[str, ...]:
    """Names of the settings without which an amount of money is not shown."""
    priced = rates.per_ticket is not None or rates.per_lost_hour is not None
    names = ["currency"] if priced and not rates.currency else []
    names += [] if rates.per_ticket is not None else ["per_ticket"]
    if lost is not None:
        names += [] if rates.per_lost_hour is not None else ["per_lost_hour"]
        names += [] if lost.at_work is not None else ["lost_part_of_waiting"]
    return tuple(names)
