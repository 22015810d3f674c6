"""The only reader of environment and secrets: where the data are, which sources there are, how figures and money read.

Knows no connector: each source's own keys are checked by the connector itself.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as holiday_calendars

from impact.choices import chosen
from impact.metrics import METRICS, Metric
from impact.model import SettingsError

PREFIX = "IMPACT_"
SECRETS_FILE = Path(".streamlit/secrets.toml")
DEMO_FOLDER = "demo"
SECTIONS = ("sources", "reporting", "metrics", "rates")


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
class Rates:
    """What tickets and lost work cost; what is not set is shown in tickets and hours, never as money.

    ``currency``: the word written before amounts, such as EUR. ``per_ticket``: money the service desk spends on a
    ticket. ``per_lost_hour``: money an hour of a colleague's lost work costs. ``lost_part_of_waiting``: the part of
    the time from opening to resolution in which a colleague cannot work, 0 to 1; only used where nobody reports lost
    time.
    """

    currency: str = ""
    per_ticket: float | None = None
    per_lost_hour: float | None = None
    lost_part_of_waiting: float | None = None

    def __post_init__(self) -> None:
        if len(self.currency) > 8 or "\n" in self.currency:
            raise SettingsError(
                f"[rates] currency = {self.currency!r} is too long. Use a short word such as 'EUR', 'CHF' or '£'."
            )
        for name, most, unit in _RATES:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 <= value <= most):
                raise SettingsError(
                    f"[rates] {name} = {value:g} is not possible. Allowed is {unit}, from 0 to {most:,.0f}. "
                    "Correct it, or leave it out to show no money for it."
                )


_RATES = (
    ("per_ticket", 1e6, "an amount of money per ticket"),
    ("per_lost_hour", 1e6, "an amount of money per hour"),
    ("lost_part_of_waiting", 1.0, "a part of the waiting time"),
)


@dataclass(frozen=True)
class Settings:
    """Everything configured: the data folder, one section per source, how figures read, the measures with their roles
    and margins, and what things cost."""

    home: Path
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reporting: Reporting = field(default_factory=Reporting)
    metrics: tuple[Metric, ...] = METRICS
    file: Path | None = None
    rates: Rates = field(default_factory=Rates)

    @property
    def demo_home(self) -> Path:
        """Where the demo organisation lives: inside the data folder, never mixed with real data."""
        return self.home / DEMO_FOLDER


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read settings from ``<folder>/.streamlit/secrets.toml`` and the environment, which wins.

    ``IMPACT_HOME`` is the data folder (default ``./data``), ``IMPACT_SECRETS`` another file in place of
    secrets.toml; ``IMPACT_SOURCES__<NAME>__<KEY>`` and the same with ``REPORTING``, ``METRICS`` and ``RATES`` set
    single values. Raises SettingsError naming the file and key.
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
        metrics=chosen(values.get("metrics", {})),
        file=file if file.is_file() else None,
        rates=_rates(values.get("rates", {}), file),
    )


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


def _reporting(section: Mapping[str, Any], file: Path) -> Reporting:
    known = Reporting.__dataclass_fields__
    for key in section:
        if key not in known:
            raise SettingsError(f"[reporting] in {file} has an unknown key {key!r}. Known keys: {', '.join(known)}.")
    return Reporting(**section)


def _rates(section: object, file: Path) -> Rates:
    known = Rates.__dataclass_fields__
    if not isinstance(section, Mapping):
        raise SettingsError(f"rates = {section!r} in {file} is not a section. Write [rates] and the keys below it.")
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            raise SettingsError(f"[rates] in {file} has an unknown key {key!r}. Known keys: {', '.join(known)}.")
        values[key] = str(value).strip() if key == "currency" else _amount(key, value, file)
    return Rates(**values)


def _amount(key: str, value: object, file: Path) -> float | None:
    """A number of the settings; text, which is all the environment has, is read as one; empty text is not set."""
    if isinstance(value, str) and not value.strip():
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError
        return float(value)
    except ValueError:
        raise SettingsError(
            f"[rates] {key} = {value!r} in {file} is not a number. Write it with a point and without a unit, such as "
            f"{key} = {'0.25' if key == 'lost_part_of_waiting' else '18.50'}, or leave it out."
        ) from None
