"""What is kept of an issue: a small record without names of people. Knows no HTTP and no canonical row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.jira_service_management.settings import PEOPLE, SLAS, JiraSettings
from connectors.jira_service_management.site import Field, Item, is_of
from connectors.values import items, mapping, text_of

Record = dict[str, Any]
SYSTEM = ("issuetype", "status", "resolution", "created", "updated", "resolutiondate", "statuscategorychangedate")
ASKED: Mapping[str, tuple[str, ...]] = {
    "change": (*SYSTEM, "summary", "project"),
    "milestone": (*SYSTEM, "summary", "parent"),
    "ticket": (*SYSTEM, "project", "priority", "issuelinks"),
}
"""The fields that are asked for, besides those that the settings name and, for tickets, who asked."""
DATES = {"created": "created", "updated": "updated", "resolutiondate": "resolved", "statuscategorychangedate": "moved"}
USER = {"accountId", "displayName", "emailAddress"}
"""What only people have: their names are in no text."""
SHOWN = ("value", "name", "rating", "title")
FIRST_MILLISECONDS = 1e11
"""Numbers above are milliseconds since 1970, below seconds."""


@dataclass(frozen=True)
class Known:
    """What is known of a Jira when its records are made small: canonical field -> its fields, status -> category, the
    types that are changes."""

    fields: Mapping[str, Sequence[Field]]
    categories: Mapping[str, str] = field(default_factory=dict)
    change_types: tuple[str, ...] = ()

    def history_fields(self) -> tuple[str, ...]:
        """The fields whose history is of use."""
        return ("status", "resolution", *(f.id for f in self.fields.get("team", ())))


def asked_fields(part: str, settings: JiraSettings, known: Known) -> tuple[str, ...]:
    """The fields that are sent with an issue."""
    own = [f.id for name, fields in known.fields.items() if _wanted(name, settings) for f in fields]
    who = ["reporter"] if part == "ticket" and settings.requestors else []
    return tuple(dict.fromkeys([*ASKED[part], *who, *own]))


def slim(row: Item, part: str, settings: JiraSettings, known: Known, log: Sequence[Item] | None = None) -> Record:
    """What is kept of an issue. ``log``: its history, where it was read."""
    fields = mapping(row.get("fields"))
    kind, status = mapping(fields.get("issuetype")), mapping(fields.get("status"))
    record: Record = {"id": str(row.get("id")), "key": row.get("key")}
    record["type"] = {"id": kind.get("id"), "name": kind.get("name")}
    category = mapping(status.get("statusCategory")).get("key")
    record["status"] = {"name": status.get("name"), "category": category}
    record["resolution"] = mapping(fields.get("resolution")).get("name")
    record |= {ours: fields.get(theirs) for theirs, ours in DATES.items()}
    project = mapping(fields.get("project"))
    if project:
        record["project"] = {"key": project.get("key"), "name": project.get("name")}
    if part == "milestone":
        record["parent"] = text_of(mapping(fields.get("parent")).get("id"))
    if part == "ticket":
        record["priority"] = mapping(fields.get("priority")).get("name")
        record["links"] = list(_links(fields, known))
        if settings.requestors:
            record["reporter"] = next(iter(people(fields.get("reporter"))), None)
    else:
        record["summary"] = fields.get("summary")
    record |= _own(fields, settings, known)
    if log is not None:
        record["history"] = list(events(log, known))
    return record


def _own(fields: Item, settings: JiraSettings, known: Known) -> Record:
    """Fields by their canonical name: texts, clocks of service levels, and people apart from both."""
    texts_of, clocks, found = dict[str, list[str]](), Record(), Record()
    for name, candidates in known.fields.items():
        if not _wanted(name, settings):
            continue
        values = [fields.get(f.id) for f in candidates if f.id in fields]
        if name in PEOPLE:
            found[name] = next(filter(None, map(people, values)), [])
        elif name in SLAS:
            clocks[name] = next(filter(None, (list(cycles(value)) for value in values)), [])
        elif values:
            texts_of[name] = next(filter(None, map(texts, values)), [])
    return found | {"fields": texts_of} | ({"sla": clocks} if clocks else {})


def _wanted(name: str, settings: JiraSettings) -> bool:
    return name != "requester" or settings.requestors


def texts(value: object) -> list[str]:
    """A value of a field as texts: options, objects with a name, lists of them, prose. Nothing of what is a person."""
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    if not isinstance(value, Mapping):
        text = text_of(value)
        return [text] if text else []
    if USER & value.keys():
        return []
    if value.get("type") == "doc":
        return [" ".join(_prose(value))]
    if isinstance(value.get("requestType"), Mapping):
        return texts(value["requestType"])
    said = next(filter(None, (text_of(value.get(key)) for key in (*SHOWN, "id"))), None)
    within = texts(value.get("child")) if isinstance(value.get("child"), Mapping) else []
    return [" - ".join([said, *within])] if said else []


def _prose(node: object) -> Iterator[str]:
    """The words of a rich text; mentions of people are of another type and left out."""
    if not isinstance(node, Mapping):
        return
    if node.get("type") == "text" and text_of(node.get("text")):
        yield str(node["text"]).strip()
    for inner in items(node.get("content")):
        yield from _prose(inner)


def people(value: object) -> list[str]:
    """The people that a field names, as the system's own keys; plain text stands for itself."""
    if isinstance(value, list):
        return [person for one in value for person in people(one)]
    if isinstance(value, Mapping):
        return list(
            filter(None, [next(filter(None, (text_of(value.get(k)) for k in ("accountId", "key", "name"))), "")])
        )
    return [text] if (text := text_of(value)) else []


