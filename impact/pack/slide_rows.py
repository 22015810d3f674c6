"""Rows of the slides' tables with the looks of every piece of text. Knows records; computes no figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impact.figure_records import ChangeFigures, MeasureFigures
from impact.pack.content import AgendaLine
from impact.pack.fitting import Grid, grid
from impact.pack.slide_parts import Run
from impact.pack.template import BLUE, INK, INNER, MUTED, TITLE_HIGH, TOP, WARM
from impact.words.pack_labels import LABELS as L

BODY = TOP + TITLE_HIGH + 0.04
FOOT = 7.14
"""Where a slide's own part begins and ends, in inches from its top."""
SIZES = (12.0, 11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0)
MOST_MILESTONES = 12
"""A change's slide has room for so many; a longer plan has a slide of its own at the end."""
_PRESSING = {"late": 0, "open": 1, "done": 2}
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
    if left := len(f.milestones) - len(shown):
        rows.append((cell(L["more"].format(left), colour=MUTED), (), ()))
    return rows


def fitting_plan(f: ChangeFigures, widths: Sequence[float], high: float) -> tuple[list[Cells], Grid]:
    """As many milestones as have room, set no smaller than can be read."""
    rows = plan_rows(f, MOST_MILESTONES)
    for most in range(min(len(f.milestones), MOST_MILESTONES), 0, -1):
        rows = plan_rows(f, most)
        found = grid(plain(rows), widths, high=high, sizes=SIZES[3:-1])
        if found.height <= high:
            break
    return rows, grid(plain(rows), widths, high=high, sizes=SIZES[3:-1])


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
