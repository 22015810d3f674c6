"""Real files, read with exactly the configurations of docs/examples, against figures counted independently.

Each figure is made from canonical rows, and again from the store's tables with the metrics' own SQL. Beside each
stands the plausible mistake that would give another figure, so that the check is seen to tell them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact import sync
from impact.metrics import BY_NAME
from impact.model import Milestone, SatisfactionResponse, SourceChanged, Ticket
from impact.settings import Settings
from impact.store import Store
from tests.file_sources import EXAMPLES, Read, example, read, section, settings

WEEKLY = [1858, 2073, 1975, 1686, 2174, 2008, 1995, 1401, 2046, 2064, 1736, 1779, 1177, 673]
FIRST_MONDAY = date(2016, 2, 29)


def weekly(days: Iterable[date]) -> list[int]:
    """Counts by week from FIRST_MONDAY, as many weeks as WEEKLY."""
    counts = Counter((day - FIRST_MONDAY).days // 7 for day in days)
    return [counts[week] for week in range(len(WEEKLY))]


def stored(name: str, folder: Path, home: Path) -> Any:
    """The store's tables after one sync of the example, as sync and pages see them."""
    source, keys = section(name, folder)
    found = Settings(home=home, sources={source: {**keys, "kind": "files"}})
    report = sync.run(found)
    assert report.failed == (), [state.message for state in report.streams]
    return Store(home).snapshot()


def total(snapshot: Any, metric: str) -> tuple[int, float]:
    """n and total of a metric over everything, by the metric's own SQL."""
    sql = f"SELECT SUM(n) AS n, SUM(total) AS total FROM ({BY_NAME[metric].facts}) AS facts"
    (row,) = snapshot.query(sql).to_pylist()
    return int(row["n"]), float(row["total"])


@pytest.fixture(scope="module")
def incidents(shared_data: Path) -> Read:
    return read(example("incident-log", shared_data))


@pytest.fixture(scope="module")
def answers(shared_data: Path) -> Read:
    return read(example("satisfaction-survey", shared_data))


@pytest.fixture(scope="module")
def releases(shared_data: Path) -> Read:
    return read(example("release-milestones", shared_data))


def test_the_incident_log_gives_24918_incidents_with_the_known_weekly_counts(incidents: Read) -> None:
    rows: list[Ticket] = incidents.rows["ticket"]
    assert len(rows) == len({row.id for row in rows}) == 24_918
    assert incidents.rejected["ticket"] == []
    assert weekly(row.opened_at.date() for row in rows) == WEEKLY


def test_a_time_zone_off_by_some_hours_gives_other_weekly_counts(incidents: Read) -> None:
    moved = weekly((row.opened_at + timedelta(hours=5)).date() for row in incidents.rows["ticket"])
    assert moved != WEEKLY


def test_275_incidents_were_reopened_and_9115_missed_their_target(incidents: Read) -> None:
    rows: list[Ticket] = incidents.rows["ticket"]
    assert sum(1 for row in rows if row.reopened_count) == 275
    assert sum(1 for row in rows if row.within_target is False) == 9_115
    assert Counter(row.status for row in rows)["other"] == 0


def test_taking_the_first_line_of_each_incident_would_lose_the_reopened_ones(shared_data: Path) -> None:
    _, keys = section("incident-log", shared_data)
    wrong = settings(shared_data, **{**keys, "only": {"sys_mod_count": ["0"]}})
    rows = read(wrong, "ticket").rows["ticket"]
    assert len(rows) == 24_913
    assert sum(1 for row in rows if row.reopened_count) == 0


def test_181_linked_change_numbers_are_kept_as_orphans(incidents: Read) -> None:
    rows: list[Ticket] = incidents.rows["ticket"]
    linked = {change for row in rows for change in row.change_ids}
    assert len(linked) == 181
    assert sum(1 for row in rows if row.change_ids) == 179
    assert len({row.caused_by_change_id for row in rows if row.caused_by_change_id}) == 3
    assert incidents.rows["change"] == []
    assert "incidents:change:CHG0000132" in linked


def test_the_latest_lines_alone_would_name_only_174_changes(shared_data: Path) -> None:
    _, keys = section("incident-log", shared_data)
    wrong = settings(shared_data, **{**keys, "columns": {**keys["columns"], "change_ids": "rfc"}})
    assert len({change for row in read(wrong, "ticket").rows["ticket"] for change in row.change_ids}) == 174


