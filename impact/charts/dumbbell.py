"""The customers of each group as one Vega-Lite chart: before and after, measure beside measure, a group a row.

Knows groups and words; decides nothing. Everything is placed in one view, as on the board: one y scale for all
measures, so that no row of one measure can slip against another, and one x scale for all groups of a measure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from impact.charts import (
    HAIRLINE,
    INK,
    LOOKS,
    MUTED,
    PAPER,
    RULE,
    STEEL,
    Layer,
    field,
    layer,
    lines,
    looks,
    texts,
    tooltip,
)
from impact.charts.frame import framed
from impact.charts.series import ENDS, in_unit
from impact.estimate import Estimate
from impact.group_values import GroupReading, GroupsOfChange
from impact.metrics import Metric
from impact.portfolio import Reading
from impact.words.amounts import before_after, effect_text, expected_text, range_text
from impact.words.formats import number, percent
from impact.words.group_words import answered_text, basis, dimension_label, few_text
from impact.words.readings import why_none
from impact.words.sentences import strip_text, word_label

HEAD, ROW, FOOT = 62, 32, 8
"""Heights in pixels: titles with their scale, a group, the foot."""
LABEL_END, GAP = 0.135, 0.026
RATE_WIDTH = 0.085
"""The column of response rates beside satisfaction, as a share of the width."""
CLIPPED = 2.5
"""A likely range reaches at most this many times (or, on plain scales, widths) beyond the levels themselves."""
LEAST_WIDTH = {"share": 8.0, "points": 0.5, "minutes": 10.0}
"""A scale is never narrower than this, so that small differences look small: percentage points, points, minutes."""
LEAST_RATIO = 1.5


@dataclass(frozen=True)
class Levels:
    """One group and measure in the unit it is drawn in; ``low`` to ``high`` is where it would likely be without the
    change: the level after, less the ends of the effect's likely range."""

    before: float
    after: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """The column of one measure: where it lies and how a level is placed in it."""

    metric: Metric
    left: float
    right: float
    least: float
    most: float
    empty: bool = False

    @property
    def ratio(self) -> bool:
        """Whether equal lengths are equal percentages."""
        return self.metric.scale == "percent"

    def x(self, value: float) -> float:
        """Place of a level on the width, clipped to the column."""
        low, high, at = (self._scaled(v) for v in (self.least, self.most, value))
        part = (at - low) / (high - low)
        return self.left + (self.right - self.left) * max(0.0, min(1.0, part))

    def _scaled(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.ratio else value

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round levels inside the scale; none where nothing is drawn."""
        if self.empty:
            return ()
        return _round_ratios(self.least, self.most) if self.ratio else _round_steps(self.least, self.most)


def levels(metric: Metric, result: Estimate) -> Levels:
    """The levels of an estimate in the unit drawn."""
    before, after, expected = (in_unit(metric, v) for v in (result.before, result.after, result.expected_after))
    ends = [_without(metric, result.after, effect) for effect in (result.high, result.low)]
    return Levels(before, after, expected, min(ends), max(ends))


def _without(metric: Metric, after: float, effect: float) -> float:
    """The level that would have come without an effect of this size."""
    if metric.kind == "count":
        return after * math.exp(-effect)
    return max(in_unit(metric, after - effect), 0.0)


def dumbbells(found: GroupsOfChange) -> dict[str, Any]:
    """The chart of all groups shown. Raises ValueError where none is."""
    if not found.groups or not found.measures:
        raise ValueError(f"change {found.change_id} has no group to draw: its state is {found.state!r}")
    panels = panels_of(found)
    bottom = HEAD + ROW * len(found.groups)
    layers = [
        *_grounds(found, bottom),
        *_titles(found, panels, bottom),
        *_names(found),
        *_marks(found, panels),
        *_rates(found, panels),
    ]
    return framed(layers, height=bottom + FOOT, font=12.5)


def panels_of(found: GroupsOfChange) -> tuple[Panel, ...]:
    """A column for each measure, side by side; room for response rates is left beside satisfaction."""
    rated = any(metric.name == "satisfaction" for metric in found.measures)
    width = (1.0 - LABEL_END - (RATE_WIDTH if rated else 0.0)) / len(found.measures)
    panels, left = [], LABEL_END
    for metric in found.measures:
        known = [
            levels(metric, reading.result)
            for group in found.groups
            if (reading := group.readings.get(metric.name)) is not None and isinstance(reading.result, Estimate)
        ]
        panels.append(Panel(metric, left + GAP / 2, left + width - GAP / 2, *_domain(metric, known), not known))
        left += width + (RATE_WIDTH if metric.name == "satisfaction" else 0.0)
    return tuple(panels)


def _domain(metric: Metric, known: Sequence[Levels]) -> tuple[float, float]:
    """One scale for all groups: it holds every level, and likely ranges as far as they do not squeeze the rest."""
    points = [v for one in known for v in (one.before, one.after, one.expected)] or [1.0, 2.0]
    ends = [v for one in known for v in (one.low, one.high)] or points
    least, most = min(points), max(points)
    if metric.scale == "percent":
        least, most = max(min(p for p in points if p > 0) if any(p > 0 for p in points) else 1.0, 1e-3), max(most, 1e-2)
        least, most = max(min(least, *ends), least / CLIPPED), min(max(most, *ends), most * CLIPPED)
        wider = max(1.0, LEAST_RATIO / (most / least)) ** 0.5
        return least / wider / 1.06, most * wider * 1.06
    room = max(most - least, LEAST_WIDTH.get(metric.scale, 1.0))
    least, most = max(min(least, *ends), least - room), min(max(most, *ends), most + room)
    spare = max(0.0, LEAST_WIDTH.get(metric.scale, 1.0) - (most - least)) / 2 + 0.04 * (most - least)
    least, most = least - spare, most + spare
    bounds = ENDS.get(metric.name, (0.0, 100.0) if metric.kind == "share" else (0.0, math.inf))
    return max(least, bounds[0]), min(most, bounds[1])


def _round_ratios(least: float, most: float) -> tuple[float, ...]:
    series = [m * 10.0**k for k in range(-3, 7) for m in (1, 2, 5)]
    inside = [v for v in series if least <= v <= most]
    if len(inside) < 2:
        step = _step(most - least)
        inside = [i * step for i in range(math.ceil(least / step), math.floor(most / step) + 1)]
    return tuple(inside if len(inside) <= 4 else inside[:: math.ceil(len(inside) / 4)])


def _round_steps(least: float, most: float) -> tuple[float, ...]:
    step = _step(most - least)
    return tuple(i * step for i in range(math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9) + 1))


def _step(width: float) -> float:
    """The smallest round step that gives at most five ticks."""
    size = 10.0 ** math.floor(math.log10(max(width, 1e-9) / 5))
    return next(m * size for m in (1, 2, 5, 10, 20) if width / (m * size) <= 5)


def _grounds(found: GroupsOfChange, bottom: float) -> Iterator[Layer]:
    """A hairline above every row, and one below the last."""
    rules = [{"x": 0, "x2": 1, "y": y, "y2": y} for y in range(HEAD, round(bottom) + 1, ROW)]
    yield lines(rules, stroke=HAIRLINE)


def _titles(found: GroupsOfChange, panels: Sequence[Panel], bottom: float) -> Iterator[Layer]:
    """Measures with their unit, and round levels as thin lines with their number."""
    titles = [{"x": (p.left + p.right) / 2, "y": 9, "text": p.metric.label} for p in panels]
    yield texts(titles, align="center", fontWeight=600)
    yield texts([{"x": 0.0, "y": 9, "text": dimension_label(found.dimension)}], fontWeight=600)
    units = [{"x": (p.left + p.right) / 2, "y": 26, "text": p.metric.unit} for p in panels]
    yield texts(units, align="center", fill=MUTED, fontSize=11.5)
    ticks = [(p, tick, p.x(tick)) for p in panels for tick in p.ticks]
    yield lines([{"x": x, "x2": x, "y": HEAD - 4, "y2": bottom} for _, _, x in ticks], stroke=HAIRLINE)
    named = [{"x": x, "y": HEAD - 13, "text": tick_text(p.metric, tick)} for p, tick, x in ticks]
    yield texts(named, align="center", fill=MUTED, fontSize=11)


def tick_text(metric: Metric, value: float) -> str:
    """A round level without needless digits."""
    return f"{value:g}" if metric.scale != "share" else number(value)


def _y(place: int) -> float:
    return HEAD + ROW * (place + 0.5)


def _names(found: GroupsOfChange) -> Iterator[Layer]:
    for named in (True, False):
        rows = [
            {"x": 0.0, "y": _y(i), "text": group.name} for i, group in enumerate(found.groups) if group.named == named
        ]
        yield texts(rows, limit=150, fontWeight=600 if named else 400)


def _marks(found: GroupsOfChange, panels: Sequence[Panel]) -> Iterator[Layer]:
    """Where a group would likely be without the change, from where to where it went; or why there is no figure."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, row in _cells(found, panels):
        rows[kind].append(row)
    about = tooltip(
        group="Group", measure="Measure", course="Before and after", expected="Expected", effect="Effect",
        range="Range", basis="From",
    )  # fmt: skip
    on: dict[str, Any] = {"x": field("x"), "y": field("y")}
    shape = LOOKS["shape"]
    bar = {"type": "rule", "strokeWidth": 11, "stroke": RULE, "opacity": 0.45}
    yield layer(rows["bar"], bar, **on, x2={"field": "x2"}, tooltip=about)
    yield layer(rows["cut"], {"type": "point", "size": 40, "strokeWidth": 0, "fill": RULE}, **on, shape=shape)
    tick = {"type": "tick", "fill": MUTED, "strokeWidth": 0, "thickness": 1.5, "size": 13, "orient": "vertical"}
    yield layer(rows["expected"], tick, **on, tooltip=about)
    yield layer(rows["way"], {"type": "rule", "strokeWidth": 2}, **on, x2={"field": "x2"}, stroke=LOOKS["stroke"])
    start = {"type": "point", "shape": "circle", "size": 44, "fill": PAPER, "stroke": STEEL, "strokeWidth": 1.6}
    yield layer(rows["start"], start, **on, tooltip=about)
    hollow = [row for row in rows["mark"] if row["fill"] == "none"]
    yield layer(hollow, {"type": "point", "size": 78, "fill": PAPER, "strokeWidth": 0}, **on, shape=shape)
    yield layer(rows["mark"], {"type": "point", "size": 78, "strokeWidth": 1.8}, **on, tooltip=about,
                description=field("told", "nominal"), **LOOKS)  # fmt: skip
    words = {"type": "text", "align": "center", "baseline": "middle", "fill": MUTED, "fontSize": 12}
    yield layer(rows["said"], words, **on, text=field("text", "nominal"), description=field("told", "nominal"),
                tooltip=tooltip(group="Group", measure="Measure", why="Why"))  # fmt: skip


def _cells(found: GroupsOfChange, panels: Sequence[Panel]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is drawn of every group and measure: which mark, and its row."""
    for place, group in enumerate(found.groups):
        for panel in panels:
            reading = group.readings.get(panel.metric.name)
            at = {"y": _y(place), "group": group.name}
            if reading is None or not isinstance(reading.result, Estimate):
                yield "said", at | _no_figure(found, panel, reading)
                continue
            one, told = levels(panel.metric, reading.result), at | _told(group, reading)
            look = looks(reading.verdict.word)
            before, after = panel.x(one.before), panel.x(one.after)
            yield "bar", told | {"x": panel.x(one.low), "x2": panel.x(one.high)}
            if one.low < panel.least:
                yield "cut", told | {"x": panel.left, "shape": "triangle-left"}
            if one.high > panel.most:
                yield "cut", told | {"x": panel.right, "shape": "triangle-right"}
            yield "expected", told | {"x": panel.x(one.expected)}
            yield "way", told | {"x": before, "x2": after, "stroke": look["stroke"]}
            yield "start", told | {"x": before}
            yield "mark", told | look | {"x": after}


def _no_figure(found: GroupsOfChange, panel: Panel, reading: Reading | None) -> dict[str, Any]:
    """The short word in place of marks, and why."""
    why = few_text(panel.metric, found.smallest) if reading is None else why_none(reading)
    text = "hidden" if reading is None else strip_text(reading.verdict) or word_label(reading.verdict.word).lower()
    told = f"{panel.metric.label}: {why}"
    return {"x": (panel.left + panel.right) / 2, "text": text, "measure": panel.metric.label, "why": why, "told": told}


def _told(group: GroupReading, reading: Reading) -> dict[str, str]:
    before, after, unit = before_after(reading)
    told = {
        "measure": f"{reading.metric.label}: {word_label(reading.verdict.word).lower()}",
        "course": f"{before} → {after} {unit}",
        "expected": expected_text(reading),
        "effect": effect_text(reading),
        "range": range_text(reading),
        "basis": basis(reading),
    }
    if reading.metric.name == "satisfaction":
        told["basis"] = "; answered: ".join(filter(None, (basis(reading), answered_text(group))))
    return told | {"told": f"{group.name}, {told['measure']}, {told['course']}, {told['effect']}, {told['range']}"}


def _rates(found: GroupsOfChange, panels: Sequence[Panel]) -> Iterator[Layer]:
    """The response rate with its range beside satisfaction."""
    beside = next((p.right + GAP / 2 for p in panels if p.metric.name == "satisfaction"), None)
    if beside is None:
        return
    x = beside + RATE_WIDTH / 2
    yield texts([{"x": x, "y": 9, "text": "Response"}], align="center", fontWeight=600)
    yield texts([{"x": x, "y": 26, "text": "likely range"}], align="center", fill=MUTED, fontSize=11.5)
    rows = []
    for place, group in enumerate(found.groups):
        asked = group.asked
        if asked is None or asked.rate is None or asked.low is None or asked.high is None:
            rows.append({"x": x, "y": _y(place) + 7, "text": "–", "range": "", "told": "no response rate"})
            continue
        span = f"{number(100 * asked.low)} to {number(100 * asked.high)}"
        rows.append({"x": x, "y": _y(place), "text": percent(asked.rate), "range": span, "told": answered_text(group)})
    for name, dy, look in (("text", -7, {"fill": INK}), ("range", 8, {"fill": MUTED, "fontSize": 11})):
        mine = [row | {"text": row[name]} for row in rows]
        made = texts(mine, align="center", dy=dy, **look)
        made["encoding"] |= {"tooltip": tooltip(told="Answered")}
        yield made
