"""What is said in and around a steering meeting: its name, agenda, progress, and each change in a few lines for a
projector. Knows records and figures as they were made; knows neither storage nor layout.

Texts are plain unless a function says that it gives Markdown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from urllib.parse import quote

from impact.figure_records import PLANNED
from impact.figures import ChangeFigures, MeasureFigures
from impact.portfolio import ChangeView
from impact.records import AgendaItem, AgendaReason, Decision, Meeting
from impact.words.decision_words import GONE, Table, change_link, dates_text, kind_text, word_since
from impact.words.formats import days, listed, plain, plural, when
from impact.words.sentences import word_label

REASONS: Mapping[AgendaReason, str] = {
    "decide": "needs a decision",
    "worse": "customers worse off",
    "review": "due for review",
    "rolling_out": "rolls out before the next meeting",
    "late": "late",
    "hand": "put on by hand",
}
WHOLE = "whole portfolio"
MOST_SAME = 8
MOST_NAMED = 3
"""Names in a line before the rest is counted."""


def title(meeting: Meeting) -> str:
    """What a meeting is called: its own title, else its day."""
    return meeting.title.strip() or f"Steering meeting, {when(meeting.held_on)}"


def for_whom(meeting: Meeting, teams: Mapping[str, str]) -> str:
    """Which changes it is about: the whole portfolio, or a team by its name."""
    if meeting.team_id is None:
        return WHOLE
    return teams.get(meeting.team_id, meeting.team_id.split(":")[-1])


def suggested_title(held_on: date, team: str | None) -> str:
    """The title a new meeting gets: Steering meeting, 28 Nov 2026; with the team where it is one team's."""
    return f"Steering meeting{f' {team}' if team else ''}, {when(held_on)}"


def facts(meeting: Meeting, teams: Mapping[str, str], decided: int) -> str:
    """A meeting in one line: for whom, how much is decided, when the next one is, and whether it is closed."""
    count = len(meeting.agenda)
    agenda = f"{decided} of {plural(count, 'change')} decided" if count else "nothing on the agenda"
    following = f"next meeting {when(meeting.next_on)}" if meeting.next_on else ""
    closed = "closed" if meeting.closed_at else ""
    return " · ".join(part for part in (for_whom(meeting, teams), agenda, following, closed) if part)


def meetings_rows(meetings: Sequence[Meeting], teams: Mapping[str, str], decided: Mapping[str, int]) -> Table:
    """All meetings as a table of Markdown texts with a link to each. ``decided``: decisions by meeting."""
    table: Table = {name: [] for name in ("Meeting", "For", "Held", "On the agenda", "Decisions", "State")}
    for m in meetings:
        row = (
            f"[{plain(title(m))}](meeting?meeting={quote(m.id)})", plain(for_whom(m, teams)), when(m.held_on),
            plural(len(m.agenda), "change"), str(decided.get(m.id, 0)), "closed" if m.closed_at else "open",
        )  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


# --- agenda ------------------------------------------------------------------------------------------------------


def reasons_text(item: AgendaItem) -> str:
    """Why a change is on the agenda: needs a decision, customers worse off."""
    return ", ".join(REASONS[reason] for reason in item.reasons)


def name(change_id: str, change: ChangeView | None) -> str:
    """A change by number and title; by its id where no source delivers it any more."""
    return f"{change.number} {change.title}" if change else f"{change_id.split(':')[-1]}, {GONE}"


def rail_label(place: int, change_id: str, change: ChangeView | None, decision: Decision | None) -> str:
    """An entry of the list beside a change: its place, title and, once decided, what. Markdown."""
    told = change.title if change else f"{change_id.split(':')[-1]} ({GONE})"
    short = told if len(told) <= 40 else f"{told[:38].rstrip()} …"
    done = f" :small[:blue[✓ {plain(kind_text(decision))}]]" if decision else ""
    return f"{place}\\. {plain(short)}{done}"


def progress(place: int | None, count: int, decided: int) -> str:
    """How far the meeting is: 3 of 12 · 5 decided; a change that is not on the agenda is said to be beside it."""
    where = f"**{place} of {count}**" if place else "**not on the agenda**"
    return f"{where} · {decided} decided"


