"""What an answer to a Zendesk survey means, and when it only says that somebody was asked. Pure; knows no other record.

Nobody's silence is satisfaction: ``offered`` is a question without an answer, ``unoffered`` not even a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.values import Rows, Unreadable, guarded, instant, items, mapping, number, text_of
from connectors.zendesk.fields import Side, common, key_of
from connectors.zendesk.settings import ZendeskSettings
from impact.model import Better, Instrument, SatisfactionResponse, row_id, score_ratio

ASKED, NOT_ASKED = "offered", "unoffered"
GOOD, BAD = "good", "bad"


@guarded("id")
def answer_rows(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A rating (good or bad), or a response to a survey with a scale."""
    yield from (_response if payload.get("system") == "new" else _rating)(payload, settings)


def rating_rows(payload: Payload, settings: ZendeskSettings, solved: datetime | None) -> Rows:
    """The rating that a ticket itself holds. It has no date: the ticket's solution stands for it, else its last
    update."""
    rating = mapping(payload.get("satisfaction_rating"))
    score = _thumb(rating.get("score"), settings)
    if score is None:
        return
    key = key_of(payload)
    at, side = solved or instant("updated_at", payload.get("updated_at")), Side()
    if isinstance(score, float) and at is None:
        raise Unreadable("satisfaction_rating", rating.get("score"), "an answer that no date belongs to")
    identified = {**payload, "id": f"ticket-{key}"}  # a rating has no number of its own before it is given
    yield _thumbs_row(
        common(identified, settings, "satisfaction_response", side), settings, key, score, asked=at, answered=at
    )


def _rating(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A row of the list of ratings: made when the question was sent, updated when it was answered, or again."""
    score, side = _thumb(payload.get("score"), settings), Side()
    if score is None:
        return
    asked = side(instant, "created_at", payload.get("created_at"))
    answered = side(instant, "updated_at", payload.get("updated_at")) or asked
    if isinstance(score, float) and answered is None:
        raise Unreadable("updated_at", payload.get("updated_at"), "an answer without a date")
    row = common(payload, settings, "satisfaction_response", Side())
    ticket = text_of(payload.get("ticket_id"))
    yield _thumbs_row(row, settings, ticket, score, asked=asked, answered=answered)
    yield from side.rejections(key_of(payload))


def _thumb(word: object, settings: ZendeskSettings) -> float | str | None:
    """1 or 0 for an answer, ASKED for a question without one, None where nobody was asked."""
    said = (text_of(word) or NOT_ASKED).lower()
    if said == NOT_ASKED:
        return None
    if said == ASKED:
        return ASKED
    own = settings.words["csat"].get(said, said)
    kind = own.partition("_")[0]  # good_with_comment, bad_without_comment
    if kind not in (GOOD, BAD, "1", "0"):
        raise Unreadable("score", word, "a rating that is neither good nor bad")
    return 1.0 if kind in (GOOD, "1") else 0.0


def _thumbs_row(
    row: Mapping[str, Any],
    settings: ZendeskSettings,
    ticket: str | None,
    score: float | str,
    *,
    asked: datetime | None,
    answered: datetime | None,
) -> SatisfactionResponse:
    given = score if isinstance(score, float) else None
    return SatisfactionResponse(
        **row,
        instrument=cast(Instrument, settings.legacy_instrument),
        asked_at=asked,
        answered_at=answered if given is not None else None,
        score_raw=given,
        scale_min=0.0,
        scale_max=1.0,
        score_ratio=given,
        ticket_id=row_id(settings.name, "ticket", ticket) if ticket else None,
    )


def _response(payload: Payload, settings: ZendeskSettings) -> Rows:
    """A survey with a scale. Its first rating counts; without one, somebody was asked and did not answer."""
    key, side = key_of(payload), Side()
    answer: Mapping[str, Any] = next((a for a in items(payload.get("answers")) if a.get("rating") is not None), {})
    score = number("rating", answer.get("rating"))
    low, high, better = settings.csat_min, settings.csat_max, cast(Better, settings.csat_better)
    if score is not None and not low <= score <= high:
        raise Unreadable("rating", score, f"a rating outside the scale {low:g} to {high:g}")
    asked = side(instant, "created_at", payload.get("created_at"))
    answered = side(instant, "answers.created_at", answer.get("created_at")) or side(
        instant, "updated_at", payload.get("updated_at")
    )
    if score is not None and answered is None:
        raise Unreadable("answers.created_at", answer.get("created_at"), "an answer without a date")
    tickets = payload.get("tickets")
    ticket = next((t for t in map(text_of, tickets if isinstance(tickets, list) else ()) if t), None)
    yield SatisfactionResponse(
        **common(payload, settings, "satisfaction_response", Side()),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=asked,
        answered_at=answered if score is not None else None,
        score_raw=score,
        scale_min=low,
        scale_max=high,
        better=better,
        score_ratio=score_ratio(score, scale_min=low, scale_max=high, better=better),
        ticket_id=row_id(settings.name, "ticket", ticket) if ticket else None,
    )
    yield from side.rejections(key)
