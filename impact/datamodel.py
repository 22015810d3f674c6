"""Writes docs/data-model.md from the model itself: every table, field, unit and word. Knows no data.

``python -m impact.datamodel`` writes the page anew; a test fails when the page and the model differ.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from impact.model import TABLES, Field, fields
from impact.storage.bookkeeping import REJECTED_SCHEMA, STATE_SCHEMA
from impact.storage.columns import CREATED_AT, DERIVED
from impact.storage.facts import FACT_SCHEMA

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data-model.md"

_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes/no",
    datetime: "instant",
    date: "date",
    tuple: "list of text",
}
_ARROW_WORDS = {pa.string(): "text", pa.int64(): "whole number", pa.float64(): "number", pa.date32(): "date"}
_START = """# Data model

Made from the program's own definitions by `python -m impact.datamodel`; do not edit by hand.

Every table is a Delta Lake table below `$IMPACT_HOME/store`; any engine that reads Delta or Parquet can read it.
`*_at` is an instant in UTC, `*_on` a date in the reporting time zone, `*_ratio` lies between 0 and 1, `*_count` is a
whole number, `*_minutes` a duration. An empty value means *unknown* and never 0. Beside a word of ours (`status`)
stands the source's own (`status_raw`); a word that is not known becomes `other`. No person is stored by name.

Columns marked *derived* are typed when a row comes in and cannot be delivered by a source.
"""
_FACTS = """## daily_fact

Derived: what every metric adds up to per day, service and team. Rows are additive: a day's value is the SUM over all
its rows (one day may have several). For counts `total` is the count; for means `n` answers, their sum and sum of
squares; for shares `n` trials and `total` events. Which tickets and answers count is said in `impact/metrics.py`.
"""
_FACT_HELP = {
    "metric": "Name of the metric",
    "day_on": "Day, in the reporting time zone",
    "service_id": "Service; empty where the source names none",
    "team_id": "Team; empty where the source names none",
    "n": "Observations",
    "total": "Their sum (counts: the count; shares: the events)",
    "total_sq": "Sum of their squares (means only)",
}
_OTHERS = """## survey

A view for queries: `satisfaction_response` with `service_id`, where empty, and `team_id` filled in from its ticket.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_START, *(_table(table) for table in TABLES), _FACTS + "\n" + _facts(), _OTHERS, *_books()]
    return "\n".join(parts)


def _table(table: str) -> str:
    lines = [f"## {table}", "", inspect.getdoc(TABLES[table]) or "", ""]
    if table in CREATED_AT:
        lines += [f"Kept by the month of `{CREATED_AT[table]}` when the row was first seen (`created_month`).", ""]
    lines += ["| Field | Type | Unit | Meaning |", "|---|---|---|---|"]
    lines += [_field(field) for field in fields(table)]
    lines += [
        f"| `{c.name}` | {_TYPES[c.type]}, may be unknown | {c.unit} | *Derived.* {c.help} |"
        for c in DERIVED.get(table, ())
    ]
    return "\n".join(lines) + "\n"


def _field(field: Field) -> str:
    kind = " / ".join(f"`{word}`" for word in field.choices) if field.choices else _TYPES[field.type]
    unknown = ", may be unknown" if field.optional else ""
    return f"| `{field.name}` | {kind}{unknown} | {field.unit} | {field.help} |"


def _facts() -> str:
    lines = ["| Field | Type | Meaning |", "|---|---|---|"]
    lines += [f"| `{f.name}` | {_ARROW_WORDS[f.type]} | {_FACT_HELP[f.name]} |" for f in FACT_SCHEMA]
    return "\n".join(lines) + "\n"


def _books() -> Iterator[str]:
    yield (
        "## stream_state\n\nThe last pass over every stream of every source: "
        + ", ".join(f"`{name}`" for name in STATE_SCHEMA.names)
        + ".\n"
    )
    yield (
        "## rejected\n\nRecords that could not become rows, with the reason: "
        + ", ".join(f"`{name}`" for name in REJECTED_SCHEMA.names)
        + ".\n"
    )


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
