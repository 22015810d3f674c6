"""The demo organisation as a story: its teams, services and 40 changes with the effect each truly has.

Knows no random numbers, no dates (days are counted back from the day the demo is opened) and no vendor. The true
effects are for tests and benchmarks; they are never served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["live", "planned", "cancelled", "failed", "rolled_back"]
Truth = Literal["better", "worse", "none", "transient", "mixed", "untold"]
NEVER = 9999
"""A step that slips by this many days is not done yet, whenever the demo is opened."""


@dataclass(frozen=True)
class ServicePlan:
    """A service: tickets on an average day, share of incidents, median hours to resolve, share of self-service."""

    name: str
    team: str
    volume: float
    incidents: float = 0.5
    hours: float = 9.0
    self_service: float = 0.42


@dataclass(frozen=True)
class Effect:
    """What a change truly does from its rollout on: ratios for tickets and hours, points of 5, parts of 1.

    ``days`` is how long it lasts; None is for good.
    """

    tickets: float = 0.0
    hours: float = 0.0
    satisfaction: float = 0.0
    reopened: float = 0.0
    self_service: float = 0.0
    days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Business:
    """What a change costs and is expected to bring: thousands planned and spent, hours and thousands a month."""

    planned: float | None = None
    actual: float | None = None
    hours: float | None = None
    money: float | None = None


@dataclass(frozen=True, kw_only=True)
class ChangePlan:
    """One change. ``ago``: days from rollout to today (negative: planned). ``staged``: days until the last service.
    ``rollout_days``: how long it takes until everybody has it; its effect grows evenly over them.

    ``steps`` names the milestone template; ``slips`` how many days a step was later than planned; ``audiences`` who a
    step is for, where that is not the template's. ``groups``: locations and departments that the source names as
    affected. ``skew``: from the rollout on, how many times as many of the services' tickets as usual come from the
    people of a location or department; what comes in all is the effect's matter.
    """

    title: str
    team: str
    services: tuple[str, ...]
    ago: int
    truth: Truth
    requirement: str
    outcome: str
    effect: Effect = field(default_factory=Effect)
    state: State = "live"
    kind: str = "normal"
    risk: str = "medium"
    steps: Literal["full", "short", "none"] = "short"
    slips: Mapping[str, int] = field(default_factory=dict)
    audiences: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    skew: Mapping[str, float] = field(default_factory=dict)
    staged: int = 0
    rollout_days: int = 1
    sponsor: str = ""
    business: Business = field(default_factory=Business)


LOCATIONS = ("Hamburg", "Leeds", "Lyon", "Porto", "Rotterdam")
DEPARTMENTS = (
    "Stores", "Head office", "Finance", "Human resources", "Logistics", "Field service", "Customer care", "Online shop"
)  # fmt: skip

SERVICES: tuple[ServicePlan, ...] = (
    ServicePlan("Card payments", "Payments", 14.0, 0.72, 5.0, 0.35),
    ServicePlan("Refunds", "Payments", 1.0, 0.4, 14.0),
    ServicePlan("Gift cards", "Payments", 0.55, 0.5),
    ServicePlan("Bank transfers", "Payments", 0.5, 0.5, 16.0),
    ServicePlan("Payment terminals", "Payments", 1.1, 0.8, 11.0, 0.3),
    ServicePlan("Passwords and sign-in", "Identity", 14.5, 0.55, 2.5, 0.4),
    ServicePlan("Access requests", "Identity", 9.0, 0.1, 14.0, 0.48),
    ServicePlan("Supplier accounts", "Identity", 0.6, 0.3, 18.0),
    ServicePlan("Building badges", "Identity", 0.75, 0.4, 8.0),
    ServicePlan("Laptops", "Workplace", 12.5, 0.65, 12.0, 0.38),
    ServicePlan("Printing", "Workplace", 8.5, 0.8, 6.0, 0.33),
    ServicePlan("Software requests", "Workplace", 6.5, 0.08, 20.0, 0.55),
    ServicePlan("Screens and docking", "Workplace", 0.8, 0.7),
    ServicePlan("Desk booking", "Workplace", 0.5, 0.5, 5.0, 0.6),
    ServicePlan("Headsets", "Workplace", 0.55, 0.5),
    ServicePlan("Wi-Fi", "Network", 9.5, 0.88, 6.0, 0.3),
    ServicePlan("VPN", "Network", 6.0, 0.8, 4.0, 0.36),
    ServicePlan("Branch lines", "Network", 0.75, 0.9, 7.0, 0.2),
    ServicePlan("Guest internet", "Network", 0.5, 0.7),
    ServicePlan("File shares", "Network", 0.8, 0.5),
    ServicePlan("Mail and calendar", "Collaboration", 10.0, 0.6, 7.0, 0.4),
    ServicePlan("Video meetings", "Collaboration", 6.5, 0.75, 4.0, 0.44),
    ServicePlan("Meeting rooms", "Collaboration", 1.2, 0.8, 5.0),
    ServicePlan("Team chat", "Collaboration", 0.7, 0.6, 5.0, 0.6),
    ServicePlan("Shared documents", "Collaboration", 0.8, 0.5),
    ServicePlan("Phones", "Collaboration", 0.9, 0.6, 9.0),
    ServicePlan("Payroll queries", "People systems", 8.0, 0.2, 16.0, 0.4),
    ServicePlan("Leave and absence", "People systems", 0.9, 0.3, 12.0, 0.55),
    ServicePlan("Recruiting", "People systems", 0.5, 0.4, 14.0),
    ServicePlan("Training catalogue", "People systems", 0.5, 0.3, 13.0, 0.6),
    ServicePlan("Shift planning", "People systems", 1.1, 0.5, 8.0),
    ServicePlan("Parental leave", "People systems", 0.5, 0.1, 22.0),
    ServicePlan("Expense claims", "Finance systems", 7.0, 0.35, 18.0, 0.5),
    ServicePlan("Travel booking", "Finance systems", 0.9, 0.5, 9.0, 0.6),
    ServicePlan("Purchase orders", "Finance systems", 0.8, 0.4, 20.0),
    ServicePlan("Invoices", "Finance systems", 0.9, 0.4, 18.0),
    ServicePlan("Month-end close", "Finance systems", 0.5, 0.6, 10.0),
    ServicePlan("Cost centres", "Finance systems", 0.5, 0.2, 20.0),
    ServicePlan("Store tills", "Retail systems", 9.5, 0.85, 3.5, 0.25),
    ServicePlan("Order tracking", "Retail systems", 6.0, 0.45, 9.0, 0.5),
    ServicePlan("Web shop", "Retail systems", 1.2, 0.7, 7.0, 0.5),
    ServicePlan("Stock counts", "Retail systems", 0.8, 0.6, 10.0),
    ServicePlan("Price labels", "Retail systems", 0.7, 0.8, 5.0, 0.25),
    ServicePlan("Loyalty cards", "Retail systems", 0.6, 0.5),
    ServicePlan("Field sign-on", "Field service", 8.0, 0.75, 3.0, 0.35),
    ServicePlan("Field tablets", "Field service", 6.0, 0.7, 9.0, 0.35),
    ServicePlan("Route planning", "Field service", 0.8, 0.5, 8.0),
    ServicePlan("Spare parts", "Field service", 0.6, 0.4, 14.0),
    ServicePlan("Van equipment", "Field service", 0.5, 0.6, 24.0, 0.25),
    ServicePlan("Sales reports", "Data and reporting", 0.8, 0.5, 14.0, 0.5),
    ServicePlan("Data requests", "Data and reporting", 0.7, 0.1, 30.0, 0.6),
    ServicePlan("Customer records", "Data and reporting", 0.8, 0.4, 12.0),
    ServicePlan("Archive search", "Data and reporting", 0.12, 0.4, 16.0),
    ServicePlan("Doors and cameras", "Site technology", 0.7, 0.8, 12.0, 0.25),
    ServicePlan("Digital signs", "Site technology", 0.5, 0.8, 14.0, 0.3),
    ServicePlan("Heating and cooling", "Site technology", 0.6, 0.8, 16.0, 0.3),
    ServicePlan("Phone queue", "Service desk", 0.7, 0.6, 4.0, 0.1),
    ServicePlan("Knowledge articles", "Service desk", 0.5, 0.2, 20.0, 0.7),
    ServicePlan("New starter kit", "Service desk", 0.9, 0.1, 26.0, 0.5),
    ServicePlan("Lost devices", "Workplace", 0.6, 0.9, 3.0, 0.2),
)
TEAMS: tuple[str, ...] = tuple(dict.fromkeys(service.team for service in SERVICES))
QUIET_SERVICES: tuple[str, ...] = tuple(service.name for service in SERVICES if 0.4 < service.volume < 0.76)


@dataclass(frozen=True)
class Step:
    """A milestone of a template: its planned day counted from the planned rollout, and how long it is worked on."""

    kind: str
    title: str
    day: int
    work_days: int
    audience: str = ""
    channel: str = ""


FULL_PLAN: tuple[Step, ...] = (
    Step("requirement", "Customer requirement agreed", -150, 21),
    Step("design", "Design tried out with customers", -115, 30),
    Step("build", "Build complete", -60, 50),
    Step("test", "Acceptance test by customers", -32, 20),
    Step("approval", "Approval to roll out", -20, 5),
    Step("communication", "Communication to everyone concerned", -15, 10, "everyone concerned", "mail and intranet"),
    Step("training", "Training for key colleagues", -8, 12, "key colleagues", "short sessions"),
    Step("support_ready", "Support ready: service desk briefed", -4, 8, "service desk", "briefing"),
    Step("rollout", "Rollout", 0, 1),
    Step("review", "Review with customers", 30, 10, "sponsor", "meeting"),
)
SHORT_PLAN: tuple[Step, ...] = (
    Step("requirement", "Customer requirement agreed", -70, 10),
    Step("test", "Test with a pilot group", -21, 12),
    Step("approval", "Approval to roll out", -12, 4),
    Step("communication", "Communication to everyone concerned", -7, 5, "everyone concerned", "intranet"),
    Step("rollout", "Rollout", 0, 1),
    Step("review", "Review with customers", 28, 7, "sponsor", "meeting"),
)
PLANS: Mapping[str, tuple[Step, ...]] = {"full": FULL_PLAN, "short": SHORT_PLAN, "none": ()}
