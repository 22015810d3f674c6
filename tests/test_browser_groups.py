"""The customers of each group in a real browser: readable by everybody, and the table and file say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import ROOT, Served, serve
from tests.group_store import filled

SCRIPT = """
import streamlit as st
from impact import ui
from impact.ui import groups

view = ui.open_page("change")
change = view.portfolio.change(st.query_params["change"])
st.title(change.title, anchor=False)
groups.section(view, change)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = filled(tmp_path_factory.mktemp("browser groups")).home
    script = tmp_path_factory.mktemp("page") / "groups.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with serve(script, Path(home), {"PYTHONPATH": str(ROOT), "IMPACT_SECRETS": ""}) as running:
        yield running


@pytest.mark.parametrize("dark", [False, True])
def test_everybody_can_use_the_section_in_light_and_dark(served: Served, visit: Any, dark: bool) -> None:
    seen = visit(f"{served.url}/?change=CHG-felt&groups=location", dark=dark, width=1280, height=720)
    seen.picture(f"groups-{'dark' if dark else 'light'}-1280")
    assert seen.barriers() == []
    assert seen.errors == []
    assert seen.page.get_by_text("Ayr (tickets) is clearly worse off.").is_visible()


def test_the_chart_fills_the_page_and_shows_each_group_once_beside_its_marks(served: Served, visit: Any) -> None:
    seen = visit(f"{served.url}/?change=CHG-felt")
    chart = seen.page.locator(".st-key-groups-chart svg.marks")
    box = chart.bounding_box()
    assert box is not None
    assert box["width"] > 1000
    names = [chart.get_by_text(name, exact=True) for name in ("Ayr", "Bath")]
    assert [name.count() for name in names] == [1, 1]
    tops = [name.bounding_box()["y"] for name in names]
    assert 28 < tops[1] - tops[0] < 36


def test_the_table_opens_with_the_same_groups_and_a_file(served: Served, visit: Any) -> None:
    seen = visit(f"{served.url}/?change=CHG-felt")
    seen.page.get_by_text("The same as a table").click()
    seen.settle()
    table = seen.page.get_by_role("table").filter(has_text="Who answered")
    table.wait_for()
    assert table.get_by_role("row").count() == 11
    assert "Deal" not in table.inner_text()
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name="Download as CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].startswith("Ayr (named by the change),Tickets,Worse,")
    assert len(text.splitlines()) == 11


def test_on_paper_the_section_is_one_page(served: Served, visit: Any, tmp_path: Path) -> None:
    seen = visit(f"{served.url}/?change=CHG-felt")
    pdf = seen.print_pdf(tmp_path / "groups.pdf").read_bytes()
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1
