"""Which records of a Zendesk are read for each stream, and what is put beside them. Knows no canonical row.

One pass over the export of tickets brings changes, milestones and customers' tickets at once: exports are what Zendesk
limits most. A record leaves here as a small payload of named fields.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from connectors import Page
from connectors.http import Http
from connectors.paging import ahead
from connectors.values import items, mapping, text_of
from connectors.zendesk.queries import NEWEST_MINUTE, Export, Item, Zendesk, stamp
from connectors.zendesk.records import CHANGE, MILESTONE, TICKET, Known, Record, named, slim, texts_of
from connectors.zendesk.settings import ZendeskSettings
from impact.model import SettingsError

AHEAD = 2
"""Pages of up to 1000 tickets read while earlier ones are stored."""
SURVEY_LISTS = {
    "legacy": ("satisfaction_ratings", "satisfaction_ratings"),
    "new": ("guide/survey_responses", "survey_responses"),
}
"""Where answers are listed: path and name of each list."""
RECORDS = "custom_object_records"
"""What the lists of all custom objects are called."""
BESIDE = {"metric_sets": "ticket_id", "users": "id", "organizations": "id"}
"""What may come beside the tickets of a page, and the key that says whose it is."""


def read_teams(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """All groups; there are few, so they are read in full every time."""
    yield from _whole(Zendesk(http, settings), "groups", "groups", ("name", "updated_at"))


def read_services(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """The choices of the ticket fields that name services, or the records of the custom object that holds them."""
    zendesk = Zendesk(http, settings)
    if settings.service_object:
        path = records_of(settings.service_object)
        yield from _whole(zendesk, path, RECORDS, ("name", "updated_at"))
        return
    listed = services_listed(look_up(zendesk))
    records = tuple({"id": key.casefold(), "name": name} for key, name in listed.items())
    yield Page(records, bookmark=_begin(zendesk), total=len(records))


def read_segments(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """Organizations, as far as they changed since then."""
    zendesk = Zendesk(http, settings)
    if http.server_time is None:
        zendesk.listed("groups", "groups")  # any answer tells the server's time, which the bookmark needs
    begin = _begin(zendesk)
    for rows in zendesk.organizations(since or settings.start_at):
        yield Page(tuple(_kept(row, ("name", "updated_at")) for row in rows))
    yield Page((), bookmark=max(begin, since) if since else begin)


def read_changes(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """Records of the custom object that holds changes: all of them every time, as no filter is documented."""
    if settings.changes_from != "custom_object":
        return
    zendesk = Zendesk(http, settings)
    services = services_listed(look_up(zendesk))
    begin = _begin(zendesk)
    kept = ("name", "external_id", "created_at", "updated_at")
    for rows in zendesk.pages(records_of(settings.change_object), RECORDS):
        yield Page(tuple(_kept(row, kept) | _object_fields(row, settings, services) for row in rows))
    yield Page((), bookmark=begin)


def change_ids(http: Http, settings: ZendeskSettings) -> Iterator[list[str]]:
    """Ids of all records of the custom object that holds changes."""
    if settings.changes_from == "custom_object":
        for rows in Zendesk(http, settings).pages(records_of(settings.change_object), RECORDS):
            yield [str(row["id"]) for row in rows if text_of(row.get("id"))]


def read_tickets(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """Everything that is a ticket, in the order of changes: customers' tickets, and where tickets are changes or steps
    of changes, those."""
    return _tickets(http, settings, since, None)


def resume_tickets(http: Http, settings: ZendeskSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same, from the cursor behind the last page on."""
    return _tickets(http, settings, since, cursor)


def _tickets(http: Http, settings: ZendeskSettings, since: datetime | None, cursor: str | None) -> Iterator[Page]:
    zendesk = Zendesk(http, settings)
    known = look_up(zendesk, rated=True)
    total = zendesk.ticket_count() if since is None and cursor is None else None
    return ahead(_ticket_pages(zendesk, known, since, cursor, total), most=AHEAD)


def _ticket_pages(
    zendesk: Zendesk, known: Known, since: datetime | None, cursor: str | None, total: int | None
) -> Generator[Page, None, None]:
    settings = zendesk.settings
    overlap = timedelta(minutes=settings.overlap_minutes)
    begin = max(settings.start_at, since - overlap) if since else settings.start_at
    reached = since or begin
    for export in zendesk.tickets(begin, cursor, ",".join(included(settings))):
        beside = beside_of(export)
        records = tuple(slim(row, settings, known, beside) for row in export.tickets)
        reached = max([reached, *(at for at in map(stamp, export.tickets) if at)])
        if export.last:
            reached = max(reached, zendesk.now() - NEWEST_MINUTE)
        yield Page(records, bookmark=reached, total=total, cursor=export.cursor)


def included(settings: ZendeskSettings) -> list[str]:
    """What is asked for beside the tickets of a page; people and organizations only where fields of theirs are set."""
    more = [name for name, part in (("users", "user"), ("organizations", "organization")) if settings.fields_of(part)]
    return ["metric_sets", *more]


def beside_of(export: Export) -> Mapping[str, Mapping[str, Item]]:
    """What came beside the tickets of a page, by the id that it belongs to."""
    return {name: {str(row.get(key)): row for row in items(export.data.get(name))} for name, key in BESIDE.items()}


