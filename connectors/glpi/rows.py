"""What a GLPI record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, cast

from connectors import Payload
from connectors.glpi import words
from connectors.glpi.places import of_list, segment_ids, segment_keys, services_of
from connectors.glpi.settings import GlpiSettings
from connectors.links import change_segment, change_service
from connectors.values import (
    LAST_SECOND,
    Rows,
    Unreadable,
    amounts,
    earliest,
    guarded,
    instant,
    items,
    mapping,
    moment,
    number,
    plain,
    readable,
    text_of,
    whole,
)
from connectors.words import ROLLED_OUT
from impact.model import Change, Ticket, row_id, to_choice


def key_of(payload: Payload) -> str:
    """The id of a record; Unreadable without one."""
    found = whole(payload.get("id"))
    if not found:
        raise Unreadable("id", payload.get("id"), "a record without an id")
    return str(found)


def common(payload: Payload, settings: GlpiSettings, table: str, key: str, page: str = "") -> dict[str, Any]:
    """What every row of a table carries; ``page`` is the name of the record's page."""
    path = f"front/{page}.form.php?id={key}" if page else ""
    return settings.row(table, key, page=path, updated_at=at(payload, "date_mod", settings))


def at(payload: Payload, column: str, settings: GlpiSettings) -> datetime | None:
    """A column as an instant, UTC; the server writes its own local time."""
    return instant(column, payload.get(column), settings.zone)


def field(payload: Payload, name: str) -> str | None:
    """The value behind a field of the settings, of several the first."""
    value = mapping(payload.get("fields")).get(name)
    return next((text for one in (value if isinstance(value, list) else [value]) if (text := plain(one))), None)


def word_of(value: object, labels: Mapping[str, str]) -> str | None:
    """The English label of one of GLPI's numbers; another number or word as it is."""
    text = text_of(value)
    return labels.get(text, text) if text is not None else None


def meaning(settings: GlpiSettings, part: str, value: object, raw: str | None, default: str = "other") -> str:
    """Our word for a value: settings and words may name GLPI's number or its label."""
    known = settings.words[part]
    return known.get((text_of(value) or "").lower()) or to_choice(raw, known, default)


# Changes


@guarded("id")
def change_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """A change with its links to services and groups of customers."""
    key = key_of(payload)
    status, raw = _change_status(payload, settings)
    kind, risk = field(payload, "kind"), field(payload, "risk")
    outcome_raw = field(payload, "outcome") or (raw if status in (*ROLLED_OUT, "cancelled") else None)
    outcome = (
        "unknown"
        if status == "cancelled"
        else meaning(settings, "change_outcome", payload.get("status"), outcome_raw, "unknown")
    )
    begun, ended = _rollout(payload, settings) if status in ROLLED_OUT else (None, None)
    costs, wrong = _amounts(payload)
    group = next((g for g in payload.get("groups") or () if text_of(g)), None)
    yield Change(
        **common(payload, settings, "change", key, "change"),
        number=key,
        title=plain(payload.get("name")) or f"Change {key}",
        kind=cast(Any, to_choice(kind, settings.words["change_kind"])),
        kind_raw=kind,
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome),
        outcome_raw=outcome_raw,
        risk=cast(Any, to_choice(risk, settings.words["change_risk"], "unknown")),
        risk_raw=risk,
        planned_start_at=_dated(payload, "planned_start_at", settings) or _planned_start(payload, settings),
        planned_end_at=_dated(payload, "planned_end_at", settings, LAST_SECOND),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=row_id(settings.name, "team", group) if group else None,
        sponsor_key=_first(payload.get("sponsor")),
        requirement=field(payload, "requirement"),
        expected_outcome=field(payload, "expected_outcome"),
        **costs,
    )
    yield from (error.rejection(key) for error in wrong)
    yield from _touched(payload, settings, key)


def _change_status(payload: Payload, settings: GlpiSettings) -> tuple[str, str | None]:
    """What a change's status means. What was thrown away, or refused by those who were asked, never was done."""
    raw = word_of(payload.get("status"), words.CHANGE_STATUS)
    if whole(payload.get("is_deleted")):
        return "cancelled", "deleted"
    if whole(payload.get("global_validation")) == words.REFUSED:
        return "cancelled", f"{raw}, validation refused"
    return meaning(settings, "change_status", payload.get("status"), raw), raw


