"""What can be set for a Request Tracker: its address, queues, custom fields and words. Knows nothing of HTTP.

Request Tracker has no change, no service and no survey of its own: queues, lifecycles and custom fields stand for
them, and every site names them differently. So all names and words are settings with plain English defaults.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from impact.model import SettingsError
from impact.model import fields as model_fields

Words = Mapping[str, tuple[str, ...]]

FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": {
        "service": "Service",
        "team": "Team",
        "kind": "Change Type",
        "risk": "Risk",
        "outcome": "Outcome",
        "sponsor": "Sponsor",
        "requirement": "Requirement",
        "expected_outcome": "Expected Outcome",
        "planned_cost": "Planned Cost",
        "actual_cost": "Actual Cost",
        "expected_benefit_hours": "Expected Benefit Hours",
        "expected_benefit_money": "Expected Benefit Money",
        "rollout_start_at": "",
        "rollout_end_at": "",
        "location": "",
        "department": "",
        "role": "",
        "device": "",
        "tier": "",
    },
    "milestone": {"kind": "Milestone Type", "audience": "Audience", "channel": "Channel"},
    "ticket": {
        "service": "Service",
        "kind": "Ticket Type",
        "channel": "Channel",
        "csat": "CSAT",
        "csat_sent": "",
        "lost_minutes": "",
        "location": "",
        "department": "",
        "role": "",
        "device": "",
        "tier": "",
    },
}
"""Canonical field -> custom field. Empty: not read unless set. Segments also take ``Requestor.Organization``."""

SEGMENTS = ("location", "department", "role", "device", "tier")

VALUES: Mapping[str, Words] = {
    "change_status": {
        "planned": ("requested", "new", "draft", "proposed", "approved", "planned", "scheduled", "stalled", "waiting"),
        "running": ("in_progress", "in progress", "implementing", "deploying", "rolling_out", "open", "started"),
        "done": ("deployed", "failed", "implemented", "completed", "successful", "done", "resolved", "closed"),
        "rolled_back": ("rolled_back", "rolled back", "backed_out", "reverted"),
        "cancelled": ("cancelled", "canceled", "rejected", "declined", "abandoned", "deleted", "merged"),
    },
    "change_rollout": {"started": ("in_progress", "in progress", "implementing", "deploying", "rolling_out")},
    "change_outcome": {
        "successful": ("deployed", "successful", "success", "succeeded"),
        "with_issues": ("with_issues", "with issues", "successful with issues", "partially successful", "partial"),
        "failed": ("failed", "rolled_back", "rolled back", "backed_out", "reverted", "unsuccessful"),
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
        "open": ("new", "open", "stalled", "requested", "approved", "in_progress", "in progress", "waiting"),
        "done": ("resolved", "done", "closed", "completed", "deployed", "implemented"),
        "cancelled": ("rejected", "deleted", "cancelled", "canceled", "merged", "unlinked"),
    },
    "ticket_status": {
        "open": ("new", "open", "in_progress", "in progress", "reopened", "assigned"),
        "waiting": ("stalled", "waiting", "pending", "on_hold", "on hold"),
        "resolved": ("resolved", "answered", "fixed", "done"),
        "closed": ("closed",),
        "cancelled": ("rejected", "deleted", "cancelled", "canceled", "spam"),
        "merged": ("merged",),
    },
    "ticket_kind": {
        "incident": ("incident", "fault", "bug", "outage", "problem report"),
        "request": ("request", "service request", "order", "access"),
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
    "priority": {"1": ("90",), "2": ("70",), "3": ("40",), "4": ("10",), "5": ("0",)},
    "csat": {},
}
"""Our word -> the words of this Request Tracker. ``priority``: from which number on; ``csat``: score -> words."""

_CHOICES = {
    "change_status": ("change", "status"),
    "change_outcome": ("change", "outcome"),
    "change_kind": ("change", "kind"),
    "change_risk": ("change", "risk"),
    "milestone_status": ("milestone", "status"),
    "ticket_status": ("ticket", "status"),
    "ticket_kind": ("ticket", "kind"),
    "channel": ("ticket", "channel"),
}

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


def _s(help: str, default: Any = dataclasses.MISSING, *, secret: bool = False) -> Any:
    metadata = {"help": help, "secret": True} if secret else {"help": help}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class RtSettings:
    """One Request Tracker. ``url`` and either ``token`` or ``username`` and ``password`` are enough to begin with."""

    name: str = _s("Name of the source, as in [sources.<name>]")
    url: str = _s("Address of Request Tracker, without /REST/2.0, such as https://rt.example.com")
    token: str = _s("Authentication token of the user that reads (RT: Settings, Auth Tokens)", "", secret=True)
    username: str = _s("User that reads, where no token is used", "")
    password: str = _s("Password of that user", "", secret=True)
    verify: str = _s("yes: check the certificate; the file of your certificate authority; or no", "yes")
    retries: int = _s("How often a request that failed for the moment is repeated", 5)
    start: str = _s("The first sync reads what was updated since this day, such as 2024-01-01", "2000-01-01")
    overlap_minutes: float = _s("How far before the last sync the next one starts", 10.0)
    page_size: int = _s("Tickets per request; Request Tracker never gives more than 100", 100)
    history: bool = _s("Read status histories, for first resolutions and reopenings", True)
    web_links: bool = _s("Keep the address of each record's page, for people who may open it there", True)
    requestors: bool = _s("Read who asked, as a keyed hash, for contacts per person", True)
    change_queues: tuple[str, ...] = _s("Queues that hold changes", ())
    ticket_queues: tuple[str, ...] = _s("Queues that hold customers' tickets; empty: all others", ())
    day_timezone: str = _s("Time zone whose days milestone dates are", "UTC")
    csat_min: float = _s("Lowest score of the satisfaction field", 1.0)
    csat_max: float = _s("Highest score of the satisfaction field", 5.0)
    csat_better: str = _s("Which end of that scale is good: high or low", "high")
    csat_instrument: str = _s("Kind of question: csat, nps, ces, thumbs or other", "csat")
    cause_links: tuple[str, ...] = _s(
        "Links from a ticket to a change that name it as cause: RefersTo, DependsOn, ReferredToBy, DependedOnBy",
        ("RefersTo", "DependsOn"),
    )
    fields: Mapping[str, Mapping[str, str]] = _s("Custom fields: [fields.change] service = 'My Service Field'", {})
    values: Mapping[str, Mapping[str, Any]] = _s("Words: [values.change_status] done = ['live', 'accepted']", {})
    milestone_rules: tuple[Mapping[str, Any], ...] = _s(
        "Rules before the built-in ones: {contains = ['intranet'], kind = 'communication', end = 'business'}", ()
    )

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise SettingsError("url is not an address like https://rt.example.com (without user, password or ?).")
        if not self.token and not (self.username and self.password):
            raise SettingsError("lacks token, or username and password: set one of them.")
        try:
            ZoneInfo(self.day_timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                f"day_timezone = {self.day_timezone!r} is not a time zone such as Europe/Berlin."
            ) from None
        self._check_numbers()
        links = {"RefersTo", "DependsOn", "ReferredToBy", "DependedOnBy"}
        _known("cause_links", self.cause_links, links)
        _known("csat_better", (self.csat_better,), {"high", "low"})
        _known("csat_instrument", (self.csat_instrument,), set(_choices("satisfaction_response", "instrument")))
        _known("fields", self.fields, FIELDS)
        for part, names in self.fields.items():
            _known(f"fields.{part}", names, FIELDS[part])
        self._check_values()
        for rule in self.milestone_rules:
            _known("milestone_rules", rule, {"contains", "kind", "end"})
            _known("milestone_rules kind", [rule.get("kind", "other")], _choices("milestone", "kind"))
            _known("milestone_rules end", [rule.get("end", "other")], _choices("milestone", "end"))

    def _check_numbers(self) -> None:
        if not 1 <= self.page_size <= 100:
            raise SettingsError(f"page_size = {self.page_size} is not between 1 and 100, Request Tracker's own limit.")
        if self.retries < 0 or self.overlap_minutes < 0:
            raise SettingsError("retries and overlap_minutes cannot be negative.")
        if not self.csat_min < self.csat_max:
            raise SettingsError(f"csat_min = {self.csat_min} is not below csat_max = {self.csat_max}.")
        try:
            _ = self.priorities
        except ValueError:
            raise SettingsError("values.priority takes numbers, such as 1 = 90: from 90 on it is priority 1.") from None
        try:
            _ = self.start_at
        except ValueError:
            raise SettingsError(f"start = {self.start!r} is not a day such as 2024-01-31.") from None

    def _check_values(self) -> None:
        _known("values", self.values, VALUES)
        for part, words in self.values.items():
            if part in _CHOICES:
                _known(f"values.{part}", words, _choices(*_CHOICES[part]))
            elif part in ("change_rollout", "priority"):
                _known(f"values.{part}", words, VALUES[part])

    @property
    def start_at(self) -> datetime:
        """The first instant that the first sync asks for, UTC."""
        day = datetime.fromisoformat(self.start)
        return (day.replace(tzinfo=UTC) if day.tzinfo is None else day).astimezone(UTC).replace(microsecond=0)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose days milestone dates are."""
        return ZoneInfo(self.day_timezone)

    def field(self, part: str, name: str) -> str:
        """The custom field behind a canonical field; empty: none."""
        return str(self.fields.get(part, {}).get(name, FIELDS[part][name]))

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """For each enum: the source's word in lower case -> ours. Configured words win over built-in ones."""
        return {part: {**_inverted(VALUES[part]), **_inverted(self.values.get(part, {}))} for part in VALUES}

    def words_for(self, part: str, *ours: str) -> tuple[str, ...]:
        """The source's words that mean one of ``ours``, sorted."""
        if (part, ours) not in self._found:
            self._found[part, ours] = tuple(sorted(w for w, meaning in self.words[part].items() if meaning in ours))
        return self._found[part, ours]

    @cached_property
    def _found(self) -> dict[tuple[str, tuple[str, ...]], tuple[str, ...]]:
        return {}

    @cached_property
    def priorities(self) -> tuple[tuple[float, int], ...]:
        """(from this number on, our priority), highest number first."""
        floors = {**VALUES["priority"], **self.values.get("priority", {})}
        return tuple(sorted(((float(_listed(v)[0]), int(k)) for k, v in floors.items()), reverse=True))


def _listed(words: Any) -> tuple[str, ...]:
    """Words as TOML (a list or one value) or the environment (a text with commas) give them."""
    if isinstance(words, str):
        return tuple(word.strip() for word in words.split(","))
    return tuple(str(word) for word in words) if isinstance(words, list | tuple) else (str(words),)


def _inverted(words: Mapping[str, Any]) -> dict[str, str]:
    return {word.strip().lower(): ours for ours, theirs in words.items() for word in _listed(theirs)}


def _choices(table: str, field: str) -> tuple[str, ...]:
    return next(f.choices for f in model_fields(table) if f.name == field)


def _known(key: str, given: Any, allowed: Any) -> None:
    for word in given:
        if word not in allowed:
            raise SettingsError(f"{key} has {word!r}, which is not known. Allowed: {', '.join(sorted(allowed))}.")
