"""What frozen figures hold: those of one change, kept with a decision, or those of a whole pack. Pure: knows neither
storage nor layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from impact.figures import ChangeFigures, from_json


def figures_in(content: Mapping[str, Any]) -> tuple[ChangeFigures, ...]:
    """All changes whose figures are in ``content``, in its order; what cannot be read any more is left out."""
    return tuple(_readable(content))


def figures_of(content: Mapping[str, Any], change_id: str) -> ChangeFigures | None:
    """The figures of one change; None where they are not among the kept ones."""
    return next((found for found in _readable(content) if found.id == change_id), None)


def _readable(content: Mapping[str, Any]) -> Iterator[ChangeFigures]:
    pages = content.get("pages", [{"figures": content}])
    for page in pages if isinstance(pages, list) else ():
        one = page.get("figures") if isinstance(page, Mapping) else None
        if isinstance(one, Mapping) and "measures" in one:
            try:
                yield from_json(one)
            except (TypeError, ValueError):
                continue
