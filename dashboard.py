"""The entry: which pages there are, in which order. Nothing else."""

import streamlit as st

st.navigation(
    [
        st.Page("pages/steering.py", title="Steering view", icon=":material/view_timeline:", default=True),
        st.Page("pages/change.py", title="One change", icon=":material/show_chart:"),
        st.Page("pages/data.py", title="Data", icon=":material/database:"),
        st.Page("pages/how_to_read.py", title="How to read this", icon=":material/help:", url_path="how-to-read"),
    ],
    position="top",
).run()
