"""What can be set for a Redmine, and how its answers are read when they are odd. No server is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import connectors
from connectors.redmine.history import histories
from connectors.redmine.queries import Redmine
from connectors.redmine.records import Known, slim
from connectors.redmine.rows import milestone_rows
from connectors.redmine.settings import RedmineSettings
from connectors.values import instant
from impact.model import Milestone, SettingsError, SourceChanged

CONNECTOR = connectors.load("redmine")
OWN = RedmineSettings(name="rm", url="https://redmine.example.com", api_key="k", page_size=3)
START = datetime(2026, 3, 1, tzinfo=UTC)
Asked = dict[str, Any]
Twist = Callable[[Asked, "Desk"], Any]


def issue(number: int, at: str) -> dict[str, Any]:
    return {"id": number, "updated_on": at, "created_on": "2026-01-01T00:00:00Z"}


EACH_ITS_SECOND = [issue(n, f"2026-03-0{n}T08:00:00Z") for n in range(1, 9)]
ONE_SECOND = [issue(n, "2026-03-02T08:00:00Z") for n in range(1, 11)]
BY_FRACTIONS = [{**row, "fraction": k} for k, row in enumerate(ONE_SECOND[6::-1] + ONE_SECOND[7:])]
"""Redmine sorts by fractions of a second that it does not show: ids come in any order."""


class Desk:
    """Answers lists of issues as Redmine would, with a twist."""

    def __init__(self, rows: list[dict[str, Any]], twist: Twist | None = None) -> None:
        self.rows, self.twist, self.asked = list(rows), twist, 0
        self.server_time = START

    def get(self, path: str, params: Any = (), **more: Any) -> Any:
        self.asked += 1
        assert self.asked < 60, "it never ends"
        given = {"path": path, **dict(params)}
        return self.twist(given, self) if self.twist else self.page(given)

    def page(self, given: Asked, **other: Any) -> dict[str, Any]:
        since = instant("since", given["v[updated_on][]"].removeprefix(">="))
        rows = sorted((r for r in self.rows if instant("at", r["updated_on"]) >= since), key=place)  # type: ignore[operator]
        offset, limit = int(given["offset"]), int(given["limit"])
        return {"issues": rows[offset : offset + limit], "total_count": len(rows), "offset": offset, **other}


def place(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["updated_on"], row.get("fraction", 0), row["id"]


def ids(desk: Desk) -> list[int]:
    pages = Redmine(desk, OWN).by_update([], START)  # type: ignore[arg-type]
    return [row["id"] for answer in pages for row in answer.items]


@pytest.mark.parametrize(
    "rows",
    [EACH_ITS_SECOND, ONE_SECOND, BY_FRACTIONS, []],
    ids=["each its second", "all in one", "by fractions", "none"],
)
def test_every_issue_comes_once_in_the_order_of_updates(rows: list[dict[str, Any]]) -> None:
    assert ids(Desk(rows)) == [row["id"] for row in rows]


def test_redmine_knows_whole_seconds_and_its_filter_begins_one_earlier() -> None:
    desk = Desk([issue(1, "2026-03-02T07:59:59Z"), issue(2, "2026-03-02T08:00:00Z")])
    desk.twist = lambda given, desk: desk.page({**given, "v[updated_on][]": "2026-03-02T07:59:59Z"})
    since = datetime(2026, 3, 2, 8, 0, 0, 700_000, tzinfo=UTC)
    pages = Redmine(desk, OWN).by_update([], since)  # type: ignore[arg-type]
    assert [row["id"] for answer in pages for row in answer.items] == [1, 2]


@pytest.mark.parametrize("total", [0, 1, None, 1000], ids=["nothing", "too few", "none", "too many"])
@pytest.mark.parametrize("rows", [EACH_ITS_SECOND, ONE_SECOND], ids=["each its second", "all in one"])
def test_a_total_that_lies_changes_nothing(rows: list[dict[str, Any]], total: int | None) -> None:
    desk = Desk(rows, lambda given, desk: desk.page(given, total_count=total))
    assert ids(desk) == [row["id"] for row in rows]


def test_pages_shorter_than_asked_are_not_the_end() -> None:
    def short(given: Asked, desk: Desk) -> Any:
        return desk.page({**given, "limit": min(2, int(given["limit"]))})

    assert ids(Desk(EACH_ITS_SECOND, short)) == list(range(1, 9))


@pytest.mark.parametrize("rows", [EACH_ITS_SECOND, ONE_SECOND], ids=["each its second", "all in one"])
def test_an_issue_that_is_updated_while_pages_are_read_hides_no_other(rows: list[dict[str, Any]]) -> None:
    def updating(given: Asked, desk: Desk) -> Any:
        if desk.asked == 2:
            desk.rows = [*desk.rows[1:], issue(1, "2026-03-20T08:00:00Z")]
        return desk.page(given)

    assert ids(Desk(rows, updating)) == [row["id"] for row in rows] + [1]


def test_an_issue_that_vanishes_while_pages_are_read_hides_no_other() -> None:
    def vanishing(given: Asked, desk: Desk) -> Any:
        if desk.asked == 2:
            desk.rows = desk.rows[2:]
        return desk.page(given)

    assert ids(Desk(ONE_SECOND, vanishing)) == list(range(1, 11))


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        (lambda given, desk: desk.page({**given, "v[updated_on][]": "2025-01-01T00:00:00Z"}), "and gave others"),
        (lambda given, desk: {**desk.page(given), "issues": EACH_ITS_SECOND[::-1]}, "in that order, and gave others"),
        (lambda given, desk: {"errors": ["no"]}, "came without issues"),
        (lambda given, desk: [], "came without issues"),
        (lambda given, desk: {"issues": ONE_SECOND[:3], "total_count": 10**6}, "but gives none for"),
    ],
    ids=["a filter that is ignored", "another order", "an error with 200", "no object", "the same page for ever"],
)
def test_an_answer_that_was_not_asked_for_stops_the_pass(
    twist: Twist, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.redmine.queries.LONG_SILENCE", 20)
    with pytest.raises(SourceChanged, match=said):
        ids(Desk([issue(9, "2025-06-01T00:00:00Z"), *EACH_ITS_SECOND], twist))


def test_histories_are_asked_for_only_where_something_happened() -> None:
    untouched = {"id": 1, "created_on": "2026-03-01T08:00:00Z", "updated_on": "2026-03-01T08:00:00Z"}
    touched = {**untouched, "id": 2, "updated_on": "2026-03-02T08:00:00Z", "author": {"id": 5}}
    gone = {**touched, "id": 3}
    at_once = {**untouched, "id": 4, "closed_on": "2026-03-01T08:00:00Z"}  # made and closed in one second
    notes = {"id": 1, "created_on": "2026-03-02T08:00:00Z", "user": {"id": 6}, "notes": "Eva says yes", "details": []}
    asked: list[str] = []

    class Histories:
        def get(self, path: str, params: Any, *, missing_ok: bool) -> Any:
            asked.append(path)
            return {"issue": {"journals": [notes]}} if path == "issues/2.json" else None

    redmine = Redmine(Histories(), OWN)  # type: ignore[arg-type]
    found = histories(redmine, [untouched, touched, gone, at_once], "ticket", Known())
    assert found == {1: [], 2: [{"at": "2026-03-02T08:00:00Z", "kind": "reply"}]}
    assert sorted(asked) == ["issues/2.json", "issues/3.json", "issues/4.json"]


@pytest.mark.parametrize(
    ("journal", "kept"),
    [
        ({"user": {"id": 6}, "notes": "seen by all"}, 1),
        ({"user": {"id": 6}, "notes": "seen by few", "private_notes": True}, 0),
        ({"user": {"id": 5}, "notes": "by who asked"}, 0),
        ({"user": {"id": 6}, "notes": " "}, 0),
    ],
)
def test_only_a_public_note_by_somebody_else_is_an_answer(journal: dict[str, Any], kept: int) -> None:
    row = {"id": 2, "created_on": "2026-03-01T08:00:00Z", "updated_on": "2026-03-02T08:00:00Z", "author": {"id": 5}}

    class Histories:
        def get(self, path: str, params: Any, *, missing_ok: bool) -> Any:
            return {"issue": {"journals": [{"id": 1, "created_on": "2026-03-02T08:00:00Z", **journal}]}}

    assert len(histories(Redmine(Histories(), OWN), [row], "ticket", Known())[2]) == kept  # type: ignore[arg-type]


def test_custom_fields_are_found_by_id_or_name_and_lists_of_keys_show_their_words() -> None:
    own = dataclasses.replace(OWN, fields={"change": {"risk": "3", "service": "services"}})
    row = {
        "id": 7,
        "subject": "x",
        "assigned_to": {"id": 8, "name": "Eva Lind"},
        "author": {"id": 8, "name": "Eva Lind"},
        "custom_fields": [
            {"id": 3, "name": "Risiko", "value": "12"},
            {"id": 4, "name": "Services", "multiple": True, "value": ["LAN", ""]},
            {"id": 5, "name": "Sponsor", "value": "Eva Lind"},
        ],
    }
    about = {"field_format": "enumeration", "possible_values": [{"value": "12", "label": "High"}]}
    record = slim(row, own, "change", Known(custom={"3": about}))
    assert record["fields"] == {"service": ["LAN"], "risk": ["High"]}
    assert record["sponsor"] == ["Eva Lind"]  # hashed before it is stored
    assert "Eva" not in repr({key: value for key, value in record.items() if key != "sponsor"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "redmine.example.com"}, "url is not an address"),
        ({"api_key": ""}, "lacks api_key, or username and password"),
        ({"page_size": 500}, "page_size = 500 is not between 1 and 100"),
        ({"page_size": 1}, "page_size = 1 is too small"),
        ({"parallel": 0}, "parallel = 0 is not between 1 and 16"),
        ({"start": "yesterday"}, "start = 'yesterday' is not a day"),
        ({"csat_min": 5}, "csat_min = 5 is not below csat_max"),
        ({"csat_asked": "never"}, "csat_asked has 'never', which is not known. Allowed: answered, resolved"),
        ({"day_timezone": "Mars/North"}, "day_timezone = 'Mars/North' is not a time zone"),
        ({"cause_relations": ["RefersTo"]}, "cause_relations has 'RefersTo', which is not known"),
        ({"milestones_from": ["tasks"]}, "milestones_from has 'tasks'"),
        ({"fields": {"ticket": {"colour": "x"}}}, "fields.ticket has 'colour'"),
        ({"values": {"change_status": {"finished": ["x"]}}}, "values.change_status has 'finished'"),
        ({"values": {"milestone_kind": {"party": ["x"]}}}, "values.milestone_kind has 'party'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(values: dict[str, Any], said: str) -> None:
    good = {"url": "https://redmine.example.com", "api_key": "k"}
    with pytest.raises(SettingsError, match=rf"\[sources.rm\] {said}"):
        connectors.read_settings(CONNECTOR, "rm", {**good, **values})
    connectors.read_settings(CONNECTOR, "rm", good)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Lessons", ("review", "review")), ("Training", ("other", "other")), (None, ("other", "other"))],
)
def test_only_configured_words_make_a_kind_of_milestone_and_the_rest_is_sorted_when_it_is_shown(
    word: str | None, expected: tuple[str, str]
) -> None:
    own = dataclasses.replace(OWN, values={"milestone_kind": {"review": ["lessons"]}})
    payload = {"id": "7", "subject": "Train the trainers", "parent": 1, "fields": {"kind": [word] if word else []}}
    (row,) = milestone_rows(payload, own)
    assert isinstance(row, Milestone)
    assert (row.kind, row.end, row.kind_raw) == (*expected, word)
