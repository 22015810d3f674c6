"""The slide of one change, from its title down; where everything stands is decided here. Computes no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from impact.pack import charts
from impact.pack.content import ChangePage, Look, foot_of
from impact.pack.fitting import POINTS_PER_INCH, fitting_size, grid, text_height
from impact.pack.slide_parts import Box, Run, bar, course, mark, picture, table, write
from impact.pack.slide_rows import (
    FOOT,
    MOST_MILESTONES,
    SIZES,
    fitting_plan,
    leaves_out,
    measure_rows,
    plain,
    plan_rows,
    tone,
)
from impact.pack.template import INNER, LEFT, MUTED, PALE, PEACH, WARM
from impact.words.pack_labels import LABELS as L

GAP = 0.3
INCH = 914_400
CHART_WIDE = 7.45
LEAST_CHART, MOST_CHART = 1.6, 3.4
FOOT_HIGH = 1.12
LEAST_READABLE = SIZES[-1]
"""Smaller letters than these cannot be read in a room."""
Rows = Sequence[tuple[str, str]]


class ChangeSlide:
    """Draws one change from top to bottom; ``y`` is where the next part goes, in inches."""

    def __init__(self, slide: Any, looks: Mapping[str, Look], page: ChangePage, svg: str) -> None:
        self.slide, self.looks, self.page, self.f, self.svg = slide, looks, page, page.figures, svg
        lead = next((m for m in self.f.measures if m.metric == self.f.leading), None)
        self.whole_plan, self.foot_apart = True, False
        self.sentence = lead.sentence if lead is not None else self.f.waiting
        title = slide.shapes.title
        self.y = (title.top + title.height) / INCH + 0.04

    def draw(self) -> None:
        """Everything that has room; ``foot_apart``: what stands around the change has none beside a whole plan and
        comes at the end. A plan that has none even so keeps what is late and to come."""
        self._answer()
        self._asked()
        parts = self._parts()
        wide = (INNER - GAP * (len(parts) - 1)) / len(parts)
        size = min(_size(rows, wide, FOOT_HIGH - 0.3) for _, rows in parts)
        foot = max(FOOT_HIGH, 0.34 + max(_high(rows, wide, size) for _, rows in parts))
        rows, widths = measure_rows([m for m in self.f.measures if m.on_board])
        felt = grid(plain(rows), widths, high=1.6, sizes=SIZES[1:]) if len(rows) > 1 and not self.f.waiting else None
        below = felt.height + 0.36 if felt else 0.0
        least = max(LEAST_CHART, self._plan_needs(len(self.f.milestones)) + 0.34)
        self.foot_apart = FOOT - self.y - below - foot < least
        below += 0.0 if self.foot_apart else foot
        self._chart_and_plan(min(max(FOOT - self.y - below, LEAST_CHART), max(MOST_CHART, least)))
        if felt is not None:
            self._heading(L["measures"], LEFT, INNER)
            # A cell without figures tells why across all columns that would hold them.
            short = [(place, 2) for place, row in enumerate(rows) if place and not row[3]]
            table(self.slide, Box(LEFT, self.y, sum(widths), felt.height), rows, widths, grid=felt, name=L["measures"],
                  alt=f"{L['measures']}: {self.f.title}", merged=short)  # fmt: skip
            self.y += felt.height + 0.08
        if not self.foot_apart:
            self._columns(parts, size)

    def _plan_needs(self, most: int) -> float:
        """The height of a plan of ``most`` milestones in inches, as small as can be read."""
        wide = INNER - CHART_WIDE - GAP
        ends = sum(0.14 + _text_high(end.text, wide, LEAST_READABLE) for end in self.f.readiness)
        if not self.f.milestones:
            return ends + 0.22
        rows = plain(plan_rows(self.f, min(most, MOST_MILESTONES)))
        return ends + grid(rows, _plan_widths(wide), high=0.0, sizes=(LEAST_READABLE,)).height

    def _parts(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return [part for part in foot_of(self.page) if self.page.chart is not None or part[0] != L["case"]]

    def _columns(self, parts: Sequence[tuple[str, Rows]], size: float) -> None:
        count, top = len(parts), self.y
        wide = (INNER - GAP * (count - 1)) / count
        for place, (title, rows) in enumerate(parts):
            self.y = top
            x = LEFT + place * (wide + GAP)
            self._heading(title, x, wide)
            self._pairs(rows, Box(x, self.y, wide, _high(rows, wide, size)), size)

    def _answer(self) -> None:
        f, size = self.f, 10.0
        facts = " · ".join(f.facts[1:])
        small = fitting_size(facts, wide=INNER, high=0.2, sizes=(10, LEAST_READABLE))
        high = max(_text_high(facts, INNER, small), 0.2)
        write(self.slide, Box(LEFT, self.y, INNER, high), [[Run(facts, MUTED)]], size=small, name="Facts")
        self.y += high + 0.02
        look = self.looks.get(f.word)
        if look is not None:
            mark(self.slide, look, LEFT, self.y + 0.07, 0.17, f.word_label)
        so_far = [Run(f"   {f.so_far}", MUTED)] if f.so_far else []
        answer = [Run(f.felt, tone(f.word), True), *so_far]
        felt = write(self.slide, Box(LEFT + 0.27, self.y, INNER - 0.27, 0.3), [answer], size=15, name="Answer")
        for run in felt.text_frame.paragraphs[0].runs[1:]:
            run.font.size = felt.text_frame.paragraphs[0].runs[0].font.size * 2 // 3
        self.y += 0.32
        high = text_height(self.sentence, INNER * POINTS_PER_INCH, size) / POINTS_PER_INCH
        if self.sentence:
            write(self.slide, Box(LEFT, self.y, INNER, high), [[Run(self.sentence)]], size=size, name="Sentence")
        self.y += high + 0.08

    def _asked(self) -> None:
        f, page = self.f, self.page
        runs: list[Run] = []
        if f.asked:
            runs += [Run(f"{L['decision_asked']}: ", WARM, True), Run(" · ".join(f.asked) + "     ")]
        if page.why:
            runs.append(Run(f"{L['why']}: {page.why}     ", MUTED))
        if page.note:
            runs += [Run(f"{L['note']}: ", MUTED), Run(page.note)]
        if not runs:
            return
        told = "".join(run.text for run in runs)
        size = fitting_size(told, wide=INNER - 0.2, high=0.55, sizes=(10, LEAST_READABLE))
        high = text_height(told, (INNER - 0.2) * POINTS_PER_INCH, size) / POINTS_PER_INCH + 0.08
        write(self.slide, Box(LEFT, self.y, INNER, high), [runs], size=size, name=L["decision_asked"],
              fill=PEACH if f.asked else PALE)  # fmt: skip
        self.y += high + 0.08

    def _heading(self, text: str, x: float, wide: float, *, moves: bool = True) -> None:
        write(self.slide, Box(x, self.y, wide, 0.22), [[Run(text, bold=True)]], size=11, name=text)
        self.y += 0.24 if moves else 0.0

    def _chart_and_plan(self, high: float) -> None:
        chart = self.page.chart
        right = LEFT + CHART_WIDE + GAP
        wide = INNER - CHART_WIDE - GAP
        self._heading(L["milestones"], right, wide, moves=False)
        self._heading(chart.title if chart else L["case"], LEFT, CHART_WIDE)
        room = Box(LEFT, self.y, CHART_WIDE, high - 0.24)
        if chart is not None and chart.points:
            course(self.slide, room, chart)
        elif chart is not None:
            picture(self.slide, charts.png(self.svg), room, charts.size(self.svg), name=chart.title, alt=chart.alt)
        else:
            rows = next(rows for title, rows in foot_of(self.page) if title == L["case"])
            self._pairs(rows, room, _size(rows, room.wide, room.high))
        self._plan(Box(right, self.y, wide, high - 0.24))
        self.y += high - 0.24 + 0.06

    def _plan(self, room: Box) -> None:
        f, y = self.f, room.y
        ends = [
            (end, fitting_size(end.text, wide=room.wide, high=0.2, sizes=(10, LEAST_READABLE))) for end in f.readiness
        ]
        heights = [text_height(end.text, room.wide * POINTS_PER_INCH, size) / POINTS_PER_INCH for end, size in ends]
        if f.milestones:
            widths = _plan_widths(room.wide)
            rows, set_so = fitting_plan(f, widths, room.high - sum(heights) - 0.14 * len(ends))
            self.whole_plan = not leaves_out(rows, f)
            table(self.slide, Box(room.x, y, room.wide, set_so.height), rows, widths, grid=set_so, name=L["milestones"],
                  alt=f"{L['milestones']}: {f.title}")  # fmt: skip
            y += set_so.height
        else:
            write(self.slide, Box(room.x, y, room.wide, 0.2), [[Run(L["no_milestones"])]], size=9, name=L["milestones"])
            y += 0.22
        for (end, size), high in zip(ends, heights, strict=True):
            write(self.slide, Box(room.x, y + 0.04, room.wide, high), [[Run(end.text)]], size=size, name=end.name)
            bar(self.slide, Box(room.x, y + 0.06 + high, room.wide, 0.04), end.ratio, f"{end.name} readiness")
            y += 0.14 + high

    def _pairs(self, rows: Rows, room: Box, size: float) -> None:
        lines = [[Run(f"{name}: ", MUTED), Run(value)] if name else [Run(value)] for name, value in rows]
        write(self.slide, room, lines, size=size, name="Details")


def _text(rows: Rows) -> str:
    return "\n".join(f"{name}: {value}" if name else value for name, value in rows)


def _size(rows: Rows, wide: float, high: float) -> float:
    """How large these lines can be set."""
    return fitting_size(_text(rows), wide=wide, high=high, sizes=(14.0, 13.0, *SIZES))


def _high(rows: Rows, wide: float, size: float) -> float:
    return _text_high(_text(rows), wide, size)


def _text_high(text: str, wide: float, size: float) -> float:
    return text_height(text, wide * POINTS_PER_INCH, size) / POINTS_PER_INCH


def _plan_widths(wide: float) -> tuple[float, float, float]:
    return wide - 2.7, 0.95, 1.75
