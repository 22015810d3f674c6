"""How a Zendesk is asked: its exports and lists, and how pages follow each other. Knows no canonical row."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.http import Answer, Http
from connectors.patience import Pace
from connectors.values import Unreadable, instant, items, mapping, whole
from connectors.zendesk.settings import ZendeskSettings
from impact.model import SourceChanged, SourceRefused, SourceUnavailable

Item = Mapping[str, Any]
Params = Sequence[tuple[str, str]]
NEWEST_MINUTE = timedelta(seconds=60)
"""What changed in it is not exported yet, and no export may begin in it."""
CURSOR_REFUSED = (400, 404, 410, 422)
NOT_GIVEN = (403, 404)
IN_ONE_PIECE = ("ticket_forms", "custom_statuses")
"""Lists that Zendesk documents without pages: asked for a page, it may refuse."""
PATIENCE = 3
"""How often a page may lead back to itself before it is taken for an endless loop."""


class NotOffered(SourceRefused):
    """A list that this account's plan, or this user's role, does not have."""


@dataclass(frozen=True)
class Export:
    """One page of the cursor export: its whole answer, and the cursor behind it. ``last``: the end is reached."""

    data: Item
    tickets: list[Item]
    cursor: str | None
    last: bool


class Zendesk:
    """One Zendesk account, asked for exports and lists. Short lists are asked for once."""

    def __init__(self, http: Http, settings: ZendeskSettings) -> None:
        self.http, self.settings = http, settings
        self._pace = Pace(settings.exports_per_minute or None)
        self._lists: dict[str, tuple[Item, ...] | None] = {}

    def now(self) -> datetime:
        """The server's time at its latest answer."""
        return self.http.server_time or datetime.now(UTC)

    def tickets(self, begin: datetime, cursor: str | None, include: str) -> Generator[Export, None, None]:
        """Tickets changed since ``begin``, or from ``cursor`` on where the server still takes it, oldest change first,
        to the end of the stream. Raises SourceChanged where older ones come."""
        start = min(begin, self.now() - NEWEST_MINUTE)
        stored, still = cursor, 0
        seen: set[tuple[object, object]] = set()
        while True:
            answer = self._export("incremental/tickets/cursor.json", _asked(start, cursor, include, self.settings))
            if cursor is not None and cursor == stored and answer.status in CURSOR_REFUSED:
                cursor = stored = None
                continue
            data, rows = _rows(answer, "tickets", "incremental/tickets/cursor.json")
            if stored is None:
                prove(rows, start)
            fresh = [row for row in rows if (row.get("id"), stamp(row)) not in seen]
            seen = {(row.get("id"), stamp(row)) for row in rows}
            after = data.get("after_cursor")
            following = str(after) if after not in (None, "") else None
            last = data.get("end_of_stream") is True or (following is None and data.get("end_of_stream") is None)
            yield Export(data, fresh, following or cursor, last)
            if last:
                return
            still = _still(still) if following in (None, cursor) else 0
            cursor = following or cursor

    def organizations(self, begin: datetime) -> Iterator[list[Item]]:
        """Organizations changed since ``begin``, by the older export that goes on from ``end_time``."""
        start = int(min(begin, self.now() - NEWEST_MINUTE).timestamp())
        while True:
            answer = self._export("incremental/organizations.json", [("start_time", str(start))])
            data, rows = _rows(answer, "organizations", "incremental/organizations.json")
            prove(rows, datetime.fromtimestamp(start, UTC))
            yield rows
            end = whole(data.get("end_time"))
            if data.get("end_of_stream") is True or end is None or end <= start:
                return
            start = end

    def _export(self, path: str, params: Params) -> Answer:
        self._pace.wait()
        answer = self.http.ask(path, params, accept=(*NOT_GIVEN, *CURSOR_REFUSED))
        if answer.status == 403:
            raise SourceRefused(
                f"{path} of Zendesk answered 403: incremental exports are for administrators only. Use the API token "
                "of an administrator."
            )
        return answer

    def pages(self, path: str, name: str, params: Params = ()) -> Iterator[list[Item]]:
        """The list ``name`` at ``path``, page by page, to the end that the server marks; a page that comes twice is
        given once. Raises NotOffered where the account or the user does not have this list."""
        after, still = None, 0
        seen: set[object] = set()
        answer = self._listed(path, name, params if path in IN_ONE_PIECE else [*params, *self._page(None)])
        while True:
            data, rows = _rows(answer, name, path)
            yield [row for row in rows if row.get("id") not in seen]
            seen = {row.get("id") for row in rows}
            meta = data.get("meta")
            if isinstance(meta, Mapping):
                following = meta.get("after_cursor")
                if not meta.get("has_more"):
                    return
                still = _still(still) if following in (None, "", after) else 0
                after = following or after
                answer = self._listed(path, name, [*params, *self._page(after)])
            elif isinstance(data.get("next_page"), str) and data["next_page"]:  # lists that know no cursor
                still = _still(still) if data["next_page"] == after else 0
                after = data["next_page"]
                answer = self.http.follow(after)
            else:
                return

    def _page(self, after: str | None) -> Params:
        size = [("page[size]", str(self.settings.page_size))]
        return size if after is None else [*size, ("page[after]", str(after))]

    def _listed(self, path: str, name: str, params: Params) -> Answer:
        answer = self.http.ask(path, params, accept=NOT_GIVEN)
        if answer.status in NOT_GIVEN:
            raise NotOffered(
                f"Zendesk does not give {name} to this user ({path} answered {answer.status}): the account's plan or "
                "the user's role does not have them."
            )
        return answer

    def listed(self, path: str, name: str) -> tuple[Item, ...] | None:
        """A short list, asked for once in a pass; None where it is not offered."""
        if path not in self._lists:
            try:
                self._lists[path] = tuple(row for page in self.pages(path, name) for row in page)
            except NotOffered:
                self._lists[path] = None
        return self._lists[path]

    def offers(self, path: str, name: str) -> bool:
        """Whether a list is given to this user at all."""
        try:
            self._listed(path, name, [("page[size]", "1")])
        except NotOffered:
            return False
        return True

    def ticket_count(self) -> int | None:
        """How many tickets there are, deleted ones left out; None where the account does not say, which ends nothing:
        it is for the eye only."""
        try:
            answer = self.http.ask("tickets/count.json", accept=(400, *NOT_GIVEN, 422))
        except (SourceUnavailable, SourceChanged):
            return None
        return whole(mapping(mapping(answer.data).get("count")).get("value")) if answer.status == 200 else None


