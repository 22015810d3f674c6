"""What can be set for an iTop: login, time zone, classes, fields and words. Knows nothing of requests or rows.

Codes of classes and fields are those of iTop's standard data model; every site can change them, so all are settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors import words
from connectors.http import Http
from connectors.itop.times import DEFAULT_FORMAT, strptime_format
from connectors.settings import ScoreSettings, SystemSettings, known, setting, zone_of
from connectors.words import Words
from impact.model import SettingsError

CODE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST_LISTED = 100_000
ROLLOUT_FROM = ("history", "plan", "close", "field")
_SEGMENTS = {"location": "", "department": "org_id", "role": "", "device": "", "tier": ""}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": {
        "title": "title",
        "kind": "",
        "team": "team_id",
        "planned_start_at": "start_date",
        "planned_end_at": "end_date",
        "closed_at": "close_date",
        "rollout_start_at": "",
        "rollout_end_at": "",
        "risk": "",
        "outcome": "",
        "service": "",
        "sponsor": "",
        "requirement": "",
        "expected_outcome": "",
        "planned_cost": "",
        "actual_cost": "",
        "expected_benefit_hours": "",
        "expected_benefit_money": "",
        **_SEGMENTS,
    },
    "milestone": {
        "title": "name",
        "planned_start_on": "start_date",
        "due_on": "end_date",
        "done_on": "",
        "kind": "",
        "audience": "",
        "channel": "",
    },
    "ticket": {
        "kind": "request_type",
        "priority": "priority",
        "channel": "origin",
        "service": "service_id",
        "team": "team_id",
        "requester": "caller_id",
        "opened_at": "start_date",
        "resolved_at": "resolution_date",
        "closed_at": "close_date",
        "first_reply_at": "",
        "first_reply_seconds": "tto",
        "assigned_at": "assignment_date",
        "target_missed": "sla_ttr_passed",
        "caused_by": "parent_change_id",
        "csat": "user_satisfaction",
        "csat_comment": "user_comment",
        "lost_minutes": "",
        **_SEGMENTS,
    },
}
"""Canonical field -> iTop's code; empty: not read unless set (the kind of a change is then its class)."""

VALUES: Mapping[str, Words] = {
    **words.with_own(
        {
            "change_status": {
                "planned": ("new", "validated", "assigned", "plannedscheduled", "planned", "approved", "notapproved"),
                "done": ("implemented", "monitored", "closed"),
                "cancelled": ("rejected",),
            },
            "change_kind": {
                "standard": ("routinechange",),
                "normal": ("normalchange",),
                "emergency": ("emergencychange",),
            },
            "ticket_status": {
                "open": ("new", "assigned", "escalated_tto", "escalated_ttr", "dispatched", "redispatched", "approved"),
                "waiting": ("pending", "waiting_for_approval"),
                "resolved": ("resolved",),
                "closed": ("closed",),
                "cancelled": ("rejected",),
            },
            "ticket_kind": {"request": ("service_request", "userrequest"), "problem": ("problem",)},
            "priority": {"1": ("1",), "2": ("2",), "3": ("3",), "4": ("4",), "5": ("5",)},
        }
    ),
    "ci_role": {"changed": ("manual",), "affected": ("computed",), "none": ("not_impacted",)},
    "yes_no": {
        "yes": ("yes", "oui", "ja", "sí", "si", "sì", "sim", "tak", "ano", "áno", "igen", "evet", "да", "是", "はい"),
        "no": ("no", "non", "nein", "nee", "não", "nie", "ne", "nem", "hayır", "nej", "нет", "否", "いいえ"),
    },
}
"""Our word -> iTop's codes. ``ci_role``: what a change does to a configuration item, by ``impact_code``; ``yes_no``:
booleans of stopwatches, which iTop translates into the language of the user that reads."""


