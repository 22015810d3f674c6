"""Which groups are too small to be shown, and which are hidden so that these cannot be computed."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from impact.group_privacy import hidden_groups

NOBODY: tuple[set[str], set[str]] = (set(), set())


def people(**counts: tuple[int, int]) -> dict[str, tuple[set[str], set[str]]]:
    """Groups with so many distinct people before and after; nobody is in two groups."""
    return {
        group: ({f"{group}{i}" for i in range(before)}, {f"{group}{i}" for i in range(after)})
        for group, (before, after) in counts.items()
    }


def rest(before: int, after: int) -> tuple[set[str], set[str]]:
    return people(rest=(before, after))["rest"]


def test_groups_of_five_people_and_more_are_all_shown() -> None:
    assert hidden_groups(people(a=(5, 5), b=(9, 7)), NOBODY, smallest=5) == frozenset()


@pytest.mark.parametrize("counts", [(4, 9), (9, 4), (9, 0)])
def test_a_group_with_fewer_people_in_either_period_is_hidden(counts: tuple[int, int]) -> None:
    assert "a" in hidden_groups(people(a=counts, b=(20, 20), c=(30, 30)), NOBODY, smallest=5)


def test_one_hidden_group_alone_is_covered_by_the_next_smallest() -> None:
    found = hidden_groups(people(a=(3, 3), b=(20, 20), c=(12, 15), d=(40, 40)), NOBODY, smallest=5)
    assert found == {"a", "c"}


def test_two_hidden_groups_that_have_too_few_people_together_are_covered_too() -> None:
    found = hidden_groups(people(a=(2, 2), b=(1, 2), c=(8, 8), d=(40, 40)), NOBODY, smallest=5)
    assert found == {"a", "b", "c"}


def test_two_hidden_groups_with_enough_people_together_need_no_cover() -> None:
    assert hidden_groups(people(a=(3, 4), b=(2, 4), c=(8, 8)), NOBODY, smallest=5) == {"a", "b"}


def test_people_without_a_group_cover_a_small_group_when_they_are_enough() -> None:
    assert hidden_groups(people(a=(3, 3), c=(8, 8), d=(9, 9)), rest(20, 20), smallest=5) == {"a"}


def test_a_few_people_without_a_group_are_covered_like_a_small_group() -> None:
    assert hidden_groups(people(c=(8, 8), d=(9, 9)), rest(2, 2), smallest=5) == {"c"}


def test_many_people_without_a_group_hide_nothing() -> None:
    assert hidden_groups(people(c=(8, 8), d=(9, 9)), rest(6, 6), smallest=5) == frozenset()


def test_a_group_that_is_small_by_its_population_is_hidden_and_covered() -> None:
    found = hidden_groups(people(a=(30, 30), b=(10, 10), c=(50, 50)), NOBODY, smallest=5, always={"a"})
    assert found == {"a", "b"}


def test_everything_is_hidden_where_nothing_else_covers() -> None:
    assert hidden_groups(people(a=(3, 3), b=(20, 20)), NOBODY, smallest=5) == {"a", "b"}


def test_a_group_without_anybody_is_neither_hidden_nor_a_cover() -> None:
    assert hidden_groups(people(a=(3, 3), b=(20, 20), c=(9, 9), none=(0, 0)), NOBODY, smallest=5) == {"a", "c"}


def test_whatever_the_groups_the_hidden_part_is_never_one_group_nor_too_few_people() -> None:
    rng = np.random.default_rng(3)
    hid = 0
    for _ in range(500):
        smallest = int(rng.integers(1, 8))
        given = people(**{f"g{i}": (int(rng.integers(0, 25)), int(rng.integers(0, 25))) for i in range(6)})
        without = rest(int(rng.integers(0, 8)) * int(rng.integers(0, 2)), int(rng.integers(0, 8)))
        hidden = hidden_groups(given, without, smallest=smallest)
        there = {group for group, periods in given.items() if any(periods)}
        shown = there - hidden
        assert all(len(period) >= smallest for group in shown for period in given[group])
        left = [given[group] for group in hidden] + ([without] if any(without) else [])
        if not shown or not left:
            continue
        hid += 1
        for period in (0, 1):
            together = set(chain.from_iterable(part[period] for part in left))
            assert len(together) >= smallest
        assert len(left) >= 2 or all(len(period) >= smallest for period in without)
    assert hid > 100
