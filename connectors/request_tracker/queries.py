"""How a Request Tracker is asked: its queries, and how pages follow each other. Knows no canonical row.

Signing in costs the server about a quarter of a second of each request (it hashes the password or token anew), so
few requests with many rows are the polite and the quick way.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.http import Http
from connectors.request_tracker.settings import RtSettings
from connectors.values import Unreadable, instant, whole
from impact.model import SourceChanged

Item = Mapping[str, Any]
Place = tuple[datetime, int]
"""Where a ticket stands in the order of updates: its update stamp (UTC), then its id."""
ROOT = "REST/2.0"
Params = Sequence[tuple[str, str]]
HIDDEN_PAGES = 3
"""Where the server does not say how many rows there are, this many empty pages in a row are the end of a list."""
LONG_SILENCE = 1000
SLACK = timedelta(hours=3)
"""The first date of a pass is this much earlier: its offset is that of today, and clocks are changed twice a year."""
WIDEST = timedelta(hours=15)
STEP = timedelta(minutes=15)
IDS_AT_ONCE = 200
"""Ids in one query: more would not fit into the request line that usual web servers accept (8,000 characters)."""


@dataclass(frozen=True)
class Answer:
    """One page of a list. ``more``: the server says so, or does not know (then it is None)."""

    items: tuple[Item, ...]
    more: bool | None
    total: int | None


class Rt:
    """One Request Tracker, asked for lists.

    Dates in its queries are read in the time zone of the user that reads, whatever offset they carry; so that zone's
    offset is found out from known tickets, and every page proves anew that its first date was read as meant.
    """

    def __init__(self, http: Http, settings: RtSettings) -> None:
        self.http, self.settings = http, settings
        self.offset = timedelta(0)
        """How far the zone of the user that reads is ahead of UTC, as found out last."""

    def page(self, path: str, params: Sequence[tuple[str, str]], number: int = 1, size: int | None = None) -> Answer:
        """One page of a list. Raises SourceChanged when the answer is no list of items."""
        size = size or self.settings.page_size
        answer = self.http.get(f"{ROOT}/{path}", [*params, ("per_page", str(size)), ("page", str(number))])
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise SourceChanged(f"The list {path} of Request Tracker came without items. Is url its base address?")
        total = whole(answer.get("total"))
        more = True if answer.get("next_page") else None if total is None else False
        return Answer(tuple(items), more, total)

    def listed(self, path: str, params: Sequence[tuple[str, str]]) -> Iterator[Item]:
        """Every item of a list, page by page, each once. For short lists: rows may move while pages are read."""
        seen: set[str] = set()
        number, empty = 1, 0
        while empty < HIDDEN_PAGES:
            answer = self.page(path, params, number)
            fresh = [item for item in answer.items if item.get("id") not in seen]
            seen.update(str(item.get("id")) for item in fresh)
            yield from fresh
            empty = 0 if fresh else empty + 1
            if answer.more is False or (answer.more is None and not answer.items):
                return
            number += 1

    def queues(self) -> Iterator[Item]:
        """The queues that the user may see and that are in use."""
        fields = ("fields", "Name,Description,Lifecycle,Disabled")
        for queue in self.listed("queues/all", [fields]):
            if str(queue.get("Disabled") or "0") == "0":
                yield queue

    def by_update(self, where: str, fields: Params, since: datetime) -> Generator[Answer, None, None]:
        """Tickets updated since then, oldest update first, in pages of rows not given before.

        Each request begins with the last row of the one before (update stamp, then id), which must come first again:
        that proves how the date was read, and rows that move while others are read are met again at the end. Raises
        SourceChanged when rows come that were not asked for, or in another order.
        """
        given: Place = (since, 0)
        anchors: list[Place] = []
        number, silent = 1, 0
        while True:
            anchor = anchors[-1] if anchors else None
            answer = self._since(where, fields, anchor or (given[0] - SLACK, 0), number)
            places = [(stamp(row) or given[0], whole(row.get("id")) or 0) for row in answer.items]
            self._judge(places, anchor or (given[0] - SLACK - WIDEST, 0))
            if anchor and number == 1 and anchor not in places[:1]:
                before = self.offset
                if self._updated(anchor[1]) == anchor[0]:
                    self.calibrate(anchor)  # the clocks of its zone were changed between then and now
                if self.offset == before:
                    anchors.pop()  # it has moved on meanwhile
                continue
            fresh = [(row, place) for row, place in zip(answer.items, places, strict=True) if place > given]
            if fresh:
                yield Answer(tuple(row for row, _ in fresh), answer.more, answer.total)
                given, number, silent = fresh[-1][1], 1, 0
                anchors = [place for _, place in fresh]
            else:
                number, silent = number + 1, silent + 1
            if answer.more is False or (answer.more is None and silent >= HIDDEN_PAGES):
                return
            if silent > LONG_SILENCE:
                raise SourceChanged(f"Request Tracker says it has more tickets, but gives none for {silent} pages.")

    def _since(self, where: str, fields: Sequence[tuple[str, str]], place: Place, number: int) -> Answer:
        order = [("orderby", "LastUpdated"), ("order", "ASC"), ("orderby", "id"), ("order", "ASC")]
        at = self.moment(place[0])
        query = f"{where} AND LastUpdated >= '{at}' AND (LastUpdated > '{at}' OR id >= {place[1]})"
        return self.page("tickets", [("query", query), *fields, *order], number)

    def _judge(self, places: Sequence[Place], lowest: Place) -> None:
        if places != sorted(places) or any(place[0] < lowest[0] - SLACK for place in places):
            raise SourceChanged(
                f"Request Tracker was asked for tickets updated since {lowest[0]:%Y-%m-%dT%H:%M:%SZ}, in that order, "
                "and gave others. Nothing can be synchronised safely from it."
            )

    def _updated(self, number: int) -> datetime | None:
        rows = self.page("tickets", [("query", f"id = {number}"), ("fields", "LastUpdated")], size=1).items
        return stamp(rows[0]) if rows else None

    def by_id(self, where: str, fields: Sequence[tuple[str, str]]) -> Iterator[Item]:
        """Every ticket that fulfils ``where``, by id, each once, whatever changes meanwhile."""
        order = [("orderby", "id"), ("order", "ASC")]
        last, number, silent = 0, 1, 0
        while True:
            answer = self.page("tickets", [("query", f"{where} AND id > {last}"), *fields, *order], number)
            fresh = [row for row in answer.items if (whole(row.get("id")) or 0) > last]
            yield from fresh
            if fresh:
                last, number, silent = max(whole(row.get("id")) or 0 for row in fresh), 1, 0
            else:
                number, silent = number + 1, silent + 1
            if answer.more is False or (answer.more is None and not answer.items) or silent >= HIDDEN_PAGES:
                return

    def transactions(self, condition: str) -> Iterator[Item]:
        """What happened to tickets, in order: ``ObjectId, Type, Field, OldValue, NewValue, Created``."""
        fields = ("fields", "ObjectId,Type,Field,OldValue,NewValue,Created")
        query = f"ObjectType = 'RT::Ticket' AND {condition}"
        order = [("orderby", "id"), ("order", "ASC")]
        yield from self.listed("transactions", [("query", query), fields, *order])

    def ticket(self, number: str) -> Item | None:
        """One ticket with all its fields, also a deleted one; None when it does not exist any more."""
        found = self.http.get(f"{ROOT}/ticket/{number}", missing_ok=True)
        if found is not None and not isinstance(found, dict):
            raise SourceChanged(f"Ticket {number} of Request Tracker came in an unknown form.")
        return found

    def moment(self, at: datetime) -> str:
        """A UTC instant as this server reads it in queries."""
        return f"{at.astimezone(UTC) + self.offset:%Y-%m-%d %H:%M:%S}"

    def find_zone(self) -> timedelta:
        """Find out in which time zone dates in queries are read, from the newest ticket; UTC where there is none.

        Raises SourceChanged when no zone explains the answers: then an incremental sync would miss tickets.
        """
        order = [("orderby", "LastUpdated"), ("order", "DESC"), ("orderby", "id"), ("order", "DESC")]
        newest = self.page("tickets", [("query", "id > 0"), ("fields", "LastUpdated"), *order], size=1).items
        for _ in range(3):  # the ticket may be updated between two requests
            at = self._updated(whole(newest[0].get("id")) or 0) if newest else None
            if at is None:
                return self.offset
            try:
                self.calibrate((at, whole(newest[0].get("id")) or 0))
                return self.offset
            except SourceChanged:
                if self._updated(whole(newest[0].get("id")) or 0) == at:
                    raise
        raise SourceChanged("The newest ticket of Request Tracker is updated all the time; the next sync tries again.")

    def calibrate(self, place: Place) -> None:
        """Set the offset so that this ticket is found by exactly its own update stamp."""
        at, number = place

        def found(offset: timedelta, *, exactly: bool) -> bool:
            text = f"{at + offset:%Y-%m-%d %H:%M:%S}"
            query = f"id = {number} AND LastUpdated >= '{text}'" + (f" AND LastUpdated <= '{text}'" if exactly else "")
            return bool(self.page("tickets", [("query", query), ("fields", "LastUpdated")], size=1).items)

        if found(self.offset, exactly=True):
            return
        low, high = -WIDEST // STEP, WIDEST // STEP  # the last step at which it is found is the offset
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if found(middle * STEP, exactly=False) else (low, middle - 1)
        if not found(low * STEP, exactly=True):
            raise SourceChanged(
                f"Request Tracker does not find ticket {number} by its own update time {at:%Y-%m-%dT%H:%M:%SZ}, in no "
                "time zone. Without dates in queries nothing can be synchronised safely from it."
            )
        self.offset = low * STEP


def any_of(field: str, values: Sequence[object]) -> str:
    """A condition that holds when ``field`` has one of ``values`` (ids, or words of a lifecycle)."""
    shown = [str(v) if isinstance(v, int) or str(v).isdigit() else quoted(str(v)) for v in values]
    return "(" + " OR ".join(f"{field} = {value}" for value in shown) + ")"


def quoted(text: str) -> str:
    """A text as a value in a query."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def set_instant(column: str, text: object) -> datetime | None:
    """A date as Request Tracker writes it, UTC. Unset dates (empty, or 1970) are None; Unreadable for other text."""
    at = instant(column, text)
    return None if at is None or at.year <= 1970 else at


def stamp(row: Item) -> datetime | None:
    """When a ticket was last updated; None when unknown."""
    try:
        return set_instant("LastUpdated", row.get("LastUpdated"))
    except Unreadable:
        return None
