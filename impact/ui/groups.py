"""The part of the page of one change about the customers of each group. Layout only: every figure, sentence and mark is
made elsewhere."""

from __future__ import annotations

import streamlit as st

from impact.charts import twins
from impact.charts.dumbbell import dumbbells
from impact.group_facts import dimensions
from impact.groups import GroupsOfChange, groups_of
from impact.portfolio import ChangeView
from impact.ui import View, paging
from impact.ui.marks import marked
from impact.words import group_words as words
from impact.words.formats import plain, quoted


def section(view: View, change: ChangeView) -> None:
    """Before and after by group, who answered, and what is hidden; or why there is nothing. The dimension shown is in
    the address as ``groups``."""
    st.header("Which customers felt it", anchor=False)
    known = view.cached("dimensions", lambda: dimensions(view.snapshot))
    if not known:
        st.markdown(words.NO_DIMENSIONS)
        return
    found = groups(view, change, _choose(known))
    nothing = words.nothing_text(found, change)
    if nothing:
        st.markdown(plain(nothing))
    else:
        _shown(view, change, found)
    if change.rollout_on is not None:
        _whole(change)


def groups(view: View, change: ChangeView, dimension: str) -> GroupsOfChange:
    """What each group felt, read once per data version."""
    key = ("groups", change.id, dimension, view.settings.privacy)
    with st.spinner("Comparing every group with those of services that were not changed …"):
        return view.cached(key, lambda: groups_of(
            view.snapshot, view.evidence, change, dimension, settings=view.settings, today=view.today
        ))  # fmt: skip


def _choose(known: tuple[str, ...]) -> str:
    labels = {dimension: words.dimension_label(dimension) for dimension in known}
    with st.container(key="dimensions"):
        chosen, unknown = paging.switch("Groups", "groups", labels, known[0])
    if unknown:
        st.info(f"There are no groups by {quoted(unknown)}; those by {labels[known[0]].lower()} are shown.")
    return chosen


def _shown(view: View, change: ChangeView, found: GroupsOfChange) -> None:
    st.markdown(f"**{plain(words.headline(found))}** {plain(words.span_text(found))}")
    spec = view.cached(("dumbbells", change.id, found.dimension, view.settings.privacy), lambda: dumbbells(found))
    with st.container(key="groups-chart"):
        st.vega_lite_chart(spec, width="stretch", alt=words.alt_text(found, change))
    st.markdown(f":small[{plain(words.caption(found))}]")
    notes = words.notes(found)
    if notes:
        st.markdown("\n".join(f"- {plain(note)}" for note in notes))
    table = st.expander("The same as a table", key="group_table", bind="query-params")
    if not table.open:
        return
    with table:
        cells = words.group_table(found)
        st.table({name: [plain(cell) for cell in column] for name, column in cells.items()}, border="horizontal",
                 alt="Before and after by group, a row a measure")  # fmt: skip
        st.download_button(
            "Download as CSV",
            data=lambda: twins.as_csv(cells),
            file_name=f"groups-{change.number}-{found.dimension}-{view.today}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key="groups-csv",
        )


def _whole(change: ChangeView) -> None:
    """Self-service and lost time of the change as a whole, where either is delivered."""
    rows = words.whole_rows(change)
    if not rows:
        return
    table = {
        "For the whole change": [row.measure for row in rows],
        "Before and after": [row.course for row in rows],
        "Effect": [row.effect for row in rows],
        "Likely range": [row.range for row in rows],
        "Answer": [marked(row.word) for row in rows],
    }
    st.table(table, border="horizontal", alt="Self-service share and lost time of the whole change")
