"""A steering meeting in real browsers: opening it, walking with keys, two that record at once, the projector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import ROOT, Served, Visit, open_visit, serve
from tests.sample_server import script

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Opens = Callable[..., Visit]
PROJECTOR = {"width": 1280, "height": 720}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """The real pages on the sample's changes, with records of their own."""
    with serve(script(tmp_path), tmp_path / "home", {"PYTHONPATH": str(ROOT)}) as served:
        yield served


@pytest.fixture(scope="module")
def meeting_on_screen(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """For tests that only look: the address of today's meeting, on a server they share."""
    folder = tmp_path_factory.mktemp("site")
    with serve(script(folder), folder / "home", {"PYTHONPATH": str(ROOT)}) as served:
        with open_visit(chromium, f"{served.url}/meeting") as seen:
            seen.page.get_by_role("button", name="Open this meeting").click()
            seen.page.wait_for_url("**meeting=2026-11-23")
            seen.settle()
        yield f"{served.url}/meeting?meeting=2026-11-23"


def opened(visit: Opens, site: Served) -> str:
    """Open today's meeting as a person does; its address."""
    seen = visit(f"{site.url}/meeting", **PROJECTOR)
    seen.page.get_by_role("button", name="Open this meeting").click()
    seen.page.wait_for_url("**meeting=2026-11-23")
    seen.settle()
    return f"{site.url}/meeting?meeting=2026-11-23"


def press(seen: Visit, name: str) -> None:
    seen.page.get_by_role("button", name=name).click()
    seen.settle()


def fill(seen: Visit, kind: str, reason: str) -> None:
    seen.page.get_by_role("radio", name=kind).click()
    seen.settle()
    field = seen.page.get_by_label("Reason")
    field.fill(reason)
    field.press("Tab")
    seen.settle()


def heading(seen: Visit, name: str) -> None:
    seen.page.get_by_role("heading", name=name, level=1).wait_for()


def lowest(seen: Visit) -> float:
    """Where the form to decide ends, in pixels from the top of the screen."""
    box = seen.page.locator(".st-key-decide-fields").bounding_box()
    assert box is not None
    return float(box["y"] + box["height"])


def test_a_meeting_is_opened_walked_with_keys_and_decided(visit: Opens, site: Served) -> None:
    address = opened(visit, site)
    seen = visit(address, **PROJECTOR)
    seen.picture("meeting-agenda")
    assert seen.barriers() == []
    seen.page.keyboard.press("n")
    seen.page.wait_for_url("**change=*CHG-123*")
    heading(seen, "Roster on the phone")
    seen.settle()
    seen.page.keyboard.press("n")
    heading(seen, "Card payment gateway switch")
    seen.settle()
    assert seen.page.get_by_text("2 of 4").is_visible()
    fill(seen, "Fix first", "Terminals time out at lunch")
    seen.page.get_by_role("heading", level=1).click()  # out of the field, where "d" is a letter
    seen.page.keyboard.press("d")
    seen.page.get_by_text("Decided: fix first, review 7 Dec 2026").wait_for()
    seen.settle()
    seen.picture("meeting-decided")
    assert seen.page.get_by_text("1 decided").is_visible()
    assert seen.barriers() == []
    seen.page.keyboard.press("p")
    heading(seen, "Roster on the phone")
    assert seen.errors == []


def test_the_navigation_goes_back_to_the_meeting_one_was_in_until_it_is_left(
    visit: Opens, meeting_on_screen: str
) -> None:
    seen = visit(meeting_on_screen)
    title = "Steering meeting, 23 Nov 2026"
    heading(seen, title)
    for page in ("Decisions", "Meeting"):
        seen.page.get_by_role("link", name=page, exact=True).click()
        seen.page.wait_for_url(f"**/{page.lower()}*")
        seen.settle()
    heading(seen, title)
    assert seen.page.url.endswith("/meeting?meeting=2026-11-23")
    press(seen, "All meetings")
    heading(seen, "Steering meeting")
    for page in ("Decisions", "Meeting"):
        seen.page.get_by_role("link", name=page, exact=True).click()
        seen.page.wait_for_url(f"**/{page.lower()}")
        seen.settle()
    seen.page.get_by_role("heading", name="Meetings so far").wait_for()
    assert seen.page.url.endswith("/meeting")


def test_the_agenda_is_edited_and_a_reload_shows_it(visit: Opens, site: Served) -> None:
    address = opened(visit, site)
    seen = visit(address, **PROJECTOR)
    seen.page.locator(".st-key-arrow_upward-itsm-change-CHG-110 button").first.click()
    seen.settle()
    seen.page.locator(".st-key-close-itsm-change-CHG-119 button").first.click()
    seen.settle()
    note = seen.page.get_by_label("Note on CHG-110 Card payment gateway switch")
    note.fill("Ask the desk")
    note.press("Tab")
    seen.settle()
    again = visit(address)
    names = again.page.locator(".st-key-agenda button p").all_inner_texts()
    assert [name for name in names if "CHG" in name] == [
        "1. CHG-110 Card payment gateway switch", "2. CHG-123 Roster on the phone", "3. CHG-111 Laptop refresh wave 2",
    ]  # fmt: skip
    label = again.page.get_by_label("Note on CHG-110 Card payment gateway switch")
    assert label.input_value() == "Ask the desk"


@pytest.mark.parametrize(
    ("choice", "kept"), [("Save mine on top", "Roll back"), ("Keep theirs, discard mine", "Fix first")]
)
def test_two_browsers_that_record_at_once_see_both_versions_and_nothing_is_lost(
    visit: Opens, site: Served, choice: str, kept: str
) -> None:
    address = f"{opened(visit, site)}&change=CHG-110"
    first, second = visit(address, **PROJECTOR), visit(address, dark=True, **PROJECTOR)
    fill(first, "Fix first", "Terminals time out at lunch")
    fill(second, "Roll back", "The desk cannot cope")
    press(first, "Record")
    first.page.get_by_text("Decided: fix first").wait_for()
    press(second, "Record")
    second.page.get_by_text("While you were writing, another window recorded").wait_for()
    second.settle()
    second.picture(f"meeting-conflict-{choice.split()[0].lower()}")
    for text in ("Terminals time out at lunch", "The desk cannot cope"):
        assert second.page.get_by_text(text).first.is_visible()
    assert second.page.get_by_role("button", name="Save mine on top").is_visible()
    assert lowest(second) <= PROJECTOR["height"], "both versions and the form are on the first screen"
    assert second.barriers() == []
    press(second, choice)
    second.page.get_by_text("While you were writing").wait_for(state="detached")
    second.go(f"{site.url}/decisions?decision=2026-11-23/itsm:change:CHG-110")
    assert second.page.get_by_text(f"{kept} (Payments, review 7 Dec 2026)").first.is_visible()
    both = second.page.locator("table").first.inner_text()
    assert ("Fix first" in both and "Roll back" in both) == (choice == "Save mine on top")
    assert first.errors == second.errors == []


@pytest.mark.parametrize(
    ("number", "dark"),
    [("CHG-110", False), ("CHG-110", True), ("CHG-113", False), ("CHG-114", True), ("CHG-119", False),
     ("CHG-121", True), ("CHG-999", False)],
)  # fmt: skip
def test_everything_a_room_needs_is_on_the_projectors_first_screen(
    visit: Opens, meeting_on_screen: str, number: str, dark: bool
) -> None:
    seen = visit(f"{meeting_on_screen}&change={number}", dark=dark, **PROJECTOR)
    seen.picture(f"meeting-{number}-{'dark' if dark else 'light'}", whole=False)
    widths = seen.page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollWidth, m.clientWidth] }"
    )
    assert widths[0] <= widths[1]
    if number != "CHG-999":
        assert lowest(seen) <= PROJECTOR["height"], "the form to decide ends below the screen"
    assert seen.barriers() == []
    assert seen.errors == []


