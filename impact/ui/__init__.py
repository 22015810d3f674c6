"""What every page does first and shares: page set-up, which data, the address, the sentences of states. Knows Streamlit
and layout; knows no statistics and no vendor.

Every page starts with ``view = ui.open_page("name")``, also when a link opens it before the entry ever ran.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from impact import settings as settings_module
from impact import wording
from impact.bump_cost import BumpCost
from impact.dossier import Dossier
from impact.model import ImpactError
from impact.observed import Evidence
from impact.opening import Answers, Opening, Place
from impact.page_cache import Job
from impact.people import hash_person, person_key
from impact.portfolio import ChangeView, Portfolio
from impact.settings import Settings
from impact.settled import settle
from impact.state import State
from impact.store import Snapshot, Store, StreamState

T = TypeVar("T")
TITLES = {
    "steering": "Steering view",
    "change": "One change",
    "meeting": "Meeting",
    "decisions": "Decisions",
    "timeline": "Timeline",
    "data": "Data",
    "how_to_read": "How to read this",
}
"""Page names and the titles of their browser tabs; pages/<name>.py is the script."""
ICON = Path(__file__).with_name("icon.png")
PRINT_STYLE = Path(__file__).with_name("print.css")
STEERING_FILTERS = ("team", "period", "search", "page", "table")
SECONDS_BETWEEN_PROGRESS = 0.4
NO_EVIDENCE = Evidence({}, (), frozenset(), {}, None)


@dataclass(frozen=True)
class View:
    """What a page shows: one version of the data on one day.

    ``portfolio`` has no changes where nothing is stored yet (only pages opened with ``needs_data=False`` see that).
    ``states`` are the streams' latest passes, read afresh at every run. ``version`` tells data and settings apart;
    ``snapshot`` holds the very rows that the answers were made from, also while a sync goes on.
    """

    name: str
    settings: Settings
    home: Path
    is_demo: bool
    store: Store
    version: str
    portfolio: Portfolio
    evidence: Evidence
    states: tuple[StreamState, ...]
    today: date
    snapshot: Snapshot

    @property
    def state(self) -> State:
        """What people recorded here: meetings, decisions, expected effects."""
        return opening().state(Place(self.home, self.is_demo, self.store, self.settings))

    def cached(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key`` at this data version, from ``make`` at the first time. Shared: never change it."""
        return opening().kept.get((self.version, self.today, key), make)

    @property
    def dossier(self) -> Dossier:
        """All that is told of single changes."""
        return Dossier(
            version=self.version,
            portfolio=self.portfolio,
            evidence=self.evidence,
            settings=self.settings,
            today=self.today,
            kept=opening().kept,
            snapshot=self.snapshot,
        )

    def chart(self, change: ChangeView, metric: str) -> dict[str, Any] | None:
        """Observed against expected of one measure of a change; None where it has none."""
        return self.dossier.chart(change, metric)

    def cost(self, change: ChangeView) -> BumpCost | None:
        """What the bump after a change cost; None for a change that is not live, or without tickets."""
        return self.dossier.cost(change)


def who(view: View) -> str:
    """The keyed hash of the person who is signed in; empty where nobody signs in."""
    person = str(st.user.get("email") or "").strip()
    return hash_person(person_key(view.home), person) if person else ""


@st.cache_resource(show_spinner=False)
def opening() -> Opening:
    """The one per server, with its warming thread."""
    only = Opening()
    only.keep_warm()
    return only


def use_entry() -> bool:
    """Let every link run the entry first; whether that had to be set.

    Until the entry has run once, Streamlit takes a link to a page for a visit to a lone script of the folder pages/:
    without the navigation, for the whole session. There is no public setting for it.
    """
    was_lone = PagesManager.uses_pages_directory is not False
    PagesManager.uses_pages_directory = False
    return was_lone


def open_page(name: str, *, needs_data: bool = True, needs_records: bool = False) -> View:
    """First call of every page. Sets the page up, finds the data and draws the line that says which they are.

    Where there is nothing to show it says so, says what to do next and ends the run: wrong settings, an unreadable
    store, the demo still loading, (with ``needs_data``) nothing read yet, (with ``needs_records``) unreadable records.
    """
    st.set_page_config(page_title=f"{TITLES[name]} – Customer impact", page_icon=str(ICON), layout="wide")
    st.html(PRINT_STYLE)
    if use_entry():
        st.rerun()
    try:
        settings = settings_module.load()
        place = opening().place(settings)
        job = opening().demo_job(place)
        if job is not None:
            _wait_for_demo(job)
        view = _view(name, settings, place)
        if needs_records:
            view.state.version()
    except ImpactError as error:
        explain("This page cannot be shown", str(error))
        st.stop()
    _status_line(view)
    if needs_data and not view.portfolio.changes:
        _nothing_yet(view)
        st.stop()
    return view


