"""When a recorded decision settles what is asked of a meeting, so that nobody is asked twice. Pure: knows neither
storage nor layout.

A decision settles what was asked when it was taken, as long as nothing got worse for customers, nothing new is asked,
the rollout it speaks of is still the newest and its review has not come. Afterwards the question is open again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from impact.portfolio import ChangeView, Portfolio
from impact.records import Decision
from impact.verdict import Word, group

_HARM: Mapping[Word, int] = {"worse": 3, "mixed": 2, "leaning_worse": 1}
"""How much is known against a change. Words that are not named here are equal: nothing is known against it."""


def in_force(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The newest decision of every change, by the change's id; what was withdrawn counts for nothing. Of one day the
    decision that was first recorded last is the newest: correcting an earlier one later that day changes no order."""
    newest: dict[str, Decision] = {}
    for decision in decisions:
        known = newest.get(decision.change_id)
        if not decision.withdrawn and (known is None or _order(decision) > _order(known)):
            newest[decision.change_id] = decision
    return newest


def _order(decision: Decision) -> tuple[date, float, str]:
    at = decision.first_at or decision.recorded_at
    return decision.decided_on, at.timestamp() if at else 0.0, decision.id


def settles(decision: Decision, change: ChangeView, today: date) -> bool:
    """Whether ``decision`` still answers everything that is asked about ``change``; also where nothing is asked."""
    if decision.withdrawn or decision.change_id != change.id:
        return False
    if decision.review_on is not None and decision.review_on <= today:
        return False
    if change.rollout_on is not None and (decision.decided_on < change.rollout_on or decision.word == "not_rolled_out"):
        return False
    got_worse = _HARM.get(change.word, 0) > (_HARM.get(decision.word, 0) if decision.word else 0)
    return not got_worse and set(change.decide) <= set(decision.asked)


def settlements(changes: Iterable[ChangeView], decisions: Iterable[Decision], today: date) -> dict[str, Decision]:
    """For every change of which something is asked and was decided already: the decision, by the change's id."""
    newest = in_force(decisions)
    return {
        change.id: newest[change.id]
        for change in changes
        if change.decide and change.id in newest and settles(newest[change.id], change, today)
    }


def settle(portfolio: Portfolio, decisions: Iterable[Decision], today: date) -> Portfolio:
    """The same portfolio, in which nothing is asked any more that has been decided. Settled changes stay, in the
    group that their word alone puts them into; the version tells what is settled."""
    settled = settlements(portfolio.changes, decisions, today)
    if not settled:
        return portfolio
    changes = tuple(_unasked(c, settled[c.id]) if c.id in settled else c for c in portfolio.changes)
    by = sorted((change_id, decision.id, decision.revision) for change_id, decision in settled.items())
    digest = hashlib.sha256(repr(by).encode()).hexdigest()[:12]
    return replace(portfolio, changes=changes, version=f"{portfolio.version} settled {digest}")


def _unasked(change: ChangeView, by: Decision) -> ChangeView:
    return replace(change, decide=(), group=group(change.word, ()), decided=by)
