"""What is read of a GLPI over its high-level API, in the form that the legacy API gives. Knows no canonical row.

It shows less: no dates of solving, no tasks with their windows, no surveys, costs or links. ``check`` says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import Page
from connectors.glpi.queries import FOLD_HOURS, stamp, written
from connectors.glpi.settings import GlpiSettings
from connectors.http import Http
from connectors.values import items, mapping, text_of, whole
from impact.model import SourceChanged

Record = dict[str, Any]
LACKS = (
    "the high-level API of GLPI shows no solving and closing dates, tasks with windows, surveys, costs, histories or "
    "links between tickets and changes: rollouts are unknown, and tickets have no resolution. Set api = 'legacy'."
)


@dataclass(frozen=True)
class Listing:
    """A list at a path, as a kind of service or segment, and under which name its parent stands."""

    path: str
    parent: str
    kind: str = ""


GROUPS = (Listing("v2/Administration/Group", "groups_id"),)
CATEGORIES = (Listing("v2/Dropdowns/ITILCategory", "itilcategories_id", "category"),)
SEGMENTS = (
    Listing("v2/Administration/Entity", "entities_id", "entity"),
    Listing("v2/Dropdowns/Location", "locations_id", "location"),
)


def read_list(http: Http, settings: GlpiSettings, listings: tuple[Listing, ...]) -> Iterator[Page]:
    """All entries of some lists."""
    begin: datetime | None = None
    for listing in listings:
        if listing.kind in ("entity", "location") and listing.kind not in settings.segments_from:
            continue
        if listing.kind == "category" and "category" not in settings.services_from:
            continue
        for rows, _ in _walk(http, settings, listing.path, "", 0):
            begin = begin or _now(http, settings)
            yield Page(tuple(_entry(row, listing) for row in rows))
    yield Page((), bookmark=begin or _now(http, settings))


def _entry(row: Mapping[str, Any], listing: Listing) -> Record:
    entry: Record = {"id": row.get("id"), "name": row.get("name"), "completename": row.get("completename")}
    entry[listing.parent] = _reference(row.get("parent"))
    return entry | ({"kind": listing.kind} if listing.kind else {})


def read_changes(http: Http, settings: GlpiSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """Changes updated since then."""
    return _pass(http, settings, "v2/Assistance/Change", since, cursor, _change)


def read_tickets(http: Http, settings: GlpiSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """Tickets updated since then."""
    return _pass(http, settings, "v2/Assistance/Ticket", since, cursor, _ticket)


def _pass(
    http: Http,
    settings: GlpiSettings,
    path: str,
    since: datetime | None,
    cursor: str,
    shape: Callable[[Mapping[str, Any]], Record],
) -> Iterator[Page]:
    """Pages by rising ids, which stand still while records change; the bookmark moves at the end."""
    begin, after = _place(cursor)
    bound = since or settings.start_at
    condition = f"date_mod=ge={written(bound, settings).replace(' ', 'T')}"
    for rows, total in _walk(http, settings, path, condition, after):
        begin = begin or max(_now(http, settings), bound)
        _prove(rows, bound, settings)
        after = whole(rows[-1].get("id")) or after
        place = json.dumps({"begin": begin.isoformat(), "after": after})
        stamped = (shape(row) | {"updated_at": stamp(row, settings)} for row in rows)
        yield Page(tuple(stamped), total=total, cursor=place)
    yield Page((), bookmark=begin or max(_now(http, settings), bound))


def _prove(rows: list[Mapping[str, Any]], bound: datetime, settings: GlpiSettings) -> None:
    """Raises SourceChanged where the condition on updates had no effect."""
    earliest = bound - timedelta(hours=FOLD_HOURS)
    if any((told := stamp(row, settings)) and datetime.fromisoformat(told) < earliest for row in rows):
        raise SourceChanged("GLPI was asked for what was updated since the last pass and gave older records.")


def _place(cursor: str) -> tuple[datetime | None, int]:
    try:
        told = json.loads(cursor)
        return datetime.fromisoformat(told["begin"]), int(told["after"])
    except (ValueError, TypeError, LookupError):
        return None, 0


def _now(http: Http, settings: GlpiSettings) -> datetime:
    return (http.server_time or datetime.now(UTC)) - timedelta(minutes=settings.overlap_minutes)


def _walk(
    http: Http, settings: GlpiSettings, path: str, condition: str, after: int
) -> Iterator[tuple[list[Mapping[str, Any]], int | None]]:
    """Rows with ids above ``after`` that fulfil a condition. Raises SourceChanged for others, or another order."""
    while True:
        wanted = ";".join(filter(None, (f"id=gt={after}", condition)))
        asked = [("filter", wanted), ("sort", "id:asc"), ("start", "0"), ("limit", str(settings.page_size))]
        answer = http.ask(path, asked)
        if not isinstance(answer.data, list):
            raise SourceChanged(f"{path} of GLPI came without a list. Is it GLPI 11 or later?")
        rows = items(answer.data)
        if not rows:
            return
        for row in rows:
            number = whole(row.get("id"))
            if number is None or number <= after:
                raise SourceChanged(f"{path} of GLPI gave records out of order, or others than those asked for.")
            after = number
        yield rows, whole(str(answer.headers.get("Content-Range", "")).rpartition("/")[2])


def _reference(value: object) -> object:
    return value.get("id") if isinstance(value, Mapping) else value


def _common(row: Mapping[str, Any]) -> Record:
    team = items(row.get("team"))
    groups = [text_of(m.get("id")) for m in team if _is(m, "Group", "assigned")]
    return {
        "id": row.get("id"),
        "status": _reference(row.get("status")),
        "date": row.get("date"),
        "date_mod": row.get("date_mod"),
        "date_creation": row.get("date_creation"),
        "itilcategories_id": _reference(row.get("category")),
        "locations_id": _reference(row.get("location")),
        "entities_id": _reference(row.get("entity")),
        "is_deleted": int(row.get("is_deleted") is True or row.get("is_deleted") == 1),
        "groups": [group for group in groups if group],
        "fields": {},
    }


def _is(member: Mapping[str, Any], kind: str, role: str) -> bool:
    return str(member.get("type")) == kind and str(member.get("role")).lower() == role


def _change(row: Mapping[str, Any]) -> Record:
    return _common(row) | {"name": row.get("name"), "global_validation": _reference(row.get("global_validation"))}


def _ticket(row: Mapping[str, Any]) -> Record:
    people = [whole(m.get("id")) for m in items(row.get("team")) if _is(m, "User", "requester")]
    channel = mapping(row.get("request_type"))
    return _common(row) | {
        "type": _reference(row.get("type")),
        "priority": _reference(row.get("priority")),
        "requesttypes_id": channel.get("id"),
        "channel": channel.get("name"),
        "requesters": [f"glpi:{person}" for person in people if person],
    }


def visible(http: Http, settings: GlpiSettings) -> Iterator[str]:
    """What ``check`` says of this API."""
    for path, name in (("v2/Assistance/Change", "changes"), ("v2/Assistance/Ticket", "tickets")):
        rows, total = next(_walk(http, settings, path, "", 0), ([], 0))
        yield f"{total if total is not None else len(rows):,} {name}"
    yield LACKS
