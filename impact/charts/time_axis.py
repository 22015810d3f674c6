"""One change on one time axis: what happened against what was to be expected above, plan and surroundings below.

Knows no statistics. Both panels are one drawing with one horizontal scale, so that no day of one can slip against the
same day of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from impact.charts import (
    BETTER,
    HAIRLINE,
    INK,
    MUTED,
    PAPER,
    RULE,
    STEEL,
    UNSURE,
    WORSE,
    Layer,
    field,
    layer,
    tooltip,
)
from impact.charts.frame import framed
from impact.charts.series import Point, day_text, points, with_gaps
from impact.charts.time_lanes import RIM, around, lanes, named_lanes
from impact.charts.time_places import GUTTER, HEAD, SEAM, Places, ends, places
from impact.estimate import Counterfactual, Estimate
from impact.portfolio import ChangeView, Neighbour, Reading
from impact.sections import Freeze
from impact.slips import SlipForecast
from impact.words.formats import number, span, when
from impact.words.timeline_words import month_starts

ROOM_FOR_A_MONTH = 12
"""Days right of a month's first one that its name needs."""
LEFT = 4.0
"""Where the names of lanes begin, in pixels."""


def chart(
    series: Counterfactual | None,
    change: ChangeView,
    reading: Reading | None,
    *,
    today: date,
    freezes: Sequence[Freeze] = (),
    forecasts: Mapping[str, SlipForecast] | None = None,
    neighbours_by_people: Sequence[Neighbour] = (),
) -> dict[str, Any]:
    """The drawing as a Vega-Lite dict; ``height`` in it is the height it needs.

    ``series`` and ``reading`` are None for a change that is not live or has no figures: the upper panel is then left
    out. ``forecasts`` are by title of the milestone. Freezes and other changes outside the days drawn are left out.
    """
    weeks: tuple[Point, ...] = ()
    if series is not None and reading is not None and change.rollout_on is not None:
        weeks = points(series, reading.metric, change.rollout_on)
    known = forecasts or {}
    ahead = [day for found in known.values() for day in (found.on, found.latest)]
    days = (series.days[0], series.days[-1]) if series is not None and weeks else None
    first, last = ends(change, today=today, days=days, more=ahead)
    near = [n for n in merged(change.neighbours, neighbours_by_people) if first <= n.rollout_on <= last]
    inside = [f for f in freezes if f.last_on >= first and f.first_on <= last]
    named = named_lanes(Places(first, last, (), None, None, ()), change, inside, near)
    place = places(change, weeks, days=(first, last), named=named)
    layers = [
        *_months(place),
        *around(place, inside, near, change, today),
        *(_figures(place, weeks, reading) if weeks and reading else ()),
        *_now(place, today),
        *_rollout(place, change),
        *_month_names(place),
        *lanes(place, today, known),
        *_legend(place, likely=bool(known)),
    ]
    return _drawing(place, layers)


def merged(near: Sequence[Neighbour], by_people: Sequence[Neighbour]) -> tuple[Neighbour, ...]:
    """Each other change once, with the services and the groups of customers it shares."""
    found = {n.change_id: n for n in near}
    for n in by_people:
        mine = found.get(n.change_id)
        services = n.services if mine is None else tuple(sorted({*mine.services, *n.services}))
        found[n.change_id] = replace(mine or n, segments=n.segments, services=services)
    return tuple(sorted(found.values(), key=lambda n: (n.rollout_on, n.change_id)))


def _drawing(place: Places, layers: Sequence[Layer]) -> dict[str, Any]:
    """Layers on one scale each way; what has no rows is left out."""
    x = {"domain": [day_text(place.first), day_text(place.last)], "type": "time", "nice": False,
         "range": [GUTTER, {"expr": "width - 8"}]}  # fmt: skip
    return framed(layers, height=place.height, font=12, across=x)


def _day(name: str = "on") -> dict[str, Any]:
    return field(name, "temporal")


def _text(name: str = "text") -> dict[str, Any]:
    return {"field": name, "type": "nominal"}


# --- the frame ---------------------------------------------------------------------------------------------------


def _months(place: Places) -> Iterator[Layer]:
    """Month lines through both panels."""
    upper = [HEAD, place.seam + 6] if place.low is not None else []
    spans = [upper, [place.seam + SEAM - 5, place.bottom]]
    months = month_starts(place.first, place.last)
    rows = [{"on": day_text(on), "y": a, "y2": b} for on, _ in months for a, b in filter(None, spans)]
    yield layer(rows, {"type": "rule", "stroke": HAIRLINE}, x=_day(), y=field("y"), y2={"field": "y2"})


