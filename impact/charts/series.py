"""One change over time as Vega-Lite charts: observed against expected, and its milestones. Knows no statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from impact.charts import BETTER, INK, MUTED, PAPER, RULE, STEEL, UNSURE, WORSE, Layer, field, layer, tooltip
from impact.charts.board_plan import milestone_told
from impact.estimate import Estimate
from impact.estimation.counterfactual import Counterfactual
from impact.metrics import Metric
from impact.portfolio import ChangeView, MilestoneView, Reading
from impact.words.formats import level, number, span, when

DAYS_PER_POINT = 7
LEAST_DAYS = 4
"""A week with fewer known days than this has no point."""
LEAST_POINTS = 4
"""With fewer weeks than this there is no course of time to draw."""
ENDS = {"satisfaction": (1.0, 5.0), "nps": (-100.0, 100.0)}
"""Ends of the scales of ratings."""
NAMED_NEIGHBOURS = 6
"""Other rollouts named in the chart; further ones keep their tick and tooltip."""


@dataclass(frozen=True)
class Point:
    """One week, in the unit the measure is shown in; ``low`` and ``high`` bound what chance alone would give."""

    middle: date
    first: date
    observed: float
    expected: float
    low: float
    high: float


def points(series: Counterfactual, metric: Metric, rollout_on: date) -> tuple[Point, ...]:
    """Weeks counted from the rollout, so that none mixes before and after. The rollout day itself is in none."""
    offsets = np.array([(day - rollout_on).days for day in series.days])
    weeks = np.where(offsets < 0, offsets // DAYS_PER_POINT, (offsets - 1) // DAYS_PER_POINT)
    known = np.isfinite(series.observed) & np.isfinite(series.expected) & (offsets != 0)
    weights = np.ones(len(offsets)) if metric.kind == "count" else np.nan_to_num(series.n)
    found = []
    for week in np.unique(weeks[known]):
        mine = known & (weeks == week) & (weights > 0)
        if mine.sum() < LEAST_DAYS:
            continue
        values = (
            _mean(part[mine], weights[mine]) for part in (series.observed, series.expected, series.low, series.high)
        )
        first = rollout_on + timedelta(days=int(week) * DAYS_PER_POINT + (1 if week >= 0 else 0))
        observed, expected, low, high = (in_unit(metric, value) for value in values)
        found.append(Point(first + timedelta(days=3), first, observed, expected, low, high))
    return tuple(found)


def _mean(values: Any, weights: Any) -> float:
    kept = np.isfinite(values)
    return float(np.average(values[kept], weights=weights[kept])) if kept.any() else math.nan


def in_unit(metric: Metric, value: float) -> float:
    """A level on the engine's scale in the unit it is shown in: hours for logarithms of minutes, percent for shares.
    What lies beyond the ends of a rating's scale, as the bounds of a range can, is put at its end."""
    if metric.log:
        return math.exp(value) / 60
    if metric.name in ENDS:
        return min(max(value, ENDS[metric.name][0]), ENDS[metric.name][1])
    return 100 * value if metric.kind == "share" else value


def drawable(series: Counterfactual, change: ChangeView, metric: Metric) -> bool:
    """Whether enough weeks are known for a chart that can be read."""
    return change.rollout_on is not None and len(points(series, metric, change.rollout_on)) >= LEAST_POINTS


