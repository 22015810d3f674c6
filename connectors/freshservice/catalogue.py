"""The short lists of an account, read in full every time: teams, services, departments, locations. Knows no change and
no ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors import Page
from connectors.freshservice.account import Workspace, workspaces
from connectors.freshservice.lists import Item, Listing, Lists
from connectors.freshservice.reading import begin_of
from connectors.freshservice.settings import FreshserviceSettings
from connectors.http import Http
from connectors.values import text_of

Record = dict[str, Any]
GROUPS = ("groups", "agent_groups")
"""Where groups of agents are: the path of today, and that of older descriptions of the API."""
SEGMENTS: Mapping[str, tuple[str, str]] = {
    "department": ("departments", "parent_department_id"),
    "location": ("locations", "parent_location_id"),
}
"""Dimension -> the list that has its groups, and the field that names the group above."""


def read_teams(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Groups of agents of all workspaces."""
    lists, found = Lists(http, settings), dict[str, Record]()
    for place in workspaces(http, settings):
        for row in _groups(lists, place):
            found[str(row.get("id"))] = {"id": row.get("id"), "name": row.get("name")}
    yield _page(found.values(), http, settings)


def _groups(lists: Lists, place: Workspace) -> Iterator[Item]:
    answered = False
    for path in GROUPS:
        if not answered:
            for rows, _ in lists.pages(place.listing(path, path, optional=True)):
                answered = answered or bool(rows)
                yield from rows


def read_services(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Assets of the types that are services."""
    lists, found = Lists(http, settings), dict[str, Record]()
    for kind in service_type_ids(lists):
        for row in _rows(lists, Listing("assets", "assets", [("filter", f'"asset_type_id:{kind}"')])):
            kept = ("display_id", "name", "impact", "group_id", "updated_at")
            found[str(row.get("display_id"))] = {key: row.get(key) for key in kept}
    yield _page(found.values(), http, settings)


def service_type_ids(lists: Lists) -> list[str]:
    """The asset types named in ``service_types``, with all types below them."""
    wanted = {name.strip().lower() for name in lists.settings.service_types}
    rows = list(_rows(lists, Listing("asset_types", "asset_types"))) if wanted else []
    chosen = [text_of(row.get("id")) for row in rows if (text_of(row.get("name")) or "").lower() in wanted]
    for _ in rows:  # as deep as they nest
        below = [text_of(row.get("id")) for row in rows if text_of(row.get("parent_asset_type_id")) in chosen]
        chosen = list(dict.fromkeys([*chosen, *below]))
    return [one for one in chosen if one]


def read_segments(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Departments and locations."""
    lists, found = Lists(http, settings), list[Record]()
    for dimension, (path, above) in SEGMENTS.items():
        for row in _rows(lists, Listing(path, path)):
            record = {"id": f"{dimension}:{row.get('id')}", "dimension": dimension, "name": row.get("name")}
            found.append(record | ({"above": f"{dimension}:{row[above]}"} if row.get(above) else {}))
    yield _page(found, http, settings)


def _rows(lists: Lists, listing: Listing) -> Iterator[Item]:
    for rows, _ in lists.pages(listing):
        yield from rows


def _page(records: Iterable[Record], http: Http, settings: FreshserviceSettings) -> Page:
    kept = tuple(records)
    return Page(kept, bookmark=begin_of(http, settings), total=len(kept))
