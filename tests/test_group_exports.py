"""What leaves the installation in files names no group, and no combination of groups, that is too small."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from impact.__main__ import main
from impact.group_exports import PROTECTED, Seen, protected, shown_combinations
from impact.group_table import GROUPS, group_table
from impact.groups import groups_of
from impact.model import ChangeSegment, Population, Segment
from impact.store import Store
from tests.group_store import FIRST, ROLLOUT, TODAY, Read, filled, place, row, settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The organisation, with a link of the change to Deal, a location nobody ever wrote from, and a service's count."""
    more = [
        row(ChangeSegment, "change_segment", "felt-deal", change_id="desk:change:felt", segment_id=place("deal")),
        Segment(id=place("eton"), source="desk", source_key="eton", name="Eton", dimension="location"),
        row(Population, "population", "few", service_id="desk:service:s01", from_on=FIRST, people_count=4),
        row(Population, "population", "many", service_id="desk:service:s02", from_on=FIRST, people_count=40),
    ]
    return filled(tmp_path_factory.mktemp("exports"), more=more).home


def exported(home: Path, table: str, smallest: int = 5) -> list[dict[str, object]]:
    found: list[dict[str, object]] = protected(Store(home, zone="UTC").snapshot(), table, smallest=smallest).to_pylist()
    return found


@pytest.mark.parametrize("table", ["ticket", "satisfaction_response"])
def test_tickets_and_answers_keep_large_groups_only_and_none_is_lost(home: Path, table: str) -> None:
    rows = exported(home, table)
    named = {name for one in rows for name in one["segment_ids"]}  # type: ignore[attr-defined]
    assert named == {place("ayr"), place("bath")}
    stored = Store(home, zone="UTC").snapshot().query(f"SELECT COUNT(*) AS n FROM {table}").to_pylist()[0]["n"]
    assert len(rows) == stored
    blank = {str(one["id"]).split("-")[2] for one in rows if not one["segment_ids"]}
    assert blank == {"cork", "deal"}


def test_no_ticket_has_a_person_beside_groups(home: Path) -> None:
    assert {one["person_key"] for one in exported(home, "ticket")} == {None}


@pytest.mark.parametrize(
    ("table", "column", "kept"),
    [
        ("segment", "id", {place("ayr"), place("bath")}),
        ("change_segment", "segment_id", {place("ayr")}),
        ("population", "segment_id", {place("ayr"), place("bath"), None}),
    ],
)
def test_hidden_groups_have_no_row_of_their_own(home: Path, table: str, column: str, kept: set[str | None]) -> None:
    assert {one[column] for one in exported(home, table)} == kept


def test_counts_of_few_people_are_left_out_whatever_they_count(home: Path) -> None:
    services = [one["service_id"] for one in exported(home, "population") if one["service_id"]]
    assert services == ["desk:service:s02"]


def test_a_combination_of_large_groups_that_few_share_is_not_told() -> None:
    def people(groups: set[str], count: int) -> Seen:
        return [(f"{sorted(groups)}{i}", frozenset(groups), 0) for i in range(count)]

    seen = [
        *people({"ayr", "finance"}, 30),
        *people({"ayr", "stores"}, 3),
        *people({"bath", "finance"}, 9),
        *people({"bath", "stores"}, 40),
    ]
    shown = frozenset({"ayr", "bath", "finance", "stores"})
    assert shown_combinations(seen, shown, smallest=5) == {("ayr", "finance"), ("bath", "stores")}


def test_a_combination_needs_as_many_people_who_answered_where_answers_are_recorded() -> None:
    asked = [(f"p{i}", frozenset({name}), side) for name in ("a", "b", "c") for i in range(20) for side in (0, 1)]
    few = [one for one in asked if one[1] != {"a"} or one[2] == 0 or one[0] in ("p1", "p2")]
    shown = frozenset({"a", "b", "c"})
    assert len(shown_combinations(asked, shown, smallest=5)) == 3
    assert shown_combinations(few, shown, smallest=5) == {("c",)}


def test_the_command_writes_protected_tables_only_as_they_may_leave(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMPACT_HOME", str(home))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    for table in PROTECTED:
        assert main(["export", table, "--format", "parquet", "--out", str(tmp_path / f"{table}.parquet")]) == 0
        written = pyarrow.parquet.read_table(tmp_path / f"{table}.parquet")
        names = [n for n in ("segment_ids", "segment_id", "name") if n in written.column_names]
        assert not any(
            hidden in str(written.column(n).to_pylist()).lower() for n in names for hidden in ("deal", "eton")
        )
    assert main(["export", "segment", "--out", str(tmp_path / "segment.csv")]) == 0
    assert pyarrow.csv.read_csv(tmp_path / "segment.csv")["name"].to_pylist() == ["Ayr", "Bath"]
    assert "Groups of fewer than 5 people are left out" in capsys.readouterr().err


def test_the_file_of_groups_has_the_figures_of_the_page_and_counts_what_is_hidden(home: Path) -> None:
    read = Read(Store(home, zone="UTC"))
    own = settings(home)
    table = group_table(read.portfolio, read.snapshot, read.evidence, settings=own, today=TODAY, version="v")
    rows = [one for one in table.to_pylist() if one["change_id"] == "desk:change:felt"]
    page = groups_of(read.snapshot, read.evidence, read.changes["felt"], "location", settings=own, today=TODAY)
    assert table.schema == GROUPS
    assert [(one["group"], one["metric"]) for one in rows] == [
        (group.name, metric.name) for group in page.groups for metric in page.measures
    ]
    first, asked = page.groups[0].readings["tickets"], page.groups[0].asked
    assert first is not None
    assert asked is not None
    assert rows[0]["effect"] == getattr(first.result, "effect", None)
    assert rows[0]["word"] == first.verdict.word
    assert rows[0]["hidden_groups"] == 2
    assert next(one for one in rows if one["metric"] == "satisfaction")["asked"] == asked.asked
    assert "Cork" not in str(table.to_pylist())
    states = {one["number"]: one["state"] for one in table.to_pylist()}
    assert states["CHG-planned"] == "not_rolled_out"
    assert states["CHG-lonely"] == "one_group"


def test_a_population_that_was_ever_too_small_hides_its_group(tmp_path: Path) -> None:
    then = row(Population, "population", "ayr-then", segment_id=place("ayr"), from_on=ROLLOUT, people_count=2)
    later = row(
        Population, "population", "ayr-later", segment_id=place("ayr"), from_on=ROLLOUT + timedelta(9), people_count=80
    )
    home = filled(tmp_path, more=[then, later]).home
    assert place("ayr") not in {one["id"] for one in exported(home, "segment")}


@pytest.mark.parametrize("table", PROTECTED)
def test_where_nobody_is_to_be_protected_every_row_leaves_as_it_is(home: Path, table: str) -> None:
    stored = Store(home, zone="UTC").snapshot().query(f"SELECT * FROM {table}").to_pylist()
    assert exported(home, table, smallest=1) == sorted(stored, key=lambda one: str(one["id"]))
