"""Frozen records as plain JSON and back, guided by their types. Knows no record in particular.

Reading is lenient, so that what an older release wrote stays readable: unknown keys are passed over, and what is not
there has its default. What is there has the type it is declared with, so that nothing breaks later on a page.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_PLAIN: Mapping[Any, Any] = {str: str, bool: bool, int: int, float: (int, float)}
"""What JSON may hold for a plain type."""


def as_json(value: Any) -> Any:
    """A value, with all its parts, as plain JSON: records as objects, days and instants in ISO form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): as_json(part) for key, part in value.items()}
    return [as_json(part) for part in value] if isinstance(value, (tuple, list)) else value


def made(kind: type[T], mapping: Mapping[str, Any]) -> T:
    """A record of ``kind`` from plain JSON; unknown keys are passed over. Raises TypeError where a needed one lacks or
    a value has another type, ValueError where it is no day or instant."""
    if not isinstance(mapping, Mapping):
        raise TypeError(f"a {kind.__name__} cannot be made of {type(mapping).__name__}")
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _made(hints[name], value) for name, value in mapping.items() if name in known})


def _made(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        if value is None and type(None) in get_args(hint):
            return None
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        _is(value, (list, tuple), hint)
        kinds = [parts[0]] * len(value) if parts[1:] == (...,) else parts
        return tuple(_made(kind, part) for kind, part in zip(kinds, value, strict=True))
    if get_origin(hint) in (Mapping, dict) and dataclasses.is_dataclass(get_args(hint)[1]):
        _is(value, Mapping, hint)
        return {key: made(get_args(hint)[1], part) for key, part in value.items()}
    if dataclasses.is_dataclass(hint):
        return made(hint, value)  # type: ignore[arg-type]
    if hint in (date, datetime):
        _is(value, str, hint)
        return hint.fromisoformat(value)
    if hint in _PLAIN:
        _is(value, _PLAIN[hint], hint)
    return value


def _is(value: Any, kinds: Any, hint: Any) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and hint is not bool):
        raise TypeError(f"{hint} cannot be made of {type(value).__name__}")
