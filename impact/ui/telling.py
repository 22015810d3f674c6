"""Who was told of a change and who was not: the communication strip of its page. Layout only."""

from __future__ import annotations

import streamlit as st

from impact import telling as plan
from impact.portfolio import ChangeView
from impact.telling import Telling
from impact.ui import View
from impact.words import telling_words as words
from impact.words.formats import plain, when

COLOURS = {"done": "gray", "late": "orange", "planned": "gray", "unknown": "gray", "nothing": "orange"}
MOST_GROUPS = 12


def section(view: View, change: ChangeView) -> None:
    """One sentence, then group by group whether it was told and trained, beside the messages and trainings."""
    found = view.cached(("telling", change.id), lambda: plan.telling(change, view.today))
    st.header("Who was told", anchor=False)
    sponsor = words.sponsor_text(found)
    line = sponsor if found.has_sponsor else f":orange[▼ {sponsor}]"
    st.markdown(f"**{plain(words.summary(found))}** {line} · {plain(words.support_text(found))}")
    if not found.groups and not found.steps:
        return
    with st.grid(2, min_column_width=320, gap="medium", key="telling") as grid:
        with grid.cell():
            _groups(change, found)
        with grid.cell():
            _steps(change, found)


def _groups(change: ChangeView, found: Telling) -> None:
    if not found.groups:
        st.markdown(":small[No group of customers is linked to this change.]")
        return
    shown, live = found.groups[:MOST_GROUPS], found.live
    table = {
        "Group": [f":small[{plain(group.name)}]" for group in shown],
        "Told": [_marked(g.told, words.told_text(g, live=live)) for g in shown],
        "Trained": [_marked(g.trained, words.trained_text(g, live=live)) for g in shown],
    }
    st.table(table, border="horizontal", alt=f"Groups of customers of {change.title}: told and trained")
    if len(found.groups) > len(shown):
        st.markdown(f":small[and {len(found.groups) - len(shown)} more groups]")


def _marked(reached: plan.Reached, text: str) -> str:
    if text == "–":
        return ":small[–]"
    bare = reached.state == "nothing"
    colour = "gray" if reached.state == "done" and reached.in_time is not False else COLOURS[reached.state]
    mark = "▼" if bare else words.mark(reached)
    return f":small[:{colour}[{mark}] {plain(text)}]"


def _steps(change: ChangeView, found: Telling) -> None:
    if not found.steps:
        st.markdown(":small[No message, no training and no preparation of support is recorded.]")
        return
    steps = found.steps
    table = {
        "Step": [f":small[{plain(s.milestone.title)}]" for s in steps],
        "For": [f":small[{plain(words.for_whom(s))}]" for s in steps],
        "Through": [f":small[{plain(s.milestone.channel or 'not recorded')}]" for s in steps],
        "Planned": [f":small[{when(s.milestone.due_on)}]" for s in steps],
        "State": [f":small[{_late(s)}]" for s in steps],
    }
    st.table(table, border="horizontal", alt=f"Messages and training for {change.title}")


def _late(step: plan.Step) -> str:
    text = plain(words.step_state(step.milestone))
    return f":orange[▼] {text}" if step.milestone.overdue else text
