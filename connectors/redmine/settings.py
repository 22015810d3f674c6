"""What can be set for a Redmine: its address, trackers, custom fields and how answers are scored. Knows no HTTP.

Redmine has issues of configurable trackers and nothing else: which tracker holds changes, which custom field the
risk or the answer to the survey, every site decides. So all of it is a setting with plain English defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from connectors.redmine.words import VALUES
from connectors.settings import (
    CHANGE_FIELDS,
    MILESTONE_FIELDS,
    SEGMENT_FIELDS,
    ScoreSettings,
    SystemSettings,
    known,
    setting,
)
from connectors.words import Words
from impact.model import SettingsError

FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": CHANGE_FIELDS,
    "milestone": MILESTONE_FIELDS,
    "ticket": {
        "service": "Service",
        "kind": "",
        "channel": "Channel",
        "requester": "",
        "caused_by": "",
        "csat": "CSAT",
        "csat_sent": "",
        **SEGMENT_FIELDS,
    },
}
"""Canonical field -> custom field, by its name or its id. Empty: not read unless set."""

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


@dataclass(frozen=True, kw_only=True)
class RedmineSettings(SystemSettings, ScoreSettings):
    """One Redmine. ``url``, ``api_key`` and ``change_trackers`` are enough to begin with."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    MOST_A_PAGE: ClassVar[int] = 100
    EXAMPLE: ClassVar[str] = "https://redmine.example.com"

    api_key: str = setting("API access key of the user that reads (Redmine: My account)", "", secret=True)
    username: str = setting("User that reads, where no key is used", "", ask=True)
    password: str = setting("Password of that user", "", secret=True)
    history: bool = setting("Read histories, one request an issue: first answers, first resolutions, reopenings", True)
    projects: tuple[str, ...] = setting("Projects to read, by identifier, name or id; empty: all that are visible", ())
    change_trackers: tuple[str, ...] = setting("Trackers that hold changes, by name or id", (), ask=True)
    ticket_trackers: tuple[str, ...] = setting(
        "Trackers that hold customers' tickets; empty: all but those of changes", ()
    )
    milestones_from: tuple[str, ...] = setting(
        "What milestones are: children (child issues of changes), versions", STEPS
    )
    milestone_trackers: tuple[str, ...] = setting(
        "Trackers whose children of a change are milestones; empty: all others", ()
    )
    services_from: tuple[str, ...] = setting(
        "Where services are named, in this order: field, category, project", SERVICES[:2]
    )
    teams_from: tuple[str, ...] = setting(
        "What a team is, in this order: group (if an issue is assigned to it), project", TEAMS
    )
    csat_asked: str = setting(
        "Who was asked: resolved (resolved tickets with the field), answered (only who answered)", "resolved"
    )
    csat_default: str = setting(
        "A score that the field has before anybody answers; it counts only if the history shows it", ""
    )
    cause_relations: tuple[str, ...] = setting(
        f"Relations of a ticket to a change that name it as cause: {', '.join(RELATIONS)}",
        ("relates", "blocked", "copied_from"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.api_key and not (self.username and self.password):
            raise SettingsError("lacks api_key, or username and password: set one of them.")
        if self.page_size < 2:
            raise SettingsError("page_size = 1 is too small: a page begins with the last issue of the one before.")
        self.check_scale()
        for key, allowed in (
            ("milestones_from", STEPS),
            ("services_from", SERVICES),
            ("teams_from", TEAMS),
            ("cause_relations", RELATIONS),
        ):
            known(key, getattr(self, key), allowed)
        known("csat_asked", (self.csat_asked,), ("resolved", "answered"))
