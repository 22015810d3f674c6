"""From a meeting and the answers of one data version to the content of its pack. Knows no file and no storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from impact import selection, wording
from impact.charts import MARKS
from impact.charts.board import board
from impact.charts.series import observed_expected, points, timetable
from impact.estimate import Estimate
from impact.figures import ChangeFigures, change_figures
from impact.pack.charts import on_paper
from impact.pack.content import (
    SCHEMA,
    AgendaLine,
    ChangePage,
    Chart,
    DecisionLine,
    Look,
    PackContent,
    Said,
    Tell,
    WeekPoint,
)
from impact.passes import StreamState
from impact.portfolio import ChangeView, Portfolio
from impact.records import AgendaItem, Decision, Meeting
from impact.settings import Settings
from impact.settled import in_force
from impact.showing import Showing
from impact.words import decision_words, meeting_words, pack_words, readings

ROWS_ON_A_BOARD = 14
"""More changes than this could not be read on one slide; they are shared among further ones."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What a pack is made from: everything shown at one data version on one day. ``portfolio`` is the one that the
    meeting sees, in which decided questions may be settled."""

    portfolio: Portfolio
    showing: Showing
    states: tuple[StreamState, ...]
    is_demo: bool
    data_version: str

    @property
    def settings(self) -> Settings:
        """As they hold for these data."""
        return self.showing.dossier.settings

    @property
    def today(self) -> date:
        """The day on which everything is seen."""
        return self.showing.dossier.today

    def figures(self, change: ChangeView) -> ChangeFigures:
        """Everything shown of a change."""
        return self.showing.figures(change)


@dataclass(frozen=True)
class Recorded:
    """What people recorded: the newest revision of every decision, other meetings, and what was seen when deciding."""

    decisions: tuple[Decision, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    seen_then: Callable[[Decision], ChangeFigures | None] = lambda decision: None


def content_of(seen: Seen, meeting: Meeting, recorded: Recorded, tell: Tell = lambda text, ratio: None) -> PackContent:
    """The whole pack of a meeting, in the order of its agenda. ``tell`` hears which change is looked at."""
    portfolio = seen.portfolio
    known = [change for item in meeting.agenda if (change := portfolio.change(item.change_id)) is not None]
    now = [d for d in recorded.decisions if d.meeting_id == meeting.id and not d.withdrawn]
    before_on, before = _before(meeting, recorded, portfolio)
    told, pages = _Teller(seen, recorded), []
    for place, change in enumerate(known):
        tell(f"Looking at {change.number}", place / len(known))
        pages.append(_page(seen, meeting, change, told))
    return PackContent(
        schema=SCHEMA,
        meeting_id=meeting.id,
        title=_title(meeting),
        held_on=meeting.held_on,
        when=wording.when(meeting.held_on),
        team=_team(portfolio, meeting.team_id),
        next_meeting=wording.when(meeting.next_on) if meeting.next_on else "",
        as_of=wording.as_of(portfolio, seen.states),
        stale=wording.stale(portfolio, seen.states, zone=seen.settings.reporting.timezone),
        data_version=seen.data_version,
        zone=seen.settings.reporting.timezone,
        is_demo=seen.is_demo,
        link=seen.settings.meetings.link,
        counts=pack_words.counted(selection.counts(known)),
        agenda=tuple(_agenda(meeting, portfolio, now)),
        overviews=tuple(_overviews(known, portfolio, seen.today)),
        pages=tuple(pages),
        decided_before=tuple(told.line(d) for d in before),
        before_title=f"Decisions of last time, {wording.when(before_on)}" if before_on else "Decisions of last time",
        decided_now=tuple(told.line(d) for d in now),
        method=tuple(Said(title=title, text=text) for title, text in pack_words.method(
            portfolio, smallest_group=seen.settings.privacy.smallest_group)),
        looks={word: Look(shape=m.shape, colour=m.colour, filled=m.filled) for word, m in MARKS.items()},
    )  # fmt: skip


def _title(meeting: Meeting) -> str:
    """The meeting's name with its day, which a title written by hand may lack."""
    title, day = meeting_words.title(meeting), wording.when(meeting.held_on)
    return title if day in title else f"{title}, {day}"


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _team(portfolio: Portfolio, team_id: str | None) -> str:
    return dict(portfolio.teams).get(team_id, team_id) if team_id else "All teams"


