"""Files in, files out: columns, missing days, refusals with file, line, column and value."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from impact.estimate import Shape
from impact.model import SettingsError
from impact.panel_files import OUT_COLUMNS, asked_shapes, run
from impact.panel_reading import country_holidays, read_changes, read_holidays, read_panel

START = date(2024, 1, 1)
HEAD = "metric,kind,service,day,n,total,total_sq"
CHANGES = "change_id,service,rollout_on\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def panel_text(days: int = 300) -> str:
    """Twelve services, a count, a mean and a share; tickets of s03 double on day 200."""
    rng = np.random.default_rng(3)
    lines = [HEAD]
    for s in range(12):
        for t in range(days):
            day = START + timedelta(days=t)
            tickets = rng.poisson(20 * (2 if s == 3 and t >= 200 else 1))
            answers = rng.integers(1, 6, 6)
            lines.append(f"tickets,count,s{s:02d},{day},,{tickets},")
            lines.append(f"rating,mean,s{s:02d},{day},6,{answers.sum()},{(answers**2).sum()}")
            lines.append(f"reopened,share,s{s:02d},{day},20,{rng.binomial(20, 0.3)},")
    return "\n".join(lines) + "\n"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    panel = write(tmp_path / "panel.csv", panel_text())
    changes = write(
        tmp_path / "changes.csv",
        CHANGES + "double,s03,2024-07-19\nnothing,s05,2024-07-19\nnothing,s06,2024-07-19\n"
        "late,s07,2024-10-25\nclose,s08,2024-06-01\ncloser,s08,2024-06-04\nelsewhere,nowhere,2024-07-19\n",
    )
    return panel, changes, tmp_path / "out.csv"


def test_every_change_and_metric_has_one_row_with_a_verdict(files: tuple[Path, Path, Path]) -> None:
    assert run(*files) == 0
    rows = rows_of(files[2])
    assert len(rows) == 6 * 3
    assert list(rows[0]) == list(OUT_COLUMNS)
    words = {(r["change_id"], r["metric"]): r["verdict"] for r in rows}
    assert words["double", "tickets"] == "increase"
    assert words["nothing", "tickets"] == "no effect seen"
    assert words["late", "tickets"] == "too early"
    assert words["close", "tickets"] == "cannot be separated"
    assert words["elsewhere", "rating"] == "no data"


def test_a_row_without_estimate_has_a_reason_and_empty_numbers(files: tuple[Path, Path, Path]) -> None:
    run(*files)
    row = next(r for r in rows_of(files[2]) if r["change_id"] == "close" and r["metric"] == "tickets")
    assert row["reason"] == "in the same days on the same service: closer; more days will not change that"
    assert [row[c] for c in ("estimate", "low", "high", "p_value", "q_value")] == ["", "", "", "", ""]


def test_each_reason_says_what_is_missing_in_words(tmp_path: Path) -> None:
    rng, lines = np.random.default_rng(4), [HEAD]
    for t in range(200):
        day = START + timedelta(days=t)
        lines += [f"tickets,count,s{s},{day},,{rng.poisson(20)}," for s in range(10)]
        lines += [f"rating,mean,s{s},{day},4,12,40" for s in range(10) if s or not 60 <= t < 130]
        if t % 30 == 5:
            lines += [f"tickets,count,quiet,{day},,1,", f"rating,mean,thin,{day},3,9,29"]
    asked = f"gap,s0,{START + timedelta(days=105)}\nnone,elsewhere,2024-04-10\nnone,s1,2024-04-10\n"
    asked += "few,quiet,2024-04-10\nlone,gone,2024-04-10\nthin,thin,2024-04-30\nfirst,s2,2024-01-05\n"
    panel, changes = write(tmp_path / "p.csv", "\n".join(lines)), write(tmp_path / "c.csv", CHANGES + asked)
    run(panel, changes, tmp_path / "o.csv")
    told = {(r["change_id"], r["metric"]): (r["verdict"], r["reason"]) for r in rows_of(tmp_path / "o.csv")}
    assert told["none", "tickets"] == ("no effect seen", "read from 1 of 2 services")
    assert told["lone", "tickets"] == ("no data", "the panel has no such service for this metric")
    assert told["first", "tickets"] == ("no data", "4 known days before the rollout where 14 are needed")
    assert told["few", "tickets"] == ("too little data", "2 tickets before and after together, where 10 are needed")
    thin = "3 observations on the thinner side, where 5 are needed on each"
    assert told["thin", "rating"] == ("too little data", thin)
    assert told["gap", "rating"] == ("no data", "no observations in the days before and after the rollout")


def test_values_that_never_vary_are_no_effect_and_not_too_little_data(tmp_path: Path) -> None:
    days = [START + timedelta(days=t) for t in range(300)]
    lines = [f"rating,mean,s{s},{day},5,20,80" for s in range(10) for day in days]
    panel = write(tmp_path / "p.csv", "\n".join([HEAD, *lines]))
    run(panel, write(tmp_path / "c.csv", CHANGES + "a,s0,2024-06-01\n"), tmp_path / "o.csv")
    (row,) = rows_of(tmp_path / "o.csv")
    assert (row["verdict"], row["reason"]) == ("no effect seen", "")


def test_means_that_vary_only_between_days_are_not_called_too_little_data(tmp_path: Path) -> None:
    rng, days = np.random.default_rng(6), [START + timedelta(days=t) for t in range(300)]
    daily = [(s, day, rng.normal(50, 4)) for s in range(12) for day in days]
    lines = [f"load,mean,s{s},{day},100,{100 * x:.6f},{100 * x * x:.6f}" for s, day, x in daily]
    panel = write(tmp_path / "p.csv", "\n".join([HEAD, *lines]))
    changes = CHANGES + "".join(f"c{s},s{s},2024-06-0{s + 1}\n" for s in range(6))
    run(panel, write(tmp_path / "c.csv", changes), tmp_path / "o.csv")
    words = [r["verdict"] for r in rows_of(tmp_path / "o.csv")]
    assert words.count("no effect seen") >= 5
    assert "too little data" not in words


def test_per_service_adds_rows_and_names_the_service(files: tuple[Path, Path, Path]) -> None:
    run(*files, per_service=True)
    assert len(rows_of(files[2])) == 6 * 3 + 7 * 3
    rows = [r for r in rows_of(files[2]) if r["change_id"] == "nothing" and r["metric"] == "reopened"]
    assert [r["service"] for r in rows] == ["", "s05", "s06"]


def test_days_before_and_after_given_are_used_exactly(files: tuple[Path, Path, Path]) -> None:
    panel, changes, out = files
    write(changes, CHANGES + "a,s03,2024-05-01\nb,s03,2024-06-12\n")
    run(panel, changes, out, pre=42, post=14)
    found = {r["change_id"]: (r["verdict"], r["pre_days"]) for r in rows_of(out) if r["metric"] == "tickets"}
    assert found["a"][1] == "42"
    assert found["b"] == ("cannot be separated", "")
    run(panel, changes, out)
    free = {r["change_id"]: (r["pre_days"], r["post_days"]) for r in rows_of(out) if r["metric"] == "tickets"}
    assert free["b"] == ("28", "14")


def test_each_reading_asked_for_has_a_row_and_names_itself_in_the_last_column(files: tuple[Path, Path, Path]) -> None:
    run(*files, readings="late, planned,first_days")
    rows = [r for r in rows_of(files[2]) if r["change_id"] == "double" and r["metric"] == "tickets"]
    assert list(rows[0])[-1] == "reading"
    assert [(r["reading"], r["post_days"], r["verdict"]) for r in rows] == [
        ("planned", "14", "increase"), ("first_days", "3", "increase"), ("late", "28", "increase"),
    ]  # fmt: skip
    with pytest.raises(SettingsError, match="--readings is 'later'; allowed are planned, first_days, lasting, late"):
        run(*files, readings="planned,later")


def test_a_reading_before_its_last_day_says_how_much_higher_the_bar_is(files: tuple[Path, Path, Path]) -> None:
    panel, changes, out = files
    write(changes, CHANGES + "fresh,s07,2024-10-19\nnew,s08,2024-10-24\n")
    run(panel, changes, out)
    fresh, new = (
        next(r for r in rows_of(out) if r["change_id"] == c and r["metric"] == "tickets") for c in ("fresh", "new")
    )
    assert re.search(
        r"preliminary after 7 of 14 days: the bar is \d\.\d times as high; final from 2024-11-03", fresh["reason"]
    )
    assert fresh["post_days"] == "7"
    assert (new["verdict"], new["reason"]) == (
        "too early",
        "possible from 2024-10-28: 2 of 3 days after the rollout so far",
    )


def test_a_rollout_over_several_days_is_read_from_its_last_day_on(files: tuple[Path, Path, Path]) -> None:
    panel, changes, out = files
    rows = "slow,s03,2024-07-10,2024-07-19\nnext,s03,2024-08-06,\n"
    rows += "quick,s05,2024-07-19,\nbefore,s05,2024-06-01,2024-07-01\n"
    write(changes, "change_id,service,rollout_on,rollout_to\n" + rows)
    run(panel, changes, out)
    found = {
        r["change_id"]: (r["verdict"], r["pre_days"], r["post_days"]) for r in rows_of(out) if r["metric"] == "tickets"
    }
    assert found["slow"] == ("increase", "42", "14")
    assert found["quick"][1:] == ("14", "14")
    assert found["next"][1] == "14"


def test_changes_that_cannot_be_separated_are_read_as_one_when_asked(files: tuple[Path, Path, Path]) -> None:
    panel, changes, out = files
    write(changes, CHANGES + "a,s03,2024-07-19\nb,s03,2024-07-19\n")
    run(panel, changes, out, bundles=True)
    rows = [r for r in rows_of(out) if r["metric"] == "tickets"]
    assert list(rows[0])[-3:] == ["reading", "method", "together"]
    assert [(r["change_id"], r["verdict"], r["method"], r["together"]) for r in rows] == [
        ("a", "cannot be separated", "", ""), ("a", "increase", "bundle", "b"),
        ("b", "cannot be separated", "", ""), ("b", "increase", "bundle", "a"),
    ]  # fmt: skip
    assert rows[1]["reason"] == "together with b: what all of them did"
    assert rows[1]["estimate"] == rows[3]["estimate"]


def test_changes_that_can_be_told_apart_by_other_services_have_numbers_and_say_so(
    files: tuple[Path, Path, Path],
) -> None:
    panel, changes, out = files
    write(changes, CHANGES + "a,s03,2024-07-19\na,s05,2024-07-19\nb,s05,2024-07-23\n")
    run(panel, changes, out)
    found = {r["change_id"]: r for r in rows_of(out) if r["metric"] == "tickets"}
    assert "separated from a by other windows and services" in found["b"]["reason"]
    assert found["b"]["estimate"] != ""


@pytest.mark.parametrize("last", ["2024-07-09", "soon", "2034-07-19"])
def test_a_last_day_that_cannot_be_one_is_refused(tmp_path: Path, last: str) -> None:
    path = write(tmp_path / "c.csv", f"change_id,service,rollout_on,rollout_to\na,s03,2024-07-10,{last}\n")
    with pytest.raises(SettingsError, match=f"line 2, column rollout_to: '{last}'; allowed is"):
        read_changes(path)


def test_public_holidays_of_a_country_or_a_part_of_it_take_the_place_of_a_file(files: tuple[Path, Path, Path]) -> None:
    panels = read_panel(files[0])
    assert date(2024, 10, 3) in country_holidays("DE", panels)
    assert date(2024, 8, 15) in country_holidays("de-sl", panels) - country_holidays("DE", panels)
    for code in ("XX", "DE-XX"):
        with pytest.raises(SettingsError, match=f"--country is '{code}', for which there is no holiday calendar"):
            country_holidays(code, panels)
    listed = write(files[2].with_name("h.txt"), "\n".join(str(day) for day in sorted(country_holidays("DE", panels))))
    run(*files, country="DE")
    first = files[2].read_text()
    run(*files, holidays=listed)
    assert files[2].read_text() == first
    with pytest.raises(SettingsError, match="allowed is one of them"):
        run(*files, country="DE", holidays=listed)


def test_csv_and_parquet_give_the_same_numbers_in_any_row_order(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    panel, changes, out = files
    run(panel, changes, out)
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT * FROM '{panel}' ORDER BY hash(day, service)) TO '{tmp_path}/panel.parquet'")
        db.execute(f"COPY (SELECT * FROM '{changes}' ORDER BY change_id DESC) TO '{tmp_path}/changes.parquet'")
        run(tmp_path / "panel.parquet", tmp_path / "changes.parquet", tmp_path / "out.parquet")
        again = db.execute(f"SELECT * FROM '{tmp_path}/out.parquet'").fetchall()
    first = [[r[c] for c in OUT_COLUMNS] for r in rows_of(out)]
    assert [["" if v is None else str(v) for v in row] for row in again] == first


def test_a_day_without_a_row_is_zero_tickets_and_no_observations(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.csv",
        f"{HEAD}\nt,count,a,2024-01-01,,3,\nt,count,a,2024-01-03,1,4,\nt,count,b,2024-01-02,,1,\n"
        "r,mean,a,2024-01-01,2,7,25\nr,mean,a,2024-01-03,1,5,25\n",
    )
    rating, tickets = read_panel(path)
    assert (tickets.services, tickets.total.tolist()) == (("a", "b"), [[3, 0, 4], [0, 1, 0]])
    assert (rating.n.tolist(), rating.total_sq.tolist()) == ([[2, 0, 1]], [[25, 0, 25]])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("t,number,a,2024-01-01,,3,", "line 3, column kind: 'number'; allowed is one of count, mean, share"),
        ("t,count,a,01/02/2024,,3,", "line 3, column day: '01/02/2024'; allowed is a date"),
        ("t,count,,2024-01-02,,3,", "line 3, column service: empty"),
        ("t,count,a,2024-01-02,,,", "line 3, column total: empty"),
        ("t,count,a,2024-01-02,,many,", "line 3, column total: 'many'; allowed is a finite number"),
        ("t,count,a,2024-01-02,,nan,", "line 3, column total: 'nan'; allowed is a finite number"),
        ("t,count,a,2024-01-02,,-1,", "line 3, column total: '-1'; allowed is 0 or more"),
        ("r,mean,a,2024-01-02,-2,3,9", "line 3, column n: '-2'; allowed is 0 or more"),
        ("r,mean,a,2024-01-02,,3,9", "line 3, column n: empty"),
        ("r,mean,a,2024-01-02,1,3,", "line 3, column total_sq: empty; allowed is a number; rows of kind mean need it"),
        ("r,mean,a,2024-01-02,1,3,2", "line 3, column total_sq: '2'; allowed is at least"),
        ("x,share,a,2024-01-02,3,4,", "line 3, column total: '4'; allowed is at most n"),
        ("t,count,a,2024-01-01,,3,", "line 3, column day: '2024-01-01'; allowed is one row for each"),
        ("t,share,a,2024-01-02,9,3,", "column kind: 'count'; allowed is the same kind"),
    ],
)
def test_a_wrong_value_is_refused_with_file_line_column_and_what_is_allowed(
    tmp_path: Path, row: str, message: str
) -> None:
    path = write(tmp_path / "p.csv", f"{HEAD}\nt,count,a,2024-01-01,,3,\n{row}\n")
    with pytest.raises(SettingsError) as refusal:
        read_panel(path)
    assert str(refusal.value).startswith(str(path))
    assert message in str(refusal.value)


def test_a_missing_column_a_missing_file_and_an_unknown_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="column 'rollout_on' is missing; found are change_id, service"):
        read_changes(write(tmp_path / "c.csv", "change_id,service\na,b\n"))
    with pytest.raises(SettingsError, match="there is no such file"):
        read_panel(tmp_path / "none.csv")
    with pytest.raises(SettingsError, match="has no rows"):
        read_panel(write(tmp_path / "empty.csv", HEAD + "\n"))
    with pytest.raises(SettingsError, match=r"ending is '\.xlsx'; allowed are"):
        read_panel(write(tmp_path / "p.xlsx", "x"))


def test_a_row_with_too_few_values_and_a_file_in_another_encoding_are_named(tmp_path: Path) -> None:
    rows = "".join(f"t,count,a,{START + timedelta(days=t)},,3,\n" for t in range(300))
    with pytest.raises(SettingsError, match="line 302: 3 values; allowed are 7, one for each column"):
        read_panel(write(tmp_path / "p.csv", f"{HEAD}\n{rows}t,count,a\n"))
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEAD}\nt,count,Köln,2024-01-01,,3,\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="is not UTF-8 text; save it as UTF-8"):
        read_panel(path)


def test_a_mistyped_year_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    rows = "".join(f"t,count,a,{START + timedelta(days=t)},,3,\n" for t in range(3))
    with pytest.raises(SettingsError, match="line 5, column day: '9999-12-31'; allowed is a day within 100 years"):
        read_panel(write(tmp_path / "p.csv", f"{HEAD}\n{rows}t,count,a,9999-12-31,,3,\n"))


def test_nothing_is_written_when_the_input_or_the_ending_is_wrong(files: tuple[Path, Path, Path]) -> None:
    panel, changes, out = files
    with pytest.raises(SettingsError, match=r"written as \.csv or \.parquet"):
        run(panel, changes, out.with_suffix(".txt"))
    write(changes, CHANGES + "a,s03,soon\n")
    with pytest.raises(SettingsError, match="line 2, column rollout_on: 'soon'"):
        run(panel, changes, out)
    with pytest.raises(SettingsError, match="--pre is 0"):
        run(panel, changes, out, pre=0)
    assert not out.exists()


def test_holidays_are_one_date_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "h.txt", "# fixed\n2024-12-25\n\n2025-01-01\n")
    assert read_holidays(path) == {date(2024, 12, 25), date(2025, 1, 1)}
    with pytest.raises(SettingsError, match="line 1, column date: 'Xmas'"):
        read_holidays(write(path, "Xmas\n"))


def test_a_default_window_fills_in_the_side_that_was_not_given() -> None:
    assert asked_shapes(pre=28, post=None, lead=None) == (Shape(28, 14, 1),)
    assert asked_shapes(pre=None, post=None, lead=3)[0] == Shape(42, 14, 3)