def observed_expected(series: Counterfactual, change: ChangeView, reading: Reading) -> dict[str, Any]:
    """The chart of one measure: what happened, what was to be expected with its likely range, the rollout, the
    compared windows and other changes on the same services. Raises ValueError for a change without a rollout."""
    if change.rollout_on is None:
        raise ValueError(f"change {change.number} has no rollout date, so there is no before and after to draw")
    weeks = points(series, reading.metric, change.rollout_on)
    values = with_gaps(weeks, reading.metric)
    layers = [
        *_windows(reading),
        *_expectation(values),
        *_neighbours(change, weeks),
        *_observation(values),
        *_rollout(change.rollout_on, change.rollout_to),
    ]
    axis: dict[str, Any] = {"title": None, "grid": False, "format": "%-d %b", "labelOverlap": True}
    axis["tickCount"] = {"interval": "week", "step": 2}
    ends = {"domain": [day_text(series.days[0]), day_text(series.days[-1] + timedelta(days=1))], "type": "time"}
    for each in layers:
        each["encoding"]["x"] |= {"axis": axis, "scale": ends | {"nice": False}}
        if "field" in each["encoding"].get("y", {}):
            unit = reading.metric.unit
            each["encoding"]["y"] |= {"axis": {"title": unit, "tickCount": 5}, "scale": {"zero": False, "nice": True}}
    return {
        "padding": {"top": 42, "left": 4, "right": 8, "bottom": 4},
        "layer": [e for e in layers if e["data"]["values"]],
    }


def with_gaps(weeks: Sequence[Point], metric: Metric) -> list[dict[str, Any]]:
    """The weeks as rows, with an empty row where weeks are missing, so that no line is drawn over what is unknown."""
    rows: list[dict[str, Any]] = []
    for before, week in zip([None, *weeks], weeks, strict=False):
        if before is not None and (week.first - before.first).days > DAYS_PER_POINT + 1:
            empty = dict.fromkeys(("observed", "expected", "low", "high"))
            rows.append({"on": day_text(before.middle + timedelta(days=DAYS_PER_POINT)), **empty})
        rows.append(_told(week, metric))
    return rows


def day_text(on: date) -> str:
    """Midnight as browsers of every time zone draw it on that day."""
    return f"{on.isoformat()}T00:00:00"


def _told(week: Point, metric: Metric) -> dict[str, Any]:
    def text(value: float) -> str:
        digits = 2 if metric.unit == "points of 5" else 1
        return (level(value) if metric.kind == "count" else number(value, digits)) + " " + metric.unit

    likely = f"{text(week.low).split(' ')[0]} to {text(week.high)}"
    return {
        "on": day_text(week.middle), "observed": week.observed, "expected": week.expected, "low": week.low,
        "high": week.high, "week": f"Week from {when(week.first)}", "happened": text(week.observed),
        "likely": f"{text(week.expected)}, likely {likely}",
        "told": f"Week from {when(week.first)}: {text(week.observed)}, expected {text(week.expected)}",
    }  # fmt: skip


def _time(name: str = "on") -> dict[str, Any]:
    return field(name, "temporal")


def _expectation(values: Sequence[dict[str, Any]]) -> Iterator[Layer]:
    about = tooltip(week="When", happened="Observed", likely="Expected")
    band = {"type": "area", "fill": UNSURE, "opacity": 0.22}
    dashes = {"type": "line", "stroke": STEEL, "strokeDash": [5, 4], "strokeWidth": 1.8}
    yield layer(values, band, x=_time(), y=field("low"), y2={"field": "high"}, tooltip=about)
    yield layer(values, dashes, x=_time(), y=field("expected"))


def _observation(values: Sequence[dict[str, Any]]) -> Iterator[Layer]:
    about = tooltip(week="When", happened="Observed", likely="Expected")
    yield layer(values, {"type": "line", "stroke": BETTER, "strokeWidth": 2.4}, x=_time(), y=field("observed"))
    known = [value for value in values if value["observed"] is not None]
    yield layer(known, {"type": "point", "fill": BETTER, "strokeWidth": 0, "size": 46}, x=_time(), y=field("observed"),
                tooltip=about, description={"field": "told", "type": "nominal"})  # fmt: skip


