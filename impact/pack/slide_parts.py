"""Parts of a slide: texts, tables, charts that can be edited, marks, pictures; each with alternative text. Knows layout
in inches, no change."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from impact.pack.content import Chart, Look
from impact.pack.fitting import Grid
from impact.pack.template import FONT, HAIR, INK, MUTED
from impact.words.pack_labels import LABELS

NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
DECLARED = ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
CHART_WORDS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
MOST_DATES = 8
MARGIN_X, MARGIN_Y = 0.05, 0.025
_SHAPES = {
    "triangle-up": MSO_SHAPE.ISOSCELES_TRIANGLE,
    "triangle-down": MSO_SHAPE.FLOWCHART_MERGE,
    "circle": MSO_SHAPE.OVAL,
    "diamond": MSO_SHAPE.DIAMOND,
    "square": MSO_SHAPE.RECTANGLE,
    "stroke": MSO_SHAPE.MATH_MINUS,
}


@dataclass(frozen=True)
class Box:
    """Where something stands, in inches."""

    x: float
    y: float
    wide: float
    high: float

    @property
    def emu(self) -> tuple[Any, Any, Any, Any]:
        """The same for the library."""
        return Inches(self.x), Inches(self.y), Inches(self.wide), Inches(self.high)


@dataclass(frozen=True)
class Run:
    """A piece of text with its looks."""

    text: str
    colour: RGBColor = INK
    bold: bool = False
    link: str = ""


def _drawn(slide: Any, kind: Any, box: Box, name: str) -> Any:
    """A plain shape without the shadow and outline that a theme would give it."""
    shape = slide.shapes.add_shape(kind, *box.emu)
    describe(shape, name, name)
    style = shape._element.find(qn("p:style"))
    if style is not None:
        shape._element.remove(style)
    return shape


def describe(shape: Any, name: str, text: str) -> None:
    """What a shape is called and what it shows, for those who do not see it."""
    found = shape._element.xpath(".//p:cNvPr")[0]
    found.set("name", name)
    found.set("descr", text)


def write(
    slide: Any, box: Box, paragraphs: Sequence[Sequence[Run]], *, size: float, name: str, fill: RGBColor | None = None
) -> Any:
    """A text box, a paragraph a line; with a fill it is a band."""
    shape = slide.shapes.add_textbox(*box.emu)
    describe(shape, name, "")
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = Inches(0.1) if fill is not None else Emu(0)
    frame.margin_top = frame.margin_bottom = Inches(0.03) if fill is not None else Emu(0)
    if fill is not None:
        shape.fill.solid()
        shape.fill.fore_color.rgb = fill
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    body = frame._txBody
    for old in body.findall(qn("a:p")):
        body.remove(old)
    for runs in paragraphs:
        body.append(parse_xml(_paragraph(runs, size, declared=True)))
    for paragraph, runs in zip(frame.paragraphs, paragraphs, strict=True):
        for place, piece in enumerate(runs):
            if piece.link:
                paragraph.runs[place].hyperlink.address = piece.link
    return shape


def _paragraph(runs: Sequence[Run], size: float, *, declared: bool = False) -> str:
    """A paragraph as the file has it: written out, because asking the library for every letter's looks takes longer
    than everything else together."""
    looks = f'lang="en-GB" sz="{round(size * 100)}"'
    told = "".join(
        f'<a:r><a:rPr {looks} b="{int(piece.bold)}"><a:solidFill><a:srgbClr val="{piece.colour}"/></a:solidFill>'
        f'<a:latin typeface="{FONT}"/></a:rPr><a:t>{escape(_printable(piece.text))}</a:t></a:r>'
        for piece in runs
    )
    return f"<a:p{DECLARED if declared else ''}>{told or f'<a:endParaRPr {looks}/>'}</a:p>"


def _paragraphs(runs: Sequence[Run], size: float) -> str:
    """Runs as paragraphs: a new one begins after a run that ends with a line break."""
    found: list[list[Run]] = [[]]
    for piece in runs:
        found[-1].append(replace(piece, text=piece.text.removesuffix("\n")))
        if piece.text.endswith("\n"):
            found.append([])
    return "".join(_paragraph(part, size) for part in found)


def _printable(text: str) -> str:
    """A text without signs that no file of this kind may hold."""
    return "".join(sign if sign.isprintable() or sign == "\N{NO-BREAK SPACE}" else " " for sign in text)


def table(
    slide: Any,
    box: Box,
    rows: Sequence[Sequence[Sequence[Run]]],
    widths: Sequence[float],
    *,
    grid: Grid,
    name: str,
    alt: str,
    merged: Sequence[tuple[int, int]] = (),
) -> Any:
    """A real table, its first row the head. ``merged``: (row, column) whose cell reaches to the last column."""
    frame = slide.shapes.add_table(1, len(widths), *box.emu)
    describe(frame, name, alt)
    found = frame.table
    found._tbl.tblPr.find(qn("a:tableStyleId")).text = NO_STYLE
    found.horz_banding, found.first_row = False, True
    for place, wide in enumerate(widths):
        found.columns[place].width = Inches(wide)
    for old in found._tbl.findall(qn("a:tr")):
        found._tbl.remove(old)
    starts = dict(merged)
    for place, (row, high) in enumerate(zip(rows, grid.heights, strict=True)):
        found._tbl.append(parse_xml(_row(row, high, grid.size, starts.get(place))))
    return frame


def _row(row: Sequence[Sequence[Run]], high: float, size: float, start: int | None) -> str:
    """A row of cells with a line below; those after column ``start`` belong to its cell."""
    cells = []
    for column, runs in enumerate(row):
        joined = ""
        if start is not None and column >= start:
            joined = f' gridSpan="{len(row) - start}"' if column == start else ' hMerge="1"'
        cells.append(
            f"<a:tc{joined}><a:txBody><a:bodyPr/><a:lstStyle/>{_paragraphs(runs, size)}</a:txBody>"
            f'<a:tcPr marL="{Inches(MARGIN_X)}" marR="{Inches(MARGIN_X)}" marT="{Inches(MARGIN_Y)}" '
            f'marB="{Inches(MARGIN_Y)}" anchor="t"><a:lnB w="6350"><a:solidFill><a:srgbClr val="{HAIR}"/></a:solidFill>'
            "</a:lnB></a:tcPr></a:tc>"
        )
    return f'<a:tr{DECLARED} h="{Inches(high)}">{"".join(cells)}</a:tr>'


def mark(slide: Any, look: Look, x: float, y: float, size: float, name: str) -> None:
    """A word's shape, drawn, since not every font has it."""
    kind = _SHAPES.get(look.shape)
    if kind is None:
        kind = MSO_SHAPE.MATH_MULTIPLY if look.shape.startswith("M-1") else MSO_SHAPE.ROUNDED_RECTANGLE
    shape = _drawn(slide, kind, Box(x, y, size, size), name)
    colour = RGBColor.from_string(look.colour.lstrip("#"))
    shape.line.color.rgb, shape.line.width = colour, Pt(1.5)
    if look.filled or look.shape == "stroke":
        shape.fill.solid()
        shape.fill.fore_color.rgb = colour
    else:
        shape.fill.background()


