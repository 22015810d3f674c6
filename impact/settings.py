"""The only reader of environment and secrets: where the data are, which sources there are, how figures and money read.

Knows no connector: each source's own keys are checked by the connector itself.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from impact import sections
from impact.choices import chosen
from impact.metrics import METRICS, Metric
from impact.model import SettingsError
from impact.sections import Freeze, Meetings, MilestoneRule, Privacy, Rates, Records, Reporting, SetUp, Sync

__all__ = [
    "Freeze", "Meetings", "MilestoneRule", "Privacy", "Rates", "Records", "Reporting", "SetUp", "Settings", "Sync",
    "load",
]  # fmt: skip

PREFIX = "IMPACT_"
SECRETS_FILE = Path(".streamlit/secrets.toml")
DEMO_FOLDER = "demo"
SECTIONS = (
    "sources", "reporting", "metrics", "rates", "records", "privacy", "meetings", "freezes", "milestones", "setup",
    "sync",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Everything configured: the data folder, one section per source, how figures read, the measures with their roles
    and margins, what things cost, where records are kept, how small a group may be shown, meetings, freezes and the
    words by which milestones are sorted."""

    home: Path
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reporting: Reporting = field(default_factory=Reporting)
    metrics: tuple[Metric, ...] = METRICS
    file: Path | None = None
    rates: Rates = field(default_factory=Rates)
    records: Records = field(default_factory=Records)
    privacy: Privacy = field(default_factory=Privacy)
    meetings: Meetings = field(default_factory=Meetings)
    freezes: tuple[Freeze, ...] = ()
    milestones: tuple[MilestoneRule, ...] = ()
    sync: Sync = field(default_factory=Sync)
    setup: SetUp = field(default_factory=SetUp)

    @cached_property
    def digest(self) -> str:
        """A short text that differs where anything shown would read differently; part of every cache's key."""
        shown = (self.reporting, self.metrics, self.rates, self.privacy, self.meetings, self.freezes, self.milestones)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]

    @property
    def demo_home(self) -> Path:
        """Where the demo organisation lives: inside the data folder, never mixed with real data."""
        return self.home / DEMO_FOLDER


def load(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, *, to_be_written: bool = False
) -> Settings:
    """Read settings from ``<folder>/.streamlit/secrets.toml`` and the environment, which wins.

    ``IMPACT_HOME`` is the data folder (default ``./data``), ``IMPACT_SECRETS`` another file in place of
    secrets.toml; ``IMPACT_SOURCES__<NAME>__<KEY>`` and the same with the other sections (``IMPACT_RATES__<KEY>``) set
    single values. Raises SettingsError naming the file and key; ``to_be_written``: a file that is not there is empty.
    """
    environ = os.environ if environ is None else environ
    folder = Path.cwd() if folder is None else folder
    file = secrets_file(environ, folder)
    if environ.get("IMPACT_SECRETS") and not file.is_file() and not to_be_written:
        raise SettingsError(f"IMPACT_SECRETS names {file}, which is not a file. Create it or unset IMPACT_SECRETS.")
    values = _merged(_read(file), environ)
    sources = values.get("sources", {})
    for name, section in sources.items():
        if not isinstance(section, Mapping) or "kind" not in section:
            raise SettingsError(f"[sources.{name}] in {file} lacks 'kind', such as 'request_tracker' or 'files'.")
    return Settings(
        home=Path(environ.get("IMPACT_HOME") or folder / "data"),
        sources=sources,
        reporting=sections.record(Reporting, "reporting", values.get("reporting", {}), file),
        metrics=chosen(values.get("metrics", {})),
        file=file if file.is_file() else None,
        rates=sections.rates(values.get("rates", {}), file),
        records=sections.record(Records, "records", values.get("records", {}), file),
        privacy=sections.record(Privacy, "privacy", values.get("privacy", {}), file),
        meetings=sections.record(Meetings, "meetings", values.get("meetings", {}), file),
        freezes=sections.freezes(values.get("freezes", {}), file),
        milestones=sections.milestone_rules(values.get("milestones", {}), file),
        sync=sections.record(Sync, "sync", values.get("sync", {}), file),
        setup=sections.record(SetUp, "setup", values.get("setup", {}), file),
    )


def secrets_file(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Path:
    """The file that holds the sections, whether it is there or not."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("IMPACT_SECRETS") or (Path.cwd() if folder is None else folder) / SECRETS_FILE)


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}. Correct that place; no source was read.") from None


def _merged(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    merged: dict[str, Any] = {k: v for k, v in values.items() if k in SECTIONS}
    for variable, text in sorted(environ.items()):
        path = variable.removeprefix(PREFIX).split("__")
        if not variable.startswith(PREFIX) or len(path) < 2 or path[0].lower() not in SECTIONS:
            continue
        merged = _with(merged, path, text)
    return merged


def _with(values: Mapping[str, Any], path: list[str], text: str) -> dict[str, Any]:
    """``values`` with the value at ``path`` replaced; names match a key that is there whatever its case."""
    name = next((key for key in values if key.lower() == path[0].lower()), path[0].lower())
    below = values.get(name, {})
    replaced = text if len(path) == 1 else _with(below if isinstance(below, Mapping) else {}, path[1:], text)
    return {**values, name: replaced}
