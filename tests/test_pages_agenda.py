"""The agenda's fields without a browser: notes while others edit, and what a meeting hands to the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from impact.agenda import noted
from impact.figures import as_json, change_figures
from impact.records import AgendaItem
from impact.ui import walk
from impact.words import meeting_words
from tests import sample
from tests.sample import TODAY
from tests.test_pages_meeting import OWN, WORSE, Window, decision, fill, press, told, window

__all__ = ["window"]
OTHER = "itsm:change:CHG-111"
CHANGE = next(c for c in sample.every_state() if c.id == WORSE)


def note_of(at: Any, change_id: str) -> str:
    return str(at.text_input(key=f"note 2026-11-23 {change_id}").value)


def test_a_save_leaves_the_fields_of_the_other_notes_as_they_are(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23")
    before = at.text_input(key=f"note 2026-11-23 {OTHER}").proto.id
    at.text_input(key=f"note 2026-11-23 {WORSE}").set_value("Ask the desk").run()
    assert at.text_input(key=f"note 2026-11-23 {OTHER}").proto.id == before
    assert window.state.meetings()[0].revision == 2


def test_two_notes_saved_before_the_page_is_drawn_anew_are_both_kept(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23")
    at.text_input(key=f"note 2026-11-23 {WORSE}").set_value("Ask the desk")
    at.text_input(key=f"note 2026-11-23 {OTHER}").set_value("Who trains?")
    at.run()
    notes = {item.change_id: item.note for item in window.state.meetings()[0].agenda}
    assert (notes[WORSE], notes[OTHER]) == ("Ask the desk", "Who trains?")
    assert "not saved yet" not in told(at)


def test_a_note_that_somebody_else_wrote_appears_in_its_field(window: Window) -> None:
    meeting = window.meeting()
    at = window.open(meeting=meeting.id)
    theirs = replace(meeting, agenda=noted(meeting.agenda, WORSE, "From the desk"))
    window.state.change_meeting(theirs, seen_revision=meeting.revision)
    assert note_of(at.run(), WORSE) == "From the desk"


def test_a_note_that_came_too_late_and_is_given_up_is_in_its_field_no_more(window: Window) -> None:
    meeting = window.meeting()
    at = window.open(meeting=meeting.id)
    theirs = replace(meeting, agenda=noted(meeting.agenda, OTHER, "From the desk"))
    window.state.change_meeting(theirs, seen_revision=meeting.revision)
    at.text_input(key=f"note {meeting.id} {WORSE}").set_value("Ask the desk").run()
    assert "Ask the desk" in told(at)
    press(at, "Keep theirs, discard mine")
    assert (note_of(at, WORSE), note_of(at, OTHER)) == ("", "From the desk")


# --- packs and figures of then -----------------------------------------------------------------------------------


def with_packs(window: Window) -> list[str]:
    """Today's meeting with two packs, of which the second has other figures."""
    meeting, kept = window.meeting(), []
    figures = as_json(change_figures(CHANGE, metrics=sample.portfolio().metrics, today=TODAY))
    for title in ("Card payment gateway switch", "Another title"):
        kept.append(window.state.freeze("v0", {"pages": [{"figures": {**figures, "title": title}}]}))
        meeting = window.state.change_meeting(replace(meeting, frozen_id=kept[-1]), seen_revision=meeting.revision)
    return kept


def test_a_meeting_lists_its_packs_newest_first_also_once_it_is_closed(window: Window) -> None:
    kept = with_packs(window)
    at = window.open(meeting="2026-11-23")
    for page in (at, press(at, "Close the meeting")):
        lines = next(m.value for m in page.markdown if m.value.startswith("- Pack of")).splitlines()
        assert [line.rpartition("frozen=")[2] for line in lines] == [f"{one})" for one in reversed(kept)]
        assert all("(meeting?meeting=2026-11-23&frozen=" in line for line in lines)


def test_figures_of_then_come_before_the_agenda_and_before_the_form_and_can_be_hidden(window: Window) -> None:
    kept = with_packs(window)
    at = window.open(meeting="2026-11-23", frozen=kept[1])
    headings = [one.value for one in at.header]
    assert headings.index("Figures of then beside today’s") < headings.index("Agenda")
    assert "Another title" in list(at.table[0].value["Then"])
    press(at, "Hide them")
    assert "Figures of then beside today’s" not in [one.value for one in at.header]
    walked = window.open(meeting="2026-11-23", change=WORSE, frozen="nothing")
    assert walked.header[0].value == "Figures of then beside today’s"
    assert "No figures are kept under `'nothing'`" in walked.warning[0].value


