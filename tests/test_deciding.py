"""A decision while it is written, what is said of it, and which decisions a page lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from impact.deciding import Draft, asked_then, decided, draft_of, first_draft, missing, occasion
from impact.decision_log import LogFilters, due, listed
from impact.figure_records import Figure, FigureTable
from impact.figures import as_json, change_figures
from impact.frozen_figures import figures_in, figures_of
from impact.records import AgendaItem, AuditEntry, Decision, Meeting
from impact.words import decision_words, meeting_words
from tests import sample
from tests.sample import TODAY

DAY = timedelta(days=1)
WORSE = next(c for c in sample.every_state() if c.number == "CHG-110")
COMPLETE = Draft(kind="fix_first", reason="Terminals time out", owner="Payments")
MEETING = Meeting(id="2026-11-23", held_on=TODAY, title="", next_on=TODAY + 14 * DAY)


def decision(**more: Any) -> Decision:
    base: dict[str, Any] = {
        "id": f"2026-11-09/{WORSE.id}", "change_id": WORSE.id, "kind": "fix_first", "reason": "Terminals time out",
        "owner": "Payments", "decided_on": TODAY - 14 * DAY, "word": "worse", "asked": ("worse",), "revision": 1,
    }  # fmt: skip
    return Decision(**(base | more))


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({}, ()),
        ({"kind": None}, ("kind",)),
        ({"kind": "other"}, ("other",)),
        ({"kind": "other", "other": "Ask legal"}, ()),
        ({"reason": "  "}, ("reason",)),
        ({"owner": ""}, ("owner",)),
        ({"owner": "a.person@example.com"}, ("owner_address",)),
        ({"owner": "DOMAIN\\person"}, ("owner_address",)),
        ({"due_on": TODAY}, ()),
        ({"due_on": TODAY - DAY}, ("due_early",)),
        ({"review_on": TODAY}, ("review_early",)),
        ({"review_on": TODAY + DAY}, ()),
    ],
)
def test_a_draft_says_what_it_lacks(more: dict[str, Any], codes: tuple[str, ...]) -> None:
    assert missing(replace(COMPLETE, **more), TODAY) == codes


def test_what_is_missing_is_told_in_one_sentence_in_the_order_of_the_form() -> None:
    assert decision_words.missing_text(()) == ""
    assert decision_words.missing_text(("reason",)) == "To record it, give the reason in a few words."
    assert decision_words.missing_text(missing(Draft(), TODAY)) == (
        "To record it, choose what was decided, give the reason in a few words, and name the team or role that owns it."
    )


def test_a_form_begins_with_the_changes_team_and_the_next_meeting_as_review() -> None:
    assert first_draft(WORSE, occasion(TODAY, MEETING), every_days=7) == Draft(
        owner="Payments", review_on=TODAY + 14 * DAY
    )
    assert first_draft(WORSE, occasion(TODAY), every_days=7).review_on == TODAY + 7 * DAY
    assert first_draft(WORSE, occasion(TODAY), every_days=7, before=decision()) == draft_of(decision())


def test_a_decision_counts_from_its_meetings_day_but_never_from_a_day_to_come() -> None:
    assert occasion(TODAY + 3 * DAY, MEETING).on == TODAY
    assert occasion(TODAY - 3 * DAY, MEETING).on == TODAY - 3 * DAY
    assert occasion(TODAY, MEETING).decision_id("c") == "2026-11-23/c"
    assert occasion(TODAY).decision_id("c") == "2026-11-23/c"


def test_the_record_holds_the_word_what_was_asked_and_the_figures() -> None:
    made = decided(
        COMPLETE, WORSE, occasion(TODAY, MEETING), asked=("worse",), data_version="7", frozen_id="f",
    )  # fmt: skip
    assert (made.id, made.meeting_id, made.decided_on) == (f"2026-11-23/{WORSE.id}", "2026-11-23", TODAY)
    assert (made.word, made.asked, made.data_version, made.frozen_id) == ("worse", ("worse",), "7", "f")
    with pytest.raises(ValueError, match="kind"):
        decided(Draft(), WORSE, occasion(TODAY), asked=(), data_version="", frozen_id=None)


def test_a_decision_made_in_a_meeting_stays_with_it_when_it_is_revised_without_one() -> None:
    before = decision(meeting_id="2026-11-23", revision=3)
    made = decided(COMPLETE, WORSE, occasion(TODAY), asked=(), data_version="", frozen_id=None, before=before)
    assert (made.meeting_id, made.revision) == ("2026-11-23", 3)


def test_what_an_earlier_decision_keeps_quiet_is_asked_by_the_next_one_too() -> None:
    quiet = replace(WORSE, decide=())
    assert asked_then(quiet, decision()) == ("worse",)
    assert asked_then(WORSE, decision(asked=("overdue",))) == ("worse",)
    assert asked_then(quiet, None) == ()


# --- words -------------------------------------------------------------------------------------------------------


def test_a_decision_is_told_in_a_line() -> None:
    told = decision(due_on=date(2026, 12, 5), review_on=date(2026, 12, 12))
    assert decision_words.decided_text(told) == (
        "Fix first (Payments, due 5 Dec 2026, review 12 Dec 2026): Terminals time out"
    )
    assert decision_words.settled_text(told) == "Decided: fix first, review 12 Dec 2026"
    other = decision(kind="other", other="Ask legal", review_on=None)
    assert decision_words.settled_text(other) == "Decided: Ask legal"


@pytest.mark.parametrize(
    ("more", "newest", "state"),
    [
        ({}, True, "in force"),
        ({}, False, "replaced by a newer one"),
        ({"withdrawn": True}, True, "withdrawn"),
        ({"review_on": TODAY}, True, "review due"),
        ({"review_on": TODAY + DAY}, True, "in force"),
        ({"due_on": TODAY - DAY}, True, "overdue"),
    ],
)
def test_a_decision_says_whether_it_is_in_force(more: dict[str, Any], newest: bool, state: str) -> None:
    assert decision_words.state_text(decision(**more), newest=newest, today=TODAY) == state


def test_nobody_is_named() -> None:
    me, other = "a" * 32, "b" * 32
    assert decision_words.who("", me) == "another window"
    assert decision_words.who(me, me) == "you, in another window"
    assert decision_words.who(other, me) == "person bbbbbb"


def test_what_customers_felt_is_told_then_and_now() -> None:
    assert decision_words.word_since(decision(), WORSE) == "Worse, unchanged"
    assert decision_words.word_since(decision(), replace(WORSE, word="mixed")) == "Worse → Mixed"
    assert decision_words.word_since(decision(word=None), WORSE) == "not recorded → Worse"
    assert decision_words.word_since(decision(), None) == "Worse → no longer delivered by any source"


def test_since_a_decision_tickets_and_milestones_are_told_then_and_now() -> None:
    def figures(change: Any) -> Any:
        return change_figures(change, metrics=sample.portfolio().metrics, today=TODAY)

    on = TODAY - 60 * DAY
    later = replace(sample.change("CHG-110", "Card", sample.full(on, tickets=(5, 3))), word="mixed")
    told = meeting_words.since_text(decision(), later, figures(WORSE), figures(later)).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert told == (
        "customers: Worse → Mixed; "
        "tickets: +14 % (likely between 8 % and 20 % more) → +5 % (likely between 2 % and 8 % more)"
    )
    assert meeting_words.since_text(decision(), WORSE, None, figures(WORSE)) == "customers: Worse, unchanged"


def test_both_versions_of_a_decision_are_told_side_by_side_with_what_differs_in_bold() -> None:
    theirs, mine = decision_words.side_by_side(decision(), replace(COMPLETE, kind="pause", due_on=date(2026, 12, 5)))
    assert theirs.splitlines()[0] == "- Decision: **Fix first**"
    assert mine.splitlines()[0] == "- Decision: **Pause**"
    assert mine.splitlines()[2] == "- Owner: Payments"
    assert (theirs.splitlines()[3], mine.splitlines()[3]) == ("- Due: **no date**", "- Due: **5 Dec 2026**")


def test_a_text_full_of_markdown_is_shown_as_it_is() -> None:
    nasty = decision(reason="[A](b) | **C** <b>")
    rows = decision_words.log_rows([nasty], {WORSE.id: WORSE}, {WORSE.id: nasty}, today=TODAY)
    assert rows["Reason"] == [r"\[A\]\(b\) \| \*\*C\*\* \<b\>"]


def test_the_export_has_every_field_as_plain_text() -> None:
    table = decision_words.export_rows([decision(recorded_at=datetime(2026, 11, 9, 9, 30, tzinfo=UTC))], {})
    row = {name: column[0] for name, column in table.items()}
    assert row["Decided on"] == "2026-11-09"
    assert row["Change"] == "no longer delivered by any source"
    assert row["Recorded at (UTC)"] == "9 Nov 2026, 09:30"
    assert row["Withdrawn"] == "no"


def test_the_audit_tells_what_changed_in_words() -> None:
    at = datetime(2026, 11, 9, 9, tzinfo=UTC)
    before, after = (
        {"kind": "pause", "due_on": None, "asked": ["a"]},
        {"kind": "roll_back", "due_on": None, "asked": []},
    )
    entry = AuditEntry(number=2, at=at, by="", table="decision", record_id="x", revision=2, before=before, after=after)
    first = replace(entry, number=1, revision=1, before=None)
    rows = decision_words.audit_rows([entry, first], zone="Europe/Berlin")
    assert rows["Changed"] == [r"kind\: Pause → Roll back; asked", "first recorded"]
    assert rows["When"][0] == "9 Nov 2026, 10:00"
    assert decision_words.audit_export([first])["Before"] == [""]


# --- the log -----------------------------------------------------------------------------------------------------

CHANGES = {WORSE.id: WORSE}


@pytest.mark.parametrize(
    ("filters", "there"),
    [
        (LogFilters(), True),
        (LogFilters(team="itsm:team:payments"), True),
        (LogFilters(team="itsm:team:network"), False),
        (LogFilters(team="none"), False),
        (LogFilters(kind="fix_first"), True),
        (LogFilters(kind="pause"), False),
        (LogFilters(search="card TERMINALS"), True),
        (LogFilters(search="zebra"), False),
    ],
)
def test_the_log_is_filtered_by_team_kind_and_search(filters: LogFilters, there: bool) -> None:
    assert bool(listed([decision()], CHANGES, filters, TODAY)) is there


@pytest.mark.parametrize(("days", "there"), [(91, True), (92, False)])
def test_the_log_is_filtered_by_the_days_back(days: int, there: bool) -> None:
    old = decision(decided_on=TODAY - days * DAY)
    assert bool(listed([old], CHANGES, LogFilters(period="3m"), TODAY)) is there


def test_a_decision_on_a_change_that_is_gone_belongs_to_no_team_and_is_found_by_its_id() -> None:
    gone = decision(change_id="itsm:change:OLD-7")
    assert listed([gone], CHANGES, LogFilters(team="none", search="old-7"), TODAY) == (gone,)


def test_reviews_are_due_from_their_day_and_tasks_from_the_day_after_the_longest_waiting_first() -> None:
    review = decision(id="a", review_on=TODAY)
    overdue = decision(id="b", due_on=TODAY - 3 * DAY)
    later = decision(id="c", due_on=TODAY, review_on=TODAY + DAY)
    assert due([review, later, overdue], TODAY) == (overdue, review)
    assert decision_words.due_rows([overdue, review], CHANGES, today=TODAY)["Why now"] == [
        "to be done by 20 Nov 2026", "review today",
    ]  # fmt: skip


# --- meetings ----------------------------------------------------------------------------------------------------


def test_a_meeting_is_told_in_a_line() -> None:
    agenda = (AgendaItem(change_id=WORSE.id, reasons=("decide", "worse"), note="Ask the desk"),)
    meeting = replace(MEETING, agenda=agenda, team_id="itsm:team:payments")
    assert meeting_words.title(meeting) == "Steering meeting, 23 Nov 2026"
    assert meeting_words.facts(meeting, {"itsm:team:payments": "Payments"}, 1) == (
        "Payments · 1 of 1 change decided · next meeting 7 Dec 2026"
    )
    assert meeting_words.facts(MEETING, {}, 0) == "whole portfolio · nothing on the agenda · next meeting 7 Dec 2026"
    assert meeting_words.reasons_text(agenda[0]) == "needs a decision, customers worse off"
    assert meeting_words.agenda_told(meeting, CHANGES) == r"1. CHG\-110 Card payment gateway switch – Ask the desk"
    assert meeting_words.still_open(meeting, set()).startswith("1 change of the agenda is without a decision")
    assert meeting_words.still_open(meeting, {WORSE.id}) == ""


def test_the_plan_of_a_change_is_told_in_lines_that_say_what_is_late_and_unknown() -> None:
    steps = (
        sample.milestone("Design approved", "design", -80, -78),
        replace(
            sample.milestone("Shop owners told", "business", -5, None), kind="communication", audience="Shop owners"
        ),
        replace(sample.milestone("Desk trained", "business", 5, None), kind="training", audience="Service desk"),
    )
    change = sample.change("P-1", "Plan", rollout=None, planned=9, milestones=steps)
    assert meeting_words.steps_text(change) == "1 of 3 milestones done; late: Shop owners told (5 days)"
    assert meeting_words.next_step_text(change) == "next: Desk trained, 28 Nov 2026"
    bare = sample.change("P-2", "Bare", milestones=())
    assert meeting_words.steps_text(bare) == "no milestones recorded"
    assert meeting_words.ready_text(bare) == "design unknown, business unknown"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ((), ("cost: 240,000 planned, 210,000 spent so far", "expected benefit: 1,400 hours a month")),
        ((("Cost, planned", "EUR 10"), ("Cost", "EUR 12")), ("cost: EUR 12 (EUR 10 planned)",)),
        (
            (("Money a month", "cannot tell"), ("Hours of lost work a month", "about 5 hours (likely 2 to 8)")),
            ("hours of lost work a month: about 5 hours (likely 2 to 8)",),
        ),
        (
            (("Money a month, planned", "EUR 7"), ("Money a month", "not rolled out yet")),
            ("money a month: EUR 7 planned; not rolled out yet",),
        ),
        ((("Money a month, planned", "not recorded"), ("Money a month", "cannot tell")), ()),
    ],
)
def test_money_is_told_as_on_the_page_of_the_change_and_never_made_up(
    case: tuple[tuple[str, str], ...], told: tuple[str, ...]
) -> None:
    lines = tuple(Figure(label=label, text=text) for label, text in case)
    figures = change_figures(WORSE, metrics=sample.portfolio().metrics, today=TODAY, case=lines)
    assert meeting_words.money_lines(figures) == told


# --- frozen figures ----------------------------------------------------------------------------------------------


def test_figures_are_found_in_what_a_decision_keeps_and_in_what_a_pack_keeps() -> None:
    figures = change_figures(WORSE, metrics=sample.portfolio().metrics, today=TODAY)
    own, pack = as_json(figures), {"pages": [{"figures": as_json(figures), "note": ""}]}
    assert figures_of(own, WORSE.id) == figures
    assert figures_of(pack, WORSE.id) == figures
    assert figures_of(pack, "another") is None
    assert figures_in({}) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"measures": 7},
        {"measures": [7]},
        {"measures": "text"},
        {"measures": [{"metric": "tickets"}]},
        {"measures": None},
        {"title": 5},
        {"title": None},
        {"today": "yesterday"},
        {"today": 7},
        {"facts": "one text"},
        {"facts": [1]},
        {"readiness": [{"name": "Design", "text": "", "ratio": "half", "done": 1, "total": 2}]},
        {"readiness": [{"name": "Design", "text": "", "ratio": 0.5, "done": True, "total": 2}]},
        {"tables": [{"name": "x", "title": "X", "columns": ["A"], "rows": [["a"], 5]}]},
    ],
)
def test_figures_that_cannot_be_read_are_left_out_and_those_beside_them_are_not(broken: dict[str, object]) -> None:
    whole = as_json(change_figures(WORSE, metrics=sample.portfolio().metrics, today=TODAY))
    assert figures_in(whole | broken) == ()
    pack = {"pages": [{"figures": whole | broken}, {"figures": whole}, {}, 7]}
    assert [one.id for one in figures_in(pack)] == [WORSE.id]


@pytest.mark.parametrize(
    ("then", "today", "names"),
    [
        (5, 5, ["groups", "telling"]),
        (10, 5, ["groups", "telling"]),
        (5, 10, ["telling"]),
        (None, 5, ["telling"]),
        (5, None, ["telling"]),
    ],
    ids=["as then", "was higher", "was raised", "kept without it", "asked without it"],
)
def test_kept_groups_are_shown_only_where_no_smaller_ones_were_than_may_be_today(
    then: int | None, today: int | None, names: list[str]
) -> None:
    rows = (("Lyon", "12"),)
    tables = (
        FigureTable(name="groups", title="Customers by place", columns=("Place", "n"), rows=rows, smallest=then),
        FigureTable(name="telling", title="Who was told", columns=("Group", "Told"), rows=rows),
    )
    kept = as_json(change_figures(WORSE, metrics=sample.portfolio().metrics, today=TODAY, tables=tables))
    found = figures_of(kept, WORSE.id, smallest=today)
    assert found is not None
    assert [table.name for table in found.tables] == names
    assert figures_in({"pages": [{"figures": kept}]}, smallest=today) == (found,)


@pytest.mark.parametrize("pages", [5, "text", None, {"figures": {}}, [5], []])
def test_kept_pages_that_are_none_hold_no_figures(pages: object) -> None:
    whole = as_json(change_figures(WORSE, metrics=sample.portfolio().metrics, today=TODAY))
    assert figures_in({**whole, "pages": pages}) == ()
