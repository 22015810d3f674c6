"""One change: what customers felt, over time, beside its plan. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import change as parts
from impact.ui import grounds, ways

view = ui.open_page("change")
change = parts.pick(view)
if change is None:
    st.stop()
parts.head(change)
reading = parts.choose_measure(view, change) if change.rollout_on else None
with st.grid(5, min_column_width=150, gap="small", border=True, key="main") as grid:
    with grid.cell(column_span=3):
        if reading:
            st.header("What happened, and what was to be expected", anchor=False)
            parts.over_time(view, change, reading)
        else:
            parts.waiting(view, change)
    with grid.cell(column_span=2):
        parts.plan(change)
parts.cards(view, change)
if reading:
    ways.further(view, change, reading)
parts.surroundings(view, change, reading)
if reading:
    grounds.why(view, change, reading)
