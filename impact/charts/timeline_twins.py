"""The timeline page's charts and lists as tables, for screen readers, keyboards, print and export. Knows no layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from impact import wording
from impact.charts.board_plan import milestone_told
from impact.charts.gantt_places import Entry, course
from impact.charts.twins import Table, link
from impact.collisions import Alike, Collision, Frozen, Side, TooFew
from impact.daily_tickets import Day, GoingLive
from impact.portfolio import ChangeView
from impact.words import collision_words as words
from impact.words.formats import listed, number, plain, plural, unbroken, when
from impact.words.timeline_words import WEEKDAYS, actual_text, going_live_text, planned_text


def timeline(entries: Sequence[Entry], today: date, group: str, *, links: bool = True) -> Table:
    """A row for every line of the timeline: planned and actual, milestones, what is late."""
    table: Table = {name: [] for name in (group, "Change", "Customers", "Planned", "Actual", "Milestones", "Late")}
    for name, change in entries:
        found = course(change, today)
        counted = [m for m in change.milestones if m.status != "cancelled"]
        done = sum(m.status == "done" for m in counted)
        late = [f"{plain(m.title) if links else m.title}: {milestone_told(m)['fact']}" for m in change.overdue]
        row = (
            plain(name) if links else name,
            link(change) if links else f"{change.number} {change.title}",
            wording.word_label(change.word),
            planned_text(change, found.planned),
            actual_text(change, found.before),
            f"{done} of {plural(len(counted), 'milestone')} done" if counted else "none recorded",
            "; ".join(late) or "none",
        )
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def weeks(days: Sequence[Day], rollouts: Mapping[date, Sequence[GoingLive]], today: date) -> Table:
    """The calendar as a table: a row a week with its seven days, their sum where all are known, and its rollouts."""
    table: Table = {name: [] for name in ("Week from", *(day[:3] for day in WEEKDAYS), "Week", "Rollouts")}
    for start in range(0, len(days), 7):
        mine = days[start : start + 7]
        known = [day.tickets for day in mine if day.tickets is not None]
        there = [going for day in mine for going in rollouts.get(day.on, ())]
        row = [when(mine[0].on), *(_count(day, today) for day in mine)]
        row += ["–"] * (8 - len(row))
        row += [number(sum(known)) if len(known) == 7 else "not complete", going_live_text(there)]
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def _count(day: Day, today: date) -> str:
    text = number(day.tickets) if day.tickets is not None else "–" if day.on > today else "not known"
    return f"{text} (holiday)" if day.holiday else text


def days(found: Sequence[Day], rollouts: Mapping[date, Sequence[GoingLive]]) -> Table:
    """A row a day, for export: days whose tickets are not known have an empty figure."""
    return {
        "Day": [day.on.isoformat() for day in found],
        "Weekday": [WEEKDAYS[day.on.weekday()] for day in found],
        "Tickets": ["" if day.tickets is None else str(day.tickets) for day in found],
        "Holiday": ["yes" if day.holiday else "no" for day in found],
        "Rollouts": [going_live_text(rollouts.get(day.on, ())) for day in found],
    }


def meetings(found: Sequence[Collision], *, changes: Mapping[str, ChangeView] | None = None) -> Table:
    """A row for every two changes that meet. With ``changes`` their names are links."""
    clean = plain if changes is not None else str
    return {
        "First": [f"{_name(c.first, changes)}, {words.days_of(c.first)}" for c in found],
        "Second": [f"{_name(c.second, changes)}, {words.days_of(c.second)}" for c in found],
        "Meet on": [clean(words.where(c)) for c in found],
        "How near": [unbroken(words.apart(c)) for c in found],
        "What it means": [clean(words.meaning(c)) for c in found],
    }


def _name(side: Side, changes: Mapping[str, ChangeView] | None) -> str:
    change = (changes or {}).get(side.change_id)
    return link(change) if change is not None else words.side_name(side)


def ahead(
    coming: Sequence[ChangeView], expected: Mapping[str, Alike | TooFew], found: Sequence[Collision],
    frozen: Sequence[Frozen], *, links: bool = True,
) -> Table:  # fmt: skip
    """A row for every coming change: when, on what, for whom, what changes like it brought, and what it meets."""
    table: Table = {name: [] for name in ("Planned", "Change", "Services", "People", "Extra tickets to expect", "From",
                                          "Meets")}  # fmt: skip
    meets: dict[str, list[str]] = defaultdict(list)
    for c in found:
        if c.coming and c.closeness in ("together", "short"):
            meets[c.first.change_id].append(c.second.number)
            meets[c.second.change_id].append(c.first.number)
    for f in frozen:
        meets[f.side.change_id].append(f.freeze.name)
    for change in coming:
        likely = expected.get(change.id, TooFew(0))
        clean = plain if links else str
        row = (
            when(change.planned_on),
            link(change) if links else f"{change.number} {change.title}",
            clean(listed([s.name for s in change.services], 3)) or "not linked",
            clean(listed([s.name for s in change.segments], 3)) or "not recorded",
            words.extra_text(likely),
            words.extra_basis(likely, change.kind),
            clean(listed(list(dict.fromkeys(meets[change.id])), 4)) or "nothing near",
        )
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table
