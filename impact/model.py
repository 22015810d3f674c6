"""The canonical rows: what happened, in words no vendor owns. Knows no vendor, no storage and no statistics.

Every table is one frozen dataclass; every field carries its help and unit, so that the data-model page, the
store's columns and the connector checks all come from this one place. ``None`` means unknown and is never 0.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args, get_origin, get_type_hints


class ImpactError(Exception):
    """Something the product can explain in one sentence: what happened, the value, what is allowed, what to do."""


class SettingsError(ImpactError):
    """A setting is missing or wrong: the user fixes it; the message names the key and the file."""


class SourceError(ImpactError):
    """A source could not be read; other sources go on."""


class SourceUnavailable(SourceError):
    """The source did not answer in time; it was retried, and is worth another try later."""


class SourceRefused(SourceError):
    """The source said no (wrong credentials, missing right): never retried."""


class SourceChanged(SourceError):
    """The source answered in a shape that is not understood."""


class StoreError(ImpactError):
    """The data folder cannot be read or written."""


class UnfitError(StoreError):
    """A single record or row cannot be stored as it is; others can."""


ChangeKind = Literal["standard", "normal", "emergency", "other"]
ChangeStatus = Literal["planned", "running", "done", "rolled_back", "cancelled", "other"]
ChangeOutcome = Literal["successful", "with_issues", "failed", "unknown"]
Risk = Literal["low", "medium", "high", "unknown"]
MilestoneEnd = Literal["design", "business", "rollout", "review", "other"]
MilestoneKind = Literal[
    "requirement",
    "design",
    "build",
    "test",
    "approval",
    "communication",
    "training",
    "support_ready",
    "rollout",
    "review",
    "other",
]
END_OF_KIND: Mapping[MilestoneKind, MilestoneEnd] = {
    "requirement": "design", "design": "design", "build": "design", "test": "design", "approval": "design",
    "communication": "business", "training": "business", "support_ready": "business", "rollout": "rollout",
    "review": "review", "other": "other",
}  # fmt: skip
"""Which end of a change a kind of milestone prepares, where nothing else is said."""
MilestoneStatus = Literal["open", "done", "cancelled", "other"]
TicketKind = Literal["incident", "request", "question", "problem", "other"]
TicketStatus = Literal["open", "waiting", "resolved", "closed", "cancelled", "merged", "other"]
Channel = Literal["portal", "chat", "mail", "phone", "walk_in", "monitoring", "other"]
Instrument = Literal["csat", "nps", "ces", "thumbs", "lost_time", "other"]
Better = Literal["high", "low"]
Role = Literal["changed", "affected"]
Origin = Literal["source", "rule", "hand"]
Dimension = Literal["location", "department", "role", "device", "tier", "other"]


def _f(help: str, unit: str = "", default: Any = None) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "unit": unit})


def _required(help: str, unit: str = "") -> Any:
    return dataclasses.field(metadata={"help": help, "unit": unit})


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What every canonical row carries."""

    id: str = _required("Deterministic id `source:table:key`; an upsert replaces the row with the same id")
    source: str = _required("Name of the configured source that delivered the row")
    source_key: str = _required("The row's own key in that source")
    url: str | None = _f("Address of the record in the source, for people who may open it there")
    source_updated_at: datetime | None = _f("When the source last changed the record", "UTC instant")
    fetched_at: datetime | None = _f("When the record was read; stamped by the store", "UTC instant")
    missing_at: datetime | None = _f("When the source no longer listed the record; stamped by the store", "UTC instant")


