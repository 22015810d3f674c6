"""What the customers of each group felt of every change, as rows for a file: figures, words and rounding of the page.

Groups that are hidden on the page are counted here too, and never listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from impact.estimate import Estimate
from impact.group_facts import dimensions
from impact.group_values import GroupReading, GroupsOfChange
from impact.groups import groups_of
from impact.observed import Evidence
from impact.portfolio import ChangeView, Portfolio, Reading
from impact.settings import Settings
from impact.store import Snapshot
from impact.words.amounts import effect_text, range_text

GROUPS = pa.schema(
    [
        *((name, pa.string()) for name in ("change_id", "number", "title", "dimension", "state")),
        ("hidden_groups", pa.int64()),
        *((name, pa.string()) for name in ("group_id", "group")),
        ("named_by_change", pa.bool_()),
        *((name, pa.string()) for name in ("metric", "word", "reason")),
        *((name, pa.float64()) for name in ("effect", "low", "high", "p_value", "q_value")),
        *((name, pa.string()) for name in ("effect_text", "range_text")),
        *((name, pa.float64()) for name in ("before", "after", "expected_after")),
        *((name, pa.int64()) for name in ("n_before", "n_after")),
        *((name, pa.date32()) for name in ("pre_from", "pre_to", "post_from", "post_to")),
        *((name, pa.int64()) for name in ("asked", "answered")),
        *((name, pa.float64()) for name in ("response_rate", "response_low", "response_high")),
        *((name, pa.float64()) for name in ("part_of_tickets", "part_of_answers")),
        ("answers_unlike", pa.bool_()),
        ("data_version", pa.string()),
    ]
)
"""``state`` says why there are no groups where it is not "shown"; ``word`` "hidden" has no figure. Effects are on the
natural scale (log ratios for counts and durations); who answered stands on the rows of satisfaction."""


def group_table(
    portfolio: Portfolio, snapshot: Snapshot, evidence: Evidence, *, settings: Settings, today: date, version: str
) -> pa.Table:
    """A row for every change, dimension, group and measure; one row with its reason where no group can be told."""
    rows = [
        row | {"data_version": version}
        for change in portfolio.changes
        for dimension in dimensions(snapshot)
        for row in _rows(change, groups_of(snapshot, evidence, change, dimension, settings=settings, today=today))
    ]
    return pa.Table.from_pylist(rows, GROUPS)


def _rows(change: ChangeView, found: GroupsOfChange) -> Iterator[dict[str, Any]]:
    head = {
        "change_id": change.id, "number": change.number, "title": change.title, "dimension": found.dimension,
        "state": found.state, "hidden_groups": found.hidden,
    }  # fmt: skip
    if not found.groups:
        yield head
    for group in found.groups:
        own = {"group_id": group.id, "group": group.name, "named_by_change": group.named}
        for metric in found.measures:
            row = {"metric": metric.name} | _figures(group.readings.get(metric.name))
            yield head | own | row | (_answers(group) if metric.name == "satisfaction" else {})


_SAME = (
    "effect", "low", "high", "p_value", "q_value", "before", "after", "expected_after", "n_before", "n_after",
    "pre_from", "pre_to", "post_from", "post_to",
)  # fmt: skip
"""Columns named like the field of the estimate they hold."""


def _figures(reading: Reading | None) -> dict[str, Any]:
    if reading is None:
        return {"word": "hidden", "reason": "too_few_people"}
    told = {"word": reading.verdict.word, "reason": reading.verdict.reason}
    result = reading.result
    if not isinstance(result, Estimate):
        return told
    texts = {"effect_text": effect_text(reading), "range_text": range_text(reading)}
    return told | {name: getattr(result, name) for name in _SAME} | texts


def _answers(group: GroupReading) -> dict[str, Any]:
    asked = group.asked
    if asked is None:
        return {}
    return {
        "asked": asked.asked, "answered": asked.answered, "response_rate": asked.rate, "response_low": asked.low,
        "response_high": asked.high, "part_of_tickets": asked.of_tickets, "part_of_answers": asked.of_answers,
        "answers_unlike": asked.unlike,
    }  # fmt: skip
