"""What happened to the demo's tickets, as Request Tracker's transactions: statuses, moves between queues, answers.

Knows Records and arrays, neither HTTP nor true effects. Replies and creations are left out: nothing is read from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.query import Column
from impact.demo_organisation.records import CUSTOM_FIELDS, QUEUES, STATUSES, Records, stamps
from impact.demo_organisation.story import TEAMS

KINDS = ("Status", "Set", "CustomField")
CSAT = str(CUSTOM_FIELDS.index("CSAT") + 1)
FIELDS = ("Status", "Queue", CSAT)
"""What the ``Field`` of each kind says: of a custom field it is the field's number."""
VALUES = ("", *STATUSES, *(str(number) for number in range(1, len(QUEUES) + 1)))
"""Every word that can stand as old or new value: statuses, queue numbers and answers."""
Ints = NDArray[np.int64]
Part = tuple[Ints, Ints, Ints, Ints, Ints]


class Transactions:
    """Every transaction, oldest first. ``old`` and ``new`` are positions in VALUES, ``kind`` one in KINDS."""

    def __init__(self, records: Records) -> None:
        self.records = records
        parts = [*self._of_customers(), *self._moves(), *self._of_others()]
        row, kind, old, new, when = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((row, when))
        self.row, self.kind, self.when = row[order], kind[order], when[order]
        self.old, self.new = old[order], new[order]
        self.rows = int(self.row.size)
        self.created = stamps(self.when)

    def _of_customers(self) -> list[Part]:
        t = self.records.world.tickets
        ended = np.flatnonzero((t.first_resolved >= 0) & ~t.rejected)
        back = np.flatnonzero(t.reopened >= 0)
        again = np.flatnonzero((t.reopened >= 0) & (t.resolved >= 0))
        refused, answered = np.flatnonzero(t.rejected), np.flatnonzero(t.answered >= 0)
        scores = np.array([VALUES.index(str(score)) for score in range(1, 6)])[t.score[answered] - 1]
        return [
            _status(ended, "new", "resolved", t.first_resolved[ended]),
            _status(refused, "new", "rejected", t.first_resolved[refused]),
            _status(back, "resolved", "open", t.reopened[back]),
            _status(again, "open", "resolved", t.resolved[again]),
            (answered, _same(answered, 2), _same(answered, 0), scores, t.answered[answered]),
        ]

    def _moves(self) -> list[Part]:
        """Moves between queues, evenly between opening and first resolution; the last one leads to the queue the
        ticket is in now."""
        records, t = self.records, self.records.world.tickets
        parts: list[Part] = []
        first = VALUES.index("1")
        moved = np.where(t.first_resolved >= 0, t.reassigned, 0)
        for count in range(1, int(moved.max(initial=0)) + 1):
            rows = np.flatnonzero(moved == count)
            queue = records.queue[rows]
            span = (t.first_resolved - t.opened)[rows]
            for move in range(count):
                left = count - move
                old, new = first + (queue + left) % len(TEAMS), first + (queue + left - 1) % len(TEAMS)
                parts.append((rows, _same(rows, 1), old, new, t.opened[rows] + span * (move + 1) // (count + 2)))
        return parts

    def _of_others(self) -> list[Part]:
        """Changes and milestones: each status they went through."""
        records, parts = self.records, []
        first = records.customers
        for row in range(first, records.rows):
            before = "requested" if row < first + records.changes else "open"
            for word, when in self._course(row):
                parts.append(_status(np.array([row]), before, word, np.array([when], dtype=np.int64)))
                before = word
        return parts

    def _course(self, row: int) -> list[tuple[str, int]]:
        records = self.records
        status = str(records.status[row])
        started, ended, created = (int(x[row]) for x in (records.started, records.resolved, records.created))
        if row >= records.customers + records.changes:
            return [(status, ended)] if status != "open" else []
        if status in ("approved", "requested"):
            return [(status, int(records.updated[row]))] if status == "approved" else []
        course = [("approved", (created + started) // 2), ("in_progress", started)] if started else []
        return course + ([(status, ended)] if ended else [])

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The fields a query can name."""
        one = np.zeros(self.rows, dtype=np.int8)
        return {
            "id": Column(np.arange(1, self.rows + 1), "number"),
            "ObjectId": Column(self.records.id[self.row], "number"),
            "ObjectType": Column.of_words(one, ("RT::Ticket",)),
            "Type": Column.of_words(self.kind.astype(np.int8), KINDS),
            "Field": Column.of_words(self.kind.astype(np.int8), FIELDS),
            "OldValue": Column.of_words(self.old.astype(np.int8), VALUES),
            "NewValue": Column.of_words(self.new.astype(np.int8), VALUES),
            "Created": Column(self.when, "date"),
            "TicketType": Column.of_words(one, ("ticket",)),
        }

    def item(self, place: int, names: tuple[str, ...], expand: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        """One transaction with the fields named; an unknown field is empty."""
        key = str(place + 1)
        every = {
            "ObjectId": str(self.records.id[self.row[place]]),
            "ObjectType": "RT::Ticket",
            "Type": KINDS[self.kind[place]],
            "Field": FIELDS[self.kind[place]],
            "OldValue": VALUES[self.old[place]],
            "NewValue": VALUES[self.new[place]],
            "Created": self.created[place],
        }
        found: dict[str, Any] = {
            "id": key,
            "type": "transaction",
            "_url": f"{self.records.address}/REST/2.0/transaction/{key}",
        }
        for name in names:
            if name == "Creator":
                found[name] = self.records.user("desk", {}, expand.get(name, ()))
            elif name != "id":
                found[name] = every.get(name, "")
        return found


def _same(rows: Ints, value: int) -> Ints:
    return np.full(rows.size, value, dtype=np.int64)


def _status(rows: Ints, old: str, new: str, when: Ints) -> Part:
    return rows, _same(rows, 0), _same(rows, VALUES.index(old)), _same(rows, VALUES.index(new)), when
