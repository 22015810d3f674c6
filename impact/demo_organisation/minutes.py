"""What the demo organisation wrote down: effects stated before rollouts, and decisions of its last meetings. Data only.

Days are counted from a change's rollout (statements) or back from today (meetings). Nothing here says what a change
truly did; people stated and decided with what they could know.
"""

from __future__ import annotations

from dataclasses import dataclass

from impact.records import DecisionKind

MEETINGS: tuple[int, ...] = (27, 13)
"""Days ago of the last steering meetings of the whole portfolio."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """An effect stated ``days`` from the rollout (negative: before it), in the unit its measure is shown in.

    ``review``: days after the rollout when it is to be judged.
    """

    title: str
    metric: str
    expected: float
    matters: float
    days: int = -30
    review: int = 42
    if_met: DecisionKind = "close_benefit"
    if_missed: DecisionKind = "fix_first"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Minute:
    """A decision: ``ago`` is its day, with a meeting or without; ``due`` and ``review`` are days after it."""

    title: str
    ago: int
    kind: DecisionKind
    reason: str
    owner: str
    due: int | None = None
    review: int | None = None
    other: str = ""


PROMISES: tuple[Promise, ...] = (
    Promise(title="Printing follow-me", metric="tickets", expected=-20, matters=8,
            note="Mostly calls about the wrong printer."),
    Promise(title="Shift planning app for stores", metric="tickets", expected=-15, matters=10, if_missed="pause"),
    Promise(title="Headsets in place of desk phones", metric="tickets", expected=-10, matters=10),
    Promise(title="Expense claims by photo", metric="tickets", expected=-25, matters=10),
    Promise(title="Expense claims by photo", metric="satisfaction", expected=0.3, matters=0.1),
    Promise(title="Payroll query chat assistant", metric="tickets", expected=-35, matters=10, if_missed="roll_back"),
    Promise(title="Single sign-on for field staff", metric="tickets", expected=-20, matters=10),
    Promise(title="Laptop refresh wave 2", metric="tickets", expected=-15, matters=5, if_missed="pause"),
    Promise(title="Laptop refresh wave 2", metric="tickets", expected=-5, matters=5, days=20, if_missed="pause",
            note="Lower after the first weeks: new laptops raise questions at first."),
    Promise(title="Card payment gateway switch", metric="tickets", expected=-10, matters=5, if_missed="roll_back"),
    Promise(title="New password reset", metric="tickets", expected=-30, matters=10),
    Promise(title="New password reset", metric="self_service", expected=15, matters=5),
    Promise(title="Contactless limit raised", metric="tickets", expected=-5, matters=5, days=8),
    Promise(title="Wi-Fi upgrade in branches", metric="tickets", expected=-40, matters=10),
    Promise(title="Self-service portal redesign", metric="self_service", expected=20, matters=5),
    Promise(title="Self-service portal redesign", metric="time_to_resolve", expected=-20, matters=10),
    Promise(title="Till software 8", metric="tickets", expected=-10, matters=5),
    Promise(title="Approvals from the phone", metric="time_to_resolve", expected=-50, matters=15),
    Promise(title="Meeting rooms with one button", metric="tickets", expected=-35, matters=10),
    Promise(title="Parcel status by message", metric="tickets", expected=-50, matters=10),
    Promise(title="Payslips on the phone", metric="tickets", expected=-30, matters=10),
    Promise(title="Offline maps for field staff", metric="satisfaction", expected=0.4, matters=0.1),
    Promise(title="Mail moved to the cloud", metric="satisfaction", expected=0.3, matters=0.1, if_missed="roll_back"),
    Promise(title="Access by role for new starters", metric="time_to_resolve", expected=-30, matters=10),
)  # fmt: skip

MINUTES: tuple[Minute, ...] = (
    Minute(title="Second factor for everyone", ago=555, kind="continue", owner="Identity",
           reason="The first two weeks were hard and are over; the second factor stays."),
    Minute(title="Access by role for new starters", ago=342, kind="continue", owner="Identity",
           reason="Requests are answered sooner, as promised; the portal form is made shorter."),
    Minute(title="Always-on VPN", ago=320, kind="other", owner="Network", other="Stopped; tried again later",
           reason="It failed in the first night; a new attempt only with another vendor."),
    Minute(title="Mail moved to the cloud", ago=316, kind="continue", owner="Collaboration",
           reason="There is no way back; the worst causes of calls are known and are worked on."),
    Minute(title="Offline maps for field staff", ago=244, kind="close_benefit", owner="Field service",
           reason="Field staff like it, and calls from the roadside are rare."),
    Minute(title="Payslips on the phone", ago=226, kind="close_benefit", owner="People systems",
           reason="Fewer questions on pay day, as promised."),
    Minute(title="Laptop refresh wave 1", ago=198, kind="continue", owner="Workplace",
           reason="Questions about new laptops ended after two weeks; wave 2 gets more training."),
    Minute(title="Parcel status by message", ago=142, kind="close_benefit", owner="Retail systems",
           reason="Questions about parcels fell by about half."),
    Minute(title="New printer drivers", ago=128, kind="continue", owner="Workplace",
           reason="Printing follow-me replaces them; no more work is put into the old drivers."),
    Minute(title="Approvals from the phone", ago=55, kind="close_benefit", owner="Workplace",
           reason="Software arrives sooner, as promised."),
    Minute(title="Till software 8", ago=27, kind="fix_first", owner="Retail systems", due=20, review=28,
           reason="Returns take longer than before; the vendor brings a shorter return screen."),
    Minute(title="Laptop refresh wave 2", ago=27, kind="pause", owner="Workplace", due=10, review=14,
           reason="Wave 3 waits until the service desk is briefed and the start-up fault is solved."),
    Minute(title="Meeting rooms with one button", ago=27, kind="close_benefit", owner="Workplace",
           reason="Fewer calls at nine o'clock, as promised; the remaining rooms follow in the ordinary budget."),
    Minute(title="VPN without a token", ago=22, kind="roll_back", owner="Network", review=36,
           reason="Colleagues at home lost their connection several times a day."),
    Minute(title="Card payment gateway switch", ago=13, kind="fix_first", owner="Payments", due=12, review=14,
           reason="Declined payments rose at the tills in Leeds; the time limit of the gateway is to be raised."),
    Minute(title="New password reset", ago=13, kind="close_benefit", owner="Identity",
           reason="Password calls fell clearly and stayed down."),
    Minute(title="Self-service portal redesign", ago=13, kind="continue", owner="Identity", review=42,
           reason="More requests through the portal; satisfaction is looked at once more."),
)  # fmt: skip
