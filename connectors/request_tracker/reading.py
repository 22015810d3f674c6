"""Which records of a Request Tracker are read for each stream, and what is put beside them. Knows no canonical row.

A record leaves here as a small payload: named fields only, custom fields by name, no address or name of a person
outside the places that are hashed, and beside it what other requests told about it: its history and its links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import Page
from connectors.http import Http
from connectors.paging import ahead, portions
from connectors.request_tracker.queries import IDS_AT_ONCE, SLACK, Answer, Item, Rt, any_of, stamp
from connectors.request_tracker.settings import FIELDS, RtSettings
from connectors.settings import SEGMENTS
from connectors.values import whole
from impact.model import SourceChanged, SourceRefused

Record = dict[str, Any]
BATCH_PAGES = 2
"""Pages of tickets whose histories are asked for in one request."""
MEMBERS_AT_ONCE = 50
ASKED = {
    "ticket": "Queue,Status,Priority,Created,Due,Resolved,LastUpdated,CustomFields",
    "change": "Subject,Queue,Status,Created,Starts,Started,Due,Resolved,LastUpdated,CustomFields",
    "milestone": "Subject,Queue,Status,Created,Starts,Due,Resolved,LastUpdated,CustomFields,_hyperlinks",
}
"""The fields asked for, besides custom fields by name."""
REQUESTOR = "Requestor."
LINKS = {
    "refers-to": "RefersTo",
    "referred-to-by": "ReferredToBy",
    "depends-on": "DependsOn",
    "depended-on-by": "DependedOnBy",
    "parent": "MemberOf",
}


def read_teams(http: Http, settings: RtSettings, since: datetime | None) -> Iterator[Page]:
    """All queues; there are few, so they are read in full every time."""
    queues = tuple({"id": str(q.get("id")), "Name": q.get("Name")} for q in Rt(http, settings).queues())
    yield Page(queues, bookmark=_begin(http, settings), total=len(queues))


def read_changes(http: Http, settings: RtSettings, since: datetime | None) -> Iterator[Page]:
    """Tickets of the change queues with their status histories, and the queue of the team that the change names."""
    rt = Rt(http, settings)
    queues = queue_ids(rt)[0]
    if not queues:
        return iter(())
    teams = {str(q.get("Name", "")).casefold(): str(q.get("id")) for q in rt.queues()}

    def enriched(rows: Sequence[Item]) -> Iterator[Record]:
        histories = _histories(rt, [str(row["id"]) for row in rows], "Type = 'Status'")
        for row in rows:
            record = slim(row, settings, "change") | {"History": histories.get(str(row["id"]), [])}
            named = record["CustomFields"].get(settings.field("change", "team")) or [""]
            team = teams.get(str(named[0]).strip().casefold())
            yield record | {"TeamQueue": team} if team else record

    return ahead(_pass(rt, queues, since, _fields(settings, "change"), enriched, _begin(http, settings)))


def read_tickets(http: Http, settings: RtSettings, since: datetime | None) -> Iterator[Page]:
    """Customers' tickets with what shows reopenings and first resolutions, and their links to changes."""
    rt = Rt(http, settings)
    change_queues, queues = queue_ids(rt)
    if not queues:
        return iter(())
    changes = {str(row["id"]) for row in _all_changes(rt, change_queues)}

    def enriched(rows: Sequence[Item]) -> Iterator[Record]:
        histories = _ticket_histories(rt, rows)
        for row in rows:
            number = str(row["id"])
            own = {k: [i for i in ids if i in changes] for k, ids in links.get(number, {}).items()}
            record = slim(row, settings, "ticket") | {"Links": {k: ids for k, ids in own.items() if ids}}
            yield record | {"History": histories.get(number, [])} if settings.history else record

    begin = _begin(http, settings)
    links = _links(rt, queues, since) if changes else {}
    return ahead(_pass(rt, queues, since, _fields(settings, "ticket"), enriched, begin))


def read_milestones(http: Http, settings: RtSettings, since: datetime | None) -> Iterator[Page]:
    """Child tickets of changes: all at first; later those of open changes and those that were updated themselves,
    because a child's update does not touch its parent, nor the other way round."""
    rt = Rt(http, settings)
    queues = queue_ids(rt)[0]
    if not queues:
        return iter(())
    return ahead(_milestone_pages(rt, queues, since))


