"""Tickets a day as a calendar: a column a week, a row a day of the week, rollouts marked. Knows no services.

The shade is one neutral colour in six steps of strength, so that it reads in light, in dark and on paper, and never
looks like better or worse. Unknown is a cross, never the palest step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from impact.charts import HAIRLINE, INK, MUTED, PAPER, RULE, STEEL, Layer, field, layer, lines, texts, tooltip
from impact.charts.frame import framed
from impact.daily_tickets import Day, GoingLive
from impact.sections import Freeze
from impact.words.formats import MONTHS, number, plural, span
from impact.words.timeline_words import day_text_of, going_live_text

FREEZES, MONTHS_HIGH, ROW, FOOT = 32.0, 22.0, 20.0, 40.0
"""Heights in pixels: freezes where there are any, months, a day of the week, the legend."""
LEFT = 0.034
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STEPS = 6
SHADES = (0.12, 0.26, 0.42, 0.6, 0.8, 1.0)
PARTS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
"""Round numbers a shade may be wide."""
GAP = 0.1
"""Part of a cell's width that is left free."""


def weeks_shown(today: date, *, reach: int | None) -> tuple[date, date]:
    """First Monday and last Sunday drawn: half a year back or as far as the period, a year at most; six weeks ahead."""
    back = min(52, max(26, (reach or 365) // 7))
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(weeks=back), monday + timedelta(weeks=6, days=6)


def heat(
    days: Sequence[Day], rollouts: Mapping[date, Sequence[GoingLive]], *, today: date, freezes: Sequence[Freeze] = ()
) -> dict[str, Any]:
    """The calendar of whole weeks, the first day being a Monday."""
    weeks = max(1, math.ceil(len(days) / 7))
    bounds = steps_of([day.tickets for day in days if day.tickets is not None])
    first = days[0].on if days else today
    end = first + timedelta(weeks=weeks)
    frozen = [f for f in freezes if f.last_on >= first and f.first_on < end]
    head = (FREEZES if frozen else 0.0) + MONTHS_HIGH
    bottom = head + 7 * ROW
    cells = []
    for index, day in enumerate(days):
        week, weekday = divmod(index, 7)
        there = rollouts.get(day.on, ())
        cells.append({**_place(week, weeks, head + weekday * ROW), **_cell(day, bounds, there, today)})
    layers = [
        *_frame(first, weeks, head),
        *_freezes(frozen, first, weeks),
        *_cells(cells),
        *_rollouts(cells),
        *_legend(bounds, bottom + 24),
    ]
    return framed(layers, height=bottom + FOOT, font=11.5)


def steps_of(known: Sequence[int]) -> tuple[int, ...]:
    """Lower ends of the six shades, round numbers from 0 to near the largest day."""
    most = max(known, default=0)
    if most < STEPS:
        return tuple(range(STEPS))
    size = most / STEPS
    unit = 10.0 ** math.floor(math.log10(size))
    step = next(unit * part for part in PARTS if unit * part >= size * 0.999)
    return tuple(round(step * i) for i in range(STEPS))


def _x(place: float, weeks: int) -> float:
    return LEFT + (1 - LEFT) * place / weeks


def _place(week: int, weeks: int, top: float) -> dict[str, float]:
    """Where a day's cell lies, and its middle."""
    return {
        "x": _x(week + GAP / 2, weeks),
        "x2": _x(week + 1 - GAP / 2, weeks),
        "centre": _x(week + 0.5, weeks),
        "y": top + 1.5,
        "y2": top + ROW - 1.5,
        "middle": top + ROW / 2,
    }


def _cell(day: Day, bounds: Sequence[int], there: Sequence[GoingLive], today: date) -> dict[str, Any]:
    shade = None if day.tickets is None else sum(day.tickets >= bound for bound in bounds) - 1
    return {
        "shade": None if shade is None else SHADES[shade],
        "coming": day.on > today,
        "today": day.on == today,
        "holiday": day.holiday,
        "live": any(g.live for g in there),
        "planned": bool(there) and not any(g.live for g in there),
        "day": day_text_of(day.on),
        "count": "still to come" if day.on > today else "not known" if day.tickets is None else number(day.tickets),
        "note": "public holiday" if day.holiday else "–",
        "rollouts": going_live_text(there),
        "told": f"{day_text_of(day.on)}: {_told(day, today)}; {going_live_text(there)}",
    }


def _told(day: Day, today: date) -> str:
    if day.tickets is None:
        return "still to come" if day.on > today else "tickets not known"
    return plural(day.tickets, "ticket")


def _frame(first: date, weeks: int, head: float) -> Iterator[Layer]:
    """Names of the days of the week and of the months."""
    names = [{"x": 0.0, "y": head + (i + 0.5) * ROW, "text": name} for i, name in enumerate(WEEKDAYS)]
    yield texts(names, fill=MUTED)
    months: list[dict[str, Any]] = []
    for week in range(weeks):
        monday = first + timedelta(weeks=week)
        begins = next((d for d in (monday + timedelta(days=i) for i in range(7)) if d.day == 1), None)
        if begins is not None or week == 0:
            on = begins or monday
            year = f" {on.year}" if week == 0 or on.month == 1 else ""
            months.append(
                {"x": _x(week + GAP / 2, weeks), "y": head - 11, "text": f"{MONTHS[on.month - 1]}{year}", "week": week}
            )
    if len(months) > 1 and months[1]["week"] - months[0]["week"] < max(2, weeks * 0.055):
        months[1]["text"] = months[1]["text"] if " " in months[1]["text"] else f"{months[1]['text']} {first.year}"
        months = months[1:]
    yield texts(months, fill=MUTED)
    foot = head + 7 * ROW + 4
    yield lines([{"x": LEFT, "x2": 1, "y": foot, "y2": foot}], stroke=HAIRLINE)


def _freezes(freezes: Sequence[Freeze], first: date, weeks: int) -> Iterator[Layer]:
    """Freezes as bars above their weeks, with their names."""
    rows: list[dict[str, Any]] = []
    for freeze in freezes:
        ends = ((freeze.first_on - first).days / 7, ((freeze.last_on - first).days + 1) / 7)
        x, x2 = (_x(min(max(end, 0), weeks), weeks) for end in ends)
        days = span(freeze.first_on, freeze.last_on)
        rows.append({"x": x, "x2": x2, "y": 26, "y2": 26, "text": freeze.name, "name": freeze.name, "when": days,
                     "told": f"Freeze {freeze.name}, {days}"})  # fmt: skip
    bar = {"type": "rule", "stroke": RULE, "strokeWidth": 6}
    about = tooltip(name="Freeze", when="Days")
    yield layer(rows, bar, x=field("x"), x2={"field": "x2"}, y=field("y"), tooltip=about,
                description={"field": "told", "type": "nominal"})  # fmt: skip
    right = [{**row, "x": row["x2"]} for row in rows if row["x"] > 0.85]
    yield texts([{**row, "y": 13} for row in rows if row["x"] <= 0.85], fill=MUTED)
    yield texts([{**row, "y": 13} for row in right], align="right", fill=MUTED)


def _cells(cells: Sequence[dict[str, Any]]) -> Iterator[Layer]:
    about = tooltip(day="Day", count="Tickets", rollouts="Rollouts", note="Holiday")
    place = {"x": field("x"), "x2": {"field": "x2"}, "y": field("y"), "y2": {"field": "y2"}, "tooltip": about}
    box = {"type": "rect", "cornerRadius": 2}
    yield layer([c for c in cells if c["shade"] is not None], box | {"fill": STEEL, "strokeWidth": 0}, **place,
                opacity={"field": "shade", "type": "quantitative", "scale": None},
                description={"field": "told", "type": "nominal"})  # fmt: skip
    without = [c for c in cells if c["shade"] is None]
    yield layer(without, box | {"fill": "transparent", "stroke": HAIRLINE, "strokeWidth": 1}, **place)
    unknown = [
        {**c, "x": c["centre"], "y": c["middle"], "text": "×"} for c in without if not c["coming"] and not c["today"]
    ]
    yield texts(unknown, align="center", fill=MUTED, fontSize=12)
    holidays = [{**c, "y": c["y2"] - 1.5, "y2": c["y2"] - 1.5} for c in cells if c["holiday"]]
    yield lines(holidays, stroke=INK, strokeWidth=2)
    yield layer(
        [c for c in cells if c["today"]], box | {"fill": "transparent", "stroke": INK, "strokeWidth": 1.8}, **place
    )


def _rollouts(cells: Sequence[dict[str, Any]]) -> Iterator[Layer]:
    about = tooltip(day="Day", count="Tickets", rollouts="Rollouts", note="Holiday")
    spots = [{**c, "x": c["centre"], "y": c["middle"]} for c in cells if c["live"] or c["planned"]]
    on = {"x": field("x"), "y": field("y"), "tooltip": about, "description": {"field": "told", "type": "nominal"}}
    for state, look in (("live", LIVE), ("planned", PLANNED)):
        yield layer([spot for spot in spots if spot[state]], look, **on)


LIVE = {"type": "point", "strokeWidth": 1.6, "shape": "diamond", "fill": INK, "stroke": PAPER, "size": 85}
PLANNED = {"type": "point", "strokeWidth": 1.6, "shape": "circle", "fill": PAPER, "stroke": INK, "size": 65}
"""A rollout, and one that is planned."""


def _legend(bounds: Sequence[int], y: float) -> Iterator[Layer]:
    """What shades and marks mean, drawn with them."""
    width = 0.016
    yield texts([{"x": 0.0, "y": y, "text": "tickets a day"}], fill=MUTED)
    boxes, names, x = [], [], 0.078
    for i, (low, shade) in enumerate(zip(bounds, SHADES, strict=True)):
        text = f"{number(low)}–{number(bounds[i + 1] - 1)}" if i + 1 < STEPS else f"{number(low)}+"
        text = number(low) if i + 1 < STEPS and bounds[i + 1] - 1 == low else text
        boxes.append({"x": x, "x2": x + width, "y": y - 7, "y2": y + 7, "shade": shade})
        names.append({"x": x + width + 0.004, "y": y, "text": text})
        x += width + 0.016 + 0.0062 * len(text)
    place = {"x": field("x"), "x2": {"field": "x2"}, "y": field("y"), "y2": {"field": "y2"}}
    box = {"type": "rect", "cornerRadius": 2}
    yield layer(boxes, box | {"fill": STEEL, "strokeWidth": 0}, **place,
                opacity={"field": "shade", "type": "quantitative", "scale": None})  # fmt: skip
    yield texts(names, fill=MUTED)
    on = {"x": field("x"), "y": field("y")}
    x += 0.012
    yield layer([{"x": x, "y": y}], LIVE | {"xOffset": 8}, **on)
    yield layer([{"x": x + 0.07, "y": y}], PLANNED | {"xOffset": 8}, **on)
    yield lines([{"x": x + 0.182, "x2": x + 0.182 + width, "y": y + 5, "y2": y + 5}], stroke=INK, strokeWidth=2)
    yield texts([{"x": x + 0.265, "y": y, "text": "×"}], dx=4, fill=MUTED, fontSize=12)
    told = ((0.0, "rollout"), (0.07, "planned rollout"), (0.182, "holiday"), (0.262, "not known"))
    yield texts([{"x": x + at, "y": y, "text": text} for at, text in told], dx=25, fill=MUTED)
