"""How Jira Data Center is searched: pages by offset, several at a time, each beginning with the last issue of the one
before, which proves that nothing moved meanwhile. Knows no canonical row."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from connectors.jira_service_management.search import Found, Query, listed
from connectors.jira_service_management.site import Item, Site
from connectors.paging import side_by_side
from connectors.values import items, mapping, whole
from impact.model import SourceChanged

REMEMBERED_PAGES = 20
"""So far back an issue is known again; issues move only as far as others before them vanish or appear."""
STILL = 50
"""After so many pages without anything new, although more is announced, the list is given up."""


@dataclass
class _Known:
    """The ids of the latest issues that were given."""

    most: int
    ids: dict[str, None] = field(default_factory=dict)

    def fresh(self, rows: Iterable[Item]) -> list[Item]:
        """Those of the rows that were not given before, which are given now."""
        found = []
        for row in rows:
            key = str(row.get("id"))
            if key not in self.ids:
                self.ids[key] = None
                found.append(row)
        while len(self.ids) > self.most:
            del self.ids[next(iter(self.ids))]
        return found

    def has(self, row: Item) -> bool:
        """Whether an issue is among them."""
        return str(row.get("id")) in self.ids


@dataclass(frozen=True)
class _Page:
    """What stands at an offset. ``asked``: how many issues a whole page has; ``total``: what the server says."""

    offset: int
    rows: list[Item]
    asked: int
    total: int

    @property
    def whole(self) -> bool:
        return len(self.rows) >= self.asked

    @property
    def end(self) -> int:
        return self.offset + len(self.rows)

    def follows(self, known: _Known) -> bool:
        """Whether it begins with an issue that was given before."""
        return bool(self.rows) and known.has(self.rows[0])


class DataCenterSearch:
    """Searches one Jira Data Center."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def pages(self, query: Query, *, first: int = 0) -> Generator[Found, None, None]:
        """All issues in pages. A short page ends nothing, nor does a total: the end is an empty page behind both."""
        known = _Known(REMEMBERED_PAGES * query.size)
        place, silent = first, 0  # all before this offset was given; pages without anything new
        while True:
            page = self._page(query, _offset(place, silent, query.size))
            if known.ids and not silent:
                page = self._back(query, page, known)
            fresh = known.fresh(page.rows)
            if fresh:
                place, silent = page.end, 0
                yield self._found(fresh, query, page)
                with closing(self._chain(query, known, page)) as following:
                    for page in following:
                        place = page.end
                        yield self._found(known.fresh(page.rows), query, page)
            elif silent and not page.rows and page.offset >= page.total:
                return
            else:
                silent += 1
            if silent > STILL:
                raise SourceChanged(f"Jira says that it has {page.total:,} issues, but gives only {place:,}.")

    def _back(self, query: Query, page: _Page, known: _Known) -> _Page:
        """The page that begins with a known issue, where issues before this one vanished meanwhile."""
        while page.offset > 0 and not page.follows(known):
            page = self._page(query, max(0, page.offset - max(1, page.asked - 1)))
        return page

    def _chain(self, query: Query, known: _Known, page: _Page) -> Generator[_Page, None, None]:
        """The whole pages behind a whole one, read several at a time, as long as each follows the one before."""
        if not page.whole or page.asked < 2:
            return
        offsets = iter(range(page.end - 1, page.total, page.asked - 1))
        reading = side_by_side(lambda at: self._page(query, at), offsets, workers=self._site.settings.parallel)
        with closing(reading):
            for following in reading:
                if not (following.whole and following.follows(known) and not all(map(known.has, following.rows))):
                    return
                yield following

    def _found(self, fresh: list[Item], query: Query, page: _Page) -> Found:
        told = dict(_logs(fresh)) if query.history else {}
        return Found(tuple(fresh), told, page.total, page.end)

    def _page(self, query: Query, offset: int) -> _Page:
        """One page from an offset on, with the histories that it left out or cut."""
        params = {
            "jql": query.jql,
            "fields": ",".join(query.fields),
            "startAt": str(offset),
            "maxResults": str(query.size),
            **({"expand": "changelog"} if query.history else {}),
        }
        answer = self._site.http.ask(f"{self._site.rest}/search", params, accept=(400, 410))
        rows = listed(answer, query.what)
        if query.history:
            rows = [row if _is_whole(row.get("changelog")) else self._with_log(row) for row in rows]
        allowed = whole(answer.data.get("maxResults"))  # a server may allow less than was asked for
        asked = min(query.size, allowed) if allowed and allowed > 0 else query.size
        return _Page(offset, rows, asked, whole(answer.data.get("total")) or 0)

    def _with_log(self, row: Item) -> Item:
        """The issue with its whole history, asked for by itself; without one where that cannot be had."""
        path = f"{self._site.rest}/issue/{row.get('key')}"
        answer = self._site.http.get(path, {"fields": "updated", "expand": "changelog"}, missing_ok=True)
        log = mapping(answer).get("changelog")
        return {**row, "changelog": log if _is_whole(log) else None}

    def count(self, jql: str) -> int | None:
        """How many issues the server says there are."""
        asked = {"jql": jql, "fields": "id", "maxResults": "1"}
        answer = self._site.http.ask(f"{self._site.rest}/search", asked, accept=(400, 410))
        listed(answer, "a count")
        return whole(answer.data.get("total"))


def _offset(place: int, silent: int, size: int) -> int:
    """Where to look: at the last issue that was given, then behind it, then a page further each time."""
    return max(0, place - 1) if not silent else place + (silent - 1) * size


def _logs(rows: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    for row in rows:
        log = mapping(row.get("changelog"))
        if isinstance(log.get("histories"), list):
            yield str(row.get("id")), items(log.get("histories"))


def _is_whole(log: object) -> bool:
    told, total = mapping(log).get("histories"), whole(mapping(log).get("total"))
    return isinstance(told, list) and (total is None or total <= len(told))
