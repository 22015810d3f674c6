"""A played Freshservice account that is read, and what was asked of it. Knows no expectation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import connectors
from tests.dialects.freshservice import Vendor
from tests.passes import Case, Pass, case

CONNECTOR = connectors.load("freshservice")


@contextmanager
def played(**own: Any) -> Iterator[tuple[Case, Vendor]]:
    """An empty account, and a reader of it with settings of one's own."""
    with case(CONNECTOR, Vendor, **own) as at:
        yield at, cast(Vendor, at.dialect)


def asked(at: Case, path: str) -> list[dict[str, str]]:
    """The parameters of each request for a path."""
    return [dict(request.query) for request in at.play.asked if request.path == f"/api/v2/{path}"]


def by_key(got: Pass) -> dict[str, Any]:
    """The rows of a pass that went well, the latest for each key."""
    assert got.error is None
    return {row.source_key: row for row in got.rows}
