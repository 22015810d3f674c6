"""All that is told of one change beside its readings: what its bump cost, its business case, when open steps will be
done, and its drawings. Made from the answers of one data version and kept with them; knows no layout and no Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from impact import analysis
from impact.bump_cost import BumpCost
from impact.business_case import business_case, errors_by_source
from impact.case_values import Case
from impact.charts import time_axis
from impact.charts.series import drawable, observed_expected
from impact.collisions import around
from impact.costs import bump_of, cost_study
from impact.estimate import Counterfactual
from impact.observed import Evidence
from impact.page_cache import Kept
from impact.portfolio import ChangeView, Portfolio
from impact.settings import Settings
from impact.slips import SlipForecast, forecast_of, slip_record
from impact.store import Snapshot

Chart = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Dossier:
    """The changes of one data version. ``portfolio`` may be one in which decided questions are settled: nothing here
    depends on them. ``kept`` holds what was made already, under ``version``, which tells data and settings apart;
    ``snapshot`` holds the very rows that the answers were made from."""

    version: str
    portfolio: Portfolio
    evidence: Evidence
    settings: Settings
    today: date
    kept: Kept
    snapshot: Snapshot

    def cost(self, change: ChangeView) -> BumpCost | None:
        """What the bump after a change cost; None for a change that is not live, or without tickets."""
        if change.rollout_on is None:
            return None
        study = self.kept.get(("costs", self.version), lambda: cost_study(self.evidence))
        rates = self.settings.rates
        return self.kept.get(("cost", self.version, change.id, rates), lambda: bump_of(study, change.id, rates))

    def case(self, change: ChangeView) -> Case:
        """Planned and measured costs and benefits, and when the change has paid for itself."""
        rates = self.settings.rates

        def work_out() -> Case:
            return business_case(
                change,
                evidence=self.evidence,
                rates=rates,
                cost=self.cost(change),
                today=self.today,
                errors=self.kept.get(("errors", self.version), lambda: errors_by_source(self.evidence)),
            )

        return self.kept.get(("case", self.version, change.id, rates, self.today), work_out)

    def forecasts(self, change: ChangeView) -> Mapping[str, SlipForecast]:
        """When its open milestones will likely be done, by their titles; empty where that cannot be told."""
        known = self.kept.get(("slips", self.version), lambda: slip_record(self.portfolio.changes))
        return forecast_of(change, known=known, today=self.today)

    def chart(self, change: ChangeView, metric: str) -> Chart | None:
        """Observed against expected of one measure; None where there are too few weeks to draw."""

        def draw() -> Chart | None:
            found = self.series(change, metric)
            return None if found is None else observed_expected(found, change, change.reading(metric))

        return self.kept.get(("chart", self.version, change.id, metric), draw)

    def axis(self, change: ChangeView, metric: str | None) -> Chart:
        """The change on one time axis: observed against expected of ``metric`` (where it has figures) above its plan,
        freezes and other changes on the same services or for the same people."""
        freezes = self.settings.freezes

        def draw() -> Chart:
            found = self.series(change, metric) if metric else None
            return time_axis.chart(
                found,
                change,
                change.reading(metric) if metric and found else None,
                today=self.today,
                freezes=freezes,
                forecasts=self.forecasts(change),
                neighbours_by_people=around(change, self.portfolio.changes, self.today),
            )

        return self.kept.get(("axis", self.version, change.id, metric, freezes, self.today), draw)

    def has_course(self, change: ChangeView, metric: str) -> bool:
        """Whether there are enough weeks of a measure to be drawn."""
        return self.chart(change, metric) is not None

    def series(self, change: ChangeView, metric: str) -> Counterfactual | None:
        key = ("series", self.version, change.id, metric)
        found = self.kept.get(key, lambda: analysis.series(self.evidence, change, metric))
        return found if found and drawable(found, change, change.reading(metric).metric) else None
