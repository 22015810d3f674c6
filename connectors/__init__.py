"""What a connector is, and how one is found by name. Knows no vendor: each vendor is one file beside this one."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from impact.model import Rejected, Row, SettingsError

Payload = Mapping[str, Any]
SHARED = ("http", "links", "paging", "patience", "plain_words", "settings", "values", "words")
"""What connectors have in common; every other file or folder here is one."""


@dataclass(frozen=True)
class Page:
    """One page of records as the source sent them.

    ``bookmark``: everything updated before this UTC instant has been delivered once this page is stored (None: not
    known yet, the bookmark stays where it was). ``total``: how many records the whole pass will bring, where the
    source says so. ``cursor``: where a pass that breaks off after this page goes on, in the source's own words (None:
    at the bookmark); one that stands on the last page is given to the next pass.
    """

    records: tuple[Payload, ...]
    bookmark: datetime | None = None
    total: int | None = None
    cursor: str | None = None
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Stream:
    """One kind of record of a source.

    ``fetch(http, settings, since)`` yields pages, oldest update first; ``since`` None means from the beginning
    (or the source's configured ``start``). It asks for named fields only and proves that its filter works.
    ``resume(http, settings, since, cursor)`` does the same from a stored cursor on; a cursor that the source does not
    take any more is no error: it begins at ``since``. ``ids(http, settings)`` yields the keys of all records that exist
    now, in portions: what is stored and not among them is gone at the source. They are the ``source_key`` of rows of
    the first table, as ``key`` is. Only for sources that do not tell of deletions.
    ``convert(payload, settings)`` is pure: one payload to canonical rows, or a Rejected with its reason.
    ``people`` are dotted paths (``Requestor.*.id``) of values that name a person: they are replaced by a keyed hash
    before anything is stored. A stream that is not ``wanted`` under the settings is passed over; ``whole`` says that
    every pass delivers everything there is, whatever ``since``. ``key`` and ``updated_at`` read a payload's own key
    and update stamp.
    """

    name: str
    tables: tuple[str, ...]
    fetch: Callable[[Any, Any, datetime | None], Iterator[Page]]
    convert: Callable[[Payload, Any], Iterable[Row | Rejected]]
    key: Callable[[Payload], str]
    updated_at: Callable[[Payload], datetime | None] = lambda payload: None
    people: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    wanted: Callable[[Any], bool] = lambda settings: True
    whole: bool = False
    resume: Callable[[Any, Any, datetime | None, str], Iterator[Page]] | None = None
    ids: Callable[[Any, Any], Iterator[Iterable[str]]] | None = None

    def people_paths(self, settings: Any) -> tuple[str, ...]:
        """The paths of people in this stream's payloads, where they depend on the settings or not."""
        return self.people(settings) if callable(self.people) else self.people


@dataclass(frozen=True)
class OwnField:
    """A field that a company made itself, or may use for something of ours: in which part of ``fields`` (change,
    milestone, ticket) it can be named, the name it has there, and what people see. ``read_as``: the field of ours that
    it is read for as it is."""

    part: str
    name: str
    label: str
    read_as: str = ""


@dataclass(frozen=True)
class Connector:
    """A system that can be read: its settings (a dataclass; secret fields carry ``metadata={"secret": True}``, every
    field carries ``help``), its streams in the order they are pulled, and how it is opened. ``open(settings)`` gives
    what ``fetch`` and ``check`` take as ``http``: a session of ``connectors.http``, or a folder of files.
    ``own_fields(http, settings)`` are the fields that a guided set-up may propose for ``fields``; ``guide`` names the
    page for systems that cannot be set up by answering questions."""

    kind: str
    title: str
    settings: type[Any]
    streams: tuple[Stream, ...]
    open: Callable[[Any], Any]
    check: Callable[[Any, Any], Iterable[str]] = lambda http, settings: ()
    lacks: tuple[str, ...] = ()  # what the system itself does not have, in words
    own_fields: Callable[[Any, Any], Iterable[OwnField]] = lambda http, settings: ()
    guide: str = ""


def available() -> tuple[str, ...]:
    """The kinds of source that can be configured: the files (or folders of parts) beside this one that are no
    ``SHARED`` part."""
    import connectors

    return tuple(sorted(m.name for m in pkgutil.iter_modules(connectors.__path__) if m.name not in SHARED))


def load(kind: str) -> Connector:
    """The connector of that kind. A broken file raises SettingsError for that kind only; an unknown kind too."""
    if kind not in available():
        raise SettingsError(f"There is no connector of kind {kind!r}. Known kinds: {', '.join(available())}.")
    try:
        connector = importlib.import_module(f"connectors.{kind}").CONNECTOR
    except Exception as error:  # one broken file must not stop the other sources
        raise SettingsError(f"The connector {kind!r} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(connector, Connector):
        raise SettingsError(f"connectors/{kind}.py has no CONNECTOR of type Connector.")
    return connector


def read_settings(connector: Connector, name: str, values: Mapping[str, Any]) -> Any:
    """Build a connector's settings from one ``[sources.<name>]`` section. Every value is checked against the
    dataclass; the first wrong, unknown or missing key raises SettingsError naming it (secret values never shown)."""
    declared = {f.name: f for f in dataclasses.fields(connector.settings)}
    unknown = sorted(set(values) - set(declared) - {"kind"})
    if unknown:
        raise SettingsError(
            f"[sources.{name}] has an unknown key {unknown[0]!r}. Keys of kind {connector.kind!r}: "
            f"{', '.join(k for k in declared if k != 'name')}."
        )
    hints = get_type_hints(connector.settings)
    given = {k: _typed(name, k, v, hints[k]) for k, v in values.items() if k != "kind"}
    given["name"] = name
    required = [
        f.name
        for f in declared.values()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING and f.name not in given
    ]
    if required:
        raise SettingsError(
            f"[sources.{name}] lacks {required[0]!r} ({declared[required[0]].metadata.get('help', '')}). "
            "Set it in .streamlit/secrets.toml or as environment variable "
            f"IMPACT_SOURCES__{name.upper()}__{required[0].upper()}."
        )
    try:
        return connector.settings(**given)
    except SettingsError as error:
        raise SettingsError(f"[sources.{name}] {error}") from error
    except (TypeError, ValueError) as error:
        raise SettingsError(f"[sources.{name}] {error}") from error


_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _typed(source: str, key: str, value: Any, hint: Any) -> Any:
    """A value as the setting's type: the environment only has text, and TOML has lists where we keep tuples."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    wanted = next((part for part in parts if part is not type(None)), str)
    wanted = get_origin(wanted) or wanted
    try:
        if wanted is tuple and isinstance(value, str | list):
            return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else tuple(value)
        if wanted is bool and isinstance(value, str):
            return _WORDS[value.strip().lower()]
        if wanted in (int, float) and isinstance(value, str):
            return wanted(value)
    except (KeyError, ValueError):
        raise SettingsError(
            f"[sources.{source}] {key} = {value!r} is not a {'yes/no value' if wanted is bool else 'number'}."
        ) from None
    if wanted is str and isinstance(value, int | float | date | datetime) and not isinstance(value, bool):
        return str(value)
    return value
