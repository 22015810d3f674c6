"""What is recorded stays: every revision, who wrote it and when; two people at once overwrite nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact.model import StoreError
from impact.records import AgendaItem, Conflict, Decision, Statement
from impact.register import to_judge
from impact.state import RecordRefused, State, decision_id, statement_id
from tests.record_places import Place

TUESDAY = date(2026, 12, 1)
ANNA, BEN = "a" * 32, "b" * 32
NOW = datetime(2026, 12, 1, 9, 30, 15, 250000, tzinfo=UTC)
PAUSE = Decision(
    id="2026-12-01/desk:change:7",
    change_id="desk:change:7",
    kind="pause",
    reason="Tickets rose by 14 %.",
    owner="Network team",
    decided_on=TUESDAY,
    due_on=date(2026, 12, 15),
    review_on=date(2027, 1, 12),
    word="worse",
    asked=("worse", "overdue"),
    data_version="41",
)
FEWER = Statement(
    id="desk:change:7/tickets",
    change_id="desk:change:7",
    metric="tickets",
    expected=-12.5,
    matters=5,
    review_on=date(2027, 3, 1),
    note="Fewer password resets.",
)


@pytest.fixture
def state(place: Place) -> State:
    return place.open(clock=lambda: NOW)


def test_a_decision_is_read_back_as_it_was_recorded(state: State) -> None:
    saved = state.record(PAUSE, seen_revision=0, by=ANNA)
    assert saved == replace(PAUSE, revision=1, recorded_at=NOW, recorded_by=ANNA)
    assert state.decisions() == state.decision_history(PAUSE.id) == (saved,)
    assert state.decision(PAUSE.id) == saved
    assert state.decision("2026-12-01/other") is None


def test_a_correction_is_a_new_revision_and_the_old_one_stays(state: State) -> None:
    first = state.record(PAUSE, seen_revision=0)
    second = state.record(replace(first, reason="Tickets rose by 15 %."), seen_revision=1, by=BEN)
    gone = state.record(replace(second, withdrawn=True), seen_revision=2)
    assert [(one.revision, one.reason, one.withdrawn) for one in state.decision_history(PAUSE.id)] == [
        (1, "Tickets rose by 14 %.", False),
        (2, "Tickets rose by 15 %.", False),
        (3, "Tickets rose by 15 %.", True),
    ]
    assert state.decisions() == (gone,)


def test_every_revision_of_a_decision_knows_when_the_first_was_recorded(place: Place) -> None:
    times: Iterator[datetime] = iter(NOW + timedelta(hours=hour) for hour in range(3))
    state = place.open(clock=lambda: next(times))
    first = state.record(PAUSE, seen_revision=0)
    later = state.record(replace(PAUSE, id="2026-12-01/desk:change:8", change_id="desk:change:8"), seen_revision=0)
    corrected = state.record(replace(PAUSE, reason="Tickets rose by 15 %."), seen_revision=1)
    assert (first.first_at, corrected.first_at, corrected.recorded_at) == (NOW, NOW, NOW + timedelta(hours=2))
    assert [one.first_at for one in state.decision_history(PAUSE.id)] == [NOW, NOW]
    assert state.decision(PAUSE.id) == corrected
    for seen in (state, place.open()):
        assert [(one.id, one.first_at) for one in seen.decisions()] == [(later.id, later.recorded_at), (PAUSE.id, NOW)]


def test_the_second_of_two_writers_learns_what_the_first_wrote_and_writes_nothing(place: Place) -> None:
    one, other = place.open(), place.open()
    first = one.record(PAUSE, seen_revision=0, by=ANNA)
    with pytest.raises(Conflict) as caught:
        other.record(replace(PAUSE, kind="roll_back"), seen_revision=0, by=BEN)
    assert caught.value.current == first
    assert other.decision_history(PAUSE.id) == (first,)
    assert len(other.audit()) == 1
    kept = other.record(replace(PAUSE, kind="roll_back"), seen_revision=first.revision, by=BEN)
    assert (kept.revision, one.decisions()) == (2, (kept,))


def test_saving_the_same_again_makes_no_revision(state: State) -> None:
    first = state.record(PAUSE, seen_revision=0, by=ANNA)
    again = state.record(replace(first, reason="  Tickets rose by 14 %.\r\n"), seen_revision=1, by=BEN)
    assert again == first
    assert state.version() == 1


def test_a_revision_nobody_can_have_seen_is_refused(state: State) -> None:
    with pytest.raises(StoreError, match="Revision 3 of '2026-12-01/desk:change:7'"):
        state.record(PAUSE, seen_revision=3)


def test_the_version_grows_with_every_write_of_anybody(place: Place) -> None:
    one, other = place.open(), place.open()
    assert (one.version(), one.decisions()) == (0, ())
    first = other.record(PAUSE, seen_revision=0)
    assert (one.version(), one.decisions()) == (1, (first,))
    other.freeze("41", {"tickets": 12})
    other.open_meeting(TUESDAY, title="Steering")
    other.state_impact(FEWER, seen_revision=0, rollout_on=None, today=TUESDAY)
    assert [one.version(), other.version()] == [4, 4]


def test_the_audit_holds_every_write_with_what_was_before(state: State) -> None:
    first = state.record(PAUSE, seen_revision=0, by=ANNA)
    state.record(replace(first, owner="Service owner VPN", due_on=None), seen_revision=1, by=BEN)
    newest, oldest = state.audit()
    assert (oldest.number, oldest.table, oldest.record_id, oldest.revision) == (1, "decision", PAUSE.id, 1)
    assert (oldest.by, oldest.at, oldest.before) == (ANNA, NOW, None)
    assert oldest.after["due_on"] == "2026-12-15"
    assert oldest.after["asked"] == ["worse", "overdue"]
    assert newest.before == oldest.after
    assert {name for name in newest.after if newest.after[name] != oldest.after[name]} == {"owner", "due_on"}
    assert (newest.by, state.audit(1)) == (BEN, (newest,))


def test_a_meeting_is_opened_once_for_a_day_and_team(state: State) -> None:
    first = state.open_meeting(TUESDAY, title=" Steering ", next_on=date(2026, 12, 15), by=ANNA)
    assert (first.id, first.title, first.revision) == ("2026-12-01", "Steering", 1)
    assert state.open_meeting(TUESDAY, title="Another", by=BEN) == first
    team = state.open_meeting(TUESDAY, title="Network", team_id="desk:team:4")
    assert team.id == "2026-12-01~desk:team:4"
    later = state.open_meeting(date(2026, 12, 15), title="Steering")
    assert [meeting.id for meeting in state.meetings()] == [later.id, team.id, first.id]
    assert state.meeting("2026-12-02") is None


def test_an_agenda_keeps_its_order_and_two_people_who_change_it_are_told(state: State) -> None:
    items = tuple(AgendaItem(change_id=f"c{n}", reasons=("decide", "late")) for n in (3, 1, 2))
    meeting = state.open_meeting(TUESDAY, title="Steering", agenda=items)
    turned = replace(meeting, agenda=(*items[::-1], AgendaItem(change_id="c9", reasons=("hand",), note="asked for")))
    changed = state.change_meeting(turned, seen_revision=1)
    assert [item.change_id for item in changed.agenda] == ["c2", "c1", "c3", "c9"]
    assert state.meeting(meeting.id) == changed
    with pytest.raises(Conflict) as caught:
        state.change_meeting(replace(meeting, agenda=items[:1]), seen_revision=1)
    assert caught.value.current == changed
    closed = state.change_meeting(replace(changed, closed_at=NOW + timedelta(hours=2)), seen_revision=2)
    assert [one.revision for one in state.meeting_history(meeting.id)] == [1, 2, 3]
    assert state.meetings() == (closed,)


def test_a_decision_names_a_meeting_and_figures_that_are_there(state: State) -> None:
    held = replace(PAUSE, meeting_id="2026-12-01")
    with pytest.raises(RecordRefused, match="There is no meeting '2026-12-01'"):
        state.record(held, seen_revision=0)
    state.open_meeting(TUESDAY, title="Steering")
    with pytest.raises(RecordRefused, match="No figures are frozen as 'feed'"):
        state.record(replace(held, frozen_id="feed"), seen_revision=0)
    assert len(state.audit()) == 1
    frozen_id = state.freeze("41", {"tickets": 12})
    assert state.record(replace(held, frozen_id=frozen_id), seen_revision=0).frozen_id == frozen_id


def test_frozen_figures_stay_as_they_are_and_the_same_figures_are_kept_once(state: State) -> None:
    figures = {"effect": "14 %", "low": 0.08, "rows": [1, None, -0.0, 1e-7, {"ü": "\x00"}]}
    id = state.freeze("41", figures, by=ANNA)
    frozen = state.frozen(id)
    assert frozen is not None
    assert (frozen.data_version, frozen.frozen_at, frozen.content) == ("41", NOW, figures)
    assert state.freeze("41", dict(reversed(figures.items()))) == id
    assert state.freeze("42", figures) != id
    assert state.freeze("41", {**figures, "low": 0.09}) != id
    assert state.version() == 3
    assert state.frozen("0" * 20) is None
    with pytest.raises(RecordRefused, match="Only plain JSON can be frozen"):
        state.freeze("41", {"low": float("nan")})


def test_what_is_stated_from_the_day_of_the_rollout_on_is_marked(state: State) -> None:
    rollout = date(2026, 12, 10)

    def say(expected: float, today: date, **changes: object) -> Statement:
        seen = len(state.statement_history(FEWER.id))
        one = replace(FEWER, expected=expected, **changes)  # type: ignore[arg-type]
        return state.state_impact(one, seen_revision=seen, rollout_on=rollout, today=today)

    assert say(-20, date(2026, 12, 1)).after_rollout is False
    before = say(-15, date(2026, 12, 9))
    late = say(-5, rollout)
    assert (late.after_rollout, late.revision) == (True, 3)
    assert state.statements() == (late,)
    gone = say(-5, date(2026, 12, 20), withdrawn=True)
    assert (gone.after_rollout, gone.withdrawn) == (True, True)
    assert to_judge(state.statement_history(FEWER.id)) == before
    assert state.statement_histories() == {FEWER.id: state.statement_history(FEWER.id)}


def test_a_statement_made_after_the_rollout_only_is_shown_and_not_judged(state: State) -> None:
    rollout = date(2026, 12, 10)
    claimed = replace(FEWER, after_rollout=False)
    late = state.state_impact(claimed, seen_revision=0, rollout_on=rollout, today=rollout)
    assert late.after_rollout
    assert to_judge(state.statement_history(FEWER.id)) is None
    assert state.statements() == (late,)
    same = state.state_impact(late, seen_revision=1, rollout_on=None, today=rollout)
    assert same == late


def test_an_import_dates_its_records_with_its_own_clock(place: Place) -> None:
    days: Iterator[datetime] = iter(datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4))
    past = place.open(clock=lambda: next(days))
    past.record(PAUSE, seen_revision=0)
    past.record(replace(PAUSE, kind="continue"), seen_revision=1)
    assert [one.recorded_at.month for one in past.decision_history(PAUSE.id) if one.recorded_at] == [3, 4]
    assert [entry.at.month for entry in past.audit()] == [4, 3]


@pytest.mark.parametrize(
    "asked", ["", "no such thing", "\x00", "a\ud800", "'; DROP TABLE audit; --", "%s", "x" * 99_999]
)
def test_an_id_from_an_address_that_names_nothing_finds_nothing(state: State, asked: str) -> None:
    state.record(PAUSE, seen_revision=0)
    assert (state.decision(asked), state.meeting(asked), state.statement(asked), state.frozen(asked)) == (None,) * 4
    assert (state.decision_history(asked), state.meeting_history(asked), state.statement_history(asked)) == ((),) * 3
    assert state.version() == 1


DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=120)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=TEXT,
    owner=TEXT.filter(lambda text: not set(text) & {"@", "\\"}),
    decided_on=DAYS,
    days=st.integers(0, 4000) | st.none(),
    asked=st.lists(TEXT, max_size=3),
)
def test_whatever_is_written_is_read_back_to_the_letter(
    place: Place, state: State, text: str, owner: str, decided_on: date, days: int | None, asked: list[str]
) -> None:
    due_on = None if days is None else decided_on + timedelta(days)
    change = f"change {state.version()}"
    one = replace(
        PAUSE,
        id=decision_id(change, decided_on=decided_on),
        change_id=change,
        reason=f"because {text}",
        owner=f"team {owner}",
        decided_on=decided_on,
        due_on=due_on,
        review_on=due_on,
        asked=tuple(f"why {text}" for text in asked),
    )
    saved = state.record(one, seen_revision=0)
    assert saved.reason == f"because {text}".strip()
    assert state.decision(one.id) == saved
    assert state.audit(1)[0].after["reason"] == saved.reason


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "same", "stale", "withdraw"]), st.integers(0, 2), st.text("äx%'\\\n", min_size=1)
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_after_any_sequence_of_writes_history_is_whole_and_without_gaps(
    place: Place, state: State, steps: list[tuple[str, int, str]]
) -> None:
    start = state.version()
    told: dict[str, list[Decision]] = {}
    for step, number, text in steps:
        change = f"run {start} change {number}"
        id = decision_id(change, decided_on=TUESDAY)
        known = told.setdefault(id, list(state.decision_history(id)))
        newest = known[-1] if known else replace(PAUSE, id=id, change_id=change, reason="first")
        wanted = {
            "edit": replace(newest, reason=f"because {text}".strip(), withdrawn=False),
            "withdraw": replace(newest, withdrawn=True),
        }.get(step, newest)
        if step == "stale" and known:
            with pytest.raises(Conflict):
                state.record(replace(newest, reason="late"), seen_revision=len(known) - 1)
            continue
        saved = state.record(wanted, seen_revision=len(known))
        if saved.revision > len(known):
            known.append(saved)
        else:
            assert saved == newest
        now = {one.id: one for one in state.decisions()}
        assert {id: now.get(id) for id, known in told.items() if known} == {
            id: known[-1] for id, known in told.items() if known
        }
    fresh = place.open()
    assert fresh.decisions() == state.decisions(), "what is read bit by bit is what is read at once"
    fresh.close()
    for id, revisions in told.items():
        assert state.decision_history(id) == tuple(revisions)
        assert [one.revision for one in revisions] == list(range(1, len(revisions) + 1))
        assert (state.decision(id) or None) == (revisions[-1] if revisions else None)
    assert state.version() - start == sum(map(len, told.values()))
    numbers = [entry.number for entry in state.audit()]
    assert numbers == list(range(len(numbers), 0, -1))


def test_ids_say_which_meeting_change_and_measure_they_are_about() -> None:
    assert decision_id("c/1", meeting="2026-12-01~t") == "2026-12-01~t/c/1"
    assert decision_id("c/1", decided_on=TUESDAY) == "2026-12-01/c/1"
    assert statement_id("c/1", "tickets") == "c/1/tickets"
