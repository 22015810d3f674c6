"""The form to record a decision, on the meeting's page and on the page of a change, with what was decided before.
Layout and the drafts of one visitor: what a decision is and says is made elsewhere.

A draft stays with its visitor until it is recorded or given up. It remembers which revision was in front of the person
who began it, so that nobody overwrites what they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from impact.deciding import (
    KINDS,
    Draft,
    Occasion,
    asked_then,
    decided,
    first_draft,
    missing,
    occasion,
    review_once_chosen,
)
from impact.figure_tables import case_figures, is_known
from impact.figures import ChangeFigures, as_json, change_figures
from impact.frozen_figures import figures_of
from impact.model import ImpactError
from impact.portfolio import ChangeView
from impact.records import Conflict, Decision, Meeting
from impact.settled import in_force
from impact.showing import Showing
from impact.ui import View, who
from impact.words import decision_words, meeting_words
from impact.words.formats import at, plain, when

FIELDS = ("kind", "other", "reason", "owner", "due_on", "review_on")
ROLES = ("Service owner", "Change owner", "Sponsor", "Service desk")
ROOM_STYLE = Path(__file__).with_name("room.css")


# --- what is recorded --------------------------------------------------------------------------------------------


def seen(view: View, change: ChangeView) -> ChangeFigures:
    """What a meeting talks about: answer, measures, plan and money. Quickly made, whatever was just recorded."""

    def make() -> ChangeFigures:
        case, known = view.dossier.case(change), view.portfolio.metrics
        return change_figures(change, metrics=known, today=view.today, cost=view.cost(change),
                              case=case_figures(case) if is_known(case) else ())  # fmt: skip

    return view.cached(("figures", change.id, change.decide), make)


def everything(view: View, change: ChangeView) -> ChangeFigures:
    """All that is shown of a change anywhere: what a decision keeps, and what kept figures are compared with."""
    return Showing(view.dossier, view.state).figures(change)


def kept(view: View, decision: Decision) -> ChangeFigures | None:
    """The figures that were seen when it was decided; None where none were kept."""
    frozen = view.state.frozen(decision.frozen_id) if decision.frozen_id else None
    return figures_of(frozen.content, decision.change_id) if frozen else None


def current(view: View, decision_id: str) -> Decision | None:
    """The newest revision of one decision, withdrawn or not."""
    return next((d for d in view.state.decisions() if d.id == decision_id), None)


def before(view: View, change: ChangeView, now: Occasion) -> Decision | None:
    """The decision on a change that was in force before this occasion."""
    own = now.decision_id(change.id)
    others = [d for d in view.state.decisions() if d.change_id == change.id and d.id != own and d.decided_on <= now.on]
    return in_force(others).get(change.id)


# --- the page of a change ----------------------------------------------------------------------------------------


def section(view: View, change: ChangeView) -> None:
    """On the page of a change: what was decided about it, and recording a decision without a meeting."""
    st.header("Decisions", anchor=False)
    try:
        mine = [d for d in view.state.decisions() if d.change_id == change.id]
    except ImpactError as error:
        st.warning(str(error), icon=":material/cloud_off:")
        return
    if not mine:
        st.markdown("Nothing has been decided about this change yet.")
    for decision in mine:
        _told(view, change, decision, newest=in_force(mine).get(change.id) == decision)
    with st.expander("Record a decision without a meeting", key="decide here", on_change="rerun") as drawer:
        if drawer.open:
            form(view, change, occasion(view.today), narrow=True)


def _told(view: View, change: ChangeView, decision: Decision, *, newest: bool) -> None:
    state = decision_words.state_text(decision, newest=newest, today=view.today)
    on = f"Meeting of {when(decision.decided_on)}" if decision.meeting_id else when(decision.decided_on)
    line = f"- {on}: **{plain(decision_words.decided_text(decision))}** · {state}"
    if newest:
        since = meeting_words.since_text(decision, change, kept(view, decision), seen(view, change))
        line += f"  \n  Since then: {plain(since)}"
    st.markdown(line)


# --- the form ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Desk:
    """One form: which change, on which occasion, what is recorded there already, and where its draft is kept."""

    change: ChangeView
    now: Occasion
    recorded: Decision | None

    @property
    def id(self) -> str:
        return self.now.decision_id(self.change.id)

    @property
    def revision(self) -> int:
        return self.recorded.revision if self.recorded else 0

    def key(self, field: str) -> str:
        return f"decide {field} {self.id}"


def form(view: View, change: ChangeView, now: Occasion, *, narrow: bool = False) -> None:
    """What is decided, why, by whom until when; with a conflict, both versions first. ``narrow``: in half a page."""
    st.html(ROOM_STYLE)
    desk = _desk(view, change, now)
    _fill(view, desk)
    if desk.recorded is not None and in_conflict(view, change, now):
        _conflict(view, desk, desk.recorded)
    with st.container(gap="xsmall", key="decide"):
        _first_line(view, desk)
        _fields(view, desk, narrow)


def in_conflict(view: View, change: ChangeView, now: Occasion) -> bool:
    """Whether somebody recorded a newer revision than the draft was begun on."""
    desk = _desk(view, change, now)
    begun = st.session_state.get(desk.key("begun on"))
    return begun is not None and desk.revision > begun


def _desk(view: View, change: ChangeView, now: Occasion) -> _Desk:
    return _Desk(change, now, current(view, now.decision_id(change.id)))


def _fill(view: View, desk: _Desk) -> None:
    """Let the form show what is recorded, unless somebody writes in it."""
    state = st.session_state
    if state.get(desk.key("begun on")) is None and state.get(desk.key("filled from")) != desk.revision:
        live = desk.recorded if desk.recorded and not desk.recorded.withdrawn else None
        _put(desk, first_draft(desk.change, desk.now, every_days=view.settings.meetings.every_days, before=live))
        state[desk.key("filled from")] = desk.revision
    for field in FIELDS:
        state.setdefault(desk.key(field), None)


def _put(desk: _Desk, draft: Draft) -> None:
    for field in FIELDS:
        st.session_state[desk.key(field)] = getattr(draft, field) or None


def _draft(desk: _Desk) -> Draft:
    """What stands in the form."""
    state = st.session_state
    texts = {field: str(state.get(desk.key(field)) or "") for field in ("other", "reason", "owner")}
    return Draft(kind=state.get(desk.key("kind")), due_on=state.get(desk.key("due_on")),
                 review_on=state.get(desk.key("review_on")), **texts)  # fmt: skip


def _begin(desk: _Desk) -> None:
    """Somebody writes: from now on the draft stands on the revision that was in front of them."""
    st.session_state.setdefault(desk.key("begun on"), desk.revision)
    st.session_state.pop(desk.key("refused"), None)


def _chosen(view: View, desk: _Desk) -> None:
    """Another kind is chosen: closing a change takes the usual review away."""
    _begin(desk)
    usual = first_draft(desk.change, desk.now, every_days=view.settings.meetings.every_days).review_on
    draft, state = _draft(desk), st.session_state
    was_closing = bool(state.get(desk.key("closing")))
    state[desk.key("review_on")] = review_once_chosen(draft, usual, was_closing=was_closing)
    state[desk.key("closing")] = draft.kind == "close_benefit"


def _drop(desk: _Desk) -> None:
    for mark in ("begun on", "filled from", "tried", "refused", "closing"):
        st.session_state.pop(desk.key(mark), None)


def _first_line(view: View, desk: _Desk) -> None:
    """What is decided, the button that records it, and beside it what came of pressing it."""
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small",
                        key="decide-line")  # fmt: skip
    line.segmented_control("Decision", KINDS, key=desk.key("kind"), format_func=decision_words.KINDS.__getitem__,
                           label_visibility="collapsed", on_change=_chosen, args=(view, desk),
                           persist_state="session")  # fmt: skip
    begun = st.session_state.get(desk.key("begun on")) is not None
    stuck = in_conflict(view, desk.change, desk.now) or (desk.recorded is not None and not begun)
    told = _told_beside(view, desk)
    with line.container(horizontal=True, width="stretch" if told else "content", wrap=False, gap="xsmall",
                        vertical_alignment="center", horizontal_alignment="right", key="decide-told"):  # fmt: skip
        if told:
            st.markdown(f":small[{told}]", width="stretch", text_alignment="right")
        if begun:
            st.button("Discard", type="tertiary", on_click=_drop, args=(desk,), key=desk.key("discard"))
        st.button("Record", type="primary", icon=":material/gavel:", shortcut="D", on_click=_record,
                  args=(view, desk, None), disabled=stuck)  # fmt: skip


def _kept(desk: _Desk) -> dict[str, Any]:
    """How every field is kept: typed text outlives a walk to another change or page and back."""
    return {"on_change": _begin, "args": (desk,), "persist_state": "session"}


def _fields(view: View, desk: _Desk, narrow: bool) -> None:
    how, other = _kept(desk), st.session_state.get(desk.key("kind")) == "other"
    said, reason, owner, day = (12, 12, 12, 6) if narrow else (3, 3, 2, 2) if other else (0, 5, 3, 2)
    with st.grid(
        12, wrap=False, min_column_width=20, gap="small", vertical_alignment="bottom", key="decide-fields"
    ) as grid:
        if other:
            with grid.cell(column_span=said):
                st.text_input("What was decided", key=desk.key("other"), **how)
        with grid.cell(column_span=reason):
            st.text_input("Reason", key=desk.key("reason"), placeholder="Why, in a few words",
                          **how)  # fmt: skip
        with grid.cell(column_span=owner):
            st.selectbox("Owner: a role or team", _owners(view, desk), index=None, key=desk.key("owner"),
                         accept_new_options=True, placeholder="Role or team", **how)  # fmt: skip
        for field, label, told in (
            ("due_on", "Due", "Until when it is to be done."),
            ("review_on", "Review", "Until then it is not asked again, unless something gets worse."),
        ):
            with grid.cell(column_span=day):
                st.date_input(label, value=None, key=desk.key(field), format="YYYY-MM-DD", help=told, **how)


def _owners(view: View, desk: _Desk) -> list[str]:
    """Teams and roles to choose from, those named before among them."""
    named = [d.owner for d in view.state.decisions()[:200]] + [st.session_state.get(desk.key("owner")) or ""]
    return sorted({*(name for _, name in view.portfolio.teams), *ROLES, *filter(None, named)}, key=str.casefold)


def _told_beside(view: View, desk: _Desk) -> str:
    """What is still missing, what went wrong, or what is recorded: told beside the button."""
    begun = st.session_state.get(desk.key("begun on")) is not None
    refused = st.session_state.get(desk.key("refused"))
    if not refused and st.session_state.get(desk.key("tried")):
        refused = decision_words.missing_text(missing(_draft(desk), desk.now.on))
    if refused:
        return f":orange[{plain(refused)}]"
    return _recorded_text(view, desk.recorded) if desk.recorded is not None and not begun else ""


def _recorded_text(view: View, decision: Decision) -> str:
    zone = view.settings.reporting.timezone
    if decision.withdrawn:
        return f"Withdrawn {at(decision.recorded_at, zone)}. A change can be recorded anew."
    return f":blue[✓] **Recorded** {at(decision.recorded_at, zone)}. A change makes a new revision."


def _record(view: View, desk: _Desk, over: int | None) -> None:
    """Record what stands in the form, on top of the revision it was begun on, or of ``over``."""
    state = st.session_state
    draft = _draft(desk)
    if missing(draft, desk.now.on):
        state[desk.key("tried")] = True
        return
    based = state.get(desk.key("begun on"), desk.revision) if over is None else over
    try:
        me = who(view)
        frozen_id = view.state.freeze(data_version(view), as_json(everything(view, desk.change)), by=me)
        before = replace(desk.recorded, revision=based) if desk.recorded else None
        decision = decided(
            draft, desk.change, desk.now, asked=_asked(view, desk), data_version=data_version(view),
            frozen_id=frozen_id, before=before,
        )  # fmt: skip
        view.state.record(decision, seen_revision=based, by=me)
    except Conflict:
        state[desk.key("begun on")] = based
    except ImpactError as error:
        _begin(desk)
        state[desk.key("refused")] = str(error)
    else:
        _drop(desk)


def _asked(view: View, desk: _Desk) -> tuple[str, ...]:
    return asked_then(desk.change, desk.change.decided)


def data_version(view: View) -> str:
    """The version of the data that is shown."""
    return view.snapshot.version


# --- two at once -------------------------------------------------------------------------------------------------


def _conflict(view: View, desk: _Desk, theirs: Decision) -> None:
    """Both versions side by side, and which of them is to stand."""
    by = decision_words.who(theirs.recorded_by, who(view))
    recorded_at = at(theirs.recorded_at, view.settings.reporting.timezone)
    st.warning(
        f"While you were writing, {by} recorded a decision on this change. Nothing is overwritten: choose which "
        "one stands. With yours on top, theirs stays in the history; yours is nowhere once it is discarded.",
        icon=":material/call_split:",
    )
    left, right = decision_words.side_by_side(theirs, _draft(desk))
    with st.grid(2, wrap=False, border=True, gap="small", key="conflict") as grid:
        with grid.cell():
            st.markdown(f"**Recorded by {by}, {recorded_at}**\n\n{left}")
            st.button("Keep theirs, discard mine", on_click=_drop, args=(desk,), key=desk.key("keep theirs"))
        with grid.cell():
            st.markdown(f"**Yours, not recorded yet**\n\n{right}")
            st.button("Save mine on top", type="primary", on_click=_record, args=(view, desk, theirs.revision),
                      key=desk.key("save mine"))  # fmt: skip


def last_time(view: View, change: ChangeView, meeting: Meeting) -> tuple[Decision | None, str]:
    """The decision before this meeting, and what happened since in one line."""
    earlier = before(view, change, occasion(view.today, meeting))
    if earlier is None:
        return None, ""
    return earlier, meeting_words.since_text(earlier, change, kept(view, earlier), seen(view, change))
