"""Which team a change of Request Tracker belongs to: the one it names, else its queue."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import Payload
from connectors.request_tracker.rows import change_rows
from connectors.request_tracker.settings import RtSettings
from impact.model import Change, Team

SETTINGS = RtSettings(name="rt", url="https://rt.example.com", token="1-14-x", change_queues=("Changes",))


def converted(**more: Any) -> tuple[str | None, list[tuple[str, str]]]:
    payload: Payload = {
        "id": "41",
        "Subject": "New tills",
        "Status": "requested",
        "Queue": "3",
        "CustomFields": {},
        **more,
    }
    rows = list(change_rows(payload, SETTINGS))
    change = next(row for row in rows if isinstance(row, Change))
    return change.team_id, [(row.id, row.name) for row in rows if isinstance(row, Team)]


@pytest.mark.parametrize(
    ("more", "team", "teams"),
    [
        ({}, "rt:team:3", []),
        ({"CustomFields": {"Team": ["Payments"]}, "TeamQueue": "7"}, "rt:team:7", []),
        ({"CustomFields": {"Team": ["Board"]}}, "rt:team:board", [("rt:team:board", "Board")]),
        ({"CustomFields": {"Team": [""]}}, "rt:team:3", []),
    ],
    ids=["no team named: its queue", "a queue of that name", "no queue of that name", "an empty name"],
)
def test_a_change_belongs_to_the_team_it_names(more: dict[str, Any], team: str, teams: list[tuple[str, str]]) -> None:
    assert converted(**more) == (team, teams)