STAMPED = frozenset({"fetched_at", "missing_at"})
"""Fields that the store fills in: no source gives them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change(Row):
    """A change to IT services, planned or rolled out."""

    number: str = _required("The number people use for the change")
    title: str = _required("Title as the source has it")
    kind: ChangeKind = _f("Kind of change", default="other")
    kind_raw: str | None = _f("The source's own word for the kind")
    status: ChangeStatus = _f("Where the change stands", default="other")
    status_raw: str | None = _f("The source's own word for the status")
    outcome: ChangeOutcome = _f("How it was closed, as the source says; unknown is never success", default="unknown")
    outcome_raw: str | None = _f("The source's own word for the outcome")
    risk: Risk = _f("Risk as assessed before rollout", default="unknown")
    risk_raw: str | None = _f("The source's own word for the risk")
    planned_start_at: datetime | None = _f("Planned start of the rollout", "UTC instant")
    planned_end_at: datetime | None = _f("Planned end of the rollout", "UTC instant")
    rollout_start_at: datetime | None = _f("When customers first met the change", "UTC instant")
    rollout_end_at: datetime | None = _f("When the rollout was complete", "UTC instant")
    team_id: str | None = _f("Team that owns the change")
    sponsor_key: str | None = _f("Keyed hash of the sponsor; never a name")
    requirement: str | None = _f("The customer requirement behind the change")
    expected_outcome: str | None = _f("What customers should notice, stated beforehand")
    planned_cost: float | None = _f("Planned cost", "money")
    actual_cost: float | None = _f("Actual cost so far", "money")
    expected_benefit_hours: float | None = _f("Expected benefit a month", "hours")
    expected_benefit_money: float | None = _f("Expected benefit a month", "money")


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone(Row):
    """A planned step of a change, at the design end or the business end."""

    change_id: str = _required("The change it belongs to")
    title: str = _required("Title as the source has it")
    end: MilestoneEnd = _f("Which end of the change it prepares", default="other")
    kind: MilestoneKind = _f("What kind of step it is", default="other")
    kind_raw: str | None = _f("The source's own word for the kind")
    planned_start_on: date | None = _f("Planned first day", "date")
    due_on: date | None = _f("Planned last day", "date")
    done_on: date | None = _f("Day it was done", "date")
    status: MilestoneStatus = _f("Where it stands; a cancelled milestone is not late", default="other")
    status_raw: str | None = _f("The source's own word for the status")
    progress_ratio: float | None = _f("Progress", "ratio 0..1")
    weight: float = _f("Weight in readiness", "relative", 1.0)
    audience: str | None = _f("Who is told or trained (a group, never a person)")
    channel: str | None = _f("Through which channel they are told or trained")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket(Row):
    """A contact of a customer with the service desk."""

    number: str = _required("The number people use for the ticket")
    kind: TicketKind = _f("Kind of ticket", default="other")
    kind_raw: str | None = _f("The source's own word for the kind")
    priority: int | None = _f("Priority, 1 is the highest", "1..5")
    priority_raw: str | None = _f("The source's own word for the priority")
    status: TicketStatus = _f("Where it stands; merged = folded into another ticket, counted there", default="other")
    status_raw: str | None = _f("The source's own word for the status")
    opened_at: datetime = _required("When it was opened", "UTC instant")
    first_reply_at: datetime | None = _f("First answer by the service desk", "UTC instant")
    resolved_at: datetime | None = _f("Latest resolution, only while resolved now", "UTC instant")
    first_resolved_at: datetime | None = _f("First resolution, kept when reopened", "UTC instant")
    reopened_at: datetime | None = _f("First reopening", "UTC instant")
    closed_at: datetime | None = _f("When it was closed for good", "UTC instant")
    reopened_count: int | None = _f("How often it was reopened", "count")
    reassigned_count: int | None = _f("How often it changed teams", "count")
    within_target: bool | None = _f("Resolved within its service level target")
    channel: Channel = _f("How the customer made contact", default="other")
    channel_raw: str | None = _f("The source's own word for the channel")
    service_id: str | None = _f("Service it is about")
    team_id: str | None = _f("Team that handles it")
    segment_ids: tuple[str, ...] = _f("Groups of customers it belongs to", default=())
    person_key: str | None = _f("Keyed hash of the customer; never a name")
    caused_by_change_id: str | None = _f("Change the source itself names as the cause; may be unknown to every source")
    change_ids: tuple[str, ...] = _f(
        "Changes the source links to the ticket in any other role, such as its cure; may be unknown to every source",
        default=(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SatisfactionResponse(Row):
    """One survey sent to a customer, answered or not."""

    instrument: Instrument = _f("Kind of question", default="csat")
    asked_at: datetime | None = _f("When it was sent", "UTC instant")
    answered_at: datetime | None = _f("When it was answered; unknown = asked, not answered", "UTC instant")
    score_raw: float | None = _f("The answer on its own scale", "scale points")
    scale_min: float = _required("Lowest possible answer", "scale points")
    scale_max: float = _required("Highest possible answer", "scale points")
    better: Better = _f("Which end of the scale is good", default="high")
    score_ratio: float | None = _f("The answer on 0..1, where 1 is best", "ratio 0..1")
    lost_minutes: float | None = _f("Working time lost, as the customer reports it", "minutes")
    ticket_id: str | None = _f("Ticket it is about")
    change_id: str | None = _f("Change it is about")
    service_id: str | None = _f("Service it is about")
    segment_ids: tuple[str, ...] = _f("Groups of customers it belongs to", default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Service(Row):
    """Something customers use."""

    name: str = _required("Name")
    parent_id: str | None = _f("Service it is part of")
    owner_team_id: str | None = _f("Team that owns it")
    criticality: str | None = _f("How critical it is, in the source's words")


@dataclass(frozen=True, kw_only=True, slots=True)
class Team(Row):
    """A team; never a person."""

    name: str = _required("Name")
    parent_id: str | None = _f("Team it is part of")


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment(Row):
    """A group of customers; never a person."""

    name: str = _required("Name")
    dimension: Dimension = _f("What the group is about", default="other")
    parent_id: str | None = _f("Group it is part of")


@dataclass(frozen=True, kw_only=True, slots=True)
class Population(Row):
    """How many people a group or service has: the denominator of every per-person rate."""

    segment_id: str | None = _f("Group counted")
    service_id: str | None = _f("Service counted")
    from_on: date = _required("First day the count holds", "date")
    people_count: int = _required("People", "count")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeService(Row):
    """Which services a change touches."""

    change_id: str = _required("The change")
    service_id: str = _required("The service")
    role: Role = _f("Changed itself, or affected by it", default="changed")
    origin: Origin = _f("Who says so: the source, a configured rule, or a hand", default="source")
    rollout_on: date | None = _f("The service's own rollout day in a staged rollout", "date")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeSegment(Row):
    """Which groups of customers a change touches."""

    change_id: str = _required("The change")
    segment_id: str = _required("The group")
    role: Role = _f("Changed itself, or affected by it", default="affected")
    origin: Origin = _f("Who says so: the source, a configured rule, or a hand", default="source")
    rollout_on: date | None = _f("The group's own rollout day in a staged rollout", "date")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not become a row: kept, shown, and never silently lost."""

    key: str
    reason: str
    column: str | None = None
    value: str | None = None
    place: str | None = None  # file and line, or address of the record


