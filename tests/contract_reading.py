"""What every connector that asks over HTTP promises about pages, passes and bookmarks, as checks against a server that
plays its system. Knows no vendor: a check takes a connector and a maker of empty dialects, and tells what is broken."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from connectors import Connector
from impact.model import SourceChanged, SourceUnavailable
from tests.dialect import BEGIN
from tests.passes import FEW, MANY, Case, Complaints, Make, Pass, case, compared, filled, swept, told

# Everything arrives


def everything_arrives(connector: Connector, make: Make) -> Complaints:
    """Every record of every stream comes once, under the right key, and with a bookmark for the next pass."""
    with case(connector, make) as at:
        for name in reversed(at.dialect.streams):
            at.dialect.fill(name, MANY if name == at.main else FEW)
        at.play.time_passes()
        for name in at.dialect.streams:
            got = at.read(name)
            yield from compared(at, got)
            if not got.error and got.bookmark is None:
                yield f"{name}: a whole pass ends without a bookmark"


def _with_quirk(connector: Connector, make: Make, quirk: str) -> Complaints:
    for every in (timedelta(seconds=7), timedelta(0)):
        with case(connector, make) as at:
            filled(at, every=every)
            at.dialect.quirks.add(quirk)
            yield from compared(at, at.read(at.main))


def short_pages(connector: Connector, make: Make) -> Complaints:
    """A short or empty page is not the end."""
    yield from _with_quirk(connector, make, "short_pages")


def repeated_page(connector: Connector, make: Make) -> Complaints:
    """A page that comes twice loses and doubles nothing."""
    yield from _with_quirk(connector, make, "repeated_page")


def lying_total(connector: Connector, make: Make) -> Complaints:
    """A total that is too small ends nothing."""
    yield from _with_quirk(connector, make, "lying_total")


def many_in_one_second(connector: Connector, make: Make) -> Complaints:
    """More records than fit on a page may have the same stamp, before and after others."""
    with case(connector, make) as at:
        at.dialect.fill(at.main, FEW)
        at.dialect.fill(at.main, MANY, every=timedelta(0))
        filled(at, FEW)
        yield from compared(at, at.read(at.main))


def empty_account(connector: Connector, make: Make) -> Complaints:
    """Nothing there gives no rows and no error, in the first and in a later pass."""
    with case(connector, make) as at:
        for stream in connector.streams:
            for since in (None, BEGIN):
                got = at.read(stream.name, since)
                if got.error:
                    yield f"{stream.name}: {told(got.error)}"
                elif stream.name in at.dialect.streams and got.rows:
                    yield f"{stream.name}: {len(got.rows)} rows of nothing"


# While the world goes on


def changes_while_reading(connector: Connector, make: Make) -> Complaints:
    """Records are edited, removed and added while pages are read: none is lost then, and after the next pass all are
    held as they are."""
    with case(connector, make) as at:
        filled(at)
        moved, gone = set[str](), set[str]()

        def meanwhile(number: int) -> None:
            if not 2 <= number <= 13:
                return
            if number % 3 == 0:
                moved.add(at.dialect.touch(at.main, 0))
            elif number % 3 == 1:
                gone.add(at.dialect.remove(at.main, 1))
            else:
                moved.update(at.dialect.fill(at.main, 1, every=timedelta(seconds=1)))

        at.play.before = meanwhile
        first = at.read(at.main)
        at.play.before = lambda number: None
        if first.error:
            yield f"{at.main}: {told(first.error)}"
            return
        if lost := sorted(at.there(at.main) - set(first.keys) - moved):
            yield f"{at.main}: {len(lost)} records that nobody touched are lost, such as {lost[0]}"
        if twice := sorted(k for k, n in Counter(first.keys).items() if n > 1 and k not in moved):
            yield f"{at.main}: {twice[0]} came twice in one pass, though nobody touched it"
        at.play.time_passes()
        yield from _held_as_they_are(at, first, at.next(first))


def _held_as_they_are(at: Case, *passes: Pass) -> Complaints:
    """Whether what these passes brought, the latest of each record, is what a fresh full pass brings."""
    key = at.stream(at.main).key
    held = {key(payload): payload for got in passes for payload in got.payloads}
    fresh = {key(payload): payload for payload in at.read(at.main).payloads}
    for got in passes:
        if got.error:
            yield f"{at.main}: {told(got.error)}"
    stale = sorted(number for number in fresh if held.get(number) != fresh[number])
    if stale:
        yield f"{at.main}: {len(stale)} records are not held as they are after the next pass, such as {stale[0]}"


def at_the_bookmark(connector: Connector, make: Make) -> Complaints:
    """A record stamped exactly at the bookmark belongs to the pass that begins there."""
    with case(connector, make) as at:
        filled(at)
        first = at.read(at.main)
        if first.error or first.bookmark is None:
            yield f"{at.main}: {told(first.error) if first.error else 'no bookmark'}"
            return
        begins = first.bookmark + timedelta(microseconds=-first.bookmark.microsecond % 1_000_000)
        at.dialect.now = begins
        new = at.dialect.fill(at.main, 1, every=timedelta(0))
        if new[0] not in at.next(first).keys:
            yield f"{at.main}: a record stamped exactly at the bookmark {begins:%H:%M:%S} is not found by the next pass"


def only_what_changed(connector: Connector, make: Make) -> Complaints:
    """The next pass brings what was edited and added, and little else."""
    with case(connector, make) as at:
        for name in reversed(at.dialect.streams):
            at.dialect.fill(name, MANY if name == at.main else FEW, every=timedelta(minutes=5))
        at.play.time_passes()
        for name in at.dialect.streams:
            first = at.read(name)
            changed = {at.dialect.touch(name, 1), at.dialect.touch(name, 4), *at.dialect.fill(name, 1)}
            second = at.next(first)
            if error := first.error or second.error:
                yield f"{name}: {told(error)}"
            elif lost := sorted(changed - set(second.keys)):
                yield f"{name}: {len(lost)} of {len(changed)} changed records are not found by the next pass"
            elif name == at.main and len(second.keys) > MANY // 2:
                yield f"{name}: {len(second.keys)} records are read again although {len(changed)} changed"


def ignores_filter(connector: Connector, make: Make) -> Complaints:
    """A server that ignores the condition on update stamps is noticed."""
    with case(connector, make) as at:
        filled(at, every=timedelta(minutes=5))
        first = at.read(at.main)
        changed = at.dialect.touch(at.main, MANY // 2)
        at.dialect.quirks.add("ignores_filter")
        second = at.next(first)
        if second.error and not isinstance(second.error, SourceChanged):
            yield f"{at.main}: {told(second.error)}"
        elif not second.error and changed not in second.keys:
            yield f"{at.main}: the filter is ignored and a changed record is lost"
        elif not second.error and len(second.keys) > MANY // 2:
            yield f"{at.main}: the filter is ignored and nobody notices: {len(second.keys)} records came again"


def clock_of_the_server(connector: Connector, make: Make) -> Complaints:
    """A server whose clock is wrong by ten minutes loses nothing that is written between two passes."""
    for ahead in (timedelta(minutes=10), timedelta(minutes=-10)):
        with case(connector, make, overlap_minutes=1) as at:
            at.play.clock = ahead
            filled(at)
            first = at.read(at.main)
            at.play.time_passes()
            changed = {at.dialect.touch(at.main, 3), *at.dialect.fill(at.main, 1)}
            second = at.next(first)
            if second.error:
                yield f"{at.main}: {told(second.error)}"
            elif changed - set(second.keys):
                yield f"{at.main}: with a clock {ahead} ahead, a record written between two passes is lost"


def interrupted(connector: Connector, make: Make) -> Complaints:
    """A pass that broke off goes on where it stopped: nothing is lost, and not everything is read again."""
    with case(connector, make) as at:
        filled(at, 2 * MANY, every=timedelta(minutes=5))
        pages = sum(bool(page.records) for page in at.read(at.main).pages)
        broken = at.read(at.main, most=max(1, pages - pages // 3))
        seen = set(broken.keys)
        at.dialect.touch(at.main, 0)
        at.dialect.fill(at.main, 1)
        rest = at.next(broken)
        if rest.error:
            yield f"{at.main}: {told(rest.error)}"
            return
        if lost := sorted(at.there(at.main) - seen - set(rest.keys)):
            yield f"{at.main}: {len(lost)} records are lost by a break, such as {lost[0]}"
        if pages > 1 and len(set(rest.keys) & seen) > len(seen) * 2 // 3:
            yield f"{at.main}: after a break everything is read again ({len(rest.keys)} records)"
        yield from _held_as_they_are(at, broken, rest, at.next(rest))


def cursor_not_taken(connector: Connector, make: Make) -> Complaints:
    """A stored cursor that the server does not take any more is no error: the pass begins at the bookmark."""
    for stream in connector.streams:
        with case(connector, make) as at:
            if stream.resume and stream.name in at.dialect.streams:
                at.dialect.fill(stream.name, MANY)
                at.play.time_passes()
                yield from compared(at, at.read(stream.name, None, "no such cursor"))


def ids_tell_what_is_gone(connector: Connector, make: Make) -> Complaints:
    """A sweep of ids names all that exist and nothing else, also when pages are short; one that fails is an error."""
    for stream in (stream for stream in connector.streams if stream.ids):
        for quirk in (None, "short_pages"):
            with case(connector, make) as at:
                if stream.name not in at.dialect.streams or quirk in at.dialect.exempt:
                    continue
                at.dialect.fill(stream.name, MANY)
                stored = set(at.read(stream.name).keys)
                removed = {at.dialect.remove(stream.name, place) for place in (17, 3)}
                at.dialect.quirks |= {quirk} if quirk else set()
                at.strike("")
                gone = stored - set(swept(connector, at.settings, stream.name))
                if gone != removed:
                    yield f"{stream.name}: {len(gone)} records are taken for gone, {len(removed)} are"
                at.strike(503, first=len(at.play.asked) // 2)
                try:
                    list(swept(connector, at.settings, stream.name))
                    yield f"{stream.name}: a sweep of ids that fails half-way passes for a whole one"
                except SourceUnavailable:
                    pass


CHECKS = (
    everything_arrives,
    short_pages,
    repeated_page,
    lying_total,
    many_in_one_second,
    empty_account,
    changes_while_reading,
    at_the_bookmark,
    only_what_changed,
    ignores_filter,
    clock_of_the_server,
    interrupted,
    cursor_not_taken,
    ids_tell_what_is_gone,
)
