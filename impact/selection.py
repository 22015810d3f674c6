"""Which changes a steering meeting looks at, and how many of them stand where. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from impact.metrics import BOARD, Metric
from impact.portfolio import ChangeView
from impact.verdict import GROUPS, Word
from impact.words.sentences import leading_reading

PERIODS: dict[str, tuple[str, int | None]] = {
    "8w": ("8 weeks", 56),
    "3m": ("3 months", 91),
    "6m": ("6 months", 182),
    "12m": ("12 months", 365),
    "all": ("All", None),
}
"""Code in the address -> label and days back and ahead."""
USUAL_PERIOD = "3m"
NO_TEAM = "none"
"""Stands in the address for changes that no team owns."""
PAGE_SIZE = 40
"""Changes drawn at once; more are shown page by page."""


@dataclass(frozen=True)
class Filters:
    """What the address asks for: a team's id or "", a period's code, words to search."""

    team: str = ""
    period: str = USUAL_PERIOD
    search: str = ""


@dataclass(frozen=True)
class Counts:
    """Where the shown changes stand. The four after ``decide`` add up to ``live``, the changes rolled out."""

    shown: int
    live: int
    decide: int
    better: int
    worse: int
    no_change: int
    cannot_tell: int


def chosen(changes: Sequence[ChangeView], filters: Filters, today: date) -> tuple[ChangeView, ...]:
    """The changes that pass all filters, in the order given."""
    return tuple(
        c
        for c in changes
        if _of_team(c, filters.team) and _in_period(c, filters.period, today) and _matches(c, filters.search)
    )


def _of_team(change: ChangeView, team: str) -> bool:
    return not team or change.team_id == (None if team == NO_TEAM else team)


def _in_period(change: ChangeView, period: str, today: date) -> bool:
    """Rolled out, or planned to be, within the period's days of today. Cancelled ones only with the longest."""
    reach = PERIODS[period][1]
    if reach is None:
        return True
    on = change.rollout_on or change.planned_on
    return change.status != "cancelled" and on is not None and abs((on - today).days) <= reach


def _matches(change: ChangeView, search: str) -> bool:
    """Every word somewhere in number, title, team or services."""
    text = " ".join([change.number, change.title, change.team or "", *(s.name for s in change.services)]).casefold()
    return all(word in text for word in search.casefold().split())


def in_board_order(changes: Sequence[ChangeView]) -> tuple[ChangeView, ...]:
    """Group after group, inside a group in the order given."""
    return tuple(c for name in GROUPS for c in changes if c.group == name)


def counts(changes: Sequence[ChangeView]) -> Counts:
    """How many stand where; mixed counts as worse, a hint as not yet told."""
    words: list[Word] = [c.word for c in changes if c.word != "not_rolled_out"]
    better, none = words.count("better"), words.count("no_change")
    worse = words.count("worse") + words.count("mixed")
    decide = sum(1 for c in changes if c.group == "decide")
    told = better + worse + none
    return Counts(len(changes), len(words), decide, better, worse, none, len(words) - told)


def measures(known: Sequence[Metric]) -> tuple[Metric, ...]:
    """The measures that have facts: those of the board in its order, then the others."""
    return (*(m for m in BOARD if m in known), *(m for m in known if not m.on_board))


def leading_metric(change: ChangeView, known: Sequence[Metric]) -> str:
    """The measure shown first: the one that carries the verdict, else the first there is; "" without any."""
    reading = leading_reading(change)
    names = [m.name for m in measures(known)]
    return reading.metric.name if reading and reading.metric.name in names else names[0] if names else ""


def described(filters: Filters, teams: Sequence[tuple[str, str]]) -> str:
    """The filters in words, for a sentence about what they leave."""
    names = {**dict(teams), NO_TEAM: "no team"}
    parts = [f"team {names.get(filters.team, filters.team)}"] if filters.team else []
    if filters.search:
        parts.append(f"search “{filters.search}”")
    if filters.period != "all":
        parts.append(f"period {PERIODS[filters.period][0]} back and ahead")
    return ", ".join(parts)
