"""The pages about connectors say what the connectors say of themselves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import connectors
from impact.model import SettingsError
from tests import connector_pages
from tests.connector_pages import PARTS

KINDS = connectors.available()


@pytest.mark.parametrize("file", sorted(connector_pages.pages()), ids=lambda file: file.name)
def test_every_page_is_what_the_connectors_say(file: Path) -> None:
    assert file.read_text("utf-8") == connector_pages.pages()[file]


@pytest.mark.parametrize("kind", KINDS)
def test_every_connector_has_a_page_with_its_settings_and_streams(kind: str) -> None:
    text = (PARTS / f"{kind}.md").read_text("utf-8")
    assert f"<!-- settings {kind} -->" in text
    assert f"<!-- streams {kind} -->" in text
    assert f'kind = "{kind}"' in text


def sections(kind: str) -> list[dict[str, object]]:
    """The sections of sources in the TOML examples of a page."""
    text = (PARTS / f"{kind}.md").read_text("utf-8")
    found = []
    for block in re.findall(r"^```toml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        for section in tomllib.loads(block).get("sources", {}).values():
            if section.get("kind") == kind:
                found.append(section)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_on_a_page_is_a_valid_section(kind: str) -> None:
    found = sections(kind)
    assert found
    for section in found:
        connectors.read_settings(connectors.load(kind), "example", section)


def test_an_example_with_a_wrong_key_would_be_caught() -> None:
    with pytest.raises(SettingsError, match="unknown key 'colour'"):
        connectors.read_settings(connectors.load("redmine"), "example", {**sections("redmine")[0], "colour": "red"})


def test_a_setting_that_is_left_out_of_a_page_would_be_caught() -> None:
    connector = connectors.load("redmine")
    text = (PARTS / "redmine.md").read_text("utf-8")
    shorter = text.replace("| `url` |", "| `address` |")
    assert connector_pages.with_tables(connector, shorter) == text
