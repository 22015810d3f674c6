"""The parts of the steering view, top to bottom. Layout only: what is shown is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from impact import selection
from impact.charts import board as board_chart
from impact.charts import twins
from impact.portfolio import ChangeView
from impact.selection import NO_TEAM, PERIODS, USUAL_PERIOD, Filters
from impact.ui import View, carried, from_address, paging, to_address
from impact.words.formats import quoted

ALT = (
    "Board of changes: for each one the likely range of its effect on five measures and its milestones. "
    "The same figures stand in the table below."
)


def filters(view: View, title: str = "What did customers feel?") -> Filters:
    """Title and filters; what they are set to is in the address."""
    teams = dict(view.portfolio.teams)
    if teams and any(change.team_id is None for change in view.portfolio.changes):
        teams[NO_TEAM] = "No team"
    unknown_team = from_address("team", "", {"", *teams})
    from_address("search")
    head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="head")
    head.title(title, width="content", anchor=False)
    with head.container(horizontal=True, width="content", vertical_alignment="center", key="filters"):
        st.markdown("Rollouts within", width="content")
        labels = {code: label for code, (label, _) in PERIODS.items()}
        period, unknown_period = paging.switch("Rollouts within, back and ahead", "period", labels, USUAL_PERIOD)
        st.text_input("Search", key="search", placeholder="Search number, title, service", on_change=to_address,
                      args=("search",), width=230, label_visibility="collapsed")  # fmt: skip
    if teams:
        st.pills(
            "Team",
            list(teams),
            key="team",
            format_func=teams.__getitem__,
            on_change=to_address,
            args=("team",),
            label_visibility="collapsed",
        )
    if unknown_team:
        st.info(f"There is no team with the id {quoted(unknown_team)}: all teams are shown.")
    if unknown_period:
        st.info(
            f"There is no period {quoted(unknown_period)}. Periods are {', '.join(PERIODS)}; the usual one is shown."
        )
    state = st.session_state
    return Filters(state.get("team") or "", period, state.get("search") or "")


def chosen(view: View, filters: Filters) -> tuple[ChangeView, ...]:
    """The changes that pass the filters."""
    changes, today = view.portfolio.changes, view.today
    return view.cached(("chosen", view.portfolio.version, filters), lambda: selection.chosen(changes, filters, today))


def nothing_found(view: View, filters: Filters) -> None:
    """No change passes: name the filters and offer to clear them."""
    told = selection.described(filters, view.portfolio.teams)
    st.info(f"None of the {len(view.portfolio.changes)} changes fits: {told}.", icon=":material/filter_alt_off:")
    st.button("Show all changes", on_click=_clear)


def _clear() -> None:
    for name in ("team", "search", "page"):
        st.query_params.pop(name, None)
    st.query_params["period"] = "all"


def key_figures(shown: Sequence[ChangeView]) -> None:
    """How many changes stand where, the ones that want a decision first."""
    n = selection.counts(shown)
    figures = (
        ("Need a decision", n.decide, n.shown, "Something is asked of this meeting: see the right-hand column."),
        (":blue[▲] Customers better off", n.better, n.live, "A measure clearly better, none clearly worse."),
        (":orange[▼] Customers worse off", n.worse, n.live, "A measure clearly worse, whatever the others say."),
        (":gray[○] No real change", n.no_change, n.live, "Every answered measure stays within what matters."),
        (":gray[●] Cannot tell yet", n.cannot_tell, n.live, "Too early, too few tickets, an overlap, only a hint."),
    )
    with st.grid(5, wrap=False, min_column_width=120, gap="xsmall", key="figures"):
        for label, count, of, help in figures:
            st.metric(label, f"{count} of {of}", help=help)


def one_page(shown: Sequence[ChangeView]) -> Sequence[ChangeView]:
    """Those of the shown changes that are drawn, in the order of the board; with many there are pages."""
    return paging.one_page(selection.in_board_order(shown), "Changes")


def board(view: View, shown: Sequence[ChangeView], on_screen: Sequence[ChangeView]) -> None:
    """The chart of the changes on screen, out of all those shown; a click on a row opens its change."""
    totals = Counter(change.group for change in shown)
    key = ("board", view.portfolio.version, tuple(change.id for change in on_screen), tuple(totals.items()))
    metrics = view.portfolio.metrics
    spec = view.cached(key, lambda: board_chart.board(on_screen, metrics, today=view.today, totals=totals))
    # A selection outlives its page in the browser: on the way back, a chart with the same key would open it again.
    opened = st.session_state.get("changes opened", 0)
    with st.container(key="board"):
        picked = st.vega_lite_chart(
            spec, width="stretch", key=f"board {opened}", on_select="rerun", selection_mode="change", alt=ALT
        )
    found = picked["selection"].get("change") if picked else None
    if found:
        st.session_state["changes opened"] = opened + 1
        st.switch_page("pages/change.py", query_params={**carried(), "change": found[0]["change"]})


def same_as_table(view: View, on_screen: Sequence[ChangeView]) -> None:
    """Everything the board shows as tables with links, built only when it is opened."""
    table = st.expander("The same as a table", key="table", bind="query-params")
    if not table.open:
        return
    key = view.portfolio.version, tuple(change.id for change in on_screen)
    with table:
        st.header("Plan and next step", anchor=False)
        st.table(view.cached(("plans", key), lambda: twins.plans(on_screen)), border="horizontal",
                 alt="Plan and next step of every change shown")  # fmt: skip
        st.header("What customers felt", anchor=False)
        effects = view.cached(("effects", key), lambda: twins.effects(on_screen, view.portfolio.metrics))
        st.table(effects, border="horizontal", alt="Effects of every change shown, a row a measure")
        st.download_button(
            "Download as CSV",
            data=lambda: twins.as_csv(twins.effects(on_screen, view.portfolio.metrics, links=False)),
            file_name=f"effects-{view.today}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
