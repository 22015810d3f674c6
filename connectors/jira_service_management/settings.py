"""What can be set for a Jira: credentials, issue types, custom fields, how answers are scored. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from connectors.jira_service_management.words import VALUES
from connectors.settings import SEGMENTS, ScoreSettings, SystemSettings, known, setting, zone_of
from connectors.words import Words
from impact.model import SettingsError

CHANGE_TYPES = ("[System] Change", "Change")
TICKET_TYPES = (
    *("[System] Incident", "Incident", "[System] Service request", "Service Request", "Service request"),
    *("[System] Service request with approvals", "Service Request with Approvals", "IT Help", "Support"),
)
SERVICE = "service-entity-field-cftype | Affected services | components"
TEAM = "atlassian-team | rm-teams-custom-field-team | Team"
TARGET_START, TARGET_END = "jpo-custom-field-baseline-start", "jpo-custom-field-baseline-end"
SEGMENT_FIELDS = {**dict.fromkeys(SEGMENTS, ""), "organization": "sd-customer-organizations"}
PEOPLE = ("sponsor", "requester")
"""Canonical fields whose values name people: they are hashed before anything is stored."""
SLAS = ("sla_resolution", "sla_first_reply")
"""Canonical fields that hold the clock of a service level, not a value."""


@dataclass(frozen=True, kw_only=True)
class JiraSettings(ScoreSettings, SystemSettings):
    """One Jira with Jira Service Management. ``url`` and credentials are enough to begin with."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "change": {
            "service": SERVICE,
            "team": TEAM,
            "kind": "Change type",
            "risk": "Change risk | Risk",
            "outcome": "",
            "sponsor": "Sponsor",
            "requirement": "Requirement",
            "expected_outcome": "Expected Outcome",
            "planned_cost": "Planned Cost",
            "actual_cost": "Actual Cost",
            "expected_benefit_hours": "Expected Benefit Hours",
            "expected_benefit_money": "Expected Benefit Money",
            "planned_start_at": f"Change start date | {TARGET_START}",
            "planned_end_at": f"Change completion date | {TARGET_END} | duedate",
            "rollout_start_at": "",
            "rollout_end_at": "",
            **SEGMENT_FIELDS,
        },
        "milestone": {
            "kind": "Milestone Type",
            "audience": "Audience",
            "channel": "Channel",
            "planned_start_on": f"Start date | {TARGET_START}",
            "due_on": f"duedate | {TARGET_END}",
        },
        "ticket": {
            "service": SERVICE,
            "team": TEAM,
            "kind": "",
            "channel": "",
            "requester": "",
            "csat": "sd-request-feedback",
            "csat_at": "sd-request-feedback-date",
            "request_type": "vp-origin",
            "sla_resolution": "Time to resolution",
            "sla_first_reply": "Time to first response",
            **SEGMENT_FIELDS,
        },
    }
    """Canonical field -> fields of the Jira by id, name or the end of their type key (``schema.custom``), the preferred
    one first, with | between them. Empty: not read unless set."""
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    MOST_A_PAGE: ClassVar[int] = 5000
    EXAMPLE: ClassVar[str] = "https://example.atlassian.net"

    deployment: str = setting("cloud (Jira Cloud) or data_center (Data Center, Server)", "cloud", ask=True)
    email: str = setting("Cloud: e-mail address of the account whose API token is used", "", ask=True)
    api_token: str = setting("Cloud: API token of that account", "", secret=True)
    bearer_token: str = setting("Cloud: OAuth access token; Data Center: personal access token", "", secret=True)
    username: str = setting("Data Center: user that reads, where no personal access token is used", "", ask=True)
    password: str = setting("Data Center: password of that user", "", secret=True)
    site_url: str = setting("Where people open Jira, if that is not url (https://api.atlassian.com/ex/jira/...)", "")
    projects: tuple[str, ...] = setting("Projects to read, by key; empty: all that are visible", (), ask=True)
    change_types: tuple[str, ...] = setting(
        "Issue types that are changes, by name or id; [] for none", CHANGE_TYPES, ask=True
    )
    ticket_types: tuple[str, ...] = setting(
        "Issue types that are customers' tickets, by name or id; [] for none", TICKET_TYPES, ask=True
    )
    milestone_types: tuple[str, ...] = setting(
        "Issue types whose children of a change are milestones; empty: all types of sub-tasks", ()
    )
    versions: bool = setting("Read the fix versions of changes as milestones", True)
    cause_links: tuple[str, ...] = setting(
        "Links by which a ticket names the change that caused it, as the ticket shows them", ("is caused by",)
    )
    rollout_from_plan: bool = setting(
        "Take the planned dates of changes under way or done for the actual ones, where a team keeps them so", False
    )
    history: bool = setting("Read histories: rollouts, first resolutions, reopenings", True)
    csat_asked: str = setting(
        "Who was asked: answered (only who answered is known) or resolved (every resolved request from the portal)",
        "answered",
    )
    survey_days: int = setting("For how many days answers to surveys are looked for again", 30)
    query_timezone: str = setting("Time zone in which this Jira reads dates in queries; empty: that of the user", "")
    parallel: int = setting("Requests at the same time", 4)

    def __post_init__(self) -> None:
        super().__post_init__()
        known("deployment", (self.deployment,), ("cloud", "data_center"))
        known("csat_asked", (self.csat_asked,), ("answered", "resolved"))
        self.check_scale()
        if not (self.bearer_token or (self.email and self.api_token) or (self.username and self.password)):
            wanted = "email and api_token" if self.cloud else "bearer_token, or username and password"
            raise SettingsError(f"lacks credentials: set {wanted}.")
        if not 1 <= self.parallel <= 16:
            raise SettingsError(f"parallel = {self.parallel} is not between 1 and 16.")
        if self.survey_days < 0:
            raise SettingsError(f"survey_days = {self.survey_days} cannot be negative.")
        if self.query_timezone:
            zone_of("query_timezone", self.query_timezone)

    @property
    def cloud(self) -> bool:
        """Whether this is Jira Cloud."""
        return self.deployment == "cloud"

    @property
    def site(self) -> str:
        """Where people open an issue."""
        return (self.site_url or self.url).rstrip("/")

    def candidates(self, part: str, name: str) -> list[str]:
        """The fields of the Jira that may hold a canonical field, the preferred one first."""
        return [one.strip() for one in self.field(part, name).split("|") if one.strip()]