def _windows(reading: Reading) -> Iterator[Layer]:
    """The days that were compared, shaded and named; nothing where there is no estimate."""
    result = reading.result
    if not isinstance(result, Estimate):
        return
    spans = (
        (result.pre_from, result.pre_to, f"{result.shape.pre} days before"),
        (result.post_from, result.post_to, f"{result.shape.post} days after"),
    )
    rows = [{"on": day_text(a), "end": day_text(b + timedelta(days=1)), "text": text} for a, b, text in spans]
    edge = {"y": {"value": 0}, "y2": {"value": "height"}}
    yield layer(rows, {"type": "rect", "fill": BETTER, "opacity": 0.07}, x=_time(), x2={"field": "end"}, **edge)
    line = {"type": "rule", "stroke": BETTER, "strokeWidth": 3, "opacity": 0.5}
    yield layer(rows, line, x=_time(), x2={"field": "end"}, y={"value": 0})
    words = {"type": "text", "fill": MUTED, "fontSize": 11.5, "dy": -8}
    for row, name, align, dx in zip(rows, ("end", "on"), ("right", "left"), (-4, 4), strict=True):
        mark = words | {"align": align, "dx": dx}
        yield layer([row], mark, x=_time(name), y={"value": 0}, text={"field": "text", "type": "nominal"})


def _rollout(on: date, to: date | None) -> Iterator[Layer]:
    """The day customers met the change; of a rollout over days, all of them."""
    rows = [{"on": day_text(on), "text": f"rolled out {span(on, to) if to else when(on)}"}]
    if to:
        days = [{"on": day_text(on), "end": day_text(to + timedelta(days=1))}]
        yield layer(days, {"type": "rect", "fill": INK, "opacity": 0.1}, x=_time(), x2={"field": "end"},
                    y={"value": 0}, y2={"value": "height"})  # fmt: skip
    yield layer(rows, {"type": "rule", "stroke": INK, "strokeWidth": 1.6}, x=_time(), y={"value": -22},
                y2={"value": "height"})  # fmt: skip
    yield layer(rows, {"type": "text", "fill": INK, "fontWeight": 600, "dy": -29}, x=_time(), y={"value": 0},
                text={"field": "text", "type": "nominal"})  # fmt: skip


def _neighbours(change: ChangeView, weeks: Sequence[Point]) -> Iterator[Layer]:
    """Other rollouts on the same services inside the drawn weeks, named at the foot, in turn on three lines."""
    if not weeks:
        return
    first, last = weeks[0].first, weeks[-1].first + timedelta(days=6)
    near = [n for n in change.neighbours if first <= n.rollout_on <= last]
    rows = [
        {"on": day_text(n.rollout_on), "text": n.number, "name": f"{n.number} {n.title}", "when": when(n.rollout_on),
         "where": ", ".join(n.services), "line": i % 3, "before": n.rollout_on < (change.rollout_on or n.rollout_on)}
        for i, n in enumerate(near)
    ]  # fmt: skip
    about = tooltip(name="Other change", when="Rolled out", where="On")
    rule = {"type": "rule", "stroke": RULE, "strokeDash": [2, 3], "strokeWidth": 1.5}
    yield layer(rows, rule, x=_time(), y={"value": 0}, y2={"value": "height"}, tooltip=about)
    for line in range(3):
        for before, align, dx in ((True, "right", -4), (False, "left", 4)):
            mine = [row for row in rows[:NAMED_NEIGHBOURS] if (row["line"], row["before"]) == (line, before)]
            mark = {"type": "text", "fill": MUTED, "fontSize": 11, "align": align, "dx": dx, "dy": -8 - 14 * line}
            yield layer(mine, mark, x=_time(), y={"value": "height"}, text={"field": "text", "type": "nominal"},
                        tooltip=about, description={"field": "name", "type": "nominal"})  # fmt: skip


