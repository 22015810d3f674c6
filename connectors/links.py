"""Rows of what records only name: services and groups of customers, and a change's links to them. Pure; knows no
vendor and no other row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast

from impact.model import ChangeSegment, ChangeService, Dimension, Role, Row, Segment, Service, row_id


@lru_cache(maxsize=4096)
def service_named(source: str, name: str, key: str | None = None) -> Service:
    """A service; without a ``key`` of its own it is known by its name, whatever the spelling's case."""
    key = key or name.casefold()
    return Service(id=row_id(source, "service", key), source=source, source_key=key, name=name)


@lru_cache(maxsize=4096)
def segment_named(source: str, dimension: str, name: str, key: str | None = None) -> Segment:
    """A group of customers; without a ``key`` of its own it is known by its dimension and name, whatever the spelling's
    case."""
    key = key or f"{dimension}:{name.casefold()}"
    identity = row_id(source, "segment", key)
    return Segment(id=identity, source=source, source_key=key, name=name, dimension=cast(Dimension, dimension))


def change_service(source: str, change: str, service: str, role: Role = "changed") -> ChangeService:
    """That a change touches a service; both by their keys."""
    key = f"{change}:{service}"
    return ChangeService(
        id=row_id(source, "change_service", key),
        source=source,
        source_key=key,
        change_id=row_id(source, "change", change),
        service_id=row_id(source, "service", service),
        role=role,
    )


def change_segment(source: str, change: str, segment: str) -> ChangeSegment:
    """That a change touches a group of customers; both by their keys."""
    key = f"{change}:{segment}"
    return ChangeSegment(
        id=row_id(source, "change_segment", key),
        source=source,
        source_key=key,
        change_id=row_id(source, "change", change),
        segment_id=row_id(source, "segment", segment),
    )


def touched(source: str, change: str, services: Iterable[Service], segments: Iterable[Segment]) -> Iterator[Row]:
    """The services and groups that a change names, each with the change's link to it."""
    for service in services:
        yield service
        yield change_service(source, change, service.source_key)
    for segment in segments:
        yield segment
        yield change_segment(source, change, segment.source_key)
