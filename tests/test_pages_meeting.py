"""The meeting's page without a browser: choosing, the agenda, one change after the other, conflicts, and the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.model import StoreError
from impact.records import Decision, Meeting
from impact.state import State
from tests import sample
from tests.browser import ROOT
from tests.sample import TODAY
from tests.sample_server import LaterOpening, SampleOpening

SECONDS = 60
WORSE = "itsm:change:CHG-110"
OWN = f"2026-11-23/{WORSE}"


class Window:
    """One browser window on the meeting's page; several may share an opening."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, opening: SampleOpening) -> None:
        self._monkeypatch, self.opening = monkeypatch, opening

    def open(self, page: str = "meeting", **address: str) -> AppTest:
        self._monkeypatch.setattr(ui, "opening", lambda: self.opening)
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=SECONDS)
        at.run()
        for name, value in address.items():
            at.query_params[name] = value
        return at.switch_page(f"pages/{page}.py").run()

    @property
    def state(self) -> State:
        return self.opening.state(None)  # type: ignore[arg-type]

    def meeting(self) -> Meeting:
        """The meeting of today with the agenda that is proposed."""
        press(self.open(), "Open this meeting")
        return self.state.meetings()[0]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Window:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    return Window(monkeypatch, SampleOpening(sample.portfolio()))


def told(at: AppTest) -> str:
    """Everything written on the page."""
    assert not at.exception, at.exception
    parts = [*at.title, *at.header, *at.subheader, *at.markdown, *at.info, *at.warning, *at.error]
    return "\n".join(str(part.value) for part in parts)


def press(at: AppTest, label: str) -> AppTest:
    found = [button for button in at.button if button.label == label]
    assert found, f"no button {label!r} among {[button.label for button in at.button]}"
    assert not found[0].disabled, f"{label!r} is disabled"
    return found[0].click().run()


def disabled(at: AppTest, label: str) -> bool:
    return next(button.disabled for button in at.button if button.label == label)


def fill(at: AppTest, *, kind: str = "fix_first", reason: str = "Terminals time out", id: str = OWN) -> AppTest:
    at.button_group(key=f"decide kind {id}").set_value(kind).run()
    return at.text_input(key=f"decide reason {id}").set_value(reason).run()


def decision(**more: Any) -> Decision:
    base: dict[str, Any] = {
        "id": OWN, "change_id": WORSE, "kind": "pause", "reason": "Wait for the vendor", "owner": "Payments",
        "decided_on": TODAY, "word": "worse", "asked": ("worse",),
    }  # fmt: skip
    return Decision(**(base | more))


# --- choosing ----------------------------------------------------------------------------------------------------


def test_without_any_meeting_the_page_says_so_and_proposes_one(window: Window) -> None:
    at = window.open()
    assert "None yet." in told(at)
    assert "**4 changes**, 3 of them need a decision" in told(at)
    assert "The next meeting would be on 7 Dec 2026" in told(at)


def test_opening_a_meeting_saves_the_proposed_agenda_and_shows_it(window: Window) -> None:
    at = press(window.open(), "Open this meeting")
    assert at.query_params["meeting"] in ("2026-11-23", ["2026-11-23"])
    kept = window.state.meeting("2026-11-23")
    assert kept is not None
    assert [item.change_id[-7:] for item in kept.agenda] == ["CHG-123", "CHG-110", "CHG-111", "CHG-119"]
    assert kept.next_on == date(2026, 12, 7)
    assert "0 of 4 changes decided" in told(at).replace("\\", "")


def test_a_meeting_of_one_team_has_that_teams_changes(window: Window) -> None:
    at = window.open()
    at.selectbox(key="new team").set_value("itsm:team:payments").run()
    press(at, "Open this meeting")
    kept = window.state.meetings()[0]
    assert kept.id == "2026-11-23~itsm:team:payments"
    assert [item.change_id for item in kept.agenda] == [WORSE]
    assert "2026-11-23~itsm%3Ateam%3Apayments" in window.open().table[0].value["Meeting"][0]


