"""The parts of the timeline page, top to bottom: plans, the calendar of tickets, what meets and what is coming.

Layout only: what is shown is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import cast

import streamlit as st

from impact import collisions as meet
from impact import daily_tickets
from impact.charts import gantt, gantt_places, heat, twins
from impact.charts import timeline_twins as tables
from impact.charts.gantt_places import By
from impact.collisions import Alike, Collision, Frozen, TooFew
from impact.costs import cost_study, extra_tickets
from impact.portfolio import ChangeView
from impact.selection import NO_TEAM, PAGE_SIZE, PERIODS, Filters
from impact.ui import View, carried, paging
from impact.words import collision_words as words
from impact.words.formats import plain, plural, quoted

GROUPS: dict[str, str] = {"team": "Team", "service": "Service"}
"""Code in the address -> label."""
MOST_MEETINGS = 12
PLANS_TOLD = "Timeline of changes, planned and actual, coloured after the rollout by what customers felt."
HEAT_TOLD = "Calendar of tickets a day with rollouts."
TWIN = "The same figures stand in the table below."


def grouped_by() -> By:
    """The switch between teams and services; what it is set to is in the address."""
    line = st.container(horizontal=True, vertical_alignment="center", key="grouping")
    line.markdown("Grouped by", width="content")
    with line:
        chosen, unknown = paging.switch("Grouped by", "by", GROUPS, "team")
    if unknown:
        st.info(f"Changes cannot be grouped by {quoted(unknown)}, only by {' or '.join(GROUPS)}: teams are shown.")
    return cast(By, chosen)


def plans(view: View, shown: Sequence[ChangeView], filters: Filters, by: By) -> None:
    """The timeline of the changes that pass the filters; a click on a line opens its change."""
    lines = gantt_places.entries(shown, by)
    on_screen = paging.one_page(lines, "Lines")
    totals = dict(Counter(name for name, _ in lines))
    freezes = view.settings.freezes
    drawn = gantt_places.days_of([c for _, c in on_screen], view.today, reach=PERIODS[filters.period][1])
    key = ("gantt", by, tuple((name, c.id) for name, c in on_screen), filters.period, freezes)
    spec = view.cached(key, lambda: gantt.gantt(on_screen, drawn, freezes=freezes, totals=totals))
    # A selection outlives its page in the browser: on the way back, a chart with the same key would open it again.
    opened = st.session_state.get("changes opened", 0)
    with st.container(key="board"):
        picked = st.vega_lite_chart(spec, width="stretch", key=f"gantt {opened}", on_select="rerun",
                                    selection_mode="change", alt=f"{PLANS_TOLD} {TWIN}")  # fmt: skip
    found = picked["selection"].get("change") if picked else None
    if found:
        st.session_state["changes opened"] = opened + 1
        st.switch_page("pages/change.py", query_params={**carried(), "change": found[0]["change"]})
    table = st.expander("The timeline as a table", key="table", bind="query-params")
    if table.open:
        with table:
            group = GROUPS[by]
            told = view.cached((*key, "table"), lambda: tables.timeline(on_screen, view.today, group))
            st.table(told, border="horizontal", alt="Planned and actual days of every change shown")
            _download("timeline", view, lambda: tables.timeline(lines, view.today, group, links=False))


def calendar(view: View, filters: Filters) -> None:
    """Tickets a day as a calendar, of all services or of those the chosen team's changes touch."""
    team, freezes = filters.team, view.settings.freezes
    mine = [c for c in view.portfolio.changes if not team or c.team_id == (None if team == NO_TEAM else team)]
    services = daily_tickets.services_of(mine) if team else None
    first, last = heat.weeks_shown(view.today, reach=PERIODS[filters.period][1])
    days = view.cached(
        ("days", team, first, last),
        lambda: daily_tickets.tickets_by_day(view.evidence, services, first=first, last=last),
    )
    rollouts = view.cached(("going live", team), lambda: daily_tickets.going_live(mine, view.today))
    names = {**dict(view.portfolio.teams), NO_TEAM: "No team"}
    whose = f"{plain(names.get(team, team))}: {plural(len(services), 'service')} its changes touch" if services else ""
    with st.container(key="calendar"):
        st.header("Tickets a day, and what went live", anchor=False)
        if all(day.tickets is None for day in days):
            st.markdown("No tickets of these services are known for these weeks.")
            return
        spec = view.cached(
            ("heat", team, first, last, freezes),
            lambda: heat.heat(days, rollouts, today=view.today, freezes=freezes),
        )
        st.markdown(f":small[{whose or 'All services'}. A column is a week.]")
        st.vega_lite_chart(spec, width="stretch", key="heat", alt=f"{HEAT_TOLD} {TWIN}")
    table = st.expander("The calendar as a table", key="weeks", bind="query-params")
    if table.open:
        with table:
            st.table(tables.weeks(days, rollouts, view.today), border="horizontal", alt="Tickets of every week and day")
            _download("tickets-a-day", view, lambda: tables.days(days, rollouts))


