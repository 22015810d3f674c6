"""Stored tables as they may leave the installation: without groups, or combinations of groups, that are too small.

Knows which columns name groups and people. The rule: a group stays in a file only where at least the smallest number
of people of all time stand behind it, and where the groups left out cover each other (see ``group_privacy``). A row
keeps its groups only where their combination is shared by as many people, too. Where answers are recorded, the people
who gave one have to be as many. No file has a person's key beside groups: once any group is stored, the keys of all
tickets are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impact.evidence import rows
from impact.group_privacy import hidden_groups
from impact.store import Snapshot

PROTECTED = ("ticket", "satisfaction_response", "segment", "population", "change_segment")
"""Tables that speak of groups."""
Combination = tuple[str, ...]
Seen = list[tuple[str, frozenset[str], int]]
"""Person, groups, and 0 for a ticket or 1 for an answer."""


def protected(snapshot: Snapshot, table: str, *, smallest: int) -> pa.Table:
    """All rows of one of PROTECTED, by id, as they may leave. Rows of ``segment``, ``change_segment`` and
    ``population`` that speak of a hidden group, or count too few people, are left out; tickets and answers stay,
    without the groups that must not be told. ``smallest`` 1: nobody is to be protected, all rows leave as they are."""
    found = snapshot.query(f"SELECT * FROM {table}").sort_by([("id", "ascending")])
    if smallest <= 1:
        return found
    if table == "population":
        enough = pc.greater_equal(found["people_count"], smallest)
        found = found.filter(enough)
    seen = _seen(snapshot)
    shown = shown_segments(snapshot, seen, smallest=smallest)
    if table in ("segment", "change_segment", "population"):
        names = found["id" if table == "segment" else "segment_id"].to_pylist()
        return found.filter(pa.array([name is None or name in shown for name in names], pa.bool_()))
    combinations = shown_combinations(seen, shown, smallest=smallest)
    kept = [_kept(segments, shown, combinations) for segments in found["segment_ids"].to_pylist()]
    found = _with(found, "segment_ids", kept)
    if table == "ticket" and any(groups for _, groups, _ in seen):
        found = _with(found, "person_key", [None] * found.num_rows)
    return found


def shown_segments(snapshot: Snapshot, seen: Seen, *, smallest: int) -> frozenset[str]:
    """The groups of all dimensions that may be named in a file."""
    dimension = dict(rows(snapshot, "SELECT id, dimension FROM segment"))
    counted = rows(snapshot, "SELECT segment_id, MIN(people_count) AS least FROM population "
                   "WHERE segment_id IS NOT NULL AND service_id IS NULL GROUP BY segment_id")  # fmt: skip
    few = {segment for segment, least in counted if least < smallest}
    sides = 2 if any(side for *_, side in seen) else 1
    shown: set[str] = set()
    for name in set(dimension.values()):
        own = {segment for segment, of in dimension.items() if of == name}
        people: dict[str, tuple[set[str], ...]] = {group: _nobody(sides) for group in own}
        rest = _nobody(sides)
        for person, groups, side in seen:
            for part in [people[group] for group in groups & own] or [rest]:
                part[side].add(person)
        there = {group for group, sets in people.items() if any(sets)}
        shown |= there - hidden_groups(people, rest, smallest=smallest, always=few)
    return frozenset(shown)


def shown_combinations(seen: Seen, shown: frozenset[str], *, smallest: int) -> frozenset[Combination]:
    """The combinations of groups that may stand together on one row."""
    sides = 2 if any(side for *_, side in seen) else 1
    people: dict[Combination, tuple[set[str], ...]] = defaultdict(lambda: _nobody(sides))
    for person, groups, side in seen:
        people[_combination(groups, shown)][side].add(person)
    rest = people.pop((), _nobody(sides))
    named = {" ".join(combination): sets for combination, sets in people.items()}
    hidden = hidden_groups(named, rest, smallest=smallest)
    return frozenset(combination for combination in people if " ".join(combination) not in hidden)


def _seen(snapshot: Snapshot) -> Seen:
    tickets = rows(snapshot, "SELECT DISTINCT COALESCE(person_key, id) AS person, segment_ids FROM ticket")
    answers = rows(
        snapshot,
        "SELECT DISTINCT COALESCE(own.person_key, answer.id) AS person, answer.segment_ids FROM satisfaction_response "
        "AS answer LEFT JOIN ticket AS own ON own.id = answer.ticket_id WHERE answer.answered_on IS NOT NULL",
    )
    return [(p, frozenset(s or ()), 0) for p, s in tickets] + [(p, frozenset(s or ()), 1) for p, s in answers]


def _nobody(sides: int) -> tuple[set[str], ...]:
    return tuple(set() for _ in range(sides))


def _combination(groups: Iterable[str], shown: frozenset[str]) -> Combination:
    return tuple(sorted(set(groups) & shown))


def _kept(segments: list[str] | None, shown: frozenset[str], combinations: frozenset[Combination]) -> list[str] | None:
    """A row's groups as they may leave: all that are shown, or none where their combination is too rare."""
    if segments is None or not segments:
        return segments
    return list(combination) if (combination := _combination(segments, shown)) in combinations else []


def _with(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    place = table.schema.get_field_index(column)
    field = table.schema.field(column)
    return table.set_column(place, field, pa.array(values, field.type))
