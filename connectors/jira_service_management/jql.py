"""How conditions are written in Jira's query language, and how it reads an instant. Pure; knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BY_UPDATE = "updated ASC, key ASC"
BY_CREATION = "created ASC, key ASC"
"""An order in which no edit moves an issue."""


def one_of(field: str, values: Iterable[str]) -> str:
    """The condition that a field has one of these values; numbers are ids."""
    return f"{field} in ({', '.join(v if v.isascii() and v.isdigit() else quoted(v) for v in values)})"


def quoted(text: str) -> str:
    """A text as a literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def all_of(*conditions: str, order: str = BY_CREATION) -> str:
    """A query for what fulfils all conditions; empty ones are left out."""
    return f"{' AND '.join(filter(None, conditions))} ORDER BY {order}"


def any_of(conditions: Iterable[str]) -> str:
    """The condition that one of these is fulfilled."""
    told = list(conditions)
    return told[0] if len(told) == 1 else f"({' OR '.join(told)})"


def begin_of(at: datetime, zone: ZoneInfo | None) -> tuple[str, datetime]:
    """How an instant is written so that nothing from it on is left out, and the instant that this means.

    Jira knows minutes, in the zone of the user. An hour that happens twice is begun before it; where the zone is not
    known, a day is added.
    """
    at = at.astimezone(UTC).replace(second=0, microsecond=0)
    if zone is None:
        at -= timedelta(days=1)
        return f"{at:%Y-%m-%d %H:%M}", at - timedelta(days=1)
    while _happens_twice(at, zone):
        at -= timedelta(minutes=30)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}", at


def _happens_twice(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def since(field: str, literal: str) -> str:
    """The condition that a date field is not before a literal."""
    return f"{field} >= {quoted(literal)}"
