"""What the store keeps beside rows: raw records, rejections, states; rebuilding; folders that are no store."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from impact.model import Rejected, StoreError
from impact.storage import home, raw
from impact.store import RawRecord, Store, StreamState
from tests.store_rows import LATER, NOON, ask, empty_store, ticket


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return empty_store(tmp_path)


# -- raw, rejected, state -----------------------------------------------------------------------------------------


def test_raw_keeps_the_newest_payload_of_every_key_and_no_identical_one_twice(store: Store) -> None:
    def keep(*records: tuple[str, datetime | None, Any]) -> int:
        return store.append_raw(
            "desk", "tickets", [RawRecord(k, at, {"v": v}) for k, at, v in records], fetched_at=NOON
        )

    assert keep(("1", NOON, "a"), ("2", None, "a")) == 2
    assert keep(("1", NOON, "a"), ("2", None, "a")) == 0
    assert keep(("1", LATER, "b"), ("2", None, "b"), ("2", None, "c")) == 2
    assert keep(("1", NOON, "older")) == 0
    assert keep(("2", None, "a")) == 1
    store.append_raw("files", "tickets", [RawRecord("1", None, {"v": "é"})], fetched_at=LATER)
    held = [(r.source, r.key, r.payload["v"], r.updated_at, r.fetched_at) for batch in store.raw() for r in batch]
    assert sorted(held) == [
        ("desk", "1", "b", LATER, NOON),
        ("desk", "2", "a", None, NOON),
        ("files", "1", "é", None, LATER),
    ]
    assert all(len({r.source for r in batch}) == 1 for batch in store.raw())
    assert [r.source for batch in store.raw("files", "tickets") for r in batch] == ["files"]
    assert list(store.raw("files", "changes")) == []


ODD = {"é": [None, 0.1, 1e-7, 10**30, -0.0], "a": {"\x01": '\u2028"', "": True}, "z": ["😀", [], {}, 2**63]}


@pytest.mark.parametrize("payload", [ODD, {1: "a key that is no text"}, {"deep": [[[None]]]}])
def test_raw_keeps_values_as_they_came(store: Store, payload: Any) -> None:
    store.append_raw("desk", "tickets", [RawRecord("1", None, payload)], fetched_at=NOON)
    assert [r.payload for batch in store.raw() for r in batch] == [json.loads(json.dumps(payload))]


@pytest.mark.parametrize("payload", [{"b": 1, "a": "é\n\x02", "c": [None, 0.25, {"y": -3, "x": "/"}]}, ODD["a"]])
def test_raw_has_one_text_whichever_encoder_writes_it(payload: Any) -> None:
    quick = raw._quickly(payload)
    assert quick == json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@pytest.mark.parametrize(("value", "told"), [(NOON, "datetime"), ([{"x": float("nan")}], "Out of range float")])
def test_a_payload_that_is_no_plain_json_is_refused(store: Store, value: Any, told: str) -> None:
    with pytest.raises(StoreError, match=rf"record 7 of desk/tickets is not plain JSON: .*{told}"):
        store.append_raw("desk", "tickets", [RawRecord("7", None, {"at": value})], fetched_at=NOON)


def test_tidy_folds_raw_files_without_the_payloads_that_were_replaced(store: Store) -> None:
    for value in range(30):
        store.append_raw("desk", "tickets", [RawRecord("1", None, {"v": value})], fetched_at=NOON)
    store.tidy()
    assert [dict(r.payload) for batch in store.raw() for r in batch] == [{"v": 29}]
    assert DeltaTable(str(store.home / "store/raw")).to_pyarrow_table().num_rows == 1


def test_a_record_accepted_later_leaves_the_list_of_rejected(store: Store) -> None:
    broken = [Rejected("1", "no date", "opened", "?", "tickets.csv line 3"), Rejected("2", "no date")]
    store.reject("desk", "tickets", broken, at=NOON)
    store.reject("desk", "tickets", [Rejected("2", "no number")], at=LATER)
    store.clear_rejected("desk", "changes", ["1"])
    store.clear_rejected("desk", "tickets", ["1", "7"])
    assert ask(store, "SELECT * FROM rejected") == [
        {
            "source": "desk",
            "stream": "tickets",
            "key": "2",
            "reason": "no number",
            "column_name": None,
            "value": None,
            "place": None,
            "rejected_at": LATER,
        }
    ]


def test_the_state_of_a_stream_replaces_its_former_one(store: Store) -> None:
    done = StreamState("desk", "tickets", bookmark_at=NOON, outcome="ok", message="", read=5, seconds=0.5, total=9)
    store.set_state(StreamState("desk", "tickets", outcome="running"))
    store.set_state(StreamState("desk", "changes", outcome="refused", message="no right to read changes"))
    store.set_state(done)
    store.set_state(done)
    assert store.state() == [
        StreamState("desk", "changes", outcome="refused", message="no right to read changes"),
        done,
    ]


# -- rebuild and tidy ---------------------------------------------------------------------------------------------


def convert(source: str, stream: str, payloads: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Tickets of payloads; a payload without a number is rejected."""
    return [
        ticket(p["key"], number=p["number"]) if "number" in p else Rejected(p["key"], "no number") for p in payloads
    ]


