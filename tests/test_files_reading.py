"""Files as they come: separators, encodings, packing, quoted line breaks, Excel, Parquet; and what is said when not."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.files import text
from impact.model import SourceChanged, SourceError
from tests.file_sources import CONNECTOR, TICKETS, days, one, read, settings, tickets

TWO = "no,opened\nA1,2024-03-01\nA2,2024-03-02\n"


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Any:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return book


@pytest.mark.parametrize(
    ("separator", "content"),
    [(",", TWO), (";", TWO.replace(",", ";")), ("\t", TWO.replace(",", "\t")), ("|", TWO.replace(",", "|"))],
)
def test_columns_are_split_at_the_declared_separator(tmp_path: Path, separator: str, content: str) -> None:
    rows, rejected = tickets(tmp_path, content, separator=separator)
    assert ([row.number for row in rows], rejected) == (["A1", "A2"], [])


def test_a_wrong_separator_is_told_with_the_one_to_set(tmp_path: Path) -> None:
    with pytest.raises(SourceChanged) as caught:
        tickets(tmp_path, TWO.replace(",", ";"))
    assert str(caught.value) == (
        "t.csv has one column only when split at separator = ',': 'no;opened'. Set separator = ';'."
    )


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SourceChanged) as caught:
        tickets(tmp_path, "Number,opened\nA1,2024-03-01\n")
    assert str(caught.value) == (
        "t.csv has no column 'no'. Columns in line 1: 'Number', 'opened'. "
        "Correct the name under columns, or header if the headings are in another line."
    )


def test_a_mapped_heading_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceChanged, match=r"has the column 'no' 2 times"):
        tickets(tmp_path, "no,opened,no\nA1,2024-03-01,B1\n")


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-8", "Nummer é,opened\nÄ1,2024-03-01\n".encode()),
        ("utf-8", "Nummer é,opened\nÄ1,2024-03-01\n".encode("utf-8-sig")),
        ("latin-1", "Nummer é,opened\nÄ1,2024-03-01\n".encode("latin-1")),
        ("cp1252", "Nummer é,opened\nÄ1,2024-03-01\n".encode("cp1252")),
        ("utf-16", "Nummer é,opened\nÄ1,2024-03-01\n".encode("utf-16")),
        ("auto", "Nummer é,opened\nÄ1,2024-03-01\n".encode()),
        ("auto", "Nummer é,opened\nÄ1,2024-03-01\n".encode("utf-8-sig")),
        ("auto", "Nummer é,opened\nÄ1,2024-03-01\n".encode("cp1252")),
        ("auto", "Nummer é,opened\nÄ1,2024-03-01\n".encode("utf-16")),
    ],
)
def test_letters_survive_every_declared_encoding(tmp_path: Path, encoding: str, data: bytes) -> None:
    columns = {"number": "Nummer é", "opened_at": "opened"}
    rows, _ = tickets(tmp_path, data, encoding=encoding, key=["Nummer é"], columns=columns)
    assert one(rows).number == "Ä1"


def test_the_euro_sign_tells_cp1252_from_latin_1(tmp_path: Path) -> None:
    data = "no,opened\n5€,2024-03-01\n".encode("cp1252")
    assert one(tickets(tmp_path, data, encoding="cp1252")[0]).number == "5€"
    assert one(tickets(tmp_path, data, encoding="latin-1")[0]).number == "5\x80"


def test_a_wrong_encoding_names_the_line_the_byte_and_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        tickets(tmp_path, "no,opened\nA1,2024-03-01\nÄ2,2024-03-02\n".encode("latin-1"))
    assert str(caught.value) == (
        "t.csv, line 3: byte 0xC4 is not text in encoding = 'utf-8'. "
        "Set encoding to one of: utf-8, latin-1, cp1252, utf-16, auto."
    )


def test_utf_8_declared_as_latin_1_is_refused_before_it_garbles_letters(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is valid utf-8, and encoding = 'latin-1' would garble"):
        tickets(tmp_path, "no,opened\nÄ1,2024-03-01\n", encoding="latin-1")


def test_a_byte_order_mark_that_contradicts_the_setting_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is marked as utf-16, and encoding = 'utf-8'. Set encoding = 'utf-16'"):
        tickets(tmp_path, TWO.encode("utf-16"))


def test_headings_match_without_odd_blanks_and_marks(tmp_path: Path) -> None:
    content = "\ufeff no\u00a0,\u200eopened\u00a0 at \nA1,2024-03-01\n"
    rows, _ = tickets(tmp_path, content, columns={"number": "no", "opened_at": "opened at"})
    assert days(rows) == ["2024-03-01 00:00"]


def test_empty_trailing_columns_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    rows, rejected = tickets(tmp_path, "no,opened,,,\n\nA1,2024-03-01,,,\n,,,,\nA2,2024-03-02,,,,,\n")
    assert ([row.number for row in rows], rejected) == (["A1", "A2"], [])


def test_quoted_line_breaks_keep_the_line_numbers_right(tmp_path: Path) -> None:
    content = 'no,opened,note\nA1,2024-03-01,"two\nlines, and ""quotes"""\nA2,soon,x\n'
    rows, rejected = tickets(tmp_path, content)
    assert [row.number for row in rows] == ["A1"]
    assert (one(rejected).place, one(rejected).column, one(rejected).value) == ("t.csv, line 4", "opened", "soon")