TABLES: Mapping[str, type[Row]] = types.MappingProxyType(
    {
        "change": Change,
        "milestone": Milestone,
        "ticket": Ticket,
        "satisfaction_response": SatisfactionResponse,
        "service": Service,
        "team": Team,
        "segment": Segment,
        "population": Population,
        "change_service": ChangeService,
        "change_segment": ChangeSegment,
    }
)
TABLE_OF: Mapping[type[Row], str] = types.MappingProxyType({row: name for name, row in TABLES.items()})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table, as documentation and store need it.

    ``type`` is one of str, int, float, bool, datetime, date, tuple (of text); ``choices`` are the words of an enum.
    """

    name: str
    type: type
    optional: bool
    choices: tuple[str, ...]
    help: str
    unit: str


def fields(table: str) -> tuple[Field, ...]:
    """The fields of ``table`` in order, with help and unit. Raises KeyError for an unknown table."""
    return _FIELDS[table]


def _describe(row: type[Row]) -> Iterator[Field]:
    hints = get_type_hints(row)
    for spec in dataclasses.fields(row):
        hint = hints[spec.name]
        parts = get_args(hint) if get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
        optional = type(None) in parts
        inner = next(part for part in parts if part is not type(None))
        choices = get_args(inner) if get_origin(inner) is Literal else ()
        kind = str if choices else (tuple if get_origin(inner) is tuple else inner)
        yield Field(spec.name, kind, optional, choices, spec.metadata["help"], spec.metadata["unit"])


_FIELDS: Mapping[str, tuple[Field, ...]] = types.MappingProxyType(
    {name: tuple(_describe(row)) for name, row in TABLES.items()}
)


def row_id(source: str, table: str, key: object) -> str:
    """The deterministic id of a row: the same record gets the same id in every sync and from every stream."""
    return f"{source}:{table}:{key}"


def to_choice(word: object, choices: Mapping[str, str], default: str = "other") -> str:
    """Translate a source's word; an unknown word becomes ``default`` (its own spelling is kept beside it)."""
    return choices.get(str(word).strip().lower(), default) if word not in (None, "") else default


def score_ratio(score: float | None, *, scale_min: float, scale_max: float, better: Better = "high") -> float | None:
    """An answer on 0..1 where 1 is best; None when unanswered or outside its own scale."""
    if score is None or scale_max <= scale_min or not scale_min <= score <= scale_max:
        return None
    ratio = (score - scale_min) / (scale_max - scale_min)
    return ratio if better == "high" else 1.0 - ratio
