"""The words that mean something in a Redmine, with its default ones in mind. Knows no record and no setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Words = Mapping[str, tuple[str, ...]]

VALUES: Mapping[str, Words] = {
    "change_status": {
        "planned": (
            *("new", "requested", "draft", "proposed", "submitted", "approved", "planned", "scheduled"),
            *("feedback", "waiting", "on hold", "assigned", "neu", "geplant", "genehmigt", "nouveau"),
        ),
        "running": (
            *("in progress", "in_progress", "implementing", "deploying", "rolling out", "open", "started"),
            *("in bearbeitung", "en cours"),
        ),
        "done": (
            *("closed", "resolved", "done", "deployed", "implemented", "completed", "successful", "live"),
            *("failed", "with issues", "gelöst", "erledigt", "umgesetzt", "résolu", "fermé"),
        ),
        "rolled_back": ("rolled back", "rolled_back", "backed out", "reverted"),
        "cancelled": (
            *("rejected", "cancelled", "canceled", "declined", "withdrawn", "abandoned", "won't do", "wontfix"),
            *("duplicate", "deleted", "not approved", "abgewiesen", "abgelehnt", "abgebrochen", "rejeté", "annulé"),
        ),
    },
    "change_rollout": {"started": ("implementing", "deploying", "rolling out", "rolling_out", "rollout", "pilot")},
    "change_outcome": {
        "successful": ("successful", "success", "succeeded", "deployed", "live"),
        "with_issues": ("with issues", "with_issues", "successful with issues", "partially successful", "partial"),
        "failed": ("failed", "rolled back", "rolled_back", "backed out", "reverted", "unsuccessful"),
    },
    "change_kind": {
        "standard": ("standard", "routine", "pre-approved"),
        "normal": ("normal", "minor", "major", "significant"),
        "emergency": ("emergency", "urgent", "expedited"),
    },
    "change_risk": {
        "low": ("low", "minor", "none", "1"),
        "medium": ("medium", "moderate", "2"),
        "high": ("high", "very high", "critical", "major", "3"),
    },
    "milestone_status": {
        "open": ("new", "open", "in progress", "in_progress", "feedback", "waiting", "assigned", "locked", "neu"),
        "done": ("closed", "resolved", "done", "completed", "implemented", "gelöst", "erledigt"),
        "cancelled": (
            "rejected",
            "cancelled",
            "canceled",
            "declined",
            "deleted",
            "duplicate",
            "abgewiesen",
            "abgelehnt",
        ),
    },
    "ticket_status": {
        "open": ("new", "open", "in progress", "in_progress", "reopened", "assigned", "neu", "in bearbeitung"),
        "waiting": ("feedback", "waiting", "pending", "on hold", "on_hold", "stalled"),
        "resolved": ("resolved", "answered", "fixed", "done", "solved", "gelöst", "résolu"),
        "closed": ("closed", "erledigt", "geschlossen", "fermé"),
        "cancelled": (
            *("rejected", "cancelled", "canceled", "deleted", "spam", "invalid", "duplicate", "won't fix", "wontfix"),
            *("abgewiesen", "abgelehnt", "rejeté"),
        ),
        "merged": ("merged",),
    },
    "ticket_kind": {
        "incident": ("incident", "fault", "bug", "outage", "problem report", "fehler", "anomalie", "störung"),
        "request": ("request", "service request", "support", "feature", "order", "access", "unterstützung"),
        "question": ("question", "how-to", "how to", "information", "enquiry", "inquiry"),
        "problem": ("problem",),
    },
    "channel": {
        "portal": ("portal", "web", "self-service", "self service", "form"),
        "chat": ("chat", "teams", "messenger", "bot"),
        "mail": ("mail", "email", "e-mail"),
        "phone": ("phone", "telephone", "call", "hotline"),
        "walk_in": ("walk_in", "walk-in", "walk in", "desk", "in person"),
        "monitoring": ("monitoring", "alert", "event", "nagios", "zabbix"),
    },
    "priority": {
        "1": ("immediate", "critical", "highest", "sofort"),
        "2": ("urgent", "very high", "dringend"),
        "3": ("high", "hoch"),
        "4": ("normal", "medium"),
        "5": ("low", "lowest", "niedrig"),
    },
    "csat": {},
}
"""Our word -> the words of this Redmine, in any case. ``csat``: score -> words."""

CHOICES = {
    "change_status": ("change", "status"),
    "change_outcome": ("change", "outcome"),
    "change_kind": ("change", "kind"),
    "change_risk": ("change", "risk"),
    "milestone_status": ("milestone", "status"),
    "ticket_status": ("ticket", "status"),
    "ticket_kind": ("ticket", "kind"),
    "channel": ("ticket", "channel"),
}
"""The parts of ``values`` whose words are those of a column: its table and name."""

RULES: tuple[Mapping[str, Any], ...] = (
    {"contains": ("requirement", "business case", "user stor"), "kind": "requirement", "end": "design"},
    {"contains": ("train", "workshop", "e-learning", "course"), "kind": "training", "end": "business"},
    {"contains": ("communicat", "announce", "newsletter", "inform", "notify"), "kind": "communication"},
    {
        "contains": ("service desk", "helpdesk", "support ready", "knowledge", "faq", "handover"),
        "kind": "support_ready",
    },
    {"contains": ("review", "lessons", "retrospective"), "kind": "review", "end": "review"},
    {"contains": ("approv", "cab", "sign-off", "sign off"), "kind": "approval", "end": "design"},
    {"contains": ("test", "pilot", "uat", "acceptance"), "kind": "test", "end": "design"},
    {"contains": ("design", "architect", "concept", "specif"), "kind": "design", "end": "design"},
    {"contains": ("rollout", "roll out", "deploy", "go-live", "go live", "release", "cutover"), "kind": "rollout"},
    {"contains": ("build", "implement", "develop", "configur"), "kind": "build", "end": "design"},
)
"""The first rule with a word that the milestone's type or title contains decides; ``end`` follows from the kind."""
