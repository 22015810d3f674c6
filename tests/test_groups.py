"""What the customers of each group felt: figures, hidden groups, who answered, and what is said without figures."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from impact.estimate import Estimate, NotEstimable
from impact.evidence import complete_days
from impact.group_answers import share_range
from impact.group_facts import chosen, dimensions, read_panels, unit_name, units
from impact.groups import GroupsOfChange, groups_of, readable
from impact.metrics import BY_NAME
from impact.model import ChangeSegment, Population
from impact.settings import Reporting
from tests.group_store import FELT, FIRST, ROLLOUT, SERVICES, TODAY, Read, filled, place, row, settings


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(filled(tmp_path_factory.mktemp("groups")))


@functools.cache
def _told(read: Read, key: str, dimension: str, smallest: int) -> GroupsOfChange:
    return groups_of(
        read.snapshot, read.evidence, read.changes[key], dimension, settings=settings(read.home, smallest), today=TODAY
    )


def told(read: Read, key: str = "felt", *, dimension: str = "location", smallest: int = 5) -> GroupsOfChange:
    return _told(read, key, dimension, smallest)


def test_only_the_group_that_felt_the_change_is_called_worse(read: Read) -> None:
    found = told(read)
    words = {group.name: group.readings["tickets"] for group in found.groups}
    ayr, bath = words["Ayr"], words["Bath"]
    assert ayr is not None
    assert bath is not None
    assert (ayr.verdict.word, bath.verdict.word) == ("worse", "cannot_tell")
    assert isinstance(ayr.result, Estimate)
    assert ayr.result.low < np.log(3.0) < ayr.result.high
    assert found.differ["tickets"] < 0.001


def test_a_small_group_and_the_one_that_covers_it_are_counted_and_nowhere_else(read: Read) -> None:
    found = told(read)
    assert [group.name for group in found.groups] == ["Ayr", "Bath"]
    assert found.hidden == 2
    assert not any(word in repr(found) for word in ("deal", "Deal", "cork", "Cork"))


def test_a_smaller_minimum_shows_more(read: Read) -> None:
    assert [group.name for group in told(read, smallest=1).groups] == ["Ayr", "Bath", "Cork", "Deal"]
    assert told(read, smallest=1).hidden == 0


def test_satisfaction_needs_the_minimum_of_people_who_answered(read: Read) -> None:
    found = told(read, smallest=30)
    satisfied = {group.name: group.readings["satisfaction"] for group in found.groups}
    assert found.groups
    assert all(group.readings["tickets"] is not None for group in found.groups)
    assert set(satisfied.values()) == {None}
    assert all(group.asked is None for group in found.groups)


def test_groups_are_read_over_the_very_days_of_the_change(read: Read) -> None:
    whole = read.changes["felt"].reading("tickets").result
    own = told(read).groups[0].readings["tickets"]
    assert isinstance(whole, Estimate)
    assert own is not None
    assert isinstance(own.result, Estimate)
    assert (own.result.pre_from, own.result.post_to) == (whole.pre_from, whole.post_to)
    assert own.result.services == whole.services


def test_answers_name_the_change_itself_and_never_a_unit(read: Read) -> None:
    for group in told(read).groups:
        for reading in group.readings.values():
            assert reading is None or reading.result is None or reading.result.change_id == "desk:change:felt"
            assert "|" not in repr(reading)


def test_false_discovery_is_counted_over_all_figures_shown(read: Read) -> None:
    shown = [r.result for g in told(read).groups for r in g.readings.values() if r is not None]
    results = [one for one in shown if isinstance(one, Estimate)]
    smallest = min(results, key=lambda one: one.p_value)
    assert smallest.q_value == pytest.approx(min(1.0, smallest.p_value * len(results)), rel=1e-6)


def test_who_answered_is_told_with_its_range_and_where_answers_are_unlike_the_customers(read: Read) -> None:
    ayr, bath = (group.asked for group in told(read).groups)
    assert ayr is not None
    assert bath is not None
    assert ayr.rate is not None
    assert ayr.low is not None
    assert ayr.high is not None
    assert bath.rate is not None
    assert ayr.low < 0.2 < ayr.high
    assert bath.rate > 0.7
    assert ayr.unlike
    assert ayr.of_answers is not None
    assert ayr.of_tickets is not None
    assert ayr.of_tickets > 0.7 > 0.6 > ayr.of_answers


def test_the_group_that_the_source_names_is_marked(read: Read) -> None:
    assert [group.named for group in told(read).groups] == [True, False]


@pytest.mark.parametrize(
    ("key", "dimension", "state"),
    [
        ("planned", "location", "not_rolled_out"),
        ("felt", "device", "no_groups"),
        ("lonely", "location", "one_group"),
        ("recent", "location", "not_read"),
    ],
)
def test_where_no_group_can_be_told_the_reason_is(read: Read, key: str, dimension: str, state: str) -> None:
    found = told(read, key, dimension=dimension)
    assert (found.state, found.groups) == (state, ())


def test_a_change_whose_days_are_not_over_is_never_told_by_group(read: Read) -> None:
    shapes, unread = readable(read.changes["recent"], read.evidence)
    assert shapes == {}
    assert dict(unread)[BY_NAME["tickets"]] == "too_early"
    look = replace(read.changes["felt"].reading("tickets"))
    assert isinstance(look.result, Estimate)
    early = replace(look, result=replace(look.result, look=5))
    others = tuple(early if r.metric.name == "tickets" else r for r in read.changes["felt"].readings)
    shapes, unread = readable(replace(read.changes["felt"], readings=others), read.evidence)
    assert "tickets" not in shapes
    assert dict(unread)[BY_NAME["tickets"]] == "too_early"


def test_all_groups_are_hidden_where_the_minimum_is_beyond_all(read: Read) -> None:
    assert (told(read, smallest=200).state, told(read, smallest=200).groups) == ("all_hidden", ())


def test_units_add_up_to_their_service_exactly(read: Read) -> None:
    volumes = units(read.snapshot, "location")
    asked = chosen(volumes, {f"desk:service:{name}" for name in SERVICES}, 1)
    complete = complete_days(read.snapshot, Reporting())
    panels = read_panels(
        read.snapshot, [BY_NAME["tickets"], BY_NAME["satisfaction"]], asked, complete=complete, first_on=FIRST,
        own={unit[0] for unit in asked},
    )  # fmt: skip
    for name, part in (("tickets", "total"), ("satisfaction", "total_sq"), ("satisfaction", "n")):
        whole, own = read.evidence.panels[name], panels[name]
        mine = [i for i, unit in enumerate(own.services) if unit.startswith(f"desk:service:{FELT}|")]
        start = (whole.first_on - FIRST).days
        summed = getattr(own, part)[mine].sum(axis=0)[start:]
        assert len(mine) == 4
        assert np.allclose(summed, getattr(whole, part)[whole.services.index(f"desk:service:{FELT}")])


def test_of_many_units_those_compared_with_are_taken_evenly_from_all_volumes() -> None:
    volumes = {(f"s{i:03}", "g"): 10 + i for i in range(600)} | {("own", "g"): 1, ("small", "g"): 2}
    found = chosen(volumes, {"own"}, 56)
    sizes = sorted(volumes[unit] for unit in found if unit[0] != "own")
    assert ("own", "g") in found
    assert ("small", "g") not in found
    assert (len(sizes), sizes[0], sizes[-1]) == (240, 10, 609)
    assert unit_name(found[0]) == "own|g"


def test_only_dimensions_that_a_source_delivers_are_offered(read: Read) -> None:
    assert dimensions(read.snapshot) == ("location",)


def test_a_group_with_a_rollout_day_of_its_own_is_read_around_that_day(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    later = ROLLOUT + timedelta(days=3)
    link = row(
        ChangeSegment, "change_segment", "felt-bath", change_id="desk:change:felt", segment_id=place("bath"),
        rollout_on=later,
    )  # fmt: skip
    few = row(Population, "population", "ayr-now", segment_id=place("ayr"), from_on=ROLLOUT, people_count=4)
    found = told(Read(filled(tmp_path_factory.mktemp("staged"), more=[link])))
    bath = next(group for group in found.groups if group.name == "Bath").readings["tickets"]
    assert bath is not None
    assert isinstance(bath.result, Estimate | NotEstimable)
    assert isinstance(bath.result, Estimate)
    assert bath.result.pre_to == later - timedelta(days=1)
    small = told(Read(filled(tmp_path_factory.mktemp("population"), more=[few])))
    assert "Ayr" not in [group.name for group in small.groups]


def test_the_range_of_a_response_rate_stays_inside_and_narrows_with_more_surveys() -> None:
    low, high = share_range(0, 10, 0.95)
    assert low == 0.0
    assert 0.2 < high < 0.35
    wide, narrow = share_range(5, 10, 0.95), share_range(500, 1000, 0.95)
    assert narrow[1] - narrow[0] < 0.07 < wide[1] - wide[0]
