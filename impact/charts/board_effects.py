"""The effect side of the board: likely ranges with their marks, or the words that stand where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from impact import wording
from impact.charts import LOOKS, MUTED, PAPER, RULE, Layer, field, layer, lines, looks, tooltip
from impact.charts.board_places import LABEL_END, STRIPS_END, Row, Strip
from impact.estimate import Estimate
from impact.portfolio import ChangeView, Reading
from impact.verdict import Word
from impact.words.formats import when

DOTS = [0.1, 7]
"""How the range of a preliminary reading is drawn."""
MARK_WITHIN = 0.86
"""A mark beyond the scale stands this far out, so that the arrow at the end stays visible."""


def effects(rows: Sequence[Row], strips: Sequence[Strip]) -> Iterator[Layer]:
    """Likely ranges with their marks; where there is none, the word that says why."""
    bars: list[dict[str, Any]] = []
    early: list[dict[str, Any]] = []
    points, clipped, zeros, said = [], [], [], []
    for row in rows:
        if row.change is None:
            continue
        if not any(isinstance(row.change.reading(s.metric.name).result, Estimate) for s in strips):
            said.append(_one_for_all(row, row.change))
            continue
        for strip in strips:
            reading = row.change.reading(strip.metric.name)
            middle = (strip.left + strip.right) / 2
            if not isinstance(reading.result, Estimate):
                text = wording.strip_text(reading.verdict)
                said.append({"x": middle, "y": row.y, "text": text, "change": row.change.id,
                             "name": wording.sentence(row.change, reading)})  # fmt: skip
                continue
            zeros.append({"x": middle, "x2": middle, "y": row.top, "y2": row.bottom})
            bar, point, cut = _interval(row, row.change, strip, reading)
            (early if reading.preliminary else bars).append(bar)
            points.append(point)
            clipped += cut
    yield lines(zeros, stroke=RULE)
    about = tooltip(name="Change", measure="Measure", effect="Effect", range="Range", basis="From")
    on = {"x": field("x"), "y": field("y")}
    bar = {"type": "rule", "strokeWidth": 5, "opacity": 0.5, "strokeCap": "round", "cursor": "pointer"}
    yield layer(bars, bar, **on, x2={"field": "x2"}, stroke=LOOKS["stroke"], tooltip=about)
    yield layer(early, bar | {"strokeDash": DOTS}, **on, x2={"field": "x2"}, stroke=LOOKS["stroke"], tooltip=about)
    yield layer(clipped, {"type": "point", "size": 42, "strokeWidth": 0, "cursor": "pointer"}, **on, tooltip=about,
                shape=LOOKS["shape"], fill=LOOKS["fill"])  # fmt: skip
    halo = {"type": "point", "size": 70, "strokeWidth": 1.8, "cursor": "pointer"}
    hollow = [p for p in points if p["fill"] == "none"]
    yield layer(hollow, halo | {"fill": PAPER}, **on, shape=LOOKS["shape"])
    yield layer(points, halo, **on, tooltip=about, description={"field": "told", "type": "nominal"}, **LOOKS)
    words = {"type": "text", "align": "center", "baseline": "middle", "fill": MUTED, "cursor": "pointer"}
    yield layer(said, words, **on, text={"field": "text", "type": "nominal"}, tooltip=tooltip(name="Why"),
                description={"field": "name", "type": "nominal"})  # fmt: skip


def _one_for_all(row: Row, change: ChangeView) -> dict[str, Any]:
    """One text over all strips where no measure has an answer, instead of the same word five times."""
    reading = wording.leading_reading(change)
    told = wording.sentence(change, reading) if reading else wording.headline(change)
    word: Word = change.word
    text = wording.word_label(word).lower()
    if change.status == "cancelled":
        text = "cancelled, never rolled out"
    elif word == "not_rolled_out":
        text = f"not rolled out, planned for {when(change.planned_on)}" if change.planned_on else "not rolled out"
    elif reading and reading.verdict.from_on:
        text = f"{text}, first answer possible {when(reading.verdict.from_on)}"
    elif word == "cannot_separate" and reading:
        numbers = [n.number for n in change.neighbours if n.change_id in reading.verdict.blocking]
        text = f"overlaps with {', '.join(numbers[:3])}" if numbers else "overlaps with another change"
    elif not change.services:
        text = "no data: no service is linked"
    return {"x": (LABEL_END + STRIPS_END) / 2, "y": row.y, "text": text, "change": change.id, "name": told}


def _interval(
    row: Row, change: ChangeView, strip: Strip, reading: Reading
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """The bar, its mark, and an arrow at each end that is cut off."""
    result = reading.result
    assert isinstance(result, Estimate)
    low, high = sorted((strip.x(result.low), strip.x(result.high)))
    look = looks(reading.verdict.word)
    told = {
        "change": change.id,
        "name": f"{change.number} {change.title}",
        "measure": f"{strip.metric.label}: {wording.word_label(reading.verdict.word).lower()}"
        + (", preliminary" if reading.preliminary else ""),
        "effect": f"{wording.effect_text(reading)} against what was expected",
        "range": wording.range_text(reading),
        "basis": wording.basis(reading),
    }
    told["told"] = f"{told['name']}, {told['measure']}, {told['effect']}, {told['range']}"
    bar = {"x": low, "x2": high, "y": row.y, "stroke": look["stroke"], **told}
    point = {"x": strip.x(result.effect, within=MARK_WITHIN), "y": row.y, **look, **told}
    ends = [(result.low < -strip.limit, strip.left, "triangle-left")]
    ends.append((result.high > strip.limit, strip.right, "triangle-right"))
    cut = [{"x": x, "y": row.y, "shape": s, "fill": look["stroke"], **told} for beyond, x, s in ends if beyond]
    return bar, point, cut
