"""The frame of charts that are drawn by hand: all layers on one scale each way, no axes, no margin. Knows no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from impact.charts import Layer

WIDE: Mapping[str, Any] = {"domain": [0, 1]}
"""The scale across where places are shares of the width."""


def framed(
    layers: Sequence[Layer], *, height: float, font: float, across: Mapping[str, Any] = WIDE
) -> dict[str, Any]:  # fmt: skip
    """A chart of these layers, ``height`` pixels high and counted from the top; layers without rows are left out. The
    scale ``across`` is that of every x; a place that is no field of the rows (a value in pixels) keeps its own."""
    down = {"domain": [0, height], "reverse": True, "nice": False, "zero": False}
    shown = [each for each in layers if each["data"]["values"]]
    for each in shown:
        for channel, scale in (("x", across), ("y", down)):
            told = each["encoding"].get(channel, {})
            if "field" in told:
                each["encoding"][channel] = {**told, "axis": None, "scale": scale}
    return {
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 0, "bottom": 0},
        "autosize": {"type": "fit", "contains": "padding"},
        "view": {"stroke": None},
        "config": {"text": {"fontSize": font}},
        "layer": shown,
    }
