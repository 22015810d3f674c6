"""Which fields of a record are asked for, and what of them is kept: groups of customers in one place, and who asked
under one name, which is hashed. Knows no table but by its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from connectors.servicenow.queries import Item
from connectors.servicenow.settings import ServiceNowSettings
from connectors.settings import SEGMENTS

PEOPLE = ("requester", "sponsor")
"""Canonical fields whose values name people."""
Dimensions = Mapping[str, tuple[str, ...]]


def fields_asked(settings: ServiceNowSettings, part: str, table: str) -> tuple[str, ...]:
    """The fields behind all canonical names of a part; groups of customers and services with what they are called;
    who asked only where people are wanted."""
    people, dimensions = _people(settings, part, table), _dimensions(settings, part, table)
    plain = [name for name in settings.FIELDS[part] if name not in (*PEOPLE, *SEGMENTS)]
    found = [path for name in plain for path in settings.paths(table, part, name)]
    if part in ("change", "ticket"):
        found += [f"{field}{end}" for field in settings.services_from for end in ("", ".name", ".sys_class_name")]
    found += named(dimensions)
    found += [path for paths in people.values() for path in paths]
    return tuple(dict.fromkeys(found))


def keeper(settings: ServiceNowSettings, part: str, table: str) -> Callable[[Sequence[Item]], list[Item]]:
    """What gathers groups of customers and people in rows of a table."""
    people, dimensions = _people(settings, part, table), _dimensions(settings, part, table)
    gathered = {*named(dimensions), *(path for paths in people.values() for path in paths)}

    def keep(rows: Sequence[Item]) -> list[Item]:
        return [
            {field: value for field, value in row.items() if field not in gathered}
            | {name: who for name, paths in people.items() if (who := first_set(row, paths))}
            | some("segments", segments_in(row, dimensions))
            for row in rows
        ]

    return keep


def named(dimensions: Dimensions) -> list[str]:
    """The fields of groups of customers, with those that say what they are called."""
    return [f"{path}{end}" for paths in dimensions.values() for path in paths for end in ("", ".name")]


def segments_in(row: Item, dimensions: Dimensions) -> dict[str, dict[str, str]]:
    """The groups of customers that a row names, by dimension."""
    found = {}
    for dimension, paths in dimensions.items():
        path = next((path for path in paths if row.get(path)), None)
        if path:
            found[dimension] = {"id": str(row[path]), "name": str(row.get(f"{path}.name") or row[path])}
    return found


def first_set(row: Item, paths: Iterable[str]) -> str | None:
    """The first value that a row has at one of these paths."""
    return next((str(row[path]) for path in paths if row.get(path)), None)


def some(name: str, value: object) -> Item:
    """The value under its name, or nothing where there is none."""
    return {name: value} if value else {}


def _dimensions(settings: ServiceNowSettings, part: str, table: str) -> Dimensions:
    return {name: settings.paths(table, part, name) for name in SEGMENTS if name in settings.FIELDS[part]}


def _people(settings: ServiceNowSettings, part: str, table: str) -> dict[str, tuple[str, ...]]:
    wanted = [name for name in PEOPLE if name in settings.FIELDS[part] and (settings.requestors or name != "requester")]
    return {name: settings.paths(table, part, name) for name in wanted}
