"""The entry: which pages there are, in which order. Nothing else."""

import streamlit as st

st.navigation(
    [
        st.Page("pages/steering.py", title="Steering view", default=True),
        st.Page("pages/change.py", title="One change"),
        st.Page("pages/meeting.py", title="Meeting"),
        st.Page("pages/decisions.py", title="Decisions"),
        st.Page("pages/timeline.py", title="Timeline"),
        st.Page("pages/data.py", title="Data"),
        st.Page("pages/how_to_read.py", title="How to read this", url_path="how-to-read"),
    ],
    position="top",
).run()
