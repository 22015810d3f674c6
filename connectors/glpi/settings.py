"""What can be set for a GLPI: sign-in, time zone, where services, rollouts and answers are. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors.glpi import words
from connectors.settings import SEGMENTS, ScoreSettings, SystemSettings, choices, known, setting, zone_of
from connectors.words import Words
from impact.model import SettingsError

NAMED = dict.fromkeys(SEGMENTS, "")
FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": {
        "kind": "",
        "risk": "",
        "outcome": "",
        "service": "",
        "sponsor": "",
        "requirement": "",
        "expected_outcome": "",
        "planned_start_at": "",
        "planned_end_at": "time_to_resolve",
        "rollout_start_at": "",
        "rollout_end_at": "",
        "planned_cost": "",
        "actual_cost": "",
        "expected_benefit_hours": "",
        "expected_benefit_money": "",
        **NAMED,
    },
    "ticket": {"kind": "", "service": "", "channel": "", "caused_by": "", **NAMED},
}
"""Canonical field -> a column of the record, or a search option (its number, uid or name). Empty: not read."""
LEGACY, HIGH_LEVEL = "legacy", "high_level"
SERVICES, ROLLOUTS, STEPS = ("field", "item", "category"), ("tasks", "all_tasks", "solved"), ("tasks", "project_tasks")


@dataclass(frozen=True, kw_only=True)
class GlpiSettings(SystemSettings, ScoreSettings):
    """One GLPI. ``url`` and a way to sign in are enough to begin with; ``timezone`` must be that of its server."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = words.VALUES
    EXAMPLE: ClassVar[str] = "https://glpi.example.com"

    api: str = setting("legacy (apirest.php, shows everything) or high_level (api.php/v2, GLPI 11, shows less)", LEGACY)
    user_token: str = setting(
        "API token of the user that reads (user's preferences: Remote access keys)", "", secret=True
    )
    username: str = setting("User that reads, where no token is used", "", ask=True)
    password: str = setting("Password of that user", "", secret=True)
    app_token: str = setting("Application token of the API client, where it has one", "", secret=True)
    client_id: str = setting("OAuth client, for the high-level API", "")
    client_secret: str = setting("Secret of that client", "", secret=True)
    timezone: str = setting("Time zone in which GLPI's server writes its times; check compares it", "UTC", ask=True)
    day_timezone: str = setting("Time zone whose days milestone dates are; empty: that of timezone", "")
    profile: str = setting("Profile to read with, by name or id; empty: the user's default", "")
    entity: str = setting("Id of the entity to read, with all below it; empty: all that the profile has", "")
    page_size: int = setting("Records per request", 200)
    history: bool = setting("Read histories, one request a ticket: first resolutions and reopenings", True)
    survey_days: int = setting("Surveys sent in so many days before the last sync are read again", 30)
    services_from: tuple[str, ...] = setting(
        "Where services are named, in this order: field, item (linked items), category", ("category",)
    )
    service_itemtypes: tuple[str, ...] = setting("Linked items that are services, by GLPI's type", ("Appliance",))
    segments_from: tuple[str, ...] = setting("Groups of customers: entity, location", ("entity", "location"))
    entity_dimension: str = setting("What entities are as groups of customers", "department")
    milestones_from: tuple[str, ...] = setting("What milestones are: tasks (of changes), project_tasks", ("tasks",))
    rollout_from: tuple[str, ...] = setting(
        "What dates a rollout, in this order: tasks (done tasks of kind rollout), all_tasks (all done), solved",
        ("tasks", "solved"),
    )
    done_on_from: str = setting("Day on which a done task was done: end (of its window) or date_mod (last edit)", "end")
    cause_links: bool = setting("Take a link between ticket and change as: the change caused the ticket", False)

    def __post_init__(self) -> None:
        zone_of("timezone", self.timezone)
        if not self.day_timezone:
            object.__setattr__(self, "day_timezone", self.timezone)
        super().__post_init__()
        self.check_scale()
        self._check_sign_in()
        for key, allowed in (
            ("services_from", SERVICES),
            ("segments_from", ("entity", "location")),
            ("milestones_from", STEPS),
            ("rollout_from", ROLLOUTS),
        ):
            known(key, getattr(self, key), allowed)
        known("done_on_from", (self.done_on_from,), ("end", "date_mod"))
        known("entity_dimension", (self.entity_dimension,), choices("segment", "dimension"))
        if self.survey_days < 0:
            raise SettingsError("survey_days cannot be negative.")
        if self.entity and not self.entity.isdecimal():
            raise SettingsError(f"entity = {self.entity!r} is not the id of an entity, such as 3.")

    def _check_sign_in(self) -> None:
        known("api", (self.api,), (LEGACY, HIGH_LEVEL))
        by_name = bool(self.username and self.password)
        if self.api == HIGH_LEVEL:
            if not (by_name and self.client_id and self.client_secret):
                raise SettingsError("the high-level API needs client_id, client_secret, username and password.")
        elif not self.user_token and not by_name:
            raise SettingsError("lacks user_token, or username and password: set one of them.")

    @property
    def site(self) -> str:
        """The address of GLPI itself, without that of an API."""
        return self.url.rstrip("/").removesuffix("/apirest.php").removesuffix("/api.php")

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which the server writes its times."""
        return ZoneInfo(self.timezone)