def _view(name: str, settings: Settings, place: Place) -> View:
    shared = opening()
    today = shared.today(place.reporting)
    settings = place.settings
    states = tuple(place.store.state())
    if place.store.is_empty():
        empty = Portfolio("", today, None, (), (), ())
        return View(name, settings, place.home, place.is_demo, place.store, "", empty, NO_EVIDENCE, states, today,
                    place.store.snapshot())  # fmt: skip
    if shared.is_warm(place):
        answers = shared.answers(place)
    else:
        with _waiting("Comparing every change with services that were not changed …"):
            answers = shared.answers(place)
    return View(
        name,
        settings,
        place.home,
        place.is_demo,
        place.store,
        answers.told_apart(settings),
        _settled(place, answers, today),
        answers.evidence,
        states,
        today,
        answers.snapshot,
    )


def _settled(place: Place, answers: Answers, today: date) -> Portfolio:
    """The portfolio in which nothing is asked any more that has been decided. Where the records cannot be read, all is
    asked, and the pages that show them say why."""
    shared = opening()
    try:
        state = shared.state(place)
        key = ("settled", answers.told_apart(place.settings), today, state.told_apart())
        return shared.kept.get(key, lambda: settle(answers.portfolio, state.decisions(), today))
    except ImpactError:
        return answers.portfolio


# --- states ------------------------------------------------------------------------------------------------------


def explain(title: str, sentence: str) -> None:
    """One sentence about what went wrong and what to do, in place of the page."""
    st.title(title)
    st.error(sentence, icon=":material/error:")


def _waiting(sentence: str):  # type: ignore[no-untyped-def]
    return st.spinner(sentence, show_time=True)


def _wait_for_demo(job: Job) -> None:
    """Show how far the demo organisation is until it is there, then run the page again."""
    st.title("Preparing the demo organisation")
    st.markdown(
        "No source is configured yet, so an invented organisation is set up in a folder of its own: "
        "60 services, 40 changes, 100,000 tickets. It is read through the same interface as a real system. "
        "This happens once and takes about a minute."
    )
    bar = st.progress(0.0, "Starting")
    with st.container():
        for height in (96, 420):
            st.skeleton(height)
    while not job.done.wait(SECONDS_BETWEEN_PROGRESS):
        if job.told is not None:
            sentence, ratio = job.told
            bar.progress(min(max(ratio, 0.0), 1.0), sentence)
    if isinstance(job.error, ImpactError):
        raise job.error
    if job.error is not None:
        raise ImpactError(
            f"The demo organisation could not be loaded ({type(job.error).__name__}). Reload this page to try again."
        ) from job.error
    st.rerun()


def _nothing_yet(view: View) -> None:
    """A real source is configured, but nothing has been read from it."""
    st.title("Nothing has been read yet")
    names = ", ".join(view.settings.sources) or "none"
    st.markdown(
        f"Configured sources: **{names}**. The next step is to read them once; afterwards only what changed is read."
    )
    st.page_link("pages/data.py", label="Open the Data page and press “Sync now”", icon=":material/sync:")
    st.markdown("Or on the command line:")
    st.code("python3 run.py impact check\npython3 run.py impact sync", language="bash")


def _status_line(view: View) -> None:
    """Which data these are and how fresh: on every page, also in print."""
    line = st.container(horizontal=True, vertical_alignment="center", key="status")
    if view.is_demo:
        line.badge("Demo data", icon=":material/science:", color="blue")
        line.markdown(":small[An invented organisation with known effects.]", width="content")
    if view.portfolio.changes:
        line.markdown(f":small[{wording.as_of(view.portfolio, view.states)}]", width="content")
    zone = view.settings.reporting.timezone
    for sentence in wording.stale(view.portfolio, view.states, zone=zone):
        st.warning(sentence, icon=":material/cloud_off:")


# --- the address -------------------------------------------------------------------------------------------------


def from_address(name: str, default: str = "", allowed: Collection[str] | None = None) -> str | None:
    """Bring the widget with key ``name`` in line with the address, before it is drawn.

    Returns what the address asks for when that is not among ``allowed`` (the default is then shown and the page
    should say so), else None. Ids are bound by hand because a bound widget would write its labels into the address.
    """
    asked = st.query_params.get(name, default)
    known = allowed is None or asked in allowed
    value = asked if known else default
    if st.session_state.get(f"address {name}") != asked or name not in st.session_state:
        st.session_state[f"address {name}"] = asked
        st.session_state[name] = value or None
    return None if known else asked


def carried() -> dict[str, str]:
    """The steering view's filters in the address, to be handed to the next page so that every way back keeps them."""
    return {name: st.query_params[name] for name in STEERING_FILTERS if name in st.query_params}


def to_address(name: str, default: str = "") -> None:
    """Write the widget with key ``name`` into the address; for its ``on_change``. The default is left out."""
    value = st.session_state.get(name) or default
    st.session_state[f"address {name}"] = value
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
