"""The lower panel of a change's time axis: milestones planned and actual, rollout stages, freezes, other changes.

Knows where lanes stand; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from impact.charts import (
    HAIRLINE,
    INK,
    MUTED,
    PAPER,
    RULE,
    STEEL,
    WORSE,
    WORSE_INK,
    Layer,
    field,
    layer,
    tooltip,
)
from impact.charts.board_plan import milestone_told
from impact.charts.series import day_text
from impact.charts.time_places import GUTTER, HEAD, HEADING, SEAM, Lane, Places, reach
from impact.portfolio import ChangeView, Neighbour
from impact.sections import Freeze
from impact.slips import SlipForecast
from impact.words.formats import listed, span, when
from impact.words.timeline_words import beside, beyond, likely_text, no_day

MOST_STAGES = 6
MOST_LANES = 2
"""Lanes for freezes, or other changes of one kind; what finds no room there keeps its band and its tooltip."""
ON = {"x": field("on", "temporal"), "y": field("y")}

KINDS = {"Same services": "services", "Same people": "segments"}
"""Names of lanes of other changes, and what these share with this one."""

RIM = {"stroke": PAPER, "fill": PAPER, "strokeWidth": 4, "strokeJoin": "round"}
"""Drawn below a text, it keeps lines from running through the letters."""

Rows = list[dict[str, Any]]


def named_lanes(
    bare: Places, change: ChangeView, freezes: Sequence[Freeze], near: Sequence[Neighbour]
) -> list[tuple[str, str]]:
    """Key and name of the lanes below the milestones, "" as key for a heading; ``bare`` need only know the days."""
    found = [(f"stage {i}", name) for i, (name, _, _) in enumerate(stages(change))]
    stages_named = [("", "Rollout, stage by stage"), *found] if found else []
    items = {"Freezes": _freeze_items(freezes)}
    items |= {name: _near_items([n for n in near if getattr(n, kind)]) for name, kind in KINDS.items()}
    surroundings = [
        (f"{name} {i}", name if i == 0 else "")
        for name, mine in items.items()
        for i in range(min(MOST_LANES, _needed(bare, mine)))
    ]
    return stages_named + ([("", "Around it"), *surroundings] if surroundings else [])


def stages(change: ChangeView) -> list[tuple[str, date, date | None]]:
    """Services and groups by the days on which they met the change; empty for a rollout that has one stage."""
    days: dict[tuple[date, date | None], list[str]] = {}
    for service in change.services:
        if service.rollout_on is not None:
            days.setdefault((service.rollout_on, service.rollout_to), []).append(service.name)
    for segment in change.segments:
        if segment.rollout_on is not None:
            days.setdefault((segment.rollout_on, None), []).append(segment.name)
    if len(days) < 2:
        return []
    return [(listed(names, 2), on, to) for (on, to), names in sorted(days.items(), key=_first)][:MOST_STAGES]


def _first(item: tuple[tuple[date, date | None], list[str]]) -> tuple[date, date]:
    (on, to), _ = item
    return on, to or on


def lanes(place: Places, today: date, forecasts: Mapping[str, SlipForecast]) -> Iterator[Layer]:
    """Names of all lanes, and the milestones with their slips and forecasts."""
    yield from _names(place)
    bars, ticks, slips, likely, marks, said = _milestones(place, today, forecasts)
    across = {"x": field("on", "temporal"), "x2": {"field": "to"}, "y": field("y")}
    round_ = {"type": "rule", "strokeCap": "round"}
    yield layer(bars, round_ | {"stroke": RULE, "strokeWidth": 5, "opacity": 0.4}, **across)
    for late, stroke in ((True, WORSE), (False, STEEL)):
        yield layer([s for s in slips if s["late"] is late], round_ | {"stroke": stroke, "strokeWidth": 2,
                    "opacity": 0.7}, **across)  # fmt: skip
    yield layer(likely, {"type": "rule", "stroke": STEEL, "strokeWidth": 1.6, "strokeDash": [3, 3]}, **across)
    yield layer(ticks, {"type": "tick", "fill": STEEL, "strokeWidth": 0, "thickness": 1.8, "size": 15,
                "orient": "vertical"}, **ON)  # fmt: skip
    about = tooltip(step="Milestone", plan="Planned", fact="State", whom="For", how="Through", likely="To be expected")
    for kind, look in LOOKS.items():
        yield layer([m for m in marks if m["kind"] == kind], {"type": "point", **look}, **ON, tooltip=about,
                    description={"field": "told", "type": "nominal"})  # fmt: skip
    yield from _said(said)


LOOKS: Mapping[str, Mapping[str, Any]] = {
    "done": {"shape": "diamond", "fill": STEEL, "strokeWidth": 0, "size": 95},
    "open": {"shape": "circle", "fill": PAPER, "stroke": STEEL, "strokeWidth": 1.8, "size": 68},
    "late": {"shape": "triangle-down", "fill": WORSE, "strokeWidth": 0, "size": 100},
    "likely": {"shape": "diamond", "fill": PAPER, "stroke": STEEL, "strokeWidth": 1.6, "size": 85},
}
"""Done, to come, late, and to be expected from slips so far."""


def _names(place: Places) -> Iterator[Layer]:
    edge = {"x": {"value": 4}, "y": field("y"), "text": {"field": "text", "type": "nominal"}}
    base = {"type": "text", "align": "left", "baseline": "middle"}
    heads = [{"y": lane.top + HEADING - 8, "text": lane.name} for lane in place.lanes if lane.heading]
    names = [{"y": lane.y, "text": lane.name} for lane in place.lanes if not lane.heading]
    yield layer([{"y": lane.top + 1} for lane in place.lanes if lane.heading],
                {"type": "rule", "stroke": HAIRLINE}, x={"value": 0}, x2={"value": "width"}, y=field("y"))  # fmt: skip
    yield layer(heads, base | {"fill": INK, "fontWeight": 600, "fontSize": 12, "limit": 420}, **edge)
    yield layer(names, base | {"fill": MUTED, "fontSize": 12, "limit": GUTTER - 14}, **edge,
                tooltip=tooltip(text="Milestone"))  # fmt: skip


def _milestones(place: Places, today: date, forecasts: Mapping[str, SlipForecast]) -> tuple[Rows, ...]:
    bars, ticks, slips, likely, marks, said = ([] for _ in range(6))
    for lane in place.lanes:
        step = lane.step
        if step is None:
            continue
        told = {**milestone_told(step), "whom": step.audience or "not recorded", "how": step.channel or "not recorded"}
        on = step.done_on or (today if step.overdue else step.due_on)
        kind = "done" if step.status == "done" or step.done_on else "late" if step.overdue else "open"
        ahead = forecasts.get(step.title) if kind != "done" else None
        forecast = likely_text(ahead.on, ahead.earliest, ahead.latest) if ahead else ""
        told["likely"] = forecast or "–"
        if step.due_on and on and place.shows(step.due_on):
            ticks.append({"on": day_text(step.due_on), "y": lane.y})
            if step.planned_start_on and step.planned_start_on < step.due_on:
                bars.append(_stretch(place, lane, step.planned_start_on, step.due_on))
        if on is None or not (place.shows(on) or place.shows(step.due_on)):
            said.append(_outside(place, lane, on))
            continue
        if step.due_on and step.due_on != on:
            slips.append({**_stretch(place, lane, step.due_on, on), "late": on > step.due_on})
        if place.shows(on):
            marks.append({"on": day_text(on), "y": lane.y, "kind": kind, **told})
        days = [day for day in (step.due_on, on) if day]
        if ahead is not None and place.shows(ahead.on):
            likely.append(_stretch(place, lane, ahead.earliest, ahead.latest))
            marks.append({"on": day_text(ahead.on), "y": lane.y, "kind": "likely", **told})
            days += [ahead.earliest, ahead.latest]
        text = beside(step, forecast=forecast)
        said.append(_beside(place, lane, days, text, late=kind == "late"))
    return bars, ticks, slips, likely, marks, said


def _stretch(place: Places, lane: Lane, a: date, b: date) -> dict[str, Any]:
    """From one day to another, cut at the edges of the drawing."""
    ends = [min(max(day, place.first), place.last) for day in (min(a, b), max(a, b))]
    return {"on": day_text(ends[0]), "to": day_text(ends[1]), "y": lane.y}


def _outside(place: Places, lane: Lane, on: date | None) -> dict[str, Any]:
    step = lane.step
    assert step is not None
    if on is None:
        return {"on": day_text(place.first), "y": lane.y, "text": no_day(step), "side": "right", "late": False}
    before = on < place.first
    edge = place.first if before else place.last
    text = beyond(step, before=before)
    return {"on": day_text(edge), "y": lane.y, "text": text, "side": "right" if before else "left", "late": False}


def _beside(place: Places, lane: Lane, days: Sequence[date], text: str, *, late: bool = False) -> dict[str, Any]:
    """A text right of the last of these days, or left of the first where there is more room."""
    inside = [min(max(day, place.first), place.last) for day in days]
    right, left = 1 - place.part(max(inside)), place.part(min(inside))
    turned = right < reach(text) and left > right
    on = min(inside) if turned else max(inside)
    return {"on": day_text(on), "y": lane.y, "text": text, "side": "left" if turned else "right", "late": late}


def _said(said: Rows) -> Iterator[Layer]:
    """Texts beside marks, with a rim in the colour of the paper so that lines do not run through the letters."""
    for side, align, dx in (("right", "left", 10), ("left", "right", -10)):
        for late, fill in ((True, WORSE_INK), (False, MUTED)):
            mine = [s for s in said if s["text"] and s["side"] == side and s["late"] is late]
            mark = {"type": "text", "align": align, "baseline": "middle", "dx": dx, "fill": fill, "fontSize": 11.5}
            for rim in (RIM, {}):
                yield layer(mine, mark | rim, **ON, text={"field": "text", "type": "nominal"})


# --- around it ---------------------------------------------------------------------------------------------------


def around(
    place: Places, freezes: Sequence[Freeze], near: Sequence[Neighbour], change: ChangeView, today: date
) -> Iterator[Layer]:
    """Freezes and other changes as bands through both panels, named in lanes of their own; rollout stages."""
    lane = {found.key: found for found in place.lanes if found.key}

    def free(name: str) -> list[Lane]:
        return [found for key, found in lane.items() if key.startswith(f"{name} ")]

    yield from _freezes(place, freezes, free("Freezes"))
    for name, kind in KINDS.items():
        yield from _near(place, kind, [n for n in near if getattr(n, kind)], free(name))
    yield from _stages(place, stages(change), lane, today)


Item = tuple[date, date, str]
"""First day, the day after the last, and the text beside it."""


def _placed(place: Places, count: int, items: Sequence[Item]) -> list[int | None]:
    """For each item, in the order of their first days, the first of so many lanes with room for it and its text."""
    taken: list[float] = [-1.0] * count
    found: list[int | None] = []
    for first, last, text in items:
        start, end = place.part(max(first, place.first)), place.part(min(last, place.last))
        turned = 1 - end < reach(text) and start > 1 - end
        start, end = (start - reach(text), end) if turned else (start, end + reach(text))
        spot = next((i for i, used in enumerate(taken) if start >= used), None)
        if spot is not None:
            taken[spot] = end
        found.append(spot)
    return found


def _needed(place: Places, items: Sequence[Item]) -> int:
    """How many lanes these items take."""
    return max((spot + 1 for spot in _placed(place, len(items), items) if spot is not None), default=0)


def _freeze_items(freezes: Sequence[Freeze]) -> list[Item]:
    ordered = sorted(freezes, key=lambda f: (f.first_on, f.last_on))
    return [(f.first_on, f.last_on + timedelta(days=1), f.name) for f in ordered]


def _near_items(near: Sequence[Neighbour]) -> list[Item]:
    return [(n.rollout_on, (n.rollout_to or n.rollout_on) + timedelta(days=1), n.number) for n in near]


def _bands(place: Places, rows: Rows, look: Mapping[str, Any], about: Any) -> Layer:
    top = HEAD if place.low is not None else place.seam + SEAM - 5
    found = [{**row, "top": top, "foot": place.bottom} for row in rows]
    across = {"x2": {"field": "to"}} if look["type"] == "rect" else {}
    return layer(found, look, x=field("on", "temporal"), y=field("top"), y2={"field": "foot"}, tooltip=about, **across)


def _freezes(place: Places, freezes: Sequence[Freeze], free: Sequence[Lane]) -> Iterator[Layer]:
    items, rows, said = _freeze_items(freezes), [], []
    for (first, end, name), spot in zip(items, _placed(place, len(free), items), strict=True):
        lane, days = free[-1 if spot is None else spot], span(first, end - timedelta(days=1))
        rows.append({**_stretch(place, lane, first, end), "name": name, "when": days, "told": f"Freeze {name}, {days}"})
        said += [] if spot is None else [_beside(place, lane, (first, end), name)]
    about = tooltip(name="Freeze", when="Days")
    yield _bands(place, rows, {"type": "rect", "strokeWidth": 0, "fill": RULE, "opacity": 0.16}, about)
    bar = {"type": "rule", "stroke": RULE, "strokeWidth": 7, "opacity": 0.9}
    yield layer(rows, bar, x=field("on", "temporal"), x2={"field": "to"}, y=field("y"), tooltip=about,
                description={"field": "told", "type": "nominal"})  # fmt: skip
    yield from _said(said)


def _near(place: Places, kind: str, near: Sequence[Neighbour], free: Sequence[Lane]) -> Iterator[Layer]:
    """Other changes: a band over the days of their rollout, and its number in a lane where there is room."""
    items, rows, said = _near_items(near), [], []
    for other, (first, end, number), spot in zip(near, items, _placed(place, len(free), items), strict=True):
        lane = free[-1 if spot is None else spot]
        name, shared = f"{other.number} {other.title}", ", ".join(getattr(other, kind))
        days = span(first, other.rollout_to) if other.rollout_to else when(first)
        rows.append({**_stretch(place, lane, first, end), "name": name, "when": days, "where": shared,
                     "told": f"{name}, rollout {days}, {shared}"})  # fmt: skip
        said += [] if spot is None else [_beside(place, lane, (first, end), number)]
    about = tooltip(name="Other change", when="Rollout", where="On" if kind == "services" else "Met by")
    nearer = kind == "services"
    band = {"type": "rect", "strokeWidth": 0, "fill": STEEL, "opacity": 0.14 if nearer else 0.07}
    rule = {"type": "rule", "stroke": RULE, "strokeDash": [2, 3] if nearer else [1, 4], "strokeWidth": 1.3}
    yield _bands(place, rows, band, about)
    yield _bands(place, rows, rule, about)
    yield layer(rows, {"type": "point", "shape": "square", "fill": STEEL, "strokeWidth": 0, "size": 45}, **ON,
                tooltip=about, description={"field": "told", "type": "nominal"})  # fmt: skip
    yield from _said(said)


def _stages(
    place: Places, found: Sequence[tuple[str, date, date | None]], lane: Mapping[str, Lane], today: date
) -> Iterator[Layer]:
    rows, said = [], []
    for i, (name, on, to) in enumerate(found):
        if f"stage {i}" not in lane:
            continue
        mine, days = lane[f"stage {i}"], span(on, to) if to else when(on)
        said.append(_beside(place, mine, (on, to or on), days))
        rows.append({**_stretch(place, mine, on, to or on), "name": name, "when": days, "told": f"{name}: {days}",
                     "kind": "done" if on <= today else "open", "seen": place.shows(on)})  # fmt: skip
    about = tooltip(name="Met the change", when="On")
    bar = {"type": "rule", "stroke": INK, "strokeWidth": 5, "opacity": 0.35, "strokeCap": "round"}
    yield layer(
        [r for r in rows if r["on"] != r["to"]], bar, x=field("on", "temporal"), x2={"field": "to"}, y=field("y")
    )
    for kind in ("done", "open"):
        mine_rows = [r for r in rows if r["kind"] == kind and r["seen"]]
        yield layer(mine_rows, {"type": "point", **LOOKS[kind]}, **ON, tooltip=about,
                    description={"field": "told", "type": "nominal"})  # fmt: skip
    yield from _said(said)
