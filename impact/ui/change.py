"""The parts of the page of one change, top to bottom. Layout only: every figure and sentence is made elsewhere."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from impact import selection, wording
from impact.charts import twins
from impact.estimate import Estimate
from impact.metrics import BOARD
from impact.portfolio import ChangeView, Reading
from impact.ui import View, carried, paging, ways
from impact.ui.marks import marked
from impact.words import readings as words
from impact.words.formats import days, listed, plain, quoted, when

MOST_CHOICES = 1_000
"""Changes offered in the picker, in the order of the board. Any change opens by its link or from the board."""


# --- which change ------------------------------------------------------------------------------------------------


def pick(view: View) -> ChangeView | None:
    """The change the address names (id or number), with the picker and the way to its neighbours in the list.

    None where the address names none that exists; that is said, and nothing is guessed.
    """
    asked = st.query_params.get("change", "")
    current = view.portfolio.change(asked) if asked else None
    order = _order(view, current)
    ids = [change.id for change in order]
    names = {change.id: f"{change.number} {change.title}" for change in order}
    st.session_state["picked"] = current.id if current else None
    line = st.container(horizontal=True, vertical_alignment="center", key="picker")
    line.page_link("pages/steering.py", label="All changes", icon=":material/arrow_back:",
                   query_params=carried())  # fmt: skip
    line.selectbox("Change", ids, key="picked", format_func=lambda i: names.get(i, i), on_change=_go_to_picked,
                   placeholder="Choose a change", label_visibility="collapsed")  # fmt: skip
    place = ids.index(current.id) if current else -1
    for label, step, shortcut, icon in (
        ("Previous", -1, "P", ":material/chevron_left:"),
        ("Next", 1, "N", ":material/chevron_right:"),
    ):
        there = place + step
        target = ids[there] if current and 0 <= there < len(ids) else None
        line.button(label, icon=icon, shortcut=shortcut, disabled=target is None, on_click=_go_to, args=(target,))
    if current is None:
        _unknown(view, asked)
    return current


def _order(view: View, current: ChangeView | None) -> list[ChangeView]:
    """The changes in the order of the board; the current one is always among them."""
    ordered = view.cached(("order", view.portfolio.version), lambda: selection.in_board_order(view.portfolio.changes))
    offered = ordered[:MOST_CHOICES]
    return list(offered) if current is None or current in offered else [current, *offered]


def _go_to(change_id: str | None) -> None:
    if change_id:
        st.query_params["change"] = change_id


def _go_to_picked() -> None:
    _go_to(st.session_state["picked"])


def _unknown(view: View, asked: str) -> None:
    st.title("One change")
    if asked:
        st.warning(
            f"There is no change with the id or number {quoted(asked)}. Choose one above, or open the steering view."
        )
    else:
        st.markdown("Choose a change above, or open one from the steering view.")
    wanted = [c for c in view.portfolio.changes if c.group == "decide"][:10]
    if wanted:
        st.header("These need a decision", anchor=False)
        st.markdown("\n".join(f"- {twins.link(c)}: {wording.headline(c)}" for c in wanted))


# --- the answer --------------------------------------------------------------------------------------------------


def head(change: ChangeView) -> None:
    """Name, where it stands, what customers felt in one sentence, and what is asked of the room."""
    st.title(plain(change.title), anchor=False)
    st.markdown(" · ".join(_facts_in_line(change)))
    wanted, noticed = (plain(text or "not recorded") for text in (change.requirement, change.expected_outcome))
    st.markdown(f"**What customers want**: {wanted}  \n**What they should notice**: {noticed}")
    felt = wording.headline(change) if change.word == "not_rolled_out" else wording.felt(change)
    st.header(marked(change.word, felt), anchor=False)
    told = [f":gray-badge[:material/hourglass_top: {words.so_far_text(change)}]"] if words.so_far_text(change) else []
    if change.decide:
        asked = [words.asked(change, c) if c in ("worse", "mixed") else wording.decide_text(c, change)
                 for c in change.decide]  # fmt: skip
        told.append(f":orange-badge[:material/gavel: Decision asked] {'  ·  '.join(asked)}")
    if told:
        st.markdown("  ".join(told))


def _facts_in_line(change: ChangeView) -> list[str]:
    name = f"[{plain(change.number)}]({change.url})" if change.url else plain(change.number)
    services = listed([plain(service.name) for service in change.services], 3) or "no service linked"
    team, on = plain(change.team or "no team"), f"on {services}" if change.services else services
    found = [name, team, wording.stands(change), on]
    found.append(f"{change.kind} change" if change.kind != "other" else "")
    found.append(f"{change.risk} risk" if change.risk != "unknown" else "risk unknown")
    found.append(plain(wording.gone(change)))
    return [part for part in found if part]


def choose_measure(view: View, change: ChangeView) -> Reading | None:
    """The measure switch; what it is set to is in the address. None where nothing is measured at all."""
    known = {m.name: m.label for m in selection.measures(view.portfolio.metrics)}
    if not known:
        return None
    first = selection.leading_metric(change, view.portfolio.metrics)
    with st.container(key="measures"):
        chosen, unknown = paging.switch("Measure", "measure", known, first)
    if unknown:
        st.info(f"There is no measure {quoted(unknown)}; {known[first].lower()} is shown.")
    return change.reading(chosen)


def course(view: View, change: ChangeView, reading: Reading | None) -> None:
    """Observed against expected above the plan and all around it, on one time axis, or what can be said instead."""
    with st.spinner("Drawing what was to be expected …"):
        spec = view.dossier.axis(change, reading.metric.name if reading else None)
    if reading:
        st.header("What happened, what was to be expected, and the plan", anchor=False)
        st.markdown(f"{marked(reading.verdict.word)} · {wording.sentence(change, reading)}")
        ways.in_the_way(change, reading)
    else:
        st.header("Plan", anchor=False)
        st.markdown(_waiting(view, change))
    told = f"{wording.sentence(change, reading)} " if reading else ""
    st.vega_lite_chart(
        spec,
        width="stretch",
        alt=f"{change.title} on a time axis. {told}The list of milestones below says the same of the plan.",
    )
    if reading and not view.dossier.has_course(change, reading.metric.name):
        st.markdown(f":small[{words.NO_COURSE}]")


def cards(view: View, change: ChangeView) -> None:
    """A card for every board measure that has facts: before and after, the word, the likely range, what it rests on."""
    shown = [m for m in BOARD if m in view.portfolio.metrics]
    if not shown or change.rollout_on is None:
        return
    st.header("What customers felt, measure by measure", anchor=False)
    with st.grid(len(shown), min_column_width=150, gap="xsmall", border=True, wrap=False, key="cards") as grid:
        for metric in shown:
            with grid.cell():
                _card(change, change.reading(metric.name))


def _card(change: ChangeView, reading: Reading) -> None:
    st.markdown(f"**{reading.metric.label}**  \n{marked(reading.verdict.word)}")
    if not isinstance(reading.result, Estimate):
        st.markdown(f":small[{_short(reading)}]")
        return
    before, after, unit = wording.before_after(reading)
    st.markdown(
        f"{before} → **{after}** {unit}  \n:small[{wording.expected_text(reading)} expected without the change]"
    )
    rests = f"{wording.range_text(reading)}; {words.rests_on(change, reading)}"
    st.markdown(f"**{wording.effect_text(reading)}**  \n:small[{rests}]")


def _short(reading: Reading) -> str:
    """Why there is no figure, and what can be said instead; the sentence stands above the chart."""
    why = words.why_none(reading)
    return " ".join(filter(None, [f"{why[:1].upper()}{why[1:]}.", words.together_short(reading)]))


# --- around it ---------------------------------------------------------------------------------------------------


def surroundings(view: View, change: ChangeView, reading: Reading | None) -> None:
    """What else changed near it and could be behind the answer."""
    st.header("What else changed", anchor=False)
    st.markdown("\n".join(f"- {line}" for line in _nearby(view, change, reading)))


def _nearby(view: View, change: ChangeView, reading: Reading | None) -> list[str]:
    found = [
        f"[{plain(f'{n.number} {n.title}')}](change?change={quote(n.change_id)}), rolled out {when(n.rollout_on)} "
        f"on {plain(listed(list(n.services)))} too"
        for n in change.neighbours
    ]
    if not found:
        none = "No other change on the same services within eight weeks of this rollout."
        found.append(none if change.rollout_on else _not_compared(change))
    if reading and isinstance(reading.result, Estimate):
        found += wording.reasons(change, reading, today=view.today)
    return found


def _not_compared(change: ChangeView) -> str:
    if change.status == "cancelled":
        return "The change never went live, so nothing is compared."
    done = change.status in ("done", "rolled_back")
    return "Unknown without a rollout date." if done else "Known once the change is live."


def _waiting(view: View, change: ChangeView) -> str:
    """For a change that is not live: when it comes, in place of figures."""
    if change.status in ("cancelled", "done", "rolled_back"):
        planned = f" The rollout was planned for **{when(change.planned_on)}**." if change.planned_on else ""
        return f"{wording.not_live(change)}{planned}"
    if change.planned_on is None:
        return "No rollout date is recorded. Figures start the day after the rollout."
    left = (change.planned_on - view.today).days
    until = f"in {days(left)}" if left > 0 else "today" if left == 0 else f"{days(-left)} ago"
    return f"Rollout planned for **{when(change.planned_on)}**, {until}. Figures start the day after."
