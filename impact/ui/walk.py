"""One change after the other in a steering meeting, for a projector: what customers felt, plan, money, what was decided
last time, and the decision. Layout only: every figure and sentence is made elsewhere.

Everything a room needs fits 1280 x 720: the list on the left, the change beside it, the form at its foot.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

import streamlit as st

from impact import agenda as agendas
from impact.charts import series
from impact.deciding import occasion
from impact.figures import ChangeFigures, MeasureFigures
from impact.portfolio import ChangeView
from impact.records import Decision, Meeting
from impact.selection import leading_metric
from impact.telling import telling
from impact.ui import View, decide
from impact.ui.marks import marked
from impact.ui.meeting import changes_of, decided_in
from impact.verdict import Word
from impact.words import decision_words, telling_words
from impact.words import meeting_words as words
from impact.words.formats import plain, quoted, when

CHART = 192
"""Pixels of the chart, so that the form is still on a projector's first screen."""
PADDING = {"top": 4, "left": 4, "right": 8, "bottom": 4}
RAIL = 560
MOST_LINES = 3
"""Lines of money on the first screen; all of them are on the page of the change."""


def asked() -> str:
    """The change that the address names; empty for the agenda."""
    return st.query_params.get("change", "")


def change(view: View, meeting: Meeting) -> None:
    """The change that the address names, beside the agenda; an unknown one is said and nothing is guessed."""
    found = view.portfolio.change(asked())
    change_id = found.id if found else asked()
    decided = decided_in(view, meeting)
    _ways(meeting, change_id, decided)
    with st.grid(6, wrap=False, min_column_width=20, gap=(0, 24), key="walk") as grid:
        with grid.cell():
            _rail(view, meeting, change_id, decided)
        with grid.cell(column_span=5), st.container(gap="xsmall"):
            if found is None:
                _gone(view, meeting, change_id)
            else:
                _show(view, meeting, found)


def _ways(meeting: Meeting, change_id: str, decided: dict[str, Decision]) -> None:
    """Which meeting it is, how far it is, and the ways to the next, the previous and the agenda."""
    ids = [item.change_id for item in meeting.agenda]
    place = ids.index(change_id) + 1 if change_id in ids else None
    before, after = agendas.neighbours(meeting.agenda, change_id)
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="ways")
    with line.container(horizontal=True, width="content", vertical_alignment="center"):
        st.button("Agenda", icon=":material/arrow_back:", type="tertiary", on_click=_go, args=("",))
        st.markdown(f"{plain(words.title(meeting))}{' · closed' if meeting.closed_at else ''}", width="content")
    with line.container(horizontal=True, width="content", vertical_alignment="center"):
        done = sum(i in decided for i in ids)
        st.markdown(words.progress(place, len(ids), done), width="content")
        for label, shortcut, icon, target in (
            ("Previous", "P", ":material/chevron_left:", before),
            ("Next", "N", ":material/chevron_right:", after),
        ):
            st.button(label, icon=icon, shortcut=shortcut, disabled=target is None, on_click=_go, args=(target,))


def _go(change_id: str | None) -> None:
    if change_id:
        st.query_params["change"] = change_id
    else:
        st.query_params.pop("change", None)


def _rail(view: View, meeting: Meeting, change_id: str, decided: dict[str, Decision]) -> None:
    """The agenda as a list to choose from, with what is decided already."""
    changes = changes_of(view, meeting)
    ids = list(changes)
    labels = {
        i: words.rail_label(place, i, changes[i], decided.get(i)) for place, i in enumerate(ids, 1)
    }  # fmt: skip
    st.session_state["rail"] = change_id if change_id in labels else None
    if not ids:
        st.markdown("Nothing is on the agenda.")
        return
    with st.container(height=RAIL, border=False, key="rail-box"):
        st.radio("Agenda", ids, index=None, key="rail", format_func=labels.__getitem__, on_change=_picked,
                 label_visibility="collapsed")  # fmt: skip


def _picked() -> None:
    _go(st.session_state["rail"])


def _gone(view: View, meeting: Meeting, change_id: str) -> None:
    """A change on the agenda that no source delivers any more, or one that nobody knows."""
    st.title("This change is not there", anchor=False)
    if change_id in changes_of(view, meeting):
        st.warning(f"{plain(change_id.split(':')[-1])} is on the agenda, and no source delivers it any more. Its "
                   "earlier decisions stay on the Decisions page. Go on with the next change, or take it off the "
                   "agenda.", icon=":material/link_off:")  # fmt: skip
    else:
        st.warning(f"There is no change with the id or number {quoted(change_id)}. Choose one from the agenda.")


