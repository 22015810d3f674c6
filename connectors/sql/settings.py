"""The keys of a source of kind ``sql``: where the database is, one query a table, what its words mean. No I/O."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from impact.model import STAMPED, TABLES, SettingsError, fields

KEY, UPDATED, PERSON = "key", "updated_at", "person"
DIMENSIONS = tuple(next(f.choices for f in fields("segment") if f.name == "dimension"))
PEOPLE = {"ticket": "person_key", "change": "sponsor_key"}
"""The field of a table that stands for a person: the query names it ``person``; it is hashed before it is stored."""
LINKS = {
    "service_id": "service",
    "team_id": "team",
    "owner_team_id": "team",
    "segment_id": "segment",
    "change_id": "change",
    "caused_by_change_id": "change",
    "ticket_id": "ticket",
}
_OWN = STAMPED | {"id", "source", "source_key", "source_updated_at", "score_ratio"}
_READS = re.compile(r"\s*(select|with|values|table)\b", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(--[^\n]*\n|/\*.*?\*/)", re.DOTALL)


def columns_of(table: str) -> tuple[str, ...]:
    """The column names a query for ``table`` may give its columns."""
    names = [f.name for f in fields(table) if f.name not in _OWN | {PEOPLE.get(table)} and f.type is not tuple]
    person = [PERSON] if table in PEOPLE else []
    groups = [f"segment_{d}" for d in DIMENSIONS] if any(f.name == "segment_ids" for f in fields(table)) else []
    return (KEY, UPDATED, *names, *person, *groups)


def _key(help: str, default: Any = dataclasses.MISSING, *, secret: bool = False, factory: Any = None) -> Any:
    metadata = {"help": help, "secret": secret}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class SqlSettings:
    """Keys of a source of kind ``sql``."""

    name: str = _key("Name of the source, from its section")
    url: str = _key("SQLAlchemy address without a password, such as 'postgresql+psycopg://reader@dw.example.com/itsm'")
    password: str = _key("Password of the user in url; '' = the database asks for none", "", secret=True)
    queries: Mapping[str, str] = _key(
        f"One SELECT per table ({', '.join(TABLES)}); its column names are our field names, with key (the row's own "
        "key), updated_at (the watermark: only rows from there on are read again), person, segment_location, ...",
        factory=dict,
    )
    values: Mapping[str, Any] = _key(
        "Per table and field: the database's words to ours, such as change.status.done = ['Closed', 'Live']",
        factory=dict,
    )
    timezone: str = _key("Where timestamps without an offset are, such as 'Europe/Berlin'", "")
    start: str = _key("Rows updated before this date are not read, such as 2024-01-01; '' = all", "")
    overlap_minutes: int = _key("Read again this far before the watermark: a row may be committed late", 10)
    page_rows: int = _key("Rows fetched from the database at once", 5_000)

    def __post_init__(self) -> None:
        _ = self.address
        if self.timezone:
            self._zone()
        self._start()
        if not self.queries:
            raise SettingsError("lacks queries: one SELECT per table, such as queries.ticket = 'SELECT ...'.")
        for table, query in self.queries.items():
            if table not in TABLES:
                raise SettingsError(f"queries.{table}: there is no such table.{_close(table, TABLES)} "
                                    f"Tables: {', '.join(TABLES)}.")  # fmt: skip
            if not isinstance(query, str) or not _READS.match(_without_comments(query)):
                raise SettingsError(f"queries.{table} does not begin with SELECT or WITH. Only reading is allowed.")
            if ";" in query.strip().rstrip(";"):
                raise SettingsError(f"queries.{table} holds a ';' inside. Write one SELECT and nothing else.")
        if self.page_rows < 1 or self.overlap_minutes < 0:
            raise SettingsError(
                f"page_rows = {self.page_rows} and overlap_minutes = {self.overlap_minutes}: "
                "page_rows is 1 or more, overlap_minutes 0 or more."
            )
        self._words()

    @property
    def address(self) -> URL:
        """Where the database is, with the password. Raises SettingsError for what is no address."""
        try:
            url = make_url(self.url)
        except ArgumentError:
            raise SettingsError(
                "url is not an SQLAlchemy address such as 'postgresql+psycopg://user@host/base'."
            ) from None
        if url.password:
            raise SettingsError("url holds a password, and addresses are shown. Move it to the key password.")
        return url.set(password=self.password) if self.password else url

    def query(self, table: str) -> str:
        """The query of a table without the closing semicolon."""
        return self.queries[table].strip().rstrip(";")

    def words(self, table: str, field: str) -> Mapping[str, str]:
        """Lower-case word of the database -> ours, for one field."""
        return _turned(self.values.get(table, {}).get(field, {}))

    def _words(self) -> None:
        for table, given in self.values.items():
            if table not in self.queries or not isinstance(given, Mapping):
                raise SettingsError(f"values.{table}: there is no query for {table!r}. Write values.ticket.status, "
                                    f"for one of: {', '.join(self.queries)}.")  # fmt: skip
            known = {f.name: f for f in fields(table)}
            for field, words in given.items():
                if field not in known or not isinstance(words, Mapping):
                    raise SettingsError(f"values.{table}.{field}: {table} has no such field, or it is no table of "
                                        f"words.{_close(field, known)}")  # fmt: skip
                choices = known[field].choices
                wrong = [ours for ours in _turned(words).values() if choices and ours not in choices]
                if wrong:
                    raise SettingsError(f"values.{table}.{field}: {wrong[0]!r} is not one of {', '.join(choices)}.")

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                f"timezone = {self.timezone!r} is not a known time zone such as 'Europe/Berlin' or 'UTC'."
            ) from None

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of timestamps without an offset; None refuses them."""
        return self._zone() if self.timezone else None

    def _start(self) -> None:
        if self.start and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.start):
            raise SettingsError(f"start = {self.start!r} is not a date such as 2024-01-01.")


def _turned(given: Mapping[str, Any]) -> dict[str, str]:
    """``done = ["Closed", "Live"]`` or ``"Closed" = "done"``, both as word -> ours."""
    found: dict[str, str] = {}
    for left, right in given.items():
        pairs = [(word, left) for word in right] if isinstance(right, list | tuple) else [(left, right)]
        found |= {str(word).strip().lower(): str(ours) for word, ours in pairs}
    return found


def _without_comments(query: str) -> str:
    while match := _COMMENT.match(query):
        query = query[match.end() :]
    return query


def _close(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
