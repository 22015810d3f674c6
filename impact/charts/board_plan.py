"""The plan side of the board: milestones planned and actual, and what a milestone's state is in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impact.charts import HAIRLINE, MUTED, PAPER, STEEL, WORSE, Layer, field, layer, lines, texts, tooltip
from impact.charts.board_places import PLAN_START, Plan, Row
from impact.portfolio import ChangeView, MilestoneView
from impact.words.formats import day_month, days, when


def milestones(rows: Sequence[Row], plan: Plan) -> Iterator[Layer]:
    """Planned as a tick, done as a diamond, to come as a circle, late as a triangle at today's line."""
    spans, ticks, marks, late, said = [], [], [], [], []
    for row in rows:
        change = row.change
        if change is None:
            continue
        steps = [m for m in change.milestones if m.status != "cancelled"] or _rollout_only(change)
        inside = [d for m in steps for d in (m.due_on, m.done_on) if plan.shows(d)]
        if not inside:
            said.append({"x": PLAN_START, "y": row.y, "text": _outside(change, steps), "change": change.id})
            continue
        every = [d for m in steps for d in (m.due_on, m.done_on) if d]
        spans.append({"x": plan.x(min(every)), "x2": plan.x(max(every)), "y": row.y, "change": change.id})
        for step in steps:
            told = {"change": change.id, "name": f"{change.number} {change.title}", **milestone_told(step)}
            if plan.shows(step.due_on):
                x = plan.x(step.due_on or plan.today)
                ticks.append({"x": x, "x2": x, "y": row.y - 7, "y2": row.y + 7, **told})
            if step.overdue and step.due_on:
                late.append({"x": plan.x(step.due_on), "x2": plan.x(plan.today), "y": row.y, **told})
            elif (day := step.done_on or step.due_on) and plan.shows(day):
                kind = "done" if step.status == "done" else "open"
                marks.append({"x": plan.x(day), "y": row.y, "kind": kind, **told})
    about = tooltip(name="Change", step="Milestone", plan="Planned", fact="State")
    on = {"x": field("x"), "y": field("y")}
    yield lines([{**s, "y2": s["y"]} for s in spans], stroke=HAIRLINE, strokeWidth=4)
    yield lines(ticks, stroke=STEEL, strokeWidth=1.5)
    yield lines([{**m, "y2": m["y"]} for m in late], stroke=WORSE, strokeWidth=2, opacity=0.6)
    shared = {"type": "point", "strokeWidth": 1.8, "cursor": "pointer"}
    described = {"description": {"field": "told", "type": "nominal"}}
    yield layer([m for m in marks if m["kind"] == "done"], shared | {"shape": "diamond", "size": 75, "fill": STEEL,
                "strokeWidth": 0}, **on, tooltip=about, **described)  # fmt: skip
    yield layer([m for m in marks if m["kind"] == "open"], shared | {"shape": "circle", "size": 60, "fill": PAPER,
                "stroke": STEEL}, **on, tooltip=about, **described)  # fmt: skip
    yield layer([{**m, "x": m["x2"]} for m in late], shared | {"shape": "triangle-down", "size": 100, "fill": WORSE,
                "strokeWidth": 0}, **on, tooltip=about, **described)  # fmt: skip
    yield texts(said, fill=MUTED, cursor="pointer")


def _outside(change: ChangeView, steps: Sequence[MilestoneView]) -> str:
    """What is said where no milestone lies in the drawn months."""
    days = [m.done_on or m.due_on for m in steps]
    last = max((d for d in days if d), default=None)
    if last is None:
        return "no milestones recorded"
    if change.status == "cancelled":
        return f"stopped after {when(last)}"
    return f"all done by {when(last)}" if all(m.status == "done" for m in steps) else f"last one {when(last)}"


def _rollout_only(change: ChangeView) -> list[MilestoneView]:
    """Where no milestone is recorded, the rollout itself, planned and actual, is what there is to show."""
    if change.rollout_on is None and change.planned_on is None:
        return []
    done = change.rollout_on
    status = "done" if done else "open"
    return [MilestoneView("Rollout", "rollout", "rollout", None, change.planned_on or done, done, status, 1.0, None,
                          None, None)]  # fmt: skip


def milestone_told(step: MilestoneView) -> dict[str, str]:
    """A milestone's name (``step``), plan, state (``fact``; ``short`` for a narrow column) and all of it (``told``)."""
    plan, late = when(step.due_on), step.slip_days
    if step.done_on:
        slip = (
            ""
            if late is None
            else ", on time"
            if late == 0
            else f", {days(abs(late))} {'late' if late > 0 else 'early'}"
        )
        fact, short = f"done {when(step.done_on)}{slip}", f"done {day_month(step.done_on)}{slip}"
    elif step.status == "done":
        fact = short = "done, day not recorded"
    elif step.status == "cancelled":
        fact = short = "cancelled"
    else:
        fact = short = f"open, {days(late or 0)} late" if step.overdue else "to come"
    return {
        "step": step.title,
        "plan": plan,
        "fact": fact,
        "short": short,
        "told": f"{step.title}, planned {plan}, {fact}",
    }
