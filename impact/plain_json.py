"""Frozen records as plain JSON and back, guided by their types. Knows no record in particular.

Reading is lenient, so that what an older release wrote stays readable: unknown keys are passed over, and what is not
there has its default.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


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
    """A record of ``kind`` from plain JSON; unknown keys are passed over. Raises TypeError where a needed one lacks."""
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _made(hints[name], value) for name, value in mapping.items() if name in known})


def _made(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        kinds = [parts[0]] * len(value) if parts[1:] == (...,) else parts
        return tuple(_made(kind, part) for kind, part in zip(kinds, value, strict=True))
    if get_origin(hint) in (Mapping, dict) and dataclasses.is_dataclass(get_args(hint)[1]):
        return {key: made(get_args(hint)[1], part) for key, part in value.items()}
    if dataclasses.is_dataclass(hint):
        return made(hint, value)  # type: ignore[arg-type]
    if hint in (date, datetime) and isinstance(value, str):
        return hint.fromisoformat(value)
    return value
