"""Changes that meet on a service or for the same people, rollouts in a freeze, and what changes like them brought."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from impact.collisions import (
    AFTER,
    BEFORE,
    LEAST_GAP,
    MOST_ALIKE,
    MOST_NEAR,
    Alike,
    TooFew,
    around,
    closeness,
    collisions,
    coming,
    expected,
    in_freeze,
)
from impact.estimate import SHAPES
from impact.estimation import designs
from impact.portfolio import ChangeView, SegmentLink, ServiceLink
from impact.sections import Freeze
from impact.words import collision_words as words
from tests import sample
from tests.sample import TODAY

NORTH = SegmentLink("g1", "Branches north", "location", "affected", "source")


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def change(number: str, on: int, *, service: str | None = "Mail", to: int | None = None, **more: Any) -> ChangeView:
    """A change ``on`` days from TODAY, live where that has passed, on one service."""
    live = on <= 0
    link = ServiceLink(str(service), str(service), day(on) if live else None, "changed", "source")
    link = replace(link, rollout_to=None if to is None else day(to))
    services = (link,) if service else ()
    return sample.change(number, f"Change {number}", rollout=on if live else None, planned=on,
                         **{"services": services, "milestones": (), **more})  # fmt: skip


def alike(ahead: ChangeView, past: tuple[ChangeView, ...], extra: dict[str, float]) -> Alike | TooFew:
    """What past changes like one to come brought, from known bumps."""
    return expected((ahead,), past, lambda asked: {key: extra[key] for key in asked if key in extra})[ahead.id]


def test_windows_are_those_of_the_engine() -> None:
    assert (SHAPES[0].pre, SHAPES[0].post, *designs.SHORT) == (42, 14, 3, 3)
    assert (BEFORE, AFTER, LEAST_GAP) == (42, 14, 4), "three days of their own lie between rollouts four days apart"


@pytest.mark.parametrize(
    ("gap", "said"),
    [(0, "together"), (3, "together"), (4, "short"), (14, "short"), (15, "before"), (42, "before"), (43, "near")],
)
def test_how_near_two_changes_are_decides_whether_they_can_be_told_apart(gap: int, said: str) -> None:
    assert closeness(gap) == said


def test_two_coming_changes_on_one_service_within_days_meet_and_it_is_said_what_would_help() -> None:
    (found,) = collisions((change("A", 9), change("B", 11)), TODAY)
    assert (found.first.number, found.second.number, found.gap_days, found.coming) == ("A", "B", 2, True)
    assert words.sentence(found) == (
        "A Change A and B Change B meet on Mail within 2 days. Their effects cannot be told apart unless B moves to "
        "6 Dec 2026 or later; from 17 Dec 2026 on both have all their days."
    )


def test_a_change_that_still_stands_alone_for_some_days_is_told_apart_less_surely() -> None:
    (found,) = collisions((change("A", -4), change("B", 6)), TODAY)
    assert words.meaning(found) == (
        "Told apart less surely: only 9 days after A can be compared, not 14. "
        "From 4 Dec 2026 on both have all their days."
    )


def test_past_changes_that_met_are_said_to_be_read_as_one() -> None:
    (found,) = collisions((change("A", -40), change("B", -40)), TODAY)
    assert words.apart(found) == "at the same time"
    assert words.sentence(found).endswith(
        "met on Mail at the same time. Their effects cannot be told apart on these services; they are read as one."
    )


def test_the_days_between_count_from_the_last_day_of_a_rollout_that_took_days() -> None:
    (found,) = collisions((change("A", -30, to=-20), change("B", -18)), TODAY)
    assert (found.gap_days, found.closeness) == (2, "together")


def test_changes_for_the_same_people_meet_though_their_services_differ() -> None:
    a, b = change("A", 5, service="Mail", segments=(NORTH,)), change("B", 8, service="Wi-Fi", segments=(NORTH,))
    (found,) = collisions((a, b), TODAY)
    assert (found.services, found.segments) == ((), ("Branches north",))
    assert words.where(found) == "the same people: Branches north"
    assert "hard to tell from B" in words.meaning(found)


def test_a_pair_that_shares_services_and_people_is_told_once_by_its_services() -> None:
    a, b = change("A", 5, segments=(NORTH,)), change("B", 8, segments=(replace(NORTH, rollout_on=day(5)),))
    (found,) = collisions((a, b), TODAY)
    assert (found.services, found.segments, found.gap_days) == (("Mail",), ("Branches north",), 3)


def test_coming_collisions_stand_first_and_the_next_of_them_before_the_others() -> None:
    changes = (change("P", -60), change("Q", -58), change("A", 40), change("B", 41), change("C", 9), change("D", 10))
    order = [(c.first.number, c.second.number) for c in collisions(changes, TODAY) if c.gap_days <= 3]
    assert order == [("C", "D"), ("A", "B"), ("P", "Q")]


@pytest.mark.parametrize(
    "other",
    [
        change("B", 70),
        change("B", 11, service="Wi-Fi"),
        change("B", 11, status="cancelled"),
        change("B", 11, service=None),
        sample.change("B", "No day", rollout=None, planned=-9, milestones=()),
    ],
    ids=["too far", "elsewhere", "cancelled", "no service", "its planned day has passed"],
)
def test_what_does_not_meet_is_not_said_to(other: ChangeView) -> None:
    assert collisions((change("A", 9), other), TODAY) == ()


def test_a_stage_still_to_come_meets_on_its_own_day() -> None:
    wave = ServiceLink("Wi-Fi", "Wi-Fi", day(12), "changed", "source")
    staged = change("A", -30)
    staged = replace(staged, services=(*staged.services, wave))
    (found,) = collisions((staged, change("B", 10, service="Wi-Fi")), TODAY)
    assert (found.first.number, found.second.on, found.coming) == ("B", day(12), True)


@pytest.mark.parametrize(
    ("first", "second", "service", "matter"),
    [(9, 11, "Mail", True), (9, 40, "Mail", True), (9, 60, "Mail", False), (-40, -50, "Mail", True),
     (-40, -60, "Mail", False), (9, 11, "Wi-Fi", True), (9, 40, "Wi-Fi", False)],
)  # fmt: skip
def test_what_is_looked_at_is_what_is_hard_to_tell_apart_or_can_still_be_moved(
    first: int, second: int, service: str, matter: bool
) -> None:
    a, b = change("A", first, segments=(NORTH,)), change("B", second, service=service, segments=(NORTH,))
    assert bool(collisions((a, b), TODAY)) is matter


def test_neighbours_of_a_planned_change_are_known_before_it_is_live() -> None:
    a = change("A", 9, segments=(NORTH,))
    near = around(a, (a, change("B", -20), change("C", 11, service="Wi-Fi", segments=(NORTH,)), change("D", 90)), TODAY)
    assert [(n.number, n.services, n.segments) for n in near] == [("B", ("Mail",), ()), ("C", (), ("Branches north",))]


def test_rollouts_inside_a_freeze_are_named_coming_ones_first() -> None:
    freeze = Freeze("Year-end freeze", day(10), day(30))
    past = Freeze("Quarter end", day(-70), day(-60))
    changes = (change("A", -65), change("B", 12), change("C", 40), change("D", 20, service=None))
    found = in_freeze(changes, (freeze, past), TODAY)
    assert [words.freeze_text(f) for f in found] == [
        "B Change B is planned for 5 Dec 2026, inside Year-end freeze (3 to 23 Dec 2026).",
        "D Change D is planned for 13 Dec 2026, inside Year-end freeze (3 to 23 Dec 2026).",
        "A Change A went live on 19 Sep 2026, inside Quarter end (14 to 24 Sep 2026).",
    ]


def test_a_freeze_holds_its_first_and_its_last_day() -> None:
    edges = (change("A", 10), change("B", 30), change("C", 9), change("D", 31))
    found = in_freeze(edges, (Freeze("F", day(10), day(30)),), TODAY)
    assert [f.side.number for f in found] == ["A", "B"]


def test_what_is_coming_is_what_is_planned_for_today_or_later() -> None:
    changes = (change("A", 40), change("B", 3), change("C", -3), change("D", 9, status="cancelled"))
    late = sample.change("E", "Late", rollout=None, planned=-3, milestones=())
    assert [c.number for c in coming((*changes, late), TODAY)] == ["B", "A"]


def test_expected_extra_tickets_are_the_median_of_past_changes_on_the_same_service() -> None:
    past = tuple(change(f"P{i}", -60 - i) for i in range(4))
    extra = dict(zip((c.id for c in past), (10.0, -4.0, 30.0, 22.0), strict=True))
    found = alike(change("A", 9), past, extra)
    assert found == Alike(16.0, -4.0, 30.0, 4, "service")
    assert words.extra_text(found) == "+16 tickets (−4 to +30)"
    assert (
        words.extra_basis(found, "normal") == "middle, lowest and highest of 4 past normal changes on the same services"
    )


def test_with_fewer_than_three_on_the_service_those_of_the_team_count_and_else_nothing_can_be_told() -> None:
    past = (change("P1", -60), *(change(f"Q{i}", -60 - i, service="Wi-Fi") for i in range(2)))
    extra = {c.id: 5.0 for c in past}
    assert alike(change("A", 9), past, extra) == Alike(5.0, 5.0, 5.0, 3, "team")
    alone = alike(change("A", 9, team="Network"), past, extra)
    assert alone == TooFew(1)
    assert words.extra_text(alone) == "cannot tell"
    assert words.extra_basis(alone, "normal") == "1 past change like it with a known bump; 3 are needed"


def test_changes_of_another_kind_or_without_a_known_bump_are_not_alike() -> None:
    past = (change("P1", -60, kind="emergency"), change("P2", -61), change("P3", -62), change("P4", -63))
    extra = {c.id: 5.0 for c in past[:3]}
    assert alike(change("A", 9), past, extra) == TooFew(2)


def test_of_hundreds_that_go_live_in_a_week_the_nearest_that_follow_each_are_told() -> None:
    crowd = [change(f"C{i:04}", -(i % 7), segments=(NORTH,)) for i in range(3_000)]
    found = collisions(crowd, TODAY)
    assert len(found) <= 2 * MOST_NEAR * len(crowd), "all pairs would be more than four million"
    first = [c for c in found if c.first.number == "C0006"]
    assert [c.gap_days for c in first] == [0] * MOST_NEAR
    ahead = collisions((*crowd, change("Z", 1)), TODAY)[0]
    assert ahead.second.number == "Z", "what can still be moved is not pushed out by what is past"


def test_past_changes_for_the_same_people_only_are_told_while_they_are_recent() -> None:
    def pair(ago: int) -> tuple[ChangeView, ...]:
        return change("A", -ago, segments=(NORTH,)), change("B", -ago, service="Wi-Fi", segments=(NORTH,))

    assert [c.segments for c in collisions(pair(BEFORE), TODAY)] == [("Branches north",)]
    assert collisions(pair(BEFORE + 1), TODAY) == ()


def test_the_bumps_that_are_asked_for_are_the_latest_of_those_alike_and_all_at_once() -> None:
    past = tuple(change(f"P{i}", -60 - i) for i in range(3_000))
    asked: list[set[str]] = []

    def extra_of(ids: Collection[str]) -> dict[str, float]:
        asked.append(set(ids))
        return dict.fromkeys(ids, 4.0)

    found = expected([change(f"N{i}", 9) for i in range(40)], past, extra_of)
    assert asked == [{c.id for c in past[:MOST_ALIKE]}, set()], (
        "the team is asked only where its services tell too little"
    )
    assert set(found.values()) == {Alike(4.0, 4.0, 4.0, MOST_ALIKE, "service")}
