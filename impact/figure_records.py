"""Records of what is shown of a change: texts as on the screen, and the numbers behind them. Knows nothing else.

Whoever only lays them out needs no statistics for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PLANNED = ", planned"
"""Ends the names of lines that say what was planned."""
GROUPS = "groups"
"""The name of the table whose rows are groups of customers."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A line of a list: what, the text shown and, where it is a quantity, the number with its likely range."""

    label: str
    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class MeasureFigures:
    """One measure. Texts are empty and numbers None where there is no estimate; ``short`` then says why.

    ``effect_value``, ``low_value`` and ``high_value`` are in the unit shown: percent, points or minutes;
    ``before_value``, ``after_value`` and ``expected_value`` are on the engine's scale.
    """

    metric: str
    label: str
    on_board: bool
    word: str
    word_label: str
    preliminary: bool
    sentence: str
    short: str = ""
    before: str = ""
    after: str = ""
    unit: str = ""
    expected: str = ""
    effect: str = ""
    range: str = ""
    basis: str = ""
    effect_value: float | None = None
    low_value: float | None = None
    high_value: float | None = None
    before_value: float | None = None
    after_value: float | None = None
    expected_value: float | None = None
    n_before: int | None = None
    n_after: int | None = None
    possible_from: date | None = None


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """One milestone. ``mark``: done, late, open or cancelled."""

    title: str
    end: str
    mark: str
    planned: str
    state: str
    fact: str
    planned_on: date | None = None
    done_on: date | None = None
    slip_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class EndFigures:
    """Readiness at one end of a change; ``ratio`` None where unknown."""

    name: str
    text: str
    ratio: float | None
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class FigureTable:
    """A table as it is shown; the first column names the row. ``note`` stands below it. ``smallest`` is, where rows are
    groups of people, the fewest that could stand behind one."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    smallest: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeFigures:
    """Everything shown of one change on one day at one version of the data."""

    id: str
    number: str
    title: str
    team: str
    url: str | None
    today: date
    group: str
    word: str
    word_label: str
    facts: tuple[str, ...]
    stands: str
    felt: str
    headline: str
    so_far: str
    asked: tuple[str, ...]
    requirement: str
    expected_outcome: str
    cost: str
    benefit: str
    sponsor: str
    leading: str
    measures: tuple[MeasureFigures, ...] = ()
    bump: tuple[Figure, ...] = ()
    milestones: tuple[StepFigures, ...] = ()
    readiness: tuple[EndFigures, ...] = ()
    case: tuple[Figure, ...] = ()
    nearby: tuple[str, ...] = ()
    waiting: str = ""
    tables: tuple[FigureTable, ...] = ()

    def measure(self, metric: str) -> MeasureFigures | None:
        """One measure's figures; None where nothing is counted for it."""
        return next((m for m in self.measures if m.metric == metric), None)
