"""What can be set for a Freshservice: key, workspaces, limits, custom fields, how surveys are read. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from connectors.freshservice.words import FIELDS, VALUES
from connectors.http import Http
from connectors.settings import ScoreSettings, SystemSettings, inverted, known, setting
from connectors.words import Words
from impact.model import SettingsError

SERVICES = ("field", "impacted_services", "assets")
API = "/api/v2"


@dataclass(frozen=True, kw_only=True)
class FreshserviceSettings(ScoreSettings, SystemSettings):
    """One Freshservice account. ``url`` and ``api_key`` are enough to begin with."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    MOST_A_PAGE: ClassVar[int] = 100
    EXAMPLE: ClassVar[str] = "https://acme.freshservice.com"

    url: str = setting("Address of the account, such as https://acme.freshservice.com")
    api_key: str = setting("API key of the agent that reads (Freshservice: Profile settings)", secret=True)
    page_size: int = setting("Records per request; Freshservice gives at most 100", 100)
    workspaces: tuple[str, ...] = setting("Workspaces to read, by name or id; empty: all that the agent may see", ())
    per_minute: float = setting(
        "Requests a minute at most, so that other programs keep their share; 0: as fast as Freshservice allows", 0.0
    )
    parallel: int = setting("Steps of changes and answers to surveys asked for at the same time", 4)
    last_page: int = setting(
        "The highest page number to ask for (the sister product refuses more than 300); 0: no limit", 300
    )
    services_from: tuple[str, ...] = setting(
        "Where the services of a change are named, in this order: field, impacted_services, assets", SERVICES[:2]
    )
    service_types: tuple[str, ...] = setting(
        "Asset types whose assets are services, by name, with the types below them; empty: no list of services",
        ("Services",),
    )
    deletions: bool = setting("Read what is in the trash: deleted changes and tickets become cancelled", True)
    reopenings: bool = setting("Take opened_at in the stats of a ticket for its latest reopening", True)
    causes: bool = setting(
        "Ask each ticket of the last cause_days that was updated which change caused it: one request a ticket", False
    )
    cause_days: int = setting("How old a ticket may be to be asked for its change; 0: any age", 30)
    surveys: bool = setting("Ask each resolved ticket for the answer to its survey: one request a ticket", True)
    survey_days: int = setting("How long after it was resolved or closed a ticket is asked for an answer", 30)
    survey_hours: float = setting(
        "Hours between passes over all tickets of the last survey_days; passes in between ask those solved since", 0.0
    )
    csat_asked: str = setting(
        "Who was asked: answered (only who answered; the API does not tell others) or resolved (every solved ticket)",
        "answered",
    )
    csat_min: float = setting("Lowest score of a survey; the highest comes with each answer", 1.0)
    csat_max: float = setting("Highest score, kept with surveys that were asked and not answered", 5.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.api_key.strip():
            raise SettingsError("lacks api_key: an agent's key, from its profile settings.")
        if not 1 <= self.parallel <= 10:
            raise SettingsError(f"parallel = {self.parallel} is not between 1 and 10.")
        for key in ("per_minute", "last_page", "cause_days", "survey_hours"):
            if getattr(self, key) < 0:
                raise SettingsError(f"{key} = {getattr(self, key)} cannot be negative.")
        if self.survey_days < 1:
            raise SettingsError(f"survey_days = {self.survey_days} is not at least 1.")
        known("services_from", self.services_from, SERVICES)
        known("csat_asked", (self.csat_asked,), ("answered", "resolved"))
        self.check_scale()

    def open(self) -> Http:
        """A session with this account; nothing is asked yet."""
        return self.session(path=API, basic=(self.api_key, "X"), per_minute=self.per_minute or None)

    @cached_property
    def _configured(self) -> Mapping[str, Mapping[str, str]]:
        return {part: inverted(self.values.get(part, {})) for part in VALUES}

    def meaning(self, part: str, *said: str | None) -> str | None:
        """Our word for what a record says, the label before the number; what is configured wins over the built-in."""
        spoken = [word.strip().lower() for word in said if word]
        for words in (self._configured[part], self.words[part]):
            for word in spoken:
                if word in words:
                    return words[word]
        return None