def _month_names(place: Places) -> Iterator[Layer]:
    """Names of months between the panels, where both are near, with a rim against the lines that cross them."""
    months = month_starts(place.first, place.last)
    named = [(on, text) for on, text in months if (place.last - on).days >= ROOM_FOR_A_MONTH]
    names = [{"on": day_text(on), "y": place.seam + SEAM / 2 + 1, "text": text} for on, text in named]
    mark = {"type": "text", "align": "left", "baseline": "middle", "dx": 5, "fill": MUTED}
    yield layer(names, mark | RIM, x=_day(), y=field("y"), text=_text())
    yield layer(names, mark, x=_day(), y=field("y"), text=_text())


def _now(place: Places, today: date) -> Iterator[Layer]:
    if not place.shows(today):
        return
    row = {"on": day_text(today), "y": HEAD if place.low is not None else place.seam + 26, "y2": place.bottom,
           "foot": place.bottom + 10, "text": "today"}  # fmt: skip
    yield layer([row], {"type": "rule", "stroke": RULE, "strokeDash": [4, 3], "strokeWidth": 1.5}, x=_day(),
                y=field("y"), y2={"field": "y2"})  # fmt: skip
    yield layer([row], {"type": "text", "fill": MUTED, "fontSize": 11.5}, x=_day(), y=field("foot"), text=_text())


def _rollout(place: Places, change: ChangeView) -> Iterator[Layer]:
    """The day customers met, or are to meet, the change; of a rollout over days, all of them."""
    on = change.rollout_on or (change.planned_on if change.status not in ("done", "cancelled", "rolled_back") else None)
    if on is None or not place.shows(on):
        return
    to = change.rollout_to
    said = f"rolled out {span(on, to) if to else when(on)}"
    part, top = place.part(on), HEAD if place.low is not None else place.seam + 26
    row = {"on": day_text(on), "top": top - 22, "foot": place.bottom, "name": top - 31,
           "text": said if change.rollout_on else f"planned for {when(on)}"}  # fmt: skip
    if to and place.shows(to):
        days = [{"on": row["on"], "to": day_text(to + timedelta(days=1)), "y": HEAD, "y2": place.bottom}]
        yield layer(days, {"type": "rect", "fill": INK, "opacity": 0.08}, x=_day(), x2={"field": "to"}, y=field("y"),
                    y2={"field": "y2"})  # fmt: skip
    dash = {} if change.rollout_on else {"strokeDash": [6, 3]}
    yield layer([row], {"type": "rule", "stroke": INK, "strokeWidth": 1.6, **dash}, x=_day(), y=field("top"),
                y2={"field": "foot"})  # fmt: skip
    align = "left" if part < 0.15 else "right" if part > 0.85 else "center"
    yield layer([row], {"type": "text", "fill": INK, "fontWeight": 600, "align": align, "fontSize": 12.5}, x=_day(),
                y=field("name"), text=_text())  # fmt: skip


# --- what happened -----------------------------------------------------------------------------------------------


def _figures(place: Places, weeks: Sequence[Point], reading: Reading) -> Iterator[Layer]:
    """Observed and expected with its likely range, the compared days, the values at the left."""
    rows = [
        {**row, **{name: place.y(row[name]) for name in ("observed", "expected", "low", "high")}}
        for row in with_gaps(weeks, reading.metric)
    ]
    yield from _scale(place, reading)
    yield from _windows(place, reading)
    about = tooltip(week="When", happened="Observed", likely="Expected")
    band = {"type": "area", "fill": UNSURE, "opacity": 0.22}
    dashes = {"type": "line", "stroke": STEEL, "strokeDash": [5, 4], "strokeWidth": 1.8}
    yield layer(rows, band, x=_day(), y=field("low"), y2={"field": "high"}, tooltip=about)
    yield layer(rows, dashes, x=_day(), y=field("expected"))
    yield layer(rows, {"type": "line", "stroke": BETTER, "strokeWidth": 2.4}, x=_day(), y=field("observed"))
    known = [row for row in rows if row["observed"] is not None]
    yield layer(known, {"type": "point", "fill": BETTER, "strokeWidth": 0, "size": 46}, x=_day(), y=field("observed"),
                tooltip=about, description={"field": "told", "type": "nominal"})  # fmt: skip