def bar(slide: Any, box: Box, ratio: float | None, name: str) -> None:
    """How far something is, as a filled line; nothing where it is unknown."""
    if ratio is None:
        return
    for wide, colour in ((box.wide, "E1E6ED"), (box.wide * ratio, "005A8F")):
        if wide > 0:
            shape = _drawn(slide, MSO_SHAPE.RECTANGLE, Box(box.x, box.y, wide, box.high), name)
            shape.fill.solid()
            shape.fill.fore_color.rgb = RGBColor.from_string(colour)
            shape.line.fill.background()


def picture(slide: Any, png: bytes, box: Box, size: tuple[float, float], *, name: str, alt: str) -> None:
    """A picture as large as its box allows, at its left upper corner."""
    scale = min(box.wide / size[0], box.high / size[1])
    placed = Box(box.x, box.y, size[0] * scale, size[1] * scale)
    describe(slide.shapes.add_picture(io.BytesIO(png), *placed.emu), name, alt)


def course(slide: Any, box: Box, chart: Chart) -> None:
    """The weeks as a line chart whose figures can be edited: what happened before and after the rollout, what was to
    be expected, and both ends of its likely range."""
    data = CategoryChartData(number_format="0.0#")
    data.categories = [point.on for point in chart.points]
    on = chart.rollout_on
    before = [p.observed if on is None or p.on < on else None for p in chart.points]
    after = [p.observed if on is not None and p.on >= on else None for p in chart.points]
    data.add_series(LABELS["before"], before)
    data.add_series(LABELS["after"], after)
    data.add_series(LABELS["expected_line"], [p.expected for p in chart.points])
    data.add_series(LABELS["low_line"], [p.low for p in chart.points])
    data.add_series(LABELS["high_line"], [p.high for p in chart.points])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE_MARKERS, *box.emu, data)
    describe(frame, "Chart", chart.alt)
    found = frame.chart
    found.font.size, found.font.name, found.font.color.rgb = Pt(9), FONT, MUTED
    found.has_title = False
    found.has_legend = True
    found.legend.position, found.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    found.legend.font.size = Pt(9)
    looks = (("7FB4DB", 2.25, None, True), ("0E7FC2", 2.25, None, True), ("5B6675", 1.5, MSO_LINE.DASH, False),
             ("94A0B0", 1.0, MSO_LINE.ROUND_DOT, False), ("94A0B0", 1.0, MSO_LINE.ROUND_DOT, False))  # fmt: skip
    for series, (colour, wide, dash, marked) in zip(found.plots[0].series, looks, strict=True):
        _line(series, colour, wide, dash, marked)
    _axes(found, chart)


