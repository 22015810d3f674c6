"""Connectors that ask over HTTP stand what systems and networks do, and every check catches one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import connectors
from connectors import Connector
from tests import dialect
from tests.contract_http import CHECKS, WITHOUT_HTTP
from tests.model_vendor import MODEL, Vendor, with_habits
from tests.passes import Make

PLAYED = dialect.dialects()
Check = Callable[[Connector, Make], Iterator[str]]


def test_every_connector_that_asks_over_http_has_a_dialect() -> None:
    assert set(PLAYED) == set(connectors.available()) - set(WITHOUT_HTTP)


@pytest.mark.parametrize("kind", PLAYED)
def test_a_dialect_plays_streams_of_its_connector_and_only_exempts_from_what_is_checked(kind: str) -> None:
    vendor = dialect.load(kind)
    assert vendor.kind == kind
    assert vendor.streams
    assert set(vendor.streams) <= {stream.name for stream in connectors.load(kind).streams}
    assert set(vendor.exempt) <= {check.__name__ for check in CHECKS}
    assert all(len(reason.split()) > 3 for reason in vendor.exempt.values())
    assert dialect.SECRET in repr(vendor.settings("http://127.0.0.1"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", PLAYED)
def test_every_connector_keeps_its_promises(kind: str, check: Check) -> None:
    why_not = dialect.load(kind).exempt.get(check.__name__)
    if why_not:
        pytest.skip(f"{kind}: {why_not}")
    assert list(check(connectors.load(kind), lambda: dialect.load(kind)))[:5] == []


# A connector that keeps all promises, and what it looks like with one bad habit


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_good_connector_passes_every_check(check: Check) -> None:
    assert list(check(MODEL, Vendor)) == []


TWINS = [
    ("everything_arrives", "changes keys", "23 of 23 records are lost"),
    ("everything_arrives", "changes keys", "t1 is not the key of any record"),
    ("everything_arrives", "gives pages as they come", "records came more than once in one pass"),
    ("short_pages", "believes in full pages", "records are lost"),
    ("repeated_page", "gives pages as they come", "records came more than once"),
    ("lying_total", "believes the total", "records are lost"),
    ("many_in_one_second", "skips to the next second", "records are lost"),
    ("empty_account", "fails on nothing", "IndexError"),
    ("changes_while_reading", "counts its way", "records that nobody touched are lost"),
    (
        "changes_while_reading",
        "reads to its beginning, moves on too far",
        "records are not held as they are after the next pass",
    ),
    ("at_the_bookmark", "leaves out the first second", "a record stamped exactly at the bookmark"),
    ("only_what_changed", "everything again", "records are read again although 3 changed"),
    ("only_what_changed", "moves on too far", "changed records are not found by the next pass"),
    ("ignores_filter", "believes the filter", "the filter is ignored and a changed record is lost"),
    ("ignores_filter", "believes the filter, counts its way", "the filter is ignored and nobody notices"),
    ("clock_of_the_server", "own clock", "a record written between two passes is lost"),
    ("interrupted", "moves on too early", "records are lost by a break"),
    ("interrupted", "moves on at the end", "after a break everything is read again"),
    ("cursor_not_taken", "chokes on old cursors", "There is no such cursor"),
    ("ids_tell_what_is_gone", "sweeps full pages only", "records are taken for gone, 2 are"),
    ("ids_tell_what_is_gone", "takes every error for the end of a sweep", "passes for a whole one"),
    ("refused", "insists", "answers: asked"),
    ("refused", "takes every error for the end", "401 after 0 answers: ends without an error"),
    ("not_understood", "takes every error for the end", "html after 0 answers: ends without an error"),
    ("not_understood", "believes what is told", "answers: ends without an error"),
    ("passing_trouble", "no patience", "503 twice after 0 answers: tickets: SourceUnavailable"),
    ("lasting_trouble", "never gives up", "always 503: asked"),
    ("lasting_trouble", "every error is a refusal", "SourceUnavailable expected, not SourceRefused"),
    ("asked_pause", "makes no pause", "429 with Retry-After: 7 is not waited for"),
    ("expired_session", "opens no new session", "SourceRefused"),
    ("redirected_elsewhere", "follows anywhere", "another host was asked"),
    ("secrets_stay", "logs the password", "a log tells a secret"),
    ("secrets_stay", "tells the password", "an error tells a secret"),
    ("secrets_stay", "asks with the password", "an address tells a secret"),
    ("secrets_stay", "keeps the password", "a cursor tells a secret"),
    ("parallel_within_limit", "comes in crowds", "requests at once, at most"),
    ("check_tells", "checks in Python", "is no sentence"),
    ("check_tells", "checks nothing", "check says nothing"),
    ("check_tells", "passes over errors", "is no PROBLEM"),
]


def test_every_check_has_a_twin_that_breaks_it() -> None:
    assert {name for name, _, _ in TWINS} == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(("name", "habit", "complaint"), TWINS, ids=[f"{n}: {h}: {c}" for n, h, c in TWINS])
def test_a_connector_with_a_bad_habit_fails_the_check_for_it(name: str, habit: str, complaint: str) -> None:
    check = next(check for check in CHECKS if check.__name__ == name)
    complaints = list(check(MODEL, with_habits(*habit.split(", "))))
    assert any(complaint in found for found in complaints), complaints[:5]
