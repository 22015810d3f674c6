"""What Freshservice's numbers and words stand for, and which fields can be named. Knows no record and no setting."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.settings import SEGMENTS
from connectors.words import Words, with_own

_NO_SEGMENTS: Mapping[str, str] = dict.fromkeys(SEGMENTS, "")

FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": {
        "service": "",
        "kind": "change_type",
        "risk": "risk",
        "outcome": "",
        "sponsor": "",
        "requirement": "",
        "expected_outcome": "",
        "rollout_start_at": "",
        "rollout_end_at": "",
        "planned_cost": "",
        "actual_cost": "",
        "expected_benefit_hours": "",
        "expected_benefit_money": "",
        **_NO_SEGMENTS,
    },
    "milestone": {"kind": "", "audience": "", "channel": ""},
    "ticket": {
        "service": "",
        "kind": "type",
        "channel": "source",
        **_NO_SEGMENTS,
        "department": "department_id",
    },
}
"""Canonical field -> Freshservice's own (such as ``category``), or a custom field by name or label. Empty: not read
unless set. Outcomes, costs and benefits exist as custom fields only."""

PEOPLE = ("sponsor",)
"""Canonical fields whose values name people: they are hashed before anything is stored."""

VALUES: Mapping[str, Words] = with_own(
    {
        "change_status": {
            "planned": ("1", "2", "3", "open", "awaiting approval"),
            "running": ("4", "pending release"),
            "done": ("5", "6", "pending review"),
        },
        "change_approval": {
            "refused": ("2", "3", "rejected", "cancelled", "canceled"),
            "other": ("0", "1", "4", "5", "requested", "approved", "not requested", "peer responded"),
        },
        "change_kind": {"normal": ("1", "3"), "standard": ("2",), "emergency": ("4",)},
        "change_risk": {"low": ("1",), "medium": ("2",), "high": ("3", "4")},
        "milestone_status": {"open": ("1", "2"), "done": ("3",)},
        "ticket_status": {"open": ("2",), "waiting": ("3",), "resolved": ("4",), "closed": ("5",)},
        "channel": {
            "mail": ("1",),
            "portal": ("2", "5", "feedback widget"),
            "phone": ("3",),
            "chat": ("4", "6", "10", "11", "12", "15", "yammer", "slack", "chatbot", "workplace", "ms teams"),
            "monitoring": ("7", "8", "14", "aws cloudwatch", "pagerduty", "alerts"),
            "walk_in": ("9", "walkup"),
        },
        "priority": {"1": ("4", "urgent"), "2": ("3", "high"), "3": ("2", "medium"), "4": ("1", "low")},
    }
)
"""Our word -> numbers and labels. The label that this account gave a number is looked up first, then the number."""

CLOSED = "6"
"""The status of a closed change; custom ones are higher."""
SOLVED = ("4", "5")
"""The statuses of resolved and closed tickets."""
