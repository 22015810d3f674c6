"""A steering meeting on a real Request Tracker: agenda, decisions, a conflict, a pack, and a week later new data.

What was frozen in the meeting stays to the letter, while the pages go on with what the service desk did since.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from impact import analysis, sync
from impact.agenda import added, propose
from impact.demo_records import known_on
from impact.dossier import Dossier
from impact.figures import ChangeFigures, as_json, differences, from_json
from impact.pack import making
from impact.pack.content import PackContent
from impact.pack.gathering import Recorded, Seen, content_of
from impact.page_cache import Kept
from impact.portfolio import Portfolio
from impact.records import AgendaItem, Conflict, Decision, Meeting
from impact.settings import Settings
from impact.settled import settle
from impact.showing import Showing
from impact.state import State, decision_id, open_state
from impact.store import Store
from tests import rt_server
from tests.rt_seed import DESKS, Plan
from tests.rt_server import RtServer

pytestmark = pytest.mark.skipif(
    bool(rt_server.why_not()) and not os.environ.get("CI"), reason=rt_server.why_not() or "installed"
)
HELD_ON, A_WEEK_LATER = date(2026, 1, 7), date(2026, 1, 14)
ON_THE_AGENDA = 12
KINDS = ("fix_first", "continue", "roll_back")


@dataclass
class Room:
    """One organisation with its Request Tracker, its data folder and its records."""

    rt: RtServer
    plan: Plan
    settings: Settings
    state: State

    @property
    def store(self) -> Store:
        return Store(self.settings.home)

    def pull(self) -> str:
        """Read what changed; the version of the data afterwards."""
        report = sync.run(self.settings, store=self.store)
        assert [s.outcome for s in report.streams] == ["ok"] * len(report.streams)
        return self.store.version()

    def portfolio(self, day: date) -> Portfolio:
        """Everything as the pages show it on a day, whenever this test runs."""
        snapshot = self.store.snapshot()
        evidence = known_on(analysis.gather(snapshot, self.settings.reporting), day)
        found = analysis.portfolio(snapshot, evidence, today=day, version=snapshot.version)
        return settle(found, self.state.decisions(), day)

    def showing(self, portfolio: Portfolio) -> Showing:
        snapshot = self.store.snapshot()
        evidence = known_on(analysis.gather(snapshot, self.settings.reporting), portfolio.today)
        dossier = Dossier(portfolio.version, portfolio, evidence, self.settings, portfolio.today, Kept(), snapshot)
        return Showing(dossier, self.state)

    def figures(self, portfolio: Portfolio, change_id: str) -> ChangeFigures:
        change = portfolio.change(change_id)
        assert change is not None
        return self.showing(portfolio).figures(change)

    def pack(self, portfolio: Portfolio, meeting: Meeting) -> PackContent:
        seen = Seen(portfolio, self.showing(portfolio), tuple(self.store.state()), False, self.store.version())
        return content_of(seen, meeting, Recorded(self.state.decisions(), self.state.meetings()))


@pytest.fixture(scope="module")
def room(rt_living: tuple[RtServer, Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    rt, plan = rt_living
    home = tmp_path_factory.mktemp("meeting")
    source = {"kind": "request_tracker", "url": rt.url, "token": rt.tokens["reader"], "change_queues": ["Changes"],
              "ticket_queues": list(DESKS), "start": "2024-01-01"}  # fmt: skip
    state = open_state(home)
    yield Room(rt, plan, Settings(home=home, sources={"rt": source}), state)
    state.close()


@pytest.fixture(scope="module")
def held(room: Room) -> tuple[Portfolio, Meeting]:
    """The meeting with twelve changes on its agenda: what is proposed, and more by hand."""
    room.pull()
    portfolio = room.portfolio(HELD_ON)
    proposed = propose(portfolio, (), (), meeting_on=HELD_ON, next_on=HELD_ON + timedelta(days=14))
    by_hand = [AgendaItem(change_id=change.id, reasons=("hand",)) for change in portfolio.changes]
    agenda = added(proposed, by_hand)[:ON_THE_AGENDA]
    meeting = room.state.open_meeting(HELD_ON, title="Steering meeting", agenda=agenda)
    return portfolio, meeting


def decide(room: Room, portfolio: Portfolio, meeting: Meeting, place: int) -> Decision:
    """Decide about one change on the agenda, and keep what was seen."""
    change = portfolio.change(meeting.agenda[place].change_id)
    assert change is not None
    seen = room.figures(portfolio, change.id)
    frozen = room.state.freeze(portfolio.version, as_json(seen))
    return room.state.record(
        Decision(
            id=decision_id(change.id, meeting=meeting.id), change_id=change.id, kind=KINDS[place],  # type: ignore[arg-type]
            reason="The room saw the figures and agreed.", owner="Network", decided_on=HELD_ON, meeting_id=meeting.id,
            word=change.word, asked=change.decide, frozen_id=frozen, review_on=HELD_ON + timedelta(days=14),
        ),
        seen_revision=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def decided(room: Room, held: tuple[Portfolio, Meeting]) -> list[Decision]:
    return [decide(room, *held, place) for place in range(3)]


def test_the_agenda_holds_twelve_changes_of_the_real_system(room: Room, held: tuple[Portfolio, Meeting]) -> None:
    _, meeting = held
    known = {f"rt:change:{record.id}" for record in room.plan.changes}
    assert len({item.change_id for item in meeting.agenda}) == ON_THE_AGENDA
    assert {item.change_id for item in meeting.agenda} <= known


def test_of_two_who_record_at_once_the_second_sees_the_first_and_nothing_is_lost(
    room: Room, decided: list[Decision]
) -> None:
    first, other = decided[0], open_state(room.settings.home)
    theirs = other.record(replace(first, reason="The vendor has a correction."), seen_revision=first.revision)
    mine = replace(first, reason="It is taken back at once.", kind="roll_back")
    with pytest.raises(Conflict) as met:
        room.state.record(mine, seen_revision=first.revision)
    assert met.value.current == theirs
    room.state.record(mine, seen_revision=theirs.revision)
    told = [revision.reason for revision in room.state.decision_history(first.id)]
    assert told == [first.reason, "The vendor has a correction.", "It is taken back at once."]
    other.close()


def test_every_figure_of_the_pack_is_the_one_on_the_screen(
    room: Room, held: tuple[Portfolio, Meeting], decided: list[Decision], tmp_path: Path
) -> None:
    portfolio, meeting = held
    content = room.pack(portfolio, meeting)
    assert [page.figures.id for page in content.pages] == [item.change_id for item in meeting.agenda]
    for page in content.pages:
        assert page.figures == room.figures(portfolio, page.figures.id)
    files = making.files(making.freeze(room.state, content), tmp_path, ("csv",), lambda text, ratio: None)
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text("utf-8-sig"))))
    for page in content.pages:
        written = " | ".join(value for row in rows for value in row.values() if page.figures.number in row.values())
        for measure in page.figures.measures:
            assert measure.effect in written
            assert measure.range in written


def test_a_week_later_the_data_are_new_and_what_was_seen_is_not(
    room: Room, held: tuple[Portfolio, Meeting], decided: list[Decision]
) -> None:
    before, (portfolio, meeting) = room.store.version(), held
    content = room.pack(portfolio, meeting)
    pack = making.freeze(room.state, content)
    kept = {d.change_id: room.state.frozen(d.frozen_id or "") for d in decided}
    others = [c for c in portfolio.changes if c.id not in kept]
    with_steps = next(c for c in others if any(m.status == "open" for m in c.milestones))
    task = next(t for t in room.plan.tasks if f"rt:change:{room.plan.changes[t.parent or 0].id}" == with_steps.id
                and not t.steps)  # fmt: skip
    seen_then = room.figures(portfolio, with_steps.id)
    room.rt.ask("PUT", f"ticket/{task.id}", json={"Status": "resolved"})
    assert room.pull() != before

    now = room.portfolio(A_WEEK_LATER)
    for decision in decided:
        frozen, then = kept[decision.change_id], room.state.frozen(decision.frozen_id or "")
        assert then == frozen
        assert then is not None
        assert from_json(then.content).today == HELD_ON
    assert making.freeze(room.state, content).frozen_id == pack.frozen_id
    told = [label for label, _, _ in differences(seen_then, room.figures(now, with_steps.id))]
    assert any(task.body["Subject"] in label for label in told)


def test_what_was_decided_is_not_asked_again_until_its_review(
    room: Room, held: tuple[Portfolio, Meeting], decided: list[Decision]
) -> None:
    asked = [d.change_id for d in decided if d.asked]
    assert asked
    week = room.portfolio(A_WEEK_LATER)
    after_review = room.portfolio(HELD_ON + timedelta(days=15))
    raw = {c.id: c.decide for c in held[0].changes}
    for change_id in asked:
        assert raw[change_id]
        assert week.change(change_id).decide == ()  # type: ignore[union-attr]
        assert after_review.change(change_id).decide  # type: ignore[union-attr]


def test_when_it_was_decided_is_written_down_in_the_audit(room: Room, decided: list[Decision]) -> None:
    written = [entry for entry in room.state.audit() if entry.table == "decision"]
    assert {entry.record_id for entry in written} >= {decision.id for decision in decided}
    assert all(entry.at <= datetime.now(UTC) for entry in written)
