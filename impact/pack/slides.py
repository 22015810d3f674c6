"""The pack as slides: a page a change, with charts and tables that can be edited. Knows layout, computes no figure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from pptx.util import Pt

from impact.figure_records import ChangeFigures, FigureTable
from impact.pack import charts
from impact.pack.change_slide import ChangeSlide
from impact.pack.content import ChangePage, Chart, DecisionLine, Pack, column_shares, further_of, further_tables
from impact.pack.fitting import POINTS_PER_INCH, Grid, fitting_size, grid, pages, text_height
from impact.pack.slide_parts import Box, Run, picture, table, write
from impact.pack.slide_rows import (
    BODY,
    FOOT,
    SIZES,
    Cells,
    agenda_rows,
    around_rows,
    cell,
    counted,
    head,
    measure_rows,
    plain,
    telling_only,
    whole_plans,
)
from impact.pack.template import BLUE, INK, INNER, LEFT, MUTED, PALE, TITLE_HIGH, TOP, WARM, blank, number_field, titled
from impact.words.pack_labels import LABELS as L
from impact.words.pack_labels import TELLING

TITLES = (24.0, 22.0, 20.0, 18.0, 16.0, 14.0)


def written(pack: Pack, svgs: Sequence[str]) -> bytes:
    """The file. ``svgs`` are the drawings of the charts, overviews first, then page by page."""
    content = pack.content
    deck = blank(content.title, content.as_of)
    slides = _Slides(deck, pack)
    drawings = iter(svgs)
    slides.agenda()
    if content.decided_before:
        slides.decisions(content.before_title, content.decided_before)
    for chart in content.overviews:
        slides.overview(chart, next(drawings))
    for page in content.pages:
        slides.change(page, next(drawings) if page.chart else "")
    slides.decisions(L["decided_now"], content.decided_now)
    slides.method()
    slides.around()
    slides.further_measures()
    for found in further_tables(content):
        slides.further_table(found)
    slides.plans()
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


class _Slides:
    """Adds slides to a deck, each with title, foot and notes."""

    def __init__(self, deck: Any, pack: Pack) -> None:
        self.deck, self.pack, self.content = deck, pack, pack.content
        self.long_plans: list[ChangeFigures] = []
        self.apart: list[ChangePage] = []

    def start(self, title: str, notes: Sequence[str]) -> Any:
        """A slide with its title, the line at its foot and the speaker's notes."""
        size = fitting_size(title, wide=INNER, high=TITLE_HIGH, sizes=TITLES, bold=True)
        slide, c = titled(self.deck, title, size), self.content
        high = text_height(title, INNER * POINTS_PER_INCH, size, bold=True) / POINTS_PER_INCH
        place = Box(LEFT, TOP, INNER, min(high + 0.03, TITLE_HIGH + 0.1)).emu
        name = slide.shapes.title
        name.left, name.top, name.width, name.height = place
        demo = f" · {L['demo']}" if c.is_demo else ""
        told = f"{c.title} · {c.as_of} · {L['version']} {c.data_version} · {L['pack_id']} {self.pack.frozen_id}{demo}"
        write(slide, Box(LEFT, FOOT, INNER - 1.0, 0.2), [[Run(told, MUTED)]], size=9, name="Foot")
        corner = write(slide, Box(LEFT + INNER - 0.9, FOOT, 0.9, 0.2), [[Run(f"{L['page']} ", MUTED)]], size=9,
                       name="Slide number")  # fmt: skip
        number_field(corner.text_frame.paragraphs[0])
        slide.notes_slide.notes_text_frame.text = "\n".join([*notes, *self.sources()])
        return slide

    def sources(self) -> Iterator[str]:
        """What stands in the notes of every slide."""
        c = self.content
        yield f"{c.as_of}. {L['version']} {c.data_version}. {L['made']} {self.pack.frozen_text} ({c.zone})."
        yield f"{L['link']}: {self.pack.where}."
        yield from (part.text for part in c.method[:1])
        yield from (part.text for part in c.method if part.title in ("The likely range", "What it is not"))

    def listed(
        self, title: str, rows: Sequence[Cells], widths: Sequence[float], *, top: float, alt: str, slide: Any = None
    ) -> None:
        """A table on as many slides as it needs; the first one may have been begun."""
        full = grid(plain(rows), widths, high=FOOT - top - 0.1, sizes=SIZES[:6])
        ranges = pages(full.heights, high=FOOT - max(top, BODY) - 0.1)
        for place, (first, last) in enumerate(ranges):
            here = slide if place == 0 and slide is not None else self.start(title, ())
            y = top if place == 0 else BODY
            heights = (full.heights[0], *full.heights[first:last])
            part = Grid(full.size, heights)
            table(here, Box(LEFT, y, sum(widths), part.height), [rows[0], *rows[first:last]], widths, grid=part,
                  name=title, alt=alt)  # fmt: skip

    def agenda(self) -> None:
        """The first slide: whose meeting, of what day, how many stand where, and the agenda."""
        c, pack = self.content, self.pack
        slide = self.start(c.title, [L["agenda"]])
        next_on = f" · {L['next_meeting']} {c.next_meeting}" if c.next_meeting else ""
        lines = [[Run(f"{c.team}{next_on} · {c.as_of} · {L['version']} {c.data_version} · {L['made']} "
                      f"{pack.frozen_text}", MUTED)]]  # fmt: skip
        lines.append([Run(f"{L['link']}: ", MUTED), Run(pack.where, BLUE if pack.link else INK, link=pack.link)])
        lines += [[Run(sentence, WARM, True)] for sentence in c.stale]
        y = BODY
        write(slide, Box(LEFT, y, INNER, 0.2 * len(lines)), lines, size=10, name="Facts")
        y += 0.2 * len(lines) + 0.12
        gap = 0.15
        wide = (INNER - gap * (len(c.counts) - 1)) / max(len(c.counts), 1)
        for place, (label, value) in enumerate(c.counts):
            box = Box(LEFT + place * (wide + gap), y, wide, 0.68)
            shape = write(slide, box, [[Run(label, MUTED)], [Run(value, INK, True)]], size=11, name=label, fill=PALE)
            shape.text_frame.paragraphs[1].runs[0].font.size = Pt(18)
        y += 0.8
        if not c.agenda:
            write(slide, Box(LEFT, y, INNER, 0.3), [[Run(L["no_agenda"])]], size=12, name="Agenda")
            return
        rows, widths = agenda_rows(c.agenda)
        self.listed(c.title, rows, widths, top=y, alt=f"{L['agenda']}: {len(c.agenda)}", slide=slide)

    def decisions(self, title: str, lines: Sequence[DecisionLine]) -> None:
        """Decisions with reason, owner and dates, and what happened since."""
        slide = self.start(title, ())
        if not lines:
            write(slide, Box(LEFT, BODY, INNER, 0.3), [[Run(L["none_now"])]], size=12, name=title)
            return
        rows: list[Cells] = [
            head(L["change"], L["decided"], L["reason"], L["owner"], L["due"], L["review"], L["since"])
        ]
        rows += [((Run(f"{d.number} ", bold=True), Run(d.title)), cell(d.decided, bold=True), cell(d.reason),
                  cell(d.owner), cell(d.due), cell(d.review), cell(d.since)) for d in lines]  # fmt: skip
        widths = (2.6, 1.3, 3.0, 1.3, 0.95, 0.95, 2.233)
        self.listed(title, rows, widths, top=BODY, alt=f"{title}: {len(lines)}", slide=slide)

    def overview(self, chart: Chart, svg: str) -> None:
        """The board of all changes as a picture, its figures are on the slides that follow."""
        slide = self.start(chart.title, [chart.caption])
        room = Box(LEFT, BODY, INNER, FOOT - BODY - 0.4)
        picture(slide, charts.png(svg), room, charts.size(svg), name=chart.title, alt=chart.alt)
        write(slide, Box(LEFT, FOOT - 0.3, INNER, 0.22), [[Run(chart.caption, MUTED)]], size=9, name="Caption")

    def method(self) -> None:
        """How the figures come about, in three columns."""
        slide, parts = self.start(L["method"], ()), self.content.method
        third = (INNER - 0.6) / 3
        split = -(-len(parts) // 3)
        columns = [parts[i : i + split] for i in range(0, len(parts), split)]
        texts = ["\n".join(f"{p.title}\n{p.text}\n" for p in column) for column in columns]
        size = min(fitting_size(t, wide=third, high=FOOT - BODY - 0.1, sizes=SIZES) for t in texts)
        for place, column in enumerate(columns):
            lines = [line for p in column for line in ([Run(p.title, bold=True)], [Run(p.text)], [Run(" ")])]
            box = Box(LEFT + place * (third + 0.3), BODY, third, FOOT - BODY - 0.1)
            write(slide, box, lines, size=size, name=L["method"])

    def change(self, page: ChangePage, svg: str) -> None:
        """One change: the answer, what is asked, the chart beside the plan, the measures, and what is around it."""
        f = page.figures
        lead = next((m for m in f.measures if m.metric == f.leading), None)
        notes = [lead.sentence, lead.basis] if lead else [f.waiting]
        notes.append(page.chart.caption if page.chart else "")
        slide = self.start(f"{f.number} {f.title}", [note for note in notes if note])
        drawn = ChangeSlide(slide, self.content.looks, page, svg)
        drawn.draw()
        if drawn.foot_apart:
            self.apart.append(page)
        if not drawn.whole_plan:
            self.long_plans.append(f)

    def around(self) -> None:
        """Money and surroundings of all changes that had no room for them on their own slides, in one table."""
        if self.apart:
            rows, widths = around_rows(self.apart)
            self.listed(L["around"], rows, widths, top=BODY, alt=f"{L['around']}: {len(self.apart)}")

    def further_measures(self) -> None:
        """Measures that are not on the board, of all changes in one table; only those that tell something."""
        every = further_of(self.content)
        found = [(f, m) for f, m in every if m.word in TELLING]
        if not found:
            return
        rows, widths = measure_rows([m for _, m in found])
        named: list[Cells] = [(cell(L["change"], colour=MUTED, bold=True), *rows[0])]
        named += [(cell(f.number, bold=True), *row) for (f, _), row in zip(found, rows[1:], strict=True)]
        named += counted(len(every) - len(found), len(named[0]))
        self.listed(L["further_measures"], named, (1.0, *widths[:-1], widths[-1] - 1.0), top=BODY,
                    alt=f"{L['further_measures']}: {len(found)}")  # fmt: skip

    def further_table(self, every: FigureTable) -> None:
        """One kind of table of all changes; its notes are in the speaker's notes. Of groups only those that tell
        something: a room cannot read them all."""
        found = telling_only(every)
        if not found.rows:
            return
        rows: list[Cells] = [head(*found.columns)]
        rows += [(cell(row[0], bold=True), *(cell(text) for text in row[1:])) for row in found.rows]
        rows += counted(len(every.rows) - len(found.rows), len(found.columns))
        shares = column_shares(found)
        wide = [(INNER - 1.0) * share / sum(shares) for share in shares]
        slide = self.start(found.title, found.note.splitlines())
        self.listed(found.title, rows, (1.0, *wide), top=BODY, alt=found.title,
                    slide=slide)  # fmt: skip

    def plans(self) -> None:
        """The whole plans of the changes that had no room for them on their own slides, in one table."""
        if self.long_plans:
            rows, widths = whole_plans(self.long_plans)
            self.listed(L["milestones"], rows, widths, top=BODY, alt=f"{L['milestones']}: {len(self.long_plans)}")
