"""The words that mean something in a Redmine beside the common ones, its default ones and their translations in mind.
Knows no record and no setting."""

from __future__ import annotations

from connectors.words import with_own

VALUES = with_own(
    {
        "change_status": {
            "planned": ("feedback",),
            "running": ("open", "in bearbeitung"),
            "done": ("successful", "live", "with issues", "gelöst", "erledigt", "umgesetzt", "résolu", "fermé"),
            "cancelled": ("abgewiesen",),
        },
        "change_rollout": {"started": ("implementing", "deploying", "rolling out", "rolling_out", "rollout", "pilot")},
        "change_outcome": {"successful": ("deployed", "live")},
        "change_risk": {"low": ("1",), "medium": ("2",), "high": ("3",)},
        "milestone_status": {
            "open": ("feedback", "locked", "neu"),
            "done": ("gelöst", "erledigt"),
            "cancelled": ("abgewiesen", "abgelehnt"),
        },
        "ticket_status": {
            "open": ("neu", "in bearbeitung"),
            "waiting": ("feedback",),
            "resolved": ("gelöst", "résolu"),
            "closed": ("erledigt", "geschlossen", "fermé"),
            "cancelled": ("won't fix", "wontfix", "abgewiesen", "abgelehnt", "rejeté"),
        },
        "ticket_kind": {
            "incident": ("fehler", "anomalie", "störung"),
            "request": ("support", "feature", "unterstützung"),
        },
        "priority": {
            "1": ("immediate", "critical", "highest", "sofort"),
            "2": ("urgent", "very high", "dringend"),
            "3": ("high", "hoch"),
            "4": ("normal", "medium"),
            "5": ("low", "lowest", "niedrig"),
        },
    }
)
"""Our word -> the words of this Redmine, in any case. ``csat``: score -> words."""
