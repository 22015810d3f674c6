"""How the rows of a table follow each other by update, without loss while they change. Knows no field but the update
stamp and the id.

Pages go on from a place, the update stamp and id of the last row, never from an offset. Long lists are read side by
side: a light serial pass tells only the places, and the full rows of each stretch are then asked for in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.paging import side_by_side
from connectors.servicenow.instance import MOST_ROWS, Instance
from connectors.servicenow.queries import (
    ID,
    PLAIN_ID,
    STAMP,
    UPDATED,
    Item,
    Query,
    Unproven,
    Where,
)
from impact.model import Rejected, SourceChanged

Place = tuple[str, str]
"""Update stamp (UTC, as the instance writes it) and id of a row."""
PLACES_AT_ONCE = 10
"""Pages whose places one light request tells."""


@dataclass(frozen=True)
class Part:
    """A table, or some of it, that is read by update. ``enrich`` makes records of rows, asking for what is beside."""

    table: str
    fields: tuple[str, ...]
    where: tuple[Where, ...] = ()
    enrich: Callable[[Sequence[Item]], list[Item]] = list


def records_by_update(
    instance: Instance, part: Part, since: str, *, after: Place | None = None, total: int | None = None
) -> Iterator[tuple[list[Item], Place]]:
    """Records updated since then (or after a place), oldest update first, with the place where each page ends."""
    settings = instance.settings
    if settings.parallel == 1 or (total or 0) <= 2 * settings.page_size:
        for rows in by_update(instance, part, since, after=after):
            yield part.enrich(rows), place(rows[-1])
        return
    light = Part(part.table, (), part.where)
    most = min(MOST_ROWS, PLACES_AT_ONCE * settings.page_size)
    places = ([place(row) for row in rows] for rows in by_update(instance, light, since, after=after, limit=most))
    stretches = (stretch for some in places for stretch in _stretches(some, settings.page_size))

    def read(stretch: list[Place]) -> tuple[list[Item], Place]:
        return part.enrich(_within(instance, part, stretch)), stretch[-1]

    yield from side_by_side(read, stretches, workers=settings.parallel)


def by_update(
    instance: Instance, part: Part, since: str, *, after: Place | None = None, limit: int | None = None
) -> Generator[list[Item], None, None]:
    """Rows updated since then (or after a place), oldest update first, to an empty page that is the true end."""
    complete = False
    if after is None:
        query = Query(((*part.where, Where(UPDATED, ">=", since)),))
        answer = instance.visible(part.table, query, part.fields, limit=limit)
        rows, complete = _placed(instance, part, answer.rows), answer.complete
    else:
        rows = _following(instance, part, after, limit)
    recorded = part.table in instance.recorded
    while rows:
        yield rows
        given = rows
        try:
            rows = _following(instance, part, place(rows[-1]), limit)
        except Unproven:
            if complete:  # there was nothing else to be had, and only what was asked for came
                return
            raise
        if not recorded and part.table in instance.recorded:  # its first page need not be the oldest
            told = {place(row) for row in given}
            for rows in by_update(instance, part, since, after=after, limit=limit):
                if rows := [row for row in rows if place(row) not in told]:
                    yield rows
            return
        complete = False


def place(row: Item) -> Place:
    """Where a row stands in the order of updates."""
    return str(row[UPDATED]), str(row[ID])


def _following(instance: Instance, part: Part, after: Place, limit: int | None) -> list[Item]:
    """The next rows after a place; none at the end, which is always asked for without ^NQ. The row at the place itself
    is asked for too, behind ^NQ: where it comes, the instance heeds both blocks."""
    at, identity = after
    later, same = Where(UPDATED, ">", at), (Where(ID, ">=", identity), Where(UPDATED, "=", at))
    if instance.two_blocks:
        try:
            query = Query(((*part.where, later), (*part.where, *same)))
            one_more = (limit or instance.settings.page_size) + 1
            rows = instance.page(part.table, query, part.fields, limit=one_more).rows
        except Unproven:
            if instance.settings.keyset == "nq":
                raise
            instance.two_blocks = False
        else:
            fresh = _beyond(after, good := _placed(instance, part, rows))
            if fresh and len(fresh) < len(good):
                return fresh
    return _following_plainly(instance, part, after, limit)


def _following_plainly(instance: Instance, part: Part, after: Place, limit: int | None) -> list[Item]:
    at, identity = after

    def ask(*where: Where) -> list[Item]:
        query = Query(((*part.where, *where),))
        return _placed(instance, part, instance.visible(part.table, query, part.fields, limit=limit).rows)

    query = Query(((*part.where, Where(UPDATED, ">=", at)),))
    answer = instance.visible(part.table, query, part.fields, limit=limit)
    rows = _placed(instance, part, answer.rows)
    fresh = _beyond(after, rows)
    if fresh:
        instance.two_blocks = False
        return fresh
    if not rows:
        _prove_zone(instance, part, after)
    if not rows or answer.complete:
        return []
    # one second may hold more rows than a page
    return ask(Where(UPDATED, "=", at), Where(ID, ">", identity)) or ask(Where(UPDATED, ">", at))


def _prove_zone(instance: Instance, part: Part, after: Place) -> None:
    """Raise SourceChanged where a row that has this very stamp is not found by it."""
    rows = instance.page(part.table, Query(((Where(ID, "=", after[1]),),), (ID,)), (UPDATED,)).rows
    if any(row.get(UPDATED) == after[0] and all(where.holds(row) for where in part.where) for row in rows):
        raise SourceChanged(
            f"ServiceNow does not find a record of {part.table} by its own update stamp: it reads times in the zone of "
            "the user that reads. Set that user's time zone to GMT."
        )


def _placed(instance: Instance, part: Part, rows: Sequence[Item]) -> list[Item]:
    """The rows that have a place; the others are told. Raises SourceChanged where none has, since nothing can follow
    them."""
    good = [row for row in rows if _has_place(row)]
    if part.fields:
        bad = (str(row.get(ID, "?")) for row in rows if not _has_place(row))
        instance.unplaced += [Rejected(key, f"a record of {part.table} without id or update stamp") for key in bad]
    if rows and not good:
        raise SourceChanged(
            f"Records of {part.table} in ServiceNow came without sys_id and sys_updated_on in plain UTC. Let the user "
            "that reads see both fields."
        )
    return good


def _has_place(row: Item) -> bool:
    return bool(STAMP.fullmatch(str(row.get(UPDATED))) and PLAIN_ID.fullmatch(str(row.get(ID))))


def _beyond(after: Place, rows: Iterable[Item]) -> list[Item]:
    return [row for row in rows if _order(place(row)) > _order(after)]


def _order(at: Place) -> Place:
    return at[0], at[1].lower()


def _stretches(places: Sequence[Place], size: int) -> Iterator[list[Place]]:
    """The places in stretches of about a page; no second is split, so that a stretch can be asked for by time."""
    stretch: list[Place] = []
    second: list[Place] = []
    for number, here in enumerate(places):
        second.append(here)
        if number + 1 < len(places) and places[number + 1][0] == here[0]:
            continue
        if stretch and len(stretch) + len(second) > size:
            yield stretch
            stretch = []
        stretch, second = stretch + second, []
    if stretch:
        yield stretch


def _within(instance: Instance, part: Part, stretch: Sequence[Place]) -> list[Item]:
    """The full rows of a stretch. One that is not there any more was updated meanwhile: it comes again further on."""
    first, last = _order(stretch[0]), _order(stretch[-1])
    bounded = Part(part.table, part.fields, (*part.where, Where(UPDATED, "<=", stretch[-1][0])))
    missing = {identity for _, identity in stretch}
    found: list[Item] = []
    for rows in by_update(instance, bounded, stretch[0][0]):
        found += [row for row in rows if first <= _order(place(row)) <= last]
        missing -= {str(row[ID]) for row in rows}
        if not missing:
            break
    return found