def look_up(zendesk: Zendesk, *, rated: bool = False) -> Known:
    """What ids in tickets stand for. ``rated``: find out, too, whether the tickets themselves hold the answers."""
    settings = zendesk.settings
    fields = zendesk.listed("ticket_fields", "ticket_fields") or ()
    known = {part: field_ids(fields, settings.fields_of(part)) for part in (CHANGE, MILESTONE, TICKET)}
    used = {number for names in known.values() for numbers in names.values() for number in numbers}
    statuses = zendesk.listed("custom_statuses", "custom_statuses") or ()
    return Known(
        fields=known,
        options={str(f.get("id")): options_of(f) for f in fields if str(f.get("id")) in used},
        statuses={str(s.get("id")): s for s in statuses},
        forms=change_forms(zendesk),
        rated=rated and answers_on_tickets(zendesk),
    )


def answers_on_tickets(zendesk: Zendesk) -> bool:
    """Whether the rating on each ticket is read: by the settings, or because neither list of answers is offered."""
    if zendesk.settings.satisfaction == "auto":
        return not any(zendesk.offers(path, name) for path, name in SURVEY_LISTS.values())
    return zendesk.settings.satisfaction == "ticket"


def field_ids(fields: Iterable[Item], wanted: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Our field -> ids of the ticket fields with that id or title, those in use first: titles need not be unique."""
    listed = sorted(fields, key=lambda f: f.get("active") is False)
    found = {}
    for name, own in wanted.items():
        ids = [str(f.get("id")) for f in listed if str(f.get("id")) == own]
        titled = [str(f.get("id")) for f in listed if own.casefold() in titles_of(f)]
        unlisted = [own] if own.isdigit() and not ids else []  # the list may be closed to this user
        found[name] = tuple(dict.fromkeys([*ids, *titled, *unlisted]))
    return {name: ids for name, ids in found.items() if ids}


def titles_of(field: Item) -> set[str]:
    """The titles of a ticket field in small letters: as people see it, and as it was written."""
    return {str(field.get(key)).strip().casefold() for key in ("title", "raw_title") if text_of(field.get(key))}


def options_of(field: Item) -> dict[str, str]:
    """Value -> name of the choices of a ticket field."""
    options = items(field.get("custom_field_options"))
    return {value: text_of(o.get("name")) or value for o in options if (value := text_of(o.get("value")))}


def services_listed(known: Known) -> dict[str, str]:
    """Value -> name of the choices of all fields that name services."""
    numbers = {n for part in (CHANGE, TICKET) for n in known.fields[part].get("service", ())}
    return {value: name for n in sorted(numbers) for value, name in known.options.get(n, {}).items()}


def change_forms(zendesk: Zendesk) -> frozenset[str]:
    """Ids of the forms that hold changes. Raises SettingsError for one that Zendesk does not show."""
    if zendesk.settings.changes_from != "form":
        return frozenset()
    forms = zendesk.listed("ticket_forms", "ticket_forms")
    seen = {
        str(f.get(key)).strip().casefold(): str(f.get("id")) for f in forms or () for key in ("display_name", "name")
    }
    seen |= {str(f.get("id")): str(f.get("id")) for f in forms or ()}
    wanted = [form.strip() for form in zendesk.settings.change_forms if form.strip()]
    for form in wanted:
        if form.casefold() not in seen and not (forms is None and form.isdigit()):
            names = ", ".join(str(f.get("name")) for f in forms or ()) or "none (name forms by id)"
            raise SettingsError(
                f"change_forms has {form!r}, which is no ticket form of this Zendesk. It shows: {names}."
            )
    return frozenset(seen.get(form.casefold(), form) for form in wanted)


def _whole(zendesk: Zendesk, path: str, name: str, kept: tuple[str, ...]) -> Iterator[Page]:
    """A list that is read in full every time; the bookmark is the server's time when it began."""
    begin = None
    for rows in zendesk.pages(path, name):
        begin = begin or _begin(zendesk)
        yield Page(tuple(_kept(row, kept) for row in rows))
    yield Page((), bookmark=begin)


def _begin(zendesk: Zendesk) -> datetime:
    """Where the next pass may start when this one is through: now by the server's clock, less the overlap."""
    return zendesk.now() - timedelta(minutes=zendesk.settings.overlap_minutes)


def _kept(row: Item, names: Iterable[str]) -> Record:
    return {"id": text_of(row.get("id"))} | {name: row.get(name) for name in names}


def _object_fields(row: Item, settings: ZendeskSettings, services: Mapping[str, str]) -> Record:
    """The configured fields of a record of a custom object by canonical name, whose keys may be written as titles."""
    given = {**row, **mapping(row.get("custom_object_fields"))}
    values = {_key(key): texts_of(value) for key, value in given.items()}
    own = settings.fields_of(CHANGE)
    found: Record = {name: values[_key(key)] for name, key in own.items() if values.get(_key(key))}
    if "service" in found:
        found["service"] = named(found["service"], services)
    sponsor = {"sponsor": found.pop("sponsor")} if "sponsor" in found else {}
    return {"fields": found} | sponsor


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text.strip().casefold())


def records_of(key: str) -> str:
    """Where the records of a custom object are listed."""
    return f"custom_objects/{key}/records"
