"""What we count: one record per metric, with its meaning, direction, unit and the SQL that sums it. Knows no engine.

``facts`` is plain ANSI SQL over the store's typed columns that yields
``day_on, service_id, team_id, n, total, total_sq``: additive sufficient statistics, so that any set of services and
any window can be pooled exactly. For counts ``total`` is the count; for means ``n`` answers, their sum and sum of
squares; for shares ``n`` trials and ``total`` events. ``survey`` is satisfaction_response with service and team
filled in from its ticket where the answer itself names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RESOLVE_CAP_DAYS = 7
"""Tickets older than this are old enough to say how long they took; longer ones count as this long."""
REOPEN_DAYS = 14
"""A ticket counts as reopened when that happened within this many days of resolving it."""

LOST_CAP_MINUTES = 40 * 60
"""More lost time than a working week is taken for a slip of the pen or for several people, and counted as that."""

Scale = Literal["percent", "points", "share", "minutes"]
Role = Literal["goal", "guardrail"]


@dataclass(frozen=True)
class Metric:
    """One measure.

    ``better``: the direction customers want. ``scale``: how an effect reads (percent of expected, points on the
    metric's own scale, percentage points, minutes). ``matures_days``: days younger than this are not yet data.
    ``matters``: the smallest effect worth a decision, on the effect's natural scale (0.1 = 10 % or 10 percentage
    points; points for ratings; minutes). ``on_board``: shown as a strip in the steering view, in this order. ``table``, ``day``
    and ``where`` say which rows count and on which day; ``counts`` is the value of a mean or the event of a share.
    ``role``: a guardrail can only raise an alarm, a goal can also make a change better. ``set_here``: the margin was
    set by the user.
    """

    name: str
    label: str
    short: str
    help: str
    formula: str
    trap: str
    unit: str
    better: Literal["fewer", "more"]
    kind: Literal["count", "mean", "share"]
    scale: Scale
    matters: float
    table: Literal["ticket", "survey"]
    day: str
    where: str
    counts: str = "1 = 1"
    log: bool = False
    matures_days: int = 0
    on_board: int | None = None
    role: Role = "goal"
    set_here: bool = False

    @property
    def facts(self) -> str:
        """The SQL that sums the metric per day, service and team."""
        totals = {
            "count": "COUNT(*) AS total, 0.0 AS total_sq",
            "share": f"SUM(CASE WHEN {self.counts} THEN 1 ELSE 0 END) AS total, 0.0 AS total_sq",
            "mean": f"SUM({self.counts}) AS total, SUM(({self.counts}) * ({self.counts})) AS total_sq",
        }
        return (
            f"SELECT {self.day} AS day_on, service_id, team_id, COUNT(*) AS n, {totals[self.kind]} "
            f"FROM {self.table} WHERE {self.day} IS NOT NULL AND {self.where} GROUP BY {self.day}, service_id, team_id"
        )


_COUNTED = "status <> 'merged'"
"""A ticket folded into another one is counted there, in every metric of tickets."""


_CAP = RESOLVE_CAP_DAYS * 24 * 60
_LN_MINUTES = (
    f"LN(CASE WHEN resolve_minutes IS NULL OR resolve_minutes > {_CAP} THEN {_CAP}.0 "
    "WHEN resolve_minutes < 1 THEN 1.0 ELSE resolve_minutes END)"
)


_TIMED = (
    f"{_COUNTED} AND status <> 'cancelled' AND (resolve_minutes IS NOT NULL OR status NOT IN ('resolved', 'closed'))"
)
"""A ticket that is resolved at an unknown time says nothing; one that is still open took at least until today."""


_BELOW_BEST = "(CASE WHEN scale_max - scale_min < 3 THEN 0 ELSE 1 END)"
"""Of good or bad, and of three answers, the second best is no praise."""
_TOP_TWO = (
    f"((better = 'high' AND score_raw >= scale_max - {_BELOW_BEST}) "
    f"OR (better = 'low' AND score_raw <= scale_min + {_BELOW_BEST}))"
)
_NPS = "(CASE WHEN score_raw >= 9 THEN 100.0 WHEN score_raw <= 6 THEN -100.0 ELSE 0.0 END)"

METRICS: tuple[Metric, ...] = (
    Metric(
        name="tickets",
        label="Tickets",
        short="Tickets",
        help="Tickets opened. Fewer is only good news beside satisfaction: people also stop calling when they give up.",
        formula="tickets opened, per service and day",
        trap="Volume is not success: always read it beside satisfaction.",
        unit="tickets a day",
        better="fewer",
        kind="count",
        scale="percent",
        matters=0.05,
        table="ticket",
        day="opened_on",
        where=_COUNTED,
        on_board=1,
    ),
    Metric(
        name="incidents",
        label="Incidents",
        short="Incidents",
        help="Tickets that report something broken.",
        formula="tickets of kind incident opened, per service and day",
        trap="Volume is not success: always read it beside satisfaction.",
        unit="incidents a day",
        better="fewer",
        kind="count",
        scale="percent",
        matters=0.05,
        table="ticket",
        day="opened_on",
        where=f"{_COUNTED} AND kind = 'incident'",
    ),
    Metric(
        name="requests",
        label="Requests",
        short="Requests",
        help="Tickets that ask for something.",
        formula="tickets of kind request opened, per service and day",
        trap="Volume is not success: always read it beside satisfaction.",
        unit="requests a day",
        better="fewer",
        kind="count",
        scale="percent",
        matters=0.05,
        table="ticket",
        day="opened_on",
        where=f"{_COUNTED} AND kind = 'request'",
    ),
    Metric(
        name="time_to_resolve",
        label="Time to resolve",
        short="Hours",
        help=f"How long a ticket takes from opening to its first resolution, counted as {RESOLVE_CAP_DAYS} days when longer.",
        formula=f"geometric mean of the time from opened to first resolved, capped at {RESOLVE_CAP_DAYS} days, by opening day",
        trap=f"Young tickets look fast because the slow ones are still open: only days at least {RESOLVE_CAP_DAYS} days old count.",
        unit="hours",
        better="fewer",
        kind="mean",
        log=True,
        scale="percent",
        matters=0.1,
        matures_days=RESOLVE_CAP_DAYS,
        table="ticket",
        day="opened_on",
        where=_TIMED,
        counts=_LN_MINUTES,
        on_board=2,
    ),
    Metric(
        name="within_target",
        label="Resolved within target",
        short="In target",
        help="Share of tickets resolved within their service level target.",
        formula="tickets resolved within target / tickets with a target, by opening day",
        trap=f"Young tickets have not missed their target yet: only days at least {RESOLVE_CAP_DAYS} days old count.",
        unit="%",
        better="more",
        kind="share",
        scale="share",
        matters=0.03,
        matures_days=RESOLVE_CAP_DAYS,
        table="ticket",
        day="opened_on",
        where=f"{_COUNTED} AND within_target IS NOT NULL",
        counts="within_target",
    ),
    Metric(
        name="first_assignment",
        label="Solved by the first team",
        short="First team",
        help="Share of resolved tickets that never changed teams.",
        formula="tickets resolved without reassignment / tickets resolved, by the day of first resolution",
        trap="Where a system does not count reassignments, this is unknown, not 100 %.",
        unit="%",
        better="more",
        kind="share",
        scale="share",
        matters=0.03,
        table="ticket",
        day="first_resolved_on",
        where=f"{_COUNTED} AND reassigned_count IS NOT NULL",
        counts="reassigned_count = 0",
        role="guardrail",
    ),
    Metric(
        name="reopened",
        label="Reopened",
        short="Reopened",
        help=f"Share of resolved tickets that came back within {REOPEN_DAYS} days.",
        formula=f"tickets reopened within {REOPEN_DAYS} days of resolving / tickets resolved, by the day of first resolution",
        trap=f"Young tickets had less time to come back: only days at least {REOPEN_DAYS} days old count.",
        unit="%",
        better="fewer",
        kind="share",
        scale="share",
        matters=0.02,
        matures_days=REOPEN_DAYS,
        table="ticket",
        day="first_resolved_on",
        where=f"{_COUNTED} AND reopened_count IS NOT NULL",
        counts=f"reopened_count > 0 AND (reopen_minutes IS NULL OR reopen_minutes <= {REOPEN_DAYS * 24 * 60})",
        on_board=4,
        role="guardrail",
    ),
    Metric(
        name="satisfaction",
        label="Satisfaction",
        short="Satisfaction",
        help="Mean answer to the satisfaction question, shown on a scale from 1 (worst) to 5 (best).",
        formula="1 + 4 x mean of the answers normalised to 0..1, by the day answered",
        trap="Only people who answered count: read the response rate beside it.",
        unit="points of 5",
        better="more",
        kind="mean",
        scale="points",
        matters=0.1,
        table="survey",
        day="answered_on",
        where="instrument = 'csat' AND score_ratio IS NOT NULL",
        counts="1.0 + 4.0 * score_ratio",
        on_board=3,
    ),
    Metric(
        name="csat",
        label="CSAT",
        short="CSAT",
        help="Share of answers in the two best boxes of the satisfaction question.",
        formula="answers in the top two boxes (the top one, where there are fewer than four) / answers, by the day answered",
        trap="Never mixed with the mean; only people who answered count.",
        unit="%",
        better="more",
        kind="share",
        scale="share",
        matters=0.03,
        table="survey",
        day="answered_on",
        where="instrument = 'csat' AND score_ratio IS NOT NULL",
        counts=_TOP_TWO,
    ),
    Metric(
        name="nps",
        label="Net promoter score",
        short="NPS",
        help="Share of answers 9 to 10 minus share of answers 0 to 6.",
        formula="100 x (promoters - detractors) / answers, by the day answered",
        trap="Blank answers are not promoters. A relative change of a signed number means nothing: read points.",
        unit="points -100..100",
        better="more",
        kind="mean",
        scale="points",
        matters=5.0,
        table="survey",
        day="answered_on",
        where="instrument = 'nps' AND score_raw IS NOT NULL",
        counts=_NPS,
    ),
    Metric(
        name="response_rate",
        label="Response rate",
        short="Response",
        help="Share of surveys that were answered.",
        formula="surveys answered / surveys sent, by the day sent",
        trap="An unanswered survey is not a zero score. Answers arrive late: only days at least 7 days old count.",
        unit="%",
        better="more",
        kind="share",
        scale="share",
        matters=0.03,
        matures_days=7,
        table="survey",
        day="asked_on",
        where="asked_on IS NOT NULL",
        counts="answered_on IS NOT NULL",
        role="guardrail",
    ),
    Metric(
        name="lost_time",
        label="Lost time",
        short="Lost time",
        help="Minutes of work that colleagues say they lost, per ticket they were asked about.",
        formula=f"mean of the minutes reported, each counted as {LOST_CAP_MINUTES // 60} hours when longer, by the day answered",
        trap="Only people who answered count, and what they report is never added to hours modelled from time to resolve.",
        unit="minutes",
        better="fewer",
        kind="mean",
        scale="minutes",
        matters=5.0,
        table="survey",
        day="answered_on",
        where="lost_minutes IS NOT NULL AND lost_minutes >= 0",
        counts=f"(CASE WHEN lost_minutes > {LOST_CAP_MINUTES} THEN {LOST_CAP_MINUTES}.0 ELSE 1.0 * lost_minutes END)",
    ),
    Metric(
        name="self_service",
        label="Self-service share",
        short="Self-service",
        help="Share of tickets opened through the portal or chat, where the channel is known.",
        formula="tickets opened through portal or chat / tickets with a known channel, by opening day",
        trap="Giving up is not success: read it beside reopened and satisfaction.",
        unit="%",
        better="more",
        kind="share",
        scale="share",
        matters=0.03,
        table="ticket",
        day="opened_on",
        where=f"{_COUNTED} AND channel_raw IS NOT NULL",
        counts="channel IN ('portal', 'chat')",
        on_board=5,
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}
BOARD: tuple[Metric, ...] = tuple(sorted((m for m in METRICS if m.on_board), key=lambda m: m.on_board or 0))
"""The strips of the steering view, in order."""
