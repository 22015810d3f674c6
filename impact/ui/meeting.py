"""Which steering meeting a page shows: going back to one, or opening one with a proposed agenda. Layout only: what is
proposed and said is decided elsewhere."""

from __future__ import annotations

from datetime import date

import streamlit as st

from impact import meetings
from impact.agenda import MOST_PROPOSED, Agenda
from impact.model import ImpactError
from impact.portfolio import ChangeView
from impact.records import Decision, Meeting
from impact.ui import View, who
from impact.ui.decide import ROOM_STYLE
from impact.words import meeting_words as words
from impact.words.formats import plural, quoted, when

REFUSED = "meeting refused"
"""Where the session keeps why something could not be saved, until it is shown."""
LAST = "meeting last shown"
"""Where the session keeps the meeting: the navigation at the top drops it from the address."""


# --- which meeting -----------------------------------------------------------------------------------------------


def pick(view: View) -> Meeting | None:
    """The meeting that the address names, else the one that this visitor was in, until they leave it; None where the
    address names none that exists, which is said."""
    st.html(ROOM_STYLE)
    asked = st.query_params.get("meeting", "")
    wanted = asked or st.session_state.get(LAST, "")
    found = view.state.meeting(wanted) if wanted else None
    if found is not None:
        st.session_state[LAST] = st.query_params["meeting"] = found.id
    elif asked:
        st.warning(f"There is no meeting with the id {quoted(asked)}. Choose one below, or open a new one.")
    return found


def leave() -> None:
    """Go back to all meetings."""
    st.session_state.pop(LAST, None)
    for name in ("meeting", "change", "frozen"):
        st.query_params.pop(name, None)


def choose(view: View) -> None:
    """Open a meeting, or go back to one."""
    st.title("Steering meeting", anchor=False)
    known = view.state.meetings()
    with st.grid(3, wrap=False, min_column_width=20, gap=(0, 48), key="choose") as grid:
        with grid.cell():
            st.header("Open a meeting", anchor=False)
            _new(view, known)
        with grid.cell(column_span=2):
            st.header("Meetings so far", anchor=False)
            if not known:
                st.markdown(
                    "None yet. The first one is opened on the left; its agenda is proposed from today's figures."
                )
                return
            count = _decisions_by_meeting(view)
            st.table(words.meetings_rows(known, teams_of(view), count), border="horizontal", alt="Meetings so far")


def _new(view: View, known: tuple[Meeting, ...]) -> None:
    if refused := st.session_state.pop(REFUSED, None):
        st.error(refused, icon=":material/error:")
    teams = teams_of(view)
    coming = min(
        (m.next_on for m in known if m.next_on and m.next_on >= view.today), default=meetings.working_day(view.today)
    )
    held_on = st.date_input("Day of the meeting", value=coming, key="new day", format="YYYY-MM-DD")
    team = st.selectbox(
        "For", ["", *teams], key="new team", format_func=lambda i: teams.get(i, "The whole portfolio")
    )  # fmt: skip
    if not isinstance(held_on, date):
        st.markdown("Choose a day.")
        return
    following = meetings.day_after(held_on, view.settings.meetings.every_days)
    items = proposed(view, held_on, following, team or None)
    st.markdown(_preview(items, following))
    st.button("Open this meeting", type="primary", icon=":material/groups:", on_click=_open,
              args=(view, held_on, team or None, items[:MOST_PROPOSED]))  # fmt: skip
    st.markdown(":small[A meeting of that day that exists already is opened as it is.]")


def _preview(items: Agenda, following: date) -> str:
    if not items:
        return f"Nothing asks for this meeting. The next one would be on {when(following)}."
    decide = sum("decide" in item.reasons for item in items)
    shown = min(len(items), MOST_PROPOSED)
    more = f" The first {shown} of {len(items)} changes that ask for it are put on." if shown < len(items) else ""
    return (
        f"Its agenda: **{plural(shown, 'change')}**, {decide} of them need a decision.{more} "
        f"The next meeting would be on {when(following)}."
    )


def _open(view: View, held_on: date, team: str | None, items: Agenda) -> None:
    """What the button does."""
    open_one(view, held_on, team, items)


def open_one(view: View, held_on: date, team: str | None, items: Agenda) -> Meeting | None:
    """Open a meeting and go there; None where it could not be saved, which is said."""
    every_days = view.settings.meetings.every_days
    try:
        found = meetings.open_meeting(view.state, view.portfolio, held_on, every_days=every_days, team_id=team,
                                      agenda=items, by=who(view))  # fmt: skip
    except ImpactError as error:
        st.session_state[REFUSED] = str(error)
        return None
    st.query_params["meeting"] = found.id
    return found


def proposed(view: View, held_on: date, next_on: date, team: str | None) -> Agenda:
    """All that asks for a meeting, found once as long as nothing is recorded."""
    state = view.state
    return view.cached(
        ("agenda", state.told_apart(), held_on, next_on, team),
        lambda: meetings.proposed(view.portfolio, state, held_on, next_on, team),
    )


def teams_of(view: View) -> dict[str, str]:
    return dict(view.portfolio.teams)


def _decisions_by_meeting(view: View) -> dict[str, int]:
    count: dict[str, int] = {}
    for d in view.state.decisions():
        if d.meeting_id and not d.withdrawn:
            count[d.meeting_id] = count.get(d.meeting_id, 0) + 1
    return count


def decided_in(view: View, meeting: Meeting) -> dict[str, Decision]:
    """The decisions of this meeting by change; withdrawn ones are none."""
    return {d.change_id: d for d in view.state.decisions() if d.meeting_id == meeting.id and not d.withdrawn}


def changes_of(view: View, meeting: Meeting) -> dict[str, ChangeView | None]:
    """The changes of the agenda; None for one that no source delivers any more."""
    return {item.change_id: view.portfolio.change(item.change_id) for item in meeting.agenda}
