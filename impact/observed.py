"""What the engine is given, as values: panels, rollouts and complete days. Not how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from impact.estimate import Panel, Rollout


@dataclass(frozen=True)
class Evidence:
    """All panels of one data version and the rollouts on record: what the engine is given."""

    panels: Mapping[str, Panel]
    rollouts: tuple[Rollout, ...]
    holidays: frozenset[date]
    until: Mapping[str, date]
    data_to: date | None
