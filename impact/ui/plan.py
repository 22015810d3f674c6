"""The plan of one change: its milestones, how ready design and business are, and what is missing. Layout only."""

from __future__ import annotations

import streamlit as st

from impact.charts.board_plan import milestone_told
from impact.portfolio import ChangeView, Readiness
from impact.words import readiness_words as words
from impact.words.formats import plain, unbroken, when

STATE = {"done": "◆", "cancelled": "–"}


def section(change: ChangeView) -> None:
    """Milestones with plan, state and slip, and how ready both ends are."""
    st.header("Milestones", anchor=False)
    steps = change.milestones
    if not steps:
        st.markdown("None recorded for this change.")
    else:
        marks = [":orange[▼]" if m.overdue else STATE.get(m.status, "○") for m in steps]
        columns = {
            "Milestone": [f":small[{mark} {plain(m.title)}]" for mark, m in zip(marks, steps, strict=True)],
            "Planned": [f":small[{unbroken(when(m.due_on))}]" for m in steps],
            "State": [f":small[{unbroken(milestone_told(m)['short'])}]" for m in steps],
        }
        st.table(columns, border="horizontal", alt=f"Milestones of {change.title}")
    for name, end in (("Design", change.design), ("Business", change.business)):
        _ready(name, end)
    if told := words.sorted_text(change):
        st.markdown(f":small[{plain(told)}]")


def _ready(name: str, end: Readiness) -> None:
    told = f"**{name} readiness** {words.ready_text(end, clean=plain)}"
    if end.ratio is None:
        st.markdown(f":small[{told}]")
    else:
        st.progress(end.ratio, f":small[{told}]")