@dataclass(frozen=True, kw_only=True)
class ItopSettings(ScoreSettings, SystemSettings):
    """How to reach an iTop and how to read what it holds."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    EXAMPLE: ClassVar[str] = "https://itop.example.com/itop"

    url: str = setting("Address of iTop, such as https://itop.example.com/itop")
    username: str = setting("Login of the user that reads", "", ask=True)
    password: str = setting("Password of that user", "", secret=True)
    token: str = setting("Token of that user, where iTop has tokens; instead of login and password", "", secret=True)
    timezone: str = setting(
        "Time zone of the server: timezone in iTop's configuration file; no request tells it", "Europe/Paris", ask=True
    )
    day_timezone: str = setting("Time zone whose days milestone dates are; empty: the server's", "")
    date_format: str = setting("How iTop shows dates to the user that reads, in PHP's letters", DEFAULT_FORMAT)
    change_classes: tuple[str, ...] = setting("Classes that hold changes; subclasses come along", ("Change",))
    ticket_classes: tuple[str, ...] = setting("Classes that hold customers' tickets", ("UserRequest", "Incident"))
    rollout_from: str = setting(
        "When customers met a change: history (it became implemented), plan (planned dates), close (it was closed), or "
        "field (only fields.change.rollout_start_at and rollout_end_at)",
        "history",
    )
    history: bool = setting("Read the history of status, team and satisfaction, if the user may", True)
    csat_min: float = setting("Lowest score of the satisfaction field", 1.0)
    csat_max: float = setting("Highest score of the satisfaction field; iTop's own goes from 1 to 4", 4.0)
    csat_better: str = setting("Which end of that scale is good: high or low; low for iTop's own", "low")
    page_size: int = setting("Records per request", 200)
    list_size: int = setting("Ids per request when looking for what changed", 2000)
    path: str = setting("Path of iTop's web service below url", "webservices/rest.php")
    api_version: str = setting("Version of that service to ask for", "1.3")

    def __post_init__(self) -> None:
        zone_of("timezone", self.timezone)
        if not self.day_timezone:
            object.__setattr__(self, "day_timezone", self.timezone)
        super().__post_init__()
        if not self.token and not (self.username and self.password):
            raise SettingsError("Set token, or username and password.")
        try:
            strptime_format(self.date_format)
        except ValueError:
            raise SettingsError(f"date_format = {self.date_format!r} is not a form such as {DEFAULT_FORMAT}.") from None
        self.check_scale()
        known("rollout_from", (self.rollout_from,), ROLLOUT_FROM)
        if not 1 <= self.list_size <= MOST_LISTED:
            raise SettingsError(f"list_size = {self.list_size} is not between 1 and {MOST_LISTED}.")
        self._check_codes()

    def _check_codes(self) -> None:
        if not self.change_classes and not self.ticket_classes:
            raise SettingsError("change_classes and ticket_classes are both empty: nothing would be read.")
        given = {"change_classes": self.change_classes, "ticket_classes": self.ticket_classes}
        given |= {f"fields.{part}": tuple(names.values()) for part, names in self.fields.items()}
        for key, codes in given.items():
            for code in codes:
                if not CODE.fullmatch(str(code)) and not (key.startswith("fields") and not code):
                    raise SettingsError(f"{key} has {code!r}, which is no code of iTop such as org_id or UserRequest.")

    def open(self) -> Http:
        """A session with this iTop; nothing is asked yet. iTop has no sessions here: every request signs in."""
        return self.session(headers={"Auth-Token": self.token} if self.token else None)

    @property
    def own_survey(self) -> bool:
        """Whether answers come from a field of the company's own instead of iTop's, which is never empty."""
        return self.field("ticket", "csat") != FIELDS["ticket"]["csat"]

    @cached_property
    def codes(self) -> Mapping[str, Mapping[str, str]]:
        """For each part: canonical field -> iTop's code, empty for none."""
        return {part: {name: self.field(part, name) for name in names} for part, names in self.FIELDS.items()}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of all of iTop's times."""
        return ZoneInfo(self.timezone)
