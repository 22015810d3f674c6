"""What every connector promises, as checks that tell what is broken. Knows no vendor.

Samples of a kind lie in tests/payloads/<kind>/: ``settings.json`` and one ``<stream>.json`` with a list of payloads
for every stream; the rows they must become lie in tests/expected/<kind>/ as ``<stream>.<table>.csv``. After a wanted
change, ``python -m tests.contract <kind>`` writes those again, to be reviewed as a difference of tables.
"""

from __future__ import annotations

import copy
import csv
import dataclasses
import io
import json
import math
import random
import re
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import connectors
from connectors import Connector, Stream
from impact.model import STAMPED, TABLE_OF, TABLES, Rejected, Row, fields
from impact.people import hide_people

HERE = Path(__file__).resolve().parent
PAYLOADS, EXPECTED = HERE / "payloads", HERE / "expected"
SECRET = re.compile(r"token|password|secret|api_?key|credential", re.IGNORECASE)
UNKNOWN_WORD = "zz no such word"
ANYTHING: tuple[Any, ...] = (
    None,
    "",
    UNKNOWN_WORD,
    -1,
    2.5,
    True,
    [],
    {},
    [None],
    {"id": None},
    "1970-01-01T00:00:00Z",
)
KINDS: Mapping[type, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    datetime: (datetime,),
    date: (date,),
    tuple: (tuple,),
}


@dataclass(frozen=True)
class Samples:
    """Settings of a source and, by stream, payloads as its fetch leaves them. ``own``: keys of payloads that fetch
    itself writes, so that no source can put anything else there (what lies below them may be anything). ``plain``:
    fetch gives no lists and objects as values."""

    settings: Any
    payloads: Mapping[str, list[dict[str, Any]]]
    own: tuple[str, ...] = ()
    plain: bool = False


def samples(connector: Connector, folder: Path = PAYLOADS) -> Samples:
    """The samples of a kind. Raises FileNotFoundError where there are none."""
    place = folder / connector.kind
    keys = json.loads((place / "settings.json").read_text("utf-8"))
    own = tuple(keys.pop("keys written by fetch", ()))
    plain = bool(keys.pop("values are plain", False))
    settings = connectors.read_settings(connector, "sample", keys)
    streams = [stream.name for stream in connector.streams if (place / f"{stream.name}.json").is_file()]
    payloads = {name: json.loads((place / f"{name}.json").read_text("utf-8")) for name in streams}
    return Samples(settings, payloads, own, plain)


def declaration(connector: Connector, given: Samples) -> Iterator[str]:
    """Settings have help, secrets are marked, streams are named and know their tables."""
    declared = dataclasses.fields(connector.settings)
    if not connector.settings.__dataclass_params__.frozen:
        yield f"{connector.settings.__name__} is not frozen"
    for setting in declared:
        if not str(setting.metadata.get("help", "")).strip():
            yield f"setting {setting.name} has no help"
        if SECRET.search(setting.name) and not setting.metadata.get("secret"):
            yield f"setting {setting.name} looks secret and is not marked so"
    if "name" not in {setting.name for setting in declared}:
        yield "settings have no name"
    names = [stream.name for stream in connector.streams]
    if not names or len(set(names)) != len(names):
        yield f"streams are not named once each: {names}"
    for stream in connector.streams:
        if not stream.tables or set(stream.tables) - set(TABLES):
            yield f"stream {stream.name} names tables that do not exist: {stream.tables}"
        like = [s for s in connector.streams if s.convert is stream.convert and s.name in given.payloads]
        if not like:
            yield f"stream {stream.name} has no sample payloads"


def rows_are_sound(connector: Connector, given: Samples) -> Iterator[str]:
    """Every sample becomes rows of declared tables, each field of its own type, each id made by the rule."""
    for stream, payload in _each(connector, given):
        for row in stream.convert(payload, given.settings):
            yield from _complaints(row, stream, given.settings.name)


