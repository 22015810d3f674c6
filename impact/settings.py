"""The only reader of environment and secrets: where the data folder is, which sources there are, how figures read.

Knows no connector: each source's own keys are checked by the connector itself.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as holiday_calendars

from impact.model import SettingsError

PREFIX = "IMPACT_"
SECRETS_FILE = Path(".streamlit/secrets.toml")
DEMO_FOLDER = "demo"


@dataclass(frozen=True)
class Reporting:
    """How figures are dated and read.

    ``timezone``: every ``*_on`` date is a day in this zone. ``country``, ``subdivision``: whose public holidays
    count as a day type of their own (ISO codes such as DE and BY); empty: no holidays.
    """

    timezone: str = "UTC"
    country: str = ""
    subdivision: str = ""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                f"[reporting] timezone = {self.timezone!r} is not a known time zone. "
                "Use a name such as 'Europe/Berlin' or 'UTC'."
            ) from None
        if self.country:
            self.holidays_between(date(2024, 1, 1), date(2024, 1, 2))

    def holidays_between(self, first: date, last: date) -> frozenset[date]:
        """The public holidays from ``first`` to ``last`` inclusive; none where no country is set."""
        if not self.country:
            return frozenset()
        try:
            calendar = holiday_calendars.country_holidays(
                self.country, subdiv=self.subdivision or None, years=range(first.year, last.year + 1)
            )
        except NotImplementedError:
            raise SettingsError(
                f"[reporting] country = {self.country!r} with subdivision = {self.subdivision!r} has no holiday "
                "calendar. Use ISO codes such as country = 'DE', subdivision = 'BY', or leave both empty."
            ) from None
        return frozenset(day for day in calendar if first <= day <= last)


@dataclass(frozen=True)
class Settings:
    """Everything configured: the data folder, one section per source, and how figures read."""

    home: Path
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reporting: Reporting = field(default_factory=Reporting)
    file: Path | None = None

    @property
    def demo_home(self) -> Path:
        """Where the demo organisation lives: inside the data folder, never mixed with real data."""
        return self.home / DEMO_FOLDER


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read settings from ``<folder>/.streamlit/secrets.toml`` and the environment, which wins.

    ``IMPACT_HOME`` is the data folder (default ``./data``), ``IMPACT_SECRETS`` another file in place of
    secrets.toml; ``IMPACT_SOURCES__<NAME>__<KEY>`` and ``IMPACT_REPORTING__<KEY>`` set single values. Raises
    SettingsError naming the file and key.
    """
    environ = os.environ if environ is None else environ
    folder = Path.cwd() if folder is None else folder
    file = Path(environ.get("IMPACT_SECRETS") or folder / SECRETS_FILE)
    if "IMPACT_SECRETS" in environ and environ["IMPACT_SECRETS"] and not file.is_file():
        raise SettingsError(f"IMPACT_SECRETS names {file}, which is not a file. Create it or unset IMPACT_SECRETS.")
    values = _merged(_read(file), environ)
    sources = values.get("sources", {})
    for name, section in sources.items():
        if not isinstance(section, Mapping) or "kind" not in section:
            raise SettingsError(f"[sources.{name}] in {file} lacks 'kind', such as 'request_tracker' or 'files'.")
    return Settings(
        home=Path(environ.get("IMPACT_HOME") or folder / "data"),
        sources=sources,
        reporting=_reporting(values.get("reporting", {}), file),
        file=file if file.is_file() else None,
    )


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}. Correct that place; no source was read.") from None


def _merged(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    merged: dict[str, Any] = {k: v for k, v in values.items() if k in ("sources", "reporting")}
    for variable, text in sorted(environ.items()):
        path = variable.removeprefix(PREFIX).split("__")
        if not variable.startswith(PREFIX) or len(path) < 2 or path[0] not in ("SOURCES", "REPORTING"):
            continue
        merged = _with(merged, path, text)
    return merged


def _with(values: Mapping[str, Any], path: list[str], text: str) -> dict[str, Any]:
    """``values`` with the value at ``path`` replaced; names match a key that is there whatever its case."""
    name = next((key for key in values if key.lower() == path[0].lower()), path[0].lower())
    below = values.get(name, {})
    replaced = text if len(path) == 1 else _with(below if isinstance(below, Mapping) else {}, path[1:], text)
    return {**values, name: replaced}


def _reporting(section: Mapping[str, Any], file: Path) -> Reporting:
    known = Reporting.__dataclass_fields__
    for key in section:
        if key not in known:
            raise SettingsError(f"[reporting] in {file} has an unknown key {key!r}. Known keys: {', '.join(known)}.")
    return Reporting(**section)