def asking(count: int, most: int) -> str:
    """How many changes ask for a meeting and are not on its agenda, and how many of them are added at once."""
    told = f"{plural(count, 'change')} that {'asks' if count == 1 else 'ask'} for it"
    return told if count <= most else f"the first {most} of {told}"


EMPTY_AGENDA = (
    "Nothing asks for this meeting: no decision is due, nobody is worse off without one, no review is due, nothing "
    "rolls out before the next meeting and no milestone is late. Add changes by hand, or close the meeting."
)


# --- one change --------------------------------------------------------------------------------------------------


def steps_text(change: ChangeView) -> str:
    """The plan in one line: 4 of 6 milestones done, 1 late: Training held (35 days)."""
    counted = [m for m in change.milestones if m.status != "cancelled"]
    if not counted:
        return "no milestones recorded"
    done = sum(m.status == "done" for m in counted)
    late = [f"{m.title} ({days(m.slip_days or 0)})" for m in change.overdue]
    told = f"{done} of {plural(len(counted), 'milestone')} done"
    return f"{told}; late: {listed(late, MOST_NAMED)}" if late else f"{told}, none late"


def next_step_text(change: ChangeView) -> str:
    """The next milestone that is still to come; empty where none has a date."""
    coming = [m for m in change.milestones if m.status not in ("done", "cancelled") and not m.overdue and m.due_on]
    first = min(coming, key=lambda m: (m.due_on or date.max, m.title), default=None)
    return f"next: {first.title}, {when(first.due_on)}" if first else ""


def ready_text(change: ChangeView) -> str:
    """How ready both ends are: design 100 %, business 60 % (still to come: Training held); what is late is told with
    the plan."""
    told = []
    for end_name, end in (("design", change.design), ("business", change.business)):
        if end.ratio is None:
            told.append(f"{end_name} unknown")
            continue
        late = {m.title for m in change.overdue}
        others = [title for title in end.missing if title not in late]
        missing = f" (still to come: {listed(others, 2)})" if others else ""
        told.append(f"{end_name} {round(end.ratio * 100):d}\N{NO-BREAK SPACE}%{missing}")
    return ", ".join(told)


def money_lines(figures: ChangeFigures) -> tuple[str, ...]:
    """Cost, what a month brings and what the bump cost, as far as they are known: texts exactly as on the page of the
    change, the planned figure in brackets."""
    case = {line.label: line.text for line in figures.case}
    if not case:
        lines = [f"cost: {figures.cost}", f"expected benefit: {figures.benefit}"]
    else:
        gain = next((label for label in _GAINS if _is_figure(case.get(label, ""))), _GAINS[0])
        pairs = (("cost", "Cost"), (gain[:1].lower() + gain[1:], gain))
        lines = [told for name, label in pairs if (told := _planned_too(name, label, case))]
    bump = next((line for line in figures.bump if line.label.startswith("Extra tickets")), None)
    return (*lines, *([f"{bump.label[:1].lower()}{bump.label[1:]}: {bump.text}"] if bump else []))


_GAINS = ("Money a month", "Hours of lost work a month")


def _is_figure(text: str) -> bool:
    """Whether a text of the business case tells an amount, and not why there is none."""
    return any(sign.isdigit() for sign in text)


def _planned_too(name: str, label: str, case: Mapping[str, str]) -> str:
    """A figure with the planned one in brackets; empty where neither is known."""
    planned, came = case.get(f"{label}{PLANNED}", ""), case.get(label, "")
    promised = f"{planned} planned" if _is_figure(planned) else ""
    if not _is_figure(came):
        return f"{name}: {promised}; {came}" if promised and came else f"{name}: {promised}" if promised else ""
    return f"{name}: {came}{f' ({promised})' if promised else ''}"


def measure_text(measure: MeasureFigures) -> tuple[str, str]:
    """A board measure's effect and its range; without an estimate, why there is none."""
    return (measure.effect, measure.range) if measure.effect else ("", measure.short)


# --- last time, and since ----------------------------------------------------------------------------------------


