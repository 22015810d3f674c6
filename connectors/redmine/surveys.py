"""When a satisfaction field is an answer, and when it only says that somebody was asked. Knows no other field.

A custom field cannot tell "not asked" from "not answered", and may carry a score before anybody answered (its
default). Neither is ever taken for satisfaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from connectors import Payload
from connectors.redmine.settings import RedmineSettings
from connectors.redmine.values import common, date_in, events_of, reader
from connectors.values import Unreadable, key_of, mapping, moment, score, text_of
from impact.model import (
    Better,
    Instrument,
    Rejected,
    Row,
    SatisfactionResponse,
    Segment,
    Service,
    row_id,
    score_ratio,
)

NOT_SENT = ("no", "false", "0")


def answer_rows(
    payload: Payload,
    settings: RedmineSettings,
    *,
    solved: bool,
    resolved: datetime | None,
    service: Service | None,
    segments: tuple[Segment, ...],
) -> Iterator[Row | Rejected]:
    """The survey of a ticket: answered (the score's own change, else the resolution, dates it), or only asked."""
    fields = reader(payload)
    word = _answered(payload, settings, fields("csat"))
    sent = fields("csat_sent")
    if word is None and not _asked(payload, settings, sent, solved=solved):
        return
    given_score = score(settings.field("ticket", "csat"), word, settings.words["csat"])
    if given_score is not None and not settings.csat_min <= given_score <= settings.csat_max:
        said = f"a score outside the scale {settings.csat_min:g} to {settings.csat_max:g}"
        yield Rejected(key_of(payload), said, column=settings.field("ticket", "csat"), value=word)
        return
    given = [at for at, event in events_of(payload, "answer") if event.get("new")]
    dated = (given[-1] if given else None) or resolved or date_in(payload, "updated_on")
    better = cast(Better, settings.csat_better)
    yield SatisfactionResponse(
        **common(payload, settings, "satisfaction_response"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=_sent_at(sent, settings) or resolved,
        answered_at=dated if given_score is not None else None,
        score_raw=given_score,
        scale_min=settings.csat_min,
        scale_max=settings.csat_max,
        better=better,
        score_ratio=score_ratio(given_score, scale_min=settings.csat_min, scale_max=settings.csat_max, better=better),
        ticket_id=row_id(settings.name, "ticket", key_of(payload)),
        service_id=service.id if service else None,
        segment_ids=tuple(segment.id for segment in segments),
    )


def _answered(payload: Payload, settings: RedmineSettings, word: str | None) -> str | None:
    """The answer; None where the field only has the score that it has before anybody answers."""
    default = settings.csat_default or text_of(payload.get("csat_default"))
    if word is None or default is None or word.casefold() != default.casefold():
        return word
    return word if any(event.get("new") for _, event in events_of(payload, "answer")) else None


def _asked(payload: Payload, settings: RedmineSettings, sent: str | None, *, solved: bool) -> bool:
    """Whether a customer who did not answer was asked: as a field says, else every resolved ticket that has the field
    for the answer."""
    if settings.field("ticket", "csat_sent"):
        return sent is not None and sent.lower() not in NOT_SENT
    has_field = isinstance(mapping(payload.get("fields")).get("csat"), list)
    return has_field and solved and settings.csat_asked == "resolved"


def _sent_at(sent: str | None, settings: RedmineSettings) -> datetime | None:
    """When a survey was sent, where its field holds a date."""
    try:
        return moment("csat_sent", sent, settings.day_zone)
    except Unreadable:
        return None  # the field only says that a survey was sent, not when
