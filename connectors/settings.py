"""What can be set for every system: address, start, custom fields, words. Knows no vendor and no HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors import words
from connectors.http import Http
from connectors.patience import Patience
from connectors.words import Words
from impact.model import SettingsError, row_id
from impact.model import fields as model_fields

SEGMENTS = ("location", "department", "role", "device", "tier")
SEGMENT_FIELDS: Mapping[str, str] = dict.fromkeys(SEGMENTS, "")
CHANGE_FIELDS: Mapping[str, str] = {
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
    **SEGMENT_FIELDS,
}
"""Names of custom fields of changes, for systems that have no such fields of their own."""
MILESTONE_FIELDS: Mapping[str, str] = {"kind": "Milestone Type", "audience": "Audience", "channel": "Channel"}
MOST_AT_ONCE = 16
YES_NO: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}


def setting(help: str, default: Any = dataclasses.MISSING, *, secret: bool = False, ask: bool = False) -> Any:
    """A field of a settings class with its help; a secret one is never shown anywhere. A guided set-up asks for what
    has no default, for secrets, and for what says ``ask``."""
    metadata = {"help": help} | ({"secret": True} if secret else {}) | ({"ask": True} if ask else {})
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class SystemSettings:
    """What every system behind an address has. A connector's own settings add its credentials and what else it needs,
    name its ``FIELDS`` (by part: canonical field -> the system's own field, "" for none) and its ``VALUES``."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    VALUES: ClassVar[Mapping[str, Words]] = words.VALUES
    MOST_A_PAGE: ClassVar[int] = 1000
    EXAMPLE: ClassVar[str] = "https://itsm.example.com"

    name: str = setting("Name of the source, as in [sources.<name>]")
    url: str = setting("Address of the system, such as https://itsm.example.com")
    verify: str = setting("yes: check the certificate; the file of your certificate authority; or no", "yes")
    retries: int = setting("How often a request that failed for the moment is repeated", 5)
    start: str = setting(
        "The first sync reads what was updated since this day, such as 2024-01-01", "2000-01-01", ask=True
    )
    overlap_minutes: float = setting("How far before the last sync the next one starts", 10.0)
    page_size: int = setting("Records per request", 100)
    parallel: int = setting("Requests at the same time, at most", 4)
    web_links: bool = setting("Keep the address of each record's page, for people who may open it there", True)
    requestors: bool = setting("Read who asked, as a keyed hash, for contacts per person", True)
    day_timezone: str = setting("Time zone whose days milestone dates are", "UTC", ask=True)
    fields: Mapping[str, Mapping[str, str]] = setting("Own fields: [fields.change] service = 'u_my_field'", {})
    values: Mapping[str, Mapping[str, Any]] = setting("Words: [values.change_status] done = ['live', 'accepted']", {})

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise SettingsError(f"url is not an address like {self.EXAMPLE} (without user, password or ?).")
        if not 1 <= self.page_size <= self.MOST_A_PAGE:
            raise SettingsError(f"page_size = {self.page_size} is not between 1 and {self.MOST_A_PAGE}.")
        if not 1 <= self.parallel <= MOST_AT_ONCE:
            raise SettingsError(f"parallel = {self.parallel} is not between 1 and {MOST_AT_ONCE}.")
        if self.retries < 0 or self.overlap_minutes < 0:
            raise SettingsError("retries and overlap_minutes cannot be negative.")
        zone_of("day_timezone", self.day_timezone)
        try:
            _ = self.start_at
        except ValueError:
            raise SettingsError(f"start = {self.start!r} is not a day such as 2024-01-31.") from None
        self._check_fields()
        self._check_values()

    def _check_fields(self) -> None:
        known("fields", self.fields, self.FIELDS)
        for part, names in self.fields.items():
            known(f"fields.{part}", names, self.FIELDS[part])

    def _check_values(self) -> None:
        known("values", self.values, self.VALUES)
        for part, mine in self.values.items():
            if part in words.CHOICES:
                known(f"values.{part}", mine, choices(*words.CHOICES[part]))
            elif part == "priority":
                known(f"values.{part}", mine, ("1", "2", "3", "4", "5"))
            elif part != "csat":
                known(f"values.{part}", mine, self.VALUES[part])

    def session(
        self,
        *,
        path: str = "",
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        sign_in: Callable[[Http], Mapping[str, str]] | None = None,
        per_minute: float | None = None,
    ) -> Http:
        """A session with this system below ``path``; nothing is asked yet."""
        return Http(
            f"{self.url.rstrip('/')}{path}",
            headers=headers,
            basic=basic,
            sign_in=sign_in,
            verify=YES_NO.get(self.verify.strip().lower(), self.verify),
            patience=Patience(attempts=self.retries),
            per_minute=per_minute,
            at_once=self.parallel,
        )

    @property
    def start_at(self) -> datetime:
        """The first instant that the first sync asks for, UTC."""
        day = datetime.fromisoformat(self.start)
        return (day.replace(tzinfo=UTC) if day.tzinfo is None else day).astimezone(UTC).replace(microsecond=0)

    @cached_property
    def day_zone(self) -> ZoneInfo:
        """The zone whose days milestone dates are."""
        return ZoneInfo(self.day_timezone)

    @property
    def site(self) -> str:
        """The address below which people open the pages of records."""
        return self.url.rstrip("/")

    def row(self, table: str, key: str, *, page: str = "", updated_at: datetime | None = None) -> dict[str, Any]:
        """What every row made of a record of this system has; ``page`` is where people open the record, below the
        system's address."""
        return {
            "id": row_id(self.name, table, key),
            "source": self.name,
            "source_key": key,
            "url": f"{self.site}/{page}" if page and self.web_links else None,
            "source_updated_at": updated_at,
        }

    def field(self, part: str, name: str) -> str:
        """The system's own field behind a canonical field; empty: none."""
        return str(self.fields.get(part, {}).get(name, self.FIELDS[part][name])).strip()

    def fields_of(self, part: str) -> dict[str, str]:
        """Canonical field -> the system's own, for those of a part that are read at all."""
        return {name: own for name in self.FIELDS[part] if (own := self.field(part, name))}

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """For each enum: the system's word in lower case -> ours. Configured words win over built-in ones."""
        return {part: {**inverted(self.VALUES[part]), **inverted(self.values.get(part, {}))} for part in self.VALUES}


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Beside ``SystemSettings``, for systems in which an answer to a survey is a plain value of unknown scale."""

    csat_min: float = setting("Lowest score of the satisfaction field", 1.0)
    csat_max: float = setting("Highest score of the satisfaction field", 5.0)
    csat_better: str = setting("Which end of that scale is good: high or low", "high")
    csat_instrument: str = setting("Kind of question: csat, nps, ces, thumbs or other", "csat")

    def check_scale(self) -> None:
        """Raise SettingsError where the scale makes no sense."""
        if not self.csat_min < self.csat_max:
            raise SettingsError(f"csat_min = {self.csat_min} is not below csat_max = {self.csat_max}.")
        known("csat_better", (self.csat_better,), ("high", "low"))
        known("csat_instrument", (self.csat_instrument,), choices("satisfaction_response", "instrument"))


def zone_of(key: str, name: str) -> ZoneInfo:
    """A time zone by its name. Raises SettingsError naming ``key``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{key} = {name!r} is not a time zone such as Europe/Berlin.") from None


def known(key: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise SettingsError for the first word of ``given`` that is not allowed."""
    for word in given:
        if word not in set(allowed):
            raise SettingsError(f"{key} has {word!r}, which is not known. Allowed: {', '.join(sorted(allowed))}.")


def choices(table: str, field: str) -> tuple[str, ...]:
    """The words that a canonical enum allows."""
    return next(f.choices for f in model_fields(table) if f.name == field)


def listed(given: Any) -> tuple[str, ...]:
    """Words as TOML (a list or one value) or the environment (a text with commas) give them."""
    if isinstance(given, str):
        return tuple(word.strip() for word in given.split(","))
    return tuple(str(word) for word in given) if isinstance(given, list | tuple) else (str(given),)


def inverted(given: Mapping[str, Any]) -> dict[str, str]:
    """The system's word in lower case -> ours."""
    return {word.strip().lower(): ours for ours, theirs in given.items() for word in listed(theirs)}
