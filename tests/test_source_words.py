"""What the data page and the explanation say, word for word."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

import connectors
from impact import freshness, wording
from impact.charts.legend import BARS
from impact.freshness import Holdings, Link, Missing, Orphan, Rejection, Stored
from impact.metrics import METRICS
from impact.model import TABLES
from impact.passes import Outcome, StreamState
from impact.syncing import Ended, Moment
from impact.wording import plain
from impact.words import method_words, source_words
from impact.words.source_words import connect_sections, ended, messages, orphans, rejected_lead, streams, under_way
from tests import samples

AT = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
EXAMPLE = Path(__file__).resolve().parent.parent / ".streamlit" / "secrets.toml.example"
FINE = StreamState("itsm", "tickets", complete_at=AT, ok_at=AT, outcome="ok", read=1200, new=30, changed=4,
                   unchanged=1165, rejected=1, seconds=12.5)  # fmt: skip
DOWN = StreamState("itsm", "changes", outcome="failed", message="itsm did not answer within 30 s")


def test_every_stream_says_how_far_it_was_read() -> None:
    assert {name: texts[0] for name, texts in streams([FINE], ("itsm",), "Europe/Berlin").items()} == {
        "Source": "itsm",
        "Stream": "tickets",
        "State": "Read in full",
        "Complete to": "23 Nov 2026, 09:40",
        "Last read in full": "23 Nov 2026, 09:40",
        "Read": "1,200",
        "New": "30",
        "Changed": "4",
        "Unchanged": "1,165",
        "Rejected": "1",
        "Missing": "–",
        "Took": "12.5 s",
    }


def test_a_stream_whose_source_was_asked_what_exists_says_how_many_are_missing() -> None:
    asked = replace(FINE, missing=3, swept_at=AT)
    none = replace(FINE, swept_at=AT)
    assert streams([asked, none], ("itsm",), "UTC")["Missing"] == ["3", "0"]


def test_a_stream_never_read_says_unknown_and_never_not_a_date() -> None:
    told = streams([DOWN], ("itsm",), "UTC")
    assert (told["State"], told["Complete to"], told["Last read in full"]) == (
        ["Not read in full"],
        ["unknown"],
        ["never"],
    )


def test_a_source_that_is_stored_and_not_configured_any_more_says_so() -> None:
    assert streams([FINE], ("other",), "UTC")["Source"] == [plain("itsm (no longer configured)")]


def test_the_same_answer_of_several_streams_is_told_once() -> None:
    also = StreamState("itsm", "tickets", outcome="failed", message=DOWN.message)
    assert messages([DOWN, also, FINE]) == ("itsm (changes, tickets): itsm did not answer within 30 s",)


def test_a_list_that_was_not_believed_is_told_though_the_stream_was_read() -> None:
    assert messages([replace(FINE, note="Too many are gone.")]) == ("itsm (tickets): Too many are gone.",)


def test_what_sources_no_longer_list_is_told_with_what_follows() -> None:
    found = (Missing("itsm", "ticket", 12, AT), Missing("itsm", "change", 1, AT))
    assert source_words.missing(found, "UTC") == (
        "No longer at the source: 12 rows of itsm in Tickets since 23 Nov 2026, 08:40 and 1 row of itsm in Changes "
        "since 23 Nov 2026, 08:40. They may be deleted or archived there; they are kept and counted, since what "
        "customers felt happened all the same."
    )
    assert source_words.missing((), "UTC") == ""


def test_a_change_that_its_source_no_longer_lists_says_since_when() -> None:
    assert wording.gone(samples.change(missing_at=AT)) == "no longer listed by itsm since 23 Nov 2026"
    assert wording.gone(samples.change()) == ""


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((), ""),
        (
            (Orphan("C1", 1),),
            "1 link from tickets names 1 change that no source delivers: C1 (1 ticket). "
            "They are kept and count for nothing.",
        ),
        (
            tuple(Orphan(f"C{n}", 2) for n in range(7)),
            "14 links from tickets name 7 changes that no source delivers: C0 (2 tickets), C1 (2 tickets), "
            "C2 (2 tickets), C3 (2 tickets), C4 (2 tickets) and others. They are kept and count for nothing.",
        ),
    ],
)
def test_changes_that_only_tickets_know_are_told_in_a_sentence(found: tuple[Orphan, ...], text: str) -> None:
    assert orphans(found) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "No record was rejected."),
        (1, "1 record could not be read and counts nowhere."),
        (50, "50 records could not be read and count nowhere."),
        (
            1234,
            "1,234 records could not be read and count nowhere. The latest 50 are shown; the file has all of them.",
        ),
    ],
)
def test_rejected_records_are_counted_in_words(count: int, text: str) -> None:
    assert rejected_lead(count) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, "Starting …"),
        (Moment("", "daily facts", 0, None, None), "Counting daily facts …"),
        (Moment("itsm", "tickets", 500, None, None), "itsm, tickets: 500 read"),
        (
            Moment("itsm", "tickets", 500, 2000, 0.2),
            "itsm, tickets: 500 of 2,000 read, about 1 second left",
        ),
        (
            Moment("itsm", "tickets", 500, 2000, 12.3),
            "itsm, tickets: 500 of 2,000 read, about 12 seconds left",
        ),
        (
            Moment("itsm", "tickets", 500, 2000, 12.3, 122.0),
            "itsm, tickets: 500 of 2,000 read, 122 a second, about 12 seconds left",
        ),
    ],
)
def test_a_running_sync_says_how_far_it_is(found: Moment | None, text: str) -> None:
    assert under_way(found) == text


@pytest.mark.parametrize(
    ("code", "told", "states", "text"),
    [
        (0, "", [FINE], "The sync ended 23 Nov 2026, 09:40: 30 new, 4 changed, 1 record rejected."),
        (
            1,
            "",
            [FINE, DOWN],
            "The sync ended 23 Nov 2026, 09:40, but not every stream could be read: 30 new, 4 changed, "
            "1 record rejected.",
        ),
        (1, "Process 7 is writing.", [FINE], "The sync did not finish. Process 7 is writing."),
        (2, "No url.", [], "The sync did not start, because a setting is wrong. No url."),
        (-9, "", [FINE], "The sync did not finish. What was stored stays; the next one goes on from there."),
    ],
)
def test_how_a_sync_ended_is_one_sentence(code: int, told: str, states: list[StreamState], text: str) -> None:
    assert ended(Ended(code, AT, told), states, "Europe/Berlin") == text


def test_every_table_link_and_outcome_has_words() -> None:
    assert set(source_words.TABLES) == set(TABLES)
    assert set(source_words.LINKS) == {*freshness._LINKS, "ticket_change"}
    assert set(source_words.OUTCOMES) == set(get_args(Outcome))


def test_stored_rows_and_links_read_as_rows_of_text() -> None:
    told = source_words.stored(
        [Stored("ticket", 24918, date(2016, 2, 29), date(2017, 2, 18)), Stored("team", 3, None, None)]
    )
    assert told == {
        "What": ["Tickets", "Teams"],
        "Rows": ["24,918", "3"],
        "From and to": ["29 Feb 2016 to 18 Feb 2017", "–"],
        "Dated by the day": ["opened", "–"],
    }
    share = source_words.links([Link("ticket_service", 999, 1000)])
    assert (share["Share"], share["Count"]) == (["over 99\N{NO-BREAK SPACE}%"], ["999 of 1,000"])


def test_text_from_a_source_brings_no_picture_link_or_emphasis_onto_the_page() -> None:
    found = Rejection("log", "t", "7", None, "title", "![x](http://example.com/p.png) **now**", "odd", AT)
    value = source_words.rejected([found])["Value"][0]
    assert value == r"\!\[x\]\(http:small[]\://example.com/p.png\) \*\*now\*\*"


def test_every_kind_of_source_has_a_section_to_paste_that_is_valid_and_names_its_kind() -> None:
    sections = connect_sections(EXAMPLE)
    kinds = [source["kind"] for _, text in sections for source in tomllib.loads(text).get("sources", {}).values()]
    assert sorted(kinds) == sorted(connectors.available())


def test_without_the_example_file_nothing_is_offered(tmp_path: Path) -> None:
    assert connect_sections(tmp_path / "none") == ()


def test_the_definitions_name_every_metric_once() -> None:
    assert method_words.definitions()["Measure"] == [f"{m.label} ({m.unit})" for m in METRICS]


def test_every_mark_that_is_explained_is_drawn() -> None:
    assert [word for word, _, _ in method_words.MARKS_TOLD] == list(BARS)


@pytest.mark.parametrize(
    ("answers", "sent", "told"),
    [
        (0, None, "none sent"),
        (25, None, "not known how many were sent"),
        (2, (2, 4), f"{wording.percent(0.5)} of 4 sent"),
        (27, (2, 4), f"{wording.percent(0.5)} of 4 known as sent"),
    ],
)
def test_answers_of_systems_that_do_not_tell_who_was_asked_are_answers(
    answers: int, sent: tuple[int, int] | None, told: str
) -> None:
    links = [Link("answer_ticket", answers, answers)] if answers else []
    links += [Link("survey_answered", *sent)] if sent else []
    assert source_words.sent(Holdings((), tuple(links), (), 0, (), ())) == told