def _scale(place: Places, reading: Reading) -> Iterator[Layer]:
    step = place.ticks[1] - place.ticks[0]
    digits = 0 if step >= 1 and float(step).is_integer() else 1 if step >= 0.1 else 2
    ticks = [{"y": place.y(value), "text": number(value, digits)} for value in place.ticks]
    yield layer(ticks, {"type": "rule", "stroke": HAIRLINE}, x={"value": GUTTER}, x2={"value": "width"}, y=field("y"))
    mark = {"type": "text", "align": "right", "baseline": "middle", "fill": MUTED, "fontSize": 11.5}
    yield layer(ticks, mark, x={"value": GUTTER - 8}, y=field("y"), text=_text())
    unit = [{"y": HEAD - 16, "text": reading.metric.unit}]
    yield layer(unit, mark | {"fontSize": 12}, x={"value": GUTTER - 8}, y=field("y"), text=_text())
    keys = [
        {"y": HEAD + 44 + 21 * i, "text": text} for i, text in enumerate(("what happened", "expected", "likely range"))
    ]
    left = {"x": {"value": LEFT}, "x2": {"value": LEFT + 22}, "y": field("y")}
    looks = ({"stroke": BETTER, "strokeWidth": 2.4}, {"stroke": STEEL, "strokeWidth": 1.8, "strokeDash": [5, 4]},
             {"stroke": UNSURE, "strokeWidth": 11, "opacity": 0.3})  # fmt: skip
    for key, look in zip(keys, looks, strict=True):
        yield layer([key], {"type": "rule", **look}, **left)
    yield layer(keys[:1], {"type": "point", "fill": BETTER, "strokeWidth": 0, "size": 46}, x={"value": LEFT + 11},
                y=field("y"))  # fmt: skip
    yield layer(keys, mark | {"align": "left", "fontSize": 12}, x={"value": LEFT + 28}, y=field("y"), text=_text())


def _windows(place: Places, reading: Reading) -> Iterator[Layer]:
    """The days that were compared, shaded and named; nothing where there is no estimate."""
    result = reading.result
    if not isinstance(result, Estimate):
        return
    spans = (
        (result.pre_from, result.pre_to, f"{result.shape.pre} days before", "right", -5),
        (result.post_from, result.post_to, f"{result.shape.post} days after", "left", 5),
    )
    for first, last, text, align, dx in spans:
        if not place.shows(last) and not place.shows(first):
            continue
        row = {"on": day_text(max(first, place.first)), "to": day_text(min(last + timedelta(days=1), place.last)),
               "top": HEAD, "foot": place.seam, "name": HEAD - 9, "text": text}  # fmt: skip
        across = {"x": _day(), "x2": {"field": "to"}}
        yield layer([row], {"type": "rect", "fill": BETTER, "opacity": 0.08}, **across, y=field("top"),
                    y2={"field": "foot"})  # fmt: skip
        yield layer([row], {"type": "rule", "stroke": BETTER, "strokeWidth": 3, "opacity": 0.5}, **across,
                    y=field("top"))  # fmt: skip
        mark = {"type": "text", "fill": MUTED, "fontSize": 11.5, "align": align, "dx": dx}
        yield layer([row], mark, x=_day("to" if align == "right" else "on"), y=field("name"), text=_text())


# --- what the marks mean -----------------------------------------------------------------------------------------


def _legend(place: Places, *, likely: bool) -> Iterator[Layer]:
    """What the marks of the plan mean, drawn with the marks themselves."""
    if not any(lane.step for lane in place.lanes):
        return
    y = place.height - 12
    shown = [
        ("planned", "stroke", 68),
        ("done", "diamond", 52),
        ("to come", "circle", 66),
        ("late", "triangle-down", 48),
    ]
    shown += [("to be expected", "diamond", 100)] if likely else []
    x = LEFT + 6
    for name, shape, room in shown:
        hollow = shape == "circle" or name == "to be expected"
        look: dict[str, Any] = (
            {"fill": PAPER, "stroke": STEEL, "strokeWidth": 1.7} if hollow else {"fill": STEEL, "strokeWidth": 0}
        )
        if name == "late":
            look = {"fill": WORSE, "strokeWidth": 0}
        at = {"y": field("y")}
        if shape == "stroke":
            yield layer([{"y": y - 7, "y2": y + 7}], {"type": "rule", "stroke": STEEL, "strokeWidth": 1.8},
                        x={"value": x}, **at, y2={"field": "y2"})  # fmt: skip
        else:
            yield layer([{"y": y}], {"type": "point", "shape": shape, "size": 75, **look}, x={"value": x}, **at)
        text = {"type": "text", "align": "left", "baseline": "middle", "fill": MUTED, "fontSize": 11.5}
        yield layer([{"y": y, "text": name}], text, x={"value": x + 10}, **at, text=_text())
        x += room + 14
