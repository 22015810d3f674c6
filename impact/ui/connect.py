"""Connecting a source on the data page: questions, the trial, the proposed mapping, the first sync. Layout only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from impact import set_up, wording
from impact import settings as settings_module
from impact.model import SettingsError
from impact.set_up import Kind, Question, Trial
from impact.trying import PROBLEM
from impact.ui import View
from impact.words import set_up_words, source_words

EXAMPLE = Path(__file__).resolve().parents[2] / ".streamlit" / "secrets.toml.example"
NEAR = ("localhost", "127.0.0.1", "::1")
PROXIED = ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-Ip")
TRIAL = "source being connected"


def connect(view: View, start: Callable[[Path], None]) -> None:
    """How to connect a source: by questions here, where that is allowed; by hand for every kind, while none is."""
    st.header("Connect a source", anchor=False)
    if view.settings.setup.from_page == "here" and is_here():
        st.markdown(set_up_words.HERE)
        if st.button("Connect a source", icon=":material/add_link:", key="connect"):
            st.session_state.pop(TRIAL, None)
            _questions(view, start)
    st.markdown(set_up_words.BY_HAND)
    if view.settings.sources and not view.is_demo:
        return
    for title, section in source_words.connect_sections(EXAMPLE):
        with st.expander(title):
            st.code(section, language="toml")


def is_here() -> bool:
    """Whether the browser runs on the server's own machine and no proxy stands between."""
    headers = st.context.headers
    origin = urlsplit(headers.get("Origin") or "").hostname
    return origin in NEAR and not any(name in headers for name in PROXIED)


@st.dialog("Connect a source", width="large")
def _questions(view: View, start: Callable[[Path], None]) -> None:
    kinds = {kind.kind: kind for kind in set_up.kinds()}
    chosen: Kind = kinds[st.selectbox("Kind of system", kinds, format_func=lambda kind: kinds[kind].title, key="kind")]
    if chosen.guide:
        st.info(f"{set_up_words.MAPPING} {wording.plain(chosen.guide)}", icon=":material/table_view:")
        return
    with st.form("questions", border=False):
        name = st.text_input(set_up_words.NAME, value=chosen.kind, key=f"{chosen.kind} name")
        answers = {question.key: _answer(chosen.kind, question) for question in set_up.questions(chosen.kind)}
        tried = st.form_submit_button("Try it", icon=":material/cable:")
    if tried:
        _try(view, chosen.kind, name.strip(), answers)
    trial = st.session_state.get(TRIAL)
    if isinstance(trial, Trial) and trial.connector.kind == chosen.kind:
        _told(trial)
        if trial.works:
            _found(trial, view, start)


def _answer(kind: str, question: Question) -> str:
    label, example = set_up_words.label(question)
    return st.text_input(
        wording.plain(label),
        placeholder=example,
        type="password" if question.secret else "default",
        key=f"{kind} {question.key}",
        autocomplete="off",
    )


def _try(view: View, kind: str, name: str, answers: dict[str, str]) -> None:
    st.session_state.pop(TRIAL, None)
    try:
        set_up.check_name(name, view.settings.sources)
        trial = set_up.trial(kind, name, answers)
    except SettingsError as error:
        st.error(wording.plain(str(error)))
        return
    place = st.empty()
    with place.status("Trying it; nothing is stored", expanded=True):
        for sentence in trial.steps():
            st.markdown(wording.plain(sentence))
    place.empty()
    st.session_state[TRIAL] = trial


def _told(trial: Trial) -> None:
    """How the trial went, as long as its answers are on the page."""
    if trial.works:
        st.success("It works", icon=":material/check:")
    else:
        st.error("It does not work yet", icon=":material/cloud_off:")
    with st.expander("What was found", expanded=not trial.works):
        for sentence in trial.told:
            problem = PROBLEM in sentence
            (st.warning if problem else st.markdown)(wording.plain(sentence.replace(f"{PROBLEM} ", "")))


def _found(trial: Trial, view: View, start: Callable[[Path], None]) -> None:
    st.markdown(f"**{set_up_words.about(trial)}**")
    if trial.proposals:
        st.markdown(set_up_words.PROPOSED)
    agreed = [
        p for p in trial.proposals if st.checkbox(set_up_words.proposal(p), value=True, key=f"{p.part} {p.field}")
    ]
    if st.button("Write it and start the first sync", type="primary", icon=":material/save:"):
        try:
            text = set_up.section(trial.connector.kind, trial.name, trial.values, tuple(agreed))
            set_up.write(settings_module.secrets_file(), text)
        except SettingsError as error:
            st.error(wording.plain(str(error)))
            return
        st.session_state.pop(TRIAL, None)
        start(settings_module.load().home)
        st.rerun()