def test_a_rebuild_takes_todays_mapping_time_zone_and_rejections(store: Store) -> None:
    records = [RawRecord(key, NOON, {"key": key, "number": f"T{key}"}) for key in ("1", "2")]
    records.append(RawRecord("3", NOON, {"key": "3"}))
    store.append_raw("desk", "tickets", records, fetched_at=LATER)
    store.upsert("ticket", [ticket(1, number="old"), ticket(99)], fetched_at=NOON)
    store.reject("desk", "tickets", [Rejected("1", "was broken")], at=NOON)
    store.reject("desk", "tickets", [Rejected("line 8", "no key, so not in raw")], at=NOON)
    far = Store(store.home, zone="Pacific/Auckland")
    far.rebuild(convert)
    assert ask(far, "SELECT number, opened_on, fetched_at FROM ticket ORDER BY id") == [
        {"number": "T1", "opened_on": date(2026, 5, 2), "fetched_at": LATER},
        {"number": "T2", "opened_on": date(2026, 5, 2), "fetched_at": LATER},
    ]
    assert ask(far, "SELECT SUM(n) AS n FROM daily_fact WHERE metric = 'tickets'") == [{"n": 2}]
    assert ask(far, "SELECT key FROM rejected ORDER BY key") == [{"key": "3"}, {"key": "line 8"}]


def test_a_rebuild_that_fails_leaves_the_old_tables(store: Store) -> None:
    store.append_raw("desk", "tickets", [RawRecord("1", NOON, {})], fetched_at=NOON)
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    version = store.version()

    def broken(source: str, stream: str, payloads: Any) -> list[Any]:
        raise RuntimeError("mapping is broken")

    with pytest.raises(RuntimeError, match="mapping is broken"):
        store.rebuild(broken)
    assert store.version() == version
    assert ask(store, "SELECT COUNT(*) AS n FROM ticket") == [{"n": 1}]


def test_another_reporting_time_zone_asks_for_a_rebuild(store: Store) -> None:
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    with pytest.raises(StoreError, match=r"days of Europe/Paris, but .* is UTC now. Run `python -m impact rebuild`"):
        Store(store.home, zone="UTC").upsert("ticket", [ticket(2)], fetched_at=NOON)
    assert Store(store.home, zone="UTC").snapshot().query("SELECT opened_on FROM ticket").num_rows == 1


def test_unused_files_go_after_a_day_and_not_before(tmp_path: Path) -> None:
    now = [NOON]
    store = Store(tmp_path, clock=lambda: now[0])
    store.append_raw("desk", "tickets", [RawRecord("1", None, {"key": "1", "number": "1"})], fetched_at=NOON)
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    old = store.snapshot()
    store.upsert("ticket", [ticket(1, kind="incident")], fetched_at=NOON)
    orphan = tmp_path / "store/1/ticket/created_month=2026-05/part-of-a-killed-process.parquet"
    orphan.write_bytes(b"half a file")
    store.tidy()
    now[0] += timedelta(hours=home.KEEP_HOURS) - timedelta(seconds=1)
    store.tidy()
    assert orphan.exists()
    assert old.query("SELECT kind FROM ticket").to_pylist() == [{"kind": "other"}]
    now[0] += timedelta(seconds=1)
    store.tidy()
    assert not orphan.exists()
    assert len(list((tmp_path / "store/1/ticket").rglob("created_month=*/*.parquet"))) == 1
    store.rebuild(convert)
    for _ in range(2):
        store.tidy()
        now[0] += timedelta(hours=home.KEEP_HOURS)
    assert not (tmp_path / "store/1").exists()
    assert ask(store, "SELECT COUNT(*) AS n FROM ticket") == [{"n": 1}]


# -- folders that are no store ------------------------------------------------------------------------------------


def foreign_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("not a folder")


def foreign_folder(folder: Path) -> None:
    (folder / "store").mkdir()
    (folder / "store/holiday.jpg").write_bytes(b"")


def other_format(folder: Path) -> None:
    (folder / "store").mkdir()
    (folder / "store/current.json").write_text(json.dumps({"format": 99, "tables": 1, "zone": "UTC"}))


def torn_marker(folder: Path) -> None:
    (folder / "store").mkdir()
    (folder / "store/current.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (foreign_file, "cannot be (read|written): .*[Nn]ot a directory"),
        (foreign_folder, r"holds 'holiday.jpg' but no current.json.*Point IMPACT_HOME at an empty folder"),
        (other_format, "holds format 99, this program reads format 1"),
        (torn_marker, "holds nothing that can be understood"),
    ],
)
def test_a_folder_that_is_no_store_is_refused_in_words_and_left_alone(tmp_path: Path, damage: Any, told: str) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    damage(folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    store = Store(folder)
    for use in (store.version, store.snapshot, lambda: store.upsert("ticket", [ticket(1)], fetched_at=NOON)):
        with pytest.raises(StoreError, match=told):
            use()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_broken_log_or_data_file_is_told_in_words(store: Store) -> None:
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    (file,) = (store.home / "store/1/ticket").rglob("created_month=*/*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:50])
    with pytest.raises(StoreError, match=r"A data file cannot be read.*rebuild"):
        Store(store.home).snapshot().query("SELECT * FROM ticket")
    file.unlink()
    with pytest.raises(StoreError, match=r"A data file cannot be read.*rebuild"):
        store.upsert("ticket", [ticket(2)], fetched_at=NOON)
    (store.home / "store/1/ticket/_delta_log/00000000000000000001.json").write_text("{")
    with pytest.raises(StoreError, match=r"cannot be read.*rebuild"):
        Store(store.home, zone="Europe/Paris").snapshot()


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="time zone 'Mars/Olympus' is not known"):
        Store(tmp_path, zone="Mars/Olympus")


def test_looking_at_the_version_reads_no_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.upsert("ticket", [ticket(1)], fetched_at=NOON)
    fresh = Store(store.home)
    monkeypatch.setattr("impact.storage.delta.DeltaTable", lambda *a, **k: pytest.fail("a table was opened"))
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("a poll waited"))
    assert fresh.version() == store.version() == "1.x.x.1.x.x.x.x.x.x.x.x"