def test_notes_written_one_right_after_the_other_are_both_kept_to_the_letter(visit: Opens, site: Served) -> None:
    address = opened(visit, site)
    seen = visit(address, **PROJECTOR)
    first = seen.page.get_by_label("Note on CHG-123 Roster on the phone")
    third = seen.page.get_by_label("Note on CHG-111 Laptop refresh wave 2")
    first.click()
    seen.page.keyboard.type("Ask the desk")
    third.click()
    seen.page.keyboard.type("and decide on dates, not on days", delay=40)
    seen.page.keyboard.press("Tab")
    seen.settle()
    assert (first.input_value(), third.input_value()) == ("Ask the desk", "and decide on dates, not on days")
    again = visit(address)
    label = again.page.get_by_label("Note on CHG-111 Laptop refresh wave 2")
    assert label.input_value() == "and decide on dates, not on days"
    assert seen.errors == []


def test_a_printed_agenda_has_the_names_and_none_of_the_buttons(visit: Opens, meeting_on_screen: str) -> None:
    seen = visit(meeting_on_screen, **PROJECTOR)
    seen.page.emulate_media(media="print")
    seen.picture("meeting-printed")
    assert seen.page.get_by_text("2. CHG-110 Card payment gateway switch").is_visible()
    for label in ("Close the meeting", "Make the pack", "Begin", "Add a change"):
        assert not seen.page.get_by_text(label).first.is_visible(), label
    assert not seen.page.locator(".st-key-arrow_upward-itsm-change-CHG-110 button").first.is_visible()


