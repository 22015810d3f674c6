"""Which records of an iTop are read for each stream, in which order. Knows no canonical row.

First the ids and update stamps of what changed are listed, then the records are read by id, oldest update first,
several portions side by side. What changes meanwhile is read as it is then, or has a later stamp for the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import Page, Payload
from connectors.http import Http
from connectors.itop.beside import Beside, Record, beside_changes, beside_milestones, beside_tickets
from connectors.itop.queries import Item, Itop
from connectors.itop.settings import ItopSettings
from connectors.itop.times import earliest_local, literal, moment
from connectors.paging import portions, side_by_side
from connectors.values import Unreadable, text_of
from impact.model import SourceChanged

Shapes = Mapping[str, tuple[str, ...]]
"""Class -> its fields that are read."""
NEVER = datetime.min.replace(tzinfo=UTC)
ESSENTIAL = ("id", "last_update", "status")
STAMPED = ("id", "last_update")
UNSTAMPED = "ISNULL(last_update)"
OPEN = "operational_status != 'closed'"
"""Children of such changes may change without a trace in the change. Rejected ones are closed for iTop, too."""
WORK_ORDER = "WorkOrder"
SEGMENT_KINDS = {"Organization": "organization", "Location": "location"}


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """Where a record stands in the order of updates. ``at`` is NEVER for one without a stamp; ``shape``: the class it
    was listed under."""

    at: datetime
    id: int
    shape: str


def read_tickets(http: Http, settings: ItopSettings, since: datetime | None) -> Iterator[Page]:
    """Tickets of all configured classes that were updated since then."""
    itop = Itop(http, settings)
    shapes = shapes_of(itop, "ticket", settings.ticket_classes)
    yield from _by_update(itop, shapes, since, beside_tickets(itop))


def read_changes(http: Http, settings: ItopSettings, since: datetime | None) -> Iterator[Page]:
    """Changes that were updated since then, and open ones, whose configuration items may have changed."""
    itop = Itop(http, settings)
    shapes = shapes_of(itop, "change", settings.change_classes)
    yield from _by_update(itop, shapes, since, beside_changes(itop), also=OPEN)


def read_milestones(http: Http, settings: ItopSettings, since: datetime | None) -> Iterator[Page]:
    """Work orders of changes that are open or were updated since then: a work order has no update stamp of its own."""
    itop = Itop(http, settings)
    fields = itop.shape(WORK_ORDER, ("id", "ticket_id", "status"), settings.fields_of("milestone").values())
    if fields is None:
        return
    marks = _marks(itop, shapes_of(itop, "change", settings.change_classes), since, also=OPEN)
    beside = beside_milestones(itop)

    def read(some: Sequence[Mark]) -> list[Record]:
        items = itop.by_ids(WORK_ORDER, "ticket_id", [mark.id for mark in some], fields)
        return beside([_record(item, None) for item in sorted(items, key=lambda item: item.id)])

    newest = since
    for some, records in _side_by_side(read, marks, settings):
        newest = _later(newest, some[-1].at)
        yield Page(tuple(records), bookmark=_not_ahead(newest, http))
    yield Page((), bookmark=_not_ahead(newest, http))


def read_whole(kinds: Sequence[tuple[str, Sequence[str]]]) -> Callable[[Http, ItopSettings, Any], Iterator[Page]]:
    """A reader of short lists, in full: (class, its fields). A class that does not exist is passed over."""

    def read(http: Http, settings: ItopSettings, since: datetime | None) -> Iterator[Page]:
        itop = Itop(http, settings)
        for kind, optional in kinds:
            fields = itop.shape(kind, ("id", "name"), optional)
            rows = itop.listed(kind, fields=fields, keep=lambda item: _record(item, None)) if fields else {}
            for some in portions(sorted(rows), settings.page_size):
                yield Page(tuple(rows[key] | {"class": kind} for key in some))
        yield Page((), bookmark=http.server_time)

    return read


def ids_in(
    read: Callable[[Http, ItopSettings, Any], Iterator[Page]], key: Callable[[Payload], str]
) -> Callable[[Http, ItopSettings], Iterator[Iterable[str]]]:
    """What lists the keys of a short list: by reading it."""

    def ids(http: Http, settings: ItopSettings) -> Iterator[Iterable[str]]:
        for page in read(http, settings, None):
            yield [key(payload) for payload in page.records]

    return ids


def ids_of(part: str) -> Callable[[Http, ItopSettings], Iterator[Iterable[str]]]:
    """What lists the keys of all records of a part that exist now."""

    def ids(http: Http, settings: ItopSettings) -> Iterator[Iterable[str]]:
        itop = Itop(http, settings)
        tickets = part == "ticket"
        classes = settings.ticket_classes if tickets else settings.change_classes
        kinds: Iterable[str] = shapes_of(itop, "ticket" if tickets else "change", classes)
        if part == "milestone":
            kinds = [f"{WORK_ORDER} AS w JOIN {kind} AS c ON w.ticket_id = c.id" for kind in kinds]
        for kind in kinds:
            yield map(str, itop.listed(kind, keep=lambda item: None))

    return ids


def shapes_of(itop: Itop, part: str, kinds: Iterable[str]) -> Shapes:
    """The classes of a part that exist, with those of their wanted fields that exist. Raises SourceChanged where no
    class exists at all."""
    wanted = itop.settings.fields_of(part)
    essential = (*ESSENTIAL, *(wanted.get(name, "") for name in ("opened_at",) if wanted.get(name)))
    extra = ("ref", "category") if part == "change" else ("ref",)
    found = {kind: itop.shape(kind, essential, (*extra, *wanted.values())) for kind in kinds}
    shapes = {kind: fields for kind, fields in found.items() if fields}
    if found and not shapes:
        raise SourceChanged(f"This iTop has none of the classes {', '.join(found)}. Correct {part}_classes.")
    return shapes


def _by_update(itop: Itop, shapes: Shapes, since: datetime | None, beside: Beside, *, also: str = "") -> Iterator[Page]:
    """Records in the order of their updates, each portion with the bookmark that it earns."""
    marks = _marks(itop, shapes, since, also=also)

    def read(some: Sequence[Mark]) -> list[Record]:
        found: dict[int, Record] = {}
        for kind, fields in shapes.items():
            for item in itop.by_ids(kind, "id", [mark.id for mark in some if mark.shape == kind], fields):
                found[item.id] = _record(item, stamp_of(item, itop.settings))
        return beside([found[mark.id] for mark in some if mark.id in found])

    newest = since
    for some, records in _side_by_side(read, marks, itop.settings):
        newest = _later(newest, some[-1].at)
        yield Page(tuple(records), bookmark=_not_ahead(newest, itop.http), total=len(marks))


def _side_by_side(
    read: Callable[[Sequence[Mark]], list[Record]], marks: Sequence[Mark], settings: ItopSettings
) -> Iterator[tuple[Sequence[Mark], list[Record]]]:
    """Portions of marks with their records, several being read at the same time."""

    def both(some: Sequence[Mark]) -> tuple[Sequence[Mark], list[Record]]:
        return some, read(some)

    return side_by_side(both, portions(marks, settings.page_size), workers=settings.parallel)


def _marks(itop: Itop, shapes: Iterable[str], since: datetime | None, *, also: str = "") -> list[Mark]:
    """What was updated since then, less the overlap, oldest update first; with what fulfils ``also``, and at first what
    has no stamp at all. Raises SourceChanged when something older comes: then the condition had no effect."""
    settings, lowest = itop.settings, _lowest(itop.settings, _not_ahead(since, itop.http))
    found: dict[int, Mark] = {}
    for kind in shapes:

        def mark(item: Item, kind: str = kind) -> Mark:
            return Mark(stamp_of(item, settings) or NEVER, item.id, kind)

        unstamped = UNSTAMPED if since is None and itop.counted(kind, UNSTAMPED) else ""
        for where in filter(None, (also, unstamped)):
            found |= itop.listed(kind, where, STAMPED, keep=mark)
        updated = itop.listed(kind, f"last_update >= {literal(lowest)}", STAMPED, keep=mark)
        if any(one.at == NEVER or _local(one.at, settings) < lowest for one in updated.values()):
            raise SourceChanged(
                f"iTop was asked for objects of the class {kind} that were updated since {lowest} of its time, and "
                "gave older ones. Nothing can be synchronised safely from it."
            )
        found |= updated
    return sorted(found.values())


def _local(at: datetime, settings: ItopSettings) -> datetime:
    return at.astimezone(settings.zone).replace(tzinfo=None)


def _lowest(settings: ItopSettings, since: datetime | None) -> datetime:
    """From which local time on a pass asks."""
    start = since - timedelta(minutes=settings.overlap_minutes) if since else settings.start_at
    return earliest_local(start.replace(microsecond=0), settings.zone)


def stamp_of(item: Item, settings: ItopSettings) -> datetime | None:
    """When an object was updated last. Raises SourceChanged for a date in another form."""
    try:
        return moment(
            "last_update", item.fields.get("last_update"), zone=settings.zone, date_format=settings.date_format
        )
    except Unreadable as error:
        raise SourceChanged(f"The field last_update of the class {item.kind} is {error}.") from None


def _later(newest: datetime | None, at: datetime) -> datetime | None:
    return newest if at == NEVER else max(newest or at, at)


def _not_ahead(bookmark: datetime | None, http: Http) -> datetime | None:
    """A bookmark, no later than the server's clock: stamps are ahead of it while ``timezone`` is set wrongly, and once
    that is corrected whatever was updated in between would be passed over."""
    now = http.server_time
    return min(bookmark, now) if bookmark and now else bookmark


def _record(item: Item, at: datetime | None) -> Record:
    """What is kept of an object: ``updated`` is UTC, all other times stay as iTop gave them."""
    return {
        "id": str(item.id),
        "class": item.kind,
        "updated": at.isoformat() if at else None,
        "fields": {code: value for code, value in item.fields.items() if code != "id"},
    }


def segment_key(payload: Payload) -> str:
    """The key of an organization or a location, which have ids of their own each."""
    return f"{SEGMENT_KINDS.get(payload['class'], payload['class'])}:{payload['id']}"


def updated_at(payload: Payload) -> datetime | None:
    """A payload's own update stamp."""
    text = text_of(payload.get("updated"))
    return datetime.fromisoformat(text) if text else None
