"""The parts of the page of decisions: reviews due, the log with its filters, one decision with what was seen then and
what it is today, and the audit. Layout only: what is listed and said is made elsewhere."""

from __future__ import annotations

from math import ceil

import streamlit as st

from impact import decision_log
from impact.charts import twins
from impact.deciding import KINDS, withdrawn
from impact.decision_log import PERIODS, USUAL_PERIOD, LogFilters
from impact.figures import ChangeFigures
from impact.frozen_figures import figures_of
from impact.model import ImpactError
from impact.portfolio import ChangeView
from impact.records import Conflict, Decision
from impact.selection import NO_TEAM
from impact.settled import in_force
from impact.ui import View, decide, from_address, frozen, to_address, who
from impact.words import decision_words as words
from impact.words.formats import at, plain, plural, quoted, when

PAGE_SIZE = 25
MOST_AUDITED = 200
NONE_YET = (
    "Nothing has been decided yet. Decisions are recorded in a meeting, or on the page of a change; what was seen at "
    "that moment is kept with them."
)


def changes_by_id(view: View) -> dict[str, ChangeView]:
    """Every change by its id."""
    return view.cached(("changes by id", view.state.told_apart()), lambda: {c.id: c for c in view.portfolio.changes})


def head(view: View) -> LogFilters:
    """Title and filters; what they are set to is in the address."""
    teams = dict(view.portfolio.teams) | {NO_TEAM: "No team"}
    unknown = {
        "team with the id": from_address("team", "", {"", *teams}),
        "kind of decision": from_address("kind", "", {"", *KINDS}),
        "period": from_address("since", USUAL_PERIOD, PERIODS),
    }
    from_address("search")
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="head")
    line.title("What was decided", width="content", anchor=False)
    with line.container(horizontal=True, width="content", vertical_alignment="center", key="filters"):
        st.selectbox("Team", list(teams), index=None, key="team", format_func=teams.__getitem__, width=170,
                     placeholder="All teams", on_change=to_address, args=("team",),
                     label_visibility="collapsed")  # fmt: skip
        st.selectbox("Kind of decision", KINDS, index=None, key="kind", format_func=words.KINDS.__getitem__, width=170,
                     placeholder="All decisions", on_change=to_address, args=("kind",),
                     label_visibility="collapsed")  # fmt: skip
        st.segmented_control("Decided within", list(PERIODS), key="since", required=True,
                             format_func=lambda code: PERIODS[code][0], on_change=to_address,
                             args=("since", USUAL_PERIOD), label_visibility="collapsed")  # fmt: skip
        st.text_input("Search", key="search", placeholder="Search change, reason, owner", on_change=to_address,
                      args=("search",), width=220, label_visibility="collapsed")  # fmt: skip
    for name, asked in unknown.items():
        if asked:
            st.info(f"There is no {name} {quoted(asked)}: the usual choice is shown.")
    state = st.session_state
    return LogFilters(
        state.get("team") or "", state.get("kind") or "", state.get("since") or USUAL_PERIOD, state.get("search") or ""
    )  # fmt: skip


def reviews_due(view: View) -> None:
    """What wants to be looked at again, the longest waiting first."""
    found = decision_log.due(in_force(view.state.decisions()).values(), view.today)
    st.header("Reviews due", anchor=False)
    if not found:
        st.markdown("None. A decision is due on its review day, or when its due day has passed.")
        return
    table = words.due_rows(found, changes_by_id(view), today=view.today)
    st.table(table, border="horizontal", alt="Decisions whose review is due")


def log(view: View, filters: LogFilters) -> None:
    """All decisions that pass the filters, the newest first, page by page, and all of them as a file."""
    every = view.state.decisions()
    found = decision_log.listed(every, changes_by_id(view), filters, view.today)
    st.header("All decisions", anchor=False)
    if not every:
        st.markdown(NONE_YET)
        st.page_link("pages/meeting.py", label="Open a meeting", icon=":material/groups:")
        return
    if not found:
        st.info(f"None of the {plural(len(every), 'decision')} fits these filters.", icon=":material/filter_alt_off:")
        st.button("Show all decisions", on_click=_clear)
        return
    pages = ceil(len(found) / PAGE_SIZE)
    number = st.pagination(pages, key="log page") if pages > 1 else 1
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    table = words.log_rows(shown, changes_by_id(view), in_force(every), today=view.today)
    st.table(table, border="horizontal", alt="Decisions, the newest first")
    _files(view, found)


def _clear() -> None:
    for name in ("team", "kind", "search"):
        st.query_params.pop(name, None)
    st.query_params["since"] = "all"


def _files(view: View, found: tuple[Decision, ...]) -> None:
    changes = changes_by_id(view)

    def every_revision() -> bytes:
        revisions = [r for d in found for r in reversed(view.state.decision_history(d.id))]
        return twins.as_csv(words.export_rows(revisions, changes))

    line = st.container(horizontal=True, vertical_alignment="center", key="files")
    line.download_button("Download as CSV", data=every_revision, file_name=f"decisions-{view.today}.csv",
                         mime="text/csv", on_click="ignore", icon=":material/download:")  # fmt: skip
    line.button("Show the audit", icon=":material/history:", on_click=_open_audit)
    line.markdown(":small[Every revision, also withdrawn ones.]", width="content")


