"""The agenda's fields without a browser: notes while others edit, and what a meeting hands to the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from impact.agenda import noted
from tests.test_pages_meeting import WORSE, Window, press, told, window

__all__ = ["window"]
OTHER = "itsm:change:CHG-111"


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
