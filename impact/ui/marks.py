"""A word with its shape and colour, as text. Knows what the charts draw; knows no layout."""

from __future__ import annotations

from impact import wording
from impact.charts import MARKS, PAUSE
from impact.verdict import Word

GLYPHS = {
    "triangle-up": "▲△", "triangle-down": "▼▽", "circle": "●○", "diamond": "◆◇", "square": "■□", "stroke": "––",
    PAUSE: "‖‖",
}  # fmt: skip
COLOURS = {"better": "blue", "leaning_better": "blue", "worse": "orange", "leaning_worse": "orange", "mixed": "orange"}


def marked(word: Word, text: str | None = None) -> str:
    """A word with its shape and colour, as Markdown."""
    mark = MARKS[word]
    glyph = GLYPHS.get(mark.shape, "××")[0 if mark.filled else 1]
    return f":{COLOURS.get(word, 'gray')}[{glyph} **{text or wording.word_label(word)}**]"
