"""The database of records: made and upgraded by itself, only ever added to, and clear about what it cannot do."""

from __future__ import annotations

import logging
import shutil
import socket
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from impact.keeping import database as connections
from impact.keeping import migrating, revisions, schema
from impact.keeping.database import Database
from impact.model import SettingsError, StoreError
from impact.records import AgendaItem, Conflict, Frozen
from impact.state import State, open_state
from tests.record_places import Place
from tests.test_state import FEWER, NOW, PAUSE, TUESDAY

TABLES = ("audit", "decision", "frozen", "meeting", "statement")


def fill(state: State) -> None:
    """One row in every table, two revisions of the decision."""
    frozen_id = state.freeze("41", {"tickets": 12})
    meeting = state.open_meeting(TUESDAY, title="Steering")
    first = state.record(replace(PAUSE, meeting_id=meeting.id, frozen_id=frozen_id), seen_revision=0)
    state.record(replace(first, kind="roll_back"), seen_revision=1)
    state.state_impact(FEWER, seen_revision=0, rollout_on=None, today=TUESDAY)


def everything(place: Place) -> dict[str, list[object]]:
    """All rows of all tables."""
    return {table: list(place.query(f"SELECT * FROM {table} ORDER BY 1, 2")) for table in TABLES}


def test_tables_and_migrations_agree(place: Place) -> None:
    place.open()
    with place.raw() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []
        inspector = sa.inspect(connection)
        assert set(inspector.get_table_names()) == {*TABLES, "alembic_version"}
        for table in schema.METADATA.sorted_tables:
            checks = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
            own = {str(check.name) for check in table.constraints if isinstance(check, sa.CheckConstraint)}
            assert checks == own
    assert ScriptDirectory.from_config(migrating.config()).get_heads() == [schema.HEAD]


def test_the_comparison_of_tables_and_migrations_finds_a_column_that_no_migration_makes(place: Place) -> None:
    place.open()
    wanted = sa.MetaData()
    for table in schema.METADATA.sorted_tables:
        table.to_metadata(wanted)
    wanted.tables["decision"].append_column(sa.Column("mood", sa.Text))
    with place.raw() as connection:
        found = compare_metadata(MigrationContext.configure(connection), wanted)
    assert [(what, column.name) for what, _, _, column in found] == [("add_column", "mood")]


FIRST_VERSION = """
INSERT INTO frozen VALUES ('f00d', '41', '2026-12-01 09:30:15.25', '{"tickets":12}');
INSERT INTO meeting VALUES ('2026-12-01', 1, '2026-12-01 09:30:15.25', '', '2026-12-01', 'Steering', NULL, NULL,
    '[{"change_id":"desk:change:7","note":"","reasons":["worse"]}]', 'f00d', NULL);
INSERT INTO decision VALUES ('2026-12-01/desk:change:7', 1, '2026-12-01 09:30:15.25', '', 'desk:change:7', 'pause',
    'Tickets rose by 14 %.', 'Network team', '2026-12-01', NULL, '', '2026-12-15', '2027-01-12', 'worse',
    '["worse","overdue"]', '41', NULL, FALSE);
INSERT INTO statement VALUES ('desk:change:7/tickets', 1, '2026-12-01 09:30:15.25', '', 'desk:change:7', 'tickets',
    -12.5, 5, '2027-03-01', 'continue', 'fix_first', 'Fewer password resets.', FALSE, FALSE);
INSERT INTO audit VALUES (1, '2026-12-01 09:30:15.25', '', 'meeting', '2026-12-01', 1, NULL, '{}');
"""


def test_records_of_the_first_version_are_kept_when_they_are_brought_to_this_one(place: Place) -> None:
    database = Database(place.url, place.password)
    with database.writing() as connection:
        migrating.upgrade_to(connection, "0001")
        if place.kind == "postgresql":
            connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
        for statement in filter(str.strip, FIRST_VERSION.split(";\n")):
            connection.exec_driver_sql(statement.replace("%", "%%") if place.kind == "postgresql" else statement)
    database.close()
    state = place.open()
    assert place.query("SELECT version_num FROM alembic_version") == [(schema.HEAD,)]
    assert state.decisions() == (replace(PAUSE, revision=1, recorded_at=NOW),)
    assert state.statements() == (replace(FEWER, revision=1, recorded_at=NOW),)
    (meeting,) = state.meetings()
    assert meeting.agenda == (AgendaItem(change_id="desk:change:7", reasons=("worse",)),)
    assert state.frozen(str(meeting.frozen_id)) == Frozen(
        id="f00d", data_version="41", frozen_at=NOW, content={"tickets": 12}
    )
    assert state.version() == 1
    with pytest.raises(sa.exc.IntegrityError, match="only ever added to"):
        place.query("DELETE FROM decision")


