"""What a Redmine record means in canonical rows. Pure: knows no HTTP, no clock and no other record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from connectors import Payload
from connectors.links import touched
from connectors.redmine.links import named_team, segments_of, services_of, team_of
from connectors.redmine.settings import RedmineSettings
from connectors.redmine.surveys import answer_rows
from connectors.redmine.values import (
    closed_at,
    common,
    date_in,
    day_in,
    events_of,
    meaning,
    moves,
    name_in,
    ratio_of,
    reader,
    status_of,
)
from connectors.values import (
    LAST_SECOND,
    Rows,
    Unreadable,
    amounts,
    day_of,
    earliest,
    guarded,
    key_of,
    moment,
    text_of,
    whole,
)
from connectors.words import ROLLED_OUT, SOLVED
from impact.model import (
    END_OF_KIND,
    Change,
    Milestone,
    Team,
    Ticket,
    row_id,
    to_choice,
)

ENDED = (*SOLVED, "cancelled", "merged")


@guarded("id")
def team_rows(payload: Payload, settings: RedmineSettings) -> Rows:
    """A group or a project that is a team."""
    key, name, parent = (text_of(payload.get(k)) for k in ("id", "name", "parent"))
    if key is None or name is None:
        raise Unreadable("name", "", "a team without a key or a name")
    above = row_id(settings.name, "team", parent) if parent else None
    yield Team(**settings.row("team", key), name=name, parent_id=above)


@guarded("id")
def change_rows(payload: Payload, settings: RedmineSettings) -> Rows:
    """An issue of a change tracker: the change, its services and its segments."""
    key, fields = key_of(payload), reader(payload)
    status, raw = status_of(payload, settings, "change")
    team = named_team(payload, settings)
    costs, wrong = amounts(fields)
    begun, ended = _rollout(payload, settings, status, fields)
    outcome_raw = fields("outcome") or (raw if status in (*ROLLED_OUT, "cancelled") else None)
    outcome = (
        "unknown" if status == "cancelled" else to_choice(outcome_raw, settings.words["change_outcome"], "unknown")
    )
    yield Change(
        **common(payload, settings, "change"),
        number=key,
        title=text_of(payload.get("subject")) or f"Issue {key}",
        kind=cast(Any, to_choice(fields("kind"), settings.words["change_kind"])),
        kind_raw=fields("kind"),
        status=cast(Any, status),
        status_raw=raw,
        outcome=cast(Any, outcome),
        outcome_raw=outcome_raw,
        risk=cast(Any, to_choice(fields("risk"), settings.words["change_risk"], "unknown")),
        risk_raw=fields("risk"),
        planned_start_at=moment("start_date", payload.get("start_date"), settings.day_zone),
        planned_end_at=moment("due_date", payload.get("due_date"), settings.day_zone, LAST_SECOND),
        rollout_start_at=begun,
        rollout_end_at=ended,
        team_id=team.id if team else team_of(payload, settings),
        sponsor_key=_person(payload.get("sponsor")),
        requirement=fields("requirement"),
        expected_outcome=fields("expected_outcome"),
        **costs,
    )
    yield from (error.rejection(key) for error in wrong)
    if team:
        yield team
    yield from touched(settings.name, key, services_of(payload, settings), segments_of(payload, settings))


def _rollout(
    payload: Payload, settings: RedmineSettings, status: str, fields: Callable[[str], str | None]
) -> tuple[datetime | None, datetime | None]:
    """When customers met the change: a configured date field; else the first move into a status of rolling out; else
    the first into one of having been rolled out, or ``closed_on``. A cancelled change has only what its fields say."""
    start = moment("rollout_start_at", fields("rollout_start_at"), settings.day_zone)
    end = moment("rollout_end_at", fields("rollout_end_at"), settings.day_zone, LAST_SECOND)
    if status == "cancelled":
        return start, end
    starting = [w for w, ours in settings.words["change_rollout"].items() if ours == "started"]
    history = events_of(payload, "status")
    begun = next((at for at, event in history if str(_name(event.get("new"))).lower() in starting), None)
    ended = next((at for at, _, new in moves(payload, settings, "change") if new in ROLLED_OUT), None)
    if status in ROLLED_OUT:
        ended = earliest(ended, closed_at(payload))
    begun = earliest(begun, ended)
    return start or begun, end or ended


def _name(status: object) -> object:
    return status.get("name") if isinstance(status, Mapping) else None


@guarded("id")
def milestone_rows(payload: Payload, settings: RedmineSettings) -> Rows:
    """A child issue of a change, or the version that a change is targeted at."""
    if "version" in payload:
        yield from _version(payload, settings)
        return
    key, fields = key_of(payload), reader(payload)
    parent = whole(payload.get("parent"))
    if parent is None:
        raise Unreadable("parent", payload.get("parent"), "a step that belongs to no change")
    title = text_of(payload.get("subject")) or f"Issue {key}"
    kind = to_choice(fields("kind"), settings.words["milestone_kind"])
    status, raw = status_of(payload, settings, "milestone")
    progress = ratio_of(payload.get("done_ratio"))
    yield Milestone(
        **common(payload, settings, "milestone"),
        change_id=row_id(settings.name, "change", parent),
        title=title,
        end=END_OF_KIND[cast(Any, kind)],
        kind=cast(Any, kind),
        kind_raw=fields("kind"),
        planned_start_on=day_in(payload, "start_date"),
        due_on=day_in(payload, "due_date"),
        done_on=_done_on(payload, settings) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
        progress_ratio=progress,
        audience=fields("audience"),
        channel=fields("channel"),
    )


def _done_on(payload: Payload, settings: RedmineSettings) -> Any:
    """The day a step was closed; for one that is done in a status that Redmine does not count as closed, unknown."""
    return day_of(closed_at(payload), settings.day_zone)


def _version(payload: Payload, settings: RedmineSettings) -> Rows:
    """The version of a change; done when the last of its issues was closed, as versions have no such date."""
    about, change = payload["version"], whole(payload.get("change"))
    number = whole(about.get("id"))
    if change is None or number is None:
        raise Unreadable("version", about.get("id"), "a version without a number or a change")
    key, raw = f"{change}-version", text_of(about.get("status"))
    title = text_of(about.get("name")) or f"Version {number}"
    status = meaning(raw, None, settings, "milestone")
    issues = [issue for issue in payload.get("issues") or () if isinstance(issue, Mapping)]
    closings = [at for at in (date_in(issue, "closed_on") for issue in issues if issue.get("closed")) if at]
    yield Milestone(
        **settings.row("milestone", key, page=f"versions/{number}", updated_at=date_in(about, "updated_on")),
        change_id=row_id(settings.name, "change", change),
        title=title,
        due_on=day_in(about, "due_date"),
        done_on=day_of(max(closings, default=None), settings.day_zone) if status == "done" else None,
        status=cast(Any, status),
        status_raw=raw,
        progress_ratio=_completed(issues),
    )


def _completed(issues: list[Mapping[str, Any]]) -> float | None:
    """Progress of a version as Redmine's own roadmap shows it: the done ratio of its issues (closed ones count as
    done), weighted by estimated hours, the mean estimate standing for a missing one."""
    if not issues:
        return None
    hours = [_positive(issue.get("estimated_hours")) for issue in issues]
    known = [h for h in hours if h]
    mean = sum(known) / len(known) if known else 1.0
    done = [1.0 if issue.get("closed") is True else ratio_of(issue.get("done_ratio")) or 0.0 for issue in issues]
    weights = [h or mean for h in hours]
    total = sum(w * d for w, d in zip(weights, done, strict=True)) / (mean * len(issues))
    return min(1.0, total)


def _positive(value: object) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12
    return float(cast(Any, value)) if fits else None


@guarded("id")
def ticket_rows(payload: Payload, settings: RedmineSettings) -> Rows:
    """A customer's ticket with its answer to the survey. A step of a change is no customer's ticket: no row."""
    links = payload.get("links") or {}
    if links.get("step_of"):
        return
    opened = date_in(payload, "created_on")
    if opened is None:
        raise Unreadable("created_on", payload.get("created_on"), "a ticket without a creation date")
    key, fields = key_of(payload), reader(payload)
    status, raw = status_of(payload, settings, "ticket")
    service = next(iter(services_of(payload, settings)), None)
    segments = tuple({segment.id: segment for segment in segments_of(payload, settings)}.values())
    history = _history(payload, settings, status)
    kind_raw, priority_raw = fields("kind") or name_in(payload, "tracker"), name_in(payload, "priority")
    priority = settings.words["priority"].get((priority_raw or "").lower())
    cause, others = _causes(links, fields("caused_by"), settings)
    yield Ticket(
        **common(payload, settings, "ticket"),
        number=key,
        kind=cast(Any, to_choice(kind_raw, settings.words["ticket_kind"])),
        kind_raw=kind_raw,
        priority=int(priority) if priority else None,
        priority_raw=priority_raw,
        status=cast(Any, status),
        status_raw=raw,
        opened_at=opened,
        **history,
        closed_at=closed_at(payload) if status in SOLVED else None,
        channel=cast(Any, to_choice(fields("channel"), settings.words["channel"])),
        channel_raw=fields("channel"),
        service_id=service.id if service else None,
        team_id=team_of(payload, settings),
        segment_ids=tuple(segment.id for segment in segments),
        person_key=_person(payload.get("requester")) or text_of(payload.get("author")),
        caused_by_change_id=row_id(settings.name, "change", cause) if cause else None,
        change_ids=tuple(row_id(settings.name, "change", i) for i in others),
    )
    yield from segments
    if service:
        yield service
    resolved = history["resolved_at"] or history["first_resolved_at"]
    yield from answer_rows(
        payload, settings, solved=status in SOLVED, resolved=resolved, service=service, segments=segments
    )


def _causes(links: Mapping[str, Any], named: str | None, settings: RedmineSettings) -> tuple[int | None, list[int]]:
    """The change that caused a ticket (a custom field's, else the latest that a causing relation names), and all other
    changes it is linked to."""
    linked = {
        kind: [n for n in map(whole, ids) if n is not None] for kind, ids in links.items() if isinstance(ids, list)
    }
    causing = [number for kind in settings.cause_relations for number in linked.get(kind, ())]
    cause = whole(named) if named else max(causing, default=None)
    return cause, sorted({number for ids in linked.values() for number in ids if number != cause})


def _history(payload: Payload, settings: RedmineSettings, status: str) -> dict[str, Any]:
    """First answer, resolutions, reopenings and moves; unknown where no history was read."""
    closed = closed_at(payload) if status in SOLVED else None
    if "history" not in payload:
        return {"resolved_at": closed, "first_resolved_at": closed}
    changes = moves(payload, settings, "ticket")
    solved = [at for at, old, new in changes if new in SOLVED and old not in SOLVED]
    resolved = (solved[-1] if solved else closed) if status in SOLVED else None
    back = [at for at, old, new in changes if old in ENDED and new not in ENDED]
    return {
        "first_reply_at": next((at for at, _ in events_of(payload, "reply")), None),
        "resolved_at": resolved,
        "first_resolved_at": earliest(*solved, resolved),
        "reopened_at": back[0] if back else None,
        "reopened_count": len(back),
        "reassigned_count": _reassigned(payload),
    }


def _reassigned(payload: Payload) -> int:
    """How often the group, and how often the project was another than before; a first group is no move."""
    count, last = 0, dict[str, str]()
    for _, event in events_of(payload, "team"):
        old, new = str(event.get("old") or ""), str(event.get("new") or "")
        kind = new.partition(":")[0]
        before = old or last.get(kind, "")
        count += bool(before) and before != new
        last[kind] = new
    return count


def _person(values: object) -> str | None:
    """The first of the hashed people in a list."""
    return next(filter(None, map(text_of, values)), None) if isinstance(values, list) else None
