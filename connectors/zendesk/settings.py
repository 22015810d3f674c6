"""What can be set for a Zendesk: credentials, what a change is, ticket fields, how surveys are read. Knows no HTTP.

Zendesk has tickets and nothing else: whether a form, a problem, a tag or a custom object holds changes, and which
ticket field the service or the risk, every account decides. So all of it is a setting with plain English defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from connectors.settings import SEGMENTS, ScoreSettings, SystemSettings, choices, known, setting
from connectors.words import Words, with_own
from impact.model import SettingsError

CHANGES_FROM = ("", "form", "problem", "custom_object", "tag")
PROBLEM_LINKS = ("auto", "cause", "link", "none")
SURVEYS = ("auto", "legacy", "new", "ticket", "none")
MERGED = "closed_by_merge"
"""The tag of tickets that were folded into another one."""
OBJECT_KEY = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")

_NO_SEGMENTS: Mapping[str, str] = dict.fromkeys(SEGMENTS, "")
FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": {
        "service": "Service",
        "team": "",
        "status": "",
        "kind": "Change Type",
        "risk": "Risk",
        "outcome": "Outcome",
        "sponsor": "Sponsor",
        "requirement": "Requirement",
        "expected_outcome": "Expected Outcome",
        "planned_start_at": "Planned Start",
        "planned_end_at": "Planned End",
        "rollout_start_at": "Actual Start",
        "rollout_end_at": "Actual End",
        "planned_cost": "Planned Cost",
        "actual_cost": "Actual Cost",
        "expected_benefit_hours": "Expected Benefit Hours",
        "expected_benefit_money": "Expected Benefit Money",
        **_NO_SEGMENTS,
    },
    "milestone": {
        "change": "Change",
        "kind": "Milestone Type",
        "planned_start_on": "Planned Start",
        "audience": "Audience",
        "channel": "Channel",
    },
    "ticket": {
        "service": "Service",
        "kind": "",
        "channel": "",
        "caused_by": "Caused by Change",
        "changes": "Related Change",
        **_NO_SEGMENTS,
    },
    "user": _NO_SEGMENTS,
    "organization": _NO_SEGMENTS,
}
"""Canonical field -> ticket field by title or id; for users and organizations, the key of their own field. In a custom
object, the key of its field. Empty: not read unless set."""

VALUES: Mapping[str, Words] = with_own(
    {
        "change_status": {
            "planned": ("pending", "hold"),
            "running": ("open",),
            "done": ("solved",),
            "cancelled": (MERGED,),
        },
        "milestone_status": {"open": ("hold", "on-hold"), "cancelled": (MERGED,)},
        "ticket_status": {"waiting": ("on-hold",)},
        "ticket_kind": {"request": ("task",)},
        "channel": {
            "portal": ("mobile", "mobile_sdk", "web_widget", "help_center", "0", "15", "17"),
            "mail": ("4",),
            "chat": ("native_messaging", "messaging", "sms", "whatsapp", "sunshine_conversations_api"),
        },
        "priority": {"1": ("urgent",), "2": ("high",), "3": ("normal",), "4": ("low",)},
    }
)
"""Channels may come as the number of the way in: 0 web form, 4 mail, 15 iPhone, 17 feedback tab."""


@dataclass(frozen=True, kw_only=True)
class ZendeskSettings(ScoreSettings, SystemSettings):
    """One Zendesk account. ``url``, ``email`` and ``api_token`` are enough to begin with."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    MOST_A_PAGE: ClassVar[int] = 100
    EXAMPLE: ClassVar[str] = "https://acme.zendesk.com"

    url: str = setting("Address of the account, such as https://acme.zendesk.com")
    email: str = setting("E-mail address of the administrator that the API token acts for", "", ask=True)
    api_token: str = setting("API token (Admin Center: Apps and integrations, APIs, Zendesk API)", "", secret=True)
    access_token: str = setting(
        "OAuth access token with the scope read, instead of email and api_token", "", secret=True
    )
    page_size: int = setting("Records per request of ordinary lists; Zendesk gives at most 100", 100)
    export_page_size: int = setting("Tickets per request of the incremental export; Zendesk gives at most 1000", 1000)
    exports_per_minute: float = setting(
        "Limit of requests a minute to incremental exports; 0: as fast as Zendesk's own limit (10, or 30) allows", 0.0
    )
    changes_from: str = setting(
        "What a change is: form, problem, tag or custom_object; empty: there are none", "", ask=True
    )
    change_forms: tuple[str, ...] = setting("Ticket forms that hold changes, by name or id", (), ask=True)
    change_tags: tuple[str, ...] = setting("Tags of which a ticket that is a change has one", ())
    change_object: str = setting("Key of the custom object that holds changes", "")
    change_tag_prefix: str = setting(
        "Beginning of tags that name a change: with change_, the tag change_4711 links to ticket 4711", ""
    )
    problem_link: str = setting(
        "What problem_id names: cause (the change that caused the ticket), link (a change in another role), none; "
        "auto: cause where changes are problems, else none",
        "auto",
    )
    rollout_from_solved: bool = setting(
        "Where no field tells when a change went live, take the day it was solved (only if it is done)", True
    )
    rollout_from_plan: bool = setting(
        "Where no field tells when a change went live, take its planned dates (only if it is done)", False
    )
    service_object: str = setting("Key of the custom object that holds services, where a lookup field names them", "")
    organizations_are: str = setting(
        f"What kind of group an organization is: {', '.join(SEGMENTS)} or other; empty: not read", "department"
    )
    satisfaction: str = setting(
        "Where answers are: legacy (good or bad), new (survey responses), ticket (the rating on each ticket), none; "
        "auto: both lists, or the tickets where neither list is given",
        "auto",
    )
    survey_days: float = setting("Surveys of so many days are read again in every pass: answers come late", 30.0)
    legacy_instrument: str = setting(
        "Kind of question that good or bad answers: csat, or thumbs, which keeps them out of satisfaction", "csat"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_scale()
        if not self.access_token and not (self.email and self.api_token):
            raise SettingsError("lacks email and api_token, or access_token: set one of them.")
        if not 1 <= self.export_page_size <= 1000:
            raise SettingsError(f"export_page_size = {self.export_page_size} is not between 1 and 1000.")
        if self.exports_per_minute < 0 or self.survey_days < 0:
            raise SettingsError("exports_per_minute and survey_days cannot be negative.")
        known("changes_from", (self.changes_from,), CHANGES_FROM)
        known("problem_link", (self.problem_link,), PROBLEM_LINKS)
        known("satisfaction", (self.satisfaction,), SURVEYS)
        known("organizations_are", (self.organizations_are,), ("", *choices("segment", "dimension")))
        known("legacy_instrument", (self.legacy_instrument,), choices("satisfaction_response", "instrument"))
        self._check_changes()

    def _check_changes(self) -> None:
        needed = {"form": "change_forms", "tag": "change_tags", "custom_object": "change_object"}.get(self.changes_from)
        if needed and not any(part.strip() for part in getattr(self, needed)):
            raise SettingsError(f"changes_from = {self.changes_from!r} needs {needed}.")
        for key in ("change_object", "service_object"):
            if set(getattr(self, key)) - OBJECT_KEY:
                raise SettingsError(
                    f"{key} = {getattr(self, key)!r} is not the key of a custom object, such as change."
                )

    @property
    def site(self) -> str:
        """The address without the path of the interface."""
        return self.url.rstrip("/").removesuffix("/api/v2")

    @property
    def problem_role(self) -> str:
        """What problem_id of an incident names: cause, link or none."""
        if self.problem_link != "auto":
            return self.problem_link
        return "cause" if self.changes_from == "problem" else "none"