def _dated(payload: Payload, name: str, settings: GlpiSettings, of_day: time = time.min) -> datetime | None:
    return moment(name, field(payload, name), settings.zone, of_day)


def _planned_start(payload: Payload, settings: GlpiSettings) -> datetime | None:
    """A change has no planned start of its own: the first window of its rollout tasks, else of all its tasks."""
    tasks = items(payload.get("tasks"))
    rollouts = [task for task in tasks if _is_rollout(task, settings)]
    return earliest(*(at(task, "begin", settings) for task in rollouts or tasks))


def _is_rollout(task: Payload, settings: GlpiSettings) -> bool:
    return to_choice(plain(task.get("category")), settings.words["milestone_kind"]) == "rollout"


def _rollout(payload: Payload, settings: GlpiSettings) -> tuple[datetime | None, datetime | None]:
    """When customers met a change that was done: configured fields, else the first of ``rollout_from`` that knows."""
    start = _dated(payload, "rollout_start_at", settings)
    end = _dated(payload, "rollout_end_at", settings, LAST_SECOND)
    for place in settings.rollout_from if start is None else ():
        if place == "solved":
            start = at(payload, "solvedate", settings)
            end = end or start
        else:
            tasks = [task for task in items(payload.get("tasks")) if _is_done(task, settings)]
            windows = [task for task in tasks if place == "all_tasks" or _is_rollout(task, settings)]
            start = earliest(*(at(task, "begin", settings) for task in windows))
            latest = max((e for task in windows if (e := at(task, "end", settings))), default=None)
            end = end or (latest if start else None)
        if start:
            break
    return start, end


def _is_done(task: Payload, settings: GlpiSettings) -> bool:
    raw = word_of(task.get("state"), words.TASK_STATE)
    return meaning(settings, "milestone_status", task.get("state"), raw) == "done"


def _amounts(payload: Payload) -> tuple[dict[str, Any], list[Unreadable]]:
    """Amounts of fields; the actual cost else as the sum of the change's costs. With what is wrong with the others."""
    found, wrong = amounts(lambda name: field(payload, name))
    costs = items(payload.get("costs"))
    if costs and found.get("actual_cost", "unreadable") is None:
        total, unsummed = readable(_total_cost, {"actual_cost": costs})
        return found | total, wrong + unsummed
    return found, wrong


def _total_cost(column: str, costs: object) -> float:
    return round(sum(_cost(row) for row in items(costs)), 4)


def _cost(row: Payload) -> float:
    """What one line of costs adds: hours at their rate, fixed and material costs, as GLPI adds them."""
    parts = {
        n: number("actual_cost", row.get(n)) or 0.0 for n in ("actiontime", "cost_time", "cost_fixed", "cost_material")
    }
    return parts["actiontime"] / 3600 * parts["cost_time"] + parts["cost_fixed"] + parts["cost_material"]


def _touched(payload: Payload, settings: GlpiSettings, key: str) -> Rows:
    for service_key, service in services_of(payload, settings):
        if service:
            yield service
        yield change_service(settings.name, key, service_key)
    yield from of_list(payload, settings)
    for segment_key in segment_keys(payload, settings):
        yield change_segment(settings.name, key, segment_key)


# Tickets