def cycles(value: object) -> Iterator[Record]:
    """The runs of the clock of a service level: when it stopped (None: it runs) and whether it was breached."""
    for clock in items(value if isinstance(value, list) else [value]):
        for cycle in items(clock.get("completedCycles")):
            yield {"stopped": moment_of(cycle.get("stopTime")), "breached": cycle.get("breached") is True}
        running = clock.get("ongoingCycle")
        if isinstance(running, Mapping):
            yield {"stopped": None, "breached": running.get("breached") is True}


def moment_of(value: object) -> str | None:
    """An instant as a text: from the object of a service level, a number since 1970, or a text."""
    if isinstance(value, Mapping):
        known = (value.get(key) for key in ("epochMillis", "iso8601", "jira"))
        return next(filter(None, map(moment_of, known)), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / (1000 if value > FIRST_MILLISECONDS else 1), UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            return None
    return text_of(value)


def _links(fields: Item, known: Known) -> Iterator[Record]:
    """The changes that an issue is linked to, and how the link reads from this issue."""
    for link in items(fields.get("issuelinks")):
        words = mapping(link.get("type"))
        for side, word in (("inwardIssue", "inward"), ("outwardIssue", "outward")):
            other = mapping(link.get(side))
            number = text_of(other.get("id"))
            if number and is_of(mapping(other.get("fields")).get("issuetype"), known.change_types):
                yield {"as": text_of(words.get(word)) or text_of(words.get("name")), "change": number}


def events(log: Sequence[Item], known: Known) -> Iterator[Record]:
    """Moves between statuses, resolutions and teams, oldest first; nothing of who made them."""
    teams = {word for f in known.fields.get("team", ()) for word in (f.id, f.name)}
    found: list[Record] = []
    for entry in log:
        at = moment_of(entry.get("created"))
        for item in items(entry.get("items")):
            field_id = text_of(item.get("fieldId")) or text_of(item.get("field"))
            old, new = text_of(item.get("fromString")), text_of(item.get("toString"))
            if field_id == "status":
                before, after = _status(item.get("from"), old, known), _status(item.get("to"), new, known)
                found.append({"at": at, "kind": "status", "old": before, "new": after})
            elif field_id == "resolution":
                found.append({"at": at, "kind": "resolution", "old": old, "new": new})
            elif field_id in teams or text_of(item.get("field")) in teams:
                found.append({"at": at, "kind": "team", "old": old, "new": new})
    yield from found


def _status(number: object, name: str | None, known: Known) -> Record:
    category = known.categories.get(text_of(number) or "") or known.categories.get((name or "").lower())
    return {"name": name, "category": category}
