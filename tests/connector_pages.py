"""Writes docs/connectors.md, and the tables in docs/connectors/<kind>.md, from the connectors' own help:
``python -m tests.connector_pages``. Knows no vendor."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import connectors
from connectors import Connector
from connectors.settings import SystemSettings

DOCS = Path(__file__).resolve().parent.parent / "docs"
INDEX, PARTS = DOCS / "connectors.md", DOCS / "connectors"
TABLES = {
    "change": "changes",
    "milestone": "milestones",
    "ticket": "tickets",
    "satisfaction_response": "satisfaction",
    "service": "services",
    "team": "teams",
    "segment": "groups of customers",
}
"""The tables that the overview shows, with their headings."""
OPENING = """\
# Connectors

Made from the connectors' own help by `python -m tests.connector_pages`; a test compares.

Each system has a page of its own: the rights that the reading user needs, what it must be set to, a section to start
from, every setting, what becomes which column, and its limits. Three steps connect one:

1. `python3 run.py impact add-source` asks for kind, address and credentials, tries them, shows what it found,
   proposes which of your own fields mean what, writes the section into `.streamlit/secrets.toml` and starts the first
   sync. Or write the section by hand, as for files and databases, which need a mapping.
2. `python3 run.py impact check` signs in, reads one page of everything and says what is missing. Sentences with
   `PROBLEM` want something.
3. `python3 run.py impact sync` (or **Sync now** on the Data page) reads; `python3 run.py impact export TABLE --out
   FILE` writes what came.

## What each system gives
"""
RULES = """\
## What holds for all

- **Only reading.** No connector sends anything that changes a system. Named fields only; titles and texts of tickets
  are not read, and people become keyed hashes before anything is stored.
- **Only what changed.** A pass starts a little before the end of the last one, by the server's own clock, and
  replaces what it reads again. `sync --full` reads everything from `start` on. A pass that breaks off goes on where
  it stopped.
- **Unknown is unknown.** An empty field is never a zero, an unknown word becomes `other` or `unknown` and keeps its
  own spelling beside it, a survey nobody answered has no score, and a change that was rejected is never done.
- **Nothing is lost.** A record that cannot be read is listed on the Data page with the reason; all others are kept.
  What a system no longer lists is marked, not deleted.
- **Small groups stay unseen.** Groups of customers with fewer than five people (`[privacy] smallest_group`) are left
  out of exports and of the groups of exported tickets; the Data page counts them all.
- **Secrets stay at home.** Credentials go to the configured address only, are taken from `.streamlit/secrets.toml` or
  from `IMPACT_SOURCES__<NAME>__<KEY>`, and are in no log, message or address.
"""
COMMON = """\
## Settings that every system behind an address has
"""


def index() -> str:
    """The overview as Markdown."""
    every = [connectors.load(kind) for kind in connectors.available()]
    lines = [OPENING]
    lines.append("| System | `kind` | " + " | ".join(TABLES.values()) + " |")
    lines.append("|---" * (len(TABLES) + 2) + "|")
    for connector in sorted(every, key=lambda c: c.title.lower()):
        delivered = {table for stream in connector.streams for table in stream.tables}
        marks = " | ".join("yes" if table in delivered else "" for table in TABLES)
        lines.append(f"| [{connector.title}](connectors/{connector.kind}.md) | `{connector.kind}` | {marks} |")
    lines += ["", RULES, COMMON, *settings_table(SystemSettings), ""]
    return "\n".join(lines)


def settings_table(settings: type) -> list[str]:
    """One row a setting, as Markdown; ``name`` comes from the section's own name."""
    rows = ["| Key | Default | Meaning |", "|---|---|---|"]
    for key in dataclasses.fields(settings):
        if key.name != "name":
            rows.append(f"| `{key.name}` | {_default(key)} | {_meaning(key)} |")
    return rows


def _default(key: dataclasses.Field[object]) -> str:
    if key.default is dataclasses.MISSING or key.default in ("", ()):
        return ""
    if isinstance(key.default, bool):
        return f"`{'yes' if key.default else 'no'}`"
    return f"`{', '.join(map(str, key.default)) if isinstance(key.default, tuple) else key.default}`"


def _meaning(key: dataclasses.Field[object]) -> str:
    help = str(key.metadata.get("help", "")).replace("|", "\\|")
    return f"{help} (secret)" if key.metadata.get("secret") else help


def with_tables(connector: Connector, text: str) -> str:
    """A connector's page with its generated parts made anew."""
    text = _filled(text, f"settings {connector.kind}", settings_table(connector.settings))
    return _filled(text, f"streams {connector.kind}", list(_streams(connector)))


def _streams(connector: Connector) -> Iterator[str]:
    yield from ("| Stream | Feeds |", "|---|---|")
    for stream in connector.streams:
        yield f"| {stream.name} | {', '.join(stream.tables)} |"
    if connector.lacks:
        yield ""
        yield from (f"- {sentence}" for sentence in connector.lacks)


def _filled(text: str, name: str, lines: list[str]) -> str:
    pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)"
    body = "\n".join(lines)
    return re.sub(pattern, lambda found: f"{found[1]}{body}\n{found[2]}", text, flags=re.DOTALL)


def pages() -> dict[Path, str]:
    """Every page with its text as it should be."""
    made = {INDEX: index()}
    for kind in connectors.available():
        file = PARTS / f"{kind}.md"
        made[file] = with_tables(connectors.load(kind), file.read_text("utf-8") if file.is_file() else "")
    return made


if __name__ == "__main__":
    for file, text in pages().items():
        if text:
            file.write_text(text, "utf-8")