@guarded("id")
def ticket_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """A ticket with what is known of its life."""
    key, opened = key_of(payload), at(payload, "date", settings)
    if opened is None:
        raise Unreadable("date", payload.get("date"), "a ticket without an opening date")
    status, raw = _ticket_status(payload, settings)
    solved = status in ("resolved", "closed")
    resolved = at(payload, "solvedate", settings) if solved else None
    kind = field(payload, "kind") or word_of(payload.get("type"), words.TICKET_TYPE)
    priority_raw = word_of(payload.get("priority"), words.PRIORITY)
    priority = whole(meaning(settings, "priority", payload.get("priority"), priority_raw, ""))
    channel = (
        field(payload, "channel")
        or plain(payload.get("channel"))
        or word_of(payload.get("requesttypes_id") or None, words.REQUEST_TYPE)
    )
    cause, changes = _changes(payload, settings)
    service_key, service = next(services_of(payload, settings), (None, None))
    group = next((g for g in payload.get("groups") or () if text_of(g)), None)
    yield Ticket(
        **common(payload, settings, "ticket", key, "ticket"),
        number=key,
        kind=cast(Any, to_choice(kind, settings.words["ticket_kind"])),
        kind_raw=kind,
        priority=priority if priority in range(1, 6) else None,
        priority_raw=priority_raw,
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        first_reply_at=_first_reply(payload, opened, settings),
        resolved_at=resolved,
        **_reopenings(payload, resolved, settings),
        closed_at=at(payload, "closedate", settings) if status == "closed" else None,
        within_target=_within_target(payload, resolved, settings),
        channel=cast(Any, to_choice(channel, settings.words["channel"])),
        channel_raw=channel,
        service_id=row_id(settings.name, "service", service_key) if service_key else None,
        team_id=row_id(settings.name, "team", group) if group else None,
        segment_ids=segment_ids(payload, settings),
        person_key=_first(payload.get("requesters")),
        caused_by_change_id=cause,
        change_ids=changes,
    )
    if service:
        yield service
    yield from of_list(payload, settings)


def _first(people: object) -> str | None:
    """The first of several people, by then a keyed hash."""
    listed = people if isinstance(people, list) else []
    return next((text for one in listed if (text := text_of(one))), None)


def _ticket_status(payload: Payload, settings: GlpiSettings) -> tuple[str, str | None]:
    if whole(payload.get("is_deleted")):
        return ("merged", "merged") if payload.get("merged") else ("cancelled", "deleted")
    raw = word_of(payload.get("status"), words.TICKET_STATUS)
    return meaning(settings, "ticket_status", payload.get("status"), raw), raw


def _first_reply(payload: Payload, opened: datetime, settings: GlpiSettings) -> datetime | None:
    """When a ticket was taken into account: its date where there is one, else the delay counted from its opening."""
    taken, delay = at(payload, "takeintoaccountdate", settings), whole(payload.get("takeintoaccount_delay_stat"))
    if taken or not delay or delay < 0:  # GLPI writes 0 for what has not happened
        return taken
    try:
        return opened + timedelta(seconds=delay)
    except OverflowError:
        raise Unreadable("takeintoaccount_delay_stat", delay, "a delay that is out of range") from None


def _reopenings(payload: Payload, resolved: datetime | None, settings: GlpiSettings) -> dict[str, Any]:
    """First resolution and reopenings from the history of the status; only the present resolution without one."""
    if not isinstance(payload.get("history"), list):
        return {"first_resolved_at": resolved if payload.get("date_creation") == payload.get("date_mod") else None}
    moves = [(at(e, "at", settings), text_of(e.get("old")), text_of(e.get("new"))) for e in items(payload["history"])]
    solved = [moved for moved, old, new in moves if new in words.SOLVED and old not in words.SOLVED]
    back = [moved for moved, old, new in moves if old in words.SOLVED and new not in words.SOLVED]
    return {
        "first_resolved_at": earliest(*solved, resolved),
        "reopened_at": earliest(*back),
        "reopened_count": len(back),
    }


def _within_target(payload: Payload, resolved: datetime | None, settings: GlpiSettings) -> bool | None:
    """Whether a solved ticket was solved by its date; unknown where it has none or is not solved."""
    target = at(payload, "time_to_resolve", settings)
    return resolved <= target if target and resolved else None


def _changes(payload: Payload, settings: GlpiSettings) -> tuple[str | None, tuple[str, ...]]:
    """The change that caused a ticket, and all others that it is linked to. A link has no direction in GLPI: it tells
    a cause only where the settings say so (the latest change), or where a field names one."""
    linked = sorted({n for change in payload.get("changes") or () if (n := whole(change))})
    named = whole(field(payload, "caused_by"))
    cause = named or (linked[-1] if settings.cause_links and linked else None)
    others = tuple(row_id(settings.name, "change", n) for n in linked if n != cause)
    return (row_id(settings.name, "change", cause) if cause else None), others
