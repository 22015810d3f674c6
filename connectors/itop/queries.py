"""How an iTop is asked: one address, queries in OQL, errors inside good answers, and lists that are complete.
Knows no canonical row.

iTop sorts a list as it likes (newest id first, or by name), so pages move when records come and go. A list of ids is
therefore read until as many have been seen as iTop says there are; records are then read by their ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.http import Http
from connectors.itop.settings import ItopSettings
from connectors.paging import side_by_side
from connectors.values import mapping, whole
from impact.model import SourceChanged, SourceRefused

Kept = TypeVar("Kept")
COUNT = re.compile(r"Found:\s*(\d+)")
FIELD = re.compile(r"attribute code '?([A-Za-z_][A-Za-z0-9_]*)")
NO_CLASS = "is not a valid class"
FAILED = re.compile(r"SQL query|DB server|[Dd]atabase|[Dd]eadlock|mysql|json encoding")
"""What iTop says, with the code of a bad query, when the query was good and iTop itself failed."""
DATABASE_CODES = 1000
"""Codes from here on are the database's own."""
WALKS = 3
"""How often a list is read again while fewer records were seen than iTop says there are."""
SILENT_PAGES = 3
"""So many pages without anything new are the end of a list, whatever its total says."""
CODES = {10: "it does not know this version of its web service; set api_version", 11: "it does not know the operation"}


class BadQuery(SourceChanged):
    """iTop does not know a class or field of the query. ``field``: the one it names, if it names one."""

    def __init__(self, text: str, field: str | None) -> None:
        super().__init__(text)
        self.field = field


class NoRight(SourceRefused):
    """The login is right, but the user may not read a class."""


@dataclass(frozen=True)
class Item:
    """One object: its final class, its id, and the fields that were asked for."""

    kind: str
    id: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """The objects of one answer, and how many the query has in all (None: it does not say)."""

    items: tuple[Item, ...]
    count: int | None


