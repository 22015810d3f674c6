"""One change: what customers felt, over time, with its plan, money, people and decisions. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import case, decide, grounds, groups, plan, register, telling, ways
from impact.ui import change as parts

view = ui.open_page("change")
change = parts.pick(view)
if change is None:
    st.stop()
parts.head(change)
reading = parts.choose_measure(view, change) if change.rollout_on else None
with st.container(border=True, key="main"):
    parts.course(view, change, reading)
parts.cards(view, change)
with st.grid(2, min_column_width=320, gap="medium", key="plan-and-case") as grid:
    with grid.cell():
        plan.section(change)
    with grid.cell():
        case.section(view, change)
groups.section(view, change)
telling.section(view, change)
if reading:
    ways.further(view, change, reading)
with st.grid(2, min_column_width=320, gap="medium", key="said-and-decided") as grid:
    with grid.cell():
        register.section(view, change)
    with grid.cell():
        decide.section(view, change)
parts.surroundings(view, change, reading)
if reading:
    grounds.why(view, change, reading)
