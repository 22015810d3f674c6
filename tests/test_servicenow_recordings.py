"""What is read where no ServiceNow answers but a recording of one, which says the same whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

import connectors
from impact.model import SourceChanged
from tests.dialect import Reply, Request
from tests.dialects.servicenow import Vendor, identity
from tests.passes import Case, case, compared, filled

CONNECTOR = connectors.load("servicenow")


class Recording(Vendor):
    """A recording. ``size``: rows on a recorded page (all, if 0). ``total``: whether they came with X-Total-Count, and
    ``link`` whether with the next page's address. ``beyond``: what comes where no page was recorded: nothing, the first
    page once more, or an error. ``order``: of the rows. ``counted``: how many records the instance had besides.
    ``turned``: how many of the first rows in that order come last; then no more rows come than are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.size, self.total_told, self.link, self.beyond, self.order, self.counted = 0, False, False, "same", "", 0
        self.turned = 0

    def answer(self, request: Request) -> Reply:
        table = request.path.removeprefix("/api/now/table/")
        if not request.path.startswith("/api/now/table/") or table in self.absent:
            return super().answer(request)
        rows = self._found(table, f"ORDERBYDESC{self.order}" if self.order else "")
        if self.turned:
            rows = rows[::-1][self.turned :] + rows[::-1][: self.turned]
        size, offset = self.size or len(rows), int(request.get("sysparm_offset", "0"))
        size = min(size, int(request.get("sysparm_limit"))) if self.turned else size
        if offset and (offset >= len(rows) or offset % size):
            if self.beyond == "error":
                return Reply({"error": {"message": "Not recorded", "detail": None}}, 404)
            rows, offset = (rows, 0) if self.beyond == "same" else ([], 0)
        headers = {"X-Total-Count": str(len(rows) + self.counted)} if self.total_told else {}
        if self.link and offset + size < len(rows):
            headers["Link"] = f'<{request.path}?sysparm_offset={offset + size}>;rel="next"'
        page = [{name: _linked(name, value) for name, value in row.items()} for row in rows[offset : offset + size]]
        return Reply({"result": page}, headers=headers)


def _linked(name: str, value: str) -> Any:
    """References as they come to somebody who does not ask for the plain ones."""
    return {"link": f"https://i/{value}", "value": value} if name in ("caller_id", "change_request") else value


@contextmanager
def replayed(**own: Any) -> Iterator[tuple[Case, Recording]]:
    with case(CONNECTOR, Recording, **own) as at:
        assert isinstance(at.dialect, Recording)
        yield at, at.dialect


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("order", ["sys_updated_on", "sys_id", ""])
@pytest.mark.parametrize("parallel", [1, 4])
def test_all_records_of_one_page_are_read_once_in_whatever_order(told: bool, order: str, parallel: int) -> None:
    with replayed(parallel=parallel) as (at, vendor):
        vendor.total_told, vendor.order = told, order
        filled(at)
        got = at.read("tickets")
        assert list(compared(at, got)) == []
        assert len(got.keys) == len(set(got.keys))


@pytest.mark.parametrize("beyond", ["same", "nothing", "error"])
@pytest.mark.parametrize("order", ["sys_updated_on", ""])
@pytest.mark.parametrize("link", [True, False])
def test_recorded_pages_are_all_read(beyond: str, order: str, link: bool) -> None:
    with replayed() as (at, vendor):
        vendor.size, vendor.beyond, vendor.order, vendor.link = 3, beyond, order, link
        filled(at)
        got = at.read("tickets")
        assert list(compared(at, got)) == []
        assert len(got.keys) == len(set(got.keys))


@pytest.mark.parametrize("order", ["sys_updated_on", "sys_id"])
def test_nothing_is_lost_where_the_first_page_looks_right_and_earlier_records_follow(order: str) -> None:
    with replayed(page_size=5, ticket_tables=["incident"]) as (at, vendor):
        vendor.order, vendor.turned = order, 5
        vendor.fill("tickets", 80)
        incidents = {row["sys_id"] for row in vendor.rows("incident")}
        got = at.read("tickets")
        assert got.error is None
        assert sorted(got.keys) == sorted(incidents)
        assert got.stream.ids
        listed = [key for some in got.stream.ids(at.connector.open(at.settings), at.settings) for key in some]
        assert sorted(listed) == sorted(incidents)


def test_a_later_pass_takes_only_what_changed() -> None:
    with replayed(overlap_minutes=1) as (at, vendor):
        filled(at, every=timedelta(minutes=5))
        first = at.read("tickets")
        at.play.time_passes()
        changed = vendor.touch("tickets", 3)
        assert at.next(first).keys == [changed]


def test_a_recording_that_lacks_records_gives_those_it_has_and_ends_with_an_error() -> None:
    with replayed() as (at, vendor):
        vendor.total_told, vendor.counted = True, 7
        filled(at)
        got = at.read("tickets")
        assert set(got.keys) == at.there("tickets")
        assert isinstance(got.error, SourceChanged)
        assert "a recording that holds" in str(got.error)
        told = list(at.connector.check(at.connector.open(at.settings), at.settings))
        assert any(text.startswith("PROBLEM The records of ") and "a recording that" in text for text in told)


def test_records_beside_others_are_sorted_out_of_a_recording() -> None:
    with replayed() as (at, vendor):
        vendor.fill("surveys", 2)
        for row in vendor.records["surveys"]:
            row |= {"state": "complete", "taken_on": row["sys_updated_on"]}
        first, second = (row["sys_id"] for row in vendor.records["surveys"])
        vendor.others["asmt_metric_result"] = [
            {"sys_id": identity("answer", number), "instance": key, "metric": "6" * 32, "actual_value": value}
            for number, (key, value) in enumerate([(second, "2"), (first, "5")])
        ]
        answers = {p["sys_id"]: [a["value"] for a in p["answers"]] for p in at.read("surveys").payloads}
        assert answers == {first: ["5"], second: ["2"]}
        vendor.others["sys_choice"] = [
            {"sys_id": identity("choice", n), "name": table, "element": "state", "value": "9", "label": label}
            for n, (table, label) in enumerate([("incident", "Other"), ("change_request", "Deploying")])
        ]
        vendor.fill("changes", 2)
        vendor.records["changes"][0]["state"] = "9"
        labels = [payload.get("labels") for payload in at.read("changes").payloads]
        assert {"state": "Deploying"} in labels
        assert {"state": "Other"} not in labels


def test_check_tells_that_a_recording_answers_and_of_a_living_instance_it_does_not() -> None:
    for make in (Recording, Vendor):
        with case(CONNECTOR, make) as at:
            for stream in reversed(at.dialect.streams):
                at.dialect.fill(stream, 2)
            told = list(at.connector.check(at.connector.open(at.settings), at.settings))
            assert any("a recording" in text for text in told) == (make is Recording)
            assert not any(text.startswith("PROBLEM") and "recording" in text for text in told)
