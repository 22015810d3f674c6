"""How single values of a Request Tracker record are read: dates, numbers, words, events. Knows no whole row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, cast

from connectors import Payload
from connectors.request_tracker.queries import instant, whole
from connectors.request_tracker.settings import RULES, RtSettings
from impact.model import END_OF_KIND, MilestoneKind, row_id

SCORE = re.compile(r"-?\d+(?:[.,]\d+)?")
"""A number at the beginning of a score such as ``4 - good``."""


class Unreadable(ValueError):
    """A value that cannot be what its field says."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value = column, str(value)[:80]


def key_of(payload: Payload) -> str:
    """The number of a ticket or queue; Unreadable without one."""
    number = whole(payload.get("id"))
    if number is None:
        raise Unreadable("id", payload.get("id"), "a record without a number")
    return str(number)


def common(payload: Payload, settings: RtSettings, table: str) -> dict[str, Any]:
    """What every row made of a ticket carries."""
    key = key_of(payload)
    return {
        "id": row_id(settings.name, table, key),
        "source": settings.name,
        "source_key": key,
        "url": f"{settings.url.rstrip('/')}/Ticket/Display.html?id={key}" if settings.web_links else None,
        "source_updated_at": date_in(payload, "LastUpdated"),
    }


def reader(payload: Payload, settings: RtSettings, part: str) -> Callable[[str], str | None]:
    """A function that gives the first value of a canonical field; None where it is not set."""
    return lambda name: next(iter(values_of(payload, settings.field(part, name))), None)


def values_of(payload: Payload, custom_field: str) -> list[str]:
    """All values of a custom field, without empty ones."""
    if not custom_field:
        return []
    found = (payload.get("CustomFields") or {}).get(custom_field) or ()
    return [text for text in (text_of(value) for value in found) if text]


def events_of(payload: Payload, kind: str) -> list[tuple[datetime, str, str]]:
    """(when, from, to) of the transactions of a kind, oldest first, words in lower case."""
    found = []
    for event in payload.get("History") or ():
        at = date_in(event, "Created") if event.get("Type") == kind else None
        if at:
            found.append((at, str(event.get("OldValue") or "").lower(), str(event.get("NewValue") or "").lower()))
    return sorted(found, key=lambda event: event[0])


def date_in(payload: Mapping[str, Any], column: str) -> datetime | None:
    """A date of the record, UTC; None when it is not set; Unreadable for other text."""
    return moment(column, payload.get(column))


def moment(column: str, text: object) -> datetime | None:
    """A text as an instant; None when it is not set; Unreadable, naming ``column``, for other text."""
    try:
        return instant(text)
    except (ValueError, OverflowError):
        raise Unreadable(column, text, "not a date") from None


def day_of(at: datetime | None, settings: RtSettings) -> date | None:
    """The day of an instant in the configured zone."""
    return at.astimezone(settings.zone).date() if at else None


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest known instant."""
    return min((at for at in moments if at), default=None)


def number_of(column: str, text: str | None) -> float | None:
    """An amount; None when it is not set; Unreadable when it is not a plain number."""
    if text is None:
        return None
    try:
        number = float(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unreadable(column, text, "not a plain number such as 1250.50")
    return number


def amount_or_error(column: str, text: str | None) -> float | Unreadable | None:
    """The same, for records that are worth more than the amount: what is wrong with it comes back, not up."""
    try:
        return number_of(column, text)
    except Unreadable as error:
        return error


def score_of(word: str | None, settings: RtSettings) -> float | None:
    """The score of an answer: by the configured words, else the number it begins with."""
    if word is None:
        return None
    known = settings.words["csat"].get(word.lower())
    found = SCORE.match(known or word)
    if not found:
        raise Unreadable(settings.field("ticket", "csat"), word, "a score that is no number; name it in values.csat")
    return float(found.group().replace(",", "."))


def sent_at(word: str | None) -> datetime | None:
    """When a survey was sent, where its field holds a date."""
    try:
        return instant(word)
    except (ValueError, OverflowError):
        return None  # the field only says that a survey was sent, not when


def priority_of(number: object, settings: RtSettings) -> int | None:
    """Priority 1 to 5 of a Request Tracker number, which grows with importance."""
    value = whole(number)
    return None if value is None else next((p for floor, p in settings.priorities if value >= floor), 5)


def text_of(value: object) -> str | None:
    """A plain value as text; None when it is empty or no plain value."""
    return (str(value).strip() or None) if value is not None and not isinstance(value, dict | list) else None


def first_of(values: object) -> str | None:
    """The first text of a list that is not empty."""
    return next((v for v in values if v and isinstance(v, str)), None) if isinstance(values, list) else None


def milestone_kind(word: str | None, title: str, settings: RtSettings) -> tuple[str, str]:
    """Kind and end of a milestone by the first rule that fits its type, else its title."""
    rules = (*settings.milestone_rules, *RULES)
    for text in (word, title):
        for rule in rules if text else ():
            if any(_has_word(str(text), str(part)) for part in rule.get("contains", ())):
                kind = str(rule.get("kind", "other"))
                return kind, str(rule.get("end") or END_OF_KIND[cast(MilestoneKind, kind)])
    return "other", "other"


def _has_word(text: str, start: str) -> bool:
    """Whether a word of the text begins so, in any case: "train" is in "Training day", not in "constraint". Up to three
    letters must be the whole word: "cab" is not in "cabling"."""
    end = r"(?!\w)" if len(start) <= 3 else ""
    return re.search(rf"(?<!\w){re.escape(start)}{end}", text, re.IGNORECASE) is not None
