"""The impact register on the page of one change and over the portfolio: stating what is expected, what is frozen, what
came of it. Layout and the input of one visitor; rules and words are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, get_args

import streamlit as st

from impact import selection
from impact.metrics import BY_NAME, Metric
from impact.model import ImpactError
from impact.portfolio import ChangeView
from impact.readiness_outcome import NoOutcome, readiness_outcome
from impact.records import Conflict, DecisionKind, Statement
from impact.register import Judgement, judged, marked
from impact.register_totals import register_totals
from impact.state import State, statement_id
from impact.ui import View, who
from impact.words import plan_words
from impact.words import register_words as words
from impact.words.amounts import shown
from impact.words.decision_words import KINDS
from impact.words.formats import plain, when

REVIEW_AFTER = 30
"""Days from the rollout to the review that is proposed: four weeks are complete by then."""
COLOURS = {"met": "blue", "partly": "blue", "missed": "orange"}
ICONS = {"met": "▲", "partly": "△", "missed": "▼", "cannot_tell": "●", "not_yet": "○"}


def section(view: View, change: ChangeView) -> None:
    """What was stated about a change, what came of it, and stating something while that can be judged. Where the
    records cannot be read, one sentence in its place."""
    st.header("What was expected beforehand", anchor=False)
    try:
        _section(view, change, view.state)
    except ImpactError as error:
        st.warning(str(error), icon=":material/cloud_off:")


def _section(view: View, change: ChangeView, state: State) -> None:
    mine = [one for one in state.statements() if one.change_id == change.id]
    histories = {one.id: state.statement_history(one.id) for one in mine}  # a change has a few at most
    _said()
    if not mine:
        st.markdown(plain(words.judgement_text(change, _judged(view, change, "tickets", ()))))
    for one in mine:
        _statement(view, change, histories[one.id])
    if state.read_only or change.status == "cancelled":
        return
    me = who(view)
    _conflict(view, change, state, me)
    _forms(view, change, state, me=me, mine=mine)


def _live(view: View, change: ChangeView) -> bool:
    return change.rollout_on is not None and change.rollout_on <= view.today


def _judged(view: View, change: ChangeView, metric: str, history: Sequence[Statement]) -> Judgement:
    return judged(change, metric, history, today=view.today, zone=view.settings.reporting.timezone)


def _statement(view: View, change: ChangeView, history: Sequence[Statement]) -> None:
    """One statement: the revision that counts, its judgement, and every revision below."""
    told = _judged(view, change, history[0].metric, history)
    counted = told.statement or history[-1]
    metric = BY_NAME[counted.metric]
    colour, icon = COLOURS.get(told.outcome, "gray"), ICONS.get(told.outcome, "–")
    label = f":{colour}[{icon} **{words.outcome_label(told.outcome)}**]"
    st.markdown(f"**{metric.label}** · {label}  \n{plain(words.statement_text(counted))}")
    st.markdown(plain(words.judgement_text(change, told)))
    stands = words.OPEN if not _live(view, change) else f":material/lock: {words.FROZEN}" if told.statement else ""
    st.markdown(f":small[{' '.join(filter(None, [stands, words.judged_late(told)]))}]")
    if counted.note:
        st.markdown(f":small[{plain(counted.note)}]")
    if len(history) > 1:
        with st.expander(f"Every revision of this ({len(history)})", key=f"revisions {counted.id}"):
            zone = view.settings.reporting.timezone
            known = marked(history, change.rollout_on, zone)
            table = {
                "Revision": [f":small[{words.revision_text(one, zone)}]" for one in known],
                "Said": [f":small[{plain(words.statement_text(one))}]" for one in history],
            }
            st.table(table, border="horizontal", alt=f"Revisions of what was expected of {metric.label}")


# --- stating -----------------------------------------------------------------------------------------------------


def _key(change: ChangeView, field: str, id: str = "") -> str:
    return f"register {field} {id or change.id}"


def _forms(view: View, change: ChangeView, state: State, *, me: str, mine: Sequence[Statement]) -> None:
    """One form for a measure nobody stated anything about yet, or for changing one that was stated."""
    known = selection.measures(view.portfolio.metrics)
    names = [m.name for m in known]
    if not names:
        st.markdown(":small[Nothing is measured yet, so nothing can be expected in figures.]")
        return
    stated = {one.metric: one for one in mine}
    # One label whatever is stated: another one would be another drawer, closed under the hands of who types in it.
    with st.expander("State what you expect, or change it", key=_key(change, "form"), on_change="rerun") as drawer:
        if not drawer.open:
            return
        if _live(view, change):
            st.markdown(f":orange[▼] {words.LATE}")
        chosen = st.selectbox("Measure", names, key=_key(change, "metric"), format_func=lambda n: BY_NAME[n].label)
        metric = next(m for m in known if m.name == chosen)
        _form(view, change, state, me=me, metric=metric, now=stated.get(chosen))


def _form(view: View, change: ChangeView, state: State, *, me: str, metric: Metric, now: Statement | None) -> None:
    """The fields of one measure. The revision that was seen stays with the form until it is saved or given up."""
    id, unit = statement_id(change.id, metric.name), words.unit_text(metric)
    seen = st.session_state.setdefault(_key(change, "seen", id), now.revision if now else 0)
    good = "negative: fewer or shorter is better" if metric.better == "fewer" else "positive: more is better"
    margin = shown(metric, metric.matters) if metric.scale != "percent" else 100 * metric.matters
    sign = -1.0 if metric.better == "fewer" else 1.0
    begin = now or _proposed(view, change, metric, expected=sign * 3 * margin, matters=margin)
    fields = {
        name: _key(change, f"{name} {seen}", id) for name in ("expected", "matters", "review", "met", "missed", "note")
    }
    keep: dict[str, Any] = {"persist_state": "session"}  # what is typed outlives a walk to another change and back
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(f"Expected effect in {unit}", value=float(begin.expected), key=fields["expected"], step=1.0,
                        help=f"Against what would come without the change; {good}.", **keep)  # fmt: skip
        st.number_input(f"Smallest that matters in {unit}", value=float(begin.matters), min_value=0.0, step=1.0,
                        key=fields["matters"], help="An effect smaller than this is not worth having.",
                        **keep)  # fmt: skip
        st.date_input("Review on", value=begin.review_on, key=fields["review"], format="YYYY-MM-DD", **keep,
                      help="On this day the measured effect decides; four weeks are complete 30 days after the "
                           "rollout.")  # fmt: skip
    kinds = list(get_args(DecisionKind))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("If met", kinds, index=kinds.index(begin.if_met), key=fields["met"],
                     format_func=lambda k: KINDS[k], **keep)  # fmt: skip
        st.selectbox("If missed", kinds, index=kinds.index(begin.if_missed), key=fields["missed"],
                     format_func=lambda k: KINDS[k], **keep)  # fmt: skip
    st.text_area("Note", value=begin.note, key=fields["note"], height=68, **keep,
                 help="Why this is expected, or what “Other” means. No names of people.")  # fmt: skip
    st.markdown(f":small[{words.RULE}]")
    harmful = sign * float(st.session_state.get(fields["expected"]) or 0.0) < 0
    meant = not harmful or st.checkbox(words.HARM_MEANT, key=_key(change, "meant", id))
    with st.container(horizontal=True):
        st.button("Save", icon=":material/save:", on_click=_save, type="primary", disabled=not meant,
                  key=_key(change, "save", id), args=(view, change, state, me, metric, seen, fields))  # fmt: skip
        if now is not None and not now.withdrawn:
            st.button("Withdraw", on_click=_save, icon=":material/undo:", key=_key(change, "withdraw", id),
                      args=(view, change, state, me, metric, seen, fields, True))  # fmt: skip


def _proposed(view: View, change: ChangeView, metric: Metric, *, expected: float, matters: float) -> Statement:
    """What the form shows before anything was said."""
    after = change.rollout_on or change.planned_on
    start = max(after, view.today) if after is not None else view.today
    return Statement(
        id=statement_id(change.id, metric.name), change_id=change.id, metric=metric.name, expected=expected,
        matters=matters, review_on=start + timedelta(days=REVIEW_AFTER),
    )  # fmt: skip


def _save(
    view: View, change: ChangeView, state: State, me: str, metric: Metric, seen: int, fields: dict[str, str],
    withdrawn: bool = False,
) -> None:  # fmt: skip
    """Record what the form holds; a newer revision of somebody else is shown beside it and nothing is overwritten."""
    values = {name: st.session_state.get(key) for name, key in fields.items()}
    review = values["review"]
    mine = Statement(
        id=statement_id(change.id, metric.name), change_id=change.id, metric=metric.name,
        expected=float(values["expected"] or 0.0), matters=float(values["matters"] or 0.0),
        review_on=review if isinstance(review, date) else view.today + timedelta(days=REVIEW_AFTER),
        if_met=values["met"] or "continue", if_missed=values["missed"] or "fix_first",
        note=str(values["note"] or "").strip(), withdrawn=withdrawn,
    )  # fmt: skip
    _record(view, change, state, me=me, mine=mine, seen=seen)


def _record(view: View, change: ChangeView, state: State, *, me: str, mine: Statement, seen: int) -> None:
    kept = st.session_state
    ahead = change.planned_on if change.planned_on and change.planned_on > view.today else None
    rollout = change.rollout_on or ahead  # a planned day that has passed without a rollout freezes nothing
    try:
        state.state_impact(mine, seen_revision=seen, rollout_on=rollout, today=view.today, by=me)
    except Conflict:
        kept[_key(change, "conflict")] = mine
    except ImpactError as error:
        kept["register said"] = ("error", str(error))
    else:
        kept.pop(_key(change, "conflict"), None)
        kept.pop(_key(change, "seen", mine.id), None)
        kept["register said"] = ("success", "Withdrawn." if mine.withdrawn else "Saved.")


def _said() -> None:
    """What came of the last press of a button, once."""
    kind, text = st.session_state.pop("register said", ("", ""))
    if kind == "success":
        st.success(text, icon=":material/check_circle:")
    elif kind:
        st.error(text, icon=":material/error:")


def _conflict(view: View, change: ChangeView, state: State, me: str) -> None:
    """Both versions side by side; the visitor chooses, and whichever is not chosen stays a revision or is given up."""
    mine = st.session_state.get(_key(change, "conflict"))
    theirs = state.statement(mine.id) if mine is not None else None
    if mine is None or theirs is None:
        return
    st.warning("Somebody else changed this while you were writing. Yours is not saved yet.", icon=":material/group:")
    zone = view.settings.reporting.timezone
    with st.grid(2, min_column_width=240, gap="small", border=True, key="register conflict") as grid:
        with grid.cell():
            st.markdown(f"**Recorded meanwhile** ({words.revision_text(theirs, zone)})  \n"
                        f"{plain(words.statement_text(theirs))}")  # fmt: skip
            st.button("Keep this one", key=_key(change, "theirs"), on_click=_give_up, args=(change, mine.id))
        with grid.cell():
            st.markdown(f"**Yours, not saved**  \n{plain(words.statement_text(mine))}")
            st.button("Save yours on top", key=_key(change, "mine"), on_click=_on_top,
                      args=(view, change, state, me, mine, theirs.revision))  # fmt: skip


def _give_up(change: ChangeView, id: str) -> None:
    st.session_state.pop(_key(change, "conflict"), None)
    st.session_state.pop(_key(change, "seen", id), None)


def _on_top(view: View, change: ChangeView, state: State, me: str, mine: Statement, seen: int) -> None:
    _record(view, change, state, me=me, mine=mine, seen=seen)


# --- the portfolio -----------------------------------------------------------------------------------------------


def portfolio_section(view: View) -> None:
    """What all statements add up to, which reviews are due, and whether readiness pays."""
    st.header("Expected and measured", anchor=False)
    try:
        recorded = view.state.told_apart()
        histories = view.cached(("statement histories", recorded), view.state.statement_histories)
    except ImpactError as error:
        st.warning(str(error), icon=":material/cloud_off:")
        return
    zone = view.settings.reporting.timezone
    totals = view.cached(
        ("register totals", recorded, zone),
        lambda: register_totals(view.portfolio.changes, histories, today=view.today, zone=zone),
    )
    st.markdown(words.totals_text(totals))
    if totals.totals:
        table = words.totals_table(totals)
        st.table({k: [f":small[{plain(c)}]" for c in v] for k, v in table.items()}, border="horizontal",
                 hide_index=True, alt="What was expected and what was measured, by measure")  # fmt: skip
        st.markdown(f":small[{words.ONLY_JUDGED}]")
        _due(view, histories)
    st.header("Does readiness pay?", anchor=False)
    found = view.cached("readiness outcome", lambda: readiness_outcome(view.portfolio.changes))
    st.markdown(plain(plan_words.readiness_text(found)))
    if not isinstance(found, NoOutcome):
        st.markdown(f":small[{plan_words.OBSERVED}]")


def _due(view: View, histories: Mapping[str, Sequence[Statement]]) -> None:
    """Statements with their judgement, those of the newest reviews first; judged once they are asked for."""
    known = [
        (change, history) for history in histories.values() if (change := view.portfolio.change(history[0].change_id))
    ]
    with st.expander(f"Every statement ({len(known)})", key="statements", bind="query-params") as drawer:
        if drawer.open:
            table = _every_statement(view, known)
            st.table(table, border="horizontal", hide_index=True, alt="Every statement with what came of it")


def _every_statement(
    view: View, known: Sequence[tuple[ChangeView, Sequence[Statement]]]
) -> dict[str, list[str]]:  # fmt: skip
    rows = []
    for change, history in known:
        told = _judged(view, change, history[0].metric, history)
        one = told.statement or history[-1]
        rows.append((one.review_on, change, BY_NAME[one.metric].label, words.outcome_label(told.outcome),
                     words.judgement_text(change, told)))  # fmt: skip
    rows.sort(key=lambda row: (row[0], row[1].number), reverse=True)
    return {
        "Review": [f":small[{when(on)}]" for on, *_ in rows],
        "Change": [f":small[{plain(c.number)} {plain(c.title)}]" for _, c, *_ in rows],
        "Measure": [f":small[{label}]" for _, _, label, *_ in rows],
        "Outcome": [f":small[{outcome}]" for *_, outcome, _ in rows],
        "Why": [f":small[{plain(text)}]" for *_, text in rows],
    }