def conversion_is_pure(connector: Connector, given: Samples) -> Iterator[str]:
    """The same payload gives the same rows again, stays as it was, and nobody is asked."""
    for stream, payload in _each(connector, given):
        before = copy.deepcopy(payload)
        with mock.patch.object(socket.socket, "connect", side_effect=AssertionError("the network was used")):
            try:
                first, second = (list(stream.convert(payload, given.settings)) for _ in range(2))
            except AssertionError as error:
                yield f"{stream.name}: {error}"
                continue
        if payload != before:
            yield f"{stream.name}: convert changed its payload"
        if first != second:
            yield f"{stream.name}: convert gave other rows the second time"


def keys_identify(connector: Connector, given: Samples) -> Iterator[str]:
    """Every payload has a key of its own; update stamps are instants."""
    for stream in connector.streams:
        keys = [stream.key(payload) for payload in given.payloads.get(stream.name, [])]
        if any(not isinstance(key, str) or not key for key in keys) or len(set(keys)) != len(keys):
            yield f"{stream.name}: keys are not one text each: {keys}"
        for payload in given.payloads.get(stream.name, []):
            at = stream.updated_at(payload)
            if at is not None and at.tzinfo is None:
                yield f"{stream.name}: updated_at without a zone"


def unknown_words_become_other(connector: Connector, given: Samples) -> Iterator[str]:
    """A word nobody knows never breaks a record and never lands in an enum."""
    yield from _with_each_value(connector, given, (UNKNOWN_WORD,))


def nulls_are_unknown(connector: Connector, given: Samples) -> Iterator[str]:
    """Any value may be null, empty, of another type or missing: rows stay sound, or the record is rejected."""
    values = [value for value in ANYTHING if not (given.plain and isinstance(value, list | dict))]
    yield from _with_each_value(connector, given, values)
    for stream, payload in _each(connector, given):
        for path in paths(payload, given.own):
            yield from attempt(stream, _without(payload, path), given.settings, f"without {path}")


def spoilt(connector: Connector, given: Samples, dice: random.Random, values: list[Any], count: int) -> Iterator[str]:
    """What is wrong with ``count`` payloads in which one to three values, where the dice fall, are of ``values``."""
    places = [(stream, payload, paths(payload, given.own)) for stream, payload in _each(connector, given)]
    places = [place for place in places if place[2]]
    for _ in range(count):
        stream, payload, open_paths = dice.choice(places)
        for path in dice.sample(open_paths, min(len(open_paths), dice.randint(1, 3))):
            try:
                payload = replaced(payload, path, dice.choice(values))
            except (LookupError, TypeError):
                continue  # an earlier value took its place away
        yield from attempt(stream, payload, given.settings, "spoilt")


def people_stay_hidden(connector: Connector, given: Samples) -> Iterator[str]:
    """What the people paths point at is hashed, and appears in no row in any other way."""
    for stream, payload in _each(connector, given):
        hidden = hide_people(payload, stream.people_paths(given.settings), b"key")
        gone = set(_texts(payload)) - set(_texts(hidden))
        rows = [dataclasses.asdict(row) for row in stream.convert(hidden, given.settings)]
        told = sorted({person for text in _texts(rows) for person in gone if person and person in text})
        yield from (f"{stream.name}: {person!r} is told" for person in told)
        for text in _texts(hidden):
            if "@" in text:
                yield f"{stream.name}: an address of a person is kept: {text!r}"


CHECKS: tuple[Callable[[Connector, Samples], Iterator[str]], ...] = (
    declaration,
    rows_are_sound,
    conversion_is_pure,
    keys_identify,
    unknown_words_become_other,
    nulls_are_unknown,
    people_stay_hidden,
)


def tables(connector: Connector, given: Samples) -> dict[str, str]:
    """What the samples become, as CSV texts by file name: columns that hold something, rows in the order they came."""
    found: dict[str, str] = {}
    for stream in connector.streams:
        people = stream.people_paths(given.settings)
        payloads = [hide_people(payload, people, b"contract") for payload in given.payloads.get(stream.name, [])]
        rows = [row for payload in payloads for row in stream.convert(payload, given.settings)]
        for kind in dict.fromkeys(type(row) for row in rows):
            name = "rejected" if kind is Rejected else TABLE_OF[kind]
            unique = {repr(row): dataclasses.asdict(row) for row in rows if type(row) is kind}
            found[f"{stream.name}.{name}.csv"] = _csv(list(unique.values()))
    return found


