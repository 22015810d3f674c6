"""A small system of no vendor, and a connector for it that keeps every promise unless told otherwise. Knows the
contract only: each bad habit that the connector can be given breaks one check.

The system pages by offset, oldest update first, and says whether there is more; sessions are given out for a password.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from connectors import Connector, Page, Payload, Stream
from connectors.http import Http
from connectors.paging import side_by_side
from connectors.patience import NO_PATIENCE
from connectors.settings import SystemSettings, setting
from connectors.values import guarded, instant, text_of
from impact.model import (
    Rejected,
    Row,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
    Ticket,
    row_id,
)
from tests.dialect import SECRET, Dialect, Reply, Request

SIZE = 5
LONGEST_SILENCE = 8


class Vendor(Dialect):
    """The system: ``/session``, ``/tickets`` in the order of updates, ``/ids``."""

    kind = "model"
    streams = ("tickets",)
    sessions = 0

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "password": SECRET, "page_size": SIZE}

    def signed_in(self, request: Request) -> bool:
        if request.path == "/session":
            return request.json() == {"password": SECRET}
        return not self.expired and request.headers.get("x-session") == f"{SECRET}-{self.sessions}"

    def make(self, stream: str, number: int, at: datetime) -> dict[str, Any]:
        return {"id": f"T{number}", "opened": at.isoformat(), "updated": at.isoformat()}

    def stamp(self, stream: str, record: dict[str, Any], at: datetime) -> None:
        record["updated"] = at.isoformat()

    def error_in_200(self) -> Reply:
        return Reply({"error": "the database is away"})

    def answer(self, request: Request) -> Reply:
        if request.path == "/session":
            self.sessions, self.expired = self.sessions + 1, False
            return Reply({"session": f"{SECRET}-{self.sessions}"})
        since = "" if "ignores_filter" in self.quirks else request.get("since")
        rows = [row for row in self.records["tickets"] if row["updated"] >= since]
        rows.sort(key=lambda row: (row["updated"], row["id"]))
        offset = int(request.get("offset", "0"))
        items = self.page(rows, offset, SIZE)
        return Reply({"items": items, "more": self.more(rows, offset, SIZE), "total": self.total(rows)})


@dataclass(frozen=True, kw_only=True)
class ModelSettings(SystemSettings):
    """The system's address and a password; ``habits`` are what the connector does wrong."""

    MOST_A_PAGE: ClassVar[int] = SIZE
    password: str = setting("Password", "", secret=True)
    parallel: int = setting("Requests at the same time", 4)
    habits: tuple[str, ...] = setting("Bad habits", ())


def sign_in(http: Http) -> Mapping[str, str]:
    """A session for the password."""
    answer = http.post("session", body={"password": SECRET})
    return {"X-Session": answer.data["session"]}


class FollowsAnywhere(Http):
    """Goes wherever it is sent."""

    def _redirected(self, response: Any) -> str:
        return str(response.headers["Location"])


def open_session(own: ModelSettings) -> Http:
    """A session with the system."""
    if "no patience" in own.habits:
        return Http(own.url, sign_in=sign_in, patience=NO_PATIENCE)
    if "comes in crowds" in own.habits:
        return Http(own.url, sign_in=sign_in)
    if "opens no new session" in own.habits:
        return Http(own.url, headers=sign_in(Http(own.url)))
    if "follows anywhere" in own.habits:
        return FollowsAnywhere(own.url, sign_in=sign_in)
    http = own.session(sign_in=sign_in)
    if "makes no pause" in own.habits:
        for adapter in http._session.adapters.values():
            adapter.max_retries.respect_retry_after_header = False  # type: ignore[attr-defined]
        http._pace.hold = lambda seconds: None  # type: ignore[method-assign]
    return http


def fetch(http: Http, own: ModelSettings, since: datetime | None) -> Iterator[Page]:
    """Pages of tickets in the order of their updates."""
    try:
        yield from _pages(http, own, since)
    except SourceError as error:
        if "takes every error for the end" not in own.habits:
            _tell(own, error)
    except (KeyError, TypeError, AttributeError):
        raise SourceChanged("The list came in an unknown form.") from None


def _tell(own: ModelSettings, error: SourceError) -> None:
    if "logs the password" in own.habits:
        logging.getLogger("model").warning("failed with %s", own.password)
    if "tells the password" in own.habits:
        raise type(error)(f"{error} Password: {own.password}")
    if "every error is a refusal" in own.habits:
        raise SourceRefused(str(error))
    raise error


