"""The words that mean something in a Jira, with its default workflows in mind. Knows no record and no setting."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.words import Words, with_own

VALUES: Mapping[str, Words] = with_own(
    {
        "change_status": {
            "planned": (
                *("open", "to do", "backlog", "pending", "review", "under review", "plan", "authorize"),
                *("peer review / change manager approval", "peer review", "waiting for approval", "awaiting approval"),
                *("awaiting cab approval", "waiting for cab approval", "awaiting implementation", "reopened"),
            ),
            "running": ("work in progress", "implementation", "rollout", "in rollout"),
            "done": ("fertig", "erledigt", "terminé", "terminé(e)", "listo", "完成", "已完成", "完了"),
        },
        "change_rollout": {
            "started": (
                *("implementing", "implementation", "deploying", "rolling out", "rollout", "in rollout", "pilot"),
                "work in progress",
            ),
        },
        "milestone_status": {
            "open": ("to do", "backlog", "work in progress", "in review", "reopened", "blocked"),
            "done": ("released", "fertig", "erledigt", "terminé", "terminé(e)", "listo", "完成", "已完成", "完了"),
        },
        "ticket_status": {
            "open": (
                *("to do", "waiting for support", "escalated", "under investigation", "investigating", "in review"),
                "waiting for approval",
            ),
            "waiting": ("waiting for vendor", "waiting for third party", "pending customer"),
            "resolved": ("completed", "fertig", "erledigt", "terminé", "terminé(e)", "listo", "完成", "已完成", "完了"),
            "cancelled": ("declined", "withdrawn"),
        },
        "ticket_kind": {
            "incident": ("[system] incident",),
            "request": (
                *("[system] service request", "[system] service request with approvals"),
                *("service request with approvals", "it help", "support"),
            ),
            "question": ("ask a question",),
            "problem": ("[system] problem",),
        },
        "priority": {
            "1": ("highest", "blocker", "p1"),
            "2": ("high", "critical", "p2"),
            "3": ("medium", "major", "normal", "p3"),
            "4": ("low", "minor", "p4"),
            "5": ("lowest", "trivial", "p5"),
        },
        "resolution": {
            "done": (
                "done",
                "fixed",
                "resolved",
                "completed",
                "implemented",
                "successful",
                "完成",
                "fertig",
                "erledigt",
            ),
            "cancelled": (
                *("won't do", "won't fix", "wont fix", "wontfix", "declined", "rejected", "cancelled", "canceled"),
                *("duplicate", "withdrawn", "abandoned", "not approved", "cannot reproduce", "invalid"),
            ),
        },
    }
)
"""Our word -> the words of a Jira. ``change_rollout``: statuses in which customers already meet the change;
``resolution``: which resolutions mean that an issue was carried out, and which that it never was."""
