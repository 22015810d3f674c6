"""What is recorded leaves as tables: every revision, the same from SQLite and PostgreSQL, by the command line too."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet
import pytest
import sqlalchemy as sa

from impact.__main__ import main
from impact.arguments import EXPORTS, RECORDED
from impact.demo import records_home
from impact.demo_organisation.world import REPORTING
from impact.records import AgendaItem
from impact.state import RECORDED as GIVEN
from impact.state import State, open_state
from tests.record_places import Place
from tests.test_state import ANNA, FEWER, NOW, PAUSE, TUESDAY


def fill(state: State) -> None:
    """Two revisions of a decision, an agenda and a statement."""
    item = AgendaItem(change_id=PAUSE.change_id, reasons=("worse",), note='Ask, then "decide".\nTwice.')
    state.open_meeting(TUESDAY, title="Steering", agenda=(item,))
    first = state.record(PAUSE, seen_revision=0, by=ANNA)
    state.record(replace(first, kind="roll_back", due_on=None), seen_revision=1)
    state.state_impact(FEWER, seen_revision=0, rollout_on=None, today=TUESDAY)


def test_every_revision_is_a_row_with_typed_columns(place: Place) -> None:
    state = place.open(clock=lambda: NOW)
    fill(state)
    rows = state.table("decision").to_pylist()
    assert [(row["id"], row["revision"], row["kind"]) for row in rows] == [
        (PAUSE.id, 1, "pause"),
        (PAUSE.id, 2, "roll_back"),
    ]
    assert (rows[0]["recorded_at"], rows[0]["recorded_by"], rows[0]["due_on"]) == (NOW, ANNA, date(2026, 12, 15))
    assert (rows[1]["due_on"], rows[1]["withdrawn"], rows[1]["asked"]) == (None, False, '["worse","overdue"]')
    assert state.table("statement").to_pylist()[0]["expected"] == -12.5
    assert '"note":"Ask, then \\"decide\\".\\nTwice."' in state.table("meeting").to_pylist()[0]["agenda"]
    numbers = [(row["number"], row["record_table"], row["revision"]) for row in state.table("audit").to_pylist()]
    assert numbers == [(1, "meeting", 1), (2, "decision", 1), (3, "decision", 2), (4, "statement", 1)]


def test_both_databases_give_the_same_tables(tmp_path: Path, records_server: object) -> None:
    file = open_state(tmp_path, clock=lambda: NOW)
    fill(file)
    server = Place(records_server.url, records_server.password)  # type: ignore[attr-defined]
    with server.raw() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    other = server.open(clock=lambda: NOW)
    fill(other)
    for name in GIVEN:
        assert file.table(name).equals(other.table(name)), name
    file.close()
    other.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without settings."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("IMPACT_SECRETS", str(tmp_path / "secrets.toml"))
    (tmp_path / "secrets.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("demo", [False, True])
def test_the_command_line_writes_them_as_csv_and_parquet(desk: Path, demo: bool) -> None:
    today = datetime.now(ZoneInfo(REPORTING.timezone)).date()
    state = open_state(records_home(desk / "data/demo", today) if demo else desk / "data", clock=lambda: NOW)
    fill(state)
    more = ["--demo"] if demo else []
    assert main(["export", "decision", "--out", str(desk / "out.csv"), *more]) == 0
    with (desk / "out.csv").open(encoding="utf-8", newline="") as file:
        found = [(row["revision"], row["kind"], row["due_on"], row["recorded_at"]) for row in csv.DictReader(file)]
    at = "2026-12-01T09:30:15.250000Z"
    assert found == [("1", "pause", "2026-12-15", at), ("2", "roll_back", "", at)]
    for name in RECORDED:
        out = desk / f"{name}.parquet"
        assert main(["export", name, "--format", "parquet", "--out", str(out), *more]) == 0
        assert pyarrow.parquet.read_table(out).equals(state.table(name))
    state.close()


FORMULA = '=HYPERLINK("http://evil.example","Open")'


@pytest.mark.parametrize(
    ("table", "column", "written"),
    [
        ("decision", "reason", f"'{FORMULA}"),
        ("decision", "other", "'-1+1"),
        ("meeting", "title", "'+1"),
        ("statement", "note", "'-cmd|' /C calc'!A0"),
        ("statement", "expected", "-12.5"),
        ("decision", "id", PAUSE.id),
    ],
)
def test_no_text_that_somebody_typed_is_a_formula_in_the_file(
    desk: Path, table: str, column: str, written: str
) -> None:
    state = open_state(desk / "data", clock=lambda: NOW)
    state.record(replace(PAUSE, kind="other", other="-1+1", reason=FORMULA), seen_revision=0)
    state.open_meeting(TUESDAY, title="+1")
    state.state_impact(
        replace(FEWER, note="-cmd|' /C calc'!A0"), seen_revision=0, rollout_on=None, today=TUESDAY
    )  # fmt: skip
    state.close()
    out = desk / "out.csv"
    assert main(["export", table, "--out", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert [row[column] for row in csv.DictReader(file)] == [written]
    assert main(["export", table, "--format", "parquet", "--out", str(desk / "out.parquet")]) == 0
    assert str(pyarrow.parquet.read_table(desk / "out.parquet").column(column)[0]) == written.removeprefix("'")


def test_the_command_line_reads_the_database_of_the_settings(desk: Path, records_server: object) -> None:
    server = Place(records_server.url, records_server.password)  # type: ignore[attr-defined]
    with server.raw() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    state = server.open()
    fill(state)
    state.close()
    (desk / "secrets.toml").write_text(f'[records]\nurl = "{server.url}"\npassword = "{server.password}"\n')
    assert main(["export", "audit", "--out", str(desk / "out.csv")]) == 0
    assert len((desk / "out.csv").read_text(encoding="utf-8").splitlines()) == 5
    assert not (desk / "data/records.db").exists()


def test_what_a_file_holds_moves_to_postgresql_unchanged_and_only_into_an_empty_database(
    desk: Path, records_server: object, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Place(records_server.url, records_server.password)  # type: ignore[attr-defined]
    with server.raw() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    file = open_state(desk / "data", clock=lambda: NOW)
    fill(file)
    frozen_id = file.freeze("41", {"tickets": 12, "low": 1e-7})
    assert main(["copy-records"]) == 2
    assert "[records] url is not set" in capsys.readouterr().err
    (desk / "secrets.toml").write_text(f'[records]\nurl = "{server.url}"\npassword = "{server.password}"\n')
    assert main(["copy-records"]) == 0
    assert "10 rows copied" in capsys.readouterr().out
    moved = server.open()
    for name in RECORDED:
        assert moved.table(name).equals(file.table(name)), name
    assert moved.frozen(frozen_id) == file.frozen(frozen_id)
    assert moved.version() == file.version() == 5
    later = moved.record(replace(PAUSE, kind="continue"), seen_revision=2)
    assert moved.audit(1)[0].revision == later.revision == 3
    assert main(["copy-records"]) == 1
    assert "are not empty: nothing was copied" in capsys.readouterr().err
    moved.close()
    file.close()


def test_what_is_written_while_records_are_copied_is_in_the_copy_wholly_or_not_at_all(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, writer = place.open(clock=lambda: NOW), place.open(clock=lambda: NOW)
    fill(source)
    insert, written = sa.Connection.execute, []

    def execute(self: sa.Connection, statement: Any, *given: Any, **more: Any) -> Any:
        if isinstance(statement, sa.Insert) and not written:  # the first table has been read
            written.append(statement.table.name)
            writer.record(replace(PAUSE, kind="continue"), seen_revision=2)
        return insert(self, statement, *given, **more)

    before = {name: source.table(name) for name in GIVEN}
    target = State(f"sqlite:///{tmp_path / 'copy.db'}")
    monkeypatch.setattr(sa.Connection, "execute", execute)
    target.copy_from(source)
    monkeypatch.undo()
    assert written == ["audit"]
    assert source.version() == 5
    for name in GIVEN:
        assert target.table(name).equals(before[name]), name
    target.close()


def test_nothing_recorded_is_said_and_makes_no_file(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "audit", "--out", str(desk / "out.csv")]) == 2
    assert "Nothing is recorded in" in capsys.readouterr().err
    assert not (desk / "out.csv").exists()
    assert not (desk / "data/records.db").exists()


def test_the_command_line_lists_what_can_be_exported() -> None:
    assert RECORDED == GIVEN
    assert set(RECORDED) < set(EXPORTS)


def test_a_date_in_the_past_is_kept_to_the_microsecond(tmp_path: Path) -> None:
    at = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    state = open_state(tmp_path, clock=lambda: at)
    assert state.record(PAUSE, seen_revision=0).recorded_at == at
    assert state.decision_history(PAUSE.id)[0].recorded_at == at
    assert state.table("decision").to_pylist()[0]["recorded_at"] == at
    state.close()
