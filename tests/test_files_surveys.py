"""Survey files: one line holds several questions, blanks are no answers, odd words cost their own question only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.file_sources import read, settings


def test_durations_are_kept_in_the_fields_unit(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("id;lost\n1;1,5\n2;0:30\n3;\n")
    columns = {
        "instrument": {"constant": "lost_time"},
        "lost_minutes": {"column": "lost", "unit": "hours"},
        "scale_min": {"constant": 0},
        "scale_max": {"constant": 0},
    }
    own = settings(
        tmp_path, path="s.csv", table="satisfaction_response", key=["id"], separator=";", decimal=",", columns=columns
    )
    assert [row.lost_minutes for row in read(own).rows["satisfaction_response"]] == [90.0, 30.0, None]


SURVEY = """id,sent,answered,overall,nps
1,2024-03-01,2024-03-02,Strongly Agree,10
2,2024-03-01,2024-03-02,Agree+I1030,9
3,2024-03-01,2024-03-02,Disagree,
4,2024-03-01,,,11
"""


def survey(folder: Path, **scores: int) -> Any:
    (folder / "s.csv").write_text(SURVEY)
    shared = {"asked_at": "sent", "answered_at": "answered", "scale_max": {"constant": 5}, "scale_min": {"constant": 1}}
    nps = {**shared, "instrument": {"constant": "nps"}, "scale_min": {"constant": 0}, "scale_max": {"constant": 10}}
    words = {"Strongly Agree": 5, "Agree": 4, "Neutral": 3, "Disagree": 2, "Strongly Disagree": 1, **scores}
    reads = [
        {"label": "overall", "columns": {**shared, "score_raw": "overall"}, "values": {"score_raw": words}},
        {"label": "nps", "columns": {**nps, "score_raw": "nps"}},
    ]
    return settings(folder, path="s.csv", table="satisfaction_response", key=["id"], timezone="UTC", read=reads)


def test_one_line_of_a_survey_gives_one_answer_per_question(tmp_path: Path) -> None:
    found = read(survey(tmp_path))
    answers = {row.source_key: row for row in found.rows["satisfaction_response"]}
    assert {key: (row.score_raw, row.score_ratio) for key, row in answers.items()} == {
        "1/overall": (5.0, 1.0),
        "3/overall": (2.0, 0.25),
        "4/overall": (None, None),
        "1/nps": (10.0, 1.0),
        "2/nps": (9.0, 0.9),
        "3/nps": (None, None),
    }


def test_a_blank_answer_is_asked_and_not_answered_even_where_the_line_has_a_date(tmp_path: Path) -> None:
    answers = {row.source_key: row for row in read(survey(tmp_path)).rows["satisfaction_response"]}
    assert (answers["3/nps"].asked_at, answers["3/nps"].answered_at) == (datetime(2024, 3, 1, tzinfo=UTC), None)
    assert answers["3/overall"].answered_at == datetime(2024, 3, 2, tzinfo=UTC)


def test_an_odd_answer_costs_that_question_only_until_its_word_is_declared(tmp_path: Path) -> None:
    odd, outside = read(survey(tmp_path)).rejected["satisfaction_response"]
    assert (odd.key, odd.place, odd.column, odd.value) == ("2/overall", "s.csv, line 3", "overall", "Agree+I1030")
    assert odd.reason.startswith("is not a number; known words: strongly agree, agree")
    assert (outside.key, outside.column, outside.reason) == ("4/nps", "nps", "is outside its scale 0 to 10")
    declared = read(survey(tmp_path, **{"Agree+I1030": 4}))
    assert [r.key for r in declared.rejected["satisfaction_response"]] == ["4/nps"]
