"""What the customers of each group felt of a change, as values: readings by group, who answered, how many are hidden.

Values only: no queries, no engine, no words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from impact.metrics import Metric
from impact.portfolio import Reading

State = Literal["shown", "not_rolled_out", "not_read", "no_groups", "none_named", "one_group", "all_hidden"]
"""Groups are shown; or the change is not live, none of its measures can be read by group (``unread`` says why), no
source delivers groups of the dimension, no ticket of its services names one, there is one only, all are too small."""
Refusal = Literal["too_early", "overlap", "too_little", "no_data"]


@dataclass(frozen=True)
class Asked:
    """Surveys sent to a group in the days after the rollout, and their answers with the likely range of the rate.

    ``of_tickets`` and ``of_answers`` are the group's parts of all tickets and answers of the groups shown, ``unlike``
    whether they differ more than the rule allows.
    """

    asked: int
    answered: int
    rate: float | None
    low: float | None
    high: float | None
    of_tickets: float | None
    of_answers: float | None
    unlike: bool


@dataclass(frozen=True)
class GroupReading:
    """One group: each measure's answer (None: too few people stand behind it to be shown), and who answered.

    ``named`` says that the source names the group as touched by the change. ``asked`` is None where satisfaction is
    not shown or no survey is recorded.
    """

    id: str
    name: str
    named: bool
    readings: Mapping[str, Reading | None]
    asked: Asked | None = None


@dataclass(frozen=True)
class GroupsOfChange:
    """A change by the groups of one dimension, the one with most customers first.

    ``measures`` are read by group, ``unread`` says of each other board measure why not. ``hidden`` groups have fewer
    than ``smallest`` people, or keep one that has from being the difference to the whole. ``differ``: how often groups
    that all felt the same would come out as unlike as these, by measure with at least two figures; at most this often,
    because what hits a whole service hits all its groups.
    """

    change_id: str
    dimension: str
    state: State
    smallest: int
    measures: tuple[Metric, ...] = ()
    unread: tuple[tuple[Metric, Refusal], ...] = ()
    groups: tuple[GroupReading, ...] = ()
    hidden: int = 0
    differ: Mapping[str, float] = field(default_factory=dict)
