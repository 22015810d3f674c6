"""Lines of files to canonical rows: words, links, logs, surveys, people, and what is rejected with its reason."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors import files
from impact.model import TABLES, SourceChanged
from impact.people import hash_person, hide_people
from tests.file_sources import CONNECTOR, TICKETS, example, one, read, settings, stream, tickets


def mapped(**more: Any) -> dict[str, Any]:
    return {"columns": {**TICKETS["columns"], **more}}


def test_there_is_one_stream_for_every_table_and_only_mapped_ones_are_fed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened\nA1,2024-03-01\n")
    found = read(settings(tmp_path, **TICKETS, path="t.csv"))
    assert sorted(found.rows) == sorted(TABLES)
    assert {table: len(rows) for table, rows in found.rows.items() if rows} == {"ticket": 1}


def test_the_files_words_become_ours_and_are_kept_beside(tmp_path: Path) -> None:
    content = "no,opened,state,p\nA1,2024-03-01,In Arbeit,P1\nA2,2024-03-01,IN ARBEIT,P9\nA3,2024-03-01,Neu,\n"
    rows, rejected = tickets(
        tmp_path,
        content,
        **mapped(status="state", priority="p"),
        values={"status": {"in arbeit": "open"}, "priority": {1: ["P1"], 2: ["P2"]}},
    )
    assert rejected == []
    assert [(r.status, r.status_raw, r.priority, r.priority_raw) for r in rows] == [
        ("open", "In Arbeit", 1, "P1"),
        ("open", "IN ARBEIT", None, "P9"),
        ("other", "Neu", None, None),
    ]


def test_a_word_that_is_ours_already_needs_no_mapping(tmp_path: Path) -> None:
    rows, _ = tickets(tmp_path, "no,opened,state\nA1,2024-03-01,Resolved\n", **mapped(status="state"))
    assert (one(rows).status, one(rows).status_raw) == ("resolved", "Resolved")


def test_missing_words_are_unknown_and_never_zero(tmp_path: Path) -> None:
    content = "no,opened,again,closed,met\nA1,2024-03-01,?,#N/B,\nA2,2024-03-01,0,2024-03-02,no\n"
    columns = mapped(reopened_count="again", closed_at={"column": "closed", "missing": ["#N/B"]}, within_target="met")
    rows, rejected = tickets(tmp_path, content, missing=["?"], **columns)
    assert rejected == []
    assert [(r.reopened_count, r.closed_at, r.within_target) for r in rows] == [
        (None, None, None),
        (0, datetime(2024, 3, 2, tzinfo=UTC), False),
    ]


def test_a_rejected_cell_names_file_line_column_value_and_reason_and_the_rest_is_kept(tmp_path: Path) -> None:
    content = "no,opened,again\nA1,2024-03-01,0\nA2,2024-03-01,two\nA3,2024-03-01,1\n"
    rows, rejected = tickets(tmp_path, content, **mapped(reopened_count="again"))
    assert [row.number for row in rows] == ["A1", "A3"]
    found = one(rejected)
    assert (found.key, found.place, found.column, found.value) == ("A2", "t.csv, line 3", "again", "two")
    assert found.reason == "is not a number"


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("reopened_count", "-1", "is outside 0 to inf"),
        ("reopened_count", "1.5", "is not a whole number"),
        ("within_target", "maybe", "is neither yes nor no; declare the word under values, such as 'J' = true"),
    ],
)
def test_values_outside_their_range_are_rejected(tmp_path: Path, field: str, cell: str, reason: str) -> None:
    rows, rejected = tickets(tmp_path, f"no,opened,x\nA1,2024-03-01,{cell}\n", **mapped(**{field: "x"}))
    assert (rows, one(rejected).reason) == ([], reason)


def test_a_required_cell_that_is_empty_is_rejected(tmp_path: Path) -> None:
    rows, rejected = tickets(tmp_path, "no,opened\nA1,?\n", missing=["?"])
    assert rows == []
    assert (one(rejected).column, one(rejected).reason) == ("opened", "is empty, and every ticket has opened_at")


def test_a_key_that_lost_its_digits_or_is_empty_or_used_twice_is_rejected(tmp_path: Path) -> None:
    content = "no,opened\n1.23E+11,2024-03-01\n,2024-03-01\nA1,2024-03-01\nA1,2024-03-02\n"
    rows, rejected = tickets(tmp_path, content)
    assert [row.number for row in rows] == ["A1"]
    assert [(r.place, r.reason.split(".")[0]) for r in rejected[:2]] == [
        ("t.csv, line 2", "key column 'no' holds '1"),
        ("t.csv, line 3", "key column 'no' is empty"),
    ]
    assert rejected[2].place == "t.csv, line 5"
    assert "already used by t.csv, line 4. Set latest_by" in rejected[2].reason


def test_rows_without_a_key_are_known_by_file_and_line(tmp_path: Path) -> None:
    columns = {"opened_at": "opened"}
    rows, _ = tickets(tmp_path, "opened\n2024-03-01\n2024-03-01\n", key="#line", columns=columns)
    assert [(row.id, row.number) for row in rows] == [
        ("desk:ticket:t.csv:2", "t.csv:2"),
        ("desk:ticket:t.csv:3", "t.csv:3"),
    ]


def test_a_log_counts_the_latest_row_of_each_key_whatever_the_order_of_lines(tmp_path: Path) -> None:
    content = (
        "no,opened,v,state\nA1,2024-03-01,10,Closed\nA1,2024-03-01,9,New\nA2,2024-03-01,1,New\nA2,2024-03-01,1,Closed\n"
    )
    rows, rejected = tickets(tmp_path, content, latest_by="v", **mapped(status="state"))
    assert rejected == []
    assert [(row.number, row.status_raw) for row in rows] == [("A1", "Closed"), ("A2", "Closed")]


def test_the_latest_row_may_be_told_by_a_date_and_lie_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("no,opened,at\nA1,1/3/2024,2/4/2024\n")
    (tmp_path / "b.csv").write_text("no,opened,at\nA1,1/3/2024,10/3/2024\n")
    own = settings(tmp_path, **TICKETS, path="*.csv", latest_by="at", dates="day-first")
    assert [payload["place"] for payload in read(own).payloads["ticket"]] == ["a.csv, line 2"]


def test_a_log_line_that_cannot_be_ordered_is_rejected(tmp_path: Path) -> None:
    rows, rejected = tickets(tmp_path, "no,opened,v\nA1,2024-03-01,1\nA1,2024-03-01,last\n", latest_by="v")
    assert len(rows) == 1
    assert one(rejected).reason.startswith("latest_by column 'v': 'last' is not an ISO date")


def test_words_of_every_row_of_a_log_are_kept_where_asked_for(tmp_path: Path) -> None:
    content = "no,opened,v,rfc\nA1,2024-03-01,1,C1\nA1,2024-03-01,2,C2\nA1,2024-03-01,3,?\n"
    every = mapped(change_ids={"column": "rfc", "every_row": True})
    latest = mapped(change_ids="rfc")
    assert one(tickets(tmp_path, content, latest_by="v", missing=["?"], **every)[0]).change_ids == (
        "desk:change:C1",
        "desk:change:C2",
    )
    assert one(tickets(tmp_path, content, latest_by="v", missing=["?"], **latest)[0]).change_ids == ()


def test_services_teams_and_groups_become_rows_from_the_words_that_link_to_them(tmp_path: Path) -> None:
    content = "no,opened,ci,grp,site,dept\nA1,2024-03-01,Mail,Net,Paris,Paris\nA2,2024-03-02,Mail,Net,Lyon,\n"
    (tmp_path / "t.csv").write_text(content)
    segments = [{"column": "site", "dimension": "location"}, {"column": "dept", "dimension": "department"}]
    keys = {**TICKETS, **mapped(service_id="ci", team_id="grp", segment_ids=segments)}
    found = read(settings(tmp_path, **keys, path="t.csv"))
    assert [(s.id, s.name) for s in found.rows["service"]] == [("desk:service:Mail", "Mail")]
    assert [(t.id, t.name) for t in found.rows["team"]] == [("desk:team:Net", "Net")]
    assert [(s.id, s.name, s.dimension) for s in found.rows["segment"]] == [
        ("desk:segment:location:Paris", "Paris", "location"),
        ("desk:segment:department:Paris", "Paris", "department"),
        ("desk:segment:location:Lyon", "Lyon", "location"),
    ]
    assert [(r.service_id, r.team_id, r.segment_ids) for r in found.rows["ticket"]] == [
        ("desk:service:Mail", "desk:team:Net", ("desk:segment:location:Paris", "desk:segment:department:Paris")),
        ("desk:service:Mail", "desk:team:Net", ("desk:segment:location:Lyon",)),
    ]


def test_a_mapped_service_row_wins_over_the_bare_word_that_links_to_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened,ci\nA1,2024-03-01,Mail\nA2,2024-03-01,Web\n")
    (tmp_path / "s.csv").write_text("ci,owner\nMail,Net\n")
    service = {"path": "s.csv", "table": "service", "key": ["ci"], "columns": {"owner_team_id": "owner"}}
    found = read(settings(tmp_path, read=[{**TICKETS, **mapped(service_id="ci"), "path": "t.csv"}, service]))
    assert [(s.id, s.name, s.owner_team_id) for s in found.rows["service"]] == [
        ("desk:service:Mail", "Mail", "desk:team:Net"),
        ("desk:service:Web", "Web", None),
    ]


def test_links_to_rows_no_file_delivers_are_kept(tmp_path: Path) -> None:
    content = "no,opened,cause\nA1,2024-03-01,CHG7\n"
    (tmp_path / "t.csv").write_text(content)
    found = read(settings(tmp_path, **{**TICKETS, **mapped(caused_by_change_id="cause")}, path="t.csv"))
    assert one(found.rows["ticket"]).caused_by_change_id == "desk:change:CHG7"
    assert found.rows["change"] == []


def test_a_link_may_lead_to_another_source_and_then_makes_no_row_here(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened,ci\nA1,2024-03-01,Mail\n")
    keys = {**TICKETS, **mapped(service_id={"column": "ci", "source": "itsm"})}
    found = read(settings(tmp_path, **keys, path="t.csv"))
    assert one(found.rows["ticket"]).service_id == "itsm:service:Mail"
    assert found.rows["service"] == []


def test_one_cell_may_hold_several_links(tmp_path: Path) -> None:
    columns = mapped(change_ids={"column": "rfc", "split": ";"})
    rows, _ = tickets(tmp_path, "no,opened,rfc\nA1,2024-03-01,C1; C2;\n", **columns)
    assert one(rows).change_ids == ("desk:change:C1", "desk:change:C2")


def test_a_cell_that_names_several_services_makes_a_link_to_each(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("ref,systems\nC1,Mail; Payroll;Mail\nC2,\n")
    link = {"change_id": "ref", "service_id": {"column": "systems", "split": ";"}}
    found = read(settings(tmp_path, path="c.csv", table="change_service", key=["ref"], columns=link))
    links = [(row.id, row.change_id, row.service_id) for row in found.rows["change_service"]]
    assert links == [
        ("desk:change_service:C1|Mail", "desk:change:C1", "desk:service:Mail"),
        ("desk:change_service:C1|Payroll", "desk:change:C1", "desk:service:Payroll"),
    ]
    assert [row.name for row in found.rows["service"]] == ["Mail", "Payroll"]
    assert not any(found.rejected.values())


def test_joined_columns_link_to_the_row_with_the_joined_key(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("train,part,step\nA,x,Go live\nA,,Go live\n")
    change = {"table": "change", "key": ["train", "part"], "columns": {"title": {"columns": ["part", "train"]}}}
    milestone = {
        "table": "milestone",
        "key": ["train", "part", "step"],
        "columns": {"title": "step", "change_id": {"columns": ["train", "part"]}},
    }
    found = read(settings(tmp_path, path="m.csv", read=[change, milestone]))
    assert one(found.rows["change"]).title == "x A"
    assert one(found.rows["milestone"]).change_id == one(found.rows["change"]).id == "desk:change:A|x"
    assert [one(found.rejected[table]).reason for table in ("change", "milestone")] == [
        "key column 'part' is empty"
    ] * 2


def test_rows_are_chosen_by_their_words(tmp_path: Path) -> None:
    content = "no,opened,status,done\nA1,2024-03-01,preview,1\nA2,2024-03-01,real,1\nA3,2024-03-01,real,0\n"
    rows, rejected = tickets(tmp_path, content, only={"done": [1]}, without={"status": "preview"})
    assert ([row.number for row in rows], rejected) == (["A2"], [])


def test_a_milestone_without_a_status_column_is_done_when_it_has_a_day_of_completion(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "c,step,due,done,share\nC1,Train,2024-03-01,2024-03-02,100%\nC1,Go,2024-04-01,,0.4\n"
    )
    columns = {"change_id": "c", "title": "step", "due_on": "due", "done_on": "done", "progress_ratio": "share"}
    own = settings(tmp_path, path="m.csv", table="milestone", key=["c", "step"], columns=columns)
    assert [(m.status, m.due_on, m.done_on, m.progress_ratio) for m in read(own).rows["milestone"]] == [
        ("done", date(2024, 3, 1), date(2024, 3, 2), 1.0),
        ("open", date(2024, 4, 1), None, 0.4),
    ]


def test_a_file_that_knows_one_resolution_uses_it_as_the_first_too(tmp_path: Path) -> None:
    content = "no,opened,done,first\nA1,2024-03-01,2024-03-05,2024-03-02\n"
    assert one(tickets(tmp_path, content, **mapped(resolved_at="done"))[0]).first_resolved_at.day == 5
    assert (
        one(
            tickets(tmp_path, content, **mapped(resolved_at="done", first_resolved_at="first"))[0]
        ).first_resolved_at.day
        == 2
    )


def test_only_mapped_columns_are_kept_and_a_person_is_hashed_before_storing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened,caller,phone\nA1,2024-03-01,Eva Maier,0815\nA2,2024-03-01,?,0815\n")
    own = settings(tmp_path, **{**TICKETS, **mapped(person_key="caller")}, path="t.csv", missing=["?"])
    each = stream("ticket")
    payloads = [hide_people(p, each.people_paths(own), b"k") for p in read(own).payloads["ticket"]]
    assert "Eva" not in repr(payloads)
    assert "0815" not in repr(payloads)
    assert [next(iter(each.convert(p, own))).person_key for p in payloads] == [hash_person(b"k", "Eva Maier"), None]


def test_the_data_end_at_the_newest_thing_that_happened_not_at_what_is_planned(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("no,plan,live\nC1,2031-01-01,2024-03-01\nC2,2030-01-01,\n")
    columns = {"title": "no", "planned_start_at": "plan", "rollout_start_at": "live"}
    own = settings(tmp_path, path="c.csv", table="change", key=["no"], timezone="UTC", columns=columns)
    assert read(own).bookmarks["change"] == datetime(2024, 3, 1, tzinfo=UTC)


def test_long_files_come_in_pages_and_the_bookmark_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_RECORDS", 2)
    lines = [f"A{i},2024-03-0{i}" for i in range(1, 6)]
    (tmp_path / "t.csv").write_text("\n".join(["no,opened", *lines]))
    own = settings(tmp_path, **TICKETS, path="t.csv")
    pages = list(stream("ticket").fetch(CONNECTOR.open(own), own, None))
    assert [(len(page.records), page.bookmark) for page in pages] == [
        (2, None),
        (2, None),
        (1, datetime(2024, 3, 5, tzinfo=UTC)),
    ]


def test_a_column_that_reads_in_no_row_is_a_wrong_mapping_and_not_thousands_of_rejections(tmp_path: Path) -> None:
    lines = [f"A{i},03/{i % 12 + 1:02d}/2024" for i in range(30)]
    with pytest.raises(SourceChanged) as caught:
        tickets(tmp_path, "\n".join(["no,opened", *lines]))
    assert str(caught.value).startswith(
        "t.csv: column 'opened' reads in none of the first 30 rows. t.csv, line 2: '03/01/2024' is not an ISO date"
    )
    assert "set dates = 'day-first' or 'month-first'" in str(caught.value)


def test_a_few_bad_rows_at_the_start_do_not_stop_the_file(tmp_path: Path) -> None:
    lines = [*(f"B{i},soon" for i in range(30)), "A1,2024-03-01"]
    rows, rejected = tickets(tmp_path, "\n".join(["no,opened", *lines]))
    assert (len(rows), len(rejected)) == (1, 30)


def test_raw_of_a_mapping_that_was_removed_says_so_instead_of_vanishing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened\nA1,2024-03-01\n")
    payload = one_payload(settings(tmp_path, **TICKETS, path="t.csv"))
    other = settings(tmp_path, **TICKETS, path="other.csv")
    assert "no longer configured" in next(iter(stream("ticket").convert(payload, other))).reason


def one_payload(own: Any) -> Any:
    (payload,) = read(own).payloads["ticket"]
    return payload


def test_check_says_which_columns_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("no,opened,note,\nA1,2024-03-01,x,\n")
    own = settings(tmp_path, **TICKETS, path="t.csv")
    assert list(CONNECTOR.check(CONNECTOR.open(own), own)) == ["t.csv feeds ticket from 2 of 3 columns; not read: note"]


def test_the_example_workbook_of_changes_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Changes"
    head = "Number Title Status Outcome Planned|Live since|Team|Sponsor|Customer requirement|Budget|Hours saved a month"
    page.append(head.replace(" Title Status Outcome Planned", "|Title|Status|Outcome|Planned").split("|"))
    page.append(
        [
            "C1",
            "New portal",
            "Live",
            "OK with remarks",
            datetime(2024, 3, 1),
            45357.5,
            "Web",
            "Eva Maier",
            "Faster",
            1000,
            120,
        ]
    )
    services = book.create_sheet("Services")
    for row in (["Number", "Service", "Rollout"], ["C1", "Portal", date(2024, 3, 6)], ["C1", "Search", None]):
        services.append(row)
    milestones = book.create_sheet("Milestones")
    milestones.append(["Number", "Milestone", "End", "Kind", "Due", "Done", "Progress", "Audience", "Channel"])
    milestones.append(
        ["C1", "Train", "business", "training", date(2024, 2, 1), date(2024, 2, 3), 1, "Sales", "Webinar"]
    )
    book.save(tmp_path / "changes.xlsx")
    found = read(example("change-workbook", tmp_path))
    change = one(found.rows["change"])
    assert (change.status, change.outcome, change.team_id) == ("done", "with_issues", "workbook:team:Web")
    assert (change.planned_start_at, change.rollout_start_at) == (
        datetime(2024, 2, 29, 23, tzinfo=UTC),
        datetime(2024, 3, 6, 11, tzinfo=UTC),
    )
    assert (change.planned_cost, change.expected_benefit_hours) == (1000.0, 120.0)
    assert [(r.service_id, r.rollout_on) for r in found.rows["change_service"]] == [
        ("workbook:service:Portal", date(2024, 3, 6)),
        ("workbook:service:Search", None),
    ]
    milestone = one(found.rows["milestone"])
    assert (milestone.end, milestone.kind, milestone.status, milestone.done_on) == (
        "business",
        "training",
        "done",
        date(2024, 2, 3),
    )
    assert sum(map(len, found.rejected.values())) == 0


def test_memory_does_not_grow_with_the_number_of_lines(tmp_path: Path) -> None:
    peaks = []
    for lines in (10_000, 40_000):
        content = "opened,note\n" + "2024-03-01,some words that nobody maps\n" * lines
        (tmp_path / "t.csv").write_text(content)
        own = settings(
            tmp_path, path="t.csv", table="ticket", key="#line", timezone="UTC", columns={"opened_at": "opened"}
        )
        tracemalloc.start()
        read_lines = sum(len(page.records) for page in stream("ticket").fetch(CONNECTOR.open(own), own, None))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read_lines == lines
    assert peaks[1] < 1.2 * peaks[0]
