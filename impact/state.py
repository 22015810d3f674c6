"""What people record: meetings, decisions, statements of expected impact, frozen figures, and who wrote what when.

The way in to ``impact.keeping``. Knows records and one database (a SQLite file or PostgreSQL); knows no source, no
estimate and no layout. Everything is only ever added: an edit is a new revision, and each write is one line of the
audit. A ``State`` may be used by many threads, and its database by many processes, at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from impact.keeping import schema
from impact.keeping.checking import (
    LARGEST,
    LONGEST,
    RecordRefused,
    checked_decision,
    checked_meeting,
    checked_person,
    checked_statement,
)
from impact.keeping.database import Database, Taken
from impact.keeping.migrating import bring_to_head
from impact.keeping.moving import copy_all
from impact.keeping.plain import Kept, entry_from_row, frozen_from_row, in_utc
from impact.keeping.revisions import (
    Line,
    add,
    all_newest,
    frozen_row,
    history,
    is_frozen,
    line,
    log,
    newest,
    since,
    version,
)
from impact.records import (
    AgendaItem,
    AuditEntry,
    Conflict,
    Decision,
    Frozen,
    Meeting,
    Statement,
    decision_id,
    meeting_id,
    statement_id,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "FILE",
    "LARGEST",
    "LONGEST",
    "RECORDED",
    "RecordRefused",
    "State",
    "decision_id",
    "meeting_id",
    "open_state",
    "statement_id",
]
FILE = "records.db"
"""The SQLite file in the data folder."""
RECORDED = ("meeting", "decision", "statement", "audit")
"""What ``State.table`` can give."""
FROZEN_ID_LENGTH = 20
"""Hexadecimal digits of a SHA-256 that name frozen figures: 80 bits."""


def _now() -> datetime:
    return datetime.now(UTC)


def open_state(home: Path, *, url: str = "", password: str = "", clock: Callable[[], datetime] = _now) -> State:
    """The records of a data folder: those at ``url`` where that is set, else the file ``records.db`` in it."""
    address = url or URL.create("sqlite", database=str(home / FILE)).render_as_string()
    return State(address, password=password, clock=clock)


class State:
    """The records in one database, which is made or brought to this version when it is opened.

    ``clock`` gives the instant a write is dated with (with an offset from UTC); an import may give one in the past.
    Writers take ``by``, the keyed hash of who writes or nothing. Raises StoreError, in a sentence without the password,
    where the database cannot be reached, read or written; SettingsError where the address is none.
    """

    def __init__(self, url: str, *, password: str = "", clock: Callable[[], datetime] = _now):
        self._database = Database(url, password)
        self._clock = clock
        self._known: dict[type[Any], tuple[Line | None, tuple[Any, ...]]] = {}
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise
        self._database.watch(self._open)

    def _open(self) -> None:
        self._known.clear()
        bring_to_head(self._database)

    @property
    def where(self) -> str:
        """Where the records are, in words that may be shown."""
        return self._database.where

    @property
    def read_only(self) -> bool:
        """Whether everything can be read and nothing recorded."""
        return self._database.read_only

    def close(self) -> None:
        """Give all connections back."""
        self._database.close()

    def version(self) -> int:
        """Grows by one with every write, whoever made it; 0 while nothing is recorded."""
        with self._database.reading() as connection:
            return version(connection)

    def told_apart(self) -> str:
        """Another text after every write, and where another database or a backup was put in the place of this one:
        fit to be a cache's key."""
        with self._database.reading() as connection:
            return f"{self.where} {line(connection)}"

    def meetings(self) -> tuple[Meeting, ...]:
        """All meetings as they are now, the latest day first."""
        return self._all(Meeting, lambda meeting: (meeting.held_on, meeting.id))

    def meeting(self, id: str) -> Meeting | None:
        """One meeting as it is now."""
        return self._one(Meeting, id)

    def meeting_history(self, id: str) -> tuple[Meeting, ...]:
        """All revisions of a meeting and its agenda, oldest first."""
        return self._history(Meeting, id)

    def open_meeting(
        self,
        held_on: date,
        *,
        title: str,
        team_id: str | None = None,
        next_on: date | None = None,
        agenda: Sequence[AgendaItem] = (),
        by: str = "",
    ) -> Meeting:
        """The meeting of that day and team as it is; where there is none, it is made as given."""
        wanted = Meeting(
            id=meeting_id(held_on, team_id),
            held_on=held_on,
            title=title,
            team_id=team_id,
            next_on=next_on,
            agenda=tuple(agenda),
        )
        if (there := self.meeting(wanted.id)) is not None:
            return there
        try:
            return self._save(checked_meeting(wanted), 0, by)
        except Conflict:  # somebody else opened it meanwhile
            return self.meeting(wanted.id) or wanted

    def change_meeting(self, meeting: Meeting, *, seen_revision: int, by: str = "") -> Meeting:
        """Record a meeting with another agenda, title, next day, pack or end. Raises Conflict where somebody else did
        since ``seen_revision``, RecordRefused for what cannot be recorded."""
        return self._save(checked_meeting(meeting), seen_revision, by)

    def decisions(self) -> tuple[Decision, ...]:
        """All decisions as they are now, withdrawn ones too, the latest day first; of one day the one first recorded
        last."""
        return self._all(Decision, lambda decision: (decision.decided_on, decision.first_at, decision.id))

    def decision(self, id: str) -> Decision | None:
        """One decision as it is now."""
        return self._one(Decision, id)

    def decision_history(self, id: str) -> tuple[Decision, ...]:
        """All revisions of a decision, oldest first."""
        return self._history(Decision, id)

    def record(self, decision: Decision, *, seen_revision: int, by: str = "") -> Decision:
        """Record a decision, or a new revision of one; gives it as it is kept.

        ``seen_revision`` is the revision the writer had in front of them, 0 for none. Where that is not the newest,
        nothing is written and Conflict holds the newest. What says the same as the newest is no new revision. Raises
        RecordRefused for what cannot be recorded.
        """
        return self._save(checked_decision(decision), seen_revision, by)

    def statements(self) -> tuple[Statement, ...]:
        """The impact register as it is now, withdrawn statements too, by change and measure."""
        found = self._all(Statement, lambda statement: statement.id)
        return found[::-1]

    def statement(self, id: str) -> Statement | None:
        """One statement as it is now."""
        return self._one(Statement, id)

    def statement_history(self, id: str) -> tuple[Statement, ...]:
        """All revisions of a statement, oldest first."""
        return self._history(Statement, id)

    def state_impact(
        self, statement: Statement, *, seen_revision: int, rollout_on: date | None, today: date, by: str = ""
    ) -> Statement:
        """Record an expected effect; like ``record``. From the day of the rollout on, a revision is kept and marked
        ``after_rollout``, whatever the statement itself says about that. Which one is judged: ``impact.register``."""
        checked = checked_statement(statement, rollout_on=rollout_on)
        late = rollout_on is not None and today >= rollout_on
        return self._save(replace(checked, after_rollout=late), seen_revision, by)

    def statement_histories(self) -> Mapping[str, tuple[Statement, ...]]:
        """All revisions of every statement by its id, oldest first, in one look at the database."""
        with self._database.reading() as connection:
            found = groupby(history(connection, Statement), key=lambda one: one.id)
            return {id: tuple(revisions) for id, revisions in found}

    def freeze(self, version: str, content: Mapping[str, Any], *, by: str = "") -> str:
        """Keep figures as they are shown at a version of the data; gives the id under which they stay as they are.

        ``content`` is plain JSON. The same content at the same version has the same id and is kept once.
        """
        try:
            text = schema.canonical(dict(content))
            digest = hashlib.sha256(f"{version}\n{text}".encode()).hexdigest()
        except (TypeError, ValueError) as error:
            raise RecordRefused("content", f"Only plain JSON can be frozen: {error}.") from None
        id, person = digest[:FROZEN_ID_LENGTH], checked_person(by)
        if self.frozen(id) is not None:
            return id
        with self._database.writing() as connection:
            if not is_frozen(connection, id):
                now = in_utc(self._clock())
                row = {"id": id, "data_version": version, "frozen_at": now, "content": text}
                connection.execute(schema.FROZEN.insert(), row)
                after = {"data_version": version, "sha256": digest, "characters": len(text)}
                log(connection, "frozen", (id, 1), None, after, at=now, by=person)
        return id

    def frozen(self, id: str) -> Frozen | None:
        """Figures frozen under an id."""
        with self._database.reading() as connection:
            row = frozen_row(connection, id)
        return None if row is None else frozen_from_row(row)

    def audit(self, most: int | None = None) -> tuple[AuditEntry, ...]:
        """Every write, the newest first; ``most`` of them where that is given."""
        query = sa.select(schema.AUDIT).order_by(schema.AUDIT.c.number.desc()).limit(most)
        with self._database.reading() as connection:
            return tuple(entry_from_row(row) for row in connection.execute(query).mappings())

    def table(self, name: str) -> pa.Table:
        """One of ``RECORDED`` for a file: every revision there ever was, or every line of the audit."""
        from impact.keeping.exporting import read  # Arrow takes a while to load, and pages need none

        with self._database.reading() as connection:
            return read(connection, schema.METADATA.tables[name])

    def copy_from(self, other: State) -> int:
        """Take over everything another database holds, unchanged; gives the number of rows. This one must be empty."""
        return copy_all(other._database, self._database)

    def _save(self, record: Kept, seen_revision: int, by: str) -> Kept:
        person = checked_person(by)
        try:
            with self._database.writing() as connection:
                return add(connection, record, seen_revision, at=in_utc(self._clock()), by=person)
        except Taken:  # by a writer that does not take the lock, such as an SQL script
            current = self._one(type(record), record.id)
            if current is None or current.revision == seen_revision:
                raise
            raise Conflict(current) from None

    def _all(self, kind: type[Kept], order: Callable[[Kept], Any]) -> tuple[Kept, ...]:
        """Every record as it is now, in descending order. After a write only what was written is read."""
        found: tuple[Kept, ...]
        new: list[Kept]
        known, found = self._known.get(kind, (None, ()))
        with self._database.reading() as connection:
            now = line(connection)
            if known == now:
                return found
            if known is not None and known == line(connection, known[0]):
                new = since(connection, kind, known[0])
            else:
                found, new = (), all_newest(connection, kind)
        if new:
            by_id = {one.id: one for one in (*found, *new)}
            found = tuple(sorted(by_id.values(), key=order, reverse=True))
        self._known[kind] = (now, found)
        return found

    def _one(self, kind: type[Kept], id: str) -> Kept | None:
        with self._database.reading() as connection:
            return newest(connection, kind, id)

    def _history(self, kind: type[Kept], id: str) -> tuple[Kept, ...]:
        with self._database.reading() as connection:
            return tuple(history(connection, kind, id))
