"""A meeting about the sample's changes in every state, frozen as a pack, and its files made once for all tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from impact.dossier import Dossier
from impact.metrics import METRICS
from impact.pack.content import Pack, PackContent
from impact.pack.gathering import Recorded, Seen, content_of
from impact.page_cache import Kept
from impact.portfolio import ChangeView
from impact.records import AgendaItem, Decision, Meeting
from impact.sections import Meetings, Rates
from impact.settings import Settings
from impact.showing import Showing
from impact.store import Snapshot
from tests import sample
from tests.sample_server import SampleSnapshot

LONG = "Sign-in with one card for field staff, contractors and seasonal colleagues in every branch, depot and store"
RATES = Rates(currency="EUR", per_ticket=18.0, per_lost_hour=42.0, lost_part_of_waiting=0.2)
HELD_ON = date(2026, 11, 24)
FROZEN_AT = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)


def long_change() -> ChangeView:
    """A title of 120 letters, twelve milestones, and every measure answered."""
    steps = tuple(
        sample.milestone(f"Step {i}: colleagues of region {i} are briefed by their service desk", "business",
                         -90 + 9 * i, -88 + 9 * i if i < 9 else None)
        for i in range(12)
    )  # fmt: skip
    on = sample.TODAY.replace(month=9, day=24)
    return sample.change("CHG-130", LONG, sample.full(on), milestones=steps, team="Identity")


def changes() -> tuple[ChangeView, ...]:
    """Every state of the sample, a cancelled change, one without anything recorded, and the long one."""
    cancelled = sample.change("CHG-131", "Fax to mail", {}, rollout=None, planned=-30, status="cancelled")
    bare = sample.change("CHG-132", "Unnamed", {}, rollout=None, services=(), milestones=(), team=None,
                         requirement=None, expected_outcome=None, planned_cost=None, actual_cost=None,
                         expected_benefit_hours=None, has_sponsor=False, planned_on=None)  # fmt: skip
    return (*sample.every_state(), cancelled, bare, long_change())


def decisions() -> tuple[Decision, ...]:
    """Two of the last meeting, one of this one."""
    last: Mapping[str, Any] = {"decided_on": date(2026, 11, 10), "meeting_id": "2026-11-10"}
    return (
        Decision(id="2026-11-10/itsm:change:CHG-110", change_id="itsm:change:CHG-110", kind="fix_first",
                 owner="Payments", reason="Card payments must work in every branch before Christmas",
                 due_on=date(2026, 11, 20),
                 review_on=date(2026, 11, 24), word="leaning_worse", **last),
        Decision(id="2026-11-10/itsm:change:CHG-116", change_id="itsm:change:CHG-116", kind="close_benefit",
                 reason="=SUM(A1) is no formula here", owner="Self-service", word="better", **last),
        Decision(id="2026-11-24/itsm:change:CHG-111", change_id="itsm:change:CHG-111", kind="pause", owner="Workplace",
                 reason="Train first, then wave 3", decided_on=HELD_ON, meeting_id="2026-11-24", word="mixed",
                 due_on=date(2026, 12, 1)),
    )  # fmt: skip


def seen(shown: tuple[ChangeView, ...] | None = None, *, link: str = "https://impact.example.com") -> Seen:
    """What the pack is made from."""
    chosen = changes() if shown is None else shown
    portfolio = sample.portfolio(chosen)
    settings = Settings(home=Path("nowhere"), meetings=Meetings(link=link), rates=RATES, metrics=METRICS)
    dossier = Dossier(
        "v1", portfolio, sample.evidence(), settings, sample.TODAY, Kept(), cast(Snapshot, SampleSnapshot())
    )
    return Seen(portfolio, Showing(dossier), (), True, "17")


def meeting(*, agenda: tuple[AgendaItem, ...] | None = None) -> Meeting:
    """All changes on the agenda, the second with a note, and one that no source delivers any more."""
    known = seen().portfolio.changes
    items = tuple(
        AgendaItem(change_id=c.id, reasons=("decide", "worse") if c.decide else ("hand",),
                   note="Ask the service desk" if i == 1 else "")
        for i, c in enumerate(known)
    )  # fmt: skip
    gone = AgendaItem(change_id="itsm:change:CHG-999", reasons=("review",))
    return Meeting(id="2026-11-24", held_on=HELD_ON, title="Steering meeting", next_on=date(2026, 12, 8),
                   agenda=(*items, gone) if agenda is None else agenda)  # fmt: skip


@cache
def content() -> PackContent:
    """The content of that meeting's pack."""
    return content_of(seen(), meeting(), Recorded(decisions()))


def pack(made: PackContent | None = None) -> Pack:
    """The same frozen."""
    return Pack(frozen_id="f3a91c02d7", frozen_at=FROZEN_AT, frozen_text="23 Nov 2026, 09:40",
                content=content() if made is None else made)  # fmt: skip
