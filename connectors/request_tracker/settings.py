"""What can be set for a Request Tracker: its address, queues, custom fields and words. Knows nothing of HTTP.

Request Tracker has no change, no service and no survey of its own: queues, lifecycles and custom fields stand for
them, and every site names them differently. So all names and words are settings with plain English defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from connectors.settings import (
    CHANGE_FIELDS,
    MILESTONE_FIELDS,
    SEGMENT_FIELDS,
    ScoreSettings,
    SystemSettings,
    known,
    listed,
    setting,
)
from connectors.words import Words, with_own
from impact.model import SettingsError

FIELDS: Mapping[str, Mapping[str, str]] = {
    "change": CHANGE_FIELDS,
    "milestone": MILESTONE_FIELDS,
    "ticket": {
        "service": "Service",
        "kind": "Ticket Type",
        "channel": "Channel",
        "csat": "CSAT",
        "csat_sent": "",
        "lost_minutes": "",
        **SEGMENT_FIELDS,
    },
}
"""Canonical field -> custom field. Empty: not read unless set. Segments also take ``Requestor.Organization``."""

VALUES: Mapping[str, Words] = with_own(
    {
        "change_status": {
            "planned": ("stalled",),
            "running": ("rolling_out", "open"),
            "done": ("successful",),
            "cancelled": ("merged",),
        },
        "change_rollout": {
            "started": ("in_progress", "in progress", "implementing", "deploying", "rolling_out", "rolling out")
        },
        "change_outcome": {"successful": ("deployed",), "failed": ("backed_out",)},
        "change_risk": {"low": ("1",), "medium": ("2",), "high": ("3",)},
        "milestone_status": {
            "open": ("stalled", "requested", "approved"),
            "done": ("deployed",),
            "cancelled": ("merged", "unlinked"),
        },
        "priority": {"1": ("90",), "2": ("70",), "3": ("40",), "4": ("10",), "5": ("0",)},
    }
)
"""Our word -> the words of this Request Tracker. ``priority``: from which number on; ``csat``: score -> words."""

LINKS = ("RefersTo", "DependsOn", "ReferredToBy", "DependedOnBy")


@dataclass(frozen=True, kw_only=True)
class RtSettings(SystemSettings, ScoreSettings):
    """One Request Tracker. ``url`` and either ``token`` or ``username`` and ``password`` are enough to begin with."""

    FIELDS: ClassVar[Mapping[str, Mapping[str, str]]] = FIELDS
    VALUES: ClassVar[Mapping[str, Words]] = VALUES
    MOST_A_PAGE: ClassVar[int] = 100
    EXAMPLE: ClassVar[str] = "https://rt.example.com"

    token: str = setting("Authentication token of the user that reads (RT: Settings, Auth Tokens)", "", secret=True)
    username: str = setting("User that reads, where no token is used", "", ask=True)
    password: str = setting("Password of that user", "", secret=True)
    history: bool = setting("Read status histories, for first resolutions and reopenings", True)
    change_queues: tuple[str, ...] = setting("Queues that hold changes", (), ask=True)
    ticket_queues: tuple[str, ...] = setting("Queues that hold customers' tickets; empty: all others", (), ask=True)
    cause_links: tuple[str, ...] = setting(
        f"Links from a ticket to a change that name it as cause: {', '.join(LINKS)}", LINKS[:2]
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.token and not (self.username and self.password):
            raise SettingsError("lacks token, or username and password: set one of them.")
        self.check_scale()
        known("cause_links", self.cause_links, LINKS)
        try:
            _ = self.priorities
        except ValueError:
            raise SettingsError("values.priority takes numbers, such as 1 = 90: from 90 on it is priority 1.") from None

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
        return tuple(sorted(((float(listed(v)[0]), int(k)) for k, v in floors.items()), reverse=True))
