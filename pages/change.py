"""One change: what customers felt, over time, with its plan, money, people and decisions. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import change as parts
from impact.ui import decide, grounds, groups, telling, ways

view = ui.open_page("change")
change = parts.pick(view)
if change is None:
    st.stop()
parts.head(change)
reading = parts.choose_measure(view, change) if change.rollout_on else None
with st.container(border=True, key="main"):
    parts.course(view, change, reading)
parts.cards(view, change)
with st.grid(5, min_column_width=150, gap="medium", key="plan-and-people") as grid:
    with grid.cell(column_span=3):
        parts.plan(change)
    with grid.cell(column_span=2):
        decide.section(view, change)
telling.section(view, change)
groups.section(view, change)
if reading:
    ways.further(view, change, reading)
parts.surroundings(view, change, reading)
if reading:
    grounds.why(view, change, reading)
