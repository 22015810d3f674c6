"""Databases as a source: against a real PostgreSQL and SQLite, rows arrive whole, once, and only when they changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import connectors
from connectors import Page
from connectors.sql.reading import plain
from impact import sync, trying
from impact.model import SettingsError, SourceChanged, SourceRefused, SourceUnavailable
from impact.pulling import source
from impact.settings import Reporting, Settings
from impact.store import Store
from tests import postgres

SQL = connectors.load("sql")
SCHEMA = """
CREATE TABLE calls (no integer PRIMARY KEY, what text, opened timestamp NOT NULL, solved timestamp, site text,
                    service text, caller text, state text, moved integer, changed timestamptz NOT NULL);
CREATE TABLE projects (code text PRIMARY KEY, name text, live timestamp, state text,
                       cost numeric(12, 2), changed timestamp);
CREATE TABLE touched (code text, service text);
CREATE TABLE steps (id integer PRIMARY KEY, code text, name text, side text, due date, done date);
CREATE TABLE asked (id integer PRIMARY KEY, call integer, sent timestamp, answered timestamp, score integer);
INSERT INTO calls SELECT n, CASE WHEN n % 3 = 0 THEN 'Incident' ELSE 'Request' END,
    timestamp '2026-01-01 08:00' + n * interval '3 hours', timestamp '2026-01-01 10:00' + n * interval '3 hours',
    CASE WHEN n % 2 = 0 THEN 'Lyon' ELSE 'Porto' END, 'Service ' || (n % 4), 'Person ' || n, 'Shut', n % 3,
    timestamptz '2026-01-01 12:00+00' + n * interval '3 hours' FROM generate_series(1, 1200) AS n;
INSERT INTO projects VALUES ('P1', 'New tills', '2026-03-01 20:00', 'Live', 1200.50, '2026-03-02 08:00'),
    ('P2', 'Refused idea', NULL, 'Rejected', NULL, '2026-03-03 08:00');
INSERT INTO touched VALUES ('P1', 'Service 1'), ('P1', 'Service 2');
INSERT INTO steps VALUES (1, 'P1', 'Cashiers trained', 'people', '2026-02-20', '2026-02-24'),
    (2, 'P1', 'Review', 'people', '2026-04-01', NULL);
INSERT INTO asked SELECT n, n, timestamp '2026-01-02 08:00' + n * interval '3 hours',
    CASE WHEN n % 2 = 0 THEN timestamp '2026-01-02 09:00' + n * interval '3 hours' END,
    CASE WHEN n % 2 = 0 THEN n % 5 + 1 END FROM generate_series(1, 300) AS n;