def _show(view: View, meeting: Meeting, change: ChangeView) -> None:
    figures = decide.seen(view, change)
    now = occasion(view.today, meeting)
    _answer(meeting, change, figures)
    if not decide.in_conflict(view, change, now):
        with st.grid(24, wrap=False, min_column_width=5, gap=(0, 4), key="essentials") as grid:
            with grid.cell(column_span=15), st.container(gap="xxsmall"):
                _felt(view, change, figures)
            with grid.cell(column_span=9), st.container(gap="xxsmall", key="standing"):
                _stands(view, meeting, change, figures)
    if meeting.closed_at:
        own = decided_in(view, meeting).get(change.id)
        told = plain(decision_words.decided_text(own)) if own else "nothing"
        st.markdown(f"This meeting is closed. Decided in it: **{told}**.")
    else:
        decide.form(view, change, now)


def _answer(meeting: Meeting, change: ChangeView, figures: ChangeFigures) -> None:
    """Name, where it stands, what customers felt, what is asked, and what was noted for this meeting."""
    st.title(plain(change.title), anchor=False)
    answer = st.container(horizontal=True, vertical_alignment="center", gap="small")
    answer.header(marked(change.word, plain(figures.felt)), anchor=False, width="content")
    if figures.asked:
        asked = plain(" ".join(figures.asked))
        answer.markdown(f":orange-badge[:material/gavel: Decision asked] {asked}", width="content")
    item = next((item for item in meeting.agenda if item.change_id == change.id), None)
    if change.decided:
        settled = plain(decision_words.settled_text(change.decided))
        answer.markdown(f":blue-badge[:material/check: {settled}]", width="content")
    elif item and not figures.asked:
        answer.markdown(f":gray-badge[{words.reasons_text(item)}]", width="content")
    if item and item.note:
        st.markdown(f":small[**Note** {plain(item.note)}]")


def _felt(view: View, change: ChangeView, figures: ChangeFigures) -> None:
    """Observed against expected of the leading measure; below it each board measure in a line."""
    leading = leading_metric(change, view.portfolio.metrics) if change.rollout_on else ""
    spec = view.chart(change, leading) if leading else None
    read = figures.measure(leading) if leading else None
    if spec is not None and read is not None:
        st.markdown(f":small[**{plain(read.label)}**: :blue[**—●—**] happened, :gray[**– –**] to be expected without "
                    "the change]")  # fmt: skip
        st.vega_lite_chart(spec | {"padding": PADDING}, height=CHART, alt=read.sentence)
    elif any(m.due_on or m.done_on for m in change.milestones):
        st.markdown(f":small[{plain(figures.waiting or figures.headline)}]")
        drawn = view.cached(("timetable", change.id), lambda: series.timetable(change, view.today))
        st.vega_lite_chart(drawn, height=CHART + 60, alt=f"Milestones of {change.title}, planned and actual.")
    else:
        st.markdown(plain(figures.waiting or figures.headline))
    _measures(figures)


def _measures(figures: ChangeFigures) -> None:
    shown = [m for m in figures.measures if m.on_board]
    if not shown or figures.word == "not_rolled_out":
        return
    spans = (4, 5, 11) if any(measure.preliminary for measure in shown) else (4, 4, 12)
    with st.grid(20, wrap=False, min_column_width=5, gap=(0, 4), key="measures-now") as grid:
        for measure in shown:
            effect, range_or_why = words.measure_text(measure)
            told = f"**{plain(effect)}**, {plain(range_or_why)}" if effect else plain(range_or_why)
            for span, text in zip(spans, (plain(measure.label), answer(measure), told), strict=True):
                with grid.cell(column_span=span):
                    st.markdown(f":small[{text}]")


def answer(measure: MeasureFigures) -> str:
    """What a measure says in a word; that it is preliminary where it is, as the pack says it."""
    return f"{marked(cast(Word, measure.word))}{', preliminary' if measure.preliminary else ''}"


def _stands(view: View, meeting: Meeting, change: ChangeView, figures: ChangeFigures) -> None:
    """Plan, readiness, who was told; money; what was decided last time and what happened since."""
    st.markdown(f":small[{plain(' · '.join(figures.facts[:3]))} · [its page](change?change={quote(change.id)})]")
    plan = "; ".join(filter(None, [words.steps_text(change), words.next_step_text(change)]))
    told = telling_words.summary(telling(change, view.today))
    lines = [("Plan", plan), ("Ready", words.ready_text(change)), ("Told", told)]
    lines += [("Money", "; ".join(words.money_lines(figures)[:MOST_LINES]))]
    earlier, since = decide.last_time(view, change, meeting)
    if earlier is None:
        lines.append(("Last time", "nothing was decided about it"))
    else:
        lines.append((f"Last time, {when(earlier.decided_on)}", decision_words.decided_text(earlier)))
        lines.append(("Since then", since))
    for name, text in lines:
        st.markdown(f":small[**{name}** {plain(text)}]")
