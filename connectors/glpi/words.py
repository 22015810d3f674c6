"""What GLPI's own numbers and words mean, in its English labels and in ours. Knows no record and no setting."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.words import with_own

TICKET_STATUS: Mapping[str, str] = {
    "1": "New",
    "2": "Processing (assigned)",
    "3": "Processing (planned)",
    "4": "Pending",
    "5": "Solved",
    "6": "Closed",
    "10": "Approval",
}
CHANGE_STATUS: Mapping[str, str] = {
    "1": "New",
    "2": "Processing (assigned)",
    "3": "Processing (planned)",
    "4": "Pending",
    "5": "Applied",
    "6": "Closed",
    "7": "Accepted",
    "8": "Review",
    "9": "Evaluation",
    "10": "Approval",
    "11": "Testing",
    "12": "Qualification",
    "13": "Refused",
    "14": "Cancelled",
}
SOLVED = ("5", "6")
"""Statuses in which a ticket is solved."""
FINISHED = ("6", "13", "14")
"""Statuses in which a change is over."""
TASK_STATE: Mapping[str, str] = {"0": "Information", "1": "To do", "2": "Done"}
TICKET_TYPE: Mapping[str, str] = {"1": "Incident", "2": "Request"}
PRIORITY: Mapping[str, str] = {
    "1": "Very low",
    "2": "Low",
    "3": "Medium",
    "4": "High",
    "5": "Very high",
    "6": "Major",
}
REQUEST_TYPE: Mapping[str, str] = {"1": "Helpdesk", "2": "E-Mail", "3": "Phone", "4": "Direct", "5": "Written"}
"""Request types as GLPI is installed with them, for where their list may not be read."""
REFUSED = 4
"""``global_validation`` of what was refused by those who were asked."""
REQUESTER, ASSIGNED = 1, 2
"""Roles of users and groups."""
MERGED_SIDES: Mapping[int, tuple[int, ...]] = {2: (1, 2), 3: (1,), 4: (2,)}
"""By kind of link (duplicate, child, parent): on which side the ticket stands that is part of the other one."""

VALUES = with_own(
    {
        "change_status": {
            "planned": (
                *("new", "evaluation", "approval", "accepted", "pending"),
                *("processing (assigned)", "processing (planned)"),
            ),
            "running": ("testing", "qualification"),
            "done": ("applied", "review", "closed"),
            "cancelled": ("refused", "cancelled", "validation refused", "deleted"),
        },
        "milestone_status": {"open": ("to do",), "done": ("done",)},
        "milestone_kind": {"rollout": ("rollout", "deployment", "go-live", "mise en production")},
        "ticket_status": {
            "open": ("new", "processing (assigned)", "processing (planned)"),
            "waiting": ("pending", "approval"),
            "resolved": ("solved",),
            "closed": ("closed",),
            "cancelled": ("deleted",),
            "merged": ("merged",),
        },
        "priority": {
            "1": ("major", "very high"),
            "2": ("high",),
            "3": ("medium",),
            "4": ("low",),
            "5": ("very low",),
        },
    }
)
