import streamlit as st
from impact import ui
view = ui.open_page("change")
st.title("One change")
