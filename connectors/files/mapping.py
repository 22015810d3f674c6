"""From the keys of a source to its checked mapping, before any file is opened. Knows no file and no row.

Whatever is wrong is a SettingsError that names the key, the value and what is allowed.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.files.cells import DURATION_UNITS, Dates, Value, as_text, wrong_dates
from connectors.files.plan import LINE_KEY, LINKING, LINKS, NAMED_BY_KEY, OWN_FIELDS, PEOPLE, Cell, Reading, required
from connectors.files.text import ENCODINGS, Layout
from impact.model import TABLES, Field, SettingsError, fields

_CELL_KEYS = (
    "column",
    "columns",
    "constant",
    "dates",
    "timezone",
    "values",
    "missing",
    "decimal",
    "thousands",
    "unit",
    "source",
    "dimension",
    "split",
    "every_row",
)


def readings(source: str, settings: Mapping[str, Any]) -> tuple[Reading, ...]:
    """The readings a source's settings ask for. Raises SettingsError at the first key that is wrong."""
    shared = {k: v for k, v in settings.items() if k != "read"}
    entries: Sequence[Any] = settings["read"]
    if not entries:
        return (_Section(source, shared, "").reading(),)
    if shared["columns"]:
        raise SettingsError("has columns beside read. Put them into the [[read]] entry they belong to.")
    result = []
    for number, entry in enumerate(entries, 1):
        place = f"read entry {number}: "
        if not isinstance(entry, Mapping):
            raise SettingsError(f"{place}is not a table. Write [[sources.{source}.read]] above its keys.")
        for key in entry:
            if key not in {*shared, "label"} - {"folder"}:
                raise SettingsError(
                    f"{place}unknown key {key!r}.{_close(key, shared)} Keys: {', '.join(shared)}, label."
                )
        words = entry.get("values", {})
        both = {**shared["values"], **words} if isinstance(words, Mapping) else words
        result.append(_Section(source, {**shared, **entry, "values": both}, place).reading())
    names = [reading.name for reading in result]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"two read entries feed {name}. Give each a label of its own, such as label = 'nps'.")
    return tuple(result)


_KINDS: tuple[tuple[tuple[str, ...], tuple[type, ...], str], ...] = (
    (("columns", "values", "only", "without"), (Mapping,), "a table of keys and values"),
    (("header", "skip"), (int,), "a whole number"),
    (("key", "missing"), (str, list, tuple), "a text or a list of texts"),
    (
        (
            *("table", "label", "path", "latest_by", "dates", "timezone", "decimal", "thousands"),
            *("separator", "encoding", "sheet", "member"),
        ),
        (str,),
        "a text",
    ),
)


