"""The parts of the page that explains the others. Layout only: words and drawings are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from impact import analysis
from impact.charts import legend
from impact.page_cache import Job
from impact.ui import View, opening
from impact.words import method_words

SECONDS_BETWEEN_LOOKS = 0.5


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


def definitions() -> None:
    """Every measure."""
    st.header("What every measure means", anchor=False)
    st.table(method_words.definitions(), border="horizontal", alt="Definition of every measure")


def false_alarms(view: View) -> None:
    """The false-alarm rate of this installation's own dates; computed in the background, never on the page's time."""
    st.header("How often it is wrong here", anchor=False)
    st.markdown(method_words.FALSE_ALARMS)
    if not view.evidence.panels:
        st.markdown("There are no tickets yet to learn it from.")
        return
    _rates(view)


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _waiting(view: View, job: Job) -> None:
    if job.done.is_set():
        st.rerun(scope="app")
    done = len(job.told or {})
    st.progress(done / len(view.evidence.panels), f"{done} of {len(view.evidence.panels)} measures tested")


def _rates(view: View) -> None:
    job = opening().jobs.start(("false alarms", view.version), _counting(view))
    if not job.done.is_set():
        _waiting(view, job)
    elif job.error is not None:
        st.warning("The false-alarm rates could not be computed. Reload this page to try again.")
    else:
        st.table(method_words.false_alarms(job.told), border="horizontal", alt="False-alarm rate of every measure")


def _counting(view: View) -> Callable[[Callable[[Any], None]], None]:
    def work(tell: Callable[[Any], None]) -> None:
        found: dict[str, Any] = {}
        for metric in view.portfolio.metrics:
            found = {**found, metric.name: analysis.false_alarms(view.evidence, metric.name)}
            tell(found)

    return work
