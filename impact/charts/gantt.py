"""The portfolio timeline as one Vega-Lite chart: each change planned and actual, coloured by what customers felt.

Knows changes and words; decides nothing. One view with one scale each way, so that no row or day can slip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from impact import wording
from impact.charts import (
    BETTER,
    INK,
    LOOKS,
    MUTED,
    PAPER,
    RULE,
    STEEL,
    UNSURE,
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
from impact.charts.board_plan import milestone_told
from impact.charts.frame import framed
from impact.charts.gantt_places import (
    END,
    FOOT,
    FREEZES,
    MONTHS_HIGH,
    NAMES_END,
    START,
    Days,
    Entry,
    Row,
    course,
    rows_of,
)
from impact.portfolio import ChangeView
from impact.sections import Freeze
from impact.verdict import Word
from impact.words.formats import span
from impact.words.timeline_words import actual_text, edge_text, month_starts, planned_text, rollout_note

HALF = 7.0
"""Half the height of the planned outline; the actual bar is 5 pixels thick."""
PALE: Mapping[Word, float] = {"leaning_better": 0.5, "leaning_worse": 0.5, "mixed": 0.75}
COLOURS: Mapping[Word, str] = {
    "better": BETTER, "leaning_better": BETTER, "worse": WORSE, "leaning_worse": WORSE, "mixed": WORSE,
}  # fmt: skip
Rows = list[dict[str, Any]]


def gantt(
    entries: Sequence[Entry], drawn: Days, *, freezes: Sequence[Freeze] = (), totals: dict[str, int] | None = None
) -> dict[str, Any]:
    """The chart of these lines. Clicking anything on a line selects its change (parameter ``change``)."""
    frozen = [f for f in freezes if drawn.touches(f.first_on, f.last_on)]
    months = (FREEZES if frozen else 0.0) + MONTHS_HIGH / 2
    rows = rows_of(entries, head=months + MONTHS_HIGH / 2, totals=totals)
    bottom = rows[-1].bottom if rows else months + MONTHS_HIGH / 2
    height = bottom + FOOT
    layers = [
        *_freezes(frozen, drawn, bottom),
        _grounds(rows, drawn.today),
        *_months(drawn, months, bottom),
        *_headings(rows),
        *_names(rows, drawn.today),
        *_bars(rows, drawn),
        *_milestones(rows, drawn),
        *_rollouts(rows, drawn),
        *_legend(bottom + 22),
    ]
    return framed(layers, height=height, font=12.5)


ABOUT = tooltip(name="Change", word="Customers", plan="Planned", fact="Actual")


def _told(change: ChangeView, today: date) -> dict[str, str]:
    found = course(change, today)
    return {
        "change": change.id,
        "name": f"{change.number} {change.title}",
        "word": wording.headline(change),
        "plan": planned_text(change, found.planned),
        "fact": actual_text(change, found.before),
    }


def _mine(rows: Sequence[Row]) -> list[tuple[Row, ChangeView]]:
    return [(row, row.change) for row in rows if row.change is not None]


def _freezes(freezes: Sequence[Freeze], drawn: Days, bottom: float) -> Iterator[Layer]:
    """Days on which nothing may go live, as bands behind everything, their names above."""
    bands: Rows = [
        {"x": drawn.x(f.first_on), "x2": drawn.x(f.last_on), "y": FREEZES - 2, "y2": bottom, "name": f.name,
         "when": span(f.first_on, f.last_on), "told": f"Freeze {f.name}, {span(f.first_on, f.last_on)}"}
        for f in freezes
    ]  # fmt: skip
    rect = {"type": "rect", "fill": RULE, "opacity": 0.18, "strokeWidth": 0}
    place = {"x": field("x"), "x2": {"field": "x2"}, "y": field("y"), "y2": {"field": "y2"}}
    yield layer(bands, rect, **place, tooltip=tooltip(name="Freeze", when="Days"),
                description={"field": "told", "type": "nominal"})  # fmt: skip
    free, names = START, []
    for band in sorted(bands, key=lambda b: b["x"]):
        width = (len(band["name"]) * 6.6 + 12) / 1300
        middle = (band["x"] + band["x2"]) / 2
        centre = min(max(middle, START + width / 2), END - width / 2)
        if centre - width / 2 >= free:
            names.append({"x": centre, "y": 12, "text": band["name"]})
            free = centre + width / 2
    yield texts(names, align="center", fill=MUTED, fontSize=11.5)


def _grounds(rows: Sequence[Row], today: date) -> Layer:
    """The clickable ground of each line; lights up under the pointer."""
    values = [{"y": r.top, "y2": r.bottom, "x": 0, "x2": 1, **_told(c, today)} for r, c in _mine(rows)]
    ground = layer(
        values,
        {"type": "rect", "cursor": "pointer", "fill": STEEL, "strokeWidth": 0},
        x=field("x"),
        x2={"field": "x2"},
        y=field("y"),
        y2={"field": "y2"},
        opacity={"condition": {"param": "over", "empty": False, "value": 0.14}, "value": 0.0},
        tooltip=ABOUT,
    )
    over = {"type": "point", "fields": ["change"], "on": "pointerover", "clear": "pointerout"}
    ground["params"] = [
        {"name": "change", "select": {"type": "point", "fields": ["change"]}},
        {"name": "over", "select": over},
    ]
    return ground


def _months(drawn: Days, y: float, bottom: float) -> Iterator[Layer]:
    count = (drawn.last - drawn.first).days / 30
    step = 1 if count <= 14 else 2 if count <= 26 else 3
    months = [(on, text) for on, text in month_starts(drawn.first, drawn.last) if (on.month - 1) % step == 0]
    shown = [(drawn.x(on), text) for on, text in months if drawn.x(on) < END - 0.02]
    yield texts([{"x": x, "y": y, "text": text} for x, text in shown], dx=3, fill=MUTED, fontSize=11.5)
    yield lines([{"x": x, "x2": x, "y": y - 8, "y2": bottom} for x, _ in shown])
    now = drawn.x(drawn.today)
    yield lines([{"x": now, "x2": now, "y": y + 12, "y2": bottom}], stroke=RULE, strokeDash=[4, 3], strokeWidth=1.5)
    yield texts([{"x": now, "y": bottom + 7, "text": "today"}], align="center", fill=MUTED, fontSize=11.5)


def _headings(rows: Sequence[Row]) -> Iterator[Layer]:
    heads = [row for row in rows if row.change is None]
    counts = [f"{r.count}" if r.count == r.total else f"{r.count} of {r.total:,}" for r in heads]
    names = [{"x": 0.0, "y": r.bottom - 9, "text": f"{r.group} · {n}"} for r, n in zip(heads, counts, strict=True)]
    yield texts(names, fontWeight=700, fontSize=12.5)
    yield lines([{"x": 0, "x2": 1, "y": r.bottom, "y2": r.bottom} for r in heads], stroke=RULE)
    inner = [r for r, below in pairwise(rows) if r.change and below.change]
    yield lines([{"x": 0, "x2": 1, "y": r.bottom, "y2": r.bottom} for r in inner])


def _names(rows: Sequence[Row], today: date) -> Iterator[Layer]:
    """The word's mark and the change's name, cut to its column; the tooltip has all of it."""
    marks = [{"x": 0.0, "y": r.y, **looks(c.word), **_told(c, today)} for r, c in _mine(rows)]
    mark = {"type": "point", "xOffset": 8, "size": 80, "strokeWidth": 1.8, "cursor": "pointer"}
    yield layer(marks, mark, x=field("x"), y=field("y"), tooltip=ABOUT, **LOOKS)
    names = [{"x": 0.0, "y": r.y, "text": f"{c.number} {c.title}", **_told(c, today)} for r, c in _mine(rows)]
    text = {"type": "text", "align": "left", "baseline": "middle", "fill": INK, "dx": 20, "cursor": "pointer",
            "limit": {"expr": f"width * {NAMES_END} - 26"}, "fontSize": 13}  # fmt: skip
    yield layer(names, text, x=field("x"), y=field("y"), text={"field": "text", "type": "nominal"}, tooltip=ABOUT,
                description={"field": "name", "type": "nominal"})  # fmt: skip


def _bars(rows: Sequence[Row], drawn: Days) -> Iterator[Layer]:
    """Planned as an outline; actual as a bar, grey until the rollout and then in the colour of what customers felt."""
    outlines, before, after, said = [], [], [], []
    for row, change in _mine(rows):
        told, found = _told(change, drawn.today), course(change, drawn.today)
        parts = [pair for pair in (found.planned, found.before, found.after) if pair is not None]
        if not any(drawn.touches(*pair) for pair in parts):
            early = not parts or max(last for _, last in parts) < drawn.first
            text, side = edge_text(change, parts, before=early), "left" if early else "right"
            said.append({"x": START if early else END, "y": row.y, "text": text, "side": side, **told})
            continue
        if found.planned and drawn.touches(*found.planned):
            outlines.append({**_cut(found.planned, drawn), "y": row.y - HALF, "y2": row.y + HALF, **told})
        if found.before and drawn.touches(*found.before):
            before.append({**_cut(found.before, drawn), "y": row.y, **told})
        if found.after and drawn.touches(*found.after):
            colour, pale = COLOURS.get(change.word, UNSURE), PALE.get(change.word, 1.0)
            after.append({**_cut(found.after, drawn), "y": row.y, "colour": colour, "pale": pale, **told})
    box = {
        "type": "rect",
        "fill": "transparent",
        "stroke": RULE,
        "strokeWidth": 1.1,
        "cornerRadius": 2,
        "cursor": "pointer",
    }
    yield layer(outlines, box, x=field("x"), x2={"field": "x2"}, y=field("y"), y2={"field": "y2"}, tooltip=ABOUT)
    bar = {"type": "rule", "strokeWidth": 6, "cursor": "pointer"}
    across = {"x": field("x"), "x2": {"field": "x2"}, "y": field("y"), "tooltip": ABOUT}
    yield layer(before, bar | {"stroke": STEEL, "opacity": 0.42}, **across)
    yield layer(after, bar | {"strokeWidth": 8}, **across, stroke={"field": "colour", "type": "nominal", "scale": None},
                opacity={"field": "pale", "type": "quantitative", "scale": None})  # fmt: skip
    for side in ("left", "right"):
        mine = [s for s in said if s["side"] == side]
        yield texts(mine, align=side, fill=MUTED, fontSize=11.5, dx=4 if side == "left" else -4, cursor="pointer")


def _cut(pair: tuple[date, date], drawn: Days) -> dict[str, float]:
    return {"x": drawn.x(pair[0]), "x2": max(drawn.x(pair[1]), drawn.x(pair[0]) + 0.003)}


def _milestones(rows: Sequence[Row], drawn: Days) -> Iterator[Layer]:
    """Milestones as small ticks: filled where done, light where to come, a triangle where late."""
    ticks: Rows = []
    late: Rows = []
    for row, change in _mine(rows):
        told = {"change": change.id, "name": f"{change.number} {change.title}"}
        for step in (m for m in change.milestones if m.status != "cancelled"):
            on = drawn.today if step.overdue else step.done_on or step.due_on
            if on is None or not drawn.shows(on):
                continue
            place = {"x": drawn.x(on), "y": row.y, **told, **milestone_told(step)}
            state = "done" if step.done_on or step.status == "done" else "open"
            (late if step.overdue else ticks).append({**place, "state": state})
    about = tooltip(name="Change", step="Milestone", plan="Planned", fact="State")
    on_row = {"x": field("x"), "y": field("y"), "tooltip": about}
    described = {"description": {"field": "told", "type": "nominal"}}
    tick = {"type": "tick", "orient": "vertical", "strokeWidth": 0, "thickness": 1.8, "size": 11, "cursor": "pointer"}
    yield layer([t for t in ticks if t["state"] == "done"], tick | {"fill": INK}, **on_row, **described)
    yield layer([t for t in ticks if t["state"] == "open"], tick | {"fill": RULE, "size": 14}, **on_row, **described)
    yield layer(late, {"type": "point", "shape": "triangle-down", "fill": WORSE, "strokeWidth": 0, "size": 70,
                "cursor": "pointer", "yOffset": -4}, **on_row, **described)  # fmt: skip


def _rollouts(rows: Sequence[Row], drawn: Days) -> Iterator[Layer]:
    """The rollout itself: the word's own mark where it is live, a hollow circle where it is planned; and a note."""
    live: Rows = []
    planned: Rows = []
    notes: Rows = []
    for row, change in _mine(rows):
        told = _told(change, drawn.today)
        on = change.rollout_on or change.planned_on
        ended = change.rollout_on is None and change.status in ("done", "cancelled", "rolled_back")
        if on is None or ended or not drawn.shows(on):
            continue
        spot = {"x": drawn.x(on), "y": row.y, **told, "told": f"{told['name']}: {told['fact']}"}
        if change.rollout_on:
            live.append({**spot, **looks(change.word)})
        else:
            planned.append(spot)
        if note := rollout_note(change, drawn.today):
            notes.append({**spot, "text": note, "late": on < drawn.today})
    mark = {"type": "point", "size": 105, "strokeWidth": 1.8, "cursor": "pointer"}
    on_row = {"x": field("x"), "y": field("y"), "tooltip": ABOUT}
    described = {"description": {"field": "told", "type": "nominal"}}
    yield layer(live, mark | {"shape": "circle", "fill": PAPER, "stroke": PAPER, "size": 170}, **on_row)
    yield layer(live, mark, **on_row, **LOOKS, **described)
    yield layer(planned, mark | {"shape": "circle", "fill": PAPER, "stroke": INK, "size": 72}, **on_row, **described)
    for late, fill in ((True, WORSE_INK), (False, MUTED)):
        for right in (True, False):
            mine = [n for n in notes if n["late"] is late and (n["x"] > END - 0.09) is right]
            look = {
                "align": "right" if right else "left",
                "dx": -11 if right else 11,
                "fontSize": 11.5,
                "cursor": "pointer",
            }
            yield texts(mine, **look, fill=PAPER, stroke=PAPER, strokeWidth=4, strokeJoin="round")
            yield texts(mine, **look, fill=fill)


