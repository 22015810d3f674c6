"""A steering meeting from the first link to the pack, in real browsers, as a chair and a colleague go through it.

Filter, state an expected effect, walk with the keyboard, decide in two browsers at once, hand out all four forms, and
follow the pack's link afterwards.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pptx import Presentation

from tests.browser import ROOT, Served, Visit, serve
from tests.sample_server import script
from tests.test_browser_meeting import fill, heading, opened, press
from tests.test_browser_register import form, save

Opens = Callable[..., Visit]
PROJECTOR = {"width": 1280, "height": 720}
FORMS = {"Slides": ".pptx", "Web page": ".html", "PDF": ".pdf", "Table": ".csv"}
EFFECT, RANGE = "+14\N{NO-BREAK SPACE}%", "between 8\N{NO-BREAK SPACE}% and 20\N{NO-BREAK SPACE}% more"
"""What the page of CHG-110 says of its tickets."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """The real pages on the sample's changes, with records of their own."""
    with serve(script(tmp_path), tmp_path / "home", {"PYTHONPATH": str(ROOT)}) as served:
        yield served


def pages_of(pdf: Path) -> str:
    if not shutil.which("pdftotext"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pdftotext not found; `python3 run.py test` installs it")
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout


def words_of(deck: Path) -> str:
    found = []
    for slide in Presentation(str(deck)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found)


def told(text: str) -> str:
    """Without line breaks and kinds of space, which every form sets in its own way."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_meeting_from_the_first_link_to_the_pack(visit: Opens, site: Served, tmp_path: Path) -> None:
    chair = visit(f"{site.url}/?team=itsm:team:payments&period=all")
    assert chair.page.get_by_text("1 of 2").first.is_visible(), "the filter of the link holds"

    chair.go(f"{site.url}/change?change=CHG-120")
    form(chair)
    save(chair, "-25")
    assert chair.page.get_by_text("Expected: tickets fall by 25").is_visible()

    address = opened(visit, site)
    chair.go(address)
    chair.page.keyboard.press("n")
    heading(chair, "Roster on the phone")
    chair.settle()
    chair.page.keyboard.press("n")
    heading(chair, "Card payment gateway switch")
    chair.settle()
    colleague = visit(f"{address}&change=CHG-110", dark=True, **PROJECTOR)
    fill(chair, "Fix first", "Terminals time out at lunch")
    fill(colleague, "Roll back", "The desk cannot cope")
    press(chair, "Record")
    chair.page.get_by_text("Decided: fix first").wait_for()
    press(colleague, "Record")
    colleague.page.get_by_text("While you were writing, another window recorded").wait_for()
    press(colleague, "Keep theirs, discard mine")

    chair.go(address)
    press(chair, "Make the pack")
    files = {}
    for name, ending in FORMS.items():
        button = chair.page.get_by_test_id("stDownloadButton").filter(has_text=name)
        button.wait_for(timeout=120_000)
        with chair.page.expect_download() as waiting:
            button.get_by_role("button").click()
        files[ending] = tmp_path / f"pack{ending}"
        waiting.value.save_as(files[ending])
    chair.picture("whole-meeting-pack")
    assert chair.barriers() == []

    rows = list(csv.DictReader(io.StringIO(files[".csv"].read_text("utf-8-sig"))))
    forms = {
        ".pptx": words_of(files[".pptx"]),
        ".html": files[".html"].read_text("utf-8"),
        ".pdf": pages_of(files[".pdf"]),
        ".csv": "\n".join(" ".join(row.values()) for row in rows),
    }
    for ending, text in forms.items():
        assert told(EFFECT) in told(text), ending
        assert told(RANGE) in told(text), ending
        assert "Terminals time out at lunch" in told(text), ending
    chair.go(f"{site.url}/change?change=CHG-110&measure=tickets")
    card = told(chair.page.locator(".st-key-cards").inner_text())
    assert told(EFFECT) in card
    assert told(RANGE) in card
    assert chair.errors == colleague.errors == []
