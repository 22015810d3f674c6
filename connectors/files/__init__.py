"""Files as a source: CSV, Excel and Parquet with a declared mapping of columns. Knows no vendor and no store.

Each canonical table is a stream; a stream that no mapping feeds is empty. A file is always read whole, and every row
is an upsert, so reading it twice changes nothing. Services, teams and groups that a mapped column names become rows
of their own. Parts: ``mapping`` and ``plan`` (what is configured), ``tables`` and
``text`` (reading), ``lines`` (which lines count), ``rows`` and ``cells`` (line to row).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors import Connector, Page, Payload, Stream
from connectors.files.cells import DATES_HELP
from connectors.files.lines import lines_of, named_in
from connectors.files.mapping import readings
from connectors.files.plan import LINE_KEY, PEOPLE, Reading
from connectors.files.rows import rejected, to_rows
from connectors.files.tables import SUFFIXES, find_files, read_columns
from connectors.files.text import ENCODINGS
from impact.model import TABLES, Rejected, Row, Segment, Service, SourceError, Team, row_id

PAGE_RECORDS = 5_000
NAMED_TABLES = ("service", "team", "segment")
"""Tables whose rows also come from the words other tables use for them."""


def _key(help: str, default: Any = dataclasses.MISSING, factory: Any = dataclasses.MISSING) -> Any:
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata={"help": help})
    return dataclasses.field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class FilesSettings:
    """Keys of a source of kind ``files``. Every key but folder may also stand in a ``[[read]]`` entry."""

    name: str = _key("Name of the source, from its section")
    path: str = _key(f"File, folder or pattern such as 'export/*.csv' to read ({', '.join(SUFFIXES)})", "")
    folder: str = _key("Where a relative path starts; itself relative to where the dashboard is started", ".")
    table: str = _key(f"What a row is: {', '.join(TABLES)}", "")
    key: tuple[str, ...] = _key(f"Columns that identify a row, or '{LINE_KEY}': file name and line", ())
    latest_by: str = _key("Log files: of the rows with one key, the one with the highest value here counts", "")
    columns: Mapping[str, Any] = _key("Canonical field = 'heading', { column, ... } or { constant }", factory=dict)
    values: Mapping[str, Any] = _key("Per field: the file's words to ours", factory=dict)
    only: Mapping[str, Any] = _key("Heading = words: only rows with one of them are read", factory=dict)
    without: Mapping[str, Any] = _key("Heading = words: rows with one of them are passed over", factory=dict)
    dates: str = _key(f"How dates are written: {DATES_HELP}", "iso")
    timezone: str = _key("Where dates without an offset are, such as 'Europe/Berlin'", "")
    missing: tuple[str, ...] = _key("Words that mean nothing is known; an empty cell always does", ())
    decimal: str = _key("Decimal mark of numbers", ".")
    thousands: str = _key("Mark between groups of three digits; '' = none", "")
    separator: str = _key("CSV: the character between columns", ",")
    encoding: str = _key(
        f"CSV: {', '.join(ENCODINGS)}; auto = byte order mark, else utf-8 if valid, else cp1252", "utf-8"
    )
    header: int = _key("Line (Excel: row) of the headings", 1)
    skip: int = _key("Lines after the headings that are no data", 0)
    sheet: str = _key("Excel: the sheet to read; '' = the only one", "")
    member: str = _key("Zip: the file inside to read; '' = the only one", "")
    read: tuple[Mapping[str, Any], ...] = _key(
        "Several tables from one or more files: one [[read]] entry each, with label where two feed one table", ()
    )

    def __post_init__(self) -> None:
        _ = self.readings  # a wrong mapping is found before any file is opened

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What is read, one entry per table and path."""
        given = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in ("name", "folder")}
        return readings(self.name, given)


def open_folder(settings: FilesSettings) -> Path:
    """The folder relative paths start from. Raises SourceError when it is not there."""
    folder = Path(settings.folder).expanduser()
    if not folder.is_dir():
        raise SourceError(f"folder = {settings.folder!r} is not a folder ({folder.absolute()}). Create or correct it.")
    return folder


