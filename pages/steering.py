"""Steering view: what customers felt and where each change stands, on one screen. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import steering

view = ui.open_page("steering")
filters = steering.filters(view)
shown = steering.chosen(view, filters)
if not shown:
    steering.nothing_found(view, filters)
    st.stop()
steering.key_figures(shown)
on_screen = steering.one_page(shown)
steering.board(view, shown, on_screen)
steering.same_as_table(view, on_screen)
