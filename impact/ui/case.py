"""The business case on the page of one change: planned beside measured, what every figure is made of. Layout only."""

from __future__ import annotations

import streamlit as st

from impact.business_case import errors_by_source
from impact.case_values import BreakEven, Case, Figure
from impact.portfolio import ChangeView
from impact.register_totals import RealisedTotal, realised_total
from impact.run_rate import monthly
from impact.ui import View
from impact.words import case_words as words
from impact.words.formats import plain


def section(view: View, change: ChangeView) -> None:
    """Planned beside measured, whether it has paid for itself, and every figure opened to what it is made of."""
    with st.spinner("Working out what the change saves …"):
        case = view.dossier.case(change)
    st.header("Business case", anchor=False)
    rows = words.case_rows(case)
    table = {
        "Amount": [label for label, _, _ in rows],
        words.PLANNED: [f":small[{plain(text)}]" for _, text, _ in rows],
        words.MEASURED: [f":small[{plain(text)}]" for _, _, text in rows],
    }
    st.table(table, border="horizontal", hide_index=True, alt=f"Business case of {change.title}")
    told = [words.break_even_sentence(case), words.counted_text(case)]
    st.markdown(plain(" ".join(filter(None, told))))
    for note in words.case_notes(case):
        st.markdown(f":small[{plain(note)}]")
    _opened(case)


def _opened(case: Case) -> None:
    """Every figure that there is, with its formula and its inputs; built when opened, and printed when open."""
    drawer = st.expander("What every figure is made of", key="case", bind="query-params")
    if not drawer.open:
        return
    with drawer:
        for told in words.figures(case):
            if isinstance(told, Figure) and told.kind in ("planned", "recorded"):
                st.markdown(f"**{told.label}**: {plain(words.told_text(told))}, {plain(told.inputs[0].origin)}")
            elif isinstance(told, Figure):
                name = words.change_label(told)
                st.markdown(
                    f"**{name}**: {plain(words.told_text(told))}  \n:small[{told.label} = {plain(told.formula)}]"
                )
                st.table(_cells(words.opened(told)), border="horizontal", alt=f"What is in: {told.label}")
            else:
                st.markdown(f"**{told.label}**: {plain(told.text)}")
        if isinstance(case.break_even, BreakEven):
            st.markdown(f"**Paid for itself**: {plain(words.break_even_text(case.break_even))}  \n"
                        f":small[{plain(case.break_even.formula)}]")  # fmt: skip
            table = words.break_even_opened(case.break_even)
            st.table(_cells(table), border="horizontal", alt="What is in the break-even day")
        st.markdown(f":small[{words.NOT_ADDED}]")


def _cells(table: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: [f":small[{plain(cell)}]" for cell in cells] for name, cells in table.items()}


def total_of(view: View) -> RealisedTotal:
    """What all changes save a month together, effects pulled; made once per data version."""
    rates = view.settings.rates

    def make() -> RealisedTotal:
        errors = view.cached("errors together", lambda: errors_by_source(view.evidence))
        known = {c.id: monthly(c, errors) for c in view.portfolio.changes if c.rollout_on is not None}
        return realised_total(view.portfolio.changes, known, rates=rates)

    return view.cached(("realised total", rates), make)


def portfolio_section(view: View) -> None:
    """What all live changes save a month together, with the warning that belongs to it."""
    total = total_of(view)
    st.header("What all changes save together", anchor=False)
    rows = words.total_rows(total)
    if rows:
        table = {"Amount": [label for label, _ in rows], words.MEASURED: [plain(text) for _, text in rows]}
        st.table(table, border="horizontal", hide_index=True, alt="What all live changes save a month together")
    st.markdown(f":small[{plain(words.total_text(total))}]")
