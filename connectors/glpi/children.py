"""What other tables of GLPI tell about changes and tickets: people, groups, costs, tasks, links. Knows no canonical
row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.glpi.queries import Glpi, Item
from connectors.glpi.words import ASSIGNED, MERGED_SIDES, REQUESTER
from connectors.values import text_of, whole
from impact.model import SourceRefused

Record = dict[str, Any]
FEW = 300
"""Of more records than these, a table is read in full instead of one request a record."""


@dataclass(frozen=True)
class Table:
    """A table whose rows belong to changes or tickets: its type, the column that names the owner, under which key its
    rows are put into a record, and what is kept of a row (None: nothing). ``huge``: never read in full, and known to be
    empty for records that nobody touched."""

    itemtype: str
    owner: str
    key: str
    keep: Callable[[Item], Any]
    huge: bool = False


def _assigned(row: Item) -> str | None:
    return text_of(row.get("groups_id")) if whole(row.get("type")) == ASSIGNED else None


def _requester(row: Item) -> str | None:
    if whole(row.get("type")) != REQUESTER:
        return None
    user = whole(row.get("users_id"))
    return f"glpi:{user}" if user else text_of(row.get("alternative_email"))  # other systems count too


def _item(row: Item) -> Record | None:
    kind, number = text_of(row.get("itemtype")), whole(row.get("items_id"))
    return {"type": kind, "id": number} if kind and number else None


def _named(*names: str) -> Callable[[Item], Record]:
    return lambda row: {name: row.get(name) for name in names}


TASK = ("id", "state", "begin", "end", "taskcategories_id")
COST = ("id", "actiontime", "cost_time", "cost_fixed", "cost_material")
GROUPS_OF_CHANGE = Table("Change_Group", "changes_id", "groups", _assigned)
COSTS = Table("ChangeCost", "changes_id", "costs", _named(*COST))
TASKS = Table("ChangeTask", "changes_id", "tasks", _named(*TASK))
ITEMS_OF_CHANGE = Table("Change_Item", "changes_id", "items", _item)
GROUPS_OF_TICKET = Table("Group_Ticket", "tickets_id", "groups", _assigned)
PEOPLE_OF_TICKET = Table("Ticket_User", "tickets_id", "requesters", _requester)
ITEMS_OF_TICKET = Table("Item_Ticket", "tickets_id", "items", _item)
LINKS = Table("Change_Ticket", "tickets_id", "changes", lambda row: whole(row.get("changes_id")) or None)


def owned(glpi: Glpi, table: Table) -> dict[int, list[Any]] | None:
    """Owner -> what its rows tell; None where the user may not read the table."""
    found: dict[int, list[Any]] = defaultdict(list)
    try:
        for row in glpi.table(table.itemtype):
            owner, kept = whole(row.get(table.owner)), table.keep(row)
            if owner and kept is not None:
                found[owner].append(kept)
    except SourceRefused:
        return None
    return found


class Children:
    """The rows of some tables by their owner: read in full where many owners are asked for, else one by one. A table
    that the user may not read is left out of the records."""

    def __init__(self, glpi: Glpi, parent: str, tables: Sequence[Table], *, full: Sequence[Table] = ()) -> None:
        self.glpi, self.parent = glpi, parent
        self.tables = {table.key: table for table in tables}
        self._refused: set[str] = set()
        self._full: dict[str, Mapping[int, list[Any]]] = {}
        self.read_in_full(full)

    def read_in_full(self, tables: Iterable[Table] | None = None) -> None:
        """Read these tables (None: all) in full now; afterwards nothing is asked for them."""
        for table in tables if tables is not None else self.tables.values():
            if table.huge or table.key in self._full or table.key in self._refused:
                continue
            rows = owned(self.glpi, table)
            if rows is None:
                self._refused.add(table.key)
            else:
                self._full[table.key] = rows

    def full(self, key: str) -> Mapping[int, list[Any]]:
        """Owner -> rows of a table that was read in full; empty where it may not be read."""
        return self._full.get(key, {})

    def of(self, number: int, *, touched: bool = True) -> Record:
        """What the tables tell about one owner, by their keys."""
        told: Record = {}
        for key, table in self.tables.items():
            if key in self._full:
                told[key] = list(self._full[key].get(number, ()))
            elif table.huge and not touched:
                told[key] = []
            elif key not in self._refused:
                try:
                    rows = list(self.glpi.table(f"{self.parent}/{number}/{table.itemtype}"))
                except SourceRefused:
                    self._refused.add(key)
                    continue
                told[key] = [kept for kept in map(table.keep, rows) if kept is not None]
        return told


def merged(glpi: Glpi) -> set[int]:
    """Tickets that are a child or a duplicate of another one; none where the links may not be read."""
    try:
        rows = list(glpi.table("Ticket_Ticket"))
    except SourceRefused:
        return set()
    found: set[int] = set()
    for row in rows:
        sides = MERGED_SIDES.get(whole(row.get("link")) or 0, ())
        found.update(number for side in sides if (number := whole(row.get(f"tickets_id_{side}"))))
    return found


def history(glpi: Glpi) -> Table:
    """The log of a ticket, of which changes of its status are kept."""
    status = glpi.core("Ticket", "status")

    def keep(row: Item) -> Record | None:
        if text_of(row.get("id_search_option")) != status or whole(row.get("linked_action")):
            return None
        return {"at": row.get("date_mod"), "old": row.get("old_value"), "new": row.get("new_value")}

    return Table("Log", "items_id", "history", keep, huge=True)


def names(glpi: Glpi, itemtype: str) -> dict[int, str]:
    """Id -> name of the entries of a list; empty where the user may not read it."""
    try:
        return {whole(row.get("id")) or 0: str(row.get("name") or "") for row in glpi.table(itemtype)}
    except SourceRefused:
        return {}