def _pages(http: Http, own: ModelSettings, since: datetime | None) -> Iterator[Page]:
    habits = own.habits
    _answer(http, own, None, 0)  # it comes with the server's time
    now = datetime.now(UTC) if "own clock" in habits else http.server_time or datetime.now(UTC)
    begin = now - timedelta(minutes=0.0 if "own clock" in habits else own.overlap_minutes)
    if "everything again" in habits:
        since = None
    begins, offset, silent = since, 0, 0
    given: dict[str, str] = {}
    while True:
        answer = _answer(http, own, begins, offset)
        if "believes what is told" in habits and "error" in answer:
            return
        items = answer["items"]
        if begins and "believes the filter" not in habits and any(_at(row) < begins for row in items):
            raise SourceChanged("The server gave tickets that were not asked for.")
        fresh = [row for row in items if given.get(row["id"]) != row["updated"]]
        if "gives pages as they come" in habits:
            fresh = items
        if "reads to its beginning" in habits:
            fresh = [row for row in fresh if _at(row) <= now]
        if since and "leaves out the first second" in habits:
            fresh = [row for row in fresh if _at(row) > since]
        given.update((row["id"], row["updated"]) for row in fresh)
        silent = 0 if fresh else silent + 1
        if fresh:
            earned = _at(fresh[-1]) - timedelta(minutes=own.overlap_minutes)
            bookmark = begin if "moves on too early" in habits else max(earned, since or earned)
            kept = None if "moves on at the end" in habits else bookmark
            yield Page(tuple(_slim(row, own) for row in fresh), kept, cursor=_cursor(own))
        if _ends(answer, items, offset, own) or silent > LONGEST_SILENCE:
            break
        newest = _at(items[-1]) if items else begins
        if "counts its way" in habits:
            offset += SIZE
        elif "skips to the next second" in habits and newest:
            begins = newest + timedelta(seconds=1)
        elif newest is not None and newest != begins:
            begins, offset = newest, 0
        elif fresh or not items or silent > 1 or "gives pages as they come" in habits:
            offset += SIZE  # a page that brings nothing new is asked for once more
    yield Page((), begin + timedelta(minutes=20) if "moves on too far" in habits else begin)


def _ends(answer: Any, items: list[Any], offset: int, own: ModelSettings) -> bool:
    if "believes in full pages" in own.habits and len(items) < SIZE:
        return True
    if "believes the total" in own.habits and offset + len(items) >= answer["total"]:
        return True
    if "fails on nothing" in own.habits:
        return not items[0]
    return not answer["more"]


def _answer(http: Http, own: ModelSettings, since: datetime | None, offset: int) -> Any:
    asked = _asked(own, since, offset)
    if "insists" in own.habits:
        for _ in range(3):
            try:
                return http.get("tickets", asked)
            except SourceError:
                continue
    if "never gives up" in own.habits:
        for _ in range(35):
            try:
                return http.get("tickets", asked)
            except SourceUnavailable:
                continue
    if "comes in crowds" in own.habits:
        answers = side_by_side(lambda n: http.get("tickets", asked), range(8), workers=8)
        return next(iter(answers))
    return http.get("tickets", asked)


def _asked(own: ModelSettings, since: datetime | None, offset: int) -> list[tuple[str, str]]:
    asked = [("offset", str(offset)), ("since", since.isoformat() if since else "")]
    return [*asked, ("key", own.password)] if "asks with the password" in own.habits else asked


def _at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["updated"])


def _slim(row: Mapping[str, Any], own: ModelSettings) -> dict[str, Any]:
    kept = {key: row[key] for key in ("id", "opened", "updated")}
    return kept | ({"id": kept["id"].lower()} if "changes keys" in own.habits else {})


def _cursor(own: ModelSettings) -> str | None:
    return f"password={own.password}" if "keeps the password" in own.habits else None


def resume(http: Http, own: ModelSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from a cursor on; this system has none that it could be asked for."""
    if "chokes on old cursors" in own.habits:
        raise SourceChanged("There is no such cursor.")
    yield from fetch(http, own, since)


def ids(http: Http, own: ModelSettings) -> Iterator[list[str]]:
    """Keys of all tickets there are."""
    seen: set[str] = set()
    for offset in range(0, 10_000, SIZE - 2):
        try:
            answer = http.get("tickets", [("offset", str(offset))])
        except SourceError:
            if "takes every error for the end of a sweep" in own.habits:
                return
            raise
        found = [row["id"] for row in answer["items"] if row["id"] not in seen]
        seen.update(found)
        yield found
        if not answer["more"] or ("sweeps full pages only" in own.habits and len(answer["items"]) < SIZE):
            return


@guarded("id")
def convert(payload: Payload, own: ModelSettings) -> Iterator[Row | Rejected]:
    """One ticket."""
    key, opened = text_of(payload.get("id")), instant("opened", payload.get("opened"))
    if key is None or opened is None:
        raise KeyError("id")
    yield Ticket(
        id=row_id(own.name, "ticket", key), source=own.name, source_key=key, number=key, opened_at=opened, status="open"
    )


def check(http: Http, own: ModelSettings) -> Iterator[str]:
    """What is there."""
    if "checks in Python" in own.habits:
        yield repr(http)
    if "checks nothing" not in own.habits:
        try:
            yield f"signed in; {http.get('tickets').get('total')} tickets"
        except SourceError:
            if "passes over errors" not in own.habits:
                raise
            yield "signed in"


MODEL = Connector(
    kind="model",
    title="Model",
    settings=ModelSettings,
    streams=(
        Stream(
            "tickets",
            ("ticket",),
            fetch,
            convert,
            key=lambda payload: str(payload["id"]),
            updated_at=_at,
            resume=resume,
            ids=ids,
        ),
    ),
    open=open_session,
    check=check,
)


def with_habits(*habits: str) -> Callable[[], Dialect]:
    """A maker of dialects whose settings give the connector these habits."""

    class Spoilt(Vendor):
        def settings(self, url: str) -> dict[str, Any]:
            return {**super().settings(url), "habits": habits}

    return Spoilt
