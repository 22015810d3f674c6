"""Tables as CSV that spreadsheets open as they are meant: accents, numbers, and no text taken for a formula."""

from __future__ import annotations

import csv
import io

Table = dict[str, list[str]]
"""Column title -> texts, all of one length."""
_STARTS = ("=", "@", "+", "-", "\t", "\r")


def as_csv(table: Table) -> bytes:
    """The table as UTF-8 CSV with a byte-order mark, which spreadsheets need to see accents. A text that a
    spreadsheet would take for a formula is quoted with an apostrophe; a plain number, also a negative one, is not."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe(name) for name in table])
    for row in zip(*table.values(), strict=True):
        writer.writerow([safe(text) for text in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def safe(text: str) -> str:
    """A cell that a spreadsheet takes for text or a plain number, never for a formula."""
    return f"'{text}" if text[:1] in _STARTS and not _is_number(text) else text


def _is_number(text: str) -> bool:
    digits = text[1:]
    return text[:1] == "-" and digits.isascii() and digits.replace(".", "", 1).isdigit()
