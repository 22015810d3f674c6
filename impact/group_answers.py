"""Who answered: how many of each group's customers were asked and answered, and whether those who answered are like
those who had tickets. Knows panels and days; no engine and no words.

The rule: answers are *unlike* the customers where a group's part of the answers and its part of the tickets differ by
more than chance (the 99 % range of its part of the answers does not hold its part of the tickets) and by at least
UNLIKE_LEAST. Both parts are of the groups shown, on the same days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from scipy.special import ndtri

from impact.estimate import Panel
from impact.group_facts import Unit, Window, unit_name
from impact.group_values import Asked

UNLIKE_LEAST = 0.05
LIKELY, NEARLY_SURE = 0.95, 0.99
LEAST_DAYS = 7
"""Surveys of fewer days than this, old enough to be answered, say nothing of a response rate."""


def answering(
    panels: Mapping[str, Panel], windows: Mapping[Unit, Window], groups: Sequence[str], *, until: date | None
) -> dict[str, Asked]:
    """Who was asked and who answered, by group; empty where no surveys are recorded.

    ``windows`` are the days after the rollout in which satisfaction is read, ``until`` the last day whose surveys are
    old enough to be answered.
    """
    if "response_rate" not in panels or until is None:
        return {}
    sent = _summed(panels["response_rate"], windows, groups, until=until)
    if sent is None:
        return {}
    tickets = _summed(panels["tickets"], windows, groups, until=None) if "tickets" in panels else None
    answers = _summed(panels["satisfaction"], windows, groups, until=None) if "satisfaction" in panels else None
    found = {}
    for group in groups:
        asked, answered = sent[group]
        low, high = share_range(answered, asked, LIKELY) if asked else (None, None)
        of_tickets, of_answers = _parts(group, tickets, answers)
        unlike = False
        if of_tickets is not None and of_answers is not None and answers is not None:
            unlike = _unlike(of_tickets, of_answers, sum(n for n, _ in answers.values()))
        rate = answered / asked if asked else None
        found[group] = Asked(round(asked), round(answered), rate, low, high, of_tickets, of_answers, unlike)
    return found


def _summed(
    panel: Panel, windows: Mapping[Unit, Window], groups: Sequence[str], *, until: date | None
) -> dict[str, tuple[float, float]] | None:
    """Sums of n and total over the days after the rollout, by group; None where too few of them are old enough."""
    place = {name: i for i, name in enumerate(panel.services)}
    sums = dict.fromkeys(groups, (0.0, 0.0))
    days = 0
    for unit, window in windows.items():
        last = window.post_to if until is None else min(window.post_to, until)
        days = max(days, (last - window.post_from).days + 1)
        row = place.get(unit_name(unit))
        if unit[1] not in sums or row is None:
            continue
        span = slice(max(0, (window.post_from - panel.first_on).days), max(0, (last - panel.first_on).days + 1))
        n = panel.total if panel.kind == "count" else panel.n
        here = float(np.nansum(n[row, span])), float(np.nansum(panel.total[row, span]))
        sums[unit[1]] = sums[unit[1]][0] + here[0], sums[unit[1]][1] + here[1]
    return sums if days >= LEAST_DAYS else None


def _parts(
    group: str, tickets: Mapping[str, tuple[float, float]] | None, answers: Mapping[str, tuple[float, float]] | None
) -> tuple[float, float] | tuple[None, None]:
    """A group's part of the tickets and of the answers of all groups; None where either is not known."""
    if tickets is None or answers is None or len(tickets) < 2:
        return None, None
    whole = [sum(n for n, _ in found.values()) for found in (tickets, answers)]
    if not all(whole):
        return None, None
    return tickets[group][0] / whole[0], answers[group][0] / whole[1]


def _unlike(of_tickets: float, of_answers: float, answers: float) -> bool:
    low, high = share_range(of_answers * answers, answers, NEARLY_SURE)
    return abs(of_answers - of_tickets) >= UNLIKE_LEAST and not low <= of_tickets <= high


def share_range(events: float, trials: float, level: float) -> tuple[float, float]:
    """The range of a share at a level (Wilson 1927); inside 0..1, never empty."""
    z = float(ndtri(0.5 + level / 2))
    p, square = events / trials, z * z / trials
    middle = (p + square / 2) / (1 + square)
    half = z * math.sqrt(p * (1 - p) / trials + square / (4 * trials)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