# --- one decision ------------------------------------------------------------------------------------------------


def one(view: View) -> None:
    """The decision that the address names: what was seen, what it is today, what happened after, and its revisions."""
    asked = st.query_params.get("decision", "")
    if not asked:
        return
    decision = decide.current(view, asked)
    if decision is None:
        st.warning(f"There is no decision with the id {quoted(asked)}. Choose one from the list below.")
        return
    change = changes_by_id(view).get(decision.change_id)
    with st.container(border=True, key="one decision"):
        _head_of_one(view, decision, change)
        _then_and_now(view, decision, change)
        _revisions(view, decision)


def _head_of_one(view: View, decision: Decision, change: ChangeView | None) -> None:
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    title = f"{change.number} {change.title}" if change else decision.change_id.split(":")[-1]
    line.header(plain(title), anchor=False, width="content")
    line.button("Close", type="tertiary", icon=":material/close:", on_click=_close_one)
    newest = in_force(view.state.decisions()).get(decision.change_id) == decision
    state = words.state_text(decision, newest=newest, today=view.today)
    st.markdown(f"{when(decision.decided_on)}: **{plain(words.decided_text(decision))}** · {state}")
    asked = plain(words.asked_texts(decision.asked))
    st.markdown(f":small[Asked: {asked} · customers {words.word_since(decision, change)}]")


def _close_one() -> None:
    st.query_params.pop("decision", None)


def _then_and_now(view: View, decision: Decision, change: ChangeView | None) -> None:
    """What was seen then beside what it is today: what moved, and all that differs on demand."""
    found = view.state.frozen(decision.frozen_id) if decision.frozen_id else None
    smallest = view.settings.privacy.smallest_group
    then = figures_of(found.content, decision.change_id, smallest=smallest) if found else None
    if found is None or then is None:
        st.markdown("What was seen then was not kept.")
        return
    st.markdown(frozen.kept_text(view, found))
    if change is None:
        st.markdown(f"Then: {plain(then.headline)} Today no source delivers this change any more.")
        return
    _moved(view, then, decide.seen(view, change))
    with st.expander("Every figure that differs", key="differs", on_change="rerun") as drawer:
        if drawer.open:
            frozen.then_and_now(view, then, change)


def _moved(view: View, then: ChangeFigures, now: ChangeFigures) -> None:
    rows = frozen.moved(then, now)
    if not rows["What"]:
        st.markdown("What customers felt reads the same today as it did then.")
        return
    st.table(rows, border="horizontal", alt="What was seen then and what it is today")


def _revisions(view: View, decision: Decision) -> None:
    """Who wrote what when, and taking the decision back."""
    zone = view.settings.reporting.timezone
    history = view.state.decision_history(decision.id)
    if len(history) > 1:
        st.table(words.history_rows(history, zone=zone, me=who(view)), border="horizontal", alt="Revisions")
    else:
        st.markdown(f":small[Recorded {at(decision.recorded_at, zone)}, never changed.]")
    if not decision.withdrawn:
        with st.container(key="withdraw"), st.popover("Withdraw this decision", icon=":material/undo:"):
            st.markdown("It stays on record and counts for nothing any more; what it settled is asked again.")
            st.button("Yes, withdraw it", on_click=_withdraw, args=(view, decision))
    refused = st.session_state.pop("withdrawal refused", None)
    if refused:
        st.warning(refused, icon=":material/call_split:")


def _withdraw(view: View, decision: Decision) -> None:
    try:
        view.state.record(withdrawn(decision), seen_revision=decision.revision, by=who(view))
    except Conflict:
        st.session_state["withdrawal refused"] = (
            "Somebody else recorded a newer revision meanwhile; it is shown now. Withdraw that one if it is to go."
        )
    except ImpactError as error:
        st.session_state["withdrawal refused"] = str(error)


# --- the audit ---------------------------------------------------------------------------------------------------


def _open_audit() -> None:
    st.session_state["audit wanted"] = True


def audit(view: View) -> None:
    """The drawer with every write, when it is asked for."""
    if st.session_state.pop("audit wanted", False):
        _drawer(view)


@st.dialog("Audit: every write, the newest first", width="large", position="right")
def _drawer(view: View) -> None:
    entries = view.state.audit(MOST_AUDITED + 1)
    zone = view.settings.reporting.timezone
    shown = entries[:MOST_AUDITED]
    more = f" The latest {MOST_AUDITED} are shown; the file has all." if len(entries) > MOST_AUDITED else ""
    st.markdown(f"Nothing is ever overwritten or removed.{more}")
    st.download_button("Download as CSV", data=lambda: twins.as_csv(words.audit_export(view.state.audit())),
                       file_name=f"audit-{view.today}.csv", mime="text/csv", on_click="ignore",
                       icon=":material/download:")  # fmt: skip
    st.table(words.audit_rows(shown, zone=zone), border="horizontal", alt="Every write, the newest first")
