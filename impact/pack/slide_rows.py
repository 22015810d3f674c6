"""Rows of the slides' tables with the looks of every piece of text. Knows records; computes no figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from impact.figure_records import ChangeFigures, FigureTable, MeasureFigures
from impact.pack.content import AgendaLine, ChangePage, foot_of
from impact.pack.fitting import Grid, grid
from impact.pack.slide_parts import Run
from impact.pack.template import BLUE, INK, INNER, MUTED, TITLE_HIGH, TOP, WARM
from impact.words.pack_labels import LABELS as L
from impact.words.pack_labels import TELLING

BODY = TOP + TITLE_HIGH + 0.04
FOOT = 7.14
"""Where a slide's own part begins and ends, in inches from its top."""
SIZES = (12.0, 11.0, 10.5, 10.0, 9.5, 9.0)
"""From what is pleasant to the smallest letters that can be read in a room: nothing on a slide is smaller."""
MOST_MILESTONES = 12
"""A change's slide has room for so many; a longer plan stands at the end."""
_PRESSING = {"late": 0, "open": 1, "done": 2}
ANSWER = "Answer"
Cells = tuple[tuple[Run, ...], ...]


def tone(word: str) -> Any:
    """The ink of a word: blue for better, vermilion for worse, grey for all others."""
    if word in ("better", "leaning_better"):
        return BLUE
    return WARM if word in ("worse", "leaning_worse", "mixed") else MUTED


def cell(text: str, *, colour: Any = INK, bold: bool = False) -> tuple[Run, ...]:
    """A cell with one text."""
    return (Run(text, colour, bold),) if text else ()


def head(*names: str) -> Cells:
    """The first row of a table."""
    return tuple(cell(name, colour=MUTED, bold=True) for name in names)


def plain(rows: Sequence[Cells]) -> list[list[str]]:
    """The same rows as texts, to find out how much room they take."""
    return [["".join(run.text for run in runs) for runs in row] for row in rows]


def agenda_rows(agenda: Sequence[AgendaLine]) -> tuple[list[Cells], tuple[float, ...]]:
    """The agenda as rows, and the columns' widths; what was decided and noted only where there is something."""
    decided, noted = any(line.decided for line in agenda), any(line.note for line in agenda)
    names = ["No.", L["change"], L["customers"], L["why"], L["asked"]]
    rows: list[Cells] = [head(*names, *((L["decided"],) if decided else ()), *((L["note"],) if noted else ()))]
    for place, line in enumerate(agenda, 1):
        row = (cell(str(place)), (Run(f"{line.number} ", bold=True), Run(line.title)),
               cell(line.word_label, colour=tone(line.word), bold=True), cell(", ".join(line.reasons)),
               cell(line.asked, colour=WARM))  # fmt: skip
        told = cell(line.decided, bold=True)
        rows.append((*row, *((told,) if decided else ()), *((cell(line.note),) if noted else ())))
    shares = [4.2, 1.45, 2.3, 2.1, *((1.8,) if decided else ()), *((1.8,) if noted else ())]
    wide = INNER - 0.45
    return rows, (0.45, *(wide * share / sum(shares) for share in shares))


def plan_rows(f: ChangeFigures, most: int) -> list[Cells]:
    """Milestones as rows: name, plan, state; late ones in vermilion. Of more than ``most`` those that are late, then
    those to come, then the last done, in their order, and how many are left out."""
    rows: list[Cells] = [head(L["milestone"], L["planned"], L["state"])]
    urgent = sorted(range(len(f.milestones)), key=lambda i: (_PRESSING.get(f.milestones[i].mark, 3), -i))
    shown = sorted(urgent[: most if most >= len(f.milestones) else max(most - 1, 1)])
    signs = {"done": "◆ ", "late": "▼ ", "cancelled": "– "}
    for m in (f.milestones[i] for i in shown):
        late = WARM if m.mark == "late" else INK
        rows.append((cell(f"{signs.get(m.mark, '○ ')}{m.title}"), cell(m.planned), cell(m.state, colour=late)))
    left = [m for i, m in enumerate(f.milestones) if i not in shown]
    if left:
        told = "more_done" if all(m.mark == "done" for m in left) else "more"
        rows.append((cell(L[told].format(len(left)), colour=MUTED), (), ()))
    return rows