def test_each_migration_runs_on_what_the_one_before_left(place: Place) -> None:
    database = Database(place.url, place.password)
    script = ScriptDirectory.from_config(migrating.config())
    for step in reversed([step.revision for step in script.walk_revisions()]):
        with database.writing() as connection:
            migrating.upgrade_to(connection, step)
        with database.reading() as connection:
            assert migrating.version_of(connection) == step
    database.close()


def test_an_upgrade_that_fails_leaves_what_was_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the power is gone")

    real = migrating.upgrade_to

    def half(connection: sa.Connection, revision: str) -> None:
        real(connection, "0001")
        fail()

    monkeypatch.setattr(migrating, "upgrade_to", half)
    with pytest.raises(StoreError, match="the power is gone"):
        place.open()
    monkeypatch.undo()
    with place.raw() as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert place.open().version() == 0


def test_records_of_a_newer_program_are_refused_and_left_alone(place: Place) -> None:
    fill(place.open())
    with place.raw() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9901'")
    before = everything(place)
    with pytest.raises(StoreError, match=r"written by a newer version of this program .*'9901'.*Nothing was changed"):
        place.open()
    assert everything(place) == before
    assert place.query("SELECT version_num FROM alembic_version") == [("9901",)]


def test_opening_tells_no_log_and_leaves_logging_as_it_is(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (list(logging.root.handlers), logging.root.level, logging.getLogger("alembic").level)
    place.open()
    assert (list(logging.root.handlers), logging.root.level, logging.getLogger("alembic").level) == before
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    assert capfd.readouterr() == ("", "")


CHANGES = {
    "sqlite": ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"),
    "postgresql": ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"),
}


@pytest.mark.parametrize("table", TABLES)
def test_the_database_itself_refuses_to_change_or_remove_a_row(place: Place, table: str) -> None:
    fill(place.open())
    before = everything(place)
    for change in CHANGES[place.kind]:
        text = change.format(table, "content" if table == "frozen" else "recorded_by")
        with pytest.raises(sa.exc.IntegrityError, match="only ever added to"), place.raw() as connection:
            connection.exec_driver_sql(text)
        assert everything(place) == before, text


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_revision_added_by_a_script_that_takes_no_lock_is_a_conflict(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = place.open()
    state.record(PAUSE, seen_revision=0)
    real = revisions.as_row

    def beaten(record: Any) -> dict[str, Any]:
        place.query(
            "INSERT INTO decision SELECT id, 2, recorded_at, recorded_by, change_id, kind, 'by a script', owner, "
            "decided_on, meeting_id, other, due_on, review_on, word, asked, data_version, frozen_id, withdrawn "
            "FROM decision RETURNING id"
        )
        return real(record)

    monkeypatch.setattr(revisions, "as_row", beaten)
    with pytest.raises(Conflict) as caught:
        state.record(replace(PAUSE, reason="mine"), seen_revision=1)
    assert caught.value.current == state.decision(PAUSE.id)
    assert [one.reason for one in state.decision_history(PAUSE.id)] == [PAUSE.reason, "by a script"]


def test_readers_do_not_wait_for_a_writer_and_see_nothing_half_written(place: Place) -> None:
    writer, reader = place.open(), place.open()
    first = writer.record(PAUSE, seen_revision=0)
    with writer._database.writing() as connection:
        revisions.add(connection, replace(PAUSE, reason="under way"), 1, at=NOW, by="")
        assert (reader.version(), reader.decisions(), writer.decision(PAUSE.id)) == (1, (first,), first)
    assert (reader.version(), reader.decision(PAUSE.id).reason) == (2, "under way")  # type: ignore[union-attr]


def test_a_writer_that_waits_too_long_for_another_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS_TO_WAIT", 1)
    one, other = place.open(), place.open()
    with one._database.writing(), pytest.raises(StoreError, match="written by somebody else for too long"):
        other.record(PAUSE, seen_revision=0)
    assert other.record(PAUSE, seen_revision=0).revision == 1


def test_many_programs_open_a_new_database_at_once_and_make_it_once(place: Place) -> None:
    gate = threading.Barrier(6)
    found: list[State | BaseException] = []

    def open_it() -> None:
        gate.wait()
        try:
            found.append(place.open())
        except BaseException as error:
            found.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [state for state in found if not isinstance(state, State)] == []
    assert len(found) == 6
    assert place.query("SELECT version_num FROM alembic_version") == [(schema.HEAD,)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("no address", "is not an SQLAlchemy address"),
        ("postgresql://u:geheim@h/d", "Move it to the key password"),
        ("mysql://u@h/d", "begins with 'mysql'"),
        ("sqlite://", "names no database"),
        ("postgresql://u@h", "names no database"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_and_never_repeated(url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told.replace("[", r"\[")) as caught:
        State(url)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://desk@db.example.com:5433/impact", "impact on db.example.com:5433"),
        ("postgresql://desk@db.example.com/impact", "impact on db.example.com"),
        ("postgresql:///impact", "impact on this computer"),
    ],
)
def test_where_the_records_are_is_said_so_that_two_servers_of_one_computer_differ(url: str, where: str) -> None:
    assert Database(url, "geheim").where == where


def test_a_wrong_password_and_a_server_that_is_away_are_said_without_the_password(records_server: object) -> None:
    url = str(records_server.url)  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="password authentication failed") as caught:
        State(url, password="geheim&wrong")
    assert "geheim" not in str(caught.value)
    assert "postgresql+psycopg" not in str(caught.value)
    with pytest.raises(StoreError, match=r"desk on 127\.0\.0\.1:1 cannot be reached") as caught:
        State("postgresql://desk@127.0.0.1:1/desk", password="geheim")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", {"connect_timeout": 3, "options": "-c statement_timeout=30s"}),
        ("?connect_timeout=2&options=-c%20statement_timeout%3D9s",
         {"connect_timeout": "2", "options": "-c statement_timeout=9s"}),
    ],
)  # fmt: skip
def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(
    query: str, told: dict[str, object], request: pytest.FixtureRequest
) -> None:
    asked: list[dict[str, object]] = []

    def noted(_dialect: object, _record: object, _given: object, more: dict[str, object]) -> None:
        asked.append(dict(more))

    sa.event.listen(sa.Engine, "do_connect", noted)
    request.addfinalizer(lambda: sa.event.remove(sa.Engine, "do_connect", noted))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StoreError, match=rf"desk on 127\.0\.0\.1:{port} cannot be reached"):
            State(f"postgresql://desk@127.0.0.1:{port}/desk{query}", password="geheim")
    kept = {"tcp_user_timeout": 5_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
    assert {name: asked[0].get(name) for name in (*told, *kept)} == {**told, **kept}


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_statement_may_take_longer_than_a_wait_for_a_lock_but_not_for_ever(place: Place) -> None:
    state = place.open()
    with state._database.reading() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
    assert connections.SECONDS_TO_WAIT < 30


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_connections_that_the_server_closed_are_made_anew(place: Place) -> None:
    state = place.open()
    fill(state)
    place.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND usename = 'desk'")  # fmt: skip
    assert state.version() == 5
    assert len(state.decision_history("2026-12-01/desk:change:7")) == 2


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"Dear diary, " * 500)
    with pytest.raises(StoreError, match=r"are damaged or not a database of this program"):
        open_state(tmp_path)
    assert (tmp_path / "records.db").read_bytes().startswith(b"Dear diary")


