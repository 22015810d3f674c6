"""What is kept of a record: named fields, labels beside numbers, configured custom fields, nobody's name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.freshservice.account import Form, custom_fields
from connectors.freshservice.lists import Item
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.words import PEOPLE
from connectors.values import items, mapping, text_of

Record = dict[str, Any]
PLAIN: Mapping[str, tuple[str, ...]] = {
    "change": (
        *("id", "subject", "group_id", "planned_start_date", "planned_end_date", "updated_at", "deleted"),
        *("status", "approval_status"),
    ),
    "milestone": (
        *("id", "title", "status", "due_date", "planned_start_date", "start_date", "planned_end_date", "closed_at"),
        *("updated_at", "deleted"),
    ),
    "ticket": (*("id", "group_id", "created_at", "updated_at", "due_by", "deleted", "spam", "status", "priority"),),
}
"""By part: the fields that are kept as they come."""
LABELLED: Mapping[str, tuple[str, ...]] = {
    "change": ("status", "approval_status"),
    "milestone": (),
    "ticket": ("status", "priority"),
}
"""By part: the fields whose number is kept with the label it has in this account."""
STATS: Mapping[str, tuple[str, ...]] = {
    "change": ("pending_release_at", "pending_review_at", "closed_at"),
    "milestone": (),
    "ticket": ("first_responded_at", "resolved_at", "closed_at", "opened_at"),
}


def slim(row: Item, part: str, settings: FreshserviceSettings, form: Form) -> Record:
    """The payload of a record. ``labels``: what the account calls its numbers. ``fields``: canonical name -> value of
    what the settings name, plain, a list, or ``{id, label}``."""
    record: Record = {key: row[key] for key in PLAIN[part] if key in row}
    record["labels"] = {name: label for name in LABELLED[part] if (label := form.label(name, row.get(name)))}
    if STATS[part] and isinstance(row.get("stats"), Mapping):
        record["stats"] = {key: row["stats"].get(key) for key in STATS[part]}
    record["fields"] = {}
    for name, own in settings.fields_of(part).items():
        value = _value(row, form.name(own))
        label = form.label(form.name(own), value)
        if name in PEOPLE:
            record |= {name: text_of(value)} if text_of(value) else {}
        elif value not in (None, "", []):
            record["fields"][name] = {"id": value, "label": label} if label else value
    if part == "change":
        for place in ("impacted_services", "assets"):
            if place in settings.services_from:
                record[place] = [_named(one) for one in items(row.get(place))]
    return record


def _value(row: Item, name: str) -> object:
    """The value of a field, whether Freshservice's own or a custom one: plain, or a list of plain ones."""
    own = custom_fields(row)
    value = own[name] if name in own else row.get(name)
    if isinstance(value, list):
        return [one for one in value if text_of(one)]
    return None if isinstance(value, Mapping) else value


def _named(one: Item) -> Record:
    return {"display_id": one.get("display_id"), "name": one.get("name")}


def person(row: Item, settings: FreshserviceSettings) -> Record:
    """Whom a ticket is for, under the key that is hashed; nothing where it is not wanted."""
    who = text_of(row.get("requested_for_id")) or text_of(row.get("requester_id"))
    return {"person": who} if settings.requestors and who else {}


def linked_changes(row: Item) -> Record:
    """The changes that a single ticket names: the one that caused it, and those that it led to."""
    return {
        "caused_by": _ids(row.get("changes_initiating_ticket")),
        "led_to": _ids(row.get("changes_initiated_by_ticket")),
    }


def _ids(value: object) -> list[str]:
    """Numbers of records that are given as numbers or as objects, one or many."""
    many = value if isinstance(value, list) else [value]
    numbers = (mapping(one).get("id") if isinstance(one, Mapping) else one for one in many)
    return [text for text in map(text_of, numbers) if text]


def answer_of(data: object) -> Record | None:
    """What is kept of the answer to a survey; None where nobody answered: one without a score and without a date."""
    said = mapping(mapping(data).get("csat_response"))
    score = mapping(said.get("score"))
    answer = {key: score.get(key) for key in ("acquired_score", "total_score")}
    answer |= {key: said.get(key) for key in ("created_at", "updated_at")}
    return {"id": said.get("id")} | answer if any(value is not None for value in answer.values()) else None