def test_an_unknown_state_keeps_its_own_word(shared_data: Path) -> None:
    _, keys = section("incident-log", shared_data)
    every_line = {k: v for k, v in keys.items() if k != "latest_by"}
    columns = {**keys["columns"], "change_ids": "rfc"}
    own = settings(
        shared_data, **{**every_line, "key": "#line", "columns": columns, "only": {"incident_state": ["-100"]}}
    )
    assert [(row.status, row.status_raw) for row in read(own, "ticket").rows["ticket"]] == [("other", "-100")] * 5


def test_words_that_link_make_services_teams_and_locations(incidents: Read) -> None:
    assert [len(incidents.rows[table]) for table in ("service", "team", "segment")] == [50, 78, 224]


def test_the_incident_log_ends_where_its_newest_event_is(incidents: Read) -> None:
    newest = max(moment for row in incidents.rows["ticket"] for moment in (row.closed_at, row.opened_at) if moment)
    assert incidents.bookmarks["ticket"] >= newest
    assert incidents.bookmarks["ticket"] < datetime(2017, 3, 1, tzinfo=UTC)


def test_the_incident_log_in_the_store_gives_the_same_figures_by_the_metrics_own_sql(
    shared_data: Path, tmp_path: Path
) -> None:
    snapshot = stored("incident-log", shared_data, tmp_path)
    assert total(snapshot, "incidents") == (24_918, 24_918.0)
    assert total(snapshot, "within_target") == (24_918, 24_918.0 - 9_115)
    days = snapshot.query("SELECT opened_on FROM ticket").to_pylist()
    assert weekly(row["opened_on"] for row in days) == WEEKLY
    rows = snapshot.query("SELECT person_key FROM ticket WHERE person_key IS NOT NULL").to_pylist()
    assert rows
    assert not [row for row in rows if "Caller" in row["person_key"]]


def nps(rows: Iterable[SatisfactionResponse]) -> tuple[int, int, int, int, float]:
    """Answered, promoters, passives, detractors, and NPS to two places."""
    scores = [row.score_raw for row in rows if row.answered_at is not None]
    assert all(score is not None for score in scores)
    known = [score for score in scores if score is not None]
    promoters, detractors = sum(s >= 9 for s in known), sum(s <= 6 for s in known)
    score = round(100 * (promoters - detractors) / len(known), 2)
    return len(known), promoters, len(known) - promoters - detractors, detractors, score


def question(found: Read, label: str) -> list[SatisfactionResponse]:
    return [row for row in found.rows["satisfaction_response"] if row.source_key.endswith(f"/{label}")]


def test_the_survey_gives_nps_52_86_from_22766_answers_with_25_unanswered(answers: Read) -> None:
    rows = question(answers, "nps")
    assert len(rows) == 22_791
    assert sum(1 for row in rows if row.answered_at is None) == 25
    assert nps(rows) == (22_766, 15_802, 3_197, 3_767, 52.86)


def test_counting_the_blanks_as_promoters_would_give_52_92(answers: Read) -> None:
    rows = question(answers, "nps")
    blanks = [replace(row, score_raw=10.0, answered_at=row.asked_at) for row in rows if row.score_raw is None]
    answered = [row for row in rows if row.score_raw is not None]
    assert nps([*answered, *blanks])[-1] == 52.92


def test_overall_satisfaction_is_4_1458_with_80_87_percent_in_the_top_two(answers: Read) -> None:
    scores = [row.score_raw for row in question(answers, "overall") if row.score_raw is not None]
    assert len(scores) == 22_791
    assert round(sum(scores) / len(scores), 4) == 4.1458
    assert round(100 * sum(score >= 4 for score in scores) / len(scores), 2) == 80.87


def test_an_odd_answer_is_named_with_its_line_and_costs_that_question_only(answers: Read) -> None:
    (odd,) = answers.rejected["satisfaction_response"]
    assert (odd.column, odd.value) == ("Agent - Job Knowledge", "SATISFACTORIO")
    assert odd.place == "nyc311_csat/311_csat_raw.csv.gz, line 20172"
    others = {row.source_key for row in answers.rows["satisfaction_response"] if ":20172/" in row.source_key}
    assert {key.rsplit("/", 1)[1] for key in others} == {"overall", "nps"}
    assert len(question(answers, "job knowledge")) == 22_790


def test_afternoon_answers_are_afternoon_in_new_york(answers: Read) -> None:
    first = question(answers, "nps")[0]
    assert first.asked_at == datetime(2021, 12, 8, 20, 9, 24, tzinfo=UTC)  # 12/08/2021 03:09:24 PM