def _agenda(meeting: Meeting, portfolio: Portfolio, now: Sequence[Decision]) -> Sequence[AgendaLine]:
    found, newest = [], in_force(now)
    for item in meeting.agenda:
        change, gone = portfolio.change(item.change_id), _first_large(decision_words.GONE)
        reasons = tuple(_first_large(reason) for reason in _reasons(item, change))
        told = newest.get(item.change_id)
        decided = decision_words.settled_short(told) if told else ""
        if change is None:
            number = item.change_id.split(":", 2)[-1]
            found.append(
                AgendaLine(
                    change_id=item.change_id, number=number, title=gone, reasons=reasons, word="no_data",
                    word_label=wording.word_label("no_data"), asked="", note=item.note, decided=decided,
                )
            )  # fmt: skip
            continue
        found.append(
            AgendaLine(
                change_id=change.id, number=change.number, title=change.title, reasons=reasons, word=change.word,
                word_label=wording.word_label(change.word), note=item.note, decided=decided,
                asked=" ".join(readings.asked(change, code) for code in change.decide),
            )
        )  # fmt: skip
    return found


def _reasons(item: AgendaItem, change: ChangeView | None) -> Sequence[str]:
    """Why a change is on the agenda, as things stand: what asks nothing any more needs no decision."""
    asks_nothing = change is not None and not change.decide
    still = [reason for reason in item.reasons if reason != "decide" or not asks_nothing]
    return [meeting_words.REASONS[reason] for reason in still] or [pack_words.NEEDED]


