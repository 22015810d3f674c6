"""What entries of GLPI's lists mean in canonical rows: teams, services, segments, milestones, surveys. Pure: knows no
change and no ticket."""

from __future__ import annotations

from typing import Any, cast

from connectors import Payload
from connectors.glpi import words
from connectors.glpi.places import segment_ids, services_of
from connectors.glpi.rows import at, common, key_of, meaning, word_of
from connectors.glpi.settings import GlpiSettings
from connectors.values import Rows, Unreadable, day_of, guarded, mapping, number, plain, text_of, whole
from impact.model import (
    Better,
    Instrument,
    Milestone,
    Rejected,
    SatisfactionResponse,
    Segment,
    Service,
    Team,
    row_id,
    score_ratio,
    to_choice,
)

PARENTS = {"entity": "entities_id", "location": "locations_id"}


@guarded("id")
def team_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """A group."""
    yield Team(**_entry(payload, settings, "team", key_of(payload), "groups_id", ""))


@guarded("id")
def service_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """An ITIL category, or an item of a type that is a service."""
    kind = text_of(payload.get("kind")) or "category"
    yield Service(**_entry(payload, settings, "service", f"{kind}:{key_of(payload)}", "itilcategories_id", f"{kind}:"))


@guarded("id")
def segment_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """An entity or a location. The entity 0 is the root of all."""
    kind, number_ = text_of(payload.get("kind")), whole(payload.get("id"))
    if kind not in PARENTS or number_ is None or number_ < (0 if kind == "entity" else 1):
        raise Unreadable("id", payload.get("id"), "an entity or a location without an id")
    dimension = settings.entity_dimension if kind == "entity" else "location"
    common_ = _entry(payload, settings, "segment", f"{kind}:{number_}", PARENTS[kind], f"{kind}:")
    above = whole(payload.get(PARENTS[kind]))
    if kind == "entity" and above == 0 and number_ != 0:  # elsewhere 0 is none
        common_["parent_id"] = row_id(settings.name, "segment", "entity:0")
    yield Segment(**common_, dimension=cast(Any, dimension))


def _entry(payload: Payload, settings: GlpiSettings, table: str, key: str, parent: str, prefix: str) -> dict[str, Any]:
    """What the rows of lists have in common: key, name and parent (0 or below is none)."""
    name = plain(payload.get("name")) or plain(payload.get("completename"))
    if name is None:
        raise Unreadable("name", payload.get("name"), "an entry without a name")
    above = whole(payload.get(parent))
    return {
        **settings.row(table, key),
        "name": name,
        "parent_id": row_id(settings.name, table, f"{prefix}{above}") if above and above > 0 else None,
    }


@guarded("id")
def milestone_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """A task of a change, or a task of a project that a change is linked to."""
    change = whole(payload.get("changes_id"))
    if not change:
        raise Unreadable("changes_id", payload.get("changes_id"), "a task that belongs to no change")
    if "project_task" in payload:
        yield _project_task(payload, settings, change)
        return
    key = key_of(payload)
    raw = word_of(payload.get("state"), words.TASK_STATE)
    status = meaning(settings, "milestone_status", payload.get("state"), raw)
    begin, end = at(payload, "begin", settings), at(payload, "end", settings)
    done = end if settings.done_on_from == "end" else at(payload, "date_mod", settings)
    yield Milestone(
        **common(payload, settings, "milestone", key),
        **_step(payload, settings, change, f"Task {key}"),
        planned_start_on=day_of(begin, settings.day_zone),
        due_on=day_of(end, settings.day_zone),
        done_on=day_of(done, settings.day_zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
    )


def _step(payload: Payload, settings: GlpiSettings, change: int, title: str) -> dict[str, Any]:
    kind = plain(payload.get("category"))
    return {
        "change_id": row_id(settings.name, "change", change),
        "title": plain(payload.get("title")) or title,
        "kind": to_choice(kind, settings.words["milestone_kind"]),
        "kind_raw": kind,
    }


def _project_task(payload: Payload, settings: GlpiSettings, change: int) -> Milestone:
    key = text_of(payload.get("id"))
    if key is None:
        raise Unreadable("id", payload.get("id"), "a task without an id")
    percent = number("percent_done", payload.get("percent_done"))
    progress = percent / 100 if percent is not None and 0 <= percent <= 100 else None
    raw = plain(payload.get("state"))
    status = meaning(settings, "milestone_status", payload.get("state"), raw)
    if status == "other" and progress is not None:
        status = "done" if progress >= 1 else "open"
    if whole(payload.get("is_deleted")):
        status, raw = "cancelled", "deleted"
    ended = at(payload, "real_end_date", settings)
    return Milestone(
        **common(payload, settings, "milestone", key),
        **_step({**payload, "title": payload.get("name")}, settings, change, f"Task {key}"),
        planned_start_on=day_of(at(payload, "plan_start_date", settings), settings.day_zone),
        due_on=day_of(at(payload, "plan_end_date", settings), settings.day_zone),
        done_on=day_of(ended, settings.day_zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
        progress_ratio=progress,
    )


@guarded("id")
def survey_rows(payload: Payload, settings: GlpiSettings) -> Rows:
    """A survey that was sent: answered only where it has the date of an answer and a score."""
    key, ticket = key_of(payload), whole(payload.get("tickets_id"))
    if not ticket:
        raise Unreadable("tickets_id", payload.get("tickets_id"), "a survey that belongs to no ticket")
    answered = at(payload, "date_answered", settings)
    given = number("satisfaction", payload.get("satisfaction"))
    scaled = number("satisfaction_scaled_to_5", payload.get("satisfaction_scaled_to_5"))
    score = scaled if scaled is not None and settings.csat_max == 5 else given
    wrong = None
    if score is not None and not settings.csat_min <= score <= settings.csat_max:
        wrong = f"a score outside the scale {settings.csat_min:g} to {settings.csat_max:g}; see csat_min and csat_max"
    elif score is not None and answered is None:
        wrong = "a score without the date of an answer: nobody answered"
    score = None if wrong else score
    better = cast(Better, settings.csat_better)
    about = mapping(payload.get("ticket"))
    service = next((service_key for service_key, _ in services_of(about, settings)), None)
    yield SatisfactionResponse(
        **common({}, settings, "satisfaction_response", key),
        instrument=cast(Instrument, settings.csat_instrument),
        asked_at=at(payload, "date_begin", settings),
        answered_at=answered if score is not None else None,
        score_raw=score,
        scale_min=settings.csat_min,
        scale_max=settings.csat_max,
        better=better,
        score_ratio=score_ratio(score, scale_min=settings.csat_min, scale_max=settings.csat_max, better=better),
        ticket_id=row_id(settings.name, "ticket", ticket),
        service_id=row_id(settings.name, "service", service) if service else None,
        segment_ids=segment_ids(about, settings),
    )
    if wrong:
        yield Rejected(key, wrong, column="satisfaction", value=text_of(payload.get("satisfaction")))