def test_the_survey_in_the_store_gives_the_same_figures_by_the_metrics_own_sql(
    shared_data: Path, tmp_path: Path
) -> None:
    snapshot = stored("satisfaction-survey", shared_data, tmp_path)
    count, points = total(snapshot, "nps")
    assert (count, round(points / count, 2)) == (22_766, 52.86)
    count, top = total(snapshot, "csat")
    assert (count, round(100 * top / count, 2)) == (22_791, 80.87)
    count, points = total(snapshot, "satisfaction")
    assert (count, round(points / count, 4)) == (22_791, 4.1458)
    sent = snapshot.query("SELECT COUNT(*) AS n FROM satisfaction_response WHERE answered_on IS NULL").to_pylist()
    assert sent == [{"n": 26}]  # 25 blank NPS answers and one blank on the agent's knowledge


def late(rows: Iterable[Milestone]) -> int:
    return sum(1 for row in rows if row.done_on and row.due_on and row.done_on > row.due_on)


def test_165_of_1888_milestones_were_later_than_the_planned_weeks_end(releases: Read) -> None:
    rows: list[Milestone] = releases.rows["milestone"]
    assert len(rows) == len({row.id for row in rows}) == 1_888
    assert releases.rejected["milestone"] == []
    assert late(rows) == 165
    assert {row.change_id.split(":")[-1].split("|")[0] for row in rows} >= {"antelope", "zed", "wallaby"}


def test_lateness_against_the_weeks_start_would_be_another_figure(releases: Read) -> None:
    assert late(replace(row, due_on=row.planned_start_on) for row in releases.rows["milestone"]) > 165


def test_releases_are_changes_and_some_milestones_belong_to_releases_that_never_came(releases: Read) -> None:
    changes = {row.id for row in releases.rows["change"]}
    named = {row.change_id for row in releases.rows["milestone"]}
    assert (len(changes), len(named), len(named - changes)) == (916, 923, 7)


def test_the_milestones_in_the_store_give_the_same_figures(shared_data: Path, tmp_path: Path) -> None:
    snapshot = stored("release-milestones", shared_data, tmp_path)
    sql = "SELECT COUNT(*) AS n, SUM(CASE WHEN done_on > due_on THEN 1 ELSE 0 END) AS late FROM milestone"
    assert snapshot.query(sql).to_pylist() == [{"n": 1_888, "late": 165}]


def test_the_service_desk_export_gives_22_incidents_and_22_interactions(shared_data: Path) -> None:
    found = read(example("service-desk-export", shared_data))
    rows: list[Ticket] = found.rows["ticket"]
    assert found.rejected["ticket"] == []
    assert Counter(row.number[:2] for row in rows) == {"IM": 22, "SD": 22}
    by_number = {row.number: row for row in rows}
    assert by_number["IM0000004"].opened_at == datetime(2012, 2, 5, 12, 32, 57, tzinfo=UTC)  # 05/02/2012 13:32:57
    assert by_number["SD0000001"].opened_at == datetime(2011, 9, 9, 7, 23, tzinfo=UTC)  # 9-9-2011 9:23, summer time
    assert {change for row in rows for change in row.change_ids} == {"desk:change:C00000056", "desk:change:C00000308"}


def test_its_decimal_comma_is_read_as_one_and_refused_when_not_declared(shared_data: Path) -> None:
    hours = {"column": "Handle Time (Hours)", "unit": "hours"}
    scale = {"scale_min": {"constant": 0}, "scale_max": {"constant": 0}, "instrument": {"constant": "lost_time"}}
    keys = {
        "path": "bpic2014_sample/Detail_Incident_sample.csv",
        "table": "satisfaction_response",
        "key": ["Incident ID"],
        "separator": ";",
        "encoding": "latin-1",
        "columns": {"lost_minutes": hours, **scale},
    }
    rows = read(settings(shared_data, **keys, decimal=",")).rows["satisfaction_response"]
    assert (len(rows), rows[0].lost_minutes / 60) == (22, pytest.approx(3871.691111))
    with pytest.raises(SourceChanged, match=r"'3871,691111' is not a number; decimal is '\.'.*to ','\?"):
        read(settings(shared_data, **keys))


def test_its_other_marks_for_unknown_are_not_taken_for_words(shared_data: Path) -> None:
    _, keys = section("service-desk-export", shared_data)
    found = read(settings(shared_data, **{k: v for k, v in keys.items() if k != "missing"}))
    assert "desk:change:#MULTIVALUE" in {change for row in found.rows["ticket"] for change in row.change_ids}


def test_every_example_names_the_data_it_reads() -> None:
    for path in EXAMPLES.glob("*.toml"):
        assert path.read_text(encoding="utf-8").startswith("# "), path.name
