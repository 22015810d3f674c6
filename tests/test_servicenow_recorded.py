"""Rows of a real ServiceNow, as a warehouse kept them, served as the Table API gives them: what they become."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import connectors
from impact.model import Change, Milestone, Rejected, Row, Service, Team, Ticket
from impact.people import hide_people
from tests.dialects.servicenow import Vendor
from tests.passes import Case, case

FOLDER = Path(__file__).resolve().parents[2] / "shared/data/payloads/servicenow_fivetran_dbt_seeds"
STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+")
CONNECTOR = connectors.load("servicenow")
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no {FOLDER.name} beside the repository")


def recorded(table: str) -> list[dict[str, str]]:
    """Rows of a table under the names and in the form that the API gives them: the warehouse splits references in two
    columns, writes yes and no in capitals, and adds fractions to seconds."""
    with (FOLDER / f"{table}_data.csv").open(encoding="utf-8") as file:
        return [
            {
                name.removesuffix("_value"): (
                    STAMP.sub(r"\1", value) if value not in ("TRUE", "FALSE") else value.lower()
                )
                for name, value in row.items()
                if not name.startswith("_fivetran") and not name.endswith("_link")
            }
            for row in csv.DictReader(file)
        ]


@pytest.fixture
def at() -> Iterator[Case]:
    with case(CONNECTOR, Vendor) as at:
        vendor = at.dialect
        assert isinstance(vendor, Vendor)
        tasks = [row for row in recorded("task") if row["sys_class_name"] == "change_request"]
        vendor.records["changes"] = [*recorded("change_request"), *tasks]
        vendor.records["milestones"] = recorded("change_task")
        vendor.records["tickets"] = [row | {"sys_class_name": "incident"} for row in recorded("incident")]
        vendor.records["services"] = recorded("cmdb_ci_service")
        vendor.records["teams"] = recorded("sys_user_group")
        vendor.others["task_sla"] = recorded("task_sla")
        yield at


def rows(at: Case, stream: str) -> list[Row]:
    got = at.read(stream)
    assert got.error is None, got.error
    people = got.stream.people_paths(at.settings)
    hidden = [hide_people(payload, people, b"test") for payload in got.payloads]
    found = [row for payload in hidden for row in got.stream.convert(payload, at.settings)]
    assert not [row for row in found if isinstance(row, Rejected)]
    return [row for row in found if not isinstance(row, Rejected)]


def test_a_recorded_change_is_planned_for_half_an_hour_and_an_old_task_is_cancelled(at: Case) -> None:
    task, change = (row for row in rows(at, "changes") if isinstance(row, Change))
    assert change.source_key == "06cdb552db252200a6a2b31be0b8f53e"
    assert change.planned_start_at == datetime(2023, 9, 3, 2, 30, tzinfo=UTC)
    assert change.planned_end_at == datetime(2023, 9, 3, 2, 45, tzinfo=UTC)
    assert (change.rollout_start_at, change.rollout_end_at, change.outcome) == (None, None, "unknown")
    assert (change.kind, change.risk, change.risk_raw) == ("normal", "unknown", "2")  # without labels 2 may be either
    assert (task.number, task.title, task.status, task.outcome) == (
        "CHG0000002",
        "Shorter description",
        "cancelled",
        "unknown",
    )


def test_a_recorded_task_belongs_to_that_change(at: Case) -> None:
    (milestone,) = (row for row in rows(at, "milestones") if isinstance(row, Milestone))
    assert milestone.change_id == "played:change:06cdb552db252200a6a2b31be0b8f53e"
    assert (milestone.due_on, milestone.done_on, milestone.status) == (None, None, "other")  # its state was not kept


def test_a_recorded_incident_has_the_time_of_its_creation_and_a_hashed_caller(at: Case) -> None:
    (ticket,) = (row for row in rows(at, "tickets") if isinstance(row, Ticket))
    assert ticket.opened_at == datetime(2023, 6, 2, 22, 5, 30, tzinfo=UTC)
    assert ticket.person_key
    assert "46c6f9efa9fe" not in ticket.person_key
    assert (ticket.kind, ticket.caused_by_change_id, ticket.reopened_count) == ("incident", None, None)


def test_a_recorded_service_level_that_was_called_off_promises_nothing(at: Case) -> None:
    vendor = at.dialect
    (level,) = recorded("task_sla")
    vendor.records["tickets"][0].update(sys_id=level["task"], state="6", resolved_at="2023-06-02 22:37:27")
    (ticket,) = (row for row in rows(at, "tickets") if isinstance(row, Ticket))
    assert at.read("tickets").payloads[0]["sla"] == [
        {"stage": "cancelled", "breached": "false", "end_time": "2016-12-12 17:57:00"}
    ]
    assert (ticket.status, ticket.within_target, ticket.first_reply_at) == ("resolved", None, None)


def test_a_recorded_service_and_group_keep_their_names(at: Case) -> None:
    (service,) = rows(at, "services")
    (team,) = rows(at, "teams")
    assert isinstance(service, Service)
    assert service.name == "System manufacturer"
    assert isinstance(team, Team)
    assert team.name == "ATF Service Level Management  Group"
