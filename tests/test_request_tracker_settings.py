"""What can be set for a Request Tracker, and how its answers are read when they are odd. No server is needed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connectors
from connectors.request_tracker.queries import Rt
from connectors.request_tracker.rows import change_rows, milestone_rows
from connectors.request_tracker.settings import RtSettings
from impact.model import Change, Milestone, SettingsError, SourceChanged

CONNECTOR = connectors.load("request_tracker")
OWN = RtSettings(name="rt", url="https://rt.example.com", token="t", page_size=2)
START = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = [{"id": str(n), "LastUpdated": f"2026-03-0{1 + n // 2}T08:00:00Z"} for n in range(1, 8)]
Query = Callable[[dict[str, str]], Any]


class Desk:
    """Answers as Request Tracker would, from a list of tickets, with a twist."""

    def __init__(self, twist: Query | None = None, rows: list[dict[str, Any]] = ROWS) -> None:
        self.twist, self.rows, self.asked = twist, rows, 0
        self.server_time = START

    def get(self, path: str, params: list[tuple[str, str]], **more: Any) -> Any:
        self.asked += 1
        assert self.asked < 50, "it never ends"
        given = dict(params)
        return self.twist(given) if self.twist else page(self.matching(given["query"]), given)

    def matching(self, query: str) -> list[dict[str, Any]]:
        """Tickets that fulfil the conditions on LastUpdated and id in a query."""
        numbers = [int(n) for n in re.findall(r"(?<!\w)id = (\d+)", query)]
        from_id = int((re.findall(r"id >= (\d+)", query) or ["0"])[0])
        bounds = re.findall(r"LastUpdated (>=|<=) '([^']*)'", query)
        found = []
        for row in self.rows:
            at = row["LastUpdated"].replace("T", " ").rstrip("Z")
            if numbers and int(row["id"]) not in numbers:
                continue
            if any((at < text) if op == ">=" else (at > text) for op, text in bounds):
                continue
            if "LastUpdated > " in query and at == bounds[0][1] and int(row["id"]) < from_id:
                continue
            found.append(row)
        return found


def page(rows: list[dict[str, Any]], given: dict[str, str], **other: Any) -> dict[str, Any]:
    number, size = int(given["page"]), int(given["per_page"])
    answer = {"items": rows[(number - 1) * size : number * size], "total": len(rows)}
    return {**answer, **({"next_page": "more"} if number * size < len(rows) else {}), **other}


def ids(desk: Desk, where: str = "id > 0") -> list[str]:
    rt = Rt(desk, OWN)  # type: ignore[arg-type]
    return [str(row["id"]) for answer in rt.by_update(where, [], START) for row in answer.items]


def test_every_ticket_comes_once_in_the_order_of_updates() -> None:
    assert ids(Desk()) == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_server_that_does_not_count_is_read_until_nothing_comes() -> None:
    desk = Desk()
    desk.twist = lambda given: {**page(desk.matching(given["query"]), given), "total": None, "next_page": None}
    assert ids(desk) == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_page_that_hides_all_its_tickets_is_not_the_end() -> None:
    desk = Desk()

    def hiding(given: dict[str, str]) -> Any:
        answer = page(desk.matching(given["query"]), given)
        shown = [row for row in answer["items"] if row["id"] not in ("1", "2", "3", "4")]
        return {**answer, "items": shown}

    desk.twist = hiding
    assert ids(desk) == ["5", "6", "7"]


@pytest.mark.parametrize(("leaving", "read_in"), [("2", 1), ("3", 2), ("4", 3)])
def test_a_ticket_that_leaves_its_queue_while_pages_are_read_does_not_stop_the_pass(leaving: str, read_in: int) -> None:
    desk = Desk()

    def moving(given: dict[str, str]) -> Any:
        rows = desk.matching(given["query"])
        left = desk.asked > read_in and "Queue" in given["query"]
        return page([row for row in rows if not (left and row["id"] == leaving)], given)

    desk.twist = moving
    assert ids(desk, "Queue = 1") == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_ticket_that_is_updated_while_pages_are_read_comes_again_at_the_end() -> None:
    desk = Desk()

    def updating(given: dict[str, str]) -> Any:
        if desk.asked == 2:
            later = [{"id": "2", "LastUpdated": "2026-03-09T08:00:00Z"}]
            desk.rows = [row for row in ROWS if row["id"] != "2"] + later
        return page(desk.matching(given["query"]), given)

    desk.twist = updating
    assert ids(desk) == ["1", "2", "3", "4", "5", "6", "7", "2"]


def test_a_server_that_repeats_its_last_page_ends() -> None:
    desk = Desk(rows=ROWS[:2])

    def repeating(given: dict[str, str]) -> Any:
        return {**page(desk.matching(given["query"]), {**given, "page": "1"}), "total": None, "next_page": None}

    desk.twist = repeating
    assert ids(desk) == ["1", "2"]


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        (lambda given: page([{"id": "1", "LastUpdated": "2025-01-01T00:00:00Z"}], given), "and gave others"),
        (lambda given: page(ROWS[1::-1], given), "in that order, and gave others"),
        (lambda given: {"message": "No Query"}, "came without items"),
        (lambda given: [], "came without items"),
        (lambda given: {"items": ["1"]}, "came without items"),
    ],
    ids=["the filter is ignored", "the order is ignored", "an error with status 200", "an empty list", "no objects"],
)
def test_an_answer_that_was_not_asked_for_stops_the_pass(twist: Query, said: str) -> None:
    with pytest.raises(SourceChanged, match=said):
        ids(Desk(twist))


def test_the_zone_of_dates_is_found_out_from_the_newest_ticket() -> None:
    desk = Desk()

    def in_new_york(given: dict[str, str]) -> Any:
        def shifted(match: re.Match[str]) -> str:
            return f"'{datetime.fromisoformat(match[1]) + timedelta(hours=5):%Y-%m-%d %H:%M:%S}'"

        rows = desk.matching(re.sub(r"'([^']*)'", shifted, given["query"]))
        return page(rows[::-1] if given.get("order") == "DESC" else rows, given)

    desk.twist = in_new_york
    rt = Rt(desk, OWN)  # type: ignore[arg-type]
    assert rt.find_zone() == timedelta(hours=-5)
    assert rt.moment(datetime(2026, 3, 2, 12, tzinfo=UTC)) == "2026-03-02 07:00:00"


def test_dates_that_no_zone_explains_stop_the_pass() -> None:
    desk = Desk()
    desk.twist = lambda given: page([] if "LastUpdated" in given["query"] else ROWS, given)
    with pytest.raises(SourceChanged, match="in no time zone"):
        Rt(desk, OWN).find_zone()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "rt.example.com"}, "url is not an address"),
        ({"token": ""}, "lacks token, or username and password"),
        ({"page_size": 500}, "page_size = 500 is not between 1 and 100"),
        ({"start": "yesterday"}, "start = 'yesterday' is not a day"),
        ({"csat_min": 5}, "csat_min = 5 is not below csat_max"),
        ({"day_timezone": "Mars/North"}, "day_timezone = 'Mars/North' is not a time zone"),
        ({"cause_links": ["Parent"]}, "cause_links has 'Parent', which is not known"),
        ({"fields": {"ticket": {"colour": "x"}}}, "fields.ticket has 'colour'"),
        ({"values": {"change_status": {"finished": ["x"]}}}, "values.change_status has 'finished'"),
        ({"values": {"milestone_kind": {"party": ["x"]}}}, "values.milestone_kind has 'party'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(values: dict[str, Any], said: str) -> None:
    good = {"url": "https://rt.example.com", "token": "t"}
    with pytest.raises(SettingsError, match=rf"\[sources.rt\] {said}"):
        connectors.read_settings(CONNECTOR, "rt", {**good, **values})
    connectors.read_settings(CONNECTOR, "rt", good)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Lessons", ("review", "review")), ("Training", ("other", "other")), (None, ("other", "other"))],
)
def test_only_configured_words_make_a_kind_of_milestone_and_the_rest_is_sorted_when_it_is_shown(
    word: str | None, expected: tuple[str, str]
) -> None:
    own = dataclasses.replace(OWN, values={"milestone_kind": {"review": ["lessons"]}})
    fields = {"Milestone Type": [word] if word else []}
    payload = {"id": "7", "Subject": "Train the trainers", "MemberOf": ["1"], "CustomFields": fields}
    (row,) = milestone_rows(payload, own)
    assert isinstance(row, Milestone)
    assert (row.kind, row.end, row.kind_raw) == (*expected, word)


def test_a_cancelled_change_has_no_outcome_whatever_its_field_says() -> None:
    payload = {"id": "7", "Subject": "x", "Status": "rejected", "CustomFields": {"Outcome": ["successful"]}}
    row = next(iter(change_rows(payload, OWN)))
    assert isinstance(row, Change)
    assert (row.status, row.outcome, row.outcome_raw) == ("cancelled", "unknown", "successful")
