"""What a ticket of an iTop and its answer to the survey mean here: a payload to rows, purely."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from connectors import Payload
from connectors.itop.record import Record, named_service, segments, service_key
from connectors.itop.settings import ItopSettings
from connectors.values import Rows, Unreadable, guarded, number, or_error, score, text_of, whole
from connectors.words import SOLVED
from impact.model import Better, Instrument, Rejected, SatisfactionResponse, Ticket, row_id, score_ratio

UNTOUCHED = 1.0
"""What iTop's own field says before anybody answered; it is also the best answer."""
OWNED = "assigned"
A_DECADE = 10 * 366 * 86_400


@guarded("id")
def ticket_rows(payload: Payload, settings: ItopSettings) -> Rows:
    """A customer's ticket with its answer to the survey."""
    record = Record(payload, settings, "ticket")
    opened = record.at("opened_at")
    if opened is None:
        raise Unreadable(record.codes["opened_at"], record.value("opened_at"), "a ticket without a start")
    raw, channel = text_of(record.raw.get("status")), record.text("channel")
    status = record.word("ticket_status", raw)
    kind = record.text("kind") or record.kind or None
    service = record.reference("service")
    groups = list(segments(record))
    cause = record.reference("caused_by")
    ticket = Ticket(
        **record.row("ticket"),
        number=text_of(record.raw.get("ref")) or record.key,
        kind=record.word("ticket_kind", kind),
        kind_raw=kind,
        priority=whole(settings.words["priority"].get(str(record.text("priority")).lower())),
        priority_raw=record.text("priority"),
        status=status,
        status_raw=raw,
        opened_at=opened,
        first_reply_at=_first_reply(record, opened),
        **_resolution(record, status),
        closed_at=record.at("closed_at") if status == "closed" else None,
        reassigned_count=_reassigned(record),
        channel=record.word("channel", channel),
        channel_raw=channel,
        service_id=row_id(settings.name, "service", service_key(service)) if service else None,
        team_id=record.team(),
        segment_ids=tuple(segment_id for segment_id, _ in groups),
        person_key=text_of(payload.get("person")),
        caused_by_change_id=row_id(settings.name, "change", cause) if cause else None,
    )
    yield ticket
    yield from (segment for _, segment in groups if segment)
    if service and (named := named_service(record, service)):
        yield named
    yield from _answer(record, ticket)


def _first_reply(record: Record, opened: datetime) -> datetime | None:
    """When somebody took the ticket: a configured field; else its first move into OWNED, from the history; else its
    start and the seconds of the time to own. Unknown while nobody has taken it."""
    moves = record.moves("status") or ()
    taken = record.at("first_reply_at") or next((at for at, _, new in moves if new.lower() == OWNED), None)
    seconds = whole(record.value("first_reply_seconds"))
    if taken or seconds is None or not record.at("assigned_at") or not 0 <= seconds < A_DECADE:
        return taken
    return opened + timedelta(seconds=seconds)


def _resolution(record: Record, status: str) -> dict[str, Any]:
    """Resolutions and reopenings; those in the past are known where a history was read."""
    ended = status in SOLVED
    resolved = record.at("resolved_at") if ended else None
    missed = record.word("yes_no", text_of(record.value("target_missed")), "")
    within = {"yes": False, "no": True if ended else None}.get(missed)
    found: dict[str, Any] = {
        "resolved_at": resolved,
        "first_resolved_at": resolved,
        "within_target": within if record.payload.get("targets") is True else None,
    }
    moves = record.moves("status")
    if moves is None:
        return found
    words = record.settings.words["ticket_status"]
    steps = [(at, words.get(old.lower()), words.get(new.lower())) for at, old, new in moves]
    solved = next((at for at, _, new in steps if new in SOLVED), None)
    back = [at for at, old, new in steps if old in SOLVED and new in ("open", "waiting")]
    first = min((at for at in (solved, resolved) if at), default=None)
    return found | {
        "first_resolved_at": first,
        "reopened_at": back[0] if back else None,
        "reopened_count": len(back),
    }


def _reassigned(record: Record) -> int | None:
    """How often it went from one team to another; unknown without a history."""
    moves = record.moves(record.codes["team"])
    return None if moves is None else sum(old not in ("", "0") and new not in ("", "0") for _, old, new in moves)


def _answer(record: Record, ticket: Ticket) -> Rows:
    """The survey of a closed ticket. iTop's own field says 1, the best, from the beginning: that is an answer only with
    a comment, or where the history shows that somebody chose it. A field of the company's own is empty until then."""
    column, settings = record.codes["csat"], record.settings
    if ticket.status not in (SOLVED if settings.own_survey else ("closed",)) or column not in record.raw:
        return
    try:
        said = score(column, record.text("csat"), settings.words["csat"])
    except Unreadable as error:
        yield error.rejection(record.key)
        return
    lost = or_error(number, "lost_minutes", record.value("lost_minutes"))
    if isinstance(lost, Unreadable):  # the answer is worth more than its minutes
        yield lost.rejection(record.key)
        lost = None
    lowest, highest = settings.csat_min, settings.csat_max
    if said is not None and not lowest <= said <= highest:
        told = f"a score outside the scale {lowest:g} to {highest:g}"
        yield Rejected(record.key, told, column=column, value=str(said))
        return
    chosen = [at for at, _, new in record.moves(column) or () if new]
    if said == UNTOUCHED and not (settings.own_survey or chosen or record.payload.get("commented") is True):
        said = None
    ended = ticket.closed_at or ticket.resolved_at
    answered = (chosen[-1] if chosen else None) or ended or ticket.source_updated_at
    better = cast(Better, settings.csat_better)
    yield SatisfactionResponse(
        **record.row("satisfaction_response"),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=ended,
        answered_at=answered if said is not None or lost is not None else None,
        score_raw=said,
        scale_min=lowest,
        scale_max=highest,
        better=better,
        score_ratio=score_ratio(said, scale_min=lowest, scale_max=highest, better=better),
        lost_minutes=lost,
        ticket_id=ticket.id,
        service_id=ticket.service_id,
        segment_ids=ticket.segment_ids,
    )