def test_an_unknown_meeting_is_said_and_nothing_is_guessed(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2020-01-01")
    assert "There is no meeting with the id `'2020-01-01'`" in at.warning[0].value
    assert at.title[0].value == "Steering meeting"


def test_a_store_without_anything_says_what_to_do_next(window: Window) -> None:
    window.opening = SampleOpening(sample.portfolio(()), empty=True)
    assert window.open().title[0].value == "Nothing has been read yet"


def test_records_that_cannot_be_read_are_one_sentence(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(place: Any) -> Any:
        raise StoreError("The records cannot be read: the disk is full.")

    monkeypatch.setattr(window.opening, "state", broken)
    at = window.open()
    assert not at.exception
    assert at.error[0].value == "The records cannot be read: the disk is full."


def test_a_quiet_portfolio_has_an_empty_agenda_that_says_why_and_offers_more(window: Window) -> None:
    quiet = sample.change("CHG-1", "Quiet", sample.full(TODAY - timedelta(days=60)), milestones=())
    window.opening = SampleOpening(sample.portfolio((quiet,)))
    at = press(window.open(), "Open this meeting")
    assert "Nothing asks for this meeting" in told(at)
    assert disabled(at, "Begin")
    at.selectbox(key="add 1").set_value(quiet.id).run()
    press(at, "Add")
    assert [item.reasons for item in window.state.meetings()[0].agenda] == [("hand",)]


# --- the agenda --------------------------------------------------------------------------------------------------


def test_the_agenda_is_moved_cut_and_noted_and_every_edit_is_kept(window: Window) -> None:
    meeting = window.meeting()
    at = window.open(meeting=meeting.id)
    at.button(key=f"arrow_upward {WORSE}").click().run()
    at.button(key="close itsm:change:CHG-119").click().run()
    at.text_input(key=f"note {meeting.id} {WORSE}").set_value("Ask the desk").run()
    kept = window.state.meetings()[0]
    assert [(i.change_id[-7:], i.note) for i in kept.agenda] == [
        ("CHG-110", "Ask the desk"), ("CHG-123", ""), ("CHG-111", ""),
    ]  # fmt: skip
    assert kept.revision == 4
    assert press(at, "Add 1 change that asks for it").button
    assert window.state.meetings()[0].agenda[-1].change_id.endswith("CHG-119")


def test_an_edit_of_an_agenda_that_somebody_else_edited_waits_and_can_be_made_on_theirs(window: Window) -> None:
    meeting = window.meeting()
    mine = window.open(meeting=meeting.id)
    theirs = replace(meeting, agenda=meeting.agenda[1:])
    window.state.change_meeting(theirs, seen_revision=meeting.revision)
    mine.text_input(key=f"note {meeting.id} {WORSE}").set_value("Ask the desk").run()
    assert "another window changed this meeting" in told(mine)
    assert "Ask the desk" in told(mine), "what was typed is still there"
    assert window.state.meetings()[0].agenda == theirs.agenda, "nothing is overwritten"
    press(mine, "Make my change on theirs")
    kept = window.state.meetings()[0].agenda
    assert [(i.change_id[-7:], i.note) for i in kept][:2] == [("CHG-110", "Ask the desk"), ("CHG-111", "")]
    assert "not saved yet" not in told(mine)


def test_a_pack_made_meanwhile_is_in_nobodys_way(window: Window) -> None:
    meeting = window.meeting()
    at = window.open(meeting=meeting.id)
    frozen_id = window.state.freeze("v1", {})
    window.state.change_meeting(replace(meeting, frozen_id=frozen_id), seen_revision=1)
    at.button(key=f"arrow_upward {WORSE}").click().run()
    kept = window.state.meetings()[0]
    assert (kept.agenda[0].change_id, kept.frozen_id) == (WORSE, frozen_id)
    assert "not saved yet" not in told(at)


def test_a_waiting_edit_can_be_given_up(window: Window) -> None:
    meeting = window.meeting()
    mine = window.open(meeting=meeting.id)
    window.state.change_meeting(replace(meeting, agenda=()), seen_revision=meeting.revision)
    mine.button(key=f"arrow_upward {WORSE}").click().run()
    press(mine, "Keep theirs, discard mine")
    assert window.state.meetings()[0].agenda == ()
    assert "not saved yet" not in told(mine)


# --- one change after the other ----------------------------------------------------------------------------------


def test_a_change_is_shown_with_its_answer_measures_plan_and_place_in_the_meeting(window: Window) -> None:
    window.meeting()
    text = told(window.open(meeting="2026-11-23", change=WORSE)).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")
    for part in ("Card payment gateway switch", "Customers are worse off.", "Roll back, fix or keep?", "**2 of 4**",
                 r"+14 %", "likely between", "**Plan** 5 of 6 milestones done", "**Ready** design 100",
                 "**Told** ", "**Money** cost: ",
                 "nothing was decided about it"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("number", [c.number for c in sample.every_state()])
def test_every_state_of_a_change_can_be_talked_about(window: Window, number: str) -> None:
    window.state.open_meeting(TODAY, title="Today")
    at = window.open(meeting="2026-11-23", change=number)
    assert number in told(at).replace("\\", "")
    assert not disabled(at, "Record")


def test_next_and_previous_follow_the_agenda(window: Window) -> None:
    window.meeting()
    at = press(window.open(meeting="2026-11-23"), "Begin")
    assert at.title[0].value == "Roster on the phone"
    assert disabled(at, "Previous")
    at = press(press(press(at, "Next"), "Next"), "Next")
    assert at.title[0].value == r"Printing follow\-me"
    assert disabled(at, "Next")
    assert press(at, "Previous").title[0].value == "Laptop refresh wave 2"
    assert press(at, "Agenda").header[0].value == "Agenda"


def test_a_change_that_is_not_on_the_agenda_and_one_that_nobody_knows_are_said(window: Window) -> None:
    window.meeting()
    assert "not on the agenda" in told(window.open(meeting="2026-11-23", change="CHG-117"))
    at = window.open(meeting="2026-11-23", change="CHG-999")
    assert "There is no change with the id or number `'CHG-999'`" in told(at)


def test_a_change_on_the_agenda_that_no_source_delivers_any_more_is_said(window: Window) -> None:
    meeting = window.meeting()
    gone = replace(meeting.agenda[0], change_id="itsm:change:GONE-1")
    window.state.change_meeting(replace(meeting, agenda=(gone, *meeting.agenda)), seen_revision=1)
    labels = [button.label for button in window.open(meeting=meeting.id).button]
    assert r"1. GONE\-1, no longer delivered by any source" in labels
    at = window.open(meeting=meeting.id, change="itsm:change:GONE-1")
    assert "no source delivers it any more" in told(at)
    assert press(at, "Next").title[0].value == "Roster on the phone"


# --- deciding ----------------------------------------------------------------------------------------------------


def test_a_decision_is_recorded_with_what_was_seen_and_asked(window: Window) -> None:
    window.meeting()
    at = fill(window.open(meeting="2026-11-23", change=WORSE))
    press(at, "Record")
    kept = window.state.decision(OWN)
    assert kept is not None
    assert (kept.kind, kept.reason, kept.owner) == ("fix_first", "Terminals time out", "Payments")
    assert (kept.meeting_id, kept.word, kept.asked) == ("2026-11-23", "worse", ("worse",))
    assert kept.review_on == date(2026, 12, 7)
    frozen = window.state.frozen(kept.frozen_id or "")
    assert frozen is not None
    assert frozen.content["headline"].startswith("Customers are worse off.")
    assert "**Recorded**" in told(at)
    assert "1 decided" in told(at)
    assert r"Decided\: fix first, review 7 Dec 2026" in told(at), "it is not asked any more"
    assert disabled(at, "Record"), "nothing to record until something is changed"


def test_an_incomplete_decision_says_what_is_missing_and_records_nothing(window: Window) -> None:
    window.meeting()
    at = press(window.open(meeting="2026-11-23", change=WORSE), "Record")
    assert "choose what was decided, and give the reason in a few words" in told(at)
    at.button_group(key=f"decide kind {OWN}").set_value("other").run()
    assert "say what “Other” means, and give the reason" in told(at)
    assert window.state.decisions() == ()


def test_what_is_typed_outlives_a_walk_to_the_next_change_and_back(window: Window) -> None:
    window.meeting()
    at = fill(window.open(meeting="2026-11-23", change=WORSE))
    at = press(press(at, "Next"), "Previous")
    assert at.text_input(key=f"decide reason {OWN}").value == "Terminals time out"
    assert at.button_group(key=f"decide kind {OWN}").value == "fix_first"


def test_two_windows_that_record_at_once_see_both_versions_and_choose(window: Window) -> None:
    window.meeting()
    first, second = (window.open(meeting="2026-11-23", change=WORSE) for _ in range(2))
    fill(first, kind="pause", reason="Wait for the vendor")
    fill(second, kind="roll_back", reason="The desk cannot cope")
    press(first, "Record")
    press(second, "Record")
    text = told(second)
    assert "another window recorded a decision on this change" in text
    assert "- Reason: **Wait for the vendor**" in text
    assert "- Reason: **The desk cannot cope**" in text
    assert "- Owner: Payments" in text, "what both say is not bold"
    assert disabled(second, "Record")
    press(second, "Save mine on top")
    history = window.state.decision_history(OWN)
    assert [(d.revision, d.kind) for d in history] == [(1, "pause"), (2, "roll_back")], "nothing is lost"
    assert "Nothing is overwritten" not in told(second)


def test_whoever_came_second_can_keep_the_first(window: Window) -> None:
    window.meeting()
    second = fill(window.open(meeting="2026-11-23", change=WORSE), kind="roll_back")
    window.state.record(decision(), seen_revision=0)
    second.run()
    assert "another window recorded a decision" in told(second), "it is said before anything is pressed"
    press(second, "Keep theirs, discard mine")
    assert [d.kind for d in window.state.decision_history(OWN)] == ["pause"]
    assert second.text_input(key=f"decide reason {OWN}").value == "Wait for the vendor"


def test_a_form_nobody_wrote_in_follows_what_others_record(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23", change=WORSE)
    window.state.record(decision(), seen_revision=0)
    at.run()
    assert at.text_input(key=f"decide reason {OWN}").value == "Wait for the vendor"
    assert "another window" not in told(at)


def test_last_time_and_what_happened_since_stand_beside_the_change(window: Window) -> None:
    earlier = decision(id=f"2026-11-09/{WORSE}", decided_on=date(2026, 11, 9), word="too_early", asked=())
    window.state.record(earlier, seen_revision=0)
    window.state.open_meeting(TODAY, title="Today")
    text = told(window.open(meeting="2026-11-23", change=WORSE)).replace("\\", "")
    assert "**Last time, 9 Nov 2026** Pause (Payments): Wait for the vendor" in text
    assert "**Since then** customers: Too early → Worse" in text


# --- the end -----------------------------------------------------------------------------------------------------


def test_closing_shows_what_was_decided_and_prepares_the_next_meeting(window: Window) -> None:
    window.meeting()
    window.state.record(decision(meeting_id="2026-11-23"), seen_revision=0)
    at = window.open(meeting="2026-11-23")
    assert "3 changes of the agenda are without a decision" in told(at)
    press(at, "Close the meeting")
    assert window.state.meetings()[0].closed_at is not None
    rows = at.table[0].value
    assert list(rows["Decision"]) == ["nothing decided", "Pause", "nothing decided", "nothing decided"]
    press(at, "Prepare the next meeting, 7 Dec 2026")
    assert [m.id for m in window.state.meetings()] == ["2026-12-07", "2026-11-23"]
    walked = window.open(meeting="2026-11-23", change=WORSE)
    assert "This meeting is closed. Decided in it: **Pause" in told(walked)
    press(window.open(meeting="2026-11-23"), "Open it again")
    assert window.state.meeting("2026-11-23").closed_at is None  # type: ignore[union-attr]


# --- figures of that time ----------------------------------------------------------------------------------------


def test_a_link_to_frozen_figures_shows_them_beside_todays(window: Window) -> None:
    window.meeting()
    press(fill(window.open(meeting="2026-11-23", change=WORSE)), "Record")
    frozen_id = window.state.decision(OWN).frozen_id or ""  # type: ignore[union-attr]
    same = window.open(meeting="2026-11-23", change=WORSE, frozen=frozen_id)
    assert list(same.table[-1].value["What"]) == ["Asked of the room"], "it is decided now; all else is the same"
    changes = tuple(replace(c, title="Card payments") if c.id == WORSE else c for c in sample.every_state())
    window.opening = LaterOpening(sample.portfolio(changes), window.state)
    table = window.open(meeting="2026-11-23", frozen=frozen_id).table[-1].value
    pairs = dict(zip(table["What"], zip(table["Then"], table["Today"], strict=True), strict=True))
    assert pairs["Title"] == ("Card payment gateway switch", "Card payments")
    assert pairs["Asked of the room"] == ("Roll back, fix or keep?", "nothing")


def test_unknown_frozen_figures_are_said(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23", frozen="nothing")
    assert "No figures are kept under `'nothing'`" in told(at)


def test_ten_thousand_changes_have_a_meeting_too(window: Window) -> None:
    window.opening = SampleOpening(sample.portfolio(sample.many(10_000)))
    at = window.open()
    assert "The first 40 of " in told(at)
    at = press(at, "Open this meeting")
    assert len(window.state.meetings()[0].agenda) == 40
    assert not press(at, "Begin").exception
