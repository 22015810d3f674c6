"""The demo organisation comes in through the real connector, whole, and an honest engine finds what is there to find.

Loading takes most of a minute, so it is done once for all tests of this file, into a folder in which the load of
another day was killed half-way.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from impact import demo
from impact.analysis import gather, portfolio
from impact.demo_organisation.server import running
from impact.demo_organisation.story import SERVICES, TEAMS
from impact.demo_organisation.world import SEED, World, world
from impact.demo_records import known_on
from impact.figures import from_json
from impact.model import SourceUnavailable
from impact.portfolio import ChangeView, Portfolio
from impact.register import to_judge
from impact.settled import settle
from impact.state import open_state
from impact.store import Snapshot, Store, StoreBusy

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 11, 23)
BROKEN_OFF = """
import sys
import time
from datetime import date
from pathlib import Path
from impact import demo
tell = lambda text, ratio: print(ratio, flush=True)
demo.load(Path(sys.argv[1]), today=date.fromisoformat(sys.argv[2]), progress=tell)
"""
RATIO_WITH_ROWS_STORED = 0.35
"""By then the first batch of tickets is in the store."""
MEASURES = {
    "tickets": "tickets",
    "hours": "time_to_resolve",
    "satisfaction": "satisfaction",
    "reopened": "reopened",
    "self_service": "self_service",
}


@pytest.fixture(scope="module")
def organisation() -> World:
    return world(SEED, TODAY)


@pytest.fixture(scope="module")
def told() -> list[tuple[str, float]]:
    return []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, float]]) -> Path:
    folder = tmp_path_factory.mktemp("organisation") / "demo"
    yesterday = str(TODAY - timedelta(days=1))
    arguments = [sys.executable, "-c", BROKEN_OFF, str(folder), yesterday]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if float(line) > RATIO_WITH_ROWS_STORED:
                process.send_signal(signal.SIGKILL)
    assert not Store(folder).is_empty()
    assert not demo.is_current(folder, TODAY - timedelta(days=1))
    demo.load(folder, today=TODAY, progress=lambda text, ratio: told.append((text, ratio)))
    return folder


@pytest.fixture(scope="module")
def snapshot(home: Path) -> Snapshot:
    return Store(home).snapshot()


@pytest.fixture(scope="module")
def board(snapshot: Snapshot) -> Portfolio:
    """As of TODAY, whenever the test runs: what was loaded is called complete to the day before it was loaded."""
    return portfolio(snapshot, known_on(gather(snapshot, demo.REPORTING), TODAY), today=TODAY, version="1")


def one(snapshot: Snapshot, sql: str) -> tuple[object, ...]:
    return tuple(snapshot.query(sql).to_pylist()[0].values())


def change(board: Portfolio, title: str) -> ChangeView:
    return next(c for c in board.changes if c.title == title)


def test_a_loaded_demo_is_current_on_its_day_and_not_on_the_next(home: Path) -> None:
    assert demo.is_current(home, TODAY)
    assert not demo.is_current(home, TODAY + timedelta(days=1))
    assert not demo.is_current(home, TODAY, seed=SEED + 1)


def test_a_folder_without_demo_is_not_current(tmp_path: Path) -> None:
    assert not demo.is_current(tmp_path / "nothing", TODAY)


def test_progress_rises_to_one_and_says_how_many_tickets_were_read(
    home: Path, told: list[tuple[str, float]], organisation: World
) -> None:
    ratios = [ratio for _, ratio in told]
    assert ratios == sorted(ratios)
    assert (ratios[0], ratios[-1]) == (pytest.approx(0.01), 1.0)
    assert any(text.startswith("Reading tickets: 50,") for text, _ in told)


def test_loading_what_is_there_already_changes_nothing(home: Path) -> None:
    version = Store(home).version()
    demo.load(home, today=TODAY)
    assert Store(home).version() == version


def test_everything_the_organisation_has_arrives_in_the_store_and_nothing_else(
    snapshot: Snapshot, organisation: World
) -> None:
    steps = sum(len(c.milestones) for c in organisation.changes)
    links = sum(len(c.plan.services) for c in organisation.changes)
    t = organisation.tickets
    wanted = {
        "ticket": len(t),
        "change": 40,
        "milestone": steps,
        "change_service": links,
        "service": 60,
        "segment": 13,
        "satisfaction_response": int((t.asked >= 0).sum()),
        "rejected": 0,
    }
    found = {table: one(snapshot, f"SELECT COUNT(*) AS n FROM {table}")[0] for table in wanted}
    assert found == wanted


def test_tickets_arrive_with_the_right_service_resolution_reopening_moves_and_channel(
    snapshot: Snapshot, organisation: World
) -> None:
    t = organisation.tickets
    found = one(
        snapshot,
        "SELECT COUNT(first_resolved_at) AS a, SUM(CASE WHEN reopened_count > 0 THEN 1 ELSE 0 END) AS b, "
        "SUM(reassigned_count) AS c, SUM(CASE WHEN channel IN ('portal', 'chat') THEN 1 ELSE 0 END) AS d, "
        "SUM(CASE WHEN channel_raw IS NULL THEN 1 ELSE 0 END) AS e, "
        "SUM(CASE WHEN kind = 'incident' THEN 1 ELSE 0 END) AS f, COUNT(DISTINCT person_key) AS g FROM ticket",
    )
    ended = (t.first_resolved >= 0) & ~t.rejected
    moved = np.where(t.first_resolved >= 0, t.reassigned, 0)
    people = len(set(t.person.tolist()))
    expected = (ended, t.reopened >= 0, moved, t.channel < 2, t.channel == 5, t.incident)
    assert found == (*(int(values.sum()) for values in expected), people)
    by_service = snapshot.query(
        "SELECT s.name AS name, COUNT(*) AS n FROM ticket t JOIN service s ON s.id = t.service_id GROUP BY s.name"
    ).to_pylist()
    counts = np.bincount(t.service, minlength=60).tolist()
    assert {r["name"]: r["n"] for r in by_service} == {s.name: n for s, n in zip(SERVICES, counts, strict=True)}


def test_answers_arrive_on_the_day_they_were_given_and_unanswered_surveys_without_a_score(
    snapshot: Snapshot, organisation: World
) -> None:
    t = organisation.tickets
    answered = t.answered >= 0
    found = one(
        snapshot,
        "SELECT COUNT(answered_at) AS n, SUM(score_raw) AS s, COUNT(score_raw) AS m, COUNT(asked_at) AS a "
        "FROM satisfaction_response",
    )
    assert found == (answered.sum(), t.score[answered].sum(), answered.sum(), (t.asked >= 0).sum())
    days = snapshot.query(
        "SELECT answered_on AS d, COUNT(*) AS n FROM satisfaction_response WHERE answered_on IS NOT NULL "
        "GROUP BY answered_on"
    ).to_pylist()
    first = date(1970, 1, 1)
    wanted = {
        first + timedelta(days=int(d)): n
        for d, n in zip(*np.unique(t.answered[answered] // 86_400, return_counts=True), strict=True)
    }
    assert {row["d"]: row["n"] for row in days} == wanted


def test_changes_and_milestones_arrive_with_their_planned_and_actual_days(
    board: Portfolio, organisation: World
) -> None:
    assert {c.title: c.rollout_on for c in board.changes} == {c.plan.title: c.rollout_on for c in organisation.changes}
    words = {"live": "done", "planned": "planned", "cancelled": "cancelled", "failed": "done"}
    assert {c.title: c.status for c in board.changes} == {
        c.plan.title: words.get(c.plan.state, c.plan.state) for c in organisation.changes
    }
    for fact in organisation.changes:
        view = change(board, fact.plan.title)
        assert sorted((m.kind, m.due_on, m.done_on, m.status == "cancelled") for m in view.milestones) == sorted(
            (m.step.kind, m.due_on, m.done_on, m.cancelled) for m in fact.milestones
        )


def test_a_change_belongs_to_the_team_that_makes_it(board: Portfolio, organisation: World) -> None:
    assert {c.title: c.team for c in board.changes} == {c.plan.title: c.plan.team for c in organisation.changes}
    assert {name for _, name in board.teams} <= set(TEAMS)


def test_the_first_screen_has_something_to_decide_something_good_and_something_too_early(board: Portfolio) -> None:
    words = {c.title: c.word for c in board.changes}
    assert words["Card payment gateway switch"] == "worse"
    assert words["Laptop refresh wave 2"] == "worse"
    assert words["New password reset"] == "better"
    assert words["Wi-Fi upgrade in branches"] == "better"
    assert words["Self-service portal redesign"] == "better"
    assert words["Expense claims by photo"] == "too_early"
    assert words["Printing follow-me"] == words["Shift planning app for stores"] == "not_rolled_out"
    assert len(change(board, "Laptop refresh wave 2").overdue) == 3
    assert change(board, "Laptop refresh wave 2").group == "decide"


def test_what_cannot_be_told_is_not_told(board: Portfolio) -> None:
    words = {c.title: c.word for c in board.changes}
    assert words["Print server moved"] == words["Store counter printers replaced"] == "cannot_separate"
    assert words["Archive search replaced"] == "too_little"
    assert words["Cooling of the data centre replaced"] == "no_data"
    assert words["Desk booking by sensor"] == "not_rolled_out"


def test_most_true_effects_are_found_and_none_with_the_opposite_sign(board: Portfolio, organisation: World) -> None:
    there = found = opposite = 0
    for truth in organisation.truths:
        if truth.truth not in ("better", "worse") or truth.rollout_on is None:
            continue
        for ours, metric in MEASURES.items():
            size = getattr(truth.effect, ours)
            verdict = change(board, truth.title).reading(metric).verdict.word
            good = (size > 0) == (ours in ("satisfaction", "self_service"))
            there += size != 0
            found += size != 0 and verdict == ("better" if good else "worse")
            opposite += size != 0 and verdict == ("worse" if good else "better")
    assert there == 54
    assert found >= 28
    assert opposite == 0


def test_the_demo_waits_for_another_process_and_says_so_when_that_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENCE_SECONDS", -1.0)
    with Store(tmp_path).writing(), pytest.raises(StoreBusy, match=r"Process \d+ has been writing"):
        demo.load(tmp_path, today=TODAY)


def test_a_server_that_does_not_start_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(SourceUnavailable, match="did not start"), running(SEED, TODAY):
        pass


def test_the_server_ends_with_the_process_that_started_it() -> None:
    starter = (
        "import sys; from datetime import date; from impact.demo_organisation.server import running\n"
        "with running(1, date(2026, 11, 23)) as (address, token):\n"
        "    print(address, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert answers(address)
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 20
    while answers(address) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(address)


def answers(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def test_the_last_meetings_are_on_record_with_what_was_seen_and_nothing_asked_twice(
    home: Path, board: Portfolio
) -> None:
    state = open_state(demo.records_home(home, TODAY))
    assert [meeting.held_on for meeting in state.meetings()] == [date(2026, 11, 10), date(2026, 10, 27)]
    decided = {d.change_id: d for d in state.decisions()}
    seen = decided[change(board, "Card payment gateway switch").id]
    frozen = state.frozen(seen.frozen_id or "")
    assert frozen is not None
    assert from_json(frozen.content).title == "Card payment gateway switch"
    assert seen.word == "worse"
    assert not change(settle(board, state.decisions(), TODAY), "Mail moved to the cloud").decide
    assert change(settle(board, state.decisions(), TODAY), "Payroll query chat assistant").decide


def test_effects_stated_after_the_rollout_are_marked(home: Path, board: Portfolio) -> None:
    state = open_state(demo.records_home(home, TODAY))
    late = {s.change_id: s for s in state.statements() if s.after_rollout}
    assert set(late) == {change(board, title).id for title in ("Contactless limit raised", "Laptop refresh wave 2")}
    laptops = f"{change(board, 'Laptop refresh wave 2').id}/tickets"
    judged = to_judge(state.statement_history(laptops))
    assert judged is not None
    assert judged.expected == -15