def timetable(change: ChangeView, today: date) -> dict[str, Any]:
    """The milestones of one change on the calendar, a row each: planned tick, done diamond, to come circle, late."""
    steps = [m for m in change.milestones if m.status != "cancelled" and (m.due_on or m.done_on)]
    steps.sort(key=lambda m: m.due_on or m.done_on or today)
    rows = [_step(i, step, today) for i, step in enumerate(steps)]
    layers = [*_bars(rows), *_now(today)]
    if change.planned_on:
        layers += _planned(change.planned_on)
    axis = {"title": None, "format": "%b %y", "tickCount": 6, "grid": True, "labelOverlap": True, "orient": "top"}
    titles = [row["title"] for row in rows]
    for each in layers:
        each["encoding"]["x"] |= {"axis": axis}
        if "field" in each["encoding"].get("y", {}):
            names: dict[str, Any] = {
                "title": None,
                "labelLimit": 240,
                "ticks": False,
                "domain": False,
                "labelPadding": 10,
            }
            names |= {"labelFlush": False, "labelExpr": "split(datum.label, '\\u2063')[0]"}
            each["encoding"]["y"] |= {"type": "nominal", "sort": titles, "axis": names, "scale": {"domain": titles}}
    return {"layer": [each for each in layers if each["data"]["values"]]}


def _step(index: int, step: MilestoneView, today: date) -> dict[str, Any]:
    told = milestone_told(step)
    on = step.done_on or (today if step.overdue else step.due_on) or today
    start = step.planned_start_on or step.due_on or on
    kind = "done" if step.status == "done" else "late" if step.overdue else "open"
    due = step.due_on or on
    return {
        "title": f"{step.title}\N{INVISIBLE SEPARATOR}{index}",
        "on": day_text(on),
        "due": day_text(due),
        "from": day_text(min(start, due)),
        "kind": kind,
        "late": on > due,
        **told,
    }


def _bars(rows: Sequence[dict[str, Any]]) -> Iterator[Layer]:
    about = tooltip(step="Milestone", plan="Planned", fact="State")
    y = {"field": "title"}
    bar = {"type": "rule", "stroke": RULE, "strokeWidth": 5, "opacity": 0.5, "strokeCap": "round"}
    delay = {"type": "rule", "stroke": WORSE, "strokeWidth": 2, "opacity": 0.6}
    tick = {"type": "tick", "fill": STEEL, "strokeWidth": 0, "thickness": 1.8, "size": 18, "orient": "vertical"}
    yield layer([r for r in rows if r["from"] != r["due"]], bar, x=_time("from"), x2={"field": "due"}, y=dict(y))
    yield layer([r for r in rows if r["late"]], delay, x=_time("due"), x2={"field": "on"}, y=dict(y))
    yield layer(rows, tick, x=_time("due"), y=dict(y))
    looks = {
        "done": {"shape": "diamond", "fill": STEEL, "strokeWidth": 0, "size": 110},
        "open": {"shape": "circle", "fill": PAPER, "stroke": STEEL, "strokeWidth": 1.8, "size": 80},
        "late": {"shape": "triangle-down", "fill": WORSE, "strokeWidth": 0, "size": 120},
    }
    for kind, look in looks.items():
        yield layer([r for r in rows if r["kind"] == kind], {"type": "point", **look}, x=_time(), y=dict(y),
                    tooltip=about, description={"field": "told", "type": "nominal"})  # fmt: skip


def _now(today: date) -> Iterator[Layer]:
    rows = [{"on": day_text(today), "text": "today"}]
    yield layer(rows, {"type": "rule", "stroke": RULE, "strokeDash": [4, 3], "strokeWidth": 1.5}, x=_time(),
                y={"value": 0}, y2={"value": "height"})  # fmt: skip
    yield layer(rows, {"type": "text", "fill": MUTED, "dy": 10, "fontSize": 11.5}, x=_time(), y={"value": "height"},
                text={"field": "text", "type": "nominal"})  # fmt: skip


def _planned(on: date) -> list[Layer]:
    rows = [{"on": day_text(on), "text": "planned rollout"}]
    rule = {"type": "rule", "stroke": INK, "strokeWidth": 1.6}
    name = {"type": "text", "fill": INK, "fontWeight": 600, "dy": 24, "fontSize": 11.5}
    foot = {"value": "height"}
    return [
        layer(rows, rule, x=_time(), y={"value": 0}, y2=foot),
        layer(rows, name, x=_time(), y=foot, text={"field": "text", "type": "nominal"}),
    ]
