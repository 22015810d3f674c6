"""Writes docs/metrics.md from METRICS: ``python -m tests.metrics_page``. Knows the records, no data."""

from __future__ import annotations

from pathlib import Path

from impact.metrics import METRICS, Metric
from impact.wording import margin_text

FILE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
OPENING = """\
# Metrics

Made from `METRICS` in impact/metrics.py by `python -m tests.metrics_page`; a test compares. One record is all a metric
needs: the pages, the words, the engine and this page follow from it.

Percentages over a period pool numerators and denominators; they are never averages of daily percentages. An effect on
a count or a duration is a percentage of what was expected without the change, never of the value before; on a share it
is percentage points, on a rating points. What is unknown stays unknown and never counts as 0.
"""
SCALES = {"percent": "percent of expected", "points": "points", "share": "percentage points", "minutes": "minutes"}
KINDS = {"count": "count", "mean": "mean", "share": "share"}


def page() -> str:
    """The whole page as Markdown."""
    rows = ["| Metric | Unit | Good | Kind | Effect in | Matters from |", "|---|---|---|---|---|---|"]
    rows += [
        f"| [{m.label}](#{_anchor(m)}) | {m.unit} | {m.better} | {_kind(m)} | {SCALES[m.scale]} | {_margin(m)} |"
        for m in METRICS
    ]
    return "\n".join([OPENING, *rows, "", *map(_section, METRICS)])


def _section(metric: Metric) -> str:
    lines = [
        f"## {metric.label}",
        "",
        metric.help,
        "",
        f"- Name: `{metric.name}`" + (f", column {metric.on_board} of the steering view" if metric.on_board else ""),
        f"- Formula: {metric.formula}",
        f"- Trap: {metric.trap}",
    ]
    if metric.matures_days:
        lines.append(f"- Days count once they are {metric.matures_days} days old.")
    return "\n".join([*lines, ""])


def _kind(metric: Metric) -> str:
    return f"{KINDS[metric.kind]} of logarithms" if metric.log else KINDS[metric.kind]


def _margin(metric: Metric) -> str:
    return margin_text(metric).replace("\N{NO-BREAK SPACE}", " ")


def _anchor(metric: Metric) -> str:
    return metric.label.lower().replace(" ", "-")


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
