"""What is kept of an issue: a small record without names of people. Knows no HTTP and no canonical row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.redmine.queries import Item
from connectors.redmine.settings import FIELDS, PEOPLE, RedmineSettings
from connectors.values import whole

Record = dict[str, Any]
INVERSE = {
    "relates": "relates",
    "duplicates": "duplicated",
    "duplicated": "duplicates",
    "blocks": "blocked",
    "blocked": "blocks",
    "precedes": "follows",
    "follows": "precedes",
    "copied_to": "copied_from",
    "copied_from": "copied_to",
}
"""What a relation is called from its other end."""
KEPT = ("created_on", "updated_on", "closed_on", "start_date", "due_date", "done_ratio")
NAMED = ("tracker", "status", "priority", "project", "category")


@dataclass(frozen=True)
class Known:
    """What numbers stand for: status -> (name, is closed), group -> name, custom field -> its description, where the
    user may read it."""

    statuses: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, Item] = field(default_factory=dict)

    def is_open(self, row: Item) -> bool:
        """Whether an issue is open; True where nothing says so."""
        status = row.get("status")
        status = status if isinstance(status, Mapping) else {}
        closed = status.get("is_closed")  # since Redmine 5.0
        return not (self.statuses.get(str(status.get("id")), ("", False))[1] if closed is None else closed)


def slim(row: Item, settings: RedmineSettings, part: str, known: Known) -> Record:
    """What is kept of an issue. Titles of tickets, notes and names of people are not; who asked stays as a number."""
    record: Record = {"id": str(row.get("id"))} | {key: row[key] for key in KEPT if key in row}
    if part != "ticket":
        record["subject"] = row.get("subject")
    for key in NAMED:
        value = row.get(key)
        if isinstance(value, Mapping):
            record[key] = {"id": value.get("id"), "name": value.get("name")}
    if isinstance(record.get("status"), dict):
        record["status"]["is_closed"] = not known.is_open(row)
    if part == "milestone":
        record["parent"] = number_in(row, "parent")
    assigned = str(number_in(row, "assigned_to"))
    if assigned in known.groups:
        record["team"] = {"id": assigned, "name": known.groups[assigned]}
    record |= _custom(row, settings, part, known)
    named = str(next(iter(record["fields"].get("team", ())), "")).casefold()
    for key, name in known.groups.items():
        if named and name.casefold() == named:
            record["team"] = {"id": key, "name": name}
    if part == "ticket" and settings.requestors and number_in(row, "author") is not None:
        record["author"] = f"user:{number_in(row, 'author')}"
    return record


def _custom(row: Item, settings: RedmineSettings, part: str, known: Known) -> Record:
    """Custom fields by canonical name: the values they have, [] for an empty one; people apart from all others."""
    found: Record = {}
    kept: Record = {}
    for name in FIELDS[part]:
        custom = custom_field(row, settings.field(part, name))
        if custom is None or (name == "requester" and not settings.requestors):
            continue
        about = known.custom.get(str(custom.get("id")), {})
        values = [shown(value, about) for value in _listed(custom.get("value"))]
        if name in PEOPLE:
            found[name] = values
        else:
            kept[name] = values
        if name == "csat":
            default = about.get("default_value")
            found |= {"csat_default": shown(str(default), about)} if default not in (None, "") else {}
    return found | {"fields": kept}


def custom_field(row: Item, wanted: str) -> Item | None:
    """The custom field of an issue with this id or name; None where it has none or the user may not see it."""
    if not wanted:
        return None
    fields = row.get("custom_fields")
    fields = [f for f in fields if isinstance(f, Mapping)] if isinstance(fields, list) else []
    by_id = (f for f in fields if str(f.get("id")) == wanted)
    by_name = (f for f in fields if str(f.get("name")).strip().casefold() == wanted.casefold())
    return next(by_id, None) or next(by_name, None)


def shown(value: str, about: Item) -> str:
    """A value as people see it: fields with lists of keys and values hold the keys."""
    choices = about.get("possible_values") if about.get("field_format") == "enumeration" else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and str(choice.get("value")) == value:
            return str(choice.get("label"))
    return value


def _listed(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(v) for v in values if v not in (None, "") and not isinstance(v, dict | list)]


def linked_ids(row: Item) -> list[tuple[str, int]]:
    """(kind of link as this issue sees it, other issue) of the parent and all relations."""
    own, found = whole(row.get("id")), []
    parent = number_in(row, "parent")
    if parent is not None:
        found.append(("parent", parent))
    relations = row.get("relations")
    for relation in relations if isinstance(relations, list) else ():
        begin, end, kind = (relation.get(key) for key in ("issue_id", "issue_to_id", "relation_type"))
        if whole(begin) == own and whole(end) is not None:
            found.append((str(kind), int(end)))
        elif whole(end) == own and whole(begin) is not None:
            found.append((INVERSE.get(str(kind), str(kind)), int(begin)))
    return found


def number_in(row: Item, key: str) -> int | None:
    """The id of what the issue names under ``key``; None where it names nothing."""
    value = row.get(key)
    return whole(value.get("id")) if isinstance(value, Mapping) else None


def group_of(group: Item) -> bool:
    """Whether this is a group that people made; anonymous and non-members are none."""
    return whole(group.get("id")) is not None and not group.get("builtin")
