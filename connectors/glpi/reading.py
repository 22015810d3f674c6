"""Which records of a GLPI are read for each stream over the legacy API, and what is put beside them. Knows no canonical
row.

A record leaves here as a small payload: named columns only, no title of a ticket, no name of a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from connectors import Page
from connectors.glpi import children, high_level
from connectors.glpi.children import FEW, Children, Record
from connectors.glpi.queries import BLOCK, Glpi, Item, stamp
from connectors.glpi.settings import HIGH_LEVEL, GlpiSettings
from connectors.glpi.words import FINISHED
from connectors.http import Http
from connectors.paging import portions, side_by_side
from connectors.values import Unreadable, instant, text_of, whole
from impact.model import Rejected

ALWAYS = "2000-01-01"
"""The default of ``start``: everything, also what has no update stamp."""
CHANGE = (
    *("id", "name", "status", "date_mod", "date_creation", "solvedate", "closedate", "time_to_resolve"),
    *("global_validation", "itilcategories_id", "locations_id", "entities_id", "is_deleted"),
)
TICKET = (
    *("id", "type", "status", "priority", "date", "date_mod", "date_creation", "solvedate", "closedate"),
    *("time_to_resolve", "takeintoaccount_delay_stat", "takeintoaccountdate", "requesttypes_id"),
    *("itilcategories_id", "locations_id", "entities_id", "is_deleted"),
)
PEOPLE = ("sponsor",)
"""Canonical fields whose values name people: they are hashed before anything is stored."""


@dataclass(frozen=True)
class Pass:
    """What one pass over changes or tickets reads: columns, fields of the settings, tables beside them. ``enrich`` puts
    the rest into a record."""

    glpi: Glpi
    itemtype: str
    columns: tuple[str, ...]
    own: Mapping[str, tuple[str, int | None]]  # canonical field -> column, number of a search option
    beside: Children
    enrich: Callable[[Record], Record]


def fetch_changes(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """Changes updated since then with their tasks, costs, groups and items, and those that are not long over."""
    return resume_changes(http, settings, since, "")


def resume_changes(http: Http, settings: GlpiSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from a stored cursor on."""
    if settings.api == HIGH_LEVEL:
        return high_level.read_changes(http, settings, since, cursor)
    glpi = Glpi(http, settings)
    tables = [children.GROUPS_OF_CHANGE, children.COSTS, children.TASKS]
    tables += [children.ITEMS_OF_CHANGE] if "item" in settings.services_from else []
    kinds = children.names(glpi, "TaskCategory")

    def enrich(record: Record) -> Record:
        for task in record.get("tasks", ()):
            task["category"] = kinds.get(whole(task.pop("taskcategories_id", None)) or 0)
        return record

    beside = Children(glpi, "Change", tables, full=tables)
    run = Pass(glpi, "Change", CHANGE, _own(glpi, "change", "Change", CHANGE), beside, enrich)
    return _pages(run, since, cursor, lambda: _unfinished(glpi, since) if since else ())


def _unfinished(glpi: Glpi, since: datetime) -> Iterator[int]:
    """Changes that are open or were over only lately: their costs and items change without touching them."""
    late = since - timedelta(days=glpi.settings.survey_days)
    status, closed = glpi.core("Change", "status"), glpi.core("Change", "closedate")
    for found in glpi.found("Change", None, show=[int(status), int(closed)]):
        for number, row in found.rows:
            ended = _instant(row.get(closed), glpi.settings)
            if text_of(row.get(status)) not in FINISHED or (ended and ended >= late):
                yield number


