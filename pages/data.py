"""Data: where the numbers come from, how fresh and complete they are, and the next sync. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import connect, data

view = ui.open_page("data", needs_data=False)
st.title("Where numbers come from", anchor=False)
held = data.holdings(view)
if held.stored:
    data.key_figures(held)
if view.is_demo:
    data.demo()
elif view.settings.sources:
    data.sync_now(view)
data.sources(view)
if held.stored:
    data.stored(held, view.settings.reporting.timezone)
if view.states or held.rejected_count:
    data.rejected(view, held)
connect.connect(view, data.start)