class Itop:
    """One iTop during one pass."""

    def __init__(self, http: Http, settings: ItopSettings) -> None:
        self.http, self.settings = http, settings

    def ask(self, body: Mapping[str, Any], about: str) -> Mapping[str, Any]:
        """The answer to an operation. ``about``: what errors say it was about. Login and password go in the form, never
        into the address."""
        own = self.settings
        form = {"json_data": json.dumps(body)}
        if not own.token:
            form |= {"auth_user": own.username, "auth_pwd": own.password}
        answer = self.http.post(own.path, [("version", own.api_version)], form=form).data
        code = whole(answer.get("code")) if isinstance(answer, dict) else None
        if code is None or not isinstance(answer, dict):
            raise SourceChanged(f"iTop's answer about {about} has no code. Check url and path.")
        if code:
            raise _error(code, str(answer.get("message", "")), about)
        return answer

    def get(self, kind: str, where: str = "", fields: Iterable[str] = ("id",), limit: int = 0, page: int = 1) -> Found:
        """The objects of a class that fulfil ``where``, in iTop's own order; ``limit`` 0: all of them."""
        query = f"SELECT {kind}" + (f" WHERE {where}" if where else "")
        body: dict[str, Any] = {"operation": "core/get", "class": kind.partition(" ")[0], "key": query}
        body["output_fields"] = ",".join(fields)
        if limit:
            body |= {"limit": limit, "page": page}
        answer = self.ask(body, f"the class {body['class']}")
        objects = answer.get("objects")
        if objects is not None and not isinstance(objects, dict | list):
            raise SourceChanged(f"iTop's answer about the class {body['class']} has no objects.")
        count = COUNT.search(str(answer.get("message", "")))
        items = tuple(_item(value) for value in (objects.values() if isinstance(objects, dict) else objects or ()))
        return Found(items, int(count[1]) if count else None)

    def by_ids(self, kind: str, field: str, ids: Iterable[int], fields: Sequence[str], more: str = "") -> list[Item]:
        """All objects of a class whose ``field`` is one of the ids. Raises SourceChanged when others come, too."""
        wanted = set(ids)
        if not wanted:
            return []
        where = f"{field} IN ({','.join(map(str, sorted(wanted)))})" + (f" AND {more}" if more else "")
        items = self.get(kind, where, fields).items
        for item in items:
            if (item.id if field == "id" else whole(item.fields.get(field))) not in wanted:
                raise SourceChanged(f"iTop was asked for some objects of the class {kind} and gave others.")
        return list(items)

    def readable(self, kind: str, fields: Iterable[str]) -> bool:
        """Whether something that is worth having, but not there everywhere, can be read."""
        try:
            self.get(kind, fields=fields, limit=1)
        except (BadQuery, NoRight):
            return False
        return True

    def counted(self, kind: str, where: str = "") -> int | None:
        """How many objects fulfil ``where``; None where the class, a field or the right is missing."""
        try:
            return self.get(kind, where, limit=1).count
        except (BadQuery, NoRight):
            return None

    def listed(
        self, kind: str, where: str = "", fields: Sequence[str] = ("id",), *, keep: Callable[[Item], Kept]
    ) -> dict[int, Kept]:
        """Every object that fulfils ``where``, by id, however the list moves while its pages are read. Of each only
        what ``keep`` makes of it stays in memory."""
        seen: dict[int, Kept] = {}
        for walk in range(WALKS):
            before, most = len(seen), 0
            for found in self._pages(kind, where, fields, seen):
                seen.update((item.id, keep(item)) for item in found.items)
                most = max(most, found.count or 0)
            if len(seen) >= most or (walk and len(seen) == before):
                break
        return seen

    def _pages(self, kind: str, where: str, fields: Sequence[str], seen: Collection[int]) -> Iterator[Found]:
        """The pages of a list, once: as many side by side as its total promises, then on to its end. ``seen`` grows by
        what the caller takes from them."""
        size = self.settings.list_size

        def read(page: int) -> Found:
            return self.get(kind, where, fields, limit=size, page=page)

        last = read(1)
        yield last
        page, silent = max(1, -(-(last.count or 0) // size)), 0
        for last in side_by_side(read, range(2, page + 1), workers=self.settings.parallel):
            yield last
        while last.items and silent < SILENT_PAGES:
            if last.count is not None and len(last.items) < size and page * size >= last.count:
                break
            page, before = page + 1, len(seen)
            last = read(page)
            yield last
            silent = silent + 1 if len(seen) == before else 0

    def shape(self, kind: str, essential: Sequence[str], optional: Iterable[str]) -> tuple[str, ...] | None:
        """Which of the fields the class has: one unknown field would fail every query. None: there is no such class.
        Raises SourceChanged where an essential field is missing."""
        fields = list(dict.fromkeys((*essential, *optional)))
        while True:
            try:
                self.get(kind, fields=fields, limit=1)
                return tuple(fields)
            except BadQuery as error:
                if error.field not in fields or error.field in essential:
                    break
                fields.remove(error.field)
        if not self._takes(kind, ("id",)):
            return None
        if missing := [code for code in essential if not self._takes(kind, (code,))]:
            raise SourceChanged(f"The class {kind} of this iTop has no field {missing[0]}, which is needed.")
        return tuple(code for code in fields if code in essential or self._takes(kind, ("id", code)))

    def _takes(self, kind: str, fields: Sequence[str]) -> bool:
        try:
            self.get(kind, fields=fields, limit=1)
        except BadQuery:
            return False
        return True


def _item(value: Any) -> Item:
    about = mapping(value)
    fields = mapping(about.get("fields"))
    number = whole(about.get("key", fields.get("id")))
    if number is None:
        raise SourceChanged("iTop gave an object without an id.")
    return Item(str(about.get("class") or fields.get("finalclass") or ""), number, fields)


def _error(code: int, message: str, about: str) -> Exception:
    """What a code other than 0 means. iTop's own message may quote the query or a login, so it is not repeated."""
    if code == 1 and re.search("permission|of class", message):
        return NoRight(
            f"iTop refuses {about} to this user (code 1). Give its profiles the right to read and bulk-read it."
        )
    if code in (1, 5, 6):
        return SourceRefused(
            f"iTop does not accept this user (code {code}). Check username and password (or token), the profile REST "
            "Services User, and that it is no user of the portal only."
        )
    named = FIELD.search(message)
    its_own = FAILED.search(message) and not named and NO_CLASS not in message
    if code >= DATABASE_CODES or (code == 100 and its_own):
        return SourceChanged(
            f"iTop itself failed at a query about {about} (code {code}); its error.log says why. The next sync tries "
            "again."
        )
    if code == 100:
        which = f"it has no field {named[1]}" if named else "a class or field that is asked for may not exist there"
        return BadQuery(
            f"iTop does not understand a query about {about} (code 100): {which}. Correct fields, change_classes or "
            "ticket_classes; check says what is there.",
            named[1] if named else None,
        )
    why = CODES.get(code, "check url, path and api_version")
    return SourceChanged(f"iTop answered {about} with code {code}: {why}.")
