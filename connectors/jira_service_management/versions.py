"""The versions that changes are targeted at: which there are, and what is kept of them. Knows no canonical row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from connectors.jira_service_management.site import Item, Site
from connectors.values import items, mapping, text_of

KEPT = ("name", "startDate", "releaseDate", "released", "archived")


def version_keys(row: Item) -> list[str]:
    """The keys of the milestones that the fix versions of a change are."""
    return [f"{row.get('id')}-v{number}" for number in map(_number, _targets(row)) if number]


def version_records(site: Site, changes: Iterable[Item]) -> Iterator[dict[str, Any]]:
    """A record for each change and each of its fix versions, as the project has it now."""
    listed: dict[str, dict[str, Item]] = {}
    for row in changes:
        project = text_of(mapping(mapping(row.get("fields")).get("project")).get("key")) or ""
        targets = [target for target in _targets(row) if _number(target)]
        if targets and project and project not in listed:
            listed[project] = {str(_number(version)): version for version in site.versions(project)}
        for key, target in zip(version_keys(row), targets, strict=True):
            about = listed.get(project, {}).get(str(_number(target)), target)
            kept = {name: about.get(name) for name in KEPT if name in about}
            yield {"id": key, "change": str(row.get("id")), "version": {"id": _number(target), **kept}}


def _targets(row: Item) -> list[Item]:
    return items(mapping(row.get("fields")).get("fixVersions"))


def _number(version: Item) -> str | None:
    return text_of(version.get("id"))
