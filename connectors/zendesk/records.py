"""What is kept of a Zendesk ticket: a small record without texts of customers or names of people. Knows no HTTP and no
canonical row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.values import items, mapping, text_of
from connectors.zendesk.queries import Item
from connectors.zendesk.settings import MERGED, ZendeskSettings

Record = dict[str, Any]
CHANGE, MILESTONE, TICKET = "change", "milestone", "ticket"
KEPT = ("type", "status", "priority", "created_at", "updated_at", "generated_timestamp", "group_id", "organization_id")
LATER = {"solved": "closed"}
"""What becomes of a ticket that keeps a custom status of this category; any other status it has outgrown."""
METRICS = {
    "solved_at": ("solved_at",),
    "status_updated_at": ("status_updated_at",),
    "reopens": ("reopens",),
    "group_stations": ("group_stations",),
    "first_reply_minutes": ("reply_time_in_minutes", "calendar"),
    "first_resolution_minutes": ("first_resolution_time_in_minutes", "calendar"),
}


@dataclass(frozen=True)
class Known:
    """What ids stand for: ``fields``: part -> our field -> ids of ticket fields; ``options``: id of a ticket field ->
    value -> name; ``statuses``: id of a custom status -> its description; ``forms``: ids of the forms that hold
    changes; ``rated``: whether the rating on the ticket itself is the answer to the survey."""

    fields: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Mapping[str, Item] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    rated: bool = False


def slim(row: Item, settings: ZendeskSettings, known: Known, beside: Mapping[str, Mapping[str, Item]]) -> Record:
    """What is kept of a ticket. ``beside``: what came with its page, by name (metric_sets, users, organizations) and
    id. Subjects are kept of changes and milestones only; who asked stays as a number."""
    custom = {str(f.get("id")): f.get("value") for f in items(row.get("custom_fields"))}
    role, change = role_of(row, custom, settings, known)
    record: Record = {"id": text_of(row.get("id")), "role": role} | {key: row.get(key) for key in KEPT}
    record["channel"] = text_of(mapping(row.get("via")).get("channel"))
    custom_status = known.statuses.get(str(row.get("custom_status_id")), {})
    category = text_of(custom_status.get("status_category"))
    if text_of(row.get("status")) in (None, category, LATER.get(str(category))):
        record["custom_status"] = text_of(custom_status.get("agent_label"))
        record["status"] = record["status"] or category
    record["fields"] = _fields(custom, role, known)
    record["metrics"] = _metrics(row, beside.get("metric_sets", {}))
    if role == TICKET:
        record |= _of_ticket(row, settings, known)
        for dimension, values in _groups_of(row, settings, beside).items():
            record["fields"].setdefault(dimension, values)
    else:
        record |= {"subject": row.get("subject"), "tags": _tags(row), "due_at": row.get("due_at"), "change": change}
    if "sponsor" in record["fields"]:
        record["sponsor"] = [_shown(value) for value in record["fields"].pop("sponsor")]
    return record


def _of_ticket(row: Item, settings: ZendeskSettings, known: Known) -> Record:
    record: Record = {"merged": MERGED in _tags(row), "problem_id": row.get("problem_id")}
    if linked := _tagged(row, settings):
        record["linked"] = linked
    if settings.requestors and text_of(row.get("requester_id")):
        record["requester"] = f"user:{row['requester_id']}"
    if known.rated:
        record["satisfaction_rating"] = {"score": mapping(row.get("satisfaction_rating")).get("score")}
    return record


def role_of(row: Item, custom: Mapping[str, Any], settings: ZendeskSettings, known: Known) -> tuple[str, str | None]:
    """What a ticket is here: a change, a step of a change (with the change's key), or a customer's ticket."""
    if _is_change(row, settings, known):
        return CHANGE, None
    if row.get("type") == "task" and settings.changes_from:
        change = _change_of(row, custom, settings, known)
        if change:
            return MILESTONE, change
    return TICKET, None


def _is_change(row: Item, settings: ZendeskSettings, known: Known) -> bool:
    if settings.changes_from == "form":
        return text_of(row.get("ticket_form_id")) in known.forms
    if settings.changes_from == "problem":
        return row.get("type") == "problem"
    if settings.changes_from == "tag":
        wanted = {tag.strip().lower() for tag in settings.change_tags}
        return any(tag.lower() in wanted for tag in _tags(row))
    return False


def _change_of(row: Item, custom: Mapping[str, Any], settings: ZendeskSettings, known: Known) -> str | None:
    """The change that a task names: by its field, its problem, or a tag."""
    named = _first(custom, known.fields.get(MILESTONE, {}).get("change", ()))
    if named:
        return named[0].removeprefix("#")
    if settings.changes_from != "custom_object" and text_of(row.get("problem_id")):
        return text_of(row.get("problem_id"))
    return next(iter(_tagged(row, settings)), None)


def _tagged(row: Item, settings: ZendeskSettings) -> list[str]:
    """The changes that a ticket's tags name."""
    prefix = settings.change_tag_prefix.strip().lower()
    found = (tag[len(prefix) :] for tag in _tags(row) if prefix and tag.lower().startswith(prefix))
    return [key for key in found if key]


def _fields(custom: Mapping[str, Any], role: str, known: Known) -> Record:
    """Ticket fields by canonical name, as far as they hold something: texts, and for a choice its value and name."""
    found: Record = {}
    for name, numbers in known.fields.get(role, {}).items():
        for number in numbers:
            values = texts_of(custom.get(number))
            if values:
                found[name] = named(values, known.options.get(number, {}))
                break
    return found


def named(values: Iterable[str], options: Mapping[str, str]) -> list[Any]:
    """Values as they are kept: a choice with the name that people see."""
    return [{"value": value, "name": options[value]} if value in options else value for value in values]


def _first(custom: Mapping[str, Any], numbers: Iterable[str]) -> list[str]:
    return next((values for number in numbers if (values := texts_of(custom.get(number)))), [])


def texts_of(value: object) -> list[str]:
    """A field's value as texts: a field may hold one value, a list, or yes and no."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    values = value if isinstance(value, list) else [value]
    return [text for text in map(text_of, values) if text]


def _metrics(row: Item, sets: Mapping[str, Item]) -> Record:
    """Times and counts of the ticket's metric set; empty where none came."""
    metrics = mapping(row.get("metric_set")) or sets.get(str(row.get("id")), {})
    found = {}
    for name, path in METRICS.items():
        value: Any = metrics
        for step in path:
            value = mapping(value).get(step)
        if value is not None:
            found[name] = value
    return found


def _groups_of(row: Item, settings: ZendeskSettings, beside: Mapping[str, Mapping[str, Item]]) -> dict[str, list[str]]:
    """Groups of customers by dimension, from fields of the person who asked, else of the organization."""
    if not beside.get("users") and not beside.get("organizations"):
        return {}
    user = beside.get("users", {}).get(str(row.get("requester_id")), {})
    organization = beside.get("organizations", {}).get(str(row.get("organization_id")), {})
    found: dict[str, list[str]] = {}
    for part, about, key in (("user", user, "user_fields"), ("organization", organization, "organization_fields")):
        for dimension, own in settings.fields_of(part).items():
            values = texts_of(mapping(about.get(key)).get(own))
            if values:
                found.setdefault(dimension, values)
    return found


def _tags(row: Item) -> list[str]:
    tags = row.get("tags")
    return texts_of(tags) if isinstance(tags, list) else []


def _shown(value: object) -> object:
    return value["name"] if isinstance(value, Mapping) else value
