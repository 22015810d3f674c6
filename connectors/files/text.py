"""Text tables: which bytes, which encoding, which separator, and where a record begins. Knows CSV and nothing else.

Splitting is left to the standard library's csv, the only reader that says in which line a record with quoted line
breaks begins and goes on after a record it cannot split.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from connectors.files.cells import Value
from impact.model import SourceError

ENCODINGS = ("utf-8", "latin-1", "cp1252", "utf-16", "auto")
SAMPLE_BYTES = 65_536
CELL_CHARACTERS = 16 * 1024 * 1024
"""A longer cell is taken for a quotation mark that is never closed."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Layout:
    """How the rows lie in the file. ``header`` is the line of the headings (Excel: row), ``skip`` how many lines
    after it are no data; ``sheet`` an Excel sheet, ``member`` a file inside a .zip ('' = the only one)."""

    separator: str = ","
    encoding: str = "utf-8"
    header: int = 1
    skip: int = 0
    sheet: str = ""
    member: str = ""


@dataclass(frozen=True)
class File:
    """A file to read; ``name`` is its path as people know it, relative to the configured folder."""

    path: Path
    name: str

    def place(self, number: int) -> str:
        """Where a row is, in words: ``log.csv, line 7``."""
        return f"{self.name}, {'row' if self.name.lower().endswith(('.xlsx', '.parquet')) else 'line'} {number}"


@contextmanager
def text_records(file: File, layout: Layout) -> Iterator[Iterator[tuple[int, list[str] | str]]]:
    """The records of a text file: the line each begins in, and its cells, or why it cannot be split.

    Raises SourceError (encoding, packing, a quotation mark never closed); other errors of reading pass through.
    """
    with _raw(file, layout) as raw:
        encoding = _encoding(raw, file, layout)
    with _raw(file, layout) as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        csv.field_size_limit(CELL_CHARACTERS)
        try:
            yield _split(csv.reader(text, delimiter=layout.separator, strict=True), file)
        except UnicodeDecodeError as error:
            raise SourceError(_wrong_bytes(file, layout, error)) from None


@contextmanager
def _raw(file: File, layout: Layout) -> Iterator[IO[bytes]]:
    """The bytes of a text file, unpacked where it is packed."""
    name = file.name.lower()
    if name.endswith(".gz"):
        with gzip.open(file.path, "rb") as packed:
            yield cast(IO[bytes], packed)
    elif name.endswith(".zip"):
        with zipfile.ZipFile(file.path) as archive:
            inside = [n for n in archive.namelist() if n.lower().endswith((".csv", ".tsv", ".txt"))]
            chosen = [n for n in inside if n == layout.member] if layout.member else inside
            if len(chosen) != 1:
                raise SourceError(
                    f"{file.name} holds {len(inside)} text tables ({', '.join(inside) or 'none'}); "
                    f"member = {layout.member!r} names {len(chosen)} of them. Set member to one of them."
                )
            with archive.open(chosen[0]) as packed:
                yield packed
    else:
        with file.path.open("rb") as plain:
            yield plain


def _encoding(raw: IO[bytes], file: File, layout: Layout) -> str:
    """The codec to read with: as declared, unless the file's own mark or its bytes contradict it."""
    sample = raw.read(SAMPLE_BYTES)
    marked = next((name for mark, name in _BOMS if sample.startswith(mark)), None)
    if layout.encoding == "auto":
        return "utf-8-sig" if marked == "utf-8" else marked or _tried(raw, sample)
    if marked and marked != layout.encoding:
        raise SourceError(
            f"{file.name} is marked as {marked}, and encoding = {layout.encoding!r}. Set encoding = {marked!r}."
        )
    if layout.encoding in ("latin-1", "cp1252") and _is_utf8(sample) and not sample.isascii():
        raise SourceError(
            f"{file.name} is valid utf-8, and encoding = {layout.encoding!r} would garble its letters. "
            "Set encoding = 'utf-8'."
        )
    return "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _tried(raw: IO[bytes], sample: bytes) -> str:
    """utf-8 when the whole file is valid utf-8, which other text never is by chance; else cp1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while sample:
            decoder.decode(sample)
            sample = raw.read(SAMPLE_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _wrong_bytes(file: File, layout: Layout, error: UnicodeDecodeError) -> str:
    wrong = error.object[error.start]
    place = ""
    if error.encoding.startswith("utf-8") or error.encoding.startswith("char"):
        with _raw(file, layout) as raw:
            place = f", line {next((n for n, line in enumerate(raw, 1) if _fails(line, error.encoding, layout)), '?')}"
    return (
        f"{file.name}{place}: byte 0x{wrong:02X} is not text in encoding = {layout.encoding!r}. "
        f"Set encoding to one of: {', '.join(ENCODINGS)}."
    )


def _fails(line: bytes, codec: str, layout: Layout) -> bool:
    try:
        line.decode("cp1252" if codec.startswith("char") else "utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _split(reader: Any, file: File) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with the line it begins in; quoted line breaks make a record span lines."""
    while True:
        begun = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field larger" in str(error):
                raise SourceError(
                    f"{file.name}, line {begun}: a quotation mark is opened in this record and never closed. "
                    "Close or remove it; the lines before are read."
                ) from None
            yield begun, f"lines {begun} to {reader.line_num} cannot be split into columns: {error}"
            continue
        yield begun, row


def whole_rows(
    lines: Iterator[tuple[int, list[str] | str]], headings: tuple[str, ...]
) -> Iterator[tuple[int, Sequence[Value] | str]]:
    """The records that have a cell for every heading, without outer blanks; blank lines are passed over."""
    width = len(headings)
    for number, row in lines:
        if isinstance(row, str):
            yield number, row
        elif not any(row):
            continue
        elif len(row) == width or (len(row) > width and not any(row[width:])):
            yield number, [cell.strip() for cell in row]
        else:
            yield (
                number,
                (
                    f"has {len(row)} columns, the headings {width}: is the separator or a line break inside text "
                    "that is not quoted?"
                ),
            )
