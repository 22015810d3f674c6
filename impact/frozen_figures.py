"""What frozen figures hold: those of one change, kept with a decision, or those of a whole pack. Pure: knows neither
storage nor layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from impact.figure_records import GROUPS, FigureTable
from impact.figures import ChangeFigures, from_json


def figures_in(content: Mapping[str, Any], *, smallest: int | None = None) -> tuple[ChangeFigures, ...]:
    """All changes whose figures are in ``content``, in its order; what cannot be read any more is left out.

    ``smallest`` is the fewest people that may stand behind a group today: groups that were kept when fewer could are
    left out, and without it all are.
    """
    return tuple(_allowed(found, smallest) for found in _readable(content))


def figures_of(
    content: Mapping[str, Any], change_id: str, *, smallest: int | None = None
) -> ChangeFigures | None:  # fmt: skip
    """The figures of one change, like ``figures_in``; None where they are not among the kept ones."""
    found = next((found for found in _readable(content) if found.id == change_id), None)
    return None if found is None else _allowed(found, smallest)


def _allowed(figures: ChangeFigures, smallest: int | None) -> ChangeFigures:
    def may_be_shown(table: FigureTable) -> bool:
        if table.name != GROUPS:
            return True
        return smallest is not None and table.smallest is not None and table.smallest >= smallest

    return replace(figures, tables=tuple(table for table in figures.tables if may_be_shown(table)))


def _readable(content: Mapping[str, Any]) -> Iterator[ChangeFigures]:
    pages = content.get("pages", [{"figures": content}])
    for page in pages if isinstance(pages, list) else ():
        one = page.get("figures") if isinstance(page, Mapping) else None
        if isinstance(one, Mapping) and "measures" in one:
            try:
                yield from_json(one)
            except (TypeError, ValueError):
                continue