def _asked(start: datetime, cursor: str | None, include: str, settings: ZendeskSettings) -> Params:
    where = ("start_time", str(int(start.timestamp()))) if cursor is None else ("cursor", cursor)
    size = [] if settings.export_page_size == 1000 else [("per_page", str(settings.export_page_size))]
    return [where, ("include", include), *size]


def _rows(answer: Answer, name: str, path: str) -> tuple[Item, list[Item]]:
    data = answer.data
    if answer.status >= 400 or not isinstance(data, Mapping) or not isinstance(data.get(name), list):
        hint = " Is url its base address?" if answer.status in (200, 404) else ""
        raise SourceChanged(f"{path} of Zendesk came without {name} (status {answer.status}).{hint}")
    return data, items(data[name])


def _still(count: int) -> int:
    if count >= PATIENCE:
        raise SourceChanged("Zendesk says that it has more, but its cursor does not move on. Nothing more is read.")
    return count + 1


def prove(rows: Sequence[Item], begin: datetime) -> None:
    """Raises SourceChanged when something comes that did not change since then: the condition had no effect."""
    old = [at for at in map(stamp, rows) if at and at < begin.replace(microsecond=0)]
    if old:
        raise SourceChanged(
            f"Zendesk was asked for what changed since {begin:%Y-%m-%dT%H:%M:%SZ} and gave what last changed at "
            f"{min(old):%Y-%m-%dT%H:%M:%SZ}. Nothing can be synchronised safely from it."
        )


def stamp(row: Item) -> datetime | None:
    """When a record last changed: tickets have ``generated_timestamp``, which also moves with changes by the system
    that leave ``updated_at`` alone; None when unknown."""
    seconds = whole(row.get("generated_timestamp"))
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        return instant("updated_at", row.get("updated_at")) or instant("created_at", row.get("created_at"))
    except (Unreadable, ValueError, OverflowError, OSError):
        return None
