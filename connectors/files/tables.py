"""Files of rows: CSV (plain, .gz, inside a .zip), Excel and Parquet, read row by row. Knows no canonical table.

Every row comes with the file's name and its line (Excel and Parquet: its row), so that a message can point at it.
Only the columns asked for leave this module. Nothing is held but the row at hand.
"""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException

from connectors.files.cells import Value
from connectors.files.text import File, Layout, text_records, whole_rows
from impact.model import Rejected, SourceChanged, SourceError

NO_TABLES = (".json", ".jsonl", ".ndjson", ".xml", ".html", ".htm", ".pdf", ".docx", ".sqlite", ".db")
SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".zip", ".xlsx", ".parquet")
_READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException)
_UNSEEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f"))


@dataclass(frozen=True)
class Line:
    """One row: its line number and the cells of the columns asked for."""

    number: int
    cells: dict[str, Value]


def find_files(folder: Path, pattern: str) -> tuple[File, ...]:
    """The files ``pattern`` names below ``folder``: one file, a folder (its files of SUFFIXES) or a glob pattern; in
    order of their names. Raises SourceError when there is none."""
    whole = folder / pattern
    if whole.is_dir():
        found = [path for path in whole.iterdir() if path.name.lower().endswith(SUFFIXES)]
    elif whole.exists():
        found = [whole]
    elif Path(pattern).is_absolute():
        root = Path(Path(pattern).anchor)
        found = list(root.glob(str(Path(pattern).relative_to(root))))
    else:
        found = list(folder.glob(pattern))
    files = [path for path in found if path.is_file() and not path.name.startswith(("~$", "."))]
    if not files:
        raise SourceError(
            f"path = {pattern!r} matches no file below {folder.absolute()}. A relative path starts at folder; "
            f"set path or folder. Files read: {', '.join(SUFFIXES)}."
        )
    return tuple(File(path, _short(path, folder)) for path in sorted(files))


