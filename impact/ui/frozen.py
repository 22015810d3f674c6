"""Figures as they were shown at an earlier version of the data, beside today's. Layout only."""

from __future__ import annotations

import streamlit as st

from impact.figures import ChangeFigures, differences
from impact.frozen_figures import figures_in
from impact.portfolio import ChangeView
from impact.records import Frozen, Meeting
from impact.ui import View, decide
from impact.words import meeting_words as words
from impact.words.formats import at, plain


def beside(view: View, meeting: Meeting) -> None:
    """What the address asks to see of earlier figures: of the change on screen, or of every change kept then."""
    asked = st.query_params.get("frozen", "")
    if not asked:
        return
    found = view.state.frozen(asked)
    st.header("Figures of that time beside today’s", anchor=False)
    if found is None:
        st.warning(f"No figures are kept under {asked!r}. The link may come from another installation.")
        return
    st.markdown(kept_text(view, found))
    wanted = view.portfolio.change(st.query_params.get("change", ""))
    kept = figures_in(found.content)
    chosen = [one for one in kept if wanted is None or one.id == wanted.id]
    if not chosen:
        st.markdown("This change is not among them." if kept else "They cannot be read by this version any more.")
    for one in chosen:
        then_and_now(view, one, view.portfolio.change(one.id))


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
