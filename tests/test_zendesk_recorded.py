"""Records of a real Zendesk, flattened by a warehouse, put back into the interface's form and read by the connector.

They are read where they lie, beside the repository; nothing of them is kept here. The warehouse's times are UTC.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from impact.model import Rejected, Segment, Team, Ticket
from tests.dialects.zendesk import Vendor
from tests.zendesk_reads import account, read

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "payloads" / "zendesk_fivetran_dbt_seeds"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the recorded tickets are not there: ../shared/data/payloads/zendesk_fivetran_dbt_seeds"
)
OWN = {"changes_from": "", "change_object": "", "page_size": 4, "export_page_size": 4}


def recorded(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}_data.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    """A time of the warehouse, which writes UTC without saying so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def iso(text: str) -> str | None:
    return f"{at(text):%Y-%m-%dT%H:%M:%SZ}" if text else None


def number(text: str) -> int | None:
    return int(text) if text else None


def ticket(row: Mapping[str, str], history: list[dict[str, str]], tags: Mapping[str, list[str]]) -> dict[str, Any]:
    """A ticket of the export: columns back in their places; times of the metric set from the history of its status."""
    moves = [(line["value"], line["updated"]) for line in history if line["ticket_id"] == row["id"]]
    solved = [when for status, when in moves if status == "solved"]
    source = {"from": {}, "to": {"address": row["via_source_to_address"]}, "rel": row["via_source_rel"] or None}
    return {
        "id": int(row["id"]),
        "url": row["url"],
        "type": row["type"] or None,
        "subject": row["subject"],
        "description": row["description"],
        "priority": row["priority"] or None,
        "status": row["status"],
        "recipient": row["recipient"],
        "via": {"channel": row["via_channel"], "source": source},
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
        "generated_timestamp": int(at(row["updated_at"]).timestamp()),
        "due_at": iso(row["due_at"]),
        **{key: number(row[key]) for key in ("requester_id", "assignee_id", "group_id", "organization_id")},
        **{key: number(row[key]) for key in ("problem_id", "ticket_form_id", "brand_id")},
        "tags": tags.get(row["id"], []),
        "custom_fields": [],
        "satisfaction_rating": {"score": "unoffered"},
        "metric_set": {
            "ticket_id": int(row["id"]),
            "reopens": 0 if moves else None,
            "group_stations": 1 if row["group_id"] else 0,
            "solved_at": iso(solved[-1]) if solved else None,
            "status_updated_at": iso(moves[-1][1]) if moves else None,
            "reply_time_in_minutes": {"calendar": None, "business": None},
        },
    }


def fill(vendor: Vendor) -> list[dict[str, str]]:
    """Put everything into the account; gives the tickets as they were recorded."""
    tags: dict[str, list[str]] = {}
    for row in recorded("ticket_tag"):
        tags.setdefault(row["ticket_id"], []).append(row["tag"])
    history = [row for row in recorded("ticket_field_history") if row["field_name"] == "status"]
    tickets = recorded("ticket")
    vendor.records["tickets"] = [ticket(row, history, tags) for row in tickets]
    for stream, name in (("teams", "group"), ("segments", "organization")):
        rows = recorded(name)
        vendor.records[stream] = [
            {
                "id": int(r["id"]),
                "name": r["name"],
                "created_at": iso(r["created_at"]),
                "updated_at": iso(r["updated_at"]),
            }
            for r in rows
        ]
    return tickets


def test_every_recorded_ticket_becomes_a_row_with_its_own_dates_and_nothing_is_rejected() -> None:
    with account() as (vendor, play):
        tickets = fill(vendor)
        found = read(play, "tickets", **OWN)
        rows = {row.source_key: row for row in found.of(Ticket)}
        assert found.of(Rejected) == []
        assert len(tickets) == len(rows) == 10
        assert {key: row.opened_at for key, row in rows.items()} == {r["id"]: at(r["created_at"]) for r in tickets}
        assert {key: row.source_updated_at for key, row in rows.items()} == {
            r["id"]: at(r["updated_at"]) for r in tickets
        }
        assert {key: row.team_id for key, row in rows.items()} == {
            r["id"]: f"desk:team:{r['group_id']}" for r in tickets
        }
        assert {key: row.segment_ids for key, row in rows.items()} == {
            r["id"]: (f"desk:segment:organization:{r['organization_id']}",) if r["organization_id"] else ()
            for r in tickets
        }


def test_recorded_statuses_kinds_channels_and_priorities_keep_their_meaning() -> None:
    with account() as (vendor, play):
        fill(vendor)
        rows = read(play, "tickets", **OWN).of(Ticket)
        assert Counter((row.status, row.status_raw) for row in rows) == {
            ("cancelled", "deleted"): 2,
            ("resolved", "solved"): 1,
            ("closed", "closed"): 7,
        }
        assert Counter((row.kind, row.kind_raw) for row in rows) == {("incident", "incident"): 1, ("other", None): 9}
        assert Counter((row.channel, row.channel_raw) for row in rows) == {("portal", "web"): 1, ("mail", "email"): 9}
        assert Counter(row.priority for row in rows) == {1: 1, None: 9}
        # 1967 was merged into 1966, which is itself a ticket like any other
        assert {row.source_key: row.status for row in rows}["1966"] == "closed"


def test_the_recorded_history_of_one_ticket_dates_its_solution() -> None:
    with account() as (vendor, play):
        fill(vendor)
        rows = {row.source_key: row for row in read(play, "tickets", **OWN).of(Ticket)}
        ticket = rows["11071"]
        assert ticket.resolved_at == datetime(2020, 11, 14, 11, 1, 27, tzinfo=UTC)
        assert ticket.first_resolved_at == ticket.resolved_at
        assert ticket.closed_at == datetime(2020, 11, 15, 11, 1, 27, tzinfo=UTC)
        assert {row.resolved_at for key, row in rows.items() if key != "11071"} == {None}  # no history, so unknown


def test_recorded_groups_and_organizations_keep_their_names() -> None:
    with account() as (vendor, play):
        fill(vendor)
        teams, segments = read(play, "teams", **OWN), read(play, "segments", **OWN)
        assert {t.source_key: t.name for t in teams.of(Team)} == {r["id"]: r["name"] for r in recorded("group")}
        assert {s.source_key: s.name for s in segments.of(Segment)} == {
            f"organization:{r['id']}": r["name"] for r in recorded("organization")
        }
        assert teams.of(Rejected) == segments.of(Rejected) == []
