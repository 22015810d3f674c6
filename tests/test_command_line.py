"""The command line, run as a user runs it on files in a folder: what it prints and with which code it ends."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from impact.__main__ import main

FILES = """
[sources.{name}]
kind = "files"
folder = "{folder}"
path = "{path}"
table = "ticket"
key = ["No"]
timezone = "UTC"
dates = "iso"
[sources.{name}.columns]
number = "No"
opened_at = "Opened"
service_id = "Service"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export of two tickets, a broken workbook, and no settings yet."""
    (tmp_path / "tickets.csv").write_text("No,Opened,Service\n1,2026-03-01,VPN\n2,2026-03-02,Mail\n")
    (tmp_path / "broken.xlsx").write_bytes(b"not a workbook")
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("IMPACT_SECRETS", str(tmp_path / "secrets.toml"))
    return tmp_path


def configure(folder: Path, **sources: str) -> None:
    """Write the settings: name of a source -> its file."""
    text = "".join(FILES.format(name=name, folder=folder.as_posix(), path=path) for name, path in sources.items())
    (folder / "secrets.toml").write_text(text)


def test_a_source_is_checked_read_listed_and_exported(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(desk, desk="tickets.csv")
    assert main(["check"]) == 0
    assert "ticket: 2 records on the first page -> 2 ticket" in capsys.readouterr().out
    assert main(["sources"]) == 0
    assert "never synced" in capsys.readouterr().out
    assert main(["sync"]) == 0
    titles, *lines = capsys.readouterr().out.splitlines()
    told = dict(zip(titles.split(), next(line.split() for line in lines if line.split()[1] == "ticket"), strict=False))
    assert (told["read"], told["new"], told["unchanged"], told["missing"]) == ("2", "2", "0", "–")
    assert {line.index("read in full") for line in lines} == {titles.index("outcome")}
    assert main(["export", "ticket", "--out", str(desk / "out.csv")]) == 0
    with (desk / "out.csv").open(encoding="utf-8") as file:
        assert {row["number"] for row in csv.DictReader(file)} == {"1", "2"}


def test_a_stream_that_was_read_in_full_is_never_listed_as_unread(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(desk, desk="tickets.csv")
    main(["sync"])
    capsys.readouterr()
    main(["sources"])
    listed = capsys.readouterr().out
    assert listed.splitlines()[0] == "desk (files)"
    lines = {line.split()[0]: line for line in listed.splitlines()[1:]}
    assert set(lines) == {"service", "ticket"}
    assert "never" not in listed
    assert "read in full 20" in lines["service"]


def test_a_file_that_cannot_be_read_stops_no_other_source(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(desk, broken="broken.xlsx", desk="tickets.csv")
    assert main(["check"]) == 1
    assert "PROBLEM broken.xlsx cannot be read" in capsys.readouterr().out
    assert main(["sync"]) == 1
    told = capsys.readouterr().out
    assert "broken.xlsx cannot be read" in told
    (line,) = (line for line in told.splitlines() if line.split()[:2] == ["desk", "ticket"])
    assert line.split()[2:4] == ["2", "2"]
    main(["sources"])
    assert "never read in full  broken.xlsx cannot be read" in capsys.readouterr().out


def test_a_wrong_setting_ends_with_code_two_and_names_key_and_kind(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(desk, desk="tickets.csv")
    settings = desk / "secrets.toml"
    settings.write_text(settings.read_text().replace("folder =", "foldr ="))
    for command in ("check", "sync"):
        assert main([command]) == 2
        assert "[sources.desk] has an unknown key 'foldr'. Keys of kind 'files':" in capsys.readouterr().err


def test_without_a_source_the_command_line_says_what_to_add(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "secrets.toml").write_text("")
    assert main(["sources"]) == 2
    assert "No source is configured. Add a section [sources.<name>]" in capsys.readouterr().err
    assert main(["export", "ticket", "--out", str(desk / "out.csv")]) == 2
    assert "Nothing is stored in" in capsys.readouterr().err


def test_estimates_and_false_alarms_are_exported_like_any_table(desk: Path) -> None:
    configure(desk, desk="tickets.csv")
    assert main(["sync"]) == 0
    assert main(["export", "false_alarms", "--out", str(desk / "rates.csv")]) == 0
    with (desk / "rates.csv").open(encoding="utf-8") as file:
        found = {(row["metric"], row["cases"]) for row in csv.DictReader(file)}
    assert found == {("tickets", "0"), ("time_to_resolve", "0")}
    assert main(["export", "estimates", "--out", str(desk / "estimates.parquet"), "--format", "parquet"]) == 0
    assert (desk / "estimates.parquet").stat().st_size > 0