def _short(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def read_columns(file: File, layout: Layout) -> tuple[str, ...]:
    """The headings of ``file``, cleaned of byte order marks and odd blanks; empty for columns without one."""
    with _opened(file, layout) as table:
        return table.headings


def read_lines(
    file: File, layout: Layout, columns: Sequence[str], *, dated: frozenset[str] = frozenset()
) -> Iterator[Line | Rejected]:
    """The rows of ``file`` with the cells of ``columns``; a row that cannot be split is a Rejected.

    ``dated`` are columns whose bare numbers in Excel are dates. Raises SourceError (unreadable, wrong encoding) or
    SourceChanged (a column is not there), naming the file, what was found and what to set.
    """
    with _opened(file, layout) as table:
        places = [_place(table.headings, column, file, layout) for column in columns]
        pick: Callable[[Sequence[Value]], Any] = (
            itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        )
        names = tuple(columns)
        serial = tuple(name for name in columns if name in dated) if table.day_zero else ()
        for number, row in table.rows():
            if isinstance(row, str):
                yield Rejected(key=f"{file.name}:{number}", reason=row, place=file.place(number))
                continue
            cells = dict(zip(names, pick(row), strict=True))
            for name in serial:
                cells[name] = _dated(cells[name], table.day_zero)
            yield Line(number, cells)


def _place(headings: tuple[str, ...], column: str, file: File, layout: Layout) -> int:
    count = headings.count(clean_heading(column))
    if count == 1:
        return headings.index(clean_heading(column))
    there = ", ".join(repr(heading) for heading in headings if heading)
    if count:
        raise SourceChanged(f"{file.name} has the column {column!r} {count} times. Rename one; columns: {there}.")
    if len([heading for heading in headings if heading]) == 1:
        other = next((mark for mark in (";", ",", "\t", "|") if mark in headings[0] and mark != layout.separator), None)
        if other:
            raise SourceChanged(
                f"{file.name} has one column only when split at separator = {layout.separator!r}: "
                f"{headings[0][:120]!r}. Set separator = {other!r}."
            )
    raise SourceChanged(
        f"{file.name} has no column {column!r}. Columns in line {layout.header}: {there or 'none'}. "
        "Correct the name under columns, or header if the headings are in another line."
    )


@dataclass(frozen=True)
class _Table:
    """An open table. ``rows()`` gives line number and cells, or line number and why the line cannot be split."""

    headings: tuple[str, ...]
    rows: Callable[[], Iterator[tuple[int, Sequence[Value] | str]]]
    day_zero: datetime | None = None


@contextmanager
def _opened(file: File, layout: Layout) -> Iterator[_Table]:
    """The table in ``file``; whatever goes wrong while it is read becomes a SourceError that names the file."""
    name = file.name.lower()
    try:
        if name.endswith(".parquet"):
            with pq.ParquetFile(file.path) as parquet:
                yield _parquet(parquet)
        elif name.endswith(".xlsx"):
            book = _workbook(file)
            try:
                yield _excel(book, file, layout)
            finally:
                book.close()
        elif name.endswith((".xls", ".xlsm", ".xlsb", ".ods")):
            raise SourceError(f"{file.name} is a spreadsheet of a kind that is not read. Save it as .xlsx or .csv.")
        elif name.endswith(NO_TABLES):
            raise SourceError(f"{file.name} is no table of rows and columns. Export it as .csv, .xlsx or .parquet.")
        else:
            with text_records(file, layout) as records:
                headings = _headings((row for _, row in records), layout, file)
                yield _Table(headings, lambda: whole_rows(records, headings))
    except _READ_ERRORS as error:
        reason = str(error).replace(str(file.path), file.name) or type(error).__name__
        raise SourceError(
            f"{file.name} cannot be read: {reason}. Is it complete, and of the kind its name says?"
        ) from error


def clean_heading(text: object) -> str:
    """A heading without byte order mark and direction marks, every run of blanks (no-break ones too) one space."""
    return " ".join(str(text if text is not None else "").translate(_UNSEEN).split())


def _headings(rows: Iterator[Sequence[object] | str], layout: Layout, file: File) -> tuple[str, ...]:
    """The headings in row ``layout.header``; the ``layout.skip`` rows after it are passed over."""
    row: Sequence[object] | str = ()
    for _ in range(layout.header):
        row = next(rows, ())
    if isinstance(row, str) or not any(clean_heading(cell) for cell in row):
        raise SourceChanged(
            f"{file.name} has no headings in line {layout.header}. Set header to the line that has them."
        )
    for _ in range(layout.skip):
        next(rows, None)
    return tuple(clean_heading(cell) for cell in row)


def _workbook(file: File) -> Any:
    with warnings.catch_warnings():  # openpyxl warns of styles and validations, which are no data
        warnings.filterwarnings("ignore", module="openpyxl")
        try:
            return openpyxl.load_workbook(file.path, read_only=True, data_only=True)
        except (KeyError, ValueError, InvalidFileException) as error:
            raise SourceError(f"{file.name} is not an Excel workbook: {error}. Save it again as .xlsx.") from None


def _excel(book: Any, file: File, layout: Layout) -> _Table:
    if layout.sheet not in book.sheetnames and (layout.sheet or len(book.sheetnames) > 1):
        raise SourceChanged(
            f"{file.name} has the sheets {', '.join(map(repr, book.sheetnames))}; sheet = {layout.sheet!r}. "
            "Set sheet to one of them."
        )
    page = book[layout.sheet or book.sheetnames[0]]
    page.reset_dimensions()  # some writers declare fewer cells than they wrote
    rows = enumerate(page.iter_rows(values_only=True), 1)
    headings = _headings((row for _, row in rows), layout, file)

    def filled() -> Iterator[tuple[int, Sequence[Value] | str]]:
        width = len(headings)
        for number, row in rows:
            if any(cell is not None for cell in row):
                yield number, [plain(cell) for cell in row[:width]] + [None] * (width - len(row))

    return _Table(headings, filled, book.epoch)


def _parquet(parquet: Any) -> _Table:
    def rows() -> Iterator[tuple[int, Sequence[Value] | str]]:
        number = 0
        for batch in parquet.iter_batches(batch_size=10_000):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, [plain(cell) for cell in row]

    return _Table(tuple(clean_heading(name) for name in parquet.schema_arrow.names), rows)


def plain(cell: object) -> Value:
    """A typed cell of Excel or Parquet as it is kept: see ``Value``."""
    if cell is None or isinstance(cell, bool | int):
        return cell
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()}T00:00"
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    return str(cell)


def _dated(cell: Value, day_zero: datetime | None) -> Value:
    """A bare number in a date column of Excel as the date it shows there; anything else as it is."""
    if isinstance(cell, bool) or not isinstance(cell, int | float) or day_zero is None:
        return cell
    try:
        return plain(from_excel(cell, epoch=day_zero))
    except (OverflowError, ValueError):
        return cell
