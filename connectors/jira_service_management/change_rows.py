"""What a change of a Jira means in canonical rows, and its steps and versions. Pure: knows no HTTP and no clock."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, cast

from connectors import Payload
from connectors.jira_service_management.meaning import (
    common,
    events_of,
    first_of,
    key_of,
    moves,
    person_in,
    status_of,
)
from connectors.jira_service_management.named import segments_of, services_of, team_of
from connectors.jira_service_management.settings import JiraSettings
from connectors.links import touched
from connectors.values import (
    DAY,
    LAST_SECOND,
    Rows,
    Unreadable,
    amounts,
    day,
    day_of,
    earliest,
    guarded,
    instant,
    mapping,
    moment,
    readable,
    text_of,
)
from connectors.words import ROLLED_OUT
from impact.model import (
    END_OF_KIND,
    Change,
    Milestone,
    MilestoneKind,
    row_id,
    to_choice,
)

CARRIED_OUT = ("running", *ROLLED_OUT)
Dates = tuple[datetime | None, datetime | None]


@guarded("id")
def change_rows(payload: Payload, settings: JiraSettings) -> Rows:
    """An issue of a change type: the change, its team, services and groups of customers."""
    key = key_of(payload)
    status, raw = status_of(payload, settings, "change")
    team = team_of(payload, settings)
    costs, wrong = amounts(lambda name: first_of(payload, name))
    planned, unplanned = _plan(payload, settings)
    plan = (planned.get("planned_start_at"), planned.get("planned_end_at"))
    begun, ended = _rollout(payload, settings, status, plan)
    outcome, outcome_raw = _outcome(payload, settings, status, raw)
    yield Change(
        **common(payload, settings, "change"),
        **costs,
        **planned,
        number=text_of(payload.get("key")) or key,
        title=text_of(payload.get("summary")) or f"Issue {key}",
        kind=cast(Any, to_choice(first_of(payload, "kind"), settings.words["change_kind"])),
        kind_raw=first_of(payload, "kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome),
        outcome_raw=outcome_raw,
        risk=cast(Any, to_choice(first_of(payload, "risk"), settings.words["change_risk"], "unknown")),
        risk_raw=first_of(payload, "risk"),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team.id if team else None,
        sponsor_key=person_in(payload.get("sponsor")),
        requirement=first_of(payload, "requirement"),
        expected_outcome=first_of(payload, "expected_outcome"),
    )
    yield from (error.rejection(key) for error in (*wrong, *unplanned))
    if team:
        yield team
    yield from touched(settings.name, key, services_of(payload, settings), segments_of(payload, settings))


def _plan(payload: Payload, settings: JiraSettings) -> tuple[dict[str, Any], list[Unreadable]]:
    """The planned dates, and what is wrong with those that cannot be read. The end of a day is its last second."""

    def read(column: str, value: object) -> datetime | None:
        return moment(column, value, settings.day_zone, LAST_SECOND if column == "planned_end_at" else time.min)

    return readable(read, {name: first_of(payload, name) for name in ("planned_start_at", "planned_end_at")})


def _outcome(payload: Payload, settings: JiraSettings, status: str, raw: str | None) -> tuple[str, str | None]:
    """The outcome by a configured field, else by a resolution or a last status whose word says it. A resolution such
    as *Done* does not; a change that has not ended, or never was carried out, has none."""
    words, resolution = settings.words["change_outcome"], text_of(payload.get("resolution"))
    said = [first_of(payload, "outcome"), resolution, raw if status in ROLLED_OUT else None]
    decisive = next((word for word in said if word and word.lower() in words), None)
    shown = decisive or next(filter(None, said[:2]), None)
    return (to_choice(decisive, words, "unknown") if status in (*ROLLED_OUT, "other") else "unknown"), shown


def _rollout(payload: Payload, settings: JiraSettings, status: str, plan: Dates) -> Dates:
    """When customers met the change: what its fields say; else, where the team keeps its plan so, the planned dates;
    else the first move into a status of rolling out and the first into an end, or the resolution. A change that was
    never carried out, or is planned again, has no such dates."""
    if status not in (*CARRIED_OUT, "other"):
        return None, None
    said = (
        moment("rollout_start_at", first_of(payload, "rollout_start_at"), settings.day_zone),
        moment("rollout_end_at", first_of(payload, "rollout_end_at"), settings.day_zone, LAST_SECOND),
    )
    if settings.rollout_from_plan and status in CARRIED_OUT:
        said = (said[0] or plan[0], said[1] or (plan[1] if status in ROLLED_OUT else None))
    started = settings.words["change_rollout"]
    begun = next((at for at, event in events_of(payload, "status") if _named(event.get("new")) in started), None)
    ended = None
    if status in ROLLED_OUT:
        moved = (at for at, _, new in moves(payload, settings, "change") if new in ROLLED_OUT)
        ended = next(moved, None) or instant("resolved", payload.get("resolved"))
        ended = ended or instant("moved", payload.get("moved"))
        begun = earliest(begun, ended)
    return said[0] or begun, said[1] or ended


def _named(status: object) -> str:
    return (text_of(mapping(status).get("name")) or "").lower()


@guarded("id")
def milestone_rows(payload: Payload, settings: JiraSettings) -> Rows:
    """A child of a change, or a version that a change is targeted at."""
    if "version" in payload:
        yield _version(payload, settings)
        return
    key, parent = key_of(payload), text_of(payload.get("parent"))
    if parent is None:
        raise Unreadable("parent", payload.get("parent"), "a step that belongs to no change")
    status, raw = status_of(payload, settings, "milestone")
    kind = cast(MilestoneKind, to_choice(first_of(payload, "kind"), settings.words["milestone_kind"]))
    done_at = instant("resolved", payload.get("resolved")) or instant("moved", payload.get("moved"))
    yield Milestone(
        **common(payload, settings, "milestone"),
        change_id=row_id(settings.name, "change", parent),
        title=text_of(payload.get("summary")) or f"Issue {key}",
        end=END_OF_KIND[kind],
        kind=kind,
        kind_raw=first_of(payload, "kind"),
        planned_start_on=_day(payload, settings, "planned_start_on"),
        due_on=_day(payload, settings, "due_on"),
        done_on=day_of(done_at, settings.day_zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
        audience=first_of(payload, "audience"),
        channel=first_of(payload, "channel"),
    )


def _day(payload: Payload, settings: JiraSettings, name: str) -> Any:
    said = first_of(payload, name)
    if said and not DAY.fullmatch(said):  # a field with a time of its own
        return day_of(instant(name, said), settings.day_zone)
    return day(name, said)


def _version(payload: Payload, settings: JiraSettings) -> Milestone:
    """A version of a change. Jira has one date for it: the planned one until it is released, then that of the release,
    which takes the planned one's place."""
    about, change, key = mapping(payload.get("version")), text_of(payload.get("change")), text_of(payload.get("id"))
    if change is None or key is None:
        raise Unreadable("version", payload.get("change"), "a version without a change")
    released, archived = about.get("released") is True, about.get("archived") is True
    date = day("releaseDate", about.get("releaseDate"))
    raw = "released" if released else "archived" if archived else "unreleased"
    return Milestone(
        **settings.row("milestone", key),
        change_id=row_id(settings.name, "change", change),
        title=text_of(about.get("name")) or f"Version {text_of(about.get('id'))}",
        planned_start_on=day("startDate", about.get("startDate")),
        due_on=None if released else date,
        done_on=date if released else None,
        status="done" if released else "other" if archived else "open",
        status_raw=raw,
    )
