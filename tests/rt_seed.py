"""Fills a Request Tracker through its REST interface with a year and a half of an IT department's invented life.

The plan is made first, from a fixed seed, and is the truth the tests compare with. Only what REST cannot set is
written into the database file afterwards, while no server runs: when things happened.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.rt_server import RtServer, Site, User

FIRST, LAST = datetime(2024, 7, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
CHANGES, ENDED_CHANGES, TICKETS = 44, 40, 1540
DESKS = ("Service Desk", "Network", "Workplace")
ALL = ("Changes", "Change Tasks", *DESKS)
SERVICES = ("Mail", "Wiki", "Payroll", "VPN", "Printing", "Intranet", "Telephony", "File shares", "CRM", "Room booking")
CHANNELS = ("Phone", "E-Mail", "Portal", "Chat", "Walk-in", "Fax")
DEPARTMENTS = ("Finance", "Sales", "Production", "Research", "Human Resources")
ENDED = {"deployed", "failed", "rolled_back", "cancelled", "resolved", "rejected", "deleted"}
AT_ONCE, WORKERS = 20, max(2, min(4, os.cpu_count() or 2))
ATTEMPTS = 5
DONE = re.compile(r"changed from|changed to| added|Ticket deleted|Merge Successful")
"""What an update says that was carried out; a refusal is a sentence too, and both come with status 200."""

SITE = Site(
    queues={"Changes": "change", "Change Tasks": "default", **dict.fromkeys(DESKS, "default")},
    fields={
        "Service": ("Changes", *DESKS),
        "Change Type": ("Changes",),
        "Risk": ("Changes",),
        "Sponsor": ("Changes",),
        "Requirement": ("Changes",),
        "Planned Cost": ("Changes",),
        "CSAT": DESKS,
        "Channel": DESKS,
        "Milestone Type": ("Change Tasks",),
    },
    users=(
        User("reader", ALL),
        User("traveller", ALL, timezone="America/New_York"),
        User("londoner", ALL, timezone="Europe/London"),
        User("fieldless", ALL, rights=("SeeQueue", "ShowTicket")),
        User("outsider", ()),
    ),
)


@dataclass
class Planned:
    """One record of the plan: what is posted, and what then happens to it when. ``id`` is known once it is created."""

    body: dict[str, Any]
    created: datetime
    steps: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    parent: int | None = None
    refers_to: int | None = None
    depends_on: int | None = None
    merge_into: int | None = None
    id: str = ""

    @property
    def statuses(self) -> list[tuple[datetime, str]]:
        """When which status was entered, after the first one."""
        return [(at, body["Status"]) for at, body in self.steps if "Status" in body]


@dataclass
class Plan:
    """Everything that is created. ``parent``, ``refers_to`` and the like are places in ``changes`` or ``tickets``."""

    changes: list[Planned]
    tasks: list[Planned]
    tickets: list[Planned]


def make_plan(seed: int = 20250701) -> Plan:
    """The same plan for the same seed."""
    rng = random.Random(seed)
    changes = [_change(rng, n) for n in range(CHANGES)]
    tasks = [task for n, change in enumerate(changes) for task in _tasks(rng, n, change)]
    tickets = [_ticket(rng, n) for n in range(TICKETS)]
    for n in rng.sample(range(TICKETS), 40):
        linked = rng.randrange(ENDED_CHANGES)  # a ticket cannot be resolved before what it depends on
        kind = rng.choice(("refers_to", "refers_to", "depends_on"))
        setattr(tickets[n], kind, linked)
    plain = [n for n, t in enumerate(tickets) if t.refers_to is None and t.depends_on is None and not t.steps]
    for n in plain[:8]:
        tickets[n].merge_into = plain[-1]
    for ticket in [tickets[n] for n in plain[8:18]]:
        ticket.steps.append((ticket.created + timedelta(days=1), {"Status": "deleted"}))
    return Plan(changes, tasks, tickets)


def _change(rng: random.Random, n: int) -> Planned:
    planned = FIRST + timedelta(days=20 + n * 11.7, hours=rng.randrange(6, 20))
    created = planned - timedelta(days=rng.randrange(15, 60))
    end = planned + timedelta(hours=rng.choice((2, 4, 30)))
    late = timedelta(days=rng.choice((0, 0, 0, 1, 6)), minutes=rng.randrange(50))
    last = ("deployed",) * 7 + ("failed", "rolled_back", "cancelled")
    status = "requested" if n > ENDED_CHANGES else "approved" if n == ENDED_CHANGES else last[n % 10]
    approved = (created + timedelta(days=5), {"Status": "approved"})
    begun = (planned + late, {"Status": "in_progress"})
    ended = (end + late, {"Status": status})
    steps = {"requested": [], "approved": [approved], "cancelled": [approved, ended]}.get(
        status, [approved, begun, ended]
    )
    body = {
        "Queue": "Changes",
        "Subject": f"Renew {rng.choice(SERVICES)} step {n}",
        "Starts": _text(planned),
        "Due": _text(end),
        "CustomFields": {
            "Service": rng.choice(SERVICES),
            "Change Type": rng.choice(("Standard", "Normal", "Normal", "Emergency", "Wild guess")),
            "Risk": rng.choice(("Low", "Medium", "High")),
            "Sponsor": "Dana Invented",
            "Requirement": "Customers asked for it",
            "Planned Cost": f"{rng.randrange(1, 90) * 500}",
        },
    }
    return Planned(body, created, list(steps))


def _tasks(rng: random.Random, n: int, change: Planned) -> Iterator[Planned]:
    kinds = (
        ("Write the design", 30),
        ("Train the key users", 8),
        ("Announce it on the intranet", 6),
        ("Review it", -9),
    )
    planned = datetime.fromisoformat(change.body["Starts"])
    for title, days in kinds[: rng.randrange(2, 5)]:
        due = planned - timedelta(days=days)
        task = Planned(
            {
                "Queue": "Change Tasks",
                "Subject": f"{title} ({n})",
                "Starts": _text(due - timedelta(days=5)),
                "Due": _text(due),
            },
            change.created + timedelta(hours=3),
            parent=n,
        )
        if rng.random() < 0.8:
            done = max(due + timedelta(days=rng.choice((-2, 0, 0, 4))), task.created + timedelta(hours=1))
            task.steps.append((done, {"Status": rng.choice(("resolved",) * 9 + ("rejected",))}))
        yield task


def _ticket(rng: random.Random, n: int) -> Planned:
    created = FIRST + (LAST - FIRST) * (n / TICKETS) + timedelta(minutes=rng.randrange(600))
    fields = {"Channel": rng.choice(CHANNELS)}
    if rng.random() < 0.95:
        fields["Service"] = rng.choice(SERVICES)
    body = {
        "Queue": rng.choice(DESKS),
        "Subject": f"Question {n}",
        "Requestor": f"customer{rng.randrange(60)}@desk.example",
        "Priority": rng.choice(("0", "50", "50", "100")),
        "CustomFields": fields,
    }
    ticket = Planned(body, created)
    fate = rng.random()
    solved = created + timedelta(hours=rng.lognormvariate(2.5, 1.2))
    if fate < 0.02:
        ticket.steps.append((created + timedelta(hours=2), {"Queue": DESKS[(DESKS.index(body["Queue"]) + 1) % 3]}))
    if fate < 0.91:
        ticket.steps.append((solved, {"Status": "resolved" if rng.random() < 0.95 else "rejected"}))
    if fate < 0.05:
        ticket.steps.append((solved + timedelta(days=2), {"Status": "open"}))
    if fate < 0.04:
        ticket.steps.append((solved + timedelta(days=3), {"Status": "resolved"}))
    if 0.05 < fate < 0.35:
        score = rng.choice("1234455555")
        ticket.steps.append((solved + timedelta(hours=20), {"CustomFields": {"CSAT": score}}))
    return ticket


def fill(server: RtServer, plan: Plan) -> None:
    """Create everything through REST and let it happen; afterwards every record of the plan has its id."""
    for name in sorted({t.body["Requestor"] for t in plan.tickets}):
        department = DEPARTMENTS[int(name.removeprefix("customer").partition("@")[0]) % len(DEPARTMENTS)]
        server.ask("POST", "user", json={"Name": name, "EmailAddress": name, "Organization": department})
    _create(server, plan.changes)
    for record in (*plan.tasks, *plan.tickets):
        for link, place in (
            ("MemberOf", record.parent),
            ("RefersTo", record.refers_to),
            ("DependsOn", record.depends_on),
        ):
            if place is not None:
                record.body[link] = plan.changes[place].id
    _create(server, plan.tasks)
    _create(server, plan.tickets)
    for records in (plan.changes, [*plan.tasks, *plan.tickets]):
        for step in range(max(len(record.steps) for record in records)):
            _change_all(server, [(r, r.steps[step][1]) for r in records if len(r.steps) > step])
    for record in plan.tickets:
        if record.merge_into is not None:
            _change_all(server, [(record, {"MergeInto": plan.tickets[record.merge_into].id})])


def _create(server: RtServer, records: list[Planned]) -> None:
    def create(some: list[Planned]) -> None:
        answers = server.ask("POST", "tickets/bulk", json=[record.body for record in some])
        for record, answer in zip(some, answers, strict=True):
            if "id" not in answer:
                raise RuntimeError(f"Request Tracker did not create {record.body}: {answer}")
            record.id = str(answer["id"])

    _in_parts(create, records)


def _change_all(server: RtServer, updates: list[tuple[Planned, dict[str, Any]]]) -> None:
    def change(some: list[tuple[Planned, dict[str, Any]]]) -> None:
        left, said = some, []
        for _ in range(ATTEMPTS):  # two writers at once: a locked database makes it refuse, with status 200
            answers = server.ask("PUT", "tickets/bulk", json=[{"id": r.id, **body} for r, body in left])
            said = [" ".join(map(str, answer[1:])) for answer in answers]
            left = [update for update, text in zip(left, said, strict=True) if not DONE.search(text)]
            if not left:
                return
        raise RuntimeError(f"Request Tracker refused {len(left)} updates: {' '.join(said)[:500]}")

    _in_parts(change, updates)


def _in_parts(work: Any, items: list[Any]) -> None:
    parts = [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(work, parts):
            pass


def set_back(database: Path, plan: Plan) -> None:
    """Write when things happened, which REST always says is now. No server may be running."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for record in (*plan.changes, *plan.tasks, *plan.tickets):
            for table, column, at, number in _dates(connection, record):
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (f"{at:%Y-%m-%d %H:%M:%S}", number))


def _dates(connection: sqlite3.Connection, record: Planned) -> Iterator[tuple[str, str, datetime, int]]:
    number = int(record.id)
    statuses, others = list(record.statuses), [at for at, body in record.steps if "Status" not in body]
    latest = max((at for at, _ in record.steps), default=record.created)
    for own, kind in connection.execute(
        "SELECT id, Type FROM Transactions WHERE ObjectType = 'RT::Ticket' AND ObjectId = ? ORDER BY id", (number,)
    ).fetchall():
        if kind == "Create":
            at = record.created
        elif kind == "Status":
            at = statuses.pop(0)[0]
        elif kind in ("CustomField", "Set") and others:
            at = others.pop(0)
        else:
            at = latest
        yield "Transactions", "Created", at, own
    yield "Tickets", "Created", record.created, number
    yield "Tickets", "LastUpdated", latest, number
    ends = [at for at, status in record.statuses if status in ENDED]
    if ends:
        yield "Tickets", "Resolved", ends[-1], number
    if record.statuses:
        yield "Tickets", "Started", record.statuses[0][0], number


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(microsecond=0):%Y-%m-%dT%H:%M:%SZ}"