@dataclass(frozen=True)
class _Section:
    """One reading's keys while they are checked; ``place`` begins every message."""

    source: str
    given: Mapping[str, Any]
    place: str

    def wrong(self, message: str) -> SettingsError:
        return SettingsError(self.place + message)

    def reading(self) -> Reading:
        given = self.given
        self.kinds()
        table = given["table"]
        if table not in TABLES:
            raise self.wrong(f"table = {table!r} is not a table.{_close(table, TABLES)} Tables: {', '.join(TABLES)}.")
        if not given["path"]:
            raise self.wrong("lacks path: the file, folder or pattern to read.")
        cells = tuple(self.cells(table))
        self.complete(table, cells)
        label = given.get("label", "")
        key = self.key()
        people = [c for c in cells if c.field.name == PEOPLE.get(table)]
        person = people[0].columns[0] if people else ""
        reading = Reading(
            name=f"{table} from {given['path']}" + (f" ({label})" if label else ""),
            label=label,
            table=table,
            path=given["path"],
            layout=self.layout(),
            key=key,
            latest_by=given["latest_by"],
            order_dates=self.dates(given, "latest_by"),
            only=self.filters("only"),
            without=self.filters("without"),
            cells=tuple(c for c in cells if c.field.name != PEOPLE.get(table)),
            person_column=person,
            person_missing=people[0].missing if people else frozenset(),
        )
        if person and person in {*reading.kept_columns, *reading.key, reading.latest_by}:
            raise self.wrong(
                f"column {person!r} names a person and is mapped a second time, which would store the name. "
                f"Map it to {PEOPLE[table]} only."
            )
        return reading

    def kinds(self) -> None:
        """Refuse a value of the wrong kind: the keys of a read entry come as TOML has them."""
        for names, kinds, words in _KINDS:
            for name in names:
                if name in self.given and not isinstance(self.given[name], kinds):
                    raise self.wrong(f"{name} = {self.given[name]!r} is not {words}.")

    def key(self) -> tuple[str, ...]:
        key = tuple(self.given["key"]) if not isinstance(self.given["key"], str) else (self.given["key"],)
        if not key:
            raise self.wrong(
                "lacks key: the columns that identify a row, such as key = ['number']; "
                f"key = '{LINE_KEY}' where no column does and lines are only ever added at the end."
            )
        if LINE_KEY in key and len(key) > 1:
            raise self.wrong(f"key = {list(key)!r} mixes {LINE_KEY!r} with columns. Use one or the other.")
        if self.given["latest_by"] and key == (LINE_KEY,):
            raise self.wrong(f"latest_by picks one row per key, and key = {LINE_KEY!r} has one row each. Name columns.")
        return () if key == (LINE_KEY,) else key

    def layout(self) -> Layout:
        given = self.given
        if given["encoding"] not in ENCODINGS:
            raise self.wrong(f"encoding = {given['encoding']!r} is not known. Allowed: {', '.join(ENCODINGS)}.")
        if len(given["separator"]) != 1 or given["separator"] in '"\r\n':
            raise self.wrong(f"separator = {given['separator']!r} is not one character such as ',' ';' '\\t' or '|'.")
        if given["header"] < 1 or given["skip"] < 0:
            raise self.wrong(
                f"header = {given['header']} and skip = {given['skip']}: header is 1 or more, skip 0 or more."
            )
        if len(given["decimal"]) != 1 or len(given["thousands"]) > 1 or given["decimal"] == given["thousands"]:
            raise self.wrong(
                f"decimal = {given['decimal']!r} and thousands = {given['thousands']!r}: "
                "one character each, and not the same."
            )
        names = (f.name for f in dataclasses.fields(Layout))
        return Layout(**{name: given[name] for name in names})

    def filters(self, name: str) -> Mapping[str, frozenset[str]]:
        return {column: frozenset(map(as_text, _listed(words))) for column, words in self.given[name].items()}

    def cells(self, table: str) -> Iterator[Cell]:
        known = {f.name: f for f in fields(table)}
        usable = [n for n in known if n not in OWN_FIELDS and not (n.endswith("_raw") and n[:-4] in known)]
        if not self.given["columns"]:
            raise self.wrong(f"lacks columns: which column feeds which field of {table}. Fields: {', '.join(usable)}.")
        for name, spec in self.given["columns"].items():
            if name not in usable:
                linking = f"{table}_{name.removesuffix('s').removesuffix('_id')}"
                hint = f" It is a table: {linking}." if linking in LINKING else _close(name, usable)
                raise self.wrong(
                    f"columns.{name}: {table} has no such field to set.{hint} Fields: {', '.join(usable)}."
                )
            specs = spec if isinstance(spec, list) else [spec]
            if len(specs) != 1 and known[name].type is not tuple:
                raise self.wrong(f"columns.{name}: takes one column. To join several: {{ columns = ['a', 'b'] }}.")
            for one in specs:
                yield self.cell(table, known[name], {"column": one} if isinstance(one, str) else one)
        for name in self.given["values"]:
            if name not in self.given["columns"] and not self.elsewhere(name):
                raise self.wrong(f"values.{name}: no column feeds {name!r}. Map it under columns, or remove the words.")

    def elsewhere(self, name: str) -> bool:
        """Whether words shared by several entries belong to another entry's table."""
        return bool(self.place) and any(name in {f.name for f in fields(table)} for table in TABLES)

    def cell(self, table: str, field: Field, spec: Any) -> Cell:
        where = f"columns.{field.name}: "
        if not isinstance(spec, Mapping) or len({"column", "columns", "constant"} & set(spec)) != 1:
            raise self.wrong(
                f"{where}{spec!r} names no column. Write 'heading', {{ column = 'heading', ... }}, "
                "{ columns = ['a', 'b'] } or { constant = ... }."
            )
        for key in spec:
            if key not in _CELL_KEYS:
                raise self.wrong(f"{where}unknown key {key!r}.{_close(key, _CELL_KEYS)} Keys: {', '.join(_CELL_KEYS)}.")
        link = table if field.name == "parent_id" else LINKS.get(field.name, "")
        self.fitting(where, field, spec, link, several=field.type is tuple or (table in LINKING and "column" in spec))
        merged = {**self.given, **spec}
        return Cell(
            field=field,
            raw=raw if (raw := f"{field.name}_raw") in {f.name for f in fields(table)} else "",
            columns=tuple(_listed(spec.get("column", spec.get("columns", ())))),
            constant=spec.get("constant"),
            words=self.words(where, field, {**self.given["values"].get(field.name, {}), **spec.get("values", {})}),
            missing=frozenset({"", *map(as_text, _listed(merged["missing"]))}),
            dates=self.dates(merged, f"columns.{field.name}") if field.type in (date, datetime) else Dates("iso", None),
            decimal=merged["decimal"],
            thousands=merged["thousands"],
            unit=spec.get("unit", "hours" if field.name.endswith("_hours") else "minutes"),
            link=link,
            source=spec.get("source", self.source),
            dimension=spec.get("dimension", ""),
            split=spec.get("split", ""),
            every_row=bool(spec.get("every_row", False)),
        )

    def fitting(self, where: str, field: Field, spec: Mapping[str, Any], link: str, *, several: bool) -> None:
        """Refuse a key that means nothing for this field, instead of ignoring it. ``several``: whether a cell may hold
        more than one word."""
        duration = field.name.endswith(("_minutes", "_hours"))
        means = {
            "unit": duration,
            "source": bool(link),
            "dimension": link == "segment",
            "split": several and (field.type is tuple or link in ("service", "segment")),
            "every_row": field.type is tuple and bool(self.given["latest_by"]),
            "dates": field.type in (date, datetime),
            "timezone": field.type in (date, datetime),
            "values": field.type not in (date, datetime),
        }
        for key, sensible in means.items():
            if key in spec and not sensible:
                hint = " (it needs latest_by)" if key == "every_row" else ""
                raise self.wrong(f"{where}{key} means nothing for {field.name}{hint}. Remove it.")
        if link == "segment":
            dimensions = next(f.choices for f in fields("segment") if f.name == "dimension")
            if spec.get("dimension") not in dimensions:
                raise self.wrong(
                    f"{where}dimension = {spec.get('dimension')!r} says not what the group is about. "
                    f"Allowed: {', '.join(dimensions)}."
                )
        if "unit" in spec and spec["unit"] not in DURATION_UNITS:
            raise self.wrong(f"{where}unit = {spec['unit']!r} is not known. Allowed: {', '.join(DURATION_UNITS)}.")
        if field.name in PEOPLE.values() and "column" not in spec:
            raise self.wrong(f"{where}takes one column, whose words are hashed before they are stored.")
        if "constant" in spec and field.choices and spec["constant"] not in field.choices:
            raise self.wrong(f"{where}constant = {spec['constant']!r}. Allowed: {', '.join(field.choices)}.")

    def words(self, where: str, field: Field, given: Mapping[str, Any]) -> Mapping[str, Value]:
        """Source word -> our value, written either way round: ``"Shut" = "done"`` or ``done = ["Shut", "Closed"]``."""
        result: dict[str, Value] = {}
        for left, right in given.items():
            pairs = [(word, left) for word in right] if isinstance(right, list) else [(left, right)]
            for word, ours in pairs:
                result[as_text(word).strip().lower()] = self.typed(where, field, word, ours)
        return result

    def typed(self, where: str, field: Field, word: object, ours: Any) -> Value:
        where = where.replace("columns.", "values.")
        if field.choices:
            if ours not in field.choices:
                raise self.wrong(f"{where}{word!r} = {ours!r}. Allowed: {', '.join(field.choices)}.")
            return str(ours)
        if field.type is bool:
            if str(ours).lower() not in ("true", "false"):
                raise self.wrong(f"{where}{word!r} = {ours!r}. Allowed: true, false.")
            return str(ours).lower() == "true"
        if field.type in (int, float):
            try:
                return field.type(ours)
            except (TypeError, ValueError):
                raise self.wrong(f"{where}{word!r} = {ours!r} is not a number.") from None
        return str(ours)

    def dates(self, merged: Mapping[str, Any], where: str) -> Dates:
        reason = wrong_dates(merged["dates"])
        if reason:
            raise self.wrong(f"{where}: dates = {merged['dates']!r} {reason}.")
        try:
            zone = ZoneInfo(merged["timezone"]) if merged["timezone"] else None
        except (ZoneInfoNotFoundError, ValueError):
            raise self.wrong(
                f"{where}: timezone = {merged['timezone']!r} is not a known time zone such as 'Europe/Berlin' or 'UTC'."
            ) from None
        return Dates(merged["dates"], zone)

    def complete(self, table: str, cells: Sequence[Cell]) -> None:
        fed = {cell.field.name for cell in cells}
        lacking = [name for name in required(table) if name not in fed and name not in NAMED_BY_KEY]
        if lacking:
            raise self.wrong(
                f"columns.{lacking[0]} is missing, and every {table} has one. Name its column or a constant."
            )
        if table == "satisfaction_response" and not fed & {"score_raw", "lost_minutes"}:
            raise self.wrong("columns.score_raw (or lost_minutes) is missing: the column with the answer.")


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple | frozenset) else (value,)


def _close(word: object, known: Any) -> str:
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
