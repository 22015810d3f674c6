"""The steering view's board as one Vega-Lite chart: customer effect left, project progress right, on the same row.

Knows changes and words; decides nothing. Everything is placed in one view with one x scale (0..1 over the width) and
one y scale in pixels, so that no row of one panel can ever slip against another panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from impact import wording
from impact.charts import (
    DONE,
    INK,
    LOOKS,
    MUTED,
    PAPER,
    RULE,
    STEEL,
    WORSE,
    WORSE_INK,
    Layer,
    field,
    layer,
    lines,
    looks,
    texts,
    tooltip,
)
from impact.charts.board_effects import DOTS, effects
from impact.charts.board_places import (
    ENDS,
    FOOT,
    GROUP_NAMES,
    HEAD,
    LABEL_END,
    NEXT_START,
    PLAN_END,
    PLAN_START,
    UNITS,
    Plan,
    Row,
    Strip,
    plan_of,
    rows_of,
    strips_of,
)
from impact.charts.board_plan import milestones
from impact.charts.frame import framed
from impact.metrics import Metric
from impact.portfolio import ChangeView
from impact.verdict import Group, Word
from impact.words.decision_words import settled_short, settled_text
from impact.words.formats import MONTHS, day_month, when
from impact.words.readings import asked, asked_why


def board(
    changes: Sequence[ChangeView],
    metrics: Sequence[Metric],
    *,
    today: date,
    totals: Mapping[Group, int] | None = None,
) -> dict[str, Any]:
    """The chart of these changes. Clicking anything on a row selects its change (parameter ``change``). ``totals``:
    how many changes each group has, where these are one page of several."""
    rows, strips, plan = rows_of(changes, totals), strips_of(metrics), plan_of(changes, today)
    bottom = rows[-1].bottom if rows else HEAD
    height = bottom + FOOT
    layers = [
        _grounds(rows),
        *_titles(strips, plan, bottom),
        *_headings(rows),
        *_names(rows),
        *effects(rows, strips),
        *milestones(rows, plan),
        *_next_steps(rows),
        *_legend(bottom + 20),
    ]
    return framed(layers, height=height, font=12.5)


def _grounds(rows: Sequence[Row]) -> Layer:
    """The clickable ground of each change's row; lights up under the pointer."""
    values = [
        {"y": row.top, "y2": row.bottom, "x": 0, "x2": 1, "change": row.change.id, **_told(row.change)}
        for row in rows
        if row.change
    ]
    ground = layer(
        values,
        {"type": "rect", "cursor": "pointer", "fill": STEEL, "strokeWidth": 0},
        x=field("x"),
        x2={"field": "x2"},
        y=field("y"),
        y2={"field": "y2"},
        opacity={"condition": {"param": "over", "empty": False, "value": 0.14}, "value": 0.0},
        tooltip=tooltip(name="Change", word="Customers", next="Now"),
    )
    over = {"type": "point", "fields": ["change"], "on": "pointerover", "clear": "pointerout"}
    ground["params"] = [
        {"name": "change", "select": {"type": "point", "fields": ["change"]}},
        {"name": "over", "select": over},
    ]
    return ground


def _told(change: ChangeView) -> dict[str, str]:
    return {
        "name": f"{change.number} {change.title}",
        "word": wording.headline(change),
        "next": next_step(change),
    }


def _titles(strips: Sequence[Strip], plan: Plan, bottom: float) -> Iterator[Layer]:
    """Column titles, scale ends, month lines and today."""
    titles = [{"x": (s.left + s.right) / 2, "y": 9, "text": s.title} for s in strips]
    titles.append({"x": (PLAN_START + PLAN_END) / 2, "y": 9, "text": "Milestones"})
    yield texts(titles, align="center", fontWeight=600, fontSize=12.5)
    left = [{"x": 0.0, "y": 9, "text": "Change"}, {"x": NEXT_START, "y": 9, "text": "Answer or question"}]
    yield texts(left, fontWeight=600, fontSize=12.5)
    units = [{"x": (s.left + s.right) / 2, "y": 27, "text": _unit(s.metric)} for s in strips]
    yield texts(units, align="center", fill=MUTED, fontSize=11.5)
    ends = [("left", s.left, ENDS[s.metric.scale][0]) for s in strips]
    ends += [("right", s.right, ENDS[s.metric.scale][1]) for s in strips]
    ends += [("center", (s.left + s.right) / 2, "0") for s in strips]
    for align in ("left", "center", "right"):
        yield texts([{"x": x, "y": 45, "text": text} for a, x, text in ends if a == align], align=align, fill=MUTED,
                    fontSize=11)  # fmt: skip
    months = list(_months(plan))
    yield texts([{"x": x, "y": 45, "text": text} for x, text in months], align="center", fill=MUTED, fontSize=11)
    yield lines([{"x": x, "x2": x, "y": 54, "y2": bottom} for x, _ in months])
    today = plan.x(plan.today)
    yield lines([{"x": today, "x2": today, "y": 36, "y2": bottom}], stroke=RULE, strokeDash=[4, 3], strokeWidth=1.5)
    yield texts([{"x": today, "y": 28, "text": "today"}], align="center", fill=MUTED, fontSize=11.5)


