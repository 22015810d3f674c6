"""How a GLPI is asked over its legacy API: lists, searches, blocks of records, and how pages follow each other. Knows
no canonical row."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain, count
from typing import Any

from connectors.glpi.session import code_of
from connectors.glpi.settings import GlpiSettings
from connectors.http import Answer, Http
from connectors.paging import side_by_side
from connectors.values import Unreadable, instant, items, mapping, text_of, whole
from impact.model import SourceChanged, SourceRefused

Item = Mapping[str, Any]
Params = Sequence[tuple[str, str]]
PLAIN: Params = (("expand_dropdowns", "false"), ("get_hateoas", "false"))
BEYOND = "ERROR_RANGE_EXCEED_TOTAL"
CORE = {"id": 2, "status": 12, "closedate": 16, "date_mod": 19}
BLOCK = 50
"""Records asked for by their ids at once: web servers take addresses of 8 kB."""
FOLD_HOURS = 3
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Rows:
    """A part of a list. ``total``: how many the server says there are; ``beyond``: it begins behind the last one."""

    items: tuple[Item, ...]
    total: int | None
    beyond: bool = False


@dataclass(frozen=True)
class Found:
    """A part of what a search found: the records' ids, rising, and the columns asked for."""

    rows: tuple[tuple[int, Item], ...]
    total: int | None


