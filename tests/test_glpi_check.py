"""What check says of a GLPI."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import connectors
from tests.dialects.glpi import written
from tests.glpi_reads import CONNECTOR, served


def test_check_says_that_the_zone_does_not_fit_the_servers_clock() -> None:
    with served() as (vendor, play, _):
        settings = connectors.read_settings(CONNECTOR, "glpi", vendor.settings(play.url))
        assert any("fits the server's clock" in said for said in CONNECTOR.check(CONNECTOR.open(settings), settings))
        vendor.current = lambda: written(datetime.now(UTC) + timedelta(hours=2))
        told = [said for said in CONNECTOR.check(CONNECTOR.open(settings), settings) if "timezone" in said]
    assert [said.startswith("PROBLEM ") and "wrong by 2 hours" in said for said in told] == [True]


def test_check_tells_what_the_profile_may_not_see_and_that_tasks_of_projects_hide() -> None:
    with served() as (vendor, play, _):
        vendor.refused |= {"ChangeCost", "Log"}
        vendor.fill("tickets", 1)
        keys = {**vendor.settings(play.url), "milestones_from": ["tasks", "project_tasks"]}
        settings = connectors.read_settings(CONNECTOR, "glpi", keys)
        told = list(CONNECTOR.check(CONNECTOR.open(settings), settings))
    assert any(said.startswith("PROBLEM costs of changes") for said in told)
    assert any(said.startswith("PROBLEM histories may not be read") for said in told)
    assert any("members of their teams" in said for said in told)


def test_check_tells_where_surveys_have_another_scale_than_the_settings() -> None:
    with served() as (vendor, play, _):
        vendor.more["Entity"] = [
            {"id": 0, "name": "Root entity", "inquest_config": 1, "inquest_max_rate": 10},
            {"id": 1, "name": "Finance", "inquest_config": -2, "inquest_max_rate": 5},  # takes that of its parent
        ]
        settings = connectors.read_settings(CONNECTOR, "glpi", vendor.settings(play.url))
        told = [said for said in CONNECTOR.check(CONNECTOR.open(settings), settings) if "csat_max" in said]
        fitting = connectors.read_settings(CONNECTOR, "glpi", {**vendor.settings(play.url), "csat_max": 10.0})
        silent = [said for said in CONNECTOR.check(CONNECTOR.open(fitting), fitting) if "csat_max" in said]
    assert [said.startswith("PROBLEM surveys go up to 10") for said in told] == [True]
    assert silent == []


def test_a_field_that_does_not_exist_is_told_and_one_that_looks_useful_proposed() -> None:
    with served() as (vendor, play, _):
        vendor.own["76680"] = {"name": "Rollout result", "field": "r", "table": "glpi_plugin_fields_x"}
        keys = {**vendor.settings(play.url), "fields": {"change": {"risk": "Danger"}}}
        settings = connectors.read_settings(CONNECTOR, "glpi", keys)
        http = CONNECTOR.open(settings)
        told = list(CONNECTOR.check(http, settings))
        proposed = [(own.part, own.name, own.label) for own in CONNECTOR.own_fields(http, settings)]
    assert "PROBLEM fields.change.risk = 'Danger' is no column and no search option of Change." in told
    assert "fields of a change that may hold something of use: Rollout result (76680)" in told
    assert ("change", "76680", "Rollout result") in proposed