def _csv(records: list[dict[str, Any]]) -> str:
    columns = [c for c in records[0] if any(r[c] not in (None, ()) for r in records)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_shown(record[column]) for column in columns] for record in records])
    return out.getvalue()


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, tuple | list):
        return " ".join(value)
    return "" if value is None else str(value)


def _each(connector: Connector, given: Samples) -> Iterator[tuple[Stream, dict[str, Any]]]:
    for stream in connector.streams:
        for payload in given.payloads.get(stream.name, []):
            yield stream, payload


def _complaints(row: Row | Rejected, stream: Stream, source: str) -> Iterator[str]:
    if isinstance(row, Rejected):
        if not row.reason or not isinstance(row.key, str):
            yield f"{stream.name}: rejected without key or reason"
        return
    table = TABLE_OF.get(type(row))
    if table not in stream.tables or table is None:
        yield f"{stream.name}: a row of the undeclared table {table}"
        return
    if not row.id.startswith(f"{source}:{table}:") or row.source != source or not row.source_key:
        yield f"{stream.name}: id {row.id!r}, source {row.source!r} and key {row.source_key!r} do not fit"
    for field in fields(table):
        value = getattr(row, field.name)
        if value is None:
            if not field.optional:
                yield f"{stream.name}: {table}.{field.name} is empty"
        elif not isinstance(value, KINDS[field.type]) or (field.type is not bool and isinstance(value, bool)):
            yield f"{stream.name}: {table}.{field.name} is {value!r}"
        elif field.choices and value not in field.choices:
            yield f"{stream.name}: {table}.{field.name} has the unknown word {value!r}"
        elif field.name in STAMPED:
            yield f"{stream.name}: {table}.{field.name} is the store's to fill in"
        elif isinstance(value, datetime) and value.utcoffset() != UTC.utcoffset(None):
            yield f"{stream.name}: {table}.{field.name} is not UTC"
        elif isinstance(value, float) and not math.isfinite(value):
            yield f"{stream.name}: {table}.{field.name} is {value}"


def _with_each_value(connector: Connector, given: Samples, values: Iterable[Any]) -> Iterator[str]:
    for stream, payload in _each(connector, given):
        for path in paths(payload, given.own):
            for value in values:
                yield from attempt(stream, replaced(payload, path, value), given.settings, f"{path} = {value!r}")


def attempt(stream: Stream, payload: Mapping[str, Any], settings: Any, what: str) -> Iterator[str]:
    """What is wrong with the rows of a payload, converted as a sync does it; ``what`` says what is special about it."""
    try:
        rows = list(stream.convert(hide_people(payload, stream.people_paths(settings), b"contract"), settings))
    except Exception as error:
        yield f"{stream.name}: {what}: {type(error).__name__}: {error}"
        return
    for row in rows:
        yield from (f"{complaint} ({what})" for complaint in _complaints(row, stream, settings.name))


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from _paths(inner, (*before, key))


def paths(payload: Mapping[str, Any], own: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a payload is, the nested ones too, but for those that fetch itself writes."""
    return [path for path in _paths(payload) if path not in {(key,) for key in own}]


def replaced(payload: Mapping[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The payload with another value at the path; what lies beside the path is shared with the first one."""

    def put(inner: Any, steps: tuple[Any, ...]) -> Any:
        if not steps:
            return value
        copied: Any = [*inner] if isinstance(inner, list) else {**inner}
        copied[steps[0]] = put(copied[steps[0]], steps[1:])
        return copied

    changed = put(payload, path)
    assert isinstance(changed, dict)
    return changed


def _without(payload: Mapping[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(payload))
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for item in inner:
        yield from _texts(item)


def write_expected(kind: str) -> None:
    """Write the expected tables of a kind again."""
    connector = connectors.load(kind)
    folder = EXPECTED / kind
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables(connector, samples(connector)).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_expected(sys.argv[1])
