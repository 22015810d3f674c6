"""The server: dashboard.py, and what is done before its first visitor comes. Knows no page.

``streamlit run server.py`` starts it, as run.py does; ``streamlit run dashboard.py`` works too, only less prepared.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from impact import ui

LOG = logging.getLogger("impact.server")


@asynccontextmanager
async def prepared(app: st.App) -> AsyncIterator[None]:
    """Load the demo where it is wanted and compute the answers in the background, from the start on."""
    ui.use_entry()
    ui.opening()
    yield


def told(error: Exception) -> bool:
    """Show one sentence and an id in place of a traceback, which goes to the log under that id."""
    mark = secrets.token_hex(4)
    LOG.error("page failed, id %s", mark, exc_info=error)
    st.error(f"This page could not be shown. The log has the details under the id {mark}. Reload to try again.")
    return True


app = st.App("dashboard.py", lifespan=prepared, on_script_error=told)
