"""How to read this: the method, the marks, the limits, the measures, and how often it is wrong here. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import how_to_read

view = ui.open_page("how_to_read", needs_data=False)
st.title("How to read this", anchor=False)
how_to_read.method()
how_to_read.cases()
how_to_read.marks()
how_to_read.limits()
how_to_read.false_alarms(view)
how_to_read.definitions(view)
