"""The page of one change in a real browser: links, keys, states, print."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import ROOT, Served, Visit, serve
from tests.sample_server import script

Opens = Callable[..., Visit]


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real pages on the sample's changes."""
    folder = tmp_path_factory.mktemp("site")
    with serve(script(folder), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        yield served


def test_a_link_to_a_change_works_as_the_very_first_visit_to_a_server(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-115")
    assert seen.page.get_by_role("heading", name="Wi-Fi upgrade in branches").is_visible()
    assert seen.page.get_by_role("link", name="Steering view").first.is_visible(), "the navigation is there too"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "number", ["CHG-110", "CHG-112", "CHG-114", "CHG-115", "CHG-117", "CHG-119", "CHG-121", "CHG-123"]
)
def test_every_state_is_drawn_without_errors_and_open_to_everybody(
    visit: Opens, sample_site: Served, number: str, dark: bool
) -> None:
    seen = visit(f"{sample_site.url}/change?change={number}", dark=dark)
    seen.picture(f"change-{number}-{'dark' if dark else 'light'}")
    assert seen.barriers() == []
    assert seen.errors == []


def test_observed_and_expected_are_drawn_with_the_rollout_marked(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110&measure=tickets")
    chart = seen.page.locator("[data-testid=stVegaLiteChart] svg").first
    assert chart.get_by_text("rolled out 24 Sep 2026").is_visible()
    assert chart.locator("path[aria-label^='Week from']").count() > 10


def test_a_rollout_over_days_is_marked_with_its_first_and_last_one(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-115&measure=tickets")
    chart = seen.page.locator("[data-testid=stVegaLiteChart] svg").first
    assert chart.get_by_text("rolled out 24 Sep to 12 Oct 2026").is_visible()


def test_what_the_bump_cost_and_the_other_readings_stand_side_by_side_below_the_cards(
    visit: Opens, sample_site: Served
) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-115", height=2000)
    boxes = [
        seen.page.get_by_role("heading", name=name).bounding_box()
        for name in ("What the bump cost", "The same, read in other ways")
    ]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2
    assert boxes[1]["x"] > boxes[0]["x"] + 300


def test_an_overlap_links_to_the_change_in_the_way(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-114")
    link = seen.page.get_by_role("link", name="CHG-110 Card payment gateway switch").first
    assert link.get_attribute("href") == "change?change=itsm%3Achange%3ACHG-110"


def test_the_grounds_of_a_verdict_are_open_to_everybody(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-115&why=true", height=2400)
    assert seen.page.get_by_text("promised are about").first.is_visible()
    assert seen.barriers() == []
    assert seen.errors == []


def test_n_and_p_walk_through_the_changes_and_the_link_follows(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110")
    seen.page.keyboard.press("n")
    seen.page.wait_for_url("**change=*CHG-111*")
    seen.settle()
    assert seen.page.get_by_role("heading", name="Laptop refresh wave 2").is_visible()
    seen.page.keyboard.press("p")
    seen.page.wait_for_url("**change=*CHG-110*")


def test_the_back_button_returns_to_the_change_before(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110")
    seen.page.get_by_role("button", name="Next").click()
    seen.page.wait_for_url("**change=*CHG-111*")
    seen.settle()
    seen.page.go_back()
    seen.page.wait_for_url("**change=CHG-110")
    seen.settle()
    assert seen.page.get_by_role("heading", name="Card payment gateway switch").is_visible()


def test_a_chosen_measure_is_in_the_link(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110")
    seen.page.get_by_text("Satisfaction", exact=True).first.click()
    seen.page.wait_for_url("**measure=satisfaction*")
    seen.settle()
    assert seen.page.get_by_text("Satisfaction fell by about").first.is_visible()


def test_an_unknown_change_says_so_and_offers_the_picker(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-999")
    seen.picture("change-unknown")
    assert seen.page.get_by_text("There is no change with the id or number 'CHG-999'").is_visible()
    assert seen.page.get_by_placeholder("Choose a change").is_visible()
    assert seen.barriers() == []


def test_nothing_on_a_narrow_projector_is_wider_than_the_screen(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110", width=1280, height=720)
    widths = seen.page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollWidth, m.clientWidth] }"
    )
    assert widths[0] <= widths[1]


def test_a_change_prints_on_three_pages_at_most_with_its_chart_on_the_first(
    visit: Opens, sample_site: Served, tmp_path: Path
) -> None:
    if not shutil.which("pdftotext"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pdftotext not found; `python3 run.py test` installs it")
    seen = visit(f"{sample_site.url}/change?change=CHG-110")
    pdf = seen.print_pdf(tmp_path / "change.pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = [page for page in text.split("\f") if page.strip()]
    assert len(pages) <= 3
    assert "Card payment gateway switch" in pages[0]
    assert "rolled out 24 Sep 2026" in pages[0]
    assert "Service desk briefed" in pages[0], "the plan is drawn below it"
    assert "What else changed" in pages[-1]