@pytest.mark.parametrize("number", ["CHG-110", "CHG-113", "CHG-119"])
def test_what_is_missing_is_told_on_the_first_screen(visit: Opens, meeting_on_screen: str, number: str) -> None:
    seen = visit(f"{meeting_on_screen}&change={number}", **PROJECTOR)
    seen.page.keyboard.press("d")
    told = seen.page.get_by_text("To record it, choose what was decided")
    told.wait_for()
    seen.settle()
    box = told.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PROJECTOR["height"]
    assert lowest(seen) <= PROJECTOR["height"]


def test_a_closed_meeting_shows_its_decisions_and_the_log_has_them(visit: Opens, site: Served) -> None:
    address = opened(visit, site)
    seen = visit(f"{address}&change=CHG-110", **PROJECTOR)
    fill(seen, "Pause", "Wait for the vendor")
    press(seen, "Record")
    press(seen, "Agenda")
    press(seen, "Close the meeting")
    seen.page.get_by_role("heading", name="What was decided").wait_for()
    seen.picture("meeting-closed")
    assert seen.page.get_by_role("cell", name="Wait for the vendor").is_visible()
    assert seen.page.get_by_role("button", name="Prepare the next meeting, 7 Dec 2026").is_visible()
    assert seen.barriers() == []
    seen.go(f"{site.url}/decisions")
    seen.picture("decisions")
    assert seen.page.get_by_role("link", name="Pause").is_visible()
    assert seen.barriers() == []
    press(seen, "Show the audit")
    seen.page.get_by_role("dialog").get_by_text("Nothing is ever overwritten or removed.").wait_for()
    seen.picture("decisions-audit", whole=False)
    assert seen.errors == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_links_to_nothing_say_so(visit: Opens, meeting_on_screen: str, dark: bool) -> None:
    url = meeting_on_screen.partition("/meeting")[0]
    seen = visit(f"{url}/meeting?meeting=2020-01-01", dark=dark, **PROJECTOR)
    seen.picture(f"meeting-unknown-{'dark' if dark else 'light'}")
    assert seen.page.get_by_text("There is no meeting with the id '2020-01-01'").is_visible()
    assert seen.barriers() == []
    seen.go(f"{url}/decisions?decision=nothing&team=nobody")
    assert seen.page.get_by_text("There is no decision with the id 'nothing'").is_visible()
    assert seen.page.get_by_text("There is no team with the id 'nobody'").is_visible()
    assert seen.barriers() == []
