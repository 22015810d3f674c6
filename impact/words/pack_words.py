"""What a pack says besides the figures: facts, readiness, agenda, decisions, method; knows no layout.

The same words as on the page of a change, without its links and Markdown.
"""

from __future__ import annotations

from datetime import date

from impact.estimation.results import Estimate
from impact.portfolio import ChangeView, Portfolio, Readiness, Reading
from impact.selection import Counts
from impact.words.formats import listed, number, percent, plural, when
from impact.words.grounds import reasons
from impact.words.method_words import ONE_SENTENCE, STEPS
from impact.words.rate_words import NONE_HELD, false_alarms, held
from impact.words.readings import asked
from impact.words.sentences import OBSERVATION, RANGE_HELP, decide_text, not_live, stands

NOT_RECORDED = "not recorded"
NEEDED = "needed a decision"
"""Why a change is on the agenda where that was the one reason and nothing is asked any more."""


def facts_in_line(change: ChangeView) -> tuple[str, ...]:
    """Number, team, where it stands, on which services, kind and risk."""
    services = listed([service.name for service in change.services], 3)
    found = [change.number, change.team or "no team", stands(change), f"on {services}" if services else ""]
    found[3] = found[3] or "no service linked"
    found.append(f"{change.kind} change" if change.kind != "other" else "")
    found.append(f"{change.risk} risk" if change.risk != "unknown" else "risk unknown")
    return tuple(part for part in found if part)


def questions(change: ChangeView) -> tuple[str, ...]:
    """What is asked of the room, one text a reason, as the page's head puts it."""
    return tuple(asked(change, c) if c in ("worse", "mixed") else decide_text(c, change) for c in change.decide)


def readiness_text(name: str, end: Readiness) -> str:
    """How ready one end of a change is and what is missing; unknown where it has no milestones."""
    if end.ratio is None:
        return f"{name} readiness unknown: no milestones of this end, or all cancelled"
    missing = f"; missing: {listed(list(end.missing))}" if end.missing else ""
    return f"{name} readiness {percent(end.ratio)}: {end.done} of {plural(end.total, 'milestone')}{missing}"


def cost_text(change: ChangeView) -> str:
    """Planned and spent cost as recorded."""
    found = [
        f"{number(value)} {name}"
        for value, name in ((change.planned_cost, "planned"), (change.actual_cost, "spent so far"))
        if value is not None
    ]
    return ", ".join(found) or NOT_RECORDED


def benefit_text(change: ChangeView) -> str:
    """The benefit that was promised beforehand."""
    found = [
        f"{number(value)} {name} a month"
        for value, name in ((change.expected_benefit_hours, "hours"), (change.expected_benefit_money, "in money"))
        if value is not None
    ]
    return ", ".join(found) or NOT_RECORDED


def nearby(change: ChangeView, reading: Reading | None, *, today: date) -> tuple[str, ...]:
    """What else changed near it and what else could be behind the answer."""
    found = [
        f"{n.number} {n.title}, rolled out {when(n.rollout_on)} on {listed(list(n.services))} too"
        for n in change.neighbours
    ]
    if not found:
        none = "No other change on the same services within eight weeks of this rollout."
        found.append(none if change.rollout_on else _not_compared(change))
    if reading is not None and isinstance(reading.result, Estimate):
        found += reasons(change, reading, today=today)
    return tuple(found)


def _not_compared(change: ChangeView) -> str:
    if change.status == "cancelled":
        return "The change never went live, so nothing is compared."
    done = change.status in ("done", "rolled_back")
    return "Unknown without a rollout date." if done else "Known once the change is live."


def waiting(change: ChangeView, *, today: date) -> str:
    """For a change without figures over time: when it comes, or why it never will."""
    if change.status in ("cancelled", "done", "rolled_back") or change.planned_on is None:
        return not_live(change)
    left = (change.planned_on - today).days
    until = f"in {plural(left, 'day')}" if left > 0 else "today" if left == 0 else f"{plural(-left, 'day')} ago"
    return f"Rollout planned for {when(change.planned_on)}, {until}. Figures start the day after."


# --- the whole pack -----------------------------------------------------------------------------------------------

CHART_CAPTION = (
    "Solid line: what happened. Dashed line and band: what was to be expected without the change, and the range that "
    "chance gives. A point is a week{}."
)
PLAN_CAPTION = "Tick: planned. Diamond: done. Circle: to come. Triangle: late."
BOARD_TITLE = "What customers felt, and where each change stands"
BOARD_CAPTION = (
    "Triangle up: better. Triangle down: worse. Grey: cannot tell, too early or no real change; the bar is the likely "
    "range. On the right planned (tick) and actual milestones."
)


def counted(count: Counts) -> tuple[tuple[str, str], ...]:
    """The key figures of the steering view for the changes of an agenda."""
    of = f"of {number(count.live)}"
    return (
        ("Need a decision", f"{count.decide} of {number(count.shown)}"),
        ("Customers better off", f"{count.better} {of}"),
        ("Customers worse off", f"{count.worse} {of}"),
        ("No real change", f"{count.no_change} {of}"),
        ("Cannot tell yet", f"{count.cannot_tell} {of}"),
    )


def method(portfolio: Portfolio, *, smallest_group: int) -> tuple[tuple[str, str], ...]:
    """How the figures come about, what they cannot say, and how often the method is wrong here; heading and text."""
    held_back = held(portfolio.rates) or (NONE_HELD,)
    rates = false_alarms(portfolio.rates)
    told = [
        f"{name} {rate} (likely {ends})" if ends not in ("", "–") else f"{name}: {rate}"
        for name, rate, ends in zip(rates["Measure"], rates["False alarms"], rates["Likely range"], strict=True)
    ]
    return (
        ("In one sentence", ONE_SENTENCE),
        *STEPS,
        ("The likely range", RANGE_HELP),
        ("What it is not", OBSERVATION),
        ("False alarms here", f"{'; '.join(told)}. {' '.join(held_back)}" if told else NONE_HELD),
        ("Whom it shows", f"No person is shown, and no group of fewer than {smallest_group} people."),
    )