def since_rows(then: ChangeFigures, now: ChangeFigures) -> tuple[tuple[str, str, str], ...]:
    """What moved since figures were kept: the answer, and each board measure's effect where it differs."""
    found = []
    if then.word != now.word:
        found.append(("Customers", then.word_label, now.word_label))
    for measure in now.measures:
        before = then.measure(measure.metric)
        if not measure.on_board or before is None:
            continue
        old, new = (_effect(m) for m in (before, measure))
        if old != new:
            found.append((measure.label, old, new))
    return tuple(found)


def _effect(measure: MeasureFigures) -> str:
    return f"{measure.effect} ({measure.range})" if measure.effect else measure.word_label.lower()


def since_text(decision: Decision, change: ChangeView, then: ChangeFigures | None, now: ChangeFigures) -> str:
    """What happened after a decision, in one line: the word then and now, and the tickets' effect then and now."""
    told = [f"customers: {word_since(decision, change)}"]
    if then is not None:
        old, new = then.measure("tickets"), now.measure("tickets")
        if old is not None and new is not None and (old.effect or new.effect):
            before, after = _effect(old), _effect(new)
            told.append(f"tickets: {before}, unchanged" if before == after else f"tickets: {before} → {after}")
    done = sum(1 for m in change.milestones if m.done_on is not None and m.done_on >= decision.decided_on)
    if done:
        told.append(f"{plural(done, 'milestone')} done")
    return "; ".join(told)


def pack_line(meeting: Meeting, frozen_id: str, kept_at: str) -> str:
    """One pack of a meeting as a line of a Markdown list, with the link to its figures beside today's."""
    address = f"meeting?meeting={quote(meeting.id)}&frozen={quote(frozen_id)}"
    return f"- Pack of {plain(kept_at)}: [Figures of then beside today’s]({address})"


def all_the_same(names: Sequence[str]) -> str:
    """Of which changes every figure is the same today."""
    return f"Every figure is the same today: {listed(tuple(names), MOST_SAME)}."


# --- the end -----------------------------------------------------------------------------------------------------


def summary_rows(
    meeting: Meeting, decisions: Mapping[str, Decision], changes: Mapping[str, ChangeView | None]
) -> Table:
    """What a meeting decided, one row a change of its agenda, then decisions on others; Markdown texts."""
    headings = ("Change", "Customers", "Decision", "Reason", "Owner", "Due and review", "Note")
    table: Table = {heading: [] for heading in headings}
    notes = {item.change_id: item.note for item in meeting.agenda}
    for change_id in (*notes, *(other for other in decisions if other not in notes)):
        d, change = decisions.get(change_id), changes.get(change_id)
        word = d.word if d and d.word else change.word if change else None
        row = (
            change_link(change_id, change), word_label(word) if word else "–",
            plain(kind_text(d)) if d else "nothing decided", plain(d.reason) if d else "–",
            (plain(d.owner) or "–") if d else "–", (dates_text(d) or "–") if d else "–",
            plain(notes.get(change_id, "")) or "–",
        )  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def still_open(meeting: Meeting, decided: Collection[str]) -> str:
    """How many changes of the agenda are without a decision; empty where none is."""
    left = [item for item in meeting.agenda if item.change_id not in decided]
    if not left:
        return ""
    verb = "is" if len(left) == 1 else "are"
    them = "it" if len(left) == 1 else "them"
    told = f"{plural(len(left), 'change')} of the agenda {verb} without a decision."
    return f"{told} “Prepare the next meeting” puts {them} on its agenda."


def undecided_text(meeting: Meeting) -> str:
    """What is noted at a change that a meeting left undecided."""
    return f"undecided on {when(meeting.held_on)}"


def agenda_told(meeting: Meeting, changes: Mapping[str, ChangeView | None]) -> str:
    """An agenda as a numbered Markdown list, to be compared with another one."""
    if not meeting.agenda:
        return "Nothing on it."
    lines = []
    for place, item in enumerate(meeting.agenda, 1):
        note = f" – {plain(item.note)}" if item.note else ""
        lines.append(f"{place}. {plain(name(item.change_id, changes.get(item.change_id)))}{note}")
    return "\n".join(lines)
