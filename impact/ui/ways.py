"""Further down the page of one change: the chosen measure read in other ways, service by service, and
what the bump cost. Layout only."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from impact.bump_cost import BumpCost
from impact.portfolio import ChangeView, Reading
from impact.ui import View
from impact.ui.marks import marked
from impact.words import readings as words
from impact.words.costs import cost_lines, cost_rows, missing_text
from impact.words.formats import listed, plain

MOST_SERVICES = 6
"""More services than this stand in a drawer: a meeting would not read them."""


def in_the_way(change: ChangeView, reading: Reading) -> None:
    """Where a change cannot be separated: links to those in its way, and what all of them did together."""
    blocking = [n for n in change.neighbours if n.change_id in reading.verdict.blocking]
    links = [f"[{plain(f'{n.number} {n.title}')}](change?change={quote(n.change_id)})" for n in blocking]
    told = [f"In the way: {listed(links)}." if links else "", words.together(change, reading)]
    lines = [f"- {text}" for text in told if text]
    if reading.verdict.word == "cannot_separate" and lines:
        st.markdown("\n".join(lines))


def further(view: View, change: ChangeView, reading: Reading) -> None:
    """What stands below the cards: what the bump cost beside the same in other ways, then service by service."""
    ways, services, cost = words.ways(reading), words.by_service(change, reading), view.cost(change)
    beside = bool(ways) and cost is not None
    if ways or cost is not None:
        with st.grid(2 if beside else 1, min_column_width=320, gap="medium", key="ways") as grid:
            if cost is not None:
                with grid.cell():
                    _bump(view, cost)
            if ways:
                with grid.cell():
                    _in_other_ways(reading, ways)
    if services:
        _service_by_service(reading, services)


def _bump(view: View, cost: BumpCost) -> None:
    """What came on top after the rollout, how long it lasted, and what it cost."""
    st.header("What the bump cost", anchor=False)
    blocking = getattr(cost.bump, "blocking", ())
    found = [other for i in blocking if (other := view.portfolio.change(i)) is not None]
    numbers = {other.id: f"{other.number} {other.title}" for other in found}
    st.markdown(plain(cost_lines(cost, numbers)[0]))
    rows = cost_rows(cost)
    if rows:
        table = {"What": [what for what, _ in rows], "How much": [much for _, much in rows]}
        st.table(table, border="horizontal", hide_header=True, alt="What the bump after the rollout cost")
    if rows and cost.missing:
        st.markdown(f":small[{missing_text(cost.missing)}]")


def _in_other_ways(reading: Reading, rows: tuple[words.Way, ...]) -> None:
    """The same over other days, a row each."""
    st.header("The same, read in other ways", anchor=False)
    table = {
        f"Days read · {reading.metric.label}": [f"**{w.name}**" if w.decides else w.name for w in rows],
        "Effect": [f"**{w.effect}**" if w.decides else w.effect for w in rows],
        "Likely range": [w.range for w in rows],
        "Answer": [marked(w.word) for w in rows],
    }
    st.table(table, border="horizontal", alt=f"{reading.metric.label} over other days")


def _service_by_service(reading: Reading, rows: tuple[tuple[str, words.Way], ...]) -> None:
    """Every service with its own rollout and figures; many stand in a drawer."""
    if len(rows) > MOST_SERVICES:
        with st.expander(f"Service by service: {len(rows)} services", key="services"):
            _services(reading, rows)
        return
    st.header("Service by service", anchor=False)
    _services(reading, rows)


def _services(reading: Reading, rows: tuple[tuple[str, words.Way], ...]) -> None:
    table = {
        "Service": [plain(way.name) for _, way in rows],
        "Rolled out": [on for on, _ in rows],
        "Effect": [way.effect for _, way in rows],
        "Likely range": [way.range for _, way in rows],
        "Answer": [marked(way.word) for _, way in rows],
    }
    st.table(table, border="horizontal", alt=f"{reading.metric.label} service by service")
