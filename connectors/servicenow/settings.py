"""What can be set for a ServiceNow: who signs in, which tables hold tickets, own fields and words. Knows no HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from connectors.settings import ScoreSettings, SystemSettings, inverted, known, setting
from connectors.words import Words, with_own
from impact.model import SettingsError

OWN_SEGMENTS = {"role": "", "device": "", "tier": ""}
REQUESTERS: Mapping[str, tuple[str, ...]] = {
    "incident": ("caller_id",),
    "sc_req_item": ("requested_for", "request.requested_for"),
    "sc_request": ("requested_for",),
    "sc_task": ("request_item.requested_for", "request.requested_for"),
}
"""Who asked, by table of tickets; the first that is set counts. Other tables have none unless ``fields`` names it."""
STATES: Mapping[str, str] = {"sc_request": "request_state"}
"""Where a table of tickets has its state, if not in ``state``."""
PROJECT_TASK = "pm_project_task"
PROJECT_FIELDS: Mapping[str, str] = {
    "kind": "",
    "planned_start_on": "start_date",
    "due_on": "end_date",
    "progress": "percent_complete",
}
"""Where a milestone of a project has what a task of a change has elsewhere."""
TABLE = re.compile(r"[a-z][a-z0-9_]*")
BESIDE = re.compile(rf"{TABLE.pattern}\.{TABLE.pattern}")
VALUES = with_own(
    {
        "change_status": {
            "planned": ("assess", "authorize", "pending", *(f"change_request:{n}" for n in (-5, -4, -3, -2))),
            "running": ("implement", "review", "change_request:-1", "change_request:0"),
            "done": ("change_request:3",),
            "cancelled": ("change_request:4",),
        },
        "change_outcome": {
            "with_issues": ("successful_issues", "successful with issues"),
            "failed": ("unsuccessful",),
        },
        "change_risk": {"high": ("very_high", "very high", "high", "1"), "low": ("low", "4")},
        "milestone_kind": {"rollout": ("implementation",), "test": ("testing",), "review": ("review",)},
        "milestone_status": {
            "open": ("work in progress", *(f"task:{n}" for n in (-5, 1, 2))),
            "done": ("closed complete", "task:3"),
            "cancelled": ("closed incomplete", "closed skipped", "task:4", "task:7"),
        },
        "ticket_status": {
            "open": (
                "submitted",
                "requested",
                "in_process",
                "approved",
                "incident:1",
                "incident:2",
                "task:1",
                "task:2",
            ),
            "waiting": ("pending approval", "awaiting info", "incident:3", "task:-5"),
            "resolved": ("incident:6",),
            "closed": (
                *("closed complete", "closed incomplete", "closed_complete", "closed_incomplete"),
                *("incident:7", "task:3", "task:4"),
            ),
            "cancelled": (
                *("closed skipped", "closed cancelled", "closed rejected", "closed_cancelled", "closed_rejected"),
                *("closed_skipped", "incident:8", "task:7"),
            ),
        },
        "ticket_kind": {"request": ("sc_req_item", "sc_request", "sc_task")},
        "channel": {"chat": ("virtual_agent",), "portal": ("self_service", "service catalog")},
        "priority": {
            "1": ("1", "1 - critical", "critical"),
            "2": ("2", "2 - high", "high"),
            "3": ("3", "3 - moderate", "moderate"),
            "4": ("4", "4 - low", "low"),
            "5": ("5", "5 - planning", "planning"),
        },
        "survey_state": {"answered": ("complete", "completed"), "asked": ("ready", "wip", "canceled", "cancelled")},
    }
)
"""``table:number`` is a state by its number, for instances whose labels are not readable or not known; ``task`` stands
for every table without numbers of its own. A risk of 2 or 3 means this or that by instance: only labels tell."""


@dataclass(frozen=True, kw_only=True)
class ServiceNowSettings(ScoreSettings, SystemSettings):
    """One instance. ``url`` and one kind of credentials are enough to begin with."""

    MOST_A_PAGE: ClassVar[int] = 10_000
    EXAMPLE: ClassVar[str] = "https://example.service-now.com"
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "change": {
            "number": "number",
            "title": "short_description",
            "kind": "type",
            "status": "state",
            "outcome": "close_code",
            "risk": "risk",
            "planned_start_at": "start_date",
            "planned_end_at": "end_date",
            "rollout_start_at": "work_start",
            "rollout_end_at": "work_end",
            "team": "assignment_group",
            "sponsor": "",
            "requirement": "",
            "expected_outcome": "",
            "planned_cost": "",
            "actual_cost": "",
            "expected_benefit_hours": "",
            "expected_benefit_money": "",
            "location": "",
            "department": "",
            **OWN_SEGMENTS,
        },
        "milestone": {
            "change": "change_request",
            "title": "short_description",
            "kind": "change_task_type",
            "status": "state",
            "planned_start_on": "planned_start_date",
            "due_on": "planned_end_date",
            "done_on": "work_end",
            "progress": "",
            "audience": "",
            "channel": "",
        },
        "ticket": {
            "number": "number",
            "kind": "sys_class_name",
            "status": "state",
            "priority": "priority",
            "opened_at": "opened_at",
            "resolved_at": "resolved_at",
            "closed_at": "closed_at",
            "reopened_count": "reopen_count",
            "reopened_at": "reopened_time",
            "reassigned_count": "reassignment_count",
            "channel": "contact_type",
            "team": "assignment_group",
            "caused_by": "caused_by",
            "changes": "rfc",
            "requester": "requester",
            "department": "requester.department",
            "location": "requester.location",
            **OWN_SEGMENTS,
        },
        "service": {"criticality": "busines_criticality", "team": "support_group", "parent": "parent"},
        "survey": {"department": "user.department", "location": "user.location", **OWN_SEGMENTS},
    }

    username: str = setting("User that reads, for signing in with a password", "", ask=True)
    password: str = setting("Password of that user", "", secret=True)
    client_id: str = setting("OAuth client (grant type client credentials)", "", ask=True)
    client_secret: str = setting("Secret of that client", "", secret=True)
    scope: str = setting("Scope to ask for with OAuth, where the instance wants one", "")
    api_key: str = setting("Key for the header x-sn-apikey", "", secret=True)
    page_size: int = setting("Records per request", 1000)
    keyset: str = setting("How pages follow each other: auto, nq (with ^NQ), plain (without)", "auto")
    language: str = setting("Language of the labels of states and choices (sys_choice)", "en")
    ticket_tables: tuple[str, ...] = setting(
        "Tables of customers' tickets: incident, sc_req_item, sc_request, sc_task, problem, or your own",
        ("incident", "sc_req_item"),
    )
    services_from: tuple[str, ...] = setting(
        "Fields that name a record's services; a ticket has the first that is set, a change all",
        ("business_service", "service_offering", "cmdb_ci"),
    )
    affected_from: tuple[str, ...] = setting(
        "Tables that name further services of a change, as table.field", ("task_ci.ci_item",)
    )
    sla: bool = setting("Read task_sla: whether tickets were solved in time, and the first response", True)
    sla_types: tuple[str, ...] = setting("Types of agreements that are promises to customers; empty: all", ("SLA",))
    rollout_from_plan: bool = setting(
        "Take the planned window for the rollout of a done change without actual dates", False
    )
    project_change: str = setting(
        "Read milestones of projects (pm_project_task) too: their field that names the change, such as u_change",
        "",
    )
    survey_days: int = setting("Surveys of so many last days are read again", 30)
    survey_questions: tuple[str, ...] = setting(
        "Questions that count, by name or sys_id; empty: all that ask for a rating", ()
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_scale()
        if self.api_key == "" and not (self.username and self.password) and not (self.client_id and self.client_secret):
            raise SettingsError(
                "lacks username and password, client_id and client_secret, or api_key: set one of them."
            )
        known("keyset", (self.keyset,), ("auto", "nq", "plain"))
        if self.survey_days < 0:
            raise SettingsError("survey_days cannot be negative.")
        for key, pattern in (("ticket_tables", TABLE), ("services_from", TABLE), ("affected_from", BESIDE)):
            for word in getattr(self, key):
                if not pattern.fullmatch(word):
                    raise SettingsError(f"{key} has {word!r}, which cannot be the name of a table or field.")
        if not self.ticket_tables:
            raise SettingsError("ticket_tables is empty. Name at least one table, such as incident.")

    @cached_property
    def own_words(self) -> Mapping[str, Mapping[str, str]]:
        """As ``words``, the configured ones only."""
        return {part: inverted(mine) for part, mine in self.values.items()}

    def paths(self, table: str, part: str, name: str) -> tuple[str, ...]:
        """Where a record of ``table`` has a canonical field; the first path that is set counts. ``requester`` stands
        for the field that names who asked."""
        known = self._known_paths.get((table, part, name))
        if known is None:
            known = self._known_paths[table, part, name] = self._paths(table, part, name)
        return known

    @cached_property
    def _known_paths(self) -> dict[tuple[str, str, str], tuple[str, ...]]:
        """What was looked up once: every record asks for the same."""
        return {}

    def _paths(self, table: str, part: str, name: str) -> tuple[str, ...]:
        field = self.field(part, name)
        if part == "ticket" and (field == "requester" or field.startswith("requester.")):
            return tuple(one + field.removeprefix("requester") for one in REQUESTERS.get(table, ()))
        if part == "ticket" and name == "status" and field == "state":
            return (STATES.get(table, field),)
        if part == "milestone" and table == PROJECT_TASK:
            field = self.project_change if name == "change" else PROJECT_FIELDS.get(name, field)
        return (field,) if field else ()
