"""Charts on paper: the screen's Vega-Lite charts with type, ink and size for print, drawn as SVG. Knows no change.

Nothing is fetched: fonts come from the folder beside this file. The first drawing starts the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FONTS = Path(__file__).with_name("fonts")
FAMILY = "Source Sans Pro"
FALLBACKS = f"'{FAMILY}', 'Source Sans 3', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
_PAPER: Mapping[str, Any] = {
    "background": "white",
    "font": FAMILY,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "#4B5563",
        "titleColor": "#4B5563",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "gridColor": "#E1E6ED",
        "domainColor": "#94A0B0",
        "tickColor": "#94A0B0",
    },
    "axisY": {"domain": False, "ticks": False},
    "text": {"fontSize": 13, "font": FAMILY},
}


def on_paper(spec: Mapping[str, Any], *, width: int, height: int | None = None) -> dict[str, Any]:
    """The same chart for paper: fixed size in pixels, light ink, without what only a pointer can use."""
    found = {key: value for key, value in spec.items() if key not in ("config", "autosize")}
    found["layer"] = [_still(layer) for layer in spec.get("layer", ())]
    own = spec.get("config", {})
    config = {**_PAPER, **{key: {**_PAPER.get(key, {}), **value} for key, value in own.items()}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        **found,
        "padding": 4,
        "width": width,
        "height": height or spec.get("height", 300),
        "config": config,
    }


def _still(layer: Mapping[str, Any]) -> dict[str, Any]:
    """A layer without selection and tooltip; what a selection would light up has its resting value."""
    encoding = {}
    for channel, value in layer.get("encoding", {}).items():
        if channel in ("tooltip", "description"):
            continue
        if isinstance(value, Mapping) and isinstance(value.get("condition"), Mapping) and "param" in value["condition"]:
            value = {key: part for key, part in value.items() if key != "condition"}
        encoding[channel] = value
    mark = layer["mark"]
    if isinstance(mark, Mapping):
        mark = {key: part for key, part in mark.items() if key not in ("cursor", "tooltip")} | {"aria": False}
    return {**{k: v for k, v in layer.items() if k != "params"}, "mark": mark, "encoding": encoding}


def drawn(specs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each chart as an SVG text whose names are its own, so that many can stand in one page."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    svgs = (vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="6.4") for spec in specs)
    return [_own_names(svg, f"c{place}-") for place, svg in enumerate(svgs)]


def _own_names(svg: str, prefix: str) -> str:
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", svg)


def png(svg: str, *, scale: float = 2.0) -> bytes:
    """A drawn chart as a picture, for where no drawing can be embedded."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=scale))


def size(svg: str) -> tuple[float, float]:
    """Width and height of a drawn chart in pixels."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if found is None:
        raise ValueError("the drawing has no viewBox")
    return float(found[1]), float(found[2])
