"""Made-up changes and estimates for tests of words and pages; no figure here comes from an engine run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from impact.estimate import PlaceboRate
from impact.estimation.panel import Shape
from impact.estimation.results import Estimate, NotEstimable
from impact.holds import Cause, Hold
from impact.metrics import BY_NAME
from impact.portfolio import ChangeView, MilestoneView, Neighbour, Readiness, Reading, ServiceLink
from impact.verdict import Verdict, Word, judge

ROLLOUT = date(2026, 9, 7)
VPN = ServiceLink("itsm:service:1", "VPN", ROLLOUT, "changed", "source")
MAIL = ServiceLink("itsm:service:2", "Mail", ROLLOUT, "changed", "source")
WIFI = Neighbour("itsm:change:9", "CHG-109", "Wi-Fi upgrade", date(2026, 9, 4), ("VPN",))


def estimated(metric: str, effect: float, low: float, high: float, **other: Any) -> Estimate:
    """An estimate 42 days before and 14 after 7 September 2026, clear among all changes unless told otherwise."""
    base = Estimate(
        change_id="itsm:change:1",
        metric=metric,
        kind=BY_NAME[metric].kind,
        service=None,
        effect=effect,
        low=low,
        high=high,
        p_value=0.0004 if low > 0 or high < 0 else 0.4,
        q_value=0.004 if low > 0 or high < 0 else 0.6,
        smallest_detectable=0.09,
        n_before=4210,
        n_after=1180,
        before=100.2,
        after=84.3,
        expected_after=108.1,
        shape=Shape(42, 14),
        pre_from=date(2026, 7, 27),
        pre_to=date(2026, 9, 6),
        post_from=date(2026, 9, 8),
        post_to=date(2026, 9, 21),
        control_services=41,
        loading=1.0,
        se=0.03,
        services=("itsm:service:1",),
    )
    return replace(base, **other)


def measured(label: str, alarms: int, cases: int, *, worth: float = 0.5, **other: Any) -> PlaceboRate:
    """A false-alarm rate with a range three points wide on each side; every case is worth half an independent one."""
    if not cases:
        return PlaceboRate(label, 0, 0, None, None, None, **other)
    rate = alarms / cases
    ends = (max(0.0, rate - 0.03), min(1.0, rate + 0.03))
    return PlaceboRate(label, alarms, cases, rate, *ends, independent=worth * cases, **other)


def held(cause: Cause, label: str = "under 1 a day") -> Hold:
    """A hold for that cause, with made-up figures that fit it."""
    cases = {"many": (35, 310), "few": (20, 2000), "lately": (41, 400), "before": (12, 40)}[cause]
    return Hold(cause, measured("all" if cause == "before" else label, *cases))


def refused(metric: str, reason: Any, **other: Any) -> NotEstimable:
    """No estimate, for the reason given."""
    return NotEstimable("itsm:change:1", metric, None, reason, **other)


def reading(result: Estimate | NotEstimable) -> Reading:
    """The reading of a result, with the word the decision rule gives it."""
    metric = BY_NAME[result.metric]
    return Reading(metric, result, judge(metric, result))


def silent(metric: str, word: Word, reason: str) -> Reading:
    """A reading without a result."""
    return Reading(BY_NAME[metric], None, Verdict(word, reason))


def change(word: Word = "worse", *readings: Reading, **other: Any) -> ChangeView:
    """A change on VPN that went live on 7 September 2026."""
    base = ChangeView(
        id="itsm:change:1",
        source="itsm",
        number="CHG-101",
        title="New password reset",
        url=None,
        kind="normal",
        status="done",
        status_raw=None,
        outcome="unknown",
        outcome_raw=None,
        risk="low",
        team_id=None,
        team=None,
        has_sponsor=True,
        requirement=None,
        expected_outcome=None,
        planned_cost=None,
        actual_cost=None,
        expected_benefit_hours=None,
        expected_benefit_money=None,
        planned_on=ROLLOUT,
        planned_end_on=None,
        rollout_on=ROLLOUT,
        services=(VPN,),
        milestones=(),
        readings=readings,
        neighbours=(),
        design=Readiness(None, 0, 0, ()),
        business=Readiness(None, 0, 0, ()),
        word=word,
        decide=(),
        group="open",
    )
    return replace(base, **other)


def milestone(title: str, **other: Any) -> MilestoneView:
    """An open milestone of the business end without dates unless told otherwise."""
    base = MilestoneView(title, "business", "training", None, None, None, "open", 1.0, None, None, None)
    return replace(base, **other)
