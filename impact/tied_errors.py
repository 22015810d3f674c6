"""How errors of tickets and of minutes a ticket go together on this installation's own dates; judges no change."""

from __future__ import annotations

from impact.bump_cost import Source
from impact.estimation.errors_together import errors_together
from impact.observed import Evidence
from impact.run_rate import SOURCES, TICKETS


def errors_by_source(evidence: Evidence) -> dict[Source, float | None]:
    """For each source of minutes, how its errors go together with those of tickets, on this installation's own dates
    without a change; None where there are too few of them. Made once per data version."""
    tickets = evidence.panels.get(TICKETS)
    found: dict[Source, float | None] = {}
    for source, name in SOURCES:
        panel = evidence.panels.get(name)
        if tickets is None or panel is None:
            continue
        until = min((day for day in (evidence.until.get(TICKETS), evidence.until.get(name)) if day), default=None)
        found[source] = errors_together(
            tickets, panel, evidence.rollouts, holidays=evidence.holidays, until=until
        )  # fmt: skip
    return found