def ids_of_changes(http: Http, settings: RtSettings) -> Iterator[list[str]]:
    """The numbers of all changes that searches find: neither deleted nor merged ones."""
    rt = Rt(http, settings)
    yield from _ids(rt, _all_changes(rt, queue_ids(rt)[0]))


def ids_of_tickets(http: Http, settings: RtSettings) -> Iterator[list[str]]:
    """The numbers of all customers' tickets that searches find."""
    rt = Rt(http, settings)
    queues = queue_ids(rt)[1]
    yield from _ids(rt, rt.by_id(any_of("Queue", queues), [("fields", "Status")]) if queues else ())


def ids_of_milestones(http: Http, settings: RtSettings) -> Iterator[list[str]]:
    """The numbers of all child tickets of changes that searches find."""
    rt = Rt(http, settings)
    changes = {str(row["id"]) for row in _all_changes(rt, queue_ids(rt)[0])}
    children = rt.by_id("MemberOf IS NOT NULL", [("fields", "_hyperlinks")]) if changes else ()
    yield from _ids(rt, (row for row in children if changes.intersection(_linked(row).get("MemberOf", ()))))


def _ids(rt: Rt, rows: Iterable[Item]) -> Iterator[list[str]]:
    for some in portions(rows, rt.settings.page_size):
        yield [str(row["id"]) for row in some]


def _milestone_pages(rt: Rt, queues: Sequence[str], since: datetime | None) -> Generator[Page, None, None]:
    begin = _begin(rt.http, rt.settings)
    rt.find_zone()
    changes = {str(row["id"]): row for row in _all_changes(rt, queues)}
    ended = rt.settings.words_for("change_status", "done", "rolled_back", "cancelled")

    def due(row: Item) -> bool:
        updated = stamp(row)
        is_open = str(row.get("Status", "")).lower() not in ended
        return since is None or is_open or updated is None or updated >= since

    def records(rows: Iterable[Item]) -> Iterator[Record]:
        for row in rows:
            parents = [i for i in _linked(row).get("MemberOf", []) if i in changes]
            if parents:
                yield slim(row, rt.settings, "milestone") | {"MemberOf": parents}

    fields = _fields(rt.settings, "milestone")
    for some in portions([number for number, row in changes.items() if due(row)], MEMBERS_AT_ONCE):
        yield Page(tuple(records(rt.by_id(any_of("MemberOf", some), fields))))
    if since is not None:
        for answer in rt.by_update("MemberOf IS NOT NULL", fields, since):
            yield Page(tuple(records(answer.items)))
        gone = _gone(rt, since, None, fields)
        yield Page(tuple(records(gone)))
    yield Page((), bookmark=begin)


def _pass(
    rt: Rt,
    queues: Sequence[str],
    since: datetime | None,
    fields: list[tuple[str, str]],
    enriched: Callable[[Sequence[Item]], Iterator[Record]],
    begin: datetime,
) -> Generator[Page, None, None]:
    """Pages of tickets in the order of their updates, each with the bookmark it earns."""
    rt.find_zone()
    first = since.replace(microsecond=0) if since else rt.settings.start_at
    total = None
    latest = first
    for rows, whole_pass in _batches(ahead(rt.by_update(any_of("Queue", queues), fields, first))):
        total = total if total is not None else whole_pass
        latest = stamp(rows[-1]) or latest
        bookmark = max(first, latest - timedelta(minutes=rt.settings.overlap_minutes))
        yield Page(tuple(enriched(rows)), bookmark=bookmark, total=total)
    if since is not None:
        gone = _gone(rt, since, queues, fields)
        yield Page(tuple(enriched(gone)) if gone else ())
    yield Page((), bookmark=max(begin, first), total=total or 0)


def _begin(http: Http, settings: RtSettings) -> datetime:
    """Where the next pass may start when this one is through: now by the server's clock, less the overlap."""
    if http.server_time is None:
        http.get("REST/2.0/rt")
    now = http.server_time or datetime.now(UTC)
    return now - timedelta(minutes=settings.overlap_minutes)


