"""Timeline: plans of all changes, tickets a day, what is coming and what meets. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import steering, timeline

view = ui.open_page("timeline")
filters = steering.filters(view, "What comes when, and what meets?")
shown = steering.chosen(view, filters)
if not shown:
    steering.nothing_found(view, filters)
    st.stop()
by = timeline.grouped_by()
timeline.plans(view, shown, filters, by)
timeline.calendar(view, filters)
timeline.ahead(view, shown)
timeline.meetings(view, shown)
