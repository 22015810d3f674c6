"""What is put beside records from other classes: histories, configuration items, customers' locations. Knows no
canonical row.

All of it is optional: where the class, or the right to read it, is missing, records go without (``history`` is then
absent, which is not the same as empty). That is found out before the first record is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connectors.itop.queries import Item, Itop
from connectors.values import plain, text_of, whole

Record = dict[str, Any]
Beside = Callable[[list[Record]], list[Record]]
HISTORY = "CMDBChangeOpSetAttributeScalar"
HISTORY_FIELDS = ("id", "objclass", "objkey", "attcode", "date", "oldvalue", "newvalue")
CI_LINKS, CI_SERVICES = "lnkFunctionalCIToTicket", "lnkFunctionalCIToService"
TARGETS = "SLT"


def beside_changes(itop: Itop) -> Beside:
    """Changes with the history of their status and the configuration items they touch."""
    history, cis = _histories(itop, ("status",)), _configuration_items(itop)
    sponsor = itop.settings.field("change", "sponsor")

    def add(records: list[Record]) -> list[Record]:
        history(records)
        of = cis([int(record["id"]) for record in records])
        for record in records:
            record["cis"] = of.get(record["id"], [])
            person = text_of(record["fields"].pop(sponsor, None))
            if person and person != "0":
                record["sponsor"] = f"{itop.settings.name}:{person}"
        return records

    return add


def beside_milestones(itop: Itop) -> Beside:
    """Work orders with the history of their status, which dates their end."""
    history = _histories(itop, ("status",))

    def add(records: list[Record]) -> list[Record]:
        history(records)
        return records

    return add


def beside_tickets(itop: Itop) -> Beside:
    """Tickets with their histories and the location of who asked; the comment of the survey becomes a yes or no."""
    settings = itop.settings
    asks, team, survey, comment = (settings.field("ticket", n) for n in ("requester", "team", "csat", "csat_comment"))
    history = _histories(itop, ("status", team, survey))
    locations = _optional(itop, "Person", "id", ("id", "location_id"))
    has_targets = _has_targets(itop)

    def add(records: list[Record]) -> list[Record]:
        history(records)
        people = {whole(record["fields"].get(asks)) or 0 for record in records} - {0}
        places = {person.id: whole(person.fields.get("location_id")) for person in locations(people)}
        for record in records:
            fields = record["fields"]
            person = whole(fields.pop(asks, None)) or 0
            if place := places.get(person):
                record["location"] = str(place)
            if settings.requestors and person:
                record["person"] = f"{settings.name}:{person}"
            if comment in fields:
                record["commented"] = plain(fields.pop(comment)) is not None
            record["targets"] = has_targets
        return records

    return add


def history_size(itop: Itop) -> int | None:
    """How many entries of the history there are; None where the user may not read it. None at all (0) tells as little:
    to a user who sees nothing of it, every record would seem untouched."""
    return itop.counted(HISTORY)


def _histories(itop: Itop, attributes: Iterable[str]) -> Callable[[list[Record]], None]:
    """What puts ``history`` into records: (date, attribute, old, new), oldest first."""
    codes = _quoted(code for code in attributes if code)
    if not itop.settings.history or not history_size(itop):
        return lambda records: None

    def add(records: list[Record]) -> None:
        kinds = _quoted(sorted({record["class"] for record in records}))
        more = f"objclass IN ({kinds}) AND attcode IN ({codes})"
        found = itop.by_ids(HISTORY, "objkey", [int(record["id"]) for record in records], HISTORY_FIELDS, more)
        of: defaultdict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for move in sorted(found, key=lambda move: move.id):
            told = {name: str(move.fields.get(name, "")) for name in ("date", "attcode", "oldvalue", "newvalue")}
            of[str(move.fields.get("objclass")), str(move.fields.get("objkey"))].append(told)
        for record in records:
            record["history"] = of[record["class"], record["id"]]

    return add


def _configuration_items(itop: Itop) -> Callable[[Sequence[int]], dict[str, list[Record]]]:
    """Changes -> for each its configuration items, with their roles and the services that they are part of."""
    links = _optional(itop, CI_LINKS, "ticket_id", ("ticket_id", "functionalci_id", "functionalci_name", "impact_code"))
    services = _optional(itop, CI_SERVICES, "functionalci_id", ("functionalci_id", "service_id"))

    def of(changes: Sequence[int]) -> dict[str, list[Record]]:
        linked = links(changes)
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for link in services({whole(link.fields.get("functionalci_id")) or 0 for link in linked} - {0}):
            parts[str(link.fields.get("functionalci_id"))].append(str(link.fields.get("service_id")))
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for link in linked:
            number = text_of(link.fields.get("functionalci_id"))
            about = {"id": number, "name": link.fields.get("functionalci_name"), "role": link.fields.get("impact_code")}
            found[str(link.fields.get("ticket_id"))].append(about | {"services": parts.get(str(number), [])})
        return found

    return of


def _optional(itop: Itop, kind: str, field: str, fields: Sequence[str]) -> Callable[[Iterable[int]], list[Item]]:
    """What reads objects of a class by one of their fields, in the order of their ids; nothing where it cannot."""
    if not itop.readable(kind, fields):
        return lambda ids: []
    return lambda ids: sorted(itop.by_ids(kind, field, ids, fields), key=lambda item: item.id)


def _has_targets(itop: Itop) -> bool:
    """Whether any target for the time to resolve is defined: without one iTop still says that none was missed."""
    found = itop.counted(TARGETS, "metric = 'ttr'")
    return found is None or found > 0


def _quoted(words: Iterable[str]) -> str:
    return ",".join(f"'{word}'" for word in words)
