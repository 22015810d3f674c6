"""Why a verdict is what it is, on the page of one change: rule, numbers and rows. Layout only."""

from __future__ import annotations

from typing import Any

import streamlit as st

from impact import rows, selection, wording
from impact.charts import twins
from impact.portfolio import ChangeView, Reading
from impact.ui import View
from impact.words import readings as words
from impact.words.formats import number, plain, when

ROWS_ON_SCREEN = 50


def why(view: View, change: ChangeView, reading: Reading) -> None:
    """Why this verdict: the rule and its numbers, every other measure, and the rows behind it. Built when opened."""
    drawer = st.expander("Why this verdict: rule, numbers and rows", key="why", bind="query-params")
    if not drawer.open:
        return
    with drawer:
        st.header(reading.metric.label, anchor=False)
        *met, decided = [plain(text) for text in wording.rules(reading)]
        st.markdown("\n".join([*(f"1. {text}" for text in met), f"1. **{decided}**"]))
        told = wording.why(reading)
        st.table({"What": [a for a, _ in told], "Number": [b for _, b in told]}, border="horizontal", hide_header=True,
                 alt=f"How the answer for {reading.metric.label} came about")  # fmt: skip
        rate = words.class_rate(reading, view.portfolio.rates.get(reading.metric.name))
        if rate:
            st.markdown(rate)
        st.markdown(f":small[{wording.OBSERVATION} {wording.RANGE_HELP}]")
        st.header("All measures", anchor=False)
        table = view.cached(
            ("measures", change.id), lambda: twins.measures(change, selection.measures(view.portfolio.metrics))
        )
        st.table(table, border="horizontal", alt="Every measure of this change")
        _rows(view, change, reading)


def _rows(view: View, change: ChangeView, reading: Reading) -> None:
    st.header("The rows behind it", anchor=False)
    names = {service.id: service.name for service in change.services}
    found = view.cached(
        ("rows", change.id, reading.metric.name), lambda: rows.behind(view.snapshot, reading, services=names)
    )
    if not found.total:
        st.markdown("There are none: without an estimate, no windows were compared.")
        return
    st.markdown(f"{number(found.total)} rows in both windows; the newest {number(min(ROWS_ON_SCREEN, found.total))}:")
    top = {name: [_cell(value) for value in values[:ROWS_ON_SCREEN]] for name, values in found.columns.items()}
    st.table(top, border="horizontal", height=320, alt="Newest rows behind the figure")
    whole = {name: [_cell(value) for value in values] for name, values in found.columns.items()}
    st.download_button(f"Download {number(found.shown)} rows as CSV", data=lambda: twins.as_csv(whole),
                       file_name=f"{change.number}-{reading.metric.name}.csv", mime="text/csv", on_click="ignore",
                       icon=":material/download:")  # fmt: skip


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    return when(value) if hasattr(value, "isoformat") else str(value)