def _unit(metric: Metric) -> str:
    """The unit of the scale, with the good direction."""
    unit = UNITS[metric.scale]
    return f"◂ better · {unit}" if metric.better == "fewer" else f"{unit} · better ▸"


def _months(plan: Plan) -> Iterator[tuple[float, str]]:
    """Place and name of month starts, not so many that they touch and none under the word today."""
    span = (plan.last - plan.first).days / 30
    step = 1 if span <= 5 else 2 if span <= 9 else 3
    year, month = plan.first.year, plan.first.month
    while (on := date(year, month, 1)) <= plan.last:
        near = 0.02 < (on - plan.first).days / (plan.last - plan.first).days < 0.97
        if near and (month - 1) % step == 0:
            yield plan.x(on), f"{MONTHS[month - 1]} {year}" if month == 1 else MONTHS[month - 1]
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _headings(rows: Sequence[Row]) -> Iterator[Layer]:
    heads = [row for row in rows if row.change is None]
    counts = [f"{r.count}" if r.count == r.total else f"{r.count} of {r.total:,}" for r in heads]
    names = [
        {"x": 0.0, "y": r.bottom - 9, "text": f"{GROUP_NAMES[r.group]} · {count}"}
        for r, count in zip(heads, counts, strict=True)
    ]
    yield texts(names, fontWeight=700, fontSize=12.5)
    yield lines([{"x": 0, "x2": 1, "y": r.bottom, "y2": r.bottom} for r in heads], stroke=RULE)
    inner = [r for r, below in pairwise(rows) if r.change and below.change]
    yield lines([{"x": 0, "x2": 1, "y": r.bottom, "y2": r.bottom} for r in inner])


def _names(rows: Sequence[Row]) -> Iterator[Layer]:
    """The word's mark and the change's name, cut to its column; the tooltip has all of it."""
    mine = [(row, row.change) for row in rows if row.change]
    marks = [{"x": 0.0, "y": row.y, "change": c.id, **looks(c.word), **_told(c)} for row, c in mine]
    names = [{"x": 0.0, "y": row.y, "change": c.id, "text": f"{c.number} {c.title}", **_told(c)} for row, c in mine]
    about = tooltip(name="Change", word="Customers", next="Now")
    mark = {"type": "point", "xOffset": 8, "size": 80, "strokeWidth": 1.8, "cursor": "pointer"}
    yield layer(marks, mark, x=field("x"), y=field("y"), tooltip=about, **LOOKS)
    limit = {"expr": f"width * {LABEL_END} - 30"}
    text = {"type": "text", "align": "left", "baseline": "middle", "fill": INK, "dx": 20, "limit": limit,
            "cursor": "pointer", "fontSize": 13}  # fmt: skip
    described = {"description": {"field": "name", "type": "nominal"}}
    yield layer(names, text, x=field("x"), y=field("y"), text={"field": "text", "type": "nominal"}, tooltip=about,
                **described)  # fmt: skip


def _next_steps(rows: Sequence[Row]) -> Iterator[Layer]:
    mine = [(row, row.change) for row in rows if row.change]
    values = [{"x": NEXT_START, "y": r.y, "text": next_step(c), "change": c.id, "name": why_next(c)} for r, c in mine]
    limit = {"expr": f"width * {1 - NEXT_START}"}
    for wanted, fill, weight in ((True, WORSE_INK, 600), (False, MUTED, 400)):
        chosen = [v for v, (row, _) in zip(values, mine, strict=True) if (row.group == "decide") is wanted]
        mark = {"type": "text", "align": "left", "baseline": "middle", "fill": fill, "fontWeight": weight,
                "limit": limit, "cursor": "pointer"}  # fmt: skip
        yield layer(chosen, mark, x=field("x"), y=field("y"), text={"field": "text", "type": "nominal"},
                    tooltip=tooltip(name="Why"))  # fmt: skip


