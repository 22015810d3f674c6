"""Everything that is shown of a change on one day at one data version, gathered for freezing and comparing.

Brings the parts together that the page of a change shows one below the other; finds and words none of them itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impact.dossier import Dossier
from impact.figure_tables import case_figures, forecast_table, groups_table, is_known, register_table, telling_table
from impact.figures import ChangeFigures, FigureTable, change_figures
from impact.group_facts import dimensions
from impact.groups import groups_of
from impact.portfolio import ChangeView
from impact.records import Statement
from impact.state import State
from impact.telling import telling


@dataclass(frozen=True, eq=False)
class Showing:
    """``state`` gives what was expected beforehand; None: that is left out."""

    dossier: Dossier
    state: State | None = None

    def figures(self, change: ChangeView) -> ChangeFigures:
        """All figures of a change, made once per data version and state of the records."""
        d = self.dossier
        recorded = None if self.state is None else self.state.told_apart()
        key = ("all figures", d.version, d.today, change.id, change.decide, recorded)
        return d.kept.get(key, lambda: self._made(change))

    def _made(self, change: ChangeView) -> ChangeFigures:
        d = self.dossier
        case = d.case(change)
        return change_figures(
            change,
            metrics=d.portfolio.metrics,
            today=d.today,
            cost=d.cost(change),
            case=case_figures(case) if is_known(case) else (),
            tables=[table for table in self._tables(change) if table is not None],
        )

    def _tables(self, change: ChangeView) -> Sequence[FigureTable | None]:
        d = self.dossier
        return (
            telling_table(telling(change, d.today)),
            self._groups(change),
            register_table(change, self._stated(change), today=d.today, zone=d.settings.reporting.timezone),
            forecast_table(d.forecasts(change)),
        )

    def _groups(self, change: ChangeView) -> FigureTable | None:
        """By the dimension that the page shows first."""
        d, snapshot = self.dossier, self.dossier.snapshot
        if change.rollout_on is None:
            return None
        known = d.kept.get(("dimensions", d.version), lambda: dimensions(snapshot))
        if not known:
            return None
        # The key is the one of the page that shows the groups: who has looked there waits no second time.
        key = (d.version, d.today, ("groups", change.id, known[0], d.settings.privacy))
        return groups_table(
            d.kept.get(
                key,
                lambda: groups_of(snapshot, d.evidence, change, known[0], settings=d.settings, today=d.today),
            )
        )

    def _stated(self, change: ChangeView) -> list[Sequence[Statement]]:
        if self.state is None:
            return []
        mine = [one for one in self.state.statements() if one.change_id == change.id]
        return [self.state.statement_history(one.id) for one in mine]