def test_a_row_of_another_width_is_rejected_with_its_line_and_nothing_else_is_lost(tmp_path: Path) -> None:
    rows, rejected = tickets(tmp_path, "no,opened\nA1,2024-03-01\nA2,2024-03-02,x\nA3\nA4,2024-03-04\n")
    assert [row.number for row in rows] == ["A1", "A4"]
    assert [(r.place, r.reason.split(":")[0]) for r in rejected] == [
        ("t.csv, line 3", "has 3 columns, the headings 2"),
        ("t.csv, line 4", "has 1 columns, the headings 2"),
    ]


def test_a_stray_quotation_mark_costs_its_row_only(tmp_path: Path) -> None:
    rows, rejected = tickets(tmp_path, 'no,opened\nA1,2024-03-01\n"A2"x,2024-03-02\nA3,2024-03-03\n')
    assert [row.number for row in rows] == ["A1", "A3"]
    assert one(rejected).place == "t.csv, line 3"


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"t.csv, line 3: a quotation mark is opened .* never closed"):
        tickets(tmp_path, 'no,opened\nA1,2024-03-01\n"A2,2024-03-02\nA3,2024-03-03\n')


def test_a_cell_of_absurd_length_is_taken_for_a_mark_never_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "CELL_CHARACTERS", 1000)
    with pytest.raises(SourceError, match="line 2: a quotation mark"):
        tickets(tmp_path, 'no,opened\n"A1,2024-03-01\n' + "x" * 5000)


def test_headings_may_stand_lower_and_be_followed_by_lines_that_are_no_data(tmp_path: Path) -> None:
    content = "Exported on Monday\n\nno,opened\nTicket,Opened\n{id},{date}\nA1,2024-03-01\n"
    rows, rejected = tickets(tmp_path, content, header=3, skip=2)
    assert ([row.number for row in rows], rejected) == (["A1"], [])


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n"])
def test_a_file_without_headings_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceChanged, match=r"t.csv has no headings in line 1"):
        tickets(tmp_path, content)


def test_packed_files_are_read_where_they_lie(tmp_path: Path) -> None:
    assert len(tickets(tmp_path, gzip.compress(TWO.encode()), name="t.csv.gz")[0]) == 2
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("log.csv", TWO)
        archive.writestr("readme.pdf", "x")
    assert len(read(settings(tmp_path, **TICKETS, path="t.zip")).rows["ticket"]) == 2


def test_a_zip_with_several_tables_wants_one_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a.csv", TWO)
        archive.writestr("b.csv", "no,opened\nB1,2024-03-01\n")
    with pytest.raises(SourceError, match=r"holds 2 text tables \(a.csv, b.csv\).*Set member"):
        read(settings(tmp_path, **TICKETS, path="t.zip"))
    assert one(read(settings(tmp_path, **TICKETS, path="t.zip", member="b.csv")).rows["ticket"]).number == "B1"


