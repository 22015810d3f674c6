"""The plan in words: when open milestones will likely be done, who was told and trained in time, and whether that pays.

Knows forecasts and comparisons as they were made; decides nothing.
"""

from __future__ import annotations

import math

from impact.estimation.slipping import Record
from impact.readiness_outcome import NoOutcome, ReadinessOutcome
from impact.slips import NoForecast, SlipForecast
from impact.words.formats import days, number, percent, plural, when

OBSERVED = (
    "This is an observation, not an experiment: changes that are prepared well differ from others in more than this, "
    "such as in size, risk and team."
)
WAYS = {
    "level": "a change keeps to a slip of its own, pulled towards the usual one here",
    "last": "the slip of the last milestone is carried on to the next",
}
IN_TIME = "told and trained in time"


def forecast_text(told: SlipForecast | NoForecast) -> str:
    """When an open milestone will be done, in a few words: likely 12 Dec 2026 (5 Dec 2026 to 4 Jan 2027)."""
    if isinstance(told, SlipForecast):
        return f"likely {when(told.on)} ({when(told.earliest)} to {when(told.latest)})"
    if told.why == "no_due_date":
        return "no forecast: no planned day"
    if told.why == "stopped":
        return "no forecast: the change was stopped"
    return f"cannot tell: {plural(told.done, 'milestone')} done with both dates known, {number(told.needed)} needed"


def forecast_slip(told: SlipForecast) -> str:
    """How late, or early, that is: 12 days late; on time; 2 days early."""
    if not told.slip_days:
        return "on time"
    return f"{days(abs(told.slip_days))} {'late' if told.slip_days > 0 else 'early'}"


def method_text(known: Record) -> str:
    """How forecasts are made here, and how wrong they were."""
    wrong = known.wrong_by[known.way]
    made = f"Forecasts take it that {WAYS[known.way]}"
    if wrong is None:
        return f"{made}; none could be checked yet."
    return (
        f"{made}; {number(known.cases)} earlier ones, each made from what was known then, were wrong by "
        f"{plural(wrong, 'day', digits=1)} on average."
    )


def told_text(told: bool | None) -> str:
    """Whether the people of a change were told and trained in time."""
    if told is None:
        return "unknown whether people were told and trained in time"
    return "people were told and trained in time" if told else "people were not all told and trained in time"


def readiness_text(told: ReadinessOutcome | NoOutcome) -> str:
    """Whether readiness paid over the portfolio: the estimate with its range and numbers, or why it cannot be told."""
    if isinstance(told, NoOutcome):
        if told.why == "no_milestones":
            return (
                "Whether readiness pays cannot be told: no change has milestones by which people are told, trained or "
                "supported."
            )
        return (
            f"Whether readiness pays cannot be told: {plural(told.told, 'change')} {IN_TIME} and "
            f"{number(told.not_told)} not so have a final figure of their tickets; at least {number(told.needed)} of "
            "each are needed."
        )
    d = told.difference
    n = f"{number(len(told.told))} changes {IN_TIME}, {number(len(told.not_told))} not"
    if d.low <= 0 <= d.high:
        likely = _range(d.low, d.high)
        return f"No clear difference in tickets between changes {IN_TIME} and the others: likely {likely} ({n})."
    size = _percent(d.value)
    return f"Changes {IN_TIME} were followed by {size} tickets than the others (likely {_range(d.low, d.high)}; {n})."


def _percent(log_ratio: float) -> str:
    ratio = math.expm1(log_ratio)
    return f"about {percent(abs(ratio))} {'fewer' if ratio < 0 else 'more'}"


def _range(low: float, high: float) -> str:
    first, second = (math.expm1(x) for x in (low, high))
    if first < 0 < second:
        return f"between {percent(abs(first))} fewer and {percent(second)} more"
    near, far = sorted((abs(first), abs(second)))
    return f"between {percent(near)} and {percent(far)} {'fewer' if second < 0 else 'more'}"
