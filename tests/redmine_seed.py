"""Plans a year and a half of an IT department's invented life in Redmine. Knows no server: a script carries it out.

The plan is made from a fixed seed and is the truth the tests compare with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_suffix(".rb")
FIRST, LAST = datetime(2024, 7, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
CHANGES, ENDED_CHANGES, TICKETS = 40, 36, 600
DESKS = ("Service Desk", "Network")
SERVICES = ("Mail", "Wiki", "Payroll", "VPN", "Printing", "Intranet", "Telephony", "CRM")
CHANNELS = ("Phone", "E-Mail", "Portal", "Fax")
GROUPS = ("Desk team", "Network team")
AGENTS = ("ann", "bob")
FATES = (*("Implemented",) * 6, "Failed", "Rolled back", "Rejected", "Cancelled")
Record = dict[str, Any]

SITE: Record = {
    "statuses": [
        ["Scheduled", False],
        ["Deploying", False],
        ["Implemented", True],
        ["Failed", True],
        ["Rolled back", True],
        ["Cancelled", True],
        ["Parked", False],
    ],
    "trackers": ["Change", "Task", "Incident", "Request"],
    "fields": [
        {"name": "Service", "format": "list", "choices": SERVICES, "trackers": ["Change", "Incident", "Request"]}
        | {"multiple": True},
        {"name": "Change Type", "format": "string", "trackers": ["Change"]},
        {"name": "Risk", "format": "enumeration", "choices": ["Low", "Medium", "High"], "trackers": ["Change"]},
        {"name": "Planned Cost", "format": "float", "trackers": ["Change"]},
        {"name": "Sponsor", "format": "string", "trackers": ["Change"]},
        {"name": "CSAT", "format": "list", "choices": list("12345"), "trackers": ["Incident", "Request"]},
        {"name": "Channel", "format": "list", "choices": CHANNELS, "trackers": ["Incident", "Request"]},
        {"name": "Site", "format": "list", "choices": ["Lyon", "Oslo"], "trackers": ["Incident", "Request"]},
        {"name": "Milestone Type", "format": "string", "trackers": ["Task"]},
    ],
    "projects": [
        {"name": "Changes", "identifier": "chg", "public": False, "parent": None},
        {"name": "Service Desk", "identifier": "sd", "public": True, "parent": None},
        {"name": "Network", "identifier": "net", "public": True, "parent": "Service Desk"},
        {"name": "Board", "identifier": "board", "public": False, "parent": None},
    ],
    "categories": [["Service Desk", "Desktop"], ["Network", "Cabling"]],
    "users": [
        {"login": "reader", "projects": ["Changes", *DESKS], "zone": None},
        {"login": "traveller", "projects": ["Changes", *DESKS], "zone": "Hawaii"},
        {"login": "outsider", "projects": [], "zone": None},
        *({"login": name, "projects": ["Changes", *DESKS], "zone": None} for name in AGENTS),
        *({"login": f"customer{n}", "projects": list(DESKS), "zone": None} for n in range(12)),
    ],
    "groups": GROUPS,
    "versions": [
        {"project": "Changes", "name": "Rollout of 2025-Q1", "due": "2025-03-31", "status": "closed"},
        {"project": "Changes", "name": "Rollout of 2025-Q2", "due": "2025-06-30", "status": "locked"},
        {"project": "Changes", "name": "Rollout of 2025-Q4", "due": None, "status": "open"},
    ],
}


def make_plan(seed: int = 20250702) -> Record:
    """The same plan for the same seed. ``steps`` of a record: [when, who, what is set]."""
    rng = random.Random(seed)
    changes = [_change(rng, n) for n in range(CHANGES)]
    tasks = [task for n, change in enumerate(changes) for task in _tasks(rng, n, change)]
    tickets = [_ticket(rng, n) for n in range(TICKETS)]
    for n in rng.sample(range(TICKETS), 30):
        kind, begins = rng.choice((("relates", "ticket"), ("blocks", "change"), ("duplicates", "ticket")))
        tickets[n]["relations"] = [[kind, rng.randrange(CHANGES), begins]]
    hidden = [_ticket(rng, n) | {"project": "Board", "category": None, "subject": "Secret"} for n in range(5)]
    for record in hidden:
        record["steps"] = []
    return {**SITE, "changes": changes, "tasks": tasks, "tickets": tickets + hidden}


def text(at: datetime) -> str:
    """An instant as Redmine writes it."""
    return f"{at.astimezone(UTC).replace(microsecond=0):%Y-%m-%dT%H:%M:%SZ}"


def _change(rng: random.Random, n: int) -> Record:
    planned = FIRST + timedelta(days=30 + n * 12.6, hours=rng.randrange(6, 20))
    created = planned - timedelta(days=rng.randrange(15, 30))
    late = timedelta(days=rng.choice((0, 0, 1, 6)), minutes=rng.randrange(50))
    fate = FATES[n % len(FATES)]
    steps: list[list[Any]] = []
    if n < ENDED_CHANGES and fate in ("Rejected", "Cancelled"):
        steps.append([text(created + timedelta(days=3)), "ann", {"status": fate, "note": "not now"}])
    elif n < ENDED_CHANGES:
        steps.append([text(created + timedelta(days=2)), "ann", {"status": "Scheduled"}])
        steps.append([text(planned + late), "bob", {"status": "Deploying"}])
        steps.append([text(planned + late + timedelta(hours=5)), "bob", {"status": fate, "done_ratio": 100}])
    fields: Record = {
        "Service": sorted(rng.sample(SERVICES, rng.choice((1, 1, 2)))),
        "Change Type": rng.choice(("Standard", "Normal", "Emergency", "Wild guess")),
        "Risk": rng.choice(("Low", "Medium", "High")),
        "Sponsor": f"Sponsor {n % 5}",
    }
    if n % 3:
        fields["Planned Cost"] = f"{1000 + 10.5 * n:.1f}"
    return {
        "project": "Changes",
        "tracker": "Change",
        "author": "ann",
        "subject": f"Replace part {n}",
        "created": text(created),
        "start": f"{planned:%Y-%m-%d}",
        "due": f"{planned + timedelta(days=1):%Y-%m-%d}",
        "hours": rng.choice((None, 4, 10)),
        "version": n % 3 if 10 <= n < 22 else None,
        "set": {"fields": fields, **({"group": GROUPS[n % 2]} if n % 4 else {})},
        "steps": steps,
    }


def _tasks(rng: random.Random, n: int, change: Record) -> Iterator[Record]:
    kinds = (("Write the design", 12), ("Train the key users", 4), ("Announce it on the intranet", 2))
    planned = datetime.fromisoformat(f"{change['start']}T09:00:00+00:00")
    for title, days in kinds[: 2 + n % 2 + (n % 5 == 0)]:
        due = planned - timedelta(days=days)
        created = datetime.fromisoformat(change["created"]) + timedelta(hours=3)
        steps = []
        if rng.random() < 0.8:
            done = max(due + timedelta(days=rng.choice((-2, 0, 0, 4))), created + timedelta(hours=1))
            fate = rng.choice(("Closed",) * 8 + ("Rejected",))
            steps.append([text(done), "ann", {"status": fate, "done_ratio": 100 if fate == "Closed" else 0}])
        yield {
            "project": "Changes",
            "tracker": "Task",
            "author": "ann",
            "subject": f"{title} ({n})",
            "created": text(created),
            "start": f"{due - timedelta(days=5):%Y-%m-%d}",
            "due": f"{due:%Y-%m-%d}",
            "parent": n,
            "set": {"done_ratio": 30, "fields": {"Milestone Type": "Approval" if n % 10 == 0 else ""}},
            "steps": steps,
        }


def _ticket(rng: random.Random, n: int) -> Record:
    created = FIRST + (LAST - FIRST) * (n / TICKETS) + timedelta(minutes=rng.randrange(600))
    project = rng.choice(DESKS)
    fields: Record = {"Channel": rng.choice(CHANNELS), "Site": rng.choice(("Lyon", "Oslo"))}
    if rng.random() < 0.9:
        fields["Service"] = [rng.choice(SERVICES)]
    fate, solved = rng.random(), created + timedelta(hours=2 + rng.lognormvariate(2.5, 1.0))
    steps: list[list[Any]] = []
    if fate < 0.5:
        steps.append([text(created + timedelta(minutes=40)), "bob", {"note": "internal", "private": True}])
        steps.append([text(created + timedelta(minutes=50)), "ann", {"note": "We look into it."}])
    if fate < 0.1:
        steps.append([text(created + timedelta(minutes=70)), "ann", {"group": GROUPS[1]}])
        steps.append([text(created + timedelta(minutes=80)), "ann", {"assignee": "bob"}])
    if fate < 0.85:
        last = "Closed" if rng.random() < 0.6 else rng.choice(("Resolved", "Resolved", "Rejected"))
        steps.append([text(solved), "ann", {"status": last}])
        if 0.05 < fate < 0.35 and last != "Rejected":
            score = {"fields": {"CSAT": rng.choice("1234455555")}}
            steps.append([text(solved + timedelta(hours=20)), "bob", score])
    if fate < 0.05:
        steps.append([text(solved + timedelta(days=2)), "ann", {"status": "In Progress"}])
    if fate < 0.03:
        steps.append([text(solved + timedelta(days=3)), "ann", {"status": "Closed"}])
    if fate > 0.98:
        steps.append([text(created + timedelta(days=1)), "ann", {"status": "Parked"}])
    return {
        "project": project,
        "tracker": rng.choice(("Incident", "Incident", "Request")),
        "author": f"customer{rng.randrange(12)}",
        "subject": f"Question {n}",
        "priority": rng.choice(("Low", "Normal", "Normal", "Urgent")),
        "category": rng.choice((None, "Desktop" if project == "Service Desk" else "Cabling")),
        "created": text(created),
        "set": {"fields": fields, "group": rng.choice((GROUPS[0], GROUPS[0], GROUPS[1]))},
        "steps": steps,
    }
