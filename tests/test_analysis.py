"""From stored rows to what the meeting sees: panels, rollouts, readings, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from impact import analysis, evidence
from impact.estimate import Estimate
from impact.model import Change, ChangeService, Milestone, Row, Service, Team, Ticket
from impact.portfolio import Portfolio
from impact.ranking import harm
from impact.settings import Reporting
from impact.store import Store, StreamState

FIRST = date(2026, 1, 5)
DAYS = 200
TODAY = FIRST + timedelta(days=DAYS)
NOW = datetime(2026, 8, 1, tzinfo=UTC)
SERVICES = tuple(f"s{i:02}" for i in range(14))
ROLLOUT = FIRST + timedelta(days=120)
RECENT = FIRST + timedelta(days=DAYS - 7)


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def row(kind: type[Row], table: str, key: str, source: str = "desk", **values: Any) -> Any:
    return kind(id=f"{source}:{table}:{key}", source=source, source_key=key, **values)


def tickets(*, doubled: str, source: str = "desk", last: int = DAYS) -> list[Row]:
    """About six tickets a day and service, twice as many on ``doubled`` from ROLLOUT on and three times as many on s06
    from RECENT on."""
    rng = np.random.default_rng(7)
    made = []
    for service in SERVICES:
        for n in range(last):
            day = FIRST + timedelta(days=n)
            rate = 6.0 * (2.0 if service == doubled and day > ROLLOUT else 1.0)
            rate *= 3.0 if service == "s06" and day > RECENT else 1.0
            for k in range(rng.poisson(rate)):
                made.append(
                    row(
                        Ticket,
                        "ticket",
                        f"{service}-{n}-{k}",
                        source,
                        number=f"{service}-{n}-{k}",
                        opened_at=at(day, 8 + k % 10),
                        resolved_at=at(day, 8 + k % 10) + timedelta(hours=3),
                        service_id=f"{source}:service:{service}",
                    )
                )
    return made


def change(key: str, services: Sequence[str], rollout: date | None, **values: Any) -> list[Row]:
    head = row(
        Change,
        "change",
        key,
        number=f"CHG-{key}",
        title=f"Change {key}",
        status="done" if rollout else "planned",
        rollout_start_at=at(rollout) if rollout else None,
        team_id="desk:team:apps",
    )
    links = [
        row(ChangeService, "change_service", f"{key}-{s}", change_id=head.id, service_id=f"desk:service:{s}")
        for s in services
    ]
    return [replace(head, **values), *links]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("data"))
    rows: list[Row] = [row(Service, "service", s, name=f"Service {s}") for s in SERVICES]
    rows.append(row(Team, "team", "apps", name="Applications"))
    rows += change("worse", ["s00"], ROLLOUT)
    rows += change("twin-a", ["s01"], ROLLOUT)
    rows += change("twin-b", ["s01"], ROLLOUT + timedelta(days=3))
    rows += change("young", ["s02"], FIRST + timedelta(days=DAYS - 2))
    rows += change("recent", ["s06"], RECENT)
    rows += change("slow", ["s07", "s08"], ROLLOUT, rollout_end_at=at(ROLLOUT + timedelta(days=9)))
    rows += change("coming", ["s03"], None, planned_start_at=at(TODAY + timedelta(days=9)))
    rows += change("cancelled", ["s04"], ROLLOUT, status="cancelled")
    rows += change("unlinked", [], ROLLOUT)
    rows += change("elsewhere", ["nowhere"], ROLLOUT)
    for end, status, due in (("design", "done", -30), ("business", "done", -9), ("business", "open", -2)):
        rows.append(
            row(
                Milestone,
                "milestone",
                f"{end}{status}",
                change_id="desk:change:coming",
                title=f"{end} {status}",
                end=end,
                status=status,
                due_on=TODAY + timedelta(days=due),
                done_on=TODAY + timedelta(days=due + 4) if status == "done" else None,
            )
        )
    by_table: dict[str, list[Row]] = {}
    for item in [*rows, *tickets(doubled="s00")]:
        by_table.setdefault(item.id.split(":")[1], []).append(item)
    for table, found in by_table.items():
        store.upsert(table, found, fetched_at=NOW)
    store.set_state(state("desk", at(TODAY)))
    store.refresh_facts()
    return store


def state(source: str, bookmark: datetime) -> StreamState:
    return StreamState(
        source=source, stream="tickets", bookmark_at=bookmark, complete_at=bookmark, ok_at=NOW, outcome="ok"
    )


@pytest.fixture(scope="module")
def seen(stored: Store) -> Portfolio:
    snapshot = stored.snapshot()
    given = analysis.gather(snapshot, Reporting())
    return analysis.portfolio(snapshot, given, today=TODAY, version=stored.version())


def test_the_last_complete_day_is_the_day_before_the_bookmark(seen: Portfolio) -> None:
    assert seen.data_to == TODAY - timedelta(days=1)


def test_a_service_with_twice_the_tickets_after_its_change_is_worse(seen: Portfolio) -> None:
    view = seen.change("CHG-worse")
    assert view is not None
    reading = view.reading("tickets")
    assert isinstance(reading.result, Estimate)
    assert reading.verdict.word == "worse"
    assert 0.4 < reading.result.effect < 1.0
    assert (view.word, view.group, view.team) == ("worse", "decide", "Applications")


def test_two_changes_within_days_on_one_service_cannot_be_separated_name_each_other_and_are_read_as_one(
    seen: Portfolio,
) -> None:
    view = seen.change("CHG-twin-a")
    assert view is not None
    verdict = view.reading("tickets").verdict
    assert (verdict.word, verdict.blocking) == ("cannot_separate", ("desk:change:twin-b",))
    assert [(n.number, n.services) for n in view.neighbours] == [("CHG-twin-b", ("Service s01",))]
    bundle = view.reading("tickets").bundle
    assert bundle is not None
    assert isinstance(bundle.result, Estimate)
    assert (bundle.result.method, bundle.result.together) == ("bundle", ("desk:change:twin-b",))


def test_a_young_change_is_too_early_and_says_from_when(seen: Portfolio) -> None:
    view = seen.change("CHG-young")
    assert view is not None
    verdict = view.reading("tickets").verdict
    assert verdict.word == "too_early"
    assert verdict.from_on is not None
    assert verdict.from_on == FIRST + timedelta(days=DAYS + 2)


def test_a_recent_change_is_read_at_a_look_with_a_raised_bar_and_says_when_the_final_reading_comes(
    seen: Portfolio,
) -> None:
    view = seen.change("CHG-recent")
    assert view is not None
    result = view.reading("tickets").result
    assert isinstance(result, Estimate)
    assert (result.look, result.final_days, result.final_from) == (5, 14, RECENT + timedelta(days=15))
    assert result.multiplier > 1
    assert result.low > 0


def test_every_measure_is_read_over_other_days_too_each_with_its_own_word(seen: Portfolio) -> None:
    view = seen.change("CHG-worse")
    assert view is not None
    others = view.reading("tickets").others
    assert [o.result.reading for o in others if o.result] == ["first_days", "lasting", "late"]
    assert [o.verdict.word for o in others][1:] == ["worse", "worse"]


def test_a_change_on_several_services_is_also_read_service_by_service_and_one_on_a_single_service_is_not(
    seen: Portfolio,
) -> None:
    slow, single = seen.change("CHG-slow"), seen.change("CHG-worse")
    assert slow is not None
    assert single is not None
    found = [reading.result.service for reading in slow.reading("tickets").services if reading.result]
    assert found == ["desk:service:s07", "desk:service:s08"]
    assert single.reading("tickets").services == ()


def test_a_rollout_over_ten_days_is_read_from_after_its_last_day(seen: Portfolio) -> None:
    view = seen.change("CHG-slow")
    assert view is not None
    last = ROLLOUT + timedelta(days=9)
    assert (view.rollout_on, view.rollout_to) == (ROLLOUT, last)
    assert [service.rollout_to for service in view.services] == [last, last]
    result = view.reading("tickets").result
    assert isinstance(result, Estimate)
    assert result.pre_to < ROLLOUT
    assert result.post_from == last + timedelta(days=1)


@pytest.mark.parametrize(
    ("hours", "status", "last"),
    [
        (8, "done", None),  # done within a day
        (23, "done", None),  # overnight
        (48, "done", ROLLOUT + timedelta(days=2)),
        (24 * 56, "done", ROLLOUT + timedelta(days=56)),
        (24 * 57, "done", None),  # its record was closed late
        (-5, "done", None),  # an end before the beginning
        (24 * 5, "rolled_back", None),  # that is when it was taken back
    ],
)
def test_a_rollout_takes_days_only_where_its_record_says_so_believably(
    hours: int, status: str, last: date | None
) -> None:
    end = at(ROLLOUT) + timedelta(hours=hours)
    assert evidence.last_day(at(ROLLOUT), end, status=status, zone=ZoneInfo("UTC")) == last


def test_a_planned_change_shows_readiness_and_asks_for_a_decision_when_people_are_not_ready(seen: Portfolio) -> None:
    view = seen.change("CHG-coming")
    assert view is not None
    assert (view.word, view.rollout_on, view.planned_on) == ("not_rolled_out", None, TODAY + timedelta(days=9))
    assert (view.design.ratio, view.business.ratio, view.business.missing) == (1.0, 0.5, ("business open",))
    assert view.decide == ("not_ready", "overdue")
    assert [m.slip_days for m in view.milestones] == [4, 4, 2]


def test_a_cancelled_change_is_no_rollout_and_needs_no_decision(seen: Portfolio) -> None:
    view = seen.change("CHG-cancelled")
    assert view is not None
    assert (view.word, view.rollout_on, view.decide) == ("not_rolled_out", None, ())


@pytest.mark.parametrize(("number", "reason"), [("CHG-unlinked", "no_service"), ("CHG-elsewhere", "no_data")])
def test_a_change_without_a_known_service_has_no_data_and_no_zero(seen: Portfolio, number: str, reason: str) -> None:
    view = seen.change(number)
    assert view is not None
    verdict = view.reading("tickets").verdict
    assert (view.word, verdict.word, verdict.reason) == ("no_data", "no_data", reason)


def test_an_orphan_link_is_kept_and_marked(seen: Portfolio) -> None:
    view = seen.change("CHG-elsewhere")
    assert view is not None
    assert [(s.name, s.known) for s in view.services] == [("nowhere", False)]


def test_metrics_nobody_delivers_are_not_shown(seen: Portfolio) -> None:
    assert {m.name for m in seen.metrics} == {"tickets", "time_to_resolve"}


def test_the_worst_news_comes_first_and_of_those_the_largest_harm(seen: Portfolio) -> None:
    assert [(c.number, c.word) for c in seen.changes[:2]] == [("CHG-recent", "worse"), ("CHG-worse", "worse")]
    sizes = [harm(c) for c in seen.changes[:2]]
    assert sizes[0] > sizes[1] > 0


def test_an_unknown_id_gives_nothing_rather_than_the_first_change(seen: Portfolio) -> None:
    assert seen.change("CHG-999") is None


def test_days_a_silent_source_has_not_delivered_are_unknown_and_not_quiet(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for source in ("desk", "down"):
        store.upsert("ticket", tickets(doubled="", source=source, last=60), fetched_at=NOW)
    store.set_state(state("desk", at(FIRST + timedelta(days=60))))
    store.set_state(state("down", at(FIRST + timedelta(days=50))))
    store.refresh_facts()
    given = analysis.gather(store.snapshot(), Reporting())
    panel = given.panels["tickets"]
    unknown = np.isnan(panel.total).sum(axis=1)
    assert given.data_to == FIRST + timedelta(days=59)
    assert {s.split(":")[0]: int(n) for s, n in zip(panel.services, unknown, strict=True)} == {"desk": 0, "down": 10}


def test_a_source_whose_first_pass_is_not_finished_has_no_complete_day_and_gives_no_figures(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.upsert("ticket", tickets(doubled="", last=60), fetched_at=NOW)
    half = StreamState(source="desk", stream="tickets", bookmark_at=at(FIRST + timedelta(days=30)), outcome="running")
    store.set_state(half)
    store.refresh_facts()
    given = analysis.gather(store.snapshot(), Reporting())
    assert (given.data_to, dict(given.panels)) == (None, {})


def test_a_pass_that_broke_off_leaves_the_last_complete_day_where_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.upsert("ticket", tickets(doubled="", last=60), fetched_at=NOW)
    broken = replace(state("desk", at(FIRST + timedelta(days=40))), bookmark_at=at(FIRST + timedelta(days=55)))
    store.set_state(replace(broken, outcome="failed"))
    store.refresh_facts()
    given = analysis.gather(store.snapshot(), Reporting())
    assert given.data_to == FIRST + timedelta(days=39)


def test_an_empty_store_gives_an_empty_portfolio(tmp_path: Path) -> None:
    store = Store(tmp_path)
    snapshot = store.snapshot()
    given = analysis.gather(snapshot, Reporting())
    empty = analysis.portfolio(snapshot, given, today=TODAY, version="")
    assert (empty.changes, empty.data_to, empty.metrics) == ((), None, ())
