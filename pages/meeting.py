"""Meeting: the agenda of a steering meeting, and one change after the other for the projector. Layout only."""

import streamlit as st

from impact import ui
from impact.ui import agenda, frozen, meeting, pack, walk

view = ui.open_page("meeting", needs_records=True)
chosen = meeting.pick(view)
if chosen is None:
    meeting.choose(view)
    st.stop()
frozen.beside(view, chosen)
if walk.asked():
    walk.change(view, chosen)
else:
    agenda.head(view, chosen)
    agenda.rows(view, chosen)
    agenda.outcome(view, chosen)
    with st.container(key="room-pack"):
        pack.section(view, view.state, chosen, ui.who(view))
    frozen.packs(view, chosen)