class Glpi:
    """One GLPI, asked for lists and records. Sessions are read-only, so several threads may ask."""

    def __init__(self, http: Http, settings: GlpiSettings) -> None:
        self.http, self.settings = http, settings
        self._options: dict[str, dict[int, Item]] = {}

    def begin(self) -> datetime:
        """Now, by the server's clock: what it says of itself or what it writes into records, whichever is earlier, so
        that a wrong ``timezone`` loses nothing."""
        written = self.written_time
        return min(self.http.server_time or datetime.now(UTC), written or datetime.max.replace(tzinfo=UTC))

    @property
    def written_time(self) -> datetime | None:
        """Now, as the server writes it into records and as ``timezone`` reads it; None where it does not tell. Of the
        session that it shows, nothing else is looked at."""
        answer = self.http.ask("getFullSession", accept=(400, 403))
        session = mapping(mapping(answer.data).get("session"))
        try:
            return instant("glpi_currenttime", session.get("glpi_currenttime"), self.settings.zone)
        except Unreadable:
            return None

    @cached_property
    def version(self) -> str | None:
        """The version of GLPI; None where it does not tell."""
        config = mapping(mapping(self.http.ask("getGlpiConfig", accept=(400, 403)).data).get("cfg_glpi"))
        return text_of(config.get("version"))

    # Lists

    def part(self, path: str, first: int, last: int, params: Params = ()) -> Rows:
        """The rows of a list from place ``first`` to ``last``. Raises SourceChanged when the answer is no list."""
        asked = [("range", f"{first}-{last}"), *params, *PLAIN]
        answer = self.http.ask(path, asked, accept=(400, 403, 404))
        if code_of(answer) in (BEYOND, "ERROR_ITEM_NOT_FOUND"):
            return Rows((), None, beyond=True)
        if code_of(answer) == "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM":
            raise SourceRefused(f"This GLPI has no list {path}: the type is spelt otherwise, or of another version.")
        self._judge(answer, path)
        rows = answer.data
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceChanged(f"The list {path} of GLPI came without records. Is url the address of its start page?")
        return Rows(tuple(rows), _total(answer))

    def listed(
        self, path: str, params: Params = (), *, newest_first: bool = False
    ) -> Generator[list[Item], None, None]:
        """Every row of a list once, in the order of ids, by pages that are asked for side by side.

        Each page begins with the last row of the one before: where it does not, rows have gone or come meanwhile, and
        it is read again from further ahead. The end is where nothing new comes and the server knows no more either.
        """
        size, way = self.settings.page_size, -1 if newest_first else 1
        sorted_by = [*params, ("sort", "id"), ("order", "DESC" if newest_first else "ASC")]

        def read(number: int) -> tuple[int, Rows]:
            return number, self.part(path, max(0, number * size - 1), (number + 1) * size - 1, sorted_by)

        start = read(0)
        expected = max(1, -(-(start[1].total or 0) // size))
        with closing(side_by_side(read, range(1, expected), workers=self.settings.parallel)) as coming:
            latest: int | None = None
            for number, page in chain([start], coming, map(read, count(expected))):
                rows = self._joined(path, max(0, number * size - 1), page, latest, sorted_by, way)
                if rows:
                    yield rows
                    latest = _id(rows[-1])
                if page.beyond or _ended(page, rows, (number + 1) * size, size):
                    return

    def _joined(self, path: str, first: int, page: Rows, latest: int | None, sorted_by: Params, way: int) -> list[Item]:
        """The rows of a page that come after ``latest``, with those that slipped out of it to the front."""
        size, rows, ahead = self.settings.page_size, list(page.items), first
        while ahead and latest is not None and not any(way * (_id(row) - latest) <= 0 for row in rows):
            ahead, behind = max(0, ahead - size), ahead
            rows = [*self.part(path, ahead, behind - 1, sorted_by).items, *rows]
        by_id = {_id(row): row for row in rows if latest is None or way * (_id(row) - latest) > 0}
        return [by_id[number] for number in sorted(by_id, key=lambda number: way * number)]

    def table(self, path: str, params: Params = ()) -> Iterator[Item]:
        """Every row of a list, one after the other."""
        yield from chain.from_iterable(self.listed(path, params))

    # Searches

    def options(self, itemtype: str) -> Mapping[int, Item]:
        """What can be searched for and shown of a type, by its number."""
        if itemtype not in self._options:
            told = mapping(self.http.get(f"listSearchOptions/{itemtype}"))
            self._options[itemtype] = {int(n): mapping(o) for n, o in told.items() if str(n).isdecimal()}
        return self._options[itemtype]

    def option(self, itemtype: str, name: str) -> int | None:
        """The number of a search option by its number, uid or name; None where there is none."""
        wanted = name.strip().casefold()
        for number, about in self.options(itemtype).items():
            if wanted in (str(number), str(about.get("uid")).casefold(), str(about.get("name")).casefold()):
                return number
        return None

    def core(self, itemtype: str, column: str) -> str:
        """The number of the search option of a column that every GLPI has: by its uid, else the documented one."""
        return str(self.option(itemtype, f"{itemtype}.{column}") or CORE[column])

    def found(
        self, itemtype: str, since: datetime | None, *, trash: bool = False, after: int = 0, show: Iterable[int] = ()
    ) -> Generator[Found, None, None]:
        """Records updated since then with an id above ``after``, ids rising; ``since`` None: all.

        Each request begins behind the last id that came, so records that are edited, made or deleted meanwhile push
        nothing out of sight. Raises SourceChanged when records come that were not asked for.
        """
        size, first = self.settings.page_size, 0
        own, stamp = self.core(itemtype, "id"), self.core(itemtype, "date_mod")
        bound = written(since - SECOND, self.settings) if since else ""
        while True:
            wanted = [(own, "contains", f">{after}")] + ([(stamp, "morethan", bound)] if bound else [])
            shown = [own, stamp, *map(str, show)]
            answer = self._search(itemtype, wanted, shown, own, range(first, first + size), trash=trash)
            rows = tuple((whole(row.get(own)) or 0, row) for row in answer.items)
            _prove(rows, after, stamp, bound)
            if rows:
                yield Found(rows, answer.total)
                after, first = rows[-1][0], 0
            elif answer.beyond or first + size >= (answer.total or 0):
                if not (after or bound or trash) and self.part(itemtype, 0, 0).items:
                    raise SourceChanged(f"A search of GLPI for all {itemtype} finds none, though its list has some.")
                return
            else:
                first += size

    def columns(self, itemtype: str, numbers: Sequence[int], show: Sequence[int]) -> dict[int, Item]:
        """Search columns of records by their ids."""
        own = self.core(itemtype, "id")
        wanted = [(own, "equals", str(number)) for number in numbers]
        answer = self._search(itemtype, wanted, [own, *map(str, show)], own, range(len(numbers)), link="OR")
        return {whole(row.get(own)) or 0: row for row in answer.items}

    def count(self, itemtype: str, *, trash: bool = False) -> int | None:
        """How many records of a type there are, as a search says."""
        own = self.core(itemtype, "id")
        return self._search(itemtype, [(own, "contains", ">0")], [own], own, range(1), trash=trash).total

    def _search(
        self,
        itemtype: str,
        wanted: Sequence[tuple[str, str, str]],
        shown: Sequence[str],
        sort: str,
        places: range,
        *,
        trash: bool = False,
        link: str = "AND",
    ) -> Rows:
        asked = [("range", f"{places.start}-{places.stop - 1}"), ("sort", sort), ("order", "ASC")]
        asked += [("is_deleted", "1")] if trash else []
        for n, (field, kind, value) in enumerate(wanted):
            asked += [(f"criteria[{n}][link]", link)] if n else []
            asked += [
                (f"criteria[{n}][{key}]", said) for key, said in zip(_CRITERION, (field, kind, value), strict=True)
            ]
        asked += [(f"forcedisplay[{n}]", number) for n, number in enumerate(shown)]
        answer = self.http.ask(f"search/{itemtype}", asked, accept=(400, 403))
        if code_of(answer) == BEYOND:
            return Rows((), None, beyond=True)
        self._judge(answer, f"search/{itemtype}")
        total = whole(mapping(answer.data).get("totalcount"))
        if total is None:
            raise SourceChanged(
                f"search/{itemtype} of GLPI came without a count. Is url the address of its start page?"
            )
        return Rows(tuple(items(answer.data.get("data"))), total)

    # Records

    def records(self, itemtype: str, numbers: Sequence[int]) -> tuple[dict[int, Item], set[int]]:
        """Records by their ids, and the ids that may not be read. Those that are gone by now are in neither. Raises
        SourceRefused where none of several may be read."""
        found, refused = self._records(itemtype, numbers)
        if len(refused) == len(numbers) > 0:
            raise SourceRefused(
                f"GLPI lets this user search for {itemtype} but not read it: the profile lacks a right."
            )
        return found, refused

    def readable(self, itemtype: str, numbers: Sequence[int]) -> dict[int, Item]:
        """Records by their ids, as far as they are there and may be read; one that spoils its block is left out."""
        return self._records(itemtype, numbers)[0] if numbers else {}

    def _records(self, itemtype: str, numbers: Sequence[int]) -> tuple[dict[int, Item], set[int]]:
        asked = [p for n, number in enumerate(numbers) for p in _one(n, itemtype, number)]
        answer = self.http.ask("getMultipleItems", [*asked, *PLAIN], accept=(400, 403, 404))
        code = code_of(answer)
        if code in ("ERROR_ITEM_NOT_FOUND", "ERROR_RIGHT_MISSING"):  # one of them spoils the whole block
            if len(numbers) == 1:
                return {}, set(numbers) if code == "ERROR_RIGHT_MISSING" else set()
            half = len(numbers) // 2
            found, refused = self._records(itemtype, numbers[:half])
            more, others = self._records(itemtype, numbers[half:])
            return {**found, **more}, refused | others
        self._judge(answer, "getMultipleItems")
        by_id = {whole(row.get("id")): row for row in items(answer.data)}
        if not isinstance(answer.data, list) or set(by_id) - set(numbers):
            raise SourceChanged(f"GLPI was asked for records of {itemtype} by their ids and gave others.")
        return {number: row for number, row in by_id.items() if number is not None}, set()

    def _judge(self, answer: Answer, path: str) -> None:
        if answer.status == 403:
            raise SourceRefused(f"GLPI does not let this user read {path}: the profile lacks a right.")
        if answer.status >= 400:
            said = code_of(answer) or "no reason"
            raise SourceChanged(
                f"{path} of GLPI answered {answer.status} ({said[:60]}): the request is not understood."
            )


_CRITERION = ("field", "searchtype", "value")


def _one(place: int, itemtype: str, number: int) -> Params:
    return ((f"items[{place}][itemtype]", itemtype), (f"items[{place}][items_id]", str(number)))


def _total(answer: Answer) -> int | None:
    return whole(str(answer.headers.get("Content-Range", "")).rpartition("/")[2])


def _ended(page: Rows, rows: Sequence[Item], told: int, size: int) -> bool:
    """Whether a page ends its list, of which the first ``told`` places were asked for by now."""
    if page.total is None:  # GLPI leaves it out of an empty answer
        return not rows
    return told >= page.total and (not rows or len(page.items) < size)


def _id(row: Item) -> int:
    number = whole(row.get("id"))
    if number is None:
        raise SourceChanged("A list of GLPI has a record without an id. Nothing can be read safely from it.")
    return number


def stamp(record: Item, settings: GlpiSettings) -> str | None:
    """The update stamp of a record with its zone, as ISO text; None where it has none."""
    try:
        at = instant("date_mod", record.get("date_mod"), settings.zone)
    except Unreadable:
        return None
    return at.isoformat() if at else None


def written(at: datetime, settings: GlpiSettings) -> str:
    """An instant as the server writes it. Where clocks are set back soon after, the earlier of the two readings: what
    is updated in the hour that comes twice must not fall before it."""
    offsets = [(at + timedelta(hours=n)).astimezone(settings.zone).utcoffset() for n in range(FOLD_HOURS + 1)]
    local = at.astimezone(UTC) + min(offset for offset in offsets if offset is not None)
    return f"{local:%Y-%m-%d %H:%M:%S}"


def _prove(rows: Sequence[tuple[int, Item]], after: int, stamp: str, bound: str) -> None:
    """Raises SourceChanged when records come that were not asked for, or not in the order of their ids."""
    for number, row in rows:
        at = str(row.get(stamp) or "")
        if number <= after or (bound and at and at <= bound):
            raise SourceChanged(
                f"GLPI was asked for records updated after {bound or 'any time'} with ids above {after}, in that "
                "order, and gave others. Nothing can be synchronised safely from it."
            )
        after = number
