"""What teams, services, changes and milestones of a ServiceNow mean in canonical rows. Knows no HTTP, no clock."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from connectors import Payload
from connectors.links import change_segment, change_service
from connectors.servicenow.parts import Reader, affected, common, key_of, link, segments_of, services_of
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import Rows, Unreadable, amounts, day_of, guarded, instant, number, or_error, text_of
from connectors.words import ROLLED_OUT
from impact.model import (
    END_OF_KIND,
    Change,
    Milestone,
    Role,
    Service,
    Team,
    row_id,
)


@guarded("sys_id")
def team_rows(payload: Payload, settings: ServiceNowSettings) -> Rows:
    """A group of users."""
    name = text_of(payload.get("name"))
    if name is None:
        raise Unreadable("name", "", "a group without a name")
    above = link(settings, "team", text_of(payload.get("parent")))
    yield Team(**common(payload, settings, "team", "sys_user_group"), name=name, parent_id=above)


@guarded("sys_id")
def service_rows(payload: Payload, settings: ServiceNowSettings) -> Rows:
    """A service or an offering of one."""
    read = Reader(payload, settings, "service", "cmdb_ci_service")
    name = text_of(payload.get("name"))
    if name is None:
        raise Unreadable("name", "", "a service without a name")
    yield Service(
        **common(payload, settings, "service", "cmdb_ci_service"),
        name=name,
        parent_id=link(settings, "service", read("parent")),
        owner_team_id=link(settings, "team", read("team")),
        criticality=read.word("criticality"),
    )


@guarded("sys_id")
def change_rows(payload: Payload, settings: ServiceNowSettings) -> Rows:
    """A change request with the services and groups of customers it touches."""
    key, read = key_of(payload), Reader(payload, settings, "change", "change_request")
    rejected = str(payload.get("approval")).strip().lower() == "rejected"
    status, raw = read.meaning("status", "change_status", "other"), read.word("status")
    if rejected:  # whatever its state: it was never allowed to be done
        status, raw = "cancelled", f"{raw or 'unknown'} (approval rejected)"
    begun, ended = _rollout(read, settings, status)
    costs, wrong = amounts(read)
    yield Change(
        **common(payload, settings, "change", "change_request"),
        number=read("number") or key,
        title=read("title") or read("number") or key,
        kind=read.meaning("kind", "change_kind", "other"),
        kind_raw=read.word("kind"),
        status=status,
        status_raw=raw,
        outcome="unknown" if status == "cancelled" else read.meaning("outcome", "change_outcome", "unknown"),
        outcome_raw=read.word("outcome"),
        risk=read.meaning("risk", "change_risk", "unknown"),
        risk_raw=read.word("risk"),
        planned_start_at=read.at("planned_start_at"),
        planned_end_at=read.at("planned_end_at"),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=link(settings, "team", read("team")),
        sponsor_key=text_of(payload.get("sponsor")),
        requirement=read("requirement"),
        expected_outcome=read("expected_outcome"),
        **costs,
    )
    yield from (error.rejection(key) for error in wrong)
    yield from _touched(payload, settings, key)


def _rollout(read: Reader, settings: ServiceNowSettings, status: str) -> tuple[datetime | None, datetime | None]:
    """The actual dates; never those of a cancelled change, and the planned ones only where the settings allow it."""
    begun, ended = read.at("rollout_start_at"), read.at("rollout_end_at")
    if status == "cancelled":
        return None, None
    if settings.rollout_from_plan and status in ROLLED_OUT and begun is None and ended is None:
        return read.at("planned_start_at"), read.at("planned_end_at")
    return begun, ended


def _touched(payload: Payload, settings: ServiceNowSettings, key: str) -> Rows:
    seen = set[str]()
    for role, named in (("changed", services_of(payload, settings)), ("affected", affected(payload, settings))):
        for service, row in named:
            if service in seen:  # ServiceNow lists what a change names among what it affects too
                continue
            seen.add(service)
            if row:
                yield row
            yield change_service(settings.name, key, service, cast(Role, role))
    for segment in segments_of(payload, settings):
        yield segment
        yield change_segment(settings.name, key, segment.source_key)


@guarded("sys_id")
def milestone_rows(payload: Payload, settings: ServiceNowSettings) -> Rows:
    """A task of a change, or a milestone of a project that belongs to one."""
    table = text_of(payload.get("table")) or "change_task"
    read = Reader(payload, settings, "milestone", table)
    change = text_of(payload.get("change"))
    if change is None:
        raise Unreadable("change_request", "", "a task that belongs to no change")
    status = read.meaning("status", "milestone_status", "other")
    kind = read.meaning("kind", "milestone_kind", "other")
    due, done = read.at("due_on"), read.at("done_on") or instant("closed_at", payload.get("closed_at"))
    percent = or_error(number, "progress_ratio", read("progress"))
    yield Milestone(
        **common(payload, settings, "milestone", table),
        change_id=row_id(settings.name, "change", change),
        title=read("title") or text_of(payload.get("number")) or key_of(payload),
        kind=kind,
        end=END_OF_KIND[kind],
        kind_raw=read.word("kind"),
        planned_start_on=day_of(read.at("planned_start_on"), settings.day_zone),
        due_on=day_of(due, settings.day_zone),
        done_on=day_of(done, settings.day_zone) if status == "done" else None,
        status=status,
        status_raw=read.word("status"),
        progress_ratio=percent / 100 if isinstance(percent, float) and 0 <= percent <= 100 else None,
        audience=read("audience"),
        channel=read("channel"),
    )
    if isinstance(percent, Unreadable):
        yield percent.rejection(key_of(payload))
