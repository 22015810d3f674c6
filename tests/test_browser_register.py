"""The impact register in two real browsers: stating an effect, meeting somebody else's revision, and choosing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser import ROOT, Served, Visit, serve
from tests.sample_server import script

Opens = Callable[..., Visit]
PLANNED = "change?change=CHG-119"


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real pages on the sample's changes."""
    folder = tmp_path_factory.mktemp("site")
    with serve(script(folder), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        yield served


def form(seen: Visit) -> None:
    seen.page.locator("summary").filter(has_text="State what you expect").click()
    seen.settle()


def save(seen: Visit, expected: str) -> None:
    field = seen.page.get_by_role("spinbutton").first
    field.fill(expected)
    field.press("Tab")
    seen.settle()
    seen.page.get_by_role("button", name="Save", exact=True).click()
    seen.settle()


def test_of_two_people_who_state_at_once_the_second_sees_both_versions_and_chooses(
    visit: Opens, sample_site: Served
) -> None:
    address = f"{sample_site.url}/{PLANNED}"
    first, second = visit(address), visit(address)
    for seen in (first, second):
        form(seen)
    save(first, "-25")
    assert first.page.get_by_text("Expected: tickets fall by 25").is_visible()
    save(second, "-12")
    assert second.page.get_by_text("Yours is not saved yet").is_visible()
    second.picture("register-conflict")
    second.page.get_by_role("button", name="Save yours on top").click()
    second.settle()
    assert second.page.get_by_text("Expected: tickets fall by 12").first.is_visible()
    second.page.locator("summary").filter(has_text="Every revision of this (2)").click()
    second.settle()
    assert second.page.get_by_text("Expected: tickets fall by 25").count() == 1
    assert second.errors == []


def test_every_figure_of_the_business_case_opens_to_its_inputs_from_a_link(visit: Opens, sample_site: Served) -> None:
    seen = visit(f"{sample_site.url}/change?change=CHG-110&case=true")
    assert seen.page.get_by_text("Tickets expected without the change").first.is_visible()
    assert seen.page.get_by_text("not set: [rates] per_ticket or per_lost_hour").first.is_visible()
    assert seen.barriers() == []
    seen.picture("case-opened")