def _overviews(changes: Sequence[ChangeView], portfolio: Portfolio, today: date) -> Sequence[Chart]:
    """The board of the changes on the agenda, in its own order, on as many pages as it needs."""
    ordered = selection.in_board_order(changes)
    pages = -(-len(ordered) // ROWS_ON_A_BOARD)
    most = -(-len(ordered) // max(pages, 1))
    parts = [ordered[i : i + most] for i in range(0, len(ordered), max(most, 1))]
    found = []
    for place, part in enumerate(parts, 1):
        told = "; ".join(f"{c.number} {wording.word_label(c.word).lower()}" for c in part)
        found.append(
            Chart(
                spec=on_paper(board(part, portfolio.metrics, today=today), width=1180),
                title=pack_words.BOARD_TITLE + (f" ({place} of {pages})" if pages > 1 else ""),
                alt=f"Board of {len(part)} changes, the likely range of their effects and their milestones: {told}.",
                caption=pack_words.BOARD_CAPTION,
                wide=True,
            )
        )
    return found


def _page(seen: Seen, meeting: Meeting, change: ChangeView, told: _Teller) -> ChangePage:
    item = next(i for i in meeting.agenda if seen.portfolio.change(i.change_id) is change)
    figures = seen.figures(change)
    mine = [d for d in told.decisions if d.change_id == change.id and not d.withdrawn]
    return ChangePage(
        figures=figures,
        why=_first_large(", ".join(_reasons(item, change))),
        note=item.note,
        chart=_course(seen, change, figures) or _plan(seen, change),
        decisions=tuple(told.line(d) for d in sorted(mine, key=lambda d: d.decided_on, reverse=True)),
    )


def _course(seen: Seen, change: ChangeView, figures: ChangeFigures) -> Chart | None:
    """Observed against expected of the measure shown first; None where it has too few weeks."""
    if change.rollout_on is None or not figures.leading:
        return None
    reading = change.reading(figures.leading)
    found = seen.showing.dossier.series(change, figures.leading)
    if found is None:
        return None
    compared = "; the shaded days were compared" if isinstance(reading.result, Estimate) else ""
    sentence = wording.sentence(change, reading)
    weeks = points(found, reading.metric, change.rollout_on)
    return Chart(
        spec=on_paper(observed_expected(found, change, reading), width=760, height=235),
        title=f"{reading.metric.label}: what happened, and what was to be expected",
        alt=f"{reading.metric.label} a week, observed and expected, around the rollout of {change.title}. {sentence}",
        caption=pack_words.CHART_CAPTION.format(compared),
        unit=reading.metric.unit,
        rollout=f"Rolled out {wording.when(change.rollout_on)}",
        rollout_on=change.rollout_on,
        points=tuple(
            WeekPoint(on=w.middle, observed=w.observed, expected=w.expected, low=w.low, high=w.high) for w in weeks
        ),
    )


def _plan(seen: Seen, change: ChangeView) -> Chart | None:
    """The milestones on the calendar, for a change without figures over time."""
    dated = [m for m in change.milestones if (m.due_on or m.done_on) and m.status != "cancelled"]
    if not dated:
        return None
    spec: dict[str, Any] = timetable(change, seen.today)
    return Chart(
        spec=on_paper(spec, width=470, height=max(120, min(30 * len(dated), 300))),
        title="Milestones on the calendar",
        alt=f"Milestones of {change.title}, planned and actual; the list beside says the same.",
        caption=pack_words.PLAN_CAPTION,
    )


@dataclass(frozen=True)
class _Teller:
    """Puts decisions into words; knows what came after them."""

    seen: Seen
    recorded: Recorded

    @cached_property
    def newest(self) -> dict[str, Decision]:
        """The decision in force on each change."""
        return in_force(self.decisions)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self.recorded.decisions

    def line(self, decision: Decision) -> DecisionLine:
        change = self.seen.portfolio.change(decision.change_id)
        newest = self.newest.get(decision.change_id)
        newer = newest if newest is not None and newest.id != decision.id else None
        return DecisionLine(
            change_id=decision.change_id,
            number=change.number if change else decision.change_id.split(":", 2)[-1],
            title=change.title if change else _first_large(decision_words.GONE),
            decided=decision_words.kind_text(decision),
            reason=decision.reason,
            owner=decision.owner,
            decided_on=wording.when(decision.decided_on),
            due=wording.when(decision.due_on) if decision.due_on else "",
            review=wording.when(decision.review_on) if decision.review_on else "",
            since=self._since(decision, change, newer),
        )

    def _since(self, decision: Decision, change: ChangeView | None, newer: Decision | None) -> str:
        if change is None:
            return _first_large(decision_words.GONE)
        then = self.recorded.seen_then(decision)
        now = change_figures(change, metrics=self.seen.portfolio.metrics, today=self.seen.today)
        told = [_first_large(meeting_words.since_text(decision, change, then, now))]
        if newer is not None:
            told.append(f"decided anew on {wording.when(newer.decided_on)}: {decision_words.kind_text(newer)}")
        else:
            state = decision_words.state_text(decision, newest=True, today=self.seen.today)
            told.append("" if state == "in force" else state)
        return "; ".join(filter(None, told))


def _before(meeting: Meeting, recorded: Recorded, portfolio: Portfolio) -> tuple[date | None, Sequence[Decision]]:
    """The day of the last meeting of the same room, and what was decided in it, also when that was written down before
    its day, and from then until this one. Where no such meeting is known or nothing was decided since, the newest day
    on which anything was."""
    held = [m for m in recorded.meetings if m.team_id == meeting.team_id and m.held_on < meeting.held_on]
    last = max(held, key=lambda m: m.held_on, default=None)

    def ours(decision: Decision) -> bool:
        change = portfolio.change(decision.change_id)
        of_the_room = last is not None and decision.meeting_id == last.id
        return of_the_room or meeting.team_id is None or (change is not None and change.team_id == meeting.team_id)

    earlier = [
        d
        for d in recorded.decisions
        if not d.withdrawn and d.decided_on < meeting.held_on and d.meeting_id != meeting.id and ours(d)
    ]
    if not earlier:
        return None, ()
    on = max(d.decided_on for d in earlier)
    found = [d for d in earlier if last is not None and (d.meeting_id == last.id or d.decided_on >= last.held_on)]
    if last is not None and found:
        on = last.held_on
    else:
        found = [d for d in earlier if d.decided_on >= on]
    return on, sorted(found, key=lambda d: (d.decided_on, d.id))
