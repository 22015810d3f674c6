"""What the store promises about rows, raw records, rejected records, versions and columns. One process only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from impact import model
from impact.model import Change, Rejected, SatisfactionResponse, Service, StoreError
from impact.storage import columns
from impact.store import Counts, RawRecord, Store, StreamState
from tests.store_rows import LATER, NOON, ask, empty_store, ticket


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return empty_store(tmp_path)


# -- upsert -------------------------------------------------------------------------------------------------------


def test_a_batch_is_counted_as_new_changed_and_unchanged(store: Store) -> None:
    assert store.upsert("ticket", [ticket(1), ticket(2)], fetched_at=NOON) == Counts(new=2)
    again = [ticket(1), ticket(2, kind="incident"), ticket(3)]
    assert store.upsert("ticket", again, fetched_at=LATER) == Counts(new=1, changed=1, unchanged=1)
    assert ask(store, "SELECT source_key, kind FROM ticket ORDER BY id") == [
        {"source_key": "1", "kind": "other"},
        {"source_key": "2", "kind": "incident"},
        {"source_key": "3", "kind": "other"},
    ]


def test_a_batch_that_changes_nothing_moves_no_version_and_writes_no_file(store: Store) -> None:
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    version, files = store.version(), sorted(store.home.rglob("*.parquet"))
    assert store.upsert("ticket", [ticket(1)], fetched_at=LATER) == Counts(unchanged=1)
    assert store.upsert("ticket", [], fetched_at=LATER) == Counts()
    assert store.version() == version
    assert sorted(store.home.rglob("*.parquet")) == files


def test_a_record_that_names_a_service_takes_nothing_of_what_its_own_list_told(store: Store) -> None:
    named = Service(id="desk:service:mail", source="desk", source_key="mail", name="Mail")
    listed = dataclasses.replace(named, url="https://desk/mail", owner_team_id="desk:team:1", source_updated_at=NOON)
    store.upsert("service", [listed], fetched_at=NOON)
    assert store.upsert("service", [named], fetched_at=LATER, only_named=True) == Counts(unchanged=1)
    assert store.upsert("service", [listed], fetched_at=LATER) == Counts(unchanged=1)
    without_owner = dataclasses.replace(listed, owner_team_id=None, source_updated_at=LATER)
    assert store.upsert("service", [without_owner], fetched_at=LATER) == Counts(changed=1)
    assert ask(store, "SELECT url, owner_team_id FROM service") == [{"url": "https://desk/mail", "owner_team_id": None}]


def test_a_record_that_was_only_touched_keeps_the_newer_update_time(store: Store) -> None:
    store.upsert("ticket", [ticket(1, source_updated_at=NOON)], fetched_at=NOON)
    assert store.upsert("ticket", [ticket(1, source_updated_at=LATER)], fetched_at=LATER) == Counts(changed=1)
    assert ask(store, "SELECT source_updated_at FROM ticket") == [{"source_updated_at": LATER}]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ((NOON, "incident"), (LATER, "request"), "request"),
        ((LATER, "incident"), (NOON, "request"), "incident"),
        ((NOON, "incident"), (NOON, "request"), "request"),
        ((None, "incident"), (NOON, "request"), "request"),
        ((NOON, "incident"), (None, "request"), "request"),
    ],
)
def test_an_older_copy_never_replaces_a_newer_one(
    store: Store, first: tuple[Any, str], second: tuple[Any, str], kept: str
) -> None:
    for updated_at, kind in (first, second):
        store.upsert("ticket", [ticket(1, source_updated_at=updated_at, kind=kind)], fetched_at=NOON)
    assert ask(store, "SELECT kind FROM ticket") == [{"kind": kept}]


@pytest.mark.parametrize(
    ("copies", "kept"),
    [
        ([(LATER, "incident"), (NOON, "request")], "incident"),
        ([(NOON, "incident"), (NOON, "request")], "request"),
        ([(None, "incident"), (NOON, "request"), (None, "question")], "request"),
        ([(None, "incident"), (None, "request")], "request"),
    ],
)
def test_of_copies_in_one_batch_the_newest_then_the_last_counts(
    store: Store, copies: Sequence[tuple[Any, str]], kept: str
) -> None:
    rows = [ticket(1, source_updated_at=at, kind=kind) for at, kind in copies]
    assert store.upsert("ticket", rows, fetched_at=NOON) == Counts(new=1)
    assert ask(store, "SELECT kind FROM ticket") == [{"kind": kept}]


def test_an_edited_creation_date_does_not_double_the_ticket(store: Store) -> None:
    store.upsert("ticket", [ticket(1), ticket(2)], fetched_at=NOON)
    moved = ticket(1, opened_at=NOON - timedelta(days=400))
    assert store.upsert("ticket", [moved], fetched_at=LATER) == Counts(changed=1)
    assert ask(store, "SELECT source_key, opened_on FROM ticket ORDER BY id") == [
        {"source_key": "1", "opened_on": date(2025, 3, 27)},
        {"source_key": "2", "opened_on": date(2026, 5, 1)},
    ]


def test_many_small_batches_are_folded_into_few_files(store: Store) -> None:
    for key in range(40):
        store.upsert("ticket", [ticket(key)], fetched_at=NOON)
    assert ask(store, "SELECT COUNT(*) AS n FROM ticket") == [{"n": 40}]
    assert len(DeltaTable(str(store.home / "store/1/ticket")).file_uris()) <= 8


def test_an_arrow_table_is_taken_with_the_models_defaults(store: Store) -> None:
    given = pa.table(
        {
            "id": ["a", "b"],
            "source": ["desk"] * 2,
            "source_key": ["1", "2"],
            "number": ["1", "2"],
            "opened_at": pa.array([NOON, NOON], pa.timestamp("ms", "UTC")),
        }
    )
    assert store.upsert("ticket", given, fetched_at=NOON) == Counts(new=2)
    assert store.upsert("ticket", [ticket(1)], fetched_at=NOON) == Counts(new=1)
    rows = ask(store, "SELECT kind, segment_ids, fetched_at, opened_on FROM ticket")
    assert rows == [{"kind": "other", "segment_ids": [], "fetched_at": NOON, "opened_on": date(2026, 5, 1)}] * 3


@pytest.mark.parametrize(
    ("table", "rows", "told"),
    [
        ("tickets", [ticket(1)], r"no table 'tickets'. Tables: change, milestone, ticket"),
        ("change", [ticket(1)], r"A Ticket row was given for table 'change'"),
        ("ticket", [ticket(1, opened_at=datetime(2026, 5, 1))], r"ticket.opened_at of row desk:ticket:1 is 2026-05-01"),
        ("ticket", [ticket(1), ticket(2, priority="high")], r"ticket.priority of row desk:ticket:2 is 'high'"),
        ("ticket", [ticket(1, number=None)], r"ticket.number is empty in row desk:ticket:1, but every row needs it"),
        ("ticket", pa.table({"colour": ["red"]}), r"Table 'ticket' has no column 'colour'. Columns: id, source"),
        ("ticket", pa.table({"id": ["a"]}), r"ticket.source is empty in row a"),
        ("ticket", pa.table({"id": ["a"], "priority": ["high"]}), r"ticket.priority is string"),
        ("ticket", pa.table({"id": ["a"], "opened_at": pa.array([NOON], pa.timestamp("us"))}), r"without a time zone"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_words_and_nothing_is_stored(
    store: Store, table: str, rows: Any, told: str
) -> None:
    with pytest.raises(StoreError, match=told):
        store.upsert(table, rows, fetched_at=NOON)
    assert store.is_empty()


# -- columns ------------------------------------------------------------------------------------------------------


def test_days_are_days_of_the_reporting_time_zone(store: Store) -> None:
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # 00:30 of the 29th in Paris, the day summer time begins
    store.upsert("ticket", [ticket(1, opened_at=late, first_resolved_at=late + timedelta(days=1))], fetched_at=NOON)
    change = Change(id="c", source="desk", source_key="c", number="C1", title="Mail moves", rollout_start_at=late)
    store.upsert("change", [change], fetched_at=NOON)
    survey = {"source": "desk", "source_key": "r", "scale_min": 1, "scale_max": 5}
    store.upsert("satisfaction_response", [SatisfactionResponse(id="r", answered_at=late, **survey)], fetched_at=NOON)
    assert ask(store, "SELECT opened_on, first_resolved_on FROM ticket") == [
        {"opened_on": date(2026, 3, 29), "first_resolved_on": date(2026, 3, 30)}
    ]
    assert ask(store, "SELECT rollout_on FROM change") == [{"rollout_on": date(2026, 3, 29)}]
    assert ask(store, "SELECT asked_on, answered_on FROM survey") == [
        {"asked_on": None, "answered_on": date(2026, 3, 29)}
    ]


@pytest.mark.parametrize(
    ("times", "minutes", "reopened"),
    [
        ({}, None, None),
        ({"first_resolved_at": NOON + timedelta(minutes=90, seconds=59)}, 90, None),
        ({"resolved_at": NOON + timedelta(hours=1)}, 60, None),
        ({"resolved_at": NOON + timedelta(hours=9), "first_resolved_at": NOON + timedelta(hours=1)}, 60, None),
        ({"resolved_at": NOON}, 0, None),
        ({"resolved_at": datetime(1970, 1, 1, tzinfo=UTC)}, None, None),
        ({"resolved_at": NOON + timedelta(days=4000)}, None, None),
        ({"first_resolved_at": NOON, "reopened_at": NOON + timedelta(days=2)}, 0, 2880),
        ({"first_resolved_at": NOON, "reopened_at": NOON - timedelta(days=2)}, 0, None),
        ({"reopened_at": NOON}, None, None),
    ],
)
def test_durations_are_whole_minutes_and_impossible_ones_unknown(
    store: Store, times: Mapping[str, datetime], minutes: int | None, reopened: int | None
) -> None:
    store.upsert("ticket", [ticket(1, **times)], fetched_at=NOON)
    assert ask(store, "SELECT resolve_minutes, reopen_minutes FROM ticket") == [
        {"resolve_minutes": minutes, "reopen_minutes": reopened}
    ]


def test_every_value_comes_back_as_it_went_in(store: Store) -> None:
    full = ticket(
        "é'1",
        url="https://desk.example.com/?id=1",
        priority=2,
        within_target=False,
        segment_ids=("a", "b"),
        reopened_count=0,
        closed_at=NOON + timedelta(microseconds=1),
    )
    store.upsert("ticket", [full], fetched_at=LATER)
    row = ask(store, "SELECT * FROM ticket")[0]
    sent = {**dataclasses.asdict(full), "segment_ids": ["a", "b"], "change_ids": [], "fetched_at": LATER}
    assert {name: row[name] for name in sent} == sent


def test_a_field_added_to_the_model_is_unknown_in_old_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.upsert("service", [Service(id="old", source="desk", source_key="1", name="Mail")], fetched_at=NOON)

    @dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
    class WiderService(Service):
        colour: str | None = dataclasses.field(default=None, metadata={"help": "Colour", "unit": ""})

    tables = {**model.TABLES, "service": WiderService}
    monkeypatch.setattr(model, "_FIELDS", {name: tuple(model._describe(row)) for name, row in tables.items()})
    monkeypatch.setattr(columns, "TABLES", tables)
    wider = Store(store.home, zone="Europe/Paris")
    assert ask(wider, "SELECT id, colour FROM service") == [{"id": "old", "colour": None}]
    new = WiderService(id="new", source="desk", source_key="2", name="Print", colour="red")
    wider.upsert("service", [new], fetched_at=NOON)
    assert ask(wider, "SELECT id, name, colour FROM service ORDER BY id") == [
        {"id": "new", "name": "Print", "colour": "red"},
        {"id": "old", "name": "Mail", "colour": None},
    ]
    table = DeltaTable(str(store.home / "store/1/service")).to_pyarrow_table()
    assert sorted(table.column("colour").to_pylist(), key=str) == [None, "red"]


def test_other_engines_read_the_tables_as_plain_delta(store: Store) -> None:
    store.upsert("ticket", [ticket(1), ticket(2, opened_at=NOON - timedelta(days=90))], fetched_at=NOON)
    table = DeltaTable(str(store.home / "store/1/ticket"))
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    assert sorted(table.to_pyarrow_table().column("created_month").to_pylist()) == ["2026-01", "2026-05"]


# -- versions and snapshots ---------------------------------------------------------------------------------------


def test_an_empty_store_has_no_version_and_can_be_asked_everything(store: Store) -> None:
    assert (store.version(), store.is_empty(), store.state(), list(store.raw())) == ("", True, [], [])
    for table in (*model.TABLES, "daily_fact", "survey", "rejected", "stream_state"):
        assert ask(store, f"SELECT COUNT(*) AS n FROM {table}") == [{"n": 0}]
    assert not store.home.exists(), "looking must not write"


def test_the_version_moves_with_rows_and_facts_only(store: Store) -> None:
    def moved() -> bool:
        before = versions[-1]
        versions.append(store.version())
        return versions[-1] != before

    versions = [store.version()]
    store.append_raw("desk", "tickets", [RawRecord("1", NOON, {"a": 1})], fetched_at=NOON)
    store.set_state(StreamState("desk", "tickets", outcome="running"))
    store.reject("desk", "tickets", [Rejected("9", "no date")], at=NOON)
    assert not moved()
    assert store.is_empty()
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    assert moved()
    store.refresh_facts()
    assert moved()
    store.refresh_facts()
    store.tidy()
    assert not moved()
    assert Store(store.home).version() == versions[-1]
    assert store.snapshot().version == versions[-1]


def test_a_snapshot_stays_as_it_was_while_rows_are_written(store: Store) -> None:
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    before = store.snapshot()
    store.upsert("ticket", [ticket(1, kind="incident"), ticket(2)], fetched_at=NOON)
    assert before.query("SELECT kind FROM ticket").to_pylist() == [{"kind": "other"}]
    assert ask(store, "SELECT COUNT(*) AS n FROM ticket") == [{"n": 2}]


def test_queries_take_parameters_and_give_plain_numbers(store: Store) -> None:
    store.upsert("ticket", [ticket(1, priority=2), ticket(2, priority=3)], fetched_at=NOON)
    found = store.snapshot().query("SELECT SUM(priority) AS s, 0.5 AS h FROM ticket WHERE id <> ?", ["it's"])
    assert (found.to_pylist(), found.schema.field("s").type) == ([{"s": 5, "h": 0.5}], pa.int64())


def test_a_survey_takes_service_and_team_from_its_ticket(store: Store) -> None:
    store.upsert("ticket", [ticket(1, service_id="mail", team_id="desk")], fetched_at=NOON)
    common: dict[str, Any] = {"source": "desk", "scale_min": 1, "scale_max": 5, "answered_at": NOON}
    answers = [
        SatisfactionResponse(id="a", source_key="a", ticket_id="desk:ticket:1", **common),
        SatisfactionResponse(id="b", source_key="b", ticket_id="desk:ticket:1", service_id="print", **common),
        SatisfactionResponse(id="c", source_key="c", ticket_id="unknown", **common),
    ]
    store.upsert("satisfaction_response", answers, fetched_at=NOON)
    assert ask(store, "SELECT id, service_id, team_id FROM survey ORDER BY id") == [
        {"id": "a", "service_id": "mail", "team_id": "desk"},
        {"id": "b", "service_id": "print", "team_id": "desk"},
        {"id": "c", "service_id": None, "team_id": None},
    ]
