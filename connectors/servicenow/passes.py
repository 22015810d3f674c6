"""How a pass over one or several tables goes, and where one that broke off goes on. Knows no table by name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import Page
from connectors.paging import ahead
from connectors.servicenow.instance import Instance
from connectors.servicenow.keyset import Part, Place, records_by_update
from connectors.servicenow.queries import PLAIN_ID, STAMP, UPDATED, Item, NoRight, NoTable, Where, stamped
from connectors.values import instant
from impact.model import Rejected

PAGES_AHEAD = 4
"""Pages are large, and parts of a long list wait in memory already."""
Parts = Callable[[Instance], list[Part]]
Again = Callable[[Instance, Sequence[Part]], Iterator[list[Item]]]


def run_pass(
    instance: Instance,
    make: Parts,
    since: datetime | None,
    *,
    again: Again | None = None,
    cursor: str = "",
    back_to: timedelta | None = None,
) -> Iterator[Page]:
    """A pass over some tables, read ahead: pages with the bookmark or cursor they earn, and a last one with the
    bookmark of the next pass. ``again``: what a later pass brings besides; ``back_to``: how far before now it begins
    at the latest."""
    return ahead(_pages(instance, make, since, again, cursor, back_to), most=PAGES_AHEAD)


def _pages(
    instance: Instance,
    make: Parts,
    since: datetime | None,
    again: Again | None,
    cursor: str,
    back_to: timedelta | None,
) -> Generator[Page, None, None]:
    settings = instance.settings
    first = (since or settings.start_at).replace(microsecond=0)
    parts = make(instance)
    if since and back_to is not None:
        first = min(first, instance.now - back_to)
    counts, closed = _counted(instance, parts, Where(UPDATED, ">=", stamped(first)))
    total = sum(filter(None, counts.values())) if None not in counts.values() else None
    overlap = timedelta(minutes=settings.overlap_minutes)
    mark = Mark.read(cursor, [part.table for part in parts]) or Mark(max(first, instance.now - overlap), "", None)
    alone, begun, left_out = len(parts) == 1, not mark.table, False
    for part in parts:
        begun = begun or part.table == mark.table
        if not begun:
            continue
        if part.table not in counts:
            left_out = True  # a pass that went on behind it would not read it
            continue
        after = mark.after if part.table == mark.table else None
        for records, at in records_by_update(instance, part, stamped(first), after=after, total=counts[part.table]):
            newest = instant(UPDATED, at[0]) or first
            yield Page(
                tuple(records),
                bookmark=max(first, newest - overlap) if alone and back_to is None else None,
                total=total,
                cursor=Mark(mark.begin, part.table, at).text if not alone and not left_out else None,
                rejected=_unplaced(instance),
            )
    if again and since:
        for some in again(instance, parts):
            yield Page(tuple(some), total=total)
    instance.prove_whole()
    if closed:
        raise closed
    yield Page((), bookmark=mark.begin, total=total, rejected=_unplaced(instance))


def _counted(
    instance: Instance, parts: Sequence[Part], since: Where
) -> tuple[dict[str, int | None], NoRight | NoTable | None]:
    """How many records the tables have that can be read; and what was said of the first that cannot, which ends the
    pass after the others. Raises that where none can be read."""
    counts, closed = dict[str, int | None](), None
    for part in parts:
        try:
            counts[part.table] = instance.count(part.table, *part.where, since)
        except (NoRight, NoTable) as error:
            closed = closed or error
    if closed and not counts:
        raise closed
    return counts, closed


@dataclass(frozen=True)
class Mark:
    """How far a pass over several tables is: when it began, the table, and the place there."""

    begin: datetime
    table: str
    after: Place | None

    @property
    def text(self) -> str:
        """As it is stored."""
        return "|".join((stamped(self.begin), self.table, *(self.after or ())))

    @staticmethod
    def read(text: str, tables: Iterable[str]) -> Mark | None:
        """A stored mark; None where it is not one of a pass over these tables."""
        words = text.split("|")
        if len(words) != 4 or words[1] not in tables or not PLAIN_ID.fullmatch(words[3]):
            return None
        begin = instant("begin", words[0]) if STAMP.fullmatch(words[0]) and STAMP.fullmatch(words[2]) else None
        return Mark(begin, words[1], (words[2], words[3])) if begin else None


def _unplaced(instance: Instance) -> tuple[Rejected, ...]:
    told, instance.unplaced = tuple(instance.unplaced), []
    return told
