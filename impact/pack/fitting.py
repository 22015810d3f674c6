"""How much room text takes on a slide, so that it is set small enough to fit. Knows the widths of letters, no figure.

A slide is laid out before anybody renders it, so room is estimated with the widths of Arial (Adobe's metrics of
Helvetica, which Arial and Liberation Sans share) and a margin on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WIDTHS = {
    191: "'", 222: "ijl", 278: " !,./:;\\fIt", 333: "()-r", 355: '"', 389: "*", 469: "^", 500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–", 584: "+<=>−", 611: "FTZ", 667: "&ABEKPSVXY", 722: "CDHNRUw", 778: "GOQ",
    833: "Mm", 889: "%", 944: "W", 1000: "→…—", 1015: "@",
}  # fmt: skip
_WIDTH = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _IDEOGRAPH, _FIRST_IDEOGRAPH = 640, 1000, 0x2E80
BOLD, SAFETY, LEADING = 1.07, 1.04, 1.2
"""Bold letters are wider; programs break lines a little earlier than the widths say; a line in font sizes."""
POINTS_PER_INCH = 72.0


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is on one line, in points."""
    units = sum(
        _IDEOGRAPH if ord(letter) >= _FIRST_IDEOGRAPH else _WIDTH.get(letter, _OTHER)
        for letter in text.replace("\N{NO-BREAK SPACE}", " ")
    )
    return units / 1000 * size * (BOLD if bold else 1.0) * SAFETY


def line_count(text: str, room: float, size: float, *, bold: bool = False) -> int:
    """Lines a text takes in ``room`` points; a word longer than the room is broken, as programs do."""
    count = 0
    for paragraph in text.split("\n"):
        used, lines = 0.0, 1
        for word in paragraph.split(" "):
            wide = width(word, size, bold=bold)
            gap = width(" ", size, bold=bold) if used else 0.0
            if used and used + gap + wide > room:
                lines, used, gap = lines + 1, 0.0, 0.0
            used += gap + wide
            while used > room:
                lines, used = lines + 1, used - room
        count += lines
    return count


def text_height(text: str, room: float, size: float, *, bold: bool = False) -> float:
    """Height in points of a text broken into lines."""
    return line_count(text, room, size, bold=bold) * size * LEADING


def fitting_size(text: str, *, wide: float, high: float, sizes: Sequence[float], bold: bool = False) -> float:
    """The first of ``sizes`` at which a text fits ``wide`` by ``high`` inches; the last one where none does."""
    for size in sizes:
        if text_height(text, wide * POINTS_PER_INCH, size, bold=bold) <= high * POINTS_PER_INCH:
            return size
    return sizes[-1]


@dataclass(frozen=True)
class Grid:
    """How a table is set: size of its letters, and the height of every row in inches."""

    size: float
    heights: tuple[float, ...]

    @property
    def height(self) -> float:
        """All rows, in inches."""
        return sum(self.heights)


def grid(
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    high: float,
    sizes: Sequence[float],
    margin_x: float = 0.05,
    margin_y: float = 0.025,
) -> Grid:
    """The largest of ``sizes`` at which a table of these cells is at most ``high`` inches tall; else the smallest.

    ``widths`` are the columns' in inches. A cell that is shorter than its row has others beside it is no matter; the
    tallest one decides.
    """
    found = Grid(sizes[-1], ())
    for size in sizes:
        heights = []
        for place, row in enumerate(rows):
            lines = max(
                line_count(cell, (wide - 2 * margin_x) * POINTS_PER_INCH, size, bold=place == 0)
                for cell, wide in zip(row, widths, strict=True)
            )
            heights.append(lines * size * LEADING / POINTS_PER_INCH + 2 * margin_y)
        found = Grid(size, tuple(heights))
        if found.height <= high:
            return found
    return found


def pages(heights: Sequence[float], *, high: float) -> list[tuple[int, int]]:
    """Which rows stand on which page: half-open ranges; the first row is the head and comes on every page."""
    found, start, used = [], 1, heights[0]
    for place in range(1, len(heights)):
        if place > start and used + heights[place] > high:
            found.append((start, place))
            start, used = place, heights[0]
        used += heights[place]
    return [*found, (start, len(heights))]