def test_records_are_copied_while_they_are_written_and_the_copy_opens(tmp_path: Path) -> None:
    state = open_state(tmp_path / "one")
    fill(state)
    (tmp_path / "two").mkdir()
    with sqlite3.connect(tmp_path / "one/records.db") as source, sqlite3.connect(tmp_path / "two/records.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    other = open_state(tmp_path / "two")
    assert other.decisions() == state.decisions()
    assert other.audit() == state.audit()
    state.close()
    other.close()


def test_a_file_that_was_replaced_is_opened_anew_and_one_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    state = open_state(tmp_path / "home")
    fill(state)
    assert (state.version(), len(state.decisions())) == (5, 1)
    shutil.rmtree(tmp_path / "home")
    other = open_state(tmp_path / "home")
    theirs = other.record(replace(PAUSE, reason="theirs"), seen_revision=0)
    assert (state.version(), state.decisions()) == (1, (theirs,))
    mine = state.record(replace(PAUSE, reason="mine"), seen_revision=1)
    assert other.decisions() == (mine,)
    shutil.rmtree(tmp_path / "home")
    assert (state.version(), state.decisions(), state.audit()) == (0, (), ())
    again = state.record(PAUSE, seen_revision=0)
    assert other.decisions() == (again,)
    state.close()
    other.close()


def test_the_sqlite_file_is_fit_for_many_readers_and_lasting_writes(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    with state._database.reading() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                 for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")}  # fmt: skip
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 15000}
    state.close()
