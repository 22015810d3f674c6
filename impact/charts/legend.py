"""Two drawings that explain the pages: what the marks mean, and how before and after are compared. Drawn with the
same shapes and colours as the board; the positions are invented and say so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from impact.charts import INK, LOOKS, MUTED, PAPER, RULE, STEEL, field, layer, lines, looks, texts
from impact.verdict import Word
from impact.words.method_words import MARKS_TOLD

ROW = 46
BARS: Mapping[Word, tuple[float, float, float]] = {
    "better": (-0.86, -0.58, -0.3),
    "worse": (0.24, 0.52, 0.8),
    "leaning_better": (-0.62, -0.33, -0.04),
    "cannot_tell": (-0.55, 0.1, 0.75),
    "no_change": (-0.1, -0.01, 0.08),
    "on_hold": (0.0, 0.0, 0.0),
    "cannot_separate": (0.0, 0.0, 0.0),
}
"""Low end, effect and high end of each example; less is left, more is right, and less is better."""
WEEKS_BEFORE, WEEKS_AFTER = 6, 2


def marks() -> dict[str, Any]:
    """Each mark with an example of its likely range, its word and its meaning."""
    left, right, centre = 20.0, 220.0, 120.0
    rows = []
    for place, (word, label, meaning) in enumerate(MARKS_TOLD):
        low, effect, high = (centre + 100.0 * x for x in BARS[word])
        rows.append({"x": low, "x2": high, "at": effect, "y": place * ROW + 20, "label": label, "meaning": meaning,
                     **looks(word)})  # fmt: skip
    height = len(rows) * ROW
    bar = {"type": "rule", "strokeWidth": 5, "opacity": 0.5, "strokeCap": "round"}
    point = {"type": "point", "size": 90, "strokeWidth": 1.8}
    spot = {"x": field("at"), "y": field("y")}
    layers = [
        lines([{"x": centre, "x2": centre, "y": 2, "y2": height - 6}], stroke=RULE),
        layer([r for r in rows if r["x"] < r["x2"]], bar, x=field("x"), x2={"field": "x2"}, y=field("y"),
              stroke=LOOKS["stroke"]),
        layer([r for r in rows if r["fill"] == "none"], point | {"fill": PAPER}, **spot, shape=LOOKS["shape"]),
        layer(rows, point, **spot, **LOOKS),
        texts([{"x": right + 30, "y": r["y"] - 8, "text": r["label"]} for r in rows], fontWeight=600, fontSize=14),
        texts([{"x": right + 30, "y": r["y"] + 10, "text": r["meaning"]} for r in rows], fontSize=13, fill=MUTED),
    ]  # fmt: skip
    return _drawing(layers, width=(left - 20.0, 960.0), height=height)


def comparison() -> dict[str, Any]:
    """Weeks before and after a rollout: what happened, what the other services did, what was expected."""
    weeks = range(-WEEKS_BEFORE, WEEKS_AFTER + 1)

    def x(week: int) -> float:
        return 40.0 + (week + WEEKS_BEFORE) * 84.0

    def wave(week: int) -> float:
        return 15.0 * math.sin(1.3 * week)

    last = weeks[-1]
    apart = [52.0 if w > 0 else 3.0 * math.sin(2.3 * w) for w in weeks]  # the lines part at the rollout, week 0
    own = [(x(w), 112.0 - wave(w) - more) for w, more in zip(weeks, apart, strict=True)]
    expected = [(x(w), 112.0 - wave(w)) for w in weeks if w >= 0]
    others = [(x(w), 206.0 - wave(w)) for w in weeks]
    end, middle = x(last), (own[-1][1] + expected[-1][1]) / 2
    told = [(own[-1][1], "what happened"), (expected[-1][1], "expected without the change")]
    layers = [
        lines([{"x": x(0), "x2": x(0), "y": 20, "y2": 240}], stroke=RULE, strokeWidth=1.5),
        _path(others, STEEL, 2.0),
        _path(expected, MUTED, 2.0, [5, 4]),
        _path(own, INK, 2.5),
        lines([{"x": end + 8, "x2": end + 8, "y": own[-1][1], "y2": expected[-1][1]}], stroke=INK, strokeWidth=2),
        texts([{"x": x(0), "y": 9, "text": "rollout"}], align="center", fill=MUTED, fontSize=12.5),
        texts([{"x": end + 18, "y": middle, "text": "the effect"}], fontWeight=600, fontSize=13),
        texts([{"x": end + 18, "y": y, "text": text} for y, text in told], fontSize=13),
        texts([{"x": end + 18, "y": others[-1][1], "text": "services without a change"}], fontSize=13),
        texts([{"x": x(-WEEKS_BEFORE), "y": 64, "text": "the service that was changed"}], fontSize=13),
        texts([{"x": (x(-WEEKS_BEFORE) + x(-1)) / 2, "y": 252, "text": "weeks before"}], align="center", fill=MUTED),
        texts([{"x": (x(1) + x(last)) / 2, "y": 252, "text": "two weeks after"}], align="center", fill=MUTED),
    ]
    return _drawing(layers, width=(20.0, 1020.0), height=262)


def _path(points: Sequence[tuple[float, float]], stroke: Any, width: float, dash: Sequence[int] = ()) -> dict[str, Any]:
    rows = [{"x": px, "y": py} for px, py in points]
    mark: dict[str, Any] = {"type": "line", "stroke": stroke, "strokeWidth": width, "interpolate": "monotone"}
    return layer(rows, mark | ({"strokeDash": list(dash)} if dash else {}), x=field("x"), y=field("y"))


def _drawing(layers: Sequence[dict[str, Any]], *, width: tuple[float, float], height: int) -> dict[str, Any]:
    """Layers on one invisible scale each way, y downwards in pixels."""
    scales = {
        "x": {"domain": list(width), "nice": False, "zero": False},
        "y": {"domain": [0, height], "reverse": True, "nice": False, "zero": False},
    }
    for each in layers:
        for channel, scale in scales.items():
            each["encoding"][channel] |= {"axis": None, "scale": scale}
    return {
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 0, "bottom": 0},
        "autosize": {"type": "fit", "contains": "padding"},
        "view": {"stroke": None},
        "layer": list(layers),
    }
