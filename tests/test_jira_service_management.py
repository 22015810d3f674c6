"""What a Jira Cloud is asked, and what its traps do to a pass. The server is played; the requests are real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import connectors
from connectors import Page
from connectors.jira_service_management.jql import begin_of, quoted
from impact.model import (
    Change,
    Milestone,
    Rejected,
    SatisfactionResponse,
    SettingsError,
    SourceChanged,
    SourceRefused,
    Ticket,
)
from tests.dialect import Play, Reply, Request, playing
from tests.dialects import jira_service_management as vendor
from tests.dialects.jira_service_management import CSAT, CSAT_AT, TO_RESOLUTION, Vendor, shown

CONNECTOR = connectors.load("jira_service_management")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Read:
    """What one pass over a stream brought."""

    pages: list[Page]
    rows: list[Any]

    def of(self, kind: type[Any]) -> dict[str, Any]:
        return {row.source_key: row for row in self.rows if isinstance(row, kind)}

    @property
    def bookmark(self) -> datetime:
        return [page.bookmark for page in self.pages if page.bookmark][-1]


def read(play: Play, stream: str, since: datetime | None = None, **own: Any) -> Read:
    section = {**play.dialect.settings(play.url), "retries": 0, **own}
    settings = connectors.read_settings(CONNECTOR, "jira", section)
    http = CONNECTOR.open(settings)
    try:
        pages = list(STREAMS[stream].fetch(http, settings, since))
    finally:
        http.close()
    records = [record for page in pages for record in page.records]
    return Read(pages, [row for record in records for row in STREAMS[stream].convert(record, settings)])


def searches(play: Play, path: str = "/rest/api/3/search/jql") -> list[dict[str, Any]]:
    return [request.json() for request in play.asked if request.path == path]


def answered(jira: Vendor, index: int, rating: int, at: datetime) -> None:
    jira.records["tickets"][index]["fields"] |= {CSAT: {"rating": rating}, CSAT_AT: shown(at)}


def moved(at: datetime, old: str, new: str) -> dict[str, Any]:
    """An entry of a history as bulkfetch tells it: milliseconds since 1970, and who did it."""
    names = {"1": "Open", "3": "Implementing", "6": "Done"}
    item = {"field": "status", "fieldId": "status", "from": old, "to": new}
    item |= {"fromString": names[old], "toString": names[new]}
    return {"created": int(at.timestamp() * 1000), "author": {"displayName": "Eva Example"}, "items": [item]}


def test_named_fields_are_asked_for_in_the_order_of_updates_from_the_minute_of_the_users_zone() -> None:
    with playing(Vendor()) as play:
        play.dialect.fill("tickets", 7)
        read(play, "tickets", datetime(2026, 3, 2, 8, 0, 59, tzinfo=UTC), survey_days=0)
        first, second = searches(play)
        assert first["jql"] == (
            'project in ("CHG", "DESK") AND issuetype in ("[System] Incident") '
            'AND updated >= "2026-03-02 09:00" ORDER BY updated ASC, key ASC'
        )
        assert first["maxResults"] == 5
        assert "nextPageToken" not in first
        assert second["nextPageToken"]
        assert {"status", "updated", "issuelinks", "reporter", CSAT, TO_RESOLUTION} <= set(first["fields"])
        assert {"summary", "description", "comment", "assignee", "*all"} & set(first["fields"]) == set()


@pytest.mark.parametrize(
    ("at", "literal", "bound"),
    [
        ("2026-03-29T00:59:30Z", "2026-03-29 01:59", "2026-03-29T00:59:00Z"),
        ("2026-03-29T01:00:00Z", "2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ("2026-10-25T00:30:00Z", "2026-10-25 01:30", "2026-10-24T23:30:00Z"),
        ("2026-10-25T01:30:00Z", "2026-10-25 01:30", "2026-10-24T23:30:00Z"),
        ("2026-10-25T02:00:00Z", "2026-10-25 03:00", "2026-10-25T02:00:00Z"),
    ],
)
def test_an_hour_that_happens_twice_is_begun_before_it(at: str, literal: str, bound: str) -> None:
    assert begin_of(datetime.fromisoformat(at), BERLIN) == (literal, datetime.fromisoformat(bound))


def test_a_user_without_a_zone_is_asked_for_a_day_more() -> None:
    at = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
    assert begin_of(at, None) == ("2026-03-09 12:00", at - 2 * DAY)


def test_what_is_named_in_settings_cannot_leave_its_place_in_a_query() -> None:
    assert quoted('a" OR project = "B\\') == '"a\\" OR project = \\"B\\\\"'


def test_a_page_token_that_comes_twice_is_an_end_that_never_comes() -> None:
    class Circle(Vendor):
        def answer(self, request: Request) -> Reply:
            if request.path.endswith("/search/jql"):
                return Reply({"issues": [], "nextPageToken": "always", "isLast": False})
            return super().answer(request)

    with playing(Circle()) as play:
        with pytest.raises(SourceChanged, match="token of a page a second time"):
            read(play, "tickets")
        assert len(searches(play)) == 2


@pytest.mark.parametrize(
    ("path", "status", "own", "told"),
    [
        ("/search/jql", 400, {}, r"does not accept the query for tickets \(400\)"),
        ("/myself", 404, {}, "set deployment = 'data_center'"),
        ("/search", 410, {"deployment": "data_center"}, "it is Jira Cloud. Set deployment = 'cloud'"),
    ],
)
def test_an_answer_that_means_wrong_settings_says_which(
    path: str, status: int, own: Mapping[str, Any], told: str
) -> None:
    class Wrong(Vendor):
        cloud = "deployment" not in own

        def answer(self, request: Request) -> Reply:
            return Reply({}, status) if request.path.endswith(path) else super().answer(request)

    with playing(Wrong()) as play, pytest.raises(SourceChanged, match=told):
        read(play, "tickets", **own)


def test_issues_of_another_type_than_asked_for_stop_the_pass() -> None:
    with playing(Vendor()) as play:
        play.dialect.fill("tickets", 2)
        play.dialect.records["tickets"][1]["fields"]["issuetype"] = {"id": "10001", "name": "Story"}
        assert len(read(play, "tickets").of(Ticket)) == 1, "a query by name leaves it out"
        play.dialect._test = lambda condition: lambda row: True  # type: ignore[attr-defined]
        with pytest.raises(SourceChanged, match="asked for tickets and gave others"):
            read(play, "tickets")


def test_a_type_that_is_configured_and_not_seen_is_told_with_those_that_are() -> None:
    with playing(Vendor()) as play, pytest.raises(SourceRefused, match=r"'Wish' of ticket_types is not seen.*Sub-task"):
        read(play, "tickets", ticket_types=["[System] Incident", "Wish"])


def test_a_jira_without_changes_still_gives_its_tickets() -> None:
    class DeskOnly(Vendor):
        def answer(self, request: Request) -> Reply:
            said = super().answer(request)
            return Reply([vendor.TYPES["tickets"]]) if request.path.endswith("/issuetype") else said

    with playing(DeskOnly()) as play:
        keys = play.dialect.fill("tickets", 2)
        assert set(read(play, "tickets").of(Ticket)) == set(keys)
        with pytest.raises(SourceRefused, match=r"'\[System\] Change' of change_types is not seen"):
            read(play, "changes")


def test_rollout_reopening_and_answers_come_from_histories_and_fields_found_by_their_type() -> None:
    begin = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    with playing(jira := Vendor()) as play:
        ticket, change = jira.fill("tickets", 1)[0], jira.fill("changes", 1)[0]
        jira.histories[change] = [moved(begin + DAY, "3", "6"), moved(begin, "1", "3")]
        back = [moved(begin, "1", "6"), moved(begin + DAY, "6", "1"), moved(begin + 2 * DAY, "1", "6")]
        jira.histories[ticket] = back
        for stream in ("tickets", "changes"):
            jira.records[stream][0]["fields"]["status"] = {"name": "Done", "statusCategory": {"key": "done"}}
        answered(jira, 0, 4, begin + 3 * DAY)
        stopped = {"epochMillis": int((begin + 2 * DAY).timestamp() * 1000)}
        jira.records["tickets"][0]["fields"][TO_RESOLUTION] = {
            "completedCycles": [{"stopTime": stopped, "breached": True}]
        }
        got, changed = read(play, "tickets"), read(play, "changes").of(Change)[change]
        row, answer = got.of(Ticket)[ticket], got.of(SatisfactionResponse)[ticket]
        asked = searches(play, "/rest/api/3/changelog/bulkfetch")
    assert (changed.rollout_start_at, changed.rollout_end_at) == (begin, begin + DAY)
    assert (row.first_resolved_at, row.reopened_at, row.resolved_at) == (begin, begin + DAY, begin + 2 * DAY)
    assert (row.reopened_count, row.within_target) == (1, False)
    assert (answer.score_raw, answer.answered_at, answer.asked_at) == (4.0, begin + 3 * DAY, None)
    assert asked[0]["fieldIds"] == ["status", "resolution"]


def test_histories_are_read_to_their_last_page() -> None:
    begin = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    class InPages(Vendor):
        def answer(self, request: Request) -> Reply:
            if not request.path.endswith("/changelog/bulkfetch"):
                return super().answer(request)
            second = request.json().get("nextPageToken") == "more"
            entries = [moved(begin + DAY, "3", "6")] if second else [moved(begin, "1", "3")]
            told = {"issueChangeLogs": [{"issueId": "20001", "changeHistories": entries}]}
            return Reply(told if second else told | {"nextPageToken": "more"})

    with playing(InPages()) as play:
        key = play.dialect.fill("changes", 1)[0]
        play.dialect.records["changes"][0]["fields"]["status"] = {"name": "Done"}
        row = read(play, "changes").of(Change)[key]
    assert (row.rollout_start_at, row.rollout_end_at) == (begin, begin + DAY)


def test_a_late_answer_that_leaves_its_ticket_untouched_is_found_by_a_later_pass() -> None:
    with playing(jira := Vendor()) as play:
        keys = jira.fill("tickets", 3, every=DAY)
        play.time_passes()
        first = read(play, "tickets")
        assert first.of(SatisfactionResponse) == {}
        answered(jira, 1, 5, play.now() - DAY)
        answered(jira, 0, 5, play.now() - 40 * DAY)
        later = read(play, "tickets", first.bookmark)
        assert set(later.of(SatisfactionResponse)) == {keys[1]}
        assert read(play, "tickets", first.bookmark, survey_days=0).of(Ticket) == {}


def test_an_answer_outside_its_scale_is_rejected_and_its_ticket_kept() -> None:
    with playing(jira := Vendor()) as play:
        key = jira.fill("tickets", 1)[0]
        answered(jira, 0, 0, jira.now)
        got = read(play, "tickets")
    assert set(got.of(Ticket)) == {key}
    assert [(r.column, r.value) for r in got.rows if isinstance(r, Rejected)] == [("csat", "0")]


def test_versions_are_read_in_every_pass_as_their_update_touches_no_issue() -> None:
    version = {"id": "10400", "name": "2026-Q1", "startDate": "2026-01-05", "releaseDate": "2026-03-31"}
    with playing(jira := Vendor()) as play:
        change = jira.fill("changes", 2)[0]
        jira.records["changes"][0]["fields"]["fixVersions"] = [{"id": "10400", "name": "2026-Q1"}]
        jira.versions["CHG"] = [{**version, "released": False}]
        play.time_passes()
        first = read(play, "milestones")
        jira.versions["CHG"] = [{**version, "released": True, "releaseDate": "2026-04-07"}]
        later = read(play, "milestones", first.bookmark)
    before, after = (got.of(Milestone)[f"{change}-v10400"] for got in (first, later))
    assert (before.status, str(before.due_on), before.done_on) == ("open", "2026-03-31", None)
    assert (after.status, after.due_on, str(after.done_on)) == ("done", None, "2026-04-07")
    assert before.change_id == f"jira:change:{change}"


def test_sub_tasks_of_what_is_no_change_are_no_milestones() -> None:
    with playing(jira := Vendor()) as play:
        keys = jira.fill("milestones", 2)
        jira.records["milestones"][1]["fields"]["parent"]["fields"] = {"issuetype": vendor.TYPES["tickets"]}
        assert set(read(play, "milestones").of(Milestone)) == {keys[0]}


def test_without_projects_the_first_pass_asks_for_sub_tasks_of_projects_with_changes_only() -> None:
    with playing(jira := Vendor()) as play:
        jira.fill("changes", 1)
        read(play, "milestones", projects=[])
    assert jira.queries[-1].startswith('project in ("CHG") AND issuetype in ("Sub-task") AND updated >= ')


def test_links_say_which_change_caused_a_ticket_and_which_only_belong_to_it() -> None:
    def link(side: str, number: str, kind: str = "changes") -> dict[str, Any]:
        words = {"name": "Problem/Incident", "inward": "is caused by", "outward": "causes"}
        return {"type": words, side: {"id": number, "key": "X-1", "fields": {"issuetype": vendor.TYPES[kind]}}}

    with playing(jira := Vendor()) as play:
        key = jira.fill("tickets", 1)[0]
        links = [link("inwardIssue", "20001"), link("outwardIssue", "20002"), link("inwardIssue", "10009", "tickets")]
        jira.records["tickets"][0]["fields"]["issuelinks"] = links
        row = read(play, "tickets").of(Ticket)[key]
        cure = read(play, "tickets", cause_links=["Causes"]).of(Ticket)[key]
    assert (row.caused_by_change_id, row.change_ids) == ("jira:change:20001", ("jira:change:20002",))
    assert (cure.caused_by_change_id, cure.change_ids) == ("jira:change:20002", ("jira:change:20001",))


def test_nothing_of_a_person_is_kept_but_the_key_that_is_hashed() -> None:
    with playing(jira := Vendor()) as play:
        jira.fill("tickets", 1)
        jira.histories["10001"] = [moved(jira.now, "1", "6")]
        kept = read(play, "tickets").pages[0].records[0]
        alone = read(play, "tickets", requestors=False).pages[0].records[0]
    assert kept["reporter"] == "5b10a:1"
    assert "Eva" not in json.dumps(kept)
    assert "eva@example.org" not in json.dumps(kept)
    assert "summary" not in kept
    assert "reporter" not in alone


def test_check_says_what_is_read_and_what_is_not_known() -> None:
    with playing(jira := Vendor()) as play:
        jira.fill("tickets", 2)
        jira.fill("changes", 1)
        jira.records["changes"][0]["fields"]["status"] = {"name": "Abgelegt", "statusCategory": {"key": "done"}}
        section = {**jira.settings(play.url), "fields": {"change": {"risk": "Wagnis"}}}
        settings = connectors.read_settings(CONNECTOR, "jira", section)
        said = list(CONNECTOR.check(CONNECTOR.open(settings), settings))
    assert "dates in queries are read in the time zone Europe/Berlin" in said
    assert "2 tickets, of the issue types [System] Incident" in said
    assert any(text.startswith("PROBLEM the status 'Abgelegt' (category done) is not known") for text in said)
    assert "PROBLEM fields.change.risk = 'Wagnis' is no field of this Jira." in said
    assert any("csat from 'Zufriedenheit'" in text for text in said)
    assert "Jira does not tell who was asked and did not answer: there is no response rate" in said


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"api_token": ""}, "lacks credentials: set email and api_token"),
        ({"deployment": "server"}, "deployment has 'server', which is not known"),
        ({"api_token": "", "deployment": "data_center"}, "set bearer_token, or username and password"),
        ({"query_timezone": "Berlin"}, "query_timezone = 'Berlin' is not a time zone"),
        ({"values": {"change_rollout": {"begun": ["x"]}}}, "change_rollout has 'begun'.*Allowed: started"),
        ({"fields": {"ticket": {"colour": "x"}}}, "fields.ticket has 'colour'"),
        ({"csat_asked": "all"}, "csat_asked has 'all'"),
    ],
)
def test_settings_that_make_no_sense_are_told(own: Mapping[str, Any], told: str) -> None:
    section = {"url": "https://example.atlassian.net", "email": "reader@example.org", "api_token": "composed", **own}
    with pytest.raises(SettingsError, match=told):
        connectors.read_settings(CONNECTOR, "jira", section)
