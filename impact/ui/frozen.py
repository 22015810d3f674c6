"""Figures as they were shown at an earlier version of the data, beside today's. Layout only."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from impact.figures import ChangeFigures, differences
from impact.frozen_figures import figures_in
from impact.portfolio import ChangeView
from impact.records import Frozen, Meeting
from impact.ui import View, decide
from impact.words import meeting_words as words
from impact.words.formats import at, plain, quoted


def beside(view: View, meeting: Meeting) -> None:
    """What the address asks to see of earlier figures: of the change on screen, or of every change kept then."""
    asked = st.query_params.get("frozen", "")
    if not asked:
        return
    found = view.state.frozen(asked)
    with st.container(border=True, gap="small", key="frozen"):
        line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        line.header("Figures of then beside today’s", anchor=False, width="content")
        line.button("Hide them", icon=":material/close:", type="tertiary", on_click=_leave, key="hide frozen")
        if found is None:
            st.warning(f"No figures are kept under {quoted(asked)}. The link may come from another installation.")
        else:
            _compared(view, found)


def _leave() -> None:
    st.query_params.pop("frozen", None)


def _compared(view: View, frozen: Frozen) -> None:
    """Those that moved as tables; those that did not in one line."""
    st.markdown(kept_text(view, frozen))
    wanted = view.portfolio.change(st.query_params.get("change", ""))
    kept = figures_in(frozen.content, smallest=view.settings.privacy.smallest_group)
    chosen = [one for one in kept if wanted is None or one.id == wanted.id]
    if not chosen:
        st.markdown("This change is not among them." if kept else "They cannot be read by this version any more.")
    same = []
    for one in chosen:
        change = view.portfolio.change(one.id)
        if change is not None and not differences(one, decide.everything(view, change)):
            same.append(f"{one.number} {one.title}")
        else:
            then_and_now(view, one, change)
    if same:
        st.markdown(plain(words.all_the_same(same)))


def packs(view: View, meeting: Meeting) -> None:
    """Every pack of the meeting, newest first, with the way to its figures beside today's."""
    ids = dict.fromkeys(m.frozen_id for m in reversed(view.state.meeting_history(meeting.id)) if m.frozen_id)
    zone = view.settings.reporting.timezone
    lines = [words.pack_line(meeting, frozen_id, at(when, zone)) for frozen_id in ids
             if (when := _kept_at(view, frozen_id)) is not None]  # fmt: skip
    if lines:
        with st.container(key="packs"):
            st.markdown("\n".join(lines))


def _kept_at(view: View, frozen_id: str) -> datetime | None:
    def look() -> datetime | None:
        found = view.state.frozen(frozen_id)
        return found.frozen_at if found else None

    return view.cached(("frozen at", view.state.where, frozen_id), look)


def kept_text(view: View, frozen: Frozen) -> str:
    """Which figures they are: when they were kept, and of which version of the data."""
    zone = view.settings.reporting.timezone
    return (
        f":blue-badge[:material/history: Kept {at(frozen.frozen_at, zone)}] data version {plain(frozen.data_version)}; "
        f"today’s is {plain(decide.data_version(view))}."
    )


def then_and_now(view: View, then: ChangeFigures, change: ChangeView | None) -> None:
    """One change: every text that differs; that nothing does; or that there is none today."""
    st.subheader(plain(f"{then.number} {then.title}"), anchor=False)
    if change is None:
        st.markdown(f"No source delivers it any more. Then: {plain(then.headline)}")
        return
    found = differences(then, decide.everything(view, change))
    if not found:
        st.markdown("Every figure is the same today.")
        return
    table = {
        "What": [plain(label) for label, _, _ in found],
        "Then": [plain(old) or "nothing" for _, old, _ in found],
        "Today": [plain(new) or "nothing" for _, _, new in found],
    }
    st.table(table, border="horizontal", alt=f"Figures of {then.title}, then and today")


def moved(then: ChangeFigures, now: ChangeFigures) -> dict[str, list[str]]:
    """What moved since then, as a short table: the answer and the board measures that differ."""
    rows = words.since_rows(then, now)
    return {
        "What": [plain(label) for label, _, _ in rows],
        "Seen then": [plain(old) for _, old, _ in rows],
        "Today": [plain(new) for _, _, new in rows],
    }
