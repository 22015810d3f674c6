"""What all charts share: the colour and shape of every word, ink that follows the theme, layers. Knows no data.

Charts are plain Vega-Lite dicts. Colours of text and lines are expressions on the background, so that one chart
reads in light, in dark and on paper; no spec holds a fixed near-black or near-white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from impact.verdict import Word

Layer = dict[str, Any]

BETTER, WORSE, UNSURE, DONE = "#0E7FC2", "#D55E00", "#7A8290", "#5B6675"
"""Blue, vermilion and two greys: at least 3:1 on white and on the dark background, apart for colour-blind eyes."""


def _by_theme(light: str, dark: str) -> dict[str, str]:
    return {"expr": f"luminance(background) < 0.3 ? '{dark}' : '{light}'"}


INK = _by_theme("#0F172A", "#EDEBE8")
MUTED = _by_theme("#4B5563", "#B4BAC4")
HAIRLINE = _by_theme("#E1E6ED", "#35322D")
RULE = _by_theme("#94A0B0", "#6B675F")
STEEL = _by_theme(DONE, "#8F9BAC")
PAPER = {"expr": "background"}
WORSE_INK = _by_theme("#A34700", "#FF9A4D")


@dataclass(frozen=True)
class Mark:
    """How a word looks: the shape repeats what the colour says. ``filled`` False is a hollow shape."""

    shape: str
    colour: str
    filled: bool = True


CROSS = "M-1,-1L1,1M-1,1L1,-1"
PAUSE = "M-0.6,-1L-0.6,1M0.6,-1L0.6,1"
MARKS: Mapping[Word, Mark] = {
    "better": Mark("triangle-up", BETTER),
    "worse": Mark("triangle-down", WORSE),
    "leaning_better": Mark("triangle-up", BETTER, False),
    "leaning_worse": Mark("triangle-down", WORSE, False),
    "mixed": Mark("diamond", WORSE, False),
    "no_change": Mark("circle", UNSURE, False),
    "cannot_tell": Mark("circle", UNSURE),
    "too_early": Mark("circle", UNSURE),
    "cannot_separate": Mark(CROSS, UNSURE, False),
    "too_little": Mark("circle", UNSURE),
    "not_rolled_out": Mark("square", UNSURE, False),
    "no_data": Mark("stroke", UNSURE, False),
    "on_hold": Mark(PAUSE, UNSURE, False),
}


def layer(rows: Sequence[Mapping[str, Any]], mark: str | Mapping[str, Any], **encoding: Any) -> Layer:
    """One layer over its own rows. Marks are silent for screen readers unless they have a description."""
    described = {"aria": "description" in encoding, "opacity": 1}
    definition = {"type": mark} if isinstance(mark, str) else dict(mark)
    return {"data": {"values": list(rows)}, "mark": described | definition, "encoding": encoding}


def field(name: str, kind: str = "quantitative", **more: Any) -> dict[str, Any]:
    """A channel that shows a column."""
    return {"field": name, "type": kind, **more}


def looks(word: Word) -> dict[str, Any]:
    """The columns ``shape``, ``stroke`` and ``fill`` of a mark for ``word``; see ``LOOKS``."""
    mark = MARKS[word]
    return {"shape": mark.shape, "stroke": mark.colour, "fill": mark.colour if mark.filled else "none"}


LOOKS = {
    "shape": {"field": "shape", "type": "nominal", "scale": None},
    "stroke": {"field": "stroke", "type": "nominal", "scale": None},
    "fill": {"field": "fill", "type": "nominal", "scale": None},
}
"""Encodings that take shape and colours from the rows as they are."""


def tooltip(**titles: str) -> list[dict[str, str]]:
    """A tooltip table: column name -> its title."""
    return [{"field": name, "type": "nominal", "title": title} for name, title in titles.items()]


def texts(values: Sequence[dict[str, Any]], **mark: Any) -> Layer:
    """Texts at (x, y), left-aligned unless told otherwise."""
    defaults: dict[str, Any] = {"type": "text", "align": "left", "baseline": "middle", "fill": INK}
    return layer(values, defaults | mark, x=field("x"), y=field("y"), text={"field": "text", "type": "nominal"})


def lines(values: Sequence[dict[str, Any]], **mark: Any) -> Layer:
    """Rules from (x, y) to (x2, y2)."""
    encoding = {"x": field("x"), "x2": {"field": "x2"}, "y": field("y"), "y2": {"field": "y2"}}
    return layer(values, {"type": "rule", "stroke": HAIRLINE} | mark, **encoding)
