"""Words that mean the same in most systems, in any case; a connector adds its own. Knows no record and no setting."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, tuple[str, ...]]

VALUES: Mapping[str, Words] = {
    "change_status": {
        "planned": (
            *("new", "requested", "draft", "proposed", "submitted", "approved", "planned", "scheduled", "planning"),
            *("waiting", "on hold", "assigned", "neu", "geplant", "genehmigt", "nouveau"),
        ),
        "running": ("in progress", "in_progress", "implementing", "deploying", "rolling out", "started", "en cours"),
        "done": ("closed", "resolved", "done", "deployed", "implemented", "completed", "complete", "failed"),
        "rolled_back": ("rolled back", "rolled_back", "backed out", "backed_out", "reverted"),
        "cancelled": (
            *("rejected", "cancelled", "canceled", "declined", "withdrawn", "abandoned", "won't do", "wontfix"),
            *("duplicate", "deleted", "not approved", "abgelehnt", "abgebrochen", "rejeté", "annulé"),
        ),
    },
    "change_outcome": {
        "successful": ("successful", "success", "succeeded"),
        "with_issues": ("with issues", "with_issues", "successful with issues", "partially successful", "partial"),
        "failed": ("failed", "rolled back", "rolled_back", "backed out", "reverted", "unsuccessful"),
    },
    "change_kind": {
        "standard": ("standard", "routine", "pre-approved"),
        "normal": ("normal", "minor", "major", "significant"),
        "emergency": ("emergency", "urgent", "expedited"),
    },
    "change_risk": {
        "low": ("low", "minor", "none", "very low"),
        "medium": ("medium", "moderate"),
        "high": ("high", "very high", "critical", "major"),
    },
    "milestone_kind": {},
    "milestone_status": {
        "open": ("new", "open", "in progress", "in_progress", "pending", "waiting", "assigned", "to do", "planned"),
        "done": ("closed", "resolved", "done", "completed", "complete", "implemented", "solved"),
        "cancelled": ("rejected", "cancelled", "canceled", "declined", "deleted", "duplicate", "won't do"),
    },
    "ticket_status": {
        "open": ("new", "open", "in progress", "in_progress", "reopened", "assigned", "work in progress"),
        "waiting": ("waiting", "pending", "on hold", "on_hold", "hold", "stalled", "waiting for customer"),
        "resolved": ("resolved", "answered", "fixed", "done", "solved"),
        "closed": ("closed",),
        "cancelled": ("rejected", "cancelled", "canceled", "deleted", "spam", "invalid", "duplicate", "won't do"),
        "merged": ("merged",),
    },
    "ticket_kind": {
        "incident": ("incident", "fault", "bug", "outage", "problem report"),
        "request": ("request", "service request", "service_request", "order", "access"),
        "question": ("question", "how-to", "how to", "information", "enquiry", "inquiry"),
        "problem": ("problem",),
    },
    "channel": {
        "portal": ("portal", "web", "self-service", "self service", "form", "help center", "helpdesk"),
        "chat": ("chat", "teams", "messenger", "bot", "virtual agent"),
        "mail": ("mail", "email", "e-mail"),
        "phone": ("phone", "telephone", "call", "hotline", "voice"),
        "walk_in": ("walk_in", "walk-in", "walk in", "desk", "in person", "in_person", "direct"),
        "monitoring": ("monitoring", "alert", "event", "nagios", "zabbix"),
    },
    "priority": {},
    "csat": {},
}
"""Our word -> the words of a system. ``priority``: 1 to 5 -> words; ``csat``: score -> words."""

CHOICES: Mapping[str, tuple[str, str]] = {
    "change_status": ("change", "status"),
    "change_outcome": ("change", "outcome"),
    "change_kind": ("change", "kind"),
    "change_risk": ("change", "risk"),
    "milestone_kind": ("milestone", "kind"),
    "milestone_status": ("milestone", "status"),
    "ticket_status": ("ticket", "status"),
    "ticket_kind": ("ticket", "kind"),
    "channel": ("ticket", "channel"),
}
"""The parts of ``values`` whose words are those of a column: its table and name."""
ROLLED_OUT = ("done", "rolled_back")
"""Our words for a change that was rolled out and has ended."""
SOLVED = ("resolved", "closed")
"""Our words for a ticket that was solved."""


def with_own(own: Mapping[str, Words]) -> Mapping[str, Words]:
    """The common words with a system's own added; where both know a word, the system's own meaning holds."""
    merged: dict[str, Words] = {}
    for part in (*VALUES, *(part for part in own if part not in VALUES)):
        mine = own.get(part, {})
        taken = {word for words in mine.values() for word in words}
        common = {ours: tuple(w for w in words if w not in taken) for ours, words in VALUES.get(part, {}).items()}
        merged[part] = {ours: (*mine.get(ours, ()), *common.get(ours, ())) for ours in (*common, *mine)}
    return merged