def check_columns(folder: Path, settings: FilesSettings) -> Iterator[str]:
    """For each file, what it feeds and which of its columns nobody reads."""
    for reading in settings.readings:
        label = f" ({reading.label})" if reading.label else ""
        for file in find_files(folder, reading.path):
            there = [heading for heading in read_columns(file, reading.layout) if heading]
            unread = [heading for heading in there if heading not in reading.read_columns]
            yield (
                f"{file.name} feeds {reading.table}{label} from {len(there) - len(unread)} of {len(there)} columns; "
                f"not read: {', '.join(unread) or 'none'}"
            )


def _fetch(table: str) -> Callable[[Path, FilesSettings, datetime | None], Iterator[Page]]:
    def fetch(folder: Path, settings: FilesSettings, since: datetime | None) -> Iterator[Page]:
        """All rows of the table, whatever ``since`` is: files do not say what changed in them."""
        items: Iterable[dict[str, Any] | Rejected] = lines_of(table, folder, settings.name, settings.readings)
        if table in NAMED_TABLES:
            items = _with_named(table, items, folder, settings)
        newest: datetime | None = None
        records: list[Payload] = []
        refused: list[Rejected] = []
        for item in items:
            if isinstance(item, Rejected):
                refused.append(item)
            else:
                newest = max(filter(None, (newest, item.pop("happened", None))), default=None)
                records.append(item)
            if len(records) + len(refused) >= PAGE_RECORDS:
                yield Page(tuple(records), rejected=tuple(refused))
                records, refused = [], []
        if records or refused or newest:
            yield Page(tuple(records), bookmark=newest, rejected=tuple(refused))

    return fetch


def _feeds(table: str) -> Callable[[FilesSettings], bool]:
    def wanted(settings: FilesSettings) -> bool:
        """Whether some file is read as this table, or names rows of it."""
        return any(
            reading.table == table or any(c.link == table and c.source == settings.name for c in reading.cells)
            for reading in settings.readings
        )

    return wanted


def _with_named(
    table: str, items: Iterable[dict[str, Any] | Rejected], folder: Path, settings: FilesSettings
) -> Iterator[dict[str, Any] | Rejected]:
    """Mapped rows of the table, then one row for every word that links to it and has no mapped row."""
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, Rejected):
            row = next(iter(convert(item, settings)), None)
            seen.add(row.source_key if isinstance(row, Row) else "")
        yield item
    for reading in settings.readings:
        cells = [c for c in reading.cells if c.link == table and c.source == settings.name]
        if cells:
            for payload in named_in(reading, cells, folder):
                if payload["key"] not in seen:
                    seen.add(payload["key"])
                    yield payload


def convert(payload: Payload, settings: FilesSettings) -> Iterator[Row | Rejected]:
    """One line to its canonical row, or a Rejected with file, line, column, value and reason."""
    if "named" in payload:
        yield _named_row(payload, settings.name)
        return
    reading = next((r for r in settings.readings if r.name == payload["read"]), None)
    if reading is None:
        yield rejected(payload, f"was read as {payload['read']!r}, which is no longer configured. Sync again")
        return
    yield from to_rows(reading, payload, settings.name)


def _named_row(payload: Payload, source: str) -> Row:
    key, name = payload["key"], payload["named"]
    id = row_id(source, payload["table"], key)
    if payload["table"] == "segment":
        return Segment(id=id, source=source, source_key=key, name=name, dimension=payload["dimension"])
    return (Service if payload["table"] == "service" else Team)(id=id, source=source, source_key=key, name=name)


def _updated_at(payload: Payload) -> datetime | None:
    return datetime.fromisoformat(payload["updated_at"]) if "updated_at" in payload else None


CONNECTOR = Connector(
    kind="files",
    title="Files (CSV, Excel, Parquet)",
    settings=FilesSettings,
    streams=tuple(
        Stream(
            name=table,
            tables=(table,),
            fetch=_fetch(table),
            convert=convert,
            key=lambda payload: str(payload["key"]),
            updated_at=_updated_at,
            people=(f"people.{PEOPLE[table]}",) if table in PEOPLE else (),
            wanted=_feeds(table),
            whole=True,
        )
        for table in sorted(TABLES, key=lambda table: table not in NAMED_TABLES)
    ),
    open=open_folder,
    check=check_columns,
    lacks=("A file does not say what was deleted in it: rows that vanish from a file stay in the store.",),
    guide="CSV, Excel and Parquet: docs/connectors/files.md explains the mapping, docs/examples holds complete ones.",
)
