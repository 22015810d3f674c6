"""The configuration is checked before any file is opened: every wrong key says what it is and what is allowed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.files import FilesSettings
from impact.model import SettingsError
from tests.file_sources import CONNECTOR, EXAMPLES, TICKETS, example, settings

GOOD: dict[str, Any] = {**TICKETS, "path": "t.csv"}
SURVEY: dict[str, Any] = {
    "table": "satisfaction_response",
    "path": "s.csv",
    "key": ["id"],
    "columns": {"score_raw": "q", "scale_min": {"constant": 1}, "scale_max": {"constant": 5}},
}


def columns(**more: Any) -> dict[str, Any]:
    return {"columns": {**TICKETS["columns"], **more}}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tabel": "ticket"}, "has an unknown key 'tabel'. Keys of kind 'files': path, folder, table"),
        ({"table": "tickets"}, "table = 'tickets' is not a table. Did you mean 'ticket'? Tables: change, milestone"),
        ({"path": ""}, "lacks path: the file, folder or pattern to read."),
        ({"key": []}, "lacks key: the columns that identify a row, such as key = ['number']; key = '#line' where"),
        ({"key": ["#line", "no"]}, "mixes '#line' with columns"),
        ({"key": "#line", "latest_by": "v"}, "latest_by picks one row per key"),
        ({"columns": {}}, "lacks columns: which column feeds which field of ticket. Fields: url, source_updated_at"),
        ({"columns": {"number": "no"}}, "columns.opened_at is missing, and every ticket has one."),
        (columns(opened="o"), "columns.opened: ticket has no such field to set. Did you mean 'opened_at'? Fields:"),
        (columns(status_raw="s"), "columns.status_raw: ticket has no such field to set."),
        (columns(id="s"), "columns.id: ticket has no such field to set."),
        (columns(status=3), "columns.status: 3 names no column. Write 'heading', { column = 'heading', ... }"),
        (columns(status={"column": "a", "constant": "b"}), "names no column"),
        (columns(status={"column": "a", "date": "iso"}), "unknown key 'date'. Did you mean 'dates'? Keys: column"),
        (columns(status={"constant": "shut"}), "constant = 'shut'. Allowed: open, waiting, resolved, closed"),
        (columns(status=["a", "b"]), "columns.status: takes one column. To join several: { columns = ['a', 'b'] }."),
        (columns(status={"column": "a", "dates": "iso"}), "columns.status: dates means nothing for status. Remove it."),
        (columns(number={"column": "a", "unit": "hours"}), "unit means nothing for number"),
        (columns(number={"column": "a", "split": ";"}), "split means nothing for number"),
        (columns(service_id={"column": "a", "dimension": "location"}), "dimension means nothing for service_id"),
        (columns(service_id={"column": "a", "split": ";"}), "split means nothing for service_id"),
        ({"table": "change", "columns": {"service_ids": "a"}}, "It is a table: change_service. Fields:"),
        (columns(number={"column": "a", "source": "x"}), "source means nothing for number"),
        (
            columns(change_ids={"column": "a", "every_row": True}),
            "means nothing for change_ids (it needs latest_by)",
        ),
        (
            columns(segment_ids="site"),
            "dimension = None says not what the group is about. Allowed: location",
        ),
        (columns(person_key={"constant": "x"}), "columns.person_key: takes one column, whose words are hashed"),
        (columns(person_key="no"), "column 'no' names a person and is mapped a second time"),
        (
            {"values": {"status": {"a": "shut"}}, **columns(status="s")},
            "values.status: 'a' = 'shut'. Allowed: open",
        ),
        ({"values": {"status": {"shut": ["a"]}}, **columns(status="s")}, "values.status: 'a' = 'shut'. Allowed"),
        (
            {"values": {"priority": {"a": "high"}}, **columns(priority="p")},
            "priority: 'a' = 'high' is not a number",
        ),
        ({"values": {"within_target": {"J": "ja"}}, **columns(within_target="p")}, "Allowed: true, false"),
        ({"values": {"status": {"a": "open"}}}, "values.status: no column feeds 'status'"),
        ({"dates": "dd/mm/yyyy"}, "dates = 'dd/mm/yyyy' is not a date format. Allowed: iso, day-first"),
        (
            columns(closed_at={"column": "c", "dates": "%d/%m"}),
            "closed_at: dates = '%d/%m' leaves the date ambiguous",
        ),
        ({"timezone": "Berlin"}, "timezone = 'Berlin' is not a known time zone such as 'Europe/Berlin' or 'UTC'"),
        ({"encoding": "ascii"}, "encoding = 'ascii' is not known. Allowed: utf-8, latin-1, cp1252, utf-16, auto."),
        ({"separator": "; "}, "separator = '; ' is not one character"),
        ({"header": 0}, "header = 0 and skip = 0: header is 1 or more"),
        ({"columns": "no"}, "columns = 'no' is not a table of keys and values"),
        ({"header": "first"}, "header = 'first' is not a number"),
        ({"decimal": ",."}, "decimal = ',.' and thousands = '': one character each, and not the same"),
        ({"decimal": ",", "thousands": ","}, "one character each, and not the same"),
    ],
)
def test_a_wrong_key_is_told_with_its_value_and_what_is_allowed(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **{**GOOD, **wrong})
    assert str(caught.value).startswith("[sources.desk] ")
    assert message in str(caught.value)


def test_the_mapping_the_wrong_ones_are_made_from_is_right(tmp_path: Path) -> None:
    assert [reading.table for reading in settings(tmp_path, **GOOD).readings] == ["ticket"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"columns": {"score_raw": "q", "scale_max": {"constant": 5}}}, "columns.scale_min is missing"),
        (
            {"columns": {k: v for k, v in SURVEY["columns"].items() if k != "score_raw"}},
            "columns.score_raw (or",
        ),
        (
            {"columns": {**SURVEY["columns"], "lost_minutes": {"column": "l", "unit": "weeks"}}},
            "Allowed: seconds",
        ),
    ],
)
def test_a_survey_needs_its_answer_and_its_scale(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **{**SURVEY, **wrong})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"read": [{"table": "ticket"}], "columns": {"number": "no"}}, "has columns beside read"),
        ({"read": ["ticket"]}, "read entry 1: is not a table. Write [[sources.desk.read]] above its keys."),
        ({"read": [GOOD, {**GOOD, "colums": {}}]}, "read entry 2: unknown key 'colums'. Did you mean 'columns'?"),
        ({"read": [{**GOOD, "folder": "x"}]}, "read entry 1: unknown key 'folder'"),
        ({"read": [GOOD, {**GOOD, "dates": "d"}]}, "read entry 2: columns.opened_at: dates = 'd'"),
        ({"read": [{**GOOD, "header": "2"}]}, "read entry 1: header = '2' is not a whole number."),
        ({"read": [{**GOOD, "only": ["x"]}]}, "read entry 1: only = ['x'] is not a table of keys and values."),
        ({"read": [SURVEY, SURVEY]}, "two read entries feed satisfaction_response from s.csv. Give each a label"),
    ],
)
def test_read_entries_are_checked_one_by_one(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **keys)
    assert message in str(caught.value)


def test_entries_share_the_keys_above_them_and_may_set_their_own(tmp_path: Path) -> None:
    own = settings(tmp_path, dates="day-first", encoding="cp1252", read=[GOOD, {**SURVEY, "encoding": "utf-8"}])
    read = [(reading.layout.encoding, reading.order_dates.declared) for reading in own.readings]
    assert read == [("cp1252", "day-first"), ("utf-8", "day-first")]


def test_words_shared_by_entries_are_joined_by_an_entrys_own(tmp_path: Path) -> None:
    entry = {**GOOD, **columns(status="s", channel="c"), "values": {"channel": {"Telefon": "phone"}}}
    (reading,) = settings(tmp_path, values={"status": {"Zu": "closed"}}, read=[entry]).readings
    words = {cell.field.name: dict(cell.words) for cell in reading.cells if cell.words}
    assert words == {"status": {"zu": "closed"}, "channel": {"telefon": "phone"}}


def test_every_key_has_help() -> None:
    assert [f.name for f in dataclasses.fields(FilesSettings) if not f.metadata.get("help")] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.toml")))
def test_every_example_configuration_is_valid_and_names_no_machine(name: str, tmp_path: Path) -> None:
    assert example(name, tmp_path).readings
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    assert "folder = " not in text
    assert all(not Path(reading.path).is_absolute() for reading in example(name, tmp_path).readings)


def test_the_parts_of_the_connector_are_no_kinds_of_source() -> None:
    assert "files" in connectors.available()
    assert [kind for kind in connectors.available() if kind.startswith("_")] == []
    assert CONNECTOR.kind == "files"