@pytest.mark.parametrize("name", ["t.csv.gz", "t.zip", "t.xlsx", "t.parquet"])
def test_a_damaged_file_is_named_and_blamed(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        tickets(tmp_path, b"this is not what the name says", name=name)


def test_a_packed_file_cut_short_is_named(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(["no,opened", *(f"A{i},2024-03-01" for i in range(9999))]).encode())
    with pytest.raises(SourceError, match=r"t.csv.gz cannot be read"):
        tickets(tmp_path, whole[: len(whole) // 2], name="t.csv.gz")


def test_an_old_spreadsheet_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"Save it as .xlsx or .csv"):
        tickets(tmp_path, b"x", name="t.xls")


def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"t.jsonl is no table of rows and columns. Export it as .csv"):
        tickets(tmp_path, '{"no": 1}\n', name="t.jsonl")


def test_a_pattern_and_a_folder_name_many_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for month in ("01", "02"):
        (tmp_path / "in" / f"{month}.csv").write_text(f"no,opened\nA{month},2024-{month}-01\n")
    (tmp_path / "in" / "~$open.xlsx").write_text("a lock file of Excel")
    (tmp_path / "in" / "notes.md").write_text("no table")
    for path in ("in", "in/*.csv", "*/0?.csv", str(tmp_path / "in" / "*.csv")):
        assert days(read(settings(tmp_path, **TICKETS, path=path)).rows["ticket"]) == [
            "2024-01-01 00:00",
            "2024-02-01 00:00",
        ]


def test_a_path_that_names_nothing_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read(settings(tmp_path, **TICKETS, path="gone/*.csv"))
    assert f"path = 'gone/*.csv' matches no file below {tmp_path}" in str(caught.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        CONNECTOR.open(settings(tmp_path / "gone", **TICKETS, path="t.csv"))


def test_excel_gives_true_dates_serial_numbers_and_long_keys(tmp_path: Path) -> None:
    rows = [
        ["no", "opened", "target"],
        [123456789012, datetime(2024, 3, 1, 10, 30), True],
        ["A2", 45352.4375, False],
        [],
        ["A3", "2024-03-01 10:30", None],
        ["A4", date(2024, 3, 1), None],
    ]
    workbook(tmp_path / "t.xlsx", {"Tickets": rows})
    own = settings(tmp_path, **{**TICKETS, "columns": {**TICKETS["columns"], "within_target": "target"}}, path="t.xlsx")
    found = read(own).rows["ticket"]
    assert [row.number for row in found] == ["123456789012", "A2", "A3", "A4"]
    assert days(found) == ["2024-03-01 10:30"] * 3 + ["2024-03-01 00:00"]
    assert [row.within_target for row in found] == [True, False, None, None]


def test_excel_workbooks_that_count_from_1904_give_the_same_dates(tmp_path: Path) -> None:
    book = workbook(tmp_path / "t.xlsx", {"Tickets": [["no", "opened"]]})
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book["Tickets"].append(["A1", 43890.4375])
    book.save(tmp_path / "t.xlsx")
    assert days(read(settings(tmp_path, **TICKETS, path="t.xlsx")).rows["ticket"]) == ["2024-03-01 10:30"]


def test_excel_numbers_are_numbers_whatever_the_decimal_mark_of_text_is(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", {"C": [["no", "name", "cost"], ["C1", "x", 3871.5], ["C2", "y", "3871,5"]]})
    columns = {"number": "no", "title": "name", "planned_cost": "cost"}
    own = settings(tmp_path, path="t.xlsx", table="change", key=["no"], columns=columns, decimal=",")
    assert [row.planned_cost for row in read(own).rows["change"]] == [3871.5, 3871.5]


def test_a_rejected_cell_of_excel_is_placed_by_its_row(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", {"T": [["no", "opened"], [], ["A1", "soon"]]})
    found = one(read(settings(tmp_path, **TICKETS, path="t.xlsx")).rejected["ticket"])
    assert (found.place, found.value) == ("t.xlsx, row 3", "soon")


def test_a_workbook_of_several_sheets_wants_one_named(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", {"Cover": [["x"]], "Tickets": [["no", "opened"], ["A1", "2024-03-01"]]})
    with pytest.raises(SourceChanged, match=r"has the sheets 'Cover', 'Tickets'; sheet = ''. Set sheet to one of them"):
        read(settings(tmp_path, **TICKETS, path="t.xlsx"))
    with pytest.raises(SourceChanged, match="sheet = 'tickets'"):
        read(settings(tmp_path, **TICKETS, path="t.xlsx", sheet="tickets"))
    assert len(read(settings(tmp_path, **TICKETS, path="t.xlsx", sheet="Tickets")).rows["ticket"]) == 1


def test_parquet_keeps_its_types_and_only_mapped_columns_are_read(tmp_path: Path) -> None:
    table = pa.table(
        {
            "no": pa.array([123456789012, 2, None], pa.int64()),
            "opened": pa.array([datetime(2024, 3, 1, 10, 30, tzinfo=UTC)] * 3, pa.timestamp("ns", "Europe/Berlin")),
            "count": pa.array([Decimal("2.00"), None, None], pa.decimal128(9, 2)),
            "wait": pa.array([timedelta(hours=1)] * 3),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    columns = {**TICKETS["columns"], "reopened_count": "count"}
    found = read(settings(tmp_path, **{**TICKETS, "columns": columns}, path="t.parquet"))
    assert [(row.number, row.reopened_count) for row in found.rows["ticket"]] == [("123456789012", 2), ("2", None)]
    assert days(found.rows["ticket"]) == ["2024-03-01 10:30"] * 2
    assert one(found.rejected["ticket"]).reason == "key column 'no' is empty"
    assert one(found.rejected["ticket"]).place == "t.parquet, row 3"


def test_parquet_epochs_need_their_unit_declared(tmp_path: Path) -> None:
    pq.write_table(pa.table({"no": ["A1"], "opened": [1_709_289_000]}), tmp_path / "t.parquet")
    refused = one(read(settings(tmp_path, **TICKETS, path="t.parquet")).rejected["ticket"])
    assert "set 'epoch-s', 'epoch-ms' or 'excel-serial'" in refused.reason
    assert days(read(settings(tmp_path, **TICKETS, path="t.parquet", dates="epoch-s")).rows["ticket"]) == [
        "2024-03-01 10:30"
    ]
