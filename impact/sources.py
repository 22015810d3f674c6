"""Which sources are configured, and how their payloads become rows. Knows no vendor (connectors are found by name), no
store and no layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import connectors
from connectors import Connector, Stream
from impact.model import Rejected, Row, SettingsError
from impact.settings import Settings

REASON_LENGTH = 300


def configured(settings: Settings, only: str | None = None) -> dict[str, tuple[Connector, Any]]:
    """The sources to read with their checked settings. Raises SettingsError when there are none or one is wrong."""
    if not settings.sources:
        raise SettingsError(
            "No source is configured. Add a section [sources.<name>] to .streamlit/secrets.toml "
            "(secrets.toml.example shows every kind), or run the demo."
        )
    if only is not None and only not in settings.sources:
        raise SettingsError(f"There is no source {only!r}. Configured sources: {', '.join(settings.sources)}.")
    chosen = {only: settings.sources[only]} if only is not None else settings.sources
    result = {}
    for name, section in chosen.items():
        connector = connectors.load(str(section["kind"]))
        result[name] = (connector, connectors.read_settings(connector, name, section))
    return result


def wanted(connector: Connector, own: Any) -> tuple[Stream, ...]:
    """The streams that this source's settings feed."""
    return tuple(stream for stream in connector.streams if stream.wanted(own))


def converted(stream: Stream, payloads: Iterable[Any], own: Any) -> Iterator[Row | Rejected]:
    """Rows of payloads; one broken record is a Rejected with its reason, never the end of the others."""
    for payload in payloads:
        try:
            yield from stream.convert(payload, own)
        except Exception as error:
            key = safely(stream.key, payload) or "?"
            yield Rejected(key=key, reason=f"not understood: {type(error).__name__}: {error}"[:REASON_LENGTH])


def safely(read: Callable[[Any], Any], payload: Any) -> Any:
    """``read(payload)``; None where the payload cannot be read so."""
    try:
        return read(payload)
    except Exception:
        return None