def fitting_plan(f: ChangeFigures, widths: Sequence[float], high: float) -> tuple[list[Cells], Grid]:
    """As many milestones as have room, set no smaller than can be read."""
    rows = plan_rows(f, MOST_MILESTONES)
    for most in range(min(len(f.milestones), MOST_MILESTONES), 0, -1):
        rows = plan_rows(f, most)
        found = grid(plain(rows), widths, high=high, sizes=SIZES[3:])
        if found.height <= high:
            break
    return rows, grid(plain(rows), widths, high=high, sizes=SIZES[3:])


def leaves_out(rows: Sequence[Cells], f: ChangeFigures) -> bool:
    """Whether a slide shows only a part of the plan."""
    return bool(rows[-1][0]) and not rows[-1][1] and len(rows) - 2 < len(f.milestones)


def measure_rows(measures: Sequence[MeasureFigures]) -> tuple[list[Cells], tuple[float, ...]]:
    """Measures as rows, and the columns' widths."""
    names = (L["measure"], L["answer"], L["before_after"], L["expected"], L["effect"], L["range"], L["basis"])
    rows: list[Cells] = [head(*names)]
    for m in measures:
        answer = cell(m.word_label + (", preliminary" if m.preliminary else ""), colour=tone(m.word), bold=True)
        if m.short:
            rows.append((cell(m.label), answer, cell(m.short, colour=MUTED), (), (), (), ()))
            continue
        levels = (Run(f"{m.before} → "), Run(m.after, bold=True), Run(f" {m.unit}"))
        rows.append((cell(m.label), answer, levels, cell(m.expected), cell(m.effect, bold=True), cell(m.range),
                     cell(m.basis)))  # fmt: skip
    return rows, (1.2, 1.3, 1.95, 1.5, 0.9, 2.3, 3.183)


def whole_plans(changes: Sequence[ChangeFigures]) -> tuple[list[Cells], tuple[float, ...]]:
    """Whole plans as rows of one table, a change after the other, and the columns' widths."""
    rows: list[Cells] = [(cell(L["change"], colour=MUTED, bold=True), *plan_rows(changes[0], 0)[0])]
    for f in changes:
        steps = plan_rows(f, len(f.milestones))[1:]
        named = (Run(f"{f.number} ", bold=True), Run(f.title))
        rows += [(named if place == 0 else cell(f.number, colour=MUTED), *step) for place, step in enumerate(steps)]
    return rows, (4.0, 4.6, 1.5, 2.233)


def around_rows(pages: Sequence[ChangePage]) -> tuple[list[Cells], tuple[float, ...]]:
    """What stands around changes as rows, a column a kind, and the columns' widths."""
    kinds = [L["bump"], L["case"], L["business_case"], L["nearby"]]
    rows: list[Cells] = [head(L["change"], *kinds)]
    for page in pages:
        parts = dict(foot_of(page))
        named = (Run(f"{page.figures.number} ", bold=True), Run(page.figures.title))
        rows.append((named, *(_lines(parts.get(kind, ())) for kind in kinds)))
    return rows, (1.4, 2.6, 2.6, 3.3, 2.433)


def _lines(pairs: Sequence[tuple[str, str]]) -> tuple[Run, ...]:
    """Pairs of name and text in one cell, a line each."""
    found: list[Run] = []
    for place, (name, text) in enumerate(pairs):
        found += [Run(f"{name}: ", MUTED)] if name else []
        found.append(Run(text + ("\n" if place < len(pairs) - 1 else "")))
    return tuple(found)


def telling_only(table: FigureTable) -> FigureTable:
    """A table of groups without the rows whose answer tells nothing; any other table as it is."""
    if table.name != "groups":
        return table
    place = table.columns.index(ANSWER)
    return replace(table, rows=tuple(row for row in table.rows if row[place].split(",")[0] in TELLING.values()))


def counted(left: int, columns: int) -> list[Cells]:
    """The row that says how many are left out, in the last and widest column; none where none are."""
    return [(cell(f"+ {left}", colour=MUTED), *[()] * (columns - 2), cell(L["unclear"], colour=MUTED))] if left else []
