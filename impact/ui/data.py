"""The parts of the data page, top to bottom. Layout only: what is shown is read and worded elsewhere."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from impact import freshness, wording
from impact.freshness import Holdings
from impact.syncing import Syncing, moment
from impact.ui import View
from impact.words import source_words

SECONDS_BETWEEN_LOOKS = 1.0
CONFIGURED = "The same as `python3 run.py impact sync`: only what changed since the last time is read."
DEMO = (
    "Services, changes, tickets and answers are invented, and the true effect of every change is known: better, "
    "worse, none, only for some days, overlapping. They were read through the same interface as a real system, so "
    "all pages work as they would with yours. Nothing of it is ever mixed with real data: as soon as a source is "
    "configured, the pages show that one."
)


@st.cache_resource(show_spinner=False)
def syncing() -> Syncing:
    """The one per server: whoever presses the button, one sync runs."""
    return Syncing()


def holdings(view: View) -> Holdings:
    """What is stored, asked once per data version and end of a sync."""
    read = tuple((s.source, s.stream, s.finished_at, s.rejected, s.swept_at) for s in view.states)
    return view.cached(("holdings", read), lambda: freshness.look(view.store.snapshot()))


def key_figures(held: Holdings) -> None:
    """What is stored, at a glance."""
    answered, sent = held.link("answer_ticket"), source_words.sent(held)
    unanswered = "An unanswered survey is kept, and never counts as a zero."
    figures = (
        ("Changes", held.rows("change"), None),
        ("Tickets", held.rows("ticket"), None),
        (f"Survey answers, {sent}", answered.total if answered else 0, unanswered),
        ("Rejected records", held.rejected_count, "Listed below with the reason."),
    )
    with st.grid(4, min_column_width=150, gap="small", key="figures"):
        for label, count, help in figures:
            st.metric(label, wording.number(count) if count else "none", help=help, border=True)


def sources(view: View) -> None:
    """How far every stream was read, and what failed in the source's own words."""
    st.header("Sources", anchor=False)
    if not view.states:
        names = ", ".join(wording.plain(name) for name in view.settings.sources)
        st.markdown(f"Nothing has been read yet. Configured: {names or 'none'}.")
        return
    zone = view.settings.reporting.timezone
    st.table(source_words.streams(view.states, tuple(view.settings.sources), zone), border="horizontal",
             alt="State and freshness of every stream")  # fmt: skip
    for message in source_words.messages(view.states):
        st.warning(wording.plain(message), icon=":material/cloud_off:")
    st.caption(
        f"Times are {zone}. Complete to: everything updated before then has been read. Missing: stored, and no longer "
        "listed when the source was last asked which records exist; – where it has not been asked."
    )


def sync_now(view: View) -> None:
    """The button, and how far a running sync is, whoever started it."""
    st.header("Read what changed", anchor=False)
    running = syncing().is_running(view.home)
    line = st.container(horizontal=True, vertical_alignment="center", key="sync")
    line.button("Sync now", icon=":material/sync:", disabled=running, on_click=start, args=(view.home,))
    line.markdown(CONFIGURED, width="content")
    if st.session_state.pop("sync was at work", False):
        st.info("A sync was at work already, so no second one was started.", icon=":material/hourglass_top:")
    if running:
        _progress(view)
        return
    how = syncing().ended(view.home)
    if how is not None:
        told = source_words.ended(how, view.states, view.settings.reporting.timezone)
        (st.success if how.code == 0 else st.error)(wording.plain(told))


def start(home: Path) -> None:
    """Start a sync unless one is at work."""
    st.session_state["sync was at work"] = not syncing().start(home)


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _progress(view: View) -> None:
    if not syncing().is_running(view.home):
        st.rerun(scope="app")
    now = moment(view.home)
    st.progress((now.ratio if now else None) or 0.0, wording.plain(source_words.under_way(now)))


def demo() -> None:
    """What the demo data are, in place of a sync button."""
    st.header("This is invented data", anchor=False)
    st.markdown(DEMO)


def stored(held: Holdings, zone: str) -> None:
    """Rows, dates and links of what is stored."""
    st.header("What is stored", anchor=False)
    st.table(source_words.stored(held.stored), border="horizontal", alt="Rows and dates of every table")
    st.header("How much is linked", anchor=False)
    st.table(source_words.links(held.links), border="horizontal", alt="How much of what belongs together is linked")
    told = source_words.orphans(held.orphans)
    if told:
        st.info(told, icon=":material/link_off:")
    if gone := source_words.missing(held.missing, zone):
        st.info(gone, icon=":material/inventory_2:")


def rejected(view: View, held: Holdings) -> None:
    """What could not be read, why, and all of it as a file."""
    st.header("Rejected records", anchor=False)
    st.markdown(source_words.rejected_lead(held.rejected_count))
    if not held.rejected_count:
        return
    st.table(source_words.reasons(held.reasons), border="horizontal", alt="Where rejected records come from")
    st.table(source_words.rejected(held.rejected), border="horizontal", alt="Rejected records and their reasons")
    st.download_button(
        "Download all as CSV",
        data=lambda: freshness.as_csv(freshness.rejected(view.store.snapshot(), most=None)),
        file_name=f"rejected-{view.today}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