"""
QUERIES = {
    "ticket": "SELECT no AS key, changed AS updated_at, what AS kind, opened AS opened_at, solved AS resolved_at, "
    "solved AS first_resolved_at, state AS status, moved AS reassigned_count, service AS service_id, "
    "site AS segment_location, caller AS person FROM calls",
    "change": "SELECT code AS key, changed AS updated_at, name AS title, live AS rollout_start_at, state AS status, "
    "cost AS planned_cost FROM projects;",
    "change_service": "SELECT code || '|' || service AS key, code AS change_id, service AS service_id FROM touched",
    "milestone": 'SELECT id AS key, code AS change_id, name AS title, side AS "end", due AS due_on, done AS done_on, '
    "CASE WHEN done IS NULL THEN 'open' ELSE 'done' END AS status FROM steps",
    "satisfaction_response": "SELECT id AS key, call AS ticket_id, sent AS asked_at, answered AS answered_at, "
    "score AS score_raw, 1 AS scale_min, 5 AS scale_max FROM asked",
}
VALUES = {
    "ticket": {"status": {"closed": ["Shut"]}},
    "change": {"status": {"done": ["Live"], "cancelled": ["Rejected"]}},
    "milestone": {"end": {"business": ["people"]}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    if postgres.find_binaries() is None:
        missing = f"PostgreSQL is not installed: apt-get install {' '.join(postgres.PACKAGES)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with postgres.running() as found:
        yield found


@pytest.fixture
def database(server: postgres.Postgres) -> Iterator[sa.Engine]:
    """An engine of the owner, on tables made anew."""
    engine = sa.create_engine(sa.make_url(server.url).set(password=server.password))
    with engine.begin() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
        connection.exec_driver_sql(SCHEMA.replace("%", "%%"))
    yield engine
    engine.dispose()


def section(server: postgres.Postgres, **keys: Any) -> dict[str, Any]:
    own = {"kind": "sql", "url": server.url, "password": server.password, "queries": QUERIES, "values": VALUES}
    return {**own, "timezone": "Europe/Berlin", "page_rows": 100, **keys}


def settings_for(home: Path, server: postgres.Postgres, **keys: Any) -> Settings:
    return Settings(home, {"desk": section(server, **keys)}, Reporting(timezone="Europe/Berlin"))


def query(home: Path, text: str) -> list[tuple[Any, ...]]:
    table = Store(home, zone="Europe/Berlin").snapshot().query(text)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_a_sync_brings_every_row_of_a_real_postgresql_with_its_dates_and_words(
    tmp_path: Path, server: postgres.Postgres, database: sa.Engine
) -> None:
    report = sync.run(settings_for(tmp_path, server))
    assert [(s.stream, s.outcome, s.message) for s in report.streams if s.outcome != "ok"] == []
    assert query(tmp_path, "SELECT COUNT(*), COUNT(DISTINCT id), MIN(opened_at), MAX(opened_at) FROM ticket") == [
        (1200, 1200, datetime(2026, 1, 1, 10, 0, tzinfo=UTC), datetime(2026, 5, 31, 6, 0, tzinfo=UTC))
    ]
    assert query(tmp_path, "SELECT status, status_raw, COUNT(*) FROM ticket GROUP BY 1, 2") == [
        ("closed", "Shut", 1200)
    ]
    assert query(tmp_path, "SELECT number, status, planned_cost, rollout_on FROM change ORDER BY number") == [
        ("P1", "done", 1200.5, datetime(2026, 3, 1).date()), ("P2", "cancelled", None, None),
    ]  # fmt: skip
    assert query(tmp_path, 'SELECT title, "end", status, due_on, done_on FROM milestone ORDER BY title') == [
        ("Cashiers trained", "business", "done", datetime(2026, 2, 20).date(), datetime(2026, 2, 24).date()),
        ("Review", "business", "open", datetime(2026, 4, 1).date(), None),
    ]
    assert query(tmp_path, "SELECT COUNT(*), COUNT(answered_at), COUNT(score_ratio) FROM satisfaction_response") == [
        (300, 150, 150)
    ]
    assert query(tmp_path, "SELECT name FROM service ORDER BY name") == [(f"Service {n}",) for n in range(4)]
    assert not any("Person" in str(row) for row in query(tmp_path, "SELECT person_key FROM ticket"))


def test_a_second_sync_reads_only_what_the_watermark_says_has_changed(
    tmp_path: Path, server: postgres.Postgres, database: sa.Engine
) -> None:
    settings = settings_for(tmp_path, server)
    sync.run(settings)
    again = {s.stream: s for s in sync.run(settings).streams}
    assert (again["ticket"].read, again["ticket"].new, again["ticket"].changed) == (1, 0, 0)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE calls SET state = 'open', changed = '2026-07-01 00:00+00' WHERE no = 7")
        connection.exec_driver_sql("INSERT INTO calls SELECT 5000, what, opened, solved, site, service, caller, state, "
                                   "moved, '2026-07-02 00:00+00' FROM calls WHERE no = 8")  # fmt: skip
    third = {s.stream: s for s in sync.run(settings).streams}
    assert (third["ticket"].read, third["ticket"].new, third["ticket"].changed) == (3, 1, 1)
    assert query(tmp_path, "SELECT status FROM ticket WHERE number = '7'") == [("open",)]


def test_rows_that_change_while_they_are_read_are_neither_lost_nor_doubled(
    server: postgres.Postgres, database: sa.Engine
) -> None:
    own = connectors.read_settings(SQL, "desk", {k: v for k, v in section(server).items() if k != "kind"})
    stream = next(s for s in SQL.streams if s.name == "ticket")
    keys: list[str] = []
    pages = stream.fetch(SQL.open(own), own, None)
    for number, page in enumerate(pages):
        keys += [record["key"] for record in page.records]
        assert page.rejected == ()
        if number == 2:  # rows of earlier and of later pages move to the end
            with database.begin() as connection:
                connection.exec_driver_sql(
                    "UPDATE calls SET changed = now() + no * interval '1 second' WHERE mod(no, 7) = 0"
                )
    assert sorted(map(int, keys)) == list(range(1, 1201))


def test_a_broken_pass_goes_on_at_the_page_where_it_stopped(
    tmp_path: Path, server: postgres.Postgres, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH_RECORDS", 100)
    settings = settings_for(tmp_path, server, queries={"ticket": QUERIES["ticket"]}, values={})
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'desk'"

    tickets = next(stream for stream in SQL.streams if stream.name == "ticket")

    def cut(http: Any, own: Any, since: datetime | None) -> Iterator[Page]:
        for number, page in enumerate(tickets.fetch(http, own, since), start=1):
            yield page
            if number == 5:
                with database.connect() as connection:
                    connection.exec_driver_sql(others)

    with monkeypatch.context() as patch:
        patch.setattr(connectors, "load", lambda kind: replace(SQL, streams=(replace(tickets, fetch=cut),)))
        (broken,) = sync.run(settings).streams
    assert (broken.outcome, broken.read) == ("failed", 500)
    assert broken.message.startswith("The database did not answer queries.ticket: ")
    (whole,) = sync.run(settings).streams
    assert (whole.outcome, whole.read) == ("ok", 701)  # the last row before the break comes again
    assert query(tmp_path, "SELECT COUNT(DISTINCT number) FROM ticket") == [(1200,)]


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"password": "wrong"}, SourceRefused, "password authentication failed"),
        ({"url": "postgresql+psycopg://desk@127.0.0.1:1/desk"}, SourceUnavailable, "did not answer"),
        ({"queries": {"ticket": "SELECT no AS key, opened AS opened_at FROM nowhere"}}, SourceChanged, "nowhere"),
        ({"queries": {"ticket": "SELECT no AS key, opened FROM calls"}}, SourceChanged, "column 'opened', and ticket"),
        ({"queries": {"ticket": "SELECT opened AS opened_at FROM calls"}}, SourceChanged, "no column 'key'"),
    ],
)
def test_what_the_database_refuses_is_said_with_its_own_words_and_never_the_password(
    server: postgres.Postgres, database: sa.Engine, change: dict[str, Any], error: type[Exception], told: str
) -> None:
    keys = {k: v for k, v in section(server, values={}, **change).items() if k != "kind"}
    own = connectors.read_settings(SQL, "desk", keys)
    stream = next(s for s in SQL.streams if s.name == "ticket")
    with pytest.raises(error, match=told) as caught:
        list(stream.fetch(SQL.open(own), own, None))
    assert own.password not in str(caught.value)


def test_percent_signs_and_colons_in_a_query_stay_as_they_are(server: postgres.Postgres, database: sa.Engine) -> None:
    asked = (
        "SELECT no AS key, opened::timestamp AS opened_at, 'at :noon' AS number FROM calls "
        "WHERE caller LIKE '%son 12%' AND no % 2 = 0 AND opened > '2026-01-01 00:00'"
    )
    keys = {k: v for k, v in section(server, values={}, queries={"ticket": asked}).items() if k != "kind"}
    own = connectors.read_settings(SQL, "desk", keys)
    stream = next(s for s in SQL.streams if s.name == "ticket")
    found = [record for page in stream.fetch(SQL.open(own), own, None) for record in page.records]
    assert {r["key"] for r in found} == {"12", "120", "122", "124", "126", "128", "1200"}
    assert found[0]["cells"]["number"] == "at :noon"


def test_a_query_cannot_write(tmp_path: Path, server: postgres.Postgres, database: sa.Engine) -> None:
    writing = "WITH gone AS (DELETE FROM calls RETURNING no, opened) SELECT no AS key, opened AS opened_at FROM gone"
    (state,) = sync.run(settings_for(tmp_path, server, queries={"ticket": writing}, values={})).streams
    assert state.outcome == "failed"
    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM calls").scalar() == 1200


def test_check_says_what_has_no_query_and_what_a_query_leaves_unknown(
    tmp_path: Path, server: postgres.Postgres, database: sa.Engine
) -> None:
    told = "\n".join(trying.check(settings_for(tmp_path, server, queries={"ticket": QUERIES["ticket"]}, values={})))
    assert "No query for: change, change_service, milestone, satisfaction_response." in told
    assert "queries.ticket leaves unknown: number, priority, first_reply_at, " in told
    assert "ticket: 100 of 1,200 records on the first page -> " in told
    assert "PROBLEM" not in told


def test_sqlite_text_dates_are_read_from_the_watermark_on(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE calls (no INTEGER, opened TEXT, changed TEXT)")
        connection.exec_driver_sql("INSERT INTO calls VALUES (1, '2026-03-01 08:00:00', '2026-03-01 08:00:00'), "
                                   "(2, '2026-03-02 08:00:00', '2026-03-02 08:00:00')")  # fmt: skip
    asked = "SELECT no AS key, opened AS opened_at, changed AS updated_at FROM calls"
    keys = {"url": f"sqlite:///{path}", "timezone": "Europe/Berlin", "queries": {"ticket": asked}}
    own = connectors.read_settings(SQL, "desk", keys)
    stream = next(s for s in SQL.streams if s.name == "ticket")
    since = datetime(2026, 3, 2, 7, 5, tzinfo=UTC)  # 08:05 in Berlin; the overlap reaches back to 07:55 there
    pages = list(stream.fetch(SQL.open(own), own, since))
    assert [record["key"] for page in pages for record in page.records] == ["2"]
    assert pages[-1].bookmark == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    later = list(stream.fetch(SQL.open(own), own, since + timedelta(days=1)))
    assert [record for page in later for record in page.records] == []


def test_a_key_that_comes_twice_is_rejected_and_not_overwritten(tmp_path: Path) -> None:
    asked = "SELECT 1 AS key, '2026-03-01T08:00:00Z' AS opened_at UNION ALL SELECT 1, '2026-03-02T08:00:00Z'"
    own = connectors.read_settings(SQL, "desk", {"url": "sqlite://", "queries": {"ticket": asked}})
    stream = next(s for s in SQL.streams if s.name == "ticket")
    (page,) = stream.fetch(SQL.open(own), own, None)
    assert len(page.records) == 1
    assert page.rejected[0].reason == "comes twice: key does not identify a row"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"url": "no address"}, "is not an SQLAlchemy address"),
        ({"url": "postgresql://u:geheim@h/d"}, "Move it to the key password"),
        ({"queries": {"tickets": "SELECT 1"}}, "Did you mean 'ticket'?"),
        ({"queries": {"ticket": "DELETE FROM calls"}}, "does not begin with SELECT"),
        ({"queries": {"ticket": "SELECT 1; DROP TABLE calls"}}, "holds a ';' inside"),
        ({"queries": {}}, "lacks queries"),
        ({"timezone": "Mars"}, "timezone = 'Mars' is not a known time zone"),
        ({"start": "yesterday"}, "start = 'yesterday' is not a date"),
        ({"page_rows": 0}, "page_rows is 1 or more"),
        ({"values": {"ticket": {"status": {"gone": ["Shut"]}}}}, "values.ticket.status: 'gone' is not one of open"),
        ({"values": {"change": {"status": {"done": ["Live"]}}}}, "there is no query for 'change'"),
    ],
)
def test_wrong_settings_are_named_with_what_is_allowed(keys: dict[str, Any], told: str) -> None:
    good: dict[str, Any] = {"url": "sqlite://", "queries": {"ticket": "-- all\nSELECT 1 AS key"}}
    connectors.read_settings(SQL, "desk", good)
    with pytest.raises(SettingsError, match=told.replace("?", r"\?")) as caught:
        connectors.read_settings(SQL, "desk", {**good, **keys})
    assert "geheim" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named() -> None:
    own = connectors.read_settings(SQL, "desk", {"url": "oracle+nosuch://u@h/d", "queries": {"ticket": "SELECT 1"}})
    with pytest.raises(SettingsError, match="driver is not installed or not known"):
        SQL.open(own)


def test_a_timestamp_without_an_offset_is_refused_where_no_zone_is_set() -> None:
    own = connectors.read_settings(SQL, "desk", {"url": "sqlite://", "queries": {"ticket": "SELECT 1"}})
    stream = next(s for s in SQL.streams if s.name == "ticket")
    (told,) = stream.convert({"key": "1", "cells": {"opened_at": "2026-03-01 08:00:00"}}, own)
    assert (told.column, told.reason) == (  # type: ignore[union-attr]
        "opened_at", "has no offset from UTC. Set timezone to where the database's timestamps are",
    )  # fmt: skip


def test_two_engines_do_not_wait_for_each_other(server: postgres.Postgres, database: sa.Engine) -> None:
    own = connectors.read_settings(SQL, "desk", {k: v for k, v in section(server).items() if k != "kind"})
    stream = next(s for s in SQL.streams if s.name == "ticket")
    found: list[int] = []
    readers = [
        threading.Thread(
            target=lambda: found.append(sum(len(page.records) for page in stream.fetch(SQL.open(own), own, None)))
        )
        for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert found == [1200, 1200, 1200]


def test_decimals_and_intervals_become_numbers() -> None:
    values = (Decimal("3.00"), Decimal("2.5"), Decimal("NaN"), timedelta(hours=2), float("inf"), b"x")
    assert [plain(v) for v in values] == [3, 2.5, None, 120.0, None, "b'x'"]
