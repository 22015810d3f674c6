"""What GLPI does in its own way: sessions, searches, links that touch nothing, local times, the trash, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connectors
from connectors.glpi.queries import Glpi
from impact.model import Change, Rejected, SatisfactionResponse, SettingsError, SourceRefused, Ticket
from tests.dialect import Reply
from tests.dialects.glpi import written
from tests.glpi_reads import CONNECTOR, STREAMS, asked, own, rows_of, served

SINCE = datetime(2026, 3, 2, 7, tzinfo=UTC)


# Sessions


def test_a_session_sees_all_entities_of_the_profile_and_says_so_without_the_word_all() -> None:
    with served(profile="super-admin") as (_, play, read):
        read("teams")
    assert [request.path.rpartition("/")[2] for request in play.asked[:4]] == [
        "initSession",
        "getMyProfiles",
        "changeActiveProfile",
        "changeActiveEntities",
    ]
    assert play.asked[2].json() == {"profiles_id": 4}
    assert play.asked[3].json() == {"is_recursive": True}  # GLPI reads the word "all" as the number 0


def test_one_entity_can_be_chosen() -> None:
    with served(entity="3") as (_, play, read):
        read("teams")
    assert asked(play, "changeActiveEntities")[0].json() == {"entities_id": 3, "is_recursive": True}


def test_a_profile_that_the_user_does_not_have_is_told_with_those_there_are() -> None:
    with served(profile="Reader") as (_, _, read), pytest.raises(SourceRefused, match="there are: Super-Admin"):
        read("teams")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ERROR_GLPI_LOGIN_USER_TOKEN", "does not know this user_token"),
        ("ERROR_GLPI_LOGIN", "does not accept this username and password"),
        ("ERROR_NEW_WORD", "does not accept these credentials"),
    ],
)
def test_wrong_credentials_are_told_in_glpis_sense_and_tried_once(code: str, told: str) -> None:
    with served() as (vendor, play, read):
        vendor.refusal = lambda: Reply([code, "seems invalid"], 401)  # type: ignore[method-assign]
        vendor.signed_in = lambda request: False  # type: ignore[method-assign]
        with pytest.raises(SourceRefused, match=told):
            read("tickets")
    assert [request.path for request in play.asked] == ["/apirest.php/initSession"]


def test_basic_credentials_open_a_session_too() -> None:
    with served(user_token="", username="glpi", password="p") as (vendor, play, read):
        vendor.signed_in = lambda request: True  # type: ignore[method-assign]
        read("teams")
    assert play.asked[0].headers["authorization"] == "Basic Z2xwaTpw"


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"user_token": ""}, "lacks user_token, or username and password"),
        ({"api": "high_level"}, "needs client_id, client_secret, username and password"),
        ({"timezone": "Paris"}, "timezone = 'Paris' is not a time zone"),
        ({"rollout_from": ["luck"]}, "rollout_from has 'luck'"),
        ({"entity": "Finance"}, "entity = 'Finance' is not the id"),
        ({"done_on_from": "never"}, "done_on_from has 'never'"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(keys: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        own(**keys)


def test_the_address_of_the_api_itself_is_taken_as_well() -> None:
    settings = own(url="https://glpi.example.com/glpi/apirest.php")
    assert CONNECTOR.open(settings).url == "https://glpi.example.com/glpi/apirest.php"
    assert settings.site == "https://glpi.example.com/glpi"


# What is asked


def test_what_was_updated_is_searched_by_rising_ids_and_read_in_blocks() -> None:
    with served(page_size=2) as (vendor, play, read):
        vendor.fill("tickets", 3)
        assert [record["id"] for record in read("tickets", SINCE)] == [1, 2, 3]
    first, second = asked(play, "search/Ticket")[:2]
    assert [pair for pair in first.query if pair[0].startswith(("criteria", "range", "sort"))] == [
        ("range", "0-1"),
        ("sort", "2"),
        ("criteria[0][field]", "2"),
        ("criteria[0][searchtype]", "contains"),
        ("criteria[0][value]", ">0"),
        ("criteria[1][link]", "AND"),
        ("criteria[1][field]", "19"),
        ("criteria[1][searchtype]", "morethan"),
        ("criteria[1][value]", "2026-03-02 06:59:59"),  # morethan is strict
    ]
    assert second.get("criteria[0][value]") == ">2"
    assert {("items[1][itemtype]", "Ticket"), ("items[1][items_id]", "2")} <= set(
        asked(play, "getMultipleItems")[0].query
    )


def test_the_first_pass_also_reads_records_without_an_update_stamp() -> None:
    with served() as (vendor, _, read):
        vendor.fill("tickets", 2)
        vendor.records["tickets"][0]["date_mod"] = None
        assert [record["id"] for record in read("tickets")] == [1, 2]


def test_no_title_of_a_ticket_and_no_name_of_a_person_leaves_the_connector() -> None:
    with served() as (vendor, _, read):
        vendor.fill("tickets", 1)
        vendor.records["tickets"][0].update({"content": "Call me back", "users_id_recipient": 9})
        vendor.more["Log"] = [status_change(1, "eva", "2", "5")]
        (record,) = read("tickets")
    assert not {"name", "content", "users_id_recipient"} & set(record)
    assert "eva" not in str(record)


def test_a_ticket_that_is_purged_between_search_and_reading_spoils_no_other() -> None:
    with served() as (vendor, play, read):
        vendor.fill("tickets", 4)

        def purge(number: int) -> None:
            if asked(play, "getMultipleItems") and len(vendor.records["tickets"]) == 4:
                del vendor.records["tickets"][1]

        play.before = purge
        assert [record["id"] for record in read("tickets")] == [1, 3, 4]


def test_a_ticket_that_is_found_but_may_not_be_opened_is_told() -> None:
    with served() as (vendor, play, _):
        vendor.fill("tickets", 3)
        vendor.records["tickets"][1]["hidden"] = True
        settings = connectors.read_settings(CONNECTOR, "glpi", vendor.settings(play.url))
        pages = list(STREAMS["tickets"].fetch(CONNECTOR.open(settings), settings, None))
    assert [record["id"] for page in pages for record in page.records] == [1, 3]
    assert [told.key for page in pages for told in page.rejected] == ["2"]


def test_a_plugins_field_is_read_by_its_search_option() -> None:
    with served(fields={"change": {"outcome": "76680", "risk": "impact"}}) as (vendor, _, read):
        vendor.own["76680"] = {"name": "Result", "field": "resultfield", "table": "glpi_plugin_fields_changeresults"}
        vendor.fill("changes", 1)
        vendor.records["changes"][0].update({"resultfield": "Success", "impact": 4})
        (record,) = read("changes")
    assert record["fields"]["outcome"] == "Success"
    assert record["fields"]["risk"] == 4


# Tables beside, the trash, what is read again


def status_change(ticket: int, who: str, old: str, new: str, at: str = "2026-03-02 09:00:00") -> dict[str, Any]:
    return {
        **{"id": 1, "itemtype": "Ticket", "items_id": ticket, "linked_action": 0, "user_name": who},
        **{"id_search_option": 12, "old_value": old, "new_value": new, "date_mod": at},
    }


def test_people_groups_and_links_of_a_ticket_come_from_their_tables() -> None:
    with served() as (vendor, _, read):
        vendor.fill("tickets", 2)
        vendor.more["Ticket_User"] = [
            {"id": 1, "tickets_id": 1, "users_id": 7, "type": 2},
            {"id": 2, "tickets_id": 1, "users_id": 8, "type": 1},
            {"id": 3, "tickets_id": 2, "users_id": 0, "type": 1, "alternative_email": "eva@example.org"},
        ]
        vendor.more["Group_Ticket"] = [{"id": 1, "tickets_id": 1, "groups_id": 5, "type": 2}]
        vendor.more["Change_Ticket"] = [{"id": 1, "tickets_id": 1, "changes_id": 3, "link": 1}]
        for since in (None, SINCE):  # read in full, and one ticket at a time
            first, second = read("tickets", since)
            assert (first["requesters"], first["groups"], first["changes"]) == (["glpi:8"], ["5"], [3])
            assert second["requesters"] == ["eva@example.org"]


def test_what_lies_in_the_trash_is_cancelled_and_a_duplicate_there_is_merged() -> None:
    with served() as (vendor, _, read):
        vendor.fill("tickets", 3)
        for record in vendor.records["tickets"][1:]:
            record["is_deleted"] = 1
        vendor.more["Ticket_Ticket"] = [{"id": 1, "tickets_id_1": 3, "tickets_id_2": 1, "link": 2}]
        rows = [row for record in read("tickets") for row in rows_of("tickets", record, own())]
    assert [(row.source_key, row.status) for row in rows] == [("1", "open"), ("2", "cancelled"), ("3", "merged")]


def test_a_ticket_that_is_linked_to_an_open_change_is_read_again_though_nothing_touched_it() -> None:
    with served() as (vendor, _, read):
        vendor.fill("tickets", 3)
        vendor.fill("changes", 2)
        vendor.records["changes"][0].update({"status": 7, "closedate": None})
        later = vendor.now + timedelta(days=90)
        assert read("tickets", later) == []
        vendor.more["Change_Ticket"] = [
            {"id": 1, "tickets_id": 2, "changes_id": 1},
            {"id": 2, "tickets_id": 3, "changes_id": 2},  # long closed
        ]
        assert [(record["id"], record["changes"]) for record in read("tickets", later)] == [(2, [1])]


def test_an_open_change_is_read_again_for_its_costs_and_one_that_is_long_closed_is_not() -> None:
    with served() as (vendor, _, read):
        vendor.fill("changes", 2)
        vendor.records["changes"][1].update({"status": 10, "closedate": None})
        assert [record["id"] for record in read("changes", vendor.now + timedelta(days=90))] == [2]


def test_a_ticket_that_nobody_touched_was_never_reopened_and_its_log_is_not_asked_for() -> None:
    with served() as (vendor, play, read):
        vendor.fill("tickets", 6)  # made and, some, solved in one second
        payloads = {record["id"]: record for record in read("tickets")}
    logs = [request.path.split("/")[3] for request in play.asked if request.path.endswith("/Log")]
    assert sorted(logs) == [str(n) for n, payload in payloads.items() if payload["solvedate"]]
    [new] = rows_of("tickets", payloads[1], own())[:1]
    assert (new.reopened_count, new.reopened_at, new.first_resolved_at) == (0, None, None)


def test_a_list_that_the_profile_may_not_see_is_told_as_such() -> None:
    with served() as (vendor, _, read):
        vendor.refused |= {"TicketSatisfaction"}
        with pytest.raises(SourceRefused, match="does not let this user read TicketSatisfaction: the profile lacks"):
            read("surveys")


def test_surveys_are_read_again_for_as_many_days_as_set() -> None:
    with served(survey_days=30, page_size=2) as (vendor, _, read):
        vendor.fill("surveys", 12, every=timedelta(days=10))
        sent = [record["id"] for record in read("surveys", vendor.now)]
    assert {9, 10, 11, 12} <= set(sent)  # a page that holds some of them may bring older ones
    assert not {1, 2, 3, 4} & set(sent)


def test_tasks_of_changes_that_nobody_sees_are_no_milestones() -> None:
    with served() as (vendor, _, read):
        vendor.fill("milestones", 2)
        vendor.records["milestones"][1]["changes_id"] = 99
        assert [record["title"] for record in read("milestones")] == ["Step 1"]


def test_a_list_whose_rows_vanish_meanwhile_loses_none_of_the_others() -> None:
    with served(page_size=3) as (vendor, play, _):
        vendor.more["Group_Ticket"] = [{"id": number} for number in range(1, 21)]
        settings = connectors.read_settings(
            CONNECTOR, "glpi", {**vendor.settings(play.url), "page_size": 3, "parallel": 1}
        )
        http = CONNECTOR.open(settings)
        seen = []
        for rows in Glpi(http, settings).listed("Group_Ticket"):
            seen += [row["id"] for row in rows]
            if len(seen) == 3:
                vendor.more["Group_Ticket"] = [{"id": number} for number in range(3, 21)]
        http.close()
    assert seen == list(range(1, 21))


# Times


def test_the_servers_times_are_local_and_the_bound_is_too() -> None:
    with served(timezone="Europe/Paris") as (vendor, play, read):
        vendor.current = lambda: "2026-03-02 12:00:00"
        read("tickets", datetime(2026, 3, 2, 11, 0, tzinfo=UTC))
    assert asked(play, "search/Ticket")[0].get("criteria[1][value]") == "2026-03-02 11:59:59"


def test_the_hour_that_comes_twice_is_asked_for_from_its_first_time_on() -> None:
    """On 25 October 2026 clocks go back at 03:00 in Paris, 01:00 UTC: 02:10 comes after 02:45."""
    with served(timezone="Europe/Paris") as (_, play, read):
        read("tickets", datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    assert asked(play, "search/Ticket")[0].get("criteria[1][value]") == "2026-10-25 01:44:59"


def test_a_bookmark_is_never_later_than_what_the_server_writes_even_where_the_zone_is_wrong() -> None:
    with served(timezone="UTC") as (vendor, play, _):
        behind = datetime.now(UTC) - timedelta(hours=5)
        vendor.current = lambda: written(behind)
        settings = connectors.read_settings(CONNECTOR, "glpi", vendor.settings(play.url))
        *_, last = STREAMS["teams"].fetch(CONNECTOR.open(settings), settings, None)
    assert last.bookmark == behind.replace(microsecond=0)


# What it means


def change(**more: Any) -> dict[str, Any]:
    return {"id": 1, "name": "x", "status": 6, "solvedate": "2026-03-15 00:20:00", "fields": {}, **more}


@pytest.mark.parametrize(
    "more",
    [
        {"global_validation": 4},
        {"status": 13},
        {"status": 14},
        {"is_deleted": 1},
        {"status": "6", "global_validation": "4"},
    ],
)
def test_a_change_that_was_refused_or_thrown_away_never_counts_as_done(more: dict[str, Any]) -> None:
    settings = own(values={"change_outcome": {"successful": ["Closed", "Refused", "Cancelled"]}})
    (row,) = [row for row in rows_of("changes", change(**more), settings) if isinstance(row, Change)]
    assert (row.status, row.outcome, row.rollout_start_at, row.rollout_end_at) == ("cancelled", "unknown", None, None)


def test_a_status_may_be_named_by_its_number_or_its_label() -> None:
    for word in ("4", "Pending"):
        settings = own(values={"change_status": {"running": [word]}})
        (row,) = [row for row in rows_of("changes", change(status=4), settings) if isinstance(row, Change)]
        assert (row.status, row.status_raw, row.rollout_start_at) == ("running", "Pending", None)


TASKS = [
    {"id": 1, "state": 2, "begin": "2026-03-03 09:00:00", "end": "2026-03-03 12:00:00", "category": "Training"},
    {"id": 2, "state": 2, "begin": "2026-03-14 22:00:00", "end": "2026-03-15 00:15:00", "category": "Rollout"},
    {"id": 3, "state": 1, "begin": "2026-03-01 09:00:00", "end": "2026-03-20 12:00:00", "category": "Rollout"},
]


@pytest.mark.parametrize(
    ("places", "begun", "ended"),
    [
        (["tasks", "solved"], datetime(2026, 3, 14, 22, tzinfo=UTC), datetime(2026, 3, 15, 0, 15, tzinfo=UTC)),
        (["all_tasks"], datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 15, 0, 15, tzinfo=UTC)),
        (["solved", "tasks"], datetime(2026, 3, 15, 0, 20, tzinfo=UTC), datetime(2026, 3, 15, 0, 20, tzinfo=UTC)),
    ],
)
def test_a_rollout_is_dated_as_the_settings_say(places: list[str], begun: datetime, ended: datetime) -> None:
    (row,) = [r for r in rows_of("changes", change(tasks=TASKS), own(rollout_from=places)) if isinstance(r, Change)]
    assert (row.rollout_start_at, row.rollout_end_at) == (begun, ended)


def test_a_link_names_a_cause_only_where_the_settings_say_so() -> None:
    ticket = {"id": 7, "status": 2, "date": "2026-03-01 10:00:00", "changes": [4, 2], "fields": {}}
    for cause_links, cause, others in (
        (False, None, ("glpi:change:2", "glpi:change:4")),
        (True, "glpi:change:4", ("glpi:change:2",)),
    ):
        (row,) = [r for r in rows_of("tickets", ticket, own(cause_links=cause_links)) if isinstance(r, Ticket)]
        assert (row.caused_by_change_id, row.change_ids) == (cause, others)


@pytest.mark.parametrize(
    ("given", "answered", "ratio", "rejected"),
    [
        ({"satisfaction": None, "date_answered": None}, False, None, 0),
        ({"satisfaction": 5, "date_answered": None}, False, None, 1),
        ({"satisfaction": None, "date_answered": "2026-03-03 08:00:00"}, False, None, 0),
        ({"satisfaction": 1, "date_answered": "2026-03-03 08:00:00"}, True, 0.0, 0),
        ({"satisfaction": 0, "date_answered": "2026-03-03 08:00:00"}, False, None, 1),
    ],
)
def test_only_an_answer_with_a_score_and_a_date_is_one(
    given: dict[str, Any], answered: bool, ratio: float | None, rejected: int
) -> None:
    found = rows_of("surveys", {"id": 5, "tickets_id": 9, "date_begin": "2026-03-02 08:00:00", **given}, own())
    (row,) = [row for row in found if isinstance(row, SatisfactionResponse)]
    assert (row.answered_at is not None, row.score_ratio) == (answered, ratio)
    assert row.asked_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert len([row for row in found if isinstance(row, Rejected)]) == rejected
