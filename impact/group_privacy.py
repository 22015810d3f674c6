"""Which groups of customers are too small to be shown, also by subtraction. Knows sets of people, no table and no
figure.

A group is small where fewer than the smallest number of people stand behind it in any of the periods shown. What is
left of a whole after the groups shown is never one group alone, and never fewer people than that: where it would be,
the next smallest group is hidden too. People that belong to no group count as a group that is never shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

People = Sequence[AbstractSet[str]]
"""The distinct people behind a group, one set for each period."""


def hidden_groups(
    people: Mapping[str, People], rest: People, *, smallest: int, always: Collection[str] = ()
) -> frozenset[str]:
    """The groups to hide, of all in ``people``. ``rest`` are the people without a group, ``always`` groups that are
    hidden whatever their size. Groups nobody belongs to in any period need no hiding and are left out.

    Of groups of equal size the one whose id sorts first is hidden, so that the same data always give the same answer.
    """
    there = {group: periods for group, periods in people.items() if any(periods)}
    hidden = {g for g, periods in there.items() if g in always or is_small(periods, smallest)}
    if not hidden and not (any(rest) and is_small(rest, smallest)):
        return frozenset()
    shown = sorted(there.keys() - hidden, key=lambda g: (min(map(len, there[g])), g))
    while shown and not _covered([*(there[g] for g in hidden), *([rest] if any(rest) else [])], smallest):
        hidden.add(shown.pop(0))
    return frozenset(hidden)


def is_small(periods: People, smallest: int) -> bool:
    """Whether fewer people than ``smallest`` stand behind a group in any period."""
    return any(len(people) < smallest for people in periods)


def _covered(parts: Sequence[People], smallest: int) -> bool:
    """Whether hidden parts cover each other: at least two of them, and in every period enough people together."""
    together = [frozenset[str]().union(*periods) for periods in zip(*parts, strict=True)]
    return len(parts) >= 2 and not is_small(together, smallest)
