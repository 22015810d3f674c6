"""What a pack holds, as records of plain values that can be frozen: all a renderer needs, nothing it must compute.

The number under which it is frozen is made from the content, so it stands beside it (``Pack``), as does the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from impact.figure_records import PLANNED, ChangeFigures, FigureTable, MeasureFigures
from impact.words.pack_labels import LABELS as L

FORMS = ("pptx", "html", "pdf", "csv")
"""What a pack can be made as."""
Tell = Callable[[str, float], None]
"""Takes what is being done and how much of it is."""
NOT_RECORDED = "not recorded"
SCHEMA = 1
"""Raised when the meaning of a field changes; what is only added needs no new number."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a word is drawn: shape, colour, filled or hollow; the same as on the board."""

    shape: str
    colour: str
    filled: bool


@dataclass(frozen=True, kw_only=True)
class WeekPoint:
    """One week of the chart, in the unit shown; None where unknown."""

    on: date
    observed: float | None
    expected: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart as Vega-Lite, what it shows in words, and for a course of time the weeks behind it."""

    spec: Mapping[str, Any]
    title: str
    alt: str
    caption: str
    unit: str = ""
    rollout: str = ""
    rollout_on: date | None = None
    points: tuple[WeekPoint, ...] = ()
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class AgendaLine:
    """A change on the agenda: why it is there, what customers felt, what is asked, what somebody noted, and what this
    meeting decided."""

    change_id: str
    number: str
    title: str
    reasons: tuple[str, ...]
    word: str
    word_label: str
    asked: str
    note: str = ""
    decided: str = ""


@dataclass(frozen=True, kw_only=True)
class DecisionLine:
    """A recorded decision in words; ``since`` is what happened after it."""

    change_id: str
    number: str
    title: str
    decided: str
    reason: str
    owner: str
    decided_on: str
    due: str
    review: str
    since: str


@dataclass(frozen=True, kw_only=True)
class ChangePage:
    """One change on a page of its own. ``why``: the reasons for which it is on the agenda."""

    figures: ChangeFigures
    why: str
    note: str = ""
    chart: Chart | None = None
    decisions: tuple[DecisionLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Said:
    """A paragraph of the method note with its heading."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PackContent:
    """A whole pack. Equal data, meeting and decisions give equal content."""

    schema: int
    meeting_id: str
    title: str
    held_on: date
    when: str
    team: str
    next_meeting: str
    as_of: str
    stale: tuple[str, ...]
    data_version: str
    zone: str
    is_demo: bool
    link: str
    counts: tuple[tuple[str, str], ...]
    agenda: tuple[AgendaLine, ...]
    overviews: tuple[Chart, ...] = ()
    pages: tuple[ChangePage, ...] = ()
    decided_before: tuple[DecisionLine, ...] = ()
    before_title: str = ""
    decided_now: tuple[DecisionLine, ...] = ()
    method: tuple[Said, ...] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A frozen content with the id it is kept under, when that was, and when as people of its time zone read it."""

    frozen_id: str
    frozen_at: datetime
    frozen_text: str
    content: PackContent

    @property
    def link(self) -> str:
        """The address at which the figures of this pack stand beside today's; empty where none is configured."""
        base = self.content.link.rstrip("/")
        if not base:
            return ""
        return f"{base}/meeting?meeting={quote(self.content.meeting_id)}&frozen={quote(self.frozen_id)}"

    @property
    def where(self) -> str:
        """The same for people: the address, or without one what to open."""
        return self.link or L["no_link"].format(held_on=self.content.when, pack=self.frozen_id)


def further_of(content: PackContent) -> list[tuple[ChangeFigures, MeasureFigures]]:
    """Measures that are not on the board and have something to tell, change by change."""
    told = [page.figures for page in content.pages if not page.figures.waiting]
    return [(f, m) for f in told for m in f.measures if not m.on_board and m.word != "no_data"]


def further_tables(content: PackContent) -> list[FigureTable]:
    """Tables that have no room on the pages, those of one kind put together, with the change in the first column."""
    found: dict[tuple[str, tuple[str, ...]], FigureTable] = {}
    for page in content.pages:
        f = page.figures
        for table in f.tables:
            if not table.rows:
                continue
            key = (table.title, table.columns)
            known = found.get(key) or FigureTable(
                name=table.name, title=table.title, columns=(L["change"], *table.columns), rows=()
            )
            rows = (*known.rows, *((f.number, *row) for row in table.rows))
            own = "" if table.name == "telling" or not table.note else f"{f.number}: {table.note}"
            found[key] = replace(known, rows=rows, note="\n".join(filter(None, [known.note, own])))
    return list(found.values())


def column_shares(table: FigureTable) -> list[float]:
    """How the width is shared among the columns after the first: long texts get more, though less than their length."""
    lengths = [sum(len(row[i]) for row in table.rows) / len(table.rows) for i in range(1, len(table.columns))]
    return [max(8.0, min(length, 80.0)) ** 0.6 for length in lengths]


Pairs = list[tuple[str, str]]


def foot_of(page: ChangePage) -> list[tuple[str, Pairs]]:
    """What stands below a change's figures, column by column with its heading, as pairs of name (may be empty) and
    text; the same in every form."""
    f = page.figures
    told = next((table.note for table in f.tables if table.name == "telling"), "")
    parts: list[tuple[str, Pairs]] = []
    if f.bump:
        parts.append((L["bump"], [(row.label, row.text) for row in f.bump]))
    expected = [(L["requirement"], f.requirement), (L["expected_outcome"], f.expected_outcome)]
    parts.append((L["case"], [*expected, (L["told"], told) if told else (L["sponsor"], f.sponsor)]))
    parts.append((L["business_case"], _business(f)))
    decided = [(f"{L['decided']} {d.decided_on}", f"{d.decided} ({d.owner}). {d.reason}") for d in page.decisions[:3]]
    parts.append((L["nearby"], [*(("", text) for text in f.nearby), *decided]))
    return parts


def _business(f: ChangeFigures) -> Pairs:
    """The business case, what was planned behind what came of it; as recorded where there is none."""
    if not f.case:
        return [(L["cost"], f.cost), (L["benefit"], f.benefit)]
    planned = {row.label.removesuffix(PLANNED): row.text for row in f.case if row.label.endswith(PLANNED)}
    found = []
    for row in f.case:
        plan = planned.get(row.label, "").replace(NOT_RECORDED, "")
        if not row.label.endswith(PLANNED) and (plan or not f.waiting):
            found.append((row.label, f"{row.text} (planned: {plan})" if plan else row.text))
    return found
