"""The data-model page is what the model says. Knows the page and its generator."""

from __future__ import annotations

from impact import datamodel
from impact.model import TABLES
from impact.storage.columns import stored_schema


def test_the_page_is_what_the_model_says() -> None:
    assert datamodel.PAGE.read_text("utf-8") == datamodel.page(), "run `python -m impact.datamodel`"


def test_the_page_names_every_stored_column_with_its_meaning() -> None:
    page = datamodel.page()
    for table in TABLES:
        section = page.split(f"## {table}\n")[1].split("\n## ")[0]
        described = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
        assert [cells[1].strip(" `") for cells in described] == stored_schema(table).names
        assert all(cells[-2].strip() for cells in described), table
