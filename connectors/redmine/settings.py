"""What can be set for a Redmine: its address, trackers, custom fields and how answers are scored. Knows no HTTP.

Redmine has issues of configurable trackers and nothing else: which tracker holds changes, which custom field the
risk or the answer to the survey, every site decides. So all of it is a setting with plain English defaults.
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

from connectors.redmine.words import CHOICES, VALUES
from impact.model import SettingsError
from impact.model import fields as model_fields

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
        "kind": "",
        "channel": "Channel",
        "requester": "",
        "caused_by": "",
        "csat": "CSAT",
        "csat_sent": "",
        "location": "",
        "department": "",
        "role": "",
        "device": "",
        "tier": "",
    },
}
"""Canonical field -> custom field, by its name or its id. Empty: not read unless set."""

SEGMENTS = ("location", "department", "role", "device", "tier")
PEOPLE = ("sponsor", "requester")
"""Canonical fields whose values name people: they are hashed before anything is stored."""
RELATIONS = (
    "relates",
    "duplicates",
    "duplicated",
    "blocks",
    "blocked",
    "precedes",
    "follows",
    "copied_to",
    "copied_from",
)
SERVICES, TEAMS, STEPS = ("field", "category", "project"), ("group", "project"), ("children", "versions")


def _s(help: str, default: Any = dataclasses.MISSING, *, secret: bool = False) -> Any:
    metadata = {"help": help, "secret": True} if secret else {"help": help}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class RedmineSettings:
    """One Redmine. ``url``, ``api_key`` and ``change_trackers`` are enough to begin with."""

    name: str = _s("Name of the source, as in [sources.<name>]")
    url: str = _s("Address of Redmine, such as https://redmine.example.com")
    api_key: str = _s("API access key of the user that reads (Redmine: My account)", "", secret=True)
    username: str = _s("User that reads, where no key is used", "")
    password: str = _s("Password of that user", "", secret=True)
    verify: str = _s("yes: check the certificate; the file of your certificate authority; or no", "yes")
    retries: int = _s("How often a request that failed for the moment is repeated", 5)
    start: str = _s("The first sync reads what was updated since this day, such as 2024-01-01", "2000-01-01")
    overlap_minutes: float = _s("How far before the last sync the next one starts", 10.0)
    page_size: int = _s("Issues per request; Redmine never gives more than 100", 100)
    parallel: int = _s("Histories asked for at the same time", 4)
    history: bool = _s("Read histories, one request an issue: first answers, first resolutions, reopenings", True)
    web_links: bool = _s("Keep the address of each record's page, for people who may open it there", True)
    requestors: bool = _s("Read who asked, as a keyed hash, for contacts per person", True)
    projects: tuple[str, ...] = _s("Projects to read, by identifier, name or id; empty: all that are visible", ())
    change_trackers: tuple[str, ...] = _s("Trackers that hold changes, by name or id", ())
    ticket_trackers: tuple[str, ...] = _s("Trackers that hold customers' tickets; empty: all but those of changes", ())
    milestones_from: tuple[str, ...] = _s("What milestones are: children (child issues of changes), versions", STEPS)
    milestone_trackers: tuple[str, ...] = _s(
        "Trackers whose children of a change are milestones; empty: all others", ()
    )
    services_from: tuple[str, ...] = _s(
        "Where services are named, in this order: field, category, project", SERVICES[:2]
    )
    teams_from: tuple[str, ...] = _s(
        "What a team is, in this order: group (if an issue is assigned to it), project", TEAMS
    )
    day_timezone: str = _s("Time zone whose days start and due dates and milestone days are", "UTC")
    csat_min: float = _s("Lowest score of the satisfaction field", 1.0)
    csat_max: float = _s("Highest score of the satisfaction field", 5.0)
    csat_better: str = _s("Which end of that scale is good: high or low", "high")
    csat_instrument: str = _s("Kind of question: csat, nps, ces, thumbs or other", "csat")
    csat_asked: str = _s(
        "Who was asked: resolved (resolved tickets with the field), answered (only who answered)", "resolved"
    )
    csat_default: str = _s(
        "A score that the field has before anybody answers; it counts only if the history shows it", ""
    )
    cause_relations: tuple[str, ...] = _s(
        f"Relations of a ticket to a change that name it as cause: {', '.join(RELATIONS)}",
        ("relates", "blocked", "copied_from"),
    )
    fields: Mapping[str, Mapping[str, str]] = _s(
        "Custom fields by name or id: [fields.change] service = 'My Field'", {}
    )
    values: Mapping[str, Mapping[str, Any]] = _s("Words: [values.change_status] done = ['live', 'accepted']", {})
    milestone_rules: tuple[Mapping[str, Any], ...] = _s(
        "Rules before the built-in ones: {contains = ['intranet'], kind = 'communication', end = 'business'}", ()
    )

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise SettingsError("url is not an address like https://redmine.example.com (without user, password or ?).")
        if not self.api_key and not (self.username and self.password):
            raise SettingsError("lacks api_key, or username and password: set one of them.")
        try:
            _ = self.zone
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                f"day_timezone = {self.day_timezone!r} is not a time zone such as Europe/Berlin."
            ) from None
        self._check_numbers()
        self._check_words()

    def _check_numbers(self) -> None:
        if not 2 <= self.page_size <= 100:
            raise SettingsError(f"page_size = {self.page_size} is not between 2 and 100, Redmine's own limit.")
        if not 1 <= self.parallel <= 10:
            raise SettingsError(f"parallel = {self.parallel} is not between 1 and 10.")
        if self.retries < 0 or self.overlap_minutes < 0:
            raise SettingsError("retries and overlap_minutes cannot be negative.")
        if not self.csat_min < self.csat_max:
            raise SettingsError(f"csat_min = {self.csat_min} is not below csat_max = {self.csat_max}.")
        try:
            _ = self.start_at
        except ValueError:
            raise SettingsError(f"start = {self.start!r} is not a day such as 2024-01-31.") from None

    def _check_words(self) -> None:
        for key, allowed in (
            ("milestones_from", STEPS),
            ("services_from", SERVICES),
            ("teams_from", TEAMS),
            ("cause_relations", RELATIONS),
        ):
            _known(key, getattr(self, key), allowed)
        _known("csat_better", (self.csat_better,), ("high", "low"))
        _known("csat_asked", (self.csat_asked,), ("resolved", "answered"))
        _known("csat_instrument", (self.csat_instrument,), _choices("satisfaction_response", "instrument"))
        _known("fields", self.fields, FIELDS)
        for part, names in self.fields.items():
            _known(f"fields.{part}", names, FIELDS[part])
        _known("values", self.values, VALUES)
        for part, words in self.values.items():
            if part in CHOICES:
                _known(f"values.{part}", words, _choices(*CHOICES[part]))
            elif part in ("change_rollout", "priority"):
                _known(f"values.{part}", words, VALUES[part])
        for rule in self.milestone_rules:
            _known("milestone_rules", rule, {"contains", "kind", "end"})
            _known("milestone_rules kind", [rule.get("kind", "other")], _choices("milestone", "kind"))
            _known("milestone_rules end", [rule.get("end", "other")], _choices("milestone", "end"))

    @property
    def start_at(self) -> datetime:
        """The first instant that the first sync asks for, UTC."""
        day = datetime.fromisoformat(self.start)
        return (day.replace(tzinfo=UTC) if day.tzinfo is None else day).astimezone(UTC).replace(microsecond=0)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose days plain dates are."""
        return ZoneInfo(self.day_timezone)

    def field(self, part: str, name: str) -> str:
        """The custom field behind a canonical field, by name or id; empty: none."""
        return str(self.fields.get(part, {}).get(name, FIELDS[part][name])).strip()

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """For each enum: the source's word in lower case -> ours. Configured words win over built-in ones."""
        return {part: {**_inverted(VALUES[part]), **_inverted(self.values.get(part, {}))} for part in VALUES}


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
