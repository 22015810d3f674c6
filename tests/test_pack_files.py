"""The files of a pack, made by the child process and opened: slides, page, print. What they say; nothing is cut."""

from __future__ import annotations

import html.parser
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from pptx import Presentation
from pypdf import PdfReader

from impact.figure_records import FigureTable
from impact.figures import ChangeFigures
from impact.pack import making, slide_rows
from impact.verdict import Word
from impact.words.pack_labels import TELLING
from impact.words.sentences import word_label
from tests import pack_sample
from tests.browser import PICTURES

A4 = (841.9, 595.3)
"""Landscape, in points."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All forms of the sample's pack, made once."""
    folder = tmp_path_factory.mktemp("pack")
    return making.files(pack_sample.pack(), folder, ["pptx", "html", "pdf", "csv"])


def needs(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        missing = f"{program} is not installed; `python3 run.py test` installs it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return path


def flat(text: str) -> str:
    """A text without breaks and spaces, which each form sets in its own way."""
    return re.sub(r"\s+", "", text)


def figures_of(page: ChangeFigures) -> Iterator[str]:
    """Every figure that a page must show."""
    yield from (page.title, page.felt, page.stands, *page.asked)
    for m in page.measures:
        if m.on_board and not page.waiting:
            yield from (m.short,) if m.short else (m.before, m.after, m.expected, m.effect, m.range, m.basis)
    for step in page.milestones:
        yield from (step.title, step.planned, step.state)
    yield from (end.text for end in page.readiness)
    yield from (line.text for line in (*page.bump, *page.case) if not page.waiting and line.text != "not recorded")
    yield from page.nearby


def missing(told: str, figures: ChangeFigures) -> list[str]:
    whole = flat(told)
    return [text for text in figures_of(figures) if flat(text) not in whole]


# --- print -------------------------------------------------------------------------------------------------------


def test_the_print_is_a4_landscape_with_a_page_a_change_and_bookmarks(files: dict[str, Path]) -> None:
    reader = PdfReader(files["pdf"])
    sizes = {(round(float(p.mediabox.width), 1), round(float(p.mediabox.height), 1)) for p in reader.pages}
    assert sizes == {A4}
    assert reader.metadata is not None
    assert reader.metadata.title == "Steering meeting, 24 Nov 2026"
    named = [item.title for item in reader.outline if not isinstance(item, list)]
    changes = [f"{p.figures.number} {p.figures.title}" for p in pack_sample.content().pages]
    assert named[0] == "Steering meeting, 24 Nov 2026"
    assert [name for name in named if name in changes] == changes
    places = [
        reader.get_destination_page_number(i) for i in reader.outline if not isinstance(i, list) and i.title in changes
    ]
    assert places == list(range(places[0], places[0] + len(changes)))


def test_the_print_is_tagged_and_its_pictures_have_words(files: dict[str, Path]) -> None:
    root = PdfReader(files["pdf"]).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is not None
    assert root["/Lang"] == "en-GB"
    told = files["pdf"].read_bytes()
    assert b"pdfuaid" in told


def test_every_figure_of_a_change_is_on_its_page_of_the_print(files: dict[str, Path]) -> None:
    needs("pdftotext")
    reader = PdfReader(files["pdf"])
    starts = {i.title: reader.get_destination_page_number(i) for i in reader.outline if not isinstance(i, list)}
    for page in pack_sample.content().pages:
        place = starts[f"{page.figures.number} {page.figures.title}"] + 1
        assert missing(raw_text(files["pdf"], place), page.figures) == []


def raw_text(pdf: Path, place: int) -> str:
    """What one page says, in the order in which it was written."""
    command = ["pdftotext", "-raw", "-f", str(place), "-l", str(place), str(pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def words_outside(pdf: Path) -> list[str]:
    """Words that reach beyond their page."""
    told = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    outside, wide, high = [], 0.0, 0.0
    for line in told.splitlines():
        if found := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
            wide, high = float(found[1]), float(found[2])
        elif found := re.search(
            r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*)</word>', line
        ):
            x, y, x2, y2 = (float(found[i]) for i in range(1, 5))
            if x < 0 or y < 0 or x2 > wide or y2 > high:
                outside.append(found[5])
    return outside


def test_no_word_of_the_print_reaches_beyond_its_page_and_all_letters_are_inside(files: dict[str, Path]) -> None:
    needs("pdftotext")
    assert words_outside(files["pdf"]) == []
    listed = subprocess.run(["pdffonts", files["pdf"]], capture_output=True, text=True, check=True).stdout
    rows = listed.splitlines()[2:]
    assert len(rows) >= 2
    assert all(re.search(r"\s(yes|no)\s+yes\s+(yes|no)\s+\d+", row) and " yes " in row for row in rows), listed
    assert not [row for row in rows if re.split(r"\s+", row.strip())[-5] != "yes"], listed


# --- slides ------------------------------------------------------------------------------------------------------


def texts_of(slide: Any) -> str:
    found = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            found.append(shape.text_frame.text)
        if shape.has_table:
            found += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found)


def slide_of(deck: Any, figures: ChangeFigures) -> Any:
    return next(s for s in deck.slides if s.shapes.title.text_frame.text == f"{figures.number} {figures.title}")


def test_every_figure_of_a_change_is_on_its_slide(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    for page in pack_sample.content().pages:
        f = page.figures
        plans = [s for s in deck.slides if s.shapes.title.text_frame.text == "Milestones"]
        own = texts_of(slide_of(deck, f))
        if any(flat(step.title) not in flat(own) for step in f.milestones):
            assert "see the end" in own
            assert any(f.number in texts_of(s) for s in plans)
        assert all(flat(step.title) in flat(own) for step in f.milestones if step.mark in ("late", "open"))
        around = [s for s in deck.slides if s.shapes.title.text_frame.text == "Money and surroundings"]
        assert missing("\n".join([own, *(texts_of(s) for s in (*plans, *around))]), f) == []


def test_no_letter_on_a_slide_is_too_small_to_be_read_in_a_room(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    names = {"rPr", "endParaRPr", "defRPr"}
    sizes = []
    for slide in deck.slides:
        roots = [slide._element, *(s.chart._chartSpace for s in slide.shapes if s.has_chart)]
        sizes += [
            int(e.get("sz")) for root in roots for e in root.iter() if e.get("sz") and e.tag.split("}")[1] in names
        ]
    assert min(sizes) >= 900
    assert max(sizes) > 900


def test_slides_hold_one_change_each_and_what_has_no_room_in_few_tables(files: dict[str, Path]) -> None:
    titles = [s.shapes.title.text_frame.text for s in Presentation(files["pptx"]).slides]
    for page in pack_sample.content().pages:
        assert titles.count(f"{page.figures.number} {page.figures.title}") == 1
    assert 1 <= titles.count("Money and surroundings") <= 5
    assert titles.count("Milestones") <= 2
    assert not [title for title in titles if title.startswith("CHG-") and title.count(":")]


def test_groups_that_tell_nothing_are_counted_on_slides_and_whole_elsewhere() -> None:
    columns = ("Change", "Group", "Answer", "Effect")
    rows = (("A", "Lyon", "Worse", "+60 %"), ("A", "Porto", "Cannot tell", "+5 %"), ("B", "Lyon", "Hidden", "–"),
            ("B", "Graz", "Leaning better, preliminary", "−9 %"))  # fmt: skip
    table = FigureTable(name="groups", title="Customers by location", columns=columns, rows=rows)
    assert [row[:2] for row in slide_rows.telling_only(table).rows] == [("A", "Lyon"), ("B", "Graz")]
    assert slide_rows.telling_only(replace(table, name="telling")).rows == rows
    assert {word: word_label(cast(Word, word)) for word in TELLING} == TELLING
    told = slide_rows.plain(slide_rows.counted(2, 4))
    assert told == [["+ 2", "", "", "cannot tell: in the page, the print and the figures"]]
    assert slide_rows.counted(0, 4) == []


def test_nothing_on_a_slide_lies_over_anything_else(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    for slide in deck.slides:
        boxes = []
        for shape in slide.shapes:
            high = sum(r.height for r in shape.table.rows) if shape.has_table else shape.height
            boxes.append((shape.name, shape.left, shape.top, shape.left + shape.width, shape.top + high))
        for i, (name, x, y, x2, y2) in enumerate(boxes):
            for other, ox, oy, ox2, oy2 in boxes[i + 1 :]:
                apart = min(x2, ox2) - max(x, ox) < 20_000 or min(y2, oy2) - max(y, oy) < 20_000
                same = name == other and "readiness" in name  # a bar and the part of it that is filled
                assert apart or same, (slide.shapes.title.text_frame.text, name, other)


def test_charts_of_slides_can_be_edited_and_hold_the_weeks_of_the_content(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    page = next(p for p in pack_sample.content().pages if p.figures.number == "CHG-110")
    assert page.chart is not None
    chart = next(s for s in slide_of(deck, page.figures).shapes if s.has_chart).chart
    before, after, expected, low, high = (list(series.values) for series in chart.plots[0].series)
    observed = [b if b is not None else a for b, a in zip(before, after, strict=True)]
    assert observed == [p.observed for p in page.chart.points]
    assert (expected, low, high) == (
        [p.expected for p in page.chart.points],
        [p.low for p in page.chart.points],
        [p.high for p in page.chart.points],
    )  # fmt: skip
    assert None in before
    assert None in after


def test_slides_have_titles_notes_with_the_sources_and_words_for_everything_drawn(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    assert (deck.slide_width, deck.slide_height) == (12_191_695, 6_858_000)
    for slide in deck.slides:
        assert slide.shapes.title is not None
        assert slide.shapes.title.text_frame.text
        notes = slide.notes_slide.notes_text_frame.text
        assert "Data version 17" in notes
        assert "https://impact.example.com/meeting?meeting=2026-11-24&frozen=f3a91c02d7" in notes
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table or shape.shape_type == 13:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr"), shape.name


def test_nothing_on_a_slide_reaches_beyond_it(files: dict[str, Path]) -> None:
    deck = Presentation(files["pptx"])
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0, shape.name
            assert shape.left + shape.width <= deck.slide_width + 10_000, shape.name
            high = sum(r.height for r in shape.table.rows) if shape.has_table else shape.height
            assert shape.top + high <= deck.slide_height + 10_000, (slide.shapes.title.text_frame.text, shape.name)


def test_slides_as_another_program_draws_them_are_whole(files: dict[str, Path], tmp_path: Path) -> None:
    soffice = needs("soffice")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [soffice, "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path), str(files["pptx"])]
    subprocess.run(command, capture_output=True, check=True, timeout=300)
    drawn = tmp_path / f"{files['pptx'].stem}.pdf"
    reader = PdfReader(drawn)
    deck = Presentation(files["pptx"])
    assert len(reader.pages) == len(deck.slides)
    assert words_outside(drawn) == []
    for place, slide in enumerate(deck.slides, 1):
        assert flat(slide.shapes.title.text_frame.text) in flat(raw_text(drawn, place))
    keep_pages(drawn, "pack-slides")


# --- page --------------------------------------------------------------------------------------------------------


class Links(html.parser.HTMLParser):
    """Everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [
            str(v) for k, v in attrs if k in ("src", "data", "xlink:href") and not str(v).startswith("data:")
        ]


def test_the_page_holds_everything_itself_and_runs_nothing(files: dict[str, Path]) -> None:
    text = files["html"].read_text("utf-8")
    links = Links()
    links.feed(text)
    assert links.fetched == []
    assert not {"script", "iframe", "object", "link", "img"} & set(links.tags)
    assert re.findall(r"url\((?!data:|#)[^)]*\)", text) == []
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    assert "=SUM(A1) is no formula here" in text


def test_every_figure_of_a_change_is_on_the_page(files: dict[str, Path]) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", files["html"].read_text("utf-8").replace("</td>", "\n")))
    for page in pack_sample.content().pages:
        assert missing(text, page.figures) == []


def test_the_page_is_clean_for_screen_readers_light_in_the_dark_and_prints_a_page_a_change(
    files: dict[str, Path], chromium: Browser, tmp_path: Path
) -> None:
    profile = chromium.new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    try:
        page = profile.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(files["html"].as_uri())
        assert Axe().run(page).violations_count == 0
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        printed = tmp_path / "page.pdf"
        page.pdf(path=printed, prefer_css_page_size=True, print_background=True)
    finally:
        profile.close()
    reader = PdfReader(printed)
    sizes = {(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in reader.pages}
    assert sizes == {(842, 595)}
    starts = [flat(raw_text(printed, place)) for place in range(1, len(reader.pages) + 1)]
    for change in pack_sample.content().pages:
        f = change.figures
        mine = [i for i, text in enumerate(starts) if text.startswith(flat(f"{f.number} {f.title}"))]
        assert len(mine) == 1, f.number
        following = starts[mine[0] + 1]
        assert following.startswith(("CHG-", "Decisions")), f.number
    keep_pages(printed, "pack-page")


def keep_pages(pdf: Path, name: str) -> None:
    """Pictures of every page, where the environment says to keep some."""
    if folder := os.environ.get(PICTURES):
        Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["pdftoppm", "-r", "80", "-png", str(pdf), str(Path(folder) / name)], check=True)


def test_the_print_is_kept_as_pictures(files: dict[str, Path]) -> None:
    needs("pdftoppm")
    assert len(PdfReader(files["pdf"]).pages) > len(pack_sample.content().pages)
    keep_pages(files["pdf"], "pack-print")
