"""What each section of the settings may hold: frozen records that check themselves and say what is allowed.

Knows no file and no environment; the sections of sources are checked by their connectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as holiday_calendars

from impact.model import END_OF_KIND, MilestoneEnd, MilestoneKind, SettingsError


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
class Records:
    """Where decisions, statements of expected impact and meetings are kept: an SQLAlchemy address and its password.

    Empty: a SQLite file in the data folder. PostgreSQL: ``postgresql+psycopg://user@host/database``.
    """

    url: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if self.url and "://" not in self.url:
            raise SettingsError(
                "[records] url is not an SQLAlchemy address. Use 'postgresql+psycopg://user@host/database' with the "
                "password in [records] password, or leave it out to keep records in a file in the data folder."
            )


@dataclass(frozen=True)
class Privacy:
    """``smallest_group``: groups of fewer people than this are shown nowhere, also not by what is left of a sum."""

    smallest_group: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.smallest_group <= 1000:
            raise SettingsError(
                f"[privacy] smallest_group = {self.smallest_group} is not possible. Allowed are 1 to 1000 people."
            )


@dataclass(frozen=True)
class SetUp:
    """``from_page``: who may connect a source on the Data page, which writes credentials into the file of secrets: here
    (a browser on the server's own machine) or nobody."""

    from_page: str = "here"

    def __post_init__(self) -> None:
        if self.from_page not in ("here", "nobody"):
            raise SettingsError(f"[setup] from_page = {self.from_page!r} is not known. Allowed: here, nobody.")


@dataclass(frozen=True)
class Meetings:
    """``every_days``: days from one steering meeting to the next. ``link``: the address under which people open the
    dashboard, which is written into packs; empty: packs have no link."""

    every_days: int = 14
    link: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.every_days <= 366:
            raise SettingsError(
                f"[meetings] every_days = {self.every_days} is not possible. Allowed are 1 to 366 days."
            )
        if self.link and not self.link.startswith(("http://", "https://")):
            raise SettingsError(
                f"[meetings] link = {self.link!r} is not an address. Write it as 'https://impact.example.com'."
            )


@dataclass(frozen=True)
class Sync:
    """``sweep_days``: days from one look at which records still exist at the sources to the next; 0: only when asked
    (``sync --sweep``)."""

    sweep_days: int = 7

    def __post_init__(self) -> None:
        if not 0 <= self.sweep_days <= 366:
            raise SettingsError(
                f"[sync] sweep_days = {self.sweep_days} is not possible. Allowed are 1 to 366 days, or 0 for never "
                "but when `sync --sweep` asks for it."
            )


@dataclass(frozen=True)
class Freeze:
    """Days on which nothing may go live, both ends included."""

    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True)
class MilestoneRule:
    """Milestones whose own kind or title contains one of these words are of this kind and end."""

    contains: tuple[str, ...]
    kind: MilestoneKind
    end: MilestoneEnd


def freezes(section: object, file: object) -> tuple[Freeze, ...]:
    """``[freezes.<key>]`` with name, from and to (ISO dates); sorted by their first day."""
    found = []
    for key, part in _parts("freezes", section, file, {"name", "from", "to"}):
        first, last = (_date(f"[freezes.{key}] {end}", part.get(end), file) for end in ("from", "to"))
        if last < first:
            raise SettingsError(
                f"[freezes.{key}] in {file} ends on {last}, before it begins on {first}. Write from first, then to."
            )
        found.append(Freeze(str(part.get("name") or key).strip(), first, last))
    return tuple(sorted(found, key=lambda freeze: (freeze.first_on, freeze.name)))


def milestone_rules(section: object, file: object) -> tuple[MilestoneRule, ...]:
    """``[milestones.<key>]`` with contains (words), kind and, where it is not the kind's own, end; in order."""
    found = []
    for key, part in _parts("milestones", section, file, {"contains", "kind", "end"}):
        words = part.get("contains", ())
        words = words.split(",") if isinstance(words, str) else list(words)
        if not words:
            raise SettingsError(f"[milestones.{key}] in {file} lacks contains, such as contains = ['briefing'].")
        for word in words:
            if not isinstance(word, str) or not any(map(str.isalnum, word)):
                raise SettingsError(
                    f"[milestones.{key}] contains in {file} has {word!r}, which is no word and would be found in every "
                    "title. Write words such as 'briefing' or '*rundgang'."
                )
        words = [word.strip() for word in words]
        kind = _word(f"[milestones.{key}] kind", part.get("kind"), get_args(MilestoneKind), file)
        end = _word(f"[milestones.{key}] end", part.get("end", END_OF_KIND[kind]), get_args(MilestoneEnd), file)
        found.append(MilestoneRule(tuple(words), kind, end))
    return tuple(found)


def _parts(name: str, section: object, file: object, known: set[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The named parts of a section, each with known keys only."""
    if not isinstance(section, Mapping):
        raise SettingsError(f"{name} = {section!r} in {file} is not a section. Write [{name}.<key>] and its keys.")
    for key, part in section.items():
        if not isinstance(part, Mapping):
            raise SettingsError(f"[{name}] in {file} has a value {key!r}. Write [{name}.{key}] and its keys below it.")
        for stray in sorted(set(part) - known):
            raise SettingsError(
                f"[{name}.{key}] in {file} has an unknown key {stray!r}. Known keys: {', '.join(sorted(known))}."
            )
    return list(section.items())


def _date(where: str, value: object, file: object) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError:
        raise SettingsError(f"{where} = {value!r} in {file} is not a day. Write it as '2026-12-15'.") from None


def _word(where: str, value: object, allowed: tuple[Any, ...], file: object) -> Any:
    if value not in allowed:
        raise SettingsError(f"{where} = {value!r} in {file} is not known. Allowed: {', '.join(allowed)}.")
    return value


def record(kind: type[Any], name: str, section: object, file: object) -> Any:
    """A section with plain values as ``kind``; whole numbers may come as text, which is all the environment has.

    Raises SettingsError for keys it does not have and for values of another type.
    """
    if not isinstance(section, Mapping):
        raise SettingsError(f"{name} = {section!r} in {file} is not a section. Write [{name}] and the keys below it.")
    known = {spec.name: spec for spec in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            raise SettingsError(f"[{name}] in {file} has an unknown key {key!r}. Known keys: {', '.join(known)}.")
        values[key] = str(value).strip()
        if known[key].type == "int":
            try:
                values[key] = int(values[key])
            except ValueError:
                raise SettingsError(f"[{name}] {key} = {value!r} in {file} is not a whole number.") from None
    return kind(**values)


def rates(section: object, file: object) -> Rates:
    """The section [rates]; numbers may come as text, which is all the environment has."""
    known = Rates.__dataclass_fields__
    if not isinstance(section, Mapping):
        raise SettingsError(f"rates = {section!r} in {file} is not a section. Write [rates] and the keys below it.")
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            raise SettingsError(f"[rates] in {file} has an unknown key {key!r}. Known keys: {', '.join(known)}.")
        values[key] = str(value).strip() if key == "currency" else _amount(key, value, file)
    return Rates(**values)


def _amount(key: str, value: object, file: object) -> float | None:
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
