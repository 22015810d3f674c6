"""The pack's figures as one long table for spreadsheets: a row a figure, its text and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator

from impact.csv_text import Table, as_csv
from impact.figure_records import ChangeFigures, Figure, MeasureFigures
from impact.pack.content import ChangePage, Pack
from impact.words.pack_labels import LABELS as L

COLUMNS = (
    "Change id", "Change", "Title", "Part", "What", "Measure", "Text", "Value", "Low", "High", "n before", "n after",
    "Date", "Data version", "Pack",
)  # fmt: skip


def written(pack: Pack) -> bytes:
    """The file: UTF-8 with a byte-order mark."""
    table: Table = {name: [] for name in COLUMNS}
    for page in pack.content.pages:
        f = page.figures
        for row in (*_meeting(page), *_rows(f)):
            ends = (f.id, f.number, f.title, *row, pack.content.data_version, pack.frozen_id)
            for column, text in zip(table.values(), ends, strict=True):
                column.append(text)
    return as_csv(table)


Row = tuple[str, str, str, str, str, str, str, str, str, str]


def _meeting(page: ChangePage) -> Iterator[Row]:
    """Why the change is on the agenda, and what was decided about it."""
    yield _told("Agenda", "Why", page.why)
    if page.note:
        yield _told("Agenda", "Note", page.note)
    for line in page.decisions:
        dates = (f"owner {line.owner}", line.due and f"due {line.due}", line.review and f"review {line.review}")
        told = f"{line.decided}: {line.reason} ({', '.join(part for part in dates if part)})"
        yield _told("Decisions", line.decided_on, told)


def _rows(f: ChangeFigures) -> Iterator[Row]:
    yield _told("Answer", L["customers"], f.word_label)
    yield _told("Answer", "Headline", f.headline)
    if f.so_far:
        yield _told("Answer", "So far", f.so_far)
    yield _told("Plan", "Where it stands", f.stands)
    for asked in f.asked:
        yield _told("Answer", L["decision_asked"], asked)
    for measure in f.measures:
        yield from _measure(measure)
    for line in f.bump:
        yield _figure(L["bump"], line)
    for line in f.case:
        yield _figure(L["case"], line)
    for name, text in (("requirement", f.requirement), ("expected_outcome", f.expected_outcome), ("cost", f.cost),
                       ("benefit", f.benefit), ("sponsor", f.sponsor)):  # fmt: skip
        yield _told(L["case"], L[name], text)
    for step in f.milestones:
        day = step.done_on or step.planned_on
        yield _told(L["milestones"], step.title, f"planned {step.planned}, {step.fact}", value=step.slip_days,
                    on=day.isoformat() if day else "")  # fmt: skip
    for end in f.readiness:
        yield _told("Readiness", end.name, end.text, value=end.ratio)
    for text in f.nearby:
        yield _told(L["nearby"], "", text)
    for table in f.tables:
        for row in table.rows:
            for name, text in zip(table.columns[1:], row[1:], strict=True):
                yield _told(table.title, f"{row[0]}: {name}", text)


def _measure(m: MeasureFigures) -> Iterator[Row]:
    answer = m.word_label + (", preliminary" if m.preliminary else "")
    on = m.possible_from.isoformat() if m.possible_from else ""
    yield ("Measure", L["answer"], m.label, answer, "", "", "", "", "", on)
    if m.short:
        yield ("Measure", "Why no figure", m.label, m.short, "", "", "", "", "", on)
        return
    n = (_number(m.n_before), _number(m.n_after))
    value, low, high = (_number(x) for x in (m.effect_value, m.low_value, m.high_value))
    yield ("Measure", L["effect"], m.label, m.effect, value, low, high, *n, "")
    yield ("Measure", L["range"], m.label, m.range, "", low, high, *n, "")
    yield ("Measure", "Before", m.label, f"{m.before} {m.unit}", _number(m.before_value), "", "", n[0], "", "")
    yield ("Measure", "After", m.label, f"{m.after} {m.unit}", _number(m.after_value), "", "", "", n[1], "")
    yield ("Measure", L["expected"], m.label, m.expected, _number(m.expected_value), "", "", "", "", "")
    yield ("Measure", L["basis"], m.label, m.basis, "", "", "", *n, "")


def _figure(part: str, line: Figure) -> Row:
    return (part, line.label, "", line.text, _number(line.value), _number(line.low), _number(line.high), "", "", "")


def _told(part: str, what: str, text: str, *, value: float | None = None, on: str = "") -> Row:
    return (part, what, "", text, _number(value), "", "", "", "", on)


def _number(value: float | None) -> str:
    """As many digits as a spreadsheet keeps, never in powers of ten; empty where unknown."""
    if value is None:
        return ""
    text = f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return "0" if text in ("-0", "") else text
