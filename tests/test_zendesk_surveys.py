"""Answers to Zendesk's surveys: ratings and responses, which list is read, and what is no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from impact.model import SatisfactionResponse, SourceRefused
from tests.zendesk_reads import account, read, told


def test_surveys_of_the_last_days_are_read_again_from_both_lists() -> None:
    with account() as (_, play):
        since = datetime.now(UTC).replace(microsecond=0)
        play.asked.clear()
        read(play, "surveys", since, survey_days=30)
        asked = {r.path.removeprefix("/api/v2/"): dict(r.query) for r in play.asked if r.get("page[size]") == "5"}
        bounds = [asked["satisfaction_ratings"]["start_time"]]
        bounds.append(asked["guide/survey_responses"]["filter[created_at_start]"])
        expected = (since - timedelta(days=30)).timestamp()
        assert [abs(int(bound) - expected) <= 60 for bound in bounds] == [True, True]


SCORES = [("good", 1.0), ("bad", 0.0), ("good_with_comment", 1.0), ("bad_without_comment", 0.0), ("offered", None)]


@pytest.mark.parametrize(("score", "ratio"), SCORES)
def test_a_rating_is_good_bad_or_only_asked_for(score: str, ratio: float | None) -> None:
    with account() as (vendor, play):
        vendor.fill("surveys", 1)
        vendor.records["surveys"][0] |= {"score": score, "updated_at": "2026-03-04T10:00:00Z"}
        (answer,) = read(play, "surveys").of(SatisfactionResponse)
        assert (answer.instrument, answer.scale_min, answer.scale_max) == ("csat", 0.0, 1.0)
        assert (answer.score_raw, answer.score_ratio) == (ratio, ratio)
        assert answer.asked_at == datetime(2026, 3, 2, 8, 0, 7, tzinfo=UTC)
        assert answer.answered_at == (None if ratio is None else datetime(2026, 3, 4, 10, tzinfo=UTC))


@pytest.mark.parametrize("score", ["unoffered", None, ""])
def test_who_was_not_asked_has_no_row(score: str | None) -> None:
    with account() as (vendor, play):
        vendor.fill("surveys", 1)
        vendor.records["surveys"][0]["score"] = score
        assert read(play, "surveys").rows == []


def test_where_no_list_of_answers_is_offered_the_ratings_on_tickets_are_read() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 3)
        vendor.closed = {"satisfaction_ratings", "guide/survey_responses"}
        for row, rating in zip(
            vendor.records["tickets"],
            [{"id": 7, "score": "bad"}, {"score": "offered"}, {"score": "unoffered"}],
            strict=True,
        ):
            row["satisfaction_rating"] = rating
        found = read(play, "tickets").of(SatisfactionResponse)
        assert [(r.source_key, r.score_ratio, r.answered_at is None) for r in found] == [
            ("ticket-101", 0.0, False),
            ("ticket-102", None, True),
        ]
        assert read(play, "surveys").rows == []
        assert [text for text in told(play) if text.startswith("PROBLEM neither list of answers")]


def test_where_a_list_is_offered_the_ratings_on_tickets_do_not_count_twice() -> None:
    with account() as (vendor, play):
        vendor.fill("tickets", 1)
        vendor.records["tickets"][0]["satisfaction_rating"] = {"id": 7, "score": "bad"}
        vendor.closed = {"guide/survey_responses"}
        assert read(play, "tickets").of(SatisfactionResponse) == []
        assert len(read(play, "tickets", satisfaction="ticket").of(SatisfactionResponse)) == 1


def test_a_rating_is_left_out_where_a_response_answers_for_its_ticket() -> None:
    with account() as (vendor, play):
        vendor.fill("surveys", 4)
        for row, ticket, score in zip(
            vendor.records["surveys"], (1, 2, 3, 4), ("good", "offered", "bad", "good"), strict=True
        ):
            row |= {"ticket_id": ticket, "score": score}
        rated = {"rating": 4, "created_at": "2026-03-04T10:00:00Z"}
        vendor.responses = [
            {"id": f"r{ticket}", "created_at": "2026-03-03T10:00:00Z", "subject_zrns": [f"zen:ticket:{ticket}"]}
            for ticket in (1, 2, 3)
        ]
        vendor.responses[0]["answers"] = [rated]
        answers = read(play, "surveys").of(SatisfactionResponse)
        assert [(a.source_key, a.ticket_id, a.score_raw) for a in answers] == [
            ("r1", "desk:ticket:1", 4.0),
            ("r2", "desk:ticket:2", None),
            ("r3", "desk:ticket:3", None),
            ("102", "desk:ticket:2", None),
            ("103", "desk:ticket:3", 0.0),
            ("104", "desk:ticket:4", 1.0),
        ]
        assert len(read(play, "surveys", satisfaction="legacy").of(SatisfactionResponse)) == 4
        assert [text for text in told(play) if "left out" in text]


def test_a_list_that_the_settings_name_must_be_there() -> None:
    with account() as (vendor, play):
        vendor.closed = {"guide/survey_responses"}
        with pytest.raises(SourceRefused, match="does not give survey_responses to this user"):
            read(play, "surveys", satisfaction="new")
        assert read(play, "surveys", satisfaction="legacy").rows == []