def _line(series: Any, colour: str, wide: float, dash: Any, marked: bool) -> None:
    series.smooth = False
    line = series.format.line
    line.color.rgb, line.width = RGBColor.from_string(colour), Pt(wide)
    if dash is not None:
        line.dash_style = dash
    if not marked:
        series.marker.style = XL_MARKER_STYLE.NONE
        return
    series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 5
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = RGBColor.from_string(colour)
    series.marker.format.line.color.rgb = RGBColor.from_string(colour)


def _axes(found: Any, chart: Chart) -> None:
    values, days = found.value_axis, found.category_axis
    values.has_major_gridlines = True
    values.major_gridlines.format.line.color.rgb = HAIR
    values.format.line.fill.background()
    values.has_title = True
    values.axis_title.text_frame.text = chart.unit
    font = values.axis_title.text_frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.color.rgb = Pt(9), False, MUTED
    low, high = _ends(chart)
    values.minimum_scale, values.maximum_scale = low, high
    days.tick_labels.number_format, days.tick_labels.number_format_is_linked = "d mmm", False
    days.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    days.format.line.color.rgb = HAIR
    for tag, value in (("baseTimeUnit", "days"), ("majorUnit", str(_step_days(chart))), ("majorTimeUnit", "days")):
        for old in days._element.findall(qn(f"c:{tag}")):
            days._element.remove(old)
        days._element.append(parse_xml(f'<c:{tag} xmlns:c="{CHART_WORDS}" val="{value}"/>'))


def _step_days(chart: Chart) -> int:
    """Days from one date on the axis to the next, in whole weeks: at most eight of them."""
    span = (chart.points[-1].on - chart.points[0].on).days
    return next(step for step in (7, 14, 21, 28, 56, 91, 3650) if span / step <= MOST_DATES)


def _ends(chart: Chart) -> tuple[float | None, float | None]:
    """Round ends of the value axis just beyond all figures, so that lines fill the chart; None: the program's own."""
    known = [v for p in chart.points for v in (p.observed, p.expected, p.low, p.high) if v is not None]
    if not known or max(known) == min(known):
        return None, None
    low, high = min(known), max(known)
    step = next(s for s in (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3, 1e4, 1e9) if (high - low) / s <= 12)
    bottom = low // step * step
    return (max(bottom, 0.0) if low >= 0 else bottom), (high // step + 1) * step
