"""Whether an account numbers approvals as this connector takes them: descriptions of the API do it in two ways. Most
closed changes cannot have been refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from connectors.freshservice.account import Form
from connectors.freshservice.lists import Item
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.words import CLOSED
from connectors.values import text_of

MANY = 20
"""Fewer closed changes say nothing about how approvals are numbered."""
NUMBERED_OTHERWISE = (
    "more than half of the closed changes count as refused: this account seems to number approvals otherwise. Set "
    "values.change_approval, such as refused = ['3'] and other = ['0', '1', '2', '4']; if they were refused, "
    "refused = ['2', '3']."
)


def approvals(rows: Iterable[Item], settings: FreshserviceSettings, known: Form) -> tuple[Counter[str], int]:
    """The approvals of closed changes as they come, with their numbers, and how many of them count as refused."""
    closed = [row for row in rows if text_of(row.get("status")) == CLOSED]
    counted = Counter(text_of(row.get("approval_status")) or "none" for row in closed)
    refused = sum(
        count
        for value, count in counted.items()
        if settings.meaning("change_approval", known.label("approval_status", value), value) == "refused"
    )
    return counted, refused


def doubtful(closed: int, refused: int, settings: FreshserviceSettings) -> bool:
    """Whether changes may be refused only because a number is misunderstood, which would cancel most of a portfolio.
    Not where the settings say what the numbers mean."""
    return closed >= MANY and refused > closed / 2 and not settings.values.get("change_approval")
