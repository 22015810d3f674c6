"""The parts of the page that explains the others. Layout only: words and drawings are made elsewhere."""

from __future__ import annotations

import streamlit as st

from impact.charts import legend
from impact.ui import View
from impact.words import method_words, rate_words


def method() -> None:
    """The method: one sentence for the meeting, four steps, one drawing."""
    st.markdown(f"**{method_words.ONE_SENTENCE}**")
    with st.grid(4, min_column_width=200, gap="medium", key="steps") as steps:
        for place, (title, text) in enumerate(method_words.STEPS, 1):
            with steps.cell():
                st.markdown(f"**{place}. {title}**")
                st.markdown(text)
    st.vega_lite_chart(legend.comparison(), width="stretch", alt=method_words.DRAWING)
    st.caption(method_words.DRAWING)


def marks() -> None:
    """What the marks mean, and how a range is read."""
    st.header("What the marks mean", anchor=False)
    told = " ".join(f"{label}: {meaning}" for _, label, meaning in method_words.MARKS_TOLD)
    st.vega_lite_chart(legend.marks(), width="stretch", alt=told)
    st.caption("In these examples less is better, as with tickets: the good side is left of zero.")
    st.header("How to read a likely range", anchor=False)
    st.markdown("\n\n".join(method_words.RANGE))


def limits() -> None:
    """What it cannot do."""
    st.header("What it cannot do", anchor=False)
    st.markdown("\n".join(f"- {text}" for text in method_words.LIMITS))


def cases() -> None:
    """What is done in special cases: early looks, overlaps, broad changes, lists."""
    st.header("Special cases", anchor=False)
    with st.grid(3, min_column_width=260, gap="medium", key="cases") as grid:
        for title, text in method_words.CASES:
            with grid.cell():
                st.markdown(f"**{title}**")
                st.markdown(text)
    st.table(method_words.readings(), border="horizontal", alt="The ways in which every measure is read")


def definitions(view: View) -> None:
    """Every measure, with the role and the margin it has here."""
    st.header("What every measure means", anchor=False)
    table = method_words.definitions(view.settings.metrics)
    st.table(table, border="horizontal", alt="Definition of every measure")


def false_alarms(view: View) -> None:
    """The false-alarm rates of this installation's own dates, and what they put on hold."""
    st.header("How often it is wrong here", anchor=False)
    rates = view.portfolio.rates
    if not rates:
        st.markdown(rate_words.FALSE_ALARMS)
        st.markdown("There are no tickets yet to learn it from.")
        return
    on_hold = rate_words.held(rates)
    for text in on_hold:
        st.warning(text, icon=":material/pause_circle:")
    if not on_hold:
        st.success(rate_words.NONE_HELD, icon=":material/check_circle:")
    st.markdown(rate_words.FALSE_ALARMS)
    st.table(rate_words.false_alarms(rates), border="horizontal", alt="False-alarm rate of every measure")
    drawer = st.expander("Every measure by volume of the service", key="volumes", bind="query-params")
    if drawer.open:
        drawer.table(rate_words.by_class(rates), border="horizontal", alt="False-alarm rate by volume of the service")
    st.markdown(rate_words.RULE)
