"""Which records are read for each stream, in which order, and where a pass that breaks off goes on. Knows no canonical
row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors import Page
from connectors.freshservice.account import Form, Workspace, form, workspaces
from connectors.freshservice.approvals import NUMBERED_OTHERWISE, approvals, doubtful
from connectors.freshservice.lists import NEWEST_FIRST, Item, Lists, Walk, stamp, told
from connectors.freshservice.marks import Mark, mark_of
from connectors.freshservice.records import Record, linked_changes, person, slim
from connectors.freshservice.settings import FreshserviceSettings
from connectors.http import Http
from connectors.paging import side_by_side
from impact.model import SourceChanged

STATS = ("include", "stats")
TRASH: dict[str, tuple[tuple[str, str], ...]] = {
    "change": (("filter_name", "deleted"),),
    "ticket": (("filter", "deleted"), ("filter", "spam")),
}
"""By part: the filters under which records lie that the plain list leaves out."""
Keep = Callable[[Workspace, list[Item]], Iterable[Record]]


@dataclass(frozen=True)
class Pass:
    """One pass over one kind of record in all workspaces. ``begin``: where the pass after it may start."""

    http: Http
    settings: FreshserviceSettings
    part: str
    since: datetime
    begin: datetime | None = None

    @property
    def plural(self) -> str:
        """Path and key of the list."""
        return f"{self.part}s"

    @property
    def lists(self) -> Lists:
        """The lists of the account."""
        return Lists(self.http, self.settings)


def read_changes(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Changes that were updated, and those that were deleted."""
    return resume_changes(http, settings, since, "")


