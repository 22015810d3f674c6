"""The shapes of words and milestones as small drawings for HTML; as on the board. Knows no change."""

from __future__ import annotations

from impact.pack.content import Look

_PATHS = {
    "triangle-up": "M1,9.2 L5,1 L9,9.2 Z",
    "triangle-down": "M1,0.8 L5,9 L9,0.8 Z",
    "circle": "M5,1 A4,4 0 1,1 4.99,1 Z",
    "diamond": "M5,0.6 L9.4,5 L5,9.4 L0.6,5 Z",
    "square": "M1.2,1.2 H8.8 V8.8 H1.2 Z",
    "stroke": "M0.8,5 H9.2",
}
_CROSS, _PAUSE = "M1.5,1.5 L8.5,8.5 M8.5,1.5 L1.5,8.5", "M3,1 V9 M7,1 V9"
STEEL, LATE = "#5B6675", "#D55E00"


def as_svg(look: Look) -> str:
    """A word's shape. The word itself always stands beside it, so it is silent for screen readers."""
    path = _PATHS.get(look.shape) or (_CROSS if look.shape.startswith("M-1") else _PAUSE)
    return _drawn(path, look.colour, look.colour if look.filled else "none")


def step_svg(mark: str) -> str:
    """A milestone's shape: done, late, open or cancelled."""
    shape = {"done": "diamond", "late": "triangle-down", "cancelled": "stroke"}.get(mark, "circle")
    colour = LATE if mark == "late" else STEEL
    return _drawn(_PATHS[shape], colour, "none" if mark == "open" else colour)


def _drawn(path: str, stroke: str, fill: str) -> str:
    return (
        f'<svg class="mark" viewBox="0 0 10 10" aria-hidden="true" focusable="false">'
        f'<path d="{path}" stroke="{stroke}" fill="{fill}" stroke-width="1.3"/></svg>'
    )