def ahead(view: View, shown: Sequence[ChangeView]) -> None:
    """What is coming among the changes shown, whom it will hit, and what changes like it brought."""
    st.header("What is coming, and whom it will hit", anchor=False)
    coming = meet.coming(shown, view.today)
    if not coming:
        st.markdown("None of the changes shown is planned for today or later.")
        return
    found, frozen, first = _meetings(view), _in_freeze(view), coming[:PAGE_SIZE]
    with st.spinner("Looking up what changes like these brought …"):
        expected = view.cached(("expected", tuple(change.id for change in first)), lambda: _expected(view, first))
    st.table(tables.ahead(first, expected, found, frozen), border="horizontal",
             alt="Coming changes: when, on what, for whom, extra tickets to expect, what they meet")  # fmt: skip
    if len(coming) > len(first):
        st.markdown(f":small[and {len(coming) - len(first):,} more, in the download]")
    st.markdown(
        ":small[Extra tickets are those of past changes of the same kind on the same services, or of the same team: "
        "the middle one, and from the lowest to the highest. They say what happened before, not what must happen now.]"
    )
    _download("coming", view, lambda: tables.ahead(coming, _expected(view, coming), found, frozen, links=False))


def _expected(view: View, coming: Sequence[ChangeView]) -> dict[str, Alike | TooFew]:
    """What past changes like each of these brought. Bumps are found once per data version and kept together: as many
    values as changes would push out all else that pages keep."""
    data = view.dossier
    known: dict[str, float | None] = view.cached("bumps", dict)

    def extra_of(ids: Collection[str]) -> dict[str, float]:
        missing = [key for key in ids if key not in known]
        if missing:
            study = data.kept.get(("costs", data.version), lambda: cost_study(data.evidence))
            known.update({**dict.fromkeys(missing), **extra_tickets(study, set(missing))})
        return {key: extra for key in ids if (extra := known[key]) is not None}

    return meet.expected(coming, view.portfolio.changes, extra_of)


def _in_freeze(view: View) -> tuple[Frozen, ...]:
    freezes = view.settings.freezes
    return view.cached(
        ("in freeze", freezes), lambda: meet.in_freeze(view.portfolio.changes, freezes, view.today) if freezes else ()
    )


def _meetings(view: View) -> tuple[Collision, ...]:
    return view.cached("meetings", lambda: meet.collisions(view.portfolio.changes, view.today))


def meetings(view: View, shown: Sequence[ChangeView]) -> None:
    """Changes that meet on a service or for the same people, and rollouts inside a freeze; coming ones first."""
    st.header("What meets", anchor=False)
    ids = {change.id for change in shown}
    mine = [c for c in _meetings(view) if not ids.isdisjoint(c.ids)]
    coming, past = [c for c in mine if c.coming], [c for c in mine if not c.coming]
    past = sorted(past, key=lambda c: not c.services)  # figures are compared service by service: those first
    _frozen(view, ids)
    every = {change.id: change for change in view.portfolio.changes}
    for title, found, none in (
        (
            "Still to come",
            coming,
            "No coming change shown here meets another one so near that it could be hard to tell them apart.",
        ),
        ("Already met", past, "No two of these changes went live so near that they are hard to tell apart."),
    ):
        st.subheader(title, anchor=False)
        if not found:
            st.markdown(none)
            continue
        st.table(
            tables.meetings(found[:MOST_MEETINGS], changes=every),
            border="horizontal",
            alt=f"{title}: changes that meet",
        )
        if len(found) > MOST_MEETINGS:
            st.markdown(f":small[and {len(found) - MOST_MEETINGS:,} more, in the download; {words.NEAREST}]")
    st.markdown(f":small[{words.PEOPLE_LATELY}]")
    if mine:
        _download("meetings", view, lambda: tables.meetings(mine))


def _frozen(view: View, ids: set[str]) -> None:
    freezes = view.settings.freezes
    found = [f for f in _in_freeze(view) if f.side.change_id in ids]
    if not freezes:
        st.markdown(
            ":small[No freeze is configured: [freezes.*] in the settings names days on which nothing goes live.]"
        )
    elif not found:
        st.markdown("No rollout of these changes lies inside a freeze.")
    else:
        told = [f"- {':orange[▼] ' if not f.side.live else ''}{plain(words.freeze_text(f))}" for f in found]
        st.markdown("\n".join(told[:MOST_MEETINGS]))


def _download(name: str, view: View, make: Callable[[], twins.Table]) -> None:
    st.download_button(
        "Download as CSV",
        data=lambda: twins.as_csv(make()),
        file_name=f"{name}-{view.today}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"download {name}",
    )