def resume_changes(http: Http, settings: FreshserviceSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from a cursor on."""
    return _read(http, settings, "change", since, cursor)


def read_tickets(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Tickets that were updated, and those that were deleted or marked as spam."""
    return resume_tickets(http, settings, since, "")


def resume_tickets(http: Http, settings: FreshserviceSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from a cursor on."""
    return _read(http, settings, "ticket", since, cursor)


def change_ids(http: Http, settings: FreshserviceSettings) -> Iterator[list[str]]:
    """The numbers of all changes that exist, those in the trash too."""
    return _ids(http, settings, "change")


def ticket_ids(http: Http, settings: FreshserviceSettings) -> Iterator[list[str]]:
    """The numbers of all tickets that exist, those in the trash and among spam too."""
    return _ids(http, settings, "ticket")


def begin_of(http: Http, settings: FreshserviceSettings) -> datetime | None:
    """Where the next pass may start when this one, which has asked its first question, is through."""
    return http.server_time - timedelta(minutes=settings.overlap_minutes) if http.server_time else None


def _read(http: Http, settings: FreshserviceSettings, part: str, since: datetime | None, cursor: str) -> Iterator[Page]:
    places = workspaces(http, settings)
    first = since.replace(microsecond=0) if since else settings.start_at
    forms = {place.key: form(http, part, place) for place in places}
    this = Pass(http, settings, part, first, begin_of(http, settings))

    def keep(workspace: Workspace, rows: list[Item]) -> list[Record]:
        kept = [_kept(row, part, settings, forms[workspace.key]) for row in rows]
        return _with_causes(http, settings, kept) if part == "ticket" and settings.causes else kept

    if part == "change" and since is None:
        _check_approvals(this, places, forms)
    trash = _trash(this, places, keep) if settings.deletions else iter(())
    return _pages(this, places, keep, trash, cursor)


def _check_approvals(this: Pass, places: list[Workspace], forms: dict[str, Form]) -> None:
    """Before the first change is stored: raises SourceChanged where most would be cancelled for a number that this
    account may mean otherwise."""
    closed = refused = 0
    for place in places:
        asked = (STATS, ("updated_since", told(this.since - timedelta(seconds=1))), *NEWEST_FIRST)
        rows, _ = next(this.lists.pages(place.listing(this.plural, this.plural, *asked)), ([], False))
        counted, some = approvals(rows, this.settings, forms[place.key])
        closed, refused = closed + counted.total(), refused + some
    if doubtful(closed, refused, this.settings):
        raise SourceChanged(f"Freshservice: {NUMBERED_OTHERWISE} Nothing is read before that is clear.")


def _kept(row: Item, part: str, settings: FreshserviceSettings, known: Form) -> Record:
    record = slim(row, part, settings, known)
    return record | person(row, settings) if part == "ticket" else record


def _pages(
    this: Pass, places: list[Workspace], keep: Keep, trash: Iterator[list[Record]], cursor: str
) -> Generator[Page, None, None]:
    """The trash first, so that what was restored from it counts; then workspace by workspace."""
    begin = this.begin
    for records in trash:
        yield Page(tuple(records), cursor=cursor or None)
    overlap, newest = timedelta(minutes=this.settings.overlap_minutes), this.since
    for mark, walk in walks(this, places, cursor):
        for rows in walk.portions():
            yield Page(
                tuple(keep(places[mark.number], rows)),
                bookmark=max(this.since, walk.newest - overlap) if walk.sure and len(places) == 1 else None,
                cursor=mark.text(places, walk.newest) if walk.sure else None,
            )
        if walk.counted and mark.begin and any(_trash(this, [places[mark.number]], keep, mark.begin)):
            for rows in walk.count():  # a record that was deleted meanwhile moved others over the edge of a page
                yield Page(tuple(keep(places[mark.number], rows)))
        newest, begin = max(newest, walk.newest), mark.begin
    yield Page((), bookmark=max(this.since, begin or newest - overlap))


def walks(this: Pass, places: list[Workspace], cursor: str) -> Iterator[tuple[Mark, Walk]]:
    """The way along each workspace that a pass has not read yet."""
    mark = mark_of(cursor, places, Mark(0, this.since, this.begin))
    while mark.number < len(places):
        listing = places[mark.number].listing(this.plural, this.plural, STATS)
        yield mark, Walk(this.lists, listing, mark.reached)
        mark = Mark(mark.number + 1, this.since, mark.begin)


def _trash(this: Pass, places: list[Workspace], keep: Keep, since: datetime | None = None) -> Iterator[list[Record]]:
    """What was deleted or marked as spam, each record with the word for it under ``gone``. A filter that has no effect
    is noticed: its records say that they are not deleted, or are in the plain list too."""
    first = since or this.since
    for place in places:
        for name, word in TRASH[this.part]:
            asked = (("updated_since", told(first - timedelta(seconds=1))), (name, word), STATS)
            listing = place.listing(this.plural, this.plural, *asked, optional=True)
            for number, (rows, _) in enumerate(this.lists.pages(listing)):
                if any(row.get(word) is False for row in rows):
                    break
                if number == 0 and any(word not in row for row in rows) and _among_plain(this, place, rows, first):
                    break
                gone = [row for row in rows if (at := stamp(row)) is None or at >= first]
                if gone:
                    yield [record | {"gone": word} for record in keep(place, gone)]


def _among_plain(this: Pass, place: Workspace, rows: list[Item], since: datetime) -> bool:
    """Whether one of these records is in the first page of the plain list."""
    asked = ("updated_since", told(since - timedelta(seconds=1)))
    plain, _ = next(this.lists.pages(place.listing(this.plural, this.plural, asked)), ([], False))
    return bool({row.get("id") for row in rows} & {row.get("id") for row in plain})


def _with_causes(http: Http, settings: FreshserviceSettings, records: list[Record]) -> list[Record]:
    """Tickets with the changes they name, one request for each that is not too old."""
    now = http.server_time or datetime.now(UTC)
    oldest = now - timedelta(days=settings.cause_days) if settings.cause_days else None

    def ask(record: Record) -> Record:
        opened = stamp({"updated_at": record.get("created_at")})
        if oldest and (opened is None or opened < oldest):
            return record
        answer = http.get(f"tickets/{record.get('id')}", {"include": "change"}, missing_ok=True)
        one = answer.get("ticket") if isinstance(answer, dict) else None
        return record | linked_changes(one) if isinstance(one, dict) else record

    return list(side_by_side(ask, records, workers=settings.parallel))


def _ids(http: Http, settings: FreshserviceSettings, part: str) -> Iterator[list[str]]:
    this = Pass(http, settings, part, settings.start_at)
    places = workspaces(http, settings)
    for place in places:
        walk = Walk(this.lists, place.listing(this.plural, this.plural), this.since)
        for rows in walk.portions():
            yield [str(row.get("id")) for row in rows]
    if settings.deletions:
        for records in _trash(this, places, lambda _, rows: [{"id": row.get("id")} for row in rows]):
            yield [str(record["id"]) for record in records]
