"""Sources of kind ``files`` for tests: write a small file, read it through the connector, look at what came out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import connectors
from connectors import Stream
from impact.model import Rejected, Row

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
CONNECTOR = connectors.load("files")
TICKETS: dict[str, Any] = {
    "table": "ticket",
    "key": ["no"],
    "timezone": "UTC",
    "columns": {"number": "no", "opened_at": "opened"},
}
"""The smallest mapping of tickets: columns ``no`` and ``opened``."""


@dataclass(frozen=True)
class Read:
    """What came out of a source: rows and rejections by stream, and the payloads as they would be stored."""

    rows: Mapping[str, list[Any]]
    rejected: Mapping[str, list[Rejected]]
    payloads: Mapping[str, list[Mapping[str, Any]]]
    bookmarks: Mapping[str, Any]


def settings(folder: Path, /, **keys: Any) -> Any:
    """Checked settings of a source named ``desk`` whose files lie in ``folder``."""
    return connectors.read_settings(CONNECTOR, "desk", {**keys, "folder": str(folder)})


def section(name: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Source name and keys of docs/examples/<name>.toml, with nothing changed but the folder."""
    sources = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))["sources"]
    ((source, keys),) = sources.items()
    return source, {**{key: value for key, value in keys.items() if key != "kind"}, "folder": str(folder)}


def example(name: str, folder: Path) -> Any:
    """The settings of docs/examples/<name>.toml."""
    source, keys = section(name, folder)
    return connectors.read_settings(CONNECTOR, source, keys)


def stream(name: str) -> Stream:
    return next(s for s in CONNECTOR.streams if s.name == name)


def read(own: Any, *tables: str) -> Read:
    """Everything the source delivers, stream by stream; of ``tables`` only where some are named."""
    result = Read({}, {}, {}, {})
    for each in (each for each in CONNECTOR.streams if not tables or each.name in tables):
        rows, rejected, payloads, bookmark = [], [], [], None
        for page in each.fetch(CONNECTOR.open(own), own, None):
            bookmark = page.bookmark or bookmark
            rejected += page.rejected
            payloads += page.records
        for item in (item for payload in payloads for item in each.convert(payload, own)):
            (rejected if isinstance(item, Rejected) else rows).append(item)
        for target, value in ((result.rows, rows), (result.rejected, rejected), (result.payloads, payloads)):
            target[each.name] = value  # type: ignore[index]
        result.bookmarks[each.name] = bookmark  # type: ignore[index]
    return result


def tickets(
    folder: Path, content: str | bytes, *, name: str = "t.csv", **keys: Any
) -> tuple[list[Any], list[Rejected]]:
    """Ticket rows and rejections of a file with ``content``, under TICKETS and ``keys``."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    found = read(settings(folder, **{**TICKETS, "path": name, **keys}))
    return found.rows["ticket"], found.rejected["ticket"]


def days(rows: list[Any]) -> list[str]:
    """When each ticket was opened, UTC, to the minute."""
    return [row.opened_at.strftime("%Y-%m-%d %H:%M") for row in rows]


def one(rows: list[Any]) -> Any:
    (row,) = rows
    assert isinstance(row, Row | Rejected)
    return row
