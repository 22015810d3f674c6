"""The demo organisation in Request Tracker's words: tickets, transactions, queues and custom fields.

Knows the world and the shape of Request Tracker's records, and neither HTTP nor what a change truly did: effects
have no field here. Dates are UTC; a date that is not set is 1970, as in the real system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.demo_organisation.query import Column
from impact.demo_organisation.story import DEPARTMENTS, LOCATIONS, SERVICES, TEAMS
from impact.demo_organisation.world import CHANNELS, ChangeFact, MilestoneFact, World

CHANGE_QUEUE, MILESTONE_QUEUE = "Changes", "Milestones"
QUEUES: tuple[str, ...] = (*TEAMS, CHANGE_QUEUE, MILESTONE_QUEUE)
LIFECYCLES = {CHANGE_QUEUE: "change", MILESTONE_QUEUE: "milestone"}
CUSTOM_FIELDS = (
    "Service", "Channel", "Ticket Type", "Survey Sent", "CSAT", "Location", "Department", "Change Type", "Risk", "Team",
    "Sponsor", "Requirement", "Expected Outcome", "Planned Cost", "Actual Cost", "Expected Benefit Hours",
    "Expected Benefit Money", "Milestone Type", "Audience", "Lost Minutes",
)  # fmt: skip
STATUSES = (
    "new", "open", "resolved", "rejected", "requested", "approved", "in_progress", "deployed", "failed", "rolled_back",
    "cancelled", "done",
)  # fmt: skip
INACTIVE = ("resolved", "rejected", "deployed", "failed", "rolled_back", "cancelled", "done")
CHANNEL_WORDS = {"portal": "Portal", "chat": "Chat", "mail": "Email", "phone": "Phone", "walk_in": "Walk-in", "": ""}
ROLLOUT_HOUR, END_HOUR = time(5, 30), time(16, 0)
PRIORITY_NUMBERS = {2: 80, 3: 50, 4: 20, 5: 0}
TARGET_HOURS = {2: 8, 3: 24, 4: 48, 5: 96}
NEVER = "1970-01-01T00:00:00Z"
INCIDENT_WORDS = ("does not work", "is slow", "shows an error", "stopped after an update", "works only sometimes")
REQUEST_WORDS = ("question about use", "new access needed", "change of details", "request for a copy", "how do I start")

Ints = NDArray[np.int64]


def stamp(seconds: int) -> str:
    """Seconds since 1970 as Request Tracker writes them; 0 or less is "not set"."""
    return NEVER if seconds <= 0 else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamps(seconds: Ints) -> list[str]:
    """The same for many."""
    text = np.datetime_as_string(np.maximum(seconds, 0).astype("datetime64[s]"), unit="s")
    return [f"{word}Z" for word in text.tolist()]


def at(day: date | None, hour: time) -> int:
    """Seconds since 1970 of an hour of a day; 0 for no day."""
    return 0 if day is None else int(datetime.combine(day, hour, UTC).timestamp())


def _readiness(change: ChangeFact) -> str:
    approved = any(m.done_on for m in change.milestones if m.step.kind == "approval")
    return "approved" if approved else "requested"


class Records:
    """All tickets of all queues. Row 0.. are tickets of customers, then changes, then milestones."""

    def __init__(self, world: World, address: str) -> None:
        self.world, self.address = world, address
        self.steps: list[tuple[int, MilestoneFact]] = [
            (n, step) for n, change in enumerate(world.changes) for step in change.milestones
        ]
        t = world.tickets
        self.customers, self.changes = len(t), len(world.changes)
        self.rows = self.customers + self.changes + len(self.steps)
        facts = [self._change_times(c) for c in world.changes] + [self._step_times(*s) for s in self.steps]
        extra = np.array(facts, dtype=np.int64).reshape(-1, 6)
        last = np.maximum.reduce([t.opened, t.first_reply, t.reopened, t.resolved, t.answered, t.first_resolved])
        due = t.opened + 3_600 * np.array([TARGET_HOURS.get(p, 96) for p in range(6)])[t.priority]
        done = np.maximum(np.where(t.resolved >= 0, t.resolved, t.first_resolved), 0)
        none = np.zeros(self.customers, dtype=np.int64)
        own = np.column_stack([t.opened, none, due, np.maximum(t.first_reply, 0), done, last])
        self.created, self.starts, self.due, self.started, self.resolved, self.updated = np.vstack([own, extra]).T
        order = np.argsort(self.created, kind="stable")
        self.id = np.empty(self.rows, dtype=np.int64)
        self.id[order] = np.arange(1, self.rows + 1)
        self.row_of = order
        team = np.array([QUEUES.index(service.team) for service in SERVICES])
        others = np.repeat((QUEUES.index(CHANGE_QUEUE), QUEUES.index(MILESTONE_QUEUE)), (self.changes, len(self.steps)))
        self.queue = np.concatenate([team[t.service], others])
        parents = [int(self.id[self.customers + n]) for n, _ in self.steps]
        self.parent = np.concatenate([np.zeros(self.customers + self.changes, dtype=np.int64), np.array(parents)])
        self.status = self._statuses()
        self.asked = stamps(t.asked)
        self.dates = {name: stamps(values) for name, values in self._dates().items()}
        self._written: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}

    def _change_times(self, change: ChangeFact) -> tuple[int, ...]:
        created, started = at(change.created_on, time(8, 15)), at(change.rollout_on, ROLLOUT_HOUR)
        ended = at(change.ended_on, END_HOUR)
        if change.plan.state == "cancelled":
            ended = at(change.closed_on, END_HOUR)
        last = max([created, started, ended, *(at(m.done_on, time(10, 0)) for m in change.milestones)])
        planned = at(change.planned_on, ROLLOUT_HOUR), at(change.planned_end_on, END_HOUR)
        return created, *planned, started, ended, last

    def _step_times(self, change: int, step: MilestoneFact) -> tuple[int, ...]:
        """A milestone is entered with its change and touched again when it starts and ends."""
        fact = self.world.changes[change]
        created = at(fact.created_on, time(8, 20))
        done = at(step.done_on, time(15, 0))
        if step.cancelled:
            done = at(fact.closed_on, time(15, 0))
        begun = at(step.start_on, time(9, 0))
        now = at(self.world.today, time())
        begun = begun if created < begun < now and (not done or begun < done) and not step.cancelled else 0
        planned = at(step.start_on, time(9, 0)), at(step.due_on, time(15, 0))
        return created, *planned, begun, done, max(created, begun, done)

    def _statuses(self) -> NDArray[np.str_]:
        t = self.world.tickets
        status = np.where(t.reopened >= 0, "open", "new").astype("U12")
        status[t.resolved >= 0] = "resolved"
        status[t.rejected] = "rejected"
        words = {"rolled_back": "rolled_back", "failed": "failed", "cancelled": "cancelled"}
        live = {True: "deployed", False: "in_progress"}
        changes = [
            words.get(c.plan.state) or (live[c.ended_on is not None] if c.rollout_on else _readiness(c))
            for c in self.world.changes
        ]
        steps = ["cancelled" if s.cancelled else "done" if s.done_on else "open" for _, s in self.steps]
        return np.concatenate([status, np.array(changes), np.array(steps)])

    def _dates(self) -> dict[str, Ints]:
        return {
            "Created": self.created, "Starts": self.starts, "Due": self.due, "Started": self.started,
            "Resolved": self.resolved, "LastUpdated": self.updated,
        }  # fmt: skip

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The fields a query can name."""
        t, rest = self.world.tickets, self.rows - self.customers
        score = np.concatenate([t.score, np.zeros(rest, dtype=np.int64)])
        status = np.searchsorted(np.sort(STATUSES), self.status)
        words = tuple(sorted(STATUSES))
        inactive = tuple(words.index(word) for word in INACTIVE)
        active = tuple(set(range(len(words))) - set(inactive))
        queue_ids = {str(place + 1): (place,) for place in range(len(QUEUES))}
        lifecycles = {
            kind: [p for p, name in enumerate(QUEUES) if LIFECYCLES.get(name, "default") == kind]
            for kind in ("default", "change", "milestone")
        }
        nobody = Column(np.zeros(self.rows, dtype=np.int64), "number", np.ones(self.rows, dtype=bool))
        return {
            "id": Column(self.id, "number"),
            "EffectiveId": Column(self.id, "number"),
            "Queue": Column.of_words(self.queue, QUEUES, queue_ids),
            "Lifecycle": Column(self.queue, "text", words=lifecycles),
            "Status": Column.of_words(status, words, {"__Inactive__": inactive, "__Active__": active}),
            "Type": Column.of_words(np.zeros(self.rows, dtype=np.int8), ("ticket",)),
            "MemberOf": Column(self.parent, "number", self.parent == 0),
            "RefersTo": nobody,
            "DependsOn": nobody,
            "CF.{CSAT}": Column.of_words(score, ("", "1", "2", "3", "4", "5")),
            **{name: Column(values, "date", values <= 0) for name, values in self._dates().items()},
        }

    def item(self, row: int, names: tuple[str, ...], expand: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        """One ticket with the fields named; an unknown field is empty, as in the real system."""
        key = str(self.id[row])
        found: dict[str, Any] = {"id": key, "type": "ticket", "_url": self._url("ticket", key)}
        for name in names:
            read = _FIELDS.get(name)
            found[name] = "" if read is None else read(self, row, expand.get(name, ()))
        return found

    def _url(self, kind: str, key: str) -> str:
        return f"{self.address}/REST/2.0/{kind}/{key}"

    def queue_record(self, queue: int, names: tuple[str, ...]) -> dict[str, Any]:
        """A queue with the fields named."""
        name, key = QUEUES[queue], str(queue + 1)
        every = {
            "Name": name,
            "Description": name,
            "Lifecycle": LIFECYCLES.get(name, "default"),
            "SLADisabled": "1",
            "Disabled": "0",
        }
        own = {field: every.get(field, "") for field in names if field != "id"}
        return {"id": key, "type": "queue", "_url": self._url("queue", key), **own}

    def user(self, name: str, more: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
        """A user as part of a ticket: the name as id, and the fields asked for."""
        return {"id": name, "type": "user", "_url": self._url("user", name)} | {f: more.get(f, "") for f in names}

    def requestor(self, row: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
        """The customer of a ticket (a made-up number, no name), with department and location."""
        if row >= self.customers:
            return []
        person = int(self.world.tickets.person[row])
        name = f"staff-{person:04d}@demo.example"
        more = {
            "Name": name,
            "EmailAddress": name,
            "Organization": DEPARTMENTS[self.world.department[person]],
            "City": LOCATIONS[self.world.location[person]],
        }
        return [self.user(name, more, names)]

    def subject(self, row: int) -> str:
        """What the ticket is about."""
        if row >= self.customers + self.changes:
            return self.steps[row - self.customers - self.changes][1].step.title
        if row >= self.customers:
            return self.world.changes[row - self.customers].plan.title
        t = self.world.tickets
        words = INCIDENT_WORDS if t.incident[row] else REQUEST_WORDS
        return f"{SERVICES[t.service[row]].name}: {words[int(self.id[row]) % len(words)]}"

    def custom_fields(self, row: int) -> list[dict[str, Any]]:
        """Custom fields that have a value: always lists of text."""
        if row >= self.customers + self.changes:
            own = self._step_fields(self.steps[row - self.customers - self.changes][1])
        elif row >= self.customers:
            own = self._change_fields(self.world.changes[row - self.customers])
        else:
            own = self._ticket_fields(row)
        return [self._custom_field(name, tuple(values)) for name, values in own.items() if values and values != [""]]

    def _custom_field(self, name: str, values: tuple[str, ...]) -> dict[str, Any]:
        if (name, values) not in self._written:
            key = str(CUSTOM_FIELDS.index(name) + 1)
            url = self._url("customfield", key)
            written = {"id": key, "type": "customfield", "name": name, "values": list(values), "_url": url}
            if name == "Survey Sent":
                return written
            self._written[(name, values)] = written
        return self._written[(name, values)]

    def _ticket_fields(self, row: int) -> dict[str, list[str]]:
        t = self.world.tickets
        person = t.person[row]
        return {
            "Service": [SERVICES[t.service[row]].name],
            "Channel": [CHANNEL_WORDS[CHANNELS[t.channel[row]]]],
            "Ticket Type": ["Incident" if t.incident[row] else "Service request"],
            "Survey Sent": [self.asked[row]] if t.asked[row] >= 0 else [],
            "CSAT": [str(t.score[row])] if t.answered[row] >= 0 else [],
            "Lost Minutes": [str(t.lost[row])] if t.lost[row] >= 0 else [],
            "Location": [LOCATIONS[self.world.location[person]]],
            "Department": [DEPARTMENTS[self.world.department[person]]],
        }

    def _change_fields(self, change: ChangeFact) -> dict[str, list[str]]:
        plan, case = change.plan, change.plan.business
        thousands = {"Planned Cost": case.planned, "Actual Cost": case.actual, "Expected Benefit Money": case.money}
        return {
            "Service": list(plan.services),
            "Change Type": [plan.kind],
            "Risk": [plan.risk],
            "Team": [plan.team],
            "Sponsor": [plan.sponsor],
            "Requirement": [plan.requirement],
            "Expected Outcome": [plan.outcome],
            **{name: [] if value is None else [f"{value * 1000:.0f}"] for name, value in thousands.items()},
            "Expected Benefit Hours": [] if case.hours is None else [f"{case.hours:.0f}"],
            "Location": [name for name in plan.groups if name in LOCATIONS],
            "Department": [name for name in plan.groups if name in DEPARTMENTS],
        }

    def _step_fields(self, step: MilestoneFact) -> dict[str, list[str]]:
        return {
            "Milestone Type": [step.step.kind],
            "Audience": [step.step.audience],
            "Channel": [step.step.channel],
        }

    def links(self, row: int) -> list[dict[str, Any]]:
        """Links to the ticket itself, its parent and its children."""
        key = int(self.id[row])
        near: list[tuple[str, int | str]] = [("self", key)]
        if self.parent[row]:
            near.append(("parent", str(self.parent[row])))
        if self.customers <= row < self.customers + self.changes:
            near += [("child", str(self.id[child])) for child in np.flatnonzero(self.parent == key)]
        return [{"ref": ref, "type": "ticket", "id": to, "_url": self._url("ticket", str(to))} for ref, to in near]


def _queue(records: Records, row: int, names: tuple[str, ...]) -> dict[str, Any]:
    return records.queue_record(int(records.queue[row]), names)


def _priority(records: Records, row: int, names: tuple[str, ...]) -> str:
    return str(PRIORITY_NUMBERS[int(records.world.tickets.priority[row])]) if row < records.customers else "0"


_FIELDS: Mapping[str, Callable[[Records, int, tuple[str, ...]], Any]] = {
    "id": lambda r, row, names: int(r.id[row]),
    "Subject": lambda r, row, names: r.subject(row),
    "Status": lambda r, row, names: str(r.status[row]),
    "Type": lambda r, row, names: "ticket",
    "Created": lambda r, row, names: r.dates["Created"][row],
    "LastUpdated": lambda r, row, names: r.dates["LastUpdated"][row],
    "Starts": lambda r, row, names: r.dates["Starts"][row],
    "Due": lambda r, row, names: r.dates["Due"][row],
    "Started": lambda r, row, names: r.dates["Started"][row],
    "Resolved": lambda r, row, names: r.dates["Resolved"][row],
    "Told": lambda r, row, names: NEVER,
    "Queue": _queue,
    "Priority": _priority,
    "Owner": lambda r, row, names: r.user("Nobody", {}, names),
    "Requestor": lambda r, row, names: r.requestor(row, names),
    "CustomFields": lambda r, row, names: r.custom_fields(row),
    "TimeWorked": lambda r, row, names: "0",
    "TimeEstimated": lambda r, row, names: "0",
    "_hyperlinks": lambda r, row, names: r.links(row),
}
