"""The demo organisation is the same for the same seed and day, and as large and as mixed as an organisation is."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from impact.demo_organisation.noise import DAYS
from impact.demo_organisation.story import DEPARTMENTS, LOCATIONS, SERVICES, TEAMS
from impact.demo_organisation.world import SEED, ChangeFact, World, effect_days, world

TODAY = date(2026, 11, 23)
MIDNIGHT = 1_795_392_000  # 2026-11-23 00:00 UTC


@pytest.fixture(scope="module")
def organisation() -> World:
    return world(SEED, TODAY)


def named(organisation: World, title: str) -> ChangeFact:
    return next(change for change in organisation.changes if change.plan.title == title)


def test_the_same_seed_and_day_give_the_same_organisation(organisation: World) -> None:
    again = world(SEED, TODAY)
    assert again.changes == organisation.changes
    for field in fields(organisation.tickets):
        assert np.array_equal(getattr(again.tickets, field.name), getattr(organisation.tickets, field.name))


def test_another_seed_or_another_day_gives_another_organisation(organisation: World) -> None:
    assert not np.array_equal(world(SEED + 1, TODAY).tickets.opened, organisation.tickets.opened)
    assert not np.array_equal(world(SEED, TODAY + timedelta(days=1)).tickets.opened, organisation.tickets.opened)


def test_it_has_60_services_12_teams_5_locations_40_changes_and_about_100_000_tickets(organisation: World) -> None:
    assert (len(SERVICES), len(TEAMS), len(LOCATIONS), len(organisation.changes)) == (60, 12, 5, 40)
    assert len({service.name for service in SERVICES}) == 60
    assert 95_000 <= len(organisation.tickets) <= 110_000


def test_every_service_location_department_and_channel_is_used(organisation: World) -> None:
    t = organisation.tickets
    assert set(t.service.tolist()) == set(range(60))
    assert set(organisation.location[t.person].tolist()) == set(range(5))
    assert set(organisation.department[t.person].tolist()) == set(range(len(DEPARTMENTS)))
    assert set(t.channel.tolist()) == set(range(6))


def test_services_range_from_nearly_silent_to_busy(organisation: World) -> None:
    a_day = np.bincount(organisation.tickets.service, minlength=60) / DAYS
    assert a_day.max() == pytest.approx(12.5, abs=3)
    assert sum(a_day > 4) == 16
    assert sum((a_day > 0.3) & (a_day < 1.5)) == 43
    assert a_day.min() < 0.15


def test_nothing_has_happened_that_lies_in_the_future(organisation: World) -> None:
    t = organisation.tickets
    for moments in (t.opened, t.first_reply, t.first_resolved, t.reopened, t.resolved, t.asked, t.answered):
        assert moments.max() < MIDNIGHT
    assert t.opened.max() >= MIDNIGHT - 86_400
    for change in organisation.changes:
        done = [step.done_on for step in change.milestones if step.done_on]
        assert all(day < TODAY for day in [*done, *filter(None, (change.rollout_on, change.ended_on))])


def test_a_ticket_is_opened_resolved_reopened_and_resolved_again_in_that_order(organisation: World) -> None:
    t = organisation.tickets
    back = t.reopened >= 0
    assert (t.first_resolved[t.first_resolved >= 0] > t.opened[t.first_resolved >= 0]).all()
    assert (t.reopened[back] > t.first_resolved[back]).all()
    again = back & (t.resolved >= 0)
    assert (t.resolved[again] > t.reopened[again]).all()
    assert (t.answered[t.answered >= 0] > t.resolved[t.answered >= 0]).all()


def test_between_20_and_30_percent_answer_the_survey_and_departments_differ(organisation: World) -> None:
    t = organisation.tickets
    asked, answered = t.asked >= 0, t.answered >= 0
    assert 0.2 <= answered.sum() / asked.sum() <= 0.3
    department = organisation.department[t.person]
    rates = [float(answered[asked & (department == d)].mean()) for d in range(len(DEPARTMENTS))]
    assert max(rates) > 1.7 * min(rates)
    assert set(t.score[answered].tolist()) == {1, 2, 3, 4, 5}
    assert not t.score[~answered].any()


def test_most_who_answer_say_how_many_minutes_they_lost_and_incidents_cost_more(organisation: World) -> None:
    t = organisation.tickets
    told = t.lost >= 0
    assert not told[t.answered < 0].any()
    assert 0.65 <= told.sum() / (t.answered >= 0).sum() <= 0.75
    assert (t.lost[told] % 5 == 0).all()
    assert np.median(t.lost[told & t.incident]) > 1.5 * np.median(t.lost[told & ~t.incident]) > 0


def test_tickets_vary_more_from_day_to_day_than_pure_chance_would_make_them(organisation: World) -> None:
    t = organisation.tickets
    day = (t.opened - (MIDNIGHT - DAYS * 86_400)) // 86_400
    weekday = (TODAY - timedelta(days=DAYS)).weekday()
    tuesdays = np.arange((1 - weekday) % 7, DAYS, 7)
    busy = np.argsort(-np.bincount(t.service))[:10]
    ratios = []
    for service in busy:
        counts = np.bincount(day[t.service == service], minlength=DAYS)[tuesdays]
        ratios.append(counts.var() / counts.mean())
    assert min(ratios) > 1.2


def test_weekends_and_public_holidays_are_quiet(organisation: World) -> None:
    day = (organisation.tickets.opened - (MIDNIGHT - DAYS * 86_400)) // 86_400
    counts = np.bincount(day, minlength=DAYS)
    dates = [TODAY - timedelta(days=DAYS - d) for d in range(DAYS)]
    workday = np.median([c for c, on in zip(counts, dates, strict=True) if on.weekday() < 5])
    sunday = np.median([c for c, on in zip(counts, dates, strict=True) if on.weekday() == 6])
    assert sunday < 0.4 * workday
    assert counts[dates.index(date(2025, 12, 25))] < 0.6 * workday  # a Thursday


def test_the_changes_tell_every_kind_of_story(organisation: World) -> None:
    states = Counter(change.plan.state for change in organisation.changes)
    assert states == {"live": 33, "planned": 4, "rolled_back": 1, "failed": 1, "cancelled": 1}
    truths = Counter(change.plan.truth for change in organisation.changes)
    assert all(truths[kind] >= least for kind, least in {"better": 10, "worse": 5, "none": 5, "transient": 4}.items())
    assert sum(not change.plan.services for change in organisation.changes) == 1
    assert sum(not change.milestones for change in organisation.changes) == 1
    assert sum(len(change.plan.services) > 0.2 * len(SERVICES) for change in organisation.changes) == 1
    assert sum(change.plan.staged > 0 for change in organisation.changes) == 1


def test_two_changes_of_printing_went_live_on_the_same_day(organisation: World) -> None:
    pair = [named(organisation, title) for title in ("Store counter printers replaced", "Print server moved")]
    assert pair[0].rollout_on is not None
    assert pair[0].rollout_on == pair[1].rollout_on
    assert pair[0].plan.services == pair[1].plan.services


def test_three_changes_of_the_tills_followed_each_other_within_weeks_one_of_them_also_elsewhere(
    organisation: World,
) -> None:
    titles = ("Till software 8", "Till screens with larger type", "Contactless limit raised")
    first, second, third = (named(organisation, title) for title in titles)
    assert all("Store tills" in change.plan.services for change in (first, second, third))
    days = [change.rollout_on.toordinal() for change in (first, second, third) if change.rollout_on]
    assert [7 <= after - before <= 14 for before, after in pairwise(days)] == [True, True]
    assert third.plan.services == ("Store tills", "Payment terminals")


def test_a_rollout_over_ten_days_ends_nine_days_after_it_began_and_its_effect_grows(organisation: World) -> None:
    change = named(organisation, "Wi-Fi upgrade in branches")
    assert change.rollout_on is not None
    assert change.ended_on == change.rollout_on + timedelta(days=9)
    row = [service.name for service in SERVICES].index("Wi-Fi")
    effect = effect_days(organisation.changes, TODAY, "tickets")[row]
    start = DAYS - (TODAY - change.rollout_on).days
    grown = effect[start : start + 11] - effect[start - 1]
    assert grown / np.log(0.45) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0])


def test_a_recent_change_has_an_effect_large_enough_to_be_seen_at_once(organisation: World) -> None:
    change = named(organisation, "Payroll query chat assistant")
    assert change.rollout_on is not None
    assert 5 <= (TODAY - change.rollout_on).days <= 9
    assert change.plan.effect.tickets > 1


def test_a_planned_change_has_no_rollout_and_open_milestones_some_of_them_late(organisation: World) -> None:
    change = named(organisation, "Shift planning app for stores")
    assert change.rollout_on is None
    assert change.planned_on > TODAY
    late = {m.step.kind for m in change.milestones if m.done_on is None and m.due_on < TODAY}
    assert late >= {"communication", "training"}


def test_a_rolled_back_change_cancels_what_would_have_come_after_it(organisation: World) -> None:
    change = named(organisation, "VPN without a token")
    assert change.rollout_on is not None
    assert change.ended_on == change.rollout_on + timedelta(days=5)
    assert [m.step.kind for m in change.milestones if m.cancelled] == ["review"]


def test_changes_go_live_on_working_days_before_today_on_whatever_day_the_demo_is_opened() -> None:
    for shift in range(0, 371, 53):
        today = TODAY + timedelta(days=shift)
        for change in world(SEED, today).changes:
            if change.rollout_on is not None:
                assert change.rollout_on.weekday() < 5
                assert today - timedelta(days=DAYS) < change.rollout_on < today


def test_an_effect_begins_on_the_day_of_the_rollout_and_a_passing_one_ends(organisation: World) -> None:
    row = [service.name for service in SERVICES].index("Laptops")
    effect = effect_days(organisation.changes, TODAY, "tickets")[row]
    wave = named(organisation, "Laptop refresh wave 1").rollout_on
    assert wave is not None
    start = DAYS - (TODAY - wave).days
    before = effect[start - 1]
    assert effect[start : start + 14] == pytest.approx(np.full(14, before + np.log(1.8)))
    assert effect[start + 14] == pytest.approx(before)
