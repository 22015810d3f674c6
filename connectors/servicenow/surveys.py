"""What a survey of a ServiceNow means in canonical rows: one row for each survey that was sent, answered or not.

A survey may have several questions. Those of ``survey_questions`` count; without that setting those that ask for a
rating (a Likert or another scale), or those with choices where a survey has no other; never texts, days, yes/no and the
like. The mean of the counted answers is the score, on their own scale where they share one, else on 0 to 1. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from connectors import Payload
from connectors.servicenow.parts import common, key_of, segments_of
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import Unreadable, guarded, instant, items, number, or_error, text_of
from impact.model import Better, Instrument, Rejected, Row, SatisfactionResponse, row_id, score_ratio

NO_RATINGS = (
    *("string", "text", "long", "date", "datetime", "date_time", "duration", "checkbox", "boolean", "yesno", "yes/no"),
    *("reference", "attachment", "ranking", "number", "integer", "percentage", "signature"),
)
CHOICES = ("choice", "multiplechoice", "multiple_choice")
NO_ANSWER = -1.0
"""The value of a text, which has none."""


@dataclass(frozen=True)
class Question:
    """A question that counts, and its scale."""

    key: str
    low: float
    high: float
    better: Better


@guarded("sys_id")
def survey_rows(payload: Payload, settings: ServiceNowSettings) -> Iterator[Row | Rejected]:
    """A survey that was sent to somebody."""
    questions = counted(items(payload.get("questions")), settings)
    scales = {(q.low, q.high, q.better) for q in questions}
    low, high, better = next(iter(scales)) if len(scales) == 1 else (0.0, 1.0, "high") if scales else _default(settings)
    answered = answered_at(payload, settings)
    scores, wrong = _scores(payload, questions) if answered else ([], [])
    ratios = [score_ratio(given, scale_min=q.low, scale_max=q.high, better=q.better) for q, given in scores]
    points = [given for _, given in scores] if len(scales) == 1 else [ratio for ratio in ratios if ratio is not None]
    score = sum(points) / len(points) if points else None
    segments = list(segments_of(payload, settings))
    yield SatisfactionResponse(
        **common(payload, settings, "satisfaction_response", "asmt_assessment_instance"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=instant("asked_at", payload.get("sys_created_on")),
        answered_at=answered,
        score_raw=score,
        scale_min=low,
        scale_max=high,
        better=better,
        score_ratio=score_ratio(score, scale_min=low, scale_max=high, better=better),
        ticket_id=_about(payload, settings, "ticket", settings.ticket_tables),
        change_id=_about(payload, settings, "change", ("change_request",)),
        segment_ids=tuple(segment.id for segment in segments),
    )
    yield from segments
    for error in wrong:
        yield error.rejection(key_of(payload))


def answered_at(payload: Payload, settings: ServiceNowSettings) -> Any:
    """When a survey was answered; None for one that was only sent, begun or called off. One in an unknown state is
    answered where it says when."""
    word = (text_of(payload.get("state")) or "").lower()
    label = (
        text_of((payload.get("labels") or {}).get("state")) if isinstance(payload.get("labels"), Mapping) else ""
    ) or ""
    words = settings.words["survey_state"]
    meaning = words.get(label.lower()) or words.get(word)
    if meaning == "asked":
        return None
    taken = instant("answered_at", payload.get("taken_on"))
    if taken is None and meaning == "answered" and items(payload.get("answers")):
        return instant("answered_at", payload.get("sys_updated_on"))
    return taken


def counted(questions: Sequence[Mapping[str, Any]], settings: ServiceNowSettings) -> list[Question]:
    """The questions of a survey that count."""
    named = {word.strip().lower() for word in settings.survey_questions}
    if named:
        chosen = [q for q in questions if {str(q.get("id")).lower(), str(q.get("name")).lower()} & named]
        return [question for q in chosen if (question := _question(q))]
    types = [str(q.get("datatype") or "").strip().lower() for q in questions]
    ratings = [q for q, kind in zip(questions, types, strict=True) if kind not in (*NO_RATINGS, *CHOICES)]
    found = [question for q in ratings if (question := _question(q))]
    choices = [q for q, kind in zip(questions, types, strict=True) if kind in CHOICES]
    return found or [question for q in choices if (question := _question(q))]


def _question(about: Mapping[str, Any]) -> Question | None:
    """A question with its scale; None where it has none."""
    key, low, high = text_of(about.get("id")), _plain(about.get("min")), _plain(about.get("max"))
    if key is None or low is None or high is None or not low < high:
        return None
    return Question(key, low, high, "low" if str(about.get("direction")).strip().lower() == "low" else "high")


def _plain(value: object) -> float | None:
    found = or_error(number, "score_raw", value)
    return found if isinstance(found, float) else None


def _scores(payload: Payload, questions: Sequence[Question]) -> tuple[list[tuple[Question, float]], list[Unreadable]]:
    """The answers to the questions that count, and what is wrong with the others."""
    scores: list[tuple[Question, float]] = []
    wrong: list[Unreadable] = []
    for question in questions:
        for answer in items(payload.get("answers")):
            if text_of(answer.get("question")) != question.key or answer.get("skipped"):
                continue
            given = or_error(number, "score_raw", answer.get("value"))
            if isinstance(given, Unreadable):
                wrong.append(given)
            elif given is not None and given != NO_ANSWER and not question.low <= given <= question.high:
                said = f"a score outside the scale {question.low:g} to {question.high:g}"
                wrong.append(Unreadable("score_raw", answer.get("value"), said))
            elif given is not None and given != NO_ANSWER:
                scores.append((question, given))
    return scores, wrong


def _default(settings: ServiceNowSettings) -> tuple[float, float, Better]:
    return settings.csat_min, settings.csat_max, cast(Better, settings.csat_better)


def _about(payload: Payload, settings: ServiceNowSettings, table: str, tables: Sequence[str]) -> str | None:
    """The record that gave rise to the survey, where it is of one of ``tables``."""
    key, kind = text_of(payload.get("trigger_id")), text_of(payload.get("trigger_table"))
    return row_id(settings.name, table, key) if key and kind in tables else None
