"""What every connector that asks over HTTP promises when something goes wrong, as checks against a server that plays
its system and misbehaves. Knows no vendor: a check takes a connector and a maker of empty dialects, and tells what is
broken. ``CHECKS`` holds those about pages and bookmarks too."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from unittest import mock

from connectors import Connector
from connectors.http import Http
from impact.model import ImpactError, SourceError, SourceRefused, SourceUnavailable
from tests import contract_reading
from tests.dialect import SECRET, Dialect, Request, playing
from tests.passes import FEW, Case, Complaints, Make, Pass, case, compared, filled, told

WITHOUT_HTTP = {"files": "it reads files in a folder", "sql": "it asks databases, by SQLAlchemy"}
"""Kinds that no dialect plays, and why."""
MOST_REQUESTS = 60
"""A request that always fails ends a pass within so many requests, repetitions included."""
PERSON = "eva@example.org"
"""Somebody whom the server names on its page for signing in."""
PASSING: tuple[str | int, ...] = (409, 429, 500, 502, 503, "reset", "cut")
LASTING: tuple[str | int, ...] = (429, 500, 503, "reset", "cut", "slow")


def refused(connector: Connector, make: Make) -> Complaints:
    """Wrong credentials and missing rights are told as such, and nobody insists."""
    with case(connector, make) as at:
        filled(at)
        clean = _clean(at)
        for status in (401, 403):
            for first in _places(clean):
                at.strike(status, first=first)
                got = at.read(at.main)
                yield from _ended(at, got, SourceRefused, f"{status} after {first} answers", strict=not first)
                allowed = 2 if status == 401 else 1  # whoever signs in does so once more
                yield from _insisted(at, clean, allowed, f"{status} after {first} answers")


def not_understood(connector: Connector, make: Make) -> Complaints:
    """An answer that is none ends the pass with an error: never as if there were nothing, never asked for again."""
    with case(connector, make) as at:
        filled(at)
        clean = _clean(at)
        kinds: tuple[str | int, ...] = ("truncated", "html", "empty")
        kinds += ("error_in_200",) if at.dialect.error_in_200() else ()
        for kind, first in [(404, 0), *((kind, first) for kind in kinds for first in _places(clean))]:
            at.strike(kind, first=first)
            got = at.read(at.main)
            yield from _ended(at, got, SourceError, f"{kind} after {first} answers", strict=not first)
            yield from _insisted(at, clean, 2, f"{kind} after {first} answers")


def passing_trouble(connector: Connector, make: Make) -> Complaints:
    """What fails for the moment is asked for again, wherever it happens, and everything arrives."""
    with case(connector, make, retries=3) as at:
        filled(at)
        clean = _clean(at)
        for kind in PASSING:
            for first in _places(clean) if kind in (503, "cut") else _places(clean)[1:2]:
                at.strike(kind, first=first, times=2)
                for complaint in compared(at, at.read(at.main)):
                    yield f"{kind} twice after {first} answers: {complaint}"


def lasting_trouble(connector: Connector, make: Make) -> Complaints:
    """A server that stays away is given up in time, and told as one that may come back."""
    hasty = mock.patch.dict(Http.__init__.__kwdefaults__ or {}, timeout=(2.0, 0.05))
    with hasty, case(connector, make, retries=1) as at:
        filled(at, FEW)
        for kind in LASTING:
            at.strike(kind, slow_seconds=0.3)
            got = at.read(at.main)
            yield from _ended(at, got, SourceUnavailable, f"always {kind}", strict=True)
            if len(at.play.asked) > MOST_REQUESTS:
                yield f"{at.main}: always {kind}: asked {len(at.play.asked)} times"


def asked_pause(connector: Connector, make: Make) -> Complaints:
    """A pause that the server asks for is made, in seconds or until an instant; one that is too long ends the pass."""
    with case(connector, make, retries=3) as at:
        filled(at)
        middle = _clean(at).total() // 2
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
        for wait, least in (("7", 6.5), (until, 20.0)):
            for status in (429, 503):
                at.strike(status, first=middle, times=1, headers={"Retry-After": wait})
                yield from compared(at, at.read(at.main))
                if max(at.pauses, default=0.0) < least:
                    yield f"{at.main}: {status} with Retry-After: {wait} is not waited for"
        at.strike(429, first=middle, headers={"Retry-After": "86400"})
        yield from _ended(at, at.read(at.main), SourceUnavailable, "a pause of a day", strict=True)
        if sum(at.pauses) > 3600:
            yield f"{at.main}: waits for {sum(at.pauses):.0f} s"


def expired_session(connector: Connector, make: Make) -> Complaints:
    """A session that ends in the middle of a pass is opened again; nothing is lost."""
    with case(connector, make) as at:
        filled(at)
        for first in _places(_clean(at))[1:]:
            at.strike("")

            def expire(number: int, first: int = first) -> None:
                at.dialect.expired = at.dialect.expired or number == first + 1

            at.play.before = expire
            for complaint in compared(at, at.read(at.main)):
                yield f"expired after {first} answers: {complaint}"


def redirected_elsewhere(connector: Connector, make: Make) -> Complaints:
    """Nobody follows to another host, least of all with credentials."""
    with case(connector, make) as at, playing(Dialect()) as other:
        filled(at)
        for first in _places(_clean(at)):
            at.strike("elsewhere", first=first, other=other.url)
            yield from _ended(at, at.read(at.main), SourceError, f"redirected after {first} answers", strict=not first)
        if other.asked:
            yield f"{at.main}: another host was asked {len(other.asked)} times"


def secrets_stay(connector: Connector, make: Make) -> Complaints:
    """No credential, and no person whom an answer names, is in an address, a log, an error or a cursor."""
    with case(connector, make, retries=1) as at, playing(Dialect()) as other, _listening() as heard:
        filled(at)
        clean = _clean(at)
        words = {SECRET, PERSON, *_credentials(at.play.asked)}
        asked, seen = list(at.play.asked), list[Pass]()
        for kind in (401, 404, 429, 503, "reset", "cut", "truncated", "html", "elsewhere"):
            for first in _places(clean)[:2]:
                at.strike(kind, first=first, other=other.url)
                seen.append(at.read(at.main))
                asked += at.play.asked
            list(_sentences(at))
        told_in = {
            "an address": "\n".join(f"{request.path} {request.query}" for request in asked),
            "a log": "\n".join(heard),
            "an error": "\n".join("".join(traceback.format_exception(got.error)) for got in seen if got.error),
            "a cursor": "\n".join(str(page.cursor) for got in seen for page in got.pages),
        }
        for place, text in told_in.items():
            yield from (f"{place} tells {'a person' if w == PERSON else 'a secret'}" for w in words if w in text)
        if not heard:
            yield "nothing was logged, so this proves nothing"


def parallel_within_limit(connector: Connector, make: Make) -> Complaints:
    """Never more requests at once than the setting ``parallel`` says; without one, only one beside another."""
    for parallel in (1, 2, 4):
        with case(connector, make, parallel=parallel) as at:
            filled(at, 60)
            at.play.latency_seconds = 0.004
            yield from compared(at, at.read(at.main))
            most = getattr(at.settings, "parallel", 2)
            if at.play.most_at_once > most:
                yield f"{at.main}: {at.play.most_at_once} requests at once, at most {most} are allowed"


def check_tells(connector: Connector, make: Make) -> Complaints:
    """``check`` speaks in sentences; what does not work is a PROBLEM or an error in plain words, and nothing secret."""
    with case(connector, make, retries=0) as at:
        yield from (f"empty: {complaint}" for complaint in _judged(list(_sentences(at))))
        filled(at, FEW)
        sentences = list(_sentences(at))
        yield from _judged(sentences)
        words = {SECRET, PERSON, *_credentials(at.play.asked)}
        for kind in (401, 403, 503, "html", "empty"):
            for first in (0, 1, 2):
                at.strike(kind, first=first)
                sentences = list(_sentences(at))
                if len(at.play.asked) > first and not any(text.startswith("PROBLEM ") for text in sentences):
                    yield f"check: {kind} after {first} answers is no PROBLEM: {sentences}"
                yield from (f"{kind}: {complaint}" for complaint in _judged(sentences))
                yield from ("check tells a secret" for word in words if any(word in text for text in sentences))


CHECKS: tuple[Callable[[Connector, Make], Iterator[str]], ...] = (
    *contract_reading.CHECKS,
    refused,
    not_understood,
    passing_trouble,
    lasting_trouble,
    asked_pause,
    expired_session,
    redirected_elsewhere,
    secrets_stay,
    parallel_within_limit,
    check_tells,
)


def _identity(request: Request) -> str:
    return f"{request.method} {request.path} {request.query} {request.body!r}"


def _clean(at: Case) -> Counter[str]:
    """What a pass asks where nothing goes wrong, and how often."""
    at.strike("")
    at.read(at.main)
    return Counter(map(_identity, at.play.asked))


def _places(clean: Counter[str]) -> list[int]:
    """After how many good answers things go wrong: at the beginning, in the middle and at the end."""
    return sorted({0, clean.total() // 2, clean.total() - 1})


def _ended(at: Case, got: Pass, error: type[SourceError], what: str, *, strict: bool) -> Complaints:
    """That a pass ended with such an error. Unless ``strict``, it may have brought everything instead."""
    if got.error is None:
        lost = at.there(at.main) - set(got.keys)
        if strict or lost:
            yield f"{at.main}: {what}: ends without an error, and {len(lost)} records are missing"
    elif not isinstance(got.error, error):
        yield f"{at.main}: {what}: {error.__name__} expected, not {told(got.error)}"


def _insisted(at: Case, clean: Counter[str], allowed: int, what: str) -> Complaints:
    for request, times in Counter(map(_identity, at.play.asked)).items():
        if times > max(allowed, clean[request]):
            yield f"{at.main}: {what}: asked {times} times: {request[:80]}"


def _credentials(asked: list[Request]) -> set[str]:
    """What was sent as proof of who asks, in the form it was sent."""
    sent = {value for request in asked for value in request.headers.values() if SECRET in value}
    return sent | {r.headers["authorization"].split()[-1] for r in asked if r.headers.get("authorization")}


def _sentences(at: Case) -> Iterator[str]:
    """What ``check`` says, with errors as the command tells them."""
    try:
        http = at.connector.open(at.settings)
        try:
            yield from (str(sentence).strip() for sentence in at.connector.check(http, at.settings))
        finally:
            http.close()
    except ImpactError as error:
        yield f"PROBLEM {error}"
    except Exception as error:
        yield f"Traceback of {told(error)}"


def _judged(sentences: list[str]) -> Complaints:
    if not sentences:
        yield "check says nothing"
    for text in sentences:
        if not text or any(word in text for word in ("Traceback", "Error(", "Exception", "object at 0x")):
            yield f"check: {text[:200]!r} is no sentence"


@contextmanager
def _listening() -> Iterator[list[str]]:
    """All that is logged anywhere meanwhile, down to the least important."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    root, ear = logging.getLogger(), Ear()
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.setLevel(before)
        root.removeHandler(ear)