def fetch_tickets(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """Tickets updated since then with their people, groups, links to changes and the history of their status."""
    return resume_tickets(http, settings, since, "")


def resume_tickets(http: Http, settings: GlpiSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from a stored cursor on."""
    if settings.api == HIGH_LEVEL:
        return high_level.read_tickets(http, settings, since, cursor)
    glpi = Glpi(http, settings)
    tables = [children.GROUPS_OF_TICKET]
    tables += [children.PEOPLE_OF_TICKET] if settings.requestors else []
    tables += [children.ITEMS_OF_TICKET] if "item" in settings.services_from else []
    tables += [children.history(glpi)] if settings.history else []
    tables += [children.LINKS]
    beside = Children(glpi, "Ticket", tables, full=[children.LINKS] if since else tables)
    channels, merged = children.names(glpi, "RequestType"), cache(lambda: children.merged(glpi))

    def enrich(record: Record) -> Record:
        record["channel"] = channels.get(whole(record.get("requesttypes_id")) or 0)
        if whole(record.get("is_deleted")) and record["id"] in merged():
            record["merged"] = True
        return record

    run = Pass(glpi, "Ticket", TICKET, _own(glpi, "ticket", "Ticket", TICKET), beside, enrich)
    return _pages(run, since, cursor, lambda: _linked(glpi, since, beside) if since else ())


def _linked(glpi: Glpi, since: datetime, beside: Children) -> Iterator[int]:
    """Tickets linked to changes that are not long over: a link touches neither of the two."""
    changes = set(_unfinished(glpi, since))
    for number, linked in sorted(beside.full("changes").items()):
        if changes.intersection(linked):
            yield number


def _own(glpi: Glpi, part: str, itemtype: str, columns: Sequence[str]) -> dict[str, tuple[str, int | None]]:
    """Where each configured field is: in a column, or behind a search option."""
    found: dict[str, tuple[str, int | None]] = {}
    for canonical, name in glpi.settings.fields_of(part).items():
        number = glpi.option(itemtype, name) if name not in columns else None
        found[canonical] = (name, number)
    return found


# A pass


def _pages(run: Pass, since: datetime | None, cursor: str, again: Callable[[], Iterable[int]]) -> Iterator[Page]:
    """Pages of what was updated since then, by rising ids; then the trash; then what is read again in every pass.

    The order of ids stands still while records change, so that the bookmark moves at the end only; until then the
    cursor says how far the pass came, and from when on the next one must look.
    """
    settings = run.glpi.settings
    place = _place(cursor, since)
    latest = run.glpi.begin() - timedelta(minutes=settings.overlap_minutes)
    begin = place.begin or max(latest, since or settings.start_at)
    bound = since or (None if settings.start == ALWAYS else settings.start_at)
    here, seen = _Place(begin, place.trash, place.after), set[int]()
    for trash in (False, True):
        if trash < place.trash:
            continue
        after = place.after if trash == place.trash else 0
        total: int | None = None
        for rows, told in _blocks(run, bound, trash=trash, after=after):
            total = told if total is None else total
            seen.update(number for number, _ in rows.asked)
            here = _Place(begin, trash, rows.asked[-1][0])
            yield Page(rows.records, total=None if trash else total, cursor=here.text(since), rejected=rows.rejected)
    for numbers in portions(sorted(set(again()) - seen), BLOCK):
        shown = [number for _, number in run.own.values() if number is not None]
        columns = run.glpi.columns(run.itemtype, numbers, shown) if shown else {}
        rows = _read(run, [(number, columns.get(number, {})) for number in numbers])
        yield Page(rows.records, cursor=here.text(since), rejected=rows.rejected)
    yield Page((), bookmark=begin)


@dataclass(frozen=True)
class _Place:
    """How far a pass came: when it began, whether it is in the trash, and the last id."""

    begin: datetime | None = None
    trash: bool = False
    after: int = 0

    def text(self, since: datetime | None) -> str:
        begin = self.begin.isoformat() if self.begin else None
        since_text = since.isoformat() if since else None
        return json.dumps({"since": since_text, "begin": begin, "trash": self.trash, "after": self.after})


def _place(cursor: str, since: datetime | None) -> _Place:
    """The place that a cursor names; the beginning for one that is not ours or of another pass."""
    try:
        told = json.loads(cursor)
        if told["since"] != (since.isoformat() if since else None):
            return _Place()
        return _Place(datetime.fromisoformat(told["begin"]), bool(told["trash"]), int(told["after"]))
    except (ValueError, TypeError, LookupError):
        return _Place()


@dataclass(frozen=True)
class _Block:
    asked: Sequence[tuple[int, Item]]
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]


def _blocks(
    run: Pass, since: datetime | None, *, trash: bool, after: int
) -> Generator[tuple[_Block, int | None], None, None]:
    """Blocks of records, several at a time while more ids are searched for."""
    shown = [number for _, number in run.own.values() if number is not None]
    told: list[int | None] = [None]

    def asked() -> Iterator[list[tuple[int, Item]]]:
        for found in run.glpi.found(run.itemtype, since, trash=trash, after=after, show=shown):
            told[0] = found.total if told[0] is None else told[0]
            if (found.total or 0) > FEW:
                run.beside.read_in_full()
            yield from portions(found.rows, BLOCK)

    for block in side_by_side(lambda rows: _read(run, rows), asked(), workers=run.glpi.settings.parallel):
        yield block, told[0]


def _read(run: Pass, asked: Sequence[tuple[int, Item]]) -> _Block:
    """The records of some ids as payloads; those that are gone by now are left out."""
    found, refused = run.glpi.records(run.itemtype, [number for number, _ in asked])
    records = []
    for number, columns in asked:
        if number in found:
            record: Record = {name: found[number].get(name) for name in run.columns}
            record["id"] = number
            record["updated_at"] = stamp(record, run.glpi.settings)
            own = {
                canonical: columns.get(str(option)) if option is not None else found[number].get(name)
                for canonical, (name, option) in run.own.items()
            }
            people = {name: _listed(own.pop(name)) for name in PEOPLE if name in own}
            beside = run.beside.of(number, touched=_touched(record))
            records.append(run.enrich({**record, "fields": own, **people, **beside}))
    why = "it is found by a search, but the user that reads may not open it"
    return _Block(asked, tuple(records), tuple(Rejected(str(number), why) for number in sorted(refused)))


def _touched(record: Record) -> bool:
    """Whether a record may have had another status than its present one: scripts make and solve in one second."""
    return bool(record["solvedate"]) or not record["date_mod"] or record["date_creation"] != record["date_mod"]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _instant(value: object, settings: GlpiSettings) -> datetime | None:
    try:
        return instant("date", value, settings.zone)
    except Unreadable:
        return None
