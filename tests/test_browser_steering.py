"""The steering view in a real browser: what a person sees, clicks, shares and prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import ROOT, Served, Visit, serve
from tests.sample_server import script

ALL = "?period=all"
BOARD_MARKS = ".st-key-board svg .mark-symbol path[aria-label]"


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real pages on the sample's changes."""
    folder = tmp_path_factory.mktemp("site")
    with serve(script(folder), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        yield served


Opens = Callable[..., Visit]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_steering_view_is_drawn_without_errors_and_open_to_everybody(
    visit: Opens, sample_site: Served, dark: bool
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}", dark=dark)
    seen.picture(f"steering-{'dark' if dark else 'light'}")
    assert seen.page.locator(BOARD_MARKS).count() > 60
    assert seen.barriers() == []
    assert seen.errors == []


def test_a_preliminary_answer_has_a_dotted_range_that_the_legend_explains(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/{ALL}")
    assert seen.page.get_by_text("preliminary", exact=True).is_visible()
    assert seen.page.get_by_text("Preliminary: act or wait?").is_visible()
    assert seen.page.locator(".st-key-board svg line[stroke-dasharray='0.1,7']").count() == 2


def test_ten_changes_fit_one_screen_without_scrolling(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/?period=all&search=CHG-11")
    assert seen.page.locator(".st-key-board").count() == 1
    heights = seen.page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollHeight, m.clientHeight] }"
    )
    assert heights[0] <= heights[1]


def test_a_click_on_a_mark_opens_the_change_and_back_returns_to_the_same_filters(
    visit: Opens, sample_site: Served
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&team=itsm:team:payments")
    seen.page.locator(BOARD_MARKS).first.click()
    seen.page.wait_for_url(re.compile(r"/change\?.*CHG-110"))
    seen.settle()
    assert seen.page.get_by_role("heading", name="Card payment gateway switch").is_visible()
    seen.page.go_back()
    seen.page.wait_for_url(re.compile(r"/\?.*team=itsm.*payments"))
    seen.settle()
    assert seen.page.get_by_role("radio", name="Payments").get_attribute("aria-checked") == "true"
    assert seen.page.get_by_text("1 of 2").first.is_visible()


def test_a_filter_is_in_the_link_and_the_link_shows_the_same_in_a_second_browser(
    visit: Opens, sample_site: Served
) -> None:
    first = visit(f"{sample_site.url}/")
    first.page.get_by_text("Payments", exact=True).click()
    first.page.wait_for_url("**team=*payments*")
    first.settle()
    first.page.get_by_text("12 months", exact=True).click()
    first.page.wait_for_url("**period=12m*")
    first.settle()
    shown = first.page.locator(".st-key-figures").inner_text()
    second = visit(first.page.url)
    assert second.page.locator(".st-key-figures").inner_text() == shown
    assert "1 of 2" in shown


def test_the_table_twin_is_reached_by_keyboard_and_its_links_open_the_changes(
    visit: Opens, sample_site: Served
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&table=true")
    link = seen.page.get_by_role("link", name="CHG-110 Card payment gateway switch").first
    assert link.get_attribute("href") == "change?change=itsm%3Achange%3ACHG-110"
    assert seen.barriers() == []
    for _ in range(40):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate("() => document.activeElement.textContent").startswith("CHG-110"):
            break
    assert seen.page.evaluate("() => document.activeElement.tagName") == "A"


def printed(seen: Visit, folder: Path) -> tuple[list[str], Path]:
    """The texts of the pages that the browser's print command gives, and the file."""
    for program in ("pdftotext", "pdftoppm"):
        if not shutil.which(program):
            complaint = f"{program} not found; `python3 run.py test` installs it"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(complaint)
    pdf = seen.print_pdf(folder / "steering.pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return text.split("\f")[:-1], pdf


@pytest.mark.parametrize("search", ["", "&search=CHG-11"], ids=["all", "some"])
@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)], ids=["wide", "narrow"])
def test_the_view_prints_on_one_page_with_its_board(
    visit: Opens, sample_site: Served, tmp_path: Path, size: tuple[int, int], search: str
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}{search}", width=size[0], height=size[1])
    pages, _ = printed(seen, tmp_path)
    assert len(pages) == 1
    assert "What did customers feel?" in pages[0]
    assert "Roll back, fix or keep?" in pages[0]
    assert ("New expenses form" in pages[0]) == (not search)
    assert "to come" in pages[0]


def test_a_board_of_a_whole_page_of_changes_prints_on_one_page(
    visit: Opens, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("full")
    with serve(script(folder, 26), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        for width, height in ((1440, 900), (1280, 720)):
            seen = visit(f"{served.url}/{ALL}", width=width, height=height)
            pages, _ = printed(seen, tmp_path)
            assert len(pages) == 1
            assert "to come" in pages[0]


def test_a_view_in_the_dark_prints_on_white_with_dark_ink(visit: Opens, sample_site: Served, tmp_path: Path) -> None:
    shades = {}
    for dark in (False, True):
        _, pdf = printed(visit(f"{sample_site.url}/{ALL}", dark=dark), tmp_path)
        command = ["pdftoppm", "-r", "50", "-gray", "-singlefile", str(pdf), str(tmp_path / "page")]
        subprocess.run(command, check=True)
        grey = (tmp_path / "page.pgm").read_bytes().split(b"\n", 3)[3]
        shades[dark] = (grey.count(255) / len(grey), sum(shade < 110 for shade in grey) / len(grey))
    white, ink = shades[True]
    assert white > 0.8
    assert white == pytest.approx(shades[False][0], abs=0.02)
    assert ink == pytest.approx(shades[False][1], rel=0.15)


def test_many_changes_come_in_pages_and_the_page_is_in_the_link(
    visit: Opens, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("many")
    with serve(script(folder, 130), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        seen = visit(f"{served.url}/{ALL}&page=2")
        assert seen.page.get_by_text("Changes 41 to 80 of 130").is_visible()
        seen.picture("steering-many")
        assert seen.errors == []
