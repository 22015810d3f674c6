"""The board and the charts as tables, for screen readers, keyboards, print, export: rows of text. Knows no layout."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from impact import wording
from impact.charts.board import next_step, why_next
from impact.charts.board_plan import milestone_told
from impact.csv_text import Table, as_csv
from impact.estimate import Estimate
from impact.metrics import Metric
from impact.portfolio import ChangeView
from impact.words.formats import plain, plural
from impact.words.readings import rests_on

__all__ = ["Table", "as_csv", "effects", "link", "measures", "plans"]


def link(change: ChangeView) -> str:
    """The change's name as a Markdown link to its page; works wherever the dashboard is served."""
    return f"[{plain(f'{change.number} {change.title}')}](change?change={quote(change.id)})"


def effects(changes: Sequence[ChangeView], metrics: Sequence[Metric], *, links: bool = True) -> Table:
    """A row for every change and board measure: the answer, the effect with its range, and what it rests on. Changes
    without any estimate have one row that says why."""
    table: Table = {name: [] for name in ("Change", *_COLUMNS)}
    shown = sorted((m for m in metrics if m.on_board), key=lambda m: m.on_board or 0)
    for change in changes:
        name = link(change) if links else f"{change.number} {change.title}"
        answered = any(isinstance(change.reading(m.name).result, Estimate) for m in shown)
        told = [_reading(change, m) for m in shown] if answered else [_unanswered(change)]
        for row in told:
            _add(table, (name, *row))
    return table


def measures(change: ChangeView, metrics: Sequence[Metric]) -> Table:
    """The same for every measure of one change."""
    table: Table = {name: [] for name in _COLUMNS}
    for metric in metrics:
        _add(table, _reading(change, metric))
    return table


_COLUMNS = ("Measure", "Answer", "Effect", "Likely range", "Before and after", "Based on")


def _reading(change: ChangeView, metric: Metric) -> tuple[str, ...]:
    reading = change.reading(metric.name)
    answer = wording.word_label(reading.verdict.word) + (", preliminary" if reading.preliminary else "")
    if not isinstance(reading.result, Estimate):
        return metric.label, answer, "no figure", wording.sentence(change, reading), "–", "–"
    before, after, unit = wording.before_after(reading)
    return (
        metric.label,
        answer,
        wording.effect_text(reading),
        wording.range_text(reading),
        f"{before} → {after} {unit}; {wording.expected_text(reading)} expected",
        rests_on(change, reading),
    )


def _unanswered(change: ChangeView) -> tuple[str, ...]:
    return "All measures", wording.word_label(change.word), "no figure", wording.headline(change), "–", "–"


def _add(table: Table, row: Sequence[str]) -> None:
    for column, text in zip(table.values(), row, strict=True):
        column.append(text)


def plans(changes: Sequence[ChangeView], *, links: bool = True) -> Table:
    """A row for every change: rollout, milestones, what is late, and what is asked of the room."""
    names = ("Change", "Customers", "Rollout", "Milestones", "Late", "Next step", "Why")
    table: Table = {name: [] for name in names}
    for change in changes:
        counted = [m for m in change.milestones if m.status != "cancelled"]
        done = sum(m.status == "done" for m in counted)
        late = [f"{plain(m.title)}: {milestone_told(m)['fact']}" for m in change.overdue]
        row = (
            link(change) if links else f"{change.number} {change.title}",
            wording.word_label(change.word),
            wording.stands(change),
            f"{done} of {plural(len(counted), 'milestone')} done" if counted else "none recorded",
            "; ".join(late) or "none",
            next_step(change),
            why_next(change),
        )
        _add(table, row)
    return table
