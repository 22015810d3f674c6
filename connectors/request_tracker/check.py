"""What a Request Tracker says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors import OwnField
from connectors.http import Http
from connectors.request_tracker.queries import Item, Rt, any_of
from connectors.request_tracker.reading import queue_ids
from connectors.request_tracker.settings import FIELDS, RtSettings
from connectors.values import items

SKEW_SECONDS = 120
PROBLEM = "PROBLEM "


def tell(http: Http, settings: RtSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    rt = Rt(http, settings)
    about = http.get("REST/2.0/rt")
    version = about.get("Version", "of unknown version") if isinstance(about, Mapping) else "of unknown version"
    yield f"signed in to Request Tracker {version}"
    yield from _clocks(rt)
    queues = {str(q.get("id")): str(q.get("Name")) for q in rt.queues()}
    yield f"{len(queues)} queues are visible: {', '.join(sorted(queues.values())[:30])}"
    if not settings.change_queues:
        yield f"{PROBLEM}change_queues is empty: no change and no milestone is read. Name the queues that hold changes."
    changes, tickets = queue_ids(rt)
    yield from _queue(rt, "change", changes, "changes", "change_status")
    yield from _queue(rt, "ticket", tickets, "tickets", "ticket_status")
    if changes:
        members = rt.page("tickets", [("query", "MemberOf IS NOT NULL"), ("fields", "Status,CustomFields")])
        yield f"{_count(members.total)} child tickets, of which those of changes become milestones"
        yield from _fields_of("milestone", members.items, settings)


def _clocks(rt: Rt) -> Iterator[str]:
    offset = rt.find_zone()
    hours = offset.total_seconds() / 3600
    if hours:
        yield f"dates in queries are read {hours:+g} h from UTC, the zone of the user that reads; this is allowed for"
    else:
        yield "dates in queries are read as UTC, as a ticket proves"
    skew = rt.http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"


def _queue(rt: Rt, part: str, queues: Iterable[str], name: str, words: str) -> Iterator[str]:
    where = any_of("Queue", tuple(queues))
    if where == "()":
        return
    fields = [("fields", "Status,CustomFields")]
    newest = [("orderby", "id"), ("order", "DESC")]
    page = rt.page("tickets", [("query", where), *fields, *newest])
    yield f"{_count(page.total)} {name}"
    if not page.items and not page.total:
        yield f"{PROBLEM}no {name} are visible: either there are none, or the right ShowTicket lacks in their queues."
    if page.total is None:
        yield f"Request Tracker does not say how many {name} there are, so progress cannot be estimated"
    yield from _fields_of(part, page.items, rt.settings)
    known = rt.settings.words[words]
    ended = rt.page("tickets", [("query", f"{where} AND Status = '__Inactive__'"), *fields, *newest]).items
    open_words = set(rt.settings.words_for(words, "open", "waiting", "planned", "running"))
    statuses = {str(row.get("Status")).lower() for row in (*page.items, *ended)}
    for status in sorted(statuses - set(known)):
        yield f"{PROBLEM}the status {status!r} is not known; name it in values.{words}, else it counts as other."
    for status in sorted({str(row.get("Status")).lower() for row in ended} & open_words):
        yield f"{PROBLEM}the status {status!r} ends a ticket in Request Tracker, but values.{words} has it as open."


def _fields_of(part: str, rows: Iterable[Item], settings: RtSettings) -> Iterator[str]:
    """Which custom fields the newest records have, and which configured ones are not among them."""
    rows = tuple(rows)
    if not rows:
        return
    lists = [row["CustomFields"] for row in rows if isinstance(row.get("CustomFields"), list)]
    if not lists and part == "milestone":
        yield "child tickets show no custom fields; their titles decide what kind of milestone they are"
        return
    if not lists:
        yield (
            f"{PROBLEM}no custom field of a {part} is visible: either none applies to its queues, or the right "
            "SeeCustomField lacks there."
        )
        return
    found = sorted({str(field.get("name")) for fields in lists for field in items(fields)})
    yield f"custom fields of a {part}: {', '.join(found) or 'none'}"
    for name in FIELDS[part]:
        wanted = settings.field(part, name)
        configured = name in settings.fields.get(part, {})
        if configured and wanted and wanted not in found and not wanted.startswith("Requestor."):
            yield f"{PROBLEM}fields.{part}.{name} = {wanted!r} is not among them."


def own_fields(http: Http, settings: RtSettings) -> Iterator[OwnField]:
    """The custom fields of the newest tickets of each part."""
    rt = Rt(http, settings)
    changes, tickets = queue_ids(rt)
    newest = [("fields", "CustomFields"), ("orderby", "id"), ("order", "DESC")]
    wheres = {"change": any_of("Queue", tuple(changes)), "ticket": any_of("Queue", tuple(tickets))}
    if changes:
        wheres["milestone"] = "MemberOf IS NOT NULL"
    for part, where in wheres.items():
        rows = rt.page("tickets", [("query", where), *newest]).items if where != "()" else ()
        names = {str(field.get("name")) for row in rows for field in items(row.get("CustomFields"))}
        for name in sorted(names):
            yield OwnField(part, name, name)


def _count(total: int | None) -> str:
    return "an unknown number of" if total is None else f"{total:,}"
