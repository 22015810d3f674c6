"""What the choices of an instance are called there. Knows which fields have choices, not what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.servicenow.instance import Instance
from connectors.servicenow.queries import Item, Where
from connectors.servicenow.settings import ServiceNowSettings

CHOOSING: Mapping[str, tuple[str, ...]] = {
    "change": ("kind", "status", "outcome", "risk"),
    "milestone": ("kind", "status"),
    "ticket": ("kind", "status", "priority", "channel"),
    "service": ("criticality",),
}
"""Canonical fields that are a choice of the instance."""


@dataclass(frozen=True)
class Labels:
    """Labels by table and field, then by value. A table without choices of its own has those of ``task``."""

    by_field: Mapping[tuple[str, str], Mapping[str, str]]

    def of(self, row: Item, table: str, fields: Iterable[str]) -> dict[str, str]:
        """The labels of a row's values, by field, as far as they are known."""
        found = {}
        for field in fields:
            choices = self.by_field.get((table, field)) or self.by_field.get(("task", field)) or {}
            label = choices.get(str(row.get(field)))
            if label:
                found[field] = label
        return found


def fields_of(settings: ServiceNowSettings, part: str, table: str) -> tuple[str, ...]:
    """The fields of a table whose values are choices."""
    paths = (path for name in CHOOSING.get(part, ()) for path in settings.paths(table, part, name))
    return tuple(dict.fromkeys(path for path in paths if "." not in path))


def read_labels(instance: Instance, part: str, tables: Iterable[str]) -> Labels:
    """The labels of a part's choices; none where the user may not read them."""
    tables = tuple(tables)
    fields = sorted({field for table in tables for field in fields_of(instance.settings, part, table)})
    if not fields or not instance.may_read("sys_choice"):
        return Labels({})
    rows = instance.listed(
        "sys_choice",
        ("name", "element", "value", "label", "inactive"),
        Where("name", "IN", (*dict.fromkeys((*tables, "task")),)),
        Where("element", "IN", tuple(fields)),
        Where("language", "=", instance.settings.language),
    )
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: row.get("inactive") != "true"):  # of two labels the active one counts
        if row.get("value") and row.get("label"):
            found.setdefault((str(row.get("name")), str(row.get("element"))), {})[str(row["value"])] = str(row["label"])
    return Labels(found)
