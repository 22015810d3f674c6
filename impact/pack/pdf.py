"""The pack as a PDF: A4 landscape, tagged for screen readers, with bookmarks. Knows no figure and no chart.

How it looks is written in ``pack.typ``; this hands it the records and drawings. Nothing is fetched, and only the fonts
beside this file and those inside the engine are used, so that every machine makes the same pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impact.pack.charts import FONTS
from impact.pack.content import Chart, Pack, column_shares, foot_of, further_of, further_tables
from impact.plain_json import as_json
from impact.words.pack_labels import LABELS

TEMPLATE = Path(__file__).with_name("pack.typ")
MOST_MILESTONES = 12
"""A page has room for so many; a longer list stands in full among the further figures."""


def charts_of(pack: Pack) -> list[Chart]:
    """Every chart of a pack in the order of its pages; drawn once and shared by all forms."""
    content = pack.content
    return [*content.overviews, *(page.chart for page in content.pages if page.chart is not None)]


def written(pack: Pack, svgs: Sequence[str]) -> bytes:
    """The PDF. ``svgs`` are the drawings of ``charts_of(pack)``, in that order."""
    import typst

    found: bytes = typst.compile(
        TEMPLATE,
        format="pdf",
        sys_inputs={"data": json.dumps(_inputs(pack, svgs), ensure_ascii=False)},
        font_paths=[FONTS],
        ignore_system_fonts=True,
        pdf_standards="ua-1",
        timestamp=int(pack.frozen_at.timestamp()),
    )
    return found


def _inputs(pack: Pack, svgs: Sequence[str]) -> dict[str, Any]:
    plain = as_json(pack)
    places = iter(range(len(svgs)))
    for page, record in zip(plain["content"]["pages"], pack.content.pages, strict=True):
        page["foot"] = foot_of(record)
    for chart in [
        *plain["content"]["overviews"],
        *(page["chart"] for page in plain["content"]["pages"] if page["chart"]),
    ]:
        chart.pop("spec")
        chart.pop("points")
        chart["svg"] = next(places, None)
    return {
        "pack": plain,
        "svgs": list(svgs),
        "labels": LABELS,
        "link": pack.link,
        "where": pack.where,
        "further": [(figures.number, as_json(measure)) for figures, measure in further_of(pack.content)],
        "tables": [as_json(t) | {"shares": column_shares(t)} for t in further_tables(pack.content)],
        "most_milestones": MOST_MILESTONES,
    }