def _batches(answers: Iterable[Answer]) -> Iterator[tuple[list[Item], int | None]]:
    rows: list[Item] = []
    total = None
    for count, answer in enumerate(answers, start=1):
        total = total if total is not None else answer.total
        rows.extend(answer.items)
        if count % BATCH_PAGES == 0:
            yield rows, total
            rows = []
    if rows:
        yield rows, total


def queue_ids(rt: Rt) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of the change queues and of the ticket queues. Raises SourceRefused when a configured one is not seen."""
    queues = {str(q.get("Name", "")).casefold(): str(q.get("id")) for q in rt.queues()}
    wanted = (*rt.settings.change_queues, *rt.settings.ticket_queues)
    missing = [name for name in wanted if name.casefold() not in queues]
    if missing:
        raise SourceRefused(
            f"The queue {missing[0]!r} is not seen in Request Tracker. It does not exist, is disabled, or the user "
            f"that reads lacks the right SeeQueue there. It sees {len(queues)} queues; check names them."
        )
    changes = tuple(queues[name.casefold()] for name in rt.settings.change_queues)
    tickets = tuple(queues[name.casefold()] for name in rt.settings.ticket_queues)
    return changes, tickets or tuple(number for number in queues.values() if number not in changes)


def _all_changes(rt: Rt, queues: Sequence[str]) -> Iterator[Item]:
    if queues:
        yield from rt.by_id(any_of("Queue", queues), [("fields", "Status,LastUpdated")])


def _links(rt: Rt, queues: Sequence[str], since: datetime | None) -> dict[str, dict[str, list[str]]]:
    """Ticket -> kind of link -> linked tickets, for the few tickets that have links at all."""
    linked = "(RefersTo IS NOT NULL OR DependsOn IS NOT NULL OR MemberOf IS NOT NULL)"
    where = f"{any_of('Queue', queues)} AND {linked}"
    first = since.replace(microsecond=0) if since else rt.settings.start_at
    answers = rt.by_update(where, [("fields", "LastUpdated,_hyperlinks")], first)
    return {str(row["id"]): _linked(row) for answer in answers for row in answer.items}


def _linked(row: Item) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for link in row.get("_hyperlinks") or ():
        if isinstance(link, Mapping) and link.get("type") == "ticket" and link.get("ref") in LINKS:
            found[LINKS[link["ref"]]].append(str(link.get("id")))
    return {kind: sorted(set(ids), key=lambda i: (len(i), i)) for kind, ids in found.items()}


def _ticket_histories(rt: Rt, rows: Sequence[Item]) -> dict[str, list[Record]]:
    """Moves out of an ended status, changes of queue and answers to the survey; for tickets that left an ended
    status, all their status changes."""
    if not rt.settings.history:
        return {}
    ended = rt.settings.words_for("ticket_status", "resolved", "closed", "cancelled", "merged")
    conditions = [f"(Type = 'Status' AND {any_of('OldValue', ended)})", "(Type = 'Set' AND Field = 'Queue')"]
    csat = rt.settings.field("ticket", "csat")
    surveys = {str(f.get("id")) for row in rows for f in _custom_fields(row) if f.get("name") == csat}
    if surveys:
        conditions.append(f"(Type = 'CustomField' AND {_texts('Field', sorted(surveys))})")
    found = _histories(rt, [str(row["id"]) for row in rows], f"({' OR '.join(conditions)})")
    left = [number for number, events in found.items() if any(e["Type"] == "Status" for e in events)]
    for number, events in _histories(rt, left, "Type = 'Status'").items():
        found[number] = [e for e in found[number] if e["Type"] != "Status"] + events
    return found


def _texts(field: str, values: Sequence[str]) -> str:
    return "(" + " OR ".join(f"{field} = '{value}'" for value in values) + ")"


def _histories(rt: Rt, numbers: Sequence[str], condition: str) -> dict[str, list[Record]]:
    """Ticket -> its transactions that fulfil ``condition``, oldest first. Values that are no words of ours (a queue's
    id, a score) come along; texts of people never do, because only named kinds are asked for."""
    found: dict[str, list[Record]] = defaultdict(list)
    for some in portions(numbers, IDS_AT_ONCE):
        for event in rt.transactions(f"{any_of('ObjectId', some)} AND {condition}"):
            kept = {key: event.get(key) for key in ("Type", "OldValue", "NewValue", "Created")}
            found[str(event.get("ObjectId"))].append(kept)
    return found


def _gone(rt: Rt, since: datetime, queues: Sequence[str] | None, fields: list[tuple[str, str]]) -> list[Item]:
    """Tickets that were merged into another or deleted since then. Searches do not find them any more, and a merge
    does not even touch the update stamp; so the transactions are asked, and then each ticket."""
    at = rt.moment(since - SLACK)
    condition = "((Type = 'Status' AND NewValue = 'deleted') OR (Type = 'AddLink' AND Field = 'MergedInto'))"
    deleted: set[str] = set()
    merged: dict[str, str] = {}
    for event in rt.transactions(f"Created >= '{at}' AND {condition}"):
        number, new = str(event.get("ObjectId")), str(event.get("NewValue") or "")
        if event.get("Type") == "Status":
            deleted.add(number)
        elif new.rpartition("/")[2] != number:
            merged[number] = new.rpartition("/")[2]
    rows: list[Item] = []
    for some in portions(sorted(merged, key=int), IDS_AT_ONCE):
        where = f"{any_of('id', some)} AND EffectiveId > 0" + (f" AND {any_of('Queue', queues)}" if queues else "")
        rows += [{**row, "Status": "merged"} for row in rt.by_id(where, fields)]
    for number in sorted(deleted - set(merged), key=int):
        row = rt.ticket(number)
        if row and row.get("Status") == "deleted" and (queues is None or reference(row.get("Queue")) in queues):
            rows.append({**row, "id": number})
    return rows


def slim(row: Item, settings: RtSettings, part: str) -> Record:
    """What is kept of a record: named fields, wanted custom fields by name, and people only where they are hashed."""
    plain = ("Subject", "Status", "Priority", "Created", "Starts", "Due", "Resolved", "LastUpdated")
    asked = plain[1:] if part == "ticket" else plain
    record: Record = {"id": str(row.get("id"))} | {key: row[key] for key in asked if key in row}
    record["Queue"] = reference(row.get("Queue"))
    wanted = {settings.field(part, name): name for name in FIELDS[part] if settings.field(part, name)}
    values = {f.get("name"): f.get("values") or [] for f in _custom_fields(row)}
    sponsor = settings.field(part, "sponsor") if part == "change" else ""
    record["CustomFields"] = {n: values[n] for n in wanted if n in values and n != sponsor}
    if sponsor in values and sponsor:
        record["Sponsor"] = values[sponsor]
    if part == "ticket" and settings.requestors:
        record["Requestor"] = [{"id": person.get("id")} for person in _people(row)]
    for name in SEGMENTS if part != "milestone" else ():
        source = settings.field(part, name)
        if source.startswith(REQUESTOR):
            attribute = source.removeprefix(REQUESTOR)
            record[source] = sorted({str(p[attribute]) for p in _people(row) if p.get(attribute)})
    return record


def reference(value: object) -> str | None:
    """The id of a record that another names, whether it comes as a number or as an object; None for no record."""
    inner = value.get("id") if isinstance(value, Mapping) else value
    return str(inner) if whole(inner) is not None else None


def _custom_fields(row: Item) -> list[Mapping[str, Any]]:
    found = row.get("CustomFields")
    if isinstance(found, list):
        return [f for f in found if isinstance(f, Mapping)]
    if found in (None, "", {}):  # the user may see no custom field of this ticket
        return []
    raise SourceChanged(f"CustomFields of ticket {row.get('id')} came as {type(found).__name__}, not as a list.")


def _people(row: Item) -> list[Mapping[str, Any]]:
    found = row.get("Requestor")
    return [p for p in found if isinstance(p, Mapping)] if isinstance(found, list) else []


def _fields(settings: RtSettings, part: str) -> list[tuple[str, str]]:
    """The parameters that name the fields to be sent."""
    sources = {settings.field(part, name) for name in SEGMENTS} if part != "milestone" else set()
    attributes = sorted(s.removeprefix(REQUESTOR) for s in sources if s.startswith(REQUESTOR))
    wanted = attributes or (part == "ticket" and settings.requestors)
    fields = [("fields", ASKED[part] + (",Requestor" if wanted else ""))]
    return [*fields, ("fields[Requestor]", ",".join(attributes))] if attributes else fields
