"""The agenda of a steering meeting, edited by whoever is in it, and the meeting's end. Layout only: what is proposed
and said is decided elsewhere.

Whoever edits says which revision they saw. Where somebody else was faster, nothing is written: the edit waits until it
is made again on the newer agenda, or given up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from impact import agenda as agendas
from impact.agenda import MOST_PROPOSED
from impact.meetings import day_after, next_day
from impact.model import ImpactError
from impact.portfolio import ChangeView
from impact.records import AgendaItem, Conflict, Decision, Meeting
from impact.ui import View, who
from impact.ui.marks import marked
from impact.ui.meeting import REFUSED, changes_of, decided_in, leave, open_one, proposed, teams_of
from impact.words import decision_words
from impact.words import meeting_words as words
from impact.words.formats import at, plain, when

MOST_CHOICES = 1_000
WAITING = "waiting edit"
"""Where the session keeps an edit that somebody else was faster than."""
SAVED = "saved edit"
"""Where the session keeps the meeting as it last saved it."""
Edit = Callable[[Meeting], Meeting]


def head(view: View, meeting: Meeting) -> None:
    """What meeting it is, how far it is, and the way into it."""
    decided = decided_in(view, meeting)
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="head")
    with line.container(width="content", gap="xxsmall"):
        st.title(plain(words.title(meeting)), anchor=False)
        on_it = sum(item.change_id in decided for item in meeting.agenda)
        st.markdown(plain(words.facts(meeting, teams_of(view), on_it)))
    with line.container(horizontal=True, width="content", vertical_alignment="center", key="head buttons"):
        st.button("All meetings", type="tertiary", icon=":material/arrow_back:", on_click=leave)
        first = agendas.first_open(meeting.agenda, decided)
        _about(view, meeting)
        label = "Look through" if meeting.closed_at else "Go on" if decided else "Begin"
        st.button(label, type="primary", icon=":material/play_arrow:", disabled=first is None, shortcut="N",
                  on_click=_show, args=(first,))  # fmt: skip
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        st.error(refused, icon=":material/error:")
    _waiting_edit(view, meeting)


def _about(view: View, meeting: Meeting) -> None:
    """The title and the day of the next meeting, to be corrected."""
    title, next_on = (f"{name} {meeting.id} {meeting.revision}" for name in ("title", "next on"))
    with st.popover("Edit", type="tertiary", icon=":material/edit:"):
        st.text_input("Title", value=meeting.title, key=title)
        st.date_input("Next meeting", value=meeting.next_on, key=next_on, format="YYYY-MM-DD")
        st.button("Save", on_click=_save_about, args=(view, meeting, title, next_on), key="save about")


def _save_about(view: View, meeting: Meeting, title: str, next_on: str) -> None:
    state = st.session_state
    said, day = str(state.get(title) or "").strip() or meeting.title, state.get(next_on)
    told = f"title {said}; next meeting {when(day) if day else 'without a day'}"
    _edit(view, meeting, lambda m: replace(m, title=said, next_on=day), told)


def _show(change_id: str | None) -> None:
    if change_id:
        st.query_params["change"] = change_id


def rows(view: View, meeting: Meeting) -> None:
    """What is to be talked about and why, in the order that people want; a closed meeting shows what was decided."""
    if meeting.closed_at:
        return
    st.header("Agenda", anchor=False)
    changes, decided = changes_of(view, meeting), decided_in(view, meeting)
    if not meeting.agenda:
        st.markdown(words.EMPTY_AGENDA)
    with st.grid(12, wrap=False, min_column_width=20, gap="xsmall", vertical_alignment="center", key="agenda") as grid:
        for place, item in enumerate(meeting.agenda, 1):
            _row(view, meeting, grid, place, item, changes[item.change_id], decided.get(item.change_id))
    _add(view, meeting)


def _row(
    view: View,
    meeting: Meeting,
    grid: Any,
    place: int,
    item: AgendaItem,
    change: ChangeView | None,
    decision: Decision | None,
) -> None:
    """One change of the agenda, in twelve columns: its name, why it is there, a note or what is decided, the moves."""
    about = (view, meeting, item.change_id)
    with grid.cell(column_span=4):
        st.button(plain(f"{place}. {words.name(item.change_id, change)}"), type="tertiary", on_click=_show,
                  args=(item.change_id,), key=f"open {item.change_id}")  # fmt: skip
    with grid.cell(column_span=4):
        felt = f"{marked(change.word)}  \n" if change else ""
        st.markdown(f"{felt}:small[{words.reasons_text(item)}]")
    with grid.cell(column_span=3):
        if decision:
            told = f":blue[✓] {plain(decision_words.kind_text(decision))}"
            st.markdown("  \n".join([told, *([f":small[{plain(item.note)}]"] if item.note else [])]))
        else:
            st.text_input(f"Note on {words.name(item.change_id, change)}", key=_filled(meeting, item),
                          placeholder="Note", label_visibility="collapsed", on_change=_note, args=about)  # fmt: skip
    with grid.cell():
        _moves(view, meeting, place, item.change_id)


def _note_key(meeting: Meeting, change_id: str) -> str:
    """One field a change for as long as the page is open: a field that a save replaced would lose what is typed."""
    return f"note {meeting.id} {change_id}"


def _filled(meeting: Meeting, item: AgendaItem) -> str:
    """The key of a note's field, which shows what is saved unless this visitor's own text is on its way."""
    state, key = st.session_state, _note_key(meeting, item.change_id)
    shown = f"{key} as saved"
    if key not in state or state.get(shown) != item.note:
        if state.get(key) != item.note:
            state[key] = item.note
        state[shown] = item.note
    return key


def _moves(view: View, meeting: Meeting, place: int, change_id: str) -> None:
    line = st.container(horizontal=True, gap="xxsmall", horizontal_alignment="right", wrap=False)
    for icon, told, edit, stuck in (
        ("arrow_upward", "Move up", _on_agenda(agendas.moved, change_id, -1), place == 1),
        ("arrow_downward", "Move down", _on_agenda(agendas.moved, change_id, 1), place == len(meeting.agenda)),
        ("close", "Take off the agenda", _on_agenda(agendas.removed, change_id), False),
    ):
        said = f"{told.lower()}: {change_id.split(':')[-1]}"
        line.button(f":material/{icon}:", type="tertiary", help=told, disabled=stuck, key=f"{icon} {change_id}",
                    on_click=_edit, args=(view, meeting, edit, said))  # fmt: skip


def _on_agenda(edit: Callable[..., agendas.Agenda], *given: Any) -> Edit:
    return lambda meeting: replace(meeting, agenda=edit(meeting.agenda, *given))


def _note(view: View, meeting: Meeting, change_id: str) -> None:
    key = _note_key(meeting, change_id)
    note = str(st.session_state.get(key) or "")
    said = f"note on {change_id.split(':')[-1]}: {note}"
    if not _saved(view, meeting, _on_agenda(agendas.noted, change_id, note), said) and WAITING in st.session_state:
        st.session_state.pop(f"{key} as saved", None)


def _add(view: View, meeting: Meeting) -> None:
    """Put further changes on the agenda: one by hand, or those that ask for it by now."""
    there = {item.change_id for item in meeting.agenda}
    offered = [c for c in view.portfolio.changes if c.id not in there][:MOST_CHOICES]
    names = {c.id: f"{c.number} {c.title}" for c in offered}
    following = next_day(meeting, view.settings.meetings.every_days)
    asking = proposed(view, meeting.held_on, following, meeting.team_id)
    new = [item for item in asking if item.change_id not in there]
    line = st.container(horizontal=True, vertical_alignment="bottom", key="add")
    key = f"add {meeting.revision}"
    line.selectbox("Add a change", list(names), index=None, key=key, format_func=names.__getitem__,
                   placeholder="Number or title", width=420)  # fmt: skip
    line.button("Add", icon=":material/add:", on_click=_add_picked, args=(view, meeting, key))
    if new:
        edit = _on_agenda(agendas.added, new[:MOST_PROPOSED])
        line.button(f"Add {words.asking(len(new), MOST_PROPOSED)}", icon=":material/playlist_add:",
                    help="They were taken off, or began to ask for this meeting after it was opened.",
                    on_click=_edit, args=(view, meeting, edit, "add what asks for it"))  # fmt: skip


def _add_picked(view: View, meeting: Meeting, key: str) -> None:
    picked = st.session_state.get(key)
    if picked:
        item = AgendaItem(change_id=picked, reasons=("hand",))
        _edit(view, meeting, _on_agenda(agendas.added, [item]), f"add {picked.split(':')[-1]}")


def _edit(view: View, meeting: Meeting, edit: Edit, told: str) -> None:
    """What a button does: an edit is saved, or waits."""
    _saved(view, meeting, edit, told)


def _saved(view: View, meeting: Meeting, edit: Edit, told: str) -> bool:
    """Save the meeting after an edit, unless somebody saved another one since it was shown; whether it is saved.

    What this visitor saved a moment ago is no other one: two fields left quickly save before the page is drawn anew.
    """
    changed, state = edit(meeting), st.session_state
    try:
        saved = view.state.change_meeting(changed, seen_revision=changed.revision, by=who(view))
    except Conflict as conflict:
        newest = conflict.current
        if isinstance(newest, Meeting) and (newest == state.get(SAVED) or _says_the_same(newest, meeting)):
            return _saved(view, newest, edit, told)
        state[WAITING] = (changed, edit, told)
        return False
    except ImpactError as error:
        state[REFUSED] = str(error)
        return False
    state[SAVED] = saved
    state.pop(WAITING, None)
    return True


def _says_the_same(one: Meeting, other: Meeting) -> bool:
    """Whether two revisions differ in nothing that people edit: making a pack also makes a revision."""
    return all(getattr(one, name) == getattr(other, name) for name in ("title", "agenda", "next_on", "closed_at"))


def _waiting_edit(view: View, meeting: Meeting) -> None:
    """Somebody else edited the agenda meanwhile: both agendas side by side, and the edit once more or not at all."""
    waiting = st.session_state.get(WAITING)
    if waiting is None or waiting[0].id != meeting.id:
        return
    mine, edit, told = waiting
    by = decision_words.who(meeting.recorded_by, who(view))
    changes = changes_of(view, meeting) | changes_of(view, mine)
    st.warning(
        f"While you were editing, {by} changed this meeting. Your change is not saved yet ({plain(told)}).",
        icon=":material/call_split:",
    )
    with st.grid(2, wrap=False, border=True, gap="small", key="conflict") as grid:
        with grid.cell():
            recorded = at(meeting.recorded_at, view.settings.reporting.timezone)
            st.markdown(f"**Saved by {by}, {recorded}**\n\n{words.agenda_told(meeting, changes)}")
            st.button("Keep theirs, discard mine", on_click=_give_up)
        with grid.cell():
            st.markdown(f"**Yours, not saved yet**\n\n{words.agenda_told(mine, changes)}")
            st.button("Make my change on theirs", type="primary", on_click=_edit, args=(view, meeting, edit, told))


def _give_up() -> None:
    st.session_state.pop(WAITING, None)


# --- the end -----------------------------------------------------------------------------------------------------


def outcome(view: View, meeting: Meeting) -> None:
    """Closing the meeting; once closed, what was decided and when the next one is."""
    decided = decided_in(view, meeting)
    if not meeting.closed_at:
        open_still = words.still_open(meeting, decided)
        line = st.container(horizontal=True, vertical_alignment="center", key="closing")
        line.button("Close the meeting", icon=":material/done_all:", on_click=_close, args=(view, meeting))
        line.markdown(f":small[{open_still or 'Every change of the agenda is decided.'}]", width="content")
        return
    st.header("What was decided", anchor=False)
    st.table(words.summary_rows(meeting, decided, _all_changes(view, meeting, decided)), border="horizontal",
             alt="Decisions of this meeting")  # fmt: skip
    line = st.container(horizontal=True, vertical_alignment="center", key="closing")
    following = next_day(meeting, view.settings.meetings.every_days)
    line.button(f"Prepare the next meeting, {when(following)}", icon=":material/event:", on_click=_prepare,
                args=(view, meeting, following))  # fmt: skip
    line.button("Open it again", type="tertiary", on_click=_reopen, args=(view, meeting))


def _all_changes(view: View, meeting: Meeting, decided: dict[str, Decision]) -> dict[str, ChangeView | None]:
    return {**changes_of(view, meeting), **{i: view.portfolio.change(i) for i in decided}}


def _close(view: View, meeting: Meeting) -> None:
    now, every_days = datetime.now(UTC), view.settings.meetings.every_days
    _edit(view, meeting, lambda m: replace(m, closed_at=now, next_on=next_day(m, every_days)), "close the meeting")


def _reopen(view: View, meeting: Meeting) -> None:
    _edit(view, meeting, lambda m: replace(m, closed_at=None), "open the meeting again")


def _prepare(view: View, meeting: Meeting, following: date) -> None:
    """Open the next meeting with what is left undecided; one that exists gets what never was on its agenda."""
    after = day_after(following, view.settings.meetings.every_days)
    decided = decided_in(view, meeting)
    left = [item for item in meeting.agenda if item.change_id not in decided]
    items = proposed(view, following, after, meeting.team_id)[: max(0, MOST_PROPOSED - len(left))]
    agenda = agendas.carried_over(items, meeting.agenda, decided, words.undecided_text(meeting))
    opened = open_one(view, following, meeting.team_id, agenda)
    if opened is None or opened.closed_at:
        return
    known = {item.change_id for revision in view.state.meeting_history(opened.id) for item in revision.agenda}
    missing = [item for item in agenda if item.change_id in {i.change_id for i in left} - known]
    if missing:
        _edit(view, opened, _on_agenda(agendas.added, missing), "add what was left undecided")
