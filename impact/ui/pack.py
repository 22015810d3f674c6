"""The pack of a meeting, made with one click and offered as four files. Layout only: what is in it and how it is
written is decided elsewhere; the files are made once for each set of figures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from impact.model import ImpactError
from impact.pack import making
from impact.pack.command import recorded
from impact.pack.content import FORMS, Pack
from impact.pack.gathering import Seen, content_of
from impact.records import Meeting
from impact.showing import Showing
from impact.state import State
from impact.ui import View
from impact.words.pack_labels import FORM_LABELS, MADE_TEXT, PACK_HELP

ICONS = {"pptx": "slideshow", "html": "public", "pdf": "picture_as_pdf", "csv": "table"}
MIMES = {
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "html": "text/html",
    "pdf": "application/pdf",
    "csv": "text/csv",
}


@dataclass
class Made:
    """A pack and its files as bytes, by form; kept for the session that made them."""

    pack: Pack
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def section(view: View, state: State, meeting: Meeting, who: str) -> None:
    """The button, the choice of forms behind it, and once it is made the files to download."""
    st.header("Pack for the room", anchor=False)
    line = st.container(horizontal=True, vertical_alignment="center", key="pack")
    pressed = line.button("Make the pack", icon=":material/inventory_2:", key="make pack", help=PACK_HELP)
    with line.popover("Forms", key="pack forms"):
        chosen = [form for form in FORMS if st.checkbox(FORM_LABELS[form], value=True, key=f"form {form}")]
    if pressed:
        _make(view, state, meeting, who=who, forms=chosen)
    made = st.session_state.get(_key(meeting))
    if made is not None:
        _offer(made)


def seen(view: View, state: State | None = None) -> Seen:
    """Everything a pack is made from, at the version of the data that the page shows."""
    showing = Showing(view.dossier, state if state is not None else view.state)
    return Seen(view.portfolio, showing, view.states, view.is_demo, view.snapshot.version)


def _key(meeting: Meeting) -> str:
    return f"pack {meeting.id}"


def _make(view: View, state: State, meeting: Meeting, *, who: str, forms: Sequence[str]) -> None:
    """Freeze the figures, have the files written, keep them with the visitor; or say in one sentence why not."""
    if not forms:
        st.error("Choose at least one form.", icon=":material/error:")
        return
    bar = st.progress(0.0, "Gathering the figures")
    try:
        content = content_of(
            seen(view, state), meeting, recorded(state), lambda text, ratio: _tell(bar, text, ratio / 2)
        )
        pack = making.freeze(state, content, by=who)
        known: Made | None = st.session_state.get(_key(meeting))
        made = known if known is not None and known.pack.frozen_id == pack.frozen_id else Made(pack)
        missing = [form for form in forms if form not in made.files]
        if missing:
            with tempfile.TemporaryDirectory(prefix="pack-") as folder:
                paths = making.files(pack, Path(folder), missing, lambda text, ratio: _tell(bar, text, 0.5 + ratio / 2))
                made.files |= {form: (path.name, path.read_bytes()) for form, path in paths.items()}
        making.remembered(state, meeting, pack, by=who)
        st.session_state[_key(meeting)] = made
    except ImpactError as error:
        st.error(str(error), icon=":material/error:")
    finally:
        bar.empty()


def _tell(bar, text: str, ratio: float) -> None:  # type: ignore[no-untyped-def]
    bar.progress(min(max(ratio, 0.0), 1.0), text)


def _offer(made: Made) -> None:
    """A button a file. What they hold was made before and is handed out as it is."""
    line = st.container(horizontal=True, vertical_alignment="center", key="pack files")
    for form, (name, data) in sorted(made.files.items(), key=lambda item: FORMS.index(item[0])):
        line.download_button(FORM_LABELS[form], data=data, file_name=name, mime=MIMES[form], key=f"get {form}",
                             on_click="ignore", icon=f":material/{ICONS[form]}:")  # fmt: skip
    content = made.pack.content
    told = MADE_TEXT.format(at=made.pack.frozen_text, version=content.data_version, id=made.pack.frozen_id)
    st.markdown(f":small[{told}]")
