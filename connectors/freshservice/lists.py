"""How lists of Freshservice are read to their true end: pages by number, and the way along update stamps. Knows no
stream and no field but ``id`` and ``updated_at``.

Freshservice numbers its pages and names no fixed order of updates, so a record that is edited or deleted meanwhile
moves others over the edge of a page. Where a list is in the order of updates, each request therefore asks for what was
updated since the newest stamp seen, page 1 again: nothing can move before it. Where it is not, pages are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.freshservice.settings import FreshserviceSettings
from connectors.http import Http
from connectors.values import Unreadable, instant, items
from impact.model import SourceChanged

Item = Mapping[str, Any]
Params = Sequence[tuple[str, str]]
SECOND = timedelta(seconds=1)
REPEATS = 2
"""How often a page that is the one before it once more is asked for again."""
ROUNDS = 4
"""How often a second with more than a page of updates is read again, until it brings nothing new."""
ORDER: Params = (("order_by", "updated_at"), ("order_type", "asc"))
NEWEST_FIRST: Params = (("order_by", "updated_at"), ("order_type", "desc"))
NOT_THERE = (400, 404)


@dataclass(frozen=True)
class Listing:
    """One list: its path, the key of its records in an answer, and what is asked besides the page."""

    path: str
    key: str
    params: Params = ()
    optional: bool = False
    """A list that this account does not know is empty."""


class Lists:
    """The lists of one account."""

    def __init__(self, http: Http, settings: FreshserviceSettings) -> None:
        self.http, self.settings = http, settings

    def pages(self, listing: Listing) -> Iterator[tuple[list[Item], bool]]:
        """(records, whether more follow), page by page, to the first page after which nothing follows: one without a
        link to the next that is not full either. A page that comes twice is asked for again; raises SourceChanged
        where it keeps coming, and beyond ``last_page``."""
        number, repeats, before = 1, 0, list[Item]()
        while True:
            rows, linked = self._page(listing, number)
            if rows and rows == before and repeats < REPEATS:
                repeats += 1
                continue
            if rows and rows == before:
                if linked:
                    raise SourceChanged(f"Freshservice gives the same page of {listing.path} again and again.")
                return
            more = linked or len(rows) >= self.settings.page_size
            yield rows, more
            if not more:
                return
            number, repeats, before = number + 1, 0, rows
            self._check_number(listing, number)

    def _page(self, listing: Listing, number: int) -> tuple[list[Item], bool]:
        """The records of one page, and whether the answer links to a next one."""
        asked = [*listing.params, ("per_page", str(self.settings.page_size)), ("page", str(number))]
        optional = listing.optional
        answer = self.http.ask(listing.path, asked, missing_ok=optional, accept=(400,) if optional else ())
        if listing.optional and answer.status in NOT_THERE:
            return [], False
        rows = answer.data.get(listing.key) if isinstance(answer.data, Mapping) else None
        if not isinstance(rows, list):
            raise SourceChanged(f"Freshservice answered {listing.path} without {listing.key!r}. Nothing of it is read.")
        return items(rows), answer.next_link is not None

    def _check_number(self, listing: Listing, number: int) -> None:
        last = self.settings.last_page
        if last and number > last:
            raise SourceChanged(
                f"{listing.path} has more than last_page = {last} pages and is not in the order of updates, so it "
                "cannot be cut into parts. Set a later start, or a higher last_page if the account allows it."
            )


class Walk:
    """A list from an instant on, each record in its latest state, none lost to a page edge.

    ``sure``: the list has shown that it is in the order of updates (an order that its ids do not have), so that what
    was updated before ``newest`` has been delivered. ``counted``: its pages had to be counted.
    """

    def __init__(self, lists: Lists, listing: Listing, since: datetime) -> None:
        self._lists, self._listing = lists, listing
        self._since = self.newest = since.replace(microsecond=0)
        self._seen: dict[str, str] = {}
        self._in_order, self._jumped = True, False
        self.sure = self.counted = False

    def portions(self) -> Iterator[list[Item]]:
        """Records that were not delivered before, portion by portion. Raises SourceChanged when the condition on update
        stamps has no effect."""
        yield from self._along()
        if not self._in_order or (self._jumped and not self.sure):
            yield from self.count()

    def count(self) -> Iterator[list[Item]]:
        """Those that the pages, counted from the first one, have besides."""
        self.counted, self.sure = True, False
        for rows, _ in self._lists.pages(self._asked(self._since - SECOND)):
            yield self._fresh(rows, self._since - SECOND)

    def _along(self) -> Iterator[list[Item]]:
        """From stamp to stamp, as long as the order is kept. A second that fills pages is read until nothing is new."""
        begin, rounds = self._since - SECOND, 0
        while True:
            latest, pages, news = begin, 0, False
            for rows, following in self._lists.pages(self._asked(begin)):
                latest = self._look(rows, latest)
                fresh = self._fresh(rows, begin)
                pages, news = pages + 1, news or bool(fresh)
                self.newest = max(self.newest, latest)
                yield fresh
                if not self._in_order:
                    return
                if following and latest - SECOND > begin:
                    break
            else:
                following = False
            if pages > 1 and news and rounds < ROUNDS:
                rounds += 1
                continue
            if not following:
                return
            begin, rounds, self._jumped = latest - SECOND, 0, True
            if self.sure:
                self._seen = {key: at for key, at in self._seen.items() if (stamp_of(at) or begin) >= begin}

    def _asked(self, begin: datetime) -> Listing:
        listing = self._listing
        return Listing(listing.path, listing.key, [*listing.params, ("updated_since", told(begin)), *ORDER])

    def _look(self, rows: Sequence[Item], latest: datetime) -> datetime:
        """The newest stamp so far; notes whether the rows go on in the order of updates."""
        found = [(at, row) for row in rows if (at := stamp(row))]
        stamps = [latest, *(at for at, _ in found)]
        self._in_order = self._in_order and stamps == sorted(stamps)
        ids = [str(row.get("id")).rjust(20) for _, row in found]
        if self._in_order and ids not in (sorted(ids), sorted(ids, reverse=True)) and len(set(stamps[1:])) > 2:
            self.sure = True
        return max(stamps)

    def _fresh(self, rows: Sequence[Item], begin: datetime) -> list[Item]:
        fresh = []
        for row in rows:
            at, key, said = stamp(row), str(row.get("id")), str(row.get("updated_at"))
            if at is not None and at < begin:
                raise SourceChanged(
                    f"Freshservice was asked for {self._listing.path} updated since {told(begin)} and gave one of "
                    f"{told(at)}: the condition has no effect. Nothing more is read."
                )
            if self._seen.get(key) != said and (at is None or at >= self._since):
                fresh.append(row)
            self._seen[key] = said
        return fresh


def stamp(row: Item) -> datetime | None:
    """A record's update stamp, UTC; None where it has none that can be read."""
    return stamp_of(row.get("updated_at"))


def stamp_of(value: object) -> datetime | None:
    """An update stamp as Freshservice writes it."""
    try:
        return instant("updated_at", value)
    except Unreadable:
        return None


def told(at: datetime) -> str:
    """An instant as Freshservice is asked for it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