LEGEND: tuple[tuple[str, float], ...] = (
    ("planned", 0.0), ("worked on", 0.075), ("better", 0.165), ("worse", 0.235), ("only a hint", 0.3),
    ("cannot tell", 0.385), ("no real change", 0.47), ("planned rollout", 0.575), ("milestone", 0.68), ("late", 0.76),
)  # fmt: skip
WORDS: tuple[Word, ...] = ("better", "worse", "leaning_worse", "cannot_tell", "no_change")


def _legend(y: float) -> Iterator[Layer]:
    """What the marks mean, drawn with the marks themselves."""
    place = dict(LEGEND)
    box = [{"x": place["planned"], "x2": place["planned"] + 0.014, "y": y - HALF + 1, "y2": y + HALF - 1}]
    yield layer(box, {"type": "rect", "fill": "transparent", "stroke": RULE, "strokeWidth": 1.1, "cornerRadius": 2},
                x=field("x"), x2={"field": "x2"}, y=field("y"), y2={"field": "y2"})  # fmt: skip
    worked = [{"x": place["worked on"], "x2": place["worked on"] + 0.014, "y": y, "y2": y}]
    yield lines(worked, stroke=STEEL, strokeWidth=6, opacity=0.42)
    names = [name for name, _ in LEGEND[2:7]]
    marks = [{"x": place[name], "y": y, **looks(word)} for name, word in zip(names, WORDS, strict=True)]
    on = {"x": field("x"), "y": field("y")}
    point = {"type": "point", "xOffset": 8, "size": 70, "strokeWidth": 1.6}
    yield layer(marks, point, **on, **LOOKS)
    yield layer(
        [{"x": place["planned rollout"], "y": y}], point | {"shape": "circle", "fill": PAPER, "stroke": INK}, **on
    )
    tick = {"type": "tick", "orient": "vertical", "fill": INK, "strokeWidth": 0, "thickness": 1.8, "size": 11}
    yield layer([{"x": place["milestone"], "y": y}], tick | {"xOffset": 8}, **on)
    yield layer(
        [{"x": place["late"], "y": y}], point | {"shape": "triangle-down", "fill": WORSE, "strokeWidth": 0}, **on
    )
    yield texts([{"x": x, "y": y, "text": name} for name, x in LEGEND], dx=22, fill=MUTED, fontSize=11.5)
