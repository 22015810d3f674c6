"""Who was told and trained before a change, who was not, and how that is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from impact.portfolio import ChangeView, MilestoneView, SegmentLink
from impact.telling import audiences, telling
from impact.words import telling_words as words
from tests import samples
from tests.samples import ROLLOUT

TODAY = date(2026, 11, 23)
NORTH = SegmentLink("s:1", "Branches north", "location", "affected", "source")
SHOPS = SegmentLink("s:2", "Shop owners", "role", "affected", "source")
SALES = SegmentLink("s:3", "Sales and Marketing", "department", "affected", "source")


def step(kind: str, audience: str | None, due: int, done: int | None = None, **more: Any) -> MilestoneView:
    """``due`` and ``done`` in days from the rollout."""
    base = samples.milestone(f"{kind} for {audience}", kind=kind, audience=audience)
    due_on, done_on = ROLLOUT + timedelta(days=due), None if done is None else ROLLOUT + timedelta(days=done)
    return replace(base, due_on=due_on, done_on=done_on, status="open" if done is None else "done", **more)


def change(*steps: MilestoneView, segments: tuple[SegmentLink, ...] = (NORTH, SHOPS), **more: Any) -> ChangeView:
    return samples.change(milestones=steps, segments=segments, **more)


def coming(*steps: MilestoneView, on: date = date(2026, 12, 7), **more: Any) -> ChangeView:
    moved = tuple(replace(s, due_on=s.due_on and s.due_on + (on - ROLLOUT)) for s in steps)
    return change(*moved, rollout_on=None, planned_on=on, **more)


@pytest.mark.parametrize(
    ("audience", "groups", "everyone"),
    [
        ("Branches north", ("Branches north",), False),
        ("branches NORTH", ("Branches north",), False),
        ("Shop owners, branches north", ("Branches north", "Shop owners"), False),
        ("Sales and Marketing and shop owners", ("Shop owners", "Sales and Marketing"), False),
        ("All colleagues in Branches north", ("Branches north",), False),
        ("Colleagues in branches north; the board", ("Branches north", "the board"), False),
        ("everyone concerned", (), True),
        ("Everyone.", (), True),
        ("Alle Kolleginnen und Kollegen", (), True),
        ("Branches north and everyone", ("Branches north",), True),
        ("Shop owners' club", ("Shop owners' club",), False),
        ("Branches", ("Branches",), False),
        (None, (), False),
        ("  ", (), False),
    ],
)
def test_an_audience_names_groups_alone_or_in_a_list_and_everyone_is_every_group(
    audience: str | None, groups: tuple[str, ...], everyone: bool
) -> None:
    assert audiences(audience, ("Branches north", "Shop owners", "Sales and Marketing")) == (groups, everyone)


def test_who_was_told_and_trained_is_told_group_by_group_with_days_against_the_rollout() -> None:
    view = change(
        step("communication", "Branches north", -10, -7, channel="newsletter"),
        step("training", "branches north", -5, 2),
        step("communication", "Shop owners", -10),
    )
    north, shops = telling(view, TODAY).groups
    assert words.told_text(north, live=True) == "told on 31 Aug 2026 (newsletter), 7 days before the rollout"
    assert words.trained_text(north, live=True) == "trained on 9 Sep 2026, 2 days after the rollout"
    assert words.told_text(shops, live=True) == "not told, planned for 28 Aug 2026: 87 days late"
    assert words.trained_text(shops, live=True) == "–"
    assert (north.reached, shops.reached) == (True, False)
    assert words.summary(telling(view, TODAY)) == "Not told: Shop owners. Trained only after it: Branches north."


def test_a_message_to_everyone_reaches_every_group_and_those_only_milestones_name() -> None:
    view = change(step("communication", "everyone concerned", -9, -9), step("training", "Call centre", -4, -4))
    found = telling(view, TODAY)
    assert [(g.name, g.told.state, g.trained.state) for g in found.groups] == [
        ("Branches north", "done", "nothing"),
        ("Shop owners", "done", "nothing"),
        ("Call centre", "done", "done"),
    ]
    assert all(group.reached for group in found.groups)
    assert words.summary(found) == "All 3 groups were told before the rollout."


def test_a_group_with_its_own_rollout_day_is_told_in_time_against_that_day() -> None:
    later = replace(SHOPS, rollout_on=ROLLOUT + timedelta(days=21))
    view = change(step("communication", "everyone", -2, 5), segments=(NORTH, later))
    north, shops = telling(view, TODAY).groups
    assert (north.told.in_time, shops.told.in_time) == (False, True)
    assert words.summary(telling(view, TODAY)) == "Told only when the change was live: Branches north."
    assert (words.in_time(north), words.in_time(shops)) == (False, True)


def test_being_told_on_the_day_of_the_rollout_is_in_time_and_said_to_be_that_day() -> None:
    view = change(step("communication", "everyone", -2, 0))
    assert [words.in_time(group) for group in telling(view, TODAY).groups] == [True, True]
    assert words.summary(telling(view, TODAY)) == "Both groups were told by the day of the rollout."
    assert words.told_text(telling(view, TODAY).groups[0], live=True) == (
        "told on 7 Sep 2026, on the day of the rollout"
    )


def test_a_message_for_nobody_in_particular_leaves_being_told_unknown_and_not_untold() -> None:
    view = change(step("communication", None, -9, -9), segments=(NORTH,))
    (north,) = telling(view, TODAY).groups
    assert north.told.state == "unknown"
    assert (north.reached, north.told.in_time) == (False, None)
    assert words.told_text(north, live=True) == "not recorded: a message went out on 29 Aug 2026, for whom is not said"
    assert words.summary(telling(view, TODAY)) == "Not recorded whether told: Branches north."


def test_before_the_rollout_what_is_planned_is_told_with_its_day() -> None:
    view = coming(step("communication", "Branches north", -5), step("communication", "Shop owners", 3))
    north, shops = telling(view, TODAY).groups
    assert words.told_text(north, live=False) == "not told, planned for 2 Dec 2026"
    assert words.told_text(shops, live=False) == "not told, planned for 10 Dec 2026, after the rollout"
    assert words.summary(telling(view, TODAY)) == "Not told yet: Branches north and Shop owners."
    assert (north.told.in_time, shops.told.in_time) == (True, False), "as planned: nobody is late for what is to come"


def test_a_group_that_nothing_is_planned_for_says_so() -> None:
    (north,) = telling(change(segments=(NORTH,)), TODAY).groups
    assert words.told_text(north, live=True) == "not told, nothing planned"


def test_training_tells_too_and_being_trained_is_asked_of_it_alone() -> None:
    view = change(step("training", "everyone", -9, -3))
    assert [(g.reached, words.in_time(g), g.trained.in_time) for g in telling(view, TODAY).groups] == [
        (True, True, True),
        (True, True, True),
    ]
    assert words.summary(telling(view, TODAY)) == "Both groups were told before the rollout."
    message = change(step("communication", "everyone", -9, -3))
    assert {g.trained.state for g in telling(message, TODAY).groups} == {"nothing"}, "no training was planned at all"
    half = change(step("training", "Branches north", -9, -3))
    assert [g.reached for g in telling(half, TODAY).groups] == [True, False]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (change(segments=()), "No group of customers, no message and no training is recorded for this change."),
        (change(step("training", None, -9, -9), segments=()),
         "Messages or training are planned, but for whom is not recorded."),
        (change(step("training", "everyone", -9, -9), segments=()), "Told before the rollout: Everyone concerned."),
        (change(step("communication", "Shop owners", -9, -9, ), segments=(SHOPS,)),
         "Told before the rollout: Shop owners."),
    ],
)  # fmt: skip
def test_partial_records_are_said_to_be_partial(view: ChangeView, said: str) -> None:
    assert words.summary(telling(view, TODAY)) == said


def test_a_cancelled_message_tells_nobody() -> None:
    view = change(step("communication", "everyone", -9, None, ), segments=(NORTH,))  # fmt: skip
    stopped = replace(view, milestones=tuple(replace(m, status="cancelled") for m in view.milestones))
    assert telling(stopped, TODAY).groups[0].told.state == "nothing"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "Nothing recorded about support being ready"),
        ((step("support_ready", None, -9, -7),), "Support ready since 31 Aug 2026, 7 days before the rollout"),
        ((step("support_ready", None, -9),), "Support not ready: 86 days late"),
        ((step("support_ready", None, 90),), "Support to be ready by 6 Dec 2026"),
    ],
)
def test_whether_support_was_ready_is_told_apart(steps: tuple[MilestoneView, ...], said: str) -> None:
    assert words.support_text(telling(change(*steps), TODAY)) == said
