"""The timeline in a real browser: what a person sees, clicks, shares and prints."""

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

Opens = Callable[..., Visit]
ALL = "timeline?period=all"
BARS = ".st-key-board svg.marks path[aria-label]"


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real pages on the sample's changes, with freezes."""
    folder = tmp_path_factory.mktemp("site")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        '[freezes.year_end]\nname = "Year-end freeze"\nfrom = 2026-12-01\nto = 2026-12-20\n'
        '[freezes.quarter]\nname = "Quarter end"\nfrom = 2026-09-20\nto = 2026-09-30\n',
        "utf-8",
    )
    environ = {"PYTHONPATH": str(ROOT), "IMPACT_SECRETS": str(secrets)}
    with serve(script(folder), folder / "home", environ) as served:
        yield served


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("by", ["team", "service"])
def test_the_timeline_is_drawn_without_errors_and_open_to_everybody(
    visit: Opens, sample_site: Served, by: str, dark: bool
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&by={by}&table=true&weeks=true", dark=dark, height=3600)
    seen.picture(f"timeline-{by}-{'dark' if dark else 'light'}")
    assert seen.page.locator(BARS).count() > 60
    assert seen.page.locator(".st-key-calendar svg.marks .mark-rect path[aria-label*='tickets']").count() > 300
    assert seen.barriers() == []
    assert seen.errors == []


def test_a_click_on_a_bar_opens_the_change_and_back_returns_to_the_same_filters(
    visit: Opens, sample_site: Served
) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&team=itsm:team:payments")
    seen.page.locator(".st-key-board svg.marks").get_by_text("CHG-110 Card payment gateway switch").click()
    seen.page.wait_for_url(re.compile(r"/change\?.*CHG-110"))
    seen.settle()
    assert seen.page.get_by_role("heading", name="Card payment gateway switch").is_visible()
    seen.page.go_back()
    seen.page.wait_for_url(re.compile(r"/timeline\?.*team=itsm.*payments"))
    seen.settle()
    assert seen.page.get_by_role("radio", name="Payments").get_attribute("aria-checked") == "true"


def test_grouping_and_filters_are_in_the_link_and_the_link_shows_the_same_in_a_second_browser(
    visit: Opens, sample_site: Served
) -> None:
    first = visit(f"{sample_site.url}/timeline")
    first.page.get_by_text("Service", exact=True).click()
    first.page.wait_for_url("**by=service*")
    first.settle()
    first.page.get_by_text("Network", exact=True).click()
    first.page.wait_for_url("**team=*network*")
    first.settle()
    shown = first.page.locator(".st-key-board svg.marks").text_content()
    second = visit(first.page.url)
    assert second.page.locator(".st-key-board svg.marks").text_content() == shown
    assert "No service linked · 1" in str(shown)


def test_a_team_s_calendar_holds_only_services_its_changes_touch(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&team=itsm:team:payments", height=2400)
    assert seen.page.get_by_text("Payments: 1 service its changes touch").is_visible()


def test_the_tables_are_reached_by_keyboard_and_their_links_open_the_changes(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&table=true")
    link = seen.page.get_by_role("link", name="CHG-110 Card payment gateway switch").first
    assert link.get_attribute("href") == "change?change=itsm%3Achange%3ACHG-110"
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        if re.match(r"CHG-1\d\d ", seen.page.evaluate("() => document.activeElement.textContent") or ""):
            break
    assert seen.page.evaluate("() => document.activeElement.tagName") == "A"


def test_what_is_coming_says_what_it_meets_and_when_it_would_stand_alone(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/{ALL}", height=3000)
    assert seen.page.get_by_text(
        "CHG-119 Printing follow-me is planned for 2 Dec 2026, inside Year-end freeze"
    ).is_visible()
    assert seen.page.get_by_text("From 6 Dec 2026 on both have all their days.").first.is_visible()
    assert seen.page.get_by_text("cannot tell", exact=True).first.is_visible()


def test_the_calendar_is_downloaded_with_a_row_for_every_day(visit: Opens, sample_site: Served, tmp_path: Path) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&weeks=true", height=3600)
    with seen.page.expect_download() as waited:
        seen.page.get_by_role("button", name="Download as CSV").first.click()
    waited.value.save_as(tmp_path / "days.csv")
    lines = (tmp_path / "days.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "Day,Weekday,Tickets,Holiday,Rollouts"
    assert len(lines) == 1 + 7 * 59, "52 weeks back, this one and 6 ahead"
    assert any(line.startswith("2026-09-24,Thursday,") and "CHG-110" in line for line in lines)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("timeline?by=person", "Changes cannot be grouped by 'person'"),
        ("timeline?search=nothing-like-it", "None of the 14 changes fits"),
        ("timeline?team=itsm:team:gone", "There is no team with the id 'itsm:team:gone'"),
    ],
)
def test_a_wrong_address_says_so(visit: Opens, sample_site: Served, address: str, said: str) -> None:
    seen = visit(f"{sample_site.url}/{address}")
    assert seen.page.get_by_text(said).first.is_visible()
    assert seen.errors == []


def test_nothing_on_a_narrow_projector_is_wider_than_the_screen(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/{ALL}&table=true&weeks=true", width=1280, height=720)
    widths = seen.page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollWidth, m.clientWidth] }"
    )
    assert widths[0] <= widths[1]


def test_the_timeline_prints_as_wide_as_the_paper_with_every_change_on_its_first_page(
    visit: Opens, sample_site: Served, tmp_path: Path
) -> None:
    if not shutil.which("pdftotext"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pdftotext not found; `python3 run.py test` installs it")
    seen = visit(f"{sample_site.url}/{ALL}")
    pdf = seen.print_pdf(tmp_path / "timeline.pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")
    assert "CHG-110 Card payment gateway switch" in pages[0]
    assert "No team" in pages[0]
    (calendar,) = [page for page in pages if "Tickets a day" in page]
    assert "Sun" in calendar, "the heading stands on the page of its calendar"


def test_many_changes_come_in_pages_and_the_page_is_in_the_link(
    visit: Opens, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("many")
    with serve(script(folder, 130), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        seen = visit(f"{served.url}/{ALL}&page=2")
        assert seen.page.get_by_text("Lines 41 to 80 of 130").is_visible()
        assert seen.errors == []
