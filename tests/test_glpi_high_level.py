"""What is read of a GLPI 11 over its high-level API, which shows less, and that this is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import connectors
from impact.model import Change, SourceChanged, Ticket
from tests.dialect import SECRET, Dialect, Play, Reply, Request, playing

CONNECTOR = connectors.load("glpi")
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}


class HighLevel(Dialect):
    """The high-level API with its tokens, filters and references."""

    kind = "glpi"
    lists: Mapping[str, list[dict[str, Any]]] = {}
    obeys = True

    def signed_in(self, request: Request) -> bool:
        if request.path == "/api.php/token":
            return request.form()["client_secret"] == SECRET
        return request.headers.get("authorization") == f"Bearer {SECRET}"

    def answer(self, request: Request) -> Reply:
        if request.path == "/api.php/token":
            return Reply({"access_token": SECRET, "expires_in": 3600, "token_type": "Bearer"})
        after = int(re.findall(r"id=gt=(\d+)", request.get("filter"))[0])
        since = next(iter(re.findall(r"date_mod=ge=([^;]+)", request.get("filter"))), "")
        rows = self.lists.get(request.path.removeprefix("/api.php/v2/"), [])
        rows = [r for r in rows if not self.obeys or (r["id"] > after and r.get("date_mod", "9") >= since)]
        shown = rows[: int(request.get("limit"))]
        return Reply(shown, 200, {"Content-Range": f"0-{len(shown)}/{len(rows)}"})


def settings(play: Play) -> Any:
    keys = {"client_id": "c", "client_secret": SECRET, "username": "u", "password": "p", "api": "high_level"}
    return connectors.read_settings(CONNECTOR, "glpi", {"url": play.url, "page_size": 2, "retries": 0, **keys})


def read(play: Play, name: str, since: datetime | None = None) -> list[Any]:
    own = settings(play)
    http = CONNECTOR.open(own)
    return [record for page in STREAMS[name].fetch(http, own, since) for record in page.records]


def ticket(number: int) -> dict[str, Any]:
    return {
        **{
            "id": number,
            "name": "Printer",
            "content": "Call Eva",
            "status": {"id": 2, "name": "Processing (assigned)"},
        },
        **{
            "type": 1,
            "priority": 3,
            "date": "2026-03-01T10:00:00+01:00",
            "date_mod": f"2026-03-0{number}T11:00:00+01:00",
        },
        **{"entity": {"id": 3}, "category": {"id": 12, "name": "Mail"}, "request_type": {"id": 3, "name": "Phone"}},
        "team": [
            {"type": "User", "id": 7, "name": "eva", "role": "requester"},
            {"type": "Group", "id": 5, "role": "assigned"},
        ],
    }


def test_tickets_are_read_to_the_end_and_mean_the_same_as_over_the_other_api() -> None:
    vendor = HighLevel()
    vendor.lists = {"Assistance/Ticket": [ticket(n) for n in (1, 2, 3)]}
    with playing(vendor) as play:
        found = read(play, "tickets")
        own = settings(play)
    assert [record["id"] for record in found] == [1, 2, 3]
    assert "Eva" not in str(found)
    assert "Printer" not in str(found)
    (row,) = [row for row in STREAMS["tickets"].convert(found[0], own) if isinstance(row, Ticket)]
    assert (row.status, row.status_raw, row.channel, row.kind) == ("open", "Processing (assigned)", "phone", "incident")
    assert (row.team_id, row.service_id) == ("glpi:team:5", "glpi:service:category:12")
    assert row.opened_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (row.resolved_at, row.reopened_count) == (None, None)


def test_only_what_was_updated_is_asked_for() -> None:
    vendor = HighLevel()
    vendor.lists = {"Assistance/Ticket": [ticket(n) for n in (1, 2, 3)]}
    with playing(vendor) as play:
        assert [record["id"] for record in read(play, "tickets", datetime(2026, 3, 3, 0, tzinfo=UTC))] == [3]


def test_a_change_has_no_rollout_because_none_is_shown() -> None:
    vendor = HighLevel()
    about = {"id": 1, "name": "Move &#38; go", "status": {"id": 6}, "date_mod": "2026-03-01T10:00:00Z"}
    vendor.lists = {"Assistance/Change": [about]}
    with playing(vendor) as play:
        (record,), own = read(play, "changes"), settings(play)
    (row,) = [row for row in STREAMS["changes"].convert(record, own) if isinstance(row, Change)]
    assert (row.title, row.status, row.outcome, row.rollout_start_at) == ("Move & go", "done", "unknown", None)


def test_a_filter_that_is_ignored_is_noticed() -> None:
    vendor = HighLevel()
    vendor.obeys = False
    vendor.lists = {"Assistance/Ticket": [ticket(n) for n in (1, 2, 3)]}
    with playing(vendor) as play:
        with pytest.raises(SourceChanged, match="out of order"):
            read(play, "tickets")
        with pytest.raises(SourceChanged, match="gave older records"):
            read(play, "tickets", datetime(2026, 3, 5, tzinfo=UTC))


def test_surveys_and_milestones_are_not_asked_for_and_check_says_what_is_missing() -> None:
    vendor = HighLevel()
    vendor.lists = {"Assistance/Ticket": [ticket(1)]}
    with playing(vendor) as play:
        own = settings(play)
        assert [s.name for s in CONNECTOR.streams if not s.wanted(own)] == ["milestones", "surveys"]
        told = list(CONNECTOR.check(CONNECTOR.open(own), own))
    assert told[:2] == ["0 changes", "1 tickets"]
    assert "no solving and closing dates" in told[2]