def next_step(change: ChangeView) -> str:
    """What is asked of the room, or what comes next, in a few words; never empty."""
    if change.decide:
        return asked(change, change.decide[0])
    if change.decided is not None:
        return settled_short(change.decided)
    if change.status == "cancelled":
        return "Cancelled"
    if change.status == "rolled_back" and change.rollout_on:
        return f"{wording.word_label(change.word)}, rolled back"
    if change.word == "not_rolled_out":
        return _readiness(change) or ("No milestones" if change.planned_on else "No date planned")
    leading = wording.leading_reading(change)
    if change.word == "too_early" and leading and leading.verdict.from_on:
        return f"Look again {when(leading.verdict.from_on)}"
    if leading is not None and leading.preliminary and leading.verdict.from_on is not None:
        return f"Preliminary, next look {day_month(leading.verdict.from_on)}"
    return wording.word_label(change.word)


def _readiness(change: ChangeView) -> str:
    ends = (("design", change.design), ("business", change.business))
    told = " · ".join(f"{name} {end.done} of {end.total}" for name, end in ends if end.total)
    return told[:1].upper() + told[1:]


def why_next(change: ChangeView) -> str:
    """Why that is asked, or what was decided and what customers felt."""
    settled = settled_text(change.decided) if change.decided else ""
    return asked_why(change) or ". ".join(filter(None, [settled, wording.headline(change)]))


LEGEND: tuple[tuple[Word, str, float], ...] = (
    ("better", "better", 0.0),
    ("worse", "worse", 0.054),
    ("mixed", "mixed", 0.104),
    ("leaning_worse", "only a hint", 0.155),
    ("cannot_tell", "cannot tell", 0.228),
    ("no_change", "no real change", 0.300),
)


def _legend(y: float) -> Iterator[Layer]:
    """What the shapes mean, drawn with the shapes themselves."""
    marks = [{"x": x, "y": y, **looks(word)} for word, _, x in LEGEND]
    on = {"x": field("x"), "y": field("y")}
    yield layer(marks, {"type": "point", "xOffset": 6, "size": 60, "strokeWidth": 1.6}, **on, **LOOKS)
    yield texts([{"x": x, "y": y, "text": text} for _, text, x in LEGEND], dx=16, fill=MUTED, fontSize=11.5)
    bar, dots, arrow = 0.396, 0.486, 0.570
    line = {"stroke": DONE, "strokeWidth": 5, "opacity": 0.5, "strokeCap": "round"}
    yield lines([{"x": bar, "x2": bar + 0.02, "y": y, "y2": y}], **line)
    yield lines([{"x": dots, "x2": dots + 0.018, "y": y, "y2": y}], **line, strokeDash=DOTS)
    yield layer([{"x": arrow, "y": y}], {"type": "point", "shape": "triangle-right", "size": 42, "fill": DONE,
                "strokeWidth": 0}, **on)  # fmt: skip
    told = [(bar + 0.024, "likely range"), (dots + 0.022, "preliminary"), (arrow + 0.008, "further")]
    yield texts([{"x": x, "y": y, "text": text} for x, text in told], fill=MUTED, fontSize=11.5)
    steps = ((0.632, "planned"), (0.692, "done"), (0.737, "to come"), (0.792, "late"))
    tick = steps[0][0]
    yield lines([{"x": tick, "x2": tick, "y": y - 6, "y2": y + 6}], stroke=STEEL, strokeWidth=1.5, xOffset=4,
                 x2Offset=4)  # fmt: skip
    for (x, _), shape in zip(steps[1:], ("diamond", "circle", "triangle-down"), strict=True):
        look = {"fill": PAPER, "stroke": STEEL} if shape == "circle" else {"fill": WORSE if x > 0.78 else STEEL}
        width = 1.8 if shape == "circle" else 0
        yield layer([{"x": x, "y": y}], {"type": "point", "shape": shape, "size": 60, "xOffset": 6,
                    "strokeWidth": width, **look}, **on)  # fmt: skip
    yield texts([{"x": x, "y": y, "text": text} for x, text in steps], dx=15, fill=MUTED, fontSize=11.5)