def test_changes_of_a_pack_that_read_the_same_today_are_told_in_one_line() -> None:
    assert meeting_words.all_the_same(["A", "B"]) == "Every figure is the same today: A and B."


# --- the next meeting, and the meeting's own facts -----------------------------------------------------------------


def test_the_next_meeting_has_what_was_put_on_by_hand_and_left_undecided(window: Window) -> None:
    meeting = window.meeting()
    by_hand = AgendaItem(change_id="itsm:change:CHG-117", reasons=("hand",), note="As the desk wished")
    window.state.change_meeting(replace(meeting, agenda=(*meeting.agenda, by_hand)), seen_revision=1)
    window.state.record(decision(meeting_id=meeting.id), seen_revision=0)
    at = window.open(meeting=meeting.id)
    assert "“Prepare the next meeting” puts them on its agenda" in told(at)
    press(press(at, "Close the meeting"), "Prepare the next meeting, 7 Dec 2026")
    prepared = {item.change_id: item for item in window.state.meetings()[0].agenda}
    assert prepared[by_hand.change_id].reasons == ("hand",)
    assert prepared[by_hand.change_id].note == "As the desk wished; undecided on 23 Nov 2026"
    assert prepared[OTHER].note == "undecided on 23 Nov 2026"
    assert "undecided" not in "".join(item.note for item in prepared.values() if item.change_id == WORSE)


def test_a_next_meeting_that_exists_gets_what_is_undecided_once_and_not_what_was_taken_off(window: Window) -> None:
    meeting = window.meeting()
    window.state.open_meeting(TODAY + timedelta(days=14), title="The next one")
    press(press(window.open(meeting=meeting.id), "Close the meeting"), "Prepare the next meeting, 7 Dec 2026")
    prepared = window.state.meetings()[0]
    assert [i.change_id for i in prepared.agenda] == [i.change_id for i in meeting.agenda]
    window.state.change_meeting(replace(prepared, agenda=prepared.agenda[1:]), seen_revision=prepared.revision)
    press(window.open(meeting=meeting.id), "Prepare the next meeting, 7 Dec 2026")
    assert window.state.meetings()[0].agenda == prepared.agenda[1:]


def test_title_and_next_day_are_corrected_in_the_head(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23")
    at.text_input(key="title 2026-11-23 1").set_value("Winter steering")
    at.date_input(key="next on 2026-11-23 1").set_value(date(2026, 12, 9)).run()
    press(at, "Save")
    kept = window.state.meetings()[0]
    assert (kept.title, kept.next_on) == ("Winter steering", date(2026, 12, 9))
    assert at.title[0].value == "Winter steering"


# --- the form ----------------------------------------------------------------------------------------------------


def test_closing_a_change_takes_the_usual_review_away_and_gives_it_back(window: Window) -> None:
    window.meeting()
    at = window.open(meeting="2026-11-23", change=WORSE)
    review = f"decide review_on {OWN}"
    assert fill(at, kind="close_benefit").date_input(key=review).value is None
    assert fill(at, kind="pause").date_input(key=review).value == date(2026, 12, 7)
    at.date_input(key=review).set_value(date(2027, 1, 4)).run()
    assert fill(at, kind="close_benefit").date_input(key=review).value == date(2027, 1, 4), "it was chosen on purpose"


def test_a_text_that_is_too_long_is_refused_in_a_sentence_and_stays(window: Window) -> None:
    window.meeting()
    at = fill(window.open(meeting="2026-11-23", change=WORSE), reason="long " * 500)
    press(at, "Record")
    assert "at most 2000" in told(at).replace(",", "")
    assert at.text_input(key=f"decide reason {OWN}").value == "long " * 500
    at = window.open(meeting="2026-11-23")
    at.text_input(key=f"note 2026-11-23 {OTHER}").set_value("long " * 500).run()
    assert at.error
    assert note_of(at, OTHER) == "long " * 500


def test_a_preliminary_answer_says_so_beside_its_word() -> None:
    early = replace(seen := change_figures(CHANGE, metrics=sample.portfolio().metrics, today=TODAY).measures[0],
                    preliminary=True)  # fmt: skip
    assert walk.answer(early) == f"{walk.answer(replace(seen, preliminary=False))}, preliminary"
